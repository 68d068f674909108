"""Importing this makes `autograd_lite.value` the Python source, though it may lie compiled too."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "autograd_lite.value", Path(__file__).with_name("value.py")
)
assert _spec is not None
assert _spec.loader is not None
sys.modules["autograd_lite.value"] = _module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
