"""The reading of an answer as it is easiest to believe: a tree of plain data, one path after the other.

The product reads many paths at once, and texts by their positions; it must always say what this says.
"""

import copy
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import jsonschema_rs

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import is_personal_id
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.codes import Codes
from gateway.mapping.contradictions import DENIALS
from gateway.mapping.date_transforms import DATES, TIMES
from gateway.mapping.model import AttributeRule, ServiceMapping
from gateway.mapping.paper_owners import names_another_owner
from gateway.mapping.paths import PositionedTexts
from gateway.mapping.records import _OF_TREES, provider_transforms
from gateway.mapping.transforms import _ORGANISATION, Doubtful, Strangers, Transform, Unreadable, same_words

_STEP = re.compile(r"([^.\[\]]+)|\[(-?[0-9]{1,4})\]|\[latest:([^\[\]=]+)\]|\[([^\[\]=]+)=([^\[\]]*)\]")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})?([0-9]{2})?", re.ASCII)
_ABBREVIATION = re.compile(r"(?<!\w)[BCDĐFGHJKLMNPQRSTVWXZ]{2,}(?!\w)")
_UNDATED = Doubtful(None, AttributeDoubt(kind="date_partial", rule="latest:undated"))
#: the same for a record: nothing is below it
_UNDATED_RECORD = Doubtful(None, _UNDATED.doubt)
_BAD = AttributeDoubt(kind="value_invalid")
#: a list with values, or a text and the like, where an object is read
_ODD_SHAPE = Doubtful(None, _BAD)
_NO_NUMBER = Doubtful(None, AttributeDoubt(kind="code_unknown", rule="number:form"))
_REASONS = {
    Outcome.NOT_FOUND: Reason.NO_SUCH_PERSON,
    Outcome.NO_MATCH: Reason.DATA_DO_NOT_MATCH,
    Outcome.REFUSED: Reason.SOURCE_REFUSED,
    Outcome.UNAVAILABLE: Reason.SOURCE_BUSY,
    Outcome.INVALID: Reason.SOURCE_ANSWER_INVALID,
}
_INVALID = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_OTHER_PERSON = SourceAnswer(outcome=Outcome.INVALID, reason=Reason.SOURCE_ANSWER_OTHER_PERSON, alarm=True)
_NO_MATCH = SourceAnswer(outcome=Outcome.NO_MATCH, reason=Reason.DATA_DO_NOT_MATCH, alarm=True)
_SHARED = ("full_name", "birth_date")
_NUMBERS = ("personal_id", "old_id", "passport")
_BORN = DATES - TIMES | {"population_birth_date", "account_birth_date", "bhxh_birth_date", "date_parts"}


def plain(answer: object) -> Any:
    """An answer as plain data, however its decoder gives it."""
    return answer.tree() if isinstance(answer, PositionedTexts) else answer


# ----------------------------------------------------------------------------------------- paths


Dates = Mapping[str, list[Transform]]


def picked(tree: object, path: str, dates: Dates) -> object:
    """What stands at a path; `dates`: how a date at a path is read."""
    for step in _STEP.finditer(path):
        name, index, latest, key, value = step.groups(default="")
        items: list[Any] = tree if isinstance(tree, list) else [tree]
        if name and not isinstance(tree, dict) and not _hollow(tree):
            return _ODD_SHAPE
        if name:
            tree = tree.get(name) if isinstance(tree, dict) else None
        elif index:
            tree = items[int(index)] if -len(items) <= int(index) < len(items) else None
        elif latest:
            tree = _latest(items, latest, dates.get(f"{path[: step.end()]}.{latest}", []))
        else:
            found = [item for item in items if isinstance(item, dict) and _written(item.get(key)) == value]
            tree = found[0] if found else None
            if any(item != tree for item in found):
                return Doubtful(None, AttributeDoubt("several_records", (), "match:several"))
        if tree is None or tree is _UNDATED:
            break
    return tree


def _written(value: object) -> object:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else value
    )


def _latest(items: list[Any], key: str, reads: list[Transform]) -> object:
    if all(item == items[0] for item in items):
        return items[0] if items else None
    dated = [(_date(item.get(key), reads) if isinstance(item, dict) else None, item) for item in items]
    last = max(date or "" for date, _ in dated)
    unclear = [date for date, _ in dated if date is None or last.startswith(date)]
    if len(unclear) > 1 or None in unclear:
        return _UNDATED
    return next(one for date, one in dated if date == last)


def _date(value: object, reads: list[Transform]) -> str | None:
    try:
        for read in reads:
            value = read(value)
    except Unreadable:
        return None
    return str(value) if reads and value is not None else None


# ------------------------------------------------------------------------------------ transforms


def text(value: object) -> str | None:
    """NFC, trimmed, inner spaces collapsed."""
    if value is None or isinstance(value, bool | dict | list):
        return None
    said = str(value)
    if len(said) > 10_000:
        raise Unreadable("too long")
    if any(_hidden(one) for one in said.strip()):
        raise Unreadable("hidden signs")
    return unicodedata.normalize("NFC", " ".join(said.split())) or None


def _hidden(sign: str) -> bool:
    return sign != "\t" and unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def title_case(value: object) -> str | None:
    """Names in capitals, but for abbreviations, or in small letters."""
    name = text(value)
    if name is None or not (name.isupper() or name.islower()) or _ORGANISATION.match(name):
        return name
    if name.isupper() and _ABBREVIATION.search(name):
        return " ".join(one if _ABBREVIATION.fullmatch(one) else one.title() for one in name.split(" "))
    return name.title()


def digits(value: object) -> str | None:
    """Nothing else."""
    found = text(value)
    if found is not None and not (found.isascii() and found.isdigit()):
        raise Unreadable("not digits")
    return found


def personal_number(value: object) -> object:
    """Twelve digits."""
    found = text(value)
    return found if found is None or re.fullmatch("[0-9]{12}", found) else _NO_NUMBER


def date_compact(value: object) -> str | None:
    """Digits to ISO, by way of a `PartialDate`."""
    found = text(value)
    if found is None:
        return None
    parts = _COMPACT.fullmatch(found[:8] if len(found) in {12, 14} else found)
    if parts is None:
        raise Unreadable("not yyyyMMdd")
    year, month, day = parts.groups()
    known = [int(one) if one and one != "00" else None for one in (month, day)]
    try:
        return str(PartialDate(int(year), *known))
    except ValueError:
        raise Unreadable("no such date") from None


def population_birth_date(value: object) -> object:
    """The full date, else the year; in doubt where they contradict each other."""
    if not isinstance(value, dict):
        return date_compact(value)
    full, year = date_compact(value.get("NgayThangNam")), date_compact(value.get("Nam"))
    if full and year and not full.startswith(year):
        return Doubtful(full, AttributeDoubt("dates_differ", (full, year), "birth_date:year"))
    return full or year


def addresses(codes: Codes) -> Transform:
    """The transform of population addresses."""

    def population_address(value: object) -> object:
        if not isinstance(value, dict):
            return None
        get = value.get
        province, district = text(get("MaTinhThanh") or get("maTinh")), text(get("MaQuanHuyen"))
        commune, detail = text(get("MaPhuongXa") or get("maXa")), text(get("ChiTiet") or get("diaChi"))
        country = text(get("QuocGia"))
        if not (province or commune or detail):
            return None
        named = {"province": province, "district": district, "commune": commune, "detail": detail}
        address: dict[str, object] = {name: part for name, part in named.items() if part}
        address["country"] = country or "VN"
        return _placed(codes, address, province, district, commune)

    return population_address


def _placed(
    codes: Codes, address: dict[str, object], province: str | None, district: str | None, commune: str | None
) -> object:
    """In the units of today; in doubt and without a commune where they are not certain."""
    units, own = codes.units, codes.units.province
    found: list[str] = []
    known = {*units.names, *units.successors, *units.alternatives}
    if address["country"] != "VN":
        rest = {name: part for name, part in address.items() if name in {"detail", "country"}}
        return Doubtful(rest, AttributeDoubt("address_unclear", (), "units:abroad"))
    if province is None and commune not in known:
        rest = {name: part for name, part in address.items() if name in {"detail", "country"}}
        return Doubtful(rest, AttributeDoubt("address_unclear", (), "units:no_province"))
    if province not in {None, own, *units.former}:
        if province in codes.provinces and not district and commune not in {*units.names, *units.successors}:
            return address
    else:
        address["province"] = own
        if not commune:
            return address
        old = list(units.successors.get(commune, ()))
        if not ((district or province in units.former) and old):
            old = [commune] * (commune in units.names) + old
            old += [units.alternatives[one] for one in (commune,) if one in units.alternatives]
        found = list(dict.fromkeys(old))
        if len(found) == 1 and (district or province not in units.former):
            return {**address, "commune": found[0]}
    rest = {name: part for name, part in address.items() if name not in {"commune", "district"}}
    rule = "units:divided" if len(found) > 1 else "units:old" if found else "units:unknown"
    kind = "unit_divided" if found else "code_unknown"
    candidates = tuple({**rest, "commune": one} for one in found)
    return Doubtful(rest, AttributeDoubt(kind=kind, candidates=candidates, rule=rule))


def transforms(codes: Codes) -> dict[str, Transform]:
    """All transforms; those above stand for the product's."""
    own: list[Transform] = [text, title_case, digits, personal_number, date_compact, population_birth_date]
    return provider_transforms(codes) | {
        transform.__name__: transform for transform in (*own, addresses(codes))
    }


def bare(name: str) -> str:
    """Without case, tone marks and spaces."""
    letters = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(one for one in letters if not unicodedata.combining(one) and not one.isspace())


def _at(record: object, path: str, parts: tuple[str, ...], dates: Dates) -> object:
    """What stands at a path, or a list of its parts."""
    found = picked(record, path, dates)
    if not parts or isinstance(found, Doubtful):
        return found
    items = [picked(found, part, {}) for part in parts]
    doubtful = [one for one in items if isinstance(one, Doubtful)]
    if doubtful:
        return doubtful[0]
    return items if any(one is not None for one in items) else None


def _leaves(tree: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value that is not blank, and the names on its way."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from _leaves(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(tree, list):
        for inner in tree:
            yield from _leaves(inner, path)
    elif tree is not None and str(tree).strip():
        yield path, tree


def _scalar(tree: object, path: str) -> str | float | bool | None:
    """One text or number at this place, with nothing below it and no list above it."""
    for name in path.split("."):
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree if isinstance(tree, str | int | float) and str(tree).strip() else None


def _is_number(value: object) -> bool:
    digits = re.sub(r"[\s.,]", "", str(value).lstrip().removeprefix("+").removeprefix("-"))
    return not isinstance(value, bool) and (isinstance(value, int | float) or digits.isdecimal())


def _is_more_than_zero(value: object) -> bool:
    return _is_number(value) and bool(str(value).strip("+- 0.,"))


def _named(path: str) -> str:
    """A path without the rows of lists."""
    return re.sub(r"\[[^\]]*\]", "", path).strip(".")


def _all_paths(rule: AttributeRule) -> list[str]:
    parts = [f".{part}" for part in rule.parts] or [""]
    return [f"{path}{part}".lstrip(".") for path in (rule.path, *rule.else_) for part in parts]


# --------------------------------------------------------------------------------------- reading


class PlainReader:
    """Reads the answers of one data service."""

    def __init__(
        self,
        mapping: ServiceMapping,
        wanted_paths: tuple[str, ...],
        codes: Codes,
        schemas: Mapping[str, Any] | None = None,
    ) -> None:
        """`wanted_paths`: all that the mapping reads; `schemas`: of the evidence, by attribute."""
        self._schemas = schemas or {}
        self._rule = mapping.answer
        #: an answer whose only word says whether the person is the one who was asked about
        self._is_verdict = mapping.evidence == "identity_check"
        asked = [word for rule in mapping.request.values() for word in (rule.from_ or "", *rule.else_)]
        sent = {word.partition(".")[2] for word in asked if word.startswith("subject.")}
        self._unsent = {"full_name", "birth_date", "gender", "birth_place"} - sent
        sure = {
            word.partition(".")[2]
            for rule in mapping.request.values()
            for word in (rule.from_ or "", *rule.else_)
            if word.startswith("subject.")
            and not (
                rule.profiles or "to_year" in rule.transform or (word.endswith(_NUMBERS) and rule.transform)
            )
        }
        compared = sure | mapping.answer.identity.keys()
        #: the numbers that the provider compares with the record, or the answer repeats
        beside = {*_NUMBERS} & compared if compared >= {*_SHARED} else set()
        self._numbers = beside | mapping.answer.identity.keys()
        self._sure = sure
        #: the numbers that a record may confirm: none where all three are sent, since the provider does it then
        self._repeated = set() if beside & sure and sure >= {*_SHARED} else beside
        self._places = tuple(mapping.request)
        self._heads = frozenset(re.split(r"[.\[]", path, maxsplit=1)[0] for path in wanted_paths)
        updated = mapping.answer.updated_at.path if mapping.answer.updated_at else ""
        is_whole = any("" in _all_paths(rule) for rule in mapping.answer.attributes.values())
        inside = {*wanted_paths} - {"" if is_whole else mapping.answer.record, mapping.answer.status, updated}
        #: places that are read in a record, without the rows of lists
        self._inside = {_named(path) for path in inside} - {""}
        self._named = transforms(codes)
        self._codes = codes
        self._dates: dict[str, list[Transform]] = {}
        for rule in mapping.answer.attributes.values():
            for path in (rule.path, *rule.else_):
                if rule.codes is None and rule.transform and rule.transform[-1] in DATES:
                    self._dates.setdefault(path, [self._named[word] for word in rule.transform])
        start = mapping.answer.record
        self._whole = {f"{start}.{path}" if start else path: one for path, one in self._dates.items()}

    def read(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """What the answer says."""
        try:
            return self._read(tree, query)
        except Strangers:
            return _OTHER_PERSON
        except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return _INVALID

    def _read(self, tree: object, query: SourceQuery) -> SourceAnswer:  # noqa: C901, PLR0911, PLR0912 -- read top-down
        answer, outcome = self._rule, Outcome.FOUND
        if answer.status:
            status = picked(tree, answer.status, self._whole)
            said = str(_written(status)) if status is not None else ""
            outcome = Outcome(answer.statuses.get(said) or answer.statuses.get("*", "invalid"))
        tree = self._lifted(tree) if answer.nested else tree
        record = picked(tree, answer.record, self._whole)
        if isinstance(record, Doubtful):
            record = None if record is _ODD_SHAPE else _UNDATED_RECORD
        if isinstance(record, list) and answer.record:
            if len(record) > 1 and answer.tells_apart and outcome is Outcome.FOUND:
                return self._several(tree, record, query)
            if len(record) > 1:
                return _OTHER_PERSON if outcome is Outcome.FOUND else self._no_success(outcome, tree, query)
            record = record[0] if record else None
        if isinstance(record, str) and not record.strip():
            record = None
        key = picked(record, answer.found_when, self._dates) if answer.found_when else None
        is_absent = record is None or bool(answer.found_when and (key is _ODD_SHAPE or _hollow(key)))
        if (is_absent or outcome is not Outcome.FOUND) and self._names_another(record, query.subject):
            return _OTHER_PERSON
        if outcome is not Outcome.FOUND:
            return self._no_success(outcome, tree, query)
        if record is _UNDATED_RECORD:
            return _INVALID
        if is_absent:
            return self._absence(tree, query)
        read = [path for rule in answer.attributes.values() for path in _all_paths(rule)]
        if not isinstance(record, dict | list) and "" not in read:
            return _INVALID
        if any(path.startswith(f"{answer.found_when}.") for path in read) and not isinstance(key, dict):
            return _INVALID
        for rule in answer.attributes.values():
            if "paper_list" in rule.transform and names_another_owner(
                picked(record, rule.path, self._dates), query.subject
            ):
                return _OTHER_PERSON
        fits = {name: self._fits(name, record, query.subject) for name in answer.identity}
        is_unsure = self._may_be_a_namesake(fits, record, query.subject)
        refusal = _about_another(fits, query.subject) if fits else None
        if refusal is _NO_MATCH and answer.tells_apart:
            refusal = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)
        if refusal is None:
            found = self._evidence(record, tree, query)._replace(
                found_id=self._found_id(record, query.subject),
                confirms=self._confirms(fits, record, query.subject),
            )
            if not is_unsure:
                return found
            number = next((text(self._attribute(name, record)) for name in answer.vouched), None)
            return found._replace(is_unsure=True, unvouched=number or "")
        number = None
        if [name for name, same in fits.items() if not same and name != "gender"] == ["full_name"]:
            number = next((text(self._attribute(name, record)) for name in answer.vouched), None)
        return self._evidence(record, tree, query)._replace(unvouched=number) if number else refusal

    def _confirms(self, fits: Mapping[str, bool | None], record: object, subject: Subject) -> bool:
        """The record has the subject's strongest number, the name and the whole birth date, but for what was sent."""
        word = next((name for name in _NUMBERS if getattr(subject, name)), "")
        if subject.kind is not SubjectKind.PERSON or word not in self._repeated:
            return False
        equal = {name for name, same in fits.items() if same}
        is_whole = len(str(subject.birth_date)) == len("1990-02-15")
        if "birth_date" in equal and not (
            is_whole and self._fits("birth_date", record, subject, spelling=str)
        ):
            equal.discard("birth_date")
        return {word, *_SHARED} <= equal | {
            one for one in self._sure if getattr(subject, one, None) is not None
        }

    def _may_be_a_namesake(self, fits: Mapping[str, bool | None], record: object, subject: Subject) -> bool:
        """Found by what people share: no number was compared, and not all of name, day and sex are surely equal."""
        asked = [name for name in _NUMBERS if getattr(subject, name)]
        if not fits or subject.kind is not SubjectKind.PERSON or not asked or "personal_id" in self._numbers:
            return False
        if asked[0] in self._numbers or any(fits[name] for name in fits if name not in _SHARED):
            return False
        if asked[0] != "personal_id":
            return True
        if "gender" not in fits:
            return True
        said, sex = (
            self._attribute("gender", record),
            ("male", "female")[int(str(subject.personal_id)[3]) % 2],
        )
        spelled = "full_name" in fits and self._fits("full_name", record, subject, spelling=same_words)
        born = "birth_date" in fits and self._fits("birth_date", record, subject, spelling=str)
        return not (said == sex and spelled and born and len(str(subject.birth_date)) == len("1990-02-15"))

    def _lifted(self, tree: object) -> object:
        """With the record a level higher, where only one member of what stands there has its first word."""
        word, holder = self._rule.found_when.split(".")[0], picked(tree, self._rule.record, self._whole)
        if not isinstance(holder, dict) or not holder or word in holder:
            return tree
        found = [one for one in holder.values() if isinstance(one, dict) and word in one]
        if len(found) != 1:
            raise Unreadable("no record")
        assert isinstance(tree, dict)
        return {**tree, self._rule.record: found[0]}

    def _several(  # noqa: C901 -- read top-down
        self, tree: Any, records: list[object], query: SourceQuery
    ) -> SourceAnswer:
        """All that may be meant; one alone where it says a word that was asked with, and no other does."""
        if len(records) > 30:
            return _INVALID
        found: list[tuple[SourceAnswer, object]] = []
        missed: list[SourceAnswer] = []
        for record in records:
            alone = copy.deepcopy(tree)
            *before, last = self._rule.record.split(".")
            place = alone
            for name in before:
                place = place[name]
            place[last] = [record]
            one = self.read(alone, query)
            if one.outcome is Outcome.FOUND:
                found.append((one, record))
            elif one.outcome in {Outcome.NO_MATCH, Outcome.NOT_FOUND}:
                missed.append(one)
            else:
                return one
        if not found:
            if all(one.outcome is Outcome.NOT_FOUND for one in missed):
                return missed[0]
            return failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)
        own = [name for name in self._rule.identity if name != "parent_personal_id"]
        if len(found) == 1 and any(self._fits(name, found[0][1], query.subject) for name in own):
            return found[0][0]
        values: dict[str, object] = {}
        doubts: dict[str, AttributeDoubt] = {}
        for name in {name for one, _ in found for name in (*one.values, *one.doubts)}:
            said = [one.values.get(name) for one, _ in found]
            if len(found) > 1 and name not in found[0][0].doubts and said.count(said[0]) == len(said):
                values[name] = said[0]
            else:
                doubts[name] = AttributeDoubt("several_records", tuple(said), "record:several")
        return found[0][0]._replace(
            values=values, doubts=doubts, confirms=all(one.confirms for one, _ in found)
        )

    def _names_another(self, record: object, subject: Subject) -> bool:
        """A number that stands there is another one than was asked for."""
        numbers = [name for name in self._rule.identity if name not in _SHARED]
        said = {name: self._fits(name, record, subject, may_be_blank=True) for name in numbers}
        return False in said.values()

    def _absence(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """What the contract calls absence, and nothing else."""
        answer = self._rule
        absent = failed(Outcome(answer.absent), _REASONS[Outcome(answer.absent)])._replace(
            is_blank=not answer.status
        )
        if tree is None or tree == {}:
            return absent if answer.empty == "absent" else _INVALID
        if isinstance(tree, dict) and self._heads.isdisjoint(tree):
            return _INVALID
        if isinstance(tree, dict) and not any(place.partition(".")[0] in tree for place in self._inside):
            said = [_scalar(tree, one.path) for one in answer.envelope]
            if any(one is not None and not _is_number(one) for one in said):
                return _INVALID
        return _INVALID if self._more(tree, query) else absent

    def _no_success(self, outcome: Outcome, tree: object, query: SourceQuery) -> SourceAnswer:
        """What a status says, unless it says that there is nobody beside a value that the mapping does not free."""
        is_denied = outcome is Outcome.NOT_FOUND and self._more(tree, query, frees_yes_and_no=True)
        return _INVALID if is_denied else failed(outcome, _REASONS[outcome])

    def _more(self, tree: object, query: SourceQuery, *, frees_yes_and_no: bool = False) -> list[str]:
        """Places of values that the request did not send and that are not about the answer itself."""
        answer = self._rule
        subject = {name: one for name, one in asdict(query.subject).items() if name not in self._unsent}
        known = [path for name, path in answer.identity.items() if subject.get(name) is not None]
        repeated = [
            one for rule in answer.attributes.values() if rule.path in known for one in _all_paths(rule)
        ]
        inside = [
            f"{answer.record}.{path}" if answer.record else path for path in (*known, *repeated) if path
        ]
        updated = answer.updated_at.path if answer.updated_at else ""
        status = _named(answer.status)
        about_itself = (status, updated)
        expected = [_named(path) for path in (*inside, *about_itself) if path]
        asked = [query.dossier, *subject.values()]
        in_record = [f"{answer.record}.{path}" for path in (*self._places, *answer.identity.values())]
        echoes = {_named(place).casefold() for place in (*self._places, *in_record)}
        said = [
            one.path
            for one in answer.envelope
            if (value := _scalar(tree, one.path)) is not None
            and (frees_yes_and_no or not isinstance(value, bool))
            and (one.any_number or not _is_more_than_zero(value))
            and (not one.beside or _is_number(value) or _scalar(tree, one.beside) is not None)
        ]
        return [
            path
            for path, one in _leaves(tree, "")
            if path not in said
            and (str(one) not in asked or path.casefold() not in echoes)
            and not any(place and f"{path}.".startswith(f"{place}.") for place in expected)
        ]

    def _fits(
        self, name: str, record: object, subject: Subject, *, may_be_blank: bool = False,
        spelling: Callable[[str], str] | None = None,
    ) -> bool | None:  # fmt: skip
        asked = getattr(subject, name)
        if asked is None or (name == "old_id" and subject.personal_id is not None):
            return None
        rules, path = self._rule.attributes, self._rule.identity[name]
        rule = self._read_like(name, path)
        has_parts = rule is not None and bool(rule.parts) and rule.path == path
        value = _at(record, path, rule.parts if rule is not None and has_parts else (), self._dates)
        is_listed = any(one.path == path and "members" in one.transform for one in rules.values())
        words = rule.transform if rule is not None and (name == "birth_date" or has_parts) else ()
        if name == "birth_date" and all(word == "text" for word in words):
            words = ("date_dash",)
        for word in () if is_listed else words:
            value = self._named[word](value)
        items: list[object] = [value.value if isinstance(value, Doubtful) else value]
        if is_listed:
            people = value if isinstance(value, list) else [value]
            if len(people) > 500:
                raise Unreadable("too many")
            rows = [one for one in people if isinstance(one, dict)]
            own = [one for one in rows if _of_member(one, "personal_id") == subject.personal_id]
            items = [_of_member(one, name) for one in own or rows]
        found = [item for item in map(text, items) if item is not None]
        if not found and not is_listed and items[0] and isinstance(items[0], bool | dict | list):
            raise Unreadable("no text")
        if not found:
            return None if may_be_blank or name in {"old_id", *_SHARED} else False
        equal = _same if spelling is None else lambda _, one, other: spelling(one) == spelling(other)
        fits = any(equal(name, str(asked), item) for item in found)
        return None if fits and isinstance(value, Doubtful) else fits

    def _read_like(self, name: str, path: str) -> AttributeRule | None:
        """The attribute of this name at this path, or another that reads birth dates or parts there."""
        rules = self._rule.attributes
        own = rules.get(name)
        if own is not None and own.path == path:
            return own
        for rule in rules.values():
            is_date = bool(rule.transform) and rule.transform[-1] in _BORN
            if rule.path == path and (is_date if name == "birth_date" else rule.parts):
                return rule
        return own if name == "birth_date" and own is not None and not own.parts else None

    def _found_id(self, record: object, subject: Subject) -> str:
        """The personal id of a person who was asked about without it."""
        if subject.personal_id is not None or subject.kind is not SubjectKind.PERSON:
            return ""
        try:
            found = self._attribute("personal_id", record) if "personal_id" in self._rule.attributes else None
        except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return ""
        return found if isinstance(found, str) and is_personal_id(found) else ""

    def _evidence(  # noqa: C901 -- read top-down
        self, record: object, tree: object, query: SourceQuery
    ) -> SourceAnswer:
        values: dict[str, object] = {}
        doubts: dict[str, AttributeDoubt] = {}
        for name in query.attributes:
            try:
                value = self._attribute(name, record) if name in self._rule.attributes else None
            except Strangers:
                raise
            except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
                value = Doubtful(None, _BAD)
            if value is None and name in self._rule.attributes and self._has_another_shape(name, record):
                value = Doubtful(None, _BAD)
            if isinstance(value, Doubtful):
                doubts[name] = value.doubt
                value = value.value
            if value is not None and jsonschema_rs.is_valid(self._schemas.get(name, {}), value):
                values[name] = value
            elif value is not None:
                doubts[name] = _BAD
            if doubts.get(name) is _BAD and self._says_whose(name):
                return _INVALID
        for rule in self._rule.contradictions:
            parts = [picked(record, path, self._dates) for path in rule.parts]
            if not any(isinstance(one, Doubtful) for one in parts) and DENIALS[rule.check](*parts):
                doubt = f"answer:{rule.check}"
                denied = {name: values[name] for name in rule.doubts if name in values and name not in doubts}
                doubts |= {
                    name: AttributeDoubt("answer_differs", (one,), doubt) for name, one in denied.items()
                }
        doubts |= self._out_of_order(record, values, doubts)
        updated = self._updated(tree)
        found = SourceAnswer(Outcome.FOUND, values, doubts, source_updated_at=updated)
        return self._there(found, record)

    def _out_of_order(
        self, record: object, values: dict[str, object], doubts: dict[str, AttributeDoubt]
    ) -> dict[str, AttributeDoubt]:
        """The doubts of dates that contradict each other, and of what they date."""
        found: dict[str, AttributeDoubt] = {}
        for end, schema in self._schemas.items():
            begin = schema.get("x-not-before")
            if begin is not None and self._ends_before(end, begin, record):
                dated = [
                    word for date in (end, begin) for word in (date, *self._schemas[date].get("x-dates", ()))
                ]
                found |= {
                    name: AttributeDoubt("dates_differ", (values[name],), "evidence:dates_out_of_order")
                    for name in dated
                    if name in values and name not in doubts
                }
        return found

    def _ends_before(self, end: str, begin: str, record: object) -> bool:
        """Whether a date is before another one, as far as both are known."""
        try:
            dates = [self._attribute(one, record) for one in (end, begin) if one in self._rule.attributes]
        except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return False
        known = [one.split("-") for one in dates if isinstance(one, str)]
        length = min(map(len, known), default=0)
        return len(known) == 2 and known[0][:length] < known[1][:length]

    def _there(self, answer: SourceAnswer, record: object) -> SourceAnswer:
        """Where `found_when` cannot be read: a code outside its list keeps the record, and its blanks prove nothing."""
        path = self._rule.found_when
        name = next((name for name, one in self._rule.attributes.items() if path and one.path == path), None)
        if name is None or name in answer.values:
            return answer
        rule = self._rule.attributes[name]
        try:
            value = self._attribute(name, record)
        except (Unreadable, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            value = None
        value = value.value if isinstance(value, Doubtful) else value
        if value is not None and jsonschema_rs.is_valid(self._schemas.get(name, {}), value):
            return answer
        if rule.codes and not isinstance(picked(record, path, self._dates), bool | dict | list):
            return answer._replace(is_blank=True)
        return _INVALID

    def _has_another_shape(self, name: str, record: object) -> bool:
        """Something that is no text and no number where one is read, or the other way round."""
        rule = self._rule.attributes[name]
        values = [_at(record, path, rule.parts, self._dates) for path in (rule.path, *rule.else_)]
        return any(self._is_odd(rule, value) for value in values)

    def _is_odd(self, rule: AttributeRule, value: object) -> bool:
        is_tree = not rule.codes and rule.transform[:1] and rule.transform[0] in _OF_TREES
        is_odd = isinstance(value, bool | dict | list) is not bool(is_tree)
        return value is not None and not isinstance(value, Doubtful) and is_odd and not _hollow(value)

    def _updated(self, tree: object) -> str | None:
        rule = self._rule.updated_at
        if rule is None:
            return None
        try:
            value = picked(tree, rule.path, self._whole)
            for word in rule.transform:
                value = self._named[word](value)
        except ValueError:
            return None
        return None if value is None else str(value)

    def _says_whose(self, name: str) -> bool:
        identity = self._rule.identity
        if name == "matches" and self._is_verdict:
            return True
        return name in identity or self._rule.attributes[name].path in identity.values()

    def _attribute(self, name: str, record: object) -> object:
        rule = self._rule.attributes[name]
        for path in (rule.path, *rule.else_):
            value = _at(record, path, rule.parts, self._dates)
            if rule.codes is not None and not isinstance(value, Doubtful):
                value = _translated(self._codes.lists[rule.codes], value)
            for word in rule.transform or (() if rule.codes else ("text",)):
                if isinstance(value, Doubtful):
                    break
                value = self._named[word](value)
            if (
                value is _ODD_SHAPE
                and path == rule.path
                and rule.path.startswith(tuple(f"{one}." for one in rule.else_))
            ):
                continue
            if value is not None:
                return value
            if path == rule.path and self._is_odd(rule, _at(record, path, rule.parts, self._dates)):
                return None
        return None


def _of_member(person: Mapping[str, Any], name: str) -> object:
    """One word of a member, all of whose words must be readable."""
    called, head = person.get("HoVaTen"), person.get("ChuHo")
    born = population_birth_date(person.get("NgayThangNamSinh"))
    number = personal_number(person.get("SoDinhDanh"))
    if isinstance(head, dict):
        text(head.get("QuanHe"))
    words = {
        "full_name": title_case(called.get("Ten") if isinstance(called, dict) else called),
        "personal_id": number if isinstance(number, str) else None,
        "birth_date": None if isinstance(born, Doubtful) else born,
    }
    return words.get(name)


def _same(name: str, asked: str, found: str) -> bool:
    if asked == found:
        return True
    if name == "full_name":
        return bare(asked) == bare(found)
    if name == "birth_date":
        known = min(len(asked), len(found))
        return asked[:known] == found[:known] and not len(asked) == 7 < len(found)
    return False


def _about_another(said: Mapping[str, bool | None], subject: Subject) -> SourceAnswer | None:
    shared = [said.get(name) for name in _SHARED]
    own = [word for name, word in said.items() if name not in _SHARED]
    if False in own:
        return _OTHER_PERSON
    if False in shared:
        return _NO_MATCH if True in own else _OTHER_PERSON
    if True in own or not any(getattr(subject, name) for name in said):
        return None
    return None if all(shared) else _INVALID


def _translated(table: Mapping[str, str | None], value: object) -> object:
    code = text(value)
    if code is None or code in table:
        return None if code is None else table[code]
    return Doubtful(None, AttributeDoubt(kind="code_unknown", rule="codes:unknown"))


def _hollow(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_hollow, value.values()))
    return all(map(_hollow, value)) if isinstance(value, list) else _blank(value)


def _blank(value: object) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
