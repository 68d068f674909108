"""What a compiled function reads besides its arguments: if it changes, no old number comes back."""

import abc
import argparse
import array
import builtins
import collections
import contextvars
import dataclasses
import enum
import functools
import importlib
import io
import itertools
import math
import os
import random
import sys
import textwrap
import types
import unittest.mock

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, compile, take
from autograd_lite.compiler.record import captured
from autograd_lite.compiler.signature import FREE_IN_ALL, FREE_PER_SIGNATURE

RATE = 1.0


class Plain:
    scale = 1.0

    def __init__(self):
        self.w = Value(1.0)

    @staticmethod
    def static(x):
        return x * RATE

    @property
    def rate(self):
        return RATE


class Slotted:
    __slots__ = ("w",)
    scale = 1.0

    def __init__(self):
        self.w = Value(1.0)


class SlottedToo:
    __slots__ = ("w",)
    scale = 5.0


@dataclasses.dataclass
class Config:
    double: bool = False
    w: float = 1.0


class Equal(Plain):
    """All are equal, whatever they hold."""

    def __eq__(self, other):
        return isinstance(other, Equal)

    __hash__ = None


class Pair(collections.namedtuple("Pair", "a b")):
    __slots__ = ()

    def __call__(self, x):
        return x * RATE


class Level(enum.IntEnum):
    ONE = 1

    def rate(self):
        return RATE


def function_with_attribute(x):
    return x * function_with_attribute.w


function_with_attribute.w = Value(1.0)


def function_without_attribute(x):
    return x * getattr(function_without_attribute, "w", 1.0)


@compile
def compiled_with_attribute(x):
    return x * compiled_with_attribute.w


@compile
def compiled_without_attribute(x):
    return x * getattr(compiled_without_attribute, "w", 1.0)


compiled_with_attribute.w = 1.0


class Meta(type):
    rate = 1.0


class WithMeta(metaclass=Meta):
    def own(self, x):
        return x * self.own.w

    own.w = 1.0


class OfAnotherClass(Plain):
    scale = 5.0


def not_yet_a_global(x):
    try:
        return x * NOT_YET
    except NameError:
        return x * 1


def a_builtin(x):
    return x * abs(1.0)


def a_builtin_too(x):
    return x * abs(1.0)


def times_5(x):
    return x * 5.0


builtins.rate_of_builtins = 1.0
os.environ["RATE_OF_TESTS"] = "1.0"


def patched_builtin(monkeypatch):
    monkeypatch.setattr(builtins, "rate_of_builtins", 5.0)


def environment(monkeypatch):
    monkeypatch.setitem(os.environ, "RATE_OF_TESTS", "5.0")


class Borrowing:
    loss = staticmethod(textwrap.dedent)
    rate = 1.0


def borrowing(monkeypatch):
    monkeypatch.setattr(Borrowing, "rate", 5.0)


CONTEXT = contextvars.ContextVar("context", default={"w": 1.0})  # noqa: B039


def library(monkeypatch):
    monkeypatch.setattr(sys, "float_repr_style", "s" * 5)


class WithNew:
    def __new__(cls):
        thing = object.__new__(cls)
        thing.w = RATE
        return thing


class Lazy:
    @functools.cached_property
    def rate(self):
        return 1.0


def not_yet_a_variable():
    def f(x):
        try:
            return x * rate
        except NameError:
            return x * 1

    def give(monkeypatch):
        nonlocal rate
        rate = 5.0

    if f is None:
        rate = 1.0
    return f, give


@functools.wraps(np.interp)
def with_the_name_of_another(x):
    return x * RATE


def class_of(thing, cls):
    return lambda monkeypatch: monkeypatch.setattr(thing, "__class__", cls)


RATE_OF_CONTEXT = contextvars.ContextVar("rate", default=1.0)


def global_rate(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "RATE", 5.0)


def attribute_of(thing, name="w", new=5.0):
    return lambda monkeypatch: monkeypatch.setattr(thing, name, new)


def new_attribute(thing, name="w", new=5.0):
    return lambda monkeypatch: monkeypatch.setattr(thing, name, new, raising=False)


def item_of(thing, key=0, new=5.0):
    return lambda monkeypatch: thing.__setitem__(key, new)


def cases():
    plain, slotted, config = Plain(), Slotted(), Config()
    yield "attribute", lambda x: x * plain.w, attribute_of(plain)
    yield "slot", lambda x: x * slotted.w, attribute_of(slotted)
    other_slotted = Slotted()
    yield "class by slots", lambda x: x * other_slotted.scale, class_of(other_slotted, SlottedToo)
    yield "dataclass", lambda x: x * (5 if config.double else 1), attribute_of(config, "double")
    yield "class", lambda x: x * Plain.scale, attribute_of(Plain, "scale")
    yield "class of an object", lambda x: x * plain.scale, attribute_of(Plain, "scale")
    yield "base", lambda x: x * Equal().scale, attribute_of(Plain, "scale")
    yield (
        "method",
        lambda x: plain.static(x),
        attribute_of(Plain, "static", staticmethod(lambda x: x * 5)),
    )
    yield "staticmethod", lambda x: Plain.static(x), global_rate
    yield "property", lambda x: x * plain.rate, global_rate
    yield "wraps", lambda x: with_the_name_of_another(x), global_rate
    yield "function", function_with_attribute, attribute_of(function_with_attribute)
    bound = functools.partial(lambda model, x: x * model.w, plain_too := Plain())
    yield "partial", bound, attribute_of(plain_too)
    by_keyword = functools.partial(lambda x, k: x * k, k=1.0)
    yield "keyword of a partial", by_keyword, item_of(by_keyword.keywords, "k")
    given = functools.partial(lambda k, x: x * k, 1.0)
    yield "state of a partial", given, lambda _: given.__setstate__((given.func, (5.0,), {}, None))
    with_attribute = functools.partial(lambda x: x * with_attribute.w)
    with_attribute.w = 1.0
    yield "attribute of a partial", with_attribute, attribute_of(with_attribute)
    for made in types.new_class("Made"), abc.ABCMeta("Made", (), {}):
        made.rate = 1.0
        yield made.__module__, lambda x, made=made: x * made.rate, attribute_of(made, "rate")
    yield "no attribute yet", function_without_attribute, new_attribute(function_without_attribute)
    for name, f in ("attribute", compiled_with_attribute), ("later", compiled_without_attribute):
        yield f"{name} of a compiled function", f, new_attribute(f)
    yield "attribute of a method", lambda x: WithMeta().own(x), attribute_of(WithMeta.own)
    yield "class with a library's function", lambda x: x * Borrowing.rate, borrowing
    yield "default of a variable", lambda x: x * CONTEXT.get()["w"], item_of(CONTEXT.get(), "w")
    yield "metaclass", lambda x: x * WithMeta.rate, attribute_of(Meta, "rate")
    turned = Plain()
    yield "class of a thing", lambda x: x * turned.scale, class_of(turned, OfAnotherClass)
    here = sys.modules[__name__]
    yield "global later", not_yet_a_global, new_attribute(here, "NOT_YET")
    yield "builtin", a_builtin, new_attribute(here, "abs", lambda x: 5.0)
    yield "variable later", *not_yet_a_variable()
    yield "patched builtin", lambda x: x * rate_of_builtins, patched_builtin  # noqa: F821
    yield "code", a_builtin_too, lambda m: m.setattr(a_builtin_too, "__code__", times_5.__code__)
    yield "environment", lambda x: x * float(os.environ["RATE_OF_TESTS"]), environment
    yield "__new__", lambda x: x * WithNew().w, global_rate
    cached = functools.cache(lambda: plain_cached.w)
    plain_cached = Plain()
    yield "cached", lambda x: x * cached.__wrapped__(), attribute_of(plain_cached)
    lazy = Lazy()
    yield "cached property", lambda x: x * lazy.rate, lambda m: lazy.__dict__.update(rate=5.0)
    yield "context", lambda x: x * RATE_OF_CONTEXT.get(), lambda _: RATE_OF_CONTEXT.set(5.0)
    pair, level = Pair(1.0, 2.0), Level.ONE
    yield "named tuple", lambda x: pair(x), global_rate
    yield "enum", lambda x: x * level.rate(), global_rate
    for space in (types.SimpleNamespace(w=1.0), argparse.Namespace(w=1.0)):
        yield type(space).__name__, lambda x, space=space: x * space.w, attribute_of(space)
    module = types.ModuleType("settings")
    module.w = 1.0
    yield "module by a string", lambda x: x * getattr(module, "w"), attribute_of(module)  # noqa: B009
    loaded = types.ModuleType("settings_of_tests")
    loaded.w = 1.0
    sys.modules["settings_of_tests"] = loaded
    yield "loaded", lambda x: x * sys.modules["settings_of_tests"].w, attribute_of(loaded)
    yield "library", lambda x: x * sys.float_repr_style.count("s"), library
    holder = types.SimpleNamespace(settings=module)
    yield "module", lambda x: x * module.w, attribute_of(module)
    yield "module of an object", lambda x: x * holder.settings.w, attribute_of(module)
    for thing in (
        [1.0],
        [1.0] * 65,
        [(0, 1, Value(1.0))] * 65,
        collections.deque([1.0]),
        collections.OrderedDict({0: 1.0}),
        collections.defaultdict(float, {0: 1.0}),
        array.array("d", [1.0]),
        np.ones(3),
        np.array([Value(1.0)], object),
    ):
        new = (0, 1, Value(5.0)) if isinstance(thing[0], tuple) else 5.0
        name = f"{type(thing).__name__} of {len(thing)}"
        yield name, lambda x, t=thing: x * np.ravel(t[0])[-1], item_of(thing, new=new)
    for thing in (array.array("d", [1.0]), bytearray(b"\1"), memoryview(bytearray(b"\1"))):
        yield f"bytes of {type(thing).__name__}", lambda x, t=thing: x * t[0], item_of(thing, new=5)
    behind, viewed = {"w": 1.0}, {"w": 1.0}
    proxy, view = types.MappingProxyType(behind), viewed.values()
    yield "proxy", lambda x: x * proxy["w"], item_of(behind, "w")
    yield "view of a dict", lambda x: x * next(iter(view)), item_of(viewed, "w")
    first = {"a": 1.0, "b": 5.0}
    yield (
        "order",
        lambda x: x * next(iter(first.values())),
        lambda _: first.update(a=first.pop("a")),
    )
    signs = [0.0]
    yield "sign", lambda x: x * (3 - 2 * math.copysign(1.0, signs[0])), item_of(signs, new=-0.0)
    kinds = [1]
    yield "type", lambda x: x * (1 if type(kinds[0]) is int else 5), item_of(kinds, new=1.0)
    others = {1}
    yield "set", lambda x: x * (5 if 2 in others else 1), lambda _: others.add(2)
    equals = [Equal()]
    other = Equal()
    other.w = 5.0
    yield "equal object", lambda x: x * equals[0].w, item_of(equals, new=other)
    inner = compile(lambda x: x * plain_in.w)
    plain_in = Plain()
    yield "compiled", lambda x: inner(x) * 1, attribute_of(plain_in)


@pytest.mark.parametrize(("function", "change"), [pytest.param(f, c, id=n) for n, f, c in cases()])
def test_a_change_is_noticed(function, change, monkeypatch):
    compiled = function if hasattr(function, "recordings") else compile(function)
    for _ in range(2):
        assert compiled(Value(3.0)).data == 3.0
    change(monkeypatch)
    for _ in range(2):
        assert compiled(Value(3.0)).data == 15.0
    assert compiled.recordings == 2


def imports_inside(x):
    import networks_of_one as module

    return x * module.w


def test_a_module_that_is_imported_inside(monkeypatch):
    module = types.ModuleType("networks_of_one")
    module.w = 1.0
    monkeypatch.setitem(sys.modules, "networks_of_one", module)
    compiled = compile(imports_inside)
    assert compiled(3.0) == 3.0
    module.w = 5.0
    assert compiled(3.0) == 15.0


PACKAGE = {
    "__init__": "",
    "config": "rate = 1.0",
    "lazy": "rate = 1.0",
    "dynamic": """
        settings = {"rate": 1.0}
        def __getattr__(name): return settings[name]
    """,
    "inner/__init__": "",
    "inner/model": """
        def module_of_the_parent(x):
            from .. import config
            return x * config.rate
        def name_of_a_module(x):
            from ..config import rate
            return x * rate
        def top(x):
            import package_of_one.config
            return x * package_of_one.config.rate
        def renamed(x):
            import package_of_one.config as settings
            return x * settings.rate
        def name_at_the_top(x):
            from package_of_one.config import rate as k
            return x * k
        def by_the_call_itself(x):
            from ..lazy import rate
            return x * rate
        def by_the_call_itself_at_the_top(x):
            import package_of_one.lazy as settings
            return x * settings.rate
        def computed_by_the_module(x):
            from .. import dynamic
            return x * dynamic.rate
        def exchanged_module(x):
            from .. import config
            return x * config.rate
        def replaced_module(x):
            from ..config import rate
            return x * rate
    """,
}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("module_of_the_parent", "config"),
        ("name_of_a_module", "config"),
        ("top", "config"),
        ("renamed", "config"),
        ("name_at_the_top", "config"),
        ("by_the_call_itself", "lazy"),
        ("by_the_call_itself_at_the_top", "lazy"),
        ("computed_by_the_module", "dynamic"),
        ("exchanged_module", ""),
        ("replaced_module", ""),
    ],
)
def test_what_a_function_imports(name, changed, tmp_path, monkeypatch):
    for file, text in PACKAGE.items():
        path = tmp_path / "package_of_one" / f"{file}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    for full in [x for x in sys.modules if x.partition(".")[0] == "package_of_one"]:
        monkeypatch.delitem(sys.modules, full)
    model = importlib.import_module("package_of_one.inner.model")
    importlib.import_module("package_of_one.config")
    importlib.import_module("package_of_one.dynamic")
    function = compile(getattr(model, name))
    assert [function(x) for x in (1.0, 2.0, 3.0)] == [1.0, 2.0, 3.0]
    recordings = function.recordings
    assert recordings == 1
    if not changed:
        other = types.ModuleType("package_of_one.config")
        other.rate = 5.0
        monkeypatch.setitem(sys.modules, other.__name__, other)
        monkeypatch.setattr(sys.modules["package_of_one"], "config", other)
    elif changed == "dynamic":
        sys.modules["package_of_one.dynamic"].settings["rate"] = 5.0
    else:
        sys.modules[f"package_of_one.{changed}"].rate = 5.0
    assert [function(x) for x in (1.0, 2.0)] == [5.0, 10.0]
    assert function.recordings == recordings + 1


@pytest.mark.parametrize("name", ["profile", "visualize"])
def test_a_file_with_the_name_of_a_library(name, tmp_path, monkeypatch):
    settings = types.ModuleType(name)
    settings.__file__, settings.rate = str(tmp_path / f"{name}.py"), 1.0
    monkeypatch.setitem(sys.modules, name, settings)
    f = compile(lambda x: x * settings.rate)
    assert f(1.0) == 1.0
    settings.rate = 5.0
    assert f(1.0) == 5.0


def test_a_function_that_counts_in_its_own_attribute_runs_eagerly():
    w = Value(1.0)

    @compile
    def loss(x):
        loss.calls += 1
        return w * x * loss.temperature

    loss.temperature, loss.calls = 2.0, 0
    assert loss(1.0).data == 2.0
    with pytest.warns(RuntimeWarning, match="each call changes the variable loss.calls"):
        assert loss(1.0).data == 2.0
    loss.temperature = 5.0
    assert [loss(1.0).data, loss.function(1.0).data, loss.calls] == [5.0, 5.0, 4]


@pytest.mark.parametrize("module", [None, 3, property(lambda self: "a")])
def test_classes_and_functions_whose_module_is_no_name(module):
    cls = type("Odd", (), {"__module__": module, "rate": 1.0, "__slots__": ("w",)})
    thing = cls()
    thing.w = 1.0

    def helper(x):
        return x * thing.w * cls.rate * thing.rate

    helper.__module__ = module
    f = compile(lambda x: helper(x))
    assert f(3.0) == 3.0
    cls.rate, thing.w = 2.0, 3.0
    assert f(3.0) == 36.0


@pytest.mark.parametrize(
    ("thing", "read", "name"),
    [
        (itertools.count(1), next, "the variable thing, a count"),
        (iter([1.0, 2.0]), next, "the variable thing, a list_iterator"),
        ([(x for x in [1.0, 2.0])], lambda x: next(x[0]), r"the variable thing\[0\], a generator"),
        (random.SystemRandom(), lambda x: x.random(), "the variable thing, a SystemRandom"),
    ],
)
def test_what_each_call_moves_on_runs_eagerly_and_is_named(thing, read, name):
    f = compile(lambda x: x * read(thing))
    with pytest.warns(RuntimeWarning, match=f"it reads {name}, which may change unseen. Pass"):
        f(Value(1.0))
    assert f.recordings == 0
    assert f(Value(1.0)).parents


class Countdown:
    """An iterator that shows its state."""

    def __init__(self):
        self.left = 3

    def __next__(self):
        self.left -= 1
        return self.left


@pytest.mark.parametrize("thing", [Countdown(), io.StringIO("1.0")])
def test_iterators_that_no_call_moves_on_are_nothing_to_warn_of(thing):
    state = types.SimpleNamespace(w=1.0, thing=thing)
    f = compile(lambda x: x * state.w)
    assert [f(x) for x in (2.0, 3.0)] == [2.0, 3.0]
    assert f.recordings == 1


def test_an_iterator_that_shows_its_state_and_that_each_call_moves_on():
    numbers = Countdown()
    f = compile(lambda x: x * next(numbers))
    assert f(1.0) == 2.0
    with pytest.warns(RuntimeWarning, match=r"each call changes the variable numbers\.left"):
        assert f(1.0) == 1.0
    assert f(1.0) == 0.0


def test_an_object_that_makes_attributes_when_it_is_asked_for_them():
    """And whose class makes classes."""
    mock = unittest.mock.MagicMock()
    mock.rate = 1.0
    f = compile(lambda x: x * mock.rate)
    assert [f(x) for x in (1.0, 2.0)] == [1.0, 2.0]
    mock.rate = 5.0
    assert [f(x) for x in (1.0, 2.0)] == [5.0, 10.0]
    assert f.recordings == 2


def test_a_large_array_is_not_compared_at_each_call():
    large = np.ones(captured.LARGEST // 8 + 1)
    f = compile(lambda x: x * large[0])
    assert [f(x) for x in (1.0, 2.0)] == [1.0, 2.0]
    assert f.recordings == 1
    large.resize((1, large.size), refcheck=False)
    assert f(3.0)[0] == 3.0
    assert f.recordings == 2


def test_a_global_of_the_name_of_an_attribute_is_not_read():
    space = {"__name__": "a_script", "compile": compile, "Value": Value, "loss": None}
    exec(
        "class Model:\n"
        "    def __init__(self): self.w = Value(2.0)\n"
        "    def loss(self, x): return self.w * x\n"
        "model = Model()\n"
        "f = compile(lambda x: model.loss(x))\n"
        "for i in range(5): loss = f(1.0)\n",
        space,
    )
    assert space["f"].recordings == 1


def test_what_changes_before_each_call_makes_it_eager_with_a_warning():
    state = types.SimpleNamespace(time=0.0)
    f = compile(lambda x: x * state.time)
    for i in range(FREE_PER_SIGNATURE):
        state.time = float(i)
        assert f(2.0) == 2.0 * i
    state.time = 100.0
    with pytest.warns(RuntimeWarning, match="the variable state.time. Pass it as an argument"):
        assert f(2.0) == 200.0
    assert f.recordings == FREE_PER_SIGNATURE


def test_what_changes_now_and_then_stays_compiled():
    state = types.SimpleNamespace(rate=0.0)
    f = compile(lambda x: x * state.rate)
    for i in range(3 * FREE_PER_SIGNATURE):
        state.rate = float(i)
        assert [f(x) for x in (1.0, 2.0) * 4] == [i, 2.0 * i] * 4
    assert f.recordings == 3 * FREE_PER_SIGNATURE


def test_programs_share_what_they_compare_while_it_has_not_changed():
    model, log = types.SimpleNamespace(w=[Value(2.0)], double=False), [6.0]

    def scaled(xs):
        y = sum(xs) * model.w[0]
        if len(xs) == 1:
            ag.callback(log.__setitem__, 0, y)
        return y * 2 if model.double else y

    f = compile(scaled)
    for expected in (6.0, 12.0, 6.0):  # the third time by the first two programs
        for xs in ([1.0, 2.0], [1.0, 1.0, 1.0]):
            assert [f(xs).data for _ in range(2)] == [expected, expected]
        model.double = not model.double
    model.double = False
    programs = f.programs()
    assert f.recordings == len(programs) == 4
    assert len({id(program.captured) for program in programs}) == 2
    assert f([3.0]).data == 6.0  # without what it writes into
    assert len({id(program.captured) for program in f.programs()}) == 3


def test_ints_that_are_asked_for_at_each_call_make_it_eager_with_a_warning():
    f = compile(lambda x, step: sum([x, *[x for _ in range(step)]]))
    for i in range(FREE_PER_SIGNATURE + 2):
        assert f(1.0, i) == i + 1
    with pytest.warns(RuntimeWarning, match=r"it asks for each int of step(.|\n)*range\(step"):
        assert f(1.0, 100) == 101
    assert f(1.0, 101) == 102  # no further warning
    assert f(3.0, 0) == 3.0  # as recorded
    assert f.recordings <= FREE_PER_SIGNATURE + 1


class Holder:
    def __init__(self, w):
        self.w = w

    def __eq__(self, other):
        return isinstance(other, Holder)

    def __hash__(self):
        return 0


def test_calls_that_fail_are_no_recordings():
    w = Value(2.0)

    @compile
    def root(x):
        if x < 0:
            raise ValueError("below 0")
        return w * x

    for _ in range(FREE_IN_ALL + 1):
        with pytest.raises(ValueError, match="below 0"):
            root(-1.0)
    assert [root(x).data for x in (1.0, 2.0)] == [2.0, 4.0]
    assert root.recordings == 1


def test_equal_arguments_are_not_the_same():
    f = compile(lambda holder, x: holder.w * x)
    assert [f(Holder(Value(w)), 1.0).data for w in (1.0, 5.0)] == [1.0, 5.0]


@pytest.mark.parametrize(
    ("thing", "read", "change"),
    [
        (Config(), lambda c: c.w, lambda c: setattr(c, "w", 5.0)),
        (Slotted(), lambda c: c.w, lambda c: setattr(c, "w", 5.0)),
        (collections.OrderedDict(a=1.0), lambda d: d["a"], lambda d: d.update(a=5.0)),
        (collections.deque([1.0]), lambda d: d[0], lambda d: d.appendleft(5.0)),
        (ValueError(1.0), lambda e: e.args[0], lambda e: setattr(e, "args", (5.0,))),
        (
            np.ones(1, [("w", float)])[0],
            lambda row: float(row["w"]),
            lambda row: row.__setitem__("w", 5.0),
        ),
    ],
)
def test_an_argument_that_is_no_plain_container_is_looked_into(thing, read, change):
    f = compile(lambda x, thing: x * read(thing))
    assert f(3.0, thing) == 3.0
    change(thing)
    assert f(3.0, thing) == 15.0


def test_a_callback_may_write_into_a_list():
    seen = []

    def f(x):
        if x > 2:
            return x * 3
        ag.callback(seen.append, x)
        return x * 2

    compiled = compile(f)
    assert [compiled(x) for x in (1.0, 3.0, 2.0, 4.0, 0.0)] == [2.0, 9.0, 4.0, 12.0, 0.0]
    assert seen == [1.0, 2.0, 0.0]
    assert compiled.recordings == 2


def test_values_that_were_made_elsewhere_are_not_frozen():
    import copy
    from concurrent.futures import ThreadPoolExecutor

    def copies(x):
        return copy.copy(x) * 2

    def threads(x):
        with ThreadPoolExecutor(1) as pool:
            return ag.sum(list(pool.map(lambda y: y * 2, [x])))

    for function in (copies, threads):
        compiled = compile(function)
        with pytest.warns(RuntimeWarning, match="Values to which neither its arguments nor"):
            assert compiled(Value(1.0)).data == 2.0
        assert compiled(Value(2.0)).data == 4.0


@pytest.mark.parametrize("read", [lambda w: (w * w).partials[0], lambda w: float(f"{w:.1f}")])
def test_what_is_read_of_a_value_besides_its_number(read):
    w = Value(2.0)
    f = compile(lambda x: x * read(w))
    with pytest.warns(RuntimeWarning, match=r"would repeat for ever:(.|\n)*\nDo it outside"):
        f(Value(1.0))
    w.grad = w.data = 5.0
    x = Value(1.0)
    assert f(x).data == (x * read(w)).data


@pytest.mark.parametrize("read", [str, lambda x: getattr(x, "grad", None)])
def test_what_is_read_of_an_argument_besides_its_number(read):
    f, x = compile(lambda x: (x * 2, read(x))), Value(2.0)
    x.grad = 3.0
    with pytest.warns(RuntimeWarning, match="which a recording would repeat|of a Value that it is"):
        assert f(x)[1] == read(x)
    assert [f(x)[1] for x in (1.0, 2.0, 1.0)] == [read(x) for x in (1.0, 2.0, 1.0)]


def test_an_index_that_is_computed_is_no_argument():
    table = [Value(1.0), Value(2.0)]
    f = compile(lambda i: take(table, i - 1))
    assert [f(np.int64(i)).data for i in (1, 2, 1, 2)] == [1.0, 2.0, 1.0, 2.0]
    assert f.recordings == 2  # as it is read


def test_defaults_that_are_replaced():
    def helper(x, rate=2.0):
        return x * rate

    f = compile(lambda x: helper(x))
    for rate in (2.0, 3.0):
        helper.__defaults__ = (rate,)
        assert [f(1.0), f(2.0)] == [rate, 2 * rate]
    assert f.recordings == 2


def test_defaults_by_keyword_that_are_replaced():
    def helper(x, *, rate=2.0):
        return x * rate

    f = compile(lambda x: helper(x))
    for rate in (2.0, 3.0):
        helper.__kwdefaults__ = {"rate": rate}
        assert [f(1.0), f(2.0)] == [rate, 2 * rate]
    assert f.recordings == 2


@pytest.mark.parametrize("base", [float, tuple, frozenset])
def test_attributes_of_what_does_not_change_otherwise(base):
    thing = type("Thing", (base,), {})()
    f = compile(lambda x: x * thing.rate)
    for rate in (2.0, 3.0):
        thing.rate = rate
        assert [f(1.0), f(2.0)] == [rate, 2 * rate]
    assert f.recordings == 2


def test_the_keys_of_a_dict_are_read():
    key, value = Plain(), Value(2.0)
    held = {key: 1.0, value: 1.0}
    f = compile(lambda x: x * sum(k.w if isinstance(k, Plain) else k for k in held))
    for rate in (2.0, 3.0):
        key.w = rate
        assert [f(1.0).data, f(2.0).data] == [2 + rate, 2 * (2 + rate)]
    assert f.recordings == 2


def test_the_values_in_a_set_are_read():
    values, f = {Value(1.0), Value(2.0)}, compile(lambda values, x: sum(values) * x)
    assert [f(values, x).data for x in (1.0, 2.0)] == [3.0, 6.0]
    values.add(Value(4.0))
    assert [f(values, x).data for x in (1.0, 2.0)] == [7.0, 14.0]
    assert f.recordings == 2


def test_a_list_that_each_call_changes_has_a_name():
    calls = []
    f = compile(lambda x: calls.append(x.data) or x * 2)
    f(Value(1.0))
    with pytest.warns(RuntimeWarning, match=r"each call changes the variable calls\[1\]"):
        f(Value(1.0))
