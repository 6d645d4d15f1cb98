"""The typed form of mapping files, `mappings/**/*.yaml`.

The language is closed: `path`, `codes`, `transform`, `else`, and for papers `all_of`, `any_of`, `when`. It has no
templates and no expressions; anything else needs a named transform.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.domain.access import Relation, WithoutNumber
from gateway.domain.evidence import Outcome
from gateway.domain.faults import near
from gateway.domain.parties import IDENTIFIER, SUBJECT_WORDS, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.date_transforms import DATES, DEFAULT_ZONE
from gateway.mapping.paper_rules import PaperRule, Predicate, WarningRule
from gateway.mapping.strict import AS_LIST, Mark, Strict, Title, WordList


def _subject_attribute(word: str) -> str:
    if word not in SUBJECT_WORDS and not word.startswith(IDENTIFIER):
        known = ", ".join(SUBJECT_WORDS)
        raise ValueError(f"a subject has no '{word}'", near(word, SUBJECT_WORDS, f"use one of {known}"))
    return word


def _query_value(word: str | None) -> str | None:
    head, _, attribute = (word or "").partition(".")
    if head in {"subject", "citizen"}:
        _subject_attribute(attribute)
    return word


#: a value of a query: `subject.<attribute>` must name an attribute of `Subject`, or `identifier.<kind>`
QueryValue = Annotated[str, AfterValidator(_query_value)]
SubjectAttribute = Annotated[str, AfterValidator(_subject_attribute)]


#: names in records: ASCII, as the leaves of the exchange log require
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]
FieldKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]{1,100}$")]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


# ---------------------------------------------------------------- mappings/sources/<source>.yaml


def _scalar(value: object) -> object:
    if isinstance(value, str | int | float):
        return value
    raise ValueError("must be one text, number, true or false", "write one of them; text in quotes")


#: sent as it stands; a number, true or false without quotes is one of JSON
Constant = Annotated[str | bool | int | float, BeforeValidator(_scalar)]


class RequestValue(Strict):
    """The value at one place of the provider's request: a constant or a value of the query.

    `from` is one of `call_id`, `procedure`, `purpose`, `dossier`, `result_codes`, `channel`, `subject.<attribute>`,
    `citizen.<attribute>`, `official.<attribute>`, `service.<parameter>` (of the data service in config/sources). A
    place with a blank value is left out, unless `blank` gives a value.
    """

    value: Constant | None = None
    from_: QueryValue | None = Field(None, alias="from")
    #: values of the query tried in order while the one before is blank
    else_: Annotated[tuple[QueryValue, ...], AS_LIST] = Field((), alias="else")
    codes: str | None = None
    transform: WordList = ()
    #: request profile of the source -> its transforms
    transform_in: dict[str, WordList] = {}
    blank: Constant | None = None
    #: sent only when the place named here was left out
    unless: str | None = None
    #: sent only in these request profiles of the source (empty: in all)
    profiles: WordList = ()


class AttributeRule(Strict):
    """The place of one evidence attribute in the provider's record, and its conversion."""

    path: str
    #: paths below `path`: their values, in this order, are one list for the transforms that read parts
    parts: WordList = ()
    codes: str | None = None
    transform: WordList = ()
    #: mark of this attribute, where it is known less well than its data service; answers have it too
    mark: Mark | None = None
    #: paths tried in order while the value is blank
    else_: WordList = Field((), alias="else")


def paths_of(rule: AttributeRule) -> list[str]:
    """Every path that the rule reads, from the record on."""
    bases = (rule.path, *rule.else_)
    if not rule.parts:
        return [*bases]
    return [below(base, part) for base in bases for part in rule.parts]


def is_dated(rule: AttributeRule) -> bool:
    """Whether the attribute is a date or a time in ISO form, which can be put in order."""
    return not rule.codes and bool(rule.transform) and rule.transform[-1] in DATES


def below(base: str, part: str) -> str:
    """The path of `part` from where `base` begins."""
    return f"{base}.{part}" if base and part and not part.startswith("[") else base + part


class Contradiction(Strict):
    """Parts of a record that may deny each other; where they do, nobody knows which is wrong (`answer_differs`)."""

    #: two paths (from the record), as the check reads them
    parts: WordList = Field(min_length=2, max_length=2)
    check: Literal["end_denies_state", "marriages_deny_state"]
    #: attributes that are in doubt then
    doubts: WordList = Field(min_length=1)


class UpdatedRule(Strict):
    """The place of the time of the provider's last change, and its conversion to RFC 3339."""

    path: str
    transform: WordList = ("time_iso",)


def _short(given: object) -> object:
    return ({"path": given} if given else None) if isinstance(given, str) else given


class EnvelopeRule(Strict):
    """The place of one text or number about the answer itself; below and above it is none."""

    path: str
    #: path (from the root) of the code that the text belongs to: where it is blank, the text counts as data
    beside: str = ""
    #: a number there counts no records (a page, a request); else only 0 says that nothing is there
    any_number: bool = False


def _short_list(given: object) -> object:
    return [_short(one) for one in (given if isinstance(given, list) else [given])]


class AnswerRule(Strict):
    """How to read an answer. Paths of attributes start at the record."""

    #: path of the record in the answer; a list there has one item at most
    record: str = ""
    #: the record may be one level lower, under an unknown name
    nested: bool = False
    #: path (from the record) that must not be blank, else the outcome is `absent`
    found_when: str = ""
    absent: Literal["not_found", "no_match"] = "not_found"
    #: meaning of an answer without members: by contract it may mean that there is no data
    empty: Literal["invalid", "absent"] = "invalid"
    #: paths (from the answer's root) that say nothing about the subject, and may have values where there is no data;
    #: or `path` with `beside`, `any_number`
    envelope: Annotated[tuple[EnvelopeRule, ...], BeforeValidator(_short_list)] = ()
    #: subject attribute -> path (from the record): compared with the subject of the query
    identity: dict[SubjectAttribute, str] = {}
    #: why answers cannot repeat whom they are about (yes or no; a paper by its code): then nothing is compared
    no_identity: str = ""
    #: attributes by which the request or the form says which of several records is meant
    tells_apart: WordList = ()
    #: the provider's own number of a person -> `<type>.<attribute>` of confirming sources that give the same number
    vouched: dict[str, WordList] = {}
    #: path (from the answer's root) of the provider's own status
    status: str = ""
    #: status value -> found, not_found, no_match, refused, unavailable, invalid; "*" for any other
    statuses: dict[str, Literal["found", "not_found", "no_match", "refused", "unavailable", "invalid"]] = {}
    #: path (from the answer's root) of the time of the provider's last change, in ISO 8601; or `path` with `transform`
    updated_at: Annotated[UpdatedRule | None, BeforeValidator(_short)] = None
    attributes: dict[Name, AttributeRule]
    #: parts of the record that may deny each other
    contradictions: tuple[Contradiction, ...] = ()


class ServiceExample(Strict):
    """An example that runs as a test: the request and answer on the wire, and the resulting evidence."""

    name: str
    #: subject of the query (attributes of `Subject`)
    subject: dict[str, Any] = {}
    #: `citizen_online`: the subject fills their own form, and no official asks
    channel: Literal["officer", "citizen_online"] = "officer"
    #: request profile of the source's settings
    profile: str | None = None
    #: `parameters` of the data service's settings
    parameters: dict[str, str] = {}
    #: expected request: place -> value (only these places are compared)
    request: dict[str, Any] = {}
    #: the provider's answer as plain data (SOAP: children of the answer element)
    answer: Any = None
    #: instead of `answer`: the members of a problem (RFC 9457)
    problem: dict[str, Any] | None = None
    #: instead of `answer`: the children of a SOAP fault
    fault: dict[str, Any] | None = None
    #: HTTP status of the answer, which has no body where nothing else is given; blank: that of a success
    status: int | None = Field(None, ge=200, le=599)
    outcome: Outcome = Outcome.FOUND
    #: expected reason of the outcome; compared where it is given
    reason: Reason | None = None
    #: expected code of the fault, where the source's tables (`faults`, `statuses`) have it; compared where it is given
    code: str | None = None
    #: expected attributes (all that are not blank)
    evidence: dict[str, Any] = {}
    #: attribute -> kind of doubt
    doubts: dict[str, str] = {}
    #: the provider's number, of a record under another name that other sources must confirm (`vouched`)
    unvouched: str = ""
    #: expected time of the provider's last change; compared where it is given
    updated_at: str | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [word for word in ("answer", "problem", "fault") if getattr(self, word) is not None]
        if len(given) > 1:
            raise ValueError(
                f"'{given[0]}' and '{given[1]}' are two bodies of one answer", "keep one of the two"
            )
        return self


class ServiceMapping(Strict):
    """One data service: its evidence, its request and its answer."""

    evidence: str
    mark: Mark = "seen"
    title: Title
    subjects: tuple[SubjectKind, ...] = Field(min_length=1)
    #: alternative sets of subject attributes, one of which must be complete (`[[personal_id, full_name], [old_id]]`)
    needs: tuple[tuple[SubjectAttribute, ...], ...] = ((),)
    #: whether it may be asked about a person without any number, where the agreement lets it: `fill`: such data fill
    #: fields in doubt and cut no paper; `cut`: they count as if a number had found them
    without_number: WithoutNumber = "no"
    request: dict[str, RequestValue]
    answer: AnswerRule
    examples: tuple[ServiceExample, ...] = Field(min_length=1)


class SourceMapping(Strict):
    """`mappings/sources/<source>.yaml`: from the provider's vocabulary to the evidence vocabulary."""

    #: places where an unquoted number, true or false is one of JSON
    typed: ClassVar[tuple[tuple[str, ...], ...]] = tuple(
        ("services", "*", "request", "*", word) for word in ("value", "blank")
    )
    source: str
    title: Title
    mark: Mark = "sandbox"
    #: IANA name of the zone of the provider's times: an epoch or a time becomes the day there
    time_zone: str = DEFAULT_ZONE
    #: request profiles of the provider; the source's settings choose one (`request_profile`)
    profiles: WordList = ()
    services: dict[Name, ServiceMapping]


# ------------------------------------------------------------- mappings/procedures/<code>.yaml


class Role(Strict):
    """A role of the procedure: its kinds of subject, and whether it signs in."""

    kind: Annotated[tuple[SubjectKind, ...], AS_LIST]
    title: Title | None = None
    signs_in: bool = False
    optional: bool = False
    many: bool = False
    #: newborns: the role through which the child is found
    through: str | None = None
    #: evidence that names the subject when the caller does not: `<role>:<type>.<attribute prefix>`
    found_in: str | None = None
    #: objects: the predicate `equal` of a person's number and the holders that the object's evidence names; where it is
    #: no, that evidence fills no field and cuts no paper
    held_by: str | None = None
    #: relation of this person to the applicant; default: the person who signs in is the applicant, all others are
    #: represented
    relation: Relation | None = None


class FieldRule(Strict):
    """One form field: the first reference that is not blank is used.

    A reference is `<role>:<evidence type>.<attribute>`, `account.<claim attribute>` or `input`. `agree`: a difference
    between the references is a dispute. `keep`: a list is cut to the people of this role.
    `leave_out`: a list is shown without the people of this role. `propose`: the values of all references are offered,
    and the citizen chooses one or types another; `propose_unless`: only where the request does not name this role;
    `propose_else`: only those of references after the first, unless the form says the thing that they speak of.
    `identifies`, `describes`: the thing (a head of household, a residence, a death) that the field is about.
    """

    title: Title | None = None
    from_: str = Field(alias="from")
    else_: WordList = Field((), alias="else")
    codes: str | None = None
    transform: WordList = ()
    agree: bool = False
    keep: str | None = None
    leave_out: str | None = None
    editable: bool = False
    #: the thing of the form (a person, a residence, a death) that this field tells from others: with another value in
    #: the form, fields of the same thing stay empty
    identifies: str | None = None
    #: the thing of the form about which this field says something
    describes: str | None = None
    propose: bool = False
    propose_unless: str | None = None
    propose_else: bool = False
    #: the applicant may ask for another value (a new address): it does not contradict the record
    change: bool = False
    #: entry of the record's list -> its new name (a class of a licence under a later law): the form may write either,
    #: and only some of the entries
    renamed: dict[str, str] = {}
    required: bool = False
    mark: Mark = "seen"


class FieldGroup(Strict):
    """`mappings/groups/<name>.yaml`: fields shared by several procedures; `{role}` is replaced by the role.

    Keys are suffixes; the use of the group gives the prefix.
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
    #: evidence types without a published scope; all others have one
    unpublished: WordList = ()
    account: dict[str, Any] = {}
    known: dict[str, Any] = {}
    #: form key -> value; keys with dots nest as in the answer
    form: dict[str, Any] = {}
    states: dict[str, str] = {}
    #: form key -> the values that are proposed, in their order
    proposed: dict[str, list[Any]] = {}
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
    #: related procedures with their own forms, for people
    related_codes: WordList = ()
    #: other codes of this procedure
    aliases: WordList = ()
    target: dict[str, str] = {}
    subjects: dict[RoleName, Role] = Field(min_length=1)
    #: permitted kinds of representation; None: any
    represented_by: WordList | None = None
    use: tuple[GroupUse, ...] = ()
    #: another procedure whose content this one includes
    include: str | None = None
    fields: dict[FieldKey, FieldRule] = {}
    predicates: dict[Name, Predicate] = {}
    papers: dict[Name, PaperRule] = {}
    warnings: dict[Name, WarningRule] = {}
    still_needed: tuple[Title, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[ProcedureExample, ...] = Field(min_length=1)
