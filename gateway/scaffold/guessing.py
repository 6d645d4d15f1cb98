"""What the names, types and forms of an answer tell: the record in it, its evidence type, its attributes.

A guess is made where a wrong one leaves a value out; which code means which word, and which of several items is meant,
is never guessed.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import jsonschema_rs

from gateway.domain.faults import near
from gateway.mapping.codes import Codes
from gateway.mapping.paths import WHOLE_LIST
from gateway.mapping.records import provider_transforms
from gateway.mapping.transforms import Doubtful, Unreadable
from gateway.scaffold.house import House
from gateway.scaffold.leaves import DATES, Leaf, NotScaffolded
from gateway.scaffold.words import asked_word, is_count, snake, squeezed

#: of examples: invented
INVENTED_SUBJECT = {
    "personal_id": "033191740263", "full_name": "Trần Thị Mẫu", "birth_date": "1991-05-17", "old_id": "145730962",
    "passport": "C1234567", "tax_code": "0100109106", "registration_no": "89A-123.45", "commune": "11953",
    "sheet": "12", "number": "345",
}  # fmt: skip
#: dates whose form nobody says
_GUESSED = ("date_vn", "date_dash", "date_compact")
_DAY = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
#: names of dates that may lie ahead: the end of a validity
_END = re.compile("until|expir|validto|hethan|thoihan|(giatri|hieuluc)den")
#: what the answer of an example says, the first that fits
_INVENTED = (
    "mẫu",
    "033191740263",
    "145730962",
    "12",
    "AB 123456",
    "VN",
    "01",
    "true",
    "1",
    "C1234567",
    "0100109106",
)
#: type of an attribute -> its transforms; those behind the first only where the words are known
_TYPES = {"integer": ("integer",), "boolean": ("boolean", "boolean_words")}
#: an evidence type fits when so many values, and this part of them, are attributes of it, and not only a person's name
_LEAST, _PART, _LEAST_OWN = 3, 3, 2
_LONGEST_ATTRIBUTE = 90
_NUMBERS = frozenset(
    f"subject.{word}" for word in ("personal_id", "old_id", "passport", "tax_code", "registration_no")
)
#: names from the record on: `Cha.HoVaTen` is the father, `NguoiKhai.Cha.HoVaTen` somebody else's
_DEEPEST_GUESS = 2


@dataclass(frozen=True, slots=True)
class Bound:
    """A value of the answer that is an attribute: how it is read, and an invented value for the example."""

    leaf: Leaf
    attribute: str
    transform: str
    invented: object


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGuess:
    """How an answer is read."""

    #: path of the record, in the grammar of mappings
    record: str
    #: the record is the only item of a list
    is_item: bool
    evidence: str
    bound: list[Bound]
    #: all values of the record
    leaves: list[Leaf]
    #: values of the record that are not bound -> the attribute that they may be, or blank
    free: dict[Leaf, str]
    #: values outside the record
    outside: list[Leaf]
    #: word of a subject -> path where the record repeats it
    identity: dict[str, str]
    #: attributes of a new evidence type; None: it is one of the house
    declared: Mapping[str, Any] | None


def guess_of(
    house: House, source: str, wanted: str, answer: list[Leaf], several: Collection[tuple[str, ...]] = ()
) -> AnswerGuess:
    """The guess for the answer of a source. Raises NotScaffolded.

    `wanted`: an evidence type, or blank; `several`: lists of which no item is the record.
    """
    record = record_of(answer, several)
    leaves = [leaf.below(record) for leaf in answer if leaf.steps[: len(record)] == record]
    usable = [leaf for leaf in leaves if leaf.is_usable]
    kind, properties, is_new = evidence_of(house, source, wanted, usable)
    names = named_as_new(properties, usable) if is_new else names_in(house, kind, usable)
    bound = bound_in(house, kind, properties, names)
    if not bound:
        raise NotScaffolded(
            "the answer has no value that a path can read", "give another operation, or --sample"
        )
    if all(is_count(one.leaf.name) for one in bound):
        raise NotScaffolded(
            "outside of its lists the answer has only counts", "give one record of one list as --sample"
        )
    taken = {one.leaf.path for one in bound}
    return AnswerGuess(
        record=path_of(record),
        is_item=bool(record) and record[-1].endswith("[0]"),
        evidence=kind,
        bound=bound,
        leaves=leaves,
        free={leaf: names.get(leaf, "") for leaf in leaves if leaf.path not in taken or leaf.remark},
        outside=[leaf for leaf in answer if leaf.steps[: len(record)] != record],
        identity=_identity_of(usable, {one.leaf.path for one in bound if one.attribute == "birth_date"}),
        declared=properties if is_new else None,
    )


def _identity_of(usable: list[Leaf], born: set[str]) -> dict[str, str]:
    """`born`: where a birth date is read, so that it can be compared."""
    found: dict[str, str] = {}
    for leaf in usable:
        head, _, word = asked_word(leaf.steps).partition(".")
        if head == "subject" and (word != "birth_date" or leaf.path in born):
            found.setdefault(word, leaf.path)
    return found


def numbers_a_subject(leaf: Leaf) -> bool:
    """Whether its name is that of a subject's number, of any person: `KhachHang.SoDinhDanh`."""
    return asked_word((leaf.name,)) in _NUMBERS


def path_of(record: tuple[str, ...]) -> str:
    """The record in the grammar of mappings: a list there may hold one item."""
    if not record or record == ("[0]",):
        return WHOLE_LIST if record else ""
    return ".".join((*record[:-1], record[-1].removesuffix("[0]")))


def record_of(leaves: list[Leaf], several: Collection[tuple[str, ...]] = ()) -> tuple[str, ...]:
    """The steps from the answer to what is about the subject: below wrappers that name nobody."""
    at: tuple[str, ...] = ()
    while True:
        here = [
            leaf.below(at) for leaf in leaves if leaf.steps[: len(at)] == at and len(leaf.steps) > len(at)
        ]
        here = [leaf for leaf in here if len(leaf.steps) > 1 or not is_count(leaf.name)]
        inner: dict[str, int] = {}
        for leaf in here:
            if len(leaf.steps) > 1:
                inner[leaf.steps[0]] = inner.get(leaf.steps[0], 0) + 1
        top = max(inner, key=inner.__getitem__, default="")
        own = [leaf for leaf in here if len(leaf.steps) == 1]
        is_record = any(asked_word(leaf.steps).startswith("subject.") or leaf.name == top for leaf in own)
        if not top or is_record or inner[top] * 2 <= len(here) or (at and at[-1].endswith("[0]")):
            return at
        usable = {leaf.steps[0] for leaf in here if leaf.is_usable}
        if usable and (top not in usable or (*at, top) in several):
            return at  # what no path can read, and a list of several, are parts of what is about the subject
        if any(leaf.is_usable and leaf.steps[0] != top and numbers_a_subject(leaf) for leaf in here):
            return at  # whom it is about stands beside it
        at = (*at, top)


def evidence_of(
    house: House, source: str, wanted: str, usable: list[Leaf]
) -> tuple[str, dict[str, Any], bool]:
    """The evidence type, its attributes, and whether it is new."""
    if wanted:
        if wanted not in house.evidence:
            raise NotScaffolded(
                f"there is no evidence type '{wanted}'", near(wanted, house.evidence, "leave it out")
            )
        return wanted, house.evidence[wanted], False
    given = [
        kind
        for kind, plans in house.catalogue.offers.items()
        if any(house.is_provider(one.source) for one in plans)
    ]
    named = {
        kind: {*names_in(house, kind, usable).values()} for kind in sorted(given) if kind in house.evidence
    }
    scores = {
        kind: len(names) for kind, names in named.items() if len(names - {*INVENTED_SUBJECT}) >= _LEAST_OWN
    }
    best = max(scores, key=scores.__getitem__, default="")
    if scores.get(best, 0) >= _LEAST and scores[best] * _PART >= len(usable):
        return best, house.evidence[best], False
    kind = source if source not in house.evidence else f"{source}_answer"
    if kind in house.evidence:
        what = f"the evidence types {source} and {kind} are there already"
        raise NotScaffolded(what, "choose another name, or say --evidence")
    return kind, _declared(usable), True


def names_in(house: House, kind: str, leaves: list[Leaf]) -> dict[Leaf, str]:
    """The attribute of each value by its name alone: as the house's mappings and the table of words have it."""
    properties = house.evidence[kind]
    by_name: dict[str, str] = {}
    for plan in house.catalogue.offers.get(kind, ()):
        for name, rule in plan.mapping.answer.attributes.items():
            steps = re.sub(r"\[[^\]]*\]", "", rule.path).split(".")
            by_name.setdefault(squeezed("".join(steps[-2:])), name)
    by_name |= {squeezed(name): name for name in properties}
    found: dict[Leaf, str] = {}
    for leaf in leaves:
        word = asked_word(leaf.steps).removeprefix("subject.")
        name = word if word in properties else by_name.get(squeezed("".join(leaf.steps[-2:])), "")
        # below that it may be about somebody whom the person only names
        if name and name not in found.values() and len(leaf.steps) <= _DEEPEST_GUESS:
            found[leaf] = name
    return found


def _declared(leaves: list[Leaf]) -> dict[str, Any]:
    """Attributes of a new evidence type, one for each value."""
    found: dict[str, Any] = {}
    for leaf in leaves:
        word = asked_word(leaf.steps)
        name = (
            word.removeprefix("subject.") if word.startswith("subject.") else ".".join(map(snake, leaf.steps))
        )
        name = re.sub(r"\.{2,}", ".", name).strip(".")[:_LONGEST_ATTRIBUTE]
        name = name if name[:1].isalpha() else f"value_{name}".rstrip("_.")
        if name in found:
            name = next(one for number in count(2) if (one := f"{name}_{number}") not in found)
        schema: dict[str, Any] = {"type": leaf.kind if leaf.kind in _TYPES else "string"}
        if word == "subject.personal_id":
            schema["pattern"] = "^[0-9]{12}$"
        elif word == "subject.birth_date" or leaf.form:
            schema = {"type": "string", "pattern": _DAY}
            if _END.search(squeezed("".join(leaf.steps[-2:]))):
                schema["x-ahead"] = True
        elif leaf.kind == "list":
            schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
        elif leaf.kind in {"string", "unknown"}:
            schema["minLength"] = 1
        found[name] = {
            "title": leaf.name,
            "x-title-en": leaf.name,
            "description": f"{leaf.path} of the provider.",
            **schema,
            "x-leaf": leaf.path,
        }
    return found


def named_as_new(properties: dict[str, Any], usable: list[Leaf]) -> dict[Leaf, str]:
    """The attribute of each value of a new evidence type."""
    by_path = {schema.pop("x-leaf"): name for name, schema in properties.items()}
    return {leaf: by_path[leaf.path] for leaf in usable}


def bound_in(
    house: House, kind: str, properties: Mapping[str, Any], names: Mapping[Leaf, str]
) -> list[Bound]:
    """The values whose reading can be guessed. Attributes that others read by a code list need one here too."""
    coded = {
        name
        for plan in house.catalogue.offers.get(kind, ())
        for name, rule in plan.mapping.answer.attributes.items()
        if rule.codes
    }
    found = (
        _reading(house.catalogue.codes, leaf, name, properties[name])
        for leaf, name in names.items()
        if name not in coded or (leaf.words and "enum" in properties[name])
    )
    return [one for one in found if one is not None]


def _reading(codes: Codes, leaf: Leaf, name: str, schema: Mapping[str, Any]) -> Bound | None:
    """How the value becomes the attribute, and an invented one; None where that is not plain."""
    read = provider_transforms(codes)
    for transform in _transforms(leaf, name, schema):
        for value in _values(leaf, name):
            try:
                result = read[transform or "text"](value)
            except Unreadable:
                continue
            if (
                result is not None
                and not isinstance(result, Doubtful)
                and jsonschema_rs.is_valid(dict(schema), result)
            ):
                return Bound(leaf, name, transform, value)
    return None


def _transforms(leaf: Leaf, name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    wanted, pattern = schema.get("type"), schema.get("pattern")
    if "enum" in schema and not (leaf.words and {*leaf.words} <= {str(word) for word in schema["enum"]}):
        return  # which code means which word is no guess
    if pattern == _DAY:
        yield from (leaf.form,) if leaf.form else _GUESSED
    elif wanted in _TYPES:
        yield from _TYPES[wanted] if leaf.words else _TYPES[wanted][:1]
    elif wanted == "array":
        yield from ("as_list",) if leaf.kind == "list" else ()
    elif wanted == "string" and leaf.kind != "list":
        if name.endswith("personal_id"):
            yield "personal_number"
        elif name.endswith("old_id"):
            yield "old_number"
        yield "title_case" if name.endswith("full_name") else "decimal" if leaf.kind == "number" else ""


def _values(leaf: Leaf, name: str) -> Iterator[object]:
    """Invented values as the wire would have them."""
    if leaf.words:
        yield leaf.words[0]
    if name == "birth_date" and not leaf.form:
        yield DATES["date_vn"].sample
    word = name if name in INVENTED_SUBJECT else asked_word((leaf.name,)).removeprefix("subject.")
    if word in INVENTED_SUBJECT and word != "birth_date":
        yield INVENTED_SUBJECT[word].upper()
    if leaf.form or name == "birth_date":
        yield DATES[leaf.form or "date_vn"].sample
    plain: dict[str, object] = {"integer": 1, "number": 1.5, "boolean": True, "list": ["mẫu"]}
    if leaf.kind in plain:
        yield plain[leaf.kind]
    yield from (
        (*_INVENTED, *(DATES[form].sample for form in _GUESSED)) if leaf.kind in {"string", "unknown"} else ()
    )
