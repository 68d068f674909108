"""Expressions and lines in Python, for the libraries of arrays: NumPy, JAX and PyTorch.

A `Dialect` is what a library calls things.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograd_lite.compiler.export.expressions import (
    EACH,
    Cut,
    Expression,
    Turn,
    operation,
    transpose,
)
from autograd_lite.compiler.export.lines import Assign, For, Line
from autograd_lite.compiler.export.recorded import ExportError
from autograd_lite.operations.formulas import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

__all__ = ["COMPUTED", "NUMPY", "SCIPY", "Dialect", "Printer", "numbered"]

BINDS = {"<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1, "+": 3, "-": 3, "*": 4, "/": 4}
SIGN, POWER, WHOLE = 5, 6, 7
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
WIDTH = 88


@dataclass(frozen=True)
class Dialect:
    """What a library of arrays calls things.

    module     its name in the source
    functions  {function of formulas: its name}
    imports    the lines that import it
    floats     what makes an array of floats of an argument {}
    ints       what makes one of ints, for an argument that is read as indices
    special    the line that imports functions whose names begin with "special."
    axis       the keyword of an axis
    in_place   True if arrays can be written to
    traced     True if functions are traced: they cannot raise errors for what numbers are
    relu       the name of max(x, 0), whose derivative at 0 is 0
    softplus   log(1 + e^x) of "{}", for libraries that differentiate what is written; or ""
    sigmoid    1 / (1 + e^-x) of "{}", for the same, where e^-x may be infinite; or ""
    loop       the name of what loops over a function, where loops would be unrolled; or ""
    detached   "{}" without its gradient
    gradient   what makes a function of the value and the gradients of another one; or ""
    printer    the class that prints it; None for `Printer`
    """

    module: str
    functions: Mapping[str, str]
    imports: tuple[str, ...] = ()
    floats: str = "np.asarray({}, float)"
    ints: str = 'np.asarray({}).astype(int, casting="same_kind")'
    special: str = ""
    axis: str = "axis"
    in_place: bool = True
    traced: bool = False
    relu: str = ""
    loop: str = ""
    softplus: str = ""
    sigmoid: str = ""
    detached: str = "{}"
    gradient: str = ""
    printer: type[Printer] | None = None


SCIPY = {"erf": "erf", "erfc": "erfc", "lgamma": "gammaln", "polygamma": "polygamma"}

NUMPY = Dialect(
    "np",
    {
        **{name: function.numpy for name, function in FUNCTIONS.items() if function.numpy},
        **{name: f"special.{known}" for name, known in SCIPY.items()},
        **{name: name for name in ("sum", "max", "concatenate", "maximum", "minimum")},
        "fabs": "abs",
        "sign": "sign",
    },
    imports=("import numpy as np",),
    special="from scipy import special",
)


class Printer:
    """Writes expressions and lines. What it needs to be imported it notes in `modules`."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.used: set[str] = set()

    # ------------------------------------------------------------------------- expressions

    def text(self, x: Expression, within: int = 0) -> str:
        """An expression, in parentheses if it binds less tightly than `within`."""
        binds, text = self._bound(x)
        return f"({text})" if binds < within else text

    def _bound(self, x: Expression) -> tuple[int, str]:
        """How tightly an expression binds, and its text."""
        xp, args, params = self.dialect.module, x.args, x.params
        match x.op:
            case "name":
                return WHOLE, params[0]
            case "number":
                return self._number(params[0])
            case "-" if len(args) == 1:
                return SIGN, f"-{self.text(args[0], SIGN)}"
            case "fabs" if self.dialect.traced:  # whose abs has the derivative 1 at 0
                x = args[0]
                return 4, f"{self.called('sign')}({self.text(x)}) * {self.text(x, 5)}"
            case "copysign" if self.dialect.traced:
                size = Expression("fabs", args[:1], (), args[0].shape)
                return WHOLE, f"{self.called('copysign')}({self.text(size)}, {self.text(args[1])})"
            case "+" | "-" if self.dialect.softplus and _softplus_of(x) is not None:
                inner = _softplus_of(x)
                assert inner is not None
                if x.op == "+":
                    return WHOLE, self.dialect.softplus.format(self.text(inner))
                return SIGN, "-" + self.dialect.softplus.format(f"-{self.text(inner, SIGN)}")
            case "/" if self.dialect.sigmoid and (inner := _sigmoid_of(x)) is not None:
                return WHOLE, self.dialect.sigmoid.format(self.text(inner))
            case "*" if args[0] == args[1]:
                return POWER, f"{self.text(args[0], WHOLE)}**2"
            case "*" if _is_mask(args[1]) and not _is_mask(args[0]):
                whole = args[0].op == "number"  # times a bool it would be an int
                factor = self.double(args[0].params[0]) if whole else self.text(args[0], 4)
                return 4, f"{factor} * ({self._mask(args[1])})"
            case "matmul":
                return 4, f"{self.text(args[0], 4)} @ {self.text(args[1], 5)}"
            case sign if sign in BINDS:
                binds = BINDS[sign]
                return binds, f"{self.text(args[0], binds)} {sign} {self.text(args[1], binds + 1)}"
            case "power" if args[1].op == "number":
                return POWER, f"{self.text(args[0], WHOLE)}**{self.text(args[1], SIGN)}"
            case "where":
                return self._where(x)
            case "reshape" | "transpose" if args[0].op == "number":
                return self._number(args[0].params[0])
            case "reshape":
                shape = ", ".join(map(self.size, params))
                return WHOLE, f"{self.text(args[0], WHOLE)}.reshape({shape or '()'})"
            case "transpose":
                return WHOLE, self.text(args[0], WHOLE) + self._order(params)
            case "index":
                if args[0].op == "arange" and params[1:] == (None,):
                    return WHOLE, f"{self.text(args[0], WHOLE)}[:, None]"
                return WHOLE, f"{self.text(args[0], WHOLE)}[{self.items(x)}]"
            case "sum" | "max":
                return WHOLE, self._reduced(x)
            case "concatenate":
                parts = ", ".join(map(self.text, args))
                axis = f", {self.dialect.axis}={params[0]}" if params[0] else ""
                return WHOLE, f"{xp}.{self.function('concatenate')}([{parts}]{axis})"
            case "stack" if len(x.shape) == 1:
                return WHOLE, self._vector(args)
            case "stack":
                axis = f", {self.dialect.axis}={params[0]}" if params[0] else ""
                return WHOLE, f"{xp}.stack([{', '.join(map(self.text, args))}]{axis})"
            case "einsum":
                operands = ", ".join(map(self.text, args))
                return WHOLE, f'{xp}.einsum("{params[0]}", {operands})'
            case "arange":
                return WHOLE, self._range(*params)
            case "repeat":
                return WHOLE, f"{xp}.repeat({self.text(args[0])}, {self.size(params[0])})"
            case "lower":
                return (
                    WHOLE,
                    f"{xp}.tri({', '.join(map(self.size, dict.fromkeys(params)))}, dtype=bool)",
                )
            case "segments":
                operands = ", ".join(map(self.text, args))
                return WHOLE, f"{xp}.add.reduceat({operands})"
            case "copy":
                return WHOLE, f"{self.text(args[0], WHOLE)}.copy()"
            case "detached":
                if self.dialect.detached == "{}":
                    return self._bound(args[0])
                return WHOLE, self.dialect.detached.format(self.text(args[0]))
            case "full":
                return WHOLE, self._full(x)
        operands = ", ".join(map(self.operand, args))
        return WHOLE, f"{self.called(x.op)}({operands})"

    def function(self, op: str) -> str:
        if op not in self.dialect.functions:
            raise ExportError(f"export: {self.dialect.module} has no {op}")
        return self.dialect.functions[op]

    def called(self, op: str) -> str:
        """The name under which a function of formulas is called."""
        known = self.function(op)
        self.used.add(known)
        return known if "." in known or known.startswith("_") else f"{self.dialect.module}.{known}"

    def _number(self, x: float) -> tuple[int, str]:
        xp = self.dialect.module
        if not math.isfinite(x):
            return (
                SIGN if x < 0 else WHOLE
            ), f"{'-' if x < 0 else ''}{xp}.{'nan' if x != x else 'inf'}"
        text = repr(x)
        if x == int(x) and abs(x) < 1e15:
            text = repr(int(x)) if x or math.copysign(1, x) > 0 else "-0.0"
        return (SIGN if text[0] == "-" else WHOLE), text

    def operand(self, x: Expression) -> str:
        """An operand of a function."""
        return self.text(x)

    def double(self, x: float) -> str:
        """A number among numbers and conditions, of which it makes an array of doubles."""
        return self.real(x)

    def real(self, x: float) -> str:
        """A number that makes an array one of floats."""
        return repr(x) if math.isfinite(x) else self._number(x)[1]

    def size(self, n: object) -> str:
        return str(n)

    def _order(self, order: Sequence[int]) -> str:
        if list(order) == [1, 0]:
            return ".T"
        return f".transpose({', '.join(map(str, order))})"

    def _where(self, x: Expression) -> tuple[int, str]:
        """The usual names of what formulas write with `where`."""
        condition, yes, no = x.args
        if condition.op == "!=" and _is(condition.args[1], 0) and _is_mask(condition.args[0]):
            mask = condition.args[0]
            condition = mask.args[0]
            yes, no = (yes, no) if _is(mask.args[1], 1) else (no, yes)
        at_most_0 = condition.op == "<=" and _is(condition.args[1], 0)
        if at_most_0 and _is(yes, 0) and no == condition.args[0]:
            return WHOLE, self._relu(no)
        if self.dialect.softplus and x.args[0].op == "<=" and condition.args == (no, yes):
            condition = condition._replace(op="<")  # the first of the largest has the derivative
        if condition.op == ">" and _is(yes, 1) and _is(condition.args[1], 0) and no.op == "where":
            below, minus, same = no.args
            x = condition.args[0]
            if below.op == "<" and below.args == condition.args and _is(minus, -1) and same == x:
                return WHOLE, f"{self.called('sign')}({self.text(x)})"
        larger = {">=": "maximum", "<=": "minimum"}.get(condition.op)
        if larger and condition.args[0] == yes and no.op == "where":
            other = no.args[1]
            if condition.args[1] == other and no.args[2].op == "+":
                return WHOLE, f"{self.called(larger)}({self.operand(yes)}, {self.operand(other)})"
        numbers = yes.op == no.op == "number"  # of ints np.where would make an array of ints
        values = [self.double(y.params[0]) if numbers else self.text(y) for y in (yes, no)]
        return WHOLE, f"{self.dialect.module}.where({', '.join([self.text(condition), *values])})"

    def _mask(self, x: Expression) -> str:
        """What is 1 or 0, as a condition: it multiplies a number, and does nothing else."""
        condition, yes, _ = x.args
        if _is(yes, 1):
            return self.text(condition)
        opposite = OPPOSITE[condition.op]
        return f"{self.text(condition.args[0], 2)} {opposite} {self.text(condition.args[1], 2)}"

    def _relu(self, x: Expression) -> str:
        if self.dialect.relu:
            return f"{self.dialect.relu}({self.text(x)})"
        return f"{self.dialect.module}.maximum({self.text(x)}, 0)"

    def _reduced(self, x: Expression) -> str:
        operand = x.args[0]
        rank = len(operand.shape)
        axes = x.params
        if len(axes) == rank:
            chosen = ""
        elif axes == (rank - 1,) and rank > 2:
            chosen = f"{self.dialect.axis}=-1"
        else:
            chosen = f"{self.dialect.axis}={axes[0] if len(axes) == 1 else tuple(axes)}"
        return f"{self.text(operand, WHOLE)}.{self.function(x.op)}({chosen})"

    def _full(self, x: Expression) -> str:
        xp, (operand,) = self.dialect.module, x.args
        sizes = [self.size(n) for n in x.params]
        shape = sizes[0] if len(sizes) == 1 else f"({', '.join(sizes)})"
        if _is(operand, 0):
            return f"{xp}.zeros({shape})"
        if _is(operand, 1):
            return f"{xp}.ones({shape})"
        if operand.shape == ():
            value = repr(operand.params[0]) if operand.op == "number" else self.text(operand)
            return f"{xp}.full({shape}, {value})"
        return f"{xp}.broadcast_to({self.text(operand)}, {shape})"

    def _range(self, start: int, count: int, step: int) -> str:
        xp = self.dialect.module
        if step == 1:
            first = f"{self.size(start)}, " if start else ""
            return f"{xp}.arange({first}{self.size(start + count)})"
        return f"{xp}.arange({start}, {start + count * step}, {step})"

    def items(self, x: Expression) -> str:
        """What stands in the brackets of an index."""
        arrays = iter(x.args[1:])
        items = [self._item(item, arrays) for item in x.params]
        while len(items) > 1 and items[-1] == ":":
            items.pop()
        return ", ".join(items)

    def _item(self, item: object, arrays: Iterator[Expression]) -> str:
        if item == EACH:
            return self.text(next(arrays))
        if isinstance(item, Cut):
            return self._cut(item)
        if isinstance(item, Turn):
            return self._turn(item)
        return "None" if item is None else self.size(item)

    def _cut(self, cut: Cut) -> str:
        end = cut.start + cut.step * (cut.count - 1) + (1 if cut.step > 0 else -1)
        first = str(cut.start) if cut.start != (0 if cut.step > 0 else cut.length - 1) else ""
        if cut.step > 0:
            last = "" if end + cut.step > cut.length else str(end)
        else:
            last = "" if end + cut.step < -1 else str(end)
        return f"{first}:{last}" + (f":{cut.step}" if cut.step != 1 else "")

    def _turn(self, turn: Turn) -> str:
        if turn.step == 1:
            return (
                "t" if not turn.start else f"t {'+' if turn.start > 0 else '-'} {abs(turn.start)}"
            )
        if turn.step == -1:
            return f"{turn.start} - t"
        return f"{turn.step} * t" + (f" + {turn.start}" if turn.start else "")

    # ------------------------------------------------------------------------------- lines

    def lines(self, lines: Sequence[Line], indent: str = "    ") -> list[str]:
        found = []
        for line in lines:
            if isinstance(line, For) and self.dialect.loop:
                found += self._traced(line, indent)
            elif isinstance(line, For):
                found.append(f"{indent}for t in range({line.count}):")
                found += self.lines(line.lines, indent + "    ")
            else:
                found.append(indent + self.assign(line))
        return found

    def _traced(self, loop: For, indent: str) -> list[str]:
        """A loop as a function of the turn and of the arrays that it changes."""
        carried = ", ".join(dict.fromkeys(it.name for it in loop.lines))
        carried += "," * (", " not in carried)
        body = self.lines(loop.lines, indent + "    ")
        return [
            "",
            f"{indent}def step(t, arrays):",
            f"{indent}    {carried} = arrays",
            *body,
            f"{indent}    return {carried}",
            "",
            f"{indent}{carried} = {self.dialect.loop}(0, {loop.count}, step, ({carried}))",
        ]

    def assign(self, it: Assign) -> str:
        target, value = self.text(it.target), self.text(it.value)
        if it.makes and it.value.op == "number":
            x, shape = it.value.params[0], it.target.shape
            filled = Expression("full", (it.value,), shape, shape)
            value = self.text(filled) if shape else self._array(self.real(x))
        if it.op == "at" and self.dialect.in_place:
            array, items = self.text(it.target.args[0]), self.items(it.target)
            items = f"({items})" if ", " in items else items
            return f"np.add.at({array}, {items}, {value})"
        if it.target.op != "name" and not self.dialect.in_place:
            return self._with(it)
        return f"{target} {it.op} {value}"

    def _with(self, it: Assign) -> str:
        """An array with a part of it changed, for libraries whose arrays are not written to."""
        target, value = it.target, it.value
        while target.op != "index":
            if target.op != "transpose":
                raise ExportError(f"export: {self.dialect.module} cannot write to a {target.op}")
            back = tuple(sorted(range(len(target.params)), key=target.params.__getitem__))
            value, target = transpose(value, back), target.args[0]
        (array, *_), items = target.args, self.items(target)
        change = {"=": "set", "+=": "add", "-=": "subtract", "at": "add"}[it.op]
        found = f"{self.text(array, WHOLE)}.at[{items}].{change}({self.text(value)})"
        if array.op == "reshape":
            inner = array.args[0]
            shape = ", ".join(map(self.size, inner.shape))
            return f"{self.text(inner)} = {found}.reshape({shape})"
        return f"{self.text(array)} = {found}"

    def table(self, known: str, values: NDArray[Any]) -> list[str]:
        """The definition of a constant array."""
        return [f"{known} = {self.array(values)}"]

    def array(self, values: NDArray[Any]) -> str:
        exact = values.dtype.kind in "bi"
        rows = [str(x) if exact else self.real(x) for x in values.ravel().tolist()]
        for size in values.shape[:0:-1]:
            rows = [f"[{', '.join(rows[i : i + size])}]" for i in range(0, len(rows), size)]
        return self._array(f"[{', '.join(rows)}]", exact)

    def _array(self, numbers: str, exact: bool = False) -> str:
        """The array of numbers, which are exact if they are ints or conditions."""
        return f"{self.dialect.module}.array({numbers})"

    def _vector(self, numbers: Sequence[Expression]) -> str:
        return self._array(f"[{', '.join(map(self.text, numbers))}]")

    def shape(self, known: str) -> str:
        """The shape of an argument."""
        return f"{self.dialect.module}.shape({known})"

    def as_array(self, known: str) -> str:
        """The array of a number that may be a float."""
        return f"{self.dialect.module}.asarray({known})"


def _softplus_of(x: Expression) -> Expression | None:
    """z of log(1 + e^z), or of -log(1 + e^-z), as formulas have them; None of another sum.

    Its derivative at 0 is that of no branch.
    """
    first, second = x.args[0], x.args[-1]
    if first.op != "where" or second.op != "log1p":
        return None
    condition, z, zero = first.args
    sides = ">" if x.op == "+" else "<"
    if condition.op != sides or condition.args != (z, zero) or not _is(zero, 0):
        return None
    (decayed,) = second.args
    size = operation("-", Expression("fabs", (z,), (), z.shape))
    return z if decayed == Expression("exp", (size,), (), z.shape) else None


def _sigmoid_of(x: Expression) -> Expression | None:
    """z of 1 / (1 + e^-z), as formulas have it; None of another quotient."""
    one, below = x.args
    if not _is(one, 1) or below.op != "+" or not _is(below.args[0], 1) or below.args[1].op != "exp":
        return None
    (decayed,) = below.args[1].args
    return decayed.args[0] if decayed.op == "-" and len(decayed.args) == 1 else None


def _is_mask(x: Expression) -> bool:
    """True of where(condition, 1, 0) and where(condition, 0, 1), conditions being comparisons."""
    if x.op != "where" or x.args[0].op not in OPPOSITE:
        return False
    _, yes, no = x.args
    return (_is(yes, 1) and _is(no, 0)) or (_is(yes, 0) and _is(no, 1))


def _is(x: Expression, number: float) -> bool:
    return x.op == "number" and x.params[0] == number


COMPUTED = re.compile(r"(d*)([zatm])(\d+)(_\d+)?$")
"""The names of what is computed."""


def numbered(names: Iterable[str]) -> dict[str, str]:
    """The names z3, a5, dz3 as z1, a1, dz1, ...: numbers in the order in which they come."""
    count: Counter[str] = Counter()
    number: dict[str, int] = {}
    found: dict[str, str] = {}
    for known in names:
        match = COMPUTED.match(known)
        if match:
            before, letter, place, part = match.groups()
            if letter + place not in number:
                count[letter] += 1
                number[letter + place] = count[letter]
            found[known] = f"{before}{letter}{number[letter + place]}{part or ''}"
    return found
