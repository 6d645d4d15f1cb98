"""Replays past requests against two policies: different decisions, by requester and procedure.

Only different decisions of the two are changes: facts that a record lacks are unknown to both. Rules are applied as on
the day of the request. Not applied: quotas, unusual use, and whether a dossier is alive elsewhere.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.config.configuration import Configuration
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import ACCOUNT
from gateway.policy.decide import Decision, Policy
from gateway.policy.grants import Grant
from gateway.review.acts import PastRequest
from gateway.review.needs import Pair, pairs


class ChangeKey(NamedTuple):
    """The key of a count. `change`: newly_refused, newly_allowed or attributes."""

    requester: str
    procedure: str
    change: str
    #: the rule that refuses or refused, or the agreements that grant
    rule: str


@dataclass(slots=True)
class Changed:
    """Number of requests, and count of each attribute (`<data service> <attribute>`)."""

    exchanges: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    gained: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class ReplayResult:
    """The result of a replay."""

    exchanges: int = 0
    changed: dict[ChangeKey, Changed] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """Plain data for JSON, largest counts first."""
        rows = [
            {**key._asdict(), "exchanges": one.exchanges, "lost": dict(one.lost.most_common()),
             "gained": dict(one.gained.most_common())}
            for key, one in sorted(self.changed.items(), key=lambda item: (-item[1].exchanges, item[0]))
        ]  # fmt: skip
        totals = Counter({"newly_refused": 0, "newly_allowed": 0, "attributes": 0})
        for key, one in self.changed.items():
            totals[key.change] += one.exchanges
        return {"exchanges": self.exchanges, **totals, "changed": rows}


class ReplayRules:
    """One configuration with its mappings, for a replay."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue) -> None:
        """Compiles its rules."""
        self._policy = Policy(configuration)
        self._requesters = configuration.requesters
        self._catalogue = catalogue
        self._given: dict[tuple[object, ...], frozenset[Pair]] = {}

    def decide(self, act: PastRequest) -> Decision:
        """The decision with the requester's scopes in this configuration."""
        settings = self._requesters.get(act.asked.requester)
        scopes = frozenset(settings.scopes if settings else ())
        if act.is_trial:  # the door demands its own scope; the policy decides as for a form
            scopes = scopes | {"prefill"} if "sources:try" in scopes else scopes - {"prefill"}
        return self._policy.decide(act.asked._replace(scopes=scopes))

    def given(self, grant: Grant) -> frozenset[Pair]:
        """Attributes that the procedure needs and the grant gives."""
        key = (grant.procedure, *grant.key)
        found = self._given.get(key)
        if found is None:
            procedure = self._catalogue.procedures.get(grant.procedure)
            wanted = pairs(self._catalogue, procedure) if procedure is not None else set()
            found = self._given[key] = frozenset(pair for pair in wanted if _allows(grant, pair))
        return found


def replay(act: PastRequest, old: ReplayRules, new: ReplayRules, outcome: ReplayResult) -> None:
    """Replay one request under both; different decisions are counted into the outcome."""
    outcome.exchanges += 1
    for change, rule, lost, gained in _compared(act, old, new):
        key = ChangeKey(act.asked.requester, act.asked.procedure, change, rule)
        one = outcome.changed.setdefault(key, Changed())
        one.exchanges += 1
        one.lost.update(f"{service} {name}" for service, name in lost)
        one.gained.update(f"{service} {name}" for service, name in gained)


def _compared(
    act: PastRequest, old: ReplayRules, new: ReplayRules
) -> Iterator[tuple[str, str, frozenset[Pair], frozenset[Pair]]]:
    nothing: frozenset[Pair] = frozenset()
    after, before = new.decide(act), old.decide(act)
    if act.refused:
        if after.grant is not None and before.grant is None:
            yield "newly_allowed", act.refused, nothing, nothing
        return
    if before.grant is None:
        return
    if after.grant is None:
        yield "newly_refused", ", ".join(after.rules), nothing, nothing
        return
    lost = frozenset(
        pair for pair in act.pairs if _allows(before.grant, pair) and not _allows(after.grant, pair)
    )
    gained = new.given(after.grant) - old.given(before.grant) - act.pairs
    if lost or gained:
        yield "attributes", ", ".join(after.rules), lost, gained


def _allows(grant: Grant, pair: Pair) -> bool:
    return pair[0].startswith(f"{ACCOUNT}.") or grant.allows(*pair)
