"""The numbers within arguments as one vector, and the arguments again with other numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

from autograd_lite import Value, tree
from autograd_lite.callables import name_of

# The machine epsilon by the name of a dtype.
PRECISIONS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
DOUBLE = PRECISIONS["float64"]
UNCHECKED = ("float", "bfloat", "longdouble", "complex")  # dtypes that are not in the table


def dtype_of(thing: Any) -> str:
    """The name of an array's dtype, such as float64 for NumPy's and torch.float64; "" of others."""
    if not hasattr(thing, "tolist"):
        return ""
    dtype = getattr(thing, "dtype", "")
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def precision(array: Any) -> float | None:
    """The machine epsilon of an array of floats; None for any other thing."""
    return PRECISIONS.get(dtype_of(array))


class Arguments:
    """The arguments of f, as a vector of the floats, Values and parameters in them.

    names    the name of each number: x[0]['w'], or model.layers[0].weight[1]
    numbers  the numbers that the arguments were given with
    values   the Value that holds each number, or None
    lifted   the Values that stand for floats
    modules  the modules, whose buffers f may change
    epsilon  the coarsest precision that f computes with
    open     the ids of the containers that the current part is within
    lift     True if a float becomes a leaf of its own

    Everything else, such as an int, a bool, a str or an array of ints, stays as it is.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], lift: bool) -> None:
        self.names: list[str] = []
        self.numbers: list[float] = []
        self.values: list[Value | None] = []
        self.lifted: set[Value] = set()
        self.modules: list[Any] = []
        self.epsilon = DOUBLE
        self.open: list[int] = []
        self.lift = lift
        self._places: dict[Value, int] = {}
        if _is_module(f):
            _Part(self, f, name_of(f))
        self.parts = [_Part(self, x, name) for x, name in zip(args, _names(f, args), strict=True)]
        if not self.numbers:
            raise ValueError(
                "check_grad: there are no inputs; give floats, Values, arrays of floats or "
                "modules (an int stays as it is: write 2.0, not 2)"
            )

    def at(self, numbers: Sequence[float]) -> tuple[Any, ...]:
        """The arguments with these numbers in them; Values are changed in place."""
        for value, number in zip(self.values, numbers, strict=True):
            if value is not None and value.data != number:  # a write costs more than a look
                value.data = number
        return tuple(part.make(numbers) for part in self.parts)

    def read(self, gradient: Any) -> list[float]:
        """The numbers of a gradient that somebody computed, in the form of the arguments.

        Raises ValueError naming the argument whose form is another one.
        """
        parts = [part for part in self.parts if part.places]
        numbers = [0.0] * len(self.numbers)
        if len(parts) == 1:
            try:
                parts[0].read(gradient, numbers)
                return numbers
            except ValueError:
                if not (isinstance(gradient, tuple) and len(gradient) == 1):
                    raise
        if not isinstance(gradient, (tuple, list)) or len(gradient) != len(parts):
            raise ValueError(
                f"grad= must give a tuple of {len(parts)} gradients, one for each argument that "
                f"holds floats, not {gradient!r}"
            )
        for part, piece in zip(parts, gradient, strict=True):
            part.read(piece, numbers)
        return numbers

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Give back the numbers and gradients of all Values, and the buffers of modules."""
        grads = [(v, v.grad) for v in self.values if v is not None and v not in self.lifted]
        states = [(m, m.state_dict()) for m in self.modules if hasattr(m, "state_dict")]
        try:
            yield
        finally:
            self.at(self.numbers)
            for value, grad in grads:
                value.grad = grad
            for module, state in states:
                module.load_state_dict(state)

    def computed_in(self, epsilon: float) -> None:
        """Note the precision of an argument, unless Values stand for it, which are doubles."""
        if not self.lift:
            self.epsilon = max(self.epsilon, epsilon)

    def add(self, name: str, number: float, value: Value | None = None) -> int:
        """The place of a number among `numbers`; a Value that was met before keeps its place."""
        if value is not None and value in self._places:
            return self._places[value]
        place = len(self.numbers)
        if value is not None:
            if not value.is_leaf:
                raise ValueError(
                    f"check_grad: {name} was computed by {value._op!r}; give {name}.detach()"
                )
            self._places[value] = place
        self.names.append(name)
        self.numbers.append(number)
        self.values.append(value)
        return place

    def leaf(self, name: str, number: float) -> tuple[int, Value | None]:
        """The place of a float among `numbers`, and with `lift` the leaf that stands for it."""
        value = Value(number) if self.lift else None
        if value is not None:
            self.lifted.add(value)
        return self.add(name, number, value), value


class _Part:
    """One argument, or a part of one.

    places  those of the part's numbers among the numbers of all arguments
    make    the function that gives the part with other numbers
    read    the function that reads the gradient of the part, which has its form, into a list
    """

    def __init__(self, of: Arguments, thing: Any, name: str) -> None:
        self.name = name
        self.places: list[int] = []
        self.make: Callable[[Sequence[float]], Any] = lambda numbers: thing
        self.read: Callable[[Any, list[float]], None] = lambda gradient, into: None
        if isinstance(thing, Value):
            self._cell(of, thing)
        elif isinstance(thing, float) or (isinstance(thing, Real) and precision(thing)):
            self._float(of, thing)
        elif precision(thing):
            self._array(of, thing)
        elif dtype_of(thing) == "object":
            self._object_array(of, thing)
        elif isinstance(thing, complex) or dtype_of(thing).startswith(UNCHECKED):
            raise TypeError(
                f"check_grad: {name} is of the type {dtype_of(thing) or 'complex'}, which cannot "
                "be checked; give it as float64, if it is complex its real and its imaginary part"
            )
        elif isinstance(thing, (list, tuple, dict)):
            self._container(of, thing)
        elif _is_module(thing):
            self._module(of, thing)

    def _cell(self, of: Arguments, value: Value) -> None:
        self.places = [of.add(self.name, value.data, value)]
        self.read = self._read_number

    def _float(self, of: Arguments, number: Any) -> None:
        of.computed_in(precision(number) or DOUBLE)
        place, value = of.leaf(self.name, float(number))
        cls = type(number)
        self.places = [place]
        self.make = lambda numbers: cls(numbers[place]) if value is None else value
        self.read = self._read_number

    def _read_number(self, gradient: Any, into: list[float]) -> None:
        if hasattr(gradient, "tolist") and not isinstance(gradient, float):
            gradient = gradient.tolist()
        gradient = gradient.data if isinstance(gradient, Value) else gradient
        if not isinstance(gradient, (int, float)):
            raise ValueError(f"grad= must give a number for {self.name}, not {gradient!r}")
        into[self.places[0]] = float(gradient)

    def _array(self, of: Arguments, array: Any) -> None:
        numbers, shape = elements(array.tolist()), tuple(array.shape)
        leaves = [
            of.leaf(f"{self.name}{index}", number)
            for index, number in zip(tree.array_paths(shape), numbers, strict=True)
        ]
        self.places = [place for place, _ in leaves]
        self.read = self._read_array(shape, self.places)
        if of.lift:
            if type(array).__module__.partition(".")[0] != "numpy":
                raise TypeError(
                    f"check_grad: {self.name} is a {type(array).__name__}, in which no Value can "
                    "be; give grad=, the function that computes its gradient"
                )
            values = [value for _, value in leaves]
            made = _object_array(values, shape) if shape else values[0]
            self.make = lambda numbers: made
        else:
            of.computed_in(PRECISIONS[dtype_of(array)])
            self.make = lambda numbers: _array_like(
                array, _nested([numbers[place] for place in self.places], shape)
            )

    def _read_array(
        self, shape: tuple[int, ...], places: Sequence[int | None]
    ) -> Callable[[Any, list[float]], None]:
        """Reads a gradient of this shape; an element at no place is no input."""

        def read(gradient: Any, into: list[float]) -> None:
            if gradient is None:
                return
            given = getattr(gradient, "shape", None)
            if given is None or tuple(given) != shape:
                wrong = repr(gradient) if given is None else f"one of the shape {tuple(given)}"
                raise ValueError(
                    f"grad= must give {self.name} an array of the shape {shape}, not {wrong}"
                )
            for place, number in zip(places, elements(gradient.tolist()), strict=True):
                if place is not None:
                    into[place] = float(number)

        return read

    def _object_array(self, of: Arguments, array: Any) -> None:
        shape = tuple(array.shape)
        parts = [
            _Part(of, thing, f"{self.name}{index}")
            for index, thing in zip(tree.array_paths(shape), array.ravel(), strict=True)
        ]
        self.places = [place for part in parts for place in part.places]
        self.make = lambda numbers: _object_array([part.make(numbers) for part in parts], shape)
        self.read = self._read_array(
            shape, [part.places[0] if part.places else None for part in parts]
        )

    def _container(self, of: Arguments, thing: Any) -> None:
        if id(thing) in of.open:
            raise ValueError(f"check_grad: {self.name} holds itself; give it without the cycle")
        of.open.append(id(thing))
        parts = [_Part(of, x, f"{self.name}{path}") for path, x in tree.items(thing)]
        of.open.pop()
        self.places = [place for part in parts for place in part.places]
        self.make = lambda numbers: tree.rebuild(thing, [part.make(numbers) for part in parts])

        def read(gradient: Any, into: list[float]) -> None:
            if gradient is None:
                return
            if hasattr(gradient, "tolist"):
                gradient = gradient.tolist()
            if isinstance(thing, dict):
                right = isinstance(gradient, dict) and gradient.keys() == thing.keys()
                form = f"a dict of {', '.join(map(repr, thing))}"
            else:
                right = isinstance(gradient, (list, tuple)) and len(gradient) == len(thing)
                form = f"a {type(thing).__name__} of {len(thing)}"
            if not right:
                raise ValueError(f"grad= must give {self.name} {form}, not {gradient!r}")
            pieces = [gradient[key] for key in thing] if isinstance(thing, dict) else gradient
            for part, piece in zip(parts, pieces, strict=True):
                if part.places:
                    part.read(piece, into)

        self.read = read

    def _module(self, of: Arguments, module: Any) -> None:
        of.modules.append(module)
        parts = []
        for name, parameter in module.named_parameters():
            if not isinstance(parameter, Value):
                raise TypeError(
                    f"check_grad: the parameters of {self.name} are of type "
                    f"{type(parameter).__name__}, not Values; make them arguments of f and give "
                    "grad="
                )
            parts.append(_Part(of, parameter, f"{self.name}.{name}"))
        self.places = [place for part in parts for place in part.places]

        def read(gradient: Any, into: list[float]) -> None:
            gradient = list(gradient.values()) if isinstance(gradient, dict) else list(gradient)
            if len(gradient) != len(parts):
                raise ValueError(
                    f"grad= must give {self.name} {len(parts)} gradients, one for each parameter, "
                    f"not {len(gradient)}"
                )
            for part, number in zip(parts, gradient, strict=True):
                part.read(number, into)

        self.read = read


def _is_module(thing: Any) -> bool:
    return callable(getattr(thing, "named_parameters", None)) and not isinstance(thing, type)


def _names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The names of f's parameters, for one that takes any number with their place."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # written in C
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    return [*names, *(f"{rest}[{i}]" for i in range(len(args) - len(names)))][: len(args)]


def elements(nested: Any) -> list[Any]:
    """The elements of an array that is given as nested lists, row by row."""
    return [x for row in nested for x in elements(row)] if isinstance(nested, list) else [nested]


def _nested(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """The nested lists of an array of this shape that has these elements."""
    if not shape:
        return numbers[0]
    n = len(numbers) // shape[0] if shape[0] else 0
    return [_nested(numbers[i * n : (i + 1) * n], shape[1:]) for i in range(shape[0])]


def _array_like(array: Any, numbers: Any) -> Any:
    """An array of the same library, type and place."""
    if hasattr(array, "new_tensor"):  # PyTorch
        return array.new_tensor(numbers)
    if hasattr(array, "__array_namespace__"):  # the array API standard: JAX, CuPy, NumPy 2
        return array.__array_namespace__().asarray(numbers, dtype=array.dtype)
    import numpy

    return numpy.asarray(numbers, dtype=array.dtype)


def _object_array(things: list[Any], shape: tuple[int, ...]) -> Any:
    import numpy

    array = numpy.empty(len(things), dtype=object)
    array[:] = things
    return array.reshape(shape)
