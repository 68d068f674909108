"""Scopes: the nodes that one block, or one call of a function or a module, makes."""

import gc
import threading
import weakref

import pytest

import visualize
from autograd_lite import Value, compile, exp, grad, hessian, hvp, jvp, pullback, sin, tanh
from autograd_lite import sum as sum_of


def loss_of(model, batch, inputs):
    with visualize.scopes(model):
        outs = [model([Value(0.1 * (i + j)) for j in range(inputs)]) for i in range(batch)]
        return sum_of([(out - 0.5) ** 2 for row in outs for out in row])


def boxes(drawing):
    return [box.title or box.operation for box in drawing.diagram.boxes]


def test_a_scope_stops_at_its_arguments_and_at_earlier_scopes():
    @visualize.scope("square")
    def square(x):
        return x * x

    @visualize.scope("soft")
    def soft(xs):
        powers = [exp(x) for x in xs]
        total = sum_of(powers)
        return {"out": [p / total for p in powers]}

    x = Value(2.0, label="x")
    before = tanh(x)
    squared = square(before)
    out = soft([squared, before])["out"]
    root = out[0] + out[1]
    members = {
        box.title: [node._op for node in box.members]
        for box in visualize.draw(root, depth=0).diagram.boxes
        if box.kind == "group"
    }
    assert members == {"square": ["*"], "soft": ["exp", "exp", "sum", "/", "/"]}
    assert square.__name__ == "square"


def test_the_result_of_an_earlier_scope_that_is_not_an_argument_is_not_swallowed():
    class Cell:
        def __init__(self):
            self.state = Value(0.1)

        @visualize.scope("step")
        def step(self, x):
            self.state = tanh(self.state + x)
            return self.state

    cell = Cell()
    for _ in range(3):
        root = cell.step(Value(1.0))
    groups = [b for b in visualize.draw(root, depth=0).diagram.boxes if b.title == "step"]
    assert [len([n for n in b.members if not n.is_leaf]) for b in groups] == [2, 2, 2]


def test_a_block_is_a_scope():
    x = Value(2.0, label="x")
    with visualize.scope("outer"):
        y = x * x
        with visualize.scope("inner"):
            z = (y + 1).tanh()
    loss = z.exp() * y
    assert sorted(boxes(visualize.draw(loss, depth=0))) == ["*", "exp", "outer"]
    assert "inner" in boxes(visualize.draw(loss, depth=1))


def test_one_scope_object_in_nested_blocks_and_threads():
    named = visualize.scope("step")
    outcomes = []

    def work():
        with named:
            a = Value(1.0) * 2
            with named:
                b = a * 3
        outcomes.append(boxes(visualize.draw(b * a, depth=0)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [outcomes[0]] * 4
    assert sorted(outcomes[0]) == ["*", "step"]


def test_an_exception_in_a_scope_leaves_no_state_behind(mlp):
    model = mlp(2, 2)
    cls = type(model)
    call = cls.__call__
    with pytest.raises(TypeError), visualize.scopes(model):
        model(None)
    assert cls.__call__ is call

    @visualize.scope("fails")
    def fails():
        raise KeyError("no")

    with pytest.raises(KeyError):
        fails()
    drawing = visualize.draw(loss_of(model, 1, 2), depth=0)
    assert "fails" not in boxes(drawing)


def test_a_class_that_inherits_its_call_gets_it_back(mlp):
    class Child(mlp):
        __str__ = object.__str__

    model = Child(2, 2)
    with visualize.scopes(model):
        root = sum_of(model([1.0, 2.0]))
    assert "__call__" not in vars(Child)
    assert "Child 2 to 2" in boxes(visualize.draw(root, depth=0))


@pytest.mark.parametrize(
    ("taken", "given", "sizes"),
    [
        ((64,), (16,), "64 to 16"),
        ((32, 64), (32, 16), "64 to 16"),
        ((2, 5, 8), (2, 5, 4), "8 to 4"),
        ((8,), (8,), "8 to 8"),
        ((7, 3), (7,), "3 to 1"),
        ((3,), (), "3 to 1"),
        ((2, 1, 8, 8), (2, 4, 6, 6), "1×8×8 to 4×6×6"),
        ((4, 1_000), (4, 0), "1,000 to 0"),
    ],
)
def test_a_module_is_called_by_what_it_takes_and_gives(taken, given, sizes):
    def array(shape, x):
        return [array(shape[1:], x) for _ in range(shape[0])] if shape else x

    class Squeeze:
        def parameters(self):
            return []

        def __repr__(self):
            return "[Squeeze, of another]"

        def __call__(self, x):
            state.append(Value(3.0) * 3)
            return array(given, Value(2.0) * 2), state

    x = array(taken, Value(1.0))
    for args, kwargs in ((x,), {}), ((), {"x": x}):
        state = []
        squeeze = Squeeze()
        with visualize.scopes(squeeze):
            squeeze(*args, **kwargs)
        assert f"Squeeze {sizes}" in boxes(visualize.draw(state[0] + 1, depth=0))


def test_a_class_that_passes_the_call_to_its_base_is_recorded_once(mlp):
    class Child(mlp):
        def __call__(self, x):
            return super().__call__(x)

        def __str__(self):
            return "Child"

    child, parent = Child(2, 2), mlp(2, 2)
    child.inner = parent  # so that both classes are recorded
    with visualize.scopes(child):
        root = sum_of(child([1.0, 2.0])) + sum_of(parent([1.0, 2.0]))
    assert sorted(t for t in boxes(visualize.draw(root, depth=0)) if t in ("Child", "MLP")) == [
        "Child",
        "MLP",
    ]
    assert "MLP" not in boxes(visualize.draw(root, depth=1))


def test_blocks_that_overlap_leave_the_class_as_it_was(mlp):
    call = mlp.__call__
    one, other = visualize.scopes(mlp(2, 2)), visualize.scopes(mlp(2, 2))
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert mlp.__call__ is not call
    other.__exit__(None, None, None)
    assert mlp.__call__ is call


HOSTILE = '{a|b}<c> \\N \\G "q" & &amp; <b>x</b> </title><script> \n'


def test_hostile_titles_are_text(drawn):
    @visualize.scope(HOSTILE)
    def f(x):
        return tanh(x) * 2

    shown = " ".join(HOSTILE.split())
    root = f(Value(1.0)) + 1
    collapsed = drawn(visualize.draw(root, depth=0).svg)
    assert shown[:30] in " ".join(collapsed.texts())
    picture = drawn(visualize.draw(root).svg)
    (frame,) = picture.frames
    assert "".join(picture.texts(frame)).startswith(shown[:30])


def test_other_models_are_not_recorded(mlp):
    mine, other = mlp(2, 2), mlp(2, 2)
    with visualize.scopes(mine):
        root = sum_of(other([1.0, 2.0]))
    assert "MLP" not in boxes(visualize.draw(root, depth=0))


def test_scopes_keep_no_graph_alive():
    @visualize.scope("f")
    def f(x):
        return x * 2

    x = Value(1.0)
    out = f(x)
    alive = weakref.ref(out)
    del out
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("model", [None, 3, "model", lambda x: x, Value(1.0)])
def test_what_is_no_model_is_named(model):
    with (
        pytest.raises(TypeError, match=f"expected a model.*not {type(model).__name__}"),
        visualize.scopes(model),
    ):
        pass
    with pytest.raises(TypeError, match="title must be a str, not int"):
        visualize.scope(3)


def test_threads_record_scopes_of_their_own(mlp):
    drawn = []

    def work(seed):
        loss = loss_of(mlp(3, 2, seed=seed), 2, 3)
        drawn.append(boxes(visualize.draw(loss, depth=0)).count("MLP"))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [2, 2, 2, 2]
    assert not hasattr(mlp.__call__, "__wrapped__")


def test_a_function_that_runs_later_is_no_scope():
    with pytest.raises(TypeError, match="scope: steps does not run when it is called: write  with"):

        @visualize.scope("steps")
        def steps():
            yield Value(1.0)


def test_a_class_that_takes_no_call_leaves_the_others_as_they_were(mlp):
    class Sealed(type):
        def __setattr__(cls, name, value):
            raise TypeError(f"{name} is sealed")

    class Layer(metaclass=Sealed):
        def parameters(self):
            return []

        def __call__(self, x):
            return x

    model = mlp(2, 2)
    model.layers[1] = Layer()
    own = type(model).__call__
    with pytest.raises(TypeError, match="sealed"), visualize.scopes(model):
        pass
    assert type(model).__call__ is own
    with visualize.scopes(mlp(2, 2)):
        assert type(model).__call__ is not own
    assert type(model).__call__ is own
    assert not visualize.model.scopes._modules_recorded


# --------------------------------------------------------------------- passes of derivatives


def frames_of(root):
    """{title of a frame: the operations in it}"""
    diagram = visualize.draw(root).diagram
    found = {frame.title: [] for frame in diagram.frames}
    for box in diagram.boxes:
        if box.frame is not None and box.operation.strip():
            found[diagram.frames[box.frame].title].append(box.operation)
    return found


def slope_of(f, x):
    return pullback([f(x)], [1.0], [x])[0]


def test_each_pass_of_derivatives_is_a_scope():
    x = Value(0.5)
    with visualize.scopes():
        first = slope_of(lambda x: tanh(x) * x, x)
        (second,) = pullback([first], [1.0], [x])
        (third,) = pullback([second], [1.0], [x])
    assert sorted(frames_of(first)) == ["backward", "forward"]
    assert frames_of(first)["forward"] == ["tanh"]  # the product is not needed any more
    assert sorted(frames_of(second)) == ["backward", "backward of backward", "forward"]
    assert max(frames_of(third), key=len) == "backward of backward of backward"
    assert all(frames_of(third).values())


def test_forward_mode_is_the_tangent():
    x = Value(0.5)
    with visualize.scopes():
        _, tangent = jvp(lambda x: exp(tanh(x)), (x,), (Value(1.0),))
        product = hvp(lambda x: exp(tanh(x)), (x,), (1.0,))
        curvature = hessian(lambda x: exp(tanh(x)))(x)
    assert sorted(frames_of(tangent)) == ["forward", "tangent"]
    for made in (product, curvature):
        assert sorted(frames_of(made)) == ["backward", "forward", "tangent of backward"]


def test_a_gradient_of_values_has_its_passes():
    x, w = Value(0.5), Value(0.7)
    with visualize.scopes():
        slope = grad(lambda x: tanh(w * x))(x)
        curvature = grad(grad(lambda x: sin(w * x) * x))(x)
    assert sorted(frames_of(slope)) == ["backward", "forward"]
    assert sorted(frames_of(curvature)) == ["backward", "backward of backward", "forward"]


def test_what_is_differentiated_is_forward_though_no_derivative_reads_it():
    x, v = Value(0.5), Value(1.0)
    with visualize.scopes():
        y, tangent = jvp(lambda x: sin(exp(x)), (x,), (v,))
        (slope,) = pullback([sin(tanh(x))], [1.0], [x])
        other = sin(tanh(x))
    assert "sin" in frames_of(y * tangent)["forward"]
    assert "*" not in frames_of(y * tangent)["forward"]
    assert "sin" not in frames_of(other * slope)["forward"]


def test_what_is_made_of_a_derivative_is_in_no_pass():
    x = Value(0.5)
    with visualize.scopes():
        loss = (slope_of(lambda x: exp(tanh(x)), x) - 1) ** 2
    made = [operation for operations in frames_of(loss).values() for operation in operations]
    assert "**2" not in made
    assert "tanh" in made


def test_a_pass_stands_beside_the_modules_that_it_is_of():
    class Model:
        def __init__(self):
            self.w = Value(0.5)

        def parameters(self):
            return [self.w]

        def __call__(self, x):
            return tanh(self.w * x)

    model, x = Model(), Value(2.0)
    with visualize.scopes(model):
        slope = slope_of(model, x)
    assert sorted(frames_of(slope)) == ["Model 1 to 1", "backward"]


def test_outside_of_scopes_a_pass_is_none():
    x = Value(0.5)
    with visualize.scopes(), visualize.scopes():
        pass
    assert frames_of(slope_of(lambda x: exp(tanh(x)), x)) == {}


def test_a_recording_is_as_without_scopes():
    f = compile(grad(lambda x: exp(tanh(x))))
    with visualize.scopes():
        assert f(0.5) == f(0.5)
