"""`given_gradcheck`: a property-based test of a function's gradient in one line."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_lite.testing.check import check_grad
from autograd_lite.testing.report import NothingComparedError
from autograd_lite.testing.strategies import numbers

__all__ = ["given_gradcheck"]

Domain = tuple[float, float] | st.SearchStrategy[Any]


def given_gradcheck(
    *domains: Domain, **options: Any
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Make a test of the function below: its gradient is right wherever its domain is sampled.

    domains  for each argument an interval (low, high) of floats, or a strategy
    options  of check_grad: grad, tol_min and so on

    `test_bell = given_gradcheck((-2, 2))(bell)` is the same as decorating. There is no deadline.
    Hypothesis' `settings` go above it, and bring their own deadline. The function itself is the
    test's attribute `function`.

    Inputs where nothing can be compared, such as kinks, are drawn anew; a test that finds hardly
    any other fails hypothesis' health check.

    Raises TypeError for a domain that is neither an interval nor a strategy.
    """
    strategies = [_strategy(domain) for domain in domains]

    def decorate(f: Callable[..., Any]) -> Callable[[], None]:
        def test(args: tuple[Any, ...]) -> None:
            __tracebackhide__ = True
            try:
                compared = check_grad(f, *args, **options).compared
            except NothingComparedError:
                compared = 0
            assume(compared)

        name = getattr(f, "__name__", type(f).__name__)
        test.__name__ = name if name.isidentifier() else "test"  # hypothesis reads a lambda's code
        test.__module__ = getattr(f, "__module__", __name__)
        test.__doc__ = f.__doc__
        checked: Any = test
        # A large function may take its time. The decorator `settings` can be applied only once,
        # and that is for the user, so this is what it would set.
        checked._hypothesis_internal_use_settings = settings(deadline=None)
        made: Any = given(st.tuples(*strategies))(checked)
        made.function = f
        return made  # type: ignore[no-any-return]

    return decorate


def _strategy(domain: Domain) -> st.SearchStrategy[Any]:
    if isinstance(domain, st.SearchStrategy):
        return domain
    if (
        isinstance(domain, tuple)
        and len(domain) == 2
        and all(isinstance(bound, Real) for bound in domain)
        and domain[0] <= domain[1]
    ):
        return numbers(float(domain[0]), float(domain[1]))
    raise TypeError(
        "given_gradcheck: a domain is an interval (low, high) with low <= high, or a strategy, "
        f"not {domain!r}"
    )
