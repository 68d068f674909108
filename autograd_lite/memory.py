"""Access to arrays, to buffers and to the fields of Values: the interpreted twin of `memory.pxd`.

In C, whatever is indexed here is a pointer to a first element, and nothing is checked: neither an
index nor a type.
"""

from __future__ import annotations

from array import array
from operator import is_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar
    from typing import Any, TypeAlias

    Node: TypeAlias = Any  # a Value, whose class lies above

NODE: Any = None  # Node and Value, set by value.py
VALUE: Any = None

# ------------------------------------------------------------------------------------ arrays


def doubles(owner: array[float]) -> Any:
    """What is indexed to read and write an array of doubles."""
    return memoryview(owner)


def ints(owner: array[int]) -> Any:
    """What is indexed to read an array of ints."""
    return memoryview(owner)


def room(like: array[Any], n: int) -> array[Any]:
    """An array of n elements of the same type, in C of any value until they are written."""
    return array(like.typecode, bytes(like.itemsize * n))


def part(numbers: Any, start: int, n: int) -> Any:
    """The n numbers from `start` on, to read and write."""
    return numbers[start : start + n]


def copy(out: Any, at: int, numbers: Any, start: int, n: int) -> None:
    """Write n numbers, from `start` on, to out from `at` on: other memory."""
    out[at : at + n] = numbers[start : start + n]


def longs(owner: array[int]) -> Any:
    """What is indexed to read an array of long longs."""
    return memoryview(owner)


def let_interrupt() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed, for which a loop in C does not look."""


def append(owner: array[float], number: float) -> None:
    """Add a double at the end."""
    owner.append(number)


def append_each(owner: array[float], doubles: Any) -> None:
    """Add all of an array of doubles at the end, whose elements follow one another in memory."""
    owner.frombytes(memoryview(doubles).cast("B") if doubles.size else b"")


def read_array(thing: Any, shape: Any, start: int, n: int, out: Any, at: int) -> int:
    """Write an array of doubles to out from `at` on; how many there are.

    -1 if it is no such array, has other lengths than the n in shape from `start` on, or if its
    elements do not follow one another in memory. Raises what the array raises for its memory.
    """
    is_like = thing.dtype.char == "d" and thing.dtype.isnative and thing.flags.c_contiguous
    if not is_like or thing.shape != tuple(shape[start : start + n]):
        return -1
    for number in thing.ravel().tolist():
        out[at] = number
        at += 1
    return int(thing.size)


def read_integers(
    thing: Any, shape: Any, start: int, n: int, out: Any, at: int, ints: Any, count: int
) -> int:
    """The same of an array of ints of 64 bits, which are written to `ints`, too, from `count` on.

    -1 if a double does not hold one of them.
    """
    is_like = thing.dtype.kind == "i" and thing.dtype.itemsize == 8 and thing.dtype.isnative
    is_like = is_like and thing.flags.c_contiguous
    if not is_like or thing.shape != tuple(shape[start : start + n]):
        return -1
    for i, number in enumerate(thing.ravel().tolist()):
        if not -(2**53) < number < 2**53:
            return -1
        out[at + i], ints[count + i] = number, number
    return int(thing.size)


def append_long(owner: array[int], number: int) -> None:
    """Add an int of 64 bits at the end."""
    owner.append(number)


def append_int(owner: array[int], number: int) -> None:
    """Add an int at the end."""
    owner.append(number)


# --------------------------------------------------------------------- what things hold


def current(variable: ContextVar[Any]) -> Any:
    """What a context variable is here."""
    return variable.get()


def lists(things: list[Any], held: tuple[Any, ...]) -> bool:
    """True if a list holds these very objects."""
    return len(things) == len(held) and all(map(is_, things, held))


def maps(items: Any, held: tuple[Any, ...], start: int) -> bool:
    """True if a dict holds these very keys and values: key, value, key, value ... from `start`."""
    found = [x for pair in items.items() for x in pair]
    return len(found) == len(held) - start and all(map(is_, found, held[start:]))


def encloses(cell: Any, held: tuple[Any, ...]) -> bool:
    """True if a cell holds this very object; with nothing held, if its variable has no value."""
    try:
        found = [cell.cell_contents]
    except ValueError:
        found = []
    return len(found) == len(held) and all(map(is_, found, held))


def is_defined_by(function: Any, held: tuple[Any, ...]) -> bool:
    """True if a function has this very code, and these defaults and defaults of keywords."""
    found = function.__code__, function.__defaults__, function.__kwdefaults__
    return all(map(is_, found, held))


def attributes(thing: Any) -> Any:
    """The `__dict__` of an object. Raises AttributeError if it has none."""
    return object.__getattribute__(thing, "__dict__")


def class_attributes(cls: type) -> Any:
    """The `__dict__` of a class, in C the dict itself, or None where it is not found."""
    return vars(cls)


def item(space: dict[str, Any], name: str, missing: Any) -> Any:
    """What a name stands for in a namespace; `missing` if it is not there."""
    return dict.get(space, name, missing)


def in_slot(thing: Any, slot: Any, missing: Any) -> Any:
    """What an object has in a slot; `missing` if there is nothing yet, or no such slot."""
    try:
        return slot.__get__(thing)
    except (AttributeError, TypeError):
        return missing


# ------------------------------------------------ buffers, which nodes own, and tuples of floats


def is_float(operands: tuple[Any, ...], i: int) -> bool:
    """True if operands[i] is a float, not of a subclass."""
    return type(operands[i]) is float


def float_at(floats: tuple[float, ...], i: int) -> float:
    """floats[i]."""
    return floats[i]


def buffer(n: int) -> Any:
    """Room for n doubles, in an object that a node can own."""
    return [0.0] * n


def pointer(owner: Any) -> Any:
    """What is indexed to read and write a buffer."""
    return owner


def numbers(owner: Any) -> tuple[float, ...]:
    """A buffer's numbers."""
    return tuple(owner)


def filled(floats: tuple[float, ...]) -> Any:
    """A buffer of these floats."""
    return [float(x) for x in floats]


# ------------------------------------------------------------------------------- tuples of Values


def address(node: Node) -> int:
    """The hash of a node, which is equal to itself only."""
    return object.__hash__(node)


def new_value() -> Any:
    """A Value whose fields are 0 and None."""
    return VALUE.__new__(VALUE)


def place(node: Node) -> Any:
    """[0] is the number of a leaf in a block."""
    return node._dy


def is_placed(node: Node) -> bool:
    """True for a leaf whose number and gradient are in a block, which is in its `_y`."""
    return bool(node._kind <= 0 and node._dy != 0.0)


def set_place(node: Node, place: Any) -> None:
    """Let a leaf have its number in place[0], which is in the block of its Extra."""
    node._dy = place


def placement(node: Node) -> Any:
    """The Placement of a leaf in blocks."""
    return node._y.block


def grad_place(node: Node) -> Any:
    """[0] is the gradient of a leaf in blocks."""
    grads = placement(node).first_grad
    return grads[len(grads) - len(place(node)) :]


def gradient(node: Node) -> float:
    """The gradient of a node."""
    grad: float = grad_place(node)[0] if is_placed(node) else node._grad
    return grad


def set_gradient(node: Node, grad: float) -> None:
    """Set the gradient of a node."""
    if is_placed(node):
        grad_place(node)[0] = grad
    else:
        node._grad = grad


def number(node: Node) -> float:
    """The number of a node."""
    number: float = place(node)[0] if is_placed(node) else node._data
    return number


def set_number(node: Node, number: float) -> None:
    """Set the number of a node."""
    if is_placed(node):
        place(node)[0] = number
    else:
        node._data = number


def node(thing: Any) -> Any:
    """A thing that is known to be a node."""
    return thing


def value_at(values: tuple[Node, ...], i: int) -> Node:
    """values[i]."""
    return values[i]


def listed(values: list[Node], i: int) -> Node:
    """values[i]."""
    return values[i]


def borrowed(node: Node) -> Node:
    """A node, or None, to which C refers without counting its reference."""
    return node


def owned(node: Node) -> Node:
    """A borrowed node, for Python."""
    return node


def borrowed_at(values: tuple[Node, ...], i: int) -> Node:
    """values[i], borrowed."""
    return values[i]


def second(node: Node) -> Node:
    """The second of the two parents of a borrowed node."""
    return node._y


def extra(node: Node) -> Any:
    """The Extra of a borrowed node that has one."""
    return node._y


def places(like: array[int]) -> Any:
    """Places for borrowed nodes, of which none is taken; `like` is an array of long longs."""
    return []


def placed(order: Any, i: int) -> Node:
    """The node in place i."""
    node: Node = order[i]
    return node


def put(order: Any, i: int, node: Node) -> None:
    """Put a node in place i, which is taken already or the first that is not."""
    if i == len(order):
        order.append(node)
    order[i] = node


def prefetch(order: Any, i: int, n: int) -> None:
    """In C, have the nodes that come soon after place i of n brought from memory."""


def zeroed(cls: type, *_: object, **__: object) -> Node:
    """A new Value, its fields as C zeroes them; interpreted only."""
    node: Node = object.__new__(cls)
    node._data = node._grad = node._dx = node._dy = 0.0
    node._kind = node._code = node._users = node._number = 0
    node._x = node._y = None
    return node


def is_node(operands: tuple[Any, ...], i: int) -> bool:
    """True if operands[i] is a node."""
    return isinstance(operands[i], NODE)


def all_nodes(operands: tuple[Any, ...]) -> bool:
    """True if all operands are nodes."""
    return all(isinstance(x, NODE) for x in operands)


def is_deep(values: tuple[Node, ...], i: int) -> bool:
    """True if values[i] is no leaf."""
    return bool(values[i]._kind > 0)


def data_of(values: tuple[Node, ...], i: int) -> float:
    """The number of values[i]."""
    return number(values[i])


def set_data(values: tuple[Node, ...], i: int, data: float) -> None:
    """Set the number of values[i]."""
    set_number(values[i], data)


def grad_of(values: tuple[Node, ...], i: int) -> float:
    """The gradient of values[i]."""
    return gradient(values[i])


def set_grad(values: tuple[Node, ...], i: int, grad: float) -> None:
    """Set the gradient of values[i]."""
    set_gradient(values[i], grad)


def grad_at(values: tuple[Node, ...], i: int, placed: bool) -> float:
    """The gradient of values[i]; here and below, placed is False if no leaf lies in a block."""
    return grad_of(values, i)


def set_grad_at(values: tuple[Node, ...], i: int, grad: float, placed: bool) -> None:
    """Set the gradient of values[i]."""
    set_grad(values, i, grad)


def data_at(values: tuple[Node, ...], i: int, placed: bool) -> float:
    """The number of values[i]."""
    return data_of(values, i)


def set_data_at(values: tuple[Node, ...], i: int, data: float, placed: bool) -> None:
    """Set the number of values[i]."""
    set_data(values, i, data)


def add_to_grad(values: tuple[Node, ...], i: int, number: float) -> None:
    """Add to the gradient of values[i]."""
    set_gradient(values[i], gradient(values[i]) + number)


def receive(leaves: tuple[Node, ...], i: int, cotangent: float) -> None:
    """Add the cotangent to the sum that leaves[i] has received in this pass."""
    leaves[i]._dx += cotangent


def settle(leaf: Node) -> None:
    """Add to the gradient of a leaf the sum that it has received in this pass."""
    set_gradient(leaf, gradient(leaf) + leaf._dx)
    leaf._dx = 0.0
