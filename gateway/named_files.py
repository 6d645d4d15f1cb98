"""Files that a configuration names: secrets, keys, certificates, lists of authorities, wherever they lie.

Each adapter has words of its own for them, so every word that is the path of a file counts as one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.config import Configuration
from gateway.strict_yaml import Loc


class NamedFile(NamedTuple):
    """One file, and where it is named."""

    #: as `Configuration.documents` calls it
    document: str
    place: Loc
    path: Path


def named_files(configuration: Configuration, root: Path) -> Mapping[NamedFile, str]:
    """Every one with the SHA-256 of its bytes, hex. `root` is the project's data; none of it is to be recorded."""
    folders = (Path.cwd(), configuration.root, root)
    found: dict[NamedFile, str] = {}
    for document, one in configuration.documents.items():
        for place, word in _words(one.data):
            for path in dict.fromkeys(folder / word for folder in folders):
                if (digest := _digest(path)) is not None:
                    found[NamedFile(document, place, path)] = digest
    return found


def _words(data: object, place: Loc = ()) -> Iterator[tuple[Loc, str]]:
    match data:
        case dict():
            for name, value in data.items():
                yield from _words(value, (*place, name))
        case list():
            for index, value in enumerate(data):
                yield from _words(value, (*place, index))
        case str() if data:
            yield place, data
        case _:
            pass


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None
