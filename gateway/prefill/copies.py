"""The own data that must be erased together with evidence that the citizen refuses."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from gateway.mapping.answer import PrefillAnswer
from gateway.mapping.procedure import DECLARED, Field, Procedure
from gateway.ports.consents import Own, OwnData

#: `Subject.key` -> names of attributes; personal data
CopiedAttributes = dict[str, set[str]]


async def copies(
    own: OwnData, procedure: Procedure | None, answer: PrefillAnswer, refused: Collection[str],
    record: Mapping[str, Any], now: datetime,
) -> CopiedAttributes:  # fmt: skip
    """Own data that are erased with the refused evidence. Raises ConsentsUnavailable, LogUnavailable.

    `record` names the subjects and the requester of the exchange. A declared value that differs stays.
    """
    subjects: Mapping[str, str] = record["subjects"]
    found: CopiedAttributes = {}
    for name in refused:
        evidence = answer["evidence"][name]
        if declared := evidence.get("declared"):
            found.setdefault(subjects[evidence["subject"]], set()).update(declared)
    kept: dict[str, Mapping[str, Own]] = {}
    for field, attribute, role in _declared(procedure):
        entry, person = answer["fields"].get(field.key), subjects.get(role)
        if entry is None or person is None or entry["evidence"] not in refused:
            continue
        if person not in kept:
            kept[person] = await own.kept(person, record["requester"], now)
        copy = kept[person].get(attribute)
        if copy is not None and field.converted(copy.value) == entry["value"]:
            found.setdefault(person, set()).add(attribute)
    return found


def _declared(procedure: Procedure | None) -> Iterator[tuple[Field, str, str]]:
    """Each field that own data would fill, with attribute and role."""
    for field in procedure.fields if procedure is not None else ():
        for ref in field.refs:
            if ref.evidence == DECLARED:
                yield field, ref.attribute, ref.role
