"""C source to shared library: a C compiler at work in the background.

One compiler works at a time, on a thread of its own, in a folder of its own. What it makes is kept
in the cache, if there is one.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread

from autograd_lite.compiler.run import cache as libraries
from autograd_lite.forks import give_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import RLock

__all__ = ["FLAGS", "LONGEST", "Library", "command", "is_news", "is_usable"]

FLAGS = (
    "-std=gnu99",
    "-O2",
    "-fPIC",
    "-shared",
    "-fopenmp-simd",  # loops that are marked run on several numbers at once
    "-fno-math-errno",  # so do square roots in them
    "-fno-trapping-math",  # and so does what is taken on a condition
    "-fno-tree-slp-vectorize",  # gcc 12 gets wrong what is added beside what is subtracted
    "-ffp-contract=off",  # but in products
    "-w",
)

LONGEST = 300
"""Seconds after which a compiler is stopped."""


class NoLibraryError(Exception):
    """There is no compiler, or it has failed, or what it made cannot be loaded."""


def command() -> tuple[str, ...] | None:
    """The command of a C compiler: that of CC, or cc, gcc, clang, or that in the package ziglang.

    None if there is none.
    """
    if os.name != "posix":
        return None
    try:
        given = shlex.split(os.environ.get("CC", ""))
    except ValueError:
        given = [os.environ["CC"]]
    if given:
        return tuple(given)
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return (path,)
    if sys.executable and find_spec("ziglang"):
        return sys.executable, "-m", "ziglang", "cc"
    return None


def is_usable() -> bool:
    """True if there is a C compiler that has not failed at everything."""
    return not _one.problem and command() is not None


def is_news(problem: str) -> bool:
    """True at its first call with a problem: users are told each once."""
    new = problem not in _one.told
    _one.told.add(problem)
    return new


class Library:
    """A shared library of a source, on its way.

    source   in C
    ready    True once it is loaded, or there will be none
    problem  why there is none; "" if it is there or on its way

    A forked process begins anew what another one had begun.
    """

    _lock: RLock

    def __init__(self, source: str) -> None:
        self.source, self.ready, self.problem = source, False, ""
        self._loaded: ctypes.CDLL | None = None
        # Set when the thread ends: an interrupt in join() would make the thread pass for ended.
        self._ended = Event()
        self._process = 0  # that in which the thread is
        give_lock(self, "_lock")

    def begin(self) -> None:
        """Let it be compiled in the background, unless that is done, or being done."""
        with self._lock:
            if self.ready or self._process == os.getpid():
                return
            self._ended = Event()
            thread = Thread(target=self._work, args=(self._ended,), name="C compiler", daemon=True)
            try:
                thread.start()
            except RuntimeError as problem:  # no more threads, or the interpreter is about to exit
                self.problem, self.ready = str(problem), True
                self._ended.set()
            self._process = os.getpid()  # an interrupt before leaves it to the next call

    def wait(self) -> None:
        """Wait until it is ready."""
        self.begin()
        if not self.ready:
            self._ended.wait()

    def address(self, name: str) -> int:
        """The address of a function; the library is ready, and there is no problem."""
        return ctypes.cast(getattr(self._loaded, name), ctypes.c_void_p).value or 0

    def _work(self, ended: Event) -> None:
        try:
            with _one.lock:
                self._loaded = _one.loaded(self.source)
        except NoLibraryError as problem:
            self.problem = str(problem)
        except Exception as problem:  # what a thread raises nobody would see
            self.problem = f"{type(problem).__name__}: {problem}"
        finally:
            self.ready = True
            ended.set()


class _Compiler:
    """The one compiler of this process.

    problem  why it is not used any more, or ""
    failed   {hash of a source: why it has no library}
    told     the problems that the user knows
    """

    lock: RLock
    starting: RLock

    def __init__(self) -> None:
        self.problem, self._ends = "", False
        self.failed: dict[bytes, str] = {}
        self.told: set[str] = set()
        self._working: tuple[int, subprocess.Popen[str]] | None = None  # in which process
        self._folder: tuple[int, str] | None = None
        give_lock(self, "lock")
        give_lock(self, "starting")
        atexit.register(self.stop)

    def loaded(self, source: str) -> ctypes.CDLL:
        """The library of a source."""
        if self.problem:
            raise NoLibraryError(self.problem)
        found = command()
        if found is None:
            raise NoLibraryError("there is no C compiler")
        key = sha256(source.encode()).digest()
        if key in self.failed:
            raise NoLibraryError(self.failed[key])
        try:
            return self._loaded(found, source)
        except (NoLibraryError, OSError) as problem:
            if self._works(found):
                self.failed[key] = str(problem)
            else:
                self.problem = str(problem)
            raise NoLibraryError(str(problem)) from None

    def _works(self, compiler: tuple[str, ...]) -> bool:
        """True if the compiler makes a library of the smallest source now; a kept one says nothing
        of that.
        """
        with suppress(NoLibraryError, OSError), self._private_folder() as folder:
            native, _ = _machine(compiler)
            smallest = "int autograd_lite_works(void) { return 1; }\n"
            ctypes.CDLL(str(self._made([*compiler, *FLAGS, *native], smallest, folder)))
            return True
        return False

    def _loaded(self, compiler: tuple[str, ...], source: str) -> ctypes.CDLL:
        native, identity = _machine(compiler)
        flags = [*FLAGS, *native]
        key = sha256("\0".join([*flags, identity, source]).encode()).hexdigest()
        kept = libraries.find(key)
        if kept is not None:
            with suppress(OSError):  # a folder whose files may not run
                return ctypes.CDLL(str(kept))
        with self._private_folder() as folder:
            library = self._made([*compiler, *flags], source, folder)
            kept = libraries.keep(key, library.read_bytes())
            if kept is not None:
                with suppress(OSError):
                    return ctypes.CDLL(str(kept))
            return ctypes.CDLL(str(library))

    def _made(self, given: Sequence[str], source: str, folder: Path) -> Path:
        """The library that a compiler makes of a source in a folder."""
        text, library = folder / "program.c", folder / "program.so"
        text.write_text(source, encoding="utf-8")
        self.run([*given, "-o", str(library), str(text), "-lm"])
        return library

    @contextmanager
    def _private_folder(self) -> Iterator[Path]:
        """A folder that is gone afterwards, at the latest when the interpreter exits."""
        folder = tempfile.mkdtemp(prefix="autograd_lite-")
        self._folder = os.getpid(), folder
        try:
            yield Path(folder)
        finally:
            self._folder = None
            shutil.rmtree(folder, ignore_errors=True)

    def run(self, given: Sequence[str]) -> str:
        """What a command prints. It is in a session of its own, where Ctrl-C does not reach it."""
        with self.starting:  # stop() waits until it is known what is to be ended
            if self._ends:
                raise NoLibraryError("the process ends")
            try:
                process = subprocess.Popen(
                    given,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            except OSError as problem:
                raise NoLibraryError(f"{given[0]} does not run: {problem}") from None
            self._working = os.getpid(), process
        try:
            printed, errors = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            raise NoLibraryError(f"{given[0]} took more than {LONGEST} seconds") from None
        finally:
            self._working = None
        if process.returncode:
            said = (errors or printed).strip()[:1000] or f"it ended with {process.returncode}"
            raise NoLibraryError(f"{' '.join(given[:3])} ...: {said}")
        return printed

    def stop(self) -> None:
        """End what is at work, and begin no more, for this process ends."""
        with self.starting:
            self._ends = True
        working, folder = self._working, self._folder
        if working is not None and working[0] == os.getpid():
            _kill(working[1])
        if folder is not None and folder[0] == os.getpid():
            shutil.rmtree(folder[1], ignore_errors=True)


_one = _Compiler()


@cache
def _machine(compiler: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The flags for all that this machine can do, and what tells it and the compiler from others.

    That are the macros which it defines: they have its version, and a name for each extension of
    the instruction set. Compilers for some processors know one of the flags only, or none.
    """
    ways: list[tuple[str, ...]] = [("-march=native",), ("-mcpu=native",), ()]
    while True:
        native = ways.pop(0)
        try:
            return native, _one.run([*compiler, *native, "-dM", "-E", "-x", "c", os.devnull])
        except NoLibraryError:
            if not ways:
                raise


def _kill(process: subprocess.Popen[str]) -> None:
    """End a compiler and what it has started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
