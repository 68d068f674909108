"""Recurrent cells and sequences against PyTorch's of the same names: numbers and gradients."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from tests.support.torch_layers import check, few, flags, normal, seeds, small, torch

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
