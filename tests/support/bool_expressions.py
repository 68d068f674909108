"""Random expressions of comparisons, as Python source: of numbers and Values, and of arrays."""

from random import Random

COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]


class Scalars:
    """Expressions of the Values v and w, and the floats a, b and c.

    What they have in common are the methods: each gives the source of what it is named after.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def expression(self, depth: int = 4) -> str:
        kinds = [self.value, self.value, self.boolean, self.number, self.float]
        return self.random.choice(kinds)(depth)

    def arithmetic(self, x: str, y: str) -> str:
        return f"({x} {self.random.choice('+-*')} {y})"

    def comparison(self, x: str, y: str, operators: list[str] = COMPARISONS) -> str:
        return f"({x} {self.random.choice(operators)} {y})"

    def number(self, depth: int) -> str:
        if depth < 1:
            return self.random.choice(["a", "b", "c", "0.0", "1", "-1.5", "True"])
        number, boolean = (lambda: self.number(depth - 1)), (lambda: self.boolean(depth - 1))
        return self.random.choice(
            [
                lambda: self.number(0),
                lambda: self.arithmetic(number(), number()),
                lambda: self.arithmetic(boolean(), boolean()),
                lambda: self.arithmetic(boolean(), number()),
                lambda: self.random.choice(["-", "+", "abs"]) + f"({boolean()})",
                lambda: f"sum([{boolean()}, {boolean()}, {boolean()}])",
            ]
        )()

    def boolean(self, depth: int) -> str:
        if depth < 1:
            return self.comparison(self.number(0), self.number(0))
        number, value = (lambda: self.number(depth - 1)), (lambda: self.value(depth - 1))
        boolean = lambda: self.boolean(depth - 1)  # noqa: E731
        return self.random.choice(
            [
                lambda: self.comparison(number(), number()),
                lambda: self.comparison(value(), number()),
                lambda: self.comparison(value(), value(), COMPARISONS[:4]),
                lambda: self.comparison(boolean(), boolean()),
                lambda: self.comparison(boolean(), boolean(), ["&", "|", "^"]),
                lambda: self.comparison(boolean(), boolean(), ["&", "|", "^"]),
                lambda: self.comparison(boolean(), "True", ["&", "|", "^"]),
                lambda: self.random.choice(["isnan", "isinf", "isfinite"]) + f"({value()})",
            ]
        )()

    def value(self, depth: int) -> str:
        if depth < 1:
            return self.random.choice("vw")
        value, boolean = (lambda: self.value(depth - 1)), (lambda: self.boolean(depth - 1))
        return self.random.choice(
            [
                lambda: self.arithmetic(value(), value()),
                lambda: self.arithmetic(boolean(), value()),
                lambda: self.arithmetic(value(), boolean()),
                lambda: f"where({boolean()}, {value()}, {value()})",
                lambda: f"where({boolean()}, {value()}, {self.number(depth - 1)})",
                lambda: f"mean([{boolean()}, {value()}, {boolean()}])",
            ]
        )()

    def float(self, depth: int) -> str:
        boolean, number = (lambda: self.boolean(depth - 1)), (lambda: self.number(depth - 1))
        return self.random.choice(
            [
                lambda: f"where({boolean()}, {number()}, {number()})",
                lambda: f"total([{boolean()}, {boolean()}])",
                lambda: f"mean([{boolean()}, {number()}])",
            ]
        )()


class Arrays(Scalars):
    """Expressions of the arrays x and y, and the floats a and b."""

    def expression(self, depth: int = 3) -> str:
        return self.random.choice([self.array, self.mask, self.scalar, self.scalar])(depth)

    def array(self, depth: int) -> str:
        if depth < 1:
            return self.random.choice("xy")
        array, mask = (lambda: self.array(depth - 1)), (lambda: self.mask(depth - 1))
        other = lambda: self.random.choice([self.array, self.scalar])(depth - 1)  # noqa: E731
        selection = self.random.choice(["maximum", "minimum"])
        return self.random.choice(
            [
                lambda: self.array(0),
                lambda: self.arithmetic(array(), other()),
                lambda: self.arithmetic(mask(), other()),
                lambda: self.arithmetic(mask(), mask()),
                lambda: f"np.where({mask()}, {other()}, {other()})",
                lambda: f"np.{selection}({array()}, {other()})",
                lambda: f"np.clip({array()}, -0.5, 1)",
                lambda: f"np.abs({array()})",
                lambda: f"{mask()}.astype({self.random.choice(['int', 'float'])})",
            ]
        )()

    def mask(self, depth: int) -> str:
        if depth < 1:
            return self.comparison("x", "y")
        array, mask = (lambda: self.array(depth - 1)), (lambda: self.mask(depth - 1))
        other = lambda: self.random.choice([self.array, self.scalar])(depth - 1)  # noqa: E731
        logic = self.random.choice(["and", "or", "xor"])
        return self.random.choice(
            [
                lambda: self.comparison(array(), other()),
                lambda: self.comparison(array(), other()),
                lambda: self.comparison(mask(), mask()),
                lambda: self.comparison(mask(), mask(), ["&", "|", "^"]),
                lambda: f"~{mask()}",
                lambda: f"np.isnan({array()})",
                lambda: f"np.not_equal({array()}, {other()})",
                lambda: f"np.logical_{logic}({mask()}, {mask()})",
                lambda: f"np.logical_not({mask()})",
            ]
        )()

    def scalar(self, depth: int) -> str:
        if depth < 1:
            return self.random.choice(["a", "b", "x[0]", "y[1]", "0.0", "1", "-1.5", "True"])
        array, mask = (lambda: self.array(depth - 1)), (lambda: self.mask(depth - 1))
        of_bools = ["sum()", "mean()", "any()", "all()", "prod()", "max()", "sum(axis=0)"]
        return self.random.choice(
            [
                lambda: f"{mask()}.{self.random.choice(of_bools)}",
                lambda: f"{array()}.{self.random.choice(['sum()', 'mean()', 'max()', 'min()'])}",
                lambda: self.arithmetic(self.scalar(0), self.scalar(depth - 1)),
                lambda: self.comparison(self.scalar(0), self.scalar(depth - 1)),
            ]
        )()
