"""The packages that lie beside autograd_lite, by its name: `from autograd_lite import nn`.

Their names alone, as in `import nn`, find what comes first on Python's path. That may be a file of
the user's, or a package of someone else's. By this name it is ours, or an error says what stands
in the way. There is one copy of each: `autograd_lite.nn` is `nn`, `autograd_lite.nn.optim` is
`nn.optim`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

PROJECT = "autograd_lite"
PACKAGES = ("nn", "visualize")


def alias(name: str) -> None:
    """Put the package `nn` in the place of the module `autograd_lite.nn`, and so for visualize."""
    sys.modules[name] = _ours(name.partition(".")[2])
    if _submodules not in sys.meta_path:
        sys.meta_path.insert(0, _submodules)


def _ours(package: str) -> ModuleType:
    """The package that lies beside autograd_lite. Raises ImportError naming what is in its way."""
    place = Path(__file__).resolve().parents[1] / package
    try:
        spec = find_spec(package)  # runs nothing
    except ValueError:  # for a module that was made by hand
        spec = None
    found = None if spec is None else spec.origin
    if found is None and package in sys.modules:
        fault = f"sys.modules[{package!r}] is another"
    elif found is None:
        fault = f"Python finds none, though it should be in {place.parent}"
    elif Path(found).resolve().parent != place:
        fault = f"{found} stands in the way; rename it, or uninstall the package it belongs to"
    elif not _speaks_of_us(Path(found)):
        fault = (
            f"{found} is of another package, which was installed over it; uninstall that one, and "
            "install autograd-lite again"
        )
    else:
        return import_module(package)
    raise ImportError(f"cannot import {PROJECT}'s {package}: {fault}", name=package, path=found)


def _speaks_of_us(file: Path) -> bool:
    """True if a package's __init__ has the name of this project."""
    try:
        return PROJECT.encode() in file.read_bytes()
    except OSError:  # in an archive, where nothing is installed over another
        return True


class _Submodules(MetaPathFinder, Loader):
    """Finds `autograd_lite.nn.optim` as `nn.optim`, where Python would load a copy of its file."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        project, _, module = name.partition(".")
        package, _, submodule = module.partition(".")
        known = project == PROJECT and package in PACKAGES and submodule
        # Python runs __main__ itself: python -m autograd_lite.visualize
        if not known or submodule == "__main__" or find_spec(module) is None:
            return None
        return ModuleSpec(name, self)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = import_module(name.partition(".")[2])


_submodules = _Submodules()
