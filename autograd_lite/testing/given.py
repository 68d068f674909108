"""`given_gradcheck`: a property-based test of a function's gradient in one line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from numbers import Real
from typing import Any

from hypothesis import HealthCheck, assume, given, is_hypothesis_test, settings
from hypothesis import strategies as st

from autograd_lite.callables import name_of, runs_later
from autograd_lite.testing.check import check_grad
from autograd_lite.testing.report import NothingComparedError
from autograd_lite.testing.strategies import numbers

__all__ = ["given_gradcheck"]

Domain = tuple[float, float] | st.SearchStrategy[Any]

OPTIONS = frozenset(
    p.name for p in inspect.signature(check_grad).parameters.values() if p.kind is p.KEYWORD_ONLY
)
OWNERS = ("self", "cls")  # the arguments of methods that are no inputs


def given_gradcheck(*domains: Domain, **named: Any) -> Callable[[Any], Any]:
    """Make a test of the function below: its gradient is right wherever its domain is sampled.

    domains  for each argument an interval (low, high) of floats, or a strategy
    named    domains of arguments by name, and the options of check_grad: grad, tol_min and so on

    `test_bell = given_gradcheck((-2, 2))(bell)` is the same as decorating. There is no deadline.
    Hypothesis' `settings`, `example` and `seed` go above it or below it; `settings` bring their own
    deadline. The function itself is the test's attribute `function`.

    Domains by place are those of the last arguments that have no default. The test takes the
    others: `self`, fixtures of pytest and arguments of `parametrize`. They are no inputs.

    Inputs where nothing can be compared, such as kinks, are drawn anew; a test that finds hardly
    any other fails hypothesis' health check.

    Raises TypeError for a domain that is neither an interval nor a strategy, and for a function
    that they do not fit or whose gradient no test can check.
    """
    options = {name: named[name] for name in named if name in OPTIONS}
    strategies = [_strategy(domain) for domain in domains]
    by_name = {name: _strategy(named[name], name) for name in named if name not in OPTIONS}
    if not domains and not by_name:
        raise TypeError("given_gradcheck: give a domain for an argument, as in ((-1.0, 1.0))")

    def decorate(f: Any) -> Any:
        if isinstance(f, (staticmethod, classmethod)):
            return type(f)(decorate(f.__func__))
        _check_function(f)
        parameters = _parameters(f, len(strategies))
        drawn = _drawn(f, parameters, strategies, by_name)
        others = [
            p.name for p in parameters if not (p.name in drawn or _many(p)) and p.default is p.empty
        ]
        # The order of the domains is what an `example` by place has.
        names = [*others, *drawn]

        def test(*given: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            fixed = dict(zip(names, given, strict=False)) | kwargs
            inputs = [fixed.pop(name) for name in drawn]
            try:
                checked = _with(f, parameters, list(drawn), fixed)
                compared = check_grad(checked, *inputs, **options).compared
            except NothingComparedError:
                compared = 0
            assume(compared)

        _dress(test, f, names)
        made: Any = given(**drawn)(test)
        made.function = f
        return made

    return decorate


def _check_function(f: Any) -> None:
    """Raise TypeError for what is no function, or none that gives numbers."""
    if not callable(f) or isinstance(f, type):
        what = "each method of a class by itself" if isinstance(f, type) else "a function"
        raise TypeError(f"given_gradcheck: decorate {what}, not {f!r}")
    if is_hypothesis_test(f):
        raise TypeError(
            f"given_gradcheck: {name_of(f)} is a test of hypothesis already; give its strategies "
            "to given_gradcheck instead of given"
        )
    if runs_later(f):
        raise TypeError(
            f"given_gradcheck: {name_of(f)} is a generator or async, whose call gives no numbers; "
            "decorate a plain function that returns them"
        )


def _parameters(f: Callable[..., Any], n: int) -> list[Parameter]:
    """The parameters of f; n of them for `*args`, or for an f written in C that does not tell."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = [Parameter("args", Parameter.VAR_POSITIONAL)]
    found: list[Parameter] = []
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            before = [each for each in found if each.default is p.empty and each.name not in OWNERS]
            more = range(n - len(before))
            found += [p.replace(name=f"{p.name}_{i}", kind=p.POSITIONAL_ONLY) for i in more]
        else:
            found.append(p)
    return found


def _drawn(
    f: Any,
    parameters: Sequence[Parameter],
    strategies: Sequence[st.SearchStrategy[Any]],
    by_name: dict[str, st.SearchStrategy[Any]],
) -> dict[str, st.SearchStrategy[Any]]:
    """The strategy of each argument that is drawn, in the order of the function."""
    names = [p.name for p in parameters if not _many(p)]
    taken = [name for name in by_name if name not in names]
    if taken and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        raise TypeError(
            f"given_gradcheck: {name_of(f)} takes no {taken[0]!r}; it takes {', '.join(names)}, "
            f"and check_grad the options {', '.join(sorted(OPTIONS))}"
        )
    by_place = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    free = [p for p in parameters if p.kind in by_place and p.name not in (*by_name, *OWNERS)]
    needed = [p.name for p in free if p.default is p.empty]
    n = len(strategies)
    # Arguments with a default have a domain only where there are more domains than others.
    places = needed[len(needed) - n :] if n <= len(needed) else [p.name for p in free][:n]
    if len(places) < n:
        named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in by_name]
        domains = "domain by place is" if n == 1 else "domains by place are"
        raise TypeError(
            f"given_gradcheck: {n} {domains} more than {name_of(f)} has arguments for them: "
            f"{', '.join(p.name for p in free) or 'none'}"
            + (f"; give that of {named[0]} by name, {named[0]}=(low, high)" if named else "")
        )
    found = dict(zip(places, strategies, strict=True)) | by_name
    return {name: found[name] for name in [*names, *taken] if name in found}


def _with(
    f: Callable[..., Any], parameters: Sequence[Parameter], names: list[str], fixed: dict[str, Any]
) -> Callable[..., Any]:
    """f as a function of these arguments alone, in this order; the others are fixed."""
    first = parameters[: len(names)]
    if not fixed and names == [p.name for p in first if p.kind is not p.KEYWORD_ONLY]:
        return f
    places = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]

    def checked(*inputs: Any) -> Any:
        given = fixed | dict(zip(names, inputs, strict=True))
        return f(*[given.pop(name) for name in places if name in given], **given)

    _dress(checked, f, names)
    checked.__wrapped__ = f  # type: ignore[attr-defined]
    return checked


def _dress(function: Any, f: Any, names: list[str]) -> None:
    """Give a function these arguments, the name of f, and the attributes of f."""
    name = name_of(f)
    function.__name__ = name if name.isidentifier() else "test"  # hypothesis reads a lambda's code
    function.__qualname__ = getattr(f, "__qualname__", name)
    function.__module__ = getattr(f, "__module__", __name__)
    function.__doc__ = f.__doc__
    if inspect.isfunction(f):
        function.__dict__.update(f.__dict__)  # marks of pytest, examples of hypothesis
    function.__signature__ = Signature(
        [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    )
    function.__dict__.setdefault("_hypothesis_internal_use_settings", _settings())


def _settings() -> settings:
    """The settings of a test without its own: those of the profile, for a function of numbers.

    A large one may take its time, and as it gives the same numbers for the same input, fixtures
    need not be made anew for each. The decorator `settings` can be applied only once, and that is
    for the user, so this is what it would set.
    """
    checks = [*settings().suppress_health_check, HealthCheck.function_scoped_fixture]
    return settings(deadline=None, suppress_health_check=checks)


def _many(p: Parameter) -> bool:
    return p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)


def _strategy(domain: Any, name: str = "") -> st.SearchStrategy[Any]:
    if isinstance(domain, st.SearchStrategy):
        return domain
    if (
        isinstance(domain, tuple)
        and len(domain) == 2
        and all(isinstance(bound, Real) for bound in domain)
        and domain[0] <= domain[1]
    ):
        return numbers(float(domain[0]), float(domain[1]))
    of = f" of {name!r}" if name else ""
    hint = "; write @given_gradcheck((low, high)) above it" if callable(domain) else ""
    raise TypeError(
        f"given_gradcheck: a domain{of} is an interval (low, high) with low <= high, or a "
        f"strategy, not {domain!r}{hint}"
    )
