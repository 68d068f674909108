"""Random programs in Python: a function, what it reads, and calls of it with changes in between.

A program is the source of a module. Its top level is run statement by statement; each statement
that is a call of `f` is a call whose outcome counts. What a program may consist of stands in
tables of templates, in which `<num>` stands for an expression of that kind, `<num:1>` for the same
one wherever it stands, `<k>` and `<ks>` for the kind in question and lists of it, `<new num>` for a
new name, `<old num>` for one that may be assigned to, and `<block>` for statements.
"""

from __future__ import annotations

import random
import re

PREAMBLE = """\
import functools
import math
import numpy as np
import autograd_lite as al
from autograd_lite import Value
"""

STATE = """\
w = Value(0.5)
v = Value(-1.5)
ps = [Value(1.0), Value(-0.25), Value(2.0)]
rate = 2.0
count = 2
flag = True
mode = "a"
offsets = [0.5, -1.0, 2.0]
sizes = (1, 2, 0)
table = {"a": 1.5, "b": -0.5}
weights = {"a": Value(0.75), "b": Value(-2.0)}
grid = np.array([0.5, -1.0, 2.0])
log = []

class Source:
    level = 0.5

    def draw(self):
        return self.level

class Base:
    scale = 1.5

    @property
    def twice(self):
        return self.a * 2

    def __getattr__(self, name):
        if name == "late":
            return self.n + 0.5
        raise AttributeError(name)

class Box(Base):
    bias = -0.5

    def __init__(self, a, p):
        self.a, self.p, self.n, self.on, self.items = a, p, 2, False, [1.0, a]

    def method(self, x):
        return x * self.a + self.scale

    @classmethod
    def shifted(cls, x):
        return x + cls.bias

    @staticmethod
    def squared(x):
        return x * x

    def __call__(self, x):
        return self.p * x

class Slim:
    __slots__ = ("a", "n", "p")

    def __init__(self, a, p):
        self.a, self.p, self.n = a, p, 1

class Row:
    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]

    def __contains__(self, x):
        return x in self.items

def combined(x, y=0.5):
    return x * y + rate

def noise():
    return source.level

source = Source()
box = Box(1.5, Value(0.25))
slim = Slim(-0.5, Value(3.0))
row = Row(1.0, rate, -0.5)
part = functools.partial(Box.squared)
"""
"""What programs read; it may change between the calls."""

FLOATS = ["0.0", "0.5", "1.0", "-1.0", "2.0", "-1.5", "0.25", "3.0", "-0.5", "4.0"]  # exact sums
ODD = ["-0.0", "float('nan')", "float('inf')", "0.1", "-0.3", "1e-3", "100.0", "1e200"]

LEAVES = {
    "float": "rate | table['a'] | box.a | slim.a | offsets[1] | box.bias | Box.scale | row[1]",
    "value": "w | v | ps[0] | box.p | slim.p | weights['b']",
    "int": "count | box.n | slim.n | len(offsets) | sizes[1] | 0 | 1 | 2 | 3",
    "bool": "flag | box.on | mode == 'a' | hasattr(box, 'extra') | 'c' in table",
    "floats": "offsets | box.items | list(table.values()) | list(row)",
    "values": "ps | list(weights.values())",
    "array": "grid",
    "str": "mode | 'a' | 'b'",
}

# Of floats alone or with Values, so that each is an operation of both.
ARITHMETIC = """
(<k> + <k>) | (<k> - <k>) | (<k> * <k>) | (<k> / <k>) | (<k> / (abs(<k>) + 1.0)) | -<k> | abs(<k>)
(<k> + <k>) | (<k> * <k>) | <k> ** 2 | <k> ** (<int> % 4) | (<k> % 2.0) | (<k> // 0.5)
(<k> % <const>) | al.tanh(<k>) | al.sin(<k>) | al.relu(<k>) | al.sigmoid(<k>) | al.atan(<k>)
al.sign(<k>) | al.floor(<k>) | al.square(<k>) | al.maximum(<k>, <k>) | al.minimum(<k>, <k>)
al.clip(<k>, -1.0, 1.5) | (<k> if <bool> else <k>) | al.where(<bool>, <k>, <k>) | (<bool>) * <k>
al.where(<k> > <k>, <k>, <k>) | (<k> + <int>) | (<k> * <int>) | (<k> - (<bool>)) | max(<k>, <k>)
min(<k>, <k>, 1.0) | (<k> > <k>) * <k> | (<int> - <k>) | (<int> / (<k> + 0.5)) | 2.0 ** <k>
box.method(<k>) | Box.squared(<k>) | box.shifted(<k>) | part(<k>) | sum(<ks>) | al.sum(<ks>)
al.mean(<ks>) | max(<ks>) | min(<ks>) | al.largest(<ks>) | <ks>[-1] | <ks:1>[<int> % len(<ks:1>)]
al.take(<ks:1>, <int> % len(<ks:1>)) | sorted(<ks>)[0] | al.dot(<ks:1>, <ks:1>)
sum(x * x for x in <ks>) | al.norm(<ks>) | math.prod(<ks>)
functools.reduce(lambda a, b: a * b + 1.0, <ks>) | sum([x for x in <ks> if x > <float>])
max(<ks>, key=lambda x: -abs(x)) | sum(x * y for x, y in zip(<ks>, <ks>))
al.mean([x > <float> for x in <ks>]) | al.where(<k> == <const>, <k>, <k>) | al.sum([<bool>, <k>])
"""

LISTS = """
[<k>, <k>] | [x * <float> for x in <ks>] | ([x for x in <ks> if x > <float>] + [<k>]) | <ks>[::-1]
(<ks>[1:] + [<k>]) | sorted(<ks>) | (<ks> + <ks>) | ([<k>] * (<int> % 5) + <ks>)
[abs(x) for x in <ks>] | [x + y for x, y in zip(<ks>, <ks>)] | [x - i for i, x in enumerate(<ks>)]
list(reversed(<ks>)) | ([<k> for _ in range(<int> % 6)] + <ks>) | sorted(<ks>, reverse=<bool>)
list(map(Box.squared, <ks>)) | [<ks:1>[i] for i in range(len(<ks:1>)) if i != <int>]
[x if x > <k> else -x for x in <ks>] | [al.relu(x) for x in <ks>]
sorted(<ks>, key=lambda x: abs(x)) | [*<ks>, <k>] | <ks>[<int>:]
[x for x in <ks> for _ in range(<int> % 3)] | [al.where(x > <k>, x, 0.0) for x in <ks>]
"""

EXPRESSIONS = {
    "num": "<float> | <value> | <float> | <value> | <helper>(<num>) | <helper>(<num>, y=<num>)",
    "value": """
        (<value> + <num>) | (<value> * <num>) | (<value> - <num>) | al.tanh(<value>)
        al.sin(<value>) | al.sum(<values>) | box(<num>) | al.softmax(<values>)[0]
        al.logsumexp(<values>) | <value>.exp()
    """,
    "float": """
        <array>.sum() | <array>[0] | <array>.mean() | <array>.max() | (<array:1> @ <array:1>)
        np.sum(<array>) | float(<array>[-1]) | (<array> > 0).sum()
        <array:1>[<int> % len(<array:1>)] | <array:1>[<array:1> > <const>].sum()
        np.abs(<array>).max() | <array>[0].item() | <value>.data | round(<float>, 1)
        float(round(<float>)) | math.sin(<float>) | float(<float>) | math.sqrt(abs(<float>))
        divmod(<float>, 1.5)[1] | math.floor(<float>) | float(int(<float>))
        table.get(<str>, <float>) | {1.0: 0.5, 2.0: <float>}.get(<float>, -1.0) | (<float>).real
        math.copysign(1.0, <float>) | float(format(<float>, '.1f')) | math.hypot(<float>, 1.0)
        float(<bool>) | min(max(<float>, -2.0), 2.0) | float(str(<float>)) | <float> ** -1
        <float> ** 0.5 | next((x for x in <floats> if x > <float>), 0.5) | pow(<float>, <int> % 5)
        math.fsum(<floats>) | getattr(box, 'extra', <float>) | box.late
        <int> / (<int> * <int> + 1) | np.float64(<float>) / 2
        sorted({<float>, <float>}, key=repr)[0] | float.fromhex((<float>).hex())
        (<float>).as_integer_ratio()[0] | al.exp(-abs(<float>))
        sum(sizes) * <float> | complex(<float>, 1.0).real | <int> * 0.5
    """,
    "int": """
        (<int> + 1) | (<int> - 1) | (<int> % 2) | (<int> // 2) | len(<floats>) | int(<float>)
        -<int> | <floats>.count(<float>) | <floats:1>.index(<floats:1>[0])
        sum(x > <float> for x in <floats>) | (<bool>) + 1 | len(set(<floats>))
        math.floor(<float>) | (<int> * 2) | max(<int>, <int>) | int(<bool>) | round(<float>)
        len(<nums>) | (<int> if <bool> else 0) | (<int> & 1) | abs(<int>) | int(np.argmax(<array>))
        sum(range(<int> % 6)) | min(<int>, 3) | sizes[<int> % 3] | ~<int> | (<int> ^ 1)
        (<int> << 1) % 7 | divmod(<int>, 2)[1] | (<int> > <int>) + (<float> < <float>)
        len({<float>, <float>, <int>}) | [x > <float> for x in <floats>].count(True)
        bool(<int>) + 0 | sum([<bool>, <bool>]) | int(np.sum(<array> > <float>))
        (<int>).bit_length() | len(range(<int> % 6))
    """,
    "bool": """
        <num> < <num> | <num> >= <num> | <float> <= <float> | <num> > <const> | <float> == <float>
        <float> != <float> | <num> == <const> | <num> != <const> | <float> in <floats>
        not (<bool>) | <float> not in (0.0, 1.0, 2.0) | (<bool> and <bool>) | (<bool> or <bool>)
        <int> == <int> | <float> < <float> < 2.0 | <int> % 2 == 0 | <int> > 2 | <int> <= <int>
        isinstance(<float>, float) | math.isnan(<float>) | float(<float>).is_integer()
        bool(<num>) | any(x > <num> for x in <floats>) | all(x > <float> for x in <nums>)
        len(<floats>) > <int> | <str> == 'a' | {<float>, 1.0} == {1.0} | ((<bool>) == (<bool>))
        format(<float>, '.1f') == '0.5' | al.isfinite(<num>) | <int> in sizes
        <float> in table.values() | bool(<array>.any()) | <floats> == <floats>
        (<float>, 1) < (<float>, 2) | isinstance(<int>, int) | bool((<bool>) & (<bool>))
        bool((<bool>)|(<bool>)) | <float> is None | str(<float>).startswith('-')
        ((<bool>) ^ (<bool>)) | (<bool>) + (<bool>) > 1 | <float> in row | <float> == <int>
        <value> == <value> | <value> in <values> | isinstance(<float>, (int, float))
        (<num> > <num>) & (<num> < <num>) | (<float>).is_integer()
        bool(np.all(<array> > <float>)) | isinstance(<bool>, bool) | <value> is w
        max(<floats>) == <float> | <float> > <float> > <float>
    """,
    "str": """
        ('a' if <bool> else 'b') | format(<float>, '.2f') | 'ab'[<int> % 2] | str(<int>)
        repr(<float>) | 'ab'[<bool>] | ','.join(map(str, <floats>)) | '%.1f' % <float>
        '{:g}'.format(<float>) | str(<bool>)
    """,
    "nums": "<floats> | <values>" + LISTS,
    "values": "[<value>, *<values>] | [<value>] | al.softmax(<values>) | <values>[::-1]",
    "floats": "<array>.tolist() | list(dict.fromkeys(<floats>)) | [x for x in <array>]" + LISTS,
    "array": """
        (<array> * <float>) | (<array> + <float>) | (<array:1> - <array:1>[0]) | np.array(<floats>)
        <array>[::-1] | np.maximum(<array>, <float>)
        np.where(<array:1> > <float>, <array:1>, 0.0) | np.sort(<array>) | np.cumsum(<array>)
        <array>.copy() | abs(<array>) | (<array> / 2) | np.concatenate([<array>, [<float>]])
        (<array> ** 2) | np.array([<float>, <float>]) | <array>[1:] | np.round(<array>)
        <array>.astype(float) | np.clip(<array>, -1.0, <const>)
    """,
}
EXPRESSIONS["num"] += ARITHMETIC
EXPRESSIONS["float"] += ARITHMETIC
SIMPLE = """
<new num> = <num>

<new num> = <num>

<new num> = <num>

<new float> = <float>

<new float> = <float>

<new int> = <int>

<new bool> = <bool>

<new floats> = <floats>

<new nums> = <nums>

<new array> = <array>

<old num> += <num>

<old num> = <num>

<old float> *= <float>

<old float> = <float>

<old int> -= <int>

<old bool> = <bool>

<new floats:1> = list(<floats>)
<floats:1>.append(<float>)

<new nums:1> = list(<nums>)
<nums:1>[<int> % len(<nums:1>)] = <num>
<nums:1>.sort()

<new floats:1> = [*<floats>]
<floats:1>.remove(<floats:1>[-1])
<floats:1>.insert(0, <float>)
<floats:1>.extend(<floats>)

<new array:1> = <array>.copy()
<array:1>[0] = <float>

<name:1> = Box(<float>, <value>)
<name:1>.a = <float>
<new num> = <name:1>.method(<num>) + <name:1>.twice

<name:1> = {<float>: <num>, <int>: <num>, <str>: <num>}
<new num> = <name:1>.get(<float>, <num>) + len(<name:1>)

<name:1> = {'a': <num>}
<name:1>[<str>] = <num>
<name:1>.setdefault(<float>, <num>)
<new num> = sum(<name:1>.values())

al.callback(log.append, <num>)

<new float> = al.sample(source.draw)

<new float> = al.sample(noise)

<new value> = <value>.detach()

<new num> = (lambda x, y=<num>: x * y + <float>)(<num>)

<new float>, <new float> = <float>, <float>

<new floats> = sorted([(<float>, 1), (<float>, 2)])[0]

(<new float>, *<new floats>) = [<float>, *<floats>]

print(end='')

assert <int> < 1000, 'too large'
"""

COMPOUND = """
if <bool>:
    <block>

if <bool>:
    <block>

if <bool>:
    <block>
else:
    <block>

if <bool>:
    <block>
elif <bool>:
    <block>
else:
    <block>

<new num:1> = 0
for <new num> in <nums>:
    <block>
    <num:1> = <num:1> + <num>

<new float:1> = 1.0
for <new float> in <floats>:
    <block>
    <float:1> = <float:1> * 0.5 + <float>

<new num:1> = 0.0
for <new int> in range(<int> % 6):
    <block>
    <num:1> += <num>

<new num:1> = 0.0
for <new int>, <new num> in enumerate(<nums>):
    if <bool>:
        continue
    <block>
    <num:1> -= <num>

<new float:1> = 1.0
for <new float>, <new float> in zip(<floats>, <floats>):
    <block>
    if <bool>:
        break
    <float:1> = <float:1> - <float>
else:
    <float:1> = <float>

<new float:1> = 0.0
for <new float> in <array>:
    <float:1> += <float>

<new float:1>, <new float:2>, <new int:3> = 1.0, abs(<float:4>) + 2.0, 0
while <float:2> != <float:1> and <int:3> < 80:
    <float:1> = <float:2>
    <float:2> = (<float:1> + 4.0 / <float:1>) / 2
    <int:3> += 1

<new float:1>, <new int:3> = abs(<float>) + 1.0, 0
while <float:1> > 0.3 and <int:3> < 20:
    <float:1> /= 2
    <block>
    <int:3> += 1

while True:
    <block>
    break

def <name:1>(<inner num>, y=<float>):
    if <bool>:
        return <num>
    return <num> + y
<new num> = <name:1>(<num>) + <name:1>(<num>, <float>)

def <name:1>(<inner num>):
    return <num>
<new nums> = [<name:1>(x) for x in <nums>]

<name:2> = 0
def <name:1>(<inner num>):
    nonlocal <name:2>
    <name:2> += <int>
    return <num> * <name:2>
<new num> = <name:1>(<num>) + <name:1>(<num>)

def <name:1>(<inner int:2>):
    return <float> if <int:2> <= 0 else <name:1>(<int:2> - 1) * 0.5 + <float>
<new float> = <name:1>(<int> % 4)

def <name:1>(<inner nums:2>):
    for x in <nums:2>:
        if x > <float>:
            yield x
        yield <num>
<new nums> = list(<name:1>(<nums>))

class <name:1>(Box):
    bias = <float>
    def method(self, x):
        return x - <float>
<new num> = <name:1>(<float>, <value>).method(<num>) + <name:1>.shifted(<num>)

try:
    <block>
    <risk>
except (ValueError, ArithmeticError, LookupError):
    <block>

try:
    <risk>
    <block>
except (NameError, AttributeError, TypeError, ValueError, ArithmeticError, LookupError):
    <block>
else:
    <block>

try:
    <risk>
except Exception as error:
    return str(error), <num>
finally:
    <block>

if <bool>:
    raise ValueError(format(<float>, '.3f'))

if <bool>:
    raise KeyError('refused')

if <bool>:
    return <num>

if <bool>:
    return [<float>, <num>]

with al.no_grad():
    <new num> = <num>

if (<new num> := <num>) > <num>:
    <block>
"""

RISKS = """
<float> / <float> | <floats>.index(<float>) | table[<str>] | missing | math.sqrt(<float>)
box.extra | math.log(<float>) | int(<float>) | <floats>[<int>] | <int> // <int> | <float> % <float>
box.a.missing | {1.0: 1, <float>: 2}[<float>] | [].pop() | al.take(<nums>, <int>) | int(<str>)
math.acos(<float>) | math.exp(<float> * 1000) | <float> ** -1 | round(<float> / <float>)
max(<floats>[<int>:])
"""

RESULTS = """
<any> | <any> | <any> | [<any>, <any>] | (<any>, <any>) | {'loss': <any>, 'n': <any>} | <nums>
<floats> | <array> | None | (<any>, <nums>) | [[<any>], {}] | (<sum>) | (<sum>) | [<sum>, <any>]
{'a': [<sum>]}
"""
ANY = ["num"] * 4 + ["value"] * 2 + ["float"] * 2 + ["int", "bool", "str"]

CHANGES = """
rate = {x} | count = {n} | flag = not flag | mode = 'b' if mode == 'a' else 'a' | offsets[1] = {x}
offsets.append({x}) | offsets = offsets[1:] + [1.0] | table['a'] = {x} | table['c'] = {x} | v = w
table.pop('c', None) | box.a = {x} | box.n = {n} | box.on = not box.on | box.items[0] = {x}
box.items.append({x}) | slim.a = {x} | slim.n = {n} | Box.bias = {x} | Base.scale = {x}
w.data = {x} | box.p.data = {x} | ps[1].data = {x} | w = Value({x}) | ps[0] = Value({x})
ps.append(Value({x})) | weights['b'] = Value({x}) | box = Box({x}, Value(0.5))
slim.p = Value({x}) | grid[0] = {x} | grid = np.array([1.0, {x}]) | missing = {x} | box.extra = {x}
del box.extra | Box.scale = {x} | Box.method = lambda self, x: x - self.a
Box.squared = staticmethod(lambda x: x * 2) | box.p = w
Base.twice = property(lambda self: self.a) | h1 = lambda x, y=0.5: x - y | h1.__defaults__ = ({x},)
set_c({x}) | set_q(Value({x})) | box.method = lambda x: x + 1.0 | box.__dict__['a'] = {x}
vars(box).update(n={n}) | offsets.sort() | ps.reverse() | table = {'a': {x}, 'b': 0.5, 'c': 1.0}
source.level = {x} | Source.level = {x} | row.items = (1.0, {x}, 2.0) | sizes = ({n}, 1, 0)
del missing | part = functools.partial(box.method) | Row.__contains__ = lambda self, x: x > {x}
box.__class__ = type('Cut', (Box,), {}) | Base.__getattr__ = lambda self, name: {x}
h0 = Box.squared | Box.__call__ = lambda self, x: x | source.draw = lambda: {x}
math = __import__('math') | h0.scale = {x} | abs = math.fabs | del abs
"""


def _parts(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [part for line in lines for part in line.split(" | ")]


TEXTS = {**EXPRESSIONS, "risk": RISKS, "result": RESULTS, "change": CHANGES}
ALTERNATIVES = {kind: _parts(text) for kind, text in TEXTS.items()}
STATEMENTS, COMPOUND_STATEMENTS = (text.strip().split("\n\n") for text in (SIMPLE, COMPOUND))

PARAMETERS = {
    "x": "float", "u": "value", "z": "num", "n": "int", "on": "bool", "xs": "floats", "us": "nums",
    "a": "array", "s": "str", "k": "index", "d": "dict", "b": "box", "ks": "ints", "m": "mask",
    "pair": "pair",
}  # fmt: skip
"""What each parameter of `f` is given."""

NAMES = {
    "index": {"int": ["k"]},
    "dict": {"float": ["d['a']", "d['b']"], "floats": ["list(d.values())"]},
    "box": {"float": ["b.a", "b.method(0.5)", "b.twice"], "value": ["b.p"], "int": ["b.n"]},
    "ints": {"int": ["ks[0]", "len(ks)", "sum(ks)"]},
    "mask": {"bool": ["m[0]", "any(m)", "m[-1]"], "int": ["sum(m)"]},
    "pair": {"float": ["pair[0]"], "int": ["pair[1]"]},
}
"""How the others may be read."""

OLD = re.compile(r"<old (\w+)>")
PLACE = re.compile(r"<(?:(new|old|inner) )?(\w+)(?::(\d))?>")


class Writer:
    """Writes a program.

    names   {kind: the local names of that kind}
    random  draws all that is random
    lines   the lines so far
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.helpers: list[str] = []
        self._indent = self._used = 0
        self._coming: list[tuple[str, str]] = []

    def write(self, line: str) -> None:
        self.lines.append("    " * self._indent + line)
        for kind, name in self._coming:
            self.names.setdefault(kind, []).append(name)
        self._coming = []

    def known(self, kind: str) -> list[str]:
        kinds = {"num": ("float", "value", "num"), "nums": ("floats", "values", "nums")}
        return [name for k in kinds.get(kind, (kind,)) for name in self.names.get(k, ())]

    def of(self, kind: str, depth: int) -> str:
        """An expression of this kind."""
        if kind == "const":
            return self.random.choice(FLOATS)
        if kind == "any":
            return self.of(self.random.choice(ANY), depth)
        if kind == "sum":
            numbers = self.known("num") or FLOATS
            return " + ".join(self.random.sample(numbers, min(3, len(numbers))))
        if depth <= 0 or self.random.random() < 0.15:
            return self._leaf(kind)
        return self.filled(
            self.random.choice(ALTERNATIVES[kind]), depth - 1, kind.removesuffix("s")
        )

    def _leaf(self, kind: str) -> str:
        known = self.known(kind)
        if known and self.random.random() < 0.75:
            return self.random.choice(known)
        kinds = {"num": ("float", "value"), "nums": ("floats", "values")}
        kind = self.random.choice(kinds.get(kind, (kind,)))
        if kind == "float" and self.random.random() < 0.5:
            return self.random.choice(FLOATS)
        return self.random.choice(LEAVES[kind].split(" | "))

    def _assignable(self, kind: str) -> list[str]:
        names = [name for name in self.names.get(kind, ()) if name.isidentifier()]
        return [name for name in names if name not in ("c", "q")]  # of another function

    def filled(self, template: str, depth: int, k: str = "num", kept: dict | None = None) -> str:
        """The template with something in each of its places.

        kept  {number of a place: what stands there}
        """
        kept = {} if kept is None else kept

        def fill(place: re.Match[str]) -> str:
            how, kind, number = place.groups()
            if number and number in kept:
                return kept[number]
            kind = {"k": k, "ks": k + "s"}.get(kind, kind)
            if how in ("new", "inner") or kind == "name":
                self._used += 1
                text = f"{kind[0]}{self._used}"
                if how:
                    self._coming.append((kind, text))
            elif how == "old":
                text = self.random.choice(self._assignable(kind))
            elif kind == "helper":
                text = self.random.choice(self.helpers or ["combined"])
            elif kind == "risk":
                text = self.filled(self.random.choice(ALTERNATIVES["risk"]), 1)
            else:
                text = self.of(kind, depth)
            if number:
                kept[number] = text
            return text

        return PLACE.sub(fill, template)

    def statement(self, depth: int) -> None:
        """A statement; compound ones up to this depth."""
        text = self.random.choice(STATEMENTS)
        if depth > 0 and self.random.random() < 0.45:
            text = self.random.choice(COMPOUND_STATEMENTS)
        if (old := OLD.search(text)) and not self._assignable(old[1]):
            text = f"<new {old[1]}> = <{old[1]}>"
        kept: dict[str, str] = {}
        known = {kind: list(names) for kind, names in self.names.items()}
        outer, level = self._indent, 0
        made: list[tuple[str, str]] = []
        for line in text.splitlines():
            before, level = level, (len(line) - len(line.lstrip())) // 4
            self._indent = outer + level
            if level < before:  # what a block made is not known behind it
                self.names = {kind: list(names) for kind, names in known.items()}
                for kind, name in made:
                    self.names.setdefault(kind, []).append(name)
            if line.strip() == "<block>":
                self.block(self.random.randint(1, 2), depth - 1)
                continue
            filled = self.filled(line.strip(), 2, kept=kept)
            if level == 0 and not filled.endswith(":"):
                made += self._coming
            self.write(filled)
        self._indent = outer
        self.names = known
        for kind, name in made:
            self.names.setdefault(kind, []).append(name)

    def block(self, n: int, depth: int) -> None:
        """n statements; names made there are not known afterwards."""
        known = {kind: list(names) for kind, names in self.names.items()}
        for _ in range(n):
            self.statement(depth)
        self.names = known

    def body(self, statements: int, indent: int) -> None:
        """The body of a function that gives a result."""
        self._indent = indent
        for _ in range(statements):
            self.statement(2)
        self.write("return " + self.filled(self.random.choice(ALTERNATIVES["result"]), 2))
        self._indent = 0

    def helper(self, name: str) -> None:
        """A function of numbers, of those that f calls."""
        self.names = {"num": ["x", "y"]}
        self.write(f"def {name}(x, y={self.random.choice(['rate', '1.5', 'w', '0.5'])}):")
        self._indent = 1
        for _ in range(self.random.randrange(3)):
            self.statement(1)
        self.write(f"return {self.of('num', 2)}")
        self._indent = 0
        self.helpers.append(name)


class Calls:
    """Writes calls of `f`, and changes of what it reads.

    parameters  those of `f`
    batched     those of which it is given one for each sample of a batch
    """

    def __init__(self, rng: random.Random, parameters: list[str], batched: list[str]) -> None:
        self._random, self._batched, self._n = rng, batched, rng.randint(1, 4)
        self._numbers = rng.sample(FLOATS, rng.randint(2, 5))  # so that some come again
        self._lengths = {name: rng.randrange(1, 5) for name in parameters}
        self._of_values = {name: rng.random() < 0.5 for name in parameters}
        self._given = {name: self._argument(name) for name in parameters}

    def call(self) -> str:
        """A call like the one before, with some of the arguments others."""
        if self._random.random() < 0.1:
            self._n = self._random.randint(1, 4)
            self._given |= {name: self._argument(name) for name in self._batched}
        for name in self._given:
            if self._random.random() < 0.6:
                self._given[name] = self._argument(name)
        parts, positional = [], True
        for name, text in self._given.items():
            positional = positional and (self._random.random() > 0.05 or bool(self._batched))
            parts.append(text if positional else f"{name}={text}")
        return f"f({', '.join(parts)})"

    def change(self) -> str:
        """A statement that changes what the function may read."""
        text = self._random.choice(ALTERNATIVES["change"])
        return text.replace("{x}", self._number()).replace("{n}", str(self._random.randrange(4)))

    def _number(self) -> str:
        return self._random.choice(ODD if self._random.random() < 0.08 else self._numbers)

    def _argument(self, name: str) -> str:
        rare = self._random.random()
        if rare < 0.04:
            self._lengths[name] = self._random.randrange(5)
            self._of_values[name] = self._random.random() < 0.5
        if name not in self._batched:
            return self._sample(name, rare)
        samples = ", ".join(self._sample(name, 0.5) for _ in range(self._n))
        return f"np.array([{samples}])" if "np." in samples else f"[{samples}]"

    def _sample(self, name: str, rare: float) -> str:
        kind, rng = PARAMETERS[name], self._random
        n, number = self._lengths[name], self._number()
        numbers = [self._number() for _ in range(n)]
        if kind == "nums" and self._of_values[name]:
            numbers = [f"Value({x})" for x in numbers]
        if kind == "ints":
            numbers = [str(rng.randrange(4)) for _ in range(n)]
        if kind == "mask":
            numbers = [rng.choice(["True", "False"]) for _ in range(max(n, 1))]
        if kind == "num":
            kind = "value" if self._of_values[name] else "float"
        array = f"[{', '.join(numbers)}]"
        if kind == "array" or (kind == "mask" and self._of_values[name]):
            array = f"np.array({array})"
        other = str(rng.randrange(-1, 4)) if rare > 0.94 else number
        return {
            "float": f"np.float64({number})" if 0.9 < rare < 0.94 else other,
            "value": f"Value({number})" if rare < 0.95 else "w",
            "int": str(rng.randrange(-1, 4)),
            "bool": rng.choice(["True", "False"]),
            "str": rng.choice(["'a'", "'b'", "'c'"]),
            "index": f"np.int64({rng.randrange(3)})",
            "dict": f"{{'a': {number}, 'b': {self._number()}}}",
            "box": "box" if rare < 0.6 else f"Box({number}, Value({self._number()}))",
            "pair": f"({number}, {rng.randrange(4)})",
        }.get(kind, array)


WITHOUT_AXES = {"s", "d", "b", "pair"}
"""Parameters that all samples of a batch share."""


def program(seed: int) -> str:
    """The source of a random program; with `axes` among its names, it is for `vmap`."""
    writer = Writer(seed)
    rng = writer.random
    for i in range(rng.randrange(3)):
        writer.helper(f"h{i}")
    names = rng.sample(list(PARAMETERS), rng.randint(1, 4))
    batched: list[str] = []
    if rng.random() < 0.2:
        batched = [name for name in names if name not in WITHOUT_AXES and rng.random() < 0.8]
    if batched:
        axes = ["0" if name in batched else "None" for name in names]
        writer.write(f"axes = ({', '.join(axes)},)")
    writer.names = {}
    for name in names:
        kind = PARAMETERS[name]
        for k, known in NAMES.get(kind, {kind: [name]}).items():
            writer.names.setdefault(k, []).extend(known)
    closed = rng.random() < 0.5
    if closed:
        writer.names.setdefault("float", []).append("c")
        writer.names.setdefault("value", []).append("q")
        writer.write("def make(c, q):")
        writer.write(f"    def f({', '.join(names)}):")
        writer.body(rng.randint(1, 5), 2)
        for name in ("c", "q"):
            writer.write(f"    def set_{name}(new):\n        nonlocal {name}\n        {name} = new")
        writer.write("    return f, set_c, set_q")
        writer.write("f, set_c, set_q = make(0.5, Value(1.25))")
    else:
        writer.write(f"def f({', '.join(names)}):")
        writer.body(rng.randint(1, 5), 1)
    draws = any("sample(" in line for line in writer.lines)
    calls = Calls(rng, names, batched)
    writer.write(calls.call())
    for _ in range(rng.randint(3, 10)):
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            writer.write(calls.change())
        if draws:
            writer.write(f"source.level = {rng.choice(FLOATS)}")
        writer.write(calls.call())
    return "\n".join([PREAMBLE, STATE, *writer.lines, ""])
