"""Named scopes: which nodes one block, one call of a function or a module, or one pass made.

A `Scope` observes the engine while it is open, and is noted for each node that is made in it.
`scopes_in` says afterwards which scope each node of a graph belongs to.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import wraps
from weakref import WeakKeyDictionary, WeakSet

from autograd_lite import Value, tree
from autograd_lite.callables import runs_later
from autograd_lite.observers import Observer, observe, tracing
from autograd_lite.pullback import frame_passes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, TypeVar

    from visualize.model.nodes import Graph

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Scope", "scope", "scopes", "scopes_in"]


class Scope(Observer):
    """One run of a block, or one call of a function or a module, which notes the nodes made in it.

    title      the name of its box
    arguments  the Values that the function or module was given
    outer      the scope in which this one was opened, if any
    within     all scopes around this one, outermost first
    module     the id of the module that is called, if one is
    """

    def __init__(self, title: str, arguments: list[Value], module: int | None = None) -> None:
        self.title, self.arguments, self.module = title, arguments, module
        self.outer = _current.get()
        self.within: tuple[Scope, ...] = self.outer.path if self.outer else ()

    @property
    def path(self) -> tuple[Scope, ...]:
        """The scopes around this one, outermost first, and then this one."""
        return (*self.within, self)

    def made(self, node: Value) -> None:
        if _current.get() is self:  # all open scopes are told; the innermost makes the note
            with _lock:
                _scope_of[node] = self


_current: ContextVar[Scope | None] = ContextVar("visualize_scope", default=None)
_lock = threading.Lock()
_scope_of: WeakKeyDictionary[Value, Scope] = WeakKeyDictionary()


@contextmanager
def _opened(inner: Scope) -> Iterator[None]:
    around = _current.get()
    try:  # before the change: an interrupt may come behind it
        _current.set(inner)
        # While compile records a call, nothing is noted: its program makes none of these nodes.
        with nullcontext() if tracing() else observe(inner):
            yield
    finally:
        _current.set(around)


_entered: ContextVar[tuple[Any, ...]] = ContextVar("visualize_entered", default=())


class scope:
    """Draw what a block, or each call of a function, makes as one box, or in one frame.

    `with scope("title"): ...`, and `@scope("title")` before a function, whose arguments then stay
    outside the frame.
    """

    def __init__(self, title: str) -> None:
        if not isinstance(title, str):
            raise TypeError(f"scope: the title must be a str, not {type(title).__name__}")
        self.title = title

    def __enter__(self) -> None:
        block = _opened(Scope(self.title, []))
        block.__enter__()
        _entered.set((*_entered.get(), block))

    def __exit__(self, *exception: Any) -> None:
        *outer, block = _entered.get()
        _entered.set(tuple(outer))
        block.__exit__(*exception)

    def __call__(self, function: F) -> F:
        if runs_later(function):
            raise TypeError(
                f"scope: {function.__name__} does not run when it is called: write  with "
                "scope(...):  around what makes the nodes"
            )

        @wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            with _opened(Scope(self.title, list(_values_in((args, kwargs))))):
                return function(*args, **kwargs)

        return recorded  # type: ignore[return-value]


class _Pass(Scope):
    """One pass that derivatives are made in, as nodes: "backward", "tangent of backward".

    outputs  what it takes the derivatives of
    """

    def __init__(self, title: str, outputs: list[Value]) -> None:
        super().__init__(title, [])
        self.outputs = WeakSet(outputs)


def _pass(name: str, outputs: Sequence[Any]) -> AbstractContextManager[None]:
    """The block of the scope of a pass from these outputs, which may be derivatives."""
    nodes = [y for y in outputs if isinstance(y, Value)]
    with _lock:
        made_in = [_scope_of.get(y) for y in nodes]
    titles = [scope.title for scope in made_in if isinstance(scope, _Pass)]
    return _opened(_Pass(" of ".join([name, *sorted(titles, key=len)[-1:]]), nodes))


@contextmanager
def scopes(model: Any = ...) -> Iterator[None]:
    """Within this block every call of the model and of the modules in it is a scope.

    Every pass that makes derivatives as nodes, as in `pullback` and `hvp` of Values, is a scope,
    too: "backward", "backward of backward", and "tangent" for forward mode; the nodes that are
    differentiated are in "forward".

    model  a callable with `parameters()`, such as a Module of nn or of micrograd; its modules are
           the ones that it reaches through attributes, lists, tuples and dicts. Without a model
           passes alone are scopes.

    The title of a module is what its `__str__` says, if its class has one, else "Linear 64 to 16":
    how many numbers the module takes and gives for each sample.

    The classes of the modules get another `__call__` for the time of the block, which records the
    modules of this model and passes on the calls of all others. There is no other way: Python
    looks `__call__` up on the class, and modules of other packages, such as micrograd's, offer no
    hook.

    Raises TypeError if model is not such an object.
    """
    modules = [] if model is ... else _modules(model)
    recorded = []
    global _passes
    try:
        with _lock:
            _passes += 1
            frame_passes(_pass)
            for module in modules:
                _patch(type(module))
                _modules_recorded[id(module)] += 1
                recorded.append(module)
        yield
    finally:
        with _lock:
            _passes -= 1
            if not _passes:
                frame_passes(None)
            for module in recorded:
                _unpatch(type(module))
                _modules_recorded[id(module)] -= 1
                if not _modules_recorded[id(module)]:
                    del _modules_recorded[id(module)]


# Blocks of several threads may overlap, so all are counted.
_passes = 0
"""How many open blocks record passes."""
_modules_recorded: Counter[int] = Counter()
"""How many open blocks record the module with this id."""
_patches: dict[type, tuple[Any, int]] = {}
"""Of each patched class: its own `__call__`, None if inherited; and how many modules need it."""


def _patch(cls: Any) -> None:
    own, n = _patches.get(cls, (cls.__dict__.get("__call__"), 0))
    if n == 0:
        cls.__call__ = _recording(cls.__call__)
    _patches[cls] = own, n + 1


def _unpatch(cls: Any) -> None:
    own, n = _patches.pop(cls)
    if n > 1:
        _patches[cls] = own, n - 1
    elif own is None:
        del cls.__call__
    else:
        cls.__call__ = own


def _recording(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
        around = _current.get()
        if _modules_recorded[id(self)] <= 0 or (around is not None and around.module == id(self)):
            # Another model's module; or the class passes this call on to its base.
            return function(self, *args, **kwargs)
        own = Scope(type(self).__name__, list(_values_in((args, kwargs))), id(self))
        with _opened(own):
            result = function(self, *args, **kwargs)
        own.title = _title(self, next(iter((*args, *kwargs.values())), ()), result)
        return result

    return recorded


def _title(module: Any, argument: Any, result: Any) -> str:
    """The text of the module's own `__str__`, if it has one, else "Linear 64 to 16"."""
    cls: Any = type(module)
    if cls.__str__ is not object.__str__:
        return str(module)
    taken, given = _shape(argument), _shape(result)
    # Leading axes of equal length are those of a batch, as long as another axis remains.
    batch = 0
    axes = min(len(taken), len(given), max(len(taken), len(given)) - 1)
    while batch < axes and taken[batch] == given[batch]:
        batch += 1
    sizes = ("×".join(f"{n:,}" for n in shape[batch:]) or "1" for shape in (taken, given))
    return f"{cls.__name__} {' to '.join(sizes)}"


def _shape(array: Any) -> tuple[int, ...]:
    """The shape of nested lists, () for a number; of a tuple of several arrays, the first's."""
    if hasattr(array, "shape"):
        return tuple(array.shape)
    if not isinstance(array, (list, tuple)):
        return ()
    if isinstance(array, tuple) and any(map(_shape, array)):
        return _shape(array[0])
    return (len(array), *(_shape(array[0]) if array else ()))


def _modules(model: Any) -> list[Any]:
    """The modules in model, itself first."""
    if not callable(model) or not callable(getattr(model, "parameters", None)):
        raise TypeError(
            f"scopes: expected a model, with parameters() and callable, not {type(model).__name__}"
        )
    found = []
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (Value, type)):
            continue
        seen.add(id(one))
        if callable(getattr(one, "parameters", None)) and hasattr(one, "__dict__"):
            if callable(one):
                found.append(one)
            waiting += vars(one).values()
        waiting += tree.children(one)
    return found


def _values_in(arguments: Any) -> Iterator[Value]:
    """The Values in nested lists, tuples, sets, dicts and arrays of objects."""
    waiting = [arguments]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Value):
            yield one
        elif isinstance(one, set):
            waiting += one
        elif not tree.is_made_of_fields(one):  # a module, say, whose Values are no arguments
            waiting += tree.children(one)


def scopes_in(graph: Graph) -> dict[Value, Scope]:
    """The innermost scope around each node; nodes outside every scope are left out.

    An operation belongs to the scope that made it. A leaf belongs to the innermost scope that holds
    all its users, unless it was an argument of a scope.
    """
    nodes = graph.nodes
    with _lock:
        owner = {node: _scope_of[node] for node in nodes if node in _scope_of}
    if not owner:
        return {}
    _add_forward(graph, owner)
    users: dict[Value, Scope | None] = {}
    for node in nodes:
        user = owner.get(node)
        for parent in graph.parents(node):
            other = users.get(parent, user)
            users[parent] = other if other is user else _common(other, user)
    every = {outer for inner in set(owner.values()) for outer in inner.path}
    arguments = {value for each in every for value in each.arguments}
    owner |= {
        leaf: inner
        for leaf, inner in users.items()
        if inner and leaf.is_leaf and leaf not in arguments
    }
    return owner


def _add_forward(graph: Graph, owner: dict[Value, Scope]) -> None:
    """Give what passes are derived from, and what is in no scope, a scope of its own."""
    forward = Scope("forward", [])
    forward.within = ()
    passes = {scope for scope in owner.values() if isinstance(scope, _Pass)}
    outputs = {y for each in passes for y in each.outputs}.intersection(graph.nodes)
    waiting = [*outputs, *[node for node, scope in owner.items() if scope in passes]]
    met = set(waiting)
    while waiting:
        node = waiting.pop()
        if node not in owner and not node.is_leaf:
            owner[node] = forward
        for parent in graph.parents(node):
            if parent not in met:
                met.add(parent)
                waiting.append(parent)


def _common(one: Scope | None, other: Scope | None) -> Scope | None:
    """The innermost scope that holds both, if any."""
    if one is None or other is None:
        return None
    shared = [a for a, b in zip(one.path, other.path, strict=False) if a is b]
    return shared[-1] if shared else None
