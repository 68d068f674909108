"""Writes the C kernels from the rule table, and compiles what has a .pxd beside it if it can.

The extensions are optional: without a C compiler the same .py files run interpreted.
Everything else about the package stands in pyproject.toml.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
GNU = sys.platform != "win32"  # gcc and clang alike
sys.path.insert(0, str(HERE))
os.environ["AUTOGRAD_LITE_PURE"] = "1"  # not an extension that an earlier build left here

from autograd_lite.codegen import write_kernels  # noqa: E402

write_kernels(HERE / "autograd_lite")

# Values need no cycle collector (a parent is older than its users, so plain Values form no
# cycles), and their memory is reused at once. Class directives cannot be set from a .pxd.
Options.get_directive_defaults().update(no_gc=True, freelist=1 << 16)

# Both builds give the same bits: no fused multiply-adds, and pow(2, x) stays what it is.
FLAGS = ["-O3", "-g0", "-ffp-contract=off", "-fno-builtin-pow"] if GNU else []

extensions = cythonize(
    [
        Extension(
            "autograd_lite.value",
            ["autograd_lite/value.py"],
            depends=["autograd_lite/kernels.h", "autograd_lite/kernels.pxd"],
            extra_compile_args=FLAGS,
            # Where an operator's code is a constant, inlining turns the call through KERNELS into
            # arithmetic.
            define_macros=[("CYTHON_INLINE", "inline __attribute__((always_inline))")]
            if GNU
            else [],
        ),
        Extension(
            "autograd_lite.cycles",
            ["autograd_lite/cycles.pyx"],
            depends=["autograd_lite/value.pxd"],
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
        Extension(
            "autograd_lite.compiler._sweep",
            ["autograd_lite/compiler/_sweep.py"],
            depends=["autograd_lite/kernels.h", "autograd_lite/value.pxd"],
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
        Extension(
            "autograd_lite.compiler._flatten",
            ["autograd_lite/compiler/_flatten.py"],
            depends=["autograd_lite/value.pxd"],
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
        Extension(
            "autograd_lite.compiler._trace",
            ["autograd_lite/compiler/_trace.py"],
            depends=["autograd_lite/value.pxd"],
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
        Extension(
            "autograd_lite.compiler._loops",
            ["autograd_lite/compiler/_loops.py"],
            depends=["autograd_lite/kernels.h", "autograd_lite/value.pxd"],
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
        Extension(
            "nn._steps",
            ["nn/_steps.py"],
            depends=["autograd_lite/value.pxd"],  # the layout of a Value
            include_dirs=["autograd_lite"],
            extra_compile_args=FLAGS,
        ),
    ],
    compiler_directives={
        "language_level": 3,
        "annotation_typing": False,
        "auto_pickle": False,
        "boundscheck": False,
        "wraparound": False,
        "initializedcheck": False,
        "cdivision": True,
    },
)
for extension in extensions:
    extension.optional = True


class BuildExt(build_ext):
    """Leaves the extension beside its source too: Python started in this folder imports from it."""

    def run(self) -> None:
        super().run()
        if not self.inplace:
            self.copy_extensions_to_source()


setup(ext_modules=extensions, cmdclass={"build_ext": BuildExt})
