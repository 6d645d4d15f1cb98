"""A group whose commands load when they run or show their own help."""

from collections.abc import Mapping
from importlib import import_module

import click

#: name -> its place below `gateway.cli` (`module:name`), and its line of help
Commands = Mapping[str, tuple[str, str]]


#: below the help of every command
EXIT_CODES = """
\b
Exit codes:
  0    done and good
  1    done, and the answer is no: not proven, not there, refused
  2    usage or configuration; the message says what to do
  3    a dependency does not answer
  130  stopped by the keyboard
"""


class LazyGroup(click.Group):
    """Knows the names of its commands and one line of help for each."""

    def __init__(self, *args: object, lazy: Commands, **more: object) -> None:
        """`lazy`: in the order in which help names them."""
        super().__init__(*args, **{"epilog": EXIT_CODES, **more})  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one."""
        del ctx
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry[0].partition(":")
        return _with_codes(getattr(import_module(f"gateway.cli.{module}"), name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a name that is none gets the names like it, of commands that are not loaded too."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self._lazy, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without loading anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])


def _with_codes(command: click.Command) -> click.Command:
    """The command, its help and that of what is below it ending with the exit codes."""
    command.epilog = EXIT_CODES
    if isinstance(command, click.Group) and not isinstance(command, LazyGroup):
        for below in command.commands.values():
            _with_codes(below)
    return command
