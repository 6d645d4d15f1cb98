"""A command or a setting that the product names to people exists: nobody looks for what is not there."""

import ast
import re
from collections.abc import Iterator

import click

from gateway.cli import motlan
from gateway.config.gateway import GatewaySettings
from tests.architecture.test_architecture import name_of, python_files, tree

#: in prose a sub-command comes in backticks, behind `run`, or at the beginning of a line of an example
COMMAND = re.compile(
    r"(?:`|\brun |^ *|[|&:;(] *)motlan ([a-z-]+)(?: ([a-z][a-z-]*))?((?: --?[a-z][a-z-]*)*)", re.MULTILINE
)
#: a setting with its section; behind quotes or in prose, never a file (`log.py`) nor an event of the operations log
SECTIONS = "api|admin|sandbox|limits|log|access|documents|corrections|attest|policy|prefill|reload"
SETTING = re.compile(rf"(?<![\w./])(?:gateway\.)?({SECTIONS})\.([a-z][a-z_]+)(?![\w(./])")


def texts(*rooms: str) -> Iterator[tuple[str, str]]:
    for path in python_files(*rooms):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{name_of(path)}:{node.lineno}", node.value


def command(names: list[str]) -> click.Command | None:
    """The command of this path; its last word may be an argument."""
    found: click.Command = motlan
    for name in names:
        if not isinstance(found, click.Group):
            return found
        below = found.get_command(click.Context(found), name)
        if below is None:
            return None
        found = below
    return found


def options(found: click.Command) -> set[str]:
    return {
        word
        for one in found.params
        if isinstance(one, click.Option)
        for word in (*one.opts, *one.secondary_opts)
    }


def test_every_command_and_option_that_a_text_names_exists() -> None:
    seen, wrong = 0, []
    for where, text in texts("gateway", "adapters"):
        for first, second, given in COMMAND.findall(text):
            seen += 1
            found = command([first, second] if second else [first])
            strange = set(given.split()) - options(found) - {"--help", "-h"} if found is not None else {first}
            if found is None or strange:
                wrong.append((where, first, second, sorted(strange)))
    assert seen > 60
    assert wrong == []


def test_every_setting_that_a_sentence_or_a_command_names_exists() -> None:
    seen, wrong = 0, []
    fields = GatewaySettings.model_fields
    for where, text in texts("gateway/domain", "gateway/cli", "gateway/checks"):
        if " " not in text:  # a name of the code, not a text for people
            continue
        for section, name in SETTING.findall(text):
            seen += 1
            model = fields[section].annotation
            if name not in getattr(model, "model_fields", {}):
                wrong.append((where, f"{section}.{name}"))
    assert seen > 15
    assert wrong == []
