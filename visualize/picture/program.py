"""The picture of a compiled function: a box for each instruction of its array program."""

from __future__ import annotations

import re
from math import prod

from autograd_lite.derive import COTANGENT, TANGENT
from visualize.model.select import NODE_LIMIT
from visualize.picture.dot import header, record
from visualize.picture.svg import framed
from visualize.picture.text import escape, printable, short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.lift.names import Array
    from autograd_lite.compiler.lift.words import Step

__all__ = ["ProgramPicture"]

_LOOKS = {
    "operation": "instruction",
    "parameter": "has a gradient",
    "data": "data",
}
_WIDTH = 48
_PASSES = {COTANGENT: "backward", TANGENT: "tangent"}


def _title(step: Step) -> str:
    """The pass in which a step of the forward half was made: "tangent of backward"."""
    made_in = step.writes[0].made_in if step.writes else ""
    return " of ".join([_PASSES[letter] for letter in reversed(made_in)]) or "forward"


def _shaped(array: Array) -> str:
    """An array with its shape: "z1 [64, 50]"."""
    return f"{array.name} [{', '.join(map(str, array.shape))}]" if array.shape else array.name


def _target(step: Step) -> str:
    """What a step writes: the array with its shape, or, if it writes a part, that part."""
    for array in step.writes:
        loops = re.fullmatch(r"\[([\d, ]+)\]", step.target.removeprefix(array.name))
        if loops and prod(map(int, loops[1].split(", "))) == array.total:
            return _shaped(array)
    return step.target


class ProgramPicture:
    """The last program of a compiled function: a box for each instruction, a frame for each pass.

    The derivatives that the function computes itself have frames of their own, such as "tangent".

    The arrows of the backward pass are drawn backward, so that the passes stand side by side, each
    cotangent beside its number.

    dot    the source of the picture in the DOT language
    about  one sentence about the picture
    """

    def __init__(self, function: Any, rankdir: str) -> None:
        passes = dict(zip(("forward", "backward"), function.steps(), strict=True))
        size = sum(map(len, passes.values()))
        if size == 0:
            raise ValueError(
                f"the program of {function.__name__} computes nothing: it has no instruction"
            )
        if size > NODE_LIMIT:
            raise ValueError(
                f"the picture would have {size:,} instructions, as the program is irregular; "
                "print explain() of it, or draw a part of its graph"
            )
        self._leaves: list[str] = []  # the lines of leaves and of edges
        self._edges: list[str] = []
        self._titles: dict[str, str] = {}  # of boxes, edges and frames, by their ids
        self._kinds: set[str] = set()
        self._back: set[str] = set()  # the boxes of the backward pass
        self._writers: dict[str, list[str]] = {}  # the boxes that write the array of a name
        self._gradients = {out.name for step in passes["backward"] for out in step.writes}
        self._rankdir = rankdir
        lines = []
        frames: dict[tuple[str, bool], list[str]] = {}  # {(title, is drawn backward): boxes}
        for name, steps in passes.items():
            for step in steps:
                back = name == "backward"
                title = name if back else _title(step)
                frames.setdefault((title, back), []).append(self._instruction(step, back))
        for k, ((title, _), inside) in enumerate(frames.items()):
            lines += [
                f"  subgraph cluster_{k} {{",
                f'    graph [id=f{k} label="{title}" style=rounded labeljust=l]',
                *(f"    {line}" for line in inside),
                "  }",
            ]
            self._titles[f"f{k}"] = title
        lines = [*header(rankdir, size), *lines, *self._leaves, *self._edges, "}", ""]
        self.dot = "\n".join(lines)
        sizes = " and ".join(f"{len(steps)} {title}" for title, steps in passes.items())
        self.about = printable(f"Program of {function.__name__}: {sizes} instructions")

    def svg(self) -> str:
        """The picture as an SVG element."""
        keys = [(f"{kind} shade0", look) for kind, look in _LOOKS.items() if kind in self._kinds]
        return framed(self.dot, self.about, self._titles, [keys])

    def _instruction(self, step: Step, back: bool) -> str:
        """The line of a step's box; adds its edges, and the leaves that the step reads."""
        box = f"i{len(self._titles)}"
        if back:
            self._back.add(box)
        read = {array.name for array in step.reads}
        for array in step.reads:
            self._read(array, box)
        for out in step.writes:
            before = self._writers.get(out.name, [])
            if step.sign != "=" and out.name not in read:
                self._edges += [self._edge(writer, box, out) for writer in before]
            # A step that adds to the array stands for all of it; one with "=" writes a part.
            self._writers[out.name] = [box] if step.sign != "=" else [*before, box]
        text = step.expression if step.sign == "=" else f"{step.sign} {step.expression}"
        return self._box(box, "operation", [_target(step), text], step.text)

    def _read(self, array: Array, box: str) -> None:
        """Add the edges to a box that reads the array, and the leaf if nothing has written it."""
        if array.name not in self._writers:
            if array.values is not None:  # constants, which stand in the formula
                return
            leaf = f"v{len(self._titles)}"
            if array.name == "dout":
                self._back.add(leaf)
            self._writers[array.name] = [leaf]
            gradients = {f"d{array.name}", f"dout/d{array.name}"} & self._gradients
            kind = "parameter" if gradients else "data"
            title = f"{array.name}: {array.total:,} number{'s' * (array.total > 1)}"
            self._leaves.append("  " + self._box(leaf, kind, [_shaped(array)], title))
        self._edges += [self._edge(writer, box, array) for writer in self._writers[array.name]]

    def _box(self, name: str, kind: str, lines: list[str], title: str) -> str:
        self._kinds.add(kind)
        self._titles[name] = printable(title)
        label = record([escape(short(line, _WIDTH)) for line in lines], self._rankdir)
        shape = " shape=Mrecord" if kind == "operation" else ""
        return f'{name} [id={name} class="{kind} shade0"{shape} label={label}]'

    def _edge(self, writer: str, reader: str, array: Array) -> str:
        name = f"e{len(self._edges)}"
        self._titles[name] = printable(_shaped(array))
        if writer in self._back:
            return f"  {reader} -> {writer} [id={name} dir=back]"
        return f"  {writer} -> {reader} [id={name}]"
