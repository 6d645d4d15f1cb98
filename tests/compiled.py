"""Hundreds of gateways start here over the same files: their mappings are compiled, the examples in them run and the
API described once.

A catalogue is shared like that of a reload without new mappings: nothing changes it.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from gateway.api import openapi
from gateway.checks import examples
from gateway.domain.faults import Faults
from gateway.mapping import load
from gateway.mapping.procedure import Procedure

_Examine = Callable[..., Iterator[Any]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    catalogue: load.Catalogue
    #: what is looked for and code of a procedure -> the faults of its examples
    faults: dict[tuple[_Examine, str], list[Any]] = field(default_factory=dict)


_survey = load.survey_catalogue
_describe = openapi.document
#: by what is in the files, wherever their folder is
_kept: dict[bytes, _Compiled] = {}
_MOST = 10


def once() -> None:
    """From now on. A catalogue with a fault is compiled each time, for its problems are named."""
    load.survey_catalogue = _known
    openapi.document = lambda: orjson.loads(_described())
    examples.example_faults = _examined(examples.example_faults)
    examples.counter_example_faults = _examined(examples.counter_example_faults)


@cache
def _described() -> bytes:
    return orjson.dumps(_describe())


def _known(root: Path, faults: Faults) -> load.Catalogue:
    digest = _digest(root)
    if digest not in _kept:
        own = Faults()
        catalogue = _survey(root, own)
        if own.found() or own.unread:
            faults.add(own._problems)
            faults.unread |= own.unread
            return catalogue
        if len(_kept) >= _MOST:
            del _kept[list(_kept)[1]]  # the first are those of the project
        _kept[digest] = _Compiled(catalogue)
    return _kept[digest].catalogue


def _digest(root: Path) -> bytes:
    digest = hashlib.sha256()
    for room in ("mappings", "schemas"):
        for path in sorted((root / room).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                digest.update(b"%s\0%d\0" % (str(path.relative_to(root)).encode(), len(content)))
                digest.update(content)
    return digest.digest()


def _examined(faults: _Examine) -> _Examine:
    def again(procedure: Procedure, offers: examples.Offers, *kinds: Any) -> Iterator[Any]:
        for one in tuple(_kept.values()):
            if offers is one.catalogue.offers and procedure is one.catalogue.procedures.get(procedure.code):
                if (faults, procedure.code) not in one.faults:
                    one.faults[faults, procedure.code] = list(faults(procedure, offers, *kinds))
                return iter(one.faults[faults, procedure.code])
        return faults(procedure, offers, *kinds)

    return again
