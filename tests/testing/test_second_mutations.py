"""The checker is checked at second order: for every rule it finds mistakes in its partials.

Each rule is made anew as an operation of a user, whose partials are the rule's formulas. For
backward() they give the right numbers. For derivatives of higher order one of them has a mistake:
its number is wrong; or its number is right and its derivative wrong, as of one x in it a term of
the partial of the partial is dropped, or has the wrong sign or a factor of 2.
"""

import operator

import pytest

import autograd_lite as al
from autograd_lite import Value, hessian
from autograd_lite.nary import binary_of, unary_of
from autograd_lite.operations.formulas import CONSTANTS
from autograd_lite.operations.rules import CODES, OPERATIONS, RULES
from autograd_lite.testing import GradientError, check_grad
from autograd_lite.testing.first import NODES
from autograd_lite.testing.spelling import call
from tests.testing.test_first_mutations import FLAT, points, split, with_a_term_less

every_rule = pytest.mark.parametrize("rule", OPERATIONS, ids=lambda rule: rule.name)

WRONG_FORMULAS = {
    "wrong sign": lambda tree: ("-", tree),
    "factor 2": lambda tree: ("*", 2, tree),
    "dropped term": lambda tree: with_a_term_less(tree) or 0,
}

# The number of each is x.
WRONG_DERIVATIVES = {
    "dropped term": lambda x: x.detach(),
    "wrong sign": lambda x: 2 * x.detach() - x,
    "factor 2": lambda x: 2 * x - x.detach(),
}

# Whose second derivatives are 0 wherever they are.
LINEAR = FLAT | {
    "add", "sub", "mod", "fmod", "neg", "abs", "degrees", "radians", "relu", "leaky_relu",
    "maximum", "minimum", "copysign", "where", "clip", "sum", "mean",
}  # fmt: skip


def places(tree, path=()):
    """The paths to the operands in a formula."""
    if isinstance(tree, tuple):
        for k, part in enumerate(tree[1:], 1):
            yield from places(part, (*path, k))
    elif tree in ("x", "y", "z", "out"):
        yield path


def at(tree, path):
    """What stands at that place."""
    return at(tree[path[0]], path[1:]) if path else tree


def replaced(tree, path, new):
    """The formula with something else there."""
    if not path:
        return new
    k, *rest = path
    return (*tree[:k], replaced(tree[k], rest, new), *tree[k + 1 :])


OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "power": operator.pow,
}  # fmt: skip
RENAMED = {"fabs": "abs", "round_even": "round", "floor_divide": "floordiv", "floor_mod": "mod"}


def computed(tree, names):
    """A formula of Values and numbers."""
    match tree:
        case str():
            return names[tree] if tree in names else CONSTANTS[tree]
        case ("where", condition, yes, no):
            return computed(yes if computed(condition, names) else no, names)
        case ("-", x):
            return -computed(x, names)
        case (function, *trees) if function in OPERATORS:
            return OPERATORS[function](*[computed(x, names) for x in trees])
        case (function, *trees):
            rule = RULES[CODES[RENAMED.get(function, function)]]
            xs = [computed(x, names) for x in trees]
            if rule.static:  # the order of a derivative stands first in formulas
                x, order = xs if function == "gaussian" else xs[::-1]
                return unary_of(rule.code, x, float(order))
            return unary_of(rule.code, *xs, 0.0) if len(xs) == 1 else binary_of(rule.code, *xs)
    return float(tree)


class Anew:
    """A rule as an operation of a user, at some operands.

    mistakes  {k: the function of names and Values that gives partial k, in place of its formula}
    """

    def __init__(self, rule, operands):
        self.rule = rule
        self.parents, self.static = split(rule, operands)
        self.trees = [formula.tree for formula in rule.again]
        if rule.nary:
            self.trees *= len(self.parents)
        self.mistakes = {}
        names = ", ".join("abcd"[: len(self.parents)])
        function = eval(f"lambda {names}: value({names})", {"value": self.value})
        function.__name__ = f"{rule.name}_anew"
        self.operation = al.operation(self.partials)(function)

    def value(self, *parents):
        return call(self.rule, *parents, *self.static)

    def partials(self, *operands):
        *xs, out = operands
        return tuple(self.partial(k, xs, out) for k in range(len(xs)))

    def partial(self, k, xs, out):
        names = dict(zip("xyz", xs, strict=False)) | dict(zip("c", self.static, strict=False))
        if self.rule.nary:
            names = {"x": xs[k], "y": xs[k - len(xs) // 2], "n": float(len(xs))}
        names["out"] = out
        mistake = self.mistakes.get(k) if isinstance(out, Value) else None
        return mistake(names) if mistake else computed(self.trees[k], names)

    def numbers(self):
        """The partials as they are for derivatives of higher order."""
        xs = [*map(Value, self.parents)]
        found = self.partials(*xs, self.value(*xs))
        return [[x.data if isinstance(x, Value) else x for x in found]]

    def hessian(self):
        return hessian(lambda xs: self.operation(*xs))(self.parents)

    def check(self):
        return check_grad(self.operation, *self.parents, order=2)


def differ(one, other):
    return any(
        abs(x - y) > 1e-4 * max(1.0, abs(x))
        for row, others in zip(one, other, strict=True)
        for x, y in zip(row, others, strict=True)
    )


@every_rule
def test_the_right_partials_pass(rule):
    for operands in points(rule, n=2):
        anew = Anew(rule, operands)
        report = anew.check()
        assert report.excluded == ()
        assert report.compared >= 2 * len(anew.parents)
        assert not differ(anew.hessian(), hessian(lambda xs, f=anew.value: f(*xs))(anew.parents))


def caught_among(rule, mistakes_of, match, at_fault):
    """How many mistakes in partials are caught: all that show, at the first point where any do."""
    caught = 0
    for operands in points(rule, n=3):
        anew = Anew(rule, operands)
        numbers, second = anew.numbers(), anew.hessian()
        for k, formula in enumerate(rule.again):
            for mistake in mistakes_of(formula.tree):
                anew.mistakes = {k: mistake}
                if differ(numbers, anew.numbers()) or differ(second, anew.hessian()):
                    with pytest.raises(GradientError, match=match) as error:
                        anew.check()
                    assert at_fault(error.value.node)
                    caught += 1
                else:
                    anew.check()
        if caught:
            break
    return caught


@pytest.mark.once
@every_rule
@pytest.mark.parametrize("kind", WRONG_FORMULAS)
def test_a_partial_that_has_another_number_is_caught(rule, kind):
    def mistakes(tree):
        wrong = WRONG_FORMULAS[kind](tree)
        return [lambda names: computed(wrong, names)]

    caught = caught_among(rule, mistakes, NODES, lambda node: node._op == f"{rule.name}_anew")
    assert bool(caught) == (rule.name not in FLAT)


@pytest.mark.once
@every_rule
@pytest.mark.parametrize("kind", WRONG_DERIVATIVES)
def test_a_partial_that_has_another_derivative_is_caught(rule, kind):
    def mistakes(tree):
        for path in places(tree):

            def mistake(names, path=path):
                x = WRONG_DERIVATIVES[kind](names[at(tree, path)])
                return computed(replaced(tree, path, "slip"), {**names, "slip": x})

            yield mistake

    def is_cut(node):
        """To such a leaf the x was cut."""
        return node.is_leaf and not node.is_constant

    caught = caught_among(rule, mistakes, r"wrong derivative d \(d .*_anew / d ", is_cut)
    assert bool(caught) == (rule.name not in LINEAR)


def test_every_exemption_is_one():
    """The tests above pass over no rule but those that are named."""
    names = {rule.name for rule in OPERATIONS}
    assert names >= LINEAR
