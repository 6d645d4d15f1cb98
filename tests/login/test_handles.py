"""Handles of logins: bound to one requester, dead with their session or grant; and whom a request then is about."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from hashlib import sha256

import orjson
import pytest

from adapters.stores.sessions import open_sessions
from gateway.domain.dates import PartialDate
from gateway.domain.errors import Unprocessable
from gateway.domain.login import AccountKind, Identity, Login, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.login.handles import LoginHandles
from gateway.login.sealed_values import SealedValues
from gateway.mapping.questions import SUBJECT, representing
from gateway.prefill.request import Representative
from gateway.prefill.signed_in import Participants, with_login

WHO = Identity(
    provider="national_portal", subject="s-1", personal_id="033190735218", full_name="Đỗ Thị Mẹ",
    birth_date="1990-02-15", level=2,
)  # fmt: skip
CHILD = Subject(
    kind=SubjectKind.PERSON, personal_id="033317284605", full_name="Đỗ Văn Con",
    birth_date=PartialDate.parse("2017-03-09"),
)  # fmt: skip
MANDATE = Mandate(kind="parent", represented=CHILD, proven_at=1_000.0, exchange="01KB0000000000000000000000")
PROCEDURE = representing(SubjectKind.PERSON, "representation")


@pytest.fixture
async def sessions() -> AsyncIterator[SealedValues]:
    """With one session and one grant."""
    opened = SealedValues(open_sessions("memory://"), bytes(32))
    await opened.put("ss:1", b"{}", 60)
    await opened.put("gr:1", b"{}", 60)
    yield opened
    await opened.store.close()


async def test_what_another_wrote_to_the_store_proves_nobody(sessions: SealedValues) -> None:
    handles = LoginHandles(sessions)
    handle = await handles.issue("one_gate", "1", "1", WHO)
    key = f"lh:{sha256(handle.encode()).hexdigest()}"
    stored = await sessions.store.get(key)
    assert stored is not None
    assert WHO.personal_id.encode() not in stored
    written = orjson.dumps({"for": "one_gate", "session": "1", "grant": "1", "login": asdict(login_of())})
    await sessions.store.put(key, written, 60)
    assert await refused(handles, handle, "one_gate") == "login_not_proven"


async def refused(handles: LoginHandles, handle: str, requester: str) -> str:
    with pytest.raises(Unprocessable) as caught:
        await handles.proven(handle, requester)
    return str(caught.value.problem_code)


async def test_handle_gives_the_login_and_its_mandate_to_its_requester_only(sessions: SealedValues) -> None:
    handles = LoginHandles(sessions)
    handle = await handles.issue("one_gate", "1", "1", WHO, MANDATE)
    login = await handles.proven(handle, "one_gate")
    assert (login.personal_id, login.full_name, login.level) == (WHO.personal_id, WHO.full_name, 2)
    assert login.mandate == MANDATE
    assert WHO.personal_id not in repr(login)
    assert await refused(handles, handle, "portal") == "login_not_proven"
    assert (
        await refused(handles, handle[:-1] + ("A" if handle[-1] != "A" else "B"), "one_gate")
        == "login_not_proven"
    )


@pytest.mark.parametrize("key", ["ss:1", "gr:1"])
async def test_handle_dies_with_its_session_and_with_its_grant(sessions: SealedValues, key: str) -> None:
    handles = LoginHandles(sessions)
    handle = await handles.issue("one_gate", "1", "1", WHO)
    await sessions.drop(key)
    assert await refused(handles, handle, "one_gate") == "login_not_proven"


def login_of(mandate: Mandate | None = None) -> Login:
    return Login(
        provider=WHO.provider, personal_id=WHO.personal_id, full_name=WHO.full_name, birth_date=WHO.birth_date,
        mandate=mandate, is_handle=True,
    )  # fmt: skip


def taking_part(proven: Mandate | None = None, /, **given: object) -> Participants:
    """Who takes part in a request with a login."""
    asked = Participants({}, None, None, {})._replace(**given)  # type: ignore[arg-type]
    return with_login(asked, login_of(proven), PROCEDURE)


def test_person_who_signed_in_has_the_role_that_signs_in() -> None:
    subject = taking_part().subjects[SUBJECT]
    assert isinstance(subject, Subject)
    assert (subject.personal_id, subject.full_name) == (WHO.personal_id, WHO.full_name)
    assert taking_part(subjects={SUBJECT: CHILD}).subjects == {SUBJECT: CHILD}


def test_mandate_names_the_represented_and_who_acts() -> None:
    found = taking_part(MANDATE)
    assert found.subjects == {SUBJECT: CHILD}
    assert found.representative is not None
    assert (found.representative.kind, found.representative.of) == ("parent", SUBJECT)
    assert found.representative.subject is not None
    assert found.representative.subject.personal_id == WHO.personal_id


def test_represented_in_another_role_leaves_the_one_that_signs_in_to_who_acts() -> None:
    found = taking_part(MANDATE, subjects={"child": CHILD})
    assert found.representative == Representative(kind="parent", of="child")
    subject = found.subjects[SUBJECT]
    assert isinstance(subject, Subject)
    assert subject.personal_id == WHO.personal_id


@pytest.mark.parametrize(
    "given",
    [
        {"representative": Representative(kind="guardian")},
        {"mandate": "31/2026-UQ"},
        {
            "representative": Representative(kind="parent", of="child"),
            "subjects": {"child": replace(CHILD, personal_id="033318493071")},
        },
        # the mandate is for one child, the form for another
        {"subjects": {SUBJECT: replace(CHILD, personal_id="033318493071"), "child": SUBJECT}},
        {"subjects": {"child": CHILD, SUBJECT: replace(CHILD, personal_id="033318493071")}},
    ],
)
def test_request_that_says_otherwise_than_the_mandate_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Unprocessable) as caught:
        taking_part(MANDATE, **given)
    assert caught.value.problem_code == "login_differs"


def test_account_of_an_old_number_is_a_person_and_that_of_a_firm_the_firm_though_it_names_a_person() -> None:
    nobody = Participants({}, None, None, {})
    old = with_login(nobody, replace(login_of(), personal_id="", old_id="145870362"), PROCEDURE)
    subject = old.subjects[SUBJECT]
    assert isinstance(subject, Subject)
    assert (subject.kind, subject.old_id, subject.personal_id) == (SubjectKind.PERSON, "145870362", None)
    of_firm = replace(login_of(), kind=AccountKind.BUSINESS, tax_code="0906318254")
    firm = with_login(nobody, of_firm, PROCEDURE)
    subject = firm.subjects[SUBJECT]
    assert isinstance(subject, Subject)
    assert (subject.kind, subject.tax_code) == (SubjectKind.ORGANISATION, "0906318254")


def test_account_that_names_nobody_fills_no_form() -> None:
    with pytest.raises(Unprocessable) as caught:
        with_login(Participants({}, None, None, {}), replace(login_of(), personal_id=""), PROCEDURE)
    assert caught.value.problem_code == "login_not_proven"
