"""A training session, step by step, against a slow model of what it means.

Numbers are small integers and halves of them, so that both compute without rounding, and results
are compared exactly.
"""

import copy
import gc
import pickle
import weakref

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

import autograd_lite as al
import nn
from autograd_lite import Value, no_grad

LIMIT = 1000.0  # results beyond are not made, so that gradients stay exact


class Weight(Value):
    """A subclass whose instances have attributes."""


class Model:
    """What a node means: its number, its gradient, and its parents with the partials by them."""

    def __init__(self, data, edges=(), by_hand=False):
        self.data, self.edges, self.by_hand = data, list(edges), by_hand
        self.grad = 0.0

    def below(self):
        """The models it depends on, itself included."""
        found = [self]
        for model in found:
            for parent, _ in model.edges:
                if parent not in found:
                    found.append(parent)
        return found

    def cotangent(self, root):
        """d root / d self, summed over the edges that lead here."""
        if self is root:
            return 1.0
        total = 0.0
        for user in root.below():
            for parent, partial in user.edges:
                if parent is self:
                    total += user.cotangent(root) * partial
        return total

    def backward(self):
        cotangents = [(model, model.cotangent(self)) for model in self.below()]
        for model, cotangent in cotangents:
            model.grad = cotangent if model.edges else model.grad + cotangent


UNARY = {
    "neg": (lambda x: -x, lambda x: (-x, -1.0)),
    "relu": (al.relu, lambda x: (max(x, 0.0), float(x > 0))),
    "abs": (abs, lambda x: (abs(x), float((x > 0) - (x < 0)))),
    "square": (lambda x: x**2, lambda x: (x * x, 2 * x)),
    "plus a number": (lambda x: x + 3, lambda x: (x + 3, 1.0)),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: (x + y, 1.0, 1.0)),
    "sub": (lambda x, y: x - y, lambda x, y: (x - y, 1.0, -1.0)),
    "mul": (lambda x, y: x * y, lambda x, y: (x * y, y, x)),
    "where": (
        lambda x, y: al.where(x, y, x),
        lambda x, y: (y if x else x, float(x == 0), float(x != 0)),
    ),
    "dot": (lambda x, y: al.dot([x, y], [y, 2]), lambda x, y: (x * y + 2 * y, y, x + 2)),
    "sum": (lambda x, y: al.sum([x, y, x]), lambda x, y: (x + y + x, 2.0, 1.0)),
}
NUMBERS = st.integers(-3, 3).map(float)


class Session(RuleBasedStateMachine):
    """Every node is a pair: the Value and its Model."""

    def __init__(self):
        super().__init__()
        self.pairs = []
        self.dropped = []  # (weak reference, model)

    nodes = Bundle("nodes")

    def pair(self, value, model):
        self.pairs.append((value, model))
        return len(self.pairs) - 1

    # ------------------------------------------------------------------------------- build

    @rule(target=nodes, number=NUMBERS, kind=st.sampled_from([Value, Weight, nn.Parameter]))
    def leaf(self, number, kind):
        return self.pair(kind(number), Model(number))

    @rule(target=nodes, i=nodes, name=st.sampled_from(sorted(UNARY)), recorded=st.booleans())
    def unary(self, i, name, recorded):
        ours, meaning = UNARY[name]
        value, model = self.pairs[i]
        out, partial = meaning(model.data)
        return self.made(lambda: ours(value), out, [(model, partial)], recorded)

    @rule(
        target=nodes, i=nodes, j=nodes, name=st.sampled_from(sorted(BINARY)), recorded=st.booleans()
    )
    def binary(self, i, j, name, recorded):
        ours, meaning = BINARY[name]
        (x, x_model), (y, y_model) = self.pairs[i], self.pairs[j]
        out, dx, dy = meaning(x_model.data, y_model.data)
        return self.made(lambda: ours(x, y), out, [(x_model, dx), (y_model, dy)], recorded)

    def made(self, make, out, edges, recorded):
        """A node; none if its number or the graph would grow too large."""
        model = Model(out, edges)
        if abs(out) > LIMIT or len(model.below()) > 12:
            return multiple()
        if recorded:
            return self.pair(make(), model)
        with no_grad():
            return self.pair(make(), Model(out))

    @rule(target=nodes, i=nodes, fails=st.booleans())
    def by_hand(self, i, fails):
        """An operation by hand, x -> x + 1, that may raise after it has sent half."""
        x, model = self.pairs[i]
        if len(model.below()) > 12:
            return multiple()
        out = Value(x.data + 1, (x,), "by hand")

        def _backward():
            x.grad += out.grad
            if fails:
                raise ZeroDivisionError

        out._backward = _backward
        made = Model(model.data + 1, [(model, 1.0)], by_hand=True)
        made.fails = fails
        return self.pair(out, made)

    # --------------------------------------------------------------------- differentiate

    @rule(i=nodes)
    def backward(self, i):
        value, model = self.pairs[i]
        below = model.below()
        if any(getattr(m, "fails", False) for m in below):
            try:
                value.backward()
            except ZeroDivisionError:
                pass
            else:
                raise AssertionError("the exception of a _backward was lost")
            for other, its_model in self.pairs:  # interior nodes hold what the pass left
                if other is not None and its_model in below and its_model.edges:
                    its_model.grad = other.grad
        else:
            value.backward()
            model.backward()

    # ---------------------------------------------------------------------------- mutate

    @rule(i=nodes, number=NUMBERS)
    def set_data(self, i, number):
        value, model = self.pairs[i]
        value.data = model.data = number

    @rule(i=nodes, number=NUMBERS | st.none())
    def set_grad(self, i, number):
        value, model = self.pairs[i]
        value.grad = number
        model.grad = number or 0.0

    @rule(i=nodes, wrong=st.sampled_from(["1", None, 1j, [1.0]]))
    def set_something_wrong(self, i, wrong):
        value, _ = self.pairs[i]
        for name in ("data", "grad") if wrong is not None else ("data",):
            try:
                setattr(value, name, wrong)
            except TypeError:
                continue
            raise AssertionError(f"{name} = {wrong!r} was accepted")

    @rule(i=nodes)
    def step(self, i):
        """An optimiser's step, p -= p.grad / 2, and zero_grad."""
        value, model = self.pairs[i]
        if model.edges or abs(model.data - 0.5 * model.grad) > LIMIT:
            return
        optimizer = nn.optim.SGD([value], lr=0.5)
        optimizer.step()
        optimizer.zero_grad()
        model.data -= 0.5 * model.grad
        model.grad = 0.0

    @rule(i=nodes, j=nodes)
    def set_attribute(self, i, j):
        """A subclass's instance refers to any node, an older or a younger one."""
        value, model = self.pairs[i]
        if isinstance(value, Weight):
            value.friend, model.friend = self.pairs[j]

    # ------------------------------------------------------------------------------ copy

    @rule(target=nodes, i=nodes)
    def copy(self, i):
        value, model = self.pairs[i]
        if model.by_hand:
            return multiple()
        twin = Model(model.data, model.edges)
        twin.grad = model.grad
        if hasattr(model, "friend"):
            twin.friend = model.friend
        return self.pair(copy.copy(value), twin)

    @rule(target=nodes, i=nodes, how=st.sampled_from(["deepcopy", "pickle"]))
    def duplicate(self, i, how):
        """A copy of the whole graph. Its leaves are others: no gradient comes back."""
        value, model = self.pairs[i]
        below = model.below()
        if any(m.by_hand or hasattr(m, "friend") for m in below):
            return multiple()
        twin = copy.deepcopy(value) if how == "deepcopy" else pickle.loads(pickle.dumps(value))
        return self.pair(twin, copy.deepcopy(model))

    @rule(target=nodes, i=nodes)
    def detach(self, i):
        value, model = self.pairs[i]
        return self.pair(value.detach(), Model(model.data))

    # ------------------------------------------------------------------------------ drop

    @rule(i=consumes(nodes))
    def drop(self, i):
        value, model = self.pairs[i]
        self.dropped.append((weakref.ref(value), model))
        self.pairs[i] = None, model

    @rule()
    def only_what_is_reachable_is_alive(self):
        reachable = [model for value, model in self.pairs if value is not None]
        for model in reachable:
            more = [parent for parent, _ in model.edges]
            more += [model.friend] if hasattr(model, "friend") else []
            reachable += [m for m in more if m not in reachable]
        if any(hasattr(model, "friend") for _, model in self.dropped):
            gc.collect()
            gc.collect()
        for ref, model in self.dropped:
            assert (ref() is not None) == (model in reachable)

    # ------------------------------------------------------------------------- invariants

    @invariant()
    def numbers_and_gradients_agree(self):
        for value, model in self.pairs:
            if value is not None:
                assert (value.data, value.grad) == (model.data, model.grad)
                assert value.is_leaf == (not model.edges)

    @invariant()
    def recording(self):
        assert not (Value(1.0) * 2).is_leaf


TestSession = Session.TestCase
TestSession.settings = settings(
    max_examples=4 * settings.default.max_examples, stateful_step_count=30
)
