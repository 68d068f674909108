"""What docs/nn.md says is left out is left out."""

import inspect
import re
from pathlib import Path

import pytest

import nn

GUIDE = (Path(__file__).parents[2] / "docs" / "nn.md").read_text()


def test_a_network_is_printed_as_the_guide_shows():
    assert f"```text\n{nn.MLP(64, [32, 10])!r}\n```" in GUIDE


def documented():
    """(name, argument) of each that the table says is left out."""
    rows = re.findall(r"^\| (`.*?) \| (`.*?) \|.*\|$", GUIDE, re.MULTILINE)
    return {
        (name, argument)
        for names, arguments in rows
        for name in re.findall("`(.*?)`", names)
        for argument in re.findall("`(.*?)`", arguments)
    }


def ours(name):
    rooms = (nn, nn.optim, nn.functional)
    found = (getattr(room, name, None) for room in rooms)
    return next(thing for thing in found if callable(thing))  # and no module, as nn.linear is


def arguments(function):
    """What a function takes, in its order; of one in C as its documentation says."""
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError:
        names = []
    listed = re.search(r"\((input.*?)\)", function.__doc__ or "")
    if listed and not inspect.isclass(function) and set(names) <= {"args", "kwargs"}:
        names = [part.partition("=")[0].strip() for part in listed[1].split(",")]
    return [name for name in names if name not in ("args", "kwargs")]


def test_the_table_has_what_is_left_out():
    torch = pytest.importorskip("torch")
    everywhere = {"device", "dtype", "inplace", "size_average", "reduce"}
    rooms = (torch.nn, torch.nn.functional, torch.optim, torch.optim.lr_scheduler, torch.nn.utils)
    left_out = set()
    for name in {*nn.__all__, *nn.optim.__all__, *nn.functional.__all__} - {
        "Buffer",
        "Parameter",
        "Sequential",
    }:
        theirs = next((getattr(room, name) for room in rooms if hasattr(room, name)), None)
        if name == "LSTM":  # whose own signature is *args, **kwargs
            theirs = torch.nn.modules.rnn.RNNBase
        if not callable(theirs) or name in ("Optimizer", "LRScheduler"):
            continue
        lacking = set(arguments(theirs)) - set(arguments(ours(name))) - everywhere - {"mode"}
        left_out |= {(name, argument) for argument in lacking if argument[0] != "_"}
    # `foreach` and the like are in one row for all optimisers, though not each of them has all.
    assert left_out <= documented(), "PyTorch takes these and nn does not: add them to docs/nn.md"


@pytest.mark.parametrize(("name", "argument"), sorted(documented()))
def test_the_table_has_only_what_is_left_out(name, argument):
    assert argument not in arguments(ours(name)), f"{name} takes {argument}: update docs/nn.md"


@pytest.mark.parametrize("name", nn.functional.__all__)
def test_functions_take_what_pytorchs_take_in_its_order(name):
    torch = pytest.importorskip("torch")
    theirs = arguments(getattr(torch.nn.functional, name))
    theirs = [each for each in theirs if each not in ("size_average", "reduce", "_stacklevel")]
    got = [each for each in arguments(ours(name)) if each != "rng"]
    assert got == theirs[: len(got)] != []
