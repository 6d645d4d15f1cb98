"""Options that several commands share, and what they mean. Imports nothing of the gateway: `--help` is fast."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.text import Text

_Command = TypeVar("_Command", bound=Callable[..., Any])

JSON = click.option("--json", "as_json", is_flag=True, help="For machines: JSON on standard output.")
QUIET = click.option("--quiet", is_flag=True, help="Say nothing but errors.")
READY = click.option("--ready-file", type=click.Path(path_type=Path), help="Written once everything answers.")
CONFIG = click.option(
    "--config", type=click.Path(path_type=Path, file_okay=False), help="Folder of the configuration."
)
STATE = click.option(
    "--dir", "state", type=click.Path(path_type=Path, file_okay=False), help="Folder for state."
)


def _parted(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(given).split())


#: an old and a new one, where a log's key was changed: the option repeated, or spaces between
VKEYS = click.option(
    "--vkey",
    "vkeys",
    multiple=True,
    envvar="MOTLAN_LOG_VKEY",
    metavar="KEY",
    callback=_parted,
    help="Public key of the log, name+id+base64, as you got it from elsewhere; repeat it for an old and a new one."
    " Also MOTLAN_LOG_VKEY, with spaces between; `log prove` and `log checkpoint` know that of --ready-file.",
)
SET = click.option(
    "--set", "values", multiple=True, metavar="KEY=VALUE", help="Override one value of the configuration."
)


#: what is not printable and yet moves no cursor but to the next line
_PLAIN = frozenset("\n\u00a0")


@dataclass(frozen=True, slots=True)
class Voice:
    """The output of a command."""

    as_json: bool
    quiet: bool

    def say(self, facts: object, *words: object, width: int | None = None) -> None:
        """Facts for machines, or words for people: text plainly, anything else as rich prints it.

        `width`: of tables that go into a file.
        """
        if self.as_json:
            click.echo(as_json(facts))
        elif not self.quiet:
            for one in words:
                if isinstance(one, str):
                    click.echo(plain(one))
                else:
                    Console(width=None if sys.stdout.isatty() else width).print(one)


def plain(text: str) -> str:
    """Text from outside with nothing in it that a terminal obeys: line ends stay, all else is written out."""
    return "".join(one if one.isprintable() or one in _PLAIN else _escaped(one) for one in text)


def cell(text: object) -> Text:
    """The same for a table: brackets in it are no markup."""
    return Text(plain(str(text)))


def as_json(facts: object) -> str:
    """JSON on one line, likewise: a terminal may be what reads it."""
    text = orjson.dumps(facts).decode()
    return text if text.isprintable() else "".join(_in_json(one) for one in text)


def _in_json(one: str) -> str:
    return one if one.isprintable() or one in _PLAIN else json.dumps(one)[1:-1]


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode()


def options(*shared: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Options that several commands share, in this order."""
    return lambda command: reduce(lambda made, option: option(made), reversed(shared), command)


def data_root() -> Path:
    """The project's data: the folder that holds this package."""
    return Path(__file__).resolve().parents[2]


def config_here(given: Path | None) -> Path:
    """The folder given, else `config` where one stands, else that of the project."""
    here = Path("config")
    return (given or (here if (here / "gateway.yaml").is_file() else data_root() / "config")).resolve()


def root_of(config: Path) -> Path:
    """The folder that holds `mappings/` and `schemas/`: beside the configuration, else the project's."""
    beside = config.resolve().parent
    return beside if (beside / "mappings").is_dir() else data_root()


def state_folder(given: Path | None) -> Path:
    """The folder given, else that of the XDG base directory specification."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return (given or Path(home) / "motlan").resolve()


def overrides(values: tuple[str, ...]) -> dict[str, str]:
    """`a.b=c` pairs."""
    found = {}
    for value in values:
        key, equals, rest = value.partition("=")
        if not equals or "." not in key:
            raise click.UsageError(f"--set {key}: write it as --set sources.population.url=http://…")
        found[key] = rest
    return found
