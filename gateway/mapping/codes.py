"""Code lists, `mappings/codes/*.yaml`: from one side's codes to the other's.

A list that says `bijective: true` reads both ways. A code that a list does not know is a doubt, not an error.
Commune-level units (hung_yen_units.yaml) carry the pre-merger codes that each was formed from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from gateway.domain.errors import ConfigError
from gateway.mapping.model import Mark, Strict
from gateway.strict_yaml import read


class CodeList(Strict):
    """One list. `codes` maps a code to the other side's code; null: known, and means nothing."""

    list: str
    source: str = ""
    mark: Mark = "memory"
    title: dict[str, str] = {}
    #: every code that the list must know
    total_over: tuple[str, ...] = ()
    bijective: bool = False
    codes: dict[str, str | None]
    notes: tuple[str, ...] = ()


class Unit(Strict):
    """One commune-level unit since 1 July 2025."""

    code: str = Field(pattern=r"^[0-9]{5}$")
    name: str
    type: str = ""
    former: str
    legacy: tuple[str, ...]
    legacy_part: tuple[str, ...] = ()
    alt_code: str | None = None


class UnitFile(Strict):
    """`mappings/codes/hung_yen_units.yaml`."""

    list: str
    source: str = ""
    mark: Mark = "seen"
    title: dict[str, str] = {}
    province: dict[str, object]
    units: tuple[Unit, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Units:
    """Looks commune codes up, old and new."""

    province: str
    names: Mapping[str, str]
    #: old code -> new codes that it may have become; more than one: it was divided
    successors: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Codes:
    """All code lists and the units."""

    lists: Mapping[str, Mapping[str, str | None]]
    units: Units
    provinces: Mapping[str, str | None]


def load_codes(folder: Path) -> Codes:
    """Read every list; ConfigError names the file and line of each fault."""
    lists: dict[str, Mapping[str, str | None]] = {}
    units = Units("", {}, {})
    problems = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document = read(path, folder.parent.parent)
            if isinstance(document.data, dict) and "units" in document.data:
                units = _units(document.read_as(UnitFile))
                continue
            found = document.read_as(CodeList)
            for word, what, remedy in _faults(found):
                problems.append(document.problem((word,), what, remedy))
            if found.list in lists:
                problems.append(document.problem(("list",), f"list '{found.list}' stands in two files"))
            lists[found.list] = found.codes
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return Codes(lists, units, lists.get("provinces_2025", {}))


def _faults(found: CodeList) -> list[tuple[str, str, str]]:
    faults = []
    missing = [code for code in found.total_over if code not in found.codes]
    if missing:
        faults.append(
            ("codes", f"list '{found.list}' misses {', '.join(missing)}", "add the codes (null: no meaning)")
        )
    targets = [code for code in found.codes.values() if code is not None]
    if found.bijective and (len(set(targets)) != len(targets) or len(targets) != len(found.codes)):
        remedy = "make each target unique and not null, or write bijective: false"
        faults.append(("codes", f"list '{found.list}' does not read both ways", remedy))
    return faults


def _units(file: UnitFile) -> Units:
    successors: dict[str, list[str]] = {}
    for unit in file.units:
        for old in (*unit.legacy, *unit.legacy_part):
            successors.setdefault(old, []).append(unit.code)
    return Units(
        str(file.province["code"]),
        {unit.code: unit.name for unit in file.units},
        {old: tuple(new) for old, new in successors.items()},
    )
