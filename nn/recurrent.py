"""Recurrent networks: cells that take one step, and sequences of steps in layers.

A step works on a = W_ih x + b_ih and b = W_hh h + b_hh, which have a part for each gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd_lite import Value
from nn.activations import Dropout
from nn.arrays import (
    Affine,
    Array,
    Vector,
    at_least,
    depth,
    expect,
    is_sequence,
    nested,
    one_of,
    transpose,
)
from nn.init import Rng, generator
from nn.linear import fan_in_uniform
from nn.module import Module, parameters

State: TypeAlias = tuple[Vector, ...]
"""(h,), and (h, c) for an LSTM."""

Step: TypeAlias = Callable[[Vector, State], State]


class _Rnn:
    """h' = tanh(a + b), or relu."""

    gates = 1
    states = 1
    nonlinearity = "tanh"

    def step(self, a: list[Any], b: list[Any], state: State) -> State:
        function = getattr(Value, self.nonlinearity)
        return (tuple(function(x + y) for x, y in zip(a, b, strict=True)),)


class _Lstm:
    """i, f, g, o = parts of a + b; c' = sigmoid(f) c + sigmoid(i) tanh(g);
    h' = sigmoid(o) tanh(c').
    """

    gates = 4
    states = 2

    def step(self, a: list[Any], b: list[Any], state: State) -> State:
        c = state[1]
        i, f, g, o = _parts([x + y for x, y in zip(a, b, strict=True)], 4)
        new_c = tuple(
            f.sigmoid() * c + i.sigmoid() * g.tanh() for i, f, g, c in zip(i, f, g, c, strict=True)
        )
        return tuple(o.sigmoid() * c.tanh() for o, c in zip(o, new_c, strict=True)), new_c


class _Gru:
    """r = sigmoid(a_r + b_r); z = sigmoid(a_z + b_z); n = tanh(a_n + r b_n);
    h' = (1 - z) n + z h.
    """

    gates = 3
    states = 1

    def step(self, a: list[Any], b: list[Any], state: State) -> State:
        (h,) = state
        rows = zip(*_parts(a, 3), *_parts(b, 3), h, strict=True)
        return (tuple(self._unit(*row) for row in rows),)

    @staticmethod
    def _unit(a_r: Any, a_z: Any, a_n: Any, b_r: Any, b_z: Any, b_n: Any, h: Any) -> Any:
        r = (a_r + b_r).sigmoid()
        z = (a_z + b_z).sigmoid()
        n = (a_n + r * b_n).tanh()
        return n + z * (h - n)


def _parts(xs: list[Any], count: int) -> list[list[Any]]:
    size = len(xs) // count
    return [xs[i : i + size] for i in range(0, len(xs), size)]


class _Recurrent(Module):
    """What cells and sequences share."""

    input_size: int
    hidden_size: int
    gates: int
    states: int
    step: Callable[[list[Any], list[Any], State], State]

    def _make(self, inputs: int, bias: bool, suffix: str = "") -> None:
        rows = self.gates * self.hidden_size
        setattr(self, "weight_ih" + suffix, parameters(rows, inputs))
        setattr(self, "weight_hh" + suffix, parameters(rows, self.hidden_size))
        setattr(self, "bias_ih" + suffix, parameters(rows) if bias else None)
        setattr(self, "bias_hh" + suffix, parameters(rows) if bias else None)

    def _step_of(self, suffix: str = "") -> Step:
        """(x, state) -> the next state."""
        ih = Affine(getattr(self, "weight_ih" + suffix), getattr(self, "bias_ih" + suffix))
        hh = Affine(getattr(self, "weight_hh" + suffix), getattr(self, "bias_hh" + suffix))
        return lambda x, state: self.step(ih(x), hh(state[0]), state)

    def _states_of(self, hx: Any) -> tuple[Array, ...]:
        """What the caller gives as hx, as a tuple of `states` arrays."""
        states = tuple(hx) if self.states > 1 and is_sequence(hx) else (hx,)
        if len(states) != self.states:
            raise ValueError(f"{self.title()}: expected hx = (h, c), got {len(states)} arrays")
        return tuple(map(nested, states))

    def _zeros(self) -> State:
        return ((0.0,) * self.hidden_size,) * self.states

    def _given(self, states: Any) -> Any:
        """States as the caller gets them."""
        return states[0] if self.states == 1 else tuple(states)

    def _set_nonlinearity(self, nonlinearity: str) -> None:
        one_of(("tanh", "relu"), self, nonlinearity=nonlinearity)
        self.nonlinearity = nonlinearity

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class _Cell(_Recurrent):
    """One step: (input_size) or (N, input_size), and hx, to hx."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Rng = None
    ) -> None:
        at_least(1, self, input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self._make(input_size, bias)
        fan_in_uniform(self, hidden_size, rng)

    def forward(self, x: Array, hx: Any = None) -> Any:
        """The next hx.

        x   (input_size) or (N, input_size)
        hx  (hidden_size) or (N, hidden_size); (h, c) of two such arrays for an LSTMCell; 0 where
            it is left out
        """
        batch = depth(x) > 1
        samples = nested(x) if batch else [nested(x)]
        expect(samples, self, "N", self.input_size)
        states = [self._zeros()] * len(samples)
        if hx is not None:
            given = self._states_of(hx)
            for array in given:
                sizes = (len(samples), self.hidden_size) if batch else (self.hidden_size,)
                expect(array, f"{self.title()}: hx", *sizes)
            states = list(zip(*given, strict=True)) if batch else [given]
        step = self._step_of()
        out = [
            tuple(map(list, step(tuple(sample), tuple(map(tuple, state)))))
            for sample, state in zip(samples, states, strict=True)
        ]
        return self._given(transpose(out) if batch else out[0])


class RNNCell(_Rnn, _Cell):
    """tanh(W_ih x + b_ih + W_hh h + b_hh), or relu: x and h to h.

    x, h  (input_size) and (hidden_size), or both with N in front; h is 0 where it is left out
    bias  False for no b_ih and no b_hh
    rng   a random.Random or a seed; None for the generator of `random.seed`

    All parameters are drawn from U(-k, k) with k = 1 / sqrt(hidden_size).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: Rng = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, rng=rng)
        self._set_nonlinearity(nonlinearity)


class LSTMCell(_Lstm, _Cell):
    """i, f, g, o = parts of W_ih x + b_ih + W_hh h + b_hh; c' = sigmoid(f) c + sigmoid(i) tanh(g);
    h' = sigmoid(o) tanh(c'). Takes x and (h, c), gives (h', c').

    Hochreiter and Schmidhuber, 1997. The arguments are those of RNNCell.
    """


class GRUCell(_Gru, _Cell):
    """r, z = sigmoid of parts of W_ih x + b_ih + W_hh h + b_hh; n = tanh(a_n + r b_n);
    h' = (1 - z) n + z h, where a comes from x and b from h. Takes x and h, gives h'.

    Cho et al., 2014. The arguments are those of RNNCell.
    """


class _Sequence(_Recurrent):
    """Steps along a sequence, in layers and directions."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Rng = None,
    ) -> None:
        at_least(1, self, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        rng = None if rng is None else generator(rng)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self._dropout = Dropout(dropout, rng=rng)
        self._directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            inputs = hidden_size * len(self._directions) if layer else input_size
            for direction in self._directions:
                self._make(inputs, bias, f"_l{layer}{direction}")
        fan_in_uniform(self, hidden_size, rng)

    def forward(self, x: Array, hx: Any = None) -> tuple[Array, Any]:
        """The outputs of the last layer, and hx after the last step.

        x   (L, input_size), (L, N, input_size), or (N, L, input_size) with batch_first
        hx  (layers times directions, hidden_size), with N in the middle for a batch; (h, c) of
            two such arrays for an LSTM; 0 where it is left out

        The outputs are (L, directions times hidden_size), with N where x has it. The sequences of
        a batch have one length; loop over sequences of different lengths, one call for each.
        """
        batch = depth(x) > 2
        if not batch:
            expect(x, self, "L", self.input_size)
            samples = [nested(x)]
        elif self.batch_first:
            expect(x, self, "N", "L", self.input_size)
            samples = nested(x)
        else:
            expect(x, self, "L", "N", self.input_size)
            samples = transpose(nested(x))
        steps = [
            [self._step_of(f"_l{layer}{direction}") for direction in self._directions]
            for layer in range(self.num_layers)
        ]
        starts = self._starts(hx, len(samples), batch)
        out, ends = zip(
            *[
                self._run(sample, start, steps)
                for sample, start in zip(samples, starts, strict=True)
            ],
            strict=True,
        )
        if not batch:
            return out[0], self._given(transpose(ends[0]))
        states = [transpose(sample) for sample in zip(*map(transpose, ends), strict=True)]
        return list(out) if self.batch_first else transpose(out), self._given(states)

    def _starts(self, hx: Any, samples: int, batch: bool) -> list[list[State]]:
        """The first state for each sample, layer and direction."""
        rows = self.num_layers * len(self._directions)
        if hx is None:
            return [[self._zeros()] * rows] * samples
        given = self._states_of(hx)
        for array in given:
            sizes = (rows, samples, self.hidden_size) if batch else (rows, self.hidden_size)
            expect(array, f"{self.title()}: hx", *sizes)
        arrays = [transpose(array) if batch else [array] for array in given]
        return [
            [tuple(map(tuple, state)) for state in zip(*sample, strict=True)]
            for sample in zip(*arrays, strict=True)
        ]

    def _run(
        self, sample: Array, starts: list[State], steps: list[list[Step]]
    ) -> tuple[list[list[Any]], list[list[list[Any]]]]:
        """One sequence through all layers: the last layer's h at each place, and all end states."""
        starts = list(starts)
        ends = []
        xs = list(map(tuple, sample))
        for layer, directions in enumerate(steps):
            if layer:
                xs = [tuple(self._dropout(x)) for x in xs]
            outs = []
            for step, direction in zip(directions, self._directions, strict=True):
                state = starts.pop(0)
                hs = []
                for x in reversed(xs) if direction else xs:
                    state = step(x, state)
                    hs.append(state[0])
                outs.append(hs[::-1] if direction else hs)
                ends.append(list(map(list, state)))
            xs = [sum(parts, ()) for parts in zip(*outs, strict=True)]
        return list(map(list, xs)), ends

    def extra_repr(self) -> str:
        layers = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        return super().extra_repr() + layers + (", bidirectional=True" * self.bidirectional)


class RNN(_Rnn, _Sequence):
    """RNNCell along a sequence: (L, input_size) to outputs (L, hidden_size) and the last h.

    num_layers     each on the outputs of the one before
    nonlinearity   "tanh" or "relu"
    bias           False for no b_ih and no b_hh
    batch_first    True for batches of shape (N, L, input_size) rather than (L, N, input_size)
    dropout        the probability to drop an output of any layer but the last, while training
    bidirectional  True for a second network from the end to the start; their outputs are joined
    rng            a random.Random or a seed; None for the generator of `random.seed`

    Takes x and hx of shape (layers times directions, N, hidden_size), 0 where it is left out;
    gives the outputs and hx after the last step. For one sequence, all are without the axis N.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Rng = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng
        )
        self._set_nonlinearity(nonlinearity)


class LSTM(_Lstm, _Sequence):
    """LSTMCell along a sequence: outputs, and (h, c) after the last step.

    The arguments are those of RNN without nonlinearity; hx is (h, c).
    """


class GRU(_Gru, _Sequence):
    """GRUCell along a sequence: outputs, and h after the last step.

    The arguments are those of RNN without nonlinearity.
    """
