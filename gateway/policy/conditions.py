"""Conditions of an agreement beside procedure, purpose and day: one function each, in the order of checking.

Each is made once from the agreement and then reads facts only; None: the condition is met.
"""

from collections.abc import Callable, Iterator
from typing import get_args

from gateway.config.agreement import Agreement, DossierRule, Weekday
from gateway.domain import sentences as say
from gateway.domain.access import Relation
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence
from gateway.policy.asked import Denial, PolicyRequest
from gateway.policy.dossiers import looks_like

ALL = "*"

Condition = Callable[[PolicyRequest], Denial | None]
_DAYS = get_args(Weekday)
_DAY_MINUTES = 24 * 60


def conditions(agreement: Agreement) -> list[tuple[str, Condition]]:
    """(id of the rule, condition) in the order of checking; only conditions that the agreement has."""
    name = agreement.agreement
    return [(f"{kind}:{name}", make(agreement, f"{kind}:{name}")) for kind, make in _spoken_of(agreement)]


def _spoken_of(item: Agreement) -> Iterator[tuple[str, Callable[[Agreement, str], Condition]]]:
    if item.hours is not None or len(set(item.weekdays)) < len(_DAYS):
        yield "hours", _hours
    if ALL not in item.agencies:
        yield "agency", _agency
    yield from _of_message(item)
    if item.account.required:
        yield "account", _account
    if set(item.relations) < set(Relation):
        yield "relation", _relation
    if item.mandate != "not_checked":
        yield "mandate", _mandate if item.mandate == "required" else _represented
    if item.dossier.required:
        yield "dossier", _dossier
    if asks_consent(item):
        yield "consent", _consent


def _of_message(item: Agreement) -> Iterator[tuple[str, Callable[[Agreement, str], Condition]]]:
    if item.official == "named":
        yield "official", _official
    if item.signed == "required":
        yield "signed", _signed


def asks_consent(agreement: Agreement) -> bool:
    """Whether the legal basis of the agreement is the person's own consent."""
    return agreement.consent == "required"


def _hours(item: Agreement, rule: str) -> Condition:
    opens, _, closes = (item.hours or "").partition("-")
    first, last = (_minute(opens), _minute(closes)) if opens else (0, _DAY_MINUTES)
    days = frozenset(_DAYS.index(day) for day in item.weekdays)
    days_of = ", ".join(item.weekdays)
    sentence = say.AGREED_HOURS(hours=item.hours or say.WHOLE_DAY, days=days_of)
    when = f"{item.hours or say.WHOLE_DAY.en} in Việt Nam on {days_of}"
    denial = Denial(rule, RefusalReason.OUTSIDE_HOURS, sentence, f"ask within {when}")

    def hold(asked: PolicyRequest) -> Denial | None:
        now = asked.now
        return None if now.weekday() in days and first <= now.hour * 60 + now.minute < last else denial

    return hold


def _minute(text: str) -> int:
    """Minute of the day of `07:30`."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _agency(item: Agreement, rule: str) -> Condition:
    agencies = frozenset(item.agencies)
    denial = Denial(
        rule, RefusalReason.AGENCY_NOT_ALLOWED, say.AGREED_AGENCY,
        f"name an official of {', '.join(item.agencies)}",
    )  # fmt: skip
    return lambda asked: None if asked.agency in agencies else denial


def _official(_item: Agreement, rule: str) -> Condition:
    denial = Denial(
        rule, RefusalReason.OFFICIAL_NOT_NAMED, say.AGREED_OFFICIAL,
        "name the official in `official`",
    )  # fmt: skip
    return lambda asked: None if asked.named else denial


def _account(item: Agreement, rule: str) -> Condition:
    levels = {claim: frozenset(values) for claim, values in item.account.levels.items()}
    missing = Denial(
        rule, RefusalReason.ACCOUNT_MISSING, say.AGREED_ACCOUNT,
        "send the claims of their account in `account`, with their number",
    )  # fmt: skip
    enough = " or ".join(f"{claim} {' or '.join(values)}" for claim, values in item.account.levels.items())
    low = Denial(
        rule, RefusalReason.ACCOUNT_LEVEL_TOO_LOW, say.AGREED_LEVEL(levels=enough),
        "have them sign in at that level, and send the claim",
    )  # fmt: skip

    def hold(asked: PolicyRequest) -> Denial | None:
        if not asked.account:
            return missing
        shown = [
            str(asked.account[claim]) in good for claim, good in levels.items() if asked.account.get(claim)
        ]
        return None if not levels or (shown and all(shown)) else low

    return hold


def _relation(item: Agreement, rule: str) -> Condition:
    allowed = frozenset(item.relations)
    detail = say.AGREED_RELATIONS(relations=", ".join(item.relations))
    denial = Denial(
        rule,
        RefusalReason.RELATION_NOT_ALLOWED,
        detail,
        "leave out persons with another relation to the applicant",
    )
    return lambda asked: None if asked.relations <= allowed else denial


def _signed(_item: Agreement, rule: str) -> Condition:
    denial = Denial(
        rule, RefusalReason.SIGNATURE_MISSING, say.AGREED_SIGNED,
        "sign the message (RFC 9421), with a key of yours that is known here",
    )  # fmt: skip
    return lambda asked: None if asked.signed else denial


def _mandate(_item: Agreement, rule: str) -> Condition:
    denial = Denial(
        rule, RefusalReason.MANDATE_MISSING, say.AGREED_MANDATE,
        "give its code in `mandate`",
    )  # fmt: skip
    return lambda asked: denial if Relation.REPRESENTED in asked.relations and not asked.mandate else None


def _represented(_item: Agreement, rule: str) -> Condition:
    denial = Denial(
        rule, RefusalReason.REPRESENTATION_MISSING, say.AGREED_REPRESENTATIVE,
        "say in `representative` who acts for whom, or leave out the represented person",
    )  # fmt: skip
    return lambda asked: denial if Relation.REPRESENTED in asked.relations and not asked.is_covered else None


def _dossier(item: Agreement, rule: str) -> Condition:
    wanted, fits = item.dossier, looks_like(item.dossier.patterns)
    shape = " or ".join(wanted.patterns)
    missing = Denial(rule, RefusalReason.DOSSIER_MISSING, say.AGREED_DOSSIER, "give its code in `dossier`")
    strange = Denial(
        rule, RefusalReason.DOSSIER_NOT_ALLOWED, say.AGREED_DOSSIER_SHAPE(shape=shape), f"give one of {shape}"
    )
    dead = Denial(
        rule,
        RefusalReason.DOSSIER_NOT_ALIVE,
        _told(wanted),
        "give the dossier that is being worked on, or renew it",
    )

    undated = Denial(
        rule, RefusalReason.DOSSIER_NOT_DATED, say.DOSSIER_UNDATED(days=wanted.days),
        "give the code of the reception, written as H31.14-260105-0007",
    )  # fmt: skip

    def hold(asked: PolicyRequest) -> Denial | None:
        if not asked.dossier:
            return missing
        if not fits(asked.dossier):
            return strange
        return _lived(wanted, asked, dead, undated)

    return hold


def _told(wanted: DossierRule) -> Sentence:
    if wanted.checked_by == "relay":
        return say.DOSSIER_UNSEEN
    return say.DOSSIER_OLD(days=wanted.days) if wanted.days else say.DOSSIER_CLOSED


def _lived(wanted: DossierRule, asked: PolicyRequest, dead: Denial, undated: Denial) -> Denial | None:
    """What the gateway itself knows comes before the code; a code without a date proves nothing."""
    if asked.alive is not None or wanted.checked_by == "relay":
        return None if asked.alive else dead
    if wanted.days is None:
        return None
    if asked.age is None:
        return undated
    return None if 0 <= asked.age <= wanted.days else dead


def _consent(_item: Agreement, rule: str) -> Condition:
    denial = Denial(
        rule, RefusalReason.CONSENT_MISSING, say.CONSENT_NOT_HELD,
        "ask the person for consent to this purpose, by the number that the request names (personal id, else old"
        " number, else passport), and give its id in `consent`",
    )  # fmt: skip

    def hold(asked: PolicyRequest) -> Denial | None:
        given = asked.consent
        good = given is not None and given.purpose == asked.purpose and asked.persons <= {given.person}
        return None if good else denial

    return hold
