"""Checks compiled procedures against evidence schemas and code lists: each value of one must be known to the other.

The input words of a code list are checked against the evidence schema of the references. Every fault is a Problem with
file, line and remedy; nothing here raises for the content of a file.
"""

from collections.abc import Iterator, Mapping

from gateway.config.strict_yaml import Document, Loc
from gateway.domain.errors import Problem
from gateway.domain.faults import Faults, near
from gateway.domain.parties import SubjectKind
from gateway.mapping.codes import Codes
from gateway.mapping.compiler import Compiler, Unknown
from gateway.mapping.forms import filled_faults
from gateway.mapping.model import FieldGroup, FieldRule
from gateway.mapping.paper_rules import Predicate
from gateway.mapping.procedure import Field, Procedure, Ref
from gateway.mapping.schema_checks import is_past

#: evidence type -> attribute -> its JSON Schema
Evidence = Mapping[str, Mapping[str, object]]
Groups = Mapping[str, tuple[FieldGroup, Document]]
#: attributes that identify the people of a list
_PEOPLE = frozenset({"personal_id", "full_name", "birth_date"})


def enum_of(evidence: Evidence, kind: str, attribute: str) -> frozenset[str]:
    """The possible words of an attribute; empty when its schema does not limit them."""
    schema = evidence.get(kind, {}).get(attribute)
    words = schema.get("enum") if isinstance(schema, Mapping) else None
    return frozenset(str(word) for word in words) if isinstance(words, list) else frozenset()


def procedure_faults(
    procedure: Procedure, document: Document, groups: Groups, codes: Codes, evidence: Evidence
) -> list[Problem]:
    """Impossible words in predicates, unknown roles in examples, incomplete code lists."""
    faults = [
        *predicate_faults(procedure.mapping.predicates, evidence),
        *_example_faults(procedure),
        *_many_faults(procedure),
        *_keep_faults(procedure, evidence),
        *_thing_faults(procedure),
        *_propose_faults(procedure),
        *_form_faults(procedure),
        *_hole_faults(procedure, groups, codes, evidence),
        *_filled(procedure, codes, evidence),
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
                yield ("fields", key), what, near(name, map(str, properties), remedy)
                break
            schema = properties[name]


def _filled(procedure: Procedure, codes: Codes, evidence: Evidence) -> Iterator[tuple[Loc, str, str]]:
    """Values that the form would refuse."""
    for field in procedure.fields:
        known = [evidence[ref.evidence].get(ref.attribute) for ref in field.refs]
        schemas = [schema for schema in known if isinstance(schema, Mapping)]
        for at, what, remedy in filled_faults(procedure, field, codes, schemas):
            yield (*_written(procedure, field), at), what, remedy


def predicate_faults(
    predicates: Mapping[str, Predicate], evidence: Evidence
) -> Iterator[tuple[Loc, str, str]]:
    """Words that the evidence never has: place below the document, what is wrong, remedy."""
    for name, predicate in predicates.items():
        if predicate.until is not None:
            kind, attribute = _named(predicate.until)
            if is_past(evidence.get(kind, {}).get(attribute)):
                what = f"predicate '{name}': '{kind}.{attribute}' is never later than today"
                remedy = f"write '\"x-ahead\": true' at it in schemas/evidence/{kind}.schema.json"
                yield ("predicates", name, "until"), what, remedy
        kind, attribute = _named(predicate.attribute or "")
        accepted = enum_of(evidence, kind, attribute)
        for also in predicate.agree if accepted else ():
            accepted |= enum_of(evidence, *_named(also))
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
    """Places where several subjects would silently mean the first one."""
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
    people = frozenset(name for name, role in procedure.roles.items() if SubjectKind.PERSON in role.kind)
    rules = (
        ("keep", many, "no role that takes many", "name one with 'many: true'"),
        ("leave_out", people, "no role of a person", "name the role of a person"),
    )
    for field in procedure.fields:
        for word, roles, what, remedy in rules:
            if (role := getattr(field, word)) is None:
                continue
            if role not in roles:
                said = f"field '{field.key}': {word} names '{role}', which is {what}"
                yield _written(procedure, field), said, near(role, roles, remedy)
            if not all(_is_people(evidence, ref) for ref in field.refs):
                said = f"field '{field.key}': {word} is at a reference that is no list of people"
                of_people = "works on lists whose items have personal_id, full_name and birth_date"
                yield _written(procedure, field), said, f"{word} {of_people}"


def _thing_faults(procedure: Procedure) -> Iterator[tuple[Loc, str, str]]:
    """Fields that describe what no field identifies."""
    things = {field.thing for field in procedure.fields if field.thing and field.identifies}
    for field in procedure.fields:
        if field.thing and field.thing not in things:
            # a group writes the word without the prefix of its use
            own = procedure.mapping
            prefixes = [use.prefix for use in own.use if field.key not in own.fields]
            prefix = next((one for one in prefixes if field.key.startswith(one)), "")
            word = field.thing.removeprefix(prefix)
            what = f"field '{field.key}': no field identifies '{word}'"
            remedy = f"write 'identifies: {word}' at the field that identifies it"
            yield (
                _written(procedure, field),
                what,
                near(word, {one.removeprefix(prefix) for one in things}, remedy),
            )


def _propose_faults(procedure: Procedure) -> Iterator[tuple[Loc, str, str]]:
    for field in procedure.fields:
        at, role = _written(procedure, field), field.rule.propose_unless
        if (field.proposes or field.proposes_else) and field.agree:
            what = f"field '{field.key}': 'agree' states a fact, and a value that is proposed is none"
            yield at, what, "take out one of the two"
        if field.rule.propose and role is not None:
            what = f"field '{field.key}': 'propose' and 'propose_unless' exclude one another"
            yield at, what, "take out one of the two"
        # as written: a reference to evidence that cannot be read is a fault of its own
        written = [word for word in (field.rule.from_, *field.rule.else_) if "." in word]
        if field.proposes_else and (field.proposes or len(written) < 2):
            what = f"field '{field.key}': propose_else needs a second reference that another word does not propose"
            yield at, what, "write 'else' with a reference, and take out 'propose' and 'propose_unless'"
        if role is not None and role not in procedure.roles:
            what = f"field '{field.key}': propose_unless names '{role}', which is no role"
            yield at, what, near(role, procedure.roles, "name a role of the procedure")


def _written(procedure: Procedure, field: Field) -> Loc:
    own = procedure.mapping
    return ("fields", field.key) if field.key in own.fields else ("use",) if own.use else ("include",)


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
                yield (
                    (*loc, "codes"),
                    what,
                    f"add the codes in mappings/codes/{rule.codes}.yaml (null: no meaning)",
                )


def _named(word: str) -> tuple[str, str]:
    kind, _, attribute = word.rpartition(":")[2].partition(".")
    return kind, attribute


def mended(groups: Groups, compiler: Compiler, faults: Faults) -> dict[str, FieldGroup]:
    """The groups without faulty fields, which become fields of the citizen; each fault is reported once, here."""
    good = {}
    for name, (group, document) in groups.items():
        fields = dict(group.fields)
        for key, rule in group.fields.items():
            found_faults = [*_group_refs(rule, compiler), *compiler.conversion_faults(rule)]
            if found_faults:
                blank = {"from_": "input", "else_": (), "codes": None, "transform": ()}
                fields[key] = rule.model_copy(update=blank)
            for at, what, *more in found_faults:
                faults.add([document.problem(("fields", key, at), f"field '{key}': {what}", *more)])
        good[name] = group.model_copy(update={"fields": fields})
    return good


def _group_refs(rule: FieldRule, compiler: Compiler) -> Iterator[tuple[str, ...]]:
    """References to evidence that does not exist; the role depends on the use of the group."""
    for at, word in (("from", rule.from_), *(("else", word) for word in rule.else_)):
        try:
            if word != "input":
                compiler.ref(word, {word.partition(":")[0]}, "")
        except Unknown as error:
            yield at, *error.args
