"""States (numbers under names) and their files, in the safetensors format, as PyTorch has them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from errno import EISDIR
from math import prod
from numbers import Real
from os import PathLike
from typing import Any

from autograd_lite import files
from nn.arrays import Array, flat, shape


def save(state: Mapping[str, Array], path: str | PathLike[str]) -> None:
    """Write a `state_dict` to a file, in float64: `nn.save(model.state_dict(), path)`.

    Needs the extra `safetensors`. PyTorch opens the file with `safetensors.torch.load_file`. The
    file appears when it is whole: until then one that was there stays, whatever interrupts.
    Raises an error naming the entry whose name is no str, or that is no array of numbers, and
    OSError naming the folder that is missing, or the file that cannot be written.
    """
    if not isinstance(state, Mapping):
        raise TypeError(
            f"save: give nn.save(model.state_dict(), path), not a {type(state).__name__} first"
        )
    numpy, safetensors = _libraries()
    arrays = {}
    for name, numbers in state.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise ValueError(f"save: {name!r} cannot name an entry: give a str, not '__metadata__'")
        try:
            shape(numbers)
            arrays[name] = numpy.array(numbers, dtype=float, order="C")
        except TypeError as error:
            raise TypeError(f"save: {name!r} is not an array of numbers: {error}") from None
        except (ValueError, OverflowError) as error:
            raise ValueError(f"save: {name!r} is not an array of numbers: {error}") from None
    data = safetensors.numpy.save(arrays)
    try:
        files.write(path, data)
    except FileNotFoundError as error:
        folder = os.path.dirname(os.path.realpath(path))
        raise FileNotFoundError(error.errno, "save: there is no folder", folder) from None
    except OSError as error:
        raise type(error)(error.errno, f"save: {error.strerror}", str(path)) from None


def load(path: str | PathLike[str]) -> dict[str, Array]:
    """Read a safetensors file: `model.load_state_dict(nn.load(path))`.

    Needs the extra `safetensors`. `save` writes such files, as does `safetensors.torch.save_file`.
    Raises ValueError for a file of another format, as `torch.save` writes, for a damaged one, and
    for an entry of numbers that NumPy does not have, as bfloat16; OSError for what is no file. No
    code in a file is run.
    """
    _, safetensors = _libraries()
    if os.path.isdir(path):
        raise IsADirectoryError(EISDIR, "load: give the path of a file, not of a folder", str(path))
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            size = os.path.getsize(path)
            return {name: _numbers(file, name, size) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"load: {path} is not a safetensors file ({error}); write it with "
            "nn.save(model.state_dict(), path), or in PyTorch with safetensors.torch.save_file"
        ) from None


_DTYPES = ("BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64")


def _numbers(file: Any, name: str, size: int) -> Array:
    """The nested lists of one entry of an open file of this size."""
    entry = file.get_slice(name)
    dtype, shape = entry.get_dtype(), entry.get_shape()
    if dtype not in _DTYPES:
        raise ValueError(f"load: {name!r} has the type {dtype}; save it as float32 or float64")
    # A few bytes can say that there are a billion rows of no numbers.
    if len(shape) > 32 or (0 in shape and prod(shape[: shape.index(0)]) > size):
        raise ValueError(f"load: {name!r} cannot have the shape {shape}; the file is damaged")
    return file.get_tensor(name).tolist()


def matching(
    state: Mapping[str, Array], expected: Mapping[str, Array], owner: object
) -> dict[str, list[float]]:
    """The numbers of a state that has the keys and shapes of the expected one, row by row.

    Raises ValueError naming every key that is missing, unexpected or of another shape, and
    TypeError for what is not a number.
    """
    where = f"{type(owner).__name__}.load_state_dict"
    if not isinstance(state, Mapping):
        raise TypeError(f"{where}: give a state_dict(), not a {type(state).__name__}")
    faults = [f"missing {name!r}" for name in expected if name not in state]
    faults += [f"unexpected {name!r}" for name in state if name not in expected]
    numbers = {}
    for name in [name for name in expected if name in state]:
        try:
            right, got = shape(expected[name]), shape(state[name])
            numbers[name] = list(map(_number, flat(state[name])))
        except TypeError as error:
            raise TypeError(f"{where}: {name!r}: {error}") from None
        except (ValueError, OverflowError) as error:
            faults.append(f"{name!r}: {error}")
        else:
            if right != got:
                faults.append(f"{name!r} has shape {got} where {right} is expected")
    if faults:
        raise ValueError(f"{where}: {'; '.join(faults)}")
    return numbers


def _number(x: object) -> float:
    if isinstance(x, Real):
        return float(x)
    raise TypeError(f"expected real numbers, got {type(x).__name__}")


def _libraries() -> tuple[Any, Any]:
    try:
        import numpy
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            'saving and loading need safetensors: pip install "autograd-lite[safetensors]"'
        ) from error
    return numpy, safetensors
