"""Tracers: Values that stand for the numbers of a call while it is recorded.

`flatten` takes arguments apart; `Tracers` puts others like them together, with a tracer in place of
each number. A tracer of a plain number does what the number does: what a program can do anew makes
a node, which is a tracer again, and everything else reads the number, which is a guard. Of what a
tracer of a Value cannot know, such as which Value it stands for, it tells the observer.
"""

from __future__ import annotations

import inspect
import math
import operator
from itertools import repeat
from math import prod

import numpy as np

import autograd_lite.kinds as kinds
import autograd_lite.value as engine
from autograd_lite import functions
from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.record import tokens
from autograd_lite.compiler.record.arrays import TracerArray
from autograd_lite.compiler.record.flatten import Identity
from autograd_lite.observers import Observer, active
from autograd_lite.tree import children, from_fields
from autograd_lite.value import Value, is_number, is_plain_number, number_kind, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = [
    "NotRecordedError",
    "NumberTracer",
    "TracerError",
    "Tracers",
    "TracingObserver",
    "ValueTracer",
    "end",
    "is_int",
    "number_type",
    "plain_number",
    "retire",
    "tracer_of",
]

LARGEST_INT = 2**53
"""The integers below it are doubles."""


class NotRecordedError(Exception):
    """The function cannot be recorded; the message says why, and what to write instead."""


class TracerError(NotRecordedError):
    """The function must be given its arguments themselves: it changes them, or asks for them."""


class TracingObserver(Observer):
    """An observer of a call on tracers."""

    traces = True

    def misled(self, why_not: str) -> None:
        """A tracer gave another answer than the Value that it stands for."""
        raise NotImplementedError


# ----------------------------------------------------------------------- tracers of plain numbers

_set_class = vars(object)["__class__"].__set__


class NumberTracer(Value):
    """Stands for a plain number that was passed, drawn, or computed of such numbers alone.

    _type  the type of that number, which `isinstance` is told
    """

    __slots__ = ()
    _type: type = float

    @property
    def __class__(self) -> Any:
        return number_type(self)

    @__class__.setter
    def __class__(self, cls: type) -> None:
        _set_class(self, cls)

    def __hash__(self) -> int:
        number = _read(self)
        return hash(number) if number == number else object.__hash__(self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self)._type, (_read(self),)


class PythonTracer(NumberTracer):
    """Stands for a number of Python's: it has what such a number has, and no more."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        """np.exp(x), np.add(x, y): of NumPy's floats, as NumPy computes them."""
        apply = getattr(ufunc, method)
        try:
            return apply(*map(_in_numpy, operands), **options)
        except TypeError:  # such as np.isnan, which takes no objects
            return apply(*map(_read, operands), **options)


class FloatTracer(PythonTracer):
    """Stands for a float."""

    __slots__ = ()


class IntTracer(PythonTracer):
    """Stands for an int. `take` reads it anew at each call; as an index it is read, a guard."""

    __slots__ = ()
    _type: type = int


class NumPyTracer(NumberTracer):
    """Stands for a number of NumPy's, such as an element of an array.

    It has the methods of a Value, too: on an array of objects, np.exp calls x.exp().
    """

    __slots__ = ()

    def item(self) -> Any:
        """What stands for the number in Python: of a bool another tracer, as NumPy's is no bool."""
        if number_kind(self) & kinds.FLOAT != kinds.BOOL:
            return self
        return engine.as_number(Value.__pow__(self, 1.0), kinds.BOOL)

    tolist = item

    def __getattr__(self, name: str) -> Any:
        if name[0] != "_" and hasattr(type(self)._type, name):
            return _attribute_of(self, name)
        raise AttributeError(f"{type(self)._type.__name__!r} object has no attribute {name!r}")


class NumPyFloatTracer(NumPyTracer):
    """Stands for a float64."""

    __slots__ = ()
    _type = np.float64


class NumPyIntTracer(NumPyTracer):
    """Stands for an integer of NumPy's, as an int64."""

    __slots__ = ()
    _type: type = np.int64


_CLASSES: dict[int, Any] = {
    kinds.INT: IntTracer,
    kinds.FLOAT: FloatTracer,
    kinds.NUMPY | kinds.INT: NumPyIntTracer,
    kinds.NUMPY | kinds.FLOAT: NumPyFloatTracer,
}
_KINDS: dict[type, int] = {bool: kinds.BOOL, np.bool_: kinds.NUMPY | kinds.BOOL}
_KINDS |= {np.dtype(x).type: kinds.NUMPY | kinds.FLOAT for x in np.typecodes["Float"]}
_KINDS |= {np.dtype(x).type: kinds.NUMPY | kinds.INT for x in np.typecodes["AllInteger"]}
_KINDS |= {int: kinds.INT, float: kinds.FLOAT}
engine.kinds_by_type = _KINDS


def number_type(node: Value) -> Any:
    """The type of the plain number that a node stands for; None for another Value."""
    kind = number_kind(node)
    return _CLASSES[kind]._type if kind else None


def plain_number(x: Value | float) -> Any:
    """The number of a Value, of the type that a tracer stands for; a number as it is."""
    return (number_type(x) or float)(number_of(x)) if isinstance(x, Value) else x


def is_int(node: Value) -> bool:
    """True if a node stands for an integer."""
    return number_kind(node) & kinds.FLOAT == kinds.INT


def is_bool(node: Value) -> bool:
    """True if a node stands for a bool."""
    return number_kind(node) & kinds.FLOAT == kinds.BOOL


def tracer_of(number: Any) -> Value:
    """What stands for a number that was drawn."""
    return _leaf(_KINDS.get(type(number), kinds.FLOAT), float(number))


def bool_of(x: Value, y: Any, outcome: bool) -> Value:
    """What stands for the outcome of a comparison, as the type of bool that Python gives."""
    kind = number_kind(x)
    if kind and not kind & kinds.NUMPY:  # Python asks a number of NumPy's first
        kind = number_kind(y) if isinstance(y, Value) else _KINDS.get(type(y), kinds.FLOAT)
    return _leaf(kinds.BOOL | kind & kinds.NUMPY, float(outcome))


def _leaf(kind: int, number: float) -> Value:
    return engine.number_node(kind, kinds.LEAF, 0, None, None, number, 0.0, 0.0, None)


def _number(x: Any) -> Any:
    """The number that a tracer stands for; other things as they are. The recording holds for other
    numbers, too, unless it is read.
    """
    return number_type(x)(number_of(x)) if isinstance(x, NumberTracer) else x


def _read(x: Any) -> Any:
    """The same, read: a guard."""
    if isinstance(x, NumberTracer):
        for observer in active():
            observer.read(x)
    return _number(x)


def _in_numpy(x: Any) -> Any:
    """A tracer as an array without axes, of a tracer of the same number in NumPy."""
    if not isinstance(x, NumberTracer):
        return x
    array = np.empty((), object).view(TracerArray)
    array[()] = engine.as_number(Value.__pow__(x, 1.0), number_kind(x) | kinds.NUMPY)
    return array


def _kind_made(apply: Callable[..., Any], *operands: Any) -> int:
    """The kind of number that Python gives; 0 if a program cannot give such a number anew."""
    try:
        result = apply(*map(_number, operands))
    except Exception:
        return kinds.NO_NUMBER
    kind = _KINDS.get(type(result), kinds.NO_NUMBER)
    too_large = kind & kinds.FLOAT == kinds.INT and abs(result) >= LARGEST_INT
    return kinds.NO_NUMBER if too_large or kind not in _CLASSES else kind


def _reading(apply: Callable[..., Any]) -> Callable[..., Any]:
    """A method that reads its operands."""
    return lambda *operands: apply(*map(_read, operands))


def _rounding(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """A method that rounds to an int."""
    of_value = getattr(Value, name)

    def method(self: NumberTracer, *digits: Any) -> Any:
        kind = _kind_made(apply, self) if digits in ((), (None,)) else kinds.NO_NUMBER
        if kind == kinds.NO_NUMBER:
            return apply(_read(self), *digits)
        return engine.as_number(of_value(self), kind)

    return method


def _arithmetic(
    name: str, apply: Callable[..., Any], decide: Callable[[Any, Any], None] | None
) -> Callable[..., Any]:
    """A method that raises what Python raises for the numbers, and gives a number of its type.

    decide  has guards made, without which Python may raise an error, or give another type
    """
    of_value = getattr(Value, name)

    def method(self: NumberTracer, other: Any, *modulo: Any) -> Any:
        traced = isinstance(other, NumberTracer)
        if not (traced or is_number(other) or type(other) in engine.NEVER_OPERANDS):
            return of_value(self, other)
        kind = kinds.NO_NUMBER if modulo else _kind_made(apply, self, other)
        if kind == kinds.NO_NUMBER or kind & kinds.FLOAT == kinds.BOOL:
            return apply(*map(_read, (self, other, *modulo)))
        if decide is not None:
            decide(self, other)
        made = engine.as_number(of_value(self, other), kind)
        if is_int(made) and not (is_bool(self) or (traced and is_bool(other))):
            _stays_exact(made)
        return made

    return method


def _stays_exact(made: Value) -> None:
    """Have guards that a computed int is one that a double holds."""
    bool(engine.compared(made, "<", LARGEST_INT, True))
    bool(engine.compared(made, ">", -LARGEST_INT, True))


def _reflected(apply: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y, *modulo: apply(y, x, *modulo)


def _divides(x: Any, y: Any) -> None:
    """y is not 0."""
    _decide(y, "/")


def _raises(x: Any, y: Any) -> None:
    """x ** y is a real number of the type that it has."""
    base, exponent = _number(x), _number(y)
    if isinstance(base, int) and isinstance(exponent, int):
        _decide(y, ">=")
    if exponent < 0 or exponent % 1 != 0 or isinstance(y, NumberTracer):
        _decide(x, ">")
        if not base > 0:
            _decide(x, "<")
            _read(y)


def _decide(x: Any, op: str) -> None:
    """Have x op 0 as a guard, if x stands for a number of Python's."""
    if isinstance(x, PythonTracer):
        number = number_of(x)
        outcome = {"/": number == 0, ">": number > 0, ">=": number >= 0, "<": number < 0}[op]
        bool(engine.compared(x, op, 0.0, outcome))


def _attribute_of(x: NumberTracer, name: str) -> Any:
    """The attribute of its number; a method reads the number when it is called."""
    attribute = getattr(_number(x), name)
    if callable(attribute):
        return lambda *args, **kwargs: getattr(_read(x), name)(*args, **kwargs)
    return attribute if name in _OF_ALL_NUMBERS else getattr(_read(x), name)


def _attribute(cls: Any, name: str) -> property:
    """What a number has, or that it lacks what a Value has."""

    def look(self: NumberTracer) -> Any:
        if hasattr(cls._type, name):
            return _attribute_of(self, name)
        instead = f"write autograd_lite.{name}(x)" if hasattr(functions, name) else "pass a Value"
        raise AttributeError(
            f"{cls._type.__name__!r} object has no attribute {name!r}; a number is a number in a "
            f"compiled function, too: {instead}"
        )

    return property(look)


_INTS: list[Any] = [IntTracer, NumPyIntTracer]
_OF_ALL_NUMBERS = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
_CONVERSIONS: dict[str, Any] = {
    "__float__": float,
    "__int__": int,
    "__complex__": complex,
    "__repr__": repr,
    "__str__": str,
    "__format__": format,
}
_ROUNDING: dict[str, Any] = {
    "__round__": round,
    "__floor__": math.floor,
    "__ceil__": math.ceil,
    "__trunc__": math.trunc,
}
_OPERATORS: dict[str, tuple[Any, Any]] = {
    "truediv": (operator.truediv, _divides),
    "floordiv": (operator.floordiv, _divides),
    "mod": (operator.mod, _divides),
    "pow": (pow, _raises),
}
_INT_OPERATORS: dict[str, tuple[Any, Any]] = {  # ints could become too large, or repeat a list
    "add": (operator.add, None),
    "sub": (operator.sub, None),
    "mul": (operator.mul, None),
}
_COMPARISONS: dict[str, Any] = {
    "__lt__": operator.lt,
    "__le__": operator.le,
    "__gt__": operator.gt,
    "__ge__": operator.ge,
    "__eq__": operator.eq,
    "__ne__": operator.ne,
}
_UNARY: dict[str, Any] = {
    "__neg__": operator.neg,
    "__pos__": operator.pos,
    "__abs__": abs,
    "__bool__": bool,
    "__invert__": operator.invert,
}
_INT_UNARY: dict[str, Any] = {"__index__": operator.index, "__invert__": operator.invert}
_BITS: dict[str, tuple[Any, Any]] = {
    "and": (operator.and_, None),
    "or": (operator.or_, None),
    "xor": (operator.xor, None),
    "lshift": (operator.lshift, None),
    "rshift": (operator.rshift, None),
}

for _name, _apply in _CONVERSIONS.items():
    setattr(NumberTracer, _name, _reading(_apply))
for _name, _apply in _ROUNDING.items():
    setattr(NumberTracer, _name, _rounding(_name, _apply))
for _cls, _operators in [
    (NumberTracer, _OPERATORS),
    *[(_cls, _INT_OPERATORS) for _cls in _INTS],
]:
    for _name, (_apply, _decides) in _operators.items():
        _plain, _turned = f"__{_name}__", f"__r{_name}__"
        setattr(_cls, _plain, _arithmetic(_plain, _apply, _decides))
        _reflected_decides = _decides and _reflected(_decides)
        setattr(_cls, _turned, _arithmetic(_turned, _reflected(_apply), _reflected_decides))
for _cls in _INTS:
    for _name, (_apply, _) in _BITS.items():
        setattr(_cls, f"__{_name}__", _reading(_apply))
        setattr(_cls, f"__r{_name}__", _reading(_reflected(_apply)))
    for _name, _apply in _INT_UNARY.items():
        setattr(_cls, _name, _reading(_apply))
for _cls in (FloatTracer, IntTracer):
    for _name in {*dir(Value), *dir(_cls._type)}:
        if _name[0] != "_" and _name != "parents":  # which walks through a graph ask for
            setattr(_cls, _name, _attribute(_cls, _name))


# ------------------------------------------------------------------------------ tracers of bools


def _logic(op: str, apply: Callable[..., Any], otherwise: str = "") -> Callable[..., Any]:
    """A method of bools that commutes: a bool of two bools, as the comparison op has it.

    otherwise  the method of ints for other operands; "" to read the operands
    """

    def method(self: IntTracer, other: Any) -> Any:
        kind = number_kind(other) if isinstance(other, Value) else _KINDS.get(type(other), 0)
        if kind & kinds.FLOAT == kinds.BOOL:
            result = apply(_number(self), _number(other))
            holds = engine.compared(self, op, other, bool(result))
            return engine.as_number(holds, _KINDS[type(result)])
        if otherwise:
            return getattr(super(type(self), self), otherwise)(other)
        return apply(_read(self), _read(other))

    return method


def _asked(self: IntTracer) -> bool:
    """The truth of a bool, which is read: a guard on the numbers that were compared."""
    for observer in active():
        observer.read(self)
    return number_of(self) != 0.0


class BoolTracer(IntTracer):
    """Stands for a bool, such as what a comparison gives. Where it is computed with, it is 0 or 1;
    where Python asks for its truth, it is read, a guard.
    """

    __slots__ = ()
    _type = bool

    __bool__ = _asked
    __and__ = __rand__ = _logic("&", operator.and_)
    __or__ = __ror__ = _logic("|", operator.or_)
    __xor__ = __rxor__ = _logic("!=", operator.xor)

    def __invert__(self) -> Any:
        return -1 - self

    def __neg__(self) -> Any:
        return engine.as_number(Value.__neg__(self), kinds.INT)

    def __pos__(self) -> Any:
        return self * 1

    __abs__ = __pos__


class NumPyBoolTracer(NumPyIntTracer):
    """Stands for a bool of NumPy's, of which two are added and multiplied as logic has it."""

    __slots__ = ()
    _type = np.bool_

    __bool__ = _asked
    __and__ = __rand__ = _logic("&", operator.and_)
    __or__ = __ror__ = _logic("|", operator.or_)
    __xor__ = __rxor__ = _logic("!=", operator.xor)
    __mul__ = _logic("&", operator.mul, "__mul__")
    __rmul__ = _logic("&", operator.mul, "__rmul__")
    __add__ = _logic("|", operator.add, "__add__")
    __radd__ = _logic("|", operator.add, "__radd__")
    __neg__ = _reading(operator.neg)
    __pos__ = _reading(operator.pos)

    def __abs__(self) -> Any:
        return self

    def __invert__(self) -> Any:
        return self == False  # noqa: E712


_CLASSES |= {kinds.BOOL: BoolTracer, kinds.NUMPY | kinds.BOOL: NumPyBoolTracer}
engine.tracers = [_CLASSES.get(kind) for kind in range(2 * kinds.NUMPY)]


# ---------------------------------------------------------------------------- tracers of Values


class ValueTracer(Value):
    """Stands for a Value that was passed to the function. It cannot say which one that is."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value) and other is not self and not is_plain_number(other):
            _cannot_say("compares")
        return Value.__eq__(self, other)

    def __hash__(self) -> int:
        _cannot_say("looks up")
        return Value.__hash__(self)

    @property
    def label(self) -> str:
        _cannot_say("asks for the label of")
        return ""

    @label.setter
    def label(self, name: str) -> None:
        _cannot_say("labels")


def _cannot_say(does: str) -> None:
    for observer in active():
        if isinstance(observer, TracingObserver):
            observer.misled(
                said(
                    f"it {does} a Value that it is passed, and each call may pass another one",
                    "Pass a flag that says which one it is",
                    user_line(),
                )
            )


class FormerTracer(Value):
    """A tracer after the call: a node like any other, which the compiler's tables know by its
    identity.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return NotImplemented if is_plain_number(self) else Value.__eq__(self, other)

    __hash__ = Value.__hash__


class FormerNumber(NumberTracer):
    """A tracer of a plain number after the call: what holds it has that number."""

    __slots__ = ()


for _name, _apply in {**_CONVERSIONS, **_ROUNDING, **_COMPARISONS, **_UNARY}.items():
    setattr(FormerNumber, _name, _reading(_apply))
for _name, (_apply, _) in {**_OPERATORS, **_INT_OPERATORS, **_BITS}.items():
    setattr(FormerNumber, f"__{_name}__", _reading(_apply))
    setattr(FormerNumber, f"__r{_name}__", _reading(_reflected(_apply)))


_TRACERS = {ValueTracer, *_CLASSES.values()}


def end(nodes: Iterable[Value]) -> list[Value]:
    """The call is over: the compiler's tables may have the tracers among the nodes as keys.

    Gives those that stand for plain numbers.
    """
    tracers = [x for x in nodes if type(x) in _TRACERS]
    numbers = [x for x in tracers if number_kind(x)]
    for tracer in tracers:
        _set_class(tracer, FormerTracer)
    return numbers


def retire(numbers: Iterable[Value]) -> None:
    """Leave the plain numbers of a recording, which something may hold, without their parents."""
    for node in numbers:
        engine.forget_parents(node)
        _set_class(node, FormerNumber)


class Tracers:
    """The arguments of a call put together again, with tracers in the places of their numbers.

    arguments     the tracers, in the order of the floats
    indices       the tracers of integers, in the order of the integers
    names         {slots of numbers: the parameter of the function that holds them}
    static_names  [statics] the parameter that holds each, or ""
    """

    def __init__(self, flat: FlatArguments) -> None:
        self._tokens, self._statics, self._n_statics = iter(flat.shape), iter(flat.statics), 0
        self._numbers = flat.floats
        self._containers: list[tuple[Any, list[Any]]] = []
        self.arguments: list[Value] = []
        self.indices: list[Value] = []
        self.names: dict[range, str] = {}
        self.static_names: list[str] = []

    def call(self, function: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with which to call the function, by position and by keyword."""
        names = _positional(function)
        _, n = next(self._tokens), next(self._tokens)
        args = [self._named(next(names)) for _ in range(n)]
        _, n = next(self._tokens), next(self._tokens)
        keys = [self.next() for _ in range(n)]
        self.static_names += [""] * n
        return args, {key: self._named(key) for key in keys}

    def _named(self, name: str) -> Any:
        start = len(self.arguments)
        thing = self.next()
        self.names[range(start, len(self.arguments))] = name
        self.static_names += [name] * (self._n_statics - len(self.static_names))
        return thing

    def next(self) -> Any:
        """The thing that the next tokens stand for."""
        token = next(self._tokens)
        if token in _SINGLE:
            return self._tracer(token)
        if token == tokens.STATIC:
            self._n_statics += 1
            cls, thing = next(self._statics)
            if cls is np.ndarray:  # of bools
                shape, bits = thing
                return self._noted(np.frombuffer(bits, bool).reshape(shape).copy())
            return thing.thing if isinstance(thing, Identity) else thing
        if token in (tokens.FLOATS, tokens.INTEGERS, tokens.BOOLS, tokens.OBJECTS):
            return self._noted(self._array(token))
        n = next(self._tokens)
        cls = self.next() if token == tokens.NAMED else None
        keys = [self.next() for _ in range(n)] if token == tokens.DICT else []
        elements = [self.next() for _ in range(n)]
        if token == tokens.DICT:
            return self._noted(dict(zip(keys, elements, strict=True)))
        if token == tokens.LIST:
            return self._noted(elements)
        if cls is None:
            return tuple(elements)
        if issubclass(cls, tuple):
            return cls._make(elements)
        return self._noted(from_fields(cls, elements))

    def check(self) -> None:
        """Raise TracerError if the call has changed a container."""
        for container, held in self._containers:
            found = _elements(container)
            if len(found) != len(held) or any(x is not y for x, y in zip(found, held, strict=True)):
                raise TracerError(
                    said(
                        f"it changes an argument, a {type(container).__name__}, which a program "
                        "would not",
                        "Return what is new instead",
                    )
                )

    def _noted(self, container: Any) -> Any:
        self._containers.append((container, _elements(container)))
        return container

    def _tracer(self, token: int) -> Value:
        number, kind = self._numbers[len(self.arguments)], _NUMBERS[token]
        tracer = _leaf(kind, number) if kind else ValueTracer(number)
        self.arguments.append(tracer)
        if is_int(tracer):
            self.indices.append(tracer)
        return tracer

    def _array(self, token: int) -> Any:
        shape = [next(self._tokens) for _ in range(next(self._tokens))]
        if token != tokens.OBJECTS and not shape:
            return self._tracer(token)
        array = np.empty(prod(shape), object)
        for i in range(len(array)):
            array[i] = self.next() if token == tokens.OBJECTS else self._tracer(token)
        return array.reshape(shape).view(TracerArray)


_SINGLE = tokens.VALUE, tokens.FLOAT, tokens.INT, tokens.INTEGER, tokens.BOOL

# The kind of number, by the token of it or of an array of such.
_NUMBERS = {
    tokens.VALUE: kinds.NO_NUMBER,
    tokens.FLOAT: kinds.FLOAT,
    tokens.INT: kinds.INT,
    tokens.INTEGER: kinds.NUMPY | kinds.INT,
    tokens.FLOATS: kinds.NUMPY | kinds.FLOAT,
    tokens.INTEGERS: kinds.NUMPY | kinds.INT,
    tokens.BOOL: kinds.BOOL,
    tokens.BOOLS: kinds.NUMPY | kinds.BOOL,
}


def _positional(function: Callable[..., Any]) -> Iterator[str]:
    """The names of the parameters that are passed by position, and "x" where they are unknown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it does not tell
        parameters = {}.values()
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            yield from repeat(parameter.name)
        yield parameter.name
    yield from repeat("x")


def _elements(container: Any) -> list[Any]:
    """All that may be changed in a container: numbers of an array and keys of a dict, too."""
    if isinstance(container, np.ndarray):
        return list(container.ravel())
    return [*children(container), *(container if isinstance(container, dict) else ())]
