"""Files that a configuration names: secrets, keys, certificates, lists of authorities, wherever they lie.

Only words that are declared as files count, the adapters' own among them, and each where its reader looks for it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Loc

#: what settings call a file, and what adapters call one in `auth` and `options`
FILE_WORDS = frozenset("file certificate key client_ca ca former_keys peer_certificate wsdl".split())


class NamedFile(NamedTuple):
    """One file, and where it is named."""

    #: as `Configuration.documents` calls it
    document: str
    place: Loc
    path: Path


def named_files(configuration: Configuration, root: Path) -> Mapping[NamedFile, str]:
    """Every one with the SHA-256 of its bytes, hex. `root` is the project's data; none of it is to be recorded."""
    found: dict[NamedFile, str] = {}
    for document, one in configuration.documents.items():
        for place, word in _words(one.data):
            folders = (Path(),) if _is_secret(place) else (configuration.root, root)
            for path in dict.fromkeys((folder / word).absolute() for folder in folders):
                if (digest := _digest(path)) is not None:
                    found[NamedFile(document, place, path)] = digest
    return found


def _is_secret(place: Loc) -> bool:
    """Whether it refers to a secret, which is read where it says; keys and certificates lie in folders of ours."""
    return place[-1] == "file" and not {"keys", "certificate"} & set(place)


def _words(data: object, place: Loc = ()) -> Iterator[tuple[Loc, str]]:
    match data:
        case dict():
            for name, value in data.items():
                yield from _words(value, (*place, name))
        case list():
            for index, value in enumerate(data):
                yield from _words(value, (*place, index))
        case str() if data and place and place[-1] in FILE_WORDS:
            yield place, data
        case _:
            pass


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None
