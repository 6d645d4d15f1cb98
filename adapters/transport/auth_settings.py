"""The words under `auth` in config/sources/*.yaml: all faults are reported together, by file and word."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from adapters.transport.request_proofs import CallerKey
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import missing_secret, near

_NAME = re.compile(r"[^.\[\]\s]+")
#: instead of an unusable address, until the fault is reported
_NOWHERE = "https://nowhere.invalid"
#: RFC 9110, 5.1 (field names are tokens)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: what the transport writes by itself: a second one would make another message of the request
_TRANSPORTS = frozenset(
    "connection content-length content-type expect host te trailer transfer-encoding upgrade".split()
)
_SECRET_FORMS = (["value"], ["env"], ["file"])


class AuthSettings:
    """One `auth` mapping. What cannot be used is noted, and stood in for, until `check` or `finish` tells all of it."""

    def __init__(self, auth: Mapping[str, object], source: str, folder: str = "sources") -> None:
        """`source` names the file below config/`folder` in messages. Raises ConfigError for a kind that is no text."""
        self._auth = auth
        self._file = f"config/{folder}/{source}.yaml"
        self._known: set[str] = set()
        #: what is to be mended, and the word that is missing, if one is
        self._faults: list[tuple[Problem, str]] = []
        self.kind = self.text("kind", "none")
        self.check()

    def error(self, name: str, what: str, remedy: str) -> ConfigError:
        """An error about the word `name` under `auth`, with all that was noted before it."""
        return ConfigError([*self._check(), self._problem(name, what, remedy)])

    def check(self) -> None:
        """Raises ConfigError if anything was noted so far: before something is made of the words."""
        if found := self._check():
            raise ConfigError(found)

    def finish(self) -> None:
        """ConfigError with all that was noted, and with every word that this kind did not ask for."""
        problems = self._check()
        spoken_of = {problem.place[1] for problem in problems}
        for word in [name for name in self._auth if name not in self._known and name not in spoken_of]:
            remedy = near(word, self._known, f"it takes {', '.join(sorted(self._known))}")
            problems.append(
                self._problem(word, f"'auth.{word}' is not a word of 'kind: {self.kind}'", remedy)
            )
        if problems:
            raise ConfigError(problems)

    def note(self, name: str, what: str, remedy: str) -> None:
        """Something about the word `name` that cannot be."""
        self._note(name, f"'auth.{name}': {what}", remedy)

    def _note(self, name: str, what: str, remedy: str, missing: str = "") -> None:
        self._faults.append((self._problem(name, what, remedy), missing))

    def _problem(self, name: str, what: str, remedy: str) -> Problem:
        return Problem(self._file, 0, what, remedy, place=("auth", name))

    def _check(self) -> list[Problem]:
        """What was noted. For a word that is missing, what looks like it is shown, at its own line."""
        problems = []
        for problem, missing in self._faults:
            if alike := self._alike(missing) if missing else "":
                what = f"'auth.{missing}' is missing, and '{alike}' is not a word of 'kind: {self.kind}'"
                problems.append(self._problem(alike, what, f"did you mean '{missing}'?"))
            else:
                problems.append(problem)
        return problems

    def leave(self, *names: str) -> None:
        """Words that another part reads."""
        self._known.update(names)

    def _given(self, name: str, default: object = None) -> object:
        self._known.add(name)
        return self._auth.get(name, default)

    def has(self, name: str) -> bool:
        """Whether a word is there."""
        return self._given(name) is not None

    def private_key(self, name: str) -> CallerKey | None:
        """The key that proves who calls; None if it cannot be used, which is noted."""
        pem = self.secret(name)
        try:
            return CallerKey(pem) if pem else None
        except ValueError:
            what = f"'auth.{name}' is no private key that can be used here"
            self._note(
                name, what, "give a PEM file without a password: Ed25519, P-256, or RSA from 2048 bits on"
            )
            return None

    def is_reference(self, name: str) -> bool:
        """Whether a word has the form of a secret."""
        return isinstance(self._given(name), Mapping)

    def text(self, name: str, default: str | None = None) -> str:
        """A word; without `default` it must be there."""
        value = self._given(name, default)
        if value is None or (value == "" and default is None):
            self._note(name, f"'auth.{name}' is missing", f"add '{name}:' under 'auth'", name)
            return ""
        if not isinstance(value, str):
            self._note(name, f"'auth.{name}' is no text", f"write '{name}: …' on one line")
            return ""
        return value

    def _alike(self, name: str) -> str:
        """A word that nobody asked for and that looks like this one."""
        strange = [word for word in self._auth if word not in self._known]
        return next(iter(difflib.get_close_matches(name, strange, 1)), "")

    def address(self, name: str, default: str) -> str:
        """An address of http or https, or the default."""
        value = self.text(name, default)
        if value and value != default and not value.startswith(("http://", "https://")):
            self._note(name, f"'auth.{name}' is not an address: '{value}'", f"write '{name}: https://…'")
            return _NOWHERE
        return value

    def header(self, name: str) -> str:
        """The name of a header of one's own (RFC 9110, 5.1)."""
        value = self.text(name)
        if value and not _TOKEN.fullmatch(value):
            self._note(name, f"'auth.{name}' is no name of a header", "write letters, digits and hyphens")
        elif value.lower() in _TRANSPORTS:
            what = f"'auth.{name}: {value}' is a header that every request has already"
            self._note(name, what, "name the header that the provider wants the key in")
        return value

    def headers(self, name: str) -> dict[str, str]:
        """Headers of one's own, name to text; nothing by default."""
        given = self._given(name, {})
        if not isinstance(given, Mapping):
            self._note(name, f"'auth.{name}' is no table of headers", f"write '{name}: {{Charset: utf-8}}'")
            return {}
        for header, value in given.items():
            if not _TOKEN.fullmatch(str(header)) or str(header).lower() in _TRANSPORTS:
                self._note(
                    name, f"'auth.{name}.{header}' cannot be a header here", "name one of the provider's"
                )
            elif not isinstance(value, str) or not value.isascii() or not value.isprintable():
                self._note(name, f"'auth.{name}.{header}' is no text", "write printable ASCII on one line")
        return {str(header): str(value) for header, value in given.items()}

    def names(self, name: str) -> tuple[str, ...]:
        """A place in an answer: names joined by dots."""
        text = self.text(name)
        found = tuple(text.split("."))
        if text and not all(_NAME.fullmatch(one) for one in found):
            what = f"'auth.{name}' is no place in an answer"
            self._note(name, what, "write names joined by dots: 'data.token'")
        return found

    def choice(self, name: str, words: tuple[str, ...]) -> str:
        """One of `words`; the first is the default."""
        value = self.text(name, words[0])
        if value and value not in words:
            self._note(name, f"'auth.{name}: {value}' is not known", f"write one of {', '.join(words)}")
        return value

    def number(self, name: str, default: int) -> int:
        """A positive whole number, written as digits."""
        value = self._given(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            self._note(name, f"'auth.{name}' is not a number", "write a positive whole number")
            return default
        return value

    def secret(self, name: str) -> str:
        """The secret that `{value|env|file: …}` refers to."""
        reference = self._given(name)
        if not isinstance(reference, Mapping) or [*reference] not in _SECRET_FORMS:
            said = f": it says {', '.join(map(str, reference))}" if isinstance(reference, Mapping) else ""
            what = f"'auth.{name}' is not a secret{said or (': it is missing' if reference is None else '')}"
            remedy = f"write '{name}: {{file: …}}' or '{{env: …}}', and nothing beside it"
            self._note(name, what, remedy, name if reference is None else "")
            return ""
        form, place = next(iter(reference.items()))
        found = _reveal(form, place)
        if not found:
            place, remedy = ("", "write the secret") if form == "value" else missing_secret(form, str(place))
            where = f": {place}" if place else ""
            self._note(name, f"the secret of 'auth.{name}' is missing{where}", remedy)
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
