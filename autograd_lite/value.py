"""`Value`: one number that remembers how it was made.

This file is plain Python. `value.pxd` beside it gives C types to its fields, functions and
locals, and Cython compiles the pair where a C compiler is found; otherwise the file runs as it
stands. What an operation computes stands in `operations/rules.py`; here are fields, operators and
the making of nodes. The pass is in `backward.py`, functions of n operands are in `nary.py`.
"""

from __future__ import annotations

import sys
from math import inf
from numbers import Number, Real

import autograd_lite.extra as extra
import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.operations.kernels as kernels
from autograd_lite import copying, observers
from autograd_lite.backward import backpropagate, send_alone, sent_at_once
from autograd_lite.extra import Extra
from autograd_lite.forks import give_lock
from autograd_lite.handmade import by_hand, watch_for_cycles
from autograd_lite.operations.rules import RULES, Rule, table_checksum
from autograd_lite.plain import by_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Operand: TypeAlias = "Value | float"

NO_FLOAT = (
    "float(v), math's functions and arrays of floats would drop the gradient of a Value; "
    "for the operation, write v.exp() or autograd_lite.exp(v); to hold Values, take a list "
    "or an array of dtype=object; for the bare number, write v.data"
)


class Node:
    """What a graph is made of: a Value, or what stands for a plain number in a recording.

    Operations on nodes give nodes. They give Values, but for those of a recording that are computed
    of plain numbers alone.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_data",
        "_dx",
        "_dy",
        "_grad",
        "_kind",
        "_number",
        "_users",
        "_x",
        "_y",
    )

    _data: float  # its number, but for a leaf in a block: see placement.py
    _grad: float
    _dx: float
    _dy: float
    _x: Any  # a node or None
    _y: Any  # of two parents, the second; else None, the label, or an Extra
    _code: int  # of its rule
    _kind: int
    _users: int  # number of users that are still to send their cotangents; 0 outside a pass
    _number: int  # kind of the plain number that it stands for in a recording; else 0

    # ------------------------------------------------------------------------ what it holds

    @property
    def data(self) -> float:
        """The number."""
        if _blocks != 0:
            given = observers.stand_in(self, "data")
            if given is not None:
                return given  # type: ignore[no-any-return]
        return memory.number(self)

    @data.setter
    def data(self, number: float) -> None:
        given = real(number, "data") if _blocks == 0 else told(self, "data", number)
        memory.set_number(self, given)

    @property
    def grad(self) -> float:
        """d result / d self, from the passes of `backward` so far; None sets it to 0."""
        if _blocks != 0:
            given = observers.stand_in(self, "grad")
            if given is not None:
                return given  # type: ignore[no-any-return]
        return memory.gradient(self)

    @grad.setter
    def grad(self, number: float | None) -> None:
        if number is None:
            number = 0.0
        given = real(number, "grad") if _blocks == 0 else told(self, "grad", number)
        memory.set_gradient(self, given)

    @property
    def label(self) -> str:
        """The name shown on graphs, or ""."""
        return fields.label_of(self)

    @label.setter
    def label(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"label must be a str, not {type_name(name)}")
        fields.set_label(self, name)

    def item(self) -> float:
        """The number, as PyTorch reads it."""
        return self.data

    def conjugate(self) -> Value:
        """The Value itself, as of a float: NumPy's `var` and `std` ask for it."""
        return self  # type: ignore[return-value]

    def detach(self) -> Value:
        """A new leaf with the same number: no gradient flows through it.

        In a function that is differentiated by `grad` or the like, it is a constant.
        """
        if self._number != 0:
            return self  # type: ignore[return-value]
        leaf = fields.detached(self, observers.active() if _blocks != 0 else ())
        if observers.in_transform.get():
            leaf._kind = kinds.CONSTANT
        return leaf  # type: ignore[no-any-return]

    # --------------------------------------------------------------------- how it was made

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values it was computed from, in order; `x * x` has x twice."""
        if self._kind <= kinds.LEAF:
            return ()
        if self._kind == kinds.UNARY:
            return (self._x,)
        if self._kind == kinds.BINARY:
            return (self._x, self._y)
        if self._kind == kinds.REPLAYED:
            return self._block[:1]  # type: ignore[index, return-value]
        more: Extra = self._y
        return more.xs + more.ys

    @property
    def partials(self) -> tuple[float, ...]:
        """d self / d parent for each of `parents`; nan where `_backward` was written by hand."""
        if _blocks != 0:
            observers.looked_at(self, ".partials")
        if self._kind <= kinds.LEAF:
            return ()
        if self._kind == kinds.UNARY:
            return (self._dx,)
        if self._kind == kinds.BINARY:
            return (self._dx, self._dy)
        more = self._y
        n = len(more.xs)
        if self._kind == kinds.UNIFORM:
            return (self._dx,) * n
        if self._kind == kinds.NARY:
            return memory.numbers(more.dxs)
        if self._kind == kinds.DOT:
            return memory.numbers(more.dxs) + memory.numbers(more.dys)
        return (float("nan"),) * (1 if self._kind == kinds.REPLAYED else n)

    @property
    def is_leaf(self) -> bool:
        """True if no operation made the Value."""
        return self._kind <= kinds.LEAF

    @property
    def is_constant(self) -> bool:
        """True if an expression made it of a plain number, like the 2 in `x * 2`."""
        return self._kind == kinds.CONSTANT

    @property
    def rule(self) -> Rule | None:
        """The entry of the rule table that made it; None for a leaf or a node made by hand."""
        return RULES[self._code] if self._code else None

    @property
    def _op(self) -> str:
        """The symbol of the operation, as micrograd has it: "+", "**2", "tanh", or ""."""
        if self._kind <= kinds.LEAF:
            return ""
        if self._kind >= kinds.BY_HAND:
            return str(self._y.op)
        return RULES[self._code].symbol.format(c=self._dy)

    @property
    def _prev(self) -> set[Value]:
        """The parents as a set, as micrograd has them."""
        return set(self.parents)

    @property
    def _backward(self) -> Callable[[], None]:
        """Adds this node's gradient times its partials to its parents' gradients."""
        return self._send

    @_backward.setter
    def _backward(self, function: Callable[[], None]) -> None:
        if self._kind == kinds.LEAF and not grad_enabled():
            return  # the node made by hand is a leaf here, like any other
        if self._kind != kinds.BY_HAND:
            raise AttributeError(
                "_backward can be set on a node made by hand only: write "
                "out = Value(data, (parents,), 'name'), then out._backward = function"
            )
        if not callable(function):
            raise TypeError(f"_backward must be a function, not {type_name(function)}")
        backward = by_hand(function, self)
        if backward.may_close_a_cycle:
            watch_for_cycles()
        self._y.backward = backward

    def _send(self) -> None:
        send_alone(self)

    @property
    def _block(self) -> tuple[Node, Any] | None:
        """(hub, its Call) of a result of a block, and of the hub itself; else None."""
        if self._kind == kinds.BLOCK:
            return self, self._y.block
        if self._kind == kinds.REPLAYED:
            with _lock:
                return fields.block_of(self)
        if self._kind != kinds.BY_HAND:
            return None
        more = self._y
        return (more.xs[0], more.backward) if getattr(more.backward, "of_block", False) else None

    # -------------------------------------------------------------------- backpropagation

    def backward(self) -> None:
        """Set `.grad` to d self / d node on every node that self depends on.

        The pass visits users before parents, and sends each node's cotangent times its local
        partials to its parents (reverse accumulation). Leaves add the result to the `.grad` they
        had; interior nodes are overwritten. A cotangent of 0 stays 0 whatever the partial.

        Raises RuntimeError within a `_backward` if the two passes share a node that is no leaf,
        and whatever a `_backward` written by hand raises; then the leaves keep the gradients that
        they had.
        """
        if self._kind == kinds.REPLAYED and _blocks == 0 and sent_at_once(self):
            return
        if _blocks != 0 and observers.takes_over(self):
            return
        with _lock:
            if self._kind > kinds.LEAF:
                backpropagate(self, observers.active() if _blocks != 0 else ())
            else:
                memory.set_gradient(self, memory.gradient(self) + 1.0)

    # --------------- operators: the other operand mostly is a Value; `constant` has other nodes

    def __add__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.ADD, self, memory.node(other))
        y = constant(other, "+")
        return NotImplemented if y is None else binary(kernels.ADD, self, y)

    def __radd__(self, other: float) -> Value:
        x = constant(other, "+")
        return NotImplemented if x is None else binary(kernels.ADD, x, self)

    def __sub__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.SUB, self, memory.node(other))
        y = constant(other, "-")
        return NotImplemented if y is None else binary(kernels.SUB, self, y)

    def __rsub__(self, other: float) -> Value:
        x = constant(other, "-")
        return NotImplemented if x is None else binary(kernels.SUB, x, self)

    def __mul__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.MUL, self, memory.node(other))
        y = constant(other, "*")
        return NotImplemented if y is None else binary(kernels.MUL, self, y)

    def __rmul__(self, other: float) -> Value:
        x = constant(other, "*")
        return NotImplemented if x is None else binary(kernels.MUL, x, self)

    def __truediv__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.DIV, self, memory.node(other))
        y = constant(other, "/")
        return NotImplemented if y is None else binary(kernels.DIV, self, y)

    def __rtruediv__(self, other: float) -> Value:
        x = constant(other, "/")
        return NotImplemented if x is None else binary(kernels.DIV, x, self)

    def __pow__(self, other: Operand, modulo: None = None) -> Value:
        if modulo is not None:
            raise TypeError("pow(v, w, modulo) has no derivative; write pow(v, w)")
        if isinstance(other, Node):
            return binary(kernels.POW, self, other)
        y = comparable(other)
        if y is None:
            y = constant(other, "**")
        return NotImplemented if y is None else unary(kernels.POW_C, self, y)

    def __rpow__(self, other: float, modulo: None = None) -> Value:
        x = constant(other, "**")
        return NotImplemented if x is None else binary(kernels.POW, x, self)

    def __floordiv__(self, other: Operand) -> Value:
        y = other if isinstance(other, Value) else constant(other, "//")
        return NotImplemented if y is None else binary(kernels.FLOORDIV, self, y)

    def __rfloordiv__(self, other: float) -> Value:
        x = constant(other, "//")
        return NotImplemented if x is None else binary(kernels.FLOORDIV, x, self)

    def __mod__(self, other: Operand) -> Value:
        y = other if isinstance(other, Value) else constant(other, "%")
        return NotImplemented if y is None else binary(kernels.MOD, self, y)

    def __rmod__(self, other: float) -> Value:
        x = constant(other, "%")
        return NotImplemented if x is None else binary(kernels.MOD, x, self)

    def __divmod__(self, other: Operand) -> tuple[Value, Value]:
        y: Any = other if isinstance(other, Value) else constant(other, "divmod()")
        return NotImplemented if y is None else (self // y, self % y)

    def __rdivmod__(self, other: float) -> tuple[Value, Value]:
        x: Any = constant(other, "divmod()")
        return NotImplemented if x is None else (x // self, x % self)

    def __neg__(self) -> Value:
        return unary(kernels.NEG, self, 0.0)

    def __pos__(self) -> Value:
        return self  # type: ignore[return-value]

    def __abs__(self) -> Value:
        return unary(kernels.ABS, self, 0.0)

    def __round__(self, digits: None = None) -> Value:
        if digits is not None:
            raise TypeError("round(v, digits) is not an operation; write round(v.data, digits)")
        return unary(kernels.ROUND, self, 0.0)

    def __trunc__(self) -> Value:
        return unary(kernels.TRUNC, self, 0.0)

    def __floor__(self) -> Value:
        return unary(kernels.FLOOR, self, 0.0)

    def __ceil__(self) -> Value:
        return unary(kernels.CEIL, self, 0.0)

    # ------------------------- comparisons: by data; two Values are equal if they are one object

    def __lt__(self, other: Operand) -> bool:
        return compare(self, "<", other)

    def __le__(self, other: Operand) -> bool:
        return compare(self, "<=", other)

    def __gt__(self, other: Operand) -> bool:
        return compare(self, ">", other)

    def __ge__(self, other: Operand) -> bool:
        return compare(self, ">=", other)

    def __eq__(self, other: object) -> bool:
        return equal(self, other)

    def __ne__(self, other: object) -> bool:
        outcome = equal(self, other) if type(self) is Value else self.__eq__(other)
        if outcome is True or outcome is False:
            return not outcome
        return outcome if outcome is NotImplemented else outcome == 0  # that of a node is a node

    def __hash__(self) -> int:
        return memory.address(self)

    def __bool__(self) -> bool:
        outcome = memory.number(self) != 0.0
        return outcome if _blocks == 0 else bool(compared(self, "!=", 0.0, outcome))

    # ------------------------------------------- operations as methods; rules.py says what each is

    def abs(self) -> Value:
        return unary(kernels.ABS, self, 0.0)

    def reciprocal(self) -> Value:
        return unary(kernels.RECIPROCAL, self, 0.0)

    def square(self) -> Value:
        return unary(kernels.SQUARE, self, 0.0)

    def sqrt(self) -> Value:
        return unary(kernels.SQRT, self, 0.0)

    def cbrt(self) -> Value:
        return unary(kernels.CBRT, self, 0.0)

    def exp(self) -> Value:
        return unary(kernels.EXP, self, 0.0)

    def exp2(self) -> Value:
        return unary(kernels.EXP2, self, 0.0)

    def expm1(self) -> Value:
        return unary(kernels.EXPM1, self, 0.0)

    def log(self) -> Value:
        return unary(kernels.LOG, self, 0.0)

    def log2(self) -> Value:
        return unary(kernels.LOG2, self, 0.0)

    def log10(self) -> Value:
        return unary(kernels.LOG10, self, 0.0)

    def log1p(self) -> Value:
        return unary(kernels.LOG1P, self, 0.0)

    def sin(self) -> Value:
        return unary(kernels.SIN, self, 0.0)

    def cos(self) -> Value:
        return unary(kernels.COS, self, 0.0)

    def tan(self) -> Value:
        return unary(kernels.TAN, self, 0.0)

    def sinc(self) -> Value:
        return unary(kernels.SINC, self, 0.0)

    def degrees(self) -> Value:
        return unary(kernels.DEGREES, self, 0.0)

    def radians(self) -> Value:
        return unary(kernels.RADIANS, self, 0.0)

    def asin(self) -> Value:
        return unary(kernels.ASIN, self, 0.0)

    def acos(self) -> Value:
        return unary(kernels.ACOS, self, 0.0)

    def atan(self) -> Value:
        return unary(kernels.ATAN, self, 0.0)

    def sinh(self) -> Value:
        return unary(kernels.SINH, self, 0.0)

    def cosh(self) -> Value:
        return unary(kernels.COSH, self, 0.0)

    def tanh(self) -> Value:
        return unary(kernels.TANH, self, 0.0)

    def asinh(self) -> Value:
        return unary(kernels.ASINH, self, 0.0)

    def acosh(self) -> Value:
        return unary(kernels.ACOSH, self, 0.0)

    def atanh(self) -> Value:
        return unary(kernels.ATANH, self, 0.0)

    def erf(self) -> Value:
        return unary(kernels.ERF, self, 0.0)

    def erfc(self) -> Value:
        return unary(kernels.ERFC, self, 0.0)

    def lgamma(self) -> Value:
        return unary(kernels.LGAMMA, self, 0.0)

    def sigmoid(self) -> Value:
        return unary(kernels.SIGMOID, self, 0.0)

    def logsigmoid(self) -> Value:
        return unary(kernels.LOGSIGMOID, self, 0.0)

    def softplus(self) -> Value:
        return unary(kernels.SOFTPLUS, self, 0.0)

    def relu(self) -> Value:
        return unary(kernels.RELU, self, 0.0)

    def selu(self) -> Value:
        return unary(kernels.SELU, self, 0.0)

    def gelu(self) -> Value:
        return unary(kernels.GELU, self, 0.0)

    def silu(self) -> Value:
        return unary(kernels.SILU, self, 0.0)

    def sign(self) -> Value:
        return unary(kernels.SIGN, self, 0.0)

    def floor(self) -> Value:
        return unary(kernels.FLOOR, self, 0.0)

    def ceil(self) -> Value:
        return unary(kernels.CEIL, self, 0.0)

    def trunc(self) -> Value:
        return unary(kernels.TRUNC, self, 0.0)

    def round(self) -> Value:
        return unary(kernels.ROUND, self, 0.0)

    def leaky_relu(self, negative_slope: float = 0.01) -> Value:
        return unary(kernels.LEAKY_RELU, self, real(negative_slope, "negative_slope"))

    def elu(self, alpha: float = 1.0) -> Value:
        return unary(kernels.ELU, self, real(alpha, "alpha"))

    def fmod(self, other: Operand) -> Value:
        return binary(kernels.FMOD, self, required(other, "fmod"))

    def maximum(self, other: Operand) -> Value:
        return binary(kernels.MAXIMUM, self, required(other, "maximum"))

    def minimum(self, other: Operand) -> Value:
        return binary(kernels.MINIMUM, self, required(other, "minimum"))

    def copysign(self, other: Operand) -> Value:
        return binary(kernels.COPYSIGN, self, required(other, "copysign"))

    def atan2(self, other: Operand) -> Value:
        return binary(kernels.ATAN2, self, required(other, "atan2"))

    def hypot(self, other: Operand) -> Value:
        return binary(kernels.HYPOT, self, required(other, "hypot"))

    def pow(self, other: Operand) -> Value:
        if not isinstance(other, Node) and is_number(other):
            return unary(kernels.POW_C, self, float(other))
        return binary(kernels.POW, self, required(other, "pow"))

    def clip(self, low: Operand, high: Operand) -> Value:
        return ternary(kernels.CLIP, self, required(low, "clip"), required(high, "clip"))

    # NumPy calls these on Values: np.arcsin(v) is v.arcsin().
    arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
    arcsinh, arccosh, arctanh, rint = asinh, acosh, atanh, round
    rad2deg, deg2rad = degrees, radians

    def isnan(self) -> bool:
        """True if the number is a NaN."""
        return (self <= inf) ^ True

    def isinf(self) -> bool:
        """True if the number is infinite."""
        return (self >= inf) | (self <= -inf)

    def isfinite(self) -> bool:
        """True if the number is neither infinite nor a NaN."""
        return (self > -inf) & (self < inf)

    # ------------------------------------------------------------------ reading the number

    def __repr__(self) -> str:
        if _blocks != 0:
            observers.looked_at(self, "the text of a Value, as print does")
        return f"{type(self).__name__}(data={memory.number(self)}, grad={memory.gradient(self)})"

    def __format__(self, spec: str) -> str:
        if _blocks != 0:
            observers.looked_at(self, "the text of a Value, as print does")
        return format(memory.number(self), spec) if spec else str(self)

    def __float__(self) -> float:
        raise TypeError(NO_FLOAT)

    def as_integer_ratio(self) -> tuple[int, int]:
        """Raises TypeError: `statistics.mean` and `Fraction` ask floats for it."""
        raise TypeError(NO_FLOAT)

    def __int__(self) -> int:
        raise TypeError(
            "int(v) and arrays of ints would drop the gradient of a Value; to hold Values, take "
            "a list or an array of dtype=object; for the bare number, write int(v.data)"
        )

    # --------------------------------------------------------------------- copy and pickle

    def __copy__(self) -> Value:
        copy: Value = copying.shallow_copy(self)
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        copy: Value = copying.deep_copy(self, memo)
        return copy

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copying.reduce(self)

    def _get_slots(self) -> tuple[Any, ...]:
        """Its slots as Python objects, for `copying.py`."""
        more = self._y
        if self._kind <= kinds.BINARY:
            more = fields.label_of(self) or None
        elif isinstance(more, Extra):
            partials = (
                self.partials if self._kind == kinds.NARY or self._kind == kinds.DOT else None
            )
            more = (more.xs, more.ys, partials, more.op, more.label, more.backward or more.block)
        # A leaf's _x and _dx are scratch of a pass in progress, and its _dy a place: no state.
        x, dx, dy = None, 0.0, 0.0
        if self._kind > kinds.LEAF:
            # float: interpreted, the static parameter of `x ** 2` is the int that was given.
            x, dx, dy = self._x, self._dx, float(self._dy)
        y = self._y if self._kind == kinds.BINARY else None
        made = self._kind, self._code, x, y, memory.number(self), dx, dy
        return made, memory.gradient(self), more

    def _set_slots(self, slots: tuple[Any, ...]) -> None:
        made, grad, more = slots
        copying.check_slots(made, grad, more)
        if isinstance(more, tuple):
            xs, ys, partials, op, label, _ = more
            more = extra.make(xs, ys)
            if partials is not None:
                more.dxs = memory.filled(partials[: len(xs)])
                more.dys = memory.filled(partials[len(xs) :])
            more.op = op
            more.label = label
        kind, self._code, self._x, y, self._data, self._dx, dy = made
        self._dy = dy if kind > kinds.LEAF else 0.0
        self._y = y if kind == kinds.BINARY else more
        self._grad = grad
        self._kind = kind
        if kind == kinds.BINARY and more:
            fields.set_label(self, more)

    def __dealloc__(self) -> None:
        # Compiled only; the interpreter does the same for its own classes.
        if self._kind > kinds.LEAF:
            drop_parents(self)


class Value(Node):
    """A number, the gradient of a result with respect to it, and the operation that made it.

    data       the number, a float
    _children  the parents of a node that is made by hand; set its `_backward` afterwards
    _op        the name of the operation that is made by hand
    label      a name to show on graphs

    Two Values are equal if they are one object, which is also their hash; a plain number equals
    the Value whose number it is. Raises TypeError for what is not a real number.
    """

    __slots__ = ()

    def __init__(
        self, data: float, _children: Iterable[Value] = (), _op: str = "", label: str = ""
    ) -> None:
        source = data if isinstance(data, Node) and is_plain_number(data) else None
        number = real(data, "data") if source is None else number_of(source)
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type_name(label)}")
        if not isinstance(_op, str):
            raise TypeError(
                f"_op must be a str, not {type_name(_op)}; to make an operation of its partials, "
                "write autograd_lite.operation"
            )
        parents = tuple(_children)
        for parent in parents:
            if not isinstance(parent, Node):
                raise TypeError(f"_children must be Values, not {type_name(parent)}")
        if self._kind != kinds.LEAF or self._x is not None or memory.is_placed(self):
            raise TypeError("a node cannot be initialised twice; make a new Value")
        self._data = number
        self._y = label or None
        if (parents or _op) and grad_enabled():
            more = extra.make(parents)
            more.op = _op
            more.label = label
            self._y = more
            self._kind = kinds.BY_HAND  # last: until it is whole, it is a leaf
        if type(self) is not Value and holds_attributes(type(self)):
            watch_for_cycles()
        if _blocks != 0:
            fields.observed_by_hand(self, parents, _op, source)


if not kernels.COMPILED:  # C zeroes the fields of a new object by itself
    Node.__new__ = staticmethod(memory.zeroed)  # type: ignore[method-assign]

memory.NODE, memory.VALUE = Node, Value

if table_checksum() != kernels.TABLE_CHECKSUM:
    raise ImportError(
        "autograd_lite was compiled from another rules.py; install it again, "
        "or set AUTOGRAD_LITE_PURE=1"
    )


def holds_attributes(cls: type) -> bool:
    """True if instances of this subclass of Value have room for more than a Value's own fields."""
    return bool(cls.__dictoffset__) or cls.__basicsize__ > Value.__basicsize__


def type_name(thing: object) -> str:
    return type(thing).__name__


# ------------------------------------------------- no_grad and observers: observers.py has them

_blocks = 0  # number of open blocks that are told of nodes, in all threads and tasks


# For what is counted across threads: open blocks, and users within a pass.
_lock: Any = None
give_lock(sys.modules[__name__], "_lock")


def count_blocks(change: int, told: bool) -> None:
    """Count an open block, or one less.

    change  1 or -1
    told    True if the engine tells the block of nodes
    """
    global _blocks
    with _lock:
        if told:
            _blocks += change


observers.count = count_blocks


def blocks_open() -> bool:
    """True if a block is open, in any thread or task."""
    return _blocks != 0


def grad_enabled() -> bool:
    """True if operations make nodes here: no `no_grad` block is open."""
    return _blocks == 0 or not observers.here()[1]


def number_of(node: Node) -> float:
    """Its number, read without telling observers."""
    return memory.number(node)


def compare(x: Node, op: str, other: Any) -> bool:
    """x op other by their numbers; NotImplemented if `other` is neither a Value nor a number."""
    y = comparable(other)
    if y is None:
        return NotImplemented  # type: ignore[no-any-return]
    outcome: bool
    if op == "<":
        outcome = memory.number(x) < y
    elif op == "<=":
        outcome = memory.number(x) <= y
    elif op == ">":
        outcome = memory.number(x) > y
    elif op == ">=":
        outcome = memory.number(x) >= y
    else:
        raise ValueError(f"{op!r} is no comparison")
    if _blocks == 0:
        return outcome
    return compared(x, op, other, outcome)  # type: ignore[no-any-return]


def equal(x: Node, other: Any) -> bool:
    """x == other by number for a plain number; two Values are equal if they are one.

    NotImplemented for two Values, and for what is no number.
    """
    y: Any
    if isinstance(other, Node):
        node: Node = other
        if x._number == kinds.NO_NUMBER and node._number == kinds.NO_NUMBER:
            return True if x is node else NotImplemented
        y = memory.number(node)
    elif isinstance(other, (float, int)):  # first: Number is slow to ask
        y = other
    elif isinstance(other, Number):
        # float32 and the like would round the double to their own width.
        y = float(other) if isinstance(other, Real) and hasattr(other, "dtype") else other
    elif is_number(other):
        y = float(other)
    else:
        return NotImplemented  # type: ignore[no-any-return]
    outcome = bool(memory.number(x) == y)
    if _blocks == 0:
        return outcome
    return compared(x, "==", other, outcome)  # type: ignore[no-any-return]


def compared(x: Node, op: str, y: Any, outcome: bool) -> Any:
    """The outcome of x op y, of which observers are told; or what one of them gives for it."""
    given: Any = outcome
    for observer in observers.active():
        holds = observer.compared(x, op, y, outcome)
        given = given if holds is None else holds
    return given


def is_plain_number(x: Any) -> bool:
    """True if x is a plain number, or a node that stands for one in a recording."""
    if not isinstance(x, Node):
        return True
    node: Node = x
    return node._number != kinds.NO_NUMBER


# ------------------------------------------------------------------------------ operands


def is_number(thing: Any) -> bool:
    if isinstance(thing, (float, int)):  # first: Real is slow to ask
        return True
    if isinstance(thing, Real):  # by itself: in a tuple, Cython drops what a class raises here
        return True
    # NumPy's bool is no Real, and is 0 or 1 here as in NumPy.
    return type(thing).__module__ == "numpy" and type_name(thing) in ("bool", "bool_")


def real(number: Any, what: str) -> float:
    """`number` as a float if it is a real number; a Value or a str is not."""
    if is_number(number):
        return float(number)
    hint = "; write its .data" if isinstance(number, Node) else ""
    raise TypeError(f"{what} must be a real number, not {type_name(number)}{hint}")


def told(node: Node, what: str, number: Any) -> float:
    """The number that node's "data" or "grad" is about to become, which observers are told of."""
    stands = number if isinstance(number, Node) and is_plain_number(number) else None
    found = real(number, what) if stands is None else number_of(stands)
    for observer in observers.active():
        observer.wrote(node, what, found if stands is None else stands)
    return found


NEVER_OPERANDS = (str, bytes, complex, list, tuple, dict, set, type(None))


def constant(other: Any, operator: str) -> Node | None:
    """`other` as a node; None if its type may itself know what to do with Values."""
    if isinstance(other, Node):
        return other
    if is_number(other):
        return constant_leaf(other)
    if type(other) in NEVER_OPERANDS:
        raise TypeError(
            f"unsupported operand type(s) for {operator}: 'Value' and '{type_name(other)}'; "
            "the other operand must be a real number or a Value"
        )
    return None


def required(other: Any, name: str) -> Node:
    """`other` as a node, or a TypeError that names the operation."""
    if isinstance(other, Node):
        return other
    if is_number(other):
        return constant_leaf(other)
    raise TypeError(f"{name}: expected a real number or a Value, not {type_name(other)}")


def constant_leaf(number: Any) -> Value:
    """The leaf that an expression makes of a plain number."""
    node = leaf(kinds.CONSTANT, float(number))
    if _blocks != 0 and observers.active():  # here: a block may be open in another thread
        node._number = by_type.get(type(number), kinds.FLOAT)
    return node


def comparable(other: Any) -> Any:
    """The number to compare with; None if `other` is neither a Value nor a number."""
    if isinstance(other, Node):
        node: Node = other
        return memory.number(node)
    if isinstance(other, int):
        return other  # exact, however large
    return float(other) if is_number(other) else None


# ---------------------------------------------------------------------------- making nodes


def new_node(kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float) -> Value:
    """A node; a leaf with the same number within `no_grad`."""
    if _blocks != 0:
        return fields.observed_node(kind, code, x, y, data, dx, dy)  # type: ignore[no-any-return]
    node = Value.__new__(Value)
    node._data = data
    node._kind = kind
    node._code = code
    node._dx = dx
    node._dy = dy
    node._x = x
    node._y = y
    return node


def node_of_many(kind: int, code: int, data: float, dx: float, more: Any) -> Value:
    if _blocks != 0:
        return fields.observed_node(kind, code, None, more, data, dx, 0.0)  # type: ignore[no-any-return]
    node = Value.__new__(Value)
    node._data = data
    node._kind = kind
    node._code = code
    node._dx = dx
    node._y = more
    return node


def leaf(kind: int, number: float) -> Value:
    return new_node(kind, 0, None, None, number, 0.0, 0.0)


def unary(code: int, x: Node, c: float) -> Value:
    """The node rule(x), c being the rule's static parameter if it has one."""
    if kernels.in_c(code):
        data, dx = kernels.unary(code, memory.number(x), c)
    else:
        data, dx = kernels.FUNCTIONS[code](memory.number(x), c)
    return new_node(kinds.UNARY, code, x, None, data, dx, c)


def binary(code: int, x: Node, y: Node) -> Value:
    """The node rule(x, y)."""
    if kernels.in_c(code):
        data, dx, dy = kernels.binary(code, memory.number(x), memory.number(y))
    else:
        data, dx, dy = kernels.FUNCTIONS[code](memory.number(x), memory.number(y))
    return new_node(kinds.BINARY, code, x, y, data, dx, dy)


def ternary(code: int, x: Node, y: Node, z: Node) -> Value:
    """The node rule(x, y, z)."""
    a, b, c = memory.number(x), memory.number(y), memory.number(z)
    partials = memory.buffer(3)
    d = memory.pointer(partials)
    if kernels.in_c(code):
        data, d[0], d[1], d[2] = kernels.ternary(code, a, b, c)
    else:
        data, d[0], d[1], d[2] = kernels.FUNCTIONS[code](a, b, c)
    return node_of_many(kinds.NARY, code, data, 0.0, extra.make((x, y, z), (), partials))


def gradient(
    root: Value, inputs: tuple[Value, ...], watching: tuple[observers.Observer, ...]
) -> tuple[list[float], list[Value]]:
    """d root / d input for each of some nodes, every `.grad` being left as it was.

    And the Values from outside with which it was computed of them, but for constants.
    """
    with _lock:
        if root._kind > kinds.LEAF:
            return backpropagate(root, watching, inputs)
    found = [float(root is x) for x in inputs]
    return found, []


# ---------------------------------------------------------------------- dropping a graph

_depth = 0
_graveyard: list[Any] = []


def drop_parents(node: Node) -> None:
    """Drop the node's parents without recursing once a node down a long chain.

    Below a depth of 100 they wait in a list, which the outermost call empties.
    """
    global _depth
    if _depth >= 100:
        _graveyard.append((node._x, node._y))
    _depth += 1
    node._x = node._y = None
    if _depth == 1:
        while _graveyard:
            _graveyard.pop()
    _depth -= 1
