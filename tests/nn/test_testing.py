"""The strategy of modules."""

from hypothesis import given, settings

from autograd_lite.testing import check_grad
from nn.testing import modules


@settings(max_examples=25)
@given(modules())
def test_modules_pass(pair):
    module, x = pair
    report = check_grad(module, x)
    assert report.compared >= len(module.parameters())
