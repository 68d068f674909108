"""The numbers within arguments as one vector, and the arguments again with other numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd_lite import Value

# The machine epsilon by the end of a dtype's name: "float64", "torch.float32", "dtype('<f8')".
PRECISIONS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
DOUBLE = PRECISIONS["float64"]


def precision(array: Any) -> float | None:
    """The machine epsilon of an array of floats; None for any other thing."""
    dtype = str(getattr(array, "dtype", "")).rpartition(".")[2]
    return PRECISIONS.get(dtype) if hasattr(array, "tolist") else None


def is_object_array(thing: Any) -> bool:
    return str(getattr(thing, "dtype", "")) == "object" and hasattr(thing, "tolist")


class Arguments:
    """The arguments of f, as a vector of the floats, Values and parameters in them.

    names    what each number is called: x[0]["w"], or model.layers[0].weight[1]
    numbers  what they are at first
    values   the Value that holds each number, or None
    lifted   those of the Values that stand for floats
    epsilon  the coarsest precision among them

    Everything else, such as an int, a bool, a str or an array of ints, stays as it is. With `lift`
    a float becomes a leaf of its own.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], lift: bool) -> None:
        self.names: list[str] = []
        self.numbers: list[float] = []
        self.values: list[Value | None] = []
        self.lifted: set[Value] = set()
        self.modules: list[Any] = []
        self.epsilon = DOUBLE
        self.open: list[int] = []  # the ids of the containers that the current part is within
        self._lift = lift
        self._places: dict[Value, int] = {}
        self.function = _Part(self, f, _name_of(f)) if _is_module(f) else None
        self.parts = [_Part(self, x, name) for x, name in zip(args, _names(f, args), strict=True)]
        if not self.numbers:
            raise ValueError(
                "check_grad: nothing to differentiate by; give floats, Values, arrays of floats or "
                "modules (an int stays as it is: write 2.0, not 2)"
            )

    def at(self, numbers: Sequence[float]) -> tuple[Any, ...]:
        """The arguments with these numbers in them; Values are changed in place."""
        if self.function is not None:
            self.function.make(numbers)
        return tuple(part.make(numbers) for part in self.parts)

    def read(self, gradient: Any) -> list[float]:
        """The numbers of somebody's gradient, which has the form of the arguments.

        Raises ValueError where it has not, naming the argument.
        """
        parts = [part for part in self.parts if part.places]
        if len(parts) == 1 and not (isinstance(gradient, tuple) and len(gradient) == 1):
            gradient = (gradient,)
        if not isinstance(gradient, (tuple, list)) or len(gradient) != len(parts):
            raise ValueError(
                f"grad= must give a tuple of {len(parts)} gradients, one for each argument that "
                f"holds floats, not {gradient!r}"
            )
        numbers = [0.0] * len(self.numbers)
        for part, piece in zip(parts, gradient, strict=True):
            part.read(piece, numbers)
        return numbers

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Give back the numbers and gradients of all Values, and the buffers of modules."""
        grads = [(v, v.grad) for v in self.values if v is not None and v not in self.lifted]
        states = [module.state_dict() for module in self.modules if hasattr(module, "state_dict")]
        try:
            yield
        finally:
            self.at(self.numbers)
            for value, grad in grads:
                value.grad = grad
            for module, state in zip(self.modules, states, strict=False):
                module.load_state_dict(state)

    def add(self, name: str, number: float, value: Value | None = None) -> int:
        """The place of a number; of a Value that was met before, the place it has."""
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
        """The place of a float, and the leaf that stands for it if there are to be leaves."""
        value = Value(number) if self._lift else None
        if value is not None:
            self.lifted.add(value)
        return self.add(name, number, value), value


class _Part:
    """One argument or what is within it: `make` it anew, `read` a gradient of its form."""

    def __init__(self, of: Arguments, thing: Any, name: str) -> None:
        self.name, self.places = name, []
        self.make: Callable[[Sequence[float]], Any] = lambda numbers: thing
        self.read: Callable[[Any, list[float]], None] = lambda gradient, into: None
        if isinstance(thing, Value):
            self._cell(of, thing)
        elif isinstance(thing, float):
            self._float(of, thing)
        elif precision(thing):
            self._array(of, thing)
        elif is_object_array(thing):
            self._object_array(of, thing)
        elif isinstance(thing, (list, tuple, dict)):
            self._container(of, thing)
        elif _is_module(thing):
            self._module(of, thing)

    places: list[int]

    def _cell(self, of: Arguments, value: Value) -> None:
        self.places = [of.add(self.name, value.data, value)]
        (place,) = self.places

        def make(numbers: Sequence[float]) -> Value:
            value.data = numbers[place]
            return value

        self.make, self.read = make, self._read_number

    def _float(self, of: Arguments, number: float) -> None:
        place, value = of.leaf(self.name, float(number))
        if value is not None:
            self._cell(of, value)
            return
        kind = type(number)
        self.places = [place]
        self.make, self.read = lambda numbers: kind(numbers[place]), self._read_number

    def _read_number(self, gradient: Any, into: list[float]) -> None:
        if hasattr(gradient, "tolist") and not isinstance(gradient, float):
            gradient = gradient.tolist()
        gradient = gradient.data if isinstance(gradient, Value) else gradient
        if not isinstance(gradient, (int, float)):
            raise ValueError(f"grad= must give a number for {self.name}, not {gradient!r}")
        into[self.places[0]] = float(gradient)

    def _array(self, of: Arguments, array: Any) -> None:
        of.epsilon = max(of.epsilon, precision(array) or 0.0)
        numbers, shape = _flat(array.tolist()), tuple(array.shape)
        places = [
            of.leaf(f"{self.name}{index}", number)
            for index, number in zip(_indices(shape), numbers, strict=True)
        ]
        self.places = [place for place, _ in places]

        def make(numbers: Sequence[float]) -> Any:
            return _array_like(array, _nested([numbers[place] for place in self.places], shape))

        def make_values(numbers: Sequence[float]) -> Any:
            for place, value in places:
                value.data = numbers[place]  # type: ignore[union-attr]
            return values

        self.make, self.read = make, self._read_array(shape)
        if places and places[0][1] is not None:
            if type(array).__module__.partition(".")[0] != "numpy":
                raise TypeError(
                    f"check_grad: {self.name} is a {type(array).__name__}, in which no Value can "
                    "be; give grad=, the function that computes its gradient"
                )
            values = _object_array([value for _, value in places], shape)
            self.make = make_values

    def _read_array(self, shape: tuple[int, ...]) -> Callable[[Any, list[float]], None]:
        def read(gradient: Any, into: list[float]) -> None:
            given = tuple(getattr(gradient, "shape", ())) if gradient is not None else shape
            if given != shape:
                raise ValueError(
                    f"grad= gave {self.name} a gradient of the shape {given}, not {shape}"
                )
            numbers = [0.0] * len(self.places) if gradient is None else _flat(gradient.tolist())
            for place, number in zip(self.places, numbers, strict=True):
                into[place] = float(number)

        return read

    def _object_array(self, of: Arguments, array: Any) -> None:
        shape = tuple(array.shape)
        parts = [
            _Part(of, thing, f"{self.name}{index}")
            for index, thing in zip(_indices(shape), array.ravel(), strict=True)
        ]
        self.places = [place for part in parts for place in part.places]
        self.make = lambda numbers: _object_array([part.make(numbers) for part in parts], shape)
        self.read = self._read_array(shape)

    def _container(self, of: Arguments, thing: Any) -> None:
        if id(thing) in of.open:
            raise ValueError(f"check_grad: {self.name} holds itself; give it without the cycle")
        of.open.append(id(thing))
        keys = list(thing) if isinstance(thing, dict) else range(len(thing))
        parts = {key: _Part(of, thing[key], f"{self.name}[{key!r}]") for key in keys}
        of.open.pop()
        self.places = [place for part in parts.values() for place in part.places]

        def make(numbers: Sequence[float]) -> Any:
            made = {key: part.make(numbers) for key, part in parts.items()}
            if isinstance(thing, dict):
                return made
            if hasattr(thing, "_fields"):  # a namedtuple
                return type(thing)(*made.values())
            return tuple(made.values()) if isinstance(thing, tuple) else list(made.values())

        def read(gradient: Any, into: list[float]) -> None:
            if gradient is None:
                return
            if hasattr(gradient, "tolist"):
                gradient = gradient.tolist()
            wrong = not isinstance(gradient, dict if isinstance(thing, dict) else (list, tuple))
            if wrong or len(gradient) != len(thing):
                raise ValueError(
                    f"grad= must give {self.name} a {type(thing).__name__} of {len(thing)}, "
                    f"not {gradient!r}"
                )
            for key, part in parts.items():
                if part.places:
                    part.read(gradient[key], into)

        self.make, self.read = make, read

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

        def make(numbers: Sequence[float]) -> Any:
            for part in parts:
                part.make(numbers)
            return module

        def read(gradient: Any, into: list[float]) -> None:
            gradient = list(gradient.values()) if isinstance(gradient, dict) else list(gradient)
            if len(gradient) != len(parts):
                raise ValueError(
                    f"grad= must give {self.name} {len(parts)} gradients, one for each parameter, "
                    f"not {len(gradient)}"
                )
            for part, number in zip(parts, gradient, strict=True):
                part.read(number, into)

        self.make, self.read = make, read


def _is_module(thing: Any) -> bool:
    return callable(getattr(thing, "named_parameters", None)) and not isinstance(thing, type)


def _name_of(f: Any) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


def _names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The names of f's parameters, for one that takes any number with their place."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # written in C
        parameters = []
    names = []
    for i in range(len(args)):
        parameter = parameters[min(i, len(parameters) - 1)] if parameters else None
        if parameter is None or parameter.kind is parameter.VAR_POSITIONAL:
            first = len(parameters) - 1 if parameter else 0
            names.append(f"{parameter.name if parameter else 'args'}[{i - first}]")
        else:
            names.append(parameter.name)
    return names


def _flat(nested: Any) -> list[Any]:
    return [x for row in nested for x in _flat(row)] if isinstance(nested, list) else [nested]


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    n = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[i * n : (i + 1) * n], shape[1:]) for i in range(shape[0])]


def _indices(shape: tuple[int, ...]) -> Iterator[str]:
    """How each element of an array is read: [0, 1]."""
    import itertools

    for index in itertools.product(*map(range, shape)):
        yield f"[{', '.join(map(str, index))}]" if index else ""


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


# --------------------------------------------------------------------------------- results


def outputs_of(result: Any, name: str) -> list[tuple[str, Any]]:
    """(name, number or Value) of each number in what f returned.

    Raises TypeError for what is neither a number nor a list, tuple, dict or array of numbers.
    """
    if isinstance(result, Value):
        return [(name, result)]
    if isinstance(result, dict):
        return [o for key, x in result.items() for o in outputs_of(x, f"{name}[{key!r}]")]
    if isinstance(result, (list, tuple)):
        return [o for i, x in enumerate(result) for o in outputs_of(x, f"{name}[{i}]")]
    if hasattr(result, "tolist") and hasattr(result, "dtype"):
        numbers, shape = _flat(result.tolist()), tuple(result.shape)
        return [
            o
            for index, x in zip(_indices(shape), numbers, strict=True)
            for o in outputs_of(x, f"{name}{index}")
        ]
    if isinstance(result, (int, float)):
        return [(name, float(result))]
    raise TypeError(f"check_grad: {name} must be a number or an array of them, not {result!r}")


def precision_of(result: Any) -> float:
    """The coarsest precision of the arrays in what f returned."""
    things = list(result.values()) if isinstance(result, dict) else result
    if isinstance(things, (list, tuple)):
        return max(map(precision_of, things), default=DOUBLE)
    return precision(things) or DOUBLE
