"""`Value`: one number that remembers how it was made, and backpropagation over its graph.

This file is plain Python. `value.pxd` beside it gives C types to its fields, functions and
locals, and Cython compiles the pair where a C compiler is found; otherwise the file runs as it
stands. What an operation computes stands in `rules.py`; here are memory and order.
"""

from __future__ import annotations

import os
from _thread import RLock
from math import inf
from numbers import Number, Real
from types import CellType, FunctionType, ModuleType

import autograd_lite.operations.kernels as kernels
from autograd_lite import observers
from autograd_lite.graph import reachable
from autograd_lite.operations.rules import RULES, Rule, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Operand: TypeAlias = "Value | float"
    Vector: TypeAlias = "Iterable[Operand] | Side"

NO_FLOAT = (
    "float(v), math's functions and arrays of floats would drop the gradient of a Value; "
    "for the operation, write v.exp() or autograd_lite.exp(v); to hold Values, take a list "
    "or an array of dtype=object; for the bare number, write v.data"
)

# The kind of a node says what its slots hold.
#
#             _x      _y      _dx            _dy               _more
CONSTANT = -1  # a leaf that an expression made of a plain number
LEAF = 0
UNARY = 1  #  parent          partial        static parameter
BINARY = 2  # parent  parent  partial        partial
UNIFORM = 3  #                their partial                    Many: xs
NARY = 4  #                                                    Many: xs, dxs
DOT = 5  #                                                     Many: xs, ys, dxs, dys
BY_HAND = 6  #                             result's place       Many: xs, op, backward
REPLAYED = 7  #                                                Many: xs, op, replay


class Value:
    """A number, the gradient of a result with respect to it, and the operation that made it.

    data       the number, a float
    _children  the parents of a node that is made by hand; set its `_backward` afterwards
    _op        the name of the operation that is made by hand
    label      a name to show on graphs

    Two Values are equal if they are one object, which is also their hash; a plain number equals
    the Value whose number it is. Raises TypeError for what is not a real number.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_data",
        "_dx",
        "_dy",
        "_grad",
        "_kind",
        "_more",
        "_users",
        "_x",
        "_y",
    )

    _data: float
    _grad: float
    _dx: float
    _dy: float
    _x: Any  # a Value or None
    _y: Any
    _more: Any  # None, the label, or Many
    _code: int  # of its rule
    _kind: int
    _users: int  # how many are still to send it their cotangents; 0 outside a pass

    def __init__(
        self, data: float, _children: Iterable[Value] = (), _op: str = "", label: str = ""
    ) -> None:
        number = real(data, "data")
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, not {type_name(label)}")
        if not isinstance(_op, str):
            raise TypeError(
                f"_op must be a str, not {type_name(_op)}; to make an operation of its partials, "
                "write autograd_lite.operation"
            )
        parents = tuple(_children)
        for parent in parents:
            if not isinstance(parent, Value):
                raise TypeError(f"_children must be Values, not {type_name(parent)}")
        if self._kind != LEAF or self._x is not None:
            raise TypeError("a node cannot be initialised twice; make a new Value")
        self._data = number
        self._more = label or None
        if (parents or _op) and grad_enabled():
            more = many(parents)
            more.op = _op
            more.label = label
            self._more = more
            self._kind = BY_HAND  # last: until it is whole, it is a leaf
        if type(self) is not Value and holds_attributes(type(self)):
            watch_for_cycles()
        if _blocks != 0:
            observed_by_hand(self, parents, _op)

    # ------------------------------------------------------------------------ what it holds

    @property
    def data(self) -> float:
        """The number."""
        if _blocks != 0:
            for observer in observers.active():
                observer.read(self)
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if _blocks != 0:
            for observer in observers.active():
                observer.wrote(self)
        self._data = real(number, "data")

    @property
    def grad(self) -> float:
        """d result / d self, from the passes of `backward` so far; None sets it to 0."""
        if _blocks != 0:
            looked_at(self, ".grad")
        return self._grad

    @grad.setter
    def grad(self, number: float | None) -> None:
        if _blocks != 0:
            for observer in observers.active():
                observer.wrote(self)
        self._grad = 0.0 if number is None else real(number, "grad")

    @property
    def label(self) -> str:
        """The name shown on graphs, or ""."""
        more = self._more
        return more.label if isinstance(more, Many) else more or ""

    @label.setter
    def label(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"label must be a str, not {type_name(name)}")
        if isinstance(self._more, Many):
            self._more.label = name
        else:
            self._more = name or None

    def item(self) -> float:
        """The number, as PyTorch reads it."""
        return self.data

    def detach(self) -> Value:
        """A new leaf with the same number: no gradient flows through it."""
        return detached(self, observers.active() if _blocks != 0 else ())

    # --------------------------------------------------------------------- how it was made

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values it was computed from, in order; `x * x` has x twice."""
        if self._kind <= LEAF:
            return ()
        if self._kind == UNARY:
            return (self._x,)
        if self._kind == BINARY:
            return (self._x, self._y)
        more: Many = self._more
        return more.xs + more.ys

    @property
    def partials(self) -> tuple[float, ...]:
        """d self / d parent for each of `parents`; nan where `_backward` was written by hand."""
        if _blocks != 0:
            looked_at(self, ".partials")
        if self._kind <= LEAF:
            return ()
        if self._kind == UNARY:
            return (self._dx,)
        if self._kind == BINARY:
            return (self._dx, self._dy)
        more = self._more
        n = len(more.xs)
        if self._kind == UNIFORM:
            return (self._dx,) * n
        if self._kind == NARY:
            return kernels.numbers(more.dxs)
        if self._kind == DOT:
            return kernels.numbers(more.dxs) + kernels.numbers(more.dys)
        return (float("nan"),) * n

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made it."""
        return self._kind <= LEAF

    @property
    def is_constant(self) -> bool:
        """Whether an expression made it of a plain number, like the 2 in `x * 2`."""
        return self._kind == CONSTANT

    @property
    def rule(self) -> Rule | None:
        """The entry of the rule table that made it; None for a leaf or a node made by hand."""
        return RULES[self._code] if self._code else None

    @property
    def _op(self) -> str:
        """The symbol of the operation, as micrograd has it: "+", "**2", "tanh", or ""."""
        if self._kind <= LEAF:
            return ""
        if self._kind >= BY_HAND:
            return str(self._more.op)
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
        if self._kind == LEAF and not grad_enabled():
            return  # the node made by hand is a leaf here, like any other
        if self._kind != BY_HAND:
            raise AttributeError(
                "_backward can be set on a node made by hand only: write "
                "out = Value(data, (parents,), 'name'), then out._backward = function"
            )
        if not callable(function):
            raise TypeError(f"_backward must be a function, not {type_name(function)}")
        backward = Unheld(function, self) if type(function) is FunctionType else Held(function)
        if backward.may_lead_anywhere:
            watch_for_cycles()
        self._more.backward = backward

    def _send(self) -> None:
        if self._kind == BY_HAND:
            if self._more.backward is not None:
                self._more.backward(self)
        elif self._kind == REPLAYED:
            for parent, cotangent in zip(self.parents, self._more.replay(), strict=True):
                parent.grad += cotangent
        else:
            for parent, partial in zip(self.parents, self.partials, strict=True):
                parent.grad += times(self._grad, partial)

    @property
    def _program(self) -> tuple[Value, Result] | None:
        """The node in which a replayed program's results meet, and what reads self's part of it."""
        if self._kind != BY_HAND:
            return None
        more = self._more
        return (more.xs[0], more.backward) if getattr(more.backward, "of_program", False) else None

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
        with _lock:
            if self._kind > LEAF:
                backpropagate(self)
            else:
                self._grad += 1.0

    # ------------------------------------------------------------------------- operators

    def __add__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.ADD, self, other)
        y = constant(other, "+")
        return NotImplemented if y is None else binary(kernels.ADD, self, y)

    def __radd__(self, other: float) -> Value:
        x = constant(other, "+")
        return NotImplemented if x is None else binary(kernels.ADD, x, self)

    def __sub__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.SUB, self, other)
        y = constant(other, "-")
        return NotImplemented if y is None else binary(kernels.SUB, self, y)

    def __rsub__(self, other: float) -> Value:
        x = constant(other, "-")
        return NotImplemented if x is None else binary(kernels.SUB, x, self)

    def __mul__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.MUL, self, other)
        y = constant(other, "*")
        return NotImplemented if y is None else binary(kernels.MUL, self, y)

    def __rmul__(self, other: float) -> Value:
        x = constant(other, "*")
        return NotImplemented if x is None else binary(kernels.MUL, x, self)

    def __truediv__(self, other: Operand) -> Value:
        if isinstance(other, Value):
            return binary(kernels.DIV, self, other)
        y = constant(other, "/")
        return NotImplemented if y is None else binary(kernels.DIV, self, y)

    def __rtruediv__(self, other: float) -> Value:
        x = constant(other, "/")
        return NotImplemented if x is None else binary(kernels.DIV, x, self)

    def __pow__(self, other: Operand, modulo: None = None) -> Value:
        if modulo is not None:
            raise TypeError("pow(v, w, modulo) has no derivative; write pow(v, w)")
        if isinstance(other, Value):
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
        y = other if isinstance(other, Value) else constant(other, "divmod()")
        return NotImplemented if y is None else (self // y, self % y)

    def __rdivmod__(self, other: float) -> tuple[Value, Value]:
        x = constant(other, "divmod()")
        return NotImplemented if x is None else (x // self, x % self)

    def __neg__(self) -> Value:
        return unary(kernels.NEG, self, 0.0)

    def __pos__(self) -> Value:
        return self

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
        return outcome if outcome is NotImplemented else not outcome

    def __hash__(self) -> int:
        if _blocks_asked != 0 and is_plain_number(self):
            number = self.data
            if number == number:  # a NaN has the hash of the object, as a float has
                return hash(number)
        return kernels.address(self)

    def __bool__(self) -> bool:
        outcome = self._data != 0.0
        if _blocks != 0:
            for observer in observers.active():
                observer.compared(self, "!=", 0.0, outcome)
        return outcome

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
        out: Value = power(self, other)
        return out

    def clip(self, low: Operand, high: Operand) -> Value:
        return ternary(kernels.CLIP, self, required(low, "clip"), required(high, "clip"))

    # NumPy calls these on Values: np.arcsin(v) is v.arcsin().
    arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
    arcsinh, arccosh, arctanh, rint = asinh, acosh, atanh, round
    rad2deg, deg2rad = degrees, radians

    def isnan(self) -> bool:
        """Whether it is a NaN."""
        return not self <= inf

    def isinf(self) -> bool:
        """Whether it is infinite."""
        return self >= inf or self <= -inf

    def isfinite(self) -> bool:
        """Whether it is neither infinite nor a NaN."""
        return self > -inf and self < inf

    # ------------------------------------------------------------------ reading the number

    def __repr__(self) -> str:
        if _blocks != 0:
            looked_at(self, "the text of a Value, as print does")
        return f"{type(self).__name__}(data={self._data}, grad={self._grad})"

    def __format__(self, spec: str) -> str:
        if _blocks != 0:
            looked_at(self, "the text of a Value, as print does")
        return format(self._data, spec) if spec else str(self)

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
        from autograd_lite import copying

        return copying.shallow_copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autograd_lite import copying

        return copying.deep_copy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        from autograd_lite import copying

        return copying.reduce(self)

    def _get_slots(self) -> tuple[Any, ...]:
        """Its slots as Python objects, for `copying.py`."""
        more = self._more
        if isinstance(more, Many):
            partials = self.partials if self._kind == NARY or self._kind == DOT else None
            more = (more.xs, more.ys, partials, more.op, more.label, more.backward or more.replay)
        x, dx = (self._x, self._dx) if self._kind > LEAF else (None, 0.0)  # but for a pass
        # float: interpreted, the static parameter of `x ** 2` is the int that was given.
        made = self._kind, self._code, x, self._y, self._data, dx, float(self._dy)
        return made, self._grad, more

    def _set_slots(self, slots: tuple[Any, ...]) -> None:
        made, grad, more = slots
        check_slots(made, grad, more)
        if isinstance(more, tuple):
            xs, ys, partials, op, label, _ = more
            more = many(xs, ys)
            if partials is not None:
                more.dxs = filled(partials[: len(xs)])
                more.dys = filled(partials[len(xs) :])
            more.op = op
            more.label = label
        self._more = more
        self._grad = grad
        self._kind, self._code, self._x, self._y, self._data, self._dx, self._dy = made

    def __dealloc__(self) -> None:
        # Compiled only; the interpreter does the same for its own classes.
        if self._kind > LEAF:
            drop_parents(self)


def _zeroed(cls: type[Value], *_: Any, **__: Any) -> Value:
    node: Value = object.__new__(cls)
    node._data = node._grad = node._dx = node._dy = 0.0
    node._kind = node._code = node._users = 0
    node._x = node._y = node._more = None
    return node


if not kernels.COMPILED:  # C zeroes the fields of a new object by itself
    Value.__new__ = staticmethod(_zeroed)  # type: ignore[method-assign, assignment]
    kernels.VALUE = Value

if digest() != kernels.DIGEST:
    raise ImportError(
        "autograd_lite was compiled from another rules.py; install it again, "
        "or set AUTOGRAD_LITE_PURE=1"
    )


def type_name(thing: object) -> str:
    return type(thing).__name__


# ------------------------------------------------- no_grad and observers: observers.py has them

_lock = RLock()  # for what is counted across threads: open blocks, and users within a pass
_blocks = 0  # how many blocks are open that are told of nodes, in all threads and tasks
_blocks_asked = 0  # how many are open, those that are only asked what is a plain number among them


def _renew_lock() -> None:
    """In a forked process: the thread that held it is not there to release it."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def count_blocks(change: int, told: bool) -> None:
    """One block more is open, or one less; told is whether the engine tells it of nodes."""
    global _blocks, _blocks_asked
    with _lock:
        _blocks_asked += change
        if told:
            _blocks += change


def blocks_open() -> bool:
    """Whether a block is open, in any thread or task."""
    return _blocks != 0


def grad_enabled() -> bool:
    """True if operations make nodes here: no `no_grad` block is open."""
    return _blocks == 0 or not observers.here()[1]


def observed_node(
    kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float, more: Any
) -> Value:
    """What `new_node` and `many_node` do while a block is open somewhere."""
    watching, detaching = observers.here()
    if detaching and kind > LEAF and not watching:
        return filled_node(LEAF, 0, None, None, data, 0.0, 0.0, None)
    node = filled_node(kind, code, x, y, data, dx, dy, more)
    for observer in watching:
        observer.made(node)
    return detached(node, watching) if detaching and kind > LEAF else node


def observed_by_hand(node: Value, parents: tuple[Value, ...], op: str) -> None:
    """What `Value(...)` does while a block is open somewhere."""
    watching = observers.active()
    if grad_enabled() or not (parents or op):
        for observer in watching:
            observer.made(node)
        return
    more = many(parents)
    more.op = op
    source = filled_node(BY_HAND, 0, None, None, node._data, 0.0, 0.0, more)
    for observer in watching:
        observer.made(source)
        observer.detached(node, source)


def detached(source: Value, watching: Iterable[observers.Observer]) -> Value:
    """A leaf with the number of source."""
    node = filled_node(LEAF, 0, None, None, source._data, 0.0, 0.0, None)
    for observer in watching:
        observer.detached(node, source)
    return node


def looked_at(node: Value, what: str) -> None:
    """Tell observers that something of node besides its number is read."""
    for observer in observers.active():
        observer.looked(node, what)


def number_of(node: Value) -> float:
    """Its number, read without telling observers."""
    return node._data


def writing(nodes: tuple[Value, ...]) -> None:
    """Tell observers that the nodes' numbers or gradients are about to be set."""
    if _blocks != 0:
        for observer in observers.active():
            for node in nodes:
                observer.wrote(node)


def static_of(node: Value) -> float:
    """The static parameter c of a node of one parent: the 3 of x ** 3; 0 where there is none."""
    return node._dy if node._kind == UNARY else 0.0


def weights_of(node: Value) -> tuple[float, ...]:
    """The plain numbers of a `dot` that has Values on one side only; () for any other node."""
    if node._kind != NARY or node._code != kernels.DOT:
        return ()
    return node.partials


def compare(x: Value, op: str, other: Any) -> bool:
    """x op other by their numbers; NotImplemented if `other` is neither a Value nor a number."""
    y = comparable(other)
    if y is None:
        return NotImplemented  # type: ignore[no-any-return]
    outcome: bool
    if op == "<":
        outcome = x._data < y
    elif op == "<=":
        outcome = x._data <= y
    elif op == ">":
        outcome = x._data > y
    elif op == ">=":
        outcome = x._data >= y
    else:
        raise ValueError(f"{op!r} is no comparison")
    if _blocks != 0:
        for observer in observers.active():
            observer.compared(x, op, other if isinstance(other, Value) else y, outcome)
    return outcome


def equal(x: Value, other: Any) -> bool:
    """x == other by number for a plain number; two Values are equal if they are one.

    NotImplemented for two Values, and for what is no number.
    """
    y: Any
    if isinstance(other, Value):
        if _blocks_asked == 0 or not (is_plain_number(x) or is_plain_number(other)):
            return True if x is other else NotImplemented
        y = number_of(other)
    elif isinstance(other, (float, int)):  # first: Number is slow to ask
        y = other
    elif isinstance(other, Number):
        # float32 and the like would round the double to their own width.
        y = float(other) if isinstance(other, Real) and hasattr(other, "dtype") else other
    elif is_number(other):
        y = float(other)
    else:
        return NotImplemented  # type: ignore[no-any-return]
    outcome = bool(x._data == y)
    if _blocks != 0:
        for observer in observers.active():
            observer.compared(x, "==", other if isinstance(other, Value) else y, outcome)
    return outcome


def is_plain_number(x: Any) -> bool:
    """Whether x is a plain number rather than a Value, or stands for one in a recording."""
    if not isinstance(x, Value):
        return True
    if _blocks_asked != 0:
        for observer in observers.active():
            if observer.plain(x):
                return True
    return False


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
    hint = "; write its .data" if isinstance(number, Value) else ""
    raise TypeError(f"{what} must be a real number, not {type_name(number)}{hint}")


_NEVER_OPERANDS = (str, bytes, complex, list, tuple, dict, set, type(None))


def constant(other: Any, operator: str) -> Value | None:
    """The number `other` as a node; None if its type may itself know what to do with Values."""
    if is_number(other):
        return leaf(CONSTANT, float(other))
    if type(other) in _NEVER_OPERANDS:
        raise TypeError(
            f"unsupported operand type(s) for {operator}: 'Value' and '{type_name(other)}'; "
            "the other operand must be a real number or a Value"
        )
    return None


def required(other: Any, name: str) -> Value:
    """`other` as a Value, or a TypeError that names the operation."""
    if isinstance(other, Value):
        return other
    if is_number(other):
        return leaf(CONSTANT, float(other))
    raise TypeError(f"{name}: expected a real number or a Value, not {type_name(other)}")


def number_for(code: int, x: Any) -> float:
    if is_number(x):
        return float(x)
    raise TypeError(f"{RULES[code].name}: expected a real number or a Value, not {type_name(x)}")


def comparable(other: Any) -> Any:
    """The number to compare with; None if `other` is neither a Value nor a number."""
    if isinstance(other, Value):
        value: Value = other
        return value._data
    if isinstance(other, int):
        return other  # exact, however large
    return float(other) if is_number(other) else None


# ---------------------------------------------------------------------------- making nodes


class Many:
    """What a node holds besides its slots if it has any number of parents.

    xs, ys            the parents; ys on nodes of `dot` only, () where that side is plain numbers
    dxs, dys          buffers of their partials, which nodes may share
    flat_xs, flat_ys  whether they are known to be leaves all, so that passes go faster
    op, label         the name of what was made by hand or replayed, and that of the node
    backward, replay  what a node made by hand, or one that was replayed, does in a pass
    """

    __slots__ = (
        "backward",
        "dxs",
        "dys",
        "flat_xs",
        "flat_ys",
        "label",
        "op",
        "replay",
        "xs",
        "ys",
    )

    xs: tuple[Value, ...]
    ys: tuple[Value, ...]
    dxs: Any
    dys: Any
    flat_xs: bool
    flat_ys: bool
    op: str
    label: str
    backward: Callable[[Value], None] | None
    replay: Any


def many(
    xs: tuple[Value, ...],
    ys: tuple[Value, ...] = (),
    dxs: Any = None,
    dys: Any = None,
    flat_xs: bool = False,
    flat_ys: bool = False,
) -> Many:
    more = Many.__new__(Many)  # in C, this is faster than a call of __init__
    more.xs = xs
    more.ys = ys
    more.dxs = dxs
    more.dys = dys
    more.flat_xs = flat_xs
    more.flat_ys = flat_ys
    more.op = more.label = ""
    more.backward = more.replay = None
    return more


def new_node(kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float) -> Value:
    """A node; a leaf with the same number, while nothing is recorded."""
    if _blocks != 0:
        return observed_node(kind, code, x, y, data, dx, dy, None)
    node = Value.__new__(Value)
    node._data = data
    node._kind = kind
    node._code = code
    node._dx = dx
    node._dy = dy
    node._x = x
    node._y = y
    return node


def many_node(kind: int, code: int, data: float, dx: float, more: Any) -> Value:
    if _blocks != 0:
        return observed_node(kind, code, None, None, data, dx, 0.0, more)
    return filled_node(kind, code, None, None, data, dx, 0.0, more)


def filled_node(
    kind: int, code: int, x: Any, y: Any, data: float, dx: float, dy: float, more: Any
) -> Value:
    node = Value.__new__(Value)
    node._data = data
    node._kind = kind
    node._code = code
    node._dx = dx
    node._dy = dy
    node._x = x
    node._y = y
    node._more = more
    return node


def leaf(kind: int, number: float) -> Value:
    return new_node(kind, 0, None, None, number, 0.0, 0.0)


def unary(code: int, x: Value, c: float) -> Value:
    """The node rule(x), c being the rule's static parameter if it has one."""
    if kernels.in_c(code):
        data, dx = kernels.unary(code, x._data, c)
    else:
        data, dx = kernels.FUNCTIONS[code](x._data, c)
    return new_node(UNARY, code, x, None, data, dx, c)


def binary(code: int, x: Value, y: Value) -> Value:
    """The node rule(x, y)."""
    if kernels.in_c(code):
        data, dx, dy = kernels.binary(code, x._data, y._data)
    else:
        data, dx, dy = kernels.FUNCTIONS[code](x._data, y._data)
    return new_node(BINARY, code, x, y, data, dx, dy)


def ternary(code: int, x: Value, y: Value, z: Value) -> Value:
    """The node rule(x, y, z)."""
    partials = kernels.buffer(3)
    d = kernels.doubles(partials)
    if kernels.in_c(code):
        data, d[0], d[1], d[2] = kernels.ternary(code, x._data, y._data, z._data)
    else:
        data, d[0], d[1], d[2] = kernels.FUNCTIONS[code](x._data, y._data, z._data)
    return many_node(NARY, code, data, 0.0, many((x, y, z), (), partials))


def fixed(code: int, xs: tuple[Value, ...]) -> Value:
    """The node of a rule that users made, of any fixed number of parents."""
    out, *partials = kernels.FUNCTIONS[code](*[number_of(x) for x in xs])
    return many_node(NARY, code, out, 0.0, many(xs, (), filled(tuple(partials))))


def unary_of(code: int, x: Operand, c: float) -> Any:
    """rule(x): a node of a Value, a float of a number."""
    if isinstance(x, Value):
        return unary(code, x, c)
    number = number_for(code, x)
    if kernels.in_c(code):
        out, _ = kernels.unary(code, number, c)
        return out
    return kernels.FUNCTIONS[code](number, c)[0]


def unary_function(code: int) -> Any:
    """The free function of a rule of one operand."""

    def function(x: Any) -> Any:
        return unary_of(code, x, 0.0)

    return function


def binary_function(code: int) -> Any:
    """The free function of a rule of two operands."""

    def function(x: Any, y: Any) -> Any:
        return binary_of(code, x, y)

    return function


def nary_function(code: int) -> Any:
    """The free function of a rule of any number of operands."""

    def function(xs: Any) -> Any:
        return nary(code, xs)

    return function


def binary_of(code: int, x: Operand, y: Operand) -> Any:
    """rule(x, y): a node if one operand is a Value, else a float."""
    if isinstance(x, Value) or isinstance(y, Value):
        name = RULES[code].name
        return binary(code, required(x, name), required(y, name))
    return kernels.FUNCTIONS[code](number_for(code, x), number_for(code, y))[0]


def power(x: Operand, y: Operand) -> Any:
    """x ** y; a plain number y is no parent."""
    if isinstance(x, Value) and is_number(y):
        return unary(kernels.POW_C, x, float(y))
    return binary_of(kernels.POW, x, y)


def ternary_of(code: int, x: Operand, y: Operand, z: Operand) -> Any:
    """rule(x, y, z): a node if one operand is a Value, else a float."""
    if isinstance(x, Value) or isinstance(y, Value) or isinstance(z, Value):
        name = RULES[code].name
        return ternary(code, required(x, name), required(y, name), required(z, name))
    numbers = number_for(code, x), number_for(code, y), number_for(code, z)
    return kernels.FUNCTIONS[code](*numbers)[0]


def nary(code: int, operands: Iterable[Operand]) -> Any:
    """The node of an n-ary rule; a float if no operand is a Value."""
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, RULES[code].name)
    xs: tuple[Any, ...] = tuple(operands)
    n = len(xs)
    if n == 0 and code == kernels.MEAN:
        raise ValueError("mean of no operands")
    partials = kernels.buffer(n)
    d = kernels.doubles(partials)
    values, deep = read(xs, d, code)
    if not has_loop(code):
        return by_formulas(code, xs, kernels.numbers(partials), values, deep)
    shift, out = reduction(code, d, n)
    if values == 0:
        return shift + out
    xs = values_of(xs)
    if code == kernels.SUM or code == kernels.MEAN:
        partial = kernels.partial(code, 0.0, n, out)
        return many_node(UNIFORM, code, out, partial, many(xs, (), None, None, deep == 0))
    for i in range(n):
        d[i] = kernels.partial(code, d[i] - shift, n, out)
    return many_node(NARY, code, shift + out, 0.0, many(xs, (), partials, None, deep == 0))


def by_formulas(
    code: int, xs: tuple[Any, ...], numbers: tuple[float, ...], values: int, deep: int
) -> Any:
    """The node of an n-ary rule without a loop; a float if no operand is a Value."""
    out, *by = kernels.reduced(code, numbers)
    if values == 0:
        return out
    more = many(values_of(xs), (), filled(tuple(by)), None, deep == 0)
    return many_node(NARY, code, out, 0.0, more)


def checked(operands: Iterable[Operand], name: str) -> list[Any]:
    """The Values among the operands, and the numbers as floats."""
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, name)
    xs = list(operands)
    for i in range(len(xs)):
        if type(xs[i]) is not float and not isinstance(xs[i], Value):
            xs[i] = real(xs[i], f"{name}: element {i}")
    return xs


def check_iterable(operands: Any, name: str) -> None:
    """Raise a TypeError that names the operation if the operands are no list or the like."""
    try:
        iter(operands)
    except TypeError:
        raise TypeError(
            f"{name}: expected a list of numbers and Values, not {type_name(operands)}"
        ) from None


def log_softmax(xs: list[Any], shift: bool) -> list[Any]:
    """[x - logsumexp(xs) for x in xs], of Values and floats.

    shift  whether the largest is taken off first, which is exact: x - logsumexp(xs) of huge x
           would lose every digit. A program has to find the largest anew.
    """
    if shift:
        numbers = [number_of(x) if isinstance(x, Value) else x for x in xs]
        largest = max(numbers, default=0.0)
        constant = leaf(CONSTANT, largest)
        xs = [x - constant if isinstance(x, Value) else x - largest for x in xs]
    total = nary(kernels.LOGSUMEXP, xs)
    return [x - total for x in xs]


def exps(xs: list[Any]) -> list[Any]:
    return [unary_of(kernels.EXP, x, 0.0) for x in xs]


def dot(xs: Vector, ys: Vector) -> Any:
    """sum of x * y over the pairs of xs and ys, as one node; a float if no operand is a Value.

    Where one side has numbers only, they are the partials of the other side and no parents.

    Raises ValueError if the lengths differ, TypeError for an element that is not a real number.
    """
    return product(side(xs), side(ys))


def dots(xs: Iterable[Vector], ys: Iterable[Vector]) -> list[list[Any]]:
    """[[dot(x, y) for y in ys] for x in xs], for which each vector is read once.

    So it is faster than these dots one by one, and their nodes share the numbers. Raises what
    `dot` does.
    """
    rights = [side(y) for y in ys]
    return [[product(left, right) for right in rights] for left in map(side, xs)]


class Side:
    """One of the two vectors of a dot, read: its numbers do not follow the Values afterwards.

    values   its Values, with a constant for each number among them; () if all are numbers
    numbers  a buffer of all of them
    flat     whether the values are leaves all
    """

    __slots__ = ("flat", "n", "numbers", "values")

    values: tuple[Value, ...]
    numbers: Any
    n: int
    flat: bool


def side(operands: Vector) -> Side:
    """The operands, read for any number of dots."""
    if isinstance(operands, Side):
        return operands
    if not isinstance(operands, (list, tuple)):
        check_iterable(operands, "dot")
    xs: tuple[Any, ...] = tuple(operands)
    this = Side.__new__(Side)
    this.n = len(xs)
    this.numbers = kernels.buffer(this.n)
    values, deep = read(xs, kernels.doubles(this.numbers), kernels.DOT)
    this.values = xs if values == this.n else () if values == 0 else values_of(xs)
    this.flat = deep == 0
    return this


def product(left: Side, right: Side) -> Any:
    """The dot product of two sides; the partials by one are the numbers of the other."""
    if left.n != right.n:
        raise ValueError(f"dot: the lengths differ, {left.n} and {right.n}")
    x, y = kernels.doubles(left.numbers), kernels.doubles(right.numbers)
    out = 0.0
    for i in range(left.n):
        out += x[i] * y[i]
    if not left.values:
        left, right = right, left
    if not left.values:
        return out
    dys = left.numbers if right.values else None
    more = many(left.values, right.values, right.numbers, dys, left.flat, right.flat)
    return many_node(DOT if right.values else NARY, kernels.DOT, out, 0.0, more)


def values_of(operands: tuple[Any, ...]) -> tuple[Value, ...]:
    """The operands, with a constant leaf for each number among them."""
    return operands if kernels.all_values(operands) else tuple([required(x, "") for x in operands])


def read(xs: tuple[Any, ...], d: list[float], code: int) -> tuple[int, int]:
    """Write the numbers of xs to d; how many of xs are Values, and how many of these no leaves."""
    values = deep = 0
    for i in range(len(xs)):
        if kernels.is_float(xs, i):
            d[i] = kernels.float_at(xs, i)
        elif kernels.is_value(xs, i):
            d[i] = kernels.data_of(xs, i)
            values += 1
            deep += kernels.is_deep(xs, i)
        elif is_number(xs[i]):
            d[i] = float(xs[i])
        else:
            raise TypeError(
                f"{RULES[code].name}: element {i} must be a real number or a Value, "
                f"not {type_name(xs[i])}"
            )
    return values, deep


def check_slots(made: Any, grad: Any, more: Any) -> None:
    """Raise ValueError for slots, of a file that was tampered with, that would crash a pass."""
    kind, code, x, y, *numbers = made
    right = all(isinstance(number, float) for number in (grad, *numbers))
    right = right and kind in range(CONSTANT, BY_HAND + 1) and code in range(len(RULES))
    right = right and isinstance(x, Value) == (kind in (UNARY, BINARY))
    right = right and isinstance(y, Value) == (kind == BINARY)
    if kind < UNIFORM:
        right = right and (more is None or isinstance(more, str))
    else:
        xs, ys, partials, op, label, _ = more if isinstance(more, tuple) else ((),) * 6
        right = right and isinstance(xs, tuple) and isinstance(ys, tuple)
        right = right and all(isinstance(parent, Value) for parent in (*xs, *ys))
        right = right and isinstance(op, str) and isinstance(label, str)
        right = right and len(ys) == (len(xs) if kind == DOT else 0)
        if kind in (NARY, DOT):
            right = right and len(partials) == len(xs) + len(ys)
            right = right and all(isinstance(partial, float) for partial in partials)
        else:
            right = right and partials is None
    if not right:
        raise ValueError("these are not the slots of a node")


def filled(numbers: tuple[float, ...]) -> Any:
    """A buffer of these numbers."""
    owner = kernels.buffer(len(numbers))
    read(numbers, kernels.doubles(owner), 0)
    return owner


def has_loop(code: int) -> bool:
    """Whether `reduction` knows the n-ary rule: those in `rules.LOOPS`."""
    return (
        code == kernels.SUM
        or code == kernels.MEAN
        or code == kernels.NORM
        or code == kernels.LOGSUMEXP
    )


def reduction(code: int, d: list[float], n: int) -> tuple[float, float]:
    """The value of an n-ary rule that has a loop, as two numbers to be added.

    Its partials are those by the operands less the first of the two.
    """
    if code == kernels.SUM:
        return 0.0, sum_of(d, n)
    if code == kernels.MEAN:
        return 0.0, sum_of(d, n) / n
    if code == kernels.NORM:
        return 0.0, norm_of(d, n)
    if code == kernels.LOGSUMEXP:
        return logsumexp_of(d, n)
    raise ValueError(f"{RULES[code].name} has no loop")


def sum_of(d: list[float], n: int) -> float:
    # One after the other, so that both builds round alike.
    out = 0.0
    for i in range(n):
        out += d[i]
    return out


def norm_of(d: list[float], n: int) -> float:
    """The Euclidean length, scaled where the squares would overflow or vanish."""
    largest = 0.0
    for i in range(n):
        size = kernels.fabs(d[i])
        if size > largest or size != size:
            largest = size
    if largest == 0.0 or largest - largest != 0.0:  # all zero, or an inf or nan among them
        return largest
    scale = 1.0 if 1e-140 < largest < 1e140 else largest
    squares = 0.0
    for i in range(n):
        size = d[i] / scale
        squares += size * size
    return scale * kernels.sqrt(squares)


def logsumexp_of(d: list[float], n: int) -> tuple[float, float]:
    """log sum exp as the largest term, and what is to be added to it.

    Apart, so that nothing overflows and the partials lose no digits to a large sum of both.
    """
    largest = float("-inf")
    first = 0
    for i in range(n):
        if d[i] > largest or d[i] != d[i]:
            largest = d[i]
            first = i
    if largest - largest != 0.0:  # an inf or nan among them, or none at all
        return 0.0, largest
    others = 0.0
    for i in range(n):
        if i != first:
            others += kernels.exp(d[i] - largest)
    return largest, kernels.log1p(others)


# ------------------------------------------------------------------------ backpropagation

_passes: list[Pass] = []  # those under way, each within a `_backward` of the one before


class Pass:
    """One backward pass from root.

    order   first, the nodes that an operation made, each after a user of its own; then these are
            overwritten from the front, in the order in which they are ready to send
    ready   how many have been ready so far
    leaves  the leaf met last; its `_x`, free as it has no parent, holds the one before, and that
            of the first one holds root
    flat    tuples of leaves besides
    replayed  of compiled calls, tuples of leaves and the gradients by these

    An interior node's cotangent is in its `_grad`; a leaf's is in its `_dx`, as the gradient of
    earlier passes is still in its `_grad`.
    """

    __slots__ = ("flat", "leaves", "order", "ready", "replayed", "root")

    def __init__(self, root: Value) -> None:
        self.order: list[Value] = []
        self.ready = 0
        self.root = self.leaves = root
        self.flat: list[tuple[Value, ...]] = []
        self.replayed: list[tuple[tuple[Value, ...], array[float]]] = []


def backpropagate(root: Value) -> None:
    """Sort topologically by counting users (Kahn's algorithm), and send cotangents on the way."""
    if _passes and is_under_way(root):
        raise RuntimeError(
            "backward() within backward() of the same graph: in a _backward written by hand, "
            "differentiate a graph of its own, made of detach()ed Values"
        )
    this = Pass(root)
    order = this.order
    before_by_hand: list[tuple[Value, float]] = []
    try:
        _passes.append(this)
        meet(root, this)
        i = 0
        while i < len(order):  # it grows while it is walked
            kernels.prefetch(order, i)
            node = kernels.listed(order, i)
            if node._kind == BY_HAND:
                before_by_hand += [(x, x.grad) for x in node.parents if x.is_leaf]
            meet_parents(node, this)
            i += 1
        receive(root, 1.0, this)
        watching = observers.active() if _blocks != 0 else ()
        i = 0
        while i < this.ready:
            kernels.prefetch(order, i)
            for observer in watching:
                observer.sends(order[i], root)
            send(kernels.listed(order, i), this)
            for observer in watching:
                observer.sent(order[i], root)
            i += 1
        if watching:
            for node in met_leaves(this):
                for observer in watching:
                    observer.received(node, node._grad + node._dx, root)
    except BaseException:
        for node in reachable(root):
            node._users = 0
            if node._kind == REPLAYED:
                more: Many = node._more
                more.replay.forget()
        for node, grad in before_by_hand:
            node._grad = grad
        forget(this)
        raise
    finally:
        try:
            settle(this)
        except KeyboardInterrupt:  # interpreted: between two leaves, which leaves the rest
            settle(this)
            raise
        finally:
            _passes.pop()


def meet(node: Value, this: Pass) -> None:
    """Count a user of node; at the first one, take it into the pass with cotangent 0."""
    if node._kind > LEAF:
        if node._users == 0:
            node._grad = 0.0
            this.order.append(node)
        node._users += 1


def meet_parents(node: Value, this: Pass) -> None:
    if node._kind == UNARY:
        meet(node._x, this)
    elif node._kind == BINARY:
        meet(node._x, this)
        meet(node._y, this)
    else:
        more = node._more
        if not more.flat_xs:
            meet_each(more.xs, this)
        if not more.flat_ys:
            meet_each(more.ys, this)


def meet_each(parents: tuple[Value, ...], this: Pass) -> None:
    for i in range(len(parents)):
        meet(kernels.value_at(parents, i), this)


def send(node: Value, this: Pass) -> None:
    """The chain rule: node's cotangent times each local partial goes to that parent."""
    g = node._grad
    if node._kind == UNARY:
        receive(node._x, times(g, node._dx), this)
    elif node._kind == BINARY:
        receive(node._x, times(g, node._dx), this)
        receive(node._y, times(g, node._dy), this)
    else:
        send_to_many(node, g, node._more, this)


def send_to_many(node: Value, g: float, more: Many, this: Pass) -> None:
    if node._kind == UNIFORM:
        send_alike(more.xs, more.flat_xs, times(g, node._dx), this)
    elif node._kind == NARY or node._kind == DOT:
        send_each(more.xs, more.flat_xs, kernels.doubles(more.dxs), g, this)
        if node._kind == DOT:
            send_each(more.ys, more.flat_ys, kernels.doubles(more.dys), g, this)
    elif node._kind == REPLAYED:
        numbers = more.replay()
        if more.flat_xs and _blocks == 0:
            this.replayed.append((more.xs, numbers))
        else:
            send_each(more.xs, more.flat_xs, kernels.elements(numbers), 1.0, this)
    else:
        if more.backward is not None:
            more.backward(node)
        send_alike(more.xs, False, 0.0, this)  # which makes them ready


def send_alike(parents: tuple[Value, ...], flat: bool, cotangent: float, this: Pass) -> None:
    if flat:
        take_flat(parents, this)
        for i in range(len(parents)):
            kernels.receive(parents, i, cotangent)
    else:
        for i in range(len(parents)):
            receive(kernels.value_at(parents, i), cotangent, this)


def send_each(
    parents: tuple[Value, ...], flat: bool, partials: list[float], g: float, this: Pass
) -> None:
    if flat:
        take_flat(parents, this)
        for i in range(len(parents)):
            kernels.receive(parents, i, times(g, partials[i]))
    else:
        for i in range(len(parents)):
            receive(kernels.value_at(parents, i), times(g, partials[i]), this)


def take_flat(leaves: tuple[Value, ...], this: Pass) -> None:
    """Take leaves into the pass, but not again for each node that shares the tuple.

    The first leaf's `_users`, which a leaf does not need, counts up to the place of the tuple.
    """
    first = kernels.value_at(leaves, 0)
    place = first._users
    if place == 0 or place > len(this.flat) or this.flat[place - 1] is not leaves:
        this.flat.append(leaves)
        first._users = len(this.flat)


def times(g: float, partial: float) -> float:
    """g * partial, but a cotangent of 0 stays 0 through an infinite partial."""
    return g * partial if g != 0.0 else 0.0


def receive(node: Value, cotangent: float, this: Pass) -> None:
    """Take in what one user sends; after the last one an interior node is ready to send."""
    if node._kind > LEAF:
        node._grad += cotangent
        if node._users > 0:
            node._users -= 1
            if node._users == 0:
                this.order[this.ready] = node
                this.ready += 1
    else:
        node._dx += cotangent
        if node._x is None:
            node._x = this.leaves
            this.leaves = node


def settle(this: Pass) -> None:
    """Add to the leaves' gradients what they received."""
    while this.leaves is not this.root:
        node = this.leaves
        this.leaves = node._x
        node._x = None
        node._grad += node._dx
        node._dx = 0.0
    for leaves in this.flat:
        kernels.value_at(leaves, 0)._users = 0
        for i in range(len(leaves)):
            kernels.settle(leaves, i)
    for leaves, gradient in this.replayed:
        numbers = kernels.elements(gradient)
        for i in range(len(leaves)):
            kernels.add_to_grad(leaves, i, numbers[i])
            numbers[i] = 0.0  # as with `_dx`, in case of an interrupt


def met_leaves(this: Pass) -> set[Value]:
    met = {x for leaves in this.flat for x in leaves}
    node = this.leaves
    while node is not this.root:
        met.add(node)
        node = node._x
    return met


def forget(this: Pass) -> None:
    """Drop what the leaves received."""
    this.replayed.clear()
    node = this.leaves
    while node is not this.root:
        node._dx = 0.0
        node = node._x
    for leaves in this.flat:
        for node in leaves:
            node._dx = 0.0


def is_under_way(root: Value) -> bool:
    """Whether root or an interior node that it depends on belongs to a pass under way."""
    sent: set[Value] = set()
    for this in _passes:
        sent.update(this.order[: this.ready])
    for node in reachable(root):  # noqa: SIM110 (C fields need a typed variable)
        if (node._users > 0 and node._kind > LEAF) or node in sent:
            return True
    return False


# ---------------------------------------------------------------------- nodes made by hand


class Unheld:
    """A `_backward` written by hand that does not hold the node which owns it.

    It reads `out.grad` of that node. As a plain Value has no cycle collector, the reference would
    keep the whole graph alive for ever. So this is a copy of the function with a cell of its own
    in the place of `out`, which is filled for the time of a call; defaults likewise.
    """

    may_lead_anywhere = True  # until it is known: a collection may meet it half made

    def __init__(self, function: FunctionType, node: Value) -> None:
        self.own = CellType()
        cells = [self.own if holds(cell, node) else cell for cell in function.__closure__ or ()]
        self.function = FunctionType(
            function.__code__, function.__globals__, function.__name__, None, tuple(cells)
        )
        keywords = function.__kwdefaults__ or {}
        self.defaults = [None if d is node else (d,) for d in function.__defaults__ or ()]
        self.keywords = {name: None if d is node else (d,) for name, d in keywords.items()}
        cells = [cell for cell in cells if cell is not self.own]
        held = [*cells, *(function.__defaults__ or ()), *keywords.values()]
        self.may_lead_anywhere = not all(map(leads_nowhere, held))

    def __call__(self, owner: Value) -> None:
        function = self.function
        self.own.cell_contents = owner
        function.__defaults__ = tuple([owner if d is None else d[0] for d in self.defaults])
        function.__kwdefaults__ = {
            name: owner if d is None else d[0] for name, d in self.keywords.items()
        }
        try:
            function()
        finally:
            del self.own.cell_contents
            function.__defaults__ = function.__kwdefaults__ = None


class Held:
    """A `_backward` that is no plain function: what it holds stays held."""

    may_lead_anywhere = True

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function

    def __call__(self, owner: Value) -> None:
        self.function()


def holds(cell: CellType, node: Value) -> bool:
    try:
        return cell.cell_contents is node
    except ValueError:  # a variable that has no value yet
        return False


_LEADING_NOWHERE = (Value, float, int, str, type, ModuleType, type(None))


def leads_nowhere(held: Any) -> bool:
    """Whether a node that holds this, in a cell or by itself, cannot be reached from it."""
    try:
        thing = held.cell_contents if type(held) is CellType else held
    except ValueError:
        return False
    # By type: a proxy answers isinstance with code of its own, which may lie or raise.
    return issubclass(type(thing), _LEADING_NOWHERE)


def holds_attributes(cls: type) -> bool:
    """Whether instances of this subclass of Value have room for more than a Value's own fields."""
    return bool(cls.__dictoffset__) or cls.__basicsize__ > Value.__basicsize__


_watched = not kernels.COMPILED  # interpreted, Python's own collector sees every reference


def watch_for_cycles() -> None:
    """Have cycles through Values collected from now on."""
    global _watched
    if not _watched:
        from autograd_lite import cycles

        cycles.watch()
        _watched = True


# ------------------------------------------------------------------ results of a compiled call


class Replay:
    """What the node does in which the results of a replayed program meet.

    Each result leaves its cotangent here; then the program's own adjoint turns them into those of
    the parents, all at once.
    """

    of_program = True

    def __init__(self, n: int, gradient: Callable[[list[float]], array[float]]) -> None:
        self.cotangents = [0.0] * n
        self.gradient = gradient

    def __call__(self) -> array[float]:
        cotangents = self.cotangents
        self.forget()
        return self.gradient(cotangents)

    def forget(self) -> None:
        """Drop what the results left in this pass, which is over."""
        self.cotangents = [0.0] * len(self.cotangents)


class Result:
    """The `_backward` of a replayed program's results, which know their places."""

    of_program = True

    def __init__(self, replay: Replay) -> None:
        self.replay = replay

    def __call__(self, owner: Value) -> None:
        self.replay.cotangents[place_of(owner)] = owner.grad

    def place(self, owner: Value) -> int | None:
        """Which of several results owner is; None if it is the only one."""
        return place_of(owner) if len(self.replay.cotangents) > 1 else None

    def partials(self, owner: Value) -> tuple[float, ...]:
        """The partials of owner by the parents of the program; no pass sees that."""
        cotangents = [0.0] * len(self.replay.cotangents)
        cotangents[place_of(owner)] = 1.0
        return tuple(self.replay.gradient(cotangents))


def place_of(result: Value) -> int:
    return int(result._dy)


def replayed_nodes(
    op: str,
    parents: tuple[Value, ...],
    flat: bool,
    numbers: Iterable[float],
    gradient: Callable[[list[float]], array[float]],
) -> list[Value]:
    """The results of a program that was replayed, as nodes of the eager graph.

    op        what the operation is called
    parents   what the results depend on
    flat      whether these are leaves all
    numbers   of the results
    gradient  given the results' cotangents, those of the parents
    """
    results = [leaf(LEAF, number) for number in numbers]
    if not parents or not grad_enabled():
        return results
    replay = Replay(len(results), gradient)
    result = Result(replay)
    more = many(parents, (), None, None, flat)
    more.op = op
    more.replay = replay
    hub = (many_node(REPLAYED, 0, 0.0, 0.0, more),)
    for i in range(len(results)):
        node: Value = results[i]
        node._dy = i
        more = many(hub)
        more.op = op
        more.backward = result
        node._more = more
        node._kind = BY_HAND
    return results


# ---------------------------------------------------------------------- dropping a graph

_depth = 0
_graveyard: list[Any] = []


def drop_parents(node: Value) -> None:
    """Drop the node's parents without recursing once a node down a long chain.

    Below a depth of 100 they wait in a list, which the outermost call empties.
    """
    global _depth
    if _depth >= 100:
        _graveyard.append((node._x, node._y, node._more))
    _depth += 1
    node._x = node._y = node._more = None
    if _depth == 1:
        while _graveyard:
            _graveyard.pop()
    _depth -= 1
