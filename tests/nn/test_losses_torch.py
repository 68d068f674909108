"""Every loss against PyTorch's of the same name: value and gradients, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite
import nn
from autograd_lite import Value
from tests.support.torch_layers import leaves, to_values, torch

F = torch.nn.functional

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
reductions = st.sampled_from(["mean", "sum"])
shapes = st.lists(st.integers(1, 4), max_size=3)


def check(ours, theirs, *inputs):
    """Both are functions of the inputs."""
    values = [to_values(x) for x in inputs]
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    loss, expected = ours(*values), theirs(*tensors)
    np.testing.assert_allclose(loss.data, expected.item(), rtol=1e-10, atol=1e-10)
    loss.backward()
    expected.backward()
    for x, tensor in zip(values, tensors, strict=True):
        grads = [v.grad for v in leaves(x)]
        np.testing.assert_allclose(grads, tensor.grad.reshape(-1), rtol=1e-10, atol=1e-10)


@few
@given(st.sampled_from(["mse_loss", "l1_loss", "huber_loss"]), shapes, reductions, seeds)
def test_regression(name, shape, reduction, seed):
    x, y = np.random.default_rng(seed).normal(size=(2, *shape)) * 2
    ours, theirs = getattr(nn, name), getattr(F, name)
    check(lambda x, y: ours(x, y, reduction), lambda x, y: theirs(x, y, reduction=reduction), x, y)


@pytest.mark.parametrize("delta", [0.25, 2.0, 1e300, np.inf])
def test_huber_far_out_at_the_joint_and_close(delta):
    x = np.array([np.inf, -np.inf, 1e200, delta, -delta, 1e-9, -1e-200, 0.0])
    if delta == np.inf:
        x = x[2:3] / 1e50
    check(
        lambda x: nn.huber_loss(x, [0.0] * len(x), delta=delta),
        lambda x: F.huber_loss(x, torch.zeros_like(x), delta=delta),
        x,
    )


@few
@given(shapes, st.floats(0.1, 3), seeds)
def test_huber_delta(shape, delta, seed):
    x, y = np.random.default_rng(seed).normal(size=(2, *shape)) * 2
    check(
        lambda x, y: nn.huber_loss(x, y, delta=delta),
        lambda x, y: F.huber_loss(x, y, delta=delta),
        x,
        y,
    )


def test_huber_at_delta():
    check(nn.huber_loss, F.huber_loss, np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, 0.0]))


@few
@given(shapes, seeds)
def test_quadratic(shape, seed):
    x, y = np.random.default_rng(seed).normal(size=(2, *shape))
    samples = shape[0] if shape else 1
    check(nn.quadratic_loss, lambda x, y: ((x - y) ** 2).sum() / (2 * samples), x, y)


@few
@given(st.integers(1, 5), reductions, seeds)
def test_hinge(n, reduction, seed):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=n), random.choice([-1.0, 1.0], size=n)

    def hinge(x, y):
        return getattr(torch.clamp(1 - y * x, min=0), reduction)()

    check(lambda x, y: nn.hinge_loss(x, y, reduction), hinge, x, y)


def repeating_to(shape):
    """Shapes that repeat to this one: axes of length 1, and first axes left out."""
    axes = st.tuples(*[st.sampled_from([1, length]) for length in shape])
    return st.builds(lambda axes, first: axes[first:], axes, st.integers(0, len(shape)))


@few
@given(st.data(), shapes, reductions, st.booleans(), st.booleans(), seeds)
def test_binary_cross_entropy(data, shape, reduction, weighted, positive, seed):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=shape) * 5, random.random(shape)
    weight = random.random(data.draw(repeating_to(shape))) if weighted else None
    pos_weight = random.random(data.draw(repeating_to(shape))) if positive else None

    def theirs(x, y):
        return F.binary_cross_entropy_with_logits(
            x,
            y,
            weight=None if weight is None else torch.from_numpy(weight),
            pos_weight=None if pos_weight is None else torch.from_numpy(pos_weight),
            reduction=reduction,
        )

    check(
        lambda x, y: nn.binary_cross_entropy_with_logits(x, y, weight, reduction, pos_weight),
        theirs,
        x,
        y,
    )


@few
@given(st.data(), shapes, reductions, st.booleans(), seeds)
def test_binary_cross_entropy_of_probabilities(data, shape, reduction, weighted, seed):
    random = np.random.default_rng(seed)
    x, y = random.random((2, *shape))
    weight = random.random(data.draw(repeating_to(shape))) if weighted else None

    def theirs(x, y):
        ws = None if weight is None else torch.from_numpy(weight)
        return F.binary_cross_entropy(x, y, ws, reduction=reduction)

    check(lambda x, y: nn.binary_cross_entropy(x, y, weight, reduction), theirs, x, y)


CLOSE = (0.0, 1e-50, 1e-20, 1e-13, 1e-11, 0.5, 1 - 1e-11, 1 - 1e-13, 1.0)


@pytest.mark.parametrize("build", ["eager", "compiled", "replayed"])
def test_binary_cross_entropy_at_0_and_1(build):
    pairs = [(x, y) for x in CLOSE for y in (0.0, 0.25, 1.0)]
    x, targets = np.array(pairs).T.tolist()
    loss = nn.BCELoss(reduction="sum")
    if build != "eager":
        loss = autograd_lite.compile(loss)
    if build == "replayed":  # a program of other numbers: no branch is recorded
        loss([Value(0.5) for _ in x], targets)
    values = list(map(Value, x))
    ours = loss(values, targets)
    tensor = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    theirs = F.binary_cross_entropy(tensor, torch.tensor(targets).double(), reduction="sum")
    np.testing.assert_allclose(ours.data, theirs.item(), rtol=1e-12)
    ours.backward()
    theirs.backward()
    # PyTorch's smallest x (1 - x) is 1e-12 in float32, which is 4e-9 off.
    np.testing.assert_allclose([v.grad for v in values], tensor.grad, rtol=1e-8, atol=1e-12)
    if build == "replayed":
        assert loss.recordings == 1


@pytest.mark.parametrize("name", ["weight", "pos_weight"])
@pytest.mark.parametrize("wrong", [[1.0, 1.0, 1.0], [[1.0], [1.0], [1.0]], [[[1.0]]]])
def test_a_weight_that_does_not_repeat_to_the_target(name, wrong):
    with pytest.raises(ValueError, match=rf"{name}: expected shape \(2, 2\), or what repeats"):
        nn.binary_cross_entropy_with_logits([[0.0] * 2] * 2, [[1.0] * 2] * 2, **{name: wrong})


@pytest.mark.filterwarnings("ignore:reduction. 'mean'")  # PyTorch recommends batchmean
@few
@given(shapes, st.sampled_from(["mean", "sum", "batchmean"]), st.booleans(), seeds)
def test_kl_div(shape, reduction, log_target, seed):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=shape), random.normal(size=shape)
    if not log_target:
        y = np.exp(y)

    def theirs(x, y):
        return F.kl_div(x, y, reduction=reduction, log_target=log_target)

    check(lambda x, y: nn.kl_div(x, y, reduction, log_target), theirs, x, y)


@few
@given(st.data(), reductions, st.booleans(), st.sampled_from([0.0, 0.1, 1.0]), seeds)
def test_cross_entropy_of_classes(data, reduction, weighted, smoothing, seed):
    random = np.random.default_rng(seed)
    lengths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4), "shape")
    classes = lengths[0] if len(lengths) == 1 else lengths[1]
    target = random.integers(classes, size=lengths[:1] + lengths[2:] if len(lengths) > 1 else ())
    weight = random.random(classes) + 0.1 if weighted else None
    ignored = data.draw(st.integers(0, classes - 1) | st.just(-100), "ignored")
    theirs_weight = None if weight is None else torch.from_numpy(weight)
    x = random.normal(size=lengths)

    def ours(x):
        return nn.cross_entropy(x, target, weight, ignored, reduction, smoothing)

    def theirs(x):
        return F.cross_entropy(
            x,
            torch.tensor(target),
            weight=theirs_weight,
            ignore_index=ignored,
            reduction=reduction,
            label_smoothing=smoothing,
        )

    check(ours, theirs, x)
    check(
        lambda x: nn.nll_loss(x, target.tolist(), weight, ignored, reduction),
        lambda x: F.nll_loss(
            x, torch.tensor(target), theirs_weight, ignore_index=ignored, reduction=reduction
        ),
        x,
    )


WEIGHTS = {"none": None, "some 0": [1.0, 0.0, 2.0], "all 0": [0.0] * 3, "total 0": [1.0, 5.0, -1.0]}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("target", [[-100, -100], [1, 1], [1, -100], [0, 2]], ids=str)
@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("smoothing", [None, 0.0, 0.1, 1.0])
def test_targets_that_count_for_nothing(weight, target, reduction, smoothing):
    """A total weight of 0 gives NaN, or 0 as a sum: eagerly, compiled, in vmap and of floats."""
    name, options = "nll_loss", {"reduction": reduction}
    if smoothing is not None:
        name, options = "cross_entropy", options | {"label_smoothing": smoothing}
    ours, theirs = getattr(nn, name), getattr(F, name)
    theirs_weight = None if weight is None else torch.tensor(weight).double()
    x = np.random.default_rng(0).normal(size=(2, 3))

    def loss(x, target=target):
        return ours(x, target, weight, **options)

    def their_loss(x):
        return theirs(x, torch.tensor(target), theirs_weight, **options)

    compiled = autograd_lite.compile(loss)
    for function in (loss, compiled, compiled):
        check(function, their_loss, x)
    expected = their_loss(torch.from_numpy(x)).item()
    batch = [autograd_lite.vmap(loss)(*[[thing] * 2 for thing in (to_values(x), target)])[1].data]
    for got in (*batch, loss(x), loss(x.tolist())):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("loss", [nn.nll_loss, nn.cross_entropy])
def test_whether_a_weight_is_0_is_no_branch(loss):
    """One recording, and samples of a vmap that differ in it."""
    weights, x = [[1.0, 0.0, 2.0], [1.0, 3.0, 2.0]], [0.5, -1.0, 2.0]
    expected = [loss(x, 1, weight) for weight in weights]
    compiled = autograd_lite.compile(lambda weight: loss(x, 1, weight))
    in_batch = autograd_lite.vmap(lambda weight: loss(x, 1, weight))(weights)
    for got in ([compiled(weight) for weight in weights], in_batch):
        np.testing.assert_allclose([float(getattr(v, "data", v)) for v in got], expected)
    assert np.isnan(expected[0])
    assert compiled.recordings == 1


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_weights_of_elements_that_are_all_0(name):
    x, y = np.random.default_rng(0).random((2, 3))
    ours, theirs = getattr(nn, name), getattr(F, name)
    check(lambda x: ours(x, y, [0.0] * 3), lambda x: theirs(x, torch.tensor(y), torch.zeros(3)), x)


@few
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    reductions,
    st.booleans(),
    st.sampled_from([0.0, 0.3]),
    seeds,
)
def test_cross_entropy_of_probabilities(lengths, reduction, weighted, smoothing, seed):
    random = np.random.default_rng(seed)
    x, p = random.normal(size=lengths), random.random(lengths)
    classes = lengths[0] if len(lengths) == 1 else lengths[1]
    weight = random.random(classes) if weighted else None

    def theirs(x):
        return F.cross_entropy(
            x,
            torch.from_numpy(p),
            weight=None if weight is None else torch.from_numpy(weight),
            reduction=reduction,
            label_smoothing=smoothing,
        )

    check(
        lambda x: nn.cross_entropy(x, p, weight, reduction=reduction, label_smoothing=smoothing),
        theirs,
        x,
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MSELoss", {"reduction": "sum"}),
        ("L1Loss", {}),
        ("HuberLoss", {"delta": 0.5}),
        ("KLDivLoss", {"reduction": "batchmean"}),
        ("BCELoss", {"reduction": "sum"}),
        ("BCEWithLogitsLoss", {}),
    ],
)
def test_modules(name, options):
    x, y = np.random.default_rng(0).random((2, 3, 4))
    check(getattr(nn, name)(**options), getattr(torch.nn, name)(**options), x, y)


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
def test_modules_of_classes(name):
    ours, theirs = (getattr(m, name)(reduction="sum") for m in (nn, torch.nn))
    target = [2, 0, 1]
    x = np.random.default_rng(0).random((3, 4))
    check(lambda x: ours(x, target), lambda x: theirs(x, torch.tensor(target)), x)
