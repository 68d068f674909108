"""Every layer against PyTorch's of the same name: outputs and all gradients, in float64."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite
import nn
from autograd_lite import Value

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

few = settings(max_examples=20, deadline=None)
small = st.integers(1, 4)
seeds = st.integers(0, 2**32 - 1)
flags = st.booleans()


def to_values(x):
    """Nested lists of Values, of an array of floats."""
    return [to_values(row) for row in x] if x.ndim else Value(x.item())


def leaves(x):
    """The numbers and Values of nested sequences, and of tuples of them."""
    if isinstance(x, (list, tuple)):
        return [leaf for row in x for leaf in leaves(row)]
    return [] if x is None else [x]


def numbers(x):
    return np.array([getattr(v, "data", v) for v in leaves(x)])


def tensors(x):
    """The tensors of nested tuples, as one vector."""
    if isinstance(x, tuple):
        parts = [tensors(part) for part in x if part is not None]
        return torch.cat(parts)
    return x.reshape(-1)


def assert_equal(ours, theirs, what):
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10, err_msg=what)


def check(ours, theirs, seed, *inputs, call=None, other=None):
    """The same parameters, inputs and cotangents in both; then the same outputs and gradients."""
    random = np.random.default_rng(seed)
    arrays = dict(ours._arrays())
    state = {
        name: random.normal(size=np.shape(numbers_of))
        for name, numbers_of in ours.state_dict().items()
    }
    for name in state:
        if "running_var" in name:
            state[name] = np.exp(state[name])
        if "num_batches_tracked" in name:
            state[name] = np.array(3.0)
    ours.load_state_dict(state)
    theirs = theirs.double()
    theirs.load_state_dict({name: torch.from_numpy(np.asarray(x)) for name, x in state.items()})

    values = [to_values(x) for x in inputs]
    tensor_inputs = [torch.tensor(x, requires_grad=True) for x in inputs]
    out = (call or (lambda f, *x: f(*x)))(ours, *values)
    expected = tensors((other or call or (lambda f, *x: f(*x)))(theirs, *tensor_inputs))
    assert_equal(numbers(out), expected.detach().numpy(), "outputs")

    cotangents = random.normal(size=len(expected))
    autograd_lite.dot(leaves(out), cotangents.tolist()).backward()
    expected.backward(torch.from_numpy(cotangents))
    for x, tensor in zip(values, tensor_inputs, strict=True):
        assert_equal([v.grad for v in leaves(x)], tensor.grad.reshape(-1).numpy(), "input grads")
    for name, parameter in theirs.named_parameters():
        grads = [p.grad for p in leaves(arrays[name])]
        theirs_grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        assert_equal(grads, theirs_grad.reshape(-1).numpy(), name)
    for name, buffer in theirs.named_buffers():
        assert_equal(numbers(arrays[name]), buffer.reshape(-1).numpy(), name)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


# ------------------------------------------------------------------------------ linear


@few
@given(st.lists(small, max_size=3), small, small, flags, seeds)
def test_linear(batch, nin, nout, bias, seed):
    x = normal(seed, *batch, nin)
    check(nn.Linear(nin, nout, bias), torch.nn.Linear(nin, nout, bias), seed, x)


@pytest.mark.parametrize("batch", [(3, 2, 2), (2, 1, 3, 2)])
def test_linear_with_many_axes_before_the_last(batch):
    x = normal(0, *batch, 3)
    ours, theirs = nn.Linear(3, 2), torch.nn.Linear(3, 2)
    check(ours, theirs, 0, x)
    assert np.shape(ours(x)) == (*batch, 2)
    assert np.shape(nn.MLP(3, [2, 1])(x)) == batch


@few
@given(st.lists(small, min_size=1, max_size=3), seeds)
def test_sequential_and_activations(batch, seed):
    ours, theirs = (
        m.Sequential(
            m.Linear(3, 4), m.GELU(), m.Linear(4, 4), m.ReLU(), m.Linear(4, 2), m.Softmax(dim=-1)
        )
        for m in (nn, torch.nn)
    )
    check(ours, theirs, seed, normal(seed, *batch, 3))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ReLU", {}),
        ("Tanh", {}),
        ("Sigmoid", {}),
        ("SiLU", {}),
        ("GELU", {}),
        ("GELU", {"approximate": "tanh"}),
        ("LeakyReLU", {}),
        ("LeakyReLU", {"negative_slope": 0.3}),
        ("Softmax", {"dim": 0}),
        ("Softmax", {"dim": 1}),
        ("Softmax", {"dim": -1}),
        ("Flatten", {}),
        ("Flatten", {"start_dim": 0, "end_dim": 1}),
        ("Flatten", {"start_dim": -1}),
    ],
)
def test_layers_without_parameters(name, arguments):
    ours, theirs = (getattr(m, name)(**arguments) for m in (nn, torch.nn))
    x = normal(0, 2, 3, 4)
    assert np.shape(nested_data(ours(to_values(x)))) == theirs(torch.tensor(x)).shape
    check(ours, theirs, 0, x)


def test_a_number_is_flattened_to_one():
    check(nn.Flatten(0), torch.nn.Flatten(0), 0, np.array(3.0))
    assert nn.Flatten(0)(3.0) == [3.0]
    with pytest.raises(ValueError, match=r"Flatten\(start_dim=1, end_dim=-1\): x has shape \(1,\)"):
        nn.Flatten()(3.0)


def nested_data(x):
    return [nested_data(row) for row in x] if isinstance(x, (list, tuple)) else x.data


@few
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.none() | st.integers(-5, 4), seeds)
def test_embedding(indices, padding_idx, seed):
    ours, theirs = (m.Embedding(5, 3, padding_idx) for m in (nn, torch.nn))
    check(
        ours,
        theirs,
        seed,
        call=lambda layer: layer(indices),
        other=lambda layer: layer(torch.tensor(indices)),
    )


# ------------------------------------------------------------------- convolution, pooling

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


# -------------------------------------------------------------------------- normalization


@few
@given(st.lists(small, max_size=2), st.lists(small, min_size=1, max_size=2), flags, flags, seeds)
def test_layer_norm(batch, lengths, affine, bias, seed):
    ours, theirs = (m.LayerNorm(lengths, 1e-3, affine, bias) for m in (nn, torch.nn))
    check(ours, theirs, seed, normal(seed, *batch, *lengths))


@few
@given(st.lists(small, max_size=2), small, st.none() | st.just(1e-3), flags, seeds)
def test_rms_norm(batch, length, eps, affine, seed):
    ours, theirs = (m.RMSNorm(length, eps, affine) for m in (nn, torch.nn))
    check(ours, theirs, seed, normal(seed, *batch, length))


@few
@given(
    st.integers(2, 4),
    small,
    st.none() | small,
    st.sampled_from([None, 0.1, 0.9]),
    flags,
    flags,
    flags,
    seeds,
)
def test_batch_norm1d(n, channels, length, momentum, affine, track, train, seed):
    ours, theirs = (
        m.BatchNorm1d(channels, 1e-5, momentum, affine, track).train(train) for m in (nn, torch.nn)
    )
    x = normal(seed, *[size for size in (n, channels, length) if size])
    check(ours, theirs, seed, x, call=lambda layer, x: (layer(x), layer(x)))


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm1d_without_bias(train):
    ours = nn.BatchNorm1d(3, bias=False).train(train)
    theirs = torch.nn.BatchNorm1d(3).train(train)
    theirs.bias = None
    check(ours, theirs, 0, normal(0, 4, 3))


# ------------------------------------------------------------------------------ recurrent

CELLS = ["RNNCell", "LSTMCell", "GRUCell"]


@few
@given(st.sampled_from(CELLS), st.none() | small, small, small, flags, flags, seeds)
def test_cells(name, batch, nin, hidden, bias, with_state, seed):
    ours, theirs = (getattr(m, name)(nin, hidden, bias) for m in (nn, torch.nn))
    front = [batch] if batch else []
    inputs = [normal(seed, *front, nin)]
    if with_state:
        inputs += [normal(seed + i, *front, hidden) for i in range(ours.states)]

    def call(layer, x, *state):
        return layer(x, (state if name == "LSTMCell" else state[0]) if state else None)

    check(ours, theirs, seed, *inputs, call=call)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["RNN", "LSTM", "GRU"]), flags, flags, flags, flags, seeds)
def test_sequences(data, name, bias, batch_first, both, with_state, seed):
    nin, hidden, length, layers = (data.draw(st.integers(1, 3)) for _ in range(4))
    batch = data.draw(st.none() | small, "batch")
    ours, theirs = (
        getattr(m, name)(
            nin, hidden, layers, bias=bias, batch_first=batch_first, bidirectional=both
        )
        for m in (nn, torch.nn)
    )
    shape = (length, nin)
    if batch:
        shape = (batch, length, nin) if batch_first else (length, batch, nin)
    inputs = [normal(seed, *shape)]
    if with_state:
        rows = layers * (2 if both else 1)
        sizes = (rows, batch, hidden) if batch else (rows, hidden)
        inputs += [normal(seed + i, *sizes) for i in range(ours.states)]

    def call(layer, x, *state):
        return layer(x, (state if name == "LSTM" else state[0]) if state else None)

    check(ours, theirs, seed, *inputs, call=call)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 4), small, st.integers(1, 2), flags, flags, seeds)
def test_lstm_with_a_projection(hidden, length, layers, bias, both, seed):
    ours, theirs = (
        m.LSTM(2, hidden, layers, bias=bias, bidirectional=both, proj_size=hidden - 1)
        for m in (nn, torch.nn)
    )
    rows = layers * (2 if both else 1)
    inputs = [
        normal(seed + i, *shape)
        for i, shape in enumerate([(length, 3, 2), (rows, 3, hidden - 1), (rows, 3, hidden)])
    ]
    check(ours, theirs, seed, *inputs, call=lambda layer, x, *state: layer(x, state))


def test_weights_that_change_between_steps_of_a_cell():
    cell = nn.GRUCell(1, 1, rng=0)
    first = cell([1.0])
    for p in cell.parameters():
        p.data = 2 * p.data
    assert cell([1.0])[0].data != first[0].data


def test_rnn_with_relu():
    ours, theirs = (m.RNN(2, 3, 2, "relu") for m in (nn, torch.nn))
    check(ours, theirs, 0, normal(1, 4, 2))


# ------------------------------------------------------------------------------ attention


@settings(max_examples=40, deadline=None)
@given(st.data(), flags, flags, seeds)
def test_multihead_attention(data, bias, batch_first, seed):
    heads, width, length, source = (data.draw(st.integers(1, 3)) for _ in range(4))
    batch = data.draw(st.none() | st.integers(1, 2), "batch")
    embed = heads * width
    causal = data.draw(flags, "causal") and length == source
    average = data.draw(flags, "average")
    weights = data.draw(flags, "weights")
    random = np.random.default_rng(seed)
    mask = padding = None
    kind = data.draw(st.sampled_from(["none", "bool", "float", "per head"]), "mask")
    if kind == "bool":
        mask = random.random((length, source)) < 0.3
    if kind == "float":
        mask = random.normal(size=(length, source))
    if kind == "per head":
        mask = random.random(((batch or 1) * heads, length, source)) < 0.3
    if data.draw(flags, "padding") and kind != "float":
        padding = random.random((batch, source) if batch else source) < 0.3
    if mask is not None and mask.dtype == bool:
        mask[..., 0] &= not weights  # a query that may look nowhere has NaN in both
    if padding is not None:
        padding[..., 0] &= not weights

    def shape(n):
        if not batch:
            return (n, embed)
        return (batch, n, embed) if batch_first else (n, batch, embed)

    inputs = [normal(seed + i, *shape(n)) for i, n in enumerate((length, source, source))]
    ours, theirs = (
        m.MultiheadAttention(embed, heads, bias=bias, batch_first=batch_first)
        for m in (nn, torch.nn)
    )

    def call(layer, *qkv):
        return layer(
            *qkv,
            key_padding_mask=padding,
            attn_mask=mask,
            need_weights=weights,
            average_attn_weights=average,
            is_causal=causal,
        )

    def other(layer, *qkv):
        blocked = mask
        if causal:
            later = np.triu(np.ones((length, source), bool), 1)
            blocked = later if mask is None else np.where(later, -np.inf, mask)
            if mask is not None and mask.dtype == bool:
                blocked = mask | later
        return layer(
            *qkv,
            key_padding_mask=None if padding is None else torch.from_numpy(padding),
            attn_mask=None if blocked is None else torch.from_numpy(blocked),
            need_weights=weights,
            average_attn_weights=average,
        )

    check(ours, theirs, seed, *inputs, call=call, other=other)


@few
@given(small, small, flags, seeds)
def test_attention_to_keys_and_values_of_other_lengths(kdim, vdim, bias, seed):
    ours, theirs = (
        m.MultiheadAttention(4, 2, bias=bias, kdim=kdim, vdim=vdim) for m in (nn, torch.nn)
    )
    shapes = (2, 3, 4), (5, 3, kdim), (5, 3, vdim)
    check(ours, theirs, seed, *[normal(seed + i, *shape) for i, shape in enumerate(shapes)])


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_token_that_may_look_nowhere(norm_first):
    arguments = {"dim_feedforward": 3, "dropout": 0.0, "norm_first": norm_first}
    ours, theirs = (m.TransformerEncoderLayer(4, 2, **arguments) for m in (nn, torch.nn))
    mask = [[True, True], [False, True]]
    check(
        ours,
        theirs,
        0,
        normal(1, 2, 4),
        call=lambda layer, x: layer(x, mask),
        other=lambda layer, x: layer(x, torch.tensor(mask)),
    )


@few
@given(
    st.integers(1, 2),
    st.integers(1, 3),
    st.none() | st.integers(1, 2),
    st.sampled_from(["relu", "gelu"]),
    flags,
    flags,
    flags,
    seeds,
)
def test_transformer_encoder_layer(heads, length, batch, activation, first, bias, causal, seed):
    arguments = {
        "dim_feedforward": 5,
        "dropout": 0.0,
        "activation": activation,
        "norm_first": first,
        "bias": bias,
    }
    ours, theirs = (
        m.TransformerEncoderLayer(2 * heads, heads, **arguments) for m in (nn, torch.nn)
    )
    later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if causal else None
    x = normal(seed, *[n for n in (length, batch, 2 * heads) if n])
    check(
        ours,
        theirs,
        seed,
        x,
        call=lambda layer, x: layer(x, is_causal=causal),
        other=lambda layer, x: layer(x, later),
    )


# ------------------------------------------------------------------------ dropout of everything


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_dropped_attention_weights(need_weights, dropout):
    ours, theirs = (m.MultiheadAttention(4, 2, dropout=dropout) for m in (nn, torch.nn))
    x = normal(0, 3, 4)
    check(ours, theirs, 0, x, call=lambda f, x: f(x, x, x, need_weights=need_weights))


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("name", ["self_attn", "dropout", "dropout1", "dropout2"])
def test_every_dropout_of_a_transformer_layer(name, norm_first):
    layers = []
    for library in (nn, torch.nn):
        layer = library.TransformerEncoderLayer(4, 2, 5, dropout=0.0, norm_first=norm_first)
        if name == "self_attn":
            layer.self_attn.dropout = 1.0
        else:
            getattr(layer, name).p = 1.0
        layers.append(layer)
    check(*layers, 0, normal(1, 3, 4))


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_dropout_between_recurrent_layers(cell):
    ours, theirs = (getattr(m, cell)(2, 3, 2, dropout=1.0) for m in (nn, torch.nn))
    check(
        ours,
        theirs,
        0,
        normal(1, 4, 2),
        call=lambda f, x: f(x)[0],
    )


@pytest.mark.parametrize("x", [[1.0, np.nan, 3.0, np.nan], [np.nan, 5.0, 1.0, 2.0], [2.0, 2.0] * 2])
def test_the_place_of_a_nan(x):
    x = np.reshape(x, (1, 2, 2))
    ours, theirs = (m.MaxPool2d(2, return_indices=True) for m in (nn, torch.nn))
    assert ours(x)[1] == theirs(torch.from_numpy(x))[1].tolist()
