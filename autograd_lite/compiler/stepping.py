"""The call of a whole step, from its arguments to the new state, in one compiled piece.

The numbers of the arguments and of the state are written to where the program reads them, and the
new ones go to their places from where the program has left them. The state is written last, and
all at once. Where a number is not finite, or a guard does not hold, the call goes the ordinary way,
in `function.py`, and nothing has happened.

Plain Python, compiled with `stepping.pxd` beside it as `autograd_lite/value.py` is.
"""

from __future__ import annotations

from array import array

import numpy as np

import autograd_lite.block as block
import autograd_lite.compiler.tape.loops as loops
import autograd_lite.memory as memory
from autograd_lite.compiler.places import alone
from autograd_lite.compiler.record.template import Hole, put_together
from autograd_lite.compiler.replay import MISSED, Given, Replay, shape_of
from autograd_lite.compiler.run.native import collect, long_stretches_of, stretches_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd_lite.compiler.program import Program
    from autograd_lite.compiler.record.flatten import FlatArguments
    from autograd_lite.compiler.signature import Signature
    from autograd_lite.compiler.tape.executor import Bare

__all__ = ["StepReplay", "step_replay_of"]

_MISSED = MISSED  # as C knows it


class StepReplay(Replay):
    """A replay of a program that changes state.

    given     the arguments, where the program reads them; the old numbers of state, and the
              parameters, lie behind them
    arena     where the program runs: the numbers of `begin` are at the addresses in `fixed`
    run       runs the program
    numbers   where its numbers are then
    results   the addresses of the results among them
    guards    those of the program, of addresses
    finite    [first, number of ...] stretches of numbers that must be finite
    new       those of the new numbers of state; last has the addresses of its plain numbers
    ended     what the results of all calls share, as no graph is left of them; above is its node
    """

    __slots__ = (
        *("above", "arena", "begin", "choices", "constants", "ended", "finite", "fixed", "given"),
        *("guards", "is_node", "last", "n_results", "name"),
        *("new", "numbers", "parameters", "passes", "reads", "results", "run", "template"),
        *("writes",),
    )

    def __init__(
        self,
        program: Program,
        flat: FlatArguments,
        shape: array[int],
        signature: Signature,
        bare: Bare,
    ) -> None:
        Replay.__init__(self, program, flat, shape, signature)
        self.given = Given(bare.leaves, bare.integers)
        self.arena, self.fixed, self.begin = bare.arena, bare.fixed, bare.begin
        self.run, self.numbers, self.choices = bare.run, bare.numbers, bare.choices
        outputs = bare.outputs
        self.guards, self.constants = program.guards.at(outputs), program.guards.constants
        self.finite = stretches_of(np.unique(np.append(outputs, bare.deciding)))
        fresh = outputs[program.new_at :]
        self.new = long_stretches_of(fresh)
        self.last = array("q", fresh[len(fresh) - len(program.writes.numbers) :].tolist())
        self.n_results, self.name = program.n_results, program.name
        self.ended, hub = program.ended()
        self.above = (hub,)
        self.is_node = type(program.template) is Hole and program.n_results > 0
        self.results = array("q", outputs[: program.n_results + program.n_numbers].tolist())
        self.template, self.passes = program.template, program.passes
        self.parameters = program.parameters
        self.reads, self.writes = program.reads.access, program.writes

    def result(self, args: tuple[Any, ...], connected: bool) -> Any:
        if self.due <= 0 or len(args) != self.n_args or (self.passes and not connected):
            return _MISSED
        with alone():
            if self.arena.is_busy:
                return _MISSED
            try:
                self.arena.is_busy = True
                return self.stepped(args, connected)
            except Exception:  # before anything was written; the ordinary way raises it again
                return _MISSED
            finally:
                self.arena.is_busy = False

    def stepped(self, args: tuple[Any, ...], connected: bool) -> Any:
        """What the function gives, once the new state is written."""
        given, arena = self.given, self.arena
        is_mine = arena.owner is self.fixed
        arena.owner = None
        given.begin()
        for i in range(len(args)):
            if not self.takes(args[i], given, None):
                return _MISSED
        if not self.is_current():
            return _MISSED
        n = given.filled
        if not self.reads.read(given.leaves, n):
            return _MISSED
        leaf = memory.doubles(given.leaves)
        n += self.reads.length
        for i in range(len(self.parameters)):
            leaf[n + i] = memory.data_of(self.parameters, i)
        if len(self.choices) > 0 and loops.outside(given.integers, self.choices) >= 0:
            return _MISSED
        if not is_mine:
            loops.spread(self.begin, (), self.numbers, self.fixed, 0)
        arena.owner = self.fixed
        self.run()
        if not collect(self.numbers, self.finite, None):
            return _MISSED
        if loops.broken(self.numbers, self.guards, self.constants) >= 0:
            return _MISSED
        last = loops.room(len(self.last))
        loops.collect(self.numbers, self.last, last)
        found = loops.room(len(self.results))
        loops.collect(self.numbers, self.results, found)
        number = memory.doubles(found)
        if not connected:
            nodes = self.program.without_graph(found[: self.n_results])
        else:
            nodes = [
                block.result_of(self.above, self.name, self.ended, i, number[i])
                for i in range(self.n_results)
            ]
        if self.is_node:
            result = nodes[0]
        else:
            result = put_together(self.template, nodes, found[self.n_results :])
        self.writes.write_from(self.numbers, self.new, last)
        self.due -= 1
        self.calls += 1
        return result


def step_replay_of(
    program: Program, flat: FlatArguments, signature: Signature
) -> StepReplay | None:
    """The replay of a program that changes state, for calls with arguments like these; None if it
    can have none.

    It can if it draws no random numbers, calls nothing back, and has no operation of the user's;
    and if the arguments are numbers, arrays of doubles and ints, text, None and objects, and lists
    and tuples of them.
    """
    tape = program.tape
    of_users, _ = tape.user_results()
    called = program.calls or program.draws or tape.blocks or len(of_users) > 0
    shape = None if called or flat.values else shape_of(flat)
    executor = program.choice.executor
    bare = None if shape is None or executor is None else executor.bare()
    if shape is None or bare is None:
        return None
    return StepReplay(program, flat, shape, signature, bare)
