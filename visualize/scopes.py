"""Named scopes: which nodes one call of a function or a module made.

The engine knows nothing of scopes. A call is known by what it returned: the nodes it made are
those that its result depends on, up to its arguments and up to the results of earlier calls.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import count
from weakref import WeakKeyDictionary

from autograd_lite import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Call", "calls_in", "scope", "scopes"]


class Call:
    """One call of a scope.

    title    what its box is called
    arguments  the Values that it was given
    outer    the call that it was made in
    within   the calls that it lies in, outermost first
    number   its place among all calls by the time of their return
    module   the id of the module that is called, if one is
    """

    __slots__ = ("arguments", "module", "number", "outer", "title", "within")

    def __init__(
        self, arguments: list[Value], outer: Call | None, module: int | None = None
    ) -> None:
        self.arguments, self.outer, self.module = arguments, outer, module
        self.within: tuple[Call, ...] = outer.path if outer else ()
        self.title, self.number = "", -1  # until it returns

    @property
    def path(self) -> tuple[Call, ...]:
        """The calls that it lies in, outermost first, itself last."""
        return (*self.within, self)


_current: ContextVar[Call | None] = ContextVar("visualize_scope", default=None)
_numbers = count()
_lock = threading.Lock()
# Held by their results, calls live as long as the graph that they made.
_calls: WeakKeyDictionary[Value, tuple[Call, ...]] = WeakKeyDictionary()


def scope(title: str) -> Callable[[F], F]:
    """Draw what each call of the decorated function makes as one box, or in one frame.

    The function's arguments and results may be Values, numbers, and lists, tuples and dicts of
    them; Values that it reads from elsewhere and that no scope has made count as its own.
    """
    if not isinstance(title, str):
        raise TypeError(f"scope: the title must be a str, not {type(title).__name__}")

    def decorate(function: F) -> F:
        @wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            return _record(lambda _: title, function, args, kwargs)

        return recorded  # type: ignore[return-value]

    return decorate


@contextmanager
def scopes(model: Any) -> Iterator[None]:
    """Within this block every call of the model and of the modules in it is a scope.

    model  a callable with `parameters()`, such as a Module of nn or of micrograd; its modules are
           the ones that it reaches through attributes, lists, tuples and dicts

    A module is called what its `__str__` says, if its class has one, else "Linear 64 to 16": how
    many numbers it takes and gives for each sample.

    The classes of the modules get another `__call__` for the time of the block, which records the
    modules of this model and passes on the calls of all others. There is no other place for it:
    Python looks `__call__` up on the class, and modules that `visualize` does not know of, such as
    micrograd's, offer no hook.

    Raises TypeError if model is not such an object.
    """
    modules = _modules(model)
    with _lock:
        _modules_recorded.update(map(id, modules))
        for module in modules:
            _patch(type(module))
    try:
        yield
    finally:
        with _lock:
            _modules_recorded.subtract(map(id, modules))
            for module in modules:
                _unpatch(type(module))


# How many blocks record a module, and the `__call__` of a class and how many modules want it
# recorded: blocks of several threads may overlap.
_modules_recorded: Counter[int] = Counter()
_patches: dict[type, tuple[Any, int]] = {}


def _patch(cls: Any) -> None:
    own, n = _patches.get(cls, (cls.__dict__.get("__call__"), 0))
    _patches[cls] = own, n + 1
    if n == 0:
        cls.__call__ = _recording(cls.__call__)


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
        call = _current.get()
        if _modules_recorded[id(self)] <= 0 or (call is not None and call.module == id(self)):
            return function(self, *args, **kwargs)  # or a class passes the call to its base

        def title(result: Any) -> str:
            return _title(self, next(iter((*args, *kwargs.values())), ()), result)

        return _record(title, function, (self, *args), kwargs, id(self))

    return recorded


def _title(module: Any, argument: Any, result: Any) -> str:
    """How the module calls itself, if it says so in `__str__`, else "Linear 64 to 16"."""
    cls: Any = type(module)
    if cls.__str__ is not object.__str__:
        return str(module)
    taken, given = _shape(argument), _shape(result)
    batch = 0  # axes that both begin with are those of a batch, unless nothing else is left
    axes = min(len(taken), len(given), max(len(taken), len(given)) - 1)
    while batch < axes and taken[batch] == given[batch]:
        batch += 1
    sizes = ("×".join(f"{n:,}" for n in shape[batch:]) or "1" for shape in (taken, given))
    return f"{cls.__name__} {' to '.join(sizes)}"


def _shape(thing: Any) -> tuple[int, ...]:
    """The lengths of nested lists, () of a number; of the first if a tuple holds several arrays."""
    if hasattr(thing, "shape"):
        return tuple(thing.shape)
    if not isinstance(thing, (list, tuple)):
        return ()
    if isinstance(thing, tuple) and any(map(_shape, thing)):
        return _shape(thing[0])
    return (len(thing), *(_shape(thing[0]) if thing else ()))


def _modules(model: Any) -> list[Any]:
    """The modules in model, itself first."""
    if not callable(model) or not callable(getattr(model, "parameters", None)):
        raise TypeError(
            f"scopes: expected a model, with parameters() and callable, not {type(model).__name__}"
        )
    found = []
    seen: set[int] = set()
    things = [model]
    while things:
        thing = things.pop()
        if id(thing) in seen or isinstance(thing, (Value, str, bytes, type)):
            continue
        seen.add(id(thing))
        if isinstance(thing, (list, tuple)):
            things += thing
        elif isinstance(thing, dict):
            things += thing.values()
        elif callable(getattr(thing, "parameters", None)) and hasattr(thing, "__dict__"):
            if callable(thing):
                found.append(thing)
            things += vars(thing).values()
    return found


def _record(
    title: Callable[[Any], str],
    function: Callable[..., Any],
    args: Any,
    kwargs: Any,
    module: int | None = None,
) -> Any:
    """Call the function, and keep which Values it was given and gave, with title(result)."""
    call = Call(list(values_in((args, kwargs))), _current.get(), module)
    token = _current.set(call)
    try:
        result = function(*args, **kwargs)
    finally:
        _current.reset(token)
    call.title = title(result)
    given = set(call.arguments)
    with _lock:
        call.number = next(_numbers)
        for value in values_in(result):
            if value not in given and not value.is_leaf:
                _calls[value] = (*_calls.get(value, ()), call)
    return result


def values_in(thing: Any) -> Iterator[Value]:
    """The Values in nested lists, tuples, dicts and arrays of objects."""
    things = [thing]
    while things:
        thing = things.pop()
        if isinstance(thing, Value):
            yield thing
        elif isinstance(thing, (list, tuple, set)):
            things += thing
        elif isinstance(thing, dict):
            things += thing.values()
        elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":
            things += thing.ravel().tolist()


def calls_in(nodes: Sequence[Value]) -> dict[Value, Call]:
    """The innermost call that made each node; nodes outside every scope are left out.

    A leaf belongs to a call if all its users do.

    nodes  in topological order, parents before their users
    """
    results: dict[Call, list[Value]] = {}
    with _lock:
        for node in nodes:
            for call in _calls.get(node, ()):
                results.setdefault(call, []).append(node)
    if not results:
        return {}
    owner: dict[Value, Call] = {}
    for call in sorted(results, key=lambda call: call.number):
        stack = list(results[call])
        seen = set(call.arguments)
        while stack:
            node = stack.pop()
            if node in seen or node.is_leaf:
                continue
            seen.add(node)
            if node not in owner:
                owner[node] = call
            elif call is not owner[node] and call not in owner[node].within:
                continue  # the result of an earlier call
            stack += node.parents
    users: dict[Value, Call | None] = {}
    for node in nodes:
        user = owner.get(node)
        for parent in node.parents:
            other = users.get(parent, user)
            users[parent] = other if other is user else common(other, user)
    arguments = {value for call in results for value in call.arguments}
    owner |= {
        leaf: call
        for leaf, call in users.items()
        if call and leaf.is_leaf and leaf not in arguments
    }
    return owner


def common(one: Call | None, other: Call | None) -> Call | None:
    """The innermost call that holds both."""
    if one is None or other is None:
        return None
    shared = [a for a, b in zip(one.path, other.path, strict=False) if a is b]
    return shared[-1] if shared else None
