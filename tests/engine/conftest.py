"""Threads that switch often, for the tests of what they share."""

import sys

import pytest


@pytest.fixture
def threads_switch_often():
    """By default a thread works for 5 ms undisturbed, and has finished by then."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
