"""How the tables of broken files are held against `motlan check-config`: one fault, one message, at its line."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.config.test_broken_files import TOLD, check, replace

__all__ = ["TOLD"]

#: file, what is written instead of what, words of the line at fault (blank: any line), what is said
Fault = tuple[str, str, str, str, str]
_IN_ONE_RUN = 6


def line_of(root: Path, file: str, words: str) -> int:
    """The first line with these words that is no comment."""
    lines = (root / file).read_text("utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if words in text and not text.startswith("#"))


def together(faults: Mapping[str, Fault]) -> dict[str, list[Fault]]:
    """Faults of different files, a few for one run: names of all -> faults. One run takes half a second."""
    runs: list[dict[str, Fault]] = []
    for name, fault in faults.items():
        fits = (
            run for run in runs if len(run) < _IN_ONE_RUN and fault[0] not in {one[0] for one in run.values()}
        )
        run = next(fits, None)
        if run is None:
            runs.append(run := {})
        run[name] = fault
    return {", ".join(run): list(run.values()) for run in runs}


def told_once(root: Path, fault: Fault, *arguments: str) -> None:
    """Break the file: the fault is told at its line with what to do, and nothing else is."""
    all_told(root, [fault], *arguments)


def all_told(root: Path, faults: Sequence[Fault], *arguments: str) -> None:
    """Break files: each fault is told at its line with what to do, and nothing else is."""
    said = told(root, faults, *arguments)
    assert f"{len(faults)} to mend" in said, said


def told(root: Path, faults: Sequence[Fault], *arguments: str) -> str:
    """Break files: each fault is told at its line with what to do. All that was said."""
    for file, old, new, _, _ in faults:
        replace(root, file, old, new)
    code, said = check(root, *arguments)
    assert code == 2, said
    for file, _, _, at, says in faults:
        line = line_of(root, file, at) if at else "[0-9]+"
        here = [one for one in TOLD.findall(said) if re.match(rf"{re.escape(file)}:{line}: ", one)]
        assert any(says in one and "    remedy: " in one for one in here), (file, line, says, said)
    return said
