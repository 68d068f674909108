"""A call of a compiled function, while programs are tried for it."""

from __future__ import annotations

from autograd_lite.compiler.record.flatten import FlatArguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd_lite.compiler.record.guards import Guard
    from autograd_lite.compiler.record.ledger import Ledger

__all__ = ["Call"]


class Call:
    """One call of a function.

    signature     the `Signature` of such calls
    flat          its arguments, taken apart
    args, kwargs  its arguments
    drawn         the random numbers that have been drawn for it, in a program or a recording that
                  was not the one, and the functions that gave them: one that has none, or None, is
                  any function's
    failed        the guard of a program that did not hold, or None
    called        how many of its callbacks have been made, in a recording that failed then
    raises        True if the function itself must be called, as it may raise an error
    waits         True if the next recording is to be made by a thread that has the lock of steps
    ledger        what its recording read and wrote of state, or None
    missing       the error that a number has not an attribute that a Value has, or None
    result        what it gives, once that is known
    """

    drawn: tuple[Sequence[Any], Sequence[Any]] = (), ()
    failed: Guard | None = None
    called = 0
    raises = waits = False
    ledger: Ledger | None = None
    missing: Exception | None = None
    result: Any = None

    def __init__(
        self,
        signature: Any,
        flat: FlatArguments,
        args: Iterable[Any],
        kwargs: dict[str, Any],
    ) -> None:
        self.signature, self.flat, self.args, self.kwargs = signature, flat, args, kwargs

    def begun_as(self, other: Call) -> Call:
        """The call itself, which goes on where another one has failed."""
        self.drawn, self.called = other.drawn, other.called
        return self

    def example(self) -> Call:
        """A call with the same numbers, which keeps nothing alive."""
        flat = FlatArguments()
        flat.shape, flat.statics = self.flat.shape, self.flat.statics
        flat.floats, flat.integers = self.flat.floats, self.flat.integers
        return Call(None, flat, (), {}).begun_as(self)

    def turned(self, n: int, drawn: Sequence[Any], by: Sequence[Callable[[], float]]) -> None:
        """A program is not the one for the call, and these numbers have been drawn for it.

        The first n are the function's, too; those after them are if it draws likewise.
        """
        numbers, functions = (x[len(drawn) :] for x in self.drawn)
        self.drawn = [*drawn, *numbers], [*[None] * n, *by[n:], *functions]

    def all_drawn(self, drawn: Sequence[Any]) -> None:
        """The random numbers of the call are these."""
        self.drawn = drawn, ()

    def draw(
        self, i: int, function: Callable[[], float], new: Callable[[Any], Any] = lambda f: f()
    ) -> Any:
        """Random number i of the call: the one that was drawn for it, or new(function)."""
        numbers, functions = self.drawn
        known = i < len(numbers) and (i >= len(functions) or functions[i] in (None, function))
        return numbers[i] if known else new(function)
