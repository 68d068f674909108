"""A block: an operation that gives several numbers at once, computed by anything.

Its results are nodes of one parent, the hub, in which they meet, and whose parents are the
operands. A pass comes to the hub when every result has its cotangent. A call of a compiled function
is one too. `block.pxd` gives the functions here their C types.
"""

from __future__ import annotations

from array import array

import autograd_lite.extra as extra
import autograd_lite.fields as fields
import autograd_lite.kinds as kinds
import autograd_lite.memory as memory
import autograd_lite.plain as plain
import autograd_lite.value as engine
from autograd_lite import observers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, TypeAlias

    from autograd_lite.value import Operand, Value

    Pullback: TypeAlias = Callable[
        [Sequence[Operand], Sequence[Operand], Sequence[Operand]], Sequence[Operand]
    ]

    Pushing: TypeAlias = tuple["Block", list[Any], list[int]]

    class Pulled(Protocol):
        """A block, or the run of a program: what has a pullback."""

        @property
        def pullback(self) -> Pullback: ...


__all__ = ["Block", "Call", "nodes_of_call"]


class Block:
    """(y1, ..., ym) = f(x1, ..., xn), with the pullback of f: a solve, a root, or a loop.

    name      the name of the operation
    forward   function of the operands' numbers, [n] floats, that gives those of the results, [m]
              floats, and whatever `backward` is to be given
    pullback  function of operands, results and the results' cotangents that gives the operands'
              cotangents; written in Values, so that they have derivatives again
    backward  function of what forward kept and the results' cotangents, [m] floats, that gives the
              operands', [n] floats; None for pullback, called with floats
    captured  the last operands, which the functions may read as the Values that they are

    None of them may read another Value, or any number that changes: forward is called again in a
    compiled function, with other numbers. An operand without a derivative has the cotangent 0.
    """

    __slots__ = ("backward", "captured", "forward", "name", "pullback")

    def __init__(
        self,
        name: str,
        forward: Callable[[Any], tuple[Sequence[float], Any]],
        pullback: Pullback,
        backward: Callable[[Any, Any], Sequence[float]] | None = None,
        captured: Sequence[Value] = (),
    ) -> None:
        self.name, self.forward, self.pullback, self.backward = name, forward, pullback, backward
        self.captured = tuple(captured)

    def __repr__(self) -> str:
        return f"<Block {self.name}>"

    @property
    def kind(self) -> Any:
        """What is equal of blocks that can run together; None for one that runs alone."""
        return None

    def together(self, count: int) -> tuple[Block, int]:
        """So many blocks of this kind as one, the operands of each to the results of each; and how
        many results each has.
        """
        raise NotImplementedError

    @property
    def pushes(self) -> bool:
        """True if it has `pushing`; of other blocks only the pullback is known."""
        return False

    def pushing(self, operands: Sequence[Any], tangents: Sequence[Any], zero: Any) -> Pushing:
        """What gives the tangents of the results: a block, its operands, and where among its
        results they are.

        operands  Values and numbers, or what stands for them
        tangents  those of the operands; None for one that is always 0
        zero      what stands for 0
        """
        raise NotImplementedError

    def run(self, numbers: Sequence[float]) -> tuple[array[float], Any]:
        """The results' numbers, and what `send` is to be given; no observer is told."""
        given = list(numbers)
        found, kept = observers.unobserved(self.forward, given)
        results = [engine.real(y, f"{self.name}: a result") for y in found]
        return array("d", results), kept if self.backward else (given, results)

    def send(self, kept: Any, cotangents: Sequence[float], n: int) -> array[float]:
        """The cotangents of the n operands, from what `run` kept and the results' cotangents."""
        if not any(cotangents):  # and these stay 0
            return array("d", bytes(8 * n))
        if self.backward is not None:
            found = observers.unobserved(self.backward, kept, list(cotangents))
        else:
            found = observers.unobserved(self.pullback, *kept, list(cotangents))
        sent = [engine.real(g, f"{self.name}: a cotangent") for g in found]
        if len(sent) != n:
            raise ValueError(f"{self.name}: {n} operands, but its pullback gives {len(sent)}")
        return array("d", sent)

    def __call__(self, operands: Iterable[Operand]) -> list[Any]:
        """The results: nodes if an operand is a Value, else floats."""
        xs = tuple(operands)
        numbers = [
            engine.number_of(x)
            if isinstance(x, engine.Node)
            else engine.real(x, f"{self.name}: an operand")
            for x in xs
        ]
        results, kept = self.run(numbers)
        are_values = [isinstance(x, engine.Node) for x in xs]
        parents: Any = tuple([x for x in xs if isinstance(x, engine.Node)])
        if not parents:
            return results.tolist()

        def gradient(cotangents: list[float]) -> array[float]:
            sent = self.send(kept, cotangents, len(xs))
            if len(parents) == len(xs):
                return sent
            return array("d", [g for g, is_value in zip(sent, are_values, strict=True) if is_value])

        leaves_all = are_leaves(parents)
        return nodes_of_call(self.name, parents, leaves_all, results, gradient, self, xs)


class Call:
    """What the results of one call of a block share.

    In a pass each result leaves its cotangent here. Then, in the hub, the block's own pullback
    turns them into those of the operands, all at once.

    numbers     [results] the numbers of the results
    cotangents  [results] those that the results have left
    gradient    function of the results' cotangents that gives those of the hub's parents
    block       the block; None for a compiled function's program
    operands    the operands: the hub's parents, and plain numbers
    """

    __slots__ = ("block", "cotangents", "gradient", "numbers", "operands")

    of_block = True

    def __init__(
        self,
        numbers: Sequence[float],
        gradient: Callable[[list[float]], array[float]],
        block: Pulled | None,
        operands: tuple[Operand, ...],
    ) -> None:
        self.numbers, self.cotangents = numbers, [0.0] * len(numbers)
        self.gradient, self.block, self.operands = gradient, block, operands

    def __call__(self, owner: Value) -> None:
        self.cotangents[index_of(owner)] += owner.grad  # a result may be several nodes

    def send(self) -> array[float]:
        """The cotangents of the hub's parents."""
        cotangents = self.cotangents
        self.forget()
        return self.gradient(cotangents)

    def forget(self) -> None:
        """Drop the cotangents of a pass that is over."""
        self.cotangents = [0.0] * len(self.cotangents)

    def index_of(self, owner: Value) -> int:
        """The index of owner among the results."""
        return index_of(owner)

    def partials(self, owner: Value) -> tuple[float, ...]:
        """The partials of owner with respect to the hub's parents; no pass is told."""
        cotangents = [0.0] * len(self.cotangents)
        cotangents[index_of(owner)] = 1.0
        return tuple(self.gradient(cotangents))

    def pullback(self, hub: Value, cotangents: Sequence[Operand]) -> list[Operand]:
        """The cotangents of the hub's parents, written in Values, from those of the results.

        The block reads derivatives of what it makes, so that nodes are made within `no_grad`, too.
        """
        if engine.grad_enabled():
            return self._pulled(hub, cotangents)
        with observers.observe(observers.Enabled()):
            found = self._pulled(hub, cotangents)
        return [engine.Node.detach(g) if isinstance(g, engine.Node) else g for g in found]

    def _pulled(self, hub: Value, cotangents: Sequence[Operand]) -> list[Operand]:
        if self.block is None:
            raise TypeError(
                f"{hub._op}: the gradient of a compiled function's result has no derivative"
            )
        above, op = (hub,), hub._op
        results = [result_of(above, op, self, i, data) for i, data in enumerate(self.numbers)]
        for observer in observers.active():
            for node in results:
                observer.made(node)
        found = self.block.pullback(self.operands, results, cotangents)
        pairs = zip(found, self.operands, strict=True)
        return [g for g, x in pairs if isinstance(x, engine.Node)]


def nodes_of_call(
    op: str,
    parents: tuple[Value, ...],
    only_leaves: bool,
    numbers: Sequence[float],
    gradient: Callable[[list[float]], array[float]],
    block: Pulled | None = None,
    operands: tuple[Operand, ...] = (),
) -> list[Value]:
    """The results of a call, as nodes of the eager graph; leaves within `no_grad`.

    op           name of the operation
    parents      Values on which the results depend
    only_leaves  True if all the parents are leaves
    numbers      numbers of the results
    gradient     function of the results' cotangents that gives the parents'
    """
    watching, detaching = observers.here() if engine.blocks_open() else ((), False)
    if not parents or (detaching and not watching):
        return [engine.leaf(kinds.LEAF, data) for data in numbers]
    number = plain.kind_among(parents) if watching else kinds.NO_NUMBER
    if number != kinds.NO_NUMBER:  # all operands stand for plain numbers, and so do the results
        number, detaching = kinds.FLOAT, False
    call = Call(numbers, gradient, block, operands)
    hub = hub_of(op, parents, only_leaves, call)
    above = (hub,)
    results = [result_of(above, op, call, i, data, number) for i, data in enumerate(numbers)]
    for observer in watching:
        for node in (hub, *results):
            observer.made(node)
    return [fields.detached(node, watching) for node in results] if detaching else results


def hub_of(op: str, parents: tuple[Value, ...], only_leaves: bool, call: Call) -> Value:
    """The node in which the results of a call meet; no observer is told."""
    more = extra.make(parents, (), None, None, only_leaves)
    more.op = op
    more.block = call
    return fields.filled_node(kinds.BLOCK, 0, None, more, 0.0, 0.0, 0.0)  # type: ignore[no-any-return]


def result_of(
    hub: tuple[Value], op: str, call: Call, i: int, data: float, number: int = kinds.NO_NUMBER
) -> Any:
    """Result i of a call, as a node of this kind of number; no observer is told."""
    more = extra.make(hub)
    more.op = op
    more.backward = call
    if number != kinds.NO_NUMBER:
        return fields.filled_number(number, kinds.BY_HAND, 0, None, more, data, 0.0, i)
    return fields.filled_node(kinds.BY_HAND, 0, None, more, data, 0.0, i)


def are_leaves(nodes: tuple[Value, ...]) -> bool:
    """True if no operation made any of the nodes."""
    deep = 0
    for i in range(len(nodes)):
        deep += memory.is_deep(nodes, i)
    return deep == 0


def index_of(result: Value) -> int:
    """The index of a result among those of its call."""
    return int(result._dy)
