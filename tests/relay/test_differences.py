"""Each way in which two sides differ, and what mends it."""

from typing import Any

import pytest

from gateway.domain.dossier import MessageKind
from gateway.ports.relay import DeliveryRow, DossierRow, RemoteDossier
from gateway.relay.differences import Divergence, Remedy, compared, missing_here
from gateway.relay.statuses import StatusRules
from tests.relay.twins import delivery, dossier, there

ALL = frozenset(MessageKind)
PATH = {"path": [["accepted", 10], ["processing", 20], ["processed", 30]]}
PROCESSED = dossier("A", "processed", facts=PATH)
FORWARDED = dossier("A", "processed", origin="bus", facts=PATH)
STATED = {"unit": "UBND phường Mẫu", "agency": "000.00.14.H31"}
DATED = dossier("A", facts={"due_at": 90, "received_at": 10})


def test_dossier_that_a_waiting_step_lacks_is_sent_alone_unless_it_goes_already() -> None:
    step = delivery("A", "unconfirmed", "progress", 2)._replace(reason="dossier_not_there")
    for more, remedy, sends in (
        ([], "send", (MessageKind.DOSSIER,)),
        ([delivery("A", "dead", seq=3)], "send", (MessageKind.DOSSIER,)),
        ([delivery("A", "queued", seq=3)], "wait", ()),
    ):
        found = compared(dossier("A"), None, "bus", ALL, [step, *more], StatusRules())
        assert found is not None
        assert (found.remedy, found.sends) == (remedy, sends)


@pytest.mark.parametrize(
    ("row", "remote", "kind", "remedy", "sends", "fields"),
    [
        (dossier("A"), there("A"), None, None, "", ""),
        (dossier("A"), None, "missing_there", "send", "dossier progress", ""),
        (dossier("A", sealed=b""), None, "missing_there", "post_again", "", ""),
        (dossier("A", origin="bus"), None, "missing_there", "look", "", ""),
        (PROCESSED, there("A", "processing"), "status_behind_there", "send", "progress", ""),
        (PROCESSED, there("A", "submitted"), "status_behind_there", "send", "progress", ""),
        (PROCESSED._replace(sealed=b""), there("A", "accepted"), "status_behind_there", "post_again", "", ""),
        (FORWARDED._replace(sealed=b""), there("A", "accepted"), "status_behind_there", "send", "status", ""),
        (PROCESSED, there("A", "handed_over"), "status_behind_here", "report_progress", "", ""),
        (dossier("A"), there("A", "processing"), "status_behind_here", "report_progress", "", ""),
        (dossier("A", "unknown"), there("A", "processing"), "status_behind_here", "report_progress", "", ""),
        # a final status of ours stands
        (dossier("A", "refused"), there("A", "processing"), "status_behind_there", "send", "progress", ""),
        (dossier("A", "stopped"), there("A", "withdrawn"), "status_behind_there", "send", "progress", ""),
        (FORWARDED, there("A", "processing"), "status_behind_there", "send", "status", ""),
        # a notice can say refused only as a supplement
        (dossier("A", "refused", origin="bus"), there("A", "supplement_requested"), None, None, "", ""),
        (dossier("A", "refused"), there("A", "supplement_requested"), "status_behind_there", "send", "progress", ""),
        (DATED, there("A", due_at=90, received_at=10), None, None, "", ""),
        (DATED, there("A", due_at=91, received_at=10), "fields_differ", "send", "dossier", "due_at"),
        (DATED, there("A", due_at=None), None, None, "", ""),
        (DATED, there("A", filed_at=5), "fields_differ", "send", "dossier", "filed_at"),
        (DATED, there("A", procedure="1.004873.000.00.00.H31"), None, None, "", ""),
        (DATED, there("A", procedure="1.001193"), "fields_differ", "send", "dossier", "procedure"),
        (DATED._replace(origin="bus"), there("A", due_at=91), "fields_differ", "look", "", "due_at"),
        (DATED, there("A", "processing", due_at=91), "status_behind_here", "report_progress", "", "due_at"),
        (PROCESSED, there("A", "accepted", due_at=1), "status_behind_there", "send", "dossier progress", "due_at"),
        # a word without a meaning decides nothing
        (dossier("A"), there("A", "unknown", "11"), "fields_differ", "look", "", "status"),
        (DATED, there("A", "unknown", "11", due_at=1), "fields_differ", "look", "", "status due_at"),
    ],
)  # fmt: skip
def test_each_difference_has_its_class_and_its_remedy(
    row: DossierRow,
    remote: RemoteDossier | None,
    kind: str | None,
    remedy: str | None,
    sends: str,
    fields: str,
) -> None:
    found = compared(row, remote, "bus", ALL, (), StatusRules())
    if kind is None:
        assert found is None
        return
    assert found is not None
    assert (found.kind, found.remedy) == (kind, remedy)
    assert (" ".join(found.sends), " ".join(found.fields)) == (sends, fields)
    assert (found.ours, found.version, found.requester) == (row.status, 3, "one_gate")


@pytest.mark.parametrize(
    ("stated", "remote", "remedy", "fields"),
    [
        (STATED, there("A", unit="UBND  phường Mẫu", agency="H31.14"), None, ""),
        (STATED, there("A", unit="UBND phường...", agency="000.14.00.H31"), None, ""),
        (STATED, there("A", unit="", agency=" "), None, ""),
        (STATED, there("A"), None, ""),
        ({}, there("A", unit="Sở Mẫu", agency="H31.02"), None, ""),
        (STATED, there("A", unit="Sở Mẫu"), "send", "unit"),
        # no message of ours has it
        (STATED, there("A", agency="H31.02"), "look", "agency"),
        (STATED, there("A", unit="Sở Mẫu", agency="H31.02"), "send", "unit agency"),
    ],
)
def test_unit_and_agency_are_compared_where_both_sides_state_them(
    stated: dict[str, str], remote: RemoteDossier, remedy: str | None, fields: str
) -> None:
    found = compared(dossier("A"), remote, "bus", ALL, (), StatusRules(), stated)
    assert (found and found.remedy, " ".join(found.fields if found else ())) == (remedy, fields)


@pytest.mark.parametrize(
    ("takes", "remote", "remedy", "sends"),
    [
        ("dossier", None, "send", "dossier"),
        ("dossier", there("A", "accepted"), "send", "dossier progress"),
        ("progress", None, "look", ""),
        ("", there("A", "accepted"), "look", ""),
    ],
)
def test_only_what_the_portal_takes_is_sent(takes: str, remote: Any, remedy: str, sends: str) -> None:
    kinds = {MessageKind(word) for word in takes.split()}
    found = compared(PROCESSED, remote, "bus", kinds, (), StatusRules())
    assert found is not None
    assert (found.remedy, " ".join(found.sends)) == (remedy, sends.replace(" progress", ""))


@pytest.mark.parametrize(
    ("under_way", "kind", "remedy", "name"),
    [
        ([delivery("A")], "unconfirmed", "wait", "d1"),
        ([delivery("A", "unconfirmed"), delivery("A", "dead", "progress", 2)], "unconfirmed", "wait", "d1"),
        ([delivery("A", "dead", "progress", 4), delivery("A", seq=5)], "missing_there", "replay", "d4"),
        ([delivery("A", "dead")], "missing_there", "send", ""),
    ],
)
def test_message_that_is_under_way_or_given_up_is_named(
    under_way: list[DeliveryRow], kind: str, remedy: str, name: str
) -> None:
    found = compared(dossier("A"), None, "bus", ALL, under_way, StatusRules())
    assert found is not None
    assert (found.kind, found.remedy, found.delivery) == (kind, remedy, name)


def test_dossier_that_nobody_here_has_is_forwarded_again() -> None:
    found = missing_here("bus", there("A", "unknown", "11"))
    assert (found.kind, found.remedy, found.theirs) == (Divergence.MISSING_HERE, Remedy.FORWARD_AGAIN, "11")
