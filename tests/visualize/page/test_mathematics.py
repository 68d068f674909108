"""Formulas in MathML: the partial of every rule, read back, has the number of the kernel."""

import random
from math import isclose

import pytest

from autograd_lite.operations import kernels
from autograd_lite.operations.formulas import parse
from autograd_lite.operations.rules import CODES, RULES, TABLE
from tests.support.mathml import read
from visualize.page.mathematics import definition, mathematics


def write(x):
    return format(x, ".17g")


def text_of(element):
    return "".join(x if isinstance(x, str) else text_of(x) for x in element[1:])


def written(rule, k=0, **names):
    """The text of the partial with respect to operand k."""
    numbers = {"c": names.pop("c")} if "c" in names else {}
    names = {**{x: x for x in rule.operands}, "out": "y", **names}
    return text_of(
        mathematics(rule.partials[k].tree, names, numbers, rule.value.tree, "{:g}".format)
    )


FIXED = [rule for rule in RULES[1:TABLE] if not rule.nary]


@pytest.mark.parametrize("rule", FIXED, ids=lambda rule: rule.name)
def test_every_partial_and_definition_reads_back(rule):
    draw = random.Random(1)
    for _ in range(50):
        numbers = [
            float(draw.choice(side)) if isinstance(side, range) else draw.uniform(*side)
            for side in rule.domain
        ]
        names = dict(zip(rule.operands, numbers, strict=True))
        more = [0.0] * (rule.operands == "x")
        out, *partials = kernels.FUNCTIONS[rule.code](*numbers, *more)
        letters = {x: x for x in rule.operands} | {"out": "out"}
        static = {"c": numbers[-1]} if rule.static else {}
        for formula, partial in zip(rule.partials, partials, strict=True):
            element = mathematics(formula.tree, letters, static, rule.value.tree, write)
            assert isclose(
                read(element, names | {"out": out}), partial, rel_tol=1e-9, abs_tol=1e-15
            )
        _, _, _, right = definition(rule, letters, numbers[-1], write)
        assert isclose(read(right, names), out, rel_tol=1e-9, abs_tol=1e-15)


@pytest.mark.parametrize(
    ("name", "k", "text"),
    [
        ("tanh", 0, "1−tanh2\u2061(x)"),
        ("exp", 0, "ex"),
        ("sqrt", 0, "12·x"),  # over each other, and a root
        ("sigmoid", 0, "y1+ex"),
        ("sub", 1, "−1"),
        ("div", 1, "−yy"),
        ("relu", 0, "0if\u00a0x≤01otherwise"),
        ("abs", 0, "1if\u00a0x>0−1if\u00a0x<0xotherwise"),
        ("clip", 0, "1if\u00a0x≥y\u00a0and\u00a0x≤z0otherwise"),
        ("log2", 0, "1x·ln\u2061(2)"),
        ("atan2", 0, "0if\u00a0x2+y2≤0yx2+y2otherwise"),
    ],
)
def test_what_is_written(name, k, text):
    assert written(RULES[CODES[name]], k) == text


@pytest.mark.parametrize(
    ("c", "text"),
    [
        (2.0, "2·x"),
        (1.0, "1"),
        (0.0, "0"),
        (3.0, "3·x2"),
        (0.5, "12·x−0.5"),
        (-1.0, "−x−2"),
        (-2.0, "−2·x−3"),
    ],
)
def test_powers_are_simple(c, text):
    assert written(RULES[CODES["pow_c"]], c=c) == text


def test_names_and_numbers_stand_for_letters():
    def shown(formula, **names):
        return mathematics(parse(formula), names, {}, 0, write)

    assert shown("x * y", x="3", y="-2") == [
        "mrow", ["mn", "3"], ["mo", "·"], ["mrow", ["mo", "("], ["mn", "−2"], ["mo", ")"]],
    ]  # fmt: skip
    assert text_of(shown("x * x", x="a + b")) == "(a + b)2"
    assert text_of(shown("x * x", x="-a")) == "(-a)2"
    assert text_of(shown("x * x", x="W[0][1]")) == "W[0][1]2"
    assert text_of(shown("x - (y - z)", x="x", y="y", z="z")) == "x−(y−z)"
    assert text_of(shown("(x + y) * z", x="x", y="y", z="z")) == "(x+y)·z"
    hostile = "</math><script>"
    assert shown("x", x=hostile) == ["mi", hostile]


def test_a_definition():
    text = text_of(definition(RULES[CODES["elu"]], {"x": "v3"}, 0.25, "{:g}".format))
    assert text == "elu\u2061(v3,0.25)=0.25·(ev3−1)if\u00a0v3≤0v3otherwise"
