"""A function as it is run, and how two ways to run it are compared: their numbers and gradients."""

import random

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, topological_order


def numbers_in(thing):
    """The Values and floats of a nested structure, one after the other."""
    if isinstance(thing, (Value, float)):
        return [thing]
    if isinstance(thing, np.ndarray):
        thing = thing.ravel().tolist()
    elif isinstance(thing, dict):
        thing = thing.values()
    elif not isinstance(thing, (list, tuple)):
        return []
    return [number for part in thing for number in numbers_in(part)]


def values_in(thing):
    return [number for number in numbers_in(thing) if isinstance(number, Value)]


def parameters_of(function, args):
    """The leaves that were there before the call: those that the graphs of two calls share."""
    first, second = (topological_order(ag.sum(values_in(function(*args)))) for _ in range(2))
    shared = set(second).difference(values_in(args))
    return [leaf for leaf in first if leaf in shared]


def total(numbers, cotangents=None):
    """The sum of the numbers times their cotangents, which are 1, 2, 3 ... if none are given."""
    if cotangents is None:
        cotangents = range(1, len(numbers) + 1)
    return ag.sum([number * c for number, c in zip(numbers, cotangents, strict=True)])


def outcome(function, args, leaves=(), cotangents=None):
    """The numbers of the results, then the derivatives of their weighted sum with respect to the
    leaves and to the Values among the arguments.
    """
    leaves = [*leaves, *values_in(args)]
    for leaf in leaves:
        leaf.grad = 0.0
    results = numbers_in(function(*args))
    total(results, cotangents).backward()
    return [float(number) for number in map(data_of, results)] + [leaf.grad for leaf in leaves]


def data_of(number):
    return number.data if isinstance(number, Value) else number


def agree(function, calls, leaves=(), recordings=1, *, compiled=None, times=1, rel=1e-12):
    """Eager and compiled agree on all calls, which take so many recordings (None: any number).

    compiled  compile(function), or another way to run it
    times     how often each call is made compiled, as arrays take over after the first
    """
    compiled = compiled or compile(function)
    for args in calls:
        state = random.getstate()
        expected = outcome(function, args, leaves)
        random.setstate(state)
        for _ in range(times):
            found = outcome(compiled, args, leaves)
            assert found == pytest.approx(expected, rel=rel, abs=1e-12, nan_ok=True)
    assert recordings is None or compiled.recordings == recordings
