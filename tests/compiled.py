"""Hundreds of gateways start here over the same files: their mappings are compiled and their API is described once.

A catalogue is shared like that of a reload without new mappings: nothing changes it.
"""

import hashlib
from functools import cache
from pathlib import Path

import orjson

from gateway.api import openapi
from gateway.domain.faults import Faults
from gateway.mapping import load

_survey = load.survey_catalogue
_describe = openapi.document
#: by what stands in the files, wherever their folder is
_kept: dict[bytes, load.Catalogue] = {}
_MOST = 20


def once() -> None:
    """From now on. A catalogue with a fault is compiled each time, for its problems are named."""
    load.survey_catalogue = _known
    openapi.document = lambda: orjson.loads(_described())


@cache
def _described() -> bytes:
    return orjson.dumps(_describe())


def _known(root: Path, faults: Faults) -> load.Catalogue:
    digest = _digest(root)
    if digest not in _kept:
        own = Faults()
        catalogue = _survey(root, own)
        if own.told() or own.unread:
            faults.add(own._problems)
            faults.unread |= own.unread
            return catalogue
        if len(_kept) >= _MOST:
            del _kept[next(iter(_kept))]
        _kept[digest] = catalogue
    return _kept[digest]


def _digest(root: Path) -> bytes:
    digest = hashlib.sha256()
    for room in ("mappings", "schemas"):
        for path in sorted((root / room).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                digest.update(b"%s\0%d\0" % (str(path.relative_to(root)).encode(), len(content)))
                digest.update(content)
    return digest.digest()
