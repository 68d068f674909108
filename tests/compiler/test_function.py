"""A compiled function has the name, the kind and the effect of the function it is made of."""

import copy
import functools
import pickle

import pytest

import autograd_lite as ag
import nn
from autograd_lite import Value, compile, vmap

W = [Value(0.5), Value(-1.5), Value(2.0)]


def test_a_compiled_function_within_another():
    square = compile(lambda x: x * x)
    f = compile(lambda x: square(x) + square(W[0]))
    assert [f(x).data for x in (2.0, 3.0)] == [x * x + W[0].data ** 2 for x in (2.0, 3.0)]
    assert (f.recordings, square.recordings) == (1, 0)


def test_detect_anomaly_sees_the_nodes():
    f = compile(lambda x: (x - 1).log())
    f(Value(2.0))
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="log gave -inf"):
        f(Value(1.0))


def append(x, cache):
    cache.append(x)
    return ag.sum(cache)


def test_training_is_the_same():
    def train(wrap):
        model = nn.MLP(2, [4, 1], rng=0)
        points = [[0.5, -1.0], [2.0, 0.25], [-0.5, 1.0]]

        def loss(points, y):
            return nn.mse_loss([model(x) for x in points], y)

        loss = wrap(loss)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for i in range(20):
            total = loss(points, [float(i % 3), 1.0, -1.0])
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses.append(total.data)
        return losses

    assert train(compile) == pytest.approx(train(lambda f: f), rel=1e-12)


@compile
def module_level(x):
    """Doubles."""
    return x * 2


def test_it_has_the_name_and_the_documentation_of_the_function():
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    assert copy.deepcopy(module_level) is module_level
    assert module_level.__name__ == "module_level"
    assert module_level.__doc__ == "Doubles."


@pytest.mark.parametrize("above", [compile, lambda f: f])
@pytest.mark.parametrize("below", [compile, lambda f: f])
def test_static_methods_class_methods_and_properties(above, below):
    class Scale:
        rate = 2.0

        @above
        @staticmethod
        @below
        def still(x):
            return x * 2

        @above
        @classmethod
        @below
        def of_class(cls, x):
            """Of the class."""
            return x * cls.rate

        @above
        @property
        @below
        def doubled(self):
            return W[0] * self.rate * 2

        @doubled.setter
        def doubled(self, number):
            self.rate = number / 2

    class Other(Scale):
        rate = 3.0

    for cls in (Scale, Other):
        thing = cls()
        for owner in (cls, thing):
            assert [owner.still(Value(x)).data for x in (1.0, 2.0)] == [2.0, 4.0]
            found = [owner.of_class(Value(x)).data for x in (1.0, 2.0)]
            assert found == [cls.rate, 2 * cls.rate]
        assert thing.doubled.data == cls.rate
        thing.doubled = 8.0
        assert [thing.doubled.data for _ in range(2)] == [4.0, 4.0]
    assert Scale.of_class.__doc__ == "Of the class."
    if compile in (above, below):
        assert (Scale.still.recordings, Scale.of_class.recordings) == (1, 2)


def write(x, cache):
    cache[0] = 7.0
    return x * cache[1]


def test_a_descriptor_that_cannot_be_called_is_compiled_below():
    with pytest.raises(TypeError, match="not cached_property; write @compile below @cached_prop"):
        compile(functools.cached_property(lambda self: W[0]))
    with pytest.raises(TypeError, match="vmap: expected a function, not int"):
        vmap(3)
    batched = vmap(staticmethod(lambda x: x * W[0]))
    assert [y.data for y in batched([2.0, 4.0])] == [1.0, 2.0]


def test_without_numpy_the_error_says_what_to_install(python):
    program = """
import sys
sys.modules["numpy"] = None  # as where it is not installed
from autograd_lite import Value, compile, vmap
for made in (lambda: compile(abs), lambda: vmap(abs), lambda: compile(executor="numpy")):
    try:
        made()
    except ModuleNotFoundError as problem:
        print(problem.name, problem)
"""
    expected = "numpy compile and vmap need NumPy: pip install numpy\n"
    assert python("-c", program) == 3 * expected


def test_what_is_no_function():
    with pytest.raises(TypeError, match="compile: expected a function, not int"):
        compile(3)


def test_a_module_itself():
    model = nn.Linear(3, 2, rng=0)
    f = compile(model)
    for row in ([1.0, 2.0, 3.0], [0.5, -1.0, 2.0]):
        assert [v.data for v in f(row)] == pytest.approx([v.data for v in model(row)])
    assert (f.recordings, f.__name__, repr(f)) == (1, "Linear", "<compiled Linear>")


def test_functions_that_run_later_are_refused():
    def generator(x):
        yield x

    async def coroutine(x):
        return x

    for function in (generator, coroutine):
        with pytest.raises(TypeError, match=f"compile: {function.__name__} runs after its call"):
            compile(function)
