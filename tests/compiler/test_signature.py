"""Which programs of a signature are kept."""

from types import SimpleNamespace

from autograd_lite.compiler.signature import FREE_PER_SIGNATURE, Signature


def program(changed="", runs=1):
    """What a signature asks of a program."""
    return SimpleNamespace(captured=SimpleNamespace(changed=lambda: changed), runs=runs)


def test_the_program_goes_that_can_run_no_more_or_that_ran_least():
    signature = Signature()
    kept = [program() for _ in range(FREE_PER_SIGNATURE)]
    for new in kept:
        signature.keep(new)
    assert signature.programs == kept[::-1]
    for old in kept:
        old.runs = 5
    kept[3].runs = 2
    signature.keep(new := program())
    assert kept[3] not in signature.programs
    kept[7].captured.changed = lambda: "the variable w"
    signature.keep(program())
    assert kept[7] not in signature.programs
    assert new in signature.programs
    assert len(signature.programs) == FREE_PER_SIGNATURE
    assert signature.recordings == FREE_PER_SIGNATURE + 2
