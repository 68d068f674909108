"""Recurrent networks: cells that take one step, and sequences of steps in layers.

A gate's part of W_ih x + b_ih + W_hh h + b_hh is one node: the dot product of a row of all four
with (x, 1, h, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd_lite import Value
from autograd_lite.nary import dots, read_vector
from nn.activations import dropped
from nn.arrays import Array, Vector, depth, is_sequence, nested, transpose
from nn.checks import at_least, described, expect, one_of, probability
from nn.init import Rng, generator
from nn.linear import fan_in_uniform
from nn.module import Module, parameters

State: TypeAlias = tuple[Vector, ...]
"""(h,), and (h, c) for an LSTM."""

Step: TypeAlias = Callable[[list[Vector], list[State]], list[State]]
"""(x of each sample, state of each) -> the next state of each."""


class _Rnn:
    """h' = tanh(a), or relu."""

    gates = joined = 1
    states = 1
    nonlinearity = "tanh"

    def next_state(self, parts: list[list[Any]], state: State) -> State:
        return (tuple(map(getattr(Value, self.nonlinearity), parts[0])),)


class _Lstm:
    """c' = sigmoid(f) c + sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c')."""

    gates = joined = 4
    states = 2

    def next_state(self, parts: list[list[Any]], state: State) -> State:
        units = zip(*parts[:3], state[1], strict=True)
        new_c = tuple(f.sigmoid() * c + i.sigmoid() * g.tanh() for i, f, g, c in units)
        return tuple(o.sigmoid() * c.tanh() for o, c in zip(parts[3], new_c, strict=True)), new_c


class _Gru:
    """r, z = sigmoid; n = tanh(a + sigmoid(r) b); h' = (1 - sigmoid(z)) n + sigmoid(z) h."""

    gates = 3
    joined = 2  # r multiplies what comes from h alone
    states = 1

    def next_state(self, parts: list[list[Any]], state: State) -> State:
        units = zip(*parts, state[0], strict=True)
        return (tuple(self._unit(*unit) for unit in units),)

    @staticmethod
    def _unit(r: Value, z: Value, a: Value, b: Value, h: Any) -> Value:
        n = (a + r.sigmoid() * b).tanh()
        out: Value = n + z.sigmoid() * (h - n)
        return out


def _parts(xs: list[Any], size: int) -> list[list[Any]]:
    return [xs[i : i + size] for i in range(0, len(xs), size)]


class _Recurrent(Module):
    """The base of cells and sequences."""

    input_size: int
    hidden_size: int
    gates: int
    joined: int
    """The number of gates whose parts from x and from h are one sum."""
    states: int
    proj_size = 0
    next_state: Callable[[list[list[Any]], State], State]

    def _make(self, inputs: int, bias: bool, suffix: str = "") -> None:
        rows = self.gates * self.hidden_size
        setattr(self, "weight_ih" + suffix, parameters(rows, inputs))
        setattr(self, "weight_hh" + suffix, parameters(rows, self._output_size))
        setattr(self, "bias_ih" + suffix, parameters(rows) if bias else None)
        setattr(self, "bias_hh" + suffix, parameters(rows) if bias else None)
        if self.proj_size:
            projection = parameters(self.proj_size, self.hidden_size)
            setattr(self, "weight_hr" + suffix, projection)

    @property
    def _output_size(self) -> int:
        """The length of h."""
        return self.proj_size or self.hidden_size

    @property
    def _sizes(self) -> tuple[int, ...]:
        """The length of each state: of h, and of c for an LSTM."""
        return (self._output_size, self.hidden_size)[: self.states]

    def _step_of(self, suffix: str = "") -> Step:
        """The step with these weights, which are read once."""
        ih, ones = self._rows("ih" + suffix)
        hh, ones = self._rows("hh" + suffix)
        joined = self.joined * self.hidden_size
        of_both = [read_vector(i + h) for i, h in zip(ih[:joined], hh[:joined], strict=True)]
        of_x = list(map(read_vector, ih[joined:]))
        of_h = list(map(read_vector, hh[joined:]))
        projection = list(map(read_vector, getattr(self, "weight_hr" + suffix, ())))

        def step(xs: list[Vector], states: list[State]) -> list[State]:
            xs = [x + ones for x in xs]
            hs = [state[0] + ones for state in states]
            sums = zip(
                dots([x + h for x, h in zip(xs, hs, strict=True)], of_both),
                dots(xs, of_x),
                dots(hs, of_h),
                strict=True,
            )
            new = [
                self.next_state(_parts(both + x + h, self.hidden_size), state)
                for (both, x, h), state in zip(sums, states, strict=True)
            ]
            if not projection:
                return new
            projected = dots([state[0] for state in new], projection)
            return [(tuple(h), *state[1:]) for h, state in zip(projected, new, strict=True)]

        return step

    def _rows(self, name: str) -> tuple[list[Vector], Vector]:
        """The rows of a weight, with the bias as the weight of one more input, and that input."""
        weight, bias = getattr(self, "weight_" + name), getattr(self, "bias_" + name)
        if bias is None:
            return list(map(tuple, weight)), ()
        return [(*row, b) for row, b in zip(weight, bias, strict=True)], (1.0,)

    def _states_of(self, hx: Any) -> tuple[Array, ...]:
        """The caller's hx, as a tuple of `states` arrays."""
        states = tuple(hx) if self.states > 1 and is_sequence(hx) else (hx,)
        if len(states) != self.states:
            got = f"a sequence of {len(states)}" if is_sequence(hx) else described(hx)
            raise ValueError(f"{self.title()}: expected hx = (h, c), got {got}")
        return tuple(map(nested, states))

    def _zeros(self) -> State:
        return tuple((0.0,) * size for size in self._sizes)

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
            for array, size in zip(given, self._sizes, strict=True):
                expect(array, f"{self.title()}: hx", *([len(samples)] if batch else []), size)
            states = list(zip(*given, strict=True)) if batch else [given]
        states = [tuple(map(tuple, state)) for state in states]
        new = self._step_of()(list(map(tuple, samples)), states)
        out = [tuple(map(list, state)) for state in new]
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


def _run(
    step: Step, xs: list[list[Vector]], states: list[State]
) -> tuple[list[list[Vector]], list[State]]:
    """Every h of each sample along a sequence, and the last states."""
    hs = []
    for samples in xs:
        states = step(samples, states)
        hs.append([state[0] for state in states])
    return hs, states


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
        self.dropout = probability(self, dropout=dropout)
        self._rng = rng
        self._directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            inputs = self._output_size * len(self._directions) if layer else input_size
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
            xs = [[tuple(row)] for row in nested(x)]
        else:
            expect(x, self, *("NL" if self.batch_first else "LN"), self.input_size)
            xs = [list(map(tuple, samples)) for samples in nested(x)]
            if self.batch_first:
                xs = transpose(xs)
        starts = self._starts(hx, len(xs[0]), batch)
        ends = []
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout > 0:
                xs = [
                    [tuple(dropped(x, self.dropout, self._rng)) for x in samples] for samples in xs
                ]
            outs = []
            for direction in self._directions:
                step = self._step_of(f"_l{layer}{direction}")
                hs, states = _run(step, xs[::-1] if direction else xs, starts.pop(0))
                outs.append(hs[::-1] if direction else hs)
                ends.append(states)
            xs = [
                [sum(hs, ()) for hs in zip(*samples, strict=True)]
                for samples in zip(*outs, strict=True)
            ]
        out = [list(map(list, samples)) for samples in xs]
        hx = [[[list(state[i]) for state in states] for states in ends] for i in range(self.states)]
        if not batch:
            return [row for (row,) in out], self._given([[h for (h,) in hs] for hs in hx])
        return transpose(out) if self.batch_first else out, self._given(hx)

    def _starts(self, hx: Any, samples: int, batch: bool) -> list[list[State]]:
        """The first state for each layer and direction, and for each sample."""
        rows = self.num_layers * len(self._directions)
        if hx is None:
            return [[self._zeros()] * samples] * rows
        given = self._states_of(hx)
        for array, size in zip(given, self._sizes, strict=True):
            expect(array, f"{self.title()}: hx", rows, *([samples] if batch else []), size)
        arrays = given if batch else [[[row] for row in array] for array in given]
        return [
            [tuple(map(tuple, state)) for state in zip(*states, strict=True)]
            for states in zip(*arrays, strict=True)
        ]

    def extra_repr(self) -> str:
        layers = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        projection = f", proj_size={self.proj_size}" if self.proj_size else ""
        both = ", bidirectional=True" if self.bidirectional else ""
        return super().extra_repr() + layers + projection + both


class RNN(_Rnn, _Sequence):
    """RNNCell along a sequence: (L, input_size) to outputs (L, hidden_size) and the last h.

    num_layers     the number of layers, each on the outputs of the one before
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

    proj_size  the length of h, which W_hr then makes of h' = sigmoid(o) tanh(c'); 0 for none.
               Sak, Senior and Beaufays, 2014

    The other arguments are those of RNN without nonlinearity; hx is (h, c).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        rng: Rng = None,
    ) -> None:
        at_least(0, self, proj_size=proj_size)
        if proj_size >= hidden_size > 0:
            raise ValueError(f"LSTM: proj_size must be less than hidden_size, not {proj_size}")
        self.proj_size = proj_size
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng
        )


class GRU(_Gru, _Sequence):
    """GRUCell along a sequence: outputs, and h after the last step.

    The arguments are those of RNN without nonlinearity.
    """
