"""Gradients of other libraries, by grad=."""

import math

import pytest

from autograd_lite import Value
from autograd_lite.testing import GradientError, check_grad


def test_plain_python():
    assert check_grad(math.sin, 0.5, grad=math.cos).compared == 1
    f = lambda xs, d: xs[0] * xs[1] + d["a"] ** 2  # noqa: E731
    df = lambda xs, d: ([xs[1], xs[0]], {"a": 2 * d["a"]})  # noqa: E731
    assert check_grad(f, [2.0, 3.0], {"a": 0.5}, grad=df).compared == 3 + 2
    wrong = lambda xs, d: ([xs[0], xs[1]], {"a": 2 * d["a"]})  # noqa: E731
    with pytest.raises(GradientError, match=r"wrong derivative d <lambda> / d xs\[0\]"):
        check_grad(f, [2.0, 3.0], {"a": 0.5}, grad=wrong)
    misnamed = lambda xs, d: ([xs[1], xs[0]], {"b": 2 * d["a"]})  # noqa: E731
    with pytest.raises(ValueError, match=r"must give d a dict of 'a', not \{'b': 1.0\}"):
        check_grad(f, [2.0, 3.0], {"a": 0.5}, grad=misnamed)


@pytest.mark.parametrize(
    ("args", "gradient", "match"),
    [
        (([1.0, 2.0],), 3.0, "give xs a list of 2, not 3.0"),
        (([1.0, 2.0],), [1.0], "give xs a list of 2"),
        (([1.0, 2.0],), ["a", 1.0], r"a number for xs\[0\], not 'a'"),
        (([1.0], 2.0), [1.0, 2.0, 3.0], "a tuple of 2 gradients"),
        (([1.0], 2.0), 1.0, "a tuple of 2 gradients"),
    ],
)
def test_a_gradient_of_another_form_is_named(args, gradient, match):
    with pytest.raises(ValueError, match=match):
        check_grad(lambda xs, y=0.0: sum(xs) + y, *args, grad=lambda *_: gradient)


def test_arguments_without_floats_need_no_gradient():
    f = lambda n, x: x**n  # noqa: E731
    df = lambda n, x: n * x ** (n - 1)  # noqa: E731
    assert check_grad(f, 3, 2.0, grad=df).compared == 1
    assert check_grad(f, 3, 2.0, grad=lambda n, x: (df(n, x),)).compared == 1


def test_a_gradient_alone_may_stand_in_a_tuple():
    f = lambda p: p[0] ** 2  # noqa: E731
    for gradient in ((6.0,), ((6.0,),), [6.0], ([6.0],)):
        assert check_grad(f, (3.0,), grad=lambda p, given=gradient: given).compared == 1
    assert check_grad(math.sin, 0.5, grad=lambda x: (math.cos(x),)).compared == 1


def test_only_a_function_of_one_number_has_a_gradient():
    with pytest.raises(ValueError, match="must give one number, not 2"):
        check_grad(lambda x: [x, x], 1.0, grad=lambda x: 1.0)


def test_a_gradient_of_values():
    """Such as that of a compiled function, or one worked out by hand."""
    f = lambda v, x: v * v * x  # noqa: E731
    v = Value(1.5)
    assert check_grad(f, v, 2.0, grad=lambda v, x: (2 * v * x, v * v)).compared == 2 + 2


def test_numpy():
    numpy = pytest.importorskip("numpy")
    a = numpy.array([[1.0, 2.0], [3.0, 5.0]])
    inverse_transposed = lambda a: numpy.linalg.inv(a).T  # noqa: E731
    log_det = lambda a: numpy.linalg.slogdet(a)[1]  # noqa: E731
    assert check_grad(log_det, a, grad=inverse_transposed).compared == 4 + 2
    with pytest.raises(GradientError, match=r"d a\[0, 1\]"):
        check_grad(log_det, a, grad=numpy.linalg.inv)
    with pytest.raises(ValueError, match=r"give a an array of the shape \(2, 2\), not one of"):
        check_grad(log_det, a, grad=lambda a: inverse_transposed(a).ravel())


def test_numpy_arrays_of_objects():
    numpy = pytest.importorskip("numpy")
    x = numpy.array([2.0, 3], dtype=object)  # an int is no input
    f = lambda x: x[0] * x[1]  # noqa: E731
    assert check_grad(f, x, grad=lambda x: numpy.array([3.0, 2.0])).compared == 1
    with pytest.raises(ValueError, match=r"an array of the shape \(2,\), not 3.0"):
        check_grad(f, x, grad=lambda x: 3.0)


def test_numpy_in_single_precision():
    numpy = pytest.importorskip("numpy")
    x = numpy.array([0.5, 2.0], dtype=numpy.float32)
    f = lambda x: numpy.sum(numpy.sin(x) * x)  # noqa: E731
    df = lambda x: numpy.cos(x) * x + numpy.sin(x)  # noqa: E731
    assert check_grad(f, x, grad=df).compared == 2 + 2
    with pytest.raises(GradientError):
        check_grad(f, x, grad=lambda x: 1.05 * df(x))
    kinds = set()
    f = lambda x: kinds.add(type(x)) or numpy.sin(x)  # noqa: E731
    assert check_grad(f, numpy.float32(0.5), grad=numpy.cos).compared == 1
    assert kinds == {numpy.float32}


def test_pytorch():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)

    def f(x, w, n):
        return torch.tanh(x @ w).sum() ** n

    def df(x, w, n):
        x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
        return torch.autograd.grad(f(x, w, n), (x, w))

    x = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3)
    w = torch.linspace(0, 1, 3, dtype=torch.float64)
    assert check_grad(f, x, w, 2, grad=df).compared == 9 + 2
    assert check_grad(f, x.float(), w.float(), 2, grad=df).compared == 9 + 2
    with pytest.raises(GradientError, match=r"d f / d x\[0, 1\]") as caught:
        check_grad(f, x, w, 2, grad=lambda *args: tuple(2 * g for g in df(*args)))
    assert "torch.tensor([[-1.0, -0.6, " in caught.value.reproduction
    with pytest.raises(TypeError, match="a Tensor, in which no Value can be; give grad="):
        check_grad(f, x, w, 2)
    with pytest.raises(TypeError, match="of type Parameter, not Values"):
        check_grad(lambda m: m, torch.nn.Linear(1, 1))


def test_a_function_of_pytorch_whose_backward_is_wrong():
    torch = pytest.importorskip("torch")

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (x * x).sum()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x

    def square(x):
        return Square.apply(x)

    def df(x):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(square(x), x)

    with pytest.raises(GradientError, match=r"input +x\[0\] = 1.0, x\[1\] = 2.0"):
        check_grad(square, torch.tensor([1.0, 2.0], dtype=torch.float64), grad=df)


def test_jax():
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray([0.5, 2.0])
    f = lambda x: (jax.numpy.sin(x) * x).sum()  # noqa: E731
    assert check_grad(f, x, grad=jax.grad(f)).compared == 2 + 2
    with pytest.raises(GradientError):
        check_grad(f, x, grad=lambda x: 1.05 * jax.grad(f)(x))
