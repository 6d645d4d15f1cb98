"""The detached signature of an archive: a C2SP signed note over its name, its digest and the records in it.

The checkpoint key signs it. Its text cannot be read as a checkpoint: the second line is no size.
"""

import re
from pathlib import Path
from typing import NamedTuple

from gateway.exchange_log.note import NoteBroken, NoteVerifier, open_note, split_note

#: ending of the file beside an archive
ENDING = ".note"
_FORM = "motlan.archive/v1"
_TEXT = re.compile(
    rf"{re.escape(_FORM)}\norigin (\S+)\nname (\S+)\nmonth ([0-9]{{4}}-[0-9]{{2}})\n"
    r"first (0|[1-9][0-9]{0,17})\ncount ([1-9][0-9]{0,17})\nlatest (\S+)\nsha256 ([0-9a-f]{64})\n",
    re.ASCII,
)


class ArchiveNote(NamedTuple):
    """The signed content."""

    origin: str
    #: of the file, without its folder
    name: str
    #: the last month in it, "2024-10"
    month: str
    first: int
    count: int  # type: ignore[assignment]  # hides an unused method of tuples
    #: time of the latest record
    latest: str
    #: of the whole file, hex
    sha256: str

    @property
    def end(self) -> int:
        """The index after its last record."""
        return self.first + self.count

    def text(self) -> str:
        """The text to sign. Raises NoteBroken for members that the text cannot contain."""
        members = self._asdict().items()
        text = f"{_FORM}\n" + "".join(f"{name} {value}\n" for name, value in members)
        if _parsed(text) != self:
            raise NoteBroken("no part of an archive's note has a space or is empty")
        return text


def name_of(origin: str, month: str, first: int, count: int) -> str:
    """The name of an archive file."""
    slug = re.sub(r"[^0-9A-Za-z]+", "-", origin).strip("-").lower() or "log"
    return f"{slug}-{month}-{first}-{count}.jsonl.gz"


def note_beside(archive: Path) -> Path:
    """The path of an archive's note."""
    return archive.with_name(archive.name + ENDING)


def read_note(path: Path, verifiers: list[NoteVerifier]) -> ArchiveNote:
    """A note, verified with a known key. Raises NoteBroken, OSError."""
    return _parsed(open_note(_text(path), verifiers))


def unverified(path: Path) -> ArchiveNote:
    """A note, not verified. Raises NoteBroken, OSError."""
    return _parsed(split_note(_text(path))[0])


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise NoteBroken("a note is UTF-8") from None


def _parsed(text: str) -> ArchiveNote:
    found = _TEXT.fullmatch(text)
    if not found:
        raise NoteBroken("it is not the note of an archive of the exchange log")
    origin, name, month, first, count, latest, sha256 = found.groups()
    return ArchiveNote(origin, name, month, int(first), int(count), latest, sha256)
