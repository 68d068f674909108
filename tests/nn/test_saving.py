"""Files of ours open in PyTorch, and files of PyTorch's open here."""

import random

import pytest

import nn

pytest.importorskip("safetensors")


def mlp(library, **arguments):
    return library.Sequential(
        library.Linear(3, 8, **arguments), library.Tanh(), library.Linear(8, 2, **arguments)
    )


def test_round_trip(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.MLP(2, [2, 1]))
    nn.save(model.state_dict(), tmp_path / "model.safetensors")
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.MLP(2, [2, 1]))
    other.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    assert other.state_dict() == model.state_dict()


def test_a_list_of_arrays_of_different_shapes(tmp_path):
    def model(rng):
        model = nn.Module()
        arrays = [nn.module.parameters(3, 2), nn.module.parameters(1, 3)]
        model.ws = [nn.init.normal_(array, rng=rng) for array in arrays]
        return model

    one, other = model(0), model(1)
    nn.save(one.state_dict(), tmp_path / "model.safetensors")
    state = nn.load(tmp_path / "model.safetensors")
    assert sorted(state) == ["ws.0", "ws.1"]
    other.load_state_dict(state)
    assert other.state_dict() == one.state_dict()


def test_what_is_no_array_of_numbers(tmp_path):
    for wrong in ([[1.0], [1.0, 2.0]], 10**400):
        with pytest.raises(ValueError, match="save: 'w' is not an array of numbers"):
            nn.save({"w": wrong}, tmp_path / "wrong")
    for wrong in (None, "1.0", [1.0, None], 1j):
        with pytest.raises(TypeError, match="save: 'w' is not an array of numbers"):
            nn.save({"w": wrong}, tmp_path / "wrong")
    for name in (1, "__metadata__"):
        with pytest.raises(ValueError, match=f"save: {name!r} cannot name an entry"):
            nn.save({name: 1.0}, tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_a_network_trained_here_opens_in_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    model = mlp(nn, rng=random.Random(0))
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(10):
        optimizer.zero_grad()
        nn.mse_loss(model([[1.0, 2.0, 3.0]]), [[0.0, 1.0]]).backward()
        optimizer.step()
    nn.save(model.state_dict(), tmp_path / "model.safetensors")

    theirs = mlp(torch.nn, dtype=torch.float64)
    theirs.load_state_dict(load_file(tmp_path / "model.safetensors"))
    x = [0.5, -1.0, 2.0]
    expected = theirs(torch.tensor(x, dtype=torch.float64)).tolist()
    assert [v.data for v in model(x)] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_trained_in_pytorch_opens_here(dtype, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    theirs = mlp(torch.nn, dtype=getattr(torch, dtype))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        theirs(torch.ones(3, dtype=getattr(torch, dtype))).square().sum().backward()
        optimizer.step()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")

    model = mlp(nn)
    model.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    x = [0.5, -1.0, 2.0]
    expected = theirs.double()(torch.tensor(x, dtype=torch.float64)).tolist()
    assert [v.data for v in model(x)] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_batch_norm_opens_in_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    model = nn.BatchNorm1d(2)
    model([[1.0, 2.0], [3.0, 5.0]])
    nn.save(model.state_dict(), tmp_path / "model.safetensors")
    theirs = torch.nn.BatchNorm1d(2).double()
    theirs.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert theirs.running_mean.tolist() == model.state_dict()["running_mean"]
    assert theirs.num_batches_tracked.item() == 1


@pytest.mark.parametrize("first", [nn.Linear(2, 1), "model.safetensors"])
def test_what_is_saved_is_the_state(first):
    with pytest.raises(TypeError, match=r"give nn.save\(model.state_dict\(\), path\), not a"):
        nn.save(first, "model.safetensors")
