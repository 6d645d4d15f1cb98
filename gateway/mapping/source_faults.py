"""Checks the references of a source mapping: query values, transforms, code lists, evidence."""

import re
from collections.abc import Collection, Iterator, Mapping
from zoneinfo import available_timezones

from gateway.config.strict_yaml import Loc
from gateway.domain.evidence import NOTHING, Outcome
from gateway.domain.faults import near
from gateway.domain.parties import IDENTIFIER, UNNUMBERED_WORDS, Official, SubjectKind, given_words
from gateway.mapping.absence import leaves
from gateway.mapping.codes import Codes
from gateway.mapping.date_transforms import DEFAULT_ZONE, TIMES, zone_of, zoned_transforms
from gateway.mapping.fits import Evidence, enum_of
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.model import (
    AnswerRule,
    AttributeRule,
    RequestValue,
    ServiceMapping,
    SourceMapping,
    UpdatedRule,
    below,
    is_dated,
    paths_of,
)
from gateway.mapping.paths import WHOLE_LIST, keys_of_latest, rows_of, steps_of
from gateway.mapping.records import DETAILS, MAY_BE_BLANK, SHARED, WEAK, bare, provider_transforms
from gateway.mapping.transforms import Transform
from gateway.mapping.value_transforms import MEASURES
from gateway.mapping.values import QUERY_WORDS

#: place, fault, remedy, files that it was compared with
MappingFault = tuple[Loc, str, str, *tuple[str, ...]]
#: transforms that do not change a word of a code list
_KEEPING = frozenset({"text"})
_DATE_PARTS = 3
#: words of a place that is not a constant -> their fields
_CONVERTING = {"else": "else_", **{word: word for word in ("codes", "transform", "transform_in", "blank")}}
#: attributes by which a row of a list is a person's
_OWN = frozenset({"personal_id", *SHARED})
#: transforms of the list that `parts` gives
_OF_PARTS = frozenset({"date_parts", "marriages", "name_joined", "only_name"})
#: transforms that need the time zone of the provider
_ZONED = frozenset(zoned_transforms(DEFAULT_ZONE))


def source_faults(
    mapping: SourceMapping, codes: Codes, evidence: Evidence, identifiers: IdentifierKinds = NOTHING
) -> Iterator[MappingFault]:
    """Every unknown name in a source mapping."""
    transforms = provider_transforms(codes, mapping.time_zone)
    if why := _zone_fault(mapping):
        yield ("time_zone",), *why
    for operation, service in mapping.services.items():
        at: Loc = ("services", operation)
        for place, rule in service.request.items():
            loc = (*at, "request", place)
            yield from _request_faults(place, rule, mapping.profiles, loc)
            yield from _conversion_faults(rule, codes, transforms, loc)
        yield from _unless_faults(service.request, at)
        yield from _answer_faults(service.answer, (*at, "answer"))
        yield from _row_faults(service.answer, (*at, "answer"))
        yield from _uncompared_faults(service, (*at, "answer", "identity"))
        yield from _unread_faults(service, (*at, "answer", "identity"))
        for name, attribute in service.answer.attributes.items():
            loc = (*at, "answer", "attributes", name)
            yield from _conversion_faults(attribute, codes, transforms, loc)
            yield from _parts_faults(attribute, loc)
        if service.answer.updated_at is not None:
            yield from _updated_faults(
                service.answer.updated_at, codes, transforms, (*at, "answer", "updated_at")
            )
        yield from _evidence_faults(service, codes, evidence, at)
        yield from _apart_faults(service.answer, (*at, "answer", "tells_apart"))
        yield from _contradiction_faults(service.answer, (*at, "answer", "contradictions"))
        yield from _vouched_faults(service.answer, evidence, (*at, "answer", "vouched"))
        yield from _identifier_faults(service, identifiers, at)
        yield from _needs_faults(service, at)
        yield from _never_sent_faults(service, at)
        if service.without_number != "no":
            yield from _unnumbered_faults(service, at)


def _request_faults(
    place: str, rule: RequestValue, profiles: Collection[str], loc: Loc
) -> Iterator[MappingFault]:
    if (rule.value is None) == (rule.from_ is None):
        yield loc, f"request place '{place}' needs either 'value' or 'from'", "write one of the two"
    elif rule.value is not None:
        yield from _constant_faults(place, rule, loc)
    for side, word in (("from", rule.from_), *(("else", word) for word in rule.else_)):
        if word is not None and not is_query_word(word):
            what = f"'{side}: {word}' is not a value of a query"
            remedy = (
                f"use one of {', '.join(QUERY_WORDS)}, subject.…, citizen.…, official.…, account.…, service.…"
            )
            yield (*loc, side), what, near(word, [*QUERY_WORDS, *_official_words()], remedy)
    for profile in rule.profiles:
        if profile not in profiles:
            what = f"request profile '{profile}' is not declared"
            yield (
                (*loc, "profiles"),
                what,
                f"use one of {', '.join(profiles) or 'none'}, or add it to 'profiles'",
            )


def _constant_faults(place: str, rule: RequestValue, loc: Loc) -> Iterator[MappingFault]:
    """Words that a constant has no use for."""
    for word, field in _CONVERTING.items():
        if field in rule.model_fields_set:
            what = f"'{word}' beside 'value': the constant of '{place}' is sent as it stands"
            yield (*loc, word), what, f"write the value as it shall be sent, and take '{word}' out"


def _unless_faults(request: Mapping[str, RequestValue], at: Loc) -> Iterator[MappingFault]:
    """Checks that `unless` names an earlier place."""
    before: list[str] = []
    for place, rule in request.items():
        word = rule.unless
        if word is not None and word not in before:
            what = f"'unless: {word}' names no place of this request"
            remedy = near(word, [one for one in request if one != place], "name a place before this one")
            if word in request:
                what, remedy = (
                    f"'unless: {word}' names a place that does not stand before this one",
                    "change their order",
                )
            yield (*at, "request", place, "unless"), what, remedy
        before.append(place)


def is_query_word(word: str) -> bool:
    """Whether `from` may have this word (`subject.…` is checked when the file is read)."""
    head, _, rest = word.partition(".")
    if head == "official":
        return word in _official_words()
    return word in QUERY_WORDS or (head in ("subject", "citizen", "account", "service") and bool(rest))


def _official_words() -> list[str]:
    return [f"official.{name}" for name in Official.__dataclass_fields__]


def _answer_faults(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    paths: list[tuple[Loc, str]] = [((*at, name), getattr(answer, name)) for name in ("record", "status")]
    paths += [((*at, "envelope"), path) for one in answer.envelope for path in (one.path, one.beside)]
    yield from _envelope_faults(answer, (*at, "envelope"))
    if answer.updated_at is not None:
        paths.append(((*at, "updated_at"), answer.updated_at.path))
    inside = [
        ((*at, "found_when"), answer.found_when),
        *_identity_paths(answer, at),
        *_value_paths(answer, at),
    ]
    dated = {
        path for rule in answer.attributes.values() if is_dated(rule) for path in (rule.path, *rule.else_)
    }
    yield from _order_faults(inside, dated)
    yield from _order_faults(paths, {below(answer.record, path) for path in dated})
    if bool(answer.status) != bool(answer.statuses):
        there, missing = ("status", "statuses") if answer.status else ("statuses", "status")
        yield (*at, there), f"'{there}' without '{missing}'", f"add '{missing}', or remove '{there}'"
    for loc, path in paths + inside:
        try:
            steps_of(path)
        except ValueError as error:
            yield loc, f"'{loc[-1]}': {error}", "write it like 'ketHon[-1].so' or 'giayTo[loai=1].so'"


def _envelope_faults(answer: AnswerRule, loc: Loc) -> Iterator[MappingFault]:
    """Places of an envelope that would hide data: what else the mapping reads there, above or below."""
    read = [("'found_when'", answer.found_when)]
    read += [(f"'{name}' of 'identity'", path) for name, path in answer.identity.items()]
    read += [
        (f"attribute '{name}'", path) for name, rule in answer.attributes.items() for path in paths_of(rule)
    ]
    read += [("'contradictions'", path) for one in answer.contradictions for path in one.parts]
    read = [(what, below(answer.record, path)) for what, path in read if path]
    for path in [path for one in answer.envelope for path in (one.path, one.beside) if path]:
        remedy = f"take '{path}' out of 'envelope': name one text or number beside the data, from the answer's root"
        if "[" in path:
            yield loc, f"envelope: '{path}' is of a row of a list, which is data", remedy
        elif _is_within(answer.record, path):
            yield loc, f"envelope: '{path}' is the record '{answer.record}', or above it", remedy
        elif what := next((what for what, at in read if _is_within(at, path) or _is_within(path, at)), ""):
            yield loc, f"envelope: '{path}' is where {what} is read, above or below it", remedy


def _is_within(path: str, other: str) -> bool:
    """Whether a path is another one, or below it; rows of lists aside."""
    inner, outer = (re.sub(r"\[[^\]]*\]", "", one).strip(".").split(".") for one in (path, other))
    return inner[: len(outer)] == outer


def _identity_paths(answer: AnswerRule, at: Loc) -> list[tuple[Loc, str]]:
    return [((*at, "identity", name), path) for name, path in answer.identity.items()]


def _value_paths(answer: AnswerRule, at: Loc) -> Iterator[tuple[Loc, str]]:
    for name, rule in answer.attributes.items():
        loc: Loc = (*at, "attributes", name)
        yield (*loc, "path"), rule.path
        yield from (((*loc, "parts"), path) for path in rule.parts)
        yield from (((*loc, "else"), path) for path in rule.else_)
    for index, one in enumerate(answer.contradictions):
        yield from (((*at, "contradictions", index, "parts"), path) for path in one.parts)


def _row_faults(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    """Values of another row than the one that `identity` compares: they may be another person's.

    Rows by two values of one key (`[kind=cccd]`, `[kind=passport]`) are parts of one record.
    """
    compared: dict[str, tuple[str, str]] = {}
    for loc, path in (*_identity_paths(answer, at), *_value_paths(answer, at)):
        for listed, row in rows_of(path):
            if "identity" in loc:
                compared.setdefault(listed, (row, path))
            ours, other = compared.get(listed, (row, path))
            if answer.identity and listed not in compared and loc[-2] in _OWN:
                what = f"'{path}' is of a list of people in which 'identity' compares nobody: it may be another's"
                remedy = f"{_from_row(answer, listed, row)}; or add '{loc[-2]}: \"{path}\"' to 'identity'"
                yield loc, what, remedy
            if row != ours and not (_key_of(row) and _key_of(row) == _key_of(ours)):
                what = f"'{path}' reads another row than '{other}' of 'identity': it may be another person's"
                yield loc, what, _from_row(answer, listed, row)


def _uncompared_faults(service: ServiceMapping, loc: Loc) -> Iterator[MappingFault]:
    """Numbers of `needs`, a name or birth date that answers of examples repeat, and `identity` does not compare.

    A name or birth date that the answer gives as that of the person counts without an example.
    """
    answer = service.answer
    if answer.no_identity or not answer.identity:
        return
    # of people without a number, `_unnumbered_faults` demands name and birth date
    shared = SHARED - answer.identity.keys() if service.without_number == "no" else frozenset[str]()
    given = answer.attributes.items() if SubjectKind.PERSON in service.subjects else ()
    repeated = {word: rule.path for word, rule in given if word in shared}
    record = re.sub(r"\[[^\]]*\]", "", answer.record)
    words = {word for one in service.needs for word in one} - WEAK - answer.identity.keys() | shared
    for example in service.examples:
        asked = {word: spellings for word in words if (spellings := _spellings_of(example.subject, word))}
        for at, value in leaves(example.answer) if asked and example.outcome is Outcome.FOUND else ():
            path = ".".join(at)
            if path.startswith(record):
                within = path[len(record) :].removeprefix(".")
                repeated |= {
                    word: within for word, spellings in asked.items() if bare(str(value)) in spellings
                }
    for word, path in sorted(repeated.items()):
        if path in answer.identity.values():
            continue  # it is compared, by another word
        what = f"answers repeat '{word}', and 'identity' does not compare it: data about another would not be noticed"
        place = path or '""'
        yield loc, what, f"add '{word}: {place}' to 'identity'"


def _unread_faults(service: ServiceMapping, loc: Loc) -> Iterator[MappingFault]:
    """Paths of `identity` that may be blank, where nothing else shows that the answer has them.

    One that is misspelt would always be blank, and compare nothing. Of rows of lists, `_row_faults` speaks.
    """
    answer = service.answer
    read = {path for rule in answer.attributes.values() for path in paths_of(rule)}
    given = [".".join(at) for one in service.examples for at, _ in leaves(one.answer)]
    for word in sorted(MAY_BE_BLANK & answer.identity.keys()) if given else ():
        path = answer.identity[word]
        if (
            "[" not in path
            and path not in read
            and not any(_is_within(one, below(answer.record, path)) for one in given)
        ):
            what = f"'{path}' of 'identity' is read by no attribute, and no example's answer has it"
            remedy = f"mend the path, or write an example whose answer has the {word.replace('_', ' ')}"
            yield (*loc, word), what, remedy


def _spellings_of(subject: Mapping[str, object], word: str) -> set[str]:
    """How answers write an attribute of an example's subject; none where it has none, or a year alone."""
    if word.startswith(IDENTIFIER):
        other = subject.get("identifier")
        is_it = isinstance(other, dict) and other.get("kind") == word.removeprefix(IDENTIFIER)
        return {bare(str(other["number"]))} if is_it and isinstance(other, dict) else set()
    said = str(subject.get(word) or "")
    if word != "birth_date":
        return {bare(said)} - {""}
    parts = said.split("-")
    if len(parts) != _DATE_PARTS:
        return set()
    return {sign.join(one) for sign in ("", "-", "/", ".") for one in (parts, parts[::-1])}


def _from_row(answer: AnswerRule, listed: str, row: str) -> str:
    whole = below(answer.record, listed) + row
    return f"write 'record: \"{whole}\"', and all paths from there"


def _key_of(row: str) -> str:
    """The key of `[key=value]`; blank for another selector."""
    return row.partition("=")[0] if "=" in row else ""


def _order_faults(paths: list[tuple[Loc, str]], dated: Collection[str]) -> Iterator[MappingFault]:
    """Keys of `[latest:key]` that no attribute reads as dates: their order would be a guess."""
    for loc, path in paths:
        for key in keys_of_latest(path):
            if key not in dated:
                what = f"'{path}': no attribute says how the dates at '{key}' are written"
                yield loc, what, f"add an attribute with 'path: \"{key}\"' and a transform such as date_vn"


def _zone_fault(mapping: SourceMapping) -> tuple[str, str] | None:
    """A time zone that this machine does not know, where one is written or needed; it is read here once."""
    rules = [
        rule
        for one in mapping.services.values()
        for rule in (*one.request.values(), *one.answer.attributes.values(), one.answer.updated_at)
        if rule is not None
    ]
    if "time_zone" not in mapping.model_fields_set and not any(_ZONED & {*one.transform} for one in rules):
        return None
    try:
        zone_of(mapping.time_zone)
    except (ValueError, LookupError, OSError):
        remedy = near(mapping.time_zone, available_timezones(), "write an IANA name, or install tzdata")
        return f"this machine knows no time zone '{mapping.time_zone}'", remedy
    return None


def _parts_faults(rule: AttributeRule, loc: Loc) -> Iterator[MappingFault]:
    """`parts` and the transforms that read them belong together."""
    first = next(iter(rule.transform), "")
    if bool(rule.parts) != (first in _OF_PARTS):
        what = "'parts' without a transform that reads them" if rule.parts else f"'{first}' without 'parts'"
        yield loc, what, f"write 'parts: [a, b]' and {' or '.join(sorted(_OF_PARTS))} as the first transform"
    if first == "date_parts" and len(rule.parts) not in (0, _DATE_PARTS):
        yield (*loc, "parts"), "'date_parts' reads a year, a month and a day", "write the three in this order"


def _missing_units(word: str, codes: Codes) -> str:
    """The unit list that a transform needs and the house does not have."""
    listed = MEASURES.get(word.rpartition("_")[0], "")
    return listed if listed not in codes.lists else ""


def _apart_faults(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    for name in answer.tells_apart:
        if name not in answer.attributes:
            what = f"tells_apart: '{name}' is no attribute of this answer"
            yield at, what, near(name, answer.attributes, "name one of its attributes")
    if answer.tells_apart and (not answer.record or _selects(answer.record)):
        yield at, "'tells_apart' needs a record that may be a list", "write 'record: names.of.it' beside it"


def _contradiction_faults(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    for index, one in enumerate(answer.contradictions):
        for name in one.doubts:
            if name not in answer.attributes:
                what = f"contradictions: '{name}' is no attribute of this answer"
                yield (
                    (*at, index, "doubts"),
                    what,
                    near(name, answer.attributes, "name one of its attributes"),
                )


def _vouched_faults(answer: AnswerRule, evidence: Evidence, at: Loc) -> Iterator[MappingFault]:
    for name, words in answer.vouched.items():
        if name not in answer.attributes:
            what = f"vouched: '{name}' is no attribute of this answer"
            yield (*at, name), what, near(name, answer.attributes, "name one of its attributes")
        for word in words:
            kind, _, attribute = word.partition(".")
            if attribute not in evidence.get(kind, {}):
                known = [f"{one}.{two}" for one, all_of in evidence.items() for two in all_of]
                yield (
                    (*at, name),
                    f"vouched: there is no evidence '{word}'",
                    near(word, known, "check the word"),
                )


def _identifier_faults(
    service: ServiceMapping, identifiers: IdentifierKinds, at: Loc
) -> Iterator[MappingFault]:
    """Unknown kinds of identifier, and those of other subjects."""
    words: list[tuple[Loc, str]] = [
        ((*at, "answer", "identity", word), word) for word in service.answer.identity
    ]
    words += [((*at, "needs", index), word) for index, one in enumerate(service.needs) for word in one]
    for place, rule in service.request.items():
        froms = [word.partition(".") for word in (rule.from_, *rule.else_) if word]
        words += [
            ((*at, "request", place), rest) for head, _, rest in froms if head in ("subject", "citizen")
        ]
    for loc, word in words:
        kind = word.removeprefix(IDENTIFIER)
        if kind == word:
            continue
        file = f"schemas/identifiers/{kind}.yaml"
        if kind not in identifiers:
            what = f"there is no kind of identifier '{kind}'"
            yield loc, what, near(kind, identifiers, f"add {file}"), file
        elif identifiers[kind].names not in service.subjects:
            what = (
                f"'{word}' names a {identifiers[kind].names}, which is none of the subjects of this service"
            )
            yield loc, what, f"add it to 'subjects', or mend 'names' in {file}", file


def _never_sent_faults(service: ServiceMapping, at: Loc) -> Iterator[MappingFault]:
    """Places of the request for what no request says of any subject of the service: they would always be blank."""
    said = frozenset[str]().union(*(given_words(kind) for kind in SubjectKind))
    able = UNNUMBERED_WORDS.union(*(given_words(kind) for kind in service.subjects))
    for place, rule in service.request.items():
        word = (rule.from_ or "").removeprefix("subject.")
        if rule.from_ != word and not rule.else_ and word in said - able:
            what = f"no request says 'subject.{word}' of {' or '.join(service.subjects)}: it is never sent"
            yield (*at, "request", place), what, "take the place out, or add the subjects that have it"


def _needs_faults(service: ServiceMapping, at: Loc) -> Iterator[MappingFault]:
    """Sets of `needs` that no request can give of any subject of the service: it would never be asked by them."""
    for index, words in enumerate(service.needs):
        numbers: list[str | None] = [word for word in words if word.startswith(IDENTIFIER)]
        able = [given_words(kind, number) for kind in service.subjects for number in numbers or [None]]
        if service.without_number != "no":
            able.append(UNNUMBERED_WORDS)
        if any(one.issuperset(words) for one in able):
            continue
        nearest = min(able, key=lambda one: len({*words} - one))
        missing = [word for word in words if word not in nearest]
        of = " or ".join(service.subjects)
        what = f"no request gives {' and '.join(missing)} with the rest of [{', '.join(words)}] of a {of}"
        remedy = (
            f"use words that are given together ({', '.join(sorted(nearest))}), or take this data service out"
        )
        yield (*at, "needs", index), what, remedy


def _unnumbered_faults(service: ServiceMapping, at: Loc) -> Iterator[MappingFault]:
    """What a service lacks that takes persons without a number: one person, by name and birth date."""
    loc: Loc = (*at, "without_number")
    answer = service.answer
    if not any(SHARED.issubset(words) and WEAK.issuperset(words) for words in service.needs):
        yield loc, "no set of 'needs' is a name and a birth date", "add [full_name, birth_date] to 'needs'"
    if missing := sorted(SHARED - answer.identity.keys()):
        what = f"the answer does not repeat {' and '.join(missing)}, so it may be about another person"
        yield loc, what, "name their paths in 'identity', or take 'without_number' out"
    elif DETAILS.isdisjoint(answer.identity):
        what = "the answer repeats neither gender nor birth_place, so it may be about a namesake"
        yield loc, what, "name the path of gender or birth_place in 'identity', or take 'without_number' out"
    if SubjectKind.PERSON not in service.subjects:
        yield loc, "no subject of this service is a person", "take 'without_number' out"
    for place, path in _selecting(answer, at):
        what = f"'{path}' selects one of several records: a name does not say which is whose"
        listed = path.partition("[")[0] or f'"{WHOLE_LIST}"'
        remedy = f"write 'record: {listed}'" if place[-1] == "record" else "take the part in [ ] out"
        yield place, what, f"{remedy}: one record is read, several are nobody's"
    yield from _unnumbered_rows(answer, (*at, "answer"))
    of_many = {"members", "paper_list"}
    if mixed := sorted(
        name for name, rule in answer.attributes.items() if not of_many.isdisjoint(rule.transform)
    ):
        what = f"'{mixed[0]}' is a list of people or papers: a name does not say whose each is"
        yield loc, what, "give it by a service that needs a number"


def _unnumbered_rows(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    """Values of a row of a list: what `identity` compares stands outside, perhaps in the repeated question."""
    for loc, path in _value_paths(answer, at):
        if rows := rows_of(path):
            what = f"'{path}' is of one of several rows, and 'identity' compares nobody in it: it may be a namesake's"
            listed = below(answer.record, rows[0][0]) or f'"{WHOLE_LIST}"'
            remedy = f"write 'record: {listed}', and all paths from there; or give it by a service that needs a number"
            yield loc, what, remedy


def _selecting(answer: AnswerRule, at: Loc) -> Iterator[tuple[Loc, str]]:
    """Paths that select a record, or compare the person with a selected row."""
    at = (*at, "answer")
    if _selects(answer.record):
        yield (*at, "record"), answer.record
    yield from ((loc, path) for loc, path in _identity_paths(answer, at) if "[" in path)


def _selects(record: str) -> bool:
    """Whether it is one of several items."""
    return "[" in record and record != WHOLE_LIST


def _conversion_faults(
    rule: RequestValue | AttributeRule, codes: Codes, transforms: Mapping[str, Transform], loc: Loc
) -> Iterator[MappingFault]:
    if rule.codes is not None and rule.codes not in codes.lists:
        file = f"mappings/codes/{rule.codes}.yaml"
        what = f"code list '{rule.codes}' does not exist in mappings/codes"
        yield (*loc, "codes"), what, near(rule.codes, codes.lists, f"add {file}"), file
    yield from _transform_faults(rule.transform, codes, transforms, loc)


def _transform_faults(
    words: Collection[str], codes: Codes, transforms: Mapping[str, Transform], loc: Loc
) -> Iterator[MappingFault]:
    for word in words:
        if listed := _missing_units(word, codes):
            what = f"transform '{word}' needs the code list '{listed}', which does not exist"
            yield (
                (*loc, "transform"),
                what,
                f"add mappings/codes/{listed}.yaml: how a unit is written → its factor",
            )
        elif word not in transforms:
            remedy = near(word, transforms, f"use one of {', '.join(sorted(transforms))}")
            yield (*loc, "transform"), f"transform '{word}' does not exist", remedy


def _updated_faults(
    rule: UpdatedRule, codes: Codes, transforms: Mapping[str, Transform], loc: Loc
) -> Iterator[MappingFault]:
    """A time of the last change that no transform turns into one."""
    yield from _transform_faults(rule.transform, codes, transforms, loc)
    last = next(reversed(rule.transform), "")
    if last not in TIMES and (last in transforms or not last):
        what = f"'updated_at' is no time after '{last or 'no transform'}'"
        remedy = (
            f"end with one of {', '.join(sorted(TIMES))}; leave 'updated_at' out where only a day is known"
        )
        yield (*loc, "transform"), what, remedy


def _evidence_faults(
    service: ServiceMapping, codes: Codes, evidence: Evidence, at: Loc
) -> Iterator[MappingFault]:
    """Unknown attributes, and code lists whose results the evidence does not accept."""
    file = f"schemas/evidence/{service.evidence}.schema.json"
    if service.evidence not in evidence:
        what = f"there is no evidence type '{service.evidence}': {file} does not exist"
        yield (*at, "evidence"), what, near(service.evidence, evidence, f"add {file}"), file
        return
    known = evidence[service.evidence]
    for name, rule in service.answer.attributes.items():
        loc = (*at, "answer", "attributes", name)
        if name not in known:
            yield (
                loc,
                f"'{name}' is unknown to '{service.evidence}'",
                near(name, known, f"declare it in {file}"),
                file,
            )
        accepted = enum_of(evidence, service.evidence, name)
        table = codes.lists.get(rule.codes or "")
        if not accepted or table is None or not _KEEPING.issuperset(rule.transform):
            continue
        leads = {to for to in table.values() if to is not None}
        if foreign := sorted(leads - accepted):
            what = f"list '{rule.codes}' leads to {', '.join(foreign)}, which '{name}' cannot be"
            remedy = f"lead to {', '.join(sorted(accepted))} in mappings/codes, or name another list"
            yield (*loc, "codes"), what, remedy, f"mappings/codes/{rule.codes}.yaml"
