"""The typed form of `mappings/portals/*.yaml`: a portal's messages, field by field, in the order of its wire.

A field names its place in the canonical vocabulary (`gateway/domain/dossier.py`) and how its value is written. Both
ways follow from one line.
"""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateway.mapping.strict import AS_LIST, Mark, Strict, Title, WordList

#: a value that must stand at a path -> only then the field is written
Condition = dict[str, Annotated[tuple[str, ...], AS_LIST]]
#: what stands on the wire for a blank value
Blank = Literal["text", "null", "omit"]


def _json(text: object) -> object:
    """Messages in examples are JSON, as they are on the wire."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON", "write the message as it is sent, as JSON text (wire: |)") from None


WireJson = Annotated[dict[str, Any], BeforeValidator(_json)]


class OneOf(Strict):
    """One of several places of a value; it is read into the one that its form belongs to."""

    path: str
    #: form of the numbers that are read into this place; blank: none is
    like: Literal["", "personal_id", "old_id", "tax_code"] = ""


class WireField(Strict):
    """One member of a wire object: a value, a list (`each`), an object (`fields` alone), or a constant (`value`).

    A value without `path` has no place in the canonical vocabulary: it is kept in `more` under its wire name.
    """

    path: str = ""
    #: places of the value, in order of preference; never the only statement of the value
    first_of: tuple[OneOf, ...] = ()
    #: the field says again what another one says: it is read only where that one is blank
    repeats: bool = False
    codec: str = ""
    #: characters that the wire takes: a text is cut, a longer code is an error
    limit: int | None = Field(None, ge=4)
    codes: str | None = None
    #: profile of the mapping -> its code list
    codes_in: dict[str, str] = {}
    #: canonical words that this wire cannot say: to send one is an error
    without: WordList = ()
    #: path that keeps a foreign word without a meaning; the value itself is then `unknown`
    unknown: str = ""
    #: the wire does not take it blank
    required: bool = False
    #: but takes it blank where these hold
    excused: Condition = {}
    blank: Blank = "text"
    #: constant, as the codec writes it
    value: str | None = None
    #: written only when these hold; a list: only the items for which they hold
    when: Condition = {}
    #: path of the list whose items are the items here
    each: str = ""
    #: inside `each`: its items belong to the same canonical item (one paper of several files is several papers)
    spread: bool = False
    fields: "dict[str, FieldRuleOrPath]" = {}

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = {
            "path": self.path,
            "first_of": self.first_of,
            "value": self.value is not None,
            "each": self.each,
        }
        chosen = [word for word, given in forms.items() if given]
        if len(chosen) > 1 or (self.fields and chosen not in ([], ["each"])):
            raise ValueError(
                f"cannot have {' and '.join([*chosen, 'fields'][:2])} at once", "keep one of them"
            )
        if (self.each or self.spread) and not self.fields:
            raise ValueError("a list needs 'fields'", "write the members of an item under 'fields:'")
        return self


def _short(given: object) -> object:
    return {"path": given} if isinstance(given, str) else given


#: a field, or its path alone
FieldRuleOrPath = Annotated[WireField, BeforeValidator(_short)]
WireField.model_rebuild()


class MessageExample(Strict):
    """An example that runs as a test: the canonical message, and the same on the wire."""

    name: str
    canonical: dict[str, Any]
    #: JSON text, member by member as it is sent; also read back unless `reads` says what comes of it
    wire: WireJson
    #: `write`: the way back gives something else, as the facts demand; `read`: the wire leaves something out
    ways: Annotated[tuple[Literal["read", "write"], ...], AS_LIST] = ("read", "write")
    #: profile of the mapping
    profile: str = ""


class MessageRefusal(Strict):
    """An example of a message that cannot be written: the field that the error names."""

    name: str
    canonical: dict[str, Any]
    field: str


class SubmitterPaths(Strict):
    """Where number, name and the like of who files stand: the owner's, where both have the same number and name."""

    number: str = Field(min_length=1)
    name: str = ""
    birth_date: str = ""
    #: how to reach who files; put into the applicant where that is the same person
    phone: str = ""
    email: str = ""
    fax: str = ""


class MessageMapping(Strict):
    """One message of the portal."""

    title: Title
    mark: Mark = "seen"
    #: what it is in the canonical vocabulary
    carries: Literal["dossier", "progress", "status"]
    #: it carries only a part: nothing but what the wire has is read
    partial: bool = False
    #: the portal's own name of the operation; blank: it has none
    operation: str = ""
    #: members of `more` without a field here: sent too, or not
    passes: Literal["all", "declared"] = "all"
    #: canonical path -> its value in every message that is read
    sets: dict[str, str] = {}
    #: who files, where the owner is named apart
    submitter: SubmitterPaths | None = None
    fields: dict[str, FieldRuleOrPath] = Field(min_length=1)
    examples: tuple[MessageExample, ...] = Field(min_length=1)
    refused: tuple[MessageRefusal, ...] = ()


class PortalMapping(Strict):
    """`mappings/portals/<portal>.yaml`: from a portal's vocabulary to the canonical one, and back."""

    portal: str
    title: Title
    mark: Mark = "sandbox"
    #: variants of a portal's code lists; the portal's settings choose one
    profiles: WordList = ()
    messages: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], MessageMapping]
    notes: tuple[str, ...] = ()
