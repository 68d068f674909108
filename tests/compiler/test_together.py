"""Loops of one body that run together, against each alone: the same bits."""

from array import array

import numpy as np
import pytest

from autograd_lite import Value, compile, dot, maximum, scan, sin, take, tanh, vmap, where
from autograd_lite.compiler import body
from autograd_lite.compiler.tape.instructions import LANES
from autograd_lite.compiler.together import Loop, LoopsTogether
from autograd_lite.derivatives import grad
from autograd_lite.leaves import number

W, U = Value(0.5), Value(-0.25)


def arithmetic(c, x):
    p, q = c
    s = p * q + 0.5
    return (W * s - q * 0.25, 0.5 * p + U * x), p - q


def of_the_table(c, x):
    p, q = c
    r = tanh(p * x) / (2.0 + q * q)
    return (where(p > q, r, sin(q)) + 1e-3, maximum(r, abs(q) ** 1.5) * W - U), dot([p, q], [x, r])


def without_x_or_y(c, _):
    p, q = c
    return (q, U * p - q * W), None


def one_at_a_time(c, x):
    p, q = c
    return (take([p, q, W], 1) * tanh(x), (p * W + q + x) / 3.0), [p, q * q]


def zeros_and_infinities(c, x):
    p, q = c
    return (abs(p) ** 0.5 * 0.0 + q, where(x > 0.0, q, 1.0 / (p * 0.0))), p


BODIES = [arithmetic, of_the_table, without_x_or_y, one_at_a_time, zeros_and_infinities]


def numbers_of(loop, count, seed):
    return array("d", np.random.default_rng(seed).uniform(-1, 1, count * loop.n_operands))


def loop_of(f, n, keep_all):
    """The block of a scan."""
    found = []

    class Seen(Loop):
        def __init__(self, *given):
            super().__init__(*given)
            found.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body, "Loop", Seen)
        xs = None if f is without_x_or_y else [0.5] * n
        scan(f, (0.1, 0.2), xs, n, checkpoint=not keep_all)
    return found[0]


@pytest.mark.parametrize("keep_all", [True, False])
@pytest.mark.parametrize("f", BODIES)
@pytest.mark.parametrize("count", [1, 3, LANES, LANES + 3])
def test_the_same_bits_as_each_alone(f, count, keep_all):
    loop = loop_of(f, 11, keep_all)
    together, _ = loop.together(count)
    n, m = loop.n_operands, loop.n_results
    numbers = numbers_of(loop, count, count)
    results, kept = together.run(numbers)
    alone = [loop.run(numbers[i * n : (i + 1) * n]) for i in range(count)]
    assert results.tobytes() == b"".join(of_one.tobytes() for of_one, _ in alone)
    cotangents = array("d", np.random.default_rng(1).normal(size=count * m))
    cotangents[1] = cotangents[-1] = 0.0
    sent = together.send(kept, cotangents, count * n)
    each = [
        loop.send(kept, cotangents[i * m : (i + 1) * m], n) for i, (_, kept) in enumerate(alone)
    ]
    assert sent.tobytes() == b"".join(of_one.tobytes() for of_one in each)


def test_too_few_numbers():
    together, _ = loop_of(arithmetic, 4, True).together(3)
    with pytest.raises(ValueError, match="scan: arithmetic: 7 numbers for 3 loops"):
        together.run(array("d", [0.0] * 7))


def by_sign(c, x):
    return (c * x if c > 0.0 else -c), None


def test_a_decision_that_goes_another_way():
    loop = loop_of(lambda c, x: ((c[0] * x if c[0] > 0.0 else x, c[1]), None), 4, True)
    (together, _), n = loop.together(5), loop.n_operands
    numbers = array("d", [1.0] * (5 * n))
    together.run(numbers)
    numbers[3 * n + 3] = -1.0  # the second x of loop 3
    with pytest.raises(body.OtherWayError, match="another way at step 2 ") as alone:
        loop.run(numbers[3 * n : 4 * n])
    with pytest.raises(body.OtherWayError) as found:
        together.run(numbers)
    assert str(found.value) == str(alone.value)


def blocks(f):
    (program,) = f.programs()
    return [type(block) for block in program.choice.interpreter.blocks]


def results_and_gradients(f, *args):
    for x in (W, U):
        x.grad = 0.0
    results = list(f(*args))
    sum((k + 1) * y for k, y in enumerate(results)).backward()
    return [y.data for y in results], W.grad, U.grad


@pytest.mark.parametrize("f", BODIES[:4])
def test_samples_of_vmap(f):
    def last(start, xs):
        (p, q), ys = scan(f, (start, 2.0 * start), None if f is without_x_or_y else xs, 6)
        return p + q * q if ys is None or isinstance(ys[0], list) else p + ys[2] * q

    rng = np.random.default_rng(3)
    starts, xs = rng.uniform(-1, 1, 70), rng.uniform(-1, 1, (70, 6))
    batched = vmap(last)
    for _ in range(2):
        found = results_and_gradients(batched, starts, xs)
    assert LoopsTogether in blocks(batched)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "kind", None)
        alone = vmap(last)
        for _ in range(2):
            expected = results_and_gradients(alone, starts, xs)
    assert LoopsTogether not in blocks(alone)
    assert found == expected


def test_loops_of_a_compiled_function():
    @compile
    def total(rows):
        return sum(scan(arithmetic, (row[0], 1.0), row)[0][1] for row in rows)

    rows = np.random.default_rng(4).uniform(-1, 1, (5, 3)).tolist()
    for _ in range(3):
        y = total(rows)
    assert blocks(total) == [LoopsTogether]
    W.grad = U.grad = 0.0
    y.backward()
    found = y.data, W.grad, U.grad
    W.grad = U.grad = 0.0
    expected = total.__wrapped__(rows)
    expected.backward()
    assert found[0] == expected.data
    assert found[1:] == pytest.approx((W.grad, U.grad), rel=1e-13)


def test_loops_that_need_one_another_or_differ():
    @compile
    def f(x):
        first = [scan(arithmetic, (x, 1.0), [x] * 3)[0][0] for _ in range(3)]
        more = [scan(arithmetic, (y, 1.0), [x] * 3)[0][0] for y in first]
        longer = [scan(arithmetic, (y, 1.0), [x] * 4)[0][0] for y in first]
        return sum(first) + sum(more) + sum(longer)

    for _ in range(3):
        y = f(0.5)
    assert blocks(f) == [LoopsTogether] * 3
    assert y.data == f.__wrapped__(0.5).data


def test_a_sample_that_decides_otherwise_goes_its_own_way():
    f = vmap(lambda x: scan(by_sign, x, [1.0, 2.0])[0])
    starts = [1.0, 2.0, -3.0, 4.0]
    for _ in range(3):
        with pytest.raises(RuntimeError, match="a decision goes another way at step 1"):
            f(starts)  # as it does alone: -3, then 3
    g = vmap(lambda x: scan(by_sign, x, [1.0])[0])
    for _ in range(3):
        assert g(starts) == [1.0, 2.0, 3.0, 4.0]


def test_orders_nest():
    def last(start, u):
        return scan(lambda c, x: (tanh(c * W + u * x), None), start, [0.5, -0.3, 0.8])[0]

    starts, us = np.linspace(-1, 1, 5), np.linspace(0.5, 1, 5)
    for order in (last, grad(last), grad(grad(last, 1))):
        f = vmap(order)
        for _ in range(3):
            found = f(starts, us)
        expected = [order(x, u) for x, u in zip(starts.tolist(), us.tolist(), strict=True)]
        assert np.allclose([*map(number, found)], [*map(number, expected)], rtol=1e-13)
        assert LoopsTogether in blocks(f)
