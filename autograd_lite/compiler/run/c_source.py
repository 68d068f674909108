"""A plan as C: one function forward, one backward, both on the flat memory of the plan.

A loop is written as nested loops, the innermost of which is marked, so that a compiler computes
several numbers at once. Numbers that only its statements read never leave the registers.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat
from autograd_lite.compiler.run.c_lines import counting
from autograd_lite.compiler.run.c_moves import Tables
from autograd_lite.compiler.run.c_products import Products
from autograd_lite.operations.formulas import FUNCTIONS, NotInCError, functions_of, to_c, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.plan.groups import Group, Statement
    from autograd_lite.operations.formulas import Tree

__all__ = ["BACKWARD", "FORWARD", "NotInCError", "Source", "c_source"]

FORWARD, BACKWARD = "autograd_lite_forward", "autograd_lite_backward"

_IN_LANES = {"exp", "expm1", "log", "log1p", "tanh"}  # of lanes.h
_INLINE = {"ceil", "copysign", "fabs", "floor", "round_even", "sqrt", "trunc"}  # instructions
_C_NAMES = {name: function.c for name, function in FUNCTIONS.items() if function.c}
_C_NAMES |= {"lgamma": "lgamma", "power": "pow", "exp2": "exp2", "cbrt": "cbrt"}
_CALLED = {name: f"call_{c}" for name, c in _C_NAMES.items() if name not in _INLINE}
_NAMES = _C_NAMES | _CALLED | {name: f"{name}_of" for name in (*_IN_LANES, "maximum")}

_SIGNS = {0: "=", 1: "+=", -1: "-="}

_LONGEST_ROW = 4000  # sums that are taken at once: they are on the stack

_IN_ONE_FUNCTION = 32  # groups: a compiler takes longer for a long function than for short ones

_HEAD = """\
#define SIMD _Pragma("omp simd")
#define PRAGMA(text) _Pragma(#text)
#define SUMS(...) PRAGMA(omp simd reduction(+ : __VA_ARGS__))

INLINE double maximum_of(double x, double y) { return (x > y) | (x != x) ? x : y; }

/* A function of the C library, called for one number after the other in a vectorised loop. */
#ifdef __clang__
#define CALLED static inline
#else
#define CALLED PRAGMA(omp declare simd notinbranch) __attribute__((const, noinline)) static
#endif
"""


class Source(NamedTuple):
    """C, and the number of doubles that it uses behind those of the plan.

    Both functions are of type void (double *memory, const int64_t *indices).
    """

    text: str
    work: int


def c_source(plan: Plan) -> Source:
    """The C of a plan. Raises NotInCError for one that calls Python."""
    writer = _Writer(plan.size)
    bodies = [
        writer.function(name, groups)
        for name, groups in ((FORWARD, plan.forward), (BACKWARD, plan.backward))
    ]
    definitions = [*writer.called(), *writer.products.definitions(), *writer.tables.definitions]
    text = [_library(), _HEAD, *definitions, *bodies]
    return Source("\n".join(text), writer.work)


@cache
def _library() -> str:
    """The functions of formulas in C."""
    folder = files("autograd_lite.operations")
    return "\n".join((folder / name).read_text("utf-8") for name in ("ieee.h", "lanes.h"))


class _Writer:
    """Writes groups.

    size      the number of doubles of the plan
    work      the number of those that are used behind them: panels of products, and room for lanes
              that are read and not used
    tables    the constant tables
    products  the functions of products
    """

    def __init__(self, size: int) -> None:
        self.size, self.work = size, 16
        self.tables = Tables()
        self.products = Products()
        self._called: set[str] = set()

    def function(self, name: str, groups: Sequence[Group]) -> str:
        """A function that runs the groups, in several functions if they are many."""
        parts = []
        for number, start in enumerate(range(0, len(groups), _IN_ONE_FUNCTION)):
            some = groups[start : start + _IN_ONE_FUNCTION]
            lines = [line for group in some for line in self.group(group)]
            parts.append(_defined(f"static __attribute__((noinline)) void {name}_{number}", lines))
        calls = [f"{name}_{number}(m, index);" for number in range(len(parts))]
        return "\n".join([*parts, _defined(f"void {name}", calls)])

    def called(self) -> list[str]:
        """The definitions of functions that call the C library."""
        return [
            f"CALLED double call_{_C_NAMES[name]}({_parameters(name)}) "
            f"{{ return {_C_NAMES[name]}({_arguments(name)}); }}"
            for name in sorted(self._called)
        ]

    def group(self, it: Group, turn: Sequence[str] = ()) -> list[str]:
        """The lines of a group.

        turn  the index of the repetition that it is in: one name, or none
        """
        match it:
            case Repeat(count, groups):
                inner = [line for group in groups for line in self.group(group, ("turn",))]
                return [counting("turn", count), *inner, "}"]
            case Loop():
                return ["{", *self.loop(it, turn), "}"]
            case Contraction():
                return [self.product(it, turn)]
        return ["{", *self.tables.moved(it), "}"]

    def product(self, it: Contraction, turn: Sequence[str]) -> str:
        """The call of a product, whose function others of the same strides share."""
        assert it.b is not None
        name, exchanged, panel = self.products.function(it, len(turn))
        self.work = max(self.work, panel + 16)
        factors = (it.b, it.a) if exchanged else (it.a, it.b)
        first = [Ref(ref.base, ref.strides[: len(turn)]) for ref in (*factors, it.out)]
        places = [f"&{_place(ref, turn)}" for ref in first]
        return f"{name}({', '.join(places)}, m + {self.size});"

    # ------------------------------------------------------------------------------- loops

    def loop(self, it: Loop, turn: Sequence[str]) -> list[str]:
        """Nested loops. A number is read in the outermost of them that it does not move in."""
        n = len(it.sizes)
        order = _order(it, len(turn))
        names = [*turn, *(f"i{k}" for k in range(n))]
        nested = _Nested([it.sizes[k] for k in order], [f"i{k}" for k in order])
        level = {k: depth for depth, k in enumerate(order, 1)}
        sums = next((s.sums for s in it.statements if s.sums), ())
        # Sums of the innermost loops are in variables, others in memory.
        depth = n - len(sums) if n and order[-1] in sums else -1
        known: dict[Ref, tuple[str, int]] = {}

        def number(ref: Ref) -> tuple[str, int]:
            if ref not in known:
                moving = [level[k] for k in range(n) if ref.strides[len(turn) + k]]
                at = max(moving, default=0)
                known[ref] = nested.computed(at, _place(ref, names)), at
            return known[ref]

        for s in it.statements:
            found = {name: number(ref) for name, ref in s.operands.items()}
            value = self._value(s.tree, {name: variable for name, (variable, _) in found.items()})
            place = _place(s.out, names) if s.stored else ""
            if s.kind == "map":
                if s.add:
                    value = f"{number(s.out)[0]} {'+' if s.add > 0 else '-'} {value}"
                at = n if s.stored else max([at for _, at in found.values()], default=0)
                known[s.out] = nested.computed(at, value), at
                if s.stored:
                    nested.before[n].append(f"{place} = {known[s.out][0]};")
            elif depth >= 0:
                nested.summed(depth, s, place, value)
            else:
                nested.summed_in_row(n - 1 - len(sums), s, place, value)
        return nested.lines()

    def _value(self, tree: Tree, variables: Mapping[str, str]) -> str:
        tree = _with_maxima(tree)
        functions = functions_of(tree) & FUNCTIONS.keys()
        missing = functions - _NAMES.keys()
        if missing:
            raise NotInCError(missing.pop())
        self._called |= functions & _CALLED.keys() - _IN_LANES
        return to_c(with_terms(tree, variables), _NAMES)


def _with_maxima(tree: Tree) -> Tree:
    """The tree with maximum(x, y) for where(x <= y, y, x), which arrays compute so: nan wins."""
    if not isinstance(tree, tuple):
        return tree
    function, *operands = tree[0], *map(_with_maxima, tree[1:])
    match function, operands:
        case "where", [("<=", x, y), yes, no] if (yes, no) == (y, x):
            return "maximum", x, y
    return (function, *operands)


class _Nested:
    """Nested loops that are being written.

    before, after  [depth] lines in so many of the loops, before and after the loop within
    """

    def __init__(self, sizes: Sequence[int], names: Sequence[str]) -> None:
        self.sizes, self.names = sizes, names
        self.before: list[list[str]] = [[] for _ in range(len(sizes) + 1)]
        self.after: list[list[str]] = [[] for _ in range(len(sizes) + 1)]
        self._variables = 0
        self._sums: list[str] = []
        self._in_turn = False  # True if the innermost loop depends on its order

    def computed(self, depth: int, value: str) -> str:
        """A variable with this value, in so many of the loops."""
        self._variables += 1
        name = f"x{self._variables}"
        self.before[depth].append(f"const double {name} = {value};")
        return name

    def summed(self, depth: int, s: Statement, place: str, value: str) -> None:
        """A sum or maximum over the loops within so many; it is written behind them."""
        self._variables += 1
        name = f"s{self._variables}"
        if s.kind == "max":
            self._in_turn = True
            self.before[depth].append(f"double {name} = -INFINITY;")
            value = self.computed(len(self.sizes), value)
            larger = f"{value} > {name} || {value} != {value}"
            self.before[-1].append(f"{name} = {larger} ? {value} : {name};")
        else:
            self._sums.append(name)
            self.before[depth].append(f"double {name} = 0;")
            self.before[-1].append(f"{name} += {value};")
        self.after[depth].append(f"{place} {_SIGNS[s.add]} {name};")

    def summed_in_row(self, depth: int, s: Statement, place: str, value: str) -> None:
        """Sums or maxima, one for each step of the innermost loop, as the outermost are not summed.

        They are in an array of their own, as they may be written to places far apart.
        """
        self._variables += 1
        row, loop = f"s{self._variables}", counting(self.names[-1], self.sizes[-1])
        total = f"{row}[{self.names[-1]}]"
        first = "-INFINITY" if s.kind == "max" else "0"
        self.before[depth] += [f"double {row}[{self.sizes[-1]}];", f"{loop} {total} = {first}; }}"]
        if s.kind == "max":
            value = self.computed(len(self.sizes), value)
            larger = f"{value} > {total} || {value} != {value}"
            self.before[-1].append(f"{total} = {larger} ? {value} : {total};")
        else:
            self.before[-1].append(f"{total} += {value};")
        self.after[depth].append(f"{loop} {place} {_SIGNS[s.add]} {total}; }}")

    def lines(self) -> list[str]:
        depth = len(self.sizes)
        lines = []
        for k, (size, name) in enumerate(zip(self.sizes, self.names, strict=True)):
            lines += self.before[k]
            if k == depth - 1 and size > 2 and not self._in_turn:
                lines.append(f"SUMS({', '.join(self._sums)})" if self._sums else "SIMD")
            lines.append(counting(name, size))
        lines += [*self.before[depth], *self.after[depth]]
        for k in reversed(range(depth)):
            lines += ["}", *self.after[k]]
        return lines


def _order(it: Loop, turns: int) -> list[int]:
    """The loops, outermost first: the innermost is one in which most numbers lie side by side.

    The loops of a sum are the innermost ones; or all but one, so that a row of sums grows at once.
    """
    n = len(it.sizes)
    if not n:
        return []
    sums = next((s.sums for s in it.statements if s.sums), ())
    kept = [k for k in range(n) if k not in sums]
    reads = {ref for s in it.statements for ref in s.operands.values() if ref.base >= 0}
    writes = [s.out for s in it.statements if s.stored and not s.sums]

    def cost(k: int) -> float:
        """Of eight numbers, about how many operations it takes with this loop innermost."""
        moves = [abs(ref.strides[turns + k]) for ref in (*reads, *writes)]
        each = len(it.statements) + sum(min(move, 1) + 9 * (move > 1) for move in moves)
        if sums and k in kept:
            if it.sizes[k] * len(it.statements) > _LONGEST_ROW:
                return math.inf
            each += 2 * sum(s.kind != "map" for s in it.statements)
        return float(each * -(-it.sizes[k] // 8) * 8 / it.sizes[k])

    inner = min(reversed(range(n)), key=cost)
    if inner in sums:
        return [*kept, *(k for k in sums if k != inner), inner]
    return [*(k for k in kept if k != inner), *sums, inner]


def _place(ref: Ref, names: Sequence[str]) -> str:
    """m[7 + 3 * i0 + i1]"""
    moves = [
        name if stride == 1 else f"{stride} * {name}"
        for stride, name in zip(ref.strides, names, strict=True)
        if stride
    ]
    return f"m[{' + '.join([str(ref.base), *moves])}]"


def _defined(head: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"{head}(double *m, const int64_t *index)\n{{\n{body}\n}}\n"


_OF_TWO = {"atan2", "copysign", "floor_divide", "floor_mod", "fmod", "hypot", "power"}


def _parameters(name: str) -> str:
    return "double x, double y" if name in _OF_TWO else "double x"


def _arguments(name: str) -> str:
    return "x, y" if name in _OF_TWO else "x"
