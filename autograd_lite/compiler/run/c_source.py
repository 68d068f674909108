"""A plan as C: one function forward, one backward, both on the flat memory of the plan.

The innermost loops are marked, so that a compiler computes several numbers at once.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat
from autograd_lite.compiler.run.c_lines import counting
from autograd_lite.compiler.run.c_loops import LoopWriter, maximum_of
from autograd_lite.compiler.run.c_moves import Tables
from autograd_lite.compiler.run.c_products import Products
from autograd_lite.operations.formulas import FUNCTIONS, NotInCError, functions_of, to_c, with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.plan.groups import Group
    from autograd_lite.operations.formulas import Tree

__all__ = ["BACKWARD", "FORWARD", "NotInCError", "Source", "c_source"]

FORWARD, BACKWARD = "autograd_lite_forward", "autograd_lite_backward"

_IN_LANES = {"exp", "expm1", "log", "log1p", "tanh"}  # of lanes.h
_INLINE = {"ceil", "copysign", "fabs", "floor", "round_even", "sqrt", "trunc"}  # instructions
_C_NAMES = {name: function.c for name, function in FUNCTIONS.items() if function.c}
_C_NAMES |= {"lgamma": "lgamma", "power": "pow", "exp2": "exp2", "cbrt": "cbrt"}
_CALLED = {name: f"call_{c}" for name, c in _C_NAMES.items() if name not in _INLINE}
_NAMES = _C_NAMES | _CALLED | {name: f"{name}_of" for name in (*_IN_LANES, "maximum")}

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


class _Writer(LoopWriter):
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

    def place(self, ref: Ref, names: Sequence[str]) -> str:
        return _place(ref, names)

    def value(self, tree: Tree, variables: Mapping[str, str]) -> str:
        tree = maximum_of(tree)
        functions = functions_of(tree) & FUNCTIONS.keys()
        missing = functions - _NAMES.keys()
        if missing:
            raise NotInCError(missing.pop())
        self._called |= functions & _CALLED.keys() - _IN_LANES
        return to_c(with_terms(tree, variables), _NAMES)


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
