"""Help of every command, as somebody reads it who has never seen one: examples, and what its exit codes mean."""

from collections.abc import Iterator

import click

from gateway.cli import motlan
from gateway.cli.lazy import EXIT_CODES
from tests import typed

CODES = [line.strip() for line in EXIT_CODES.split("\n")[2:-1]]


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    """The words of every command there is, groups included."""
    yield before
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


def test_every_help_has_examples_and_ends_with_the_exit_codes() -> None:
    known = set(commands(motlan))
    assert {(), ("log",), ("keys", "rotate", "root"), ("verify-log",), ("log", "prove-archive")} <= known
    for words in known:
        said = typed.motlan(*words, "--help")
        assert said.code == 0
        assert "Examples:" in said.out, words
        report_lines = [line.strip() for line in said.out.splitlines()]
        assert report_lines[-len(CODES) :] == CODES, words
