"""Lines of a program of arrays, and what makes them few: sums in one line, no name used once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from autograd_lite.compiler.export.expressions import Expression, number, operation

__all__ = [
    "Assign",
    "For",
    "Line",
    "assigns",
    "is_view",
    "renamed",
    "tidied",
    "with_copies",
    "with_names",
]

LENGTH = 64  # characters of a right side that a name used once may go into
HEAVY = {"matmul", "einsum", "segments", "concatenate", "stack", "sum", "max", "full"}


@dataclass
class Assign:
    """target = value, or with op "+=" or "-=" to what is there; "at" adds one by one.

    The target is a name, or a part of an array that has one.
    """

    target: Expression
    value: Expression
    op: str = "="

    @property
    def name(self) -> str:
        """The name of the array that is written to."""
        target = self.target
        while target.op != "name":
            target = target.args[0]
        return str(target.params[0])

    @property
    def makes(self) -> bool:
        """True if it makes its array, whatever was there."""
        return self.target.op == "name" and self.op == "="

    @property
    def reshapes(self) -> bool:
        """True if it writes to its array in another shape."""
        target = self.target
        while target.op not in ("name", "reshape"):
            target = target.args[0]
        return target.op == "reshape"

    def reads(self) -> list[str]:
        """The names that it reads; of its target what chooses the part, and itself if it adds."""
        if self.target.op == "name":
            return self.value.names() + ([] if self.makes else [self.name])
        return self.value.names() + self.target.names()


@dataclass
class For:
    """Lines for each turn: t = 0, 1, ..., count - 1."""

    count: int
    lines: list[Assign]


Line = Assign | For


def assigns(lines: Iterable[Line]) -> Iterator[Assign]:
    """Every assignment, those of loops once."""
    for line in lines:
        if isinstance(line, For):
            yield from line.lines
        else:
            yield line


def tidied(
    lines: Sequence[Line], needed: Iterable[str], length: Callable[[Expression], int]
) -> list[Line]:
    """The same in fewer lines.

    needed  the names that are read behind these lines
    length  characters of an expression, as it is written
    """
    needed = list(needed)
    found = _live(list(lines), needed)
    found = _merged(found)
    for line in found:
        if isinstance(line, For):
            line.lines[:] = [*assigns(_merged([*line.lines]))]
    return _inlined(found, needed, length)


def _live(lines: list[Line], needed: Iterable[str]) -> list[Line]:
    """The lines without those of arrays that nobody reads."""
    wanted = set(needed)
    while True:
        reads = set(wanted)
        for it in assigns(lines):
            own = {it.name} if not it.makes else set()
            reads.update(set(it.reads()) - own)
        kept: list[Line] = []
        for line in lines:
            if isinstance(line, For):
                line = replace(line, lines=[it for it in line.lines if it.name in reads])
                if line.lines:
                    kept.append(line)
            elif line.name in reads:
                kept.append(line)
        if sum(1 for _ in assigns(kept)) == sum(1 for _ in assigns(lines)):
            return kept
        lines = kept


def _merged(lines: list[Line]) -> list[Line]:
    """What is added to an array that was just made is a term of the line that makes it."""
    found: list[Line] = []
    for line in lines:
        if isinstance(line, Assign) and _goes_on(found[-1:], line):
            made = found.pop()
            assert isinstance(made, Assign)
            line = Assign(line.target, _sum(made.value, line.op[0], line.value))
        if isinstance(line, Assign) and line.op in ("+=", "-=") and line.target.op == "name":
            at = _made_at(found, line)
            if at is not None:
                made = found.pop(at)
                assert isinstance(made, Assign)
                line = Assign(line.target, _sum(made.value, line.op[0], line.value))
        found.append(line)
    return found


def _goes_on(before: Sequence[Line], line: Assign) -> bool:
    """True if a line adds to the part of an array that the line before it has set."""
    if not before or line.op not in ("+=", "-=") or line.target.op == "name":
        return False
    (last,) = before
    alike = isinstance(last, Assign) and last.op == "=" and last.target == line.target
    return alike and line.name not in line.value.names()


def _sum(x: Expression, sign: str, y: Expression) -> Expression:
    if sign == "+" and y.op == "-" and len(y.args) == 1:
        return operation("-", x, y.args[0])
    if sign == "+" and y.op == "number" and y.params[0] < 0:
        return operation("-", x, number(-y.params[0]))
    if sign == "+" and x.op == "-" and len(x.args) == 1:
        return operation("-", y, x.args[0])
    return operation(sign, x, y)


def _made_at(lines: Sequence[Line], line: Assign) -> int | None:
    """Where the array of a line is made, if nothing reads it between, nor changes what it reads."""
    for at in range(len(lines) - 1, -1, -1):
        it = lines[at]
        if isinstance(it, For):
            return None
        if it.name == line.name:
            if not it.makes or line.name in line.value.names():
                return None
            reads = set(it.value.names())
            between = lines[at + 1 :]
            changed = {b.name for b in between if isinstance(b, Assign)}
            return None if reads & changed else at
        if line.name in it.reads():
            return None
    return None


def _inlined(
    lines: list[Line], needed: Sequence[str], length: Callable[[Expression], int]
) -> list[Line]:
    """Names that are used once give way to what they stand for, where that is short."""
    changes = True
    while changes:
        changes = False
        reads = Counter(needed)
        writes: Counter[str] = Counter()
        for it in assigns(lines):
            reads.update(it.reads())
            writes[it.name] += 1
        for i, line in enumerate(lines):
            if not isinstance(line, Assign) or not line.makes or writes[line.name] > 1:
                continue
            if line.name in needed or reads[line.name] != 1:
                continue
            k = _reader(lines, i)
            if k is None:
                continue
            user = lines[k]
            assert isinstance(user, Assign)
            if not _fits(line, user, length):
                continue
            terms = {line.name: line.value}
            lines[k] = replace(user, value=user.value.replaced(terms))
            del lines[i]
            changes = True
            break
    return lines


def _reader(lines: Sequence[Line], i: int) -> int | None:
    """The line that reads the array of line i, if that has then still what it is made of."""
    line = lines[i]
    assert isinstance(line, Assign)
    of = set(line.value.names())
    for k in range(i + 1, len(lines)):
        it = lines[k]
        if isinstance(it, For):
            if any(a.name in of or line.name in a.reads() for a in it.lines):
                return None
            continue
        if line.name in it.value.names():
            return k
        if it.name in of or line.name in it.reads():
            return None
    return None


def _fits(line: Assign, user: Assign, length: Callable[[Expression], int]) -> bool:
    """True if the value may stand in the user's: it is short, and reads well there."""
    value = line.value
    if value.op == "name":
        return True
    around = _around(user.value, line.name)
    if around == value.op == "reshape":
        return True
    if around in ("index", "reshape", "transpose", "einsum", "segments", "full"):
        return False
    if around == "matmul" and value.op not in ("index", "transpose", "reshape"):
        return False
    if value.op in HEAVY and _has(user.value, HEAVY):
        return False
    if value.op == "where" and around == "matmul":
        return False
    return length(user.value.replaced({line.name: value})) <= LENGTH


def _around(x: Expression, known: str) -> str:
    """The operation that has a name as an operand; "" if the name stands alone."""
    for arg in x.args:
        if arg.op == "name" and arg.params[0] == known:
            return x.op
        found = _around(arg, known)
        if found:
            return found
    return ""


def _has(x: Expression, ops: set[str]) -> bool:
    return x.op in ops or any(_has(arg, ops) for arg in x.args)


def with_copies(lines: Sequence[Line], given: Iterable[str]) -> list[Line]:
    """The lines, with a copy where an array would be a view of another that is written to later,
    or that is given to the caller; and where it is written to as a reshaped one, which is a view
    of it only if its numbers lie row after row.
    """
    writes = [it for it in assigns(lines) if not it.makes]
    changed = {it.name for it in writes} | {*given}
    reshaped = {it.name for it in writes if it.reshapes}

    def own(it: Assign) -> Assign:
        view = it.name in changed and is_view(it.value)
        if it.makes and (view or (it.name in reshaped and not _in_rows(it.value))):
            return replace(it, value=Expression("copy", (it.value,), (), it.value.shape))
        return it

    return [
        replace(line, lines=[own(it) for it in line.lines]) if isinstance(line, For) else own(line)
        for line in lines
    ]


def _in_rows(x: Expression) -> bool:
    """True if the numbers of x lie row after row, whatever it is computed from."""
    return (
        len(x.shape) < 2 or x.op in ("number", "full") or (x.op == "matmul" and len(x.shape) == 2)
    )


def is_view(x: Expression) -> bool:
    """True if x may share its memory with an array that has a name."""
    if x.op == "index":
        return len(x.args) == 1 and is_view(x.args[0])
    if x.op == "full":
        return bool(x.args[0].shape != ())
    return x.op == "name" or (x.op in ("reshape", "transpose") and is_view(x.args[0]))


def renamed(lines: Sequence[Line], names: dict[str, str]) -> list[Line]:
    """The lines with other names."""

    def moved(it: Assign) -> Assign:
        return replace(it, target=with_names(it.target, names), value=with_names(it.value, names))

    found: list[Line] = []
    for line in lines:
        if isinstance(line, For):
            found.append(replace(line, lines=[moved(it) for it in line.lines]))
        else:
            found.append(moved(line))
    return found


def with_names(x: Expression, names: dict[str, str]) -> Expression:
    """An expression with other names."""
    if x.op == "name":
        return x._replace(params=(names.get(x.params[0], x.params[0]),))
    return x._replace(args=tuple([with_names(arg, names) for arg in x.args])) if x.args else x
