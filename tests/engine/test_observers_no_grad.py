"""no_grad records nothing, here and now only, and leaves no state behind."""

import asyncio
import threading

import pytest

import autograd_lite as al
from autograd_lite import Value, no_grad


def records():
    return not (Value(1.0) * 2).is_leaf


EXPRESSIONS = {
    "operator": lambda x: x * 2 + 1,
    "unary": lambda x: x.exp(),
    "ternary": lambda x: al.where(x, x, 1.0),
    "sum": lambda x: al.sum([x, 1]),
    "dot": lambda x: al.dot([x, x], [x, 2]),
    "softmax": lambda x: al.softmax([x, 1.0])[0],
    "by hand": lambda x: Value(2.0, (x,), "f"),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_same_numbers_as_leaves(name):
    x = Value(0.5)
    node = EXPRESSIONS[name](x)
    with no_grad():
        out = EXPRESSIONS[name](x)
    assert not node.is_leaf
    assert (out.is_leaf, out.parents, out.partials, out._op) == (True, (), (), "")
    assert out.data == node.data


def test_backward_works_inside():
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
        x.data -= 0.1 * x.grad
    assert (x.grad, x.data) == (6.0, pytest.approx(2.4))


def test_nested_blocks():
    block = no_grad()
    with block:
        with block, no_grad():
            assert not records()
        assert not records()
    assert records()


@pytest.mark.parametrize("decorate", [no_grad, no_grad()], ids=["@no_grad", "@no_grad()"])
def test_as_a_decorator(decorate):
    @decorate
    def function(x, *, times=2):
        """What it does."""
        return x * times

    assert function(Value(3.0), times=3).is_leaf
    assert (function.__name__, function.__doc__) == ("function", "What it does.")
    assert records()


def test_a_decorated_function_may_recurse():
    @no_grad
    def down(n):
        return down(n - 1) if n else records()

    assert down(5) is False
    assert records()


def test_an_exception_leaves_no_state_behind():
    @no_grad
    def fail():
        raise ValueError("as told")

    with pytest.raises(ValueError, match="as told"):
        fail()
    with pytest.raises(KeyError), no_grad(), no_grad():
        raise KeyError
    assert records()


def test_other_threads_go_on_recording():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(records()))
        thread.start()
        thread.join()
        seen.append(records())
    assert seen == [True, False]


def test_one_block_shared_by_threads():
    block, inside, leave = no_grad(), threading.Event(), threading.Event()
    seen = []

    def hold():
        with block:
            inside.set()
            leave.wait()
            seen.append(records())
        seen.append(records())

    thread = threading.Thread(target=hold)
    try:
        with block:
            thread.start()
            inside.wait()
        seen.append(records())
    finally:
        leave.set()
        thread.join()
    assert seen == [True, False, True]


def test_other_tasks_go_on_recording():
    async def hold(event):
        with no_grad():
            await event.wait()
            return records()

    async def both():
        event = asyncio.Event()
        task = asyncio.create_task(hold(event))
        await asyncio.sleep(0)
        outside = records()
        event.set()
        return outside, await task, records()

    assert asyncio.run(both()) == (True, False, True)


def test_a_task_that_outlives_the_block_records():
    """It has the block in its context; what it last found about it no longer holds."""

    async def watch(event):
        inside = records()
        await event.wait()
        return inside, records()

    async def both():
        event = asyncio.Event()
        with no_grad():
            task = asyncio.create_task(watch(event))
            await asyncio.sleep(0)
        event.set()
        return await task

    assert asyncio.run(both()) == (False, True)


def test_a_block_is_left_where_it_was_entered():
    block = no_grad()
    with pytest.raises(RuntimeError, match="this no_grad block is not open here"):
        block.__exit__(None, None, None)
    errors = []

    def leave():
        try:
            block.__exit__(None, None, None)
        except RuntimeError as error:
            errors.append(error)

    with block:
        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()
        assert not records()
    assert len(errors) == 1
    assert records()


def generator():
    yield


async def coroutine():
    pass


async def asynchronous_generator():
    yield


@pytest.mark.parametrize("function", [generator, coroutine, asynchronous_generator])
def test_what_runs_after_its_call_is_refused(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}.*with no_grad\(\)"):
        no_grad(function)


@pytest.mark.parametrize("wrong", [5, True, "x"])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError):
        no_grad(wrong)
