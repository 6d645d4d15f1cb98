"""How mapping files are written: the typed form of `mappings/**/*.yaml`.

The language is closed: `path`, `codes`, `transform`, `else`, and for papers `all_of`, `any_of`, `when`.
There are no templates and no expressions; what does not fit becomes a named transform.
"""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateway.domain.access import Relation
from gateway.domain.evidence import Outcome
from gateway.domain.faults import near
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.paper_rules import PaperRule, Predicate, WarningRule
from gateway.mapping.strict import AS_LIST, Mark, Strict, Title, Words


def _subject_attribute(word: str) -> str:
    known = [one.name for one in fields(Subject)]
    if word not in known:
        raise ValueError(f"a subject has no '{word}'", near(word, known, f"use one of {', '.join(known)}"))
    return word


def _query_value(word: str | None) -> str | None:
    head, _, attribute = (word or "").partition(".")
    if head in {"subject", "citizen"}:
        _subject_attribute(attribute)
    return word


#: a value of a query: `subject.<attribute>` must name an attribute of `Subject`
QueryValue = Annotated[str, AfterValidator(_query_value)]
SubjectAttribute = Annotated[str, AfterValidator(_subject_attribute)]


#: names that records keep: ASCII, as the leaves of the exchange log demand
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
FieldKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]{1,100}$")]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


# ---------------------------------------------------------------- mappings/sources/<source>.yaml


class RequestValue(Strict):
    """What stands at one place of the provider's request: a constant or a value of the query.

    `from` is one of `call_id`, `procedure`, `purpose`, `dossier`, `result_codes`, `channel`, `subject.<attribute>`,
    `citizen.<attribute>`, `official.<attribute>`, `service.<parameter>` (of the data service in config/sources).
    A place whose value is blank is left out, unless `blank` says what to write.
    """

    value: str | None = None
    from_: QueryValue | None = Field(None, alias="from")
    #: values of the query tried in order while the one before is blank
    else_: Annotated[tuple[QueryValue, ...], AS_LIST] = Field((), alias="else")
    codes: str | None = None
    transform: Words = ()
    #: request profile of the source -> the transforms that stand there instead
    transform_in: dict[str, Words] = {}
    blank: str | None = None
    #: only when the place named here was left out
    unless: str | None = None
    #: only in these request profiles of the source (empty: in all)
    profiles: Words = ()


class AttributeRule(Strict):
    """Where one evidence attribute stands in the provider's record, and how it becomes ours."""

    path: str
    codes: str | None = None
    transform: Words = ()
    #: of the attribute alone, where it is known worse than its data service; answers say it too
    mark: Mark | None = None
    #: paths tried in order while the value is blank
    else_: Words = Field((), alias="else")


class AnswerRule(Strict):
    """How to read an answer. Paths of attributes start at the record."""

    #: path of the record inside the answer; a list there must hold one item at most
    record: str = ""
    #: the record may stand one level lower, under a name that is not known
    nested: bool = False
    #: path (from the record) that must not be blank, else the outcome is `absent`
    found_when: str = ""
    absent: Literal["not_found", "no_match"] = "not_found"
    #: what an answer without any member is: the contract may say that nothing is held so
    empty: Literal["invalid", "absent"] = "invalid"
    #: subject attribute -> path (from the record): what comes back must be about whom we asked
    identity: dict[SubjectAttribute, str] = {}
    #: of a record that may be one of several: the attributes by which the request or the form says which is meant
    tells_apart: Words = ()
    #: number that the provider gives people -> `<type>.<attribute>` by which others, sure of the person, name it too
    vouched: dict[str, Words] = {}
    #: path (from the answer's root) of the provider's own status, and its value table
    status: str = ""
    #: status value -> found, not_found, no_match, refused, unavailable, invalid; "*" for any other
    statuses: dict[str, Literal["found", "not_found", "no_match", "refused", "unavailable", "invalid"]] = {}
    #: path (from the answer's root) of the time when the provider last changed the data
    updated_at: str = ""
    attributes: dict[Name, AttributeRule]


class ServiceExample(Strict):
    """An example that runs as a test: what is asked and answered on the wire, and the evidence it becomes."""

    name: str
    #: subject of the query (attributes of `Subject`)
    subject: dict[str, Any] = {}
    #: expected request: place -> value (only the places named here are compared)
    request: dict[str, Any] = {}
    #: the provider's answer as plain data (for SOAP: children of the answer element)
    answer: Any = None
    outcome: Outcome = Outcome.FOUND
    #: expected attributes (all that are not blank)
    evidence: dict[str, Any] = {}
    #: attribute -> kind of doubt
    doubts: dict[str, str] = {}


class ServiceMapping(Strict):
    """One data service: which evidence it gives, what to send, how to read the answer."""

    evidence: str
    mark: Mark = "seen"
    title: Title
    subjects: tuple[SubjectKind, ...] = Field(min_length=1)
    #: alternatives of subject attributes, one of which must be complete (`[[personal_id, full_name], [old_id]]`)
    needs: tuple[tuple[SubjectAttribute, ...], ...] = ((),)
    request: dict[str, RequestValue]
    answer: AnswerRule
    examples: tuple[ServiceExample, ...] = Field(min_length=1)


class SourceMapping(Strict):
    """`mappings/sources/<source>.yaml`: from the provider's words to the evidence vocabulary."""

    source: str
    title: Title
    mark: Mark = "sandbox"
    #: ways in which the provider wants its requests; the source's settings choose one (`request_profile`)
    profiles: Words = ()
    services: dict[Name, ServiceMapping]


# ------------------------------------------------------------- mappings/procedures/<code>.yaml


class Role(Strict):
    """A role of the procedure: which kinds of subject it takes, and whether it signs in."""

    kind: Annotated[tuple[SubjectKind, ...], AS_LIST]
    title: Title | None = None
    signs_in: bool = False
    optional: bool = False
    many: bool = False
    #: newborns: the role through whom the child is found
    through: str | None = None
    #: found in evidence when the caller does not give it: `<role>:<type>.<attribute prefix>`
    found_in: str | None = None
    #: how this person is related to the applicant; default: who signs in is the applicant, all others are represented
    relation: Relation | None = None


class FieldRule(Strict):
    """One form field: the first reference that is not blank wins.

    A reference is `<role>:<evidence type>.<attribute>`, `account.<claim attribute>` or `input`.
    `agree`: a difference between the references is a dispute. `keep`: of a list, only the people of this role.
    """

    title: Title | None = None
    from_: str = Field(alias="from")
    else_: Words = Field((), alias="else")
    codes: str | None = None
    transform: Words = ()
    agree: bool = False
    keep: str | None = None
    editable: bool = False
    #: proposed to the citizen, never decided for him
    propose: bool = False
    required: bool = False
    mark: Mark = "seen"


class FieldGroup(Strict):
    """`mappings/groups/<name>.yaml`: fields shared by several procedures; `{role}` stands for the role.

    Keys are suffixes; the use gives the prefix.
    """

    group: str
    fields: dict[FieldKey, FieldRule]


class GroupUse(Strict):
    """Use of a field group under a prefix, for one role."""

    group: str
    prefix: str = Field("", pattern=r"^[A-Za-z0-9_.]{0,60}$")
    role: str


class ProcedureExample(Strict):
    """An example that runs as a test: evidence in, form and papers out."""

    name: str
    subjects: dict[str, dict[str, Any]]
    #: `<role>:<type>` -> attributes, or the name of an outcome
    evidence: dict[str, Any] = {}
    dossier: str | None = None
    #: evidence types whose owner has not published that they may stand for papers; all others are published
    unpublished: Words = ()
    account: dict[str, Any] = {}
    known: dict[str, Any] = {}
    #: form key -> value; keys with dots nest as in the answer
    form: dict[str, Any] = {}
    states: dict[str, str] = {}
    papers: dict[str, str] = {}


class ProcedureMapping(Strict):
    """`mappings/procedures/<code>.yaml`: from the evidence vocabulary to one e-form and its papers."""

    procedure: str = Field(pattern=r"^[0-9]\.[0-9]{6}$")
    name: str
    title: Title
    version: str
    mark: Mark = "sandbox"
    level: str = ""
    purpose: str
    #: other procedures, for people; they have forms of their own
    related_codes: Words = ()
    #: other codes of this very procedure
    aliases: Words = ()
    target: dict[str, str] = {}
    subjects: dict[RoleName, Role] = Field(min_length=1)
    #: kinds of representation under which it may be filed; None: under any
    represented_by: Words | None = None
    use: tuple[GroupUse, ...] = ()
    #: another procedure, of which everything is taken first
    include: str | None = None
    fields: dict[FieldKey, FieldRule] = {}
    predicates: dict[Name, Predicate] = {}
    papers: dict[Name, PaperRule] = {}
    warnings: dict[Name, WarningRule] = {}
    still_needed: tuple[Title, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[ProcedureExample, ...] = Field(min_length=1)
