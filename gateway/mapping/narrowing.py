"""Narrows a plan: removes attributes that may not be asked or shown any more, with the rule.

Queries keep their index and name; a query without attributes asks no source.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.domain.evidence import Outcome, SourceAnswer, Withheld, failed
from gateway.mapping.plan import Plan, PlannedQuery
from gateway.mapping.procedure import ACCOUNT

#: whether this attribute of this query may be asked and shown
Keeps = Callable[[PlannedQuery, str], bool]


def narrowed(plan: Plan, keeps: Keeps, withheld: Withheld) -> Plan:
    """The plan without the attributes that are not kept; claims of the account are the caller's own and stay."""
    queries, found = list(plan.queries), dict(plan.withheld)
    for query in plan.queries:
        if query.service.evidence == ACCOUNT:
            continue
        left = tuple(name for name in query.attributes if keeps(query, name))
        if left != query.attributes:
            queries[query.index] = replace(query, attributes=left)
            found[query.index] = withheld
    return replace(plan, queries=tuple(queries), withheld=found) if queries != [*plan.queries] else plan


def within(plan: Plan, answers: Sequence[SourceAnswer | None]) -> list[SourceAnswer | None]:
    """The answers without attributes that the plan no longer has."""
    shown = list(answers)
    for index, withheld in plan.withheld.items():
        one, left = shown[index], plan.queries[index].attributes
        if one is None:
            continue
        if not left:
            shown[index] = failed(Outcome.REFUSED, withheld.reason)
        elif one.outcome is Outcome.FOUND:
            shown[index] = one._replace(
                values={name: value for name, value in one.values.items() if name in left},
                declared={name: declared for name, declared in one.declared.items() if name in left},
            )
    return shown
