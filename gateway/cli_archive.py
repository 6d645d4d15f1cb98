"""placeholder."""

import click

ARCHIVING: tuple[click.Command, ...] = ()
