"""How the tables of broken files are held against `motlan check-config`: one fault, one message, at its line."""

import re
from pathlib import Path

from tests.config.test_broken_files import check, replace

#: file, what is written instead of what, words of the line at fault (blank: any line), what is said
Fault = tuple[str, str, str, str, str]


def line_of(root: Path, file: str, words: str) -> int:
    """The first line with these words that is no comment."""
    lines = (root / file).read_text("utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if words in text and not text.startswith("#"))


def told_once(root: Path, fault: Fault, *arguments: str) -> None:
    """Break the file: the fault is told at its line with what to do, and nothing else is."""
    file, old, new, at, says = fault
    replace(root, file, old, new)
    code, said = check(root, *arguments)
    assert code == 2, said
    line = line_of(root, file, at) if at else "[0-9]+"
    assert re.search(rf"^{re.escape(file)}:{line}: ", said, re.MULTILINE), said
    assert says in said
    assert "remedy:" in said
    assert "1 to mend" in said, said
