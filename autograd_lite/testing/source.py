"""Graphs and calls as Python code: the reproductions of failed checks, and graphs in text."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_lite import Value, topological_order
from autograd_lite.callables import CompiledFunction
from autograd_lite.fields import static_of, weights_of
from autograd_lite.testing.arguments import precision
from autograd_lite.testing.spelling import module_of, written

LIMIT = 100
"""The most nodes that a reproduction writes out."""


def number(x: float) -> str:
    """The float as Python reads it back."""
    return repr(x) if x - x == 0.0 else f'float("{x}")'


# --------------------------------------------------------------------------------- graphs


class Listing:
    """The graph of root as assignments, one a node, parents first.

    names  the name of each node; those of the inputs are given
    lines  (node, its assignment) for each node that an operation made
    """

    def __init__(self, root: Value, inputs: dict[Value, str]) -> None:
        self.names = dict(inputs)
        self.lines: list[tuple[Value, str]] = []
        for node in reversed(topological_order(root)):
            if node in inputs:
                continue
            if node.is_leaf:
                constant = number(node.data)
                self.names[node] = constant if node.is_constant else f"Value({constant})"
            else:
                expression = self._expression(node)
                self.names[node] = f"n{len(self.lines)}"
                self.lines.append((node, f"{self.names[node]} = {expression}"))

    def _expression(self, node: Value) -> str:
        operands = [self.names[parent] for parent in node.parents]
        rule = node.rule
        if rule is None:
            return f"{node._op or '?'}({', '.join(operands)})  (made by hand)"
        operands += [number(weight) for weight in weights_of(node)]
        if rule.static:
            operands.append(number(static_of(node)))
        operands = [f"({x})" if x.startswith("-") else x for x in operands]
        return written(rule, operands)

    def modules(self) -> dict[str, set[str]]:
        """The names to import, by module. Raises LookupError for what cannot be imported."""
        imports: dict[str, set[str]] = {}
        for node, _ in self.lines:
            if node.rule is None:
                raise LookupError(f"the operation {node._op!r} is made by hand")
            module = module_of(node.rule)
            if module is not None:
                imports.setdefault(module, set()).add(node.rule.name)
        if any(name.startswith("Value(") for name in self.names.values()):
            imports.setdefault("autograd_lite", set()).add("Value")
        return imports


def graph_text(root: Value, inputs: dict[Value, str], marked: Value | None) -> str:
    """The graph with its numbers and gradients, one node a line."""
    listing = Listing(root, inputs)
    rows = [(node, name, name) for node, name in inputs.items()]
    rows += [(node, listing.names[node], line) for node, line in listing.lines]
    width = max(len(line) for _, _, line in rows)
    return "\n".join(
        f"{line:{width}}  # {node.data:.10g}, grad {node.grad:.10g}"
        f"{'   <--- here' if node is marked else ''}"
        for node, _, line in rows
    )


# -------------------------------------------------------------------------- reproductions


def reproduction(
    f: Callable[..., Any],
    grad: Callable[..., Any] | None,
    args: Iterable[Any],
    given: dict[str, Any],
    root: Value | None,
    inputs: Sequence[Value],
) -> str:
    """Python code that makes the check again.

    It imports f where it can be imported; else it writes the graph out; else it is the call, for
    the place where f is defined.
    """
    options = "".join(
        f", {name}={given[name]!r}"
        for name, default in (("order", 1), ("tol_min", None), ("tol_rel", None), ("seed", 0))
        if given[name] != default
    )
    imports: dict[str, set[str]] = {"autograd_lite.testing": {"check_grad"}}
    try:
        literals = [_literal(x, imports) for x in args]
        gradient = "" if grad is None else f", grad={_imported(grad, imports)}"
        call = ", ".join([_imported(f, imports), *literals])
        return f"{_import_lines(imports)}\ncheck_grad({call}{gradient}{options})\n"
    except LookupError:
        pass
    if root is not None:
        try:
            return _graph_check(root, inputs, options)
        except LookupError:
            pass
    return _local_check(f, grad, args, options)


def _graph_check(root: Value, inputs: Sequence[Value], options: str) -> str:
    order = topological_order(root)
    if len(order) > LIMIT:
        raise LookupError("the graph is too large to write out")
    reached = set(order)
    names = {node: f"x{i}" for i, node in enumerate(n for n in inputs if n in reached)}
    listing = Listing(root, names)
    imports = listing.modules()
    imports.setdefault("autograd_lite.testing", set()).add("check_grad")
    body = "".join(f"    {line}\n" for _, line in listing.lines)
    args = ", ".join(number(node.data) for node in names)
    return (
        f"{_import_lines(imports)}\n\ndef f({', '.join(names.values())}):\n{body}"
        f"    return {listing.names[root]}\n\n\ncheck_grad(f, {args}{options})\n"
    )


def _local_check(
    f: Callable[..., Any], grad: Callable[..., Any] | None, args: Iterable[Any], options: str
) -> str:
    imports: dict[str, set[str]] = {"autograd_lite.testing": {"check_grad"}}
    where = [f"f is {location_of(f)}"]
    given = ""
    if grad is not None:
        where.append(f"df is {location_of(grad)}")
        given = ", grad=df"
    literals = []
    for i, x in enumerate(args):
        try:
            literals.append(_literal(x, imports))
        except LookupError:
            literals.append(f"arg{i}")
            where.append(f"arg{i} is {x!r}")
    comment = "".join(f"# {line}\n" for text in where for line in text.splitlines())
    return (
        f"{_import_lines(imports)}\n{comment}check_grad({', '.join(['f', *literals])}{given}"
        f"{options})\n"
    )


def _import_lines(imports: dict[str, set[str]]) -> str:
    return "".join(
        f"from {module} import {', '.join(sorted(names))}\n" if names else f"import {module}\n"
        for module, names in sorted(imports.items())
    )


def _imported(f: Callable[..., Any], imports: dict[str, set[str]]) -> str:
    """How to write f once it is imported. Raises LookupError if no other file can import it."""
    module, name = getattr(f, "__module__", None), getattr(f, "__qualname__", "")
    there = getattr(sys.modules.get(str(module)), name, None) if module != "__main__" else None
    suffix = ""
    if there is not f and getattr(there, "function", None) is f:
        there, suffix = f, ".function"  # under @given_gradcheck
    if there is not f:
        raise LookupError(f"{name} cannot be imported")
    imports.setdefault(str(module), set()).add(name)
    return name + suffix


def location_of(f: Callable[..., Any]) -> str:
    """The name of f, and its file and line if it is written in Python."""
    name = getattr(f, "__qualname__", type(f).__qualname__)
    if isinstance(f, CompiledFunction):
        name = f"{name}, compiled"
    try:
        code = inspect.unwrap(f).__code__
    except AttributeError:
        return str(name)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})"


def _literal(x: Any, imports: dict[str, set[str]]) -> str:
    """x as Python code. Raises LookupError if it has none."""
    if x is None or isinstance(x, (bool, int, str, bytes)):
        return repr(x)
    if isinstance(x, Value):
        imports.setdefault("autograd_lite", set()).add("Value")
        return f"Value({number(x.data)})"
    if type(x) is float or (type(x).__name__ == "float64" and isinstance(x, float)):
        return number(float(x))
    if type(x) in (list, tuple):
        inner = ", ".join(_literal(item, imports) for item in x)
        if type(x) is list:
            return f"[{inner}]"
        return f"({inner},)" if len(x) == 1 else f"({inner})"
    if type(x) is dict:
        items = (f"{_literal(k, imports)}: {_literal(v, imports)}" for k, v in x.items())
        return f"{{{', '.join(items)}}}"
    if precision(x):
        library = type(x).__module__.partition(".")[0]
        dtype = str(x.dtype).rpartition(".")[2]
        numbers = _literal(x.tolist(), imports)
        library = {"jaxlib": "jax.numpy", "jax": "jax.numpy"}.get(library, library)
        maker = {"torch": "tensor"}.get(library, "array")
        imports.setdefault(library, set())
        return f"{library}.{maker}({numbers}, dtype={library}.{dtype})"
    raise LookupError(f"{type(x).__name__} cannot be written down")
