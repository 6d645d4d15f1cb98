"""The decision of the policy: at few and at many agreements and requesters, with and without demands.

python -m tests.bench.policy

Microseconds of CPU of one decision in a loop (median of rounds): remembered (the same day, procedure and purpose),
with every demand of one or five agreements held anew, and the first of a day.
"""

import json
import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration, Purpose
from gateway.config.gateway import GatewaySettings
from gateway.domain.access import Relation
from gateway.policy.asked import PolicyRequest, asked_at
from gateway.policy.decide import Policy
from gateway.policy.dossiers import age

_TITLE = {"vi": "đo", "en": "bench"}
_NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
_ROUNDS, _TIMES = 7, 20_000
_DEMANDS = {
    "agencies": ["A", "B"], "official": "named", "relations": ["applicant", "family"], "mandate": "required",
    "dossier": {"patterns": ["H31.*", "H31-*"], "days": "400"}, "hours": "00:00-23:59",
    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    "quota": {"requester": "50000/day", "official": "300/hour", "subject": "20/day"},
}  # fmt: skip


def main() -> None:
    """The command line."""
    figures: dict[str, float] = {}
    for agreements, requesters in ((5, 2), (1_000, 200)):
        for name, demands, each in (("remembered", {}, 5), ("one with every demand", _DEMANDS, 1),
                                    ("five with every demand", _DEMANDS, 5)):  # fmt: skip
            policy = Policy(_world(agreements, requesters, demands, each))
            told = f"{name}, {agreements} agreements x {requesters} requesters, us"
            figures[told] = _timed(policy, days=1)
            print(f"{told:66}{figures[told]:8.2f}", file=sys.stderr)
        policy = Policy(_world(agreements, requesters, _DEMANDS, 1))
        told = f"first of a day, {agreements} agreements x {requesters} requesters, us"
        figures[told] = _timed(policy, days=_TIMES)
        print(f"{told:66}{figures[told]:8.2f}", file=sys.stderr)
    print(json.dumps({"bench": "policy", "cpus": os.cpu_count(), "figures": figures}))


def _world(agreements: int, requesters: int, demands: dict[str, Any], each: int) -> Configuration:
    """Each requester has so many of the agreements, all about the procedure that is asked for."""
    made = {f"agreement_{number}": _agreement(number, demands) for number in range(agreements)}
    names = list(made)
    systems = {f"system_{number}": _requester(number, names, each) for number in range(requesters)}
    purpose = Purpose.model_validate({"title": _TITLE, "legal_basis": "bench"})
    return Configuration(
        root=Path("config"), gateway=GatewaySettings(), agencies={}, sources={}, requesters=systems,
        agreements=made, purposes={"registration": purpose}, scopes=(), documents={},
    )  # fmt: skip


def _agreement(number: int, demands: dict[str, Any]) -> Agreement:
    services = {f"source_{one}.look": {"attributes": [f"name_{n}" for n in range(20)]} for one in range(5)}
    return Agreement.model_validate({
        "agreement": f"agreement_{number}", "title": _TITLE, "legal_basis": "bench", "document": "bench",
        "valid_from": "2026-01-01", "procedures": "*", "purposes": ["registration"], "services": services, **demands,
    })  # fmt: skip


def _requester(number: int, names: list[str], each: int) -> RequesterSettings:
    ours = [names[(number * each + one) % len(names)] for one in range(each)]
    return RequesterSettings.model_validate({
        "requester": f"system_{number}", "title": _TITLE, "agency": "A", "client_id": f"system_{number}",
        "client_secret": {"value": "x"}, "scopes": ["prefill"], "agreements": ours,
    })  # fmt: skip


def _timed(policy: Policy, days: int) -> float:
    now, dossier = asked_at(_NOW), "H31.14-260105-0007"
    asked = PolicyRequest(
        requester="system_1", scopes=frozenset({"prefill"}), procedure="1.004873", purpose="registration", now=now,
        agency="A", relations=frozenset({Relation.APPLICANT}), dossier=dossier,
        age=age(dossier, now.date()),
    )  # fmt: skip
    rounds = []
    for _ in range(_ROUNDS if days == 1 else 1):
        # weeks apart, so that the weekday stays; all before the asking is timed
        requests = [
            asked._replace(now=asked.now + timedelta(weeks=number % days % 40)) for number in range(_TIMES)
        ]
        if days > 1:
            requests = [one._replace(procedure=f"1.{at:06}") for at, one in enumerate(requests)]
        began = time.process_time()
        for one in requests:
            policy.decide(one)
        rounds.append((time.process_time() - began) / _TIMES * 1e6)
    return round(statistics.median(rounds), 2)


if __name__ == "__main__":
    main()
