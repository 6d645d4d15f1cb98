"""Holds compiled mappings against the evidence schemas and code lists: values that one has, the other must know.

Where a code list stands, the words that it leads to are checked against the evidence schema of a source's attribute,
and the words that it starts from against the evidence schema of a form field's references.
A source's transforms work on what the list gives: its check is made when there are none or they keep every word
(`_KEEPING`), else the outcome is the transform's own. A form's transforms come after its check and do not matter.
Every fault is a Problem with file, line and remedy; nothing here raises for what a file says.
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.domain.errors import Problem
from gateway.mapping.codes import Codes
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.model import FieldGroup, FieldRule, Predicate, Role
from gateway.mapping.procedure import Compiler, Field, Procedure, Ref
from gateway.mapping.source import ServicePlan
from gateway.strict_yaml import Document, Loc, read

#: evidence type -> attribute -> its JSON Schema
Evidence = Mapping[str, Mapping[str, object]]
Groups = Mapping[str, tuple[FieldGroup, Document]]
Plans = Mapping[str, Mapping[str, ServicePlan]]
#: transforms that leave a word of a code list as it is
_KEEPING = frozenset({"text"})
#: what tells the people of a list apart
_PEOPLE = frozenset({"personal_id", "full_name", "birth_date"})
#: keys of a source mapping whose value a compile fault quotes
_SPEAKING = frozenset({"from", "else", "transform", "codes", "path", "record", "found_when"})


def enum_of(evidence: Evidence, kind: str, attribute: str) -> frozenset[str]:
    """The words that an attribute may be; empty when its schema does not say."""
    schema = evidence.get(kind, {}).get(attribute)
    words = schema.get("enum") if isinstance(schema, Mapping) else None
    return frozenset(str(word) for word in words) if isinstance(words, list) else frozenset()


def near(word: str, words: frozenset[str], otherwise: str) -> str:
    """The remedy for a word that is unknown."""
    found = difflib.get_close_matches(word, sorted(words), 1)
    return f"did you mean '{found[0]}'?" if found else otherwise


def placed(problem: Problem, root: Path) -> Problem:
    """A fault of a compiled service at the line of the word that it quotes, instead of the service's."""
    quoted = problem.what.split("'")[1:2]
    if not quoted or not problem.line or not problem.remedy.startswith("see mappings/README"):
        return problem
    document = read(root / problem.file, root)
    word = quoted[0].removeprefix("from: ")
    after = sorted((line, loc) for loc, line in document.lines.items() if line >= problem.line and loc)
    for line, loc in after:
        if loc[-1] == word:
            return Problem(problem.file, line, problem.what, problem.remedy)
        if loc[-1] in _SPEAKING:
            value = document.data
            for part in loc:
                value = value[part]
            if word == value or (isinstance(value, list) and word in value):
                return Problem(problem.file, line, f"'{loc[-2]}': {problem.what}", problem.remedy)
    return problem


def source_faults(services: Plans, evidence: Evidence, codes: Codes, root: Path) -> list[Problem]:
    """Attributes that the evidence does not have, and code lists that lead to words it does not have."""
    problems = []
    for source, plans in services.items():
        faults = [fault for plan in plans.values() for fault in _plan_faults(plan, evidence, codes)]
        if faults:
            document = read(root / "mappings" / "sources" / f"{source}.yaml", root)
            problems += [document.problem(loc, what, remedy) for loc, what, remedy in faults]
    return problems


def _plan_faults(plan: ServicePlan, evidence: Evidence, codes: Codes) -> Iterator[tuple[Loc, str, str]]:
    known = frozenset(evidence.get(plan.evidence, {}))
    for name, rule in plan.mapping.answer.attributes.items():
        loc = ("services", plan.operation, "answer", "attributes", name)
        if name not in known:
            what = f"service '{plan.operation}' gives {name}, unknown to '{plan.evidence}'"
            remedy = f"declare it in schemas/evidence/{plan.evidence}.schema.json"
            yield loc, what, near(name, known, remedy)
        accepted = enum_of(evidence, plan.evidence, name)
        if not accepted or rule.codes is None or not _KEEPING.issuperset(rule.transform):
            continue
        leads = {to for to in codes.lists[rule.codes].values() if to is not None}
        if foreign := sorted(leads - accepted):
            what = f"list '{rule.codes}' leads to {', '.join(foreign)}, which '{name}' cannot be"
            remedy = f"lead to {', '.join(sorted(accepted))} in mappings/codes, or name another list"
            yield loc, what, remedy


def procedure_faults(
    procedure: Procedure, document: Document, groups: Groups, codes: Codes, evidence: Evidence
) -> list[Problem]:
    """Predicates over words that cannot be, examples of roles that are not, code lists with holes."""
    faults = [
        *_predicate_faults(procedure.mapping.predicates, evidence),
        *_example_faults(procedure),
        *_many_faults(procedure),
        *_keep_faults(procedure, evidence),
        *_form_faults(procedure),
        *_hole_faults(procedure, groups, codes, evidence),
    ]
    return [document.problem(loc, what, remedy) for loc, what, remedy in faults]


def _form_faults(procedure: Procedure) -> Iterator[tuple[Loc, str, str]]:
    """Fields that the e-form does not have."""
    for key in procedure.mapping.fields:
        schema: object = procedure.form
        for name in key.split("."):
            properties = schema.get("properties") if isinstance(schema, Mapping) else None
            if not isinstance(properties, Mapping):
                break
            if name not in properties:
                what = f"field '{key}': the form has no property '{name}'"
                remedy = f"declare it in schemas/forms/{procedure.code}.schema.json"
                yield ("fields", key), what, near(name, frozenset(map(str, properties)), remedy)
                break
            schema = properties[name]


def _predicate_faults(
    predicates: Mapping[str, Predicate], evidence: Evidence
) -> Iterator[tuple[Loc, str, str]]:
    for name, predicate in predicates.items():
        kind, attribute = _named(predicate.attribute or "")
        accepted = enum_of(evidence, kind, attribute)
        for side, words in (("yes", predicate.yes), ("no", predicate.no)):
            for word in words if accepted else ():
                if word not in accepted:
                    what = f"predicate '{name}': '{kind}.{attribute}' is never '{word}'"
                    remedy = near(word, accepted, f"use some of {', '.join(sorted(accepted))}")
                    yield ("predicates", name, side), what, remedy


def _example_faults(procedure: Procedure) -> Iterator[tuple[Loc, str, str]]:
    roles = frozenset(procedure.roles)
    for index, example in enumerate(procedure.mapping.examples):
        named = [(("subjects", role), role) for role in example.subjects]
        named += [(("evidence", word), word.partition(":")[0]) for word in example.evidence]
        for loc, role in named:
            # the second person of a role that takes many is `role#2`
            plain, _, number = role.partition("#")
            if plain not in roles:
                what = f"example '{example.name}' names the role '{role}', which the procedure does not have"
                remedy = near(role, roles, f"use some of {', '.join(sorted(roles))}")
                yield ("examples", index, *loc), what, remedy
            elif number and not procedure.roles[plain].many:
                what = f"example '{example.name}' names several subjects of '{plain}', which takes one"
                yield (
                    ("examples", index, *loc),
                    what,
                    f"leave '{role}' out, or write 'many: true' at the role",
                )


def _many_faults(procedure: Procedure) -> Iterator[tuple[Loc, str, str]]:
    """Places where several subjects would silently mean the first of them."""
    many = {name for name, role in procedure.roles.items() if role.many}
    for name, role in procedure.roles.items():
        found_by = {role.through or "", (role.found_in or "").partition(":")[0]} - {""}
        if many & found_by or (role.many and (role.signs_in or found_by)):
            what = f"role '{name}': one that takes many neither signs in, nor is found, nor leads to others"
            yield ("subjects",), what, "take out 'many', or let the caller alone name the people"
    for field in procedure.fields:
        for ref in field.refs:
            if ref.role in many:
                what = f"field '{field.key}': the role '{ref.role}' takes many, and a field shows one subject"
                yield _written(procedure, field), what, "read a list of people, and 'keep' those of the role"


def _keep_faults(procedure: Procedure, evidence: Evidence) -> Iterator[tuple[Loc, str, str]]:
    many = frozenset(name for name, role in procedure.roles.items() if role.many)
    for field in procedure.fields:
        if field.keep is None:
            continue
        if field.keep not in many:
            what = f"field '{field.key}': keep names '{field.keep}', which is no role that takes many"
            yield _written(procedure, field), what, near(field.keep, many, "name one with 'many: true'")
        if not all(_is_people(evidence, ref) for ref in field.refs):
            what = f"field '{field.key}': keep stands at a reference that is no list of people"
            remedy = "keep works on lists whose items have personal_id, full_name and birth_date"
            yield _written(procedure, field), what, remedy


def _written(procedure: Procedure, field: Field) -> Loc:
    return ("fields", field.key) if field.key in procedure.mapping.fields else ("use",)


def _is_people(evidence: Evidence, ref: Ref) -> bool:
    schema = evidence.get(ref.evidence, {}).get(ref.attribute)
    items = schema.get("items") if isinstance(schema, Mapping) else None
    known = items.get("properties") if isinstance(items, Mapping) else None
    return isinstance(known, Mapping) and _PEOPLE.issubset(known)


def _hole_faults(
    procedure: Procedure, groups: Groups, codes: Codes, evidence: Evidence
) -> Iterator[tuple[Loc, str, str]]:
    mapping = procedure.mapping
    rules: list[tuple[Loc, FieldRule]] = [(("fields", key), rule) for key, rule in mapping.fields.items()]
    for index, use in enumerate(mapping.use):
        if use.group in groups:
            rules += [(("use", index), rule) for rule in groups[use.group][0].fields.values()]
    for loc, rule in rules:
        table = codes.lists.get(rule.codes or "")
        for word in (rule.from_, *rule.else_) if table is not None else ():
            kind, attribute = _named(word)
            if missing := sorted(enum_of(evidence, kind, attribute) - set(table or ())):
                what = f"list '{rule.codes}' misses {', '.join(missing)} of '{kind}.{attribute}'"
                yield loc, what, "add the codes in mappings/codes (null: no meaning)"


def _named(word: str) -> tuple[str, str]:
    kind, _, attribute = word.rpartition(":")[2].partition(".")
    return kind, attribute


def mended(
    groups: Groups, codes: Codes, compiler: Compiler, problems: list[Problem]
) -> dict[str, FieldGroup]:
    """The groups with fields that are wrong in themselves left to the citizen: they are told once, here."""
    transforms = frozenset(form_transforms(codes))
    good = {}
    for name, (group, document) in groups.items():
        fields = dict(group.fields)
        for key, rule in group.fields.items():
            faults = list(_group_faults(rule, codes, compiler, transforms))
            if faults:
                blank = {"from_": "input", "else_": (), "codes": None, "transform": ()}
                fields[key] = rule.model_copy(update=blank)
            problems += [
                document.problem(("fields", key), f"field '{key}': {what}", remedy) for what, remedy in faults
            ]
        good[name] = group.model_copy(update={"fields": fields})
    return good


def _group_faults(
    rule: FieldRule, codes: Codes, compiler: Compiler, transforms: frozenset[str]
) -> Iterator[tuple[str, str]]:
    for word in (rule.from_, *rule.else_):
        if word == "input":
            continue
        try:
            compiler.ref(word, {word.partition(":")[0]: Role.model_validate({"kind": "person"})}, "")
        except ValueError as error:
            yield str(error), "see mappings/README.md"
    if rule.codes is not None and rule.codes not in codes.lists:
        yield f"code list '{rule.codes}' does not exist", "add it to mappings/codes"
    for word in rule.transform:
        if word not in transforms:
            remedy = f"use one of {', '.join(sorted(transforms))}"
            yield f"transform '{word}' does not exist", near(word, transforms, remedy)
