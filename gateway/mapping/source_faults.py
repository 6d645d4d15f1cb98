"""Checks the references of a source mapping: query values, transforms, code lists, evidence."""

from collections.abc import Collection, Iterator, Mapping

from gateway.config.strict_yaml import Loc
from gateway.domain.faults import near
from gateway.domain.parties import Official
from gateway.mapping.codes import Codes
from gateway.mapping.fits import Evidence, enum_of
from gateway.mapping.model import AnswerRule, AttributeRule, RequestValue, ServiceMapping, SourceMapping
from gateway.mapping.paths import compile_path
from gateway.mapping.records import provider_transforms
from gateway.mapping.transforms import Transform
from gateway.mapping.values import QUERY_WORDS

#: place, fault, remedy, files that it was compared with
MappingFault = tuple[Loc, str, str, *tuple[str, ...]]
#: transforms that do not change a word of a code list
_KEEPING = frozenset({"text"})
_PATHS = ("record", "found_when", "status", "updated_at")


def source_faults(mapping: SourceMapping, codes: Codes, evidence: Evidence) -> Iterator[MappingFault]:
    """Every unknown name in a source mapping."""
    transforms = provider_transforms(codes)
    for operation, service in mapping.services.items():
        at: Loc = ("services", operation)
        for place, rule in service.request.items():
            loc = (*at, "request", place)
            yield from _request_faults(place, rule, mapping.profiles, loc)
            yield from _conversion_faults(rule, codes, transforms, loc)
        yield from _unless_faults(service.request, at)
        yield from _answer_faults(service.answer, (*at, "answer"))
        for name, attribute in service.answer.attributes.items():
            yield from _conversion_faults(attribute, codes, transforms, (*at, "answer", "attributes", name))
        yield from _evidence_faults(service, codes, evidence, at)
        yield from _apart_faults(service.answer, (*at, "answer", "tells_apart"))
        yield from _vouched_faults(service.answer, evidence, (*at, "answer", "vouched"))


def _request_faults(
    place: str, rule: RequestValue, profiles: Collection[str], loc: Loc
) -> Iterator[MappingFault]:
    if (rule.value is None) == (rule.from_ is None):
        yield loc, f"request place '{place}' needs either 'value' or 'from'", "write one of the two"
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
    paths: list[tuple[Loc, str]] = [((*at, name), getattr(answer, name)) for name in _PATHS]
    paths += [((*at, "identity", name), path) for name, path in answer.identity.items()]
    for name, rule in answer.attributes.items():
        paths.append(((*at, "attributes", name, "path"), rule.path))
        paths += [((*at, "attributes", name, "else"), path) for path in rule.else_]
    if bool(answer.status) != bool(answer.statuses):
        there, missing = ("status", "statuses") if answer.status else ("statuses", "status")
        yield (*at, there), f"'{there}' without '{missing}'", f"add '{missing}', or remove '{there}'"
    for loc, path in paths:
        try:
            compile_path(path)
        except ValueError as error:
            yield loc, f"'{loc[-1]}': {error}", "write it like 'ketHon[-1].so' or 'giayTo[loai=1].so'"


def _apart_faults(answer: AnswerRule, at: Loc) -> Iterator[MappingFault]:
    for name in answer.tells_apart:
        if name not in answer.attributes:
            what = f"tells_apart: '{name}' is no attribute of this answer"
            yield at, what, near(name, answer.attributes, "name one of its attributes")
    if answer.tells_apart and (not answer.record or "[" in answer.record):
        yield at, "'tells_apart' needs a record that may be a list", "write 'record: names.of.it' beside it"


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


def _conversion_faults(
    rule: RequestValue | AttributeRule, codes: Codes, transforms: Mapping[str, Transform], loc: Loc
) -> Iterator[MappingFault]:
    if rule.codes is not None and rule.codes not in codes.lists:
        file = f"mappings/codes/{rule.codes}.yaml"
        what = f"code list '{rule.codes}' does not exist in mappings/codes"
        yield (*loc, "codes"), what, near(rule.codes, codes.lists, f"add {file}"), file
    for word in rule.transform:
        if word not in transforms:
            remedy = near(word, transforms, f"use one of {', '.join(sorted(transforms))}")
            yield (*loc, "transform"), f"transform '{word}' does not exist", remedy


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
