"""The values of a message as paths of the mapping language, from a WSDL, a JSON Schema or one sample (RFC 8259).

Foreign files are hostile: every walk is bounded, and no value of a sample goes further than its form.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway.mapping.date_transforms import (
    DEFAULT_ZONE,
    date_dmy,
    date_month_name,
    date_us,
    date_words_vn,
    date_xsd,
    date_ymd_slash,
    zoned_transforms,
)
from gateway.mapping.transforms import Transform, Unreadable, date_compact, date_dash, date_vn
from gateway.scaffold.words import asked_word

#: values of one message, and steps to find them
MOST_LEAVES, _MOST_STEPS = 2_000, 20_000
_DEEPEST = 100
_LONGEST_NAME = 100
_ITEMS_READ = 100
_DATA_LIKE = re.compile(r"[0-9]{4,}|[0-9][0-9/.-]{5,}|.+@.+")
#: a word of a list that may be a person's: nine digits, the number of a passport, an address of mail
_PERSONAL = re.compile(r"(?:[^0-9]*[0-9]){9}.*|[A-Z]{1,2}[0-9]{6,8}|.*@.*")
#: words that a person's name has at least; `Số định danh` has small letters, and is none
_LEAST_WORDS = 3
#: transforms that need the time zone of the provider
ZONED = zoned_transforms(DEFAULT_ZONE)


class DateForm(NamedTuple):
    """One form of dates: the texts in it, its transform, how people write it, and 17 May 1991 in it."""

    pattern: str
    read: Transform
    written: str
    sample: str


#: forms in their order; `03/04/1990` is said to be a guess, `03-04-1990` and `473389200` are none
DATES: Mapping[str, DateForm] = {
    "date_of_time": DateForm(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9:]{4,5})", ZONED["date_of_time"], "and time",
        "1991-05-16T17:00:00Z",
    ),
    "date_dash": DateForm(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", date_dash, "yyyy-MM-dd", "1991-05-17"),
    "date_vn": DateForm(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", date_vn, "dd/MM/yyyy", "17/05/1991"),
    "date_compact": DateForm(r"(18|19|20|21)[0-9]{6}([0-9]{6})?", date_compact, "yyyyMMdd", "19910517"),
    "date_ymd_slash": DateForm(
        r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", date_ymd_slash, "yyyy/MM/dd", "1991/05/17"
    ),
    "date_dmy": DateForm(
        r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|(1[3-9]|2[0-9]|3[01])-[0-9]{1,2}-[0-9]{4}", date_dmy, "dd.MM.yyyy",
        "17.05.1991",
    ),
    "date_us": DateForm(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", date_us, "MM/dd/yyyy", "05/17/1991"),
    "date_month_name": DateForm(r"[0-9A-Za-z ,.-]{8,20}", date_month_name, "dd Mon yyyy", "17 May 1991"),
    "date_words_vn": DateForm(
        r".{8,40}", date_words_vn, "ngày dd tháng MM năm yyyy", "ngày 17 tháng 5 năm 1991"
    ),
    "date_xsd": DateForm(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(Z|[+-][0-9:]{5})", date_xsd, "yyyy-MM-dd with an offset", "1991-05-17+07:00"
    ),
    "epoch_seconds": DateForm(
        r"/?-?[0-9]{6,11}/", ZONED["epoch_seconds"], "in seconds since 1970", "674413200/"
    ),
    "epoch_milliseconds": DateForm(
        r"(/?|/Date\()-?[0-9]{12,14}([+-][0-9]{4})?\)?/", ZONED["epoch_milliseconds"],
        "in milliseconds since 1970", "/Date(674413200000)/",
    ),
}  # fmt: skip
#: kind of a text in an XML Schema -> its form
_OF_XSD = {"date": "date_dash", "dateTime": "date_of_time"}
_ITEMS = re.compile(r"(\[0\])+$")
_KINDS = frozenset({"string", "integer", "number", "boolean"})
_COMBINED = ("allOf", "oneOf", "anyOf")


class NotScaffolded(Exception):
    """Nothing was written: what prevents it, and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One text, number, yes or no of a message, or a list of them."""

    #: names from the root; a list that is passed has `[0]` behind its name
    steps: tuple[str, ...]
    #: string, integer, number, boolean, list (of these), unknown
    kind: str = "string"
    #: a date transform, or blank
    form: str = ""
    #: day and month of it may change places: no value of the sample shows which is which
    is_ambiguous: bool = False
    words: tuple[str, ...] = ()
    is_required: bool = False
    #: why no path can read it
    remark: str = ""

    @property
    def path(self) -> str:
        """In the grammar of mappings."""
        return ".".join(self.steps)

    @property
    def name(self) -> str:
        """The last name."""
        return self.steps[-1] if self.steps else ""

    @property
    def is_in_list(self) -> bool:
        """Whether it is one of several: no path knows which."""
        return any(step.endswith("[0]") for step in self.steps)

    @property
    def is_usable(self) -> bool:
        """Whether a path reads this one value."""
        return not self.is_in_list and not self.remark

    def below(self, record: tuple[str, ...]) -> "Leaf":
        """The same, from the record on."""
        return replace(self, steps=self.steps[len(record) :])


class Walk:
    """Collects the leaves of one message. Raises NotScaffolded beyond the bounds."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        """`document`: what local references of a schema lead into."""
        self._document = document
        self._steps = 0
        self.leaves: list[Leaf] = []
        #: steps of the lists in a sample, below other names, that hold several items with names
        self.several: set[tuple[str, ...]] = set()
        #: rows of a sample that is itself a list
        self.rows = 0

    def _step(self, steps: Sequence[str]) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or len(self.leaves) >= MOST_LEAVES:
            raise NotScaffolded(
                f"the message has more than {MOST_LEAVES} values",
                "give the schema, or a sample, of one record; of a WSDL, a copy with the elements that you need",
            )
        if len(steps) > _DEEPEST:
            raise NotScaffolded(f"the message is nested more than {_DEEPEST} deep", "give one record of it")

    def _add(self, steps: tuple[str, ...], kind: str, **more: Any) -> None:  # noqa: ANN401 -- words of Leaf
        for place, step in enumerate(steps):
            name = _ITEMS.sub("", step)
            if why := _unnameable(name, is_root=not name and step != ""):
                shown = (*(one if not _unnameable(one) else "…" for one in steps[:place]), "…")
                self.leaves.append(Leaf(steps=shown, kind=kind, remark=why))
                return
        self.leaves.append(Leaf(steps=steps, kind=kind, **more))

    def sample(self, value: object, steps: tuple[str, ...] = ()) -> None:
        """One answer as plain data; several items of a list count together."""
        self._values([value], steps)

    def records(self, rows: list[object]) -> None:
        """Several answers as plain data; their values count together."""
        self._values(rows, ())

    def _values(self, values: list[object], steps: tuple[str, ...]) -> None:
        self._step(steps)
        trees = [one for one in values if isinstance(one, dict)]
        lists = [one for one in values if isinstance(one, list)]
        others = [one for one in values if not isinstance(one, dict | list) and one is not None]
        for name in dict.fromkeys(name for tree in trees for name in tree):
            self._values([tree[name] for tree in trees if name in tree], (*steps, name))
        items = [item for one in lists for item in one][:_ITEMS_READ]
        if any(isinstance(item, dict | list) for item in items):
            if any(len(one) > 1 for one in lists) and steps and not any(map(_unnameable, steps)):
                self.several.add(_item_of(steps))
            self._values(items, _item_of(steps))
        elif lists:
            self._add(steps, "list")
        if others or not (any(trees) or lists):
            kind, form = _kind_of(others)
            is_ambiguous = form == "date_vn" and _are_ambiguous(others)
            self._add(steps, kind, form=form, is_ambiguous=is_ambiguous)

    def schema(self, schema: object, steps: tuple[str, ...] = (), *, is_required: bool = False) -> None:
        """A JSON Schema: `allOf` together, every branch of `oneOf` and `anyOf`, `$ref` within the document."""
        self._schemas([(schema, frozenset())], steps, is_required=is_required)

    def _schemas(
        self, given: list[tuple[object, frozenset[str]]], steps: tuple[str, ...], *, is_required: bool
    ) -> None:
        self._step(steps)
        parts = [part for schema, seen in given for part in self._parts(schema, seen)]
        below: dict[str, list[tuple[object, frozenset[str]]]] = {}
        needed: set[str] = set()
        for part, seen in parts:
            for name, inner in _mapping(part.get("properties")).items():
                below.setdefault(str(name), []).append((inner, seen))
            needed.update(map(str, part["required"]) if isinstance(part.get("required"), list) else ())
        items = [(part["items"], seen) for part, seen in parts if isinstance(part.get("items"), dict)]
        for name, inner in below.items():
            self._schemas(inner, (*steps, name), is_required=name in needed)
        if below:
            return
        if items and any(
            part.get("properties") or part.get("items") for one in items for part, _ in self._parts(*one)
        ):
            self._schemas(items, _item_of(steps), is_required=is_required)
        elif items:
            self._add(steps, "list", is_required=is_required)
        elif not parts:
            self._add(steps, "unknown", remark="it repeats what stands above it, and is not followed")
        else:
            self._add(steps, **_described([part for part, _ in parts]), is_required=is_required)

    def _parts(
        self, schema: object, seen: frozenset[str]
    ) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
        """The schema and those that it combines; one that is inside itself is left out."""
        self._step(())
        if not isinstance(schema, dict):
            return
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference not in seen:
                yield from self._parts(self.resolved(reference), seen | {reference})
            return
        yield schema, seen
        for word in _COMBINED:
            for inner in schema[word] if isinstance(schema.get(word), list) else ():
                yield from self._parts(inner, seen)

    def resolved(self, reference: str) -> Any:  # noqa: ANN401 -- whatever stands there
        """What a local reference leads to (RFC 6901)."""
        if not reference.startswith("#/") or self._document is None:
            raise NotScaffolded(
                f"'$ref: {reference[:80]!r}' leads out of the file", "bundle everything into one file"
            )
        found: Any = self._document
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise NotScaffolded(f"'$ref: {reference[:80]!r}' leads nowhere", "declare it in the file")
        return found

    def element(self, shape: Any, steps: tuple[str, ...] = (), inside: tuple[int, ...] = ()) -> None:  # noqa: ANN401 -- of the adapters
        """The children of an element of a WSDL (`name`, `many`, `required`, `children`, `content`)."""
        for child in shape.children or ():
            self._step(steps)
            place, held = (*steps, child.name), child.children
            if remark := _unread(child.content):
                is_needed = child.required and child.content.fault is not None
                self._add(place, "unknown", remark=remark, is_required=is_needed)
            if held is None:
                is_list, kind = child.many or child.content.is_list, child.content.kind
                form = "" if is_list else _OF_XSD.get(kind, "")
                kind = "list" if is_list else kind if kind in _KINDS else "string"
                words = _listed(child.content.words)
                self._add(place, kind, form=form, words=words, is_required=child.required)
            elif id(held) in inside:
                self._add(place, "unknown", remark="it repeats what stands above it, and is not followed")
            else:
                self.element(child, _item_of(place) if child.many else place, (*inside, id(held)))


def read_sample(raw: bytes) -> Walk:
    """The values of one JSON answer. Raises NotScaffolded."""
    try:
        value = json.loads(raw, parse_constant=_refused)
    except RecursionError:
        raise NotScaffolded(
            f"the sample is nested more than {_DEEPEST} deep", "give one record of it"
        ) from None
    except ValueError:
        raise NotScaffolded(
            "the sample is no JSON in UTF-8", "save one answer of the provider as it came"
        ) from None
    if not isinstance(value, dict | list):
        raise NotScaffolded("the sample is no object and no list", "give an answer with names in it")
    walk = Walk()
    walk.rows = len(value) if isinstance(value, list) else 0
    walk.sample(value)
    if not any(_ITEMS.sub("", step) for leaf in walk.leaves for step in leaf.steps):
        raise NotScaffolded("the sample has no names", "give an answer that finds somebody")
    return walk


def _unread(content: Any) -> str:  # noqa: ANN401 -- of the adapters
    """Why not all that an element of a WSDL holds is known; blank where it is."""
    if (fault := content.fault) is not None:
        where = f"{fault.file}:{fault.line}" if fault.line else fault.file
        return f"its type cannot be used: {where} {fault.what}; {fault.remedy}"
    return "it may hold elements that the WSDL does not describe" if content.is_open else ""


def _refused(word: str) -> None:
    raise ValueError(word)


def _item_of(steps: tuple[str, ...]) -> tuple[str, ...]:
    return (*steps[:-1], f"{steps[-1]}[0]") if steps else ("[0]",)


def _unnameable(name: str, *, is_root: bool = False) -> str:
    """Why a path cannot have this name; blank when it can."""
    if is_root:
        return ""
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME or any(one in ".[]" for one in name):
        return "no path can say its name"
    return "its name is itself data" if _DATA_LIKE.fullmatch(name) or _may_name_a_person(name) else ""


def _may_name_a_person(name: str) -> bool:
    """Whether it is written as people's names are: `ĐỖ THỊ THẬT`."""
    words = name.split()
    is_capital = all(not one[0].islower() for one in words)
    return len(words) >= _LEAST_WORDS and is_capital and not asked_word((name,))


def _kind_of(values: list[object]) -> tuple[str, str]:
    """Kind and form of the values at one place of a sample."""
    for kind, types in (("boolean", bool), ("integer", int), ("number", float | int), ("string", str)):
        if values and all(isinstance(one, types) for one in values):
            texts = [str(one) for one in values if one != ""]
            forms = (form for form, date in DATES.items() if texts and _all_are(texts, date))
            return kind, next(forms, "")
    return "unknown", ""


def _are_ambiguous(values: list[object]) -> bool:
    """Whether dd/MM/yyyy and MM/dd/yyyy both read all of these dates, and not as the same days."""
    texts = [str(one) for one in values if one != ""]
    try:
        return [*map(date_us, texts)] != [*map(date_vn, texts)]
    except Unreadable:
        return False


def _all_are(texts: list[str], date: DateForm) -> bool:
    try:
        return all(re.fullmatch(date.pattern, text, re.ASCII) and date.read(text) for text in texts)
    except Unreadable:
        return False


def _described(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Kind, form and words of a value by its schemas."""
    types = [part.get("type") for part in parts]
    flat = [word for one in types for word in (one if isinstance(one, list) else [one])]
    words = [str(one) for part in parts if isinstance(part.get("enum"), list) for one in part["enum"]]
    formats = {str(part.get("format")) for part in parts}
    form = "date_dash" if "date" in formats else "date_of_time" if "date-time" in formats else ""
    kind = next((word for word in flat if word in _KINDS), "string" if words or form else "unknown")
    return {"kind": kind, "form": form, "words": _listed(words)}


def _listed(words: Sequence[str]) -> tuple[str, ...]:
    """The words of a list; none of them where one is no word, or may be a person's number or name."""
    is_odd = any(
        not one.isprintable()
        or len(one) > _LONGEST_NAME
        or _PERSONAL.fullmatch(one)
        or _may_name_a_person(one)
        for one in words
    )
    return () if is_odd else tuple(words)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
