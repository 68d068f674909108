"""Files of numbers in the safetensors format, which PyTorch reads and writes too."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from nn.arrays import Array


def save(state: Mapping[str, Array], path: str | PathLike[str]) -> None:
    """Write a `state_dict` to a file, in float64: `nn.save(model.state_dict(), path)`.

    PyTorch opens it with `safetensors.torch.load_file`. Raises ValueError naming the entry that is
    no array of numbers.
    """
    numpy, safetensors = _libraries()
    arrays = {}
    for name, numbers in state.items():
        try:
            arrays[name] = numpy.ascontiguousarray(numpy.array(numbers, dtype=float))
        except (TypeError, ValueError) as error:
            raise ValueError(f"save: {name!r} is not an array of numbers: {error}") from None
    safetensors.save_file(arrays, path)


def load(path: str | PathLike[str]) -> dict[str, Array]:
    """Read a file that `save` or PyTorch wrote: `model.load_state_dict(nn.load(path))`."""
    _, safetensors = _libraries()
    return {name: numbers.tolist() for name, numbers in safetensors.load_file(path).items()}


def _libraries() -> tuple[Any, Any]:
    try:
        import numpy
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            'saving and loading need safetensors: pip install "autograd-lite[safetensors]"'
        ) from error
    return numpy, safetensors.numpy
