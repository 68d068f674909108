"""Layers beside PyTorch's of the same name, with the same parameters, inputs and cotangents."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

import autograd_lite
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


def nested_data(x):
    return [nested_data(row) for row in x] if isinstance(x, (list, tuple)) else x.data
