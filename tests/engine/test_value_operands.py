"""What Values are made of and combined with, and the errors for everything else."""

import abc
import operator
import re
from fractions import Fraction
from pathlib import Path

import pytest

import autograd_lite as al
from autograd_lite import Value

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
IN_PLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]
NOT_NUMBERS = ["2", b"2", None, 1j, [1.0], (1.0,), {"a": 1}, {1.0}]
SYMBOL = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
          operator.pow: "**"}  # fmt: skip


def names(wrong):
    return rf"\b{type(wrong).__name__}\b"


class Meta(type):
    pass


class Abstract(Value, abc.ABC):
    pass


class WithMeta(Value, metaclass=Meta):
    pass


@pytest.mark.parametrize("cls", [Abstract, WithMeta])
def test_a_subclass_may_have_a_metaclass(cls):
    x = cls(2.0)
    out = 3 * x * x + Value(1.0)
    out.backward()
    assert (out.data, x.grad) == (13.0, 12.0)
    assert isinstance(x, Value)
    assert type(out) is Value
    assert not isinstance(2.0, cls)


@pytest.mark.parametrize("operation", BINARY)
class TestOperators:
    @pytest.mark.parametrize("wrong", NOT_NUMBERS, ids=repr)
    def test_what_is_no_number_is_named_on_either_side(self, operation, wrong):
        for operands in ((Value(1.0), wrong), (wrong, Value(1.0))):
            with pytest.raises(TypeError, match=names(wrong)) as caught:
                operation(*operands)
            assert SYMBOL[operation] in str(caught.value)

    @pytest.mark.parametrize("number", [2, True, 2.5, Fraction(5, 2)], ids=repr)
    def test_numbers_on_either_side(self, operation, number):
        v = Value(3.0)
        right, left = operation(v, number), operation(number, v)
        assert right.data == operation(3.0, float(number))
        assert left.data == operation(float(number), 3.0)

    def test_two_values(self, operation):
        node = operation(Value(3.0), Value(2.0))
        assert node.data == operation(3.0, 2.0)
        assert len(node.parents) == 2

    def test_a_type_of_its_own_takes_part(self, operation):
        class Friend:
            def answer(self, value):
                return "friend", value.data

            __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = answer

        assert operation(Value(3.0), Friend()) == ("friend", 3.0)

    def test_an_object_that_knows_nothing_is_a_type_error(self, operation):
        with pytest.raises(TypeError, match="object"):
            operation(Value(1.0), object())


@pytest.mark.parametrize(("in_place", "operation"), list(zip(IN_PLACE, BINARY, strict=True)))
def test_in_place_forms_make_a_new_node(in_place, operation):
    v = Value(3.0)
    node = in_place(v, 2)
    assert node is not v
    assert (node.data, v.data) == (operation(3.0, 2), 3.0)


def test_a_constant_exponent_is_no_parent():
    x = Value(3.0)
    node = x**2
    assert node.parents == (x,)
    assert (node.data, node.partials, node._op) == (9.0, (6.0,), "**2")
    assert (x**-0.5)._op == "**-0.5"


def test_a_number_to_a_value():
    x = Value(3.0)
    (2**x).backward()
    assert x.grad == pytest.approx(8 * al.log(2.0))


def test_the_unary_operators():
    x = Value(-3.0)
    assert ((-x).data, abs(x).data) == (3.0, 3.0)
    assert +x is x


@pytest.mark.parametrize("operands", [(Value(1.0), 2, 3), (Value(1.0), Value(2.0), 3)])
def test_a_power_with_a_modulus_is_refused(operands):
    with pytest.raises(TypeError, match="modul"):
        pow(*operands)


@pytest.mark.parametrize("operation", [operator.and_, operator.xor, operator.matmul,
                                       operator.lshift])  # fmt: skip
def test_other_operators_do_not_exist(operation):
    with pytest.raises(TypeError, match="unsupported operand"):
        operation(Value(1.0), 2)


CALLS = [
    ("exp", lambda v, w: al.exp(w)),
    ("polygamma", lambda v, w: al.polygamma(0, w)),
    ("maximum", lambda v, w: al.maximum(v, w)),
    ("maximum", lambda v, w: al.maximum(w, v)),
    ("maximum", lambda v, w: al.maximum(1.0, w)),
    ("atan2", lambda v, w: v.atan2(w)),
    ("pow", lambda v, w: v.pow(w)),
    ("pow", lambda v, w: al.pow(w, v)),
    ("where", lambda v, w: al.where(w, v, v)),
    ("where", lambda v, w: al.where(1.0, v, w)),
    ("where", lambda v, w: al.where(1.0, 2.0, w)),
    ("clip", lambda v, w: v.clip(w, 1)),
    ("clip", lambda v, w: al.clip(v, 0, w)),
    ("negative_slope", lambda v, w: v.leaky_relu(w)),
    ("alpha", lambda v, w: al.elu(v, alpha=w)),
    ("sum: element 1", lambda v, w: al.sum([v, w])),
    ("mean: element 0", lambda v, w: al.mean([w, v])),
    ("norm: element 0", lambda v, w: al.norm([w])),
    ("logsumexp: element 1", lambda v, w: al.logsumexp([v, w])),
    ("dot: element 1", lambda v, w: al.dot([v, w], [v, v])),
    ("dot: element 0", lambda v, w: al.dot([v], [w])),
    ("softmax: element 0", lambda v, w: al.softmax([w])),
    ("prod: element 1", lambda v, w: al.prod([v, w])),
]


@pytest.mark.parametrize(("name", "call"), CALLS)
@pytest.mark.parametrize("wrong", NOT_NUMBERS, ids=repr)
def test_a_function_names_itself_and_the_type(name, call, wrong):
    with pytest.raises(TypeError, match=rf"{name}.*{names(wrong)}"):
        call(Value(1.0), wrong)


@pytest.mark.parametrize("order", [-1, 0.5, "1", None, Value(1.0)], ids=repr)
def test_the_order_of_polygamma_is_a_whole_number(order):
    with pytest.raises((TypeError, ValueError), match="polygamma"):
        al.polygamma(order, Value(1.0))


class TestFields:
    @pytest.mark.parametrize("number", [2, True, 2.5, Fraction(5, 2)], ids=repr)
    def test_data_and_grad_are_floats(self, number):
        v = Value(number)
        assert (type(v.data), v.data) == (float, float(number))
        v.data = v.grad = 0
        v.data = v.grad = number
        assert (type(v.data), v.data) == (float, float(number))
        assert (type(v.grad), v.grad) == (float, float(number))

    @pytest.mark.parametrize("wrong", [*NOT_NUMBERS, Value(1.0)], ids=repr)
    def test_what_is_no_number_is_named_and_changes_nothing(self, wrong):
        v = Value(3.0)
        v.grad = 4.0
        with pytest.raises(TypeError, match=f"data must be a real number, not {names(wrong)}"):
            v.data = wrong
        if wrong is not None:
            with pytest.raises(TypeError, match=f"grad must be a real number, not {names(wrong)}"):
                v.grad = wrong
        with pytest.raises(TypeError, match=f"data must be a real number, not {names(wrong)}"):
            Value(wrong)
        assert (v.data, v.grad) == (3.0, 4.0)

    def test_none_as_a_gradient_is_zero(self):
        v = Value(3.0)
        v.grad = 4.0
        v.grad = None
        assert (type(v.grad), v.grad) == (float, 0.0)
        v.grad += 2.0
        (v * 5.0).backward()
        assert v.grad == 7.0

    def test_a_value_is_told_what_to_write(self):
        with pytest.raises(TypeError, match=r"write its \.data"):
            Value(Value(1.0))

    def test_the_number_is_required(self):
        with pytest.raises(TypeError):
            Value()

    def test_a_label(self):
        for v in (Value(1.0, label="x"), Value(1.0) + 1, al.sum([Value(1.0)]), Value(1.0).exp()):
            v.label = "x"
            assert v.label == "x"
            v.label = ""
            assert v.label == ""
            with pytest.raises(TypeError, match="label must be a str, not int"):
                v.label = 3
            assert v.label == ""
        with pytest.raises(TypeError, match="label must be a str, not NoneType"):
            Value(1.0, label=None)

    def test_a_label_does_not_disturb_the_graph(self):
        x = Value(3.0, label="x")
        y = al.dot([x, x], [x, 2.0])
        y.label = "y"
        y.backward()
        assert x.grad == 8.0

    @pytest.mark.parametrize("name", ["parents", "partials", "is_leaf", "rule", "_op", "_prev"])
    def test_what_made_a_node_is_read_only(self, name):
        with pytest.raises(AttributeError):
            setattr(Value(1.0), name, None)

    def test_there_is_no_room_for_a_slip_of_the_pen(self):
        with pytest.raises(AttributeError):
            Value(1.0).gard = 0.0


@pytest.mark.parametrize(
    "node", ["a * 2", "al.sum([a, a])", "al.dot([a], [a])", "Value(1, (a,), 'f')"]
)
def test_a_second_init_does_not_crash(python, node):
    """It is refused, or it starts afresh; a crash would take the process along."""
    python(
        "-c",
        f"""
import autograd_lite as al
from autograd_lite import Value
a = Value(3.0)
node = {node}
try:
    node.__init__(5.0)
except (TypeError, RuntimeError):
    pass
node.backward()
al.topological_order(node)
""",
    )


class Interrupted:
    """Ctrl-C while it is asked what it is, which a class answers in Python."""

    @property
    def __class__(self):
        raise KeyboardInterrupt


ASKING = {
    **{operation.__name__: lambda x, f=operation: f(Value(3.0), x) for operation in BINARY},
    **{f"r{operation.__name__}": lambda x, f=operation: f(x, Value(3.0)) for operation in BINARY},
    "lt": lambda x: Value(3.0) < x,
    "Value": Value,
    "data": lambda x: setattr(Value(3.0), "data", x),
    "exp": al.exp,
    "maximum": lambda x: al.maximum(Value(3.0), x),
    "pow": lambda x: al.pow(x, 2.0),
    "clip": lambda x: al.clip(1.0, 0.0, x),
    "sum": lambda x: al.sum([x]),
    "dot": lambda x: al.dot([Value(3.0)], [x]),
    "softmax": lambda x: al.softmax([x]),
}


@pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING)
def test_what_an_operand_raises_when_it_is_asked_for_its_type_is_raised(asking):
    with pytest.raises(KeyboardInterrupt):
        asking(Interrupted())


def test_isinstance_is_given_no_tuple_of_which_cython_drops_what_it_raises():
    """Of types other than these, Cython 3.3 calls PyObject_IsInstance and checks no error."""
    safe = {"Value", "float", "int", "str", "bytes", "list", "tuple", "dict", "set", "type"}
    parts = [Path(__file__).parents[2] / name for name in ("autograd_lite", "nn")]
    compiled = [path for part in parts for path in part.rglob("*.pyx")]
    compiled += [path.with_suffix(".py") for part in parts for path in part.rglob("*.pxd")]
    texts = [path.read_text("utf-8") for path in compiled if path.exists()]
    assert len(texts) > 5
    for text in texts:
        for types in re.findall(r"isinstance\([^()]*, \((.*?)\)\)", text):
            assert safe.issuperset(types.split(", ")), types
