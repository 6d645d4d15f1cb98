"""The invented people and things of the sandbox, read from `config/sandbox/personas.yaml`.

Promises: one frozen picture that every simulated provider renders in its own wire form.
Every scalar in the file is text. Knows no protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from adapters.sandbox.people_checks import faults
from gateway.config.strict_yaml import Document, read
from gateway.domain.errors import ConfigError, Problem

PERSONAS = Path("config/sandbox/personas.yaml")
CATALOGUES = Path("config/sandbox/catalogues.yaml")
_COMMUNES = "donvihanhchinhcap3"


class BadSandbox(ConfigError, ValueError):
    """The sandbox cannot be built as it is asked for."""


def bad(what: str, remedy: str, file: str = str(PERSONAS), line: int = 0) -> BadSandbox:
    """One thing to mend, as an error to raise."""
    return BadSandbox([Problem(file, line, what, remedy)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place: commune code as the record holds it (old records carry an old code and a district)."""

    commune: str
    detail: str
    district: str = ""
    province: str = "33"


@dataclass(frozen=True, slots=True, kw_only=True)
class CivilStatusEntry:
    """An entry of a civil-status register."""

    number: str
    book: str
    registered_on: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marriage:
    """A marriage entry; `end_reason` is `divorce`, `death` or empty while it lasts."""

    number: str
    book: str
    registered_on: str
    spouse: str
    end_reason: str = ""
    end_on: str = ""
    end_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """A death; `number` is empty while only the health facility knows of it."""

    number: str
    book: str
    date: str
    place: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """A social-insurance entry; `pension` is `none`, `receiving` or `unknown`."""

    number: str
    household_code: str
    pension: str
    full_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A health-insurance card. `result` is the gateway's code of it (`000` unless said); a `new` one may follow it."""

    number: str
    clinic_code: str
    clinic_name: str
    valid_from: str
    valid_until: str
    area: str
    result: str = "000"
    new_number: str = ""
    new_from: str = ""
    new_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A driving licence; `expires_on` is empty for classes without a limit. `state` is what the register says."""

    number: str
    serial: str
    classes: Sequence[str]
    issued_on: str
    expires_on: str
    passed_on: str
    issued_by: str
    points: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A driver's health check; `conclusion` is `eligible`, `not_eligible` or `check_again`."""

    number: str
    classes: Sequence[str]
    conclusion: str
    checked_on: str
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper issued to the person, kept in the electronic paper store."""

    result_code: str
    title: str
    reference: str
    authority: str
    file: str
    issued_on: str = ""
    valid_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented person; relatives are keys of other persons, empty if unknown.

    `life` is what the population database says: a registered `death` may not have reached it.
    """

    key: str
    personal_id: str
    full_name: str
    gender: str
    birth_date: str
    traits: Sequence[str]
    marital: str
    old_id: str = ""
    passport: str = ""
    nationality: str = ""
    ethnicity: str = "01"
    religion: str = "00"
    blood_group: str = "00"
    life: str = "alive"
    blocked: str = ""
    birth_registration: Address | None = None
    origin: Address | None = None
    permanent: Address | None = None
    current: Address | None = None
    father: str = ""
    mother: str = ""
    spouse: str = ""
    representative: str = ""
    head: str = ""
    head_relation: str = ""
    household_book: str = ""
    birth_record: CivilStatusEntry | None = None
    marriages: Sequence[Marriage] = ()
    death: Death | None = None
    insurance: Insurance | None = None
    card: Card | None = None
    licence: Licence | None = None
    health_check: HealthCheck | None = None
    papers: Sequence[Paper] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is not a person (enterprise, parcel, vehicle, voucher …): its words as in the file."""

    words: Mapping[str, Any]

    def __getitem__(self, name: str) -> str:
        return str(self.words[name])

    def rows(self, name: str) -> Sequence[Mapping[str, str]]:
        """A list of small tables, such as the owners of a parcel."""
        return tuple(self.words[name])

    def texts(self, name: str) -> Sequence[str]:
        """A list of texts, such as the restrictions on a parcel."""
        return tuple(self.words[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Everything the sandbox knows, with the look-ups the peers need."""

    people: tuple[Person, ...]
    things: Mapping[str, tuple[Thing, ...]]
    catalogues: Mapping[str, Sequence[Mapping[str, str]]]
    by_key: Mapping[str, Person] = field(repr=False)
    by_id: Mapping[str, Person] = field(repr=False)
    communes: Mapping[str, str] = field(repr=False)

    def find(self, identifier: str) -> Person | None:
        """The person with this personal id or old id."""
        return self.by_id.get(identifier) if identifier else None

    def thing(self, kind: str, **wanted: str) -> Thing | None:
        """The first thing of a kind whose words are the wanted ones."""
        for thing in self.things[kind]:
            if all(thing[name] == value for name, value in wanted.items()):
                return thing
        return None

    def address_text(self, commune: str, detail: str) -> str:
        """One line for people: detail, commune, province."""
        name = self.communes.get(commune, "")
        parts = [detail] if name and name in detail else [detail, name, "Tỉnh Hưng Yên" if name else ""]
        return ", ".join(part for part in parts if part)


def load(data_root: Path) -> Register:
    """Read the personas and catalogues below the project root; ConfigError when something in the files is wrong.

    Files that did not change are not read again.
    """
    return _read(data_root, _stamp(data_root / PERSONAS), _stamp(data_root / CATALOGUES))


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes with a file; zeros: it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=2)
def _read(data_root: Path, *_stamps: tuple[int, int, int]) -> Register:
    document = read(data_root / PERSONAS, data_root)
    raw = _table(document)
    entries = raw.pop("people", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad("'people' is no list of people", "write 'people:' and one '- key: …' for each")
    raw.pop("version", None)
    catalogues = _table(read(data_root / CATALOGUES, data_root)).get("categories")
    if not isinstance(catalogues, dict) or not isinstance(catalogues.get(_COMMUNES), list):
        what = f"'categories' is missing, or '{_COMMUNES}' in it"
        raise bad(what, "write 'categories:' and a list for each", str(CATALOGUES))
    communes = {row["MaDonViHanhChinhCap3"]: row["TenDonViHanhChinhCap3"] for row in catalogues[_COMMUNES]}
    found_faults = faults(entries, Person, _PARTS, _LISTS, communes)
    if problems := [document.problem(*fault) for fault in found_faults]:
        raise BadSandbox(problems)
    people = tuple(map(_person, entries))
    by_id = {identifier: one for one in people for identifier in (one.old_id, one.personal_id) if identifier}
    return Register(
        people=people,
        things={kind: tuple(Thing(entry) for entry in entries) for kind, entries in raw.items()},
        catalogues=catalogues,
        by_key={one.key: one for one in people},
        by_id=by_id,
        communes=communes,
    )


def _table(document: Document) -> dict[str, Any]:
    """The document as a table of texts: what is blank is the empty text."""
    if not isinstance(document.data, dict):
        raise bad("a table of people is expected", "write 'people:' and their words", document.name)
    return {word: _texts(value) for word, value in document.data.items()}


def _texts(value: Any) -> Any:  # noqa: ANN401 -- plain YAML data
    if isinstance(value, dict):
        return {word: _texts(item) for word, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else value or ""


_PARTS: Mapping[str, type] = {
    "birth_registration": Address, "origin": Address, "permanent": Address, "current": Address,
    "birth_record": CivilStatusEntry, "death": Death, "insurance": Insurance, "card": Card, "licence": Licence,
    "health_check": HealthCheck,
}  # fmt: skip
_LISTS: Mapping[str, type] = {"marriages": Marriage, "papers": Paper}


def _person(entry: Mapping[str, Any]) -> Person:
    """The person of an entry that has no faults."""
    words = dict(entry)
    for name in _PARTS.keys() & words.keys():
        words[name] = _PARTS[name](**words[name])
    for name in _LISTS.keys() & words.keys():
        words[name] = tuple(_LISTS[name](**row) for row in words[name] or ())
    return Person(**words)
