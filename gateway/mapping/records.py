"""Named transforms, provider side, for structured values: people, owners, papers, addresses; and the table of all.

It also compares a record with the subject of the query (`identity` of a source mapping). Old commune codes become the
units of 1 July 2025; an ambiguous code becomes `Doubtful`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, SourceAnswer
from gateway.domain.parties import SPELLINGS, Subject
from gateway.mapping import date_transforms as dates
from gateway.mapping import transforms as plain
from gateway.mapping import value_transforms as others
from gateway.mapping.codes import Codes
from gateway.mapping.model import AnswerRule, AttributeRule
from gateway.mapping.transforms import (
    LONGEST,
    Doubtful,
    Misshapen,
    Strangers,
    Transform,
    Unreadable,
    population_birth_date,
    text,
    title_case,
)

#: replaces an unreadable end of validity: no date, and so never proof that a paper is valid
NO_DATE = "0000"
#: people of one household, papers of one owner: a longer list is another kind of answer, or hostile
_LONGEST_PATH = 4_000
_MOST = 500
#: length of `1990-02`, and of `1990-02-15`
_MONTH, _DAY = 7, 10
#: by the parity of the fourth digit of a personal number
_GENDERS = ("male", "female")
_UNITS = frozenset({"province", "district", "commune"})
#: how an object has an address: part of it, its member, the member that replaces a blank one (or the same)
_Parts = tuple[tuple[str, str, str], ...]
_OF_POPULATION: _Parts = (
    ("province", "MaTinhThanh", "maTinh"), ("district", "MaQuanHuyen", "MaQuanHuyen"),
    ("commune", "MaPhuongXa", "maXa"), ("detail", "ChiTiet", "diaChi"), ("country", "QuocGia", "QuocGia"),
)  # fmt: skip
#: `HOAdress`
_OF_ENTERPRISE: _Parts = (
    ("province", "CityID", "CityID"), ("district", "DistrictID", "DistrictID"), ("commune", "WardID", "WardID"),
    ("detail", "StreetNumber", "StreetNumber"),
)  # fmt: skip
#: maximum length of a code that needs no cleaning
_SHORT = 100
#: finds texts that `text` leaves as they are
_ONE_WORD = re.compile(f"[!-~]{{1,{LONGEST}}}").fullmatch
#: relation "head of household"
_HEAD = "CH01"
#: attributes that distinguish people of one name and birth date
DETAILS = frozenset({"gender", "birth_place"})
#: attributes that a provider may leave blank
MAY_BE_BLANK = frozenset({"old_id", "full_name", "birth_date", *DETAILS})

#: the kind of doubt of values that differ between possible records, and its rule
SEVERAL, SEVERAL_RULE = "several_records", "record:several"
#: attributes that people share: each alone identifies nobody
SHARED = frozenset({"full_name", "birth_date"})
#: the same, with what distinguishes two people
WEAK = SHARED | DETAILS


#: transforms that read birth dates
_BIRTH_DATES = (dates.DATES - dates.TIMES) | {
    "account_birth_date", "bhxh_birth_date", "date_parts", "population_birth_date",
}  # fmt: skip


#: types of values that are no text and no number
SHAPES = frozenset({bool, dict, list})
#: transforms that read lists or objects
_OF_TREES = frozenset({
    "account_birth_date", "as_list", "bhxh_birth_date", "count", "date_parts", "dead_if_there",
    "enterprise_address", "entry_date", "entry_number", "first_main", "land_uses", "marriages", "members",
    "name_joined", "of_divorce", "only_name", "owner_ids", "owners", "paper_list", "population_address",
    "population_birth_date", "rows", "split_comma",
})  # fmt: skip


class Check(NamedTuple):
    """How one attribute of `identity` is compared with the subject."""

    #: attribute of the subject
    name: str
    #: slot of the record's value
    slot: int
    transforms: tuple[Transform, ...]
    #: the subject must be one of several people
    listed: bool
    may_be_blank: bool


def identity_checks(
    answer: AnswerRule, named: Mapping[str, Transform], slot_of: Callable[[str], int],
    gender: Transform | None = None,
) -> list[Check]:  # fmt: skip
    """The checks of `identity`, with attributes that identify nobody alone last; `slot_of` adds the path of one.

    Where `members` reads the path, the subject must be one of them; else birth dates and what has `parts` are read by
    their transforms (`transforms_of`), genders by `gender`.
    """
    checks = []
    for name in sorted(answer.identity, key=WEAK.__contains__):
        read = tuple(named[word] for word in transforms_of(answer, name))
        if gender is not None and name == "gender":
            read = (gender,)
        listed = is_listed(answer, name)
        checks.append(Check(name, slot_of(name), () if listed else read, listed, name in MAY_BE_BLANK))
    return checks


def reads_trees(rule: AttributeRule) -> bool:
    """Whether the value at the path is a list or an object, and not a text."""
    return not rule.codes and not _OF_TREES.isdisjoint(rule.transform[:1])


def is_listed(answer: AnswerRule, name: str) -> bool:
    """Whether a list of people is at this place of `identity`."""
    path = answer.identity[name]
    return any(one.path == path and "members" in one.transform for one in answer.attributes.values())


def reader_of(answer: AnswerRule, name: str) -> str | None:
    """The attribute that reads this place of `identity`: that of the same name, or another one with its path."""
    path, own = answer.identity[name], answer.attributes.get(name)
    at_path = [other for other, rule in answer.attributes.items() if rule.path == path and _reads(name, rule)]
    if own is not None and (own.path == path or (name == "birth_date" and not at_path and not own.parts)):
        return name
    return next(iter(at_path), None)


def _reads(name: str, rule: AttributeRule) -> bool:
    """Whether an attribute of another name may read the value of `name`."""
    last = next(reversed(rule.transform), "")
    return last in _BIRTH_DATES if name == "birth_date" else bool(rule.parts)


def transforms_of(answer: AnswerRule, name: str) -> tuple[str, ...]:
    """The transforms before the comparison; a birth date that nothing reads must be one in ISO form."""
    reader = reader_of(answer, name)
    rule = None if reader is None else answer.attributes[reader]
    words = rule.transform if rule is not None and (name == "birth_date" or rule.parts) else ()
    return ("date_dash",) if name == "birth_date" and {*words} <= {"text"} else words


def compare(  # noqa: C901 -- one loop over the checks: a call for each would cost more than its lines
    checks: list[Check], values: Sequence[object], subject: Subject, *, is_strict: bool = False
) -> list[bool | None]:
    """By check, whether a record is about the subject.

    True: equal; False: different; None: blank in the record, or nothing to compare. Names are compared without case,
    diacritics and spaces; birth dates in the precision that both have, but a year and month alone never match a record
    with the full day. Of a person without a number, and `is_strict`, the name has its diacritics and the birth date its
    day; `is_strict` compares the gender with the personal number as well.
    """
    verdicts: list[bool | None] = []
    for name, slot, transforms, listed, may_be_blank in checks:
        asked = getattr(subject, name, None)
        if is_strict and name == "gender" and subject.personal_id is not None:
            asked = _GENDERS[int(subject.personal_id[3]) % 2]
        if asked is None or (name == "old_id" and subject.personal_id is not None):
            verdicts.append(None)
            continue
        if type(asked) is not str:
            asked = asked.text if type(asked) is PartialDate else str(asked)
        value = values[slot]
        for transform in transforms:
            value = transform(value)
        is_doubtful = False
        if isinstance(value, Doubtful):  # of contradicting dates the most precise denies, and none confirms
            is_doubtful, value = True, value.value
        found = []
        for item in [one.get(name) for one in _possible(value, subject)] if listed else (value,):
            word = item if type(item) is str and item == asked and _ONE_WORD(item) else text(item)
            if word is not None:
                found.append(word)
        if found:
            fits = asked in found or _alike(name, asked, found, subject, is_strict=is_strict)
            if is_strict and name == "birth_date" and len(asked) != _DAY:
                fits = False
            verdicts.append(None if fits and is_doubtful else fits)
        elif value and type(value) in SHAPES and not listed:
            raise Misshapen("no text to compare")
        else:
            verdicts.append(None if may_be_blank else False)
    return verdicts


def unlike(
    checks: Sequence[Check], values: Sequence[object], subject: Subject
) -> Iterator[tuple[str, object, object]]:
    """The checks that a record fails: name, what the subject has, what was read. For invented people alone."""
    for check in checks:
        if compare([check], values, subject) == [False]:
            value = values[check.slot]
            for transform in check.transforms:
                value = transform(value)
            if isinstance(value, Doubtful):
                value = value.value
            if check.listed:
                value = [one.get(check.name) for one in _possible(value, subject)]
            yield check.name, getattr(subject, check.name), value


def _possible(people: object, subject: Subject) -> list[dict[str, object]]:
    """The members that may be the subject: those with the personal number; all, where none has it."""
    found = [_member(one) for one in _people(people)]
    own = [one for one in found if one.get("personal_id", "") == subject.personal_id]
    return own or found


def together(found: Sequence[SourceAnswer]) -> SourceAnswer:
    """One answer of several records: common values stay, different values are in doubt.

    Candidates have the same order for every attribute; None where a record is blank.
    """
    names = dict.fromkeys(name for one in found for name in (*one.values, *one.doubts))
    values: dict[str, object] = {}
    doubts: dict[str, AttributeDoubt] = {}
    for name in names:
        given = [one.values.get(name) for one in found]
        if len(found) > 1 and all(one == given[0] for one in given) and name not in found[0].doubts:
            values[name] = given[0]
        else:
            doubts[name] = AttributeDoubt(SEVERAL, tuple(given), SEVERAL_RULE)
    return found[0]._replace(
        values=values,
        doubts=doubts,
        faults=tuple(f for one in found for f in one.faults),
        confirms=all(one.confirms for one in found),
    )


def _alike(name: str, asked: str, found: list[str], subject: Subject, *, is_strict: bool) -> bool:
    """Whether one of these matches the asked value, although none is equal."""
    if name == "full_name":
        capitals = asked.upper()
        if capitals in [one.upper() for one in found]:
            return True
    if name == "birth_place" or (name == "full_name" and (is_strict or subject.is_unnumbered)):
        return plain.same_words(asked) in map(plain.same_words, found)
    if name == "full_name":
        letters = bare(asked)
        return letters in [bare(one) for one in found]
    if (spelling := SPELLINGS.get((subject.kind, name))) is not None:
        return spelling(asked) in map(spelling, found)
    if name != "birth_date" or is_strict or subject.is_unnumbered:
        return False
    return any(_same_date(asked, one) for one in found)


def _same_date(asked: str, found: str) -> bool:
    known = min(len(asked), len(found))
    # a year says no more than the number does; but with a matching month, twelve guesses would give the month and
    # thirty the day
    return asked[:known] == found[:known] and not len(asked) == _MONTH < len(found)


def bare(name: str) -> str:
    """A name in capitals, without diacritics and spaces, in any script."""
    letters = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join([one for one in letters if not unicodedata.combining(one) and not one.isspace()])


def members(value: object) -> list[dict[str, object]] | None:
    """People of one household (a list of `CongDan`); all rows must name the same household."""
    people = _people(value)
    if len(people) > 1:
        _one_household(people)
    return [_member(person) for person in people] or None


def _people(value: object) -> list[dict[str, object]]:
    return [one for one in _listed(value) if isinstance(one, dict)]


def _listed(value: object) -> list[object]:
    """The items of a list, or a single item. Raises Unreadable: more than any household or owner has."""
    items = value if isinstance(value, list) else [value]
    if len(items) > _MOST:
        raise Unreadable(f"more than {_MOST} items")
    return items


def _one_household(people: list[dict[str, object]]) -> None:
    """All members name the same head, and the head is one person: else two households were mixed."""
    named: list[Mapping[str, object]] = [
        head if isinstance(head := one.get("ChuHo"), dict) else {} for one in people
    ]
    heads = [
        text(person.get("SoDinhDanh")) if text(head.get("QuanHe")) == _HEAD else text(head.get("SoDinhDanh"))
        for person, head in zip(people, named, strict=True)
    ]
    for value in (
        [*heads, *(text(head.get("SoDinhDanh")) for head in named)],
        [name and bare(name) for head in named if (name := text(head.get("HoVaTen")))],
        [text(person.get("SoSoHoKhau")) for person in people],
    ):
        if len({one for one in value if one is not None}) > 1:
            raise Strangers("members of several households")
    if None in heads:
        raise Unreadable("a member whose head of household is not named")


def _member(person: Mapping[str, object]) -> dict[str, object]:
    name, head = person.get("HoVaTen"), person.get("ChuHo")
    born = population_birth_date(person.get("NgayThangNamSinh"))
    member = {
        "full_name": title_case(name.get("Ten") if isinstance(name, dict) else name),
        "personal_id": number
        if isinstance(number := plain.personal_number(person.get("SoDinhDanh")), str)
        else None,
        "birth_date": None if type(born) is Doubtful else born,
        "gender": {"1": "male", "2": "female"}.get(str(person.get("GioiTinh"))),
        "relation": text(head.get("QuanHe")) if isinstance(head, dict) else None,
    }
    return {key: item for key, item in member.items() if item is not None}


def owners(value: object) -> list[dict[str, object]] | None:
    """Owners of a parcel (`DC_CaNhan`): name, id and year of birth. Raises Misshapen: an owner who cannot be read."""
    wire = {"full_name": "hoTen", "personal_id": "maSoDinhDanh", "birth_year": "namSinh"}
    return _read_rows(value, wire) or None


def _read_rows(value: object, wire: Mapping[str, str]) -> list[dict[str, object]]:
    """These texts of each row that has anything. Raises Misshapen for a row without a text, or with one that is none.

    A row that nobody can read is no blank: without it, the others would pass for all.
    """
    found: list[dict[str, object]] = []
    for row in _listed(value):
        if plain.is_hollow(row):
            continue
        if not isinstance(row, dict):
            raise Misshapen("a row that is no object")
        texts = {ours: text(row.get(theirs)) for ours, theirs in wire.items()}
        if not any(texts.values()) or any(
            word is None and not plain.is_hollow(row.get(wire[ours])) for ours, word in texts.items()
        ):
            raise Misshapen("a row without a text")
        found.append({ours: word for ours, word in texts.items() if word})
    return found


def owner_ids(value: object) -> list[str] | None:
    """Personal ids of the owners of a parcel."""
    return [str(owner["personal_id"]) for owner in owners(value) or [] if "personal_id" in owner] or None


def land_uses(value: object) -> str | None:
    """Codes of the land uses of a parcel (`DC_MucDichSuDung`), as on land papers: `ONT+CLN`.

    Raises Misshapen: a use without a code.
    """
    found = [str(one["code"]) for one in _read_rows(value, {"code": "maMucDichSuDung"})]
    return "+".join(dict.fromkeys(found)) or None


def first_main(value: object) -> object:
    """Name of the main line of business: the one whose `IS_MAIN` is yes, else the only one that does not deny it.

    Several that do not deny it are a doubt (`several_records`): the order of lines says nothing.
    Raises Unreadable for a flag that is no `boolean`, and for two lines that are both the main one; Misshapen for a
    line that is no object: another line must not pass for the main one.
    """
    flagged: list[tuple[bool | None, str | None]] = []
    for line in _listed(value):
        if plain.is_hollow(line):
            continue
        if not isinstance(line, dict) or isinstance(flag := line.get("IS_MAIN"), dict | list):
            raise Misshapen("a line that is no object, or a flag that is one")
        flagged.append((plain.boolean(flag), text(line.get("NAME"))))
    main = [name for flag, name in flagged if flag]
    if len(main) > 1:
        raise Unreadable("two main lines of business")
    possible = dict.fromkeys(main or [name for flag, name in flagged if flag is None])
    if len(possible) > 1:
        return Doubtful(None, AttributeDoubt(SEVERAL, tuple(filter(None, possible)), "main_line:several"))
    return next(iter(possible), None)


def paper_list(value: object) -> list[dict[str, object]] | None:
    """Entries of the paper store (`DanhSachGiayToKetQua`); an unreadable end of validity becomes `NO_DATE`.

    A day of issue decides nothing: an unreadable one is left out, and one that is later than today is never shown.
    """
    wire = {
        "result_code": "MaKetQua",
        "title": "TenGiayTo",
        "reference": "SoKyHieu",
        "authority": "CoQuanChuQuan",
    }
    papers = [paper for paper in _listed(value) if isinstance(paper, dict)]
    found: list[dict[str, object]] = []
    for one in papers:
        paper: dict[str, object] = {
            ours: word for ours, theirs in wire.items() if (word := text(one.get(theirs)))
        }
        if not plain.is_hollow(until := one.get("ThoiHanHieuLuc")):
            paper["valid_until"] = _day_or_none(until)
        if (issued := _day_or_none(one.get("NgayCap"))) != NO_DATE:
            paper["issued_on"] = issued
        if files := _paper_files(one.get("DanhSachTepDinhKem")):
            paper["files"] = files
        found.append(paper)
    return [paper for paper in found if "result_code" in paper] or None


def _paper_files(value: object) -> list[dict[str, object]]:
    """The files of a stored paper; one that is not readable is left out, and the paper stays.

    `path` is what its download is asked by, letter for letter; it never leaves the gateway.
    """
    rows = [row for row in (value if isinstance(value, list) else [value])[:_MOST] if isinstance(row, dict)]
    named = [(row.get("TenTep"), row.get("DuongDan")) for row in rows]
    return [{"name": name if _in_line(name) else "", "path": path} for name, path in named if _in_line(path)]


def _in_line(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_PATH and value.isprintable()


def _day_or_none(value: object) -> str:
    """`dd/MM/yyyy` or `yyyyMMdd`, or less precise, → ISO; `NO_DATE` when it is neither, or no text."""
    for read in (plain.date_vn, plain.date_compact):
        try:
            return read(value) or NO_DATE
        except Unreadable:
            continue
    return NO_DATE


def rows(value: object) -> list[dict[str, str]] | None:
    """Rows of a catalogue: every column as text."""
    found = [row for row in (value if isinstance(value, list) else [value]) if isinstance(row, dict)]
    return [{str(name): cell for name, item in row.items() if (cell := text(item))} for row in found] or None


def _address(codes: Codes, parts: _Parts, value: object) -> object:
    """An address value, in units of 1 July 2025, of an object with these members.

    Where the code may mean several units, no unit of this province or none at all, the value has no commune: the
    candidates are shown, and none is chosen. Without a province only a commune of this province names it. In another
    country there is no unit of ours, whatever the record says. Both are doubts.
    """
    if not isinstance(value, dict):
        return None
    address: dict[str, Any] = {}
    for name, key, other in parts:
        part = value.get(key) or value.get(other)
        if part is None:
            continue
        if type(part) is not str or not (part.isalnum() and part.isascii() and len(part) < _SHORT):
            part = text(part)
        if part:
            address[name] = part
    get = address.get
    province, commune, country = get("province"), get("commune"), address.setdefault("country", "VN")
    if not (province or commune or "detail" in address):
        return None
    units, is_ours = codes.units, "district" not in address and country == "VN"
    if is_ours and province == units.province and units.successors.get(commune or "") == (commune,):
        return address
    return _placed(codes, address, province or "", commune or "")


def _placed(codes: Codes, address: dict[str, object], province: str, commune: str) -> object:
    """An address that is not simply one in a unit of today."""
    units = codes.units
    if address["country"] != "VN":
        return _unclear(address, (), "address_unclear", "units:abroad")
    if province and province != units.province and province not in units.former:
        return _elsewhere(codes, address)
    if not province and not units.possible(commune, is_old=False):
        return _unclear(address, (), "address_unclear", "units:no_province")
    address["province"] = units.province
    return _here(codes, address, commune, province in units.former) if commune else address


def _here(codes: Codes, address: dict[str, object], commune: str, is_former: bool) -> object:  # noqa: FBT001 -- internal
    """An address in this province. `is_former`: the record names a province that became part of it."""
    has_district = "district" in address
    found = codes.units.possible(commune, is_old=has_district or is_former)
    # a former province proves that the record is old; without a district it is incomplete
    if len(found) == 1 and (has_district or not is_former):
        return {**address, "commune": found[0]}
    return _unclear(address, found, "unit_divided" if found else "code_unknown")


def _elsewhere(codes: Codes, address: dict[str, object]) -> object:
    """An address in another province, whose units are unknown here: old codes and this province's codes are doubts."""
    commune = address.get("commune")
    ours = commune in codes.units.names or commune in codes.units.successors
    if address["province"] in codes.provinces and "district" not in address and not ours:
        return address
    return _unclear(address, (), "code_unknown")


def _unclear(address: dict[str, object], found: Sequence[str], kind: str, rule: str = "") -> Doubtful:
    left = _UNITS if rule == "units:abroad" else _UNITS - {"province"}
    bare_address = {name: part for name, part in address.items() if name not in left}
    candidates = tuple({**bare_address, "commune": unit} for unit in found)
    rule = rule or ("units:divided" if len(found) > 1 else "units:old" if found else "units:unknown")
    return Doubtful(bare_address, AttributeDoubt(kind=kind, candidates=candidates, rule=rule))


def provider_transforms(codes: Codes, time_zone: str = dates.DEFAULT_ZONE) -> dict[str, Transform]:
    """All transforms of source mappings. `time_zone`: of the provider, an IANA name."""
    named: list[Transform] = [
        text, title_case, plain.upper_case, plain.upper_ascii, plain.digits, plain.integer, plain.decimal,
        plain.personal_number, plain.old_number, plain.numbered,
        plain.boolean, plain.date_compact, plain.date_vn, plain.date_dash, population_birth_date,
        plain.account_birth_date,
        plain.bhxh_birth_date, plain.nationality_default_vn, plain.split_semicolon, plain.split_comma, plain.as_list,
        plain.count, plain.marriages, plain.only_name,
        plain.dead_if_there, plain.of_divorce, plain.entry_number, plain.entry_date,
        members, owners, owner_ids, land_uses, first_main, paper_list, rows, plain.to_date_compact,
        plain.to_year, plain.to_date_vn, plain.to_bhxh_date, plain.to_bhxh_date_kind, plain.to_birth_province,
        plain.to_birth_basis, plain.to_bhxh_gender,
        dates.date_dmy, dates.date_ymd_slash, dates.date_us, dates.date_compact_dmy, dates.date_month_name,
        dates.date_words_vn, dates.date_xsd, dates.date_parts,
        others.family_name_vn, others.middle_name_vn, others.given_name_vn, others.family_name_western,
        others.given_names_western, others.family_name_comma, others.given_names_comma,
        others.family_name_capitals, others.given_names_capitals, others.name_joined,
        others.boolean_words, others.decimal_comma, others.decimal_point, others.decimal_strict,
    ]  # fmt: skip
    found: dict[str, Transform] = {transform.__name__: transform for transform in named}
    found |= {
        "population_address": partial(_address, codes, _OF_POPULATION),
        "enterprise_address": partial(_address, codes, _OF_ENTERPRISE),
    }
    return found | dates.zoned_transforms(time_zone) | others.measure_transforms(codes)
