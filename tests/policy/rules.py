"""A small world of agreements for tests of the policy; everything about it is invented."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration, Purpose
from gateway.config.gateway import GatewaySettings, Label
from gateway.domain.access import Relation
from gateway.policy.asked import PolicyRequest, asked_at
from gateway.policy.dossiers import age

SERVICES = ("people.look", "land.look", "tax.look")
ATTRIBUTES = ("name", "born", "home", "owner")
PROCEDURES = ("1.000001", "1.000002", "1.000003")
PURPOSES = ("registration", "land")
#: a Wednesday, 15:00 in Việt Nam
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
_TITLE = Label(vi="thử", en="test")


def agreement(name: str = "one", **words: Any) -> Agreement:
    """An agreement that grants a name for everything, but for what `words` say."""
    plain = {
        "agreement": name, "title": _TITLE, "legal_basis": "Luật thử, Điều 1", "document": "SANDBOX",
        "valid_from": "2026-01-01", "procedures": "*", "purposes": "*",
        "services": {"people.look": {"attributes": ["name"]}},
    }  # fmt: skip
    return Agreement.model_validate({**plain, **words})


def world(*agreements: Agreement, bound: dict[str, list[str]] | None = None, **desk: Any) -> Configuration:
    """A configuration with one requester that has these agreements in this order; `desk`: what it is beside that."""
    requester = RequesterSettings.model_validate({
        "requester": "desk", "title": _TITLE, "agency": "A", "agencies": "*", "client_id": "desk",
        "client_secret": {"value": "x"}, "scopes": ["prefill"],
        "agreements": [one.agreement for one in agreements], **desk,
    })  # fmt: skip
    purposes = {
        name: Purpose.model_validate(
            {"title": _TITLE, "legal_basis": "Luật thử, Điều 2", "procedures": (bound or {}).get(name, ["*"])}
        )
        for name in PURPOSES
    }
    return Configuration(
        root=Path("config"), gateway=GatewaySettings(), agencies={}, sources={}, requesters={"desk": requester},
        agreements={one.agreement: one for one in agreements}, purposes=purposes, scopes=(), documents={},
    )  # fmt: skip


def asked(**facts: Any) -> PolicyRequest:
    """A request of the desk about whoever applies."""
    plain = PolicyRequest(
        requester="desk", scopes=frozenset({"prefill"}), procedure="1.000001", purpose="registration", now=NOW,
        agency="A", relations=frozenset({Relation.APPLICANT}), persons=frozenset({"person|033190735162"}),
    )  # fmt: skip
    given = plain._replace(**facts)
    now = asked_at(given.now)
    return given._replace(now=now, age=age(given.dossier, now.date()))
