"""scan and fori_loop, and loops within others: as the loops that they stand for, bit for bit."""

import itertools
import math
import random
import signal
from functools import partial

import numpy as np
import pytest
from scipy import optimize

import autograd_lite as ag
from autograd_lite import Value, compile, observers, take, tanh, vmap, where
from autograd_lite.derivatives import grad, hessian, jvp, pullback
from autograd_lite.implicit import fixed_point, implicit_root
from autograd_lite.leaves import leaves, number
from autograd_lite.linalg import solve
from autograd_lite.loops import checkpoint, fori_loop, repeat, scan
from tests.support.pendulum import G, runge_kutta


def unrolled(f, carry, xs):
    ys = []
    for x in xs:
        carry, y = f(carry, x)
        ys.append(y)
    return carry, ys


class Made(observers.Observer):
    def __init__(self):
        self.nodes = []
        self.made = self.nodes.append


def gradient_in_order(function, inputs):
    """The number and the gradient of function(), node by node, the last one that was made first."""
    watch = Made()
    with observers.observe(watch):
        root = function()
    total = dict.fromkeys([*inputs, *watch.nodes], 0.0)
    total[root] = 1.0
    for node in reversed(watch.nodes):
        if total[node] != 0.0:
            for parent, partial in zip(node.parents, node.partials, strict=True):
                total[parent] += total[node] * partial
    return root.data, [total[x] for x in inputs]


@pytest.mark.parametrize("keep", [False, True, None])
def test_a_pendulum_is_that_of_the_unrolled_loop_bit_for_bit(keep):
    start = Value(1.0), Value(0.0)

    def by_scan():
        (x, v), _ = scan(runge_kutta, start, length=1000, checkpoint=keep)
        return x + 3 * v

    def by_hand():
        (x, v), _ = unrolled(runge_kutta, start, [None] * 1000)
        return x + 3 * v

    number, gradient = gradient_in_order(by_hand, [*start, G])
    root = by_scan()
    for x in (*start, G):
        x.grad = 0.0
    root.backward()
    assert root.data == number
    assert [x.grad for x in (*start, G)] == gradient


UNARY = [ag.sin, ag.cos, tanh, ag.softplus, abs, ag.sigmoid, ag.relu, lambda x: -x, ag.square]
BINARY = [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, ag.atan2, ag.maximum]


def random_body(seed):
    """A body of some twenty operations, many of them products followed by sums."""
    rng = random.Random(seed)
    plan = [(rng.random(), *[rng.randrange(6) for _ in range(3)]) for _ in range(20)]

    def body(carry, _):
        xs = [G, *carry]
        for kind, i, j, k in plan:
            x, y, z = (xs[-1 - n % len(xs)] for n in (i, j, k))
            if kind < 0.3:
                xs.append(UNARY[(i + j + k) % len(UNARY)](x))
            elif kind < 0.6:
                xs.append(BINARY[(i + j + k) % len(BINARY)](x, y))
            elif kind < 0.8:
                xs.append(x + y * z if i % 2 else 0.5 * y + x)
            elif kind < 0.9:
                xs.append(x - y * z if i % 2 else x - 0.25 * y)
            else:
                xs.append(ag.dot([x, 2.0], [y, z]))
        return (0.1 * ag.sin(xs[-1]) + carry[0], carry[1] - 0.1 * tanh(xs[-2])), None

    return body


@pytest.mark.parametrize("seed", range(25))
def test_a_random_loop_is_the_unrolled_one_bit_for_bit(seed):
    start, body = (Value(0.7), Value(-0.3)), random_body(seed)

    def total(loop, *steps, **kwargs):
        (x, y), _ = loop(body, start, *steps, **kwargs)
        return x * 2.0 + y

    n = 70
    number, gradient = gradient_in_order(lambda: total(unrolled, [None] * n), [*start, G])
    root = total(scan, length=n)
    for x in (*start, G):
        x.grad = 0.0
    root.backward()
    assert root.data == number
    assert [x.grad for x in (*start, G)] == gradient


def rnn(h, x):
    h = [tanh(ag.dot(w, h) + u * x) for w, u in zip(W, U, strict=True)]
    return h, h[0] * x


RNG = random.Random(0)
W = [[Value(RNG.gauss(0, 0.5)) for _ in range(3)] for _ in range(3)]
U = [Value(RNG.gauss(0, 1)) for _ in range(3)]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_xs_and_ys(reverse, keep):
    xs, start = [Value(RNG.gauss(0, 1)) for _ in range(20)], [Value(0.1), Value(0.2), Value(0.3)]
    inputs = [*xs, *start, *U, *[w for row in W for w in row]]

    def total(h, ys):
        return ag.sum([(k + 1) * y for k, y in enumerate([*h, *ys])])

    found = total(*scan(rnn, start, xs, reverse=reverse, checkpoint=keep))
    for x in inputs:
        x.grad = 0.0
    found.backward()
    gradient = [x.grad for x in inputs]
    h, ys = unrolled(rnn, start, xs[::-1] if reverse else xs)
    expected = total(h, ys[::-1] if reverse else ys)
    for x in inputs:
        x.grad = 0.0
    expected.backward()
    assert found.data == expected.data
    assert gradient == pytest.approx([x.grad for x in inputs], rel=1e-12)


def test_numbers_stay_numbers():
    carry, ys = scan(lambda c, x: (c + x, c * x), 0.0, [1.0, 2.0, 3.0])
    assert (carry, ys) == (6.0, [0.0, 2.0, 9.0])
    assert {type(y) for y in (carry, *ys)} == {float}


def test_containers():
    """Lists and arrays have steps; tuples and dicts have them in each element."""
    init = {"a": Value(1.0), "b": [2.0, np.array([3.0, 4.0])]}
    xs = {"p": np.array([[1.0, 2.0], [3.0, 4.0]]), "q": ([5.0, 6.0], [7.0, 8.0])}

    def f(c, x):
        total = x["p"][0] + x["p"][1] + x["q"][0] + x["q"][1]
        after = {"a": c["a"] * 2, "b": [c["b"][0] + total, c["b"][1] + c["a"]]}
        return after, (total, c["b"][1] * 2)

    carry, ys = scan(f, init, xs)
    assert carry["a"].data == 4.0
    assert carry["b"][0].data == 2.0 + 15 + 21
    assert [v.data for v in carry["b"][1]] == [6.0, 7.0]
    assert [y.data for y in ys[0]] == [15.0, 21.0]
    assert [[y.data for y in row] for row in ys[1]] == [[6.0, 8.0], [8.0, 10.0]]
    carry["b"][1][0].backward()
    assert init["a"].grad == 3.0


@pytest.mark.parametrize("reverse", [False, True])
def test_arrays_are_read_as_lists_are(reverse):
    """And a column of ints gives ints, which may be indices, beside one of floats."""
    indices, table = np.array([2, 0, 1]), np.array([[0.5, 1.5], [2.5, -1.0], [0.25, 3.0]])

    def f(c, x):
        k, row = x
        return c * 0.5 + (row[0] - 2 * row[1]) * take([1.0, 10.0, 100.0], k), c

    arrays = scan(f, 1.0, (indices, table), reverse=reverse)
    lists = scan(f, 1.0, (indices.tolist(), [*table]), reverse=reverse)
    assert arrays == lists
    assert scan(f, 1.0, (indices[:0], table[:0])) == (1.0, [])
    with pytest.raises(ValueError, match="the xs are of different lengths: 2, 3"):
        scan(f, 1.0, (indices[:2], table))


def test_without_xs_x_is_none():
    """As in JAX; it was an empty tuple."""
    f = lambda c, x: (c * (2.0 if x is None else 3.0), x)  # noqa: E731
    assert scan(f, 1.0, length=3) == (8.0, None)


def test_no_steps():
    assert scan(lambda c, x: (c * 2, c), 3.0, []) == (3.0, [])
    assert fori_loop(5, 5, lambda i, c: c * 2, 3.0) == 3.0


def test_fori_loop_gives_an_int_that_may_be_an_index():
    table = [Value(float(k)) for k in range(10)]
    found = fori_loop(2, 6, lambda i, total: total + take(table, i) * i, 0.0)
    found.backward()
    assert found.data == 4 + 9 + 16 + 25
    assert [v.grad for v in table] == [0, 0, 2, 3, 4, 5, 0, 0, 0, 0]
    assert fori_loop(0, 5, lambda i, c: c + i, 1) == 11.0
    for n in (3, 7):
        assert fori_loop(0, n, lambda i, c: c * (i + 1.0), 1.0) == math.factorial(n)


def test_ints_among_the_xs_may_be_indices():
    table = [Value(float(k * k)) for k in range(4)]
    total, _ = scan(lambda c, i: (c + take(table, i), None), 0.0, [3, 1, 3, 2])
    total.backward()
    assert total.data == 9 + 1 + 9 + 4
    assert [v.grad for v in table] == [0, 1, 1, 2]
    with pytest.raises(IndexError, match="the index 4 is out of range for 4 elements"):
        scan(lambda c, i: (c + take(table, i), None), 0.0, [3, 4])


def test_indices_that_are_no_ints_in_each_step():
    table = [1.0, 2.0, 3.0]
    with pytest.raises(TypeError, match="take: an index must be an int"):
        scan(lambda c, i: (c + take(table, i), None), 0.0, [1, 1.5])
    with pytest.raises(TypeError, match="an int of the carry is an index, but after a step it is"):
        scan(lambda c, _: (c + 0.5, take(table, c)), 0, length=3)
    assert scan(lambda c, x: (c + x / 2, None), 0, [1, 1.5])[0] == 1.25
    assert scan(lambda c, _: ((c + 1) % 3, take(table, c)), 0, length=4)[1] == [1.0, 2.0, 3.0, 1.0]


def test_indices_that_a_compiled_function_is_passed():
    f = compile(lambda k: scan(lambda c, i: (c + take([1.0, 2.0, 4.0], i), None), 0.0, [k, 1])[0])
    assert [f(k) for k in (0, 1, 2, 0)] == [3.0, 4.0, 6.0, 3.0]
    assert "scan" in f.explain()


def test_numbers_of_steps_that_are_none():
    for run, message in (
        (lambda: fori_loop(0, 3.0, lambda i, c: c, 1.0), "fori_loop: upper must be an int, not fl"),
        (lambda: repeat(2.0, x=1.0), "repeat: the number of steps must be an int, not float"),
        (lambda: scan(lambda c, x: (c, None), 1.0, length=2.0), "length must be an int, not float"),
    ):
        with pytest.raises(TypeError, match=message):
            run()
    with pytest.raises(ValueError, match="length must be 0 or more, not -1"):
        scan(lambda c, x: (c, None), 1.0, length=-1)


def test_comparisons_are_data():
    """A program's `where`, clip and maximum decide anew at each step."""
    collatz = lambda c, _: (where(c % 2 < 1, c / 2, 3 * c + 1), c)  # noqa: E731
    last, seen = scan(collatz, 6.0, length=8)
    assert (last, seen) == (1.0, [6.0, 3.0, 10.0, 5.0, 16.0, 8.0, 4.0, 2.0])


def test_a_loop_within_a_loop():
    def power(c, n):
        return fori_loop(0, 3, lambda i, y: y * c, 1.0) * 0.5

    x = Value(1.1)
    found = scan(lambda c, _: (power(c, 3), c), x, length=3)[0]
    found.backward()
    gradient, x.grad = x.grad, 0.0
    expected = x
    for _ in range(3):
        y = 1.0
        for _ in range(3):
            y = y * expected
        expected = y * 0.5
    expected.backward()
    assert found.data == expected.data
    assert gradient == pytest.approx(x.grad)


def recurrent(x, a, loop):
    body = lambda c, u: (tanh(a * c + u * x), c * c * u)  # noqa: E731
    c, ys = loop(body, x, [0.3, -0.5, 0.7])
    return c + ag.sum(ys) * a


def derivatives(loop):
    """Gradient, Hessian, a third derivative and a tangent of the recurrence."""
    f = lambda x, a: recurrent(x, a, loop)  # noqa: E731
    third = grad(lambda x, a: grad(grad(f))(x, a), 1)
    return [
        *grad(f, (0, 1))(0.4, 1.2),
        *np.ravel(hessian(f, (0, 1))(0.4, 1.2)),
        third(0.4, 1.2),
        *jvp(f, (0.4, 1.2), (1.0, 0.5)),
    ]


def test_derivatives_to_third_order():
    assert derivatives(scan) == pytest.approx(derivatives(unrolled), rel=1e-12)
    f = lambda x, a: recurrent(x, a, scan)  # noqa: E731
    compiled = compile(grad(grad(f)))
    for x in (0.4, 0.5, 0.6):
        assert compiled(x, 1.2) == pytest.approx(grad(grad(f))(x, 1.2))
    assert compiled.recordings == 1


W2 = Value(0.8)


def inner_scan(c, x, loop):
    (total, last), ys = loop(
        lambda y, k: ((y[0] * W2 + ag.sin(c) * k, c), y[1]), (c, x), [0.5, 2.0]
    )
    return total * x + ys[1] * last


def inner_solve(c, x, loop):
    y = solve([[2.0 + c, x], [W2, 3.0]], [1.0, c * c])
    return c + y[0] * y[1]


def inner_root(c, x, loop):
    y = implicit_root(lambda y, c, x: y**3 + W2 * y - c - x * x, optimize.newton)(1.0, c, x)
    return y * y + c * 0.5


def inner_fixed_point(c, x, loop):
    return fixed_point(lambda y, c, x: 0.3 * ag.sin(y * W2) + c * x, 0.5, c, x) + c


def inner_checkpoint(c, x, loop):
    return checkpoint(lambda c, x: ag.sin(c * x) * W2 + c)(c, x)


@pytest.mark.parametrize(
    "inner", [inner_scan, inner_solve, inner_root, inner_fixed_point, inner_checkpoint]
)
def test_derivatives_to_third_order_of_a_loop_with_another_operation_within_it(inner):
    """With respect to the carry at first, what is passed through, and what the inner one reads."""
    found = []
    for loop in (scan, unrolled):
        x = Value(0.6)
        carry, ys = loop(lambda c, k: (inner(c, x, loop) * k, c * c), x, [0.9, 1.1, 0.7])  # noqa: B023
        first = pullback([carry + ag.sum(ys)], [1.0], [x, W2])
        second = [pullback([g], [1.0], [x, W2]) for g in first]
        third = [pullback([g], [1.0], [x, W2]) for row in second for g in row]
        found.append([number(g) for g in (*first, *itertools.chain(*second, *third))])
    assert found[0] == pytest.approx(found[1], rel=1e-8)
    assert all(found[0])


def test_the_second_derivative_of_a_loop_within_a_loop_in_a_compiled_function():
    def second(loop):
        step = lambda x: lambda c, _: (inner_scan(c, x, loop), None)  # noqa: E731
        return grad(grad(lambda x: loop(step(x), x, [0.0] * 3)[0]))

    compiled = compile(second(scan))
    for x in (0.3, 0.5, 0.8):
        assert number(compiled(x)) == pytest.approx(number(second(unrolled)(x)))
    assert compiled.recordings == 1


def test_the_hessian_of_a_loop_whose_ints_are_indices():
    table = [0.5, 0.25, -1.0]

    def f(x, loop):
        values = [t * x for t in table]
        return loop(lambda c, i: (c * take(values, i) + ag.sin(c), None), x, [2, 0, 1, 2])[0]

    expected = grad(grad(lambda x: f(x, unrolled)))(0.7)
    assert grad(grad(lambda x: f(x, scan)))(0.7) == pytest.approx(expected)
    assert grad(grad(lambda x: fori_loop(0, 4, lambda i, c: c * x + i, x)))(0.7) == pytest.approx(
        grad(grad(lambda x: unrolled(lambda c, i: (c * x + i, None), x, range(4))[0]))(0.7)
    )


def test_a_compiled_function_runs_its_loops_as_blocks():
    w = Value(0.5)

    def f(x, xs):
        return scan(lambda c, x: (tanh(w * c + x), c), x, xs)[0]

    compiled = compile(f)
    for k in range(5):
        x, xs = Value(0.1 * k), [0.3, -0.2 * k, 0.5]
        w.grad = 0.0
        compiled(x, xs).backward()
        found = x.grad, w.grad
        x.grad = w.grad = 0.0
        f(x, xs).backward()
        assert found == (x.grad, w.grad)
    assert compiled.recordings == 1
    assert "scan" in compiled.explain()


def test_numbers_that_a_body_reads_in_a_compiled_function():
    def f(a, n):
        b = a * 2
        return fori_loop(0, 4, lambda i, c: c * b + a, 1.0)

    compiled = compile(f)
    for k in range(5):
        assert compiled(0.3 * k, 4) == pytest.approx(f(0.3 * k, 4), rel=1e-15)
    assert compiled.recordings == 1


def decides_on_what_it_captures(a, x):
    return fori_loop(0, 3, lambda i, c: c * (a if a > 1 else 2.0), x)


def decides_on_its_xs(a, x):
    return scan(lambda c, x: (c * a if x > 0 else c * a * a, None), 1.0, [x, x])[0]


def decides_on_its_carry(a, x):
    for s in repeat(3, x=a):
        s.x = s.x * a if s.x < 10 else s.x * x
    return s.x


@pytest.mark.parametrize(
    ("f", "one_way", "another_way"),
    [
        (decides_on_what_it_captures, (0.5, 1.0), (2.0, 1.0)),
        (decides_on_its_xs, (2.0, 1.0), (2.0, -1.0)),
    ],
)
@pytest.mark.parametrize("of", [lambda f: f, grad, lambda f: grad(grad(f))])
def test_a_program_is_recorded_anew_where_the_first_step_goes_another_way(
    f, one_way, another_way, of
):
    compiled = compile(of(f))
    for _ in range(5):
        for way in (one_way, one_way, another_way):
            assert compiled(*way) == pytest.approx(of(f)(*way))
    assert compiled.recordings == 2


@pytest.mark.parametrize("of", [grad, lambda f: grad(grad(f))])
def test_a_program_of_a_derivative_alone_looks_at_the_decisions(of):
    compiled = compile(of(decides_on_its_carry))
    for _ in range(5):
        assert compiled(1.5, 1.0) == pytest.approx(of(decides_on_its_carry)(1.5, 1.0))
    with pytest.raises(RuntimeError, match="a decision goes another way at step 2"):
        compiled(3.0, 1.0)


def test_a_batch_of_loops():
    f = vmap(lambda x: scan(lambda c, _: (c * x, None), 1.0, length=3)[0])
    assert f([1.0, 2.0, 3.0]) == [1.0, 8.0, 27.0]
    assert f([2.0, 4.0]) == [8.0, 64.0]


def test_xs_of_different_lengths():
    with pytest.raises(ValueError, match="scan: f: the xs are of different lengths: 2, 3"):
        scan(f_of_pair, 0.0, ([1.0, 2.0], [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="length is 5, but there are 2 xs"):
        scan(f_of_pair, 0.0, [1.0, 2.0], length=5)
    with pytest.raises(TypeError, match="give xs, or the length of the loop"):
        scan(f_of_pair, 0.0)
    with pytest.raises(ValueError, match="the number of steps must be 0 or more, not -1"):
        repeat(-1, x=1.0)


@pytest.mark.parametrize(
    ("xs", "message"),
    [
        ([[1.0, 2.0], [3.0]], "row 1 of xs is a list of 1, not a list of 2"),
        ([[1.0], [2.0], [3.0, 4.0]], "row 2 of xs is a list of 2, not a list of 1"),
        ([1.0, 2.0, [3.0]], "row 2 of xs is a list of 1, not a number"),
        ([{"a": 1.0}, {"b": 1.0}], "row 1 of xs is a dict with the keys 'b', not a dict with"),
        (([1.0, 2.0], [[1.0], [2.0, 3.0]]), r"row 1 of xs\[1\] is a list of 2, not a list of 1"),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_rows_of_different_forms(xs, message, reverse):
    with pytest.raises(ValueError, match=f"must have the form of row 0: {message}"):
        scan(lambda c, x: (c, x), 0.0, xs, reverse=reverse)


def f_of_pair(c, x):
    return c, x


f_of_pair.__name__ = "f"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer on this system")
@pytest.mark.parametrize("keep", [False, True])
def test_a_long_loop_is_interrupted(keep):
    n = 7_000_000 if ag.compiled else 200_000
    f = lambda c, _: (ag.sin(c) * 1.5, None)  # noqa: E731
    x = Value(0.5)
    expected = scan(f, 0.5, length=10)

    def run():
        last, _ = scan(f, x, length=n, checkpoint=keep)
        began.append("backward")
        last.backward()

    def stop(*_):
        raise KeyboardInterrupt

    began = []
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not began
    assert x.grad == 0.0
    assert scan(f, 0.5, length=10) == expected


def inner_loop(c, x, m):
    return scan(lambda d, y: (d * y + x, None), c, [m, x])[0]


TANGENT_BODIES = {
    "captured": (lambda c, x, m: (tanh(m * c + x * c), c * x * m), 0.3),
    "a pair": (lambda c, x, m: ((c[1] * x, ag.sin(c[0]) + c[1]), [c[0] - c[1], x]), (0.3, 0.7)),
    "no xs": (lambda c, x, m: (c * m + 0.1, None), 0.3),
    "a decision": (lambda c, x, m: (c * x + 0.5 if c > 0.0 else x * m, c * c), 0.3),
    "an index": (lambda c, x, m: ((c[0] + 1, c[1] * take([m, m * m, -m, m], c[0])), m), (0, 0.3)),
    "a loop": (lambda c, x, m: (inner_loop(c, x, m), c * x), 0.3),
    "a solve": (lambda c, x, m: (solve([[2.0 + c * c, x], [0.0, m]], [c, x])[0], x), 0.3),
}


def of_tangents(name, loop):
    """A function of what the carry, the xs and what is captured are computed from."""
    f, start = TANGENT_BODIES[name]

    def results(a, b, m):
        carry = (start[0], a * start[1]) if isinstance(start, tuple) else a * start
        carry, ys = loop(lambda c, x: f(c, x, m), carry, [b * 0.5, 0.25, b + 0.1, 0.4])
        ys = [] if ys is None or ys[0] is None else ys
        return [x + 0.0 * m for x in leaves((carry, ys), "")]

    return results


def total_of(results):
    return lambda *given: sum(0.5**k * y for k, y in enumerate(results(*given)))


@pytest.mark.parametrize("keep_all", [True, False])
@pytest.mark.parametrize("name", TANGENT_BODIES)
def test_tangents(name, keep_all):
    loop = partial(scan, checkpoint=not keep_all)
    by_loop, plain = (total_of(of_tangents(name, each)) for each in (loop, unrolled))
    point = 1.0, 0.8, 0.6
    for along in [(1.0, 0.5, 0.2), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]:
        expected = jvp(plain, point, along)
        assert jvp(by_loop, point, along) == pytest.approx(expected, rel=1e-13)
        compiled = compile(lambda *given: jvp(by_loop, given, along)[1])  # noqa: B023
        assert [compiled(*point) for _ in range(3)] == pytest.approx([expected[1]] * 3, rel=1e-13)
        products = [ag.hvp(g, point, along) for g in (by_loop, plain)]
        assert products[0] == pytest.approx(products[1], rel=1e-12, abs=1e-15)
    thrice = [
        grad(lambda b, f=f: jvp(f, (1.0, b, 0.6), (1.0, 0.0, 0.5))[1])(0.8)
        for f in (by_loop, plain)
    ]
    assert thrice[0] == pytest.approx(thrice[1], rel=1e-12)


@pytest.mark.parametrize("name", TANGENT_BODIES)
def test_sparse_derivatives_of_loops(name):
    def of(loop):
        results = of_tangents(name, loop)
        return lambda v: results(*v)

    by_loop, plain = of(scan), of(unrolled)
    point = [1.0, 0.8, 0.6]
    found = ag.jacobian(by_loop, sparse=True)(point).toarray()
    assert np.allclose(found, ag.jacobian(plain)(point), rtol=1e-13)
    totals = [lambda v, f=f: sum(0.5**k * y for k, y in enumerate(f(v))) for f in (by_loop, plain)]
    found = ag.hessian(totals[0], sparse=True)(point).toarray()
    assert np.allclose(found, ag.hessian(totals[1])(point), rtol=1e-12)


def test_tangents_of_a_derivative_alone_look_at_decisions():
    f = lambda c, x: (c * x if c > 0.5 else -c, None)  # noqa: E731
    program = compile(lambda x: jvp(lambda x: scan(f, x, [2.0, 2.0])[0], (x,), (1.0,))[1])
    assert [program(1.0) for _ in range(3)] == [4.0] * 3
    assert [program(0.4), program(-0.4)] == [1.0, 1.0]
