"""Ints that move: which arguments have ints that are read anew at each call, as floats are.

At an argument's second value its ints become data, since a third one is to be expected.
They stay what they were where nothing is gained: where a recording fails on what stands for them,
or asks what each of them is, as `range(k)` and `xs[i]` do.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from autograd_lite.compiler.record.flatten import FlatArguments, flatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autograd_lite.compiler.record.guards import Guard
    from autograd_lite.compiler.record.recorder import Recording

__all__ = ["MovingInts"]

MAX_SEEN = 64
"""The ints of so many arguments of other shapes are remembered."""


class MovingInts:
    """The arguments of a function whose ints are data, each by its place or its keyword.

    names     these arguments
    still     {argument whose ints are not: the decision that asked for one of them, or None}
    variants  {shape of a call: how many of its kind were recorded, each with other such ints}
    """

    def __init__(self) -> None:
        self.names: frozenset[Any] = frozenset()
        self.still: dict[Any, Guard | None] = {}
        self.variants: Counter[bytes] = Counter()
        self._seen: OrderedDict[Any, list[float]] = OrderedDict()

    def learn(self, arguments: Mapping[Any, Any]) -> bool:
        """True if the ints of one more argument move, as they differ from those of an earlier call.

        To be told of the arguments of each call whose signature is new.
        """
        moved = {key for key, thing in arguments.items() if self._differs(key, thing)}
        if moved:
            self.names |= moved
        return bool(moved)

    def _differs(self, key: Any, thing: Any) -> bool:
        if key in self.names or key in self.still:
            return False
        flat = FlatArguments(moving=True)
        flatten(thing, flat)
        ints = [flat.floats[i] for i in flat.ints]
        key = key, flat.shape.tobytes()
        earlier = self._seen.pop(key, ints)
        if ints:
            self._seen[key] = ints
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)
        return ints != earlier

    def stop(self, flat: FlatArguments) -> bool:
        """Have the ints in these arguments move no more; False if none did."""
        self._keep_still({key: None for key, _ in flat.owners})
        return bool(flat.owners)

    def read(self, flat: FlatArguments, recording: Recording) -> bool:
        """True if a recording asked what each int of an argument is; they move no more."""
        if not flat.owners:
            return False
        asked: dict[int, Guard] = {}
        slots = {id(tracer): slot for tracer, slot in recording.arguments.items()}
        for x, y, guard in recording.guards:
            slot = slots.get(id(x), -1)
            known = guard.op == "is" or (guard.op == "==" and guard.outcome)
            if known and slot >= 0 and type(y) is float:
                asked.setdefault(slot, guard)
        still = {key: asked[ints[0]] for key, ints in flat.owners if asked.keys() >= {*ints}}
        self._keep_still(still)
        return bool(still)

    def recorded(self, flat: FlatArguments) -> None:
        """Note that there is a program for a call of this shape."""
        if self.still:
            self.variants[flat.shape.tobytes()] += 1

    def _keep_still(self, still: Mapping[Any, Guard | None]) -> None:
        self.still |= still
        if still:
            self.names -= still.keys()
