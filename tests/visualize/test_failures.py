"""The picture of a failed test: its labels, and the reason why there is none."""

import pytest

from autograd_lite import Value, tanh
from autograd_lite.testing import GradientError, check_grad
from visualize.failures import LARGE, save_failure


@pytest.fixture
def failure():
    """An error whose graph has an input without a label."""
    with pytest.raises(GradientError) as error:
        check_grad(lambda x: tanh(Value(x.data, (x,), "wrong")), 0.5)
    return error.value


def test_inputs_have_names_in_the_picture_and_lose_them_afterwards(failure, tmp_path):
    path = tmp_path / "folder" / "graph.dot"
    assert save_failure(failure, failure.inputs, path) == str(path)
    (name,) = failure.inputs.values()
    assert f"{name} | data 0.5" in path.read_text("utf-8")
    assert "wrong here" in path.read_text("utf-8")
    assert {node.label for node in failure.inputs} == {""}


def test_a_large_graph_is_folded(failure, tmp_path):
    root = failure.root
    for _ in range(LARGE):
        root = tanh(root) + 1.0
    failure.root = root
    save_failure(failure, {}, tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text("utf-8").count("[id=b") < LARGE


def test_why_there_is_no_picture(failure, tmp_path):
    (tmp_path / "taken").write_text("")
    assert save_failure(failure, {}, tmp_path / "taken" / "graph.dot").startswith("not drawn: ")
    assert save_failure(failure, {}, tmp_path / "graph.gif").startswith("not drawn: cannot save as")
