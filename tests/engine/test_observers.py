"""An observer is told what the engine does in its block, there only, and may refuse it."""

import dis
import sys
import threading

import pytest

import autograd_lite as ag
from autograd_lite import Value, evaluation, no_grad, observers
from autograd_lite.compiler import check
from autograd_lite.derivatives import grad
from autograd_lite.observers import Observer, observe
from autograd_lite.value import number_of


class Notes(Observer):
    def __init__(self):
        self.notes = []

    def made(self, node):
        self.notes.append(("made", node._op or "leaf", len(node.parents)))

    def detached(self, leaf, source):
        self.notes.append(("detached", leaf.is_leaf, source._op))

    def read(self, node):
        self.notes.append(("read", number_of(node)))

    def wrote(self, node, what, number):
        self.notes.append(("wrote", number_of(node)))

    def compared(self, x, op, y, outcome):
        self.notes.append((number_of(x), op, y if isinstance(y, float) else number_of(y), outcome))

    def sends(self, node, root):
        self.notes.append(("sends", node._op))

    def sent(self, node, root):
        self.notes.append(("sent", node._op, node.grad))

    def received(self, leaf, grad, root):
        self.notes.append(("received", number_of(leaf), grad))


def notes_of(program):
    notes = Notes()
    with observe(notes):
        program()
    return notes.notes


x, y = Value(2.0), Value(3.0)
NODES = {
    "unary": (lambda: x.exp(), [("made", "exp", 1)]),
    "binary": (lambda: x * y, [("made", "*", 2)]),
    "a number": (lambda: x - 1.0, [("made", "leaf", 0), ("made", "-", 2)]),
    "where": (lambda: ag.where(x, x, y), [("made", "where", 3)]),
    "dot": (lambda: ag.dot([x, y], [y, x]), [("made", "dot", 4)]),
    "dot of numbers": (lambda: ag.dot([x, y], [1.0, 2.0]), [("made", "dot", 2)]),
    "sum": (lambda: ag.sum([x, y, x]), [("made", "sum", 3)]),
    "logsumexp": (lambda: ag.logsumexp([x, y]), [("made", "logsumexp", 2)]),
    "by hand": (lambda: Value(1.0, (x,), "f"), [("made", "f", 1)]),
    "leaf": (lambda: Value(1.0), [("made", "leaf", 0)]),
    "detach": (lambda: x.detach(), [("detached", True, "")]),
    "read": (lambda: x.data, [("read", 2.0)]),
    "item": (lambda: x.item(), [("read", 2.0)]),
    "bool": (lambda: bool(x), [(2.0, "!=", 0.0, True)]),
    "<": (lambda: x < y, [(2.0, "<", 3.0, True)]),
    "<=": (lambda: x <= 2.0, [(2.0, "<=", 2.0, True)]),
    ">": (lambda: 1.0 > x, [(2.0, "<", 1.0, False)]),  # noqa: SIM300 (the reflected one)
    ">=": (lambda: x >= y, [(2.0, ">=", 3.0, False)]),
    "identity": (lambda: x == y, []),
    "format": (lambda: f"{x:.2f} {x}", []),
}


@pytest.mark.parametrize("name", NODES)
def test_what_is_told(name):
    program, expected = NODES[name]
    assert notes_of(program) == expected


def test_writes_are_told_before_they_happen():
    node = Value(1.0)

    def program():
        node.data = 5.0
        node.grad = 2.0

    assert notes_of(program) == [("wrote", 1.0), ("wrote", 5.0)]


def test_under_no_grad_the_operation_is_told_and_then_the_leaf():
    def program():
        with no_grad():
            assert (x * y).is_leaf

    assert notes_of(program) == [("made", "*", 2), ("detached", True, "*")]


def test_a_pass_is_told_from_the_root_to_the_leaves():
    a, b = Value(2.0), Value(3.0)
    b.grad = 10.0
    root = (a * b).exp()
    g = root.data
    notes = notes_of(root.backward)
    assert notes[:4] == [("sends", "exp"), ("sent", "exp", 1.0), ("sends", "*"), ("sent", "*", g)]
    assert sorted(notes[4:]) == [("received", 2.0, 3 * g), ("received", 3.0, 10 + 2 * g)]


def test_an_observer_that_refuses_a_pass_leaves_gradients_as_they_were():
    class Refuses(Observer):
        def received(self, leaf, grad, root):
            raise ValueError("no")

    a = Value(2.0)
    root = a * ag.sum([a, a])
    with observe(Refuses()), pytest.raises(ValueError, match="no"):
        root.backward()
    assert a.grad == 0.0
    root.backward()
    assert a.grad == 8.0


def test_other_threads_are_not_observed():
    notes = Notes()
    with observe(notes):
        thread = threading.Thread(target=lambda: x * y)
        thread.start()
        thread.join()
    assert notes.notes == []


def test_nested_observers_are_told_outermost_first():
    told = []

    class Named(Observer):
        def __init__(self, name):
            self.name = name

        def made(self, node):
            told.append(self.name)

    with observe(Named("outer")):
        with observe(Named("inner")):
            x + y
        x + y
    assert told == ["outer", "inner", "outer"]


def interrupted(code, call):
    """Interrupt a call where Python looks for signals in a function: behind each call in it, until
    it calls what it is given.
    """
    names = {x.offset: x.opname for x in dis.get_instructions(code)}
    k, done = 0, False
    while not done:
        left, before = k, ""

        def trace(frame, event, argument):
            nonlocal left, before
            if frame.f_code is not code:
                return None
            frame.f_trace_opcodes = True
            if event == "opcode":
                left -= before.startswith("CALL")
                before = names[frame.f_lasti]
                if left < 0:
                    raise KeyboardInterrupt
            return trace

        def called():
            nonlocal done
            done = True
            sys.settrace(None)

        sys.settrace(trace)
        try:
            call(called)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        k += 1
        yield


@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="3.12 traces no opcodes of a frame")
def test_an_interrupt_before_a_call_leaves_what_observes():
    """Before the call itself, but behind what it changes: Python looks for signals there."""
    watch = observers.Observer()
    context = check.is_checking, lambda: observers.in_transform.get()
    ways = [
        (observers.unobserved.__code__, observers.unobserved),
        (check.Witness.checked.__code__, lambda f: check.Witness(NoArguments()).checked(f)),
        (evaluation.Evaluation.__init__.__code__, lambda f: grad(lambda x: f() or x)(1.0)),
        (observers.observe_alone.__enter__.__code__, alone),
    ]
    for code, call in ways:
        with observers.observe(watch):
            times = 0
            for _ in interrupted(code, call):
                assert observers.active() == (watch,)
                assert [x() for x in context] == [False, False]
                times += 1
        assert times > 1


class NoArguments:
    args, kwargs, called = (), {}, 0


def alone(function):
    with observers.observe_alone(observers.Observer()):
        function()
