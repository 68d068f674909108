"""A call of a compiled function, while programs are tried for it."""

from __future__ import annotations

from autograd_lite.compiler.record.flatten import FlatArguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from autograd_lite.compiler.record.guards import Guard

__all__ = ["Call"]


class Call:
    """One call of a function.

    signature     the `Signature` of such calls
    flat          its arguments, taken apart
    args, kwargs  its arguments
    drawn         the random numbers that every program for it begins with: those drawn before the
                  decision that turned out otherwise, as the function would have drawn them
    failed        the guard of that decision, or None
    called        how many of its callbacks have been made, in a recording that failed then
    raises        True if the function itself must be called, as it may raise an error
    result        what it gives, once that is known
    """

    drawn: Sequence[float] = ()
    failed: Guard | None = None
    called = 0
    raises = False
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

    def turned(self, guard: Guard, drawn: Sequence[float]) -> None:
        """A program's decision turned out otherwise, and these numbers had been drawn for it."""
        self.failed = guard
        if guard.draws > len(self.drawn):
            self.drawn = drawn[: guard.draws]
