"""Writes the C kernels from the rule table, and compiles what has a .pxd beside it if it can.

The extensions are optional: without a C compiler the same .py files run interpreted.
Everything else about the package stands in pyproject.toml.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from Cython.Build import cythonize
from Cython.Compiler import Errors, Options
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
GNU = sys.platform != "win32"  # gcc and clang alike


def write_kernels() -> None:
    """Write the C kernels without importing the package, which may have a broken build in it."""
    package = ModuleType("autograd_lite")
    package.__path__ = [str(HERE / "autograd_lite")]
    sys.modules["autograd_lite"] = package
    from autograd_lite.operations.codegen import write_kernels

    write_kernels(HERE / "autograd_lite/operations")
    for name in [name for name in sys.modules if name.partition(".")[0] == "autograd_lite"]:
        del sys.modules[name]


write_kernels()

# Values need no cycle collector (a parent is older than its users, so plain Values form no
# cycles), and their memory is reused at once: that of so many, since pages that are given back cost
# more to get again than a node to make. Class directives cannot be set from a .pxd.
Options.get_directive_defaults().update(no_gc=True, freelist=1 << 20)

# At level 1 Cython would say, for each module, that a subclass shares its base's freelist, and that
# what a .pxd declares inline has its body elsewhere. Both are meant.
Errors.LEVEL = 2

# Both builds give the same bits: no fused multiply-adds, and pow(2, x) stays what it is. A kernel
# names all its operands, though its formula may be without some.
BITS = ["-ffp-contract=off", "-fno-builtin-pow"]
FLAGS = ["-O3", "-g0", "-Wno-unused-variable", *BITS] if GNU else []

# Where an operator's code is a constant, inlining turns the call through KERNELS into arithmetic.
INLINE = [("CYTHON_INLINE", "inline __attribute__((always_inline))")] if GNU else []

# Without a look for negative numbers, square roots of several numbers are computed at once.
ROOTS = ["-fno-math-errno"] if GNU else []


FIELDS = [
    "value.pxd",
    "extra.pxd",
    "placement.pxd",
    "kinds.pxd",
    "memory.pxd",
]  # the layout of a Value
KERNELS = [f"operations/{file}" for file in ("ieee.h", "kernels.h", "kernels.pxd")]


def extension(
    name: str, *depends: str, suffix: str = ".py", flags: Sequence[str] = (), **rest: Any
) -> Extension:
    """The extension of a module, which depends on files of autograd_lite/."""
    return Extension(
        name,
        [name.replace(".", "/") + suffix],
        depends=[f"autograd_lite/{file}" for file in depends],
        include_dirs=["autograd_lite/operations"],
        extra_compile_args=[*FLAGS, *flags],
        **rest,
    )


DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,
    "auto_pickle": False,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
}
extensions = cythonize(
    [
        extension("autograd_lite.extra"),
        extension("autograd_lite.placement", *FIELDS),
        extension("autograd_lite.value", *KERNELS, *FIELDS, define_macros=INLINE),
        extension("autograd_lite.backward", *FIELDS, define_macros=INLINE),
        extension("autograd_lite.block", *FIELDS),
        extension("autograd_lite.forward", *KERNELS, *FIELDS, define_macros=INLINE),
        extension("autograd_lite.adjoint", *KERNELS, *FIELDS, "nary.pxd"),
        extension("autograd_lite.plain", *KERNELS, *FIELDS),
        extension("autograd_lite.fields", *KERNELS, *FIELDS, "plain.pxd"),
        extension("autograd_lite.nary", *KERNELS, *FIELDS, define_macros=INLINE),
        extension("autograd_lite.cycles", *FIELDS, suffix=".pyx"),
        extension("autograd_lite.compiler.results", *FIELDS),
        extension("autograd_lite.compiler.tape.loops", *KERNELS, *FIELDS, "nary.pxd"),
        extension(
            "autograd_lite.compiler.tape.scan",
            "compiler/tape/loops.pxd",
            "compiler/tape/instructions.pxd",
            *KERNELS,
            *FIELDS,
            define_macros=INLINE,
        ),
        extension(
            "autograd_lite.compiler.tape.lanes",
            "compiler/tape/loops.pxd",
            "compiler/tape/instructions.pxd",
            "compiler/tape/scan.pxd",
            *FIELDS,
        ),
        extension("autograd_lite.compiler.record.flatten", *FIELDS),
        extension("autograd_lite.compiler.record.held", *FIELDS),
        extension("autograd_lite.compiler.tape.writer", *FIELDS),
        extension(
            "autograd_lite.compiler.run._native",
            "compiler/run/native.h",
            "compiler/run/rows.h",
            "compiler/run/strips.h",
            "compiler/run/sums.h",
            "operations/ieee.h",
            "operations/lanes.h",
            "operations/machines.h",
            suffix=".pyx",
            flags=ROOTS,
        ),
        extension("nn._steps", *FIELDS, "operations/machines.h", flags=ROOTS),
    ],
    compiler_directives=DIRECTIVES,
)
# What leads to things of the user's, which may lead back to it, the collector must look through.
Options.get_directive_defaults().update(no_gc=False, freelist=0)
extensions += cythonize(
    [
        extension("autograd_lite.derive"),
        extension("autograd_lite.rows"),
        extension("autograd_lite.compiler.places", *FIELDS),
        extension(
            "autograd_lite.compiler.replay",
            "compiler/record/flatten.pxd",
            "compiler/record/held.pxd",
            *FIELDS,
        ),
        extension(
            "autograd_lite.compiler.small",
            "compiler/replay.pxd",
            "compiler/tape/loops.pxd",
            "fields.pxd",
            *FIELDS,
        ),
        extension(
            "autograd_lite.compiler.stepping",
            "compiler/places.pxd",
            "compiler/replay.pxd",
            "compiler/tape/loops.pxd",
            *FIELDS,
        ),
    ],
    compiler_directives=DIRECTIVES,
)
for each in extensions:
    each.optional = True


class BuildExt(build_ext):
    """Leaves the extension beside its source too: Python started in this folder imports from it."""

    def run(self) -> None:
        super().run()
        if not self.inplace:
            self.copy_extensions_to_source()


setup(ext_modules=extensions, cmdclass={"build_ext": BuildExt})
