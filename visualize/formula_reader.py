"""A formula as a graph: "tanh(w*x + b)" at w = 0.5, x = 2, b = -1.

The reader computes the operations that are listed here; nothing of the text is ever executed. It
reads in loops, so that a sum may have any number of terms, and recursively only within brackets.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any
from unicodedata import east_asian_width, normalize

import autograd_lite
from autograd_lite import Value
from autograd_lite.operations.rules import RULES
from visualize.picture.text import printable

__all__ = ["ExpressionError", "evaluate"]

LONGEST = 10_000
DEEPEST = 100


def _polygamma(n: Any, x: Any) -> Any:
    whole = isinstance(n, float) and n.is_integer()
    return autograd_lite.polygamma(int(n) if whole else n, x)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(autograd_lite, name)
    for name in ("interp", "prod", *(rule.name for rule in RULES))
    if name in autograd_lite.__all__
} | {"abs": abs, "neg": operator.neg, "polygamma": _polygamma}

_PRODUCTS = {
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}

_CONSTANTS = {"pi": math.pi}

_OTHER_NAMES = {
    "absolute": "abs(x)",
    "arccos": "acos(x)",
    "arcsin": "asin(x)",
    "arctan": "atan(x)",
    "arctan2": "atan2(x, y)",
    "clamp": "clip(x, low, high)",
    "fabs": "abs(x)",
    "ln": "log(x)",
    "max": "maximum(x, y)",
    "min": "minimum(x, y)",
    "power": "x**y",
    "sgn": "sign(x)",
}
"""What other languages and libraries call the operations."""

_MODULES = ("autograd_lite", "math", "np", "numpy", "torch")

_ONLY = "a formula has numbers, names, + - * / // % **, calls and lists only"

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[-+*/%(),[\]])|(?P<end>$)|(?P<other>.))"
)


class ExpressionError(ValueError):
    """A formula is wrong; the message has a line that points at the error."""


def evaluate(text: str, at: Mapping[str, float]) -> Value:
    """The graph of the formula, its variables labelled leaves with the numbers of `at`.

    It may use numbers, variables, pi, + - * / // % **, the operations of autograd_lite by name, and
    lists for those that take any number of operands.

    Raises ExpressionError for anything else, for a variable with no number, and for a number with
    no variable.
    """
    text = text.strip()
    if not text:
        raise ExpressionError("the formula is empty")
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has over {LONGEST:,} characters")
    reader = _Reader(text, at)
    root = reader.whole()
    unused = [name for name in at if name not in reader.variables]
    if unused:
        raise ExpressionError(f"{unused[0]} is given a number, but is not in the formula")
    if not isinstance(root, Value):
        raise ExpressionError("the formula has no variable: nothing to differentiate")
    return root


class _Reader:
    """Reads a formula from left to right, and computes what it has read.

    token      the type of the next token: "number", "name", "sign", "end" or "other"
    word       its text
    start      the index in the text at which it begins
    variables  the leaf of each variable that was read
    """

    def __init__(self, text: str, at: Mapping[str, float]) -> None:
        self.text, self.at = text, at
        self.variables: dict[str, Value] = {}
        self._depth = self._end = 0
        self.advance()

    def advance(self) -> None:
        """Go on to the next token."""
        found = _TOKEN.match(self.text, self._end)
        assert found is not None  # "other" fits anything
        assert found.lastgroup is not None
        self.token, self.word = found.lastgroup, found[found.lastgroup]
        self.start, self._end = found.start(found.lastgroup), found.end()

    def fault(self, start: int, message: str) -> ExpressionError:
        """The error whose message points at this index of the text."""
        before = self.text[:start].rpartition("\n")[2]
        line = printable(before + self.text[start:].partition("\n")[0])
        wide = sum(east_asian_width(character) in "WF" for character in before)
        return ExpressionError(f"{message}\n  {line}\n  {' ' * (len(before) + wide)}^")

    def unexpected(self) -> ExpressionError:
        """The error about a next token that cannot stand there."""
        if self.word == "^":
            return self.fault(self.start, "a power is written x**2, not x^2")
        if self.word == ".":
            start = self.start
            self.advance()
            hint = f": write {self.word}(x)" if self.word in _FUNCTIONS else ""
            hint = f": write {self.word}" if self.word in _CONSTANTS else hint
            return self.fault(start, f"a formula has no attributes{hint}")
        if self.word == "(" or (self.token in ("name", "number") and not iskeyword(self.word)):
            return self.fault(self.start, "an operator is missing here, such as *")
        if self.word in (")", "]"):
            return self.fault(self.start, f"no bracket is open that '{self.word}' closes")
        return self.fault(self.start, _ONLY)

    # ------------------------------------------------------------------------------ the parts

    def whole(self) -> Any:
        root = self.sum()
        if self.token != "end":
            raise self.unexpected()
        if isinstance(root, list):
            raise self.fault(0, "the result is a list: a graph has one result")
        return root

    def sum(self) -> Any:
        return self._row(self.product, {"+": operator.add, "-": operator.sub})

    def product(self) -> Any:
        return self._row(self.power, _PRODUCTS)

    def _row(self, part: Callable[[], Any], operators: Mapping[str, Callable[..., Any]]) -> Any:
        """Parts with operators between them, from left to right."""
        first = self.start
        result = part()
        while self.word in operators:
            function = operators[self.word]
            self.advance()
            start = self.start
            result = self.operate(function, (first, result), (start, part()))
        return result

    def power(self) -> Any:
        """Signs and powers: -x**-y**2 is -(x**(-(y**2)))."""
        chain = []
        while True:
            signs = []
            while self.word in ("+", "-"):
                signs.append(self.word)
                self.advance()
            chain.append((signs, self.start, self.operand()))
            if self.word != "**":
                break
            self.advance()
        signs, start, result = chain.pop()
        result = self.signed(signs, start, result)
        for signs, first, base in reversed(chain):
            result = self.operate(operator.pow, (first, base), (start, result))
            result, start = self.signed(signs, first, result), first
        return result

    def signed(self, signs: list[str], start: int, operand: Any) -> Any:
        for sign in reversed(signs):
            function = operator.neg if sign == "-" else operator.pos
            operand = self.operate(function, (start, operand))
        return operand

    def operand(self) -> Any:
        """A number, a variable, a call, a list, or a formula in brackets."""
        token, word, start = self.token, self.word, self.start
        if token == "end":
            raise self.fault(start, "the formula ends where an operand must stand")
        if token == "other" or iskeyword(word):
            raise self.fault(start, _ONLY)
        if token == "sign" and word not in ("(", "["):
            raise self.fault(start, f"an operand must stand here, not {word}")
        self.advance()
        if token == "number":
            return self.number(start, word)
        if token == "name":
            name = normalize("NFKC", word)
            return self.call(start, name) if self.word == "(" else self.variable(start, name)
        commas, parts = self.bracket(start, word)
        return [x for _, x in parts] if word == "[" or commas or not parts else parts[0][1]

    def bracket(self, opened: int, bracket: str) -> tuple[int, list[tuple[int, Any]]]:
        """The number of commas within a bracket, and (start, value) of each part."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("the formula is nested too deeply")
        closing = ")" if bracket == "(" else "]"
        commas, parts = 0, []
        while self.word != closing:
            parts.append((self.start, self.sum()))
            if self.word == ",":
                commas += 1
                self.advance()
            elif self.word != closing:
                if self.token == "end":
                    raise self.fault(opened, f"'{bracket}' was never closed")
                raise self.unexpected()
        self.advance()
        self._depth -= 1
        return commas, parts

    # ---------------------------------------------------------------------------- its meaning

    def number(self, start: int, word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            raise self.fault(start, f"{word} is no number") from None
        if math.isinf(number):
            raise self.fault(start, "the number is too large")
        return number

    def variable(self, start: int, name: str) -> Any:
        """The leaf of a variable, or a constant."""
        if name in self.at:
            return self.variables.setdefault(name, Value(self.at[name], label=name))
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if self.word == "=" or (self.word == "." and name in _MODULES):
            raise self.unexpected()
        if name in _FUNCTIONS:
            raise self.fault(start, f"{name} is an operation: write {name}(x)")
        hint = ", or write exp(1) for the number" if name == "e" else ""
        raise self.fault(start, f"{name} has no number: add --at {name}=1{hint}")

    def operate(self, function: Callable[..., Any], *operands: tuple[int, Any]) -> Any:
        """The result of an operator on operands, each (start, value)."""
        for start, x in operands:
            if isinstance(x, list):
                raise self.fault(start, "a list goes into an operation such as sum only")
        xs = [x for _, x in operands]
        if any(isinstance(x, Value) for x in xs):
            return function(*xs)
        # Numbers too go through Value, whose arithmetic never raises: 1 / 0 is inf.
        return function(*map(Value, xs)).data

    def call(self, start: int, name: str) -> Any:
        """The result of a function whose operands come next, in brackets."""
        from inspect import signature

        if name not in _FUNCTIONS:
            hint = f": write {_OTHER_NAMES[name]}" if name in _OTHER_NAMES else ""
            raise self.fault(start, f"{name} is no operation of autograd_lite{hint}")
        opened = self.start
        self.advance()
        _, args = self.bracket(opened, "(")
        parameters = list(signature(_FUNCTIONS[name]).parameters.values())
        most = len(parameters)
        least = sum(parameter.default is parameter.empty for parameter in parameters)
        if not least <= len(args) <= most:
            count = (
                f"{most} operand{'s' * (most > 1)}"
                if least == most
                else f"{least} or {most} operands"
            )
            raise self.fault(start, f"{name} takes {count}, not {len(args)}")
        for (begin, x), parameter in zip(args, parameters, strict=False):
            listed = isinstance(x, list)
            if listed != (parameter.name in ("xs", "ys")):
                needed = "numbers, not a list" if listed else "a list: write [x, y]"
                raise self.fault(begin, f"{name} takes {needed}")
        try:
            return _FUNCTIONS[name](*[x for _, x in args])
        except (TypeError, ValueError) as error:
            raise self.fault(start, str(error)) from None
