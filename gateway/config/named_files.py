"""Files and folders that a configuration names: secrets, keys, certificates, lists of authorities, in any folder.

Only words declared as files count, including the adapters' own; each is resolved like its reader resolves it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Loc

#: words for files in settings, and in `auth` and `options` of adapters
FILE_WORDS = frozenset("file certificate key client_ca ca former_keys peer_certificate wsdl trust".split())


class NamedFile(NamedTuple):
    """One file, and the place that names it."""

    #: name in `Configuration.documents`
    document: str
    place: Loc
    path: Path


def named_files(configuration: Configuration, root: Path) -> Mapping[NamedFile, str]:
    """Every named file with the SHA-256 of its bytes (hex), which must not be recorded. `root`: the project's data."""
    found: dict[NamedFile, str] = {}
    for document, one in configuration.documents.items():
        for place, word in _words(one.data):
            folders = (Path(),) if _is_secret(place) else (configuration.root, root)
            for path in dict.fromkeys((folder / word).absolute() for folder in folders):
                if (digest := _digest(path)) is not None:
                    found[NamedFile(document, place, path)] = digest
    return found


def _is_secret(place: Loc) -> bool:
    """Whether it refers to a secret, whose path is used as written; keys and certificates have folders of ours."""
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
        if path.is_dir():  # certificates, one a file
            inside = sorted(one for one in path.iterdir() if one.is_file())
            found = b"".join(one.name.encode() + one.read_bytes() for one in inside)
            return hashlib.sha256(found).hexdigest()
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None
