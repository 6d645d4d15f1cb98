"""Checks the messages of a portal mapping: codecs, canonical paths, code lists, and what no message can be without."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from gateway.config.strict_yaml import Loc
from gateway.domain.faults import near
from gateway.mapping.canonical_path import CanonicalPath, item_of
from gateway.mapping.codecs import CODECS
from gateway.mapping.codes import Codes
from gateway.mapping.messages import CARRIED, REACHED, UNKNOWN, table_of
from gateway.mapping.portal_model import Condition, MessageMapping, PortalMapping, WireField
from gateway.mapping.source_faults import MappingFault
from gateway.mapping.transforms import Unreadable

Rules = Mapping[str, WireField]


def message_faults(mapping: PortalMapping, codes: Codes) -> Iterator[MappingFault]:
    """Every fault of the portal's messages: place, fault, remedy, files that it was compared with."""
    for name, message in mapping.messages.items():
        at: Loc = ("messages", name)
        model = CARRIED[message.carries]
        check = _FieldChecks(codes.lists, mapping.profiles)
        yield from check.fields(message.fields, model, (*at, "fields"))
        if not message.partial:
            yield from _lacking(message.fields, model, (*at, "fields"), message.carries)
        yield from _set_faults(message, model, at)
        yield from _submitter_faults(message, model, at)
        for index, example in enumerate(message.examples):
            if example.profile:
                yield from _profile_faults(
                    example.profile, mapping.profiles, (*at, "examples", index, "profile")
                )


class _FieldChecks(NamedTuple):
    lists: Mapping[str, Mapping[str, str | None]]
    profiles: Collection[str]

    def fields(self, rules: Rules, model: type[BaseModel], at: Loc) -> Iterator[MappingFault]:
        stated: dict[str, str] = {}
        for name, rule in rules.items():
            loc = (*at, name)
            yield from self.field(rule, model, loc)
            first = stated.setdefault(rule.path or name, name)
            if rule.path and not rule.repeats and first != name:
                what = f"'{name}' has the path of '{first}', so one would overwrite the other"
                yield loc, what, "write 'repeats: \"true\"' at the one that only says it again"

    def field(self, rule: WireField, model: type[BaseModel], loc: Loc) -> Iterator[MappingFault]:
        if rule.each:
            yield from self.rows(rule, model, loc)
        elif rule.fields:
            yield from self.fields(rule.fields, model, (*loc, "fields"))
        else:
            yield from self.value(rule, model, loc)

    def rows(self, rule: WireField, model: type[BaseModel], loc: Loc) -> Iterator[MappingFault]:
        try:
            item, _ = item_of(CanonicalPath(rule.each, model), model)
        except ValueError as error:
            yield _from_error(error, (*loc, "each"))
            return
        yield from self.fields(rule.fields, item, (*loc, "fields"))
        yield from _lacking(rule.fields, item, (*loc, "fields"), "an item")
        yield from _condition_faults(rule.when, item, (*loc, "when"))

    def value(self, rule: WireField, model: type[BaseModel], loc: Loc) -> Iterator[MappingFault]:
        yield from _codec_faults(rule, loc)
        places: list[CanonicalPath] = []
        paths: list[tuple[Loc, str]] = [(("path",), rule.path), (("unknown",), rule.unknown)]
        paths += [(("first_of", index, "path"), one.path) for index, one in enumerate(rule.first_of)]
        for where, path in paths:
            try:
                places += [CanonicalPath(path, model)] if path else []
            except ValueError as error:
                yield _from_error(error, (*loc, *where))
        yield from _condition_faults(rule.when, model, (*loc, "when"))
        yield from _condition_faults(rule.excused, model, (*loc, "excused"))
        for profile in rule.codes_in:
            yield from _profile_faults(profile, self.profiles, (*loc, "codes_in", profile))
        lists = [*((("codes",), one) for one in (rule.codes,) if one)]
        lists += [(("codes_in", profile), one) for profile, one in rule.codes_in.items()]  # type: ignore[misc]
        for where, name in lists:
            yield from self.list(name, rule, places[0] if places else None, (*loc, *where))

    def list(
        self, name: str, rule: WireField, place: CanonicalPath | None, loc: Loc
    ) -> Iterator[MappingFault]:
        file = f"mappings/codes/{name}.yaml"
        if name not in self.lists:
            what = f"code list '{name}' does not exist in mappings/codes"
            yield loc, what, near(name, self.lists, f"add {file}"), file
        elif place is None:
            yield loc, "a value without a path has no code list", "add 'path:', or remove 'codes:'"
        elif place.words:
            table = table_of(self.lists[name], place.words)
            if foreign := sorted(set(table.write) - set(place.words)):
                what = f"list '{name}' leads to {', '.join(foreign)}, which '{place.text}' cannot be"
                yield loc, what, f"lead to {', '.join(place.words)}", file
            left = {UNKNOWN} if rule.unknown else set()
            missing = [one for one in place.words if one not in {*table.write, *rule.without, *left}]
            if missing and not foreign:
                what = f"list '{name}' has no code for {', '.join(missing)}"
                remedy = f"add it to {file}, or name it under 'without:' (to send it is then an error)"
                yield loc, what, remedy, file


def _codec_faults(rule: WireField, loc: Loc) -> Iterator[MappingFault]:
    codec = CODECS.get(rule.codec or "text")
    if codec is None:
        what = f"codec '{rule.codec}' does not exist"
        yield (*loc, "codec"), what, near(rule.codec, CODECS, f"use one of {', '.join(CODECS)}")
        return
    if rule.limit is not None and codec.limited is None:
        yield (*loc, "limit"), f"codec '{rule.codec}' has no limit", "remove 'limit:', or use text or code"
    if rule.value is not None:
        try:
            codec.read(rule.value)
        except Unreadable:
            what = f"codec '{rule.codec}' cannot write '{rule.value}'"
            yield (*loc, "value"), what, "write the constant as it stands on the wire"


def _lacking(rules: Rules, model: type[BaseModel], at: Loc, what: str) -> Iterator[MappingFault]:
    """Members that the canonical message cannot be without, and that no field gives."""
    given = set(_paths(rules))
    for name, info in model.model_fields.items():
        if info.is_required() and name not in given:
            yield (
                at,
                f"no field has the path '{name}', which {what} cannot be without",
                f"add a field with 'path: {name}'",
            )


def _paths(rules: Rules) -> Iterator[str]:
    for rule in rules.values():
        yield rule.path
        if not rule.each:
            yield from _paths(rule.fields)


def _condition_faults(condition: Condition, model: type[BaseModel], loc: Loc) -> Iterator[MappingFault]:
    for path, words in condition.items():
        try:
            place = CanonicalPath(path, model)
        except ValueError as error:
            yield _from_error(error, (*loc, path))
            continue
        for word in words:
            if place.words and word not in place.words:
                what = f"'{path}' is never '{word}'"
                yield (*loc, path), what, near(word, place.words, f"use one of {', '.join(place.words)}")


def _set_faults(message: MessageMapping, model: type[BaseModel], at: Loc) -> Iterator[MappingFault]:
    for path, value in message.sets.items():
        loc = (*at, "sets", path)
        try:
            CanonicalPath(path, model).fits(value)
        except ValidationError:
            yield (
                loc,
                f"'{path}' cannot be '{value}'",
                "write a value of this member (gateway/domain/dossier.py)",
            )
        except ValueError as error:
            yield _from_error(error, loc)


def _submitter_faults(message: MessageMapping, model: type[BaseModel], at: Loc) -> Iterator[MappingFault]:
    paths = {} if message.submitter is None else message.submitter.model_dump()
    for name, path in paths.items():
        try:
            if path:
                CanonicalPath(path, model)
            if path and name in REACHED:
                CanonicalPath(f"applicant.{name}", model)
        except ValueError as error:
            yield _from_error(error, (*at, "submitter", name))


def _profile_faults(profile: str, profiles: Collection[str], loc: Loc) -> Iterator[MappingFault]:
    if profile not in profiles:
        remedy = near(profile, profiles, "add it to 'profiles'")
        yield loc, f"profile '{profile}' is not declared", remedy


def _from_error(error: ValueError, loc: Loc) -> MappingFault:
    what, remedy = error.args
    return loc, what, remedy
