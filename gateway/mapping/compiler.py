"""Compiles procedure mappings: references, code lists and transforms become functions, or faults with file and line.

Included files are compiled too; each fault names the file that has it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from gateway.config.strict_yaml import Document, Loc
from gateway.domain.faults import Faults, near
from gateway.mapping.codes import Codes
from gateway.mapping.cuts import Objects, cut_faults
from gateway.mapping.form_transforms import form_transforms
from gateway.mapping.model import FieldGroup, FieldRule, ProcedureMapping, Role
from gateway.mapping.paper_rules import PaperRule, Predicate, Proof
from gateway.mapping.procedure import DECLARED, Field, Procedure, Ref, described, living
from gateway.mapping.schema_checks import Fits, FormChecks
from gateway.mapping.transforms import Transform, Unreadable, text

#: required attributes of evidence about a person whom other evidence names
_FOUND = ("personal_id", "full_name")
Chain = list[tuple[ProcedureMapping, Document]]


class Unknown(ValueError):
    """A reference that names nothing: what, the remedy, and the files that were searched."""

    def __init__(self, what: str, remedy: str, *rests_on: str) -> None:
        """Arguments in the order of `Document.problem`."""
        super().__init__(what, remedy, *rests_on)


class Compiler:
    """Compiles written mappings to procedures; every fault goes to `faults`."""

    def __init__(
        self,
        mappings: Mapping[str, tuple[ProcedureMapping, Document]],
        groups: Mapping[str, FieldGroup],
        codes: Codes,
        attributes: Mapping[str, frozenset[str]],
        objects: Objects,
        faults: Faults,
    ) -> None:
        """`attributes`: evidence type -> names that `schemas/evidence` declares.

        `objects`: evidence type -> prefix of attributes about an object -> attributes that identify the object
        (`x-object`).
        """
        self._objects = objects
        self._mappings = mappings
        self._groups = groups
        self._codes = codes
        self._attributes = attributes
        self._transforms = form_transforms(codes)
        self._checks = FormChecks()
        self._faults = faults

    def compile(self, code: str, form: Mapping[str, object]) -> Procedure | None:
        """The procedure with its included files; None when it cannot be compiled."""
        chain = self._chain(code)
        if chain is None:
            self._faults.unread.add(f"mappings/procedures/{code}.yaml")
            return None
        mapping, _ = chain[-1]
        roles = {name: role for one, _ in chain for name, role in one.subjects.items()}
        signs_in = next((name for name, role in roles.items() if role.signs_in), next(iter(roles), ""))
        fields: dict[str, Field] = {}
        for one, document in chain:
            for key, rule, loc in self._rules(one, document):
                takes = self._checks.of(described(form, key))
                fields[key] = self._field(key, rule, roles, signs_in, document, loc, takes)
        procedure = Procedure(
            code, mapping.name, mapping.title, mapping.version, mapping.purpose, roles, signs_in,
            tuple(fields.values()),
            {**living(roles), **{name: p for one, _ in chain for name, p in one.predicates.items()}},
            {name: p for one, _ in chain for name, p in one.papers.items()}, mapping, form,
            {name: w for one, _ in chain for name, w in one.warnings.items()},
        )  # fmt: skip
        for one, document in chain:
            self._check(procedure, one, document)
        self._check_demands(procedure, chain)
        self._check_signing(procedure, chain[-1][1])
        for one, document in chain:
            self._faults.add(document.problem(*fault) for fault in cut_faults(one, procedure, self._objects))
        return procedure

    def _chain(self, code: str, outer: tuple[str, ...] = ()) -> Chain | None:
        mapping, document = self._mappings[code]
        if mapping.include is None:
            return [(mapping, document)]
        if mapping.include in self._mappings and mapping.include not in (*outer, code):
            before = self._chain(mapping.include, (*outer, code))
            return None if before is None else [*before, (mapping, document)]
        if mapping.include in self._mappings:
            what, remedy = f"include: {mapping.include} leads back to {code}", "take one 'include' out"
            self._faults.add([document.problem(("include",), what, remedy)])
        else:
            what, file = (
                f"include: there is no procedure {mapping.include}",
                f"mappings/procedures/{mapping.include}.yaml",
            )
            self._faults.add(
                [document.problem(("include",), what, "name a code in mappings/procedures", file)]
            )
        return None

    def _rules(self, one: ProcedureMapping, document: Document) -> Iterator[tuple[str, FieldRule, Loc]]:
        for index, use in enumerate(one.use):
            group = self._groups.get(use.group)
            if group is None:
                what = f"there is no field group '{use.group}'"
                remedy = near(use.group, self._groups, f"use one of {', '.join(sorted(self._groups))}")
                file = f"mappings/groups/{use.group}.yaml"
                self._faults.add([document.problem(("use", index, "group"), what, remedy, file)])
                continue
            for suffix, rule in group.fields.items():
                filled = rule.model_copy(
                    update={
                        "from_": rule.from_.replace("{role}", use.role),
                        "else_": tuple(word.replace("{role}", use.role) for word in rule.else_),
                        "identifies": rule.identifies and use.prefix + rule.identifies,
                        "describes": rule.describes and use.prefix + rule.describes,
                    }
                )
                yield use.prefix + suffix, filled, ("use", index)
        for key, rule in one.fields.items():
            yield key, rule, ("fields", key)

    def _field(
        self,
        key: str,
        rule: FieldRule,
        roles: Mapping[str, Role],
        signs_in: str,
        document: Document,
        loc: Loc,
        takes: Fits,
    ) -> Field:
        refs = []
        for side, word in (("from", rule.from_), *(("else", word) for word in rule.else_)):
            if word == "input":
                continue
            try:
                refs.append(self.ref(word, roles, signs_in))
            except Unknown as error:
                what, *more = error.args
                self._faults.add([document.problem((*loc, side), f"field '{key}': {what}", *more)])
        convert = self._convert(key, rule, document, loc)
        one_of = self._codes.one_of.get(rule.codes or "", {})
        values = {code: tuple(map(convert, codes)) for code, codes in one_of.items()} if convert else {}
        return Field(key, rule, tuple(refs), convert, takes, values)

    def _convert(
        self, key: str, rule: FieldRule, document: Document, loc: Loc
    ) -> Callable[[object], object] | None:
        for at, what, *more in self.conversion_faults(rule):
            self._faults.add([document.problem((*loc, at), f"field '{key}': {what}", *more)])
        steps: list[Transform] = [
            self._transforms[word] for word in rule.transform if word in self._transforms
        ]
        if (table := self._codes.lists.get(rule.codes or "")) is not None:
            steps.insert(0, lambda value: table.get(text(value) or ""))
        return _chained(steps)

    def conversion_faults(self, rule: FieldRule) -> Iterator[tuple[str, ...]]:
        """Word of the rule, what is wrong with it, remedy, searched files."""
        if rule.codes is not None and rule.codes not in self._codes.lists:
            what = f"code list '{rule.codes}' does not exist"
            remedy = near(rule.codes, self._codes.lists, f"add mappings/codes/{rule.codes}.yaml")
            yield "codes", what, remedy, f"mappings/codes/{rule.codes}.yaml"
        for word in rule.transform:
            if word not in self._transforms:
                remedy = near(word, self._transforms, f"use one of {', '.join(sorted(self._transforms))}")
                yield "transform", f"transform '{word}' does not exist", remedy

    def ref(self, word: str, roles: Iterable[str], signs_in: str) -> Ref:
        """The reference that `word` writes. Raises Unknown when it names nothing."""
        role, colon, rest = word.partition(":")
        if not colon:
            role, rest = signs_in, word
        evidence, _, attribute = rest.partition(".")
        if colon:
            _known_role(word, role, roles)
        file = f"schemas/evidence/{evidence}.schema.json"
        if evidence not in self._attributes:
            remedy = near(evidence, self._attributes, f"add {file}")
            raise Unknown(f"'{word}' names no evidence type of schemas/evidence", remedy, file)
        if attribute not in self._attributes[evidence]:
            remedy = near(attribute, self._attributes[evidence], f"declare it in {file}")
            raise Unknown(f"'{word}' names no attribute of {file}", remedy, file)
        return Ref(role, evidence, attribute)

    def _check(self, procedure: Procedure, one: ProcedureMapping, document: Document) -> None:
        """Checks the roles, predicates and papers of a file."""
        named = [
            *(
                (("subjects", name, at), word)
                for name, role in one.subjects.items()
                for at, word in _found(role)
            ),
            *((("predicates", *loc), word) for loc, word in _predicates(one)),
            *(
                (("papers", *loc), word)
                for name, paper in one.papers.items()
                for loc, word in _words(name, paper)
            ),
            *((("warnings", name, "when"), f"?{rule.when}") for name, rule in one.warnings.items()),
        ]
        for loc, word in named:
            try:
                self._check_word(word, procedure)
            except Unknown as error:
                what, *more = error.args
                self._faults.add([document.problem(loc, what, *more)])

    def _check_word(self, word: str, procedure: Procedure) -> None:
        kind, name = word[:1], word[1:]
        if kind in "?=<":
            _check_predicate(kind, name, procedure.predicates)
        elif kind == "@":
            _known_role(name, name, procedure.roles)
        elif kind == "~":
            for attribute in _FOUND:
                self.ref(f"{name}.{attribute}", procedure.roles, procedure.signs_in)
        elif self.ref(word, procedure.roles, procedure.signs_in).evidence == DECLARED:
            what = f"'{word}' is what a person declared himself: it decides no paper"
            raise Unknown(what, "rest papers and predicates on official evidence")

    def _check_demands(self, procedure: Procedure, chain: Chain) -> None:
        """Fields that the form requires; skipped when a group of fields is missing."""
        groups = [use.group for one, _ in chain for use in one.use]
        required = procedure.form.get("required", ())
        if not isinstance(required, list) or not all(name in self._groups for name in groups):
            return
        keys = {field.names[0] for field in procedure.fields}
        for key in required:
            if key not in keys:
                what = f"the form demands '{key}', which the mapping drops"
                remedy = f"add a field '{key}' (from: input)"
                self._faults.add([chain[-1][1].problem(("fields",), what, remedy)])

    def _check_signing(self, procedure: Procedure, document: Document) -> None:
        """One account signs in at a time: with two roles, the owner of its claims would be unknown."""
        signing = [name for name, role in procedure.roles.items() if role.signs_in]
        if len(signing) > 1:
            what = f"{' and '.join(signing)} both sign in"
            self._faults.add([document.problem(("subjects",), what, "leave 'signs_in' at one of them")])


def _check_predicate(kind: str, name: str, predicates: Mapping[str, Predicate]) -> None:
    """The name of a predicate; `=`: one that another is made of, `<`: one that compares holders."""
    if name not in predicates:
        remedy = near(name, predicates, "add it under 'predicates'")
        raise Unknown(f"the predicate '{name}' does not exist", remedy)
    if kind == "=" and _leads_back(name, predicates):
        raise Unknown(f"'{name}' is made of itself", "take it out of the predicates that it names")
    if kind == "<" and predicates[name].equal is None:
        remedy = "write it as 'equal: [user:person.personal_id, parcel:land_parcel.owner_ids]'"
        raise Unknown(f"the predicate '{name}' compares no holders", remedy)


def _known_role(word: str, role: str, roles: Iterable[str]) -> None:
    if role not in roles:
        remedy = near(role, roles, f"use one of {', '.join(sorted(roles))}")
        raise Unknown(f"'{word}' names the role '{role}', which the procedure does not have", remedy)


def _found(role: Role) -> Iterator[tuple[str, str]]:
    """How a role's subject is found: through a role, `@<role>`, or in evidence that names a person, `~<prefix>`.

    And who holds it: `<<predicate>`.
    """
    if role.through is not None:
        yield "through", f"@{role.through}"
    if role.found_in is not None:
        yield "found_in", f"~{role.found_in}"
    if role.held_by is not None:
        yield "held_by", f"<{role.held_by}"


def _leads_back(name: str, predicates: Mapping[str, Predicate]) -> bool:
    """Whether a predicate depends on itself, directly or through others."""
    seen: set[str] = set()
    left = [*predicates[name].others]
    while left:
        other = left.pop()
        if other == name:
            return True
        if other in predicates and other not in seen:
            seen.add(other)
            left += predicates[other].others
    return False


def _predicates(one: ProcedureMapping) -> Iterator[tuple[Loc, str]]:
    for name, predicate in one.predicates.items():
        for at in ("attribute", "younger_than", "until"):
            if word := getattr(predicate, at):
                yield (name, at), word
        yield from (((name, "equal"), word) for word in predicate.equal or ())
        yield from (((name, "same_person"), f"@{role}") for role in predicate.same_person or ())
        yield from (((name, "agree"), word) for word in predicate.agree)
        if predicate.role_given is not None:
            yield (name, "role_given"), f"@{predicate.role_given}"
        yield from (((name, "said_by"), f"={word}") for word in predicate.said_by)
        if predicate.not_ is not None:
            yield (name, "not"), f"={predicate.not_}"


def _words(name: str, paper: PaperRule) -> Iterator[tuple[Loc, str]]:
    if paper.when:
        yield (name, "when"), f"?{paper.when}"
    if paper.replaced_by is not None:
        yield from _of_proof(paper.replaced_by, (name, "replaced_by"))


def _of_proof(proof: Proof, loc: Loc) -> Iterator[tuple[Loc, str]]:
    for side in ("all_of", "any_of"):
        for index, child in enumerate(getattr(proof, side) or ()):
            yield from _of_proof(child, (*loc, side, index))
    yield from (((*loc, "has"), word) for word in proof.has or ())
    if proof.when:
        yield (*loc, "when"), f"?{proof.when}"
    if proof.about is not None:
        yield (*loc, "about"), f"@{proof.about}"
    yield from (((*loc, "in_force"), f"?{name}") for name in proof.guards)
    yield from (((*loc, "conclusion"), f"?{name}") for name in proof.concludes)
    for word, places in proof.bound.items():
        yield from (((*loc, "same", word), one) for one in (word, *places) if ":" in one)


def _chained(steps: list[Transform]) -> Callable[[object], object] | None:
    """The composed steps; an unreadable value is blank in the form. None: there are no steps."""
    if not steps:
        return None

    def convert(value: object) -> object:
        try:
            for step in steps:
                if value is None:
                    return None
                value = step(value)
        except Unreadable:
            return None
        return value

    return convert
