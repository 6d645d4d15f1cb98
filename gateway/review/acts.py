"""A request as its record in the exchange log shows it: facts for a decision, no personal data.

An intent says that the request was admitted and what might be asked; a refusal names the rule.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from gateway.domain.access import Relation, ValidConsent
from gateway.domain.parties import SubjectKind
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Procedure, role_of
from gateway.mapping.questions import representing
from gateway.policy.asked import PolicyRequest, asked_at
from gateway.policy.dossiers import age
from gateway.review.needs import Pair

_PEOPLE = frozenset({SubjectKind.PERSON, SubjectKind.NEWBORN})
_CONSENT = "consent:"
#: note `operation` of trials
_TRIAL = "source_trial"


class PastRequest(NamedTuple):
    """One past request."""

    exchange: str
    #: without scopes, which come from a configuration
    asked: PolicyRequest
    #: the rule that refused it; empty: it was admitted
    refused: str
    #: data services and attributes that might be asked
    pairs: frozenset[Pair]
    #: it was the trial of a source: another scope, and no form
    is_trial: bool = False


def act_of(record: Mapping[str, Any], catalogue: Catalogue) -> PastRequest | None:
    """The request of an intent or of a refusal by policy; None for other records, and for refusals by counts.

    `record`: the members of a well-formed leaf.
    """
    is_trial = record["notes"].get("operation") == _TRIAL
    procedure = _tried(record, catalogue) if is_trial else catalogue.procedures.get(record["procedure"])
    refused = record["rules"][0] if record["phase"] == "refusal" and record["rules"] else ""
    if (
        procedure is None
        or record["phase"] not in ("intent", "refusal")
        or refused.startswith(("quota:", "unusual:"))
        or record["notes"].get("operation") == "representation"
    ):
        return None
    if refused.startswith("representation:") and record["result"] != "representation_not_agreed":
        return None  # no agreement decided it, but the request itself or a source
    if record["phase"] == "refusal" and not refused:
        return None
    pairs = frozenset(
        (f"{call['source']}.{call['operation']}", name)
        for call in record["calls"]
        for name in call["attributes"]
    )
    now = asked_at(datetime.fromisoformat(record["time"]))
    asked = PolicyRequest(
        requester=record["requester"], scopes=frozenset(), procedure=procedure.code, purpose=record["purpose"],
        own_purpose=procedure.purpose, now=now, agency=record["agency"], named=not record["on_duty"],
        relations=_relations(record, procedure), mandate=str(record["notes"].get("mandate", "")),
        dossier=record["dossier"], age=age(record["dossier"], now.date()), consent=_consent(record, pairs),
        signed="signature" in record["notes"], account=_account(record),
        acting=str(record["notes"].get("representation", "")), is_covered="representation" in record["notes"],
    )  # fmt: skip
    return PastRequest(record["exchange"], asked, refused, pairs, is_trial)


def _tried(record: Mapping[str, Any], catalogue: Catalogue) -> Procedure | None:
    """What a trial asked for: its subject alone. None: the record names no data service that is known."""
    for call in record["calls"]:
        plan = catalogue.services.get(call["source"], {}).get(call["operation"])
        if plan is not None:
            asked = representing(SubjectKind(plan.mapping.subjects[0]), record["purpose"])
            return replace(asked, code=record["procedure"])
    return None


def _account(record: Mapping[str, Any]) -> dict[str, str]:
    """The account levels that the record names; the account's owner was checked then."""
    levels_text = record["notes"].get("account_level")
    if levels_text is None:
        return {}
    levels = (word.partition("=") for word in str(levels_text).split() if "=" in word)
    return {"signed_in": "yes", **{claim: value for claim, _, value in levels}}


def _relations(record: Mapping[str, Any], procedure: Procedure) -> frozenset[Relation]:
    """Within one record equal indexes are one person: no more is known, and no more is needed.

    The request was decided over without the people for whom nobody acts (note `unrepresented`).
    """
    unrepresented = str(record["notes"].get("unrepresented", "")).split()
    subjects = {name: index for name, index in record["subjects"].items() if name not in unrepresented}
    represented = subjects.get(record["notes"].get("represented"))
    own = subjects.get(procedure.signs_in)
    found = set() if represented is None else {Relation.REPRESENTED}
    for name, index in subjects.items():
        if index == represented:
            continue
        role = procedure.roles.get(role_of(name))
        if role is not None and _PEOPLE & {*role.kind}:
            found.add(Relation.APPLICANT if index == own else role.relation or Relation.REPRESENTED)
    for name, role in procedure.roles.items():
        if role.found_in is not None and name not in subjects:
            found.add(role.relation or Relation.REPRESENTED)
    return frozenset(found)


def _consent(record: Mapping[str, Any], pairs: frozenset[Pair]) -> ValidConsent | None:
    """A consent that held then counts for the attributes that were asked under it."""
    if record["phase"] != "intent" or not any(rule.startswith(_CONSENT) for rule in record["rules"]):
        return None
    services = {service for service, _ in pairs}
    attributes = {one: frozenset(name for service, name in pairs if service == one) for one in services}
    return ValidConsent(id="recorded", person="", purpose=record["purpose"], attributes=attributes)
