"""Steps of optimisers and schedules in a compiled function, beside the same steps eagerly."""

import math
import random
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
import nn
from autograd_lite import Value
from nn import _steps, _traced

OPTIMIZERS = {
    "SGD": lambda p: nn.optim.SGD(p, 0.1),
    "decay": lambda p: nn.optim.SGD(p, 0.1, weight_decay=0.1, maximize=True),
    "momentum": lambda p: nn.optim.SGD(p, 0.1, 0.9, dampening=0.25, weight_decay=0.01),
    "nesterov": lambda p: nn.optim.SGD(p, 0.1, 0.9, nesterov=True),
    "Adam": lambda p: nn.optim.Adam(p, 0.1),
    "Adam-betas": lambda p: nn.optim.Adam(p, 0.1, (0.0, 0.0), weight_decay=0.1),
    "amsgrad": lambda p: nn.optim.Adam(p, 0.1, amsgrad=True, maximize=True),
    "AdamW": lambda p: nn.optim.AdamW(p, 0.1, weight_decay=0.2),
    "Adagrad": lambda p: nn.optim.Adagrad(p, 0.1, 0.01, 0.1, 0.5),
    "RMSprop": lambda p: nn.optim.RMSprop(p, 0.01),
    "centered": lambda p: nn.optim.RMSprop(p, 0.01, momentum=0.5, centered=True),
}
SCHEDULES = {
    "none": lambda o: None,
    "StepLR": lambda o: nn.optim.StepLR(o, 3),
    "Cosine": lambda o: nn.optim.CosineAnnealingLR(o, 4),
    "Linear": lambda o: nn.optim.LinearLR(o),
    "Lambda": lambda o: nn.optim.LambdaLR(o, lambda epoch: math.exp(-epoch)),
    "Sequential": lambda o: nn.optim.SequentialLR(
        o, [nn.optim.LinearLR(o), nn.optim.CosineAnnealingLR(o, 4)], [3]
    ),
}


class Training:
    """A model, its optimiser and a schedule, and a step of them."""

    def __init__(self, make, schedule="none", clip=None, rng=0):
        self.model = nn.MLP(2, [3, 1], rng=rng)
        self.optimizer = make(self.model.parameters())
        self.schedule = SCHEDULES[schedule](self.optimizer)
        self.clip = clip

    def step(self, points, labels):
        total = sum((self.model(p) - y) ** 2 for p, y in zip(points, labels, strict=True))
        self.optimizer.zero_grad()
        total.backward()
        norm = 0.0
        if self.clip is not None:
            norm = nn.optim.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        return total, norm

    def state(self):
        numbers = [x for p in self.model.parameters() for x in (p.data, p.grad)]
        for name, held in vars(self.optimizer).items():
            if name in self.optimizer._memories:
                numbers += held
            elif isinstance(held, (int, float)):
                numbers.append(held)
        return [*numbers, self.schedule.last_epoch if self.schedule else 0]


def batches(n, seed=0):
    draw = random.Random(seed)
    for _ in range(n):
        yield [[draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(3)], [1.0, -1.0, 0.5]


def agree(eager, compiled, step, calls=9):
    """The steps of both leave the same behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for batch in batches(calls):
            (expected, norm), (found, also) = eager.step(*batch), step(*batch)
            assert found.data == pytest.approx(expected.data, rel=1e-9)
            assert type(also) is float
            assert also == pytest.approx(norm, rel=1e-9)
            assert compiled.state() == pytest.approx(eager.state(), rel=1e-6, abs=1e-10)
            types = [type(x) for x in compiled.state()]
            assert types == [type(x) for x in eager.state()]


@pytest.mark.parametrize("executor", ["interpret", "numpy"])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_every_optimizer(make, executor):
    eager, compiled = Training(make), Training(make)
    step = ag.compile(compiled.step, executor=executor)
    agree(eager, compiled, step)
    dampened = getattr(compiled.optimizer, "dampening", 0.0) != 0
    assert step.recordings == 1 + dampened  # the first step has no dampening


@pytest.mark.parametrize("clip", [None, 0.5, 1e9])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_and_clipping(schedule, clip):
    for name in "SGD", "Adam":
        eager, compiled = (Training(OPTIMIZERS[name], schedule, clip) for _ in range(2))
        step = ag.compile(compiled.step)
        agree(eager, compiled, step, 12)
        assert step.recordings == 1


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_update_of_a_program_has_the_bits_of_the_eager_one(make):
    draw = random.Random(0)
    eager, compiled = ([nn.Parameter(k / 7 - 0.3) for k in range(5)] for _ in "12")
    optimizer, other = make(eager), make(compiled)
    step = ag.compile(lambda: other.step(), executor="interpret")
    for _ in range(9):
        for p, q in zip(eager, compiled, strict=True):
            p.grad = q.grad = draw.gauss(0, 1)
        optimizer.step()
        step()
        assert [p.data for p in compiled] == [p.data for p in eager]
        assert other.state_dict() == optimizer.state_dict()


@given(
    st.sampled_from([*OPTIMIZERS]),
    st.lists(st.sampled_from("abcdefgh"), min_size=4, max_size=14),
    st.sampled_from(["interpret", "numpy"]),
)
def test_steps_of_several_programs_and_changes_between_them(name, acts, executor):
    """Programs of one optimiser: whole steps, parts of steps, and eager ones."""
    eager, compiled = Training(OPTIMIZERS[name]), Training(OPTIMIZERS[name])
    whole = ag.compile(compiled.step, executor=executor)

    def half(training, x):
        out = training.model([x, 1.0])
        out.backward()
        return out

    def update(training):
        training.optimizer.step()
        training.optimizer.zero_grad()

    halves = ag.compile(lambda x: half(compiled, x), executor=executor)
    updates = ag.compile(lambda: update(compiled), executor=executor)

    def do(act, batch):
        short = [part[:2] for part in batch]
        both = eager, compiled
        if act == "a":
            eager.step(*batch), whole(*batch)
        elif act == "b":
            eager.step(*short), whole(*short)
        elif act == "c":
            half(eager, 0.5), halves(0.5)
        elif act == "d":
            update(eager), updates()
        for t in both:
            if act == "e":
                t.optimizer.lr = 0.02
            elif act == "f":
                t.optimizer.load_state_dict(t.optimizer.state_dict())
            elif act == "g":
                t.model.parameters()[0].data = 0.25
            elif act == "h":
                t.step(*batch)

    for act, batch in zip(acts, batches(len(acts)), strict=True):
        do(act, batch)
        assert compiled.state() == pytest.approx(eager.state(), rel=1e-6, abs=1e-10)
    for step in (whole, halves, updates):
        assert not step._warned


def test_a_rate_that_is_set_by_hand_does_not_record_again():
    eager, compiled = Training(OPTIMIZERS["Adam"]), Training(OPTIMIZERS["Adam"])
    step = ag.compile(compiled.step)
    for k, batch in enumerate(batches(8)):
        eager.optimizer.lr = compiled.optimizer.lr = 0.1 / (1 + k)
        eager.step(*batch)
        step(*batch)
    assert compiled.state() == pytest.approx(eager.state(), rel=1e-9)
    assert step.recordings == 1


def test_a_setting_that_changes_is_recorded_again():
    eager, compiled = Training(OPTIMIZERS["Adam"]), Training(OPTIMIZERS["Adam"])
    step = ag.compile(compiled.step)
    for k, batch in enumerate(batches(8)):
        eager.optimizer.beta1 = compiled.optimizer.beta1 = 0.9 if k < 4 else 0.8
        eager.step(*batch)
        step(*batch)
    assert compiled.state() == pytest.approx(eager.state(), rel=1e-9)
    assert step.recordings == 2


def test_a_parameter_that_is_replaced_is_recorded_again():
    eager, compiled = Training(OPTIMIZERS["SGD"]), Training(OPTIMIZERS["SGD"])
    step = ag.compile(compiled.step)
    for k, batch in enumerate(batches(8)):
        if k == 4:
            for training in eager, compiled:
                training.model.layers[0].neurons[0].b = nn.Parameter(0.5)
        eager.step(*batch)
        step(*batch)
    assert compiled.state() == pytest.approx(eager.state(), rel=1e-9)
    assert step.recordings == 2


def test_a_parameter_of_two_optimisers():
    def training():
        w = [nn.Parameter(0.5), nn.Parameter(-0.5)]
        optimizers = nn.optim.SGD(w, 0.1), nn.optim.Adam(w[:1], 0.1)

        def step(x):
            loss = (w[0] * x + w[1] - 1) ** 2
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            return loss.data

        return w, step

    (w, eager), (v, step) = training(), training()
    compiled = ag.compile(step)
    for k in range(9):
        assert compiled(k / 3) == pytest.approx(eager(k / 3), rel=1e-12)
        assert [p.data for p in v] == pytest.approx([p.data for p in w], rel=1e-12)


def test_dropout_and_batch_norm_in_a_step():
    def training():
        layers = nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 1, rng=1)
        model = nn.Sequential(*layers)
        optimizer = nn.optim.SGD(model.parameters(), 0.1, 0.9)

        def step(x):
            loss = nn.mse_loss(model(x), [[1.0], [0.0], [2.0]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return model, step

    (eager_model, eager), (model, step) = training(), training()
    compiled = ag.compile(step)
    for points, _ in batches(9):
        random.seed(1)
        expected = eager(points).data
        random.seed(1)
        assert compiled(points).data == pytest.approx(expected, rel=1e-9)
        found, wanted = model.state_dict(), eager_model.state_dict()
        for name in wanted:
            assert list(map(float, _flat(found[name]))) == pytest.approx(
                list(map(float, _flat(wanted[name]))), rel=1e-9, abs=1e-12
            )
    assert compiled.recordings == 1


def _flat(thing):
    return [x for part in thing for x in _flat(part)] if isinstance(thing, list) else [thing]


def test_loss_compiled_and_step_eager_as_before():
    eager, compiled = Training(OPTIMIZERS["Adam"]), Training(OPTIMIZERS["Adam"])

    def loss(points, labels):
        return sum((compiled.model(p) - y) ** 2 for p, y in zip(points, labels, strict=True))

    f = ag.compile(loss)
    for batch in batches(9):
        eager.step(*batch)
        total = f(*batch)
        compiled.optimizer.zero_grad()
        total.backward()
        compiled.optimizer.step()
        assert compiled.state() == pytest.approx(eager.state(), rel=1e-6)


def test_the_functions_on_tracers_are_those_of_the_same_source():
    assert _traced.steps is not _steps
    for name in ("zero_grad", "sgd", "adam", "rmsprop", "adagrad", "scale_grad", "grad_norm"):
        assert _traced.steps.__dict__[name].__code__.co_filename.endswith("_steps.py")


def test_a_memory_of_another_length_is_an_error_in_a_program_too():
    training = Training(OPTIMIZERS["Adam"])
    step = ag.compile(training.step)
    for batch in batches(4):
        step(*batch)
    training.optimizer.exp_avg = training.optimizer.exp_avg[:1]
    before = [p.data for p in training.model.parameters()]
    with pytest.raises(ValueError, match="exp_avg must hold"):
        step(*batch)
    assert [p.data for p in training.model.parameters()] == before


def test_the_steps_of_a_value_that_is_no_parameter_of_a_module():
    w = Value(1.0)
    optimizer = nn.optim.SGD([w], 0.5)

    @ag.compile
    def step(x):
        (w * x).backward()
        optimizer.step()
        optimizer.zero_grad()
        return w.data

    assert [step(1.0) for _ in range(5)] == [0.5, 0.0, -0.5, -1.0, -1.5]
