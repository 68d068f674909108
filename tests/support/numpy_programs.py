"""Operations of NumPy's on arrays of float64, int64 and bool, of which tests make programs."""

import numpy as np

from autograd_lite import compile


def written(a, index, x):
    z = a.copy()
    z[index] = x
    return z


def computed_in_place(a, name, x):
    z = a.copy()
    getattr(z, name)(x)
    return z


def sorted_in_place(a):
    z = a.copy()
    z.sort()
    return z


SOURCES = """
a + b; a - b; a * b; a / b; a // b; a % b; a ** 2; 2 ** a; -a; +a; abs(a); ~(a > b); divmod(a, b)
a & b; a | b; a ^ b; 1 / a; a / 0; 0 - a; a // 2; a % 3; a * 0.5; a + True; 7 // a; a - 1.5; a @ b
a < b; a >= 0; a == b; a != b; np.float64(2) * a; np.ones(3) - a; np.arange(3) * a
[1.5, 0, 2] - a; np.array([1, 2, 3], np.uint8) + a; np.array([0.5, 2, 3], np.float32) * a
np.multiply(a, 2, dtype=float); np.maximum(a, b); np.minimum(a, 1); np.where(a > b, a, b)
np.where(a, 1, 0.5); np.where(a > 0, a, 0); np.clip(a, -1, 1); a.clip(0); np.floor(a); np.ceil(a)
np.trunc(a); np.rint(a); np.round(a); np.fix(a); np.sign(a); np.square(a); np.isnan(a)
np.isfinite(a); np.isinf(a); np.logical_and(a, b); np.logical_not(a); np.power(a, b)
np.fmod(a, b); np.left_shift(a, 1); np.bitwise_and(a, 3); np.gcd(a, b); np.heaviside(a, 0.5)
np.add.outer(a, b); np.add.reduce(a); np.add.accumulate(a); np.maximum.accumulate(a); a.sum()
a.mean(); a.max(); a.min(); a.prod(); a.sum(axis=0); a.mean(0); a.max(0); a.cumsum()
np.sum(a, axis=-1, keepdims=True); np.cumprod(a); np.prod(a, axis=0); np.all(a, axis=0); a.any()
a.all(); np.any(a > 0); np.std(a); np.var(a, axis=0); a.std(); np.median(a); np.percentile(a, 50)
np.quantile(a, 0.25); np.average(a); np.ptp(a); np.nanmax(a); np.nansum(a); np.count_nonzero(a)
np.sort(a); np.argsort(a); np.argmax(a); a.argmin(0); np.unique(a); np.nonzero(a)[0]
np.searchsorted(a.ravel(), 1); np.digitize(a, [0, 1]); np.interp(a, [0, 1], [2, 3]); np.cov(a)
a.T; a.ravel(); a.ravel("K"); a.reshape(-1); a.copy(); a.flatten("F"); a.swapaxes(0, 1)
a.squeeze(); np.concatenate([a, b]); np.stack([a, b]); np.append(a, 0); np.hstack([a, [0.5]])
np.vstack([a, b]); np.column_stack([a, b]); np.outer(a, b); np.einsum("...i->...", a); np.trace(a)
np.diag(a); np.diff(a); np.kron(a, b); np.tile(a, 2); np.repeat(a, 2); np.roll(a, 1); np.flip(a)
np.insert(a, 0, 0); np.delete(a, 0); np.inner(a, b); np.vdot(a, b); np.tensordot(a, b, 1)
np.ediff1d(a); np.convolve(a, b); np.meshgrid(a, b)[0]; np.pad(a, 1); np.triu(a)
np.split(a, 1)[0]; np.broadcast_to(a, (2, *a.shape)); np.atleast_2d(a); np.moveaxis(a, 0, -1)
np.expand_dims(a, 1); np.take(a, 0); a.take([0]); np.take_along_axis(a, np.argsort(a), -1)
np.nan_to_num(a); a[0]; a[-1]; a[1:]; a[::-1]; a[a > 0]; a[...]; a[None]; a[:, 0]; a[[0, 0]]
a[np.argsort(a)]; a[b > 0]; np.zeros_like(a); np.ones_like(a); np.full_like(a, 2)
np.full_like(a, 0.7); np.full_like(a, a[0]); a.astype(int); a.astype(float); a.astype(bool)
a.astype(np.float32); a.astype(np.int8); a.real; a.imag; a.dtype; a.nbytes; a.flags.f_contiguous
np.iscomplexobj(a); np.result_type(a, b); len(a); written(a, 0, 0.7); written(a, 0, 3)
written(a, slice(None), b); written(a, a > 0, 0); written(a, a > 0, a[a > 0] * 2)
computed_in_place(a, "__iadd__", 1); computed_in_place(a, "fill", 2)
computed_in_place(a, "__iadd__", 0.5); computed_in_place(a, "__imul__", b); sorted_in_place(a)
computed_in_place(a, "__itruediv__", 2); np.array([a[0], 0]); np.array([a.ravel()[0], 0.5]) / 0
np.asarray(a); np.array(a) * 2; np.array_equal(a, b); np.allclose(a, b); np.isclose(a, b); str(a)
repr(a); a.tobytes(); f"{a.ravel()[0]}"; a.ravel()[0]; list(a)[0]; sum(a); 1 in a; bool(a)
float(a); int(a)
"""
OPERATIONS = {
    source.strip(): eval(f"lambda a, b: {source.strip()}")
    for line in SOURCES.split("\n")
    for source in line.split(";")
    if source
}
"""{an operation of arrays a and b, as source: the function of them}"""
NUMBERS = {
    "float64": [0.0, 1.0, -1.0, 0.5, -1.5, 2.0, 3.0, -2.5, np.inf, -np.inf, np.nan, -0.0],
    "int64": [0, 1, -1, 2, 3, -2, 7],
    "bool": [False, True],
}
"""{dtype: numbers of which sums and products are exact}"""
SHAPES = [(3,), (1,), (0,), (2, 2), (3, 3)]


def array(rng, shape, dtype, order):
    """An array of random numbers, whose axes lie in memory in this order, "C" or "F"."""
    n = int(np.prod(shape))
    numbers = np.array([rng.choice(NUMBERS[dtype]) for _ in range(n)], dtype)
    return np.array(numbers.reshape(shape), order=order)


def program(operations):
    """The function of two arrays that computes one operation after the other.

    operations  (source, i, j): it is applied to the things made last but i, and last but j
    """

    def function(a, b):
        things = [a, b]
        for source, i, j in operations:
            n = len(things)
            things.append(OPERATIONS[source](things[-1 - i % n], things[-1 - j % n]))
        return things[2:]

    return function


def outcome(function, *arguments):
    """What a function gives, or the exception that it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return error


def differ(x, y):
    """Whether two outcomes differ in a type, a shape, or a number by more than rounding."""
    if type(x) is not type(y):
        return True
    if isinstance(y, (list, tuple)):
        return len(x) != len(y) or any(map(differ, x, y))
    if isinstance(y, Exception):
        return False
    if isinstance(y, (np.ndarray, np.generic)):
        same = (x.dtype, x.shape) == (y.dtype, y.shape)
        if same and y.dtype.kind in "OU":  # types, or texts
            return any(map(differ, x.ravel().tolist(), y.ravel().tolist()))
        return not same or not np.allclose(x, y, 1e-9, 1e-12, equal_nan=True)
    return x != y and (x == x or y == y)


def as_numpy(function, calls, check, where):
    """Compiled, a function gives what it gives for copies of the arguments of each call."""
    compiled = compile(function, check=check)
    for arguments in calls:
        expected = outcome(function, *[x.copy("K") for x in arguments])
        found = outcome(compiled, *arguments)
        assert not differ(found, expected), (where, arguments, found, expected)
