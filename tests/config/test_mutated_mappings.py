"""Each misspelt path and each dropped code of a source's mapping is noticed by an example of that mapping.

So is each code, status and place of the tables of its settings that say what faults mean.
What `check-config` runs for each service is run here on one changed service at a time: compiled alone, in process.
The sources that `mappings/examples` has to copy are held to the same.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.app import SystemClock
from gateway.checks.service_examples import service_example_faults
from gateway.config.configuration import SourceSettings
from gateway.config.strict_yaml import read
from gateway.domain.errors import ConfigError
from gateway.domain.faults import Faults
from gateway.mapping.codes import Codes, survey_codes
from gateway.mapping.model import AnswerRule, AttributeRule, ServiceMapping, SourceMapping
from gateway.mapping.schema_files import SchemaFile, survey_schemas
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import Source

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "mappings/examples"
#: source -> the folder that has its `mappings` and `schemas`: ours, and each example that can be copied beside them
HOUSES = {
    file.stem: file.parents[2]
    for house in (ROOT, *sorted(EXAMPLES.iterdir()))
    for file in sorted(house.glob("mappings/sources/*.yaml"))
}
#: names, keys and values of a path
_WORD = re.compile(r"\[latest:|([^.\[\]=:]+)")
#: of a longer list (the 55 ethnicities) examples have the first, the last and every tenth; `total_over` has all
_MOST_CODES, _EVERY = 30, 10

TOOLS = registry.source_tools(ROOT, SystemClock())
#: words of `options` that say what a code, or a status of HTTP, means
_TABLES = ("faults", "http")

#: service -> its mapping with one change, and what was changed
Mutant = tuple[str, Mapping[str, ServiceMapping], Codes]


@cache
def mapping_of(source: str) -> SourceMapping:
    return read(HOUSES[source] / f"mappings/sources/{source}.yaml", ROOT).read_as(SourceMapping)


@cache
def codes_of(house: Path) -> Codes:
    ours = survey_codes(ROOT / "mappings/codes", Faults())
    more = survey_codes(house / "mappings/codes", Faults())
    return Codes({**ours.lists, **more.lists}, ours.units, ours.provinces)


@cache
def schema_of(house: Path, evidence: str) -> Mapping[str, object]:
    found: dict[str, SchemaFile] = {}
    for one in (ROOT, house):
        found |= survey_schemas(one / "schemas/evidence", one, Faults())
    return found[evidence].properties


def misspelt(path: str) -> Iterator[str]:
    """The path with each of its names written otherwise, one after the other."""
    for word in _WORD.finditer(path):
        is_index = path[word.start() - 1 : word.start()] == "[" and (word[1] or "").lstrip("-").isdigit()
        if word[1] and not is_index:
            yield f"{path[: word.end()]}x{path[word.end() :]}"


def answers(answer: AnswerRule) -> Iterator[tuple[str, AnswerRule]]:
    """The answer with one path misspelt, or one status dropped."""
    yield from own_paths(answer)
    for word, path in answer.identity.items():
        for other in misspelt(path):
            yield (
                f"identity.{word}: {other}",
                answer.model_copy(update={"identity": {**answer.identity, word: other}}),
            )
    for name, attribute in answer.attributes.items():
        for other, changed in attributes(attribute):
            yield (
                f"{name}: {other}",
                answer.model_copy(update={"attributes": {**answer.attributes, name: changed}}),
            )
    for code, outcome in answer.statuses.items():
        rest = {other: one for other, one in answer.statuses.items() if other != code}
        # where any other code means the same, nothing is lost
        if outcome != rest.get("*", "invalid"):
            yield f"status {code}", answer.model_copy(update={"statuses": rest})


def own_paths(answer: AnswerRule) -> Iterator[tuple[str, AnswerRule]]:
    places = {word: getattr(answer, word) for word in ("record", "found_when", "status")}
    for word, path in places.items():
        for other in misspelt(path):
            yield f"{word}: {other}", answer.model_copy(update={word: other})
    for index, one in enumerate(answer.envelope):
        for other in misspelt(one.path):
            rules = list(answer.envelope)
            rules[index] = one.model_copy(update={"path": other})
            yield f"envelope: {other}", answer.model_copy(update={"envelope": tuple(rules)})
    if (updated := answer.updated_at) is not None:
        for other in misspelt(updated.path):
            rule = updated.model_copy(update={"path": other})
            yield f"updated_at: {other}", answer.model_copy(update={"updated_at": rule})


def attributes(rule: AttributeRule) -> Iterator[tuple[str, AttributeRule]]:
    for other in misspelt(rule.path):
        yield other, rule.model_copy(update={"path": other})
    lists: dict[str, tuple[str, ...]] = {"else_": rule.else_, "parts": rule.parts}
    for word, paths in lists.items():
        for index, path in enumerate(paths):
            for other in misspelt(path):
                yield other, rule.model_copy(update={word: (*paths[:index], other, *paths[index + 1 :])})


def requests(services: Mapping[str, ServiceMapping]) -> Iterator[tuple[str, dict[str, ServiceMapping]]]:
    """One place of a request misspelt, in all services that share the request."""
    seen: list[object] = []
    for operation, service in services.items():
        if service.request in seen:
            continue
        seen.append(service.request)
        for place in service.request:
            for other in misspelt(place):
                request = {
                    other if name == place else name: rule.model_copy(
                        update={"unless": other if rule.unless == place else rule.unless}
                    )
                    for name, rule in service.request.items()
                }
                yield (
                    f"{operation} request: {other}",
                    {
                        name: one.model_copy(update={"request": request})
                        for name, one in services.items()
                        if one.request == service.request
                    },
                )


def mutants(source: str) -> Iterator[Mutant]:
    services, codes = mapping_of(source).services, codes_of(HOUSES[source])
    for what, changed in requests(services):
        yield what, changed, codes
    for operation, service in services.items():
        for what, answer in answers(service.answer):
            yield f"{operation} {what}", {operation: service.model_copy(update={"answer": answer})}, codes
    for name in sorted(lists_of(services)):
        users = {operation: one for operation, one in services.items() if name in lists_of({operation: one})}
        listed = codes.lists[name]
        for index, code in enumerate(listed):
            if len(listed) <= _MOST_CODES or index % _EVERY == 0 or index == len(listed) - 1:
                less = {other: to for other, to in listed.items() if other != code}
                rest = Codes({**codes.lists, name: less}, codes.units, codes.provinces)
                yield f"code {name}: {code}", users, rest


def lists_of(services: Mapping[str, ServiceMapping]) -> set[str]:
    found = [rule.codes for one in services.values() for rule in one.request.values()]
    found += [rule.codes for one in services.values() for rule in one.answer.attributes.values()]
    return {name for name in found if name}


def is_noticed(source: str, mutant: Mutant) -> bool:
    _, changed, codes = mutant
    whole = mapping_of(source)
    for operation, mapping in changed.items():
        schema = schema_of(HOUSES[source], mapping.evidence)
        plan = ServicePlan(source, operation, mapping, codes, whole.profiles, schema, whole.time_zone)
        if any(service_example_faults(plan, source=reader_of(source, {operation: plan}))):
            return True
    return False


def reader_of(source: str, plans: Mapping[str, ServicePlan]) -> Source | None:
    """Reads examples as live answers; None where a misspelt word is refused before any example is run."""
    settings = settings_of(source).unsigned()
    if "wsdl" in settings.options:
        return None
    (name,) = plans
    try:
        return registry.open_source(settings.alone(name), plans, TOOLS)
    except ConfigError:
        return None


@pytest.mark.parametrize("source", sorted(HOUSES))
def test_every_misspelt_path_and_every_dropped_code_is_noticed_by_an_example(source: str) -> None:
    tried = list(mutants(source))
    assert [mutant[0] for mutant in tried if not is_noticed(source, mutant)] == []


def test_examples_of_every_mapping_come_out_as_they_say() -> None:
    for source, house in HOUSES.items():
        for operation, service in mapping_of(source).services.items():
            assert not is_noticed(source, ("", {operation: service}, codes_of(house)))


# ------------------------------------------------------------------ what faults mean, by the settings


@cache
def settings_of(source: str) -> SourceSettings:
    return read(HOUSES[source] / f"config/sources/{source}.yaml", ROOT).read_as(SourceSettings)


def changed_options(options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The options with one code or status dropped or of another meaning, or with one place misspelt or dropped."""
    for word in _TABLES:
        table = options.get(word, {})
        for code, meaning in table.items():
            rest = {other: one for other, one in table.items() if other != code}
            if code != "*":  # without it the same may hold by default
                yield f"{word}.{code} dropped", {**options, word: rest}
            named = meaning["outcome"] if isinstance(meaning, Mapping) else meaning
            other = "invalid" if named == "refused" else "refused"
            yield f"{word}.{code}: {other}", {**options, word: {**table, code: other}}
    for path in misspelt(options.get("fault_code", "")):
        yield f"fault_code: {path}", {**options, "fault_code": path}
    texts = options.get("fault_texts", ())
    for text in texts:
        kept = [other for other in texts if other != text]
        yield f"fault_texts without {text}", {**options, "fault_texts": kept}


def is_fault_noticed(source: str, options: Mapping[str, Any]) -> bool:
    whole, house = mapping_of(source), HOUSES[source]
    plans = {
        name: ServicePlan(
            source,
            name,
            one,
            codes_of(house),
            whole.profiles,
            schema_of(house, one.evidence),
            whole.time_zone,
        )
        for name, one in whole.services.items()
    }
    settings = settings_of(source).unsigned().model_copy(update={"options": options})
    tools = registry.source_tools(house, SystemClock())
    for name, plan in plans.items():
        try:
            opened = registry.open_source(settings.alone(name), plans, tools)
        except ConfigError:  # `check-config` refuses the settings
            return True
        if any(service_example_faults(plan, source=opened)):
            return True
    return False


@pytest.mark.parametrize(
    "source", sorted(one for one in HOUSES if any(word in settings_of(one).options for word in _TABLES))
)
def test_every_code_status_and_place_of_a_fault_is_noticed_by_an_example(source: str) -> None:
    options = settings_of(source).unsigned().options
    assert not is_fault_noticed(source, options)
    tried = list(changed_options(options))
    assert [what for what, changed in tried if not is_fault_noticed(source, changed)] == []
