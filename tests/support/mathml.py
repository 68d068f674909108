"""Formulas in MathML read back: the number that an element of `visualize.page.mathematics` has."""

from math import pi

from mpmath import mpf, sqrt

from autograd_lite.operations import ieee
from autograd_lite.operations.formulas import CONSTANTS

FUNCTIONS = vars(ieee) | {
    "ln": ieee.log,
    "Φ": ieee.normal_cdf,
    "σ": lambda x: ieee.times_sigmoid(1.0, x),
    "ln Γ": ieee.lgamma,
    "round": ieee.round_even,
    "sinc′": ieee.sinc_slope,
}
LETTERS = {"π": pi, "λ": CONSTANTS["SELU_SCALE"], "α": CONSTANTS["SELU_ALPHA"]}
SIGNS = {
    "+": lambda x, y: x + y,
    "−": lambda x, y: x - y,
    "·": lambda x, y: x * y,
    "mod": ieee.floor_mod,
    "<": lambda x, y: x < y,
    "≤": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    "≥": lambda x, y: x >= y,
    "=": lambda x, y: x == y,
    "≠": lambda x, y: x != y,
}
BRACKETS = {"(": lambda x: x, "|": abs, "⌊": ieee.floor, "⌈": ieee.ceil}


def read(element, names):
    """The number of an element, where the names of nodes have these numbers."""
    tag, *children = element
    match (tag, *children):
        case ("mn", text):
            return float(text.replace("−", "-"))
        case ("mi", text):
            return names[text] if text in names else LETTERS[text]
        case ("mfrac", x, y):
            return ieee.divide(read(x, names), read(y, names))
        case ("msup", ["mi", "e"], y) if "e" not in names:
            return ieee.exp(read(y, names))
        case ("msup", x, y):
            return ieee.power(read(x, names), read(y, names))
        case ("msqrt", x):
            square = read(x, names)
            return sqrt(square) if isinstance(square, mpf) else ieee.sqrt(square)
        case ("mroot", x, ["mn", "3"]):
            return ieee.cbrt(read(x, names))
        case ("mtable.cases", *rows):
            return _cases(rows, names)
        case ("mrow", *_):
            return _row(children, names)
    raise AssertionError(element)


def _row(children, names):
    match children:
        case [["mo", "−"], x]:
            return -read(x, names)
        case [["mo", "⌊"], ["mfrac", x, y], ["mo", "⌋"]]:
            return ieee.floor_divide(read(x, names), read(y, names))
        case [["msup", x, ["mn", "2"]], ["mo", "+"], ["msup", y, ["mn", "2"]]]:
            return mpf(read(x, names)) ** 2 + mpf(read(y, names)) ** 2  # which cannot overflow
        case [["mo", left], x, ["mo", _]]:
            return BRACKETS[left](read(x, names))
        case [["mi", ("sin" | "cos") as f], _, [_, _, ["mrow", ["mi", "π"], _, x], _]]:
            return FUNCTIONS[f"{f}pi"](read(x, names))  # doubles would round π * x
        case [function, ["mo", "\u2061"], [_, _, *arguments, _]]:
            xs = [read(x, names) for x in arguments[::2]]
            return _called(function, xs, names)
        case [x, ["mo", sign], y]:
            return SIGNS[sign](read(x, names), read(y, names))
        case [["mn", "2"], ["mi", "π"]]:
            return 2 * pi
    raise AssertionError(children)


def _called(function, xs, names):
    match function:
        case ["mi", name]:
            return FUNCTIONS[name](*xs)
        case ["msub", ["mi", "log"], ["mn", base]]:
            return FUNCTIONS[f"log{base}"](*xs)
        case ["msup", ["mi", name], ["mrow", *_] as order]:  # in parentheses: a derivative
            names_of_orders = {"ψ": ieee.polygamma, "sinc": ieee.sinc_derivative}
            return names_of_orders[name](read(order, names), *xs)
        case ["msup", ["mi", name], power]:
            return ieee.power(FUNCTIONS[name](*xs), read(power, names))
    raise AssertionError(function)


def _cases(rows, names):
    for _, [_, element], [_, when] in rows:
        if when == ["mtext", "otherwise"] or all(read(c, names) for c in when[2::2]):
            return read(element, names)
    raise AssertionError(rows)
