"""Consents at the real door: given with a receipt, used, withdrawn; and what was kept under them is gone.

Done-rows: a consent from receipt to refusal, a second form filled with what the first one gave, a form attested.
"""

import asyncio
import base64
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.api.office import fits
from tests.flows import sd_jwt as signed
from tests.flows.conftest import House, build, changed, new_official, on_session
from tests.flows.test_records import locked, records

PHONE, EMAIL, ISSUED = "0900417283", "mau.4172@example.vn", "15/04/2021"
SERVICE = "own_data.kept"
TEXT = "giu-du-lieu-2026-01"


def later(days: int = 300) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def consent(who: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "subject": {"personal_id": who["personal_id"]}, "purpose": "keep_own_data",
        "attributes": {SERVICE: ["phone", "email", "id_issued_on"]}, "text_version": TEXT, "language": "vi",
        "channel": "portal", "expires_at": later(),
    }  # fmt: skip
    return {**body, **more}


def residence(house: House, trait: str = "married") -> dict[str, Any]:
    who = house.subject(trait)
    return {"procedure": "1.004222", "subjects": {"applicant": who}, "official": new_official()}


async def given(house: House, who: dict[str, Any], **more: Any) -> dict[str, Any]:
    status, answer = await house.post("/v1/consents", consent(who, **more))
    assert status == 200, answer
    fits("Consent", answer)
    return dict(answer)


async def attested(
    house: House, body: dict[str, Any], expected: int = 200, client: str = "portal"
) -> dict[str, Any]:
    """The answer, at once: the record waits for its place in the tree, and is known all the same."""
    status, answer = await house.post("/v1/attest", body, client)
    assert status == expected, answer
    fits("Attested" if expected == 200 else "Problem", answer)
    return dict(answer)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lender(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house whose portal asks on the ground of consent."""
    folder = tmp_path_factory.mktemp("lender")
    async with build(folder, {"agreements.portal.consent": "required"}) as made:
        yield made


async def verified(house: House, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWS, by a key of `/oauth2/jwks` and nothing of the gateway's own code."""
    head, body, signature = token.split(".")
    header = orjson.loads(_raw(head))
    async with house.session.get(f"{house.url}/oauth2/jwks") as response:
        [key] = [one for one in (await response.json())["keys"] if one["kid"] == header["kid"]]
    public = Ed25519PublicKey.from_public_bytes(_raw(key["x"]))
    public.verify(_raw(signature), f"{head}.{body}".encode())
    return header, orjson.loads(_raw(body))


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@on_session
async def test_consent_gives_a_receipt_is_used_and_once_withdrawn_refuses_the_next_exchange(
    lender: House,
) -> None:
    ask = residence(lender)
    who = ask["subjects"]["applicant"]
    purpose, service = "residence_registration", "population.TraCuuThongTinCongDan"
    status, problem = await lender.post("/v1/prefill", ask)
    assert (status, problem["code"]) == (403, "consent_missing")
    got = await given(lender, who, purpose=purpose, attributes={service: ["full_name", "gender"]})
    header, receipt = await verified(lender, got["receipt"])
    assert header["typ"] == "consent-receipt+jwt"
    assert (receipt["schema_version"], receipt["record_id"]) == ("ISO/IEC TS 27560:2023", got["consent"])
    assert receipt["purposes"][0]["pii_information"] == [
        {"pii_type": service, "pii_attribute_id": name} for name in ("full_name", "gender")
    ]
    assert who["personal_id"] not in orjson.dumps(receipt).decode()

    status, filled = await lender.post("/v1/prefill", {**ask, "consent": got["consent"]})
    assert status == 200
    assert {entry["legal_basis"] for entry in filled["evidence"].values()} == {f"consent:{got['consent']}"}
    assert filled["fields"]["gioiTinh"]["state"] == "filled"
    assert filled["fields"]["ngaySinh"]["state"] == "withheld"  # the agreement has it, the consent has not

    status, ended = await lender.post("/v1/consents/withdraw", {"consent": got["consent"]})
    assert (status, bool(ended["withdrawn_at"])) == (200, True)
    before = await lender.calls()
    status, problem = await lender.post("/v1/prefill", {**ask, "consent": got["consent"]})
    assert (status, problem["code"]) == (403, "consent_missing")
    assert await lender.calls() == before
    async with build(lender.state, {"agreements.portal.consent": "required"}) as second:  # another process
        again = await given(second, who, purpose=purpose, attributes={service: ["full_name"]})
        for house, expected in ((second, 200), (lender, 200)):
            assert (await house.post("/v1/prefill", {**ask, "consent": again["consent"]}))[0] == expected
        await lender.post("/v1/consents/withdraw", {"consent": again["consent"]})
        assert (await second.post("/v1/prefill", {**ask, "consent": again["consent"]}))[0] == 403


@on_session
async def test_consent_of_another_person_purpose_or_requester_or_one_that_is_over_does_not_count(
    lender: House,
) -> None:
    ask = residence(lender)
    who, other = ask["subjects"]["applicant"], lender.subject("divorced")
    right = {
        "purpose": "residence_registration",
        "attributes": {"population.TraCuuThongTinCongDan": ["full_name"]},
    }
    wrong = [
        await given(lender, other, **right),
        await given(lender, who, **{**right, "purpose": "civil_registration"}),
        await given(lender, who, **right, requester="one_gate"),
    ]
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="milliseconds")
    wrong.append(await given(lender, who, **right, expires_at=soon))
    while datetime.now(UTC) <= datetime.fromisoformat(soon):
        await asyncio.sleep(0.05)
    for one in wrong:
        status, problem = await lender.post("/v1/prefill", {**ask, "consent": one["consent"]})
        assert (status, problem["code"]) == (403, "consent_missing"), one["purpose"]


@on_session
async def test_consent_counts_for_the_number_by_which_it_was_given(lender: House) -> None:
    ask = residence(lender, "old_id_only")
    older = ask["subjects"]["applicant"]
    one = await given(
        lender, {"personal_id": ""}, subject={"old_id": older["old_id"]}, purpose="residence_registration",
        attributes={"population.TraCuuThongTinCongDan": ["full_name"]},
    )  # fmt: skip
    assert (await lender.post("/v1/prefill", {**ask, "consent": one["consent"]}))[0] == 200
    # an old number may be two people's, and the consent names none
    both = {"applicant": {**older, "personal_id": "033057417283"}}
    status, problem = await lender.post("/v1/prefill", {**ask, "subjects": both, "consent": one["consent"]})
    assert (status, problem["code"]) == (403, "consent_missing")


@on_session
@pytest.mark.parametrize(
    "without", ["attributes", "text_version", "purpose", "language", "channel", "expires_at"]
)
async def test_nothing_is_agreed_to_by_default(patient: House, without: str) -> None:
    body = consent(patient.subject("married"))
    del body[without]
    status, problem = await patient.post("/v1/consents", body)
    assert (status, problem["code"]) == (422, "consent_default")
    assert problem["errors"][0]["pointer"] == f"/{without}"


@on_session
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"attributes": {SERVICE: ["*"]}}, "bad_request"),
        ({"attributes": {SERVICE: []}}, "unknown_attribute"),
        ({"attributes": {SERVICE: ["blood_group"]}}, "unknown_attribute"),
        ({"attributes": {"nobody.knows": ["phone"]}}, "unknown_service"),
        ({"purpose": "marketing"}, "unknown_purpose"),
        ({"requester": "nobody"}, "unknown_requester"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "value_not_possible"),
        ({"expires_at": later(4_000)}, "value_not_possible"),
    ],
)
async def test_consent_to_what_there_is_not_is_refused(
    patient: House, wrong: dict[str, Any], code: str
) -> None:
    status, problem = await patient.post("/v1/consents", consent(patient.subject("married"), **wrong))
    assert status == 422
    assert problem["code"] in (code, "unprocessable")


async def test_consent_for_another_requester_is_recorded_only_where_citizens_are_served(
    tmp_path: Path,
) -> None:
    counter = ("scopes: [prefill, dossiers, papers]", "scopes: [prefill, dossiers, papers, consents]")
    root = changed(tmp_path / "root", "config/requesters/one_gate.yaml", counter)
    async with build(tmp_path / "state", {}, root) as house:
        who = house.subject("married")
        status, problem = await house.post("/v1/consents", consent(who, requester="portal"), "one_gate")
        assert (status, problem["errors"][0]["pointer"]) == (422, "/requester")
        assert problem["code"] == "not_yours"
        found = (await house.post("/v1/consents/search", {}, "portal"))[1]
        assert found["consents"] == []
        for client, holder in (("one_gate", "one_gate"), ("portal", "one_gate")):
            status, got = await house.post("/v1/consents", consent(who, requester=holder), client)
            assert (status, got["requester"]) == (200, "one_gate"), got


@on_session
async def test_consents_are_seen_by_who_holds_them_and_by_the_citizens_page(patient: House) -> None:
    who = patient.subject("married")
    subject = {"personal_id": who["personal_id"]}
    mine = await given(patient, who)
    theirs = await given(patient, who, requester="one_gate")
    for client, body, seen in (
        ("citizen", {"subject": subject}, {mine["consent"], theirs["consent"]}),
        ("portal", {}, {mine["consent"]}),
        ("citizen", {}, set()),
    ):
        status, found = await patient.post("/v1/consents/search", body, client)
        assert status == 200
        fits("Consents", found)
        ids = {one["consent"] for one in found["consents"]}
        assert ids & {mine["consent"], theirs["consent"]} == seen
        assert who["personal_id"] not in orjson.dumps(found).decode()
    stranger = {"personal_id": "033199555555"}
    for wrong in (
        {"consent": theirs["consent"]},
        {"consent": theirs["consent"], "subject": stranger},
        {"consent": "cs-" + "a" * 24, "subject": subject},
    ):
        status, problem = await patient.post("/v1/consents/withdraw", wrong, "citizen")
        assert (status, problem["code"]) == (404, "consent_unknown")
    right = {"consent": theirs["consent"], "subject": subject}
    status, ended = await patient.post("/v1/consents/withdraw", right, "citizen")
    assert (status, ended["consent"]) == (200, theirs["consent"])


@on_session
async def test_first_form_is_kept_and_fills_a_second_procedure_until_the_consent_is_withdrawn(
    patient: House,
) -> None:
    ask = residence(patient)
    who = ask["subjects"]["applicant"]
    first = (await patient.post("/v1/prefill", ask))[1]
    assert first["fields"]["soDienThoai"]["value"] is None
    form = {**first["form"], "soDienThoai": PHONE, "email": EMAIL}
    body = {"exchange_id": first["exchange_id"], "form": form, "keep": True}
    got = await given(patient, who)
    done = await attested(patient, {**body, "consent": got["consent"]})
    assert done["kept"].keys() == {"phone", "email"}

    roles: dict[str, Any] = {"owner": who, "requester": {"same_as": "owner"}}
    second = await patient.prefill("1.001612", roles, official=new_official())
    entry = second["fields"]["nguoiNop_dienThoai"]
    assert (entry["value"], entry["attribute"], entry["editable"]) == (PHONE, "own_data.phone", True)
    passport = second["evidence"][entry["evidence"]]
    assert passport["self_declared"] is True
    assert passport["legal_basis"] == f"consent:{got['consent']}"
    assert passport["declared"]["phone"]["consent"] == got["consent"]
    assert passport["declared"]["phone"]["valid_until"] == passport["valid_until"]
    assert passport["declared"]["phone"]["given_at"] == passport["source_updated_at"]
    assert all("own_data" not in orjson.dumps(paper).decode() for paper in second["papers"])

    status, differing = await patient.post(
        "/v1/prefill", {**ask, "official": new_official(), "account": {"SoDienThoai": "0900000009"}}
    )
    entry = differing["fields"]["soDienThoai"]
    assert (status, entry["value"], entry["state"]) == (200, "0900000009", "disputed")
    assert [one["value"] for one in entry["doubt"]["candidates"]] == ["0900000009", PHONE]

    other = await patient.post("/v1/prefill", {**ask, "official": new_official()}, "one_gate")
    assert PHONE not in orjson.dumps(other[1]).decode()  # it was given to the portal

    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})
    third = await patient.prefill("1.001612", roles, official=new_official())
    assert third["fields"]["nguoiNop_dienThoai"]["value"] is None


@on_session
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("soDienThoai", "not a phone", "8 to 20 digits"), ("soDienThoai", "0900\u202e417283", "invisible characters"),
        ("soDienThoai", "0900417283\n", "invisible characters"), ("soDienThoai", "<b>0900417283</b>", "8 to 20 digits"),
        ("soDienThoai", "9" * 600, "too long"), ("soDienThoai", ["0900417283"], "8 to 20 digits"),
        ("email", "mau@example", "ten@example.vn"), ("email", "a" * 250 + "@example.vn", "ten@example.vn"),
        ("email", "<script>@example.vn", "ten@example.vn"), ("email", "mau\u200b@example.vn", "invisible characters"),
    ],
)  # fmt: skip
async def test_what_is_no_value_of_its_attribute_is_kept_by_nobody_and_the_remedy_is_told(
    patient: House, field: str, value: object, says: str
) -> None:
    ask = residence(patient)
    who = ask["subjects"]["applicant"]
    first = (await patient.post("/v1/prefill", ask))[1]
    form = {**first["form"], "soDienThoai": PHONE, "email": EMAIL, field: value}
    got = await given(patient, who)
    body = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    for _ in range(100):
        status, problem = await patient.post("/v1/attest", body)
        if status != 404:
            break
        await asyncio.sleep(0.1)
    assert (status, problem["code"]) == (422, "value_not_possible"), problem
    [fault] = problem["errors"]
    assert fault["pointer"] == f"/form/{field}"
    assert says in fault["detail"]
    assert str(value) not in orjson.dumps(problem, option=0).decode()
    roles: dict[str, Any] = {"owner": who, "requester": {"same_as": "owner"}}
    second = await patient.prefill("1.001612", roles, official=new_official())
    assert second["fields"]["nguoiNop_dienThoai"]["value"] is None
    assert [one["phase"] for one in records(patient) if one["exchange"] == problem["exchange_id"]] == []
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})


@on_session
async def test_day_that_there_is_not_is_not_kept(patient: House) -> None:
    who = patient.subject("divorced")
    roles: dict[str, Any] = {"owner": who, "requester": {"same_as": "owner"}}
    first = await patient.prefill("1.001612", roles, official=new_official())
    got = await given(patient, who, attributes={SERVICE: ["phone"]})
    form = {**first["form"], "nguoiNop_ngayCapGiayTo": "31/02/2021", "nguoiNop_dienThoai": "+84 900 417 283"}
    body = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    # what the consent does not name is not looked at
    assert (await attested(patient, body))["kept"].keys() == {"phone"}
    dated = await given(patient, who)
    status, problem = await patient.post("/v1/attest", {**body, "consent": dated["consent"]})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/form/nguoiNop_ngayCapGiayTo")
    for one in (got, dated):
        await patient.post("/v1/consents/withdraw", {"consent": one["consent"]})


@on_session
async def test_field_of_own_data_that_is_shown_alone_does_not_look_official(patient: House) -> None:
    ask = residence(patient, "never_married")
    who = ask["subjects"]["applicant"]
    first = (await patient.post("/v1/prefill", ask))[1]
    form = {**first["form"], "soDienThoai": PHONE}
    got = await given(patient, who)
    await attested(
        patient, {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    )
    status, answer = await patient.post(
        "/v1/prefill", {**ask, "official": new_official(), "passport": "sd-jwt"}
    )
    assert status == 200
    async with patient.session.get(f"{patient.url}/oauth2/jwks") as response:
        keys = await response.json()
    claims = signed.verified(signed.part(answer["passport"], "soDienThoai", "hoTen"), keys)
    assert claims["evidence"] == {}
    own, official = claims["fields"]["soDienThoai"], claims["fields"]["hoTen"]
    declared = answer["evidence"][own["evidence"]]["declared"]["phone"]
    assert (own["value"], own["self_declared"], own["source"]) == (PHONE, True, "own_data")
    assert own["given_at"] == declared["given_at"]
    assert own["valid_until"] == declared["valid_until"]
    assert official["source"] == "population"
    assert "self_declared" not in official
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})


async def test_store_that_cannot_tell_refuses_nobody(make_house: Callable[..., Any]) -> None:
    async with make_house(agreements__portal__consent="required") as house:
        ask = residence(house)
        got = await given(
            house, ask["subjects"]["applicant"], purpose="residence_registration",
            attributes={"population.TraCuuThongTinCongDan": ["full_name"]},
        )  # fmt: skip
        asking, path = {**ask, "consent": got["consent"]}, house.state / "consents.sqlite"
        for path_of in ("/v1/prefill", "/v1/explain"):
            with sqlite3.connect(path) as connection:
                connection.execute("ALTER TABLE consents RENAME TO away")
            status, problem = await house.post(path_of, asking)
            assert (status, problem["code"]) == (503, "consents_unavailable")
            assert [one for one in records(house) if one["exchange"] == problem["exchange_id"]] == []
            with sqlite3.connect(path) as connection:
                connection.execute("ALTER TABLE away RENAME TO consents")
            connection.close()
            assert (await house.post(path_of, asking))[0] == 200


@on_session
async def test_row_that_was_altered_in_the_database_gives_nobody_anything(lender: House) -> None:
    ask = residence(lender)
    who, other = ask["subjects"]["applicant"], lender.subject("divorced")
    right = {
        "purpose": "residence_registration",
        "attributes": {"population.TraCuuThongTinCongDan": ["full_name"]},
    }
    mine, theirs = await given(lender, who, **right), await given(lender, other, **right)
    for change, values in (
        ('body = replace(body, \'"full_name"\', \'"full_name","gender"\') WHERE id = ?', (mine["consent"],)),
        (
            "person = (SELECT person FROM consents WHERE id = ?) WHERE id = ?",
            (mine["consent"], theirs["consent"]),
        ),
    ):
        with sqlite3.connect(lender.state / "consents.sqlite") as connection:
            assert connection.execute(f"UPDATE consents SET {change}", values).rowcount == 1  # noqa: S608 -- ours
        connection.close()
    for one in (mine, theirs):
        status, problem = await lender.post("/v1/prefill", {**ask, "consent": one["consent"]})
        assert (status, problem["code"]) == (403, "consent_missing")


@on_session
async def test_act_that_the_store_did_not_take_has_a_record_which_says_so_and_is_withdrawn_once(
    patient: House,
) -> None:
    who = patient.subject("driver")
    got, known = await given(patient, who), len(records(patient))
    demand = {"subject": {"personal_id": who["personal_id"]}, "kind": "access", "text": "Cho tôi xem"}
    with locked(patient.state / "consents.sqlite"):
        for path, body in (
            ("/v1/consents/withdraw", {"consent": got["consent"]}),
            ("/v1/consents", consent(who)),
            ("/v1/subject-requests", demand),
        ):
            status, problem = await patient.post(path, body)
            assert (status, problem["code"]) == (503, "consents_unavailable")
    kept = [one for one in records(patient)[known:] if one["phase"] == "consent"]
    done = [(one["result"], one["notes"].get("undone"), one["notes"].get("outcome")) for one in kept]
    assert done == [
        ("withdrawn", None, None), ("not_done", "withdrawn", "unknown"),
        ("given", None, None), ("not_done", "given", "unknown"),
        ("request_opened", None, None), ("request_not_done", "opened", "unknown"),
    ]  # fmt: skip
    for promised, undone in zip(kept[::2], kept[1::2], strict=True):
        assert promised["exchange"] == undone["exchange"]
        assert promised["subjects"] == undone["subjects"] != {}
        for word in ("consent", "request"):
            assert promised["notes"].get(word) == undone["notes"].get(word)
    known = len(records(patient))
    first = (await patient.post("/v1/consents/withdraw", {"consent": got["consent"]}))[1]
    again = (await patient.post("/v1/consents/withdraw", {"consent": got["consent"]}))[1]
    assert first.pop("exchange_id") != again.pop("exchange_id")
    assert first == again
    results = [one["result"] for one in records(patient)[known:] if one["phase"] == "consent"]
    assert results == ["withdrawn", "withdrawal_repeated"]


@on_session
async def test_own_data_that_were_moved_to_somebody_else_in_the_database_fill_nothing(patient: House) -> None:
    who, other = patient.subject("widowed"), patient.subject("divorced")
    roles = {"owner": who, "requester": who}
    first = await patient.prefill("1.001612", roles, official=new_official())
    got, theirs = await given(patient, who), await given(patient, other)
    form = {**first["form"], "nguoiNop_dienThoai": PHONE}
    body = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    assert (await attested(patient, body))["kept"].keys() == {"phone"}
    with sqlite3.connect(patient.state / "consents.sqlite") as connection:
        moved = (
            "UPDATE own_data_keys SET person = (SELECT person FROM consents WHERE id = ?) WHERE consent = ?"
        )
        assert connection.execute(moved, (theirs["consent"], got["consent"])).rowcount == 1
    connection.close()
    roles = {"owner": other, "requester": other}
    second = await patient.prefill("1.001612", roles, official=new_official())
    assert PHONE not in orjson.dumps(second).decode()
    for one in (got, theirs):
        await patient.post("/v1/consents/withdraw", {"consent": one["consent"]})


async def test_files_hold_no_byte_of_what_was_kept_once_the_consent_is_withdrawn(
    make_house: Callable[..., Any],
) -> None:
    async with make_house() as house:
        ask = residence(house)
        who = ask["subjects"]["applicant"]
        first = (await house.post("/v1/prefill", ask))[1]
        form = {**first["form"], "soDienThoai": PHONE, "email": EMAIL}
        got = await given(house, who)
        await attested(house, {
            "exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"],
        })  # fmt: skip
        path = house.state / "consents.sqlite"
        connection = sqlite3.connect(path)
        kept = [row[0] for row in connection.execute("SELECT sealed FROM own_data")]
        kept += [row[0] for row in connection.execute("SELECT wrapped FROM own_data_keys")]
        connection.close()
        assert len(kept) == 3
        assert all(any(one in data for data in _files(house.state)) for one in kept)
        for data in _files(house.state):
            for secret in (PHONE, EMAIL, who["personal_id"]):
                assert secret.encode() not in data
        await house.post("/v1/consents/withdraw", {"consent": got["consent"]})
        assert not any(one in data for data in _files(house.state) for one in kept)


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@on_session
async def test_day_of_issue_is_kept_as_a_date_and_written_as_the_next_form_writes_dates(
    patient: House,
) -> None:
    who = patient.subject("divorced")
    roles: dict[str, Any] = {"owner": who, "requester": {"same_as": "owner"}}
    first = await patient.prefill("1.001612", roles, official=new_official())
    form = {**first["form"], "nguoiNop_ngayCapGiayTo": ISSUED}
    got = await given(patient, who)
    body = {"exchange_id": first["exchange_id"], "form": form, "keep": True, "consent": got["consent"]}
    assert (await attested(patient, body))["kept"].keys() == {"id_issued_on"}
    second = await patient.prefill("1.001612", roles, official=new_official())
    assert second["form"]["nguoiNop_ngayCapGiayTo"] == ISSUED
    await patient.post("/v1/consents/withdraw", {"consent": got["consent"]})


@on_session
async def test_attest_tells_field_by_field_what_is_still_as_the_databases_said(patient: House) -> None:
    ask = residence(patient)
    first = (await patient.post("/v1/prefill", {**ask, "account": {"SoDienThoai": PHONE}}))[1]
    form = {**first["form"], "hoTen": "Người Khác", "soDienThoai": "0900000008", "noiDungDeNghi": "Nhập hộ"}
    form["khongCo"] = "x"
    done = await attested(patient, {"exchange_id": first["exchange_id"], "form": form})
    states = {name: entry["state"] for name, entry in done["fields"].items()}
    assert done["comparable"] is True
    assert states["ngaySinh"] == states["gioiTinh"] == "unchanged"
    assert states["hoTen"] == "not_editable_changed"
    assert states["soDienThoai"] == "corrected_by_citizen"
    assert done["fields"]["noiDungDeNghi"] == {"state": "unknown_field", "detail": "typed_by_citizen"}
    assert done["fields"]["khongCo"] == {"state": "unknown_field", "detail": "no_such_field"}
    assert done["kept"] == {}
    wrong = {"exchange_id": first["exchange_id"], "form": form}
    status, problem = await patient.post("/v1/attest", wrong, "one_gate")
    assert (status, problem["code"]) == (404, "exchange_unknown")


@on_session
async def test_nothing_is_kept_without_a_consent_of_the_person_in_the_form(patient: House) -> None:
    ask = residence(patient)
    first = (await patient.post("/v1/prefill", ask))[1]
    body = {"exchange_id": first["exchange_id"], "form": {**first["form"], "soDienThoai": PHONE}}
    await attested(patient, body)
    status, _ = await patient.post("/v1/attest", {**body, "keep": True})
    assert status == 422
    elsewhere = await given(patient, patient.subject("widowed"))
    status, problem = await patient.post(
        "/v1/attest", {**body, "keep": True, "consent": elsewhere["consent"]}
    )
    assert (status, problem["code"]) == (403, "consent_missing")


@on_session
async def test_every_act_of_consent_is_a_record_that_names_nobody_in_clear(patient: House) -> None:
    who = patient.subject("married")
    got = await given(patient, who)
    headers = {"Authorization": f"Bearer {await patient.token('auditor')}"}
    body = {"phase": "consent", "result": "given", "limit": 200}
    for _ in range(100):
        async with patient.session.post(
            f"{patient.url}/v1/audit/search", json=body, headers=headers
        ) as response:
            text = await response.text()
        if got["consent"] in text:
            break
        await asyncio.sleep(0.1)
    assert got["consent"] in text
    assert who["personal_id"] not in text
