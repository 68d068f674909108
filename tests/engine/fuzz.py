"""Fuzzing: bytes are decoded to calls of the public API, right ones and wrong ones.

    python tests/engine/fuzz.py --seconds 300            # random bytes
    python tests/engine/fuzz.py --seconds 300 --atheris  # guided by coverage, of interpreted code

Whatever the calls, the process does not crash, an exception is one of those that are documented,
and afterwards the engine differentiates as ever. A program that fails is printed as hex; give it
as an argument to run it again. `tests/sanitize.sh tests/engine/fuzz.py` looks for memory errors.
"""

from __future__ import annotations

import argparse
import copy
import functools
import gc
import inspect
import operator
import pickle
import random
import sys
import weakref
from collections import Counter
from math import inf, nan
from time import monotonic

import autograd_lite as al
import nn
from autograd_lite import Value, derivatives

DOCUMENTED = (
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
    OverflowError,
    IndexError,
    al.AnomalyError,
    pickle.PicklingError,
)
LONGEST = 200  # nodes that are kept


class Weight(Value):
    """A subclass with attributes."""


class Slotted(Value):
    __slots__ = ("friend",)


NUMBERS = [0.0, -0.0, 1, -1, 0.5, 3, 1e-320, 1e308, -1e308, inf, -inf, nan, True, 2**70, 10**400]
WRONG = [None, "1", b"1", 1j, [], (), {1}, object(), Value, lambda: None]
NOT_CALLED = {"Value", "compile", "compiled", "no_grad", "operation", "detect_anomaly"}
NOT_CALLED |= {"draw"}  # which warns that it is deprecated
NOT_CALLED |= {*derivatives.__all__} - {"pullback"}  # which are given functions, as these are:
NOT_CALLED |= {"fixed_point", "fori_loop", "repeat", "scan", "sparsity", "value_grad_hessian"}
NOT_CALLED |= {"export", "to_jax"}
FUNCTIONS = [getattr(al, name) for name in al.__all__ if name not in NOT_CALLED]
FUNCTIONS += [nn.mse_loss, nn.cross_entropy]
CLASSES = [Value, Weight, Slotted, nn.Parameter]
# The names of the parameters that a function needs, which say what to call it with.
NEEDED = {
    function: [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
    ]
    for function in FUNCTIONS
}
NEEDED |= {cls: ["data"] for cls in CLASSES}
NEEDED |= {nn.cross_entropy: ["rows", "places"], Value.__new__: ["cls"]}

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt,
    operator.ge, operator.neg, abs, round, bool, float, int, hash, repr, format, copy.copy,
    copy.deepcopy,
]  # fmt: skip
METHODS = [name for name in dir(Value) if not name.startswith("_")]
METHODS += ["_backward", "_op", "_prev", "_get_slots", "__init__", "__reduce_ex__"]
ATTRIBUTES = ["data", "grad", "label", "friend", "parents", "_backward"]


STEPS = ["call"] * 6 + ["operate"] * 4 + ["method"] * 4
STEPS += ["set_attribute", "backward", "by_hand", "unrecorded", "pickled", "tampered", "optimise"]
STEPS += ["watch", "forget", "checked"]


class Decoder:
    """Draws what to do from bytes; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0
        self.succeeded: Counter[str] = Counter()
        self.things: list[object] = [Value(0.5), Weight(2.0), Slotted(-1.0), nn.Parameter(3.0)]

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1] if self.place <= len(self.data) else 0

    def choice(self, things):
        return things[(self.byte() * 256 + self.byte()) % len(things)]

    def operand(self):
        """Mostly something made before; a number, a sequence of operands or something wrong."""
        how = self.byte() % 16
        if how < 9:
            return self.choice(self.things)
        if how < 12:
            return self.choice(NUMBERS)
        if how < 15:
            kind = (list, tuple, iter)[how - 12]
            return kind([self.operand() for _ in range(self.byte() % 4)])
        return self.choice(WRONG)

    def operands(self):
        return [self.operand() for _ in range(1 + self.byte() % 3)]

    def operands_of(self, function):
        """Mostly what the function takes."""
        n = self.byte() % 4
        if n == 0:
            return self.operands()
        node, number = self.choice(self.things), self.choice(NUMBERS[:-1])
        several = [self.choice(self.things) for _ in range(n)]
        kinds = {
            "xs": several, "ys": [number, *several[1:]], "sequence": several, "index": n - 1,
            "input": several, "target": several, "rows": [several], "places": [n - 1],
            "data": number, "cls": Value, "low": number, "n": n,
            "function": lambda *xs: 0.5, "message": "",
        }  # fmt: skip
        return [kinds.get(name, node) for name in NEEDED[function]]

    # ------------------------------------------------------------------------ what is done

    def call(self):
        function = self.choice(list(NEEDED))
        made = function(*self.operands_of(function))
        self.succeeded[function.__name__] += 1
        return made

    def operate(self):
        """An operator, with a node on the left or the right: on numbers it is Python's own."""
        function, operands = self.choice(OPERATORS), self.operands()
        operands[self.byte() % len(operands)] = self.choice(self.things)
        return function(*operands)

    def method(self):
        method = getattr(self.choice(self.things), self.choice(METHODS))
        return method(*[self.operand() for _ in range(self.byte() % 3)])

    def set_attribute(self):
        setattr(self.choice(self.things), self.choice(ATTRIBUTES), self.operand())

    def backward(self):
        self.choice(self.things).backward()

    def by_hand(self):
        kind = self.byte() % 8
        draw = self.operand if kind > 5 else functools.partial(self.choice, self.things)
        parents = [draw() for _ in range(self.byte() % 4)]
        out = Value(self.choice(NUMBERS), parents, "by hand")

        def _backward():
            for parent in parents:
                parent.grad += out.grad
            if kind == 0:
                raise RuntimeError
            if kind == 1:
                out.backward()
            if kind == 2:
                self.things.clear()
            if kind == 3:
                out._backward = lambda: None

        out._backward = functools.partial(_backward) if kind == 4 else _backward
        return out

    def unrecorded(self):
        with al.no_grad():
            return self.step()

    def checked(self):
        with al.detect_anomaly():
            return self.step()

    def pickled(self):
        return pickle.loads(pickle.dumps(self.choice(self.things), self.byte() % 6))

    def tampered(self):
        """Slots of one node, with one of another's in them."""
        one, other = (list(self.choice(self.things)._get_slots()) for _ in range(2))
        i = self.byte() % 3
        one[i] = other[i]
        twin = Value.__new__(Value)
        twin._set_slots(tuple(one))
        return twin

    def optimise(self):
        leaves = [thing for thing in self.things if thing.is_leaf]
        wrong = self.byte() % 4 == 0
        lr = self.operand() if wrong else 0.1
        nn.optim.Adam(
            [self.operand() if wrong else self.choice(leaves or self.things)], lr=lr
        ).step()

    def watch(self):
        return weakref.ref(self.choice(self.things))()

    def forget(self):
        del self.things[self.byte() % len(self.things)]

    def step(self):
        name = self.choice(STEPS)
        made = getattr(self, name)()
        self.succeeded[name] += 1
        return made

    def run(self) -> None:
        while self.place < len(self.data) and self.things:
            try:
                made = self.step()
            except DOCUMENTED:
                continue
            self.things += [
                m for m in (made if isinstance(made, list) else [made]) if isinstance(m, Value)
            ]
            del self.things[:-LONGEST]  # fmt: skip


def run(data: bytes) -> Counter[str]:
    """Run a program, and see that the engine is as it was. How often each thing succeeded."""
    decoder = Decoder(bytes(data))
    decoder.run()
    x = Value(3.0)
    y = x * x + al.dot([x, x], [x, 2.0])
    assert not y.is_leaf
    y.backward()
    assert (y.data, x.grad) == (24.0, 14.0)
    return decoder.succeeded


def random_program(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([20, 100, 400]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", type=bytes.fromhex)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true")
    arguments = parser.parse_args()
    if arguments.program is not None:
        run(arguments.program)
    elif arguments.atheris:
        import atheris

        atheris.instrument_all()
        atheris.Setup([sys.argv[0], f"-max_total_time={arguments.seconds:.0f}"], run)
        atheris.Fuzz()
    else:
        rng = random.Random(arguments.seed)
        end, programs = monotonic() + arguments.seconds, 0
        while monotonic() < end:
            program = random_program(rng)
            try:
                run(program)
            except BaseException:
                print(program.hex())
                raise
            programs += 1
            if programs % 1000 == 0:
                gc.collect()
        print(f"{programs:,} programs")


if __name__ == "__main__":
    main()
