"""Importing modules from their Python source, though they may lie compiled beside it."""

import sys


def import_source(name: str) -> None:
    """Import the module `name` of a package that is being imported from its .py file."""
    import importlib.util
    from pathlib import Path

    package, _, module = name.rpartition(".")
    path = Path(sys.modules[package].__path__[0], f"{module}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    setattr(sys.modules[package], module, source)


def is_compiled() -> bool:
    """True if the engine runs compiled, rather than interpreted."""
    from autograd_lite import value

    return not (value.__file__ or "").endswith(".py")
