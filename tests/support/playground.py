"""What the tests of the playground share: its scripts, and what a program tells."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def module(path):
    spec = importlib.util.spec_from_file_location(f"playground_{path.stem}", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def printed(told):
    return "".join(words["text"] for kind, words in told if kind == "printed")
