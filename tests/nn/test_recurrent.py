"""Recurrent layers at the edges: states."""

import pytest

import nn


@pytest.mark.parametrize(
    ("hx", "got"), [(3.0, "one float"), ("ab", "one str"), ([[1.0, 2.0]], "a sequence of 1")]
)
def test_the_state_of_an_lstm_is_a_pair(hx, got):
    with pytest.raises(ValueError, match=rf"LSTMCell\(2, 2\): expected hx = \(h, c\), got {got}"):
        nn.LSTMCell(2, 2)([1.0, 2.0], hx)
    with pytest.raises(ValueError, match=rf"LSTM\(2, 2\): expected hx = \(h, c\), got {got}"):
        nn.LSTM(2, 2)([[1.0, 2.0]], hx)


def test_a_projection_is_shorter_than_the_state():
    with pytest.raises(ValueError, match="LSTM: proj_size must be less than hidden_size, not 3"):
        nn.LSTM(2, 3, proj_size=3)
    with pytest.raises(ValueError, match="LSTM: proj_size must be an int of at least 0, not -1"):
        nn.LSTM(2, 3, proj_size=-1)
    lstm = nn.LSTM(2, 3, proj_size=1)
    assert lstm.title() == "LSTM(2, 3, proj_size=1)"
    with pytest.raises(ValueError, match=r"hx: expected shape \(1, 1\), got \(1, 3\)"):
        lstm([[1.0, 2.0]], ([[0.0] * 3], [[0.0] * 3]))


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_a_wrong_state_is_named(cell):
    model = cell(2, 3)
    x = [1.0, 2.0] if cell.__name__.endswith("Cell") else [[1.0, 2.0]]
    wrong = ([0.0], [0.0]) if "LSTM" in cell.__name__ else [0.0]
    with pytest.raises(ValueError, match=rf"{cell.__name__}\(2, 3\): hx: expected shape \(.*3"):
        model(x, wrong)
    if "LSTM" in cell.__name__:
        with pytest.raises(ValueError, match=r"expected hx = \(h, c\)"):
            model(x, 0.0)
