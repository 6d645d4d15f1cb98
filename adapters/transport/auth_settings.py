"""The words under `auth` in config/sources/*.yaml, read with errors that name the file and the word."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near

_NAME = re.compile(r"[^.\[\]\s]+")
_SECRET_FORMS = (["value"], ["env"], ["file"])


class AuthSettings:
    """One `auth` mapping; every reader raises ConfigError for what cannot be used."""

    def __init__(self, auth: Mapping[str, object], source: str) -> None:
        """`source` names the file in messages."""
        self._auth = auth
        self._source = source
        self._known: set[str] = set()
        self.kind = self.text("kind", "none")

    def error(self, name: str, what: str, remedy: str) -> ConfigError:
        """An error about the word `name` under `auth`."""
        file, place = f"config/sources/{self._source}.yaml", ("auth", name)
        return ConfigError([Problem(file, 0, what, remedy, place=place)])

    def finish(self) -> None:
        """ConfigError when there is a word that this kind did not ask for."""
        if unknown := [name for name in self._auth if name not in self._known]:
            what = f"'auth.{unknown[0]}' is not a word of 'kind: {self.kind}'"
            raise self.error(
                unknown[0], what, near(unknown[0], self._known, f"it takes {', '.join(sorted(self._known))}")
            )

    def leave(self, *names: str) -> None:
        """Words that somebody else reads."""
        self._known.update(names)

    def _given(self, name: str, default: object = None) -> object:
        self._known.add(name)
        return self._auth.get(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        """A word; without `default` it must be there."""
        value = self._given(name, default)
        if value is None or (value == "" and default is None):
            raise self._missing(name)
        if not isinstance(value, str):
            raise self.error(name, f"'auth.{name}' is no text", f"write '{name}: …' on one line")
        return value

    def _missing(self, name: str) -> ConfigError:
        """It is not there; what looks like it is shown, at its own line."""
        if alike := self._alike(name):
            what = f"'auth.{name}' is missing, and '{alike}' is not a word of 'kind: {self.kind}'"
            return self.error(alike, what, f"did you mean '{name}'?")
        return self.error(name, f"'auth.{name}' is missing", f"add '{name}:' under 'auth'")

    def _alike(self, name: str) -> str:
        """A word that nobody asked for and that looks like this one."""
        strange = [word for word in self._auth if word not in self._known]
        return next(iter(difflib.get_close_matches(name, strange, 1)), "")

    def address(self, name: str, default: str) -> str:
        """An address of http or https, or the default."""
        value = self.text(name, default)
        if value != default and not value.startswith(("http://", "https://")):
            raise self.error(
                name, f"'auth.{name}' is not an address: '{value}'", f"write '{name}: https://…'"
            )
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """A place in an answer: names joined by dots."""
        found = tuple(self.text(name).split("."))
        if not all(_NAME.fullmatch(one) for one in found):
            what, remedy = (
                f"'auth.{name}' is no place in an answer",
                "write names joined by dots: 'data.token'",
            )
            raise self.error(name, what, remedy)
        return found

    def choice(self, name: str, words: tuple[str, ...]) -> str:
        """One of `words`; the first is the default."""
        value = self.text(name, words[0])
        if value not in words:
            raise self.error(name, f"'auth.{name}: {value}' is not known", f"write one of {', '.join(words)}")
        return value

    def number(self, name: str, default: int) -> int:
        """A positive whole number, written as digits."""
        value = self._given(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise self.error(name, f"'auth.{name}' is not a number", "write a positive whole number")
        return value

    def secret(self, name: str) -> str:
        """The secret that `{value|env|file: …}` refers to."""
        reference = self._given(name)
        if reference is None and self._alike(name):
            raise self._missing(name)
        if not isinstance(reference, Mapping) or [*reference] not in _SECRET_FORMS:
            said = f": it says {', '.join(map(str, reference))}" if isinstance(reference, Mapping) else ""
            what = f"'auth.{name}' is not a secret{said or (': it is missing' if reference is None else '')}"
            remedy = f"write '{name}: {{file: …}}' or '{{env: …}}', and nothing beside it"
            raise self.error(name, what, remedy)
        form, place = next(iter(reference.items()))
        found = _reveal(form, place)
        if not found:
            where = "" if form == "value" else f": {form} {place}"
            raise self.error(name, f"the secret of 'auth.{name}' is missing{where}", "provide it")
        return found


def _reveal(form: str, place: object) -> str:
    if form == "value":
        reveal = getattr(place, "get_secret_value", None)
        return str(reveal() if reveal else place or "")
    if form == "env":
        return os.environ.get(str(place), "").strip()
    try:
        return Path(str(place)).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
