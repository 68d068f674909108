"""Mistakes that a user makes get an error that says what to write instead."""

import numpy as np
import pytest

import nn
from autograd_lite import Value

# ---------------------------------------------------------------------------------- losses


def test_numpy_integers_in_lists_do_not_wrap():
    assert nn.mse_loss([np.uint8(1)], [np.uint8(2)]) == 1.0
    assert nn.l1_loss([np.uint8(1)], [np.uint8(2)]) == 1.0
    scores = [[np.uint8(1), np.uint8(2)]]
    assert nn.nll_loss(scores, [0], weight=[np.uint8(200), np.uint8(1)]) == -1.0


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.MSELoss, nn.KLDivLoss])
def test_a_loss_refuses_what_it_does_not_know_when_it_is_made(loss):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: reduction must be 'mean' or 'sum'"):
        loss(reduction="avg")
    with pytest.raises(TypeError, match=rf"{loss.__name__}: .*'wieght'"):
        loss(wieght=[1.0])


def test_the_divergence_is_made_with_batchmean():
    assert nn.KLDivLoss(reduction="batchmean")([[0.0]], [[1.0]]) == 0.0


# ------------------------------------------------------------------------------- attention


@pytest.mark.parametrize("name", ["attn_mask", "key_padding_mask"])
def test_a_mask_of_ints_is_ambiguous(name):
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    mask = {"attn_mask": [[0, 1], [0, 0]], "key_padding_mask": [0, 1]}[name]
    with pytest.raises(TypeError, match=f"{name} must hold bools or floats, not int"):
        attention(x, x, x, **{name: mask})
    with pytest.raises(TypeError, match="must hold bools or floats"):
        nn.TransformerEncoderLayer(2, 1, 2, rng=0)(x, [[0, 1], [0, 0]])


def test_a_mask_may_hold_numpy_bools():
    attention = nn.MultiheadAttention(2, 1, rng=0)
    x = [[1.0, 2.0], [3.0, 4.0]]
    _, weights = attention(x, x, x, key_padding_mask=[np.False_, np.True_])
    assert [[p.item() for p in row] for row in weights] == [[1.0, 0.0], [1.0, 0.0]]


# --------------------------------------------------------------------------------- modules


def test_parameters_are_not_lost_by_assigning_over_them():
    linear, neuron = nn.Linear(2, 1), nn.Neuron(2)
    with pytest.raises(TypeError, match=r"a list as the parameter 'weight' of Linear\(in_feat"):
        linear.weight = [[1.0, 1.0]]
    with pytest.raises(TypeError, match="a list as the parameter 'w' of ReLUNeuron"):
        neuron.w = [Value(1), Value(1)]
    assert len(linear.parameters()) == len(neuron.parameters()) == 3
    neuron.w = [nn.Parameter(1), nn.Parameter(1)]
    linear.bias = None
    assert len(neuron.parameters()) == 3
    assert len(linear.parameters()) == 2


def test_running_statistics_are_not_lost_by_assigning_over_them():
    norm = nn.BatchNorm1d(1)
    with pytest.raises(TypeError, match=r"a list as the buffer 'running_mean' of BatchNorm1d\(1\)"):
        norm.running_mean = [5.0]
    norm.running_mean = [nn.Buffer(5.0)]
    assert norm.state_dict()["running_mean"] == [5.0]


def test_parameters_are_not_lost_in_an_array_of_numpy():
    for lost in (nn.Linear(2, 2).weight, [nn.ReLU()], [nn.Buffer(1.0)]):
        module = nn.Module()
        with pytest.raises(TypeError, match=r"Module: 'w' is a NumPy array.*assign its tolist\(\)"):
            module.w = np.array(lost, dtype=object)
        module.w = np.array(lost, dtype=object).tolist()
    module.data = np.array([Value(1.0), "a"], dtype=object)


@pytest.mark.parametrize("key", [1, "", "a.b", ("a",)])
def test_every_name_in_a_state_is_of_one_thing(key):
    module = nn.Module()
    module.settings = {key: 1.0}
    assert module.state_dict() == {}
    module.parts = {key: nn.Linear(1, 1)}
    for read in (module.parameters, module.state_dict, lambda: list(module.named_modules())):
        with pytest.raises(ValueError, match=r"the dict 'parts' has a Linear under the key .*dots"):
            read()
    with pytest.raises(ValueError, match=r"Module: the attribute 'a.b' must have no dots"):
        setattr(module, "a.b", nn.Parameter(1.0))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(2, 1),
        nn.MLP(2, [2, 1]),
        nn.LayerNorm(2),
        nn.RMSNorm(2),
        nn.Dropout().eval(),
        nn.Dropout(0.0),
    ],
)
@pytest.mark.parametrize("lengths", [(1, 2), (2, 0), (1, 0, 3)])
def test_samples_of_different_shapes_are_named(layer, lengths):
    ragged = [[[1.0, 2.0]] * length for length in lengths]
    with pytest.raises(ValueError, match=r"^\w+[ (].*: expected rows of one shape, got"):
        layer(ragged)
    with pytest.raises(ValueError, match=r"^\w+[ (].*: expected rows of one shape, got"):
        layer([ragged, ragged])


@pytest.mark.parametrize("wrong", ["ab", None, {"x": 1.0}, (x for x in [1.0]), 1.0])
def test_an_input_that_is_no_array_is_named_by_its_type(wrong):
    got = "None" if wrong is None else f"one {type(wrong).__name__}"
    with pytest.raises(ValueError, match=rf"Linear\(.*expected rows of 2 numbers, got {got}"):
        nn.Linear(2, 1)(wrong)
    with pytest.raises(ValueError, match=rf"expected shape \(2,\), got {got}"):
        nn.mse_loss([1.0, 2.0], wrong)


def test_an_embedding_takes_a_range_and_no_bools():
    embedding = nn.Embedding(3, 2, rng=0)
    assert embedding(range(3)) == embedding([0, 1, 2])
    assert embedding([range(2), range(1, 3)]) == embedding([[0, 1], [1, 2]])
    with pytest.raises(TypeError, match="an index must be an int, not bool"):
        embedding([True])


# ------------------------------------------------------------------- weights and optimisers


@pytest.mark.parametrize(
    "fill", ["zeros_", "ones_", "uniform_", "normal_", "xavier_uniform_", "kaiming_normal_"]
)
def test_filling_what_is_no_array_of_parameters(fill):
    for wrong, name in [(nn.Linear(2, 1), "Linear"), ([[1.0, 2.0]], "float")]:
        with pytest.raises(TypeError, match=f"{fill}: give an array of Parameters.* not {name}"):
            getattr(nn.init, fill)(wrong)


def test_optimisers_take_parameters_and_no_model():
    model = nn.Linear(2, 3)
    with pytest.raises(TypeError, match=r"SGD: pass model.parameters\(\), not the Linear"):
        nn.optim.SGD(model)
    with pytest.raises(TypeError, match=r"clip_grad_norm_: pass model.parameters\(\)"):
        nn.optim.clip_grad_norm_(model, 1.0)
    assert len(nn.optim.SGD(model.weight).params) == 6
    with pytest.raises(ValueError, match="max_norm must be at least 0, not -1"):
        nn.optim.clip_grad_norm_(model.parameters(), -1.0)


@pytest.mark.parametrize(
    ("schedule", "length"),
    [("StepLR", "step_size"), ("CosineAnnealingLR", "T_max"), ("LinearLR", "total_iters")],
)
def test_schedules_have_a_length(schedule, length):
    optimizer = nn.optim.SGD(nn.Linear(2, 1).parameters())
    with pytest.raises(ValueError, match=f"{schedule}: {length} must be an int of at least 1"):
        getattr(nn.optim, schedule)(optimizer, **{length: 0})


# ----------------------------------------------------------------------------------- files


def test_a_file_of_another_format(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "model.pt"
    path.write_bytes(b"something that is no safetensors file")
    with pytest.raises(ValueError, match=r"model.pt is not a safetensors file .*write it with nn"):
        nn.load(path)
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "missing")


def test_a_type_of_number_that_numpy_does_not_have(tmp_path):
    safetensors_torch = pytest.importorskip("safetensors.torch")
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.safetensors"
    safetensors_torch.save_file({"w": torch.zeros(2, dtype=torch.bfloat16)}, path)
    with pytest.raises(ValueError, match="load: 'w' has the type BF16"):
        nn.load(path)


@pytest.mark.parametrize("first", [nn.Linear(2, 1), "model.safetensors"])
def test_what_is_saved_is_the_state(first):
    with pytest.raises(TypeError, match=r"give nn.save\(model.state_dict\(\), path\), not a"):
        nn.save(first, "model.safetensors")


# ---------------------------------------------------------------------- making and stepping


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


def test_sequential_says_how_to_give_modules():
    with pytest.raises(TypeError, match=r"not list; unpack it: \*modules"):
        nn.Sequential([nn.ReLU(), nn.ReLU()])
    with pytest.raises(TypeError, match=r"not type; make one: ReLU\(\)"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match="put the function in a Module's forward"):
        nn.Sequential(Value.tanh)


def test_the_layers_of_an_mlp_are_a_list():
    with pytest.raises(TypeError, match="MLP: nouts must be a list of ints, not 3"):
        nn.MLP(2, 3)


def test_a_mask_that_is_learned_gets_its_gradient_at_zero():
    def gradients(start):
        attention = nn.MultiheadAttention(2, 1, rng=0)
        mask = [[Value(start) for _ in range(2)] for _ in range(2)]
        x = [[1.0, 2.0], [3.0, -1.0]]
        out, _ = attention(x, x, x, attn_mask=mask)
        out[0][0].backward()
        return [m.grad for row in mask for m in row]

    assert gradients(0.0) == pytest.approx(gradients(1e-12), rel=1e-6)
    assert any(gradients(0.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(True, 2), "Linear: in_features must be an int of at least 1, not True"),
        (lambda: nn.Dropout("a"), "Dropout: p must be a number, not 'a'"),
        (lambda: nn.LSTM(1, 1, dropout=None), "LSTM: dropout must be a number, not None"),
        (lambda: nn.optim.SGD([Value(1)], lr="a"), "SGD: lr must be a number, not 'a'"),
        (lambda: nn.optim.SGD(None), r"SGD: pass model.parameters\(\), not None"),
        (lambda: nn.optim.Adam([Value(1)], betas=0.9), "Adam: betas must be two numbers, not 0.9"),
        (lambda: nn.optim.StepLR(nn.Linear, 1), "StepLR: give an optimiser, not the class Linear"),
        (lambda: nn.optim.StepLR(nn.ReLU(), 1), "StepLR: give an optimiser, not ReLU"),
        (lambda: nn.optim.StepLR(nn.optim.SGD, 1), "StepLR: give an optimiser, not the class SGD"),
        (lambda: nn.hinge_loss([0.5, 2.0], [1, 0]), "hinge_loss: a target must be 1 or -1, not 0"),
    ],
)
def test_an_argument_of_the_wrong_kind_names_the_class(make, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        make()


def test_the_schedules_of_a_sequence():
    optimizer, other = (nn.optim.SGD([Value(1.0)]) for _ in range(2))
    step = nn.optim.StepLR(optimizer, 2)
    for milestones in ([1.5, 2], [-1, 2], [True, 2]):
        with pytest.raises(
            ValueError, match="SequentialLR: a milestone must be an int of at least"
        ):
            nn.optim.SequentialLR(optimizer, [step] * 3, milestones)
    with pytest.raises(ValueError, match=r"SequentialLR: milestones must ascend, not \[4, 2\]"):
        nn.optim.SequentialLR(optimizer, [step] * 3, [4, 2])
    with pytest.raises(ValueError, match="SequentialLR: the StepLR is of another optimiser"):
        nn.optim.SequentialLR(optimizer, [step, nn.optim.StepLR(other, 2)], [1])
    with pytest.raises(TypeError, match="SequentialLR: the class StepLR is no schedule"):
        nn.optim.SequentialLR(optimizer, [step, nn.optim.StepLR], [1])


def test_a_large_layer_is_named_in_a_line():
    layer = nn.Layer(784, 100)
    for neuron in layer.neurons[::2]:
        neuron.activation = "tanh"
    with pytest.raises(ValueError, match=r"Layer of 1 Tanh.* \.\.\. .*got shape \(1,\)") as error:
        layer([1.0])
    assert len(str(error.value)) < 300


def test_numbers_of_numpy_in_lists_are_doubles():
    third = np.float32(1 / 3)
    x = [third, np.float32(2.5)]
    for layer in (nn.GELU("tanh"), nn.SiLU(), nn.LayerNorm(2), nn.RMSNorm(2, None, False)):
        got, expected = layer(x), layer(list(map(float, x)))
        assert [Value(v).data if not isinstance(v, Value) else v.data for v in got] == [
            Value(v).data if not isinstance(v, Value) else v.data for v in expected
        ], layer
    assert nn.mse_loss([np.float16(300.0)], [np.float16(0.0)]) == 90_000.0
    assert nn.cross_entropy(x, 0) == nn.cross_entropy(list(map(float, x)), 0)


def test_indices_of_different_lengths_are_named():
    with pytest.raises(ValueError, match=r"Embedding\(3, 2\): expected rows of one shape, got"):
        nn.Embedding(3, 2)([[0, 1], [2]])


def test_a_loss_of_six_axes():
    x = np.zeros((1, 2, 1, 1, 1, 3)).tolist()
    target = np.zeros((1, 1, 1, 1, 3), int).tolist()
    assert nn.cross_entropy(x, target) == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 3, 1), "X must be a list of samples, not one int"),
        (([1], None, 1), "y must be a list of samples, not None"),
        (([1], [1], 1.5), "size must be an int of at least 1, not 1.5"),
    ],
)
def test_batches_of_what_is_no_list(arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"batches: {message}"):
        nn.batches(*arguments)
