"""Runs of a plan in C that was written and compiled for it."""

from __future__ import annotations

import ctypes
from functools import partial

from autograd_lite.compiler.run.arrays import ArrayExecutor, Workspace
from autograd_lite.compiler.run.c_source import BACKWARD, FORWARD, c_source
from autograd_lite.compiler.run.compiler import Library
from autograd_lite.compiler.run.native import IN_C

if IN_C:
    from autograd_lite.compiler.run._native import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable

    from autograd_lite.compiler.lift import ArrayProgram
    from autograd_lite.compiler.plan import Plan
    from autograd_lite.compiler.tape.executor import Executor

__all__ = ["Compilation", "CompiledExecutor"]


class Compilation:
    """A plan on its way to C.

    work     the number of doubles that the C uses behind those of the plan
    library  what is made of it

    Raises NotInCError for a plan that calls Python.
    """

    def __init__(self, program: ArrayProgram, plan: Plan) -> None:
        self.program, self.plan = program, plan
        text, self.work = c_source(plan)
        self.library = Library(text)


class CompiledExecutor(ArrayExecutor):
    """Runs an `ArrayProgram` by the functions of a library that is ready."""

    def __init__(self, compilation: Compilation, reference: Executor | None = None) -> None:
        self.compilation = compilation
        super().__init__(compilation.program, reference, compilation.plan)

    def workspace(self, numbers: array[float] | None = None) -> Workspace:
        return _Workspace(self.compilation, self, numbers)

    @property
    def room(self) -> int:
        return self.plan.size + self.compilation.work


class _Workspace(Workspace):
    def __init__(
        self, compilation: Compilation, executor: CompiledExecutor, numbers: array[float] | None
    ) -> None:
        self._library = compilation.library
        super().__init__(executor, numbers)

    def bind(self, plan: Plan) -> None:
        self.forward, self.backward = self._caller(FORWARD), self._caller(BACKWARD)

    def _caller(self, name: str) -> Callable[[], object]:
        """A function without arguments that calls one of the library on this memory."""
        address = self._library.address(name)
        places = self.memory.ctypes.data, self.indices.ctypes.data
        if IN_C:
            return partial(call, address, *places, self._library)
        function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)
        return partial(function, *places)
