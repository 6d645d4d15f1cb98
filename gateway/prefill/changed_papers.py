"""Papers that data replaced while the form has other values now: they are asked for again.

A portal may send a form whose values were changed after the gateway had decided about its papers.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from gateway.mapping.paper_fields import rests_on
from gateway.mapping.procedure import Procedure

#: states that rest on values
_RESTING = frozenset({"replaced", "reusable", "not_applicable"})


def changed_fields(procedure: Procedure, changed: AbstractSet[str]) -> dict[str, list[str]]:
    """Paper -> keys of the changed fields on which it rests; papers without any are left out."""
    found = {code: [key for key in keys if key in changed] for code, keys in rests_on(procedure).items()}
    return {code: keys for code, keys in found.items() if keys}


def papers_of_other_values(
    procedure: Procedure, states: Mapping[str, str], changed: AbstractSet[str]
) -> list[str]:
    """Codes of papers that the person must hand in after all.

    `states`: paper -> its state in the answer that was decided. `changed`: keys of fields whose value is neither the
    answer's nor one that the gateway knew (`known`) when it decided, or which the person called wrong.
    """
    return [
        paper
        for paper, keys in rests_on(procedure).items()
        if states.get(paper) in _RESTING and not changed.isdisjoint(keys)
    ]
