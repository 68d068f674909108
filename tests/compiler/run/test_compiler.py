"""Libraries are compiled in the background, once; whatever fails is said, and does no harm."""

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from autograd_lite.compiler.run import cache, compiler
from autograd_lite.compiler.run.compiler import Library, command
from tests.support.in_c import needs_compiler

SOURCE = "int the_answer(void) { return 42; }"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A compiler that has not failed yet, and empty folders for what it keeps and does not keep."""
    monkeypatch.setattr(compiler, "_one", compiler._Compiler())
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    yield tmp_path
    assert list((tmp_path / "private").iterdir()) == []


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A function that makes a shell script the compiler; it may call the real one as "$REAL"."""
    real = " ".join(command() or ())

    def make(text):
        path = tmp_path / "compiler"
        path.write_text(f"#!/bin/sh\nREAL='{real}'\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setenv("CC", str(path))

    return make


def answer(library):
    return ctypes.CFUNCTYPE(ctypes.c_int)(library.address("the_answer"))()


@needs_compiler
def test_a_library_is_compiled_in_the_background_and_then_loaded():
    library = Library(SOURCE)
    assert not library.ready
    library.begin()
    library.begin()
    library.wait()
    assert (library.ready, library.problem) == (True, "")
    assert answer(library) == 42


@needs_compiler
def test_what_was_compiled_before_is_found_in_the_cache(script, place):
    script(f'echo "$@" >> {place}/calls\nexec $REAL "$@"')
    for _ in range(2):
        library = Library(SOURCE)
        library.wait()
        assert answer(library) == 42
    assert (place / "calls").read_text().count("-shared") == 1
    other = Library(SOURCE.replace("42", "43"))
    other.wait()
    assert answer(other) == 43


@needs_compiler
def test_a_cache_without_use_does_no_harm(monkeypatch, place):
    """It cannot be written; or what is in it may not run, as on a filesystem without exec."""
    (place / "file").touch()
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", str(place / "file"))
    library = Library(SOURCE)
    library.wait()
    assert answer(library) == 42
    monkeypatch.setenv("AUTOGRAD_LITE_CACHE", str(place / "cache"))
    monkeypatch.setattr(cache, "find", lambda key: place / "file")
    monkeypatch.setattr(cache, "keep", lambda key, data: place / "file")
    library = Library(SOURCE)
    library.wait()
    assert answer(library) == 42


def test_no_compiler_is_a_problem(monkeypatch):
    monkeypatch.setattr(compiler, "command", lambda: None)
    assert not compiler.is_usable()
    library = Library(SOURCE)
    library.wait()
    assert library.problem == "there is no C compiler"


def test_which_compiler(monkeypatch):
    monkeypatch.setenv("CC", "ccache 'my gcc' -m64")
    assert command() == ("ccache", "my gcc", "-m64")
    monkeypatch.delenv("CC")
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name == "gcc" else None)
    assert command() == ("/bin/gcc",)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(compiler, "find_spec", lambda name: name)
    assert command() == (sys.executable, "-m", "ziglang", "cc")
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    assert command() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo no licence >&2; exit 3", "no licence"),
        ("exit 3", "it ended with 3"),
        ('case "$*" in *-shared*) echo full disk >&2; exit 1;; esac; exec $REAL "$@"', "full disk"),
        ('case "$*" in *-shared*) kill -9 $$;; esac; exec $REAL "$@"', "it ended with -9"),
        ('case "$*" in *-shared*) exit 0;; esac; exec $REAL "$@"', "program.so"),
    ],
)
@needs_compiler
def test_a_compiler_that_fails_is_not_asked_again(script, text, message):
    script(text)
    library = Library(SOURCE)
    library.wait()
    assert message in library.problem
    assert not compiler.is_usable()
    script('exec $REAL "$@"')
    again = Library(SOURCE)
    again.wait()
    assert again.problem == library.problem


@needs_compiler
def test_a_compiler_that_does_not_know_the_machine(script, place):
    refused = 'case "$*" in *native*) echo unsupported >&2; exit 1;; esac'
    script(f'echo "$@" >> {place}/calls\n{refused}\nexec $REAL "$@"')
    library = Library(SOURCE)
    library.wait()
    assert answer(library) == 42
    flags = [line.split()[0] for line in (place / "calls").read_text().splitlines()]
    assert flags == ["-march=native", "-mcpu=native", "-dM", "-std=gnu99"]


def test_a_compiler_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("CC", "/no/such/compiler")
    library = Library(SOURCE)
    library.wait()
    assert library.problem.startswith("/no/such/compiler does not run: ")


@needs_compiler
def test_a_source_with_a_mistake_is_not_compiled_again_and_others_are(script, place):
    script(f'echo "$@" >> {place}/calls\nexec $REAL "$@"')
    wrong = Library("int the_answer(void) { return mistaken; }")
    wrong.wait()
    assert "mistaken" in wrong.problem
    assert compiler.is_usable()
    calls = (place / "calls").read_text()
    again = Library(wrong.source)
    again.wait()
    assert again.problem == wrong.problem
    assert (place / "calls").read_text() == calls
    library = Library(SOURCE)
    library.wait()
    assert answer(library) == 42


@needs_compiler
def test_a_compiler_that_worked_and_fails_at_everything_now_is_not_used(script, place):
    script(f'[ -e {place}/broken ] && exit 3\nexec $REAL "$@"')
    Library("int the_answer(void) { return mistaken; }").wait()
    assert compiler.is_usable()
    (place / "broken").touch()
    library = Library(SOURCE)
    library.wait()
    assert "it ended with 3" in library.problem
    assert not compiler.is_usable()


def test_a_compiler_that_does_not_end_is_stopped(script, monkeypatch):
    monkeypatch.setattr(compiler, "LONGEST", 0.3)
    script("sleep 100 & wait")
    began = time.monotonic()
    library = Library(SOURCE)
    library.wait()
    assert "took more than 0.3 seconds" in library.problem
    assert time.monotonic() - began < 50


def test_users_are_told_each_problem_once():
    assert [compiler.is_news(x) for x in ("one", "one", "other", "one")] == [
        True,
        False,
        True,
        False,
    ]


def test_no_thread_is_a_problem(monkeypatch):
    def fails(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    library = Library(SOURCE)
    library.wait()
    assert library.problem == "can't start new thread"


@needs_compiler
def test_an_interrupt_before_there_is_a_thread_leaves_it_to_the_next_call(monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    library = Library(SOURCE)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            library.begin()
    library.begin()
    assert library._ended.wait(60)
    assert answer(library) == 42


@needs_compiler
def test_an_interrupt_while_it_is_waited_for_stops_the_waiting_alone(script):
    script('sleep 0.5; exec $REAL "$@"')
    library = Library(SOURCE)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            library.wait()
    finally:
        signal.signal(signal.SIGALRM, previous)
    library.wait()
    assert answer(library) == 42


def in_process(body, **environment):
    """What a process prints that runs this code, and how it ends."""
    code = "from autograd_lite.compiler.run.compiler import Library\n" + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout, done.stderr, done.returncode


@needs_compiler
@pytest.mark.slow
def test_a_forked_process_compiles_for_itself(script, place):
    script('sleep 1; exec $REAL "$@"')
    found = in_process(
        f"""
        import ctypes, os
        library = Library({SOURCE!r})
        library.begin()
        child = os.fork()
        library.wait()
        answer = ctypes.CFUNCTYPE(ctypes.c_int)(library.address("the_answer"))()
        os.write(1, b"%d\\n" % answer)  # at once: they write into one pipe
        if child:
            assert os.waitpid(child, 0)[1] == 0
        """,
        TMPDIR=str(place / "private"),
    )
    assert found == ("42\n42\n", "", 0)


@pytest.mark.slow
def test_a_process_that_exits_ends_its_compiler(script, place):
    script(f"echo $$ > {place}/pid; sleep 60 & wait")
    began = time.monotonic()
    found = in_process(
        f"""
        import os, time
        Library({SOURCE!r}).begin()
        while not os.path.exists({str(place / "pid")!r}):
            time.sleep(0.01)
        """,
        TMPDIR=str(place / "private"),
    )
    assert found == ("", "", 0)
    assert time.monotonic() - began < 30
    pid = int((place / "pid").read_text())
    for _ in range(500):  # whoever adopts it, sees it end
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().split()[2] == "Z":
                    return
        except OSError:
            return
        time.sleep(0.01)
    pytest.fail("the compiler still runs")
