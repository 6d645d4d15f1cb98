"""Whether data of a role left, from a record without values."""

from collections.abc import Mapping
from typing import Any

from gateway.audit.titles import Titles
from gateway.domain.evidence import Outcome
from gateway.mapping.confirming import CONFIRMING
from gateway.mapping.procedure import role_of


def is_hidden(titles: Titles, record: Mapping[str, Any], role: str, *, even_in_doubt: bool = False) -> bool:
    """Whether data of a role were not given, because number, name and birth date do not belong together.

    A record has no values: data of the role were given where a field left that can come from nobody else.
    `even_in_doubt`: also where sources that confirm people were asked and none of them found the person.
    """
    own = _alike(record, role)
    chain = own | _alike(record, titles.through(record["procedure"], role))
    calls = [call for call in record["calls"] if call["role"] in chain]
    is_doubted = any(call["outcome"] == Outcome.NO_MATCH.value for call in calls)
    if even_in_doubt and not is_doubted:
        confirming = [
            call for call in calls if titles.evidence(call["source"], call["operation"]) in CONFIRMING
        ]
        is_doubted = bool(confirming) and all(call["outcome"] != Outcome.FOUND.value for call in confirming)
    if not is_doubted:
        return False
    left = {*record["fields"], *str(record["notes"].get("doubtful", "")).split()}
    origins = [{of for of, _, _ in titles.refs(record["procedure"], name)} for name in left]
    return not any(own >= origin for origin in origins if origin)


def _alike(record: Mapping[str, Any], role: str) -> set[str]:
    """A role and those with the same subject; of one among several, its declared role too."""
    subjects = record["subjects"]
    index = subjects.get(role)
    roles = {one for one, other in subjects.items() if other == index} | {role}
    return roles | {role_of(one) for one in roles}
