"""Rules evaluated on doubles: the interpreted twin of `kernels.pxd`.

Both give `value.py` the same functions. Here a rule is a Python function made from its formula;
there it is a C function that `setup.py` writes from the same formula. A rule that has no C
function (a user's, or one on `lgamma`) is evaluated here in both builds.
"""

from __future__ import annotations

import math

from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import CONSTANTS, to_python
from autograd_lite.operations.rules import RULES, table_checksum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd_lite.operations.rules import Rule

    def __getattr__(name: str) -> int: ...  # the codes: ADD, MUL, TANH, ...


globals().update({rule.name.upper(): rule.code for rule in RULES})

# The operands that a kernel is called with, by the operands that its formulas name.
_SIGNATURES = {"x": "x, c", "xc": "x, c", "xy": "x, y", "xyz": "x, y, z", "xs": "x, n, out"}


class _Functions(dict[int, "Callable[..., tuple[float, ...]]"]):
    """code -> (operands) -> (value, partial, ...), each made when it is first asked for."""

    def __missing__(self, code: int) -> Callable[..., tuple[float, ...]]:
        rule = RULES[code]
        formulas = ", ".join(to_python(partial.tree) for partial in rule.partials)
        value = "" if rule.nary else f"out := {to_python(rule.value.tree)}, "
        function: Callable[..., tuple[float, ...]]
        self[code] = function = _made(rule, f"{_SIGNATURES[rule.operands]}: ({value}{formulas},)")
        return function


class _Reductions(dict[int, "Callable[[Sequence[float], float], float]"]):
    """code -> (operands, how many) -> value of an n-ary rule, each made when it is asked for."""

    def __missing__(self, code: int) -> Callable[[Sequence[float], float], float]:
        rule = RULES[code]
        function: Callable[[Sequence[float], float], float]
        self[code] = function = _made(rule, f"xs, n: {to_python(rule.value.tree)}")
        return function


def _made(rule: Rule, source: str) -> Any:
    """The lambda of this source, which calls the functions of ieee.py."""
    return eval(compile(f"lambda {source}", f"<rule {rule.name}>", "eval"), _NAMES)


_NAMES = vars(ieee) | CONSTANTS

FUNCTIONS = _Functions()
REDUCTIONS = _Reductions()


def reduced(code: int, xs: Sequence[float]) -> tuple[float, ...]:
    """(value, partial with respect to each operand, ...) of an n-ary rule, by its formulas."""
    n = float(len(xs))
    out = REDUCTIONS[code](xs, n)
    return (out, *[FUNCTIONS[code](x, n, out)[0] for x in xs])


_KNOWN = {rule.code for rule in RULES if not rule.nary}


def call_of_user(code: int, operands: Sequence[float]) -> tuple[float, ...]:
    """(value, partial, ...) of an operation that a user made."""
    # Kernels of one operand are given a static parameter, which a user's has not.
    return FUNCTIONS[code](*operands, *[0.0] * (len(operands) == 1))


def in_c(code: int) -> bool:
    """True if `unary`, `binary` and `ternary` know the rule: in C, only if its formula is in C."""
    return code in _KNOWN


def unary(code: int, x: float, c: float) -> tuple[float, float]:
    """(value, partial) of a rule of one parent, c being its static parameter if it has one."""
    return FUNCTIONS[code](x, c)  # type: ignore[return-value]


def binary(code: int, x: float, y: float) -> tuple[float, float, float]:
    """(value, partial with respect to x, partial with respect to y)."""
    return FUNCTIONS[code](x, y)  # type: ignore[return-value]


def ternary(code: int, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """(value, partials with respect to x, y and z)."""
    return FUNCTIONS[code](x, y, z)  # type: ignore[return-value]


def partial(code: int, x: float, n: float, out: float) -> float:
    """The partial of an n-ary rule with respect to its operand x, one of n."""
    return FUNCTIONS[code](x, n, out)[0]


COMPILED = False
TABLE_CHECKSUM = table_checksum()

exp, log1p, sqrt, fabs = ieee.exp, ieee.log1p, ieee.sqrt, ieee.fabs
copysign = math.copysign
erf, erfc, lgamma = ieee.erf, ieee.erfc, ieee.lgamma
