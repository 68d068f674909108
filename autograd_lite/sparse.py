"""Sparse Jacobians and Hessians: a function recorded once, its derivatives as arrays of numbers.

The recording is differentiated on its tape, one node for each number that is not always 0, and the
result runs as one program. So a call takes numbers and gives arrays, and makes no Value.
"""

from __future__ import annotations

import functools
from copy import copy

import numpy as np

from autograd_lite import observers
from autograd_lite.callables import name_of
from autograd_lite.compiler.body import OtherWayError
from autograd_lite.compiler.choice import ExecutorChoice, all_close, cotangents_for
from autograd_lite.compiler.messages import counted, said, warn
from autograd_lite.compiler.program_guards import Guards, Outputs
from autograd_lite.compiler.record.captured import CapturedState
from autograd_lite.compiler.record.flatten import Identity, flatten_call
from autograd_lite.compiler.record.recorder import Recorder, Recording, record
from autograd_lite.compiler.record.tracers import NotRecordedError
from autograd_lite.compiler.tape.derive import folded, taken_apart, tape_of
from autograd_lite.compiler.tape.interpreter import Interpreter
from autograd_lite.compiler.tape.writer import write_tape
from autograd_lite.evaluation import check_function, places_of, single_of
from autograd_lite.forks import give_lock
from autograd_lite.nested import Tree
from autograd_lite.observers import no_grad
from autograd_lite.progress import Progress
from autograd_lite.rows import Rows
from autograd_lite.size import check_fits
from autograd_lite.structure import CSR, Sparsity, csr_matrix, in_order
from autograd_lite.value import Node, Value, grad_enabled, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import RLock
    from typing import Any

    from numpy.typing import NDArray

    from autograd_lite.block import Block
    from autograd_lite.compiler.record.flatten import FlatArguments

__all__ = ["Sparse"]

MANY = 100_000
"""A matrix with more numbers than these that are not 0, a quarter of all, is no sparse one."""

BYTES = 2000
"""A number takes at least so many while it is prepared."""

STAGES = ("recording", "gradient", "structure", "derivatives", "arrays")

KEPT = 16
"""So many structures of arguments are kept, and preparations of each; more are told of."""


class Sparse:
    """What `hessian(f, sparse=True)` gives: a function of the arguments of f that is prepared once.

    That is at the first call, and anew for arguments of another structure, where a decision on
    numbers in f goes another way, and where what f reads has changed. At calls 2, 4, 8 ... of a
    preparation f itself runs, too, and its numbers are compared.
    """

    _lock: RLock

    def __init__(
        self,
        what: str,
        f: Callable[..., Any],
        argnums: int | Sequence[int],
        *,
        sparse: Any = True,
        lower: bool = False,
    ) -> None:
        """A derivative of f.

        what    "jacobian", "hessian" or "value_grad_hessian"
        sparse  True for matrices of SciPy's, "arrays" for a `CSR`
        lower   True for the columns of a Hessian up to the row
        """
        check_function(what, f)
        if sparse not in (True, "arrays"):
            raise ValueError(f'{what}: sparse must be False, True or "arrays", not {sparse!r}')
        self._what, self._f, self._argnums, self._lower = what, f, argnums, lower
        self._sparse = sparse
        self._matrix = None if sparse == "arrays" else csr_matrix()
        functools.update_wrapper(self, f)
        self._known: dict[Any, list[_Prepared]] = {}
        self.preparations = 0
        self._hidden = False  # True if f reads what changes unseen
        self._unsettled = False  # True if the last preparation changed what f reads
        give_lock(self, "_lock")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        prepared, numbers = self._run(args, kwargs)
        data = numbers[prepared.head :]
        if self._what in ("jacobian", "hessian"):
            return self._made(prepared, data)
        value, gradient = numbers.item(0), prepared.like_arguments(numbers[1 : prepared.head])
        return value, gradient, self._made(prepared, data)

    def into(self, out: Any, *args: Any, **kwargs: Any) -> float | None:
        """Write the numbers of the matrix, in the order of `CSR`, into an array of doubles.

        out  [nnz] that array; of value_grad_hessian two arrays, the first for the gradient

        Gives the value, of value_grad_hessian. Raises ValueError for arrays of another size.
        """
        prepared, numbers = self._run(args, kwargs)
        parts = [numbers[prepared.head :]]
        if prepared.head:
            parts.insert(0, numbers[1 : prepared.head])
        given = out if prepared.head and isinstance(out, (tuple, list)) else [out]
        if len(given) != len(parts):
            raise ValueError(f"{self._what}: expected {counted(len(parts), 'array')} to write into")
        for array, part in zip(given, parts, strict=True):
            fits = isinstance(array, np.ndarray) and array.dtype == float
            if not fits or array.size != part.size or not array.flags.writeable:
                raise ValueError(
                    f"{self._what}: expected an array of {part.size} doubles to write into"
                )
        for array, part in zip(given, parts, strict=True):
            array[...] = part.reshape(array.shape)
        return numbers.item(0) if prepared.head else None

    def sparsity(self, *args: Any, **kwargs: Any) -> Sparsity:
        """Which numbers of the matrix are not always 0, for these arguments."""
        return self._run(args, kwargs)[0].sparsity

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or another process, prepares its own."""
        form = functools.partial(Sparse, sparse=self._sparse, lower=self._lower)
        return form, (self._what, self._f, self._argnums)

    def __repr__(self) -> str:
        return f"<sparse {self._what} of {name_of(self._f)}>"

    def _made(self, prepared: _Prepared, data: NDArray[np.float64]) -> Any:
        found = prepared.sparsity
        if self._matrix is None:
            return CSR(data, found.indices, found.indptr)
        if prepared.matrix is None:  # of which a copy takes a fifth of the time of a new one
            arrays = data, found.indices, found.indptr
            prepared.matrix = self._matrix(arrays, shape=found.shape)
            prepared.matrix.has_canonical_format = True
        matrix = copy(prepared.matrix)
        matrix.data, matrix.indices, matrix.indptr = data, found.indices.copy(), found.indptr.copy()
        return matrix

    # ------------------------------------------------------------------------------- one call

    def _run(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[_Prepared, NDArray[np.float64]]:
        """The preparation for a call, and the numbers that it gives."""
        places = places_of(self._what, self._argnums, len(args), self._f)
        if observers.tracing():
            raise TypeError(
                f"{self._what}: a sparse derivative gives arrays of numbers, and is no part of a "
                f"compiled function or another transform; there write {self._what}(f) without "
                "sparse"
            )
        flat = flatten_call(args, kwargs, (), places)
        key = flat.shape.tobytes(), tuple(flat.statics)
        for prepared in self._known.get(key, ()):
            if not (self._hidden or prepared.captured.changed()):
                numbers = prepared.run(flat)
                if numbers is not None and self._is_right(prepared, args, kwargs, flat):
                    return prepared, numbers
        with self._lock:
            prepared = self._prepared(args, kwargs, places, flat, key)
        numbers = prepared.run(flat, is_new=True)
        if numbers is None:  # arrays add up in another order, and the last digit decides
            prepared.interpret()
            numbers = prepared.run(flat, is_new=True)
        if numbers is None:
            raise RuntimeError(f"{self._what}: {name_of(self._f)} decides otherwise when it is run")
        return prepared, numbers

    def _is_right(self, prepared: _Prepared, args: Any, kwargs: Any, flat: FlatArguments) -> bool:
        """True unless it is time to run f, and that gives other numbers than the recording."""
        prepared.runs += 1
        if prepared.runs & (prepared.runs - 1):
            return True
        if not prepared.decides(flat):  # as arrays do, at the last digit
            prepared.interpret()
            return False
        if prepared.agrees(self._f, args, kwargs, flat):
            return True
        self._hidden = True
        self._known.clear()
        warn(
            said(
                f"{self._what}: {name_of(self._f)} gives other numbers than when it was recorded, "
                "and is prepared anew at each call from now on",
                "Pass what changes from call to call as an argument",
            )
        )
        return False

    def _prepared(
        self, args: Any, kwargs: Any, places: Sequence[int], flat: FlatArguments, key: Any
    ) -> _Prepared:
        """A new preparation, which is kept; the caller holds the lock."""
        single = isinstance(self._argnums, int)
        with Progress(f"{self._what} of {name_of(self._f)}", STAGES) as progress:
            progress.begin("recording")
            call = _Recorded(self._what, self._f, args, kwargs, places, single)
            prepared = _Prepared(call, self._lower, progress)
        self.preparations += 1
        if self._hidden:
            return prepared
        changed, before = call.changed, self._unsettled
        self._unsettled = bool(changed)
        if changed:
            if before:
                warn(
                    said(
                        f"{self._what}: each call of {name_of(self._f)} changes {changed}, so that "
                        "it is prepared anew each time",
                        "Keep what changes outside",
                    )
                )
            return prepared
        self._known[key] = [prepared, *self._known.pop(key, ())[: KEPT - 1]]
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        if self.preparations == KEPT:
            warn(
                said(
                    f"{self._what}: {name_of(self._f)} has been prepared {KEPT} times, as its "
                    "arguments differ in more than their floats, or its decisions go other ways",
                    "Write where(x > y, a, b) for a if x > y else b, and pass floats for ints",
                )
            )
        return prepared


class _Recorded:
    """A call of f that is recorded, with Values for the numbers by which derivatives are taken.

    tape      its outputs are the numbers of the result, then what the guards ask for
    slots     the slots of the leaves by which derivatives are taken
    guards    the decisions, on the numbers that they ask for
    captured  what f reads besides its arguments
    changed   the name of something of it that the call changed, or ""
    """

    def __init__(
        self,
        what: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        places: Sequence[int],
        single: bool,
    ) -> None:
        self.what, self.f, self._single = what, f, single
        self._trees = [Tree(what, args[k], f"argument {k}", False) for k in places]
        if any(tree.parameters for tree in self._trees):
            raise TypeError(
                f"{what}: a module has no columns in a sparse matrix; give f its parameters in a "
                "list, or write hvp(f, (module,), (direction,))"
            )
        self._places = places
        args = self.with_values(args)
        flat = flatten_call(args, kwargs, (), places)
        statics = [x.thing if isinstance(x, Identity) else x for _, x in flat.statics]
        roots = [(name_of(f), f), *[("an argument", x) for x in statics]]
        before = CapturedState(roots)
        try:
            recording = record(f, flat, Recorder(before.reached))
        except NotRecordedError as problem:
            raise TypeError(f"{what}: {name_of(f)} cannot be recorded: {problem}") from None
        self.captured = CapturedState(roots)
        self.changed = before.changed(self.captured)
        self._check(recording)
        result = recording.result
        if what != "jacobian":
            result = single_of(what, result, f)
        results = Tree(what, result, "the result", True)
        if results.parameters:
            raise TypeError(f"{what}: the result is a module, which has no rows in a matrix")
        made, outputs, asked = recording.made[:], Outputs(), Outputs()
        for x in results.leaves:
            if not isinstance(x, Node):
                x = Value(x)
                made.append(x)
            outputs.add(x)
        self.guards = Guards(recording, asked)
        nodes = outputs.nodes + asked.nodes
        try:
            written = write_tape(
                made,
                nodes,
                dict(recording.arguments),
                recording.indices,
                recording.computed_from,
            )
        except ValueError as problem:
            raise TypeError(f"{what}: {problem}") from None
        self.parameters = tuple(written.captured)
        if not all(map(self.captured.leads_to, self.parameters)):
            raise TypeError(
                f"{what}: {name_of(f)} computes with Values to which neither its arguments nor "
                "what it reads lead, such as copies; compute them outside, and pass them"
            )
        self.tape = written.tape(nodes, len(outputs.nodes), len(recording.indices))
        self.slots: list[int] = []
        for k, tree in zip(places, self._trees, strict=True):
            start = len(flatten_call(args[:k], {}, (), places).floats)
            self.slots += range(start, start + len(tree.leaves))

    def _check(self, recording: Recording) -> None:
        problem = recording.why_not
        if recording.draws:
            problem = "it draws random numbers. Draw them before, and pass them"
        elif recording.calls:
            problem = "it calls back. Call f itself for that"
        elif self.captured.unseen:
            problem = (
                f"it reads {self.captured.unseen}, which may change unseen. Pass what it reads of "
                "it as an argument"
            )
        if problem:
            raise TypeError(f"{self.what}: {name_of(self.f)} cannot be recorded: {problem}")

    def with_values(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arguments like those of this call, with Values for the numbers of derivatives."""
        given = list(args)
        for k in self._places:
            tree = Tree(self.what, args[k], f"argument {k}", False)
            given[k] = tree.filled(
                [Value(number_of(x) if isinstance(x, Node) else x) for x in tree.leaves]
            )
        return tuple(given)

    def like_arguments(self, numbers: NDArray[np.float64]) -> Any:
        """Numbers, one for each column, built as the arguments are."""
        built, start = [], 0
        for tree in self._trees:
            pieces: list[Any] = []
            for first, last, shape in tree.pieces():
                part = numbers[start + first : start + last]
                pieces.append(part.item() if shape is None else part.reshape(shape))
            built.append(tree.built(pieces))
            start += len(tree.leaves)
        return built[0] if self._single else tuple(built)


class _Prepared:
    """The derivatives of one recorded call, as a program.

    head      how many numbers stand before those of the matrix: the value and the gradient
    sparsity  the structure of the matrix
    matrix    a matrix of SciPy's of this structure, once there was one
    captured  what f reads besides its arguments
    runs      for how many calls it has been used
    """

    def __init__(self, call: _Recorded, lower: bool, progress: Progress) -> None:
        what, tape = call.what, call.tape
        self.call, self.captured, self.guards = call, call.captured, call.guards
        self.parameters, self.like_arguments = call.parameters, call.like_arguments
        progress.begin("gradient")
        nodes, place, inputs = taken_apart(tape, call.slots)
        outputs = [place[i] for i in tape.outputs.tolist()]
        results = targets = outputs[: tape.results]
        asked = outputs[tape.results :]
        symmetric = what != "jacobian"
        if symmetric:
            targets = nodes.reverse([(results[0], nodes.number(1.0))], inputs, progress.tell)
        head = [*results, *targets] if what == "value_grad_hessian" else []
        progress.begin("structure")
        rows = Rows(nodes, targets, inputs, symmetric)
        _check_size(what, name_of(call.f), rows.lengths, len(inputs), tape.blocks)
        progress.begin("derivatives")
        found = rows.made(progress.tell)
        progress.begin("arrays")
        self.sparsity, data = in_order(found, len(inputs), symmetric and not lower)
        self.head, self._asked = len(head), len(asked)
        outputs = [*asked, *head, *data]
        derived = folded(tape_of(nodes, outputs, tape.leaves, tape.indices, 0))
        self._choice = ExecutorChoice(derived, [], "auto", self.guards.exact, has_run=True)
        if self._choice.executor is None:
            self._choice.arrays()
        self.matrix: Any = None
        self.runs = 1

    def run(self, flat: FlatArguments, is_new: bool = False) -> NDArray[np.float64] | None:
        """The head and the matrix for these numbers; None if a decision goes another way.

        is_new  True if f has just been recorded with these numbers, so that an error is its own
        """
        if (self.parameters or flat.values) and grad_enabled():
            raise TypeError(
                f"{self.call.what}: {name_of(self.call.f)} depends on Values from outside, and a "
                "sparse derivative is made of plain numbers, through which no derivative goes; "
                "write it within no_grad(), or pass numbers for Values"
            )
        try:
            outputs = self._choice.forward(flat.floats, flat.integers, self.parameters).outputs
        except Exception as problem:
            decides = self.guards.guards or isinstance(problem, OtherWayError)
            if is_new or not decides:
                raise
            return None
        if self.guards.guards and self.guards.failed(outputs) is not None:
            return None
        return np.frombuffer(outputs)[self._asked :]

    def interpret(self) -> None:
        """Run node by node from now on, with the numbers of f bit for bit."""
        self._choice.executor = self._choice.interpreter

    @functools.cached_property
    def _primal(self) -> Interpreter:
        """What computes the numbers of f, and then those of its decisions."""
        return Interpreter(self.call.tape, [])

    def decides(self, flat: FlatArguments) -> bool:
        """True if the decisions go this way for f, whose numbers may differ in the last digit."""
        outputs = self._primal.forward(flat.floats, flat.integers, self.parameters).outputs
        return self.guards.failed(outputs[self.call.tape.results :]) is None

    def agrees(self, f: Callable[..., Any], args: Any, kwargs: Any, flat: FlatArguments) -> bool:
        """True if f gives now what the recording does."""
        call, n = self.call, self.call.tape.results
        run = self._primal.forward(flat.floats, flat.integers, self.parameters)
        _, magnitude = self._primal.gradient_and_magnitude(run, cotangents_for(n))
        with no_grad():
            result = f(*call.with_values(args), **kwargs)
            leaves = Tree(call.what, result, "the result", True).leaves
        numbers = [number_of(x) if isinstance(x, Node) else x for x in leaves]
        return len(numbers) == n and all_close(run.outputs[:n], numbers, magnitude)


def _check_size(
    what: str, name: str, of_rows: Sequence[int], columns: int, blocks: Sequence[Block]
) -> None:
    """Raise ValueError for a matrix that is not sparse.

    blocks  the loops, roots and solves on the way, whose structure is not looked into
    """
    total = sum(of_rows)
    matrix = f"the {'Jacobian' if what == 'jacobian' else 'Hessian'} of {name}"
    product = "jvp" if what == "jacobian" else "hvp"
    if total > MANY and 4 * total > len(of_rows) * columns:
        raise ValueError(
            f"{what}: {matrix} is not sparse: {total:,} of its {len(of_rows):,} x {columns:,} "
            f"numbers are not 0; write {what}(f) without sparse for all of them, or {product} for "
            f"products with it{_looked_through(blocks)}"
        )
    check_fits(f"{what}: {matrix}", total, BYTES, f"{product} for products with it")


def _looked_through(blocks: Sequence[Block]) -> str:
    if not blocks:
        return ""
    return (
        f". What {blocks[0].name} gives counts as depending on all that it is given; a plain for "
        "loop is looked through"
    )
