"""Random training programs: state, whole steps that are compiled, calls, and changes in between.

A program is the source of a module in which `compiled` compiles a function. Its top level is run
statement by statement. Parts of it are filled in as follows: `<x>` is a number, `<n>` a small int,
`<p>` a parameter, `<ps>` some of them, `<opt>` an optimiser, `<num>` an expression of the step.
"""

from __future__ import annotations

import random
import re

PREAMBLE = """\
import math
import autograd_lite as al
from autograd_lite import Value, nn
"""

HELPERS = """\
class Trouble(Exception):
    pass

def attempt(call):
    called = len(log)
    try:
        return call()
    except (Trouble, ArithmeticError, ValueError, IndexError) as error:
        del log[called:]  # what was called back before it
        return type(error).__name__, str(error)

rate = 0.1
scale = 1.0
trouble = False
count = 0
log = []
"""

FLOATS = ["0.5", "-0.5", "0.3", "1.0", "-1.2", "0.7", "2.0", "-0.25", "0.1", "-0.9", "1.5"]
ODD = ["0.0", "-0.0", "float('nan')", "float('inf')", "1e200", "1e-300", "100.0"]
RATES = ["0.1", "0.01", "0.5", "1e-3", "0.05"]

MODELS = {
    "values": "ps = [{values}]",
    "table": 'table = {{"a": [{values}], "b": Value(<x>)}}\nps = [*table["a"], table["b"]]',
    "linear": "model = nn.Linear(2, <n>, rng=<n>)\nps = model.parameters()",
    "mlp": "model = nn.MLP(2, [<n>, 1], rng=<n>)\nps = model.parameters()",
    "net": (
        "model = nn.Sequential(nn.Linear(2, <n>, rng=<n>), nn.<act>(), nn.Linear(<m>, 1, rng=1))\n"
        "ps = model.parameters()"
    ),
}

OPTIMISERS = {
    "SGD": (
        "momentum=0.9 | weight_decay=0.1 | maximize=True | momentum=0.5, dampening=0.3"
        " | momentum=0.9, nesterov=True"
    ),
    "Adam": "betas=(0.5, 0.8) | eps=1e-3 | weight_decay=0.1 | amsgrad=True | maximize=True",
    "AdamW": "betas=(0.5, 0.8) | eps=1e-3 | weight_decay=0.1 | amsgrad=True | maximize=True",
    "Adagrad": (
        "lr_decay=0.1 | weight_decay=0.1 | initial_accumulator_value=0.5 | eps=1e-3 | maximize=True"
    ),
    "RMSprop": (
        "alpha=0.5 | eps=1e-3 | weight_decay=0.1 | momentum=0.9 | centered=True | maximize=True"
    ),
}

SCHEDULES = """
StepLR(<opt>, <n>, gamma=0.5) | CosineAnnealingLR(<opt>, T_max=<n>, eta_min=0.01)
LinearLR(<opt>, 0.25, 1.0, total_iters=<n>) | LambdaLR(<opt>, lambda epoch: 1.0 / (1 + epoch))
SequentialLR(opt0, [nn.optim.LinearLR(opt0, 0.5), nn.optim.StepLR(opt0, 2)], [<n>])
"""

TERMS = """
(al.tanh(<p> * x + <p>) - y) ** 2 | (al.sin(<p> * x) * <p> - y) ** 2 | al.sigmoid(<p> * x) * <p>
(<p> * x - y) ** 2 | abs(<p> * x + y) | al.relu(<p> * x + <p>) * <p> | <p> * <p> * x
al.exp(-abs(<p> * y)) * x | al.where(x > 0.5, <p> * x, <p> * y) | al.maximum(<p> * x, <p>)
<p> * x / (1.0 + <p> * <p>) | al.log(1.0 + (<p> * y) ** 2) | (<p> * x * scale - y) ** 2
al.dot(ps[:2], ps[1:3]) * x - y * <p>
"""

LOSSES = {
    "": """
        al.sum([<term> for x, y in zip(xs, ys)]) | sum(<term> for x, y in zip(xs, ys))
        al.mean([<term> for x, y in zip(xs, ys)]) + 0.1 * al.sum([p * p for p in <ps>])
        al.mean([<term> + <term> for x, y in zip(xs, ys)])
        al.logsumexp([<term> for x, y in zip(xs, ys)] + [<p>])
    """,
    "mlp": """
        al.mean([(model([x, y]) - y) ** 2 for x, y in zip(xs, ys)])
        nn.mse_loss(model([[x, y] for x, y in zip(xs, ys)]), ys)
        al.sum([model([x, 1.0]) * y for x, y in zip(xs, ys)]) + 0.1 * al.sum([p * p for p in ps])
    """,
    "linear": """
        al.mean([(al.sum(model([x, y])) - y) ** 2 for x, y in zip(xs, ys)])
        nn.cross_entropy(model([[x, y] for x, y in zip(xs, ys)]), [0] * len(xs))
    """,
    "net": """
        al.mean([(al.sum(model([x, y])) - y) ** 2 for x, y in zip(xs, ys)])
    """,
}

BEFORE = """
<opt>.zero_grad() | <opt>.zero_grad() | <opt>.zero_grad() | for p in ps: p.grad = 0.0 | pass
for p in <ps>: p.grad = 0.0 | for p in ps: p.grad *= 0.5 | <p>.grad = 1.0
"""

BETWEEN = """
norm = nn.optim.clip_grad_norm_(ps, <x>) | norm = nn.optim.clip_grad_norm_(<ps>, 0.5) | pass | pass
for p in ps: p.grad = p.grad * 0.5 | for p in ps: p.grad = max(-0.5, min(0.5, p.grad)) | pass
norm = math.sqrt(sum(p.grad ** 2 for p in ps)) | <p>.grad = 0.0 | <p>.grad += <p>.data | pass
(loss * loss).backward() | al.sum([<p> * <p>, <p>]).backward() | <p>.data = <p>.data * 0.5 | pass
if loss.data > <x>: raise Trouble("too large") | if trouble: raise Trouble("between") | pass
if loss.data < <x>: <p>.grad = 0.0 | <opt>.lr = rate | <opt>.lr = <opt>.lr * 0.9 | pass
norm = loss.data * scale | al.callback(log.append, loss) | g = al.sin(<p>) * 2.0; g.backward()
"""

UPDATES = """
<opt>.step() | <opt>.step() | <opt>.step() | <opt>.step() | <opt>.step()
for p in ps: p.data -= rate * p.grad | for p in <ps>: p.data = p.data - <rate> * p.grad
if loss.data < 1e3: <opt>.step() | <opt>.step(); <opt>.step() | <p>.data += <rate> | pass
"""

AFTER = """
pass | pass | pass | schedule.step() | schedule.step() | <opt>.zero_grad() | <p>.data = <p>.data
if trouble: raise Trouble("after") | if <p>.data > 1.0: <p>.data = 1.0 | <opt>.lr *= 0.9 | pass
for p in ps: p.grad = 0.0 | al.callback(log.append, <p>.data) | if xs[0] > 0.0: schedule.step()
"""

RESULTS = """
loss | loss | loss | loss.data | [loss, <p>.data] | None | [p.grad for p in ps] | {"a": loss.data}
[loss.data, norm] | [<p>, loss] | (loss.data, <opt>.lr) | [p.data for p in <ps>] | loss * 2.0
"""

CHANGES = """
<p>.data = <x> | <p>.data = <x> | <p>.grad = <x> | <opt>.lr = <rate> | rate = <rate> | scale = <x>
schedule.step() | <opt>.zero_grad() | <opt>.step() | for p in ps: p.grad = 0.0 | trouble = True
trouble = False | saved = <opt>.state_dict() | <opt>.load_state_dict(saved) | <p>.data = <odd>
ps[<i>] = Value(<x>) | (<p> * <p>).backward() | <opt>.maximize = not <opt>.maximize
<opt>.weight_decay = 0.2 | other([<x>], [<x>]).backward() | for p in ps: p.data *= 0.5
<p>.data += 0.25 | ps[<i>].data = 0.0 | <opt> = nn.optim.SGD(<ps>, lr=<rate>) | <p>.grad = <odd>
ps.reverse() | <opt>.steps = <n> | ps[<i>], ps[<i>] = ps[<i>], ps[<i>]
"""

PLACE = re.compile(r"<(\w+)>")


def alternatives(text: str) -> list[str]:
    return [part.strip() for line in text.split("\n") for part in line.split(" | ") if part.strip()]


class Writer:
    """Writes a program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.model = self.random.choice([*MODELS, "values", "mlp"])
        self.optimisers: list[str] = []
        self.size = self.random.randint(4, 6)

    def filled(self, text: str) -> str:
        rng = self.random

        def fill(place: re.Match[str]) -> str:
            kind = place[1]
            if kind == "ps":
                i = rng.randrange(3)
                return rng.choice(["ps", f"ps[{i}:{i + 2}]", f"ps[:{i + 2}]", f"ps[{i}:]"])
            simple = {
                "x": lambda: rng.choice(ODD if rng.random() < 0.02 else FLOATS),
                "odd": lambda: rng.choice(ODD),
                "rate": lambda: rng.choice(RATES),
                "n": lambda: str(rng.randint(1, 3)),
                "i": lambda: str(rng.randrange(3)),
                "p": lambda: f"ps[{rng.randrange(3)}]",
                "opt": lambda: rng.choice(self.optimisers),
                "term": lambda: self.filled(rng.choice(alternatives(TERMS))),
            }
            return simple[kind]()

        return PLACE.sub(fill, text)

    def chosen(self, table: str) -> str:
        return self.filled(self.random.choice(alternatives(table)))

    def write(self, text: str, indent: int = 0) -> None:
        for line in text.split("\n"):
            for part in [line] if line.startswith(("for ", "if ")) else line.split("; "):
                if part.strip() != "pass":
                    self.lines.append("    " * indent + part)

    def state(self) -> None:
        rng = self.random
        text = MODELS[self.model].replace("<act>", rng.choice(["Tanh", "ReLU", "Sigmoid"]))
        if self.model == "net":
            width = str(rng.randint(1, 3))
            text = text.replace("Linear(2, <n>", f"Linear(2, {width}").replace("<m>", width)
        if "{values}" in text:
            text = text.format(values=", ".join(["Value(<x>)"] * self.size))
        self.write(self.filled(text))
        for k in range(rng.choice([1, 1, 1, 2])):
            name = rng.choice([*OPTIMISERS])
            options = rng.sample(alternatives(OPTIMISERS[name]), rng.choice([0, 1, 1, 2]))
            given = dict(x.split("=", 1) for x in re.split(r", (?=\w+=)", ", ".join(options)) if x)
            if name == "SGD" and "momentum" not in given:
                given.pop("nesterov", None)
            if "nesterov" in given:
                given.pop("dampening", None)
            text = "".join(f", {key}={value}" for key, value in given.items())
            which = "ps" if rng.random() < 0.7 else "<ps>"
            self.optimisers.append(f"opt{k}")
            self.write(self.filled(f"opt{k} = nn.optim.{name}({which}, lr=<rate>{text})"))
        self.write(f"schedule = nn.optim.{self.chosen(SCHEDULES)}")

    def loss(self) -> str:
        own = LOSSES.get(self.model)
        return self.chosen(own if own and self.random.random() < 0.8 else LOSSES[""])

    def step(self, name: str) -> None:
        rng = self.random
        self.write(f"@compiled\ndef {name}(xs, ys):")
        self.write("norm = 0.0", 1)
        late = rng.random() < 0.3
        before = [self.chosen(BEFORE) for _ in range(rng.choice([1, 1, 2]))]
        for text in [] if late else before:
            self.write(text, 1)
        if rng.random() < 0.1:
            self.write(self.chosen(UPDATES.replace("loss.data", "scale")), 1)
        self.write(f"loss = {self.loss()}", 1)
        for text in before if late else []:
            self.write(text, 1)
        self.write("loss.backward()", 1)
        for _ in range(rng.choice([0, 1, 1, 2])):
            self.write(self.chosen(BETWEEN), 1)
        self.write(self.chosen(UPDATES), 1)
        if rng.random() < 0.1:
            self.write(f"loss = {self.loss()}\nloss.backward()", 1)
            self.write(self.chosen(UPDATES), 1)
        for _ in range(rng.choice([0, 1, 1])):
            self.write(self.chosen(AFTER), 1)
        self.write(f"return {self.chosen(RESULTS)}", 1)

    def call(self, names: list[str], lengths: list[int]) -> None:
        rng = self.random
        n = rng.choice(lengths)
        rows = [", ".join(rng.choice(FLOATS) for _ in range(n)) for _ in range(2)]
        call = f"{rng.choice(names)}([{rows[0]}], [{rows[1]}])"
        if rng.random() < 0.08:
            self.write(f"interrupted(lambda: {call})")
        else:
            self.write(f"attempt(lambda: {call})" if rng.random() < 0.5 else call)

    def program(self) -> str:
        rng = self.random
        self.state()
        self.write(f"@compiled\ndef other(xs, ys):\n    return {self.loss()}")
        names = ["step", "second"][: rng.choice([1, 1, 2])]
        for name in names:
            self.step(name)
        lengths = rng.sample([1, 2, 3, 5, 8], rng.choice([1, 1, 2]))
        for _ in range(rng.randint(6, 14)):
            self.call(names, lengths)
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                self.write(self.chosen(CHANGES))
        self.call(names, lengths)
        return "\n".join([PREAMBLE, HELPERS, *self.lines, ""])


def program(seed: int) -> str:
    """The source of a random training program."""
    return Writer(seed).program()
