"""Gathers what there is to mend, so that one run tells everything, each fault once and no consequence of another."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.domain.errors import ConfigError, Problem

#: further places that want the same remedy: from so many on they are told as one, and so many are named
_MANY, _SHOWN = 3, 5


class Faults:
    """Problems of many files; `unread` are those whose words are not known whole."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self._problems: list[Problem] = []
        self.unread: set[str] = set()

    def add(self, problems: Iterable[Problem]) -> None:
        """More to mend."""
        self._problems.extend(problems)

    @contextmanager
    def noted(self, file: str = "") -> Iterator[list[Any]]:
        """What fails inside is noted, and `file` then counts as not read; the list is for what succeeds."""
        try:
            yield []
        except ConfigError as error:
            self.add(error.problems)
            if file:
                self.unread.add(file)

    def found(self) -> list[Problem]:
        """Each once; what would not be said if a file could be read is left out."""
        sound = [problem for problem in self._problems if not self._is_consequence(problem)]
        return _gathered({str(problem): problem for problem in sound}.values())

    def finish(self) -> None:
        """ConfigError when there is anything to mend."""
        if found := self.found():
            raise ConfigError(found)

    def _is_consequence(self, problem: Problem) -> bool:
        return any(
            file == name or (name.endswith("/") and file.startswith(name))
            for name in problem.rests_on
            for file in self.unread
        )


def _gathered(problems: Iterable[Problem]) -> list[Problem]:
    """Many places that one remedy mends are told as one: the first, and how many more there are and where."""
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


def near(word: str, words: Iterable[str], otherwise: str) -> str:
    """The remedy for a word that is unknown. Of codes none is proposed: they are all near to others."""
    found = nearest(word, words)
    return f"did you mean '{found}'?" if found else otherwise


def nearest(word: str, words: Iterable[str]) -> str:
    """The word that is near to an unknown one; blank when none is, and for a code."""
    is_word = any(letter.islower() for letter in word)
    found = difflib.get_close_matches(word, sorted(words), 1) if is_word else []
    return found[0] if found else ""
