"""The shape of an answer to a prefill (API.md, "Prefill"), written once.

The encoder, `/openapi.json`, and the readers (preview, release, signature) use these types. `around` gives the bytes
before and behind the members that are known later.
"""

from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import orjson

from gateway.domain.evidence import Outcome
from gateway.domain.reasons import Reason

CheckVerdict = Literal["same", "differs", "cannot_tell"]
FieldState = Literal[
    "filled", "empty", "not_applicable", "not_found", "unavailable", "withheld", "disputed", "kept"
]
PaperState = Literal["replaced", "reusable", "required", "digital_only", "not_applicable"]
#: how well an interface is known: read in code or a guide, from memory, or invented for the sandbox
Mark = Literal["seen", "memory", "sandbox"]
#: how well a legal basis is known: text read, read about in the press, known to exist, from memory; none: no text is
#: known
BasisMark = Literal["seen", "press", "exists", "memory", "none"]


#: kind of the doubt of values that are offered: the citizen chooses one or types another
PROPOSED = "proposed"


class ReasonEntry(TypedDict):
    """Why a field or a paper has its state."""

    code: Reason | str
    source: NotRequired[str]
    retry_in: NotRequired[int | None]
    condition: NotRequired[str | None]
    rule: NotRequired[str]


class CandidateEntry(TypedDict):
    """One of the possible values of a doubt."""

    value: Any
    evidence: str


class DoubtEntry(TypedDict):
    """Why a value is uncertain; `preferred` is the index of the candidate that was filled in, null where none was."""

    kind: str
    candidates: list[CandidateEntry]
    preferred: int | None
    rule: str


class FieldEntry(TypedDict):
    """One form field, with its value and its source."""

    state: FieldState
    value: Annotated[Any, "as the form's schema says"]
    original: NotRequired[
        Annotated[Any, "what the source wrote, where the form says it more readably (an address in capitals)"]
    ]
    evidence: str | None
    attribute: str | None
    editable: bool
    doubt: DoubtEntry | None
    reason: NotRequired[ReasonEntry | None]
    check: NotRequired[
        Annotated[
            CheckVerdict,
            "of a value that the portal holds: whether the sources say the same; theirs is not shown",
        ]
    ]


class DeclaredEntry(TypedDict):
    """When the person declared an attribute, until when it is valid, and the consent under which it is kept."""

    given_at: str
    valid_until: str
    consent: str


class LoginEntry(TypedDict):
    """The claims of an account that the login proves, and who proved them; the requester vouches for the others."""

    identity_provider: str
    title: str
    title_en: str
    attributes: list[str]


class EvidenceEntry(TypedDict):
    """One answer of a data service: the passport of all values that name it."""

    source: str
    data_service: str
    provider: str
    subject: str
    sandbox: bool
    mark: Mark
    fetched_at: str | None
    source_updated_at: str | None
    #: how long the gateway gives this answer again without asking (`valid_seconds`), or keeps own data
    valid_until: str | None
    legal_basis: str
    agreement: str | None
    published_scope: str | None
    attribute_marks: NotRequired[
        Annotated[Mapping[str, Mark], "attributes that are known worse than their service"]
    ]
    self_declared: NotRequired[Annotated[Literal[True], "declared by the person: no official evidence"]]
    declared: NotRequired[Mapping[str, DeclaredEntry]]
    login: NotRequired[
        Annotated[LoginEntry, "claims of an account: the identity provider that proved them at the login"]
    ]


class SourceEntry(TypedDict):
    """One planned query: what was asked, and the outcome."""

    source: str
    data_service: str
    subject: str
    mark: Mark
    call: str | None
    outcome: Outcome | str
    elapsed_ms: int
    cached: bool
    reason: NotRequired[Reason | str]
    retry_in: NotRequired[int | None]
    rule: NotRequired[str]


class SentenceEntry(TypedDict):
    """A sentence for people, Vietnamese first."""

    vi: str
    en: str


class ScopeEntry(TypedDict):
    """What the owner of a database published as usable instead of papers."""

    scope: str
    document: str
    published_on: str
    mark: Mark


class PaperEntry(TypedDict):
    """One paper that the procedure demands: whether data replace it, and why."""

    code: str
    title: str
    title_en: str
    state: PaperState
    mark: Mark
    legal_basis: str
    basis_mark: BasisMark
    by: NotRequired[Any]
    paper: NotRequired[Mapping[str, Any]]
    published_scope: NotRequired[str | None]
    published: NotRequired[ScopeEntry | None]
    reason: NotRequired[
        Annotated[
            ReasonEntry | None,
            "`proposed`: once the person accepts the proposed value, a prefill with it in `known` replaces the paper",
        ]
    ]
    advice: NotRequired[SentenceEntry]


class WarningEntry(TypedDict):
    """What blocks or endangers the filing; the gateway refuses nothing because of it."""

    code: str
    attribute: str | None
    evidence: str | None
    source: str | None
    sandbox: Annotated[bool, "the evidence that decided is of a sandbox service"]
    rule: str
    legal_basis: str
    basis_mark: BasisMark
    for_citizen: SentenceEntry
    for_official: SentenceEntry


class ProcedureEntry(TypedDict):
    """The procedure, and the version of its mapping."""

    code: str
    title: str
    title_en: str
    mapping_version: str


class SavedEntry(TypedDict):
    """How many fields were filled, and how many papers data replace."""

    fields: int
    papers: int


class PreviewEntry(TypedDict):
    """The answer is shown to the citizen only, until the citizen has decided."""

    shown_to: Literal["citizen"]
    decide_until: str
    #: evidence -> codes of the papers that become required when the citizen refuses it
    papers: dict[str, list[str]]


class DecisionEntry(TypedDict):
    """What the citizen decided about a preview."""

    accepted: list[str]
    refused: list[str]


class ReceiptEntry(TypedDict):
    """What the requester can redeem for a proof."""

    leaf_hash: str
    log: str


class PrefillAnswer(TypedDict):
    """The answer of `POST /v1/prefill`."""

    exchange_id: str
    procedure: ProcedureEntry
    form: dict[str, Any]
    fields: dict[str, FieldEntry]
    evidence: dict[str, EvidenceEntry]
    papers: list[PaperEntry]
    warnings: list[WarningEntry]
    sources: list[SourceEntry]
    saved: SavedEntry
    pending: str | None
    passport: Annotated[
        str | None, "SD-JWT (RFC 9901) over the filled fields and their evidence, where it was asked for"
    ]
    preview: Annotated[
        PreviewEntry | None, "shown to the citizen only: no value may be used before the decision"
    ]
    receipt: ReceiptEntry
    decision: NotRequired[DecisionEntry]


def around(known: Mapping[str, object], *later: str) -> tuple[bytes, ...]:
    """The JSON of an entry, cut at the values of the members `later`; `known` has all members in their order.

    The values of `later` are encoded between the pieces; in `known` they are None.
    """
    pieces, rest = [], orjson.dumps({**known, **dict.fromkeys(later, _LATER)})
    mark = orjson.dumps(_LATER)
    for _ in later:
        before, _, rest = rest.partition(mark)
        pieces.append(before)
    return (*pieces, rest)


_LATER = "\x00later"


def schema_of(shape: Any) -> dict[str, Any]:  # noqa: ANN401 -- any annotation
    """The JSON Schema (2020-12) of a type of this file, with its parts inline."""
    if get_origin(shape) is Annotated:
        inner, words = get_args(shape)
        return {**schema_of(inner), "description": words}
    if get_origin(shape) is NotRequired:
        return schema_of(get_args(shape)[0])
    if is_typeddict(shape):
        members = get_type_hints(shape, include_extras=True)
        properties = {name: schema_of(member) for name, member in members.items()}
        required = [name for name in members if name in shape.__required_keys__]
        return {"type": "object", "required": required, "properties": properties}
    return _plain_schema(shape)


def _plain_schema(shape: Any) -> dict[str, Any]:  # noqa: ANN401 -- any annotation
    if shape in _TYPES:
        return dict(_TYPES[shape])
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Literal:
        return {"const": inner[0]} if len(inner) == 1 else {"enum": [*inner]}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": True if inner[1] is Any else schema_of(inner[1])}
    assert origin is Union or len(inner) > 1
    return _one_of(inner)


def _one_of(kinds: tuple[Any, ...]) -> dict[str, Any]:
    """A closed list of words, a type or null, or one of several."""
    closed = next((kind for kind in kinds if kind in (Reason, Outcome)), None)
    if closed is not None:
        return {"enum": [*map(str, closed)]}
    first, *_ = (schema_of(kind) for kind in kinds if kind is not type(None))
    if set(first) == {"type"}:
        return {"type": [first["type"], "null"]}
    return {"anyOf": [first, {"type": "null"}]}


_TYPES: Mapping[Any, Mapping[str, Any]] = {
    Any: {},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
}
