"""A procedure mapping, compiled: form fields, predicates and papers over references to evidence.

References are `<role>:<evidence>.<attribute>`, `account.<attribute>` (claims of who signs in) or `input`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import jsonschema_rs

from gateway.domain.errors import Problem
from gateway.mapping.codes import Codes
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.model import (
    FieldGroup,
    FieldRule,
    PaperRule,
    Predicate,
    ProcedureMapping,
    Proof,
    Role,
    Title,
)
from gateway.mapping.transforms import Transform, text
from gateway.strict_yaml import Document

ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Ref:
    """One attribute of the evidence about one role."""

    role: str
    evidence: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.evidence}.{self.attribute}"


def role_of(name: str) -> str:
    """The declared role of `<role>` or `<role>#2`: one of the several subjects that a role may take."""
    return name.partition("#")[0]


class Field:
    """One form field. `convert` makes the form's value of an evidence value (None: blank)."""

    __slots__ = (
        "agree",
        "convert",
        "editable",
        "keep",
        "key",
        "names",
        "propose",
        "refs",
        "title",
        "translates",
    )

    def __init__(
        self, key: str, rule: FieldRule, refs: tuple[Ref, ...], convert: Callable[[object], object]
    ) -> None:
        """`refs` are tried in order; a field without any is the citizen's to fill."""
        self.key = key
        self.names = tuple(key.split("."))
        self.refs = refs
        self.convert = convert
        self.agree = rule.agree and len(refs) > 1
        #: the role whose subjects are all that is kept of a list of people
        self.keep = rule.keep
        self.propose = rule.propose
        self.editable = rule.editable or rule.propose or not refs
        self.title = rule.title
        self.translates = rule.codes is not None


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure, ready to be planned."""

    code: str
    name: str
    title: Title
    version: str
    purpose: str
    roles: Mapping[str, Role]
    signs_in: str
    fields: tuple[Field, ...]
    predicates: Mapping[str, Predicate]
    papers: Mapping[str, PaperRule]
    mapping: ProcedureMapping
    form: Mapping[str, object]

    def accepts(self, key: str, value: object) -> bool:
        """Whether the e-form's schema takes this value at this key; a key that it does not describe takes any."""
        schema: object = self.form
        for name in key.split("."):
            properties = schema.get("properties") if isinstance(schema, Mapping) else None
            schema = properties.get(name) if isinstance(properties, Mapping) else None
        return not isinstance(schema, Mapping) or jsonschema_rs.is_valid(dict(schema), value)


class Compiler:
    """Turns the written mappings into procedures; collects every problem with file and line."""

    def __init__(
        self,
        mappings: Mapping[str, tuple[ProcedureMapping, Document]],
        groups: Mapping[str, FieldGroup],
        codes: Codes,
        attributes: Mapping[str, frozenset[str]],
    ) -> None:
        """`attributes`: evidence type -> names that `schemas/evidence` declares."""
        self._mappings = mappings
        self._groups = groups
        self._codes = codes
        self._attributes = attributes
        self._transforms = form_transforms(codes)
        self.problems: list[Problem] = []

    def compile(self, code: str, form: Mapping[str, object]) -> Procedure:
        """The procedure with what it includes."""
        chain = list(self._chain(code))
        mapping, _ = self._mappings[code]
        roles = {name: role for one, _ in chain for name, role in one.subjects.items()}
        signs_in = [name for name, role in roles.items() if role.signs_in]
        fields: dict[str, Field] = {}
        for one, document in chain:
            for key, rule, loc in self._rules(one, document):
                fields[key] = self._field(key, rule, roles, signs_in, document, loc)
        procedure = Procedure(
            code, mapping.name, mapping.title, mapping.version, mapping.purpose, roles,
            signs_in[0] if signs_in else next(iter(roles)), tuple(fields.values()),
            {name: p for one, _ in chain for name, p in one.predicates.items()},
            {name: p for one, _ in chain for name, p in one.papers.items()}, mapping, form,
        )  # fmt: skip
        self._check(procedure, self._mappings[code][1])
        return procedure

    def _chain(self, code: str) -> Iterator[tuple[ProcedureMapping, Document]]:
        mapping, document = self._mappings[code]
        if mapping.include is not None:
            if mapping.include == code or mapping.include not in self._mappings:
                what = f"include: there is no procedure {mapping.include}"
                self.problems.append(
                    document.problem(("include",), what, "name a code in mappings/procedures")
                )
            else:
                yield from self._chain(mapping.include)
        yield mapping, document

    def _rules(
        self, one: ProcedureMapping, document: Document
    ) -> Iterator[tuple[str, FieldRule, tuple[str | int, ...]]]:
        for index, use in enumerate(one.use):
            group = self._groups.get(use.group)
            if group is None:
                what = f"there is no field group '{use.group}'"
                self.problems.append(document.problem(("use", index), what, "name a file in mappings/groups"))
                continue
            for suffix, rule in group.fields.items():
                filled = rule.model_copy(
                    update={
                        "from_": rule.from_.replace("{role}", use.role),
                        "else_": tuple(word.replace("{role}", use.role) for word in rule.else_),
                    }
                )
                yield use.prefix + suffix, filled, ("use", index)
        for key, rule in one.fields.items():
            yield key, rule, ("fields", key)

    def _field(
        self, key: str, rule: FieldRule, roles: Mapping[str, Role], signs_in: list[str], document: Document,
        loc: tuple[str | int, ...],
    ) -> Field:  # fmt: skip
        refs = []
        for word in (rule.from_, *rule.else_):
            if word == "input":
                continue
            try:
                refs.append(self.ref(word, roles, signs_in[0] if signs_in else ""))
            except ValueError as error:
                self.problems.append(
                    document.problem(loc, f"field '{key}': {error}", "see mappings/README.md")
                )
        return Field(key, rule, tuple(refs), self._convert(key, rule, document, loc))

    def _convert(
        self, key: str, rule: FieldRule, document: Document, loc: tuple[str | int, ...]
    ) -> Callable[[object], object]:
        steps: list[Transform] = []
        if rule.codes is not None:
            table = self._codes.lists.get(rule.codes)
            if table is None:
                what = f"field '{key}': code list '{rule.codes}' does not exist"
                self.problems.append(document.problem(loc, what, "add it to mappings/codes"))
            else:
                steps.append(lambda value: table.get(text(value) or ""))
        for word in rule.transform:
            if word not in self._transforms:
                what = f"field '{key}': transform '{word}' does not exist"
                remedy = f"use one of {', '.join(sorted(self._transforms))}"
                self.problems.append(document.problem(loc, what, remedy))
                continue
            steps.append(self._transforms[word])
        return _chained(steps)

    def ref(self, word: str, roles: Mapping[str, Role], signs_in: str) -> Ref:
        """The reference that `word` writes; ValueError when it names nothing."""
        role, colon, rest = word.partition(":")
        if not colon:
            role, rest = signs_in, word
        evidence, _, attribute = rest.partition(".")
        if colon and role not in roles:
            raise ValueError(f"'{word}' names the role '{role}', which the procedure does not have")
        if evidence not in self._attributes:
            raise ValueError(f"'{word}' names no evidence type of schemas/evidence")
        if attribute not in self._attributes[evidence]:
            raise ValueError(f"'{word}' names no attribute of schemas/evidence/{evidence}.schema.json")
        return Ref(role, evidence, attribute)

    def _check(self, procedure: Procedure, document: Document) -> None:
        for name, predicate in procedure.predicates.items():
            for word in refs_of_predicate(predicate):
                self._checked(word, procedure, document, ("predicates", name))
        for name, paper in procedure.papers.items():
            self._check_paper(name, paper, procedure, document)
        required = procedure.form.get("required", ())
        keys = {field.names[0] for field in procedure.fields}
        for key in required if isinstance(required, list) else ():
            if key not in keys:
                what = f"the form demands '{key}', which the mapping drops"
                remedy = f"add a field '{key}' (from: input)"
                self.problems.append(document.problem(("fields",), what, remedy))

    def _check_paper(self, name: str, paper: PaperRule, procedure: Procedure, document: Document) -> None:
        for word in _words(paper):
            if not word.startswith("?"):
                self._checked(word, procedure, document, ("papers", name))
            elif word[1:] not in procedure.predicates:
                what = f"paper '{name}' names the predicate '{word[1:]}', which does not exist"
                self.problems.append(document.problem(("papers", name), what, "add it under predicates"))

    def _checked(
        self, word: str, procedure: Procedure, document: Document, loc: tuple[str | int, ...]
    ) -> None:
        try:
            self.ref(word, procedure.roles, procedure.signs_in)
        except ValueError as error:
            self.problems.append(document.problem(loc, str(error), "see mappings/README.md"))


def refs_of_predicate(predicate: Predicate) -> tuple[str, ...]:
    """References that a predicate reads."""
    named = (predicate.attribute, *(predicate.equal or ()), predicate.younger_than)
    return tuple(word for word in named if word)


def _words(paper: PaperRule) -> Iterator[str]:
    if paper.when:
        yield f"?{paper.when}"
    if paper.replaced_by is not None:
        yield from words_of_proof(paper.replaced_by)


def words_of_proof(proof: Proof) -> Iterator[str]:
    """References that a proof reads, and `?<predicate>`."""
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        yield from words_of_proof(child)
    yield from proof.has or ()
    for name in (proof.is_, proof.when):
        if name:
            yield f"?{name}"
    if proof.issued is not None:
        yield f"{proof.issued.owner}:issued_paper.papers"


def _chained(steps: list[Transform]) -> Callable[[object], object]:
    if not steps:
        return lambda value: value
    if len(steps) == 1:
        return steps[0]

    def convert(value: object) -> object:
        for step in steps:
            if value is None:
                return None
            value = step(value)
        return value

    return convert
