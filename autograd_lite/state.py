"""State: numbers of an object, besides Values, that a compiled function reads and writes anew at
each call, such as the learning rate of an optimiser.
"""

from __future__ import annotations

from autograd_lite import observers
from autograd_lite.value import blocks_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

__all__ = ["State", "names_of_state", "state_of"]


class State:
    """An attribute that is a number, or an `array` of doubles, and state.

    It stands in the object's `__dict__` under its own name, where `state_of` finds it faster.
    """

    def __set_name__(self, cls: type, name: str) -> None:
        self._name = name

    def __get__(self, thing: Any, cls: type | None = None) -> Any:
        if thing is None:
            return self
        try:
            return state_of(thing)[self._name]
        except KeyError:
            name = type(thing).__name__
            raise AttributeError(f"{name!r} object has no attribute {self._name!r}") from None

    def __set__(self, thing: Any, number: Any) -> None:
        state_of(thing)[self._name] = number


def state_of(thing: Any) -> MutableMapping[str, Any]:
    """The attributes of an object by name; in a recording, what stands for its state."""
    if blocks_open():
        for observer in observers.active():
            state: Any = observer.state(thing)
            if state is not None:
                return state  # type: ignore[no-any-return]
    attributes: dict[str, Any] = vars(thing)
    return attributes


def names_of_state(cls: type) -> set[str]:
    """The names of the attributes of objects of a class that are state."""
    return {name for base in cls.__mro__ for name, x in vars(base).items() if type(x) is State}
