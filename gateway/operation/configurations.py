"""Texts of the configurations that were in force at this host, without secrets, and what changed between two of them.

The exchange log keeps digests only. To show what a digest stands for, each start and reload keeps the
values of `config/` as lines (`sources/land.yaml`: `limits.connections: 8`) and the digests of the files of `mappings/`
and `schemas/` in the state folder. Another host, or a folder that was lost, has no text of a digest; the page says so.

Never kept: secrets, what stands below `auth` and `options` of sources, portals and identity providers (adapters read
it, and only they know what is secret), user and query of an address, and numbers as long as a person's.
"""

import difflib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from gateway.config.configuration import Configuration
from gateway.telemetry import blot_personal_ids, log

FOLDERS = ("mappings", "schemas")
#: stands for a value that is not kept
HIDDEN = "•••"
_MOST_KEPT = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SECRET = re.compile(
    r"secret|passw|passphrase|credential|token|salt|_key$|^(key|apikey|pin|value)$", re.IGNORECASE
)
_USER, _QUERY = re.compile(r"//[^@\s]*@"), re.compile(r"\?.*", re.DOTALL)
#: words below which only the kind is shown
_ADAPTERS = frozenset({"auth", "options"})
#: where a secret is, not what it is
_PLACES = frozenset({"file", "env", "kind"})

Kind = Literal["added", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptConfiguration:
    """The configuration of one digest."""

    digest: str
    #: file below `config/` -> its lines
    documents: Mapping[str, Sequence[str]]
    #: file below `config/` -> a mark of all its values, hidden ones too, that only this host can make
    marks: Mapping[str, str]
    #: file of `mappings/` and `schemas/` -> SHA-256
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLine:
    """One line that only one of two configurations has."""

    kind: Kind
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file that differs. `lines` is empty for a file whose text is not kept, and where only hidden values differ."""

    file: str
    state: Literal["added", "removed", "changed"]
    lines: tuple[ChangedLine, ...] = ()


class ConfigurationTexts:
    """The kept configurations of one host: one file each in the state folder, the newest 100."""

    def __init__(self, state: Path, most: int = _MOST_KEPT) -> None:
        """`state`: the state folder; the newest `most` are kept."""
        self._folder = state / "configurations"
        self._most = most

    def keep(self, digest: str, configuration: Configuration, root: Path) -> None:
        """Keep the text of a configuration. A folder that does not take it is logged, and stops nothing."""
        path = self._folder / f"{digest}.json"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if path.exists():
                os.utime(path)
                return
            marks = _marks(configuration, self._key())
            kept = KeptConfiguration(
                digest=digest, documents=_documents(configuration), marks=marks, files=_digests(root)
            )
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(orjson.dumps(asdict(kept)))
            Path(file.name).replace(path)
            self._forget_oldest()
        except OSError as error:
            log().warning("configuration.text_not_kept", error=error)

    def find(self, digest: str) -> KeptConfiguration | None:
        """The configuration of a digest; None when this host does not have it."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            return KeptConfiguration(**orjson.loads((self._folder / f"{digest}.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _key(self) -> bytes:
        """The key of the marks, made with the first one."""
        path = self._folder / "key"
        with suppress(FileExistsError), os.fdopen(_for_owner(path), "wb") as file:
            file.write(secrets.token_bytes(32))
        return path.read_bytes()

    def _forget_oldest(self) -> None:
        kept = sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
        for path in kept[self._most :]:
            with suppress(OSError):
                path.unlink()


def _for_owner(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def differences(old: KeptConfiguration, new: KeptConfiguration) -> list[ChangedFile]:
    """The files that differ, in their order; of files of `config/` with the lines."""
    names = sorted(old.documents.keys() | new.documents.keys())
    found = [_changed(name, old, new) for name in names if old.marks.get(name) != new.marks.get(name)]
    found += [
        ChangedFile(file=name, state=_state(old.files.get(name), new.files.get(name)))
        for name in sorted(old.files.keys() | new.files.keys())
        if old.files.get(name) != new.files.get(name)
    ]
    return found


def _changed(name: str, old: KeptConfiguration, new: KeptConfiguration) -> ChangedFile:
    before, after = list(old.documents.get(name, ())), list(new.documents.get(name, ()))
    found: list[ChangedLine] = []
    for word, first, last, start, end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if word != "equal":
            found += [ChangedLine(kind="removed", line=one) for one in before[first:last]]
            found += [ChangedLine(kind="added", line=one) for one in after[start:end]]
    state = _state(old.marks.get(name), new.marks.get(name))
    return ChangedFile(file=f"config/{name}", state=state, lines=tuple(found))


def _state(old: object, new: object) -> Literal["added", "removed", "changed"]:
    return "added" if old is None else "removed" if new is None else "changed"


def _documents(configuration: Configuration) -> dict[str, list[str]]:
    return {name: list(lines(one.data)) for name, one in sorted(configuration.documents.items())}


def _marks(configuration: Configuration, key: bytes) -> dict[str, str]:
    return {
        name: hmac.new(key, orjson.dumps([name, one.data]), hashlib.sha256).hexdigest()
        for name, one in configuration.documents.items()
    }


def _digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def lines(value: Any, place: str = "", *, is_hidden: bool = False) -> Iterator[str]:  # noqa: ANN401 -- YAML
    """The values of a document, one a line, without secrets."""
    if isinstance(value, Mapping):
        for word, one in value.items():
            below = f"{place}.{word}" if place else str(word)
            yield from lines(one, below, is_hidden=_hides(str(word), is_hidden=is_hidden))
    elif isinstance(value, list):
        for one in value:
            yield from lines(one, f"{place}[]", is_hidden=is_hidden)
    else:
        shown = HIDDEN if is_hidden and value is not None else _plain("" if value is None else str(value))
        yield str(blot_personal_ids({"line": f"{place}: {shown}"})["line"])


def _hides(word: str, *, is_hidden: bool) -> bool:
    if word in _PLACES:
        return False
    return is_hidden or word in _ADAPTERS or _SECRET.search(word) is not None


def _plain(text: str) -> str:
    """A value without what may be secret in it: user and query of an address, keys in PEM."""
    if "PRIVATE KEY" in text:
        return HIDDEN
    return _QUERY.sub(f"?{HIDDEN}", _USER.sub(f"//{HIDDEN}@", text)) if "://" in text else text
