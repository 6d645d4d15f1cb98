"""Portal messages, both ways: a wire object to and from a canonical message (`mappings/portals/*.yaml`).

Writing gives the members in the wire's order. Reading keeps in `more`, under its wire name, what has no place in the
canonical vocabulary or does not fit its place, and writing gives it back: nothing is lost. A fault is only what the
canonical message cannot be without, or what exceeds a bound. It names the field, never a value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from gateway.domain import sentences as say
from gateway.domain.dossier import Dossier, ProgressEntry, StatusNotice
from gateway.domain.identifiers import is_old_id, is_personal_id, is_tax_code
from gateway.domain.sentences import Sentence
from gateway.mapping.canonical_path import MORE, VALUE, CanonicalPath, Json, item_of
from gateway.mapping.codecs import CODECS, Codec, NotWritable, clean_json, clean_text, is_blank, read_code
from gateway.mapping.portal_model import (
    Condition,
    MessageMapping,
    OneOf,
    PortalMapping,
    SubmitterPaths,
    WireField,
)
from gateway.mapping.records import bare
from gateway.mapping.strict import Mark
from gateway.mapping.transforms import Hidden, Unreadable

CARRIED: Mapping[str, type[BaseModel]] = {
    "dossier": Dossier,
    "progress": ProgressEntry,
    "status": StatusNotice,
}
#: word of `like` -> whether a number has this form
FORMS: Mapping[str, Callable[[str], bool]] = {
    "personal_id": is_personal_id,
    "old_id": is_old_id,
    "tax_code": is_tax_code,
}
#: bounds of a message that is read
MOST_VALUES, DEEPEST = 20_000, 20
#: the canonical word for a foreign word without a meaning
UNKNOWN = "unknown"


class MessageFault(ValueError):
    """A message that cannot be written or read: the wire's field, the canonical path, and why. Never a value."""

    def __init__(self, field: str, path: str, why: Sentence) -> None:
        """`field`: as in `TaiLieuNop[0].MaThanhPhanHoSo`; `path` may be blank."""
        self.field = field
        self.path = path
        self.why = why
        self.sentence = say.WIRE_FIELD(field=field, path=path, why=why) if path else why.at(field)
        super().__init__(self.sentence.en)

    def within(self, outer: str, place: str = "") -> "MessageFault":
        """The fault, seen from the object around; `place`: of the item in which it is, `papers[0]`."""
        path = f"{place}.{self.path}" if place and self.path else place or self.path
        return MessageFault(f"{outer}.{self.field}", path, self.why)


# ------------------------------------------------------------------------------------------------ fields


class CodeTable(NamedTuple):
    """A code list, read from both sides. Of several words with one foreign code, reading gives the first."""

    read: Mapping[str, str]
    write: Mapping[str, str]


class PathCondition(NamedTuple):
    """A condition: the words one of which stands at a path."""

    path: CanonicalPath
    words: tuple[str, ...]

    def __call__(self, part: Mapping[str, Any]) -> bool:
        """Whether it holds."""
        found = self.path.get(part)
        return str(self.path.default if found is None else found) in self.words


@dataclass(frozen=True, slots=True)
class WireValue:
    """A member with a value."""

    name: str
    #: where the value stands; none: in `more` alone
    places: tuple[CanonicalPath, ...]
    #: forms of the numbers that are read into each place
    likes: tuple[str, ...]
    codec: Codec
    limit: int | None
    table: CodeTable | None
    unknown: CanonicalPath | None
    required: bool
    excused: tuple[PathCondition, ...]
    #: what stands on the wire for a blank; OMIT: nothing
    blank: str | None
    constant: object
    #: it repeats another field, or is constant: what `more` has goes first
    repeats: bool
    when: tuple[PathCondition, ...]

    @property
    def path(self) -> str:
        """Canonical path, for people."""
        return self.places[0].text if self.places else ""

    def has(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
        """Whether it has something to say."""
        return self.name in more or any(place.has(part) for place in self.places)

    def write(self, out: Json, part: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Add the member to `out`. Raises MessageFault."""
        try:
            value = self._written(part, more)
        except NotWritable as error:
            raise MessageFault(self.name, self.path, error.sentence) from None
        if self.required and value in (None, "", OMIT) and not any(one(part) for one in self.excused):
            raise MessageFault(self.name, self.path, say.IS_MISSING)
        if value is not OMIT:
            out[self.name] = value

    def _written(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> object:
        found: Any = None
        is_kept = self.name in more
        if not is_kept or not self.repeats:
            for place in self.places:
                if (found := place.own_value(part)) is not None:
                    break
        if found is None and is_kept:
            return self._again(more[self.name])
        if self.constant is not None:
            return self.constant
        if found is None and self.places:
            found = self.places[0].default
        if found is None or found == "" or (self.when and not all(one(part) for one in self.when)):
            return self.blank
        return self._encoded(found, part)

    def _encoded(self, value: object, part: Mapping[str, Any]) -> object:
        if self.table is None:
            return self._again(self.codec.write(value))
        word = self.table.write.get(str(value))
        if word is not None:
            return self._again(self.codec.write(word))
        foreign = self.unknown.get(part) if value == UNKNOWN and self.unknown is not None else None
        if not foreign:
            raise NotWritable(say.NO_FOREIGN_CODE)
        try:
            return self.codec.write(foreign)
        except NotWritable:
            return foreign

    def _again(self, wire: object) -> object:
        """A wire value within its limit."""
        if self.limit is not None and self.codec.limited is not None and isinstance(wire, str):
            return self.codec.limited(wire, self.limit)
        return wire

    def read(self, raw: object, part: Json, more: Json) -> None:
        """Put the wire value into `part`, or keep it in `more`. Raises MessageFault."""
        if raw is None or (isinstance(raw, str) and is_blank(raw)):
            return
        try:
            place, value = self._placed(raw, part)
            if place is None:
                if value is not None:
                    more[self.name] = value
                return
            place.fits(value)
            place.put(part, value)
        except (Unreadable, ValidationError) as error:
            if any(place.must for place in self.places):
                is_hidden = isinstance(error, Hidden)
                why = say.CODE_WITH_HIDDEN_SIGNS if is_hidden else say.WIRE_VALUE_UNREADABLE
                raise MessageFault(self.name, self.path, why) from None
            if (clean := clean_json(raw)) != raw:
                self.read(clean, part, more)  # once: what is clean stays as it is
            else:
                more[self.name] = clean

    def _placed(self, raw: object, part: Json) -> tuple[CanonicalPath | None, object]:
        """Where the value goes; without a place it is kept, None: nothing is to be kept."""
        if self.constant is not None:
            return None, None if self.constant == raw else clean_json(raw)
        if not self.places:
            return None, clean_json(raw)
        if self.repeats and any(one.get(part) not in (None, "") for one in self.places):
            clean = clean_json(raw)
            return None, None if self._is_said(clean, part) else clean
        value = self._decoded(raw, part)
        for place, like in zip(self.places, self.likes, strict=True):
            if len(self.places) == 1 or (like and FORMS[like](str(value))):
                return place, value
        raise Unreadable("no such form")

    def _is_said(self, raw: object, part: Json) -> bool:
        """Whether the wire's value is what would be written anyway."""
        try:
            return self._written(part, {}) == self._again(self.codec.write(self.codec.read(raw)))
        except (Unreadable, NotWritable):
            return False

    def _decoded(self, raw: object, part: Json) -> object:
        if self.table is None:
            return self.codec.read(raw)
        word = read_code(raw)
        found = self.table.read.get(word)
        if found is None and self.unknown is not None:
            self.unknown.fits(word)
            self.unknown.put(part, word)
            return UNKNOWN
        if found is None:
            raise Unreadable("unknown code")
        return found


#: stands for a member that is not written
OMIT: Any = object()
_BLANKS: Mapping[str, Any] = {"text": "", "null": None, "omit": OMIT}


@dataclass(frozen=True, slots=True)
class WireObject:
    """A member that is an object; what it keeps is in `more` under its name, as an object."""

    name: str
    fields: "WireFields"
    is_omitted: bool

    def has(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
        """Whether a member of it has something to say."""
        return self.name in more or any(one.has(part, {}) for one in self.fields.nodes)

    def write(self, out: Json, part: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Add the object to `out`. Raises MessageFault."""
        kept = more.get(self.name, {})
        if self.is_omitted and not self.has(part, more):
            return
        try:
            out[self.name] = self.fields.write(part, kept) if isinstance(kept, Mapping) else kept
        except MessageFault as fault:
            raise fault.within(self.name) from None

    def read(self, raw: object, part: Json, more: Json, *, is_late: bool) -> None:
        """Put the members into `part` or `more`. Raises MessageFault."""
        if not isinstance(raw, Mapping):
            if (kept := clean_json(raw)) not in (None, ""):
                more[self.name] = kept
            return
        kept = more.get(self.name, {})
        try:
            self.fields.read_into(raw, part, kept, is_late=is_late)
        except MessageFault as fault:
            raise fault.within(self.name) from None
        if kept:
            more[self.name] = kept


@dataclass(frozen=True, slots=True)
class WireList:
    """A member that is a list of objects: one for each canonical item; foreign items that fit none come last."""

    name: str
    place: CanonicalPath
    fields: "WireFields"
    #: items of this member belong to the same list (`spread`)
    spread: "WireSpread | None"
    is_omitted: bool
    #: canonical items are values, not objects
    is_plain: bool
    when: tuple[PathCondition, ...]

    def has(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
        """Whether there is an item."""
        return self.name in more or bool(self.place.get(part))

    def write(self, out: Json, part: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Add the list to `out`. Raises MessageFault."""
        kept = more.get(self.name)
        items = self.place.get(part) or ()
        rows = list(self._rows([{VALUE: one} for one in items] if self.is_plain else items))
        if kept is not None and not isinstance(kept, list) and not rows:
            out[self.name] = kept
            return
        rows += kept if isinstance(kept, list) else []
        if rows or not self.is_omitted:
            out[self.name] = rows

    def _rows(self, items: Sequence[Any]) -> Iterator[Json]:
        last: Json | None = None
        for index, item in enumerate(items):
            if not all(one(item) for one in self.when):
                continue
            try:
                row = self.fields.write(item, _more_of(item))
            except MessageFault as fault:
                raise fault.within(f"{self.name}[{index}]", f"{self.place.text}[{index}]") from None
            if self.spread is not None and last is not None and self.spread.joins(last, row):
                continue
            if last is not None:
                yield last
            last = row
        if last is not None:
            yield last

    def read(self, raw: object, part: Json, more: Json) -> None:
        """Put the items into `part`. Raises MessageFault when they are too many."""
        if not isinstance(raw, list | Mapping):
            if (kept := clean_json(raw)) not in (None, ""):
                more[self.name] = kept
            return
        if self.place.most and len(raw) > self.place.most and isinstance(raw, list):
            raise MessageFault(self.name, self.place.text, say.MOST_ENTRIES(bound=self.place.most))
        items: list[Any] = self.place.get(part) or []
        strange: list[Any] = []
        # XML and some clients write one item without a list
        for one in raw if isinstance(raw, list) else [raw]:
            found = self._items(one)
            kept = one if found else clean_json(one)
            if kept != one:
                found = self._items(kept)
            items += found
            if not found and kept not in (None, "", {}):
                strange.append(kept)
        self._keep(items, strange, part, more)

    def _keep(self, items: list[Any], strange: list[Any], part: Json, more: Json) -> None:
        if self.place.most and len(items) > self.place.most:
            raise MessageFault(self.name, self.place.text, say.MOST_ENTRIES(bound=self.place.most))
        if items:
            self.place.put(part, items)
        if strange:
            more[self.name] = strange

    def _items(self, raw: object) -> list[Any]:
        """The canonical items of one row; none when it fits no item."""
        if not isinstance(raw, Mapping):
            return []
        try:
            item = self.fields.read(raw)
            if self.is_plain:
                return [] if MORE in item else [item[VALUE]]
            return [item] if self.spread is None else self.spread.items(raw, item)
        except MessageFault:
            return []


@dataclass(frozen=True, slots=True)
class WireSpread:
    """A list inside a row whose items are items of the outer list: papers of one component, each with its file."""

    name: str
    fields: "WireFields"

    def has(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
        """Whether the item has a part of its own here."""
        return any(one.has(part, more) for one in self.fields.nodes)

    def write(self, out: Json, part: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        """Add the item's own row to `out`. Raises MessageFault."""
        try:
            out[self.name] = [self.fields.write(part, more)] if self.has(part, more) else []
        except MessageFault as fault:
            raise fault.within(f"{self.name}[0]") from None

    def joins(self, last: Json, row: Json) -> bool:
        """Add the inner rows of `row` to those of `last`, where all else is the same."""
        inner = row[self.name]
        # a row without inner ones is an item of its own
        if not inner or not last[self.name] or {**last, self.name: inner} != row:
            return False
        last[self.name] += inner
        return True

    def items(self, raw: Mapping[str, Any], outer: Json) -> list[Json]:
        """One canonical item for each inner row, or the outer one alone."""
        inner = raw.get(self.name)
        rows = [one for one in inner if isinstance(one, Mapping)] if isinstance(inner, list) else []
        return [_joined(outer, self.fields.read(one)) for one in rows] or [outer]


def _joined(outer: Json, inner: Json) -> Json:
    more = {**outer.get(MORE, {}), **inner.get(MORE, {})}
    return {**outer, **inner, **({MORE: more} if more else {})}


def _more_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found = part.get(MORE)
    return found if isinstance(found, Mapping) else {}


Node = WireValue | WireObject | WireList | WireSpread


class WireFields:
    """The members of one wire object, in its order, over one canonical part."""

    __slots__ = ("_claimed", "_must", "_passes", "nodes")

    def __init__(self, nodes: Sequence[Node], *, passes: bool, claimed: Sequence[str], is_part: bool) -> None:
        """`passes`: members of `more` without a field are written too, but for `claimed`; `is_part`: not a group."""
        self.nodes = tuple(nodes)
        self._passes = passes
        self._claimed = frozenset(claimed)
        leaves = list(leaves_of(self)) if is_part else []
        self._must = [(one.name, place) for one in leaves for place in one.places if place.must]

    def write(self, part: Mapping[str, Any], more: Mapping[str, Any]) -> Json:
        """The wire object. Raises MessageFault."""
        out: Json = {}
        for node in self.nodes:
            node.write(out, part, more)
        if self._passes:
            out.update({name: one for name, one in more.items() if name not in self._claimed})
        return out

    def read(self, wire: Mapping[str, Any]) -> Json:
        """The canonical part, with `more`. Raises MessageFault."""
        part: Json = {}
        more: Json = {}
        for is_late in (False, True):
            self.read_into(wire, part, more, is_late=is_late)
        if more:
            part[MORE] = {**part.get(MORE, {}), **more}
        for name, place in self._must:
            if place.get(part) in (None, ""):
                raise MessageFault(name, place.text, say.IS_MISSING)
        return part

    def read_into(self, wire: Mapping[str, Any], part: Json, more: Json, *, is_late: bool) -> None:
        """Read the members; `is_late`: those that repeat others, after these. Raises MessageFault."""
        for node in self.nodes:
            raw = wire.get(node.name)
            match node:
                case WireObject():
                    node.read(raw, part, more, is_late=is_late)
                case WireValue() if node.repeats == is_late:
                    node.read(raw, part, more)
                case WireList() if not is_late:
                    node.read(raw, part, more)
        if not is_late:
            for name, one in wire.items():
                if name not in self._claimed and (kept := clean_json(one)) is not None:
                    more[clean_text(str(name))] = kept


def leaves_of(fields: WireFields) -> Iterator[WireValue]:
    """The values over the same canonical part, in groups too."""
    for node in fields.nodes:
        if isinstance(node, WireValue):
            yield node
        elif isinstance(node, WireObject):
            yield from leaves_of(node.fields)


# ------------------------------------------------------------------------------------------------ messages


#: of `SubmitterPaths` and of `Applicant`
REACHED = ("phone", "email", "fax")


class Submitter(NamedTuple):
    """Where number, name and the like of who files are in a message that was read; None: they are not said."""

    number: CanonicalPath
    name: CanonicalPath | None
    birth_date: CanonicalPath | None
    #: where it stands, and where it belongs if who files is the owner
    reached: Sequence[tuple[CanonicalPath, CanonicalPath]]

    def is_owner(self, found: Mapping[str, Any]) -> bool:
        """Whether who files is the owner: the number is one of the owner's, and no name contradicts."""
        owner = found.get("applicant") or {}
        numbers = [one.get("number") for one in owner.get("ids", ()) if isinstance(one, Mapping)]
        if self.number.get(found) not in numbers:
            return False
        theirs, name = self.name.get(found) if self.name else "", owner.get("name")
        return not (isinstance(theirs, str) and theirs and name) or bare(theirs) == bare(name)


class MessagePlan:
    """One message of a portal, compiled."""

    __slots__ = ("_sets", "fields", "mapping", "model", "name", "portal", "profile", "submitter")

    def __init__(
        self, portal: str, name: str, mapping: MessageMapping, fields: WireFields, profile: str
    ) -> None:
        """`fields`: the compiled members."""
        self.portal = portal
        self.name = name
        self.mapping = mapping
        self.fields = fields
        self.profile = profile
        self.model = CARRIED[mapping.carries]
        self._sets = [(CanonicalPath(path, self.model), value) for path, value in mapping.sets.items()]
        self.submitter = None if mapping.submitter is None else _submitter(mapping.submitter, self.model)

    @property
    def operation(self) -> str:
        """The portal's name of the operation; blank: it has none."""
        return self.mapping.operation

    @property
    def mark(self) -> Mark:
        """How well the message is known."""
        return self.mapping.mark

    def write(self, canonical: Mapping[str, Any]) -> Json:
        """The wire object of a canonical message (plain JSON), members in the wire's order. Raises MessageFault."""
        return self.fields.write(canonical, _more_of(canonical))

    def read(self, wire: object) -> Json:
        """The canonical message of a wire object: plain JSON, without defaults; a partial one: what the wire says.

        Raises MessageFault, nothing else.
        """
        if not isinstance(wire, Mapping):
            raise MessageFault(self.name, "", say.OBJECT_EXPECTED())
        _within_bounds(self.name, wire)
        found = self.fields.read(wire)
        for place, value in self._sets:
            if place.get(found) is None:
                place.put(found, value)
        if self.submitter is not None and self.submitter.is_owner(found):
            for path, place in self.submitter.reached:
                if place.get(found) is None and isinstance(value := path.get(found), str):
                    place.put(found, value)
        return found if self.mapping.partial else self._whole(found)

    def _whole(self, found: Json) -> Json:
        try:
            return self.model.model_validate(found).model_dump(mode="json", exclude_defaults=True)
        except ValidationError as error:
            path = ".".join(str(one) for one in error.errors(include_input=False)[0]["loc"])
            raise MessageFault(self.name, path, say.WIRE_VALUE_UNREADABLE) from None


def _submitter(paths: SubmitterPaths, model: type[BaseModel]) -> Submitter:
    name, birth_date = (
        CanonicalPath(path, model) if path else None for path in (paths.name, paths.birth_date)
    )
    reached = [
        (CanonicalPath(path, model), CanonicalPath(f"applicant.{one}", model))
        for one in REACHED
        if (path := getattr(paths, one))
    ]
    return Submitter(CanonicalPath(paths.number, model), name, birth_date, reached)


def _within_bounds(name: str, wire: object) -> None:
    """Raises MessageFault when a message is deeper or larger than any real one."""
    seen, level = 0, [wire]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for one in level:
            inner += one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        seen += len(inner)
        if seen > MOST_VALUES:
            raise MessageFault(name, "", say.MOST_ENTRIES(bound=MOST_VALUES))
        if not inner:
            return
        level = inner
    raise MessageFault(name, "", say.BODY_TOO_DEEP(depth=DEEPEST))


class PortalPlans:
    """The messages of one portal, in one of its profiles."""

    __slots__ = ("_codes", "mapping", "messages", "profile")

    def __init__(
        self, mapping: PortalMapping, codes: Mapping[str, Mapping[str, str | None]], profile: str = ""
    ) -> None:
        """Raises ValueError when the mapping has a fault (`gateway/mapping/message_faults.py` names them all)."""
        self.mapping = mapping
        self.profile = profile
        self._codes = codes
        self.messages: Mapping[str, MessagePlan] = {
            name: compiled(mapping.portal, name, one, codes, profile)
            for name, one in mapping.messages.items()
        }

    def __getitem__(self, name: str) -> MessagePlan:
        """The plan of a message; KeyError when the portal has none."""
        return self.messages[name]

    def in_profile(self, profile: str) -> "PortalPlans":
        """The same messages with the code lists of a profile (blank: the usual ones)."""
        return self if profile == self.profile else PortalPlans(self.mapping, self._codes, profile)


# ------------------------------------------------------------------------------------------------ compiling


class _MessageCompiler(NamedTuple):
    codes: Mapping[str, Mapping[str, str | None]]
    profile: str
    passes: bool

    def fields(self, rules: Mapping[str, WireField], model: type[BaseModel], *, is_part: bool) -> WireFields:
        nodes = [self.node(name, rule, model) for name, rule in rules.items()]
        claimed = [*rules, *(name for node in nodes for name in _claimed_by(node))]
        return WireFields(nodes, passes=self.passes, claimed=claimed, is_part=is_part)

    def node(self, name: str, rule: WireField, model: type[BaseModel]) -> Node:
        is_omitted = rule.blank == "omit"
        if rule.each:
            return self.rows(name, rule, model)
        if rule.spread:
            inner = self._replace(passes=False)  # what has no field is in the outer row
            return WireSpread(name, inner.fields(rule.fields, model, is_part=False))
        if rule.fields:
            return WireObject(name, self.fields(rule.fields, model, is_part=False), is_omitted)
        return self.leaf(name, rule, model)

    def rows(self, name: str, rule: WireField, model: type[BaseModel]) -> WireList:
        place = CanonicalPath(rule.each, model)
        item, is_plain = item_of(place, model)
        fields = self.fields(rule.fields, item, is_part=True)
        spread = next((one for one in fields.nodes if isinstance(one, WireSpread)), None)
        when = _conditions(rule.when, item)
        return WireList(name, place, fields, spread, rule.blank == "omit", is_plain, when)

    def leaf(self, name: str, rule: WireField, model: type[BaseModel]) -> WireValue:
        several = rule.first_of or ((OneOf(path=rule.path),) if rule.path else ())
        places = tuple(CanonicalPath(one.path, model) for one in several)
        codec = CODECS[rule.codec or ("text" if places else "json")]
        chosen = rule.codes_in.get(self.profile, rule.codes)
        constant = None
        if rule.value is not None:
            constant = codec.write(codec.read(rule.value))
        return WireValue(
            name=name,
            places=places,
            likes=tuple(one.like for one in several),
            codec=codec,
            limit=rule.limit,
            table=None if chosen is None else table_of(self.codes[chosen], places[0].words),
            unknown=CanonicalPath(rule.unknown, model) if rule.unknown else None,
            required=rule.required,
            excused=_conditions(rule.excused, model),
            blank=_BLANKS[rule.blank],
            constant=constant,
            repeats=rule.repeats or bool(rule.first_of) or rule.value is not None,
            when=_conditions(rule.when, model),
        )


def _claimed_by(node: Node) -> Iterator[str]:
    """Names in `more` that a member already writes: those of its paths (`more.<name>`), and of a spread row."""
    if isinstance(node, WireSpread):
        yield from (one.name for one in node.fields.nodes)
    for leaf in (
        [node]
        if isinstance(node, WireValue)
        else leaves_of(node.fields)
        if isinstance(node, WireObject)
        else ()
    ):
        yield from (place.steps[1].name for place in leaf.places if place.steps[0].name == MORE)


def _conditions(condition: Condition, model: type[BaseModel]) -> tuple[PathCondition, ...]:
    return tuple(PathCondition(CanonicalPath(path, model), words) for path, words in condition.items())


def table_of(codes: Mapping[str, str | None], words: Sequence[str]) -> CodeTable:
    """Both directions of a list. Its keys are the wire's codes, unless they are the canonical words."""
    pairs = [(str(one), other) for one, other in codes.items() if other is not None]
    if words and {*codes} <= {*words}:
        pairs = [(other, one) for one, other in pairs]
    read: dict[str, str] = {}
    write: dict[str, str] = {}
    for foreign, word in pairs:
        read.setdefault(foreign, word)
        write.setdefault(word, foreign)
    return CodeTable(read, write)


def compiled(
    portal: str,
    name: str,
    mapping: MessageMapping,
    codes: Mapping[str, Mapping[str, str | None]],
    profile: str,
) -> MessagePlan:
    """The plan of a message. Raises ValueError or KeyError when it has a fault."""
    one = _MessageCompiler(codes, profile, mapping.passes == "all")
    fields = one.fields(mapping.fields, CARRIED[mapping.carries], is_part=not mapping.partial)
    return MessagePlan(portal, name, mapping, fields, profile)
