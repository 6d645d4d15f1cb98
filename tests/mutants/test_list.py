"""The list of mutants fits the tree: each text stands once in its file, and the tests that must notice are there."""

from tests.mutants.__main__ import fault, listed


def test_every_mutant_can_be_made() -> None:
    mutants = listed([])
    assert len(mutants) >= 50
    assert len({one.name for one in mutants}) == len(mutants)
    assert {one.name: why for one in mutants if (why := fault(one))} == {}
