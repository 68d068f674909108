"""Loops strip by strip in C, against the same loops statement by statement in NumPy."""

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite.compiler.lift.instructions import Contraction, Ref
from autograd_lite.compiler.plan.groups import Loop, Repeat, Statement
from autograd_lite.compiler.run import native
from autograd_lite.compiler.run.binder import Binder
from autograd_lite.compiler.run.operations import Rows, compile_calls
from autograd_lite.compiler.tape.executor import UserResults

pytestmark = pytest.mark.skipif(not native.IN_C, reason="needs the extension")

TREES = [
    "x",
    2.5,
    -0.0,
    ("*", "x", "y"),
    ("-", ("*", "x", "y"), "z"),
    ("-", "z", ("*", "x", "y")),
    ("+", ("*", 3.0, "x"), ("*", "y", "x")),
    ("/", "x", ("+", 1.0, ("exp", ("-", "y")))),
    ("where", ("<", "x", "y"), ("*", 2.0, "z"), 0.25),
    ("where", (">", "x", 0.0), 1.0, 0.0),
    ("where", ("<=", "x", "y"), "y", "x"),
    ("tanh", ("+", "x", ("log", ("+", 1.0, ("*", "x", "x"))))),
    ("sin", ("*", "x", "y")),  # in C for few numbers, and by NumPy for many
    ("hypot", "x", "y"),  # by NumPy alone
]


def run(groups, memory, with_strips):
    """The memory after the groups."""
    numbers = memory.copy()
    with pytest.MonkeyPatch.context() as patch:
        if not with_strips:
            patch.setattr(native, "IN_C", False)
        made = Binder(numbers, np.zeros(0, np.int64), UserResults(array("d")))
        calls = made.bind(groups)
        assert with_strips or not any(isinstance(call, Rows) for call in calls)
        compile_calls(calls)()
    return numbers


class Program:
    """Loops over one memory, whose first half they read and whose second half they write."""

    def __init__(self, draw):
        self.draw, self.end = draw, 0
        self.rng = np.random.default_rng(draw(st.integers(0, 999)))

    def ref(self, sizes, moving):
        """Room for a loop nest; in the loops that are not moving, its numbers are used again."""
        order = self.draw(st.permutations(range(len(sizes))))
        stride, strides = self.draw(st.sampled_from([1, 1, 2])), [0] * len(sizes)
        for i in order:
            if moving[i]:
                strides[i] = stride
                stride *= sizes[i]
        base, self.end = self.end, self.end + stride
        return Ref(base, tuple(strides))

    def loop(self):
        draw = self.draw
        sizes = tuple(draw(st.lists(st.sampled_from([2, 3, 5, 16, 40, 600]), max_size=3)))
        while np.prod(sizes, dtype=int) > 20_000:
            sizes = sizes[1:]
        every = [True] * len(sizes)
        repeated = st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes))
        inputs = [self.ref(sizes, draw(st.just(every) | repeated)) for _ in range(3)]
        sums = tuple(i for i in range(len(sizes)) if draw(st.booleans()))
        statements, written = [], []
        for i in range(draw(st.integers(1, 5))):
            tree = draw(st.sampled_from(TREES))
            known = inputs + [it.out for it in statements if it.kind == "map"]
            operands = {
                name: draw(st.sampled_from(known)) for name in "xyz" if name in str(tree).split("'")
            }
            kind = draw(st.sampled_from(["map", "map", "sum", "max"])) if sums else "map"
            stored = kind != "map" or draw(st.booleans())
            if kind == "map" and stored and draw(st.integers(0, 3)) == 0:
                # An operand that is read, then written.
                free = [x for x in inputs if 0 not in x.strides and x not in written]
                out = draw(st.sampled_from(free)) if free else self.ref(sizes, every)
            elif stored:
                out = self.ref(sizes, [kind == "map" or i not in sums for i in range(len(sizes))])
            else:
                out = Ref(-1 - i, (0,) * len(sizes))
            written.append(out)
            add = draw(st.sampled_from([0, 0, 1, -1])) if kind != "max" and stored else 0
            statements.append(
                Statement(out, tree, operands, kind, sums if kind != "map" else (), add, stored)
            )
        return Loop(sizes, statements)

    def memory(self):
        return self.rng.normal(size=max(self.end, 1))


@settings(max_examples=300)
@given(data=st.data())
def test_loops(data):
    program = Program(data.draw)
    loops = [program.loop() for _ in range(data.draw(st.integers(1, 3)))]
    memory = program.memory()
    got, wanted = (run(loops, memory, way) for way in (True, False))
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)
    assert (np.signbit(got) == np.signbit(wanted))[wanted == 0].all()


@settings(max_examples=100)
@given(data=st.data())
def test_repetitions(data):
    """Loops and products, each turn with refs that are moved on, after one that wrote them."""
    program = Program(data.draw)
    groups = [program.loop() for _ in range(data.draw(st.integers(1, 2)))]
    turns = data.draw(st.integers(1, 3))
    size = program.end

    def moved(ref):
        # From one turn to the next by all of the memory, not at all, or where it is no address.
        stride = (
            0 if ref.base < 0 else size if ref in written else data.draw(st.sampled_from([0, size]))
        )
        return Ref(ref.base, (stride, *ref.strides))

    body = []
    for loop in groups:
        written = {it.out for it in loop.statements}
        memo = {}
        statements = []
        for it in loop.statements:
            for ref in (it.out, *it.operands.values()):
                memo.setdefault(ref, moved(ref))
            statements.append(
                Statement(
                    memo[it.out],
                    it.tree,
                    {name: memo[ref] for name, ref in it.operands.items()},
                    it.kind,
                    it.sums,
                    it.add,
                    it.stored,
                )
            )
        body.append(Loop(loop.sizes, statements))
    n = data.draw(st.sampled_from([1, 3, 20]))
    a, b, out = (turns * size + i * n * n for i in range(3))
    strides = data.draw(st.sampled_from([(n, 1), (1, n)]))
    body.append(
        Contraction(
            (n, n),
            (n,),
            Ref(out, (n * n, n, 1)),
            Ref(a, (0, strides[0], 0, strides[1])),
            Ref(b, (0, 0, 1, n)),
            add=data.draw(st.booleans()),
        )
    )
    memory = program.rng.normal(size=turns * size + (2 + turns) * n * n)
    groups = [Repeat(turns, body)]
    got, wanted = (run(groups, memory, way) for way in (True, False))
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_a_repetition_is_one_call():
    """Sums up to each number, though each turn reads what the one before it wrote."""
    n = 50
    add = Statement(Ref(1, (1,)), ("+", "x", "y"), {"x": Ref(0, (1,)), "y": Ref(n, (1,))})
    memory = np.arange(2.0 * n)
    numbers = memory.copy()
    made = Binder(numbers, np.zeros(0, np.int64), UserResults(array("d")))
    (call,) = made.bind([Repeat(n - 1, [Loop((), [add])])])
    compile_calls([call])()
    np.testing.assert_array_equal(numbers[:n], np.cumsum([0.0, *memory[n:-1]]))


def test_short_rows_of_a_bias_are_loaded_once():
    """Of 100 rows of 16, a strip has many; the rows are as many steps as without a bias."""
    bias, x, out = Ref(0, (0, 1)), Ref(16, (16, 1)), Ref(16 + 1600, (16, 1))
    loop = Loop((100, 16), [Statement(out, ("+", "x", "y"), {"x": x, "y": bias})])
    made = Binder(np.zeros(16 + 3200), np.zeros(0, np.int64), UserResults(array("d")))
    (call,) = made.bind([loop])
    header, load, add = np.reshape(call.in_c(), (-1, native.ROW))
    assert header[6] > 20  # rows of a strip
    assert (load[0], load[1]) == (native.CODES["load"], 1)
    assert add[0] == native.CODES["add"]


def test_a_sum_of_products_takes_one_step():
    x, y, out = Ref(0, (1,)), Ref(1000, (1,)), Ref(2000, (0,))
    total = Statement(out, ("*", "x", "y"), {"x": x, "y": y}, "sum", (0,))
    made = Binder(np.ones(2001), np.zeros(0, np.int64), UserResults(array("d")))
    (call,) = made.bind([Loop((1000,), [total])])
    assert len(call.in_c()) == 2 * native.ROW
    compile_calls([call])()
    assert made.memory[2000] == 1000.0


def test_more_loops_than_a_row_has_are_left_to_numpy():
    sizes = (2,) * 5
    x, out = Ref(0, (16, 8, 4, 2, 1)), Ref(32, (1, 2, 4, 8, 16))
    loop = Loop(sizes, [Statement(out, ("exp", "x"), {"x": x})])
    memory = np.random.default_rng(0).normal(size=64)
    numbers = run([loop], memory, True)
    expected = np.exp(memory[:32]).reshape(sizes).transpose()
    np.testing.assert_allclose(numbers[32:], expected.ravel(), rtol=1e-15)
