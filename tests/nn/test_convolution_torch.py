"""Convolutions and pooling against PyTorch's of the same names: numbers and gradients."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import check, few, flags, normal, seeds, torch

modes = st.sampled_from(["zeros", "reflect", "replicate", "circular"])


def most_padding(mode, length):
    return {"reflect": length - 1, "circular": length}.get(mode, 99)


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # PyTorch on its own speed
@few
@given(st.data(), seeds, flags, flags)
def test_conv1d(data, seed, bias, batch):
    groups = data.draw(st.integers(1, 2), "groups")
    cin, cout = (groups * data.draw(st.integers(1, 2)) for _ in range(2))
    length = data.draw(st.integers(1, 8), "length")
    kernel, dilation, stride = (data.draw(st.integers(1, 3)) for _ in range(3))
    same = st.sampled_from(["same", "valid"]) if stride == 1 else st.nothing()
    padding = data.draw(st.integers(0, 2) | same, "padding")
    widest = 99 if padding == "same" else length + 2 * (0 if padding == "valid" else padding)
    assume(dilation * (kernel - 1) < widest)
    mode = data.draw(modes, "mode")
    widest = {"same": dilation * (kernel - 1) - dilation * (kernel - 1) // 2, "valid": 0}
    assume(widest.get(padding, padding) <= most_padding(mode, length))
    arguments = (cin, cout, kernel, stride, padding, dilation, groups, bias, mode)
    shape = (2, cin, length) if batch else (cin, length)
    check(nn.Conv1d(*arguments), torch.nn.Conv1d(*arguments), seed, normal(seed, *shape))


@pytest.mark.parametrize(
    ("mode", "padding"), [("reflect", 3), ("circular", 4)], ids=["reflect", "circular"]
)
def test_more_padding_than_there_are_numbers(mode, padding):
    x = [[1.0, 2.0, 3.0]]
    nn.Conv1d(1, 1, 1, padding=padding - 1, padding_mode=mode)(x)
    with pytest.raises(ValueError, match=rf"padding_mode='{mode}' cannot pad 3 numbers with"):
        nn.Conv1d(1, 1, 1, padding=padding, padding_mode=mode)(x)
    with pytest.raises(RuntimeError):
        torch.nn.Conv1d(1, 1, 1, padding=padding, padding_mode=mode)(torch.tensor(x))


pairs = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))


@few
@given(st.data(), seeds, flags, flags)
def test_conv2d(data, seed, bias, batch):
    groups = data.draw(st.integers(1, 2), "groups")
    cin, cout = (groups * data.draw(st.integers(1, 2)) for _ in range(2))
    kernel, stride, dilation = (data.draw(pairs) for _ in range(3))
    padding = data.draw(st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2)))
    sizes = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)), "sizes")
    spans = np.broadcast_to(dilation, 2) * (np.broadcast_to(kernel, 2) - 1) + 1
    assume(np.all(spans <= np.array(sizes) + 2 * np.broadcast_to(padding, 2)))
    mode = data.draw(modes, "mode")
    assume(np.all(np.broadcast_to(padding, 2) <= [most_padding(mode, n) for n in sizes]))
    arguments = (cin, cout, kernel, stride, padding, dilation, groups, bias, mode)
    shape = (2, cin, *sizes) if batch else (cin, *sizes)
    check(nn.Conv2d(*arguments), torch.nn.Conv2d(*arguments), seed, normal(seed, *shape))


def draw_pooling(data, ceil_mode):
    """Kernel size, stride, padding, dilation and shape that fit."""
    kernel = data.draw(pairs, "kernel")
    stride = data.draw(st.none() | pairs, "stride")
    padding = data.draw(st.integers(0, 1), "padding")
    dilation = data.draw(st.integers(1, 2), "dilation")
    sizes = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)), "sizes")
    assume(np.all(2 * padding <= np.broadcast_to(kernel, 2)))
    spans = dilation * (np.broadcast_to(kernel, 2) - 1) + 1
    missing = spans - np.array(sizes) - 2 * padding
    reach = np.broadcast_to(kernel if stride is None else stride, 2) - 1 if ceil_mode else 0
    assume(np.all(missing <= reach))
    return kernel, stride, padding, dilation, sizes


@settings(max_examples=50, deadline=None)
@given(st.data(), seeds, flags, flags, flags)
def test_max_pool2d(data, seed, ceil_mode, batch, ties):
    kernel, stride, padding, dilation, sizes = draw_pooling(data, ceil_mode)
    ours, theirs = (
        m.MaxPool2d(kernel, stride, padding, dilation, False, ceil_mode) for m in (nn, torch.nn)
    )
    x = normal(seed, *([2] if batch else []), 2, *sizes)
    # Of a window with nothing but padding, PyTorch's gradient may go anywhere.
    assume(torch.isfinite(theirs(torch.from_numpy(x))).all())
    x = x.round() if ties else x
    check(ours, theirs, seed, x)
    ours.return_indices = theirs.return_indices = True
    largest, places = ours(x)
    their_largest, their_places = theirs(torch.from_numpy(x))
    assert largest == their_largest.tolist()
    assert places == their_places.tolist()


@pytest.mark.parametrize("pool", ["MaxPool2d", "AvgPool2d"])
@pytest.mark.parametrize(("size", "stride", "fits"), [(2, 2, True), (1, 2, False), (1, 3, True)])
def test_a_window_wider_than_the_input(pool, size, stride, fits):
    ours, theirs = (getattr(m, pool)(3, stride, ceil_mode=True) for m in (nn, torch.nn))
    x = normal(0, 1, size, size)
    if fits:
        check(ours, theirs, 0, x)
    else:
        with pytest.raises(ValueError, match=f"{pool}.*a window spans 3 numbers, but the padded"):
            ours(x)
        with pytest.raises(RuntimeError):
            theirs(torch.from_numpy(x))


@settings(max_examples=50, deadline=None)
@given(st.data(), seeds, flags, flags, flags, st.none() | st.integers(1, 5))
def test_avg_pool2d(data, seed, ceil_mode, batch, include_pad, divisor):
    kernel, stride, padding, dilation, sizes = draw_pooling(data, ceil_mode)
    assume(dilation == 1)
    ours, theirs = (
        m.AvgPool2d(kernel, stride, padding, ceil_mode, include_pad, divisor)
        for m in (nn, torch.nn)
    )
    check(ours, theirs, seed, normal(seed, *([2] if batch else []), 2, *sizes))


@pytest.mark.parametrize("x", [[1.0, np.nan, 3.0, np.nan], [np.nan, 5.0, 1.0, 2.0], [2.0, 2.0] * 2])
def test_the_place_of_a_nan(x):
    x = np.reshape(x, (1, 2, 2))
    ours, theirs = (m.MaxPool2d(2, return_indices=True) for m in (nn, torch.nn))
    assert ours(x)[1] == theirs(torch.from_numpy(x))[1].tolist()
