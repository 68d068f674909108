"""Fixtures of the playground: its programs, and what each tells."""

import json

import pytest

from tests.support.playground import DOCS, module


@pytest.fixture(scope="module")
def playground():
    return module(DOCS / "playground.py")


@pytest.fixture(scope="module")
def run():
    """What a program tells: (kind, words), the last of which is its page or its error."""
    runner = module(DOCS / "playground" / "runner.py")

    def run(program):
        told = []
        runner.run(program, lambda kind, text: told.append((kind, json.loads(text))))
        return told

    return run


@pytest.fixture(scope="module")
def told(playground, run):
    """What each ready program tells."""
    return {one["name"]: run(one["text"]) for one in playground.programs()}
