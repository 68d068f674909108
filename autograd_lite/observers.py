"""The active `no_grad` blocks and observers of this thread or asyncio task.

The engine asks for them only while a block is open somewhere, so that they cost nothing otherwise.
"""

from __future__ import annotations

from _contextvars import ContextVar
from _weakref import ref

from autograd_lite.callables import runs_later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from autograd_lite.memory import Node

__all__ = [
    "BlockOrDecorator",
    "Enabled",
    "Observer",
    "active",
    "here",
    "no_grad",
    "observe",
    "observe_alone",
    "tracing",
    "unobserved",
]


class Observer:
    """What the engine tells of its work in a block `with observe(this):`. Each method may raise.

    traces    True if the call under observation is traced, to be replayed with other numbers
    enables   True if operations make nodes in its block, though that may be within `no_grad`
    told      True if the engine tells it of nodes; if not, nodes cost nothing more, and `sample` is
              all that is asked, unless another observer traces a call

    made      node was made: a leaf by a plain number or by `Value(...)`, else by an operation
    detached  leaf was made with the number of source, by `detach` or under `no_grad`
    call      function is to be called with the nodes' numbers; return True to take over the call,
              and the engine does not make it
    sample    a program wants a random number of function: give a leaf with it, or None
    read      a program reads node's number; give a node to stand for it, or None
    gradient  a program reads node's gradient; give a node to stand for it, or None
    looked    a program reads something else of node, such as ".partials"
    wrote     a program is about to set what, "data" or "grad", of node to a number: None if many
              are about to change, of which nobody tells
    backward  a program calls node's backward(); return True to take over the pass
    state     a program reads or writes the `state` of an object; give what stands for it, or None
    compared  x op y was compared, op being "<", "<=", ">", ">=", "==" or "!="; y may be a number;
              or of two bools, by "&" or "|"; give a node to stand for the outcome, or None
    gives     True if node is an int that a program is given at each call, so that `take` reads it
    chosen    number is that of one of xs: by "take" of the one whose place is xs[0], by "largest"
              of the first of the largest; give a node to stand for it, or None
    derived   node is a derivative of source: in_pass says which, as in `derive.Nodes.marks`
    sends     node is about to send its cotangent to its parents, in a pass from root
    sent      node has sent its cotangent, now its gradient, to its parents, in a pass from root
    received  a leaf's gradient is about to become this number, at the end of a pass from root
    """

    traces = False
    enables = False
    told = True

    def made(self, node: Node) -> None: ...

    def detached(self, leaf: Node, source: Node) -> None: ...

    def sample(self, function: Callable[[], float]) -> Node | None: ...

    def call(self, function: Callable[..., object], values: tuple[Node | float, ...]) -> bool:
        return False

    def read(self, node: Node) -> Node | None: ...

    def gradient(self, node: Node) -> Node | None:
        self.looked(node, ".grad")
        return None

    def looked(self, node: Node, what: str) -> None: ...

    def wrote(self, node: Node, what: str, number: Node | float | None) -> None: ...

    def backward(self, node: Node) -> bool:
        return False

    def state(self, thing: Any) -> Any: ...

    def compared(self, x: Node, op: str, y: Node | float, outcome: bool) -> Node | None: ...

    def gives(self, node: Node) -> bool:
        return False

    def chosen(self, op: str, xs: tuple[Node, ...], number: float) -> Node | None: ...

    def derived(self, node: Node, in_pass: str, source: Node) -> None: ...

    def sends(self, node: Node, root: Node) -> None: ...

    def sent(self, node: Node, root: Node) -> None: ...

    def received(self, leaf: Node, grad: float, root: Node) -> None: ...


class Enabled(Observer):
    """In its block operations make nodes, though it may be within `no_grad`."""

    told = False
    enables = True


count: Any = None  # counts an open block, or one less: set by value.py


class _Opens:
    """What a `with` statement enters and leaves.

    A KeyboardInterrupt may come when a block was opened and `with` was not told so, or before
    `__exit__` has done anything. So a block is open only while the object that opened it lives.
    What remains is a leaked count in the engine: it costs the slow path and changes no result.
    """

    def _enter(self, observer: Observer | None) -> None:
        block = _Block(observer, self)
        count(1, block.told)
        opened.set((*_open_blocks(), block))

    def __exit__(self, *exception: object) -> None:
        mine = [block for block in _open_blocks() if block.opener() is self]
        if not mine:
            raise RuntimeError(
                f"this {type(self).__name__} block is not open here: leave a block in the thread "
                "or task that entered it, and once"
            )
        block = mine[-1]
        block.closed = True  # for tasks that were made inside it, and have a copy of the tuple
        _changed()
        opened.set(_open_blocks())
        count(-1, block.told)


class _Block:
    __slots__ = ("closed", "observer", "opener")

    def __init__(self, observer: Observer | None, opener: _Opens) -> None:
        self.observer = observer  # None: a no_grad block
        self.opener = ref(opener, _changed)
        self.closed = False

    @property
    def told(self) -> bool:
        return self.observer is None or self.observer.told

    @property
    def open(self) -> bool:
        return not self.closed and self.opener() is not None


opened: ContextVar[tuple[_Block, ...]] = ContextVar("blocks", default=())
"""The blocks that were opened here, of which some may have closed; () while no block is open."""

in_transform: ContextVar[bool] = ContextVar("in_transform", default=False)
"""True while a transform calls its function: gradients in it are written in Values at once."""


def _open_blocks() -> tuple[_Block, ...]:
    return tuple([block for block in opened.get() if block.open])


_Here = tuple[tuple[Observer, ...], bool]
_nothing: _Here = (), False

# What `here` found last. It holds for the same tuple of blocks while `_change` is the same object.
_change = object()
_found: tuple[tuple[_Block, ...], object, _Here] = (), _change, _nothing


def _changed(opener: object = None) -> None:
    """A block has closed, so that what was found may no longer hold."""
    global _change, _found
    _change = object()
    _found = (), _change, _nothing  # and keeps no observer alive


def here() -> _Here:
    """The active observers, outermost first, and True if operations give leaves here."""
    global _found
    blocks = opened.get()
    if not blocks:
        return _nothing
    seen, since, found = _found
    if seen is blocks and since is _change:
        return found
    since = _change
    watching: list[Observer] = []
    detaching = False
    for block in _open_blocks():
        if block.observer is None:
            detaching = True
        else:
            if block.observer.traces or block.observer.enables:
                detaching = False  # what is recorded is for calls outside no_grad, too
            if block.observer.traces:
                watching = [observer for observer in watching if observer.told]
            watching.append(block.observer)
    found = tuple(watching), detaching
    _found = blocks, since, found
    return found


def active() -> tuple[Observer, ...]:
    """The active observers, outermost first."""
    return here()[0]


def looked_at(node: Node, what: str) -> None:
    """Tell observers that a program reads something of node besides its number."""
    for observer in active():
        observer.looked(node, what)


def stand_in(node: Node, what: str) -> Node | None:
    """What stands for a number that a program reads, "data" or "grad" of node; or None."""
    given = None
    for observer in active():
        found = observer.read(node) if what == "data" else observer.gradient(node)
        given = given if found is None else found
    return given


def writing(nodes: tuple[Node, ...], what: str) -> None:
    """Tell observers that a program is about to set "data" or "grad" of all the nodes."""
    for observer in active():
        for node in nodes:
            observer.wrote(node, what, None)


def takes_over(node: Node) -> bool:
    """True if an observer takes over a pass from node."""
    taken = [observer.backward(node) for observer in active()]
    return any(taken)


def tracing() -> bool:
    """True while a call is traced here, to be replayed with other numbers."""
    observers = active()
    return bool(observers) and any(observer.traces for observer in observers)


def watched() -> bool:
    """True if an observer is told of each node that is made here."""
    return any(observer.told for observer in active())


class observe(_Opens):
    """`with observe(observer): ...` tells the observer what the engine does in the block.

    Other threads and asyncio tasks are not observed; a task made inside a block is, while the
    block is open.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer

    def __enter__(self) -> None:
        self._enter(self.observer)


class observe_alone(observe):
    """`with observe_alone(observer): ...`: as if no other block were open here."""

    def __enter__(self) -> None:
        self._around = opened.get()
        try:
            opened.set(())
            super().__enter__()
        except BaseException:  # an interrupt
            opened.set(self._around)
            raise

    def __exit__(self, *exception: object) -> None:
        try:
            super().__exit__(*exception)
        finally:
            opened.set(self._around)


def unobserved(function: Callable[..., Any], *args: Any) -> Any:
    """function(*args), called as if no block were open here."""
    around = opened.get()
    try:  # before the change: an interrupt may come behind it
        opened.set(())
        return function(*args)
    finally:
        opened.set(around)


class BlockOrDecorator(_Opens):
    """What `with X():` opens, and `@X()` or `@X` around each call of a function."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        block = object.__new__(cls)
        return block if function is None else block(function)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        name = type(self).__name__
        if not callable(function):
            raise TypeError(f"{name} decorates a function, not {type(function).__name__}")
        if runs_later(function):
            raise TypeError(
                f"{name} cannot decorate {function.__name__}, which runs after its call has "
                f"returned; write `with {name}():` inside it"
            )

        @functools.wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return within

    def _again(self) -> Any:
        """Another block like this one: each call of a decorated function opens one of its own."""
        return type(self)()


class no_grad(BlockOrDecorator):
    """Record nothing: operations give leaves. A context manager and a decorator.

    `with no_grad(): ...` and `@no_grad()` or `@no_grad` before a function. Other threads and
    asyncio tasks go on recording; a task made inside a block does while the block is closed. A
    generator that yields inside a block leaves it open for its caller.
    """

    def __enter__(self) -> None:
        self._enter(None)
