"""`checkpoint`: a function whose nodes are made again in the backward pass, and not kept."""

from __future__ import annotations

from functools import partial, wraps

from autograd_lite import functions, observers
from autograd_lite.block import Block
from autograd_lite.callables import name_of
from autograd_lite.leaves import leaves, number, put, with_values
from autograd_lite.pullback import Graph, by_operand
from autograd_lite.reading import Reading, gradient
from autograd_lite.value import Node, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose nodes are not kept: they are made again when a gradient is taken.

    f  function that gives numbers and Values, or containers of them. It is called again in the
       backward pass, so that it must give the same again. Of its arguments, and containers of them,
       the Values are replaced by others; all else, such as an int or a name, is passed as it is

    As `jax.checkpoint`, for a chain of long functions: its memory is that of the longest, and its
    time one more forward pass. Values that f reads besides are parameters. In a compiled function
    it is f itself.

    Raises RuntimeError, in the backward pass, if f gives other numbers there.
    """

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if observers.tracing():
            return f(*args, **kwargs)
        return _Checkpoint(wraps(f)(partial(f, **kwargs)) if kwargs else f, args)()

    return checkpointed


class _Checkpoint:
    """One call of a function whose nodes are made again."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._f, self._args, self._name = f, args, f"checkpoint: {name_of(f)}"
        self._given: list[Value] = []
        with_values(args, self._note)

    def _note(self, x: Value) -> Value:
        self._given.append(x)
        return x

    def __call__(self) -> Any:
        watch = Reading()
        form, plain = observers.unobserved(self._watched, watch)
        numbers = [number(x) for x in watch.results]
        captured = watch.captured()
        block = Block(
            self._name,
            lambda given: (numbers, (given, numbers)),
            self._pullback,
            partial(self._backward, captured),
            captured,
        )
        made = iter(block([*self._given, *captured]))
        return put(form, [next(made) if x is None else x for x in plain])

    def _watched(self, watch: Reading) -> tuple[Any, list[Any]]:
        """The form of what f gives, and the plain numbers in it, with None for each Value."""
        with observers.observe(watch):
            result, watch.results = self._called([Value(number(x)) for x in self._given])
        plain = [None if isinstance(x, Node) else x for x in leaves(result, self._name)]
        return put(result, [0.0] * len(plain)), plain

    def _called(self, operands: Sequence[Any]) -> tuple[Any, list[Any]]:
        """What f gives with these in the places of the Values, and the Values in it."""
        each = iter(operands)
        result = self._f(*with_values(self._args, lambda _: next(each)))
        return result, [y for y in leaves(result, self._name) if isinstance(y, Node)]

    def _backward(
        self, captured: list[Value], kept: tuple[list[float], list[float]], cotangents: list[float]
    ) -> list[float]:
        given, before = kept
        xs = [Value(x) for x in given[: len(self._given)]]
        _, outputs = self._called(xs)
        self._check(before, outputs)
        pairs = zip(outputs, cotangents, strict=True)
        # A cotangent of 0 sends nothing, even through an infinite partial.
        terms = [y * g for y, g in pairs if g != 0.0]
        return gradient(functions.sum(terms), [*xs, *captured]) if terms else [0.0] * len(given)

    def _check(self, before: list[float], outputs: list[Any]) -> None:
        after = [number(y) for y in outputs]
        if len(after) != len(before):
            raise RuntimeError(f"{self._name} gave {len(before)} Values, and then {len(after)}")
        for x, y in zip(before, after, strict=True):
            if x != y and not (x != x and y != y):
                raise RuntimeError(
                    f"{self._name} gave {x!r}, and {y!r} when it was called again for the "
                    "gradient. Draw random numbers before it, and change parameters after "
                    "backward()"
                )

    def _pullback(
        self, operands: Sequence[Any], results: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Any]:
        _, outputs = self._called(operands[: len(self._given)])
        self._check([number(y) for y in results], outputs)
        inputs: list[Any] = [x for x in operands if isinstance(x, Node)]
        return by_operand(Graph(outputs, inputs).pullback(cotangents), operands)
