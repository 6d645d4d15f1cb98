"""Whether a report is about data that its requester was shown: its exchange asked this source about this person.

Only keyed digests of values are kept: a database value can be compared when it filled one field by itself. Pure
functions over decoded records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from gateway.audit.hidden import is_hidden
from gateway.audit.titles import Titles
from gateway.domain.evidence import SAID, Outcome
from gateway.domain.parties import Subject
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.record import field_digest, subject_index
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Field
from gateway.mapping.transforms import Unreadable

Members = Mapping[str, Any]
#: the record has the value; the record cannot say; the record has another value
RECORDED, NOT_COMPARED, DIFFERS = "recorded", "not_compared", "differs"


class RecordedQuery(NamedTuple):
    """A query of the exchange, with its record."""

    record: Members
    call: Members
    #: role -> keyed index; of this person alone
    roles: frozenset[str]


def asked_about(
    records: Sequence[Members], keys: Mapping[str, PeriodKeys], titles: Titles, catalogue: Catalogue,
    subject: Subject, source: str, *, is_proven: bool,
) -> list[RecordedQuery]:  # fmt: skip
    """The answered queries to the source about the person, in the order of the records.

    Predicates do not count: they show no value. Nor does what a number alone found, unless a login proved the number
    of the applicant (`is_proven`).
    """
    found = []
    for record in records:
        if "predicates" in record["notes"] or record["period"] not in keys:
            continue
        index = subject_index(keys[record["period"]].index, subject.key)
        roles = frozenset(role for role, one in record["subjects"].items() if one == index)
        found += [
            RecordedQuery(record, call, roles)
            for call in record["calls"]
            if call["source"] == source and call["role"] in roles and call["outcome"] in SAID
            if (is_proven and _is_applicants(record, titles, catalogue, call["role"]))
            or not is_hidden(titles, record, call["role"], even_in_doubt=True)
        ]
    return found


def _is_applicants(record: Members, titles: Titles, catalogue: Catalogue, role: str) -> bool:
    """Whether the number by which a role is found is the applicant's."""
    procedure = catalogue.find(record["procedure"])
    if procedure is None:
        return False
    number, subjects = titles.through(record["procedure"], role) or role, record["subjects"]
    return number in subjects and subjects[number] == subjects.get(procedure.signs_in)


def sender_in(
    records: Sequence[Members], keys: Mapping[str, PeriodKeys], catalogue: Catalogue, subject: Subject
) -> bytes:
    """The keyed index of the applicant of the exchange, who sends the report; blank: the subject, or nobody known."""
    for record in records:
        procedure = catalogue.find(record["procedure"])
        if procedure is None or record["period"] not in keys:
            continue
        index = str(record["subjects"].get(procedure.signs_in, ""))
        if index != subject_index(keys[record["period"]].index, subject.key):
            return bytes.fromhex(index)
    return b""


def compared(
    asked: Iterable[RecordedQuery],
    keys: Mapping[str, PeriodKeys],
    catalogue: Catalogue,
    attribute: str,
    shown: object,
) -> str:
    """Compare `shown` with the record: `recorded`, `not_compared` or `differs`.

    `shown` is JSON from the database, or the value as the form shows it.
    `attribute` is `<evidence type>.<attribute>`. `differs` only where the field can have had no other value.
    """
    differing = [one for question in asked for one in _compared(question, keys, catalogue, attribute, shown)]
    if RECORDED in differing:
        return RECORDED
    return DIFFERS if DIFFERS in differing else NOT_COMPARED


def _compared(
    asked: RecordedQuery, keys: Mapping[str, PeriodKeys], catalogue: Catalogue, attribute: str, shown: object
) -> Iterator[str]:
    record, call, _ = asked
    if call["outcome"] != Outcome.FOUND.value:
        yield NOT_COMPARED if shown is None else DIFFERS
        return
    procedure = catalogue.find(record["procedure"])
    doubtful = str(record["notes"].get("doubtful", "")).split()
    for field in procedure.fields if procedure is not None else ():
        if field.key not in record["fields"] or not _reads(field, asked, attribute):
            continue
        key = keys[record["period"]].digest
        # a page shows the form's words, and may report them as they stand there
        digests = (
            field_digest(key, record["id"], orjson.dumps(one)) for one in (_written(field, shown), shown)
        )
        if record["fields"][field.key] in digests:
            yield RECORDED
        elif len(field.refs) == 1 and field.key not in doubtful:
            yield DIFFERS


def _reads(field: Field, asked: RecordedQuery, attribute: str) -> bool:
    return any(str(ref) == attribute and ref.role in asked.roles for ref in field.refs)


def _written(field: Field, shown: object) -> object:
    """The form's value; None where there is none."""
    try:
        return None if shown is None else field.converted(shown)
    except (Unreadable, ValueError, TypeError, AttributeError, LookupError):
        return None
