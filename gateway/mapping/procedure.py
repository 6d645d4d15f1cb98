"""A compiled procedure mapping: form fields, predicates and papers over references to evidence.

References are `<role>:<evidence>.<attribute>`, `account.<attribute>` (claims of the person who signs in) or `input`.
"""

import copy
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field

import jsonschema_rs
import orjson

from gateway.domain.parties import SubjectKind
from gateway.mapping.answer import ProcedureEntry
from gateway.mapping.form_transforms import CONSTANTS, REWRITING
from gateway.mapping.model import FieldRule, ProcedureMapping, Role
from gateway.mapping.paper_rules import PaperRule, Predicate, Proof, WarningRule
from gateway.mapping.schema_checks import Fits
from gateway.mapping.strict import Title
from gateway.mapping.transforms import Unreadable, date_vn

ACCOUNT = "account"
#: in `same`: a value in the form, typed or filled; a typed value only
FORM, TYPED = "form.", "typed."
#: in `same`: the code of the request's dossier
DOSSIER = "request.dossier"
#: evidence type of own data: declared by the person
DECLARED = "own_data"
#: data service and attribute that stand for kept papers: agreed and consented to, and no field reads them
KEPT_PAPERS = (f"{DECLARED}.kept", "papers")
#: evidence only about the person who signs in
_OWN = frozenset({ACCOUNT, DECLARED})


@dataclass(frozen=True, slots=True)
class Ref:
    """One attribute of the evidence about one role."""

    role: str
    evidence: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.evidence}.{self.attribute}"


def role_of(name: str) -> str:
    """The declared role of `<role>` or `<role>#2`: one of several subjects of a role."""
    return name.partition("#")[0]


class Field:
    """One form field."""

    __slots__ = (
        "agree",
        "constant",
        "convert",
        "editable",
        "identifies",
        "keep",
        "key",
        "leave_out",
        "names",
        "one_of",
        "proposes",
        "proposes_else",
        "reads_all",
        "refs",
        "rewrites",
        "rule",
        "takes",
        "thing",
        "title",
        "translates",
    )

    def __init__(
        self,
        key: str,
        rule: FieldRule,
        refs: tuple[Ref, ...],
        convert: Callable[[object], object] | None,
        takes: Fits,
        one_of: Mapping[str, tuple[object, ...]] | None = None,
    ) -> None:
        """`refs` are tried in order; the citizen fills a field without any. `convert` None: unchanged."""
        self.key = key
        self.names = tuple(key.split("."))
        self.refs = refs
        self.rule = rule
        self.convert = convert
        #: whether the form accepts a value here
        self.takes = takes
        #: evidence value without a value of the form -> the form's values of which one is the case
        self.one_of = one_of or {}
        self.agree = rule.agree and len(refs) > 1
        #: the role to whose subjects a list of people is cut
        self.keep = rule.keep
        #: the role whose subjects a list of people is shown without
        self.leave_out = rule.leave_out
        #: the thing of the form to which the field belongs
        self.thing = rule.identifies or rule.describes
        self.identifies = rule.identifies is not None
        #: the only value that a source can give it
        self.constant = CONSTANTS.get(rule.transform[-1]) if rule.transform else None
        #: whether its values are offered, for the citizen to choose one or to type another
        self.proposes = rule.propose or rule.propose_unless is not None
        #: whether references after the first only offer their values
        self.proposes_else = rule.propose_else
        #: whether each reference is read, because their values may differ
        self.reads_all = self.agree or self.proposes
        self.editable = rule.editable or self.proposes or not refs
        self.title = rule.title
        self.translates = rule.codes is not None
        #: whether the form's value may be more readable than the source's
        self.rewrites = not REWRITING.isdisjoint(rule.transform)

    def converted(self, value: object) -> object:
        """The form's value of an evidence value; None: blank, unreadable, or refused by the form."""
        found = self.written(value)
        return found if found is not None and self.takes(found) else None

    def refuses(self, value: object) -> bool:
        """Whether the form has words for an evidence value, but refuses them."""
        found = self.written(value)
        return found is not None and not self.takes(found)

    def written(self, value: object) -> object:
        """The form's value, accepted or not; None: blank, unreadable, or not expressible in JSON."""
        found = value if self.convert is None else self.convert(value)
        try:
            return None if orjson.dumps(found) == b"null" else found
        except TypeError:
            return None

    def where(self, named: Container[str]) -> "Field":
        """The field for a request that names these roles: about a role that it names, it proposes nothing."""
        if self.rule.propose_unless not in named:
            return self
        decided = copy.copy(self)
        decided.proposes, decided.reads_all = False, self.agree
        return decided

    def of_known_thing(self) -> "Field":
        """The field where the form says of which thing it is: what speaks of that thing fills it."""
        decided = copy.copy(self)
        decided.proposes_else = False
        return decided

    def refs_where(self, own: frozenset[str]) -> tuple[Ref, ...]:
        """The references for a field where these roles sign in: account and own data count for those roles only."""
        return tuple(ref for ref in self.refs if ref.evidence not in _OWN or ref.role in own)


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
    warnings: Mapping[str, WarningRule] = field(default_factory=dict)

    def named(self) -> ProcedureEntry:
        """The procedure entry of an answer."""
        title = self.title
        return {
            "code": self.code, "title": title.vi, "title_en": title.en, "mapping_version": self.version,
        }  # fmt: skip

    def accepts(self, key: str, value: object) -> bool:
        """Whether the e-form's schema accepts this value at this key; a key without a schema accepts any."""
        schema = self.described(key)
        if schema is None:
            return True
        dated = schema.get("x-format") == "date-vn-partial"
        return jsonschema_rs.is_valid(dict(schema), value) and not (dated and _is_no_day(value))

    def described(self, key: str) -> Mapping[str, object] | None:
        """The e-form's schema of this key; None when there is none."""
        return described(self.form, key)


def described(form: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    """The schema of a key, whose dots nest objects; None when there is none."""
    schema: object = form
    for name in key.split("."):
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        schema = properties.get(name) if isinstance(properties, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def _is_no_day(value: object) -> bool:
    """Whether a text in date format is no date (`99/99/9999`)."""
    try:
        return isinstance(value, str) and date_vn(value) is None
    except Unreadable:
        return True


#: what makes two roles one person
SAME_PERSON = ("personal_id", "full_name", "birth_date")


def refs_of_predicate(predicate: Predicate) -> tuple[str, ...]:
    """References that a predicate reads itself."""
    two = reversed(predicate.same_person or ())
    named = (
        *(f"{role}:person.{name}" for role in two for name in SAME_PERSON),
        predicate.attribute, *predicate.agree, *(predicate.equal or ()), predicate.younger_than, predicate.until,
    )  # fmt: skip
    return tuple(word for word in named if word)


def leaves(proof: Proof) -> Iterator[Proof]:
    """The parts of a proof that name evidence."""
    if proof.is_leaf:
        yield proof
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        yield from leaves(child)


def conditions(proof: Proof) -> Iterator[str]:
    """The predicates of a proof."""
    yield from filter(None, (proof.when,))
    yield from (*proof.guards, *proof.concludes)
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        yield from conditions(child)


def stored(leaf: Proof) -> str:
    """The reference to the papers of the store that a leaf names."""
    return f"{leaf.about}:issued_paper.papers"


def evidence_of(leaf: Proof) -> Iterator[str]:
    """References of a leaf: required attributes, and the objects on both sides of `same`."""
    yield from leaf.has or ()
    if leaf.issued is not None:
        yield stored(leaf)
    for word, places in leaf.bound.items():
        yield from (one for one in (word, *places) if ":" in one)


def living(roles: Mapping[str, Role]) -> dict[str, Predicate]:
    """`<role>_alive` of every person. A missing person (mất tích) does not count as alive."""
    people = (name for name, one in roles.items() if SubjectKind.PERSON in one.kind)
    return {
        f"{role}_alive": Predicate.model_validate(
            {"attribute": f"{role}:person.life_status", "yes": ["alive"], "no": ["dead", "missing"]}
        )
        for role in people
    }
