"""Tracers of plain numbers: nodes that do what the numbers do that they stand for.

What a program can compute anew makes a node, which is a tracer again; all else reads the number,
which is a guard. Which of the two it is, and of what type, is found where it is done with the
numbers themselves: there Python and NumPy say what they give.
"""

from __future__ import annotations

import builtins
import math
import operator
from functools import partial
from math import inf

import numpy as np

import autograd_lite.kinds as kinds
import autograd_lite.plain as plain
import autograd_lite.value as engine
from autograd_lite import functions
from autograd_lite.fields import number_leaf
from autograd_lite.observers import Observer, active
from autograd_lite.plain import as_number, leave_numbers, number_kind, set_class
from autograd_lite.value import Node, is_number, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "ENDED",
    "NoAttributeError",
    "NumPyTracer",
    "NumberTracer",
    "PlainNumber",
    "TracingObserver",
    "bool_of",
    "is_bool",
    "is_exact",
    "is_int",
    "kind_of",
    "number_type",
    "plain_number",
    "read",
    "retire",
    "tracer_of",
]

LARGEST_INT = 2.0**53
"""The integers below it are doubles."""


class NoAttributeError(AttributeError):
    """A number has no such attribute; the message says what to write instead."""


class TracingObserver(Observer):
    """An observer of a call on tracers."""

    traces = True

    def decided(self, x: Node, op: str, y: Node | float) -> None:
        """Whether x op y decides what the call does; the operators are those of a `Guard`."""
        raise NotImplementedError

    def misled(self, why_not: str) -> None:
        """A tracer gave another answer than the Value that it stands for."""
        raise NotImplementedError


class NumberClass(type):
    """The class of what stands for numbers: as `type(x)`, it makes a number of their type, and that
    type counts as its subclass. So `statistics` takes such numbers among others.
    """

    def __call__(cls, *args: Any) -> Any:
        made = _MADE[cls]
        number = made(*args)
        if made is int and args and is_number(args[0]) and number != args[0]:
            raise TypeError(f"{args[0]!r} is no int")  # where `statistics` would make a float
        return number

    def __subclasscheck__(cls, other: Any) -> bool:
        return other is _MADE.get(cls) or super().__subclasscheck__(other)


class PlainNumber(Node, metaclass=NumberClass):
    """A plain number of a recording. It is read for whatever is done with it."""

    __slots__ = ()

    @property
    def __class__(self) -> Any:
        return number_type(self)

    @__class__.setter
    def __class__(self, cls: type) -> None:
        set_class(self, cls)

    def __hash__(self) -> int:
        number = read(self)
        return hash(number) if number == number else object.__hash__(self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return number_type(self), (read(self),)


class EndedFloat(Node):
    """A float or a bool after its call, which the compiler's tables know by its identity."""

    __slots__ = ()


class EndedInt(Node):
    """An int after its call."""

    __slots__ = ()


class FormerFloat(PlainNumber):
    """A float or a bool that something holds after its recording, and that has that number."""

    __slots__ = ()

    def __copy__(self) -> Any:
        return plain_number(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return plain_number(self)

    def __array__(self, *args: Any, **options: Any) -> Any:
        return np.asarray(plain_number(self), *args, **options)


class FormerInt(FormerFloat):
    """An int after its recording, which may be an index, too."""

    __slots__ = ()


class NumberTracer(PlainNumber):
    """Stands for a plain number that was passed, drawn, or computed of such numbers alone."""

    __slots__ = ()

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


class FloatTracer(NumberTracer):
    """Stands for a float: it has what a float has, and no more."""

    __slots__ = ()


class IntTracer(NumberTracer):
    """Stands for an int. `take` reads it anew at each call; as an index it is read, a guard."""

    __slots__ = ()


class BoolTracer(IntTracer):
    """Stands for a bool, such as what a comparison gives. Where it is computed with, it is 0 or 1;
    where Python asks for its truth, it is read, a guard.
    """

    __slots__ = ()


class NumPyTracer(NumberTracer):
    """Stands for a number of NumPy's, such as an element of an array.

    It has the methods of a Value, too: on an array of objects, np.exp calls x.exp().
    """

    __slots__ = ()

    def item(self) -> Any:
        """What stands for the number of Python's. An int that was passed stays NumPy's, as `take`
        knows it.
        """
        kind = number_kind(self)
        if kind == kinds.NUMPY | kinds.INT and self.is_leaf:
            return self
        return as_number(Node.__pow__(self, 1.0), kind & ~kinds.NUMPY)

    tolist = item

    def __getattr__(self, name: str) -> Any:
        if name[0] == "_":
            raise AttributeError(f"{number_type(self).__name__!r} object has no attribute {name!r}")
        return _attribute(self, name)


class NumPyFloatTracer(NumPyTracer):
    """Stands for a float64."""

    __slots__ = ()


class NumPyIntTracer(NumPyTracer):
    """Stands for an integer of NumPy's, as an int64."""

    __slots__ = ()


class NumPyBoolTracer(NumPyIntTracer):
    """Stands for a bool of NumPy's, of which two are added and multiplied as logic has it."""

    __slots__ = ()


_TYPES: dict[int, tuple[Any, Any]] = {
    kinds.BOOL: (bool, BoolTracer),
    kinds.INT: (int, IntTracer),
    kinds.FLOAT: (float, FloatTracer),
    kinds.NUMPY | kinds.BOOL: (np.bool_, NumPyBoolTracer),
    kinds.NUMPY | kinds.INT: (np.int64, NumPyIntTracer),
    kinds.NUMPY | kinds.FLOAT: (np.float64, NumPyFloatTracer),
}
"""{kind: (the type of the numbers, the class of their tracers)}"""

for _type, _tracer in _TYPES.values():
    _tracer.__name__ = _type.__name__  # by which Python's errors name an operand

_MADE: dict[Any, Any] = {FormerFloat: float, FormerInt: int} | {
    tracer: made for made, tracer in _TYPES.values()
}

plain.classes[:] = [_TYPES.get(kind, (None, None))[1] for kind in range(2 * kinds.NUMPY)]
_LETTERS = {
    "?": kinds.BOOL,
    np.typecodes["AllInteger"]: kinds.INT,
    np.typecodes["Float"]: kinds.FLOAT,
}
for _letters, _kind in _LETTERS.items():
    for _letter in _letters:
        plain.by_type.setdefault(np.dtype(_letter).type, kinds.NUMPY | _kind)


def number_type(node: Node) -> Any:
    """The type of the plain number that a node stands for; None for another Value."""
    kind = number_kind(node)
    return _TYPES[kind][0] if kind else None


def plain_number(x: Any) -> Any:
    """The number of a Value, of the type that a tracer stands for; other things as they are.

    A recording holds for other numbers, too, unless it is read.
    """
    return (number_type(x) or float)(number_of(x)) if isinstance(x, Node) else x


def kind_of(x: Any) -> int:
    """The kind of plain number that a thing is or stands for; 0 for what is none."""
    return number_kind(x) if isinstance(x, Node) else plain.by_type.get(type(x), kinds.NO_NUMBER)


def is_int(x: Any) -> bool:
    """True if x is an integer, or stands for one."""
    return kind_of(x) & kinds.FLOAT == kinds.INT


def is_bool(x: Any) -> bool:
    """True if x is a bool, or stands for one."""
    return kind_of(x) & kinds.FLOAT == kinds.BOOL


def tracer_of(number: Any) -> Node:
    """What stands for a number that was drawn."""
    return number_leaf(kind_of(number) or kinds.FLOAT, float(number))  # type: ignore[no-any-return]


def bool_of(x: Node, y: Any, outcome: bool) -> Node:
    """What stands for the outcome of a comparison: NumPy's bool of two numbers of which one is
    NumPy's, and else Python's.
    """
    kind, other = number_kind(x), kind_of(y)
    numpys = (kind | other) & kinds.NUMPY if kind and other else 0
    return number_leaf(kinds.BOOL | numpys, float(outcome))  # type: ignore[no-any-return]


ENDED: dict[type, type] = {
    tracer: EndedInt if issubclass(tracer, (IntTracer, NumPyIntTracer)) else EndedFloat
    for _, tracer in _TYPES.values()
}
"""{class of tracers: that of what they are after the call}"""


def retire(numbers: list[Node]) -> None:
    """Leave the plain numbers of a recording, which something may hold, without their parents."""
    leave_numbers(numbers, {EndedFloat: FormerFloat, EndedInt: FormerInt})


# ------------------------------------------------------------------------------ numbers are read


def read(x: Any) -> Any:
    """The number of a tracer, read: a guard. Other things as they are."""
    if not isinstance(x, PlainNumber):
        return x
    if isinstance(x, NumberTracer):
        for observer in active():
            observer.read(x)
    return plain_number(x)


def _decide(x: Any, op: str, limit: float = 0.0) -> None:
    """Have x op limit as a guard, if x is a tracer."""
    if isinstance(x, NumberTracer):
        for observer in active():
            if isinstance(observer, TracingObserver):
                observer.decided(x, op, limit)


def _attribute(x: PlainNumber, name: str) -> Any:
    """The attribute of its number; a method reads the number when it is called."""
    try:
        attribute = getattr(plain_number(x), name)
    except AttributeError as problem:
        instead = f"write autograd_lite.{name}(x)" if hasattr(functions, name) else "pass a Value"
        raise NoAttributeError(
            f"{problem}; a number is a number in a compiled function, too: {instead}"
        ) from None
    if callable(attribute):
        return lambda *args, **kwargs: getattr(read(x), name)(*args, **kwargs)
    return attribute if name in _OF_ALL_NUMBERS else getattr(read(x), name)


_OF_ALL_NUMBERS = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}

_cls: Any
for _cls in (FloatTracer, IntTracer):
    for _name in dir(Node) + dir(float) + dir(int):
        if _name[0] != "_" and _name != "parents":  # which walks through a graph ask for
            setattr(_cls, _name, property(partial(_attribute, name=_name)))


# ----------------------------------------------------- operations: a node, or the number is read


def _divides(x: Any, y: Any) -> None:
    """y is not 0."""
    _decide(y, "/")


def _raises(x: Any, y: Any) -> None:
    """x ** y is a real number of the type that it has."""
    base, exponent = plain_number(x), plain_number(y)
    if isinstance(base, int) and isinstance(exponent, int):
        _decide(y, ">=")
    if exponent < 0 or exponent % 1 != 0 or isinstance(y, NumberTracer):
        _decide(x, "**")
        if not base > 0:
            _decide(x, "<")
            read(y)


_READ = "float int complex repr str format lshift rshift"
_COMPARED = "lt le gt ge eq ne bool"
_UNARY = "neg pos abs invert round floor ceil trunc"
_BINARY = "add sub mul truediv floordiv mod pow and or xor"
_OF_FLOATS = "neg pos abs add radd sub rsub mul rmul"
"""What the engine does by itself: its node of floats is a float."""

_OF_SIGNED_ZEROS = {"neg", "mul", "mod", "floordiv"}
"""What gives -0.0 for doubles where it gives the int 0, which has no sign."""

# Those of Node itself, as `Node.__or__` is that of all classes, which makes unions of types.
_METHODS = {name: x for cls in Node.__mro__[::-1] for name, x in vars(cls).items()}
_NOT_OF_VALUES: dict[str, Callable[[Node], Node]] = {
    "pos": lambda x: Node.__mul__(x, 1),
    "invert": lambda x: Node.__rsub__(x, -1),
}
_OF_BOOLS: dict[str, tuple[Any, ...]] = {
    "and": ("&",),
    "mul": ("&",),
    "or": ("|",),
    "add": ("|",),
    "xor": ("!=",),
    "invert": ("==", False),
    "abs": ("==", True),
}
"""What gives a bool of bools, as a comparison: with the other operand, or with this one."""

# What decides that Python gives a number, and of which type. NumPy raises no errors.
_DECISIONS = {"truediv": _divides, "floordiv": _divides, "mod": _divides, "pow": _raises}


def _is_operand(x: Any) -> bool:
    """Whether Python knows what it gives for a number and x, so that x need not be asked."""
    known = isinstance(x, PlainNumber) or is_number(x)
    return known or type(x) in engine.NEVER_OPERANDS


def is_exact(x: Any) -> bool:
    """Whether a double holds an operand, if it is an int."""
    return not is_int(x) or abs(plain_number(x)) < LARGEST_INT


def _overflows(name: str, operands: Any) -> bool:
    """Whether Python may raise an OverflowError where a double becomes infinite."""
    if name != "pow" or any(kind_of(x) & kinds.NUMPY for x in operands):
        return False
    exponent = operands[1]
    return isinstance(exponent, NumberTracer) or not 0 <= exponent <= 1


def _is_bool_tracer(x: Any) -> bool:
    return isinstance(x, NumberTracer) and is_bool(x)


def _reading(apply: Callable[..., Any]) -> Callable[..., Any]:
    """A method that reads its operands."""
    return lambda *operands: apply(*map(read, operands))


def _asked(self: PlainNumber) -> bool:
    """The truth of a bool, which is read: a guard on the numbers that were compared."""
    for observer in active():
        observer.read(self)
    return number_of(self) != 0.0


def _computing(name: str, apply: Callable[..., Any], turned: bool = False) -> Callable[..., Any]:
    """A method that makes a node where a program then gives what Python gives, or else reads.

    turned  True if its operands are turned
    """
    rule: Any = _METHODS.get(f"__{'r' * turned}{name}__")
    rule = _NOT_OF_VALUES.get(name, rule)
    decide, of_bools = _DECISIONS.get(name), _OF_BOOLS.get(name)
    n_others = name in _BINARY.split()
    quotient = name == "truediv" and not turned

    def method(self: NumberTracer, *others: Any) -> Any:
        if quotient and type(others[0]) in (float, int) and 0.0 < abs(others[0]) < LARGEST_INT:
            return rule(self, *others)  # at once, as means are computed so
        if not all(map(_is_operand, others)):
            return rule(self, *others) if rule else NotImplemented
        operands = (others[0], self, *others[1:]) if turned else (self, *others)
        try:
            result = apply(*map(plain_number, operands))
        except Exception:  # raised again below
            result = None
        kind = kind_of(result)
        if is_bool(result) and of_bools:
            op, *known = of_bools
            return as_number(engine.compared(self, op, [*others, *known][0], bool(result)), kind)
        if not (rule and kind in _TYPES and len(others) == n_others):
            return apply(*map(read, operands))
        limit = LARGEST_INT if is_int(result) else inf if _overflows(name, operands) else None
        if not (all(map(is_exact, operands)) and (limit is None or abs(result) < limit)):
            return apply(*map(read, operands))
        made = rule(self, *others)
        if is_int(result) and number_of(made) != result:  # NumPy's ints wrap, and divide by 0
            return apply(*map(read, operands))
        if is_int(result) and name in _OF_SIGNED_ZEROS:
            made = Node.__add__(as_number(made, kind), 0.0)
        if decide and not kind & kinds.NUMPY:
            decide(*operands)
        if limit is not None and not any(map(_is_bool_tracer, operands)):
            _decide(made, "<", limit)
            if limit < inf or plain_number(operands[1]) % 2 == 1:
                _decide(made, ">", -limit)
        return as_number(made, kind)

    return method


def _function(name: str) -> Any:
    """What Python calls a method for: round for __round__, operator.add for __add__."""
    spaces = (builtins, name), (math, name), (operator, f"__{name}__")
    return next(getattr(space, x) for space, x in spaces if hasattr(space, x))


for _name in f"{_READ} {_COMPARED} {_UNARY} {_BINARY}".split():
    _apply = _function(_name)
    setattr(PlainNumber, f"__{_name}__", _reading(_apply))
    _turned = _reading(lambda x, y, *modulo, _apply=_apply: _apply(y, x, *modulo))
    if _name in _BINARY.split() or "shift" in _name:
        setattr(PlainNumber, f"__r{_name}__", _turned)
    if _name in _COMPARED.split():
        setattr(NumberTracer, f"__{_name}__", getattr(Node, f"__{_name}__"))
    if _name in f"{_UNARY} {_BINARY}".split():
        setattr(NumberTracer, f"__{_name}__", _computing(_name, _apply))
    if _name in _BINARY.split():
        setattr(NumberTracer, f"__r{_name}__", _computing(_name, _apply, turned=True))
for _name in _OF_FLOATS.split():
    for _cls in (FloatTracer, NumPyFloatTracer):
        setattr(_cls, f"__{_name}__", getattr(Node, f"__{_name}__"))
for _name in dir(float) + dir(int):
    if _name[0] != "_":
        setattr(FormerFloat, _name, property(partial(_attribute, name=_name)))
for _cls in (FormerInt, IntTracer, NumPyIntTracer):
    _cls.__index__ = _reading(operator.index)
for _cls in (BoolTracer, NumPyBoolTracer):
    _cls.__bool__ = _asked
