"""Papers that data replaced while the form has other values now: they are asked for again.

A portal may send a form whose values were changed after the gateway had decided about its papers.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from gateway.domain.dates import legal_day
from gateway.mapping.paper_fields import of_the_day, rests_on
from gateway.mapping.procedure import Procedure

#: why an answer decides a paper no more
EARLIER_DAY = "earlier_day"
#: states that rest on values
RESTING = frozenset({"replaced", "reusable", "not_applicable"})


def changed_fields(
    procedure: Procedure, changed: AbstractSet[str], stale: Mapping[str, str]
) -> dict[str, list[str]]:
    """Paper -> keys of the changed fields on which it rests; papers without any are left out.

    Of a paper in `stale`: all fields on which it rests.
    """
    rests = rests_on(procedure).items()
    found = {code: [key for key in keys if code in stale or key in changed] for code, keys in rests}
    return {code: keys for code, keys in found.items() if keys or code in stale}


def stale_papers(procedure: Procedure, checked_at: datetime, now: datetime) -> dict[str, str]:
    """Paper -> `EARLIER_DAY`, where its rule looks at the day of filing, and it was decided on an earlier one."""
    if legal_day(checked_at) == legal_day(now):
        return {}
    return dict.fromkeys(sorted(of_the_day(procedure)), EARLIER_DAY)


def papers_of_other_values(
    procedure: Procedure, states: Mapping[str, str], changed: AbstractSet[str]
) -> list[str]:
    """Codes of papers that the person must hand in after all, because a value is another one.

    `states`: paper -> its state in the answer that was decided. `changed`: keys of fields whose value is neither the
    answer's nor one that the gateway knew (`known`) when it decided, or which the person called wrong.
    """
    return [
        paper
        for paper, keys in rests_on(procedure).items()
        if states.get(paper) in RESTING and not changed.isdisjoint(keys)
    ]
