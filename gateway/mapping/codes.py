"""Code lists, `mappings/codes/*.yaml`: from one side's codes to the other side's.

A list with `bijective: true` reads both ways. An unknown code is a doubt, not an error. Commune-level units
(hung_yen_units.yaml) have the pre-merger codes that each was formed from.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from gateway.config.strict_yaml import Loc, read
from gateway.domain.errors import Problem
from gateway.domain.faults import Faults, near
from gateway.mapping.strict import Mark, Strict

#: lists that the code itself reads
UNITS = "hung_yen_units"
FORMER_COMMUNES = "hung_yen_former_communes"
PROVINCES = "provinces_2025"
#: lists of units of measurement: how a unit is written -> how many units of the transform it is
MEASURES = frozenset({"area_units", "mass_units", "length_units"})

_FACTOR = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_UNIT = re.compile(r"[^\W\d_]\S*( \S+)*")


class CodeList(Strict):
    """One list. `codes` maps a code to the other side's code; null: the code is known and has no equivalent."""

    list: str
    source: str = ""
    mark: Mark = "memory"
    title: dict[str, str] = {}
    #: every code that the list must know
    total_over: tuple[str, ...] = ()
    #: how many codes the list has, where `total_over` does not name them
    count: int | None = None
    bijective: bool = False
    #: pattern of every code (a regular expression)
    pattern: str = ""
    codes: dict[str, str | None]
    #: code without an equivalent -> codes that have one: one of them is the case
    one_of: dict[str, tuple[str, ...]] = {}
    #: text that a code leads to -> the same in English; what is left out has no English
    english: dict[str, str] = {}
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


class Province(Strict):
    """The province of the units."""

    code: str
    name: str = ""
    merged_from: tuple[str, ...] = ()
    #: number of units
    units: int | None = None


class UnitFile(Strict):
    """`mappings/codes/hung_yen_units.yaml`."""

    list: str
    source: str = ""
    mark: Mark = "seen"
    title: dict[str, str] = {}
    province: Province
    units: tuple[Unit, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Units:
    """Looks commune codes up, old and new."""

    province: str
    names: Mapping[str, str]
    #: old code -> new codes that it may have become; several: the old unit was divided
    successors: Mapping[str, tuple[str, ...]]
    #: provinces that became this one; their codes are no longer given out
    former: frozenset[str] = frozenset()
    #: code of a unit in another list -> the unit; some were older codes of other units
    alternatives: Mapping[str, str] = field(default_factory=dict)

    def possible(self, commune: str, *, is_old: bool) -> tuple[str, ...]:
        """Units that a code may mean. `is_old`: the record is older than 1 July 2025; else its time is unknown."""
        news = self.successors.get(commune, ())
        if is_old and news:
            return news
        today = (commune,) if commune in self.names else ()
        other = self.alternatives.get(commune)
        return tuple(dict.fromkeys((*today, *news, *((other,) if other else ()))))


@dataclass(frozen=True, slots=True)
class Codes:
    """All code lists and the units."""

    lists: Mapping[str, Mapping[str, str | None]]
    units: Units
    provinces: Mapping[str, str | None]
    #: list -> its `one_of`
    one_of: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    #: list -> its `english`
    english: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def survey_codes(folder: Path, faults: Faults) -> Codes:
    """Every readable list; faults go to `faults`."""
    lists: dict[str, Mapping[str, str | None]] = {}
    one_of: dict[str, Mapping[str, tuple[str, ...]]] = {}
    english: dict[str, Mapping[str, str]] = {}
    units = Units("", {}, {})
    for path in sorted(folder.glob("*.yaml")):
        with faults.noted(f"mappings/codes/{path.name}"):
            document = read(path, folder.parent.parent)
            if isinstance(document.data, dict) and "units" in document.data:
                file = document.read_as(UnitFile)
                units = _units(file)
                found, found_faults = file.list, _unit_faults(file)
            else:
                one = document.read_as(CodeList)
                lists[path.stem], one_of[path.stem] = one.codes, one.one_of
                english[path.stem] = one.english
                found, found_faults = one.list, _list_faults(one)
            faults.add(document.problem(*fault) for fault in found_faults)
            if found != path.stem:
                what = f"'list' is '{found}' but the file is called '{path.stem}'"
                faults.add([document.problem(("list",), what, f"write 'list: {path.stem}'")])
    faults.add(_lacking(folder, lists, units))
    return Codes(lists, units, lists.get(PROVINCES, {}), one_of, english)


def _lacking(folder: Path, lists: Collection[str], units: Units) -> Iterator[Problem]:
    """Missing lists of addresses: without them an old commune would leave as a current one."""
    needed = {
        UNITS: bool(units.province),
        FORMER_COMMUNES: FORMER_COMMUNES in lists,
        PROVINCES: PROVINCES in lists,
    }
    for name, found in needed.items():
        if not found and not (folder / f"{name}.yaml").exists():
            what = "is missing: no address can be read without it"
            yield Problem(f"mappings/codes/{name}.yaml", 0, what, "take it from the installation")


def is_factor(word: str | None) -> bool:
    """Whether a word of a list of units is a positive number, written as such a list has it."""
    return word is not None and _FACTOR.fullmatch(word) is not None and word.strip("0.") != ""


def _measure_faults(found: CodeList) -> Iterator[tuple[Loc, str, str]]:
    for unit, factor in found.codes.items():
        at = ("codes", unit)
        if not is_factor(factor):
            shown = "nothing" if factor is None else repr(factor)
            what = f"unit '{unit}' leads to {shown}, which is no positive number"
            yield at, what, 'write how many units of the transform it is, as "10000" or "0.01"'
        if _UNIT.fullmatch(unit) is None:
            yield (
                at,
                f"unit '{unit}' does not begin with a letter, or has blanks too many",
                "write it as providers do",
            )


def _list_faults(found: CodeList) -> Iterator[tuple[Loc, str, str]]:
    if found.list in MEASURES:
        yield from _measure_faults(found)
    if fault := _pattern_fault(found.pattern):
        yield ("pattern",), f"'{found.pattern}' is not a regular expression: {fault}", "write one of Python's"
        return
    yield from _lost_codes(found)
    yield from _one_of_faults(found)
    yield from _english_faults(found)
    seen: dict[str, str] = {}
    for code, target in found.codes.items():
        at = ("codes", code)
        if found.pattern and re.fullmatch(found.pattern, code) is None:
            yield at, f"code '{code}' is none of this list", f"write a code that matches {found.pattern}"
        if target is not None and not target.strip():
            yield (
                at,
                f"code '{code}' leads to a blank text",
                "write what it leads to, or null: it has no meaning",
            )
        if found.bijective and (target is None or target in seen):
            other = "nothing" if target is None else f"'{target}', as '{seen[target]}' does"
            remedy = "make each target unique and not null, or write bijective: false"
            yield at, f"list '{found.list}' does not read both ways: '{code}' leads to {other}", remedy
        seen.setdefault(target or "", code)


def _one_of_faults(found: CodeList) -> Iterator[tuple[Loc, str, str]]:
    for code, others in found.one_of.items():
        if found.codes.get(code, "") is not None or not all(found.codes.get(one) for one in others):
            what = f"'{code}' is no code that leads to null, or stands for codes that lead to nothing"
            yield ("one_of", code), what, "name a code of this list with null, and codes that lead to a text"


def _english_faults(found: CodeList) -> Iterator[tuple[Loc, str, str]]:
    targets = {target for target in found.codes.values() if target}
    for text, english in found.english.items():
        at = ("english", text)
        if text not in targets:
            yield at, f"no code of list '{found.list}' leads to '{text}'", near(text, targets, "take it out")
        if not english.strip():
            yield at, f"'{text}' has a blank English text", "write it in English, or take it out"


def _lost_codes(found: CodeList) -> Iterator[tuple[Loc, str, str]]:
    if missing := [code for code in found.total_over if code not in found.codes]:
        what = f"list '{found.list}' misses {', '.join(missing)}"
        yield ("total_over",), what, "add the codes under 'codes' (null: no meaning)"
    if found.count is not None and found.count != len(found.codes):
        what = f"list '{found.list}' says that it has {found.count} codes, but {len(found.codes)} stand below"
        yield ("count",), what, "add what is missing, or correct the number"


def _pattern_fault(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return error.msg
    return ""


def _unit_faults(file: UnitFile) -> Iterator[tuple[Loc, str, str]]:
    if file.province.units is not None and file.province.units != len(file.units):
        what = f"the province has {file.province.units} units, but {len(file.units)} stand below"
        yield ("province", "units"), what, "add what is missing, or correct the number"
    seen: set[str] = set()
    whole: dict[str, str] = {}
    for index, unit in enumerate(file.units):
        if unit.code in seen:
            yield ("units", index, "code"), f"unit '{unit.code}' is written twice", "keep one of the two"
        seen.add(unit.code)
        for old in unit.legacy:
            if old in whole:
                what = f"the old code '{old}' became '{unit.code}' wholly, and '{whole[old]}' too"
                yield (
                    ("units", index, "legacy"),
                    what,
                    "write it under 'legacy_part' of both, or of one alone",
                )
            whole[old] = unit.code


def _units(file: UnitFile) -> Units:
    successors: dict[str, list[str]] = {}
    for unit in file.units:
        for old in (*unit.legacy, *unit.legacy_part):
            successors.setdefault(old, []).append(unit.code)
    return Units(
        file.province.code,
        {unit.code: unit.name for unit in file.units},
        {old: tuple(new) for old, new in successors.items()},
        frozenset(file.province.merged_from) - {file.province.code},
        {unit.alt_code: unit.code for unit in file.units if unit.alt_code},
    )
