"""The ledger of a recording: what state a recorded call reads and writes, and its old numbers.

State are the numbers and gradients of Values that were there before the call, and what objects
have as `State`. What is read for the first time is a leaf; what is written is a node, which is read
from then on. The call has its effects as it runs, but they can be undone.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import autograd_lite.kinds as kinds
from autograd_lite.anomaly import user_line
from autograd_lite.compiler.messages import said
from autograd_lite.compiler.places import Places, grads_of, hold, let_go, set_grads
from autograd_lite.compiler.record.numbers import (
    NumberTracer,
    is_exact,
    kind_of,
    number_type,
    plain_number,
)
from autograd_lite.compiler.record.tracers import NotRecordedError, ValueTracer
from autograd_lite.fields import choice_of, number_leaf
from autograd_lite.observers import Observer, in_transform, unobserved
from autograd_lite.plain import number_kind
from autograd_lite.pullback import ancestors
from autograd_lite.value import Node, Value, grad_enabled, gradient, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

__all__ = ["Ledger", "TracedArray", "Write"]

_is_leaf: Any = Node.is_leaf.__get__
_is_constant: Any = Value.is_constant.__get__
_rule_of: Any = Value.rule.__get__
_block_of: Any = Value._block.__get__
_symbol_of: Any = Value._op.__get__


class Write(NamedTuple):
    """The data of a Value became the number of a node, after so many nodes had been made."""

    made: int
    value: Value
    node: Node


class Ledger:
    """What a recorded call reads and writes of state.

    made    the nodes of the recording, which grow
    note    notes of a leaf by what it is computed, and from which nodes
    refuse  is told why the recording cannot be replayed
    now     {id of a Value: the node that has its number}, of those whose data were written
    writes  each write of data, in order
    passes  each call of `backward()`, in order
    locked  True if it has the lock of steps
    waits   True if it has not, and needs it: the call is to be recorded by a thread that has it
    passed  ids of the Values that the call is passed
    """

    def __init__(
        self, made: list[Node], note: Callable[..., Node], refuse: Callable[[str], None]
    ) -> None:
        self._made, self._note, self._give_up = made, note, refuse
        self.passed: set[int] = set()
        self.now: dict[int, Node] = {}
        self.writes: list[Write] = []
        self._grads: dict[int, Node | float] = {}  # of those that were read or written
        # Of those that the call made: what was set last, and how many passes had been before.
        self._set: dict[int, tuple[Any, int]] = {}
        self._states: dict[int, TracedState] = {}
        self._read: list[tuple[Node, Value]] = []  # leaf of an old gradient, and whose it is
        self._data_before: dict[int, tuple[Value, float]] = {}
        self._grad_before: dict[int, tuple[Value, float]] = {}
        self.passes: list[Pass] = []
        self._own, self._seen = set[int](), 0  # ids of the first nodes of the recording
        self._enabled = grad_enabled()  # before the recording makes nodes within no_grad, too
        self.locked = self.waits = False

    @property
    def writes_state(self) -> bool:
        """True if the call has written anything."""
        changed = any(state.before for state in self._states.values())
        return changed or bool(self._data_before or self._grad_before)

    # ------------------------------------------------------------------------- of Values

    def data(self, node: Node) -> Node:
        """What stands for the number of a Value."""
        now = self.now.get(id(node), node)
        return now if number_kind(now) == kinds.FLOAT else self._plain(now)

    def gradient(self, node: Node) -> Node | None:
        """What stands for the gradient of a Value; None if it is known."""
        found: Any
        if self._is_own(node):
            found = self._of_passes(node)
        elif id(node) in self._grads:
            found = self._grads[id(node)]
        else:
            self._refuse_argument(node, "reads .grad of")
            (old,) = grads_of((node,))  # type: ignore[arg-type]
            found = self._grads[id(node)] = number_leaf(kinds.FLOAT, old)
            self._read.append((found, node))  # type: ignore[arg-type]
        if not isinstance(found, Node):
            return number_leaf(kinds.FLOAT, found)  # type: ignore[no-any-return]
        return found if number_kind(found) == kinds.FLOAT else self._plain(found)

    def write(self, node: Node, what: str, number: Any) -> None:
        """The data or the gradient of a Value is about to become this number."""
        self._refuse_argument(node, f"sets .{what} of")
        own = self._is_own(node)
        if what == "grad":
            if own:
                self._set[id(node)] = number, len(self.passes)
            else:
                self._keep_grad(node)
                self._grads[id(node)] = number
            return
        if own:
            self._refuse("it sets .data of a Value that it made", "Make another Value instead")
        if in_transform.get():
            self._refuse("it sets .data within a function that is differentiated", "Set it outside")
        if id(node) in self.passed:  # for which a tracer stands, with the old number
            self._refuse("it sets .data of a Value that it is passed", "Pass its .data")
        self._lock()
        self._data_before.setdefault(id(node), (node, number_of(node)))  # type: ignore[arg-type]
        new = number if isinstance(number, Node) else number_leaf(kinds.FLOAT, number)
        self.now[id(node)] = new
        self.writes.append(Write(len(self._made), node, new))  # type: ignore[arg-type]

    def backward(self, root: Any) -> None:
        """Add the cotangents of a pass to the gradients of the leaves.

        The numbers are those of the engine's own pass; the tape has it as further nodes.
        """
        if not self._enabled:
            self._refuse(
                "it calls backward() where it is called within no_grad", "Leave that block"
            )
        meeting = Meeting(self._check)
        if _is_leaf(root):
            meeting.leaves.append(root)
        else:
            unobserved(gradient, root, (), (meeting,))
        # Those that an expression made, and plain numbers, have no gradient that anybody reads.
        leaves = [x for x in meeting.leaves if not _is_constant(x) and not number_kind(x)]
        for x in leaves:
            self._refuse_argument(x, "calls backward(), which adds to .grad of")
        outside = [x for x in leaves if not self._is_own(x)]
        this = Pass(len(self._made), root, meeting.leaves)
        self.passes.append(this)
        new: list[float] = []
        for x in outside:
            self._keep_grad(x)
        for x, g in zip(outside, this.cotangents(outside), strict=True):
            old: Any = self._grads.get(id(x))
            if old is None:
                old = self.gradient(x)
            total = old + g if isinstance(old, Node) or old != 0.0 else g
            self._grads[id(x)] = total
            new.append(number_of(total))
        set_grads(tuple(outside), new)

    def _check(self, node: Node) -> None:
        """Refuse a pass through a node that was made before the call, or by hand."""
        if not self._is_own(node):
            self._refuse(
                "it calls backward() through what was computed before it",
                "Compute it in the function",
            )
        if _rule_of(node) is None and _block_of(node) is None and not choice_of(node):
            self._refuse(
                f"it calls backward() through {_symbol_of(node) or 'a node'}, made by hand",
                "Write it with @operation",
            )

    def _plain(self, node: Node) -> Node:
        """A plain number that is that of a node, and through which no gradient flows."""
        return self._note(number_leaf(kinds.FLOAT, number_of(node)), "detach", node)

    def _of_passes(self, node: Any) -> Any:
        """The gradient of a node that the call made."""
        if _symbol_of(node) == "**1":  # which is no node of the tape
            self._refuse("it reads .grad of a copy", "Read that of what was copied")
        found, n = self._set.get(id(node), (0.0, 0))
        for each in self.passes[n:]:
            if id(node) in each.met:
                found = found + each.cotangents([node])[0]
            elif not _is_leaf(node) and any(x is node for x in ancestors([each.root], ())):
                (found,) = each.cotangents([node])
        return found

    def _is_own(self, node: Node) -> bool:
        """True if the call made the node."""
        if self._seen < len(self._made):
            self._own.update(map(id, self._made[self._seen :]))
            self._seen = len(self._made)
        return id(node) in self._own

    def _keep_grad(self, node: Any) -> None:
        if id(node) not in self._grad_before:
            self._lock()
            (old,) = grads_of((node,))
            self._grad_before[id(node)] = node, old

    def _refuse_argument(self, node: Node, does: str) -> None:
        if isinstance(node, ValueTracer):
            self._refuse(
                f"it {does} a Value that it is passed",
                "Name it in the function rather than pass it, or pass its .data",
            )

    def _refuse(self, what: str, instead: str) -> None:
        text = said(what, instead, user_line())
        self._give_up(text)
        raise NotRecordedError(text)

    # ------------------------------------------------------------------------ of objects

    def state(self, thing: Any) -> TracedState:
        """What stands for the state of an object."""
        if id(thing) not in self._states:
            self._states[id(thing)] = TracedState(thing, self._lock, self._refuse)
        return self._states[id(thing)]

    # ---------------------------------------------------------------------- after the call

    def read_leaves(self) -> list[Node]:
        """The leaves of old numbers, in the order of `read_places`: Values that were set, too."""
        arrays = [x for state in self._states.values() for _, x in state.arrays_read()]
        numbers = [x for state in self._states.values() for _, x in state.numbers_read()]
        values = [value for value, _ in self._data_before.values()]
        return [
            *values,
            *[leaf for leaf, _ in self._read],
            *[x for xs in arrays for x in xs],
            *numbers,
        ]

    def read_places(self) -> Places:
        """The places of the old numbers that the call has read, or set, but for Values that are
        only read.
        """
        states = self._states.values()
        return Places(
            [value for value, _ in self._data_before.values()],
            [value for _, value in self._read],
            [(s.thing, name, len(x)) for s in states for name, x in s.arrays_read()],
            [(s.thing, name, number_type(x)) for s in states for name, x in s.numbers_read()],
        )

    def written(self) -> list[Node | float]:
        """The new numbers, in the order of `written_places`."""
        found: list[Any] = [self.now[i] for i in self._data_before]
        found += [self._grads[i] for i in self._grad_before]
        for state in self._states.values():
            found += [x for name in state.before if name in state.arrays for x in state.now[name]]
        for state in self._states.values():
            found += [state.now[name] for name in state.before if name not in state.arrays]
        return found

    def written_places(self, old: bool = False) -> Places:
        """The places that the call has written, for numbers of the new types or of the old ones."""
        states = self._states.values()
        return Places(
            [value for value, _ in self._data_before.values()],
            [value for value, _ in self._grad_before.values()],
            [(s.thing, k, len(s.now[k])) for s in states for k in s.before if k in s.arrays],
            [
                (s.thing, k, type(plain_number(s.before[k] if old else s.now[k])))
                for s in states
                for k in s.before
                if k not in s.arrays
            ],
        )

    def undo(self) -> None:
        """Give all places that the call has written their old numbers."""
        numbers = [old for _, old in self._data_before.values()]
        numbers += [old for _, old in self._grad_before.values()]
        states = self._states.values()
        numbers += [x for s in states for k in s.before if k in s.arrays for x in s.before[k]]
        numbers += [float(s.before[k]) for s in states for k in s.before if k not in s.arrays]
        self.written_places(old=True).write(array("d", numbers))

    def _lock(self) -> None:
        if not (self.locked or hold(self)):
            self.waits = True  # but not here: who has it may wait for this recording
            text = "another thread takes a step"
            self._give_up(text)
            raise NotRecordedError(text)

    def close(self) -> None:
        """Let other threads step, and forget the passes and whom to tell: in cycles the graph
        would stay until the collector comes.
        """
        let_go(self)
        self.passes.clear()
        self._note = self._give_up = _is_over
        for state in self._states.values():
            state.close()


def _is_over(*_: object) -> Any:
    raise RuntimeError("this recording is over")


class Pass:
    """One call of `backward()`.

    made   how many nodes there were
    root   the node on which it was called
    met    the ids of the leaves that it came to
    wants  (leaf that stands for it, node) of each cotangent that was asked for
    """

    def __init__(self, made: int, root: Any, leaves: Iterable[Node]) -> None:
        self.made, self.root, self.met = made, root, {id(x) for x in leaves}
        self.wants: list[tuple[Node, Any]] = []

    def cotangents(self, nodes: Sequence[Any]) -> list[Node]:
        """What stands for the cotangents of nodes."""
        numbers, _ = unobserved(gradient, self.root, tuple(nodes), ())
        found = [number_leaf(kinds.FLOAT, number) for number in numbers]
        self.wants += zip(found, nodes, strict=True)
        return found


class Meeting(Observer):
    """Watches a pass of the engine: which leaves it comes to, and by which nodes.

    leaves  the leaves
    """

    def __init__(self, check: Callable[[Node], None]) -> None:
        self._check = check
        self.leaves: list[Any] = []

    def sends(self, node: Node, root: Node) -> None:
        self._check(node)

    def received(self, leaf: Node, grad: float, root: Node) -> None:
        self.leaves.append(leaf)


class TracedState:
    """Stands for the attributes of an object that are state.

    before  {name: its old number, or a copy of the old array} of those that were written
    now     {name: a number, what stands for one, or a `TracedArray`}
    """

    def __init__(
        self, thing: Any, lock: Callable[[], None], refuse: Callable[[str, str], None]
    ) -> None:
        self.thing, self._lock, self._refuse = thing, lock, refuse
        self.before: dict[str, Any] = {}
        self.now: dict[str, Any] = {}
        self.arrays: dict[str, TracedArray] = {}
        self._leaves: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.now:
            held = vars(self.thing)[name]
            if type(held) is array and held.typecode == "d":
                self.now[name] = TracedArray(held, lambda: self._keep(name, held))
                self.arrays[name] = self.now[name]
            elif kind_of(held) and is_exact(held):
                self.now[name] = self._leaves[name] = number_leaf(kind_of(held), float(held))
            else:
                self._refuse(
                    f"it reads the state {name!r} of a {type(self.thing).__name__}, "
                    f"a {type(held).__name__}",
                    "Set it to a number",
                )
        return self.now[name]

    def __setitem__(self, name: str, number: Any) -> None:
        held = vars(self.thing).get(name)
        if name not in vars(self.thing):
            self._refuse(
                f"it makes a new {type(self.thing).__name__}, whose {name!r} is state",
                "Make it outside",
            )
        if name in self.arrays or not (kind_of(number) and kind_of(held)):
            self._refuse(
                f"it replaces the state {name!r} of a {type(self.thing).__name__}", "Do it outside"
            )
        self._keep(name, held)
        self.now[name] = number
        vars(self.thing)[name] = plain_number(number)

    def _keep(self, name: str, held: Any) -> None:
        if name not in self.before:
            self._lock()
            self.before[name] = held[:] if name in self.arrays else held

    def close(self) -> None:
        """Forget whom to tell."""
        self._lock = self._refuse = _is_over
        for traced in self.arrays.values():
            traced.keep = _is_over

    def arrays_read(self) -> Iterator[tuple[str, list[Node]]]:
        """(name, leaves) of the arrays of which numbers were read."""
        for name, traced in self.arrays.items():
            if traced.leaves:
                yield name, traced.leaves

    def numbers_read(self) -> Iterator[tuple[str, Node]]:
        """(name, leaf) of the numbers that were read."""
        return iter(self._leaves.items())


class TracedArray:
    """Stands for an array of doubles.

    leaves  those of its old numbers, once one of them is read
    keep    is called before one of them is changed
    """

    def __init__(self, held: array[float], keep: Callable[[], None]) -> None:
        self._held, self.keep = held, keep
        self._now: list[Any] = []
        self.leaves: list[Node] = []

    def _all(self) -> list[Any]:
        if not self.leaves:
            self.leaves = [number_leaf(kinds.FLOAT, x) for x in self._held]
            self._now = [*self.leaves]
        return self._now

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __getitem__(self, i: Any) -> Any:
        return self._all()[i]

    def __setitem__(self, i: int, x: Any) -> None:
        now = self._all()
        self.keep()
        self._held[i] = number_of(x) if isinstance(x, NumberTracer) else x
        now[i] = x
