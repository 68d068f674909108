"""The decision boundary of a model of two features, which the page computes as leaves change."""

from __future__ import annotations

from autograd_lite import Value
from autograd_lite.fields import static_of, weights_of
from visualize.model.nodes import Graph
from visualize.model.samples import Samples, described
from visualize.page.program import Program, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from autograd_lite.operations.rules import Rule

__all__ = ["Boundary"]

WHAT = "explain: boundary"
TRIED = 100
"""The most samples at which the model is compared with its program."""


class Boundary:
    """The program of a model's scores at a point, and the samples.

    rules  the rules that the program uses
    """

    def __init__(self, boundary: tuple[Callable[..., Any], Sequence[Any], Sequence[Any]]) -> None:
        """Boundary is (model, X, y), as `plot_decision_boundary` takes them.

        Raises ValueError if the page could not compute the model's scores everywhere.
        """
        if not isinstance(boundary, tuple) or len(boundary) != 3 or not callable(boundary[0]):
            raise TypeError(f"{WHAT} must be (model, X, y), not {described(boundary)}")
        model, X, y = boundary  # noqa: N806 # as scikit-learn writes it
        self._samples = samples = Samples(WHAT, X, y)
        every = max(1, len(samples.points) // TRIED)
        first, *others = samples.points[::every]
        self._inputs, self._scores, self._graph = _at(model, first)
        self._program = Program.of_graph(self._graph)
        for why in self._program.kept.values():
            raise ValueError(f"{WHAT}: the page cannot compute the model's scores: {why}")
        if self._program.stale:
            raise ValueError(
                f"{WHAT}: the model uses a result that was computed before another number was set: "
                "compute it again"
            )
        way = _way(self._inputs, self._scores, self._graph)
        for point in others:
            if _way(*_at(model, point)) != way:
                raise ValueError(
                    f"{WHAT}: the model computes {point} in another way than {first}, as by an if, "
                    "at random, or by numbers of its own; the page follows operations alone, such "
                    "as relu and maximum"
                )
        self.rules: list[Rule] = self._program.rules

    def as_json(self, places: Mapping[Value, int]) -> dict[str, Any]:
        """What boundary.js reads.

        places  the place of each leaf in the program of the page
        """
        samples, index = self._samples, {x: i for i, x in enumerate(self._graph.nodes)}
        scores = samples.scores(max(2, len(self._scores)))
        return {
            "program": self._program.as_json(),
            "inputs": [index.get(x, -1) for x in self._inputs],
            "scores": [index[x] for x in self._scores],
            "follows": [[i, places[x]] for x, i in index.items() if x in places and x.is_leaf],
            "points": [
                [*map(number, point), scores[label]]
                for point, label in zip(samples.points, samples.labels, strict=True)
            ],
            "classes": [[k, x if isinstance(x, str) else f"{x:g}"] for x, k in scores.items()],
            "ranges": [samples.range(0), samples.range(1)],
        }


def _at(
    model: Callable[..., Any], point: Sequence[float]
) -> tuple[list[Value], list[Value], Graph]:
    """The inputs, the scores, and the graph of all scores, of the model at a point."""
    inputs = [Value(x) for x in point]
    out = model(inputs)
    scores = list(out) if isinstance(out, (list, tuple)) else [out]
    if not scores or not all(isinstance(score, Value) for score in scores):
        raise TypeError(
            f"{WHAT}: the model must give a Value, or a list with one for each class, not "
            f"{described(out)}"
        )
    return inputs, scores, Graph(sum(scores[1:], scores[0]))


def _way(inputs: list[Value], scores: list[Value], graph: Graph) -> tuple[Any, ...]:
    """What a program of these scores would be, whatever the numbers of the inputs are."""
    index = {x: i for i, x in enumerate(graph.nodes)}
    place = {id(x): k for k, x in enumerate(inputs)}  # an observed constant equals its number
    nodes = []
    for node in graph.nodes:
        if id(node) in place:
            what: Any = place[id(node)]
        elif node.is_leaf:
            what = (node.data, 0 if node.is_constant else id(node))
        else:
            what = (node.rule, static_of(node), tuple(weights_of(node) or ()), node._op)
        nodes.append((what, tuple(index[x] for x in graph.parents(node))))
    return tuple(nodes), tuple(index[x] for x in scores)
