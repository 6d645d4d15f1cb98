"""A group whose commands load when they run or show their own help."""

from collections.abc import Callable, Mapping

import click

#: name -> how to load it, and its line of help
Commands = Mapping[str, tuple[Callable[[], click.Command], str]]


class LazyGroup(click.Group):
    """Knows the names of its commands and one line of help for each."""

    def __init__(self, *args: object, lazy: Commands, **more: object) -> None:
        """`lazy`: in the order in which help names them."""
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one."""
        del ctx
        entry = self._lazy.get(cmd_name)
        return entry[0]() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without loading anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])
