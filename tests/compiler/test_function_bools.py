"""Bools, Python's and NumPy's, stay bools in a compiled function: other ones are recorded anew."""

import warnings
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap, where
from tests.support.agreement import agree, numbers_in

W = [Value(0.5), Value(-1.5), Value(2.0)]
EXECUTORS = pytest.mark.parametrize("executor", ["auto", "interpret", "numpy"])


def as_eagerly(compiled, function, calls, leaves=W):
    """Both give the same at each of the calls, and when they come again."""
    agree(function, [*calls] * 3, leaves, None, compiled=compiled, rel=1e-9)


FUNCTIONS = {
    "where": lambda x, m: [where(b, a * w, w) for a, b, w in zip(x, m, W, strict=True)],
    "index": lambda x, m: [W[0] * ag.sum([*x[m], 1.0])],
    "np.where": lambda x, m: [a * w for a, w in zip(np.where(m, x, 3.0), W, strict=True)],
    "product": lambda x, m: [a * w for a, w in zip(x * m, W, strict=True)],
    "not": lambda x, m: [a * w for a, w in zip(x * ~m, W, strict=True)],
    "sum": lambda x, m: [W[0] * x[0] * m.sum(), W[1] * float(m.mean())],
    "if": lambda x, m: [w * a if b else w for a, b, w in zip(x, m, W, strict=True)],
    "is": lambda x, m: [w * a if b is np.True_ else w for a, b, w in zip(x, m, W, strict=True)],
    "and": lambda x, m: [W[0] * x[0] if m.any() and not m.all() else W[1]],
    "dtype": lambda x, m: [W[0] * x[0] * (3 if m.dtype == bool else 5)],
    "python": lambda x, m: [w * a if isinstance(b, bool) and b else w
                            for a, b, w in zip(x, m.tolist(), W, strict=True)],
}  # fmt: skip
XS = np.array([1.0, -2.0, 3.0])
MASKS = [np.array(m) for m in ([True, False, True], [False, False, True], [True, True, True])]


@EXECUTORS
@pytest.mark.parametrize("name", FUNCTIONS)
def test_masks_are_masks(name, executor):
    f = FUNCTIONS[name]
    compiled = compile(f, executor=executor)
    as_eagerly(compiled, f, [(XS * i, mask) for i in (1, 2) for mask in MASKS])
    assert compiled.recordings == len(MASKS)


# How often the function of a sample with its own mask is recorded: once, or for each way that the
# mask makes it go. "is" and "dtype" see that the mask of a sample is one of stand-ins.
RECORDINGS = {"where": 1, "product": 1, "not": 1, "sum": 3, "np.where": 1, "and": 2, "if": 4,
              "index": 4, "python": 4}  # fmt: skip


@pytest.mark.parametrize("name", RECORDINGS)
def test_each_sample_has_its_own_mask(name):
    f = FUNCTIONS[name]
    masks = np.array([*MASKS, MASKS[0], ~MASKS[1]])
    xs = np.outer([1.0, 2.0, -1.0, 0.5, 3.0], XS)
    batched = vmap(f)
    as_eagerly(
        batched, lambda xs, ms: [f(x, m) for x, m in zip(xs, ms, strict=True)], [(xs, masks)]
    )
    assert batched.recordings == RECORDINGS[name]


def test_single_bools():
    def f(x, b):
        return [W[0] * x if b else W[1] * x, W[2] * (x + b), W[0] * (3 if b is True else 4)]

    as_eagerly(compile(f), f, [(2.0, b) for b in (True, False)])

    def f(x, b):
        return [W[0] * x if b else W[1] * x, W[2] * (x + b), W[0] * isinstance(b, np.bool_)]

    calls = [(2.0, b) for b in (np.True_, np.False_)]
    as_eagerly(compile(f), f, calls)

    def f(x, b):
        return [W[0] * x if b else W[1] * x, W[2] * (x + int(b))]

    as_eagerly(compile(f), f, [(2.0, np.array(b)) for b in (True, False)])


@pytest.mark.parametrize(
    "flags",
    [[True, False, True], np.array([True, False, True]), [np.True_, np.False_, np.True_],
     [True, True, True]],
)  # fmt: skip
def test_each_sample_has_its_own_bool(flags):
    def f(x, b):
        return (W[0] * x if b else W[1] * x, W[2] * (x + int(b)))

    def loop(xs, bs):
        return [f(x, b) for x, b in zip(xs, bs, strict=True)]

    batched = vmap(f)
    for _ in range(3):
        found = batched([1.0, 2.0, 3.0], flags)
        expected = loop([1.0, 2.0, 3.0], flags)
        assert [[y.data for y in part] for part in zip(*expected, strict=True)] == [
            [y.data for y in part] for part in found
        ]
    assert batched.recordings == len(set(np.array(flags).tolist()))


def test_bools_beside_ints_and_numbers_in_samples():
    """Ints that samples have for their own are read anew, bools are not numbers."""

    def f(sample):
        x, (label, flag), more = sample
        return W[0] * x * label if flag else W[1] * x + label * (2 if more["mask"][0] else 3)

    samples = [
        (1.0, (1, True), {"mask": [False, True]}),
        (2.0, (2, False), {"mask": [True, True]}),
        (3.0, (3, True), {"mask": [False, True]}),
        (4.0, (4, False), {"mask": [True, True]}),
    ]
    batched = vmap(f)
    for _ in range(2):
        assert [y.data for y in batched(samples)] == [f(sample).data for sample in samples]
    assert batched.recordings == 2
    with pytest.raises(ValueError, match="sample 3 has a list of 2 where sample 0 has a list of 1"):
        vmap(lambda x, b: W[0])([[1.0], [1.0], [1.0], [1.0, 2.0]], [True, False, True, False])


def test_many_masks_are_right_though_not_fast():
    def f(x, m):
        return [W[0] * a if b else W[1] for a, b in zip(x, m, strict=True)]

    masks = np.array([[i >> k & 1 for k in range(6)] for i in range(64)], bool)
    xs = np.arange(6.0)
    compiled, batched = compile(f), vmap(f, in_axes=(None, 0))

    def loop(xs, ms):
        return [f(xs, m) for m in ms]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        as_eagerly(compiled, f, [(xs, mask) for mask in masks])
        as_eagerly(batched, loop, [(xs, masks)])


def test_a_mask_that_the_function_changes():
    def f(x, m):
        m[0] = True
        return [W[0] * x if m[0] else W[1]]

    mask = np.array([False])
    with pytest.warns(RuntimeWarning, match="changes an argument"):
        assert compile(f)(3.0, mask)[0].data == 1.5
    assert mask[0]


# ------------------------------------------------------------------------------- attention

ATTENTION = nn.MultiheadAttention(4, 2, rng=0, batch_first=True)
LAYER = nn.TransformerEncoderLayer(4, 2, 3, 0.0, rng=0, batch_first=True)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4)).tolist()
PADDING = [[[False, False, True], [False, True, True]], [[True, False, False], [False] * 3]]
LOOKING = [[[False, True, True], [False, False, True], [True, False, False]]]
CAUSAL = np.triu(np.full((3, 3), True), 1)


def as_floats(mask):
    return np.where(mask, -inf, RNG.normal(size=np.shape(mask)))


@EXECUTORS
@pytest.mark.parametrize("kind", [np.array, list, as_floats])
def test_key_padding_masks(kind, executor):
    def f(x, m):
        return ATTENTION(x, x, x, key_padding_mask=m)

    calls = [(X, kind(mask)) for mask in PADDING]
    as_eagerly(compile(f, executor=executor), f, calls, ATTENTION.parameters())


@EXECUTORS
@pytest.mark.parametrize("kind", [np.array, list, as_floats])
def test_attention_masks(kind, executor):
    def f(x, m):
        return ATTENTION(x, x, x, attn_mask=m)

    calls = [(X, kind(mask)) for mask in (*LOOKING, CAUSAL)]
    as_eagerly(compile(f, executor=executor), f, calls, ATTENTION.parameters())


@EXECUTORS
@pytest.mark.parametrize("kind", [np.array, list, as_floats])
def test_masks_of_a_transformer(kind, executor):
    def f(x, m, p):
        return LAYER(x, src_mask=m, src_key_padding_mask=p)

    calls = [(X, kind(CAUSAL), kind(p)) for p in ([[False, False, True]] * 2, [[False] * 3] * 2)]
    as_eagerly(compile(f, executor=executor), f, calls, LAYER.parameters())


@pytest.mark.parametrize("kind", [np.array, list, as_floats])
def test_masks_of_samples(kind):
    def f(x, m):
        return ATTENTION(x, x, x, key_padding_mask=m)[0]

    masks = kind([[False, False, True], [True, False, False]])

    def loop(xs, ms):
        return [f(x, m) for x, m in zip(xs, ms, strict=True)]

    as_eagerly(vmap(f), loop, [(X, masks)], ATTENTION.parameters())


@EXECUTORS
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("kind", [np.array, as_floats])
def test_a_query_that_may_look_nowhere(kind, need_weights, executor):
    """NaN, or 0 without weights, as in PyTorch; in every executor, and so are the gradients."""
    mask = [[True, True, True], [False, False, True], [False, False, False]]

    def f(x, m):
        return ATTENTION(x, x, x, None, need_weights, m)

    compiled = compile(f, executor=executor)
    masks = [kind(mask), kind(LOOKING[0])]
    as_eagerly(compiled, f, [(X, m) for m in masks], ATTENTION.parameters())
    first = numbers_in(compiled(X, masks[0])[0])[0].data
    assert first != first if need_weights else first == ATTENTION.out_proj.bias[0].data


def test_a_row_hidden_by_two_masks_together():
    mask, padding = CAUSAL.copy(), np.array([[True, False, False]] * 2)

    def f(x, m, p):
        return ATTENTION(x, x, x, p, False, m)

    for kind in (np.array, as_floats):
        calls = [(X, kind(mask), kind(padding))]
        as_eagerly(compile(f), f, calls, ATTENTION.parameters())
        as_eagerly(compile(f, executor="numpy"), f, calls, ATTENTION.parameters())


def test_a_float_mask_that_hides_nothing_is_data():
    f = compile(lambda x, m: ATTENTION(x, x, x, attn_mask=m, is_causal=True)[0][0][0])
    for i in range(4):
        f(X, np.full((3, 3), float(i)))
    assert f.recordings == 1
    assert not f.programs()[-1].guards.exact  # so that arrays may run it


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=5),
    st.booleans(),
)
def test_random_masks_of_samples(masks, lists):
    def f(x, m):
        chosen = [a for a, b in zip(x, m, strict=True) if b]
        return W[0] * ag.sum([*chosen, 1.0]), where(m[0], W[1], W[2] * x[0])

    xs = [[float(i + j) for j in range(3)] for i in range(len(masks))]
    masks = masks if lists else np.array(masks)
    found = vmap(f)(xs, masks)
    expected = [f(x, m) for x, m in zip(xs, masks, strict=True)]
    for part, others in zip(found, zip(*expected, strict=True), strict=True):
        assert [y.data for y in part] == [y.data for y in others]


def test_nan_is_no_bool():
    """A float mask with NaN is added as such."""

    def f(x, m):
        return ATTENTION(x, x, x, attn_mask=m)[0]

    calls = [(X, np.array([[0.0, nan, 0.0]] * 3))]
    as_eagerly(compile(f), f, calls, ATTENTION.parameters())
