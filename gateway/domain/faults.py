"""Collects faults, so that one run reports all of them, each once, without consequences of others."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.domain.errors import ConfigError, Problem

#: from this many places with the same remedy on, they are one fault; and this many are named
_MANY, _SHOWN = 3, 5


class Faults:
    """Faults of many files; `unread`: files that could not be read completely."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self._problems: list[Problem] = []
        self.unread: set[str] = set()

    def add(self, problems: Iterable[Problem]) -> None:
        """Add faults."""
        self._problems.extend(problems)

    @contextmanager
    def noted(self, file: str = "") -> Iterator[list[Any]]:
        """A fault raised inside is added, and `file` then counts as unread; the list is for results."""
        try:
            yield []
        except ConfigError as error:
            self.add(error.problems)
            if file:
                self.unread.add(file)

    def found(self) -> list[Problem]:
        """Each fault once, without those that depend on an unread file."""
        sound = [problem for problem in self._problems if not self._is_consequence(problem)]
        return _gathered({str(problem): problem for problem in sound}.values())

    def finish(self) -> None:
        """Raises ConfigError when there is any fault."""
        if found := self.found():
            raise ConfigError(found)

    def _is_consequence(self, problem: Problem) -> bool:
        return any(
            file == name or (name.endswith("/") and file.startswith(name))
            for name in problem.rests_on
            for file in self.unread
        )


def _gathered(problems: Iterable[Problem]) -> list[Problem]:
    """Faults with one remedy as one: the first, and the number and places of the others."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        what = problem.rests_on or (problem.file,)
        groups.setdefault((problem.remedy or problem.what, *what), []).append(problem)
    found = []
    for first, *more in groups.values():
        if len(more) < _MANY or not first.remedy:
            found += [first, *more]
            continue
        here = f"{first.file}:{first.line}"
        places = [place for place in dict.fromkeys(f"{one.file}:{one.line}" for one in more) if place != here]
        rest = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        also = f"\n    so too: {', '.join(places[:_SHOWN])}{rest}" if places else ""
        found.append(
            Problem(first.file, first.line, first.what + also, first.remedy, rests_on=first.rests_on)
        )
    return found


def missing_secret(form: str, place: str) -> tuple[str, str]:
    """Where a secret is read, and the one remedy while it is not there; `form`: `file` or `env`."""
    if form == "file":
        return f"file {place}", f"write the secret into {place}, or name another place"
    return (
        f"environment variable {place}",
        f"set {place} for the process of the gateway, or name another place",
    )


def near(word: str, words: Iterable[str], otherwise: str) -> str:
    """The remedy for an unknown word. For codes no similar one is proposed: all codes are similar."""
    found = nearest(word, words)
    return f"did you mean '{found}'?" if found else otherwise


def nearest(word: str, words: Iterable[str]) -> str:
    """The known word most similar to an unknown one; blank when none is, and for a code."""
    is_word = any(letter.islower() for letter in word)
    found = difflib.get_close_matches(word, sorted(words), 1) if is_word else []
    return found[0] if found else ""
