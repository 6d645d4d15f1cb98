"""Claims of an identity provider -> the account that signed in: `mappings/logins/*.yaml` (national-portal.md B.3).

Promises: a claim that the mapping does not name is not read; a value that breaks the grammar of the domain is left out,
a personal id or an account of a wrong form refuses the login. No error holds a value.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from gateway.config.strict_yaml import Loc
from gateway.domain.dates import PartialDate, legal_day
from gateway.domain.faults import near
from gateway.domain.identifiers import is_old_id, is_personal_id, is_tax_code
from gateway.domain.login import AccountKind, Identity, LoginReason, StaffRole
from gateway.domain.signs import hides
from gateway.mapping.codes import Codes
from gateway.mapping.model import AttributeRule
from gateway.mapping.paths import Getter, compile_path
from gateway.mapping.records import provider_transforms
from gateway.mapping.strict import AS_LIST, Mark, Strict, Title, WordList
from gateway.mapping.transforms import Doubtful, Transform
from gateway.mapping.values import Attribute, ValueStep

#: what is read of an account
LoginField = Literal[
    "kind", "account", "personal_id", "old_id", "tax_code", "full_name", "birth_date", "organisation", "level"
]
_LONGEST_NAME, _LONGEST_ORGANISATION, _LONGEST_ACCOUNT = 200, 300, 128
#: signs of people's names beside letters and their marks
_NAME_SIGNS = frozenset(" '’.,-()")
_MARKUP = frozenset("<>")
#: exceptions of readers for a value that breaks its contract
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


class ClaimRule(Strict):
    """Where one field of an account is in the claims, and its conversion."""

    path: str
    codes: str | None = None
    transform: WordList = ()
    #: paths tried in order while the value is blank or not usable
    else_: WordList = Field((), alias="else")
    #: the value of a blank claim
    blank: str = ""


def _short(given: object) -> object:
    return {"path": given} if isinstance(given, str) else given


def _json(text: object) -> object:
    """Claims in examples are JSON, as they come: numbers and texts differ there."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON", "write the claims as JSON text (claims: '{…}')") from None


class RoleRule(Strict):
    """Where the roles of an official are in the claims: a list, or words with blanks between."""

    path: str
    #: a word of the provider -> what it allows here; other words allow nothing
    words: dict[str, StaffRole] = Field(min_length=1)


class LoginExample(Strict):
    """An example that runs as a test: claims, and the account that is read from them, or why it is refused."""

    name: str
    claims: Annotated[dict[str, Any], BeforeValidator(_json)]
    #: as `levels` of the provider's settings
    levels: dict[str, int] = {}
    #: the fields that are not blank
    account: dict[LoginField, str] = {}
    roles: Annotated[tuple[StaffRole, ...], AS_LIST] = ()
    refused: LoginReason | None = None


class LoginMapping(Strict):
    """`mappings/logins/<login>.yaml`."""

    login: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: Title
    mark: Mark = "sandbox"
    fields: dict[LoginField, Annotated[ClaimRule, BeforeValidator(_short)]]
    #: of officials; left out: the provider has none
    roles: RoleRule | None = None
    #: fields without which nobody is signed in
    required: Annotated[tuple[LoginField, ...], AS_LIST] = ()
    examples: tuple[LoginExample, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()


class AccountRefused(Exception):
    """Claims that sign nobody in; `detail` names the field."""

    def __init__(self, reason: LoginReason, detail: str) -> None:
        """No value is in it."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class LoginPlan:
    """A compiled login mapping."""

    def __init__(self, mapping: LoginMapping, codes: Codes) -> None:
        """Raises ValueError with the fault of the mapping."""
        named = provider_transforms(codes)
        self.mapping = mapping
        self._fields = {
            name: _ClaimReader(rule, Attribute(_attribute_rule(rule), codes, named))
            for name, rule in mapping.fields.items()
        }
        self._roles = mapping.roles
        self._roles_of: Getter | None = (
            compile_path(mapping.roles.path) if mapping.roles is not None else None
        )

    def account(
        self,
        claims: Mapping[str, object],
        proven: Identity,
        levels: Mapping[str, int],
        *,
        partial: bool = False,
    ) -> Identity:
        """What was proven, with the fields of the account. Raises AccountRefused.

        `levels`: a word of the provider -> assurance level. `partial`: required fields may be missing.
        """
        found: dict[str, Any] = {
            name: _accepted(name, reader.values(claims), proven.at) for name, reader in self._fields.items()
        }
        for name in () if partial else self.mapping.required:
            if not found.get(name):
                reason = LoginReason.NO_ACCOUNT if name == "account" else LoginReason.NOT_LINKED
                raise AccountRefused(reason, name)
        return replace(
            proven,
            **{
                **found,
                "kind": self._kind(found.get("kind", "")),
                "level": levels.get(found.get("level", ""), 0),
                "roles": self._staff_roles(claims),
            },
        )

    def _kind(self, word: str) -> AccountKind:
        """Who has roles is an official, and nothing else."""
        return AccountKind.STAFF if self._roles is not None else AccountKind(word or AccountKind.CITIZEN)

    def _staff_roles(self, claims: Mapping[str, object]) -> tuple[StaffRole, ...]:
        """Each once, in the order of the enumeration."""
        if self._roles is None or self._roles_of is None:
            return ()
        roles = self._roles_of(claims)
        words = roles.split() if isinstance(roles, str) else roles if isinstance(roles, list) else []
        held = {self._roles.words.get(one) for one in words if isinstance(one, str)}
        return tuple(one for one in StaffRole if one in held)


class _ClaimReader:
    """The values that claims may have for one field, converted, in the order of the paths."""

    def __init__(self, rule: ClaimRule, attribute: Attribute) -> None:
        self._paths: list[Getter] = [compile_path(path) for path in (rule.path, *rule.else_)]
        self._step: ValueStep = attribute.step
        self._blank = rule.blank

    def values(self, claims: Mapping[str, object]) -> Iterator[object]:
        """None: there is one, and it cannot be read. Nothing: all are blank."""
        is_blank = True
        for path in self._paths:
            claim = path(claims)
            if claim in (None, "", [], {}) or (isinstance(claim, str) and not claim.strip()):
                continue
            is_blank = False
            try:
                value = self._step(claim)
            except _UNREADABLE:
                value = None
            yield None if isinstance(value, Doubtful) else value
        if is_blank and self._blank:
            yield self._blank


def _attribute_rule(rule: ClaimRule) -> AttributeRule:
    return AttributeRule.model_validate(
        {"path": rule.path, "codes": rule.codes, "transform": list(rule.transform)}
    )


def _accepted(name: LoginField, values: Iterator[object], at: float) -> str:
    """The first usable value; blank: there is none. Raises AccountRefused."""
    takes = _TAKES[name]
    for value in values:
        if isinstance(value, str | int) and not isinstance(value, bool) and takes(str(value), at):
            return str(value)
        if name in _NEEDED_WHOLE:
            raise AccountRefused(LoginReason.ANSWER_INVALID, name)
    return ""


#: fields that decide whose account it is: a wrong one refuses the login, it is not left out
_NEEDED_WHOLE = frozenset({"kind", "account", "personal_id"})
#: that claims can name: who is an official is said by the settings of the provider
_KINDS = frozenset(AccountKind) - {AccountKind.STAFF}


def _is_line(text: str, longest: int) -> bool:
    return len(text) <= longest and not hides(text)


def _is_name(text: str, _at: float) -> bool:
    """Letters, and what stands between them: `-` alone is no name."""
    return (
        _is_line(text, _LONGEST_NAME)
        and any(sign.isalpha() for sign in text)
        and all(sign in _NAME_SIGNS or unicodedata.category(sign)[0] in "LM" for sign in text)
    )


def _is_birth_date(text: str, at: float) -> bool:
    """A date that there is, not in the future."""
    try:
        born = PartialDate.parse(text)
    except ValueError:
        return False
    today = legal_day(datetime.fromtimestamp(at, UTC))
    return (born.year, born.month or 1, born.day or 1) <= (today.year, today.month, today.day)


_TAKES: Mapping[LoginField, Callable[[str, float], bool]] = {
    "kind": lambda text, _at: text in _KINDS,
    "account": lambda text, _at: _is_line(text, _LONGEST_ACCOUNT) and " " not in text,
    "personal_id": lambda text, _at: is_personal_id(text),
    "old_id": lambda text, _at: is_old_id(text),
    "tax_code": lambda text, _at: is_tax_code(text),
    "full_name": _is_name,
    "birth_date": _is_birth_date,
    "organisation": lambda text, _at: _is_line(text, _LONGEST_ORGANISATION) and not _MARKUP & set(text),
    "level": lambda text, _at: _is_line(text, _LONGEST_ACCOUNT),
}


def login_faults(mapping: LoginMapping, codes: Codes) -> Iterator[tuple[Loc, str, str]]:
    """Unknown names in a login mapping, and kinds of account that do not exist."""
    named = provider_transforms(codes)
    for name, rule in mapping.fields.items():
        yield from _rule_faults(rule, codes, named, ("fields", name))
    yield from _kind_faults(mapping, codes)
    if mapping.roles is not None:
        try:
            compile_path(mapping.roles.path)
        except ValueError as error:
            yield ("roles", "path"), f"'path': {error}", "write it like 'roles' or 'realm_access.roles'"
    for index, word in enumerate(mapping.required):
        if word not in mapping.fields:
            what = f"'{word}' is required, and no claim is read into it"
            yield ("required", index), what, near(word, mapping.fields, f"add '{word}' to 'fields'")


def _rule_faults(
    rule: ClaimRule, codes: Codes, named: Mapping[str, Transform], loc: Loc
) -> Iterator[tuple[Loc, str, str]]:
    if rule.codes is not None and rule.codes not in codes.lists:
        what = f"code list '{rule.codes}' does not exist in mappings/codes"
        yield (*loc, "codes"), what, near(rule.codes, codes.lists, f"add mappings/codes/{rule.codes}.yaml")
    for word in rule.transform:
        if word not in named:
            remedy = near(word, named, f"use one of {', '.join(sorted(named))}")
            yield (*loc, "transform"), f"transform '{word}' does not exist", remedy
    for place, path in (("path", rule.path), *(("else", one) for one in rule.else_)):
        try:
            compile_path(path)
        except ValueError as error:
            yield (*loc, place), f"'{place}': {error}", "write it like 'SoDinhDanh' or 'DiaChi[0].Ma'"


def _kind_faults(mapping: LoginMapping, codes: Codes) -> Iterator[tuple[Loc, str, str]]:
    rule = mapping.fields.get("kind")
    if rule is None:
        return
    known = _KINDS
    leads = {to for to in codes.lists.get(rule.codes or "", {}).values() if to is not None}
    for word in sorted({*leads, *([rule.blank] if rule.blank else [])} - known):
        remedy = f"use {', '.join(sorted(known))}"
        yield ("fields", "kind"), f"there is no kind of account '{word}'", near(word, known, remedy)


def fields_of(account: Identity) -> dict[str, str]:
    """The fields that are not blank, as examples write them."""
    found = {name: str(getattr(account, name)) for name in get_args(LoginField)}
    return {name: value for name, value in found.items() if value not in ("", "0")}
