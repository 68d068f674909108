"""Statements that one other reads are put into it, and formulas are simplified.

The derivatives of a tape write out what nobody would: 1 * x, and 1 less what is 1 where x <= 0 and
0 elsewhere. No rule hides a number that is not finite, and none takes 0 for -0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Group, Loop, Repeat, Statement, with_refs
from autograd_lite.operations.formulas import with_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd_lite.operations.formulas import Tree

__all__ = ["simplified", "simplified_tree"]

MAX_OPERANDS = 8  # of a statement that others are put into


def simplified(groups: Sequence[Group]) -> list[Group]:
    """The groups; each stored number is what it was, from the same numbers."""
    found: list[Group] = []
    for group in groups:
        if isinstance(group, Repeat):
            inner = [x if isinstance(x, Contraction) else _simple(x) for x in group.groups]
            found.append(Repeat(group.count, inner))
        else:
            found.append(_simple(group) if isinstance(group, Loop) else group)
    return found


def _simple(loop: Loop) -> Loop:
    """An unstored statement that one map reads, once, goes into it; a copy goes, too."""
    uses: Counter[Ref] = Counter()
    for s in loop.statements:
        names = _names(s.tree)
        for name, ref in s.operands.items():
            uses[ref] += names[name]
    place: dict[Ref, int] = {}  # of the unstored statements that are left
    left: list[Statement | None] = []
    copied: dict[Ref, Ref] = {}
    stored = {s.out for s in loop.statements if s.stored}
    for s in loop.statements:
        operands = {name: copied.get(ref, ref) for name, ref in s.operands.items()}
        s = replace(s, operands=operands)
        if s.kind == "map":
            s = _with_inner(s, left, place, uses)
        s = replace(s, tree=simplified_tree(s.tree))
        if not s.stored:
            source = s.operands.get(s.tree) if isinstance(s.tree, str) else None
            if source is not None and source not in stored:
                copied[s.out] = source
                uses[source] += uses[s.out] - 1
                continue
            place[s.out] = len(left)
        left.append(s)
    return Loop(loop.sizes, _numbered([s for s in left if s is not None]))


def _with_inner(
    it: Statement,
    left: list[Statement | None],
    place: dict[Ref, int],
    uses: Mapping[Ref, int],
) -> Statement:
    """The statement with the formulas of those that it alone reads, which are taken out of `left`.

    What they read must not be overwritten between their place and this one.
    """
    inner: dict[Ref, Statement] = {}
    count = len(it.operands)
    for ref in it.operands.values():
        if ref in place and uses[ref] == 1:
            i = place[ref]
            s = left[i]
            assert s is not None
            written = {x.out for x in left[i + 1 :] if x is not None and x.stored}
            count += len(s.operands) - 1
            if count > MAX_OPERANDS or not written.isdisjoint(s.operands.values()):
                break
            inner[ref] = s
            left[place.pop(ref)] = None
    if not inner:
        return it
    names: dict[Ref, str] = {}

    def named(s: Statement) -> Tree:
        terms: dict[str, Tree] = {
            name: named(inner[ref]) if ref in inner else names.setdefault(ref, f"x{len(names)}")
            for name, ref in s.operands.items()
        }
        return with_terms(s.tree, terms)

    tree = named(it)
    return replace(it, tree=tree, operands={name: ref for ref, name in names.items()})


def _numbered(statements: Sequence[Statement]) -> list[Statement]:
    """The statements; those that are not stored are t1, t2, ... again."""
    names: dict[Ref, Ref] = {}
    for s in statements:
        if not s.stored:
            names[s.out] = Ref(-1 - len(names), s.out.strides)
    return [with_refs(s, lambda ref: names.get(ref, ref)) for s in statements]


def _names(tree: Tree) -> Counter[str]:
    """How often each name stands in a tree."""
    if isinstance(tree, tuple):
        return sum(map(_names, tree[1:]), Counter())
    return Counter([tree]) if isinstance(tree, str) else Counter()


def simplified_tree(tree: Tree) -> Tree:
    """The tree without factors of 1, and with signs and conditions as they are written by hand."""
    if not isinstance(tree, tuple):
        return tree
    inner: Tree = (tree[0], *map(simplified_tree, tree[1:]))
    match inner:
        case ("*", 1, x) | ("*", x, 1) | ("/", x, 1) | ("-", ("-", x)):
            found: Tree = x
            return found
        case ("*", -1, x) | ("*", x, -1) | ("/", x, -1):
            return simplified_tree(("-", x))
        case ("+", x, ("-", y)):
            return ("-", x, y)
        case ("-", x, ("-", y)):
            return ("+", x, y)
        case ("-", 1, ("where", condition, 1, 0)):
            return ("where", condition, 0, 1)
        case ("-", 1, ("where", condition, 0, 1)):
            return ("where", condition, 1, 0)
        case ("-", int() | float() as x):
            return -float(x)
    return inner
