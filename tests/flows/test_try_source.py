"""`POST /v1/sources/{service}/try`: what was sent, what came and what became of it, and no more than is agreed."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway import telemetry
from gateway.api.answers import ANSWERS
from tests import typed
from tests.adapters.raw_peers import Say, answer, raw_peer, saying
from tests.config.test_broken_files import replace
from tests.flows.conftest import ROOT, House, build, changed, new_official, on_session
from tests.flows.test_records import records

LOOK_UP = "population.TraCuuThongTinCongDan"
LICENCE = "driving_licence.traCuu"
SETTINGS = "config/sources/driving_licence.yaml"
#: what the shipped agreement on trials leaves out of the look-up
NOT_AGREED = {"religion", "ethnicity", "marital_status", "mother.full_name", "household_head.personal_id"}
SECRET = "canary-secret-of-the-register"


async def tried(house: House, service: str = LOOK_UP, trait: str = "facts_example", **more: Any) -> Any:
    subject = more.pop("subject", None) or house.subject(trait)
    body = {"subject": subject, "official": new_official(), **more}
    status, found = await house.post(f"/v1/sources/{service}/try", body, "operator")
    assert status == 200, found
    jsonschema_rs.validate(ANSWERS["SourceTrial"], found)
    return found


def rows(found: Any) -> dict[str, Any]:
    return {one["attribute"]: one for one in found["attributes"]}


def values(found: Any) -> dict[str, Any]:
    return {name: one["value"] for name, one in rows(found).items() if one["value"] is not None}


# ---------------------------------------------------------------- masked and shown


@on_session
async def test_trial_shows_messages_and_attributes_with_masks_for_values(patient: House) -> None:
    who = patient.subject("facts_example")
    found = await tried(patient)
    (message,) = found["messages"]
    assert (found["outcome"], found["values"], found["agreement"]) == ("found", "masked", "source_trial")
    assert (message["method"], message["status"]) == ("POST", 200)
    assert "<n0:SoDinhDanh>000000000000</n0:SoDinhDanh>" in message["request"]["text"]
    assert "<ns1:Ten>xxx</ns1:Ten>" in message["answer"]["text"]
    assert message["proofs"] == ["Timestamp", "Authorization", "X-Road-Client", "ApiKey"]
    name = rows(found)["full_name"]
    assert (name["paths"], name["transform"]) == (["CongDan.HoVaTen.Ten"], ["title_case"])
    assert (name["raw"], name["value"], name["reason"]) == ("xxx", "xxx", None)
    assert rows(found)["birth_date"]["value"] == "0000-00-00"
    text = json.dumps(found, ensure_ascii=False).upper()
    for value in (who["personal_id"], who["full_name"].upper(), "TRẦN", "1990", "FEMALE"):
        assert value not in text


@on_session
async def test_values_that_are_asked_for_are_those_of_the_agreement_alone(patient: House) -> None:
    who = patient.subject("facts_example")
    found = await tried(patient, show_values=True)
    assert found["values"] == "shown"
    assert values(found)["full_name"] == who["full_name"]
    assert values(found)["birth_date"] == who["birth_date"]
    (message,) = found["messages"]
    assert who["personal_id"] in message["request"]["text"]
    # an agreement gives attributes, not messages
    assert who["personal_id"] not in message["answer"]["text"]
    for name in NOT_AGREED:
        one = rows(found)[name]
        assert (one["reason"], one["raw"], one["value"]) == ("not_agreed", None, None), name


@on_session
async def test_trial_is_recorded_like_any_look_up_and_the_citizen_sees_it(patient: House) -> None:
    number = patient.subject("divorced")["personal_id"]
    exchanges = {}
    for show in (False, True):
        exchanges[show] = (await tried(patient, trait="divorced", show_values=show))["exchange_id"]
    for show, exchange in exchanges.items():
        intent, outcome = [one for one in records(patient) if one["exchange"] == exchange]
        assert (intent["phase"], outcome["phase"]) == ("intent", "outcome")
        said = {"operation": "source_trial", "values": "shown" if show else "masked"}
        assert intent["notes"] == outcome["notes"] == said
        assert (intent["purpose"], outcome["calls"][0]["outcome"]) == ("source_trial", "found")
        # the record names what left by keyed digests
        assert ("full_name" in outcome["fields"]) is show
        assert number not in json.dumps([intent, outcome])
    body = {"subject": {"personal_id": number}, "phase": "outcome"}
    numbered: set[str] = set()
    while not {*exchanges.values()} <= numbered:  # the sequencer numbers records within a second
        _, found = await patient.post("/v1/audit/search", body, "auditor")
        numbered = {one["exchange_id"] for one in found["records"]}
    _, found = await patient.post("/v1/usage", {"subject": {"personal_id": number}}, "national_portal")
    uses = {one["exchange_id"]: one for one in found["uses"]}
    for exchange in exchanges.values():
        assert uses[exchange]["purpose"]["title"] == "Thử kết nối với nguồn dữ liệu"
        assert uses[exchange]["state"] == "answered"


@on_session
async def test_every_trial_asks_anew(patient: House) -> None:
    official = new_official()
    for _ in range(2):
        found = await tried(patient, official=official)
        assert not [one for one in records(patient)[-1]["calls"] if one["cached"] or one["shared"]], found


async def test_canary_shows_up_in_no_log_line_metric_or_record(make_house: Callable[..., Any]) -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with make_house() as house:
        who = house.subject("facts_example")
        await tried(house, show_values=True)
        await house.misbehave("population", "wrong_person", times=1)
        await tried(house, show_values=True)
        async with house.session.get(f"{house.admin}/metrics") as response:
            seen = await response.text() + sink.getvalue().decode() + json.dumps(records(house))
    for value in (
        who["personal_id"],
        who["full_name"],
        who["full_name"].upper(),
        who["birth_date"],
        "sandbox-secret",
    ):
        assert value not in seen


# ---------------------------------------------------------------- what a prefill would not show


@on_session
async def test_answer_about_another_person_shows_nothing_at_all(patient: House) -> None:
    await patient.misbehave("population", "wrong_person", times=1)
    found = await tried(patient, show_values=True)
    assert (found["alarm"], found["values"], found["outcome"]) == (True, "withheld", "invalid")
    assert found["reason"]["code"] == "source_answer_other_person"
    [cause] = [one for one in found["faults"] if one["attribute"] == "personal_id"]
    assert (cause["code"], cause["path"]) == ("other_person", "SoDinhDanh")
    assert "'identity'" in cause["remedy"]
    assert (found["messages"][0]["answer"], found["messages"][0]["content_type"]) == (None, None)
    assert not [one for one in found["attributes"] if one["raw"] is not None or one["value"] is not None]
    outcome = records(patient)[-1]
    assert (outcome["notes"]["values"], outcome["fields"]) == ("withheld", {})


@on_session
async def test_number_under_another_name_tells_nothing(patient: House) -> None:
    """The register of licences compares no birth date: the population register denies the person."""
    who = {**patient.subject("facts_example"), "full_name": "Ngô Văn Khác", "birth_date": "1990-05-06"}
    found = await tried(patient, "civil_status.trichLuc", subject=who, show_values=True)
    assert (found["outcome"], found["values"]) == ("no_match", "withheld")
    assert (found["messages"][0]["answer"], found["faults"]) == (None, [])
    assert values(found) == {}
    known = await tried(patient, "civil_status.trichLuc", show_values=True)
    assert [one["data_service"] for one in known["confirmed_by"]] == ["population.XacThucThongTinCongDan"]
    assert values(known)["marital_state"] == "married"


# ---------------------------------------------------------------- trouble


@on_session
@pytest.mark.parametrize(
    ("mode", "outcome", "reason", "status"),
    [
        ("fault200", "unavailable", "source_busy", 200),
        ("hang", "unavailable", "source_timeout", None),
        ("garbage", "invalid", "source_answer_invalid", 200),
        ("html", "invalid", "source_answer_invalid", 200),
    ],
)
async def test_trouble_of_a_source_is_told_with_what_was_sent_and_what_came(
    patient: House, mode: str, outcome: str, reason: str, status: int | None
) -> None:
    await patient.misbehave("population", mode, times=2)
    found = await tried(patient, deadline_ms=500)
    assert (found["outcome"], found["reason"]["code"]) == (outcome, reason)
    (message,) = found["messages"]
    assert "<n0:SoDinhDanh>000000000000</n0:SoDinhDanh>" in message["request"]["text"]
    assert message["status"] == status
    assert {one["reason"] for one in found["attributes"]} == {reason, "not_agreed"}


@on_session
async def test_person_whom_the_source_does_not_know_is_not_found(patient: House) -> None:
    found = await tried(patient, LICENCE, "dead")
    assert (found["outcome"], found["reason"]["code"]) == ("not_found", "no_such_person")


BIRTHS = "health.giayChungSinh"


async def used(house: House, number: str, exchange: str) -> Any:
    """The use in a person's list, once its records are numbered."""
    async with asyncio.timeout(60):
        while True:
            _, page = await house.post("/v1/usage", {"subject": {"personal_id": number}}, "citizen")
            for one in page["uses"]:
                if one["exchange_id"] == exchange:
                    return one
            await asyncio.sleep(0.1)


@on_session
async def test_birth_notice_is_tried_by_the_number_of_a_parent_or_of_the_notice(patient: House) -> None:
    mother = patient.subject("newborn_mother")["personal_id"]
    child = next(one for one in patient.personas if "without_id" in one["traits"])
    by_parent = {"parent_personal_id": mother, "birth_date": child["birth_date"]}
    found = await tried(patient, BIRTHS, subject=by_parent, show_values=True)
    assert (found["outcome"], found["values"]) == ("found", "shown"), found
    assert values(found)["full_name"] == child["full_name"]
    assert mother not in found["messages"][0]["answer"]["text"]
    use = await used(patient, mother, found["exchange_id"])
    assert [one["about"]["relation"] for one in use["data"]] == ["found_by_number"]
    by_number = {"number": values(found)["number"], "birth_date": child["birth_date"]}
    found = await tried(patient, BIRTHS, subject=by_number)
    assert (found["outcome"], found["values"]) == ("found", "masked")
    other = await tried(patient, BIRTHS, subject={**by_parent, "birth_date": "2025-07-09"}, show_values=True)
    assert (other["outcome"], values(other)) != ("found", {})
    assert values(other) == {}


async def test_organisation_is_tried_by_its_number_alone(tmp_path: Path) -> None:
    agreed = "services:\n  catalogues.Category:\n    attributes: [rows]\n"
    root = changed(tmp_path / "root", "config/agreements/source_trial.yaml", ("services:\n", agreed))
    async with build(tmp_path / "state", {}, root) as house:
        for subject in ({"number": "madantoc"}, {"number": "madantoc", "tax_code": None}):
            found = await tried(house, "catalogues.Category", subject=subject, show_values=True)
            assert found["outcome"] == "found", found
            assert rows(found)["rows"]["value"]


@on_session
@pytest.mark.parametrize("more", [{}, {"number": "33001-2026-00417"}])
async def test_birth_notice_is_not_tried_without_the_birth_date(patient: House, more: dict[str, str]) -> None:
    """A number of the notice is one of a row: who may guess it must know the child."""
    given = more or {"parent_personal_id": patient.subject("newborn_mother")["personal_id"]}
    status, problem = await patient.post(f"/v1/sources/{BIRTHS}/try", {"subject": given}, "operator")
    assert status == 400, problem
    assert [one["pointer"] for one in problem["errors"]] == ["/subject/birth_date"]


# ---------------------------------------------------------------- a register that answers what it likes


@contextlib.asynccontextmanager
async def registered(
    tmp_path: Path, say: Say, *changes: tuple[str, str, str], **overrides: str
) -> AsyncIterator[House]:
    """A house whose register of licences is `say`."""
    before = (ROOT / SETTINGS).read_text("utf-8")
    auth = before[before.index("auth:") : before.index("services:")]
    async with raw_peer(say) as peer:
        moved = ("http://127.0.0.1:8090/driving_licence", peer.url)
        known = (auth, f"auth: {{kind: bearer, secret: {{value: {SECRET}}}}}\n")
        root = changed(tmp_path / "root", SETTINGS, moved, known)
        for name, old, new in changes:
            replace(root, name, old, new)
        async with build(tmp_path / "state", overrides, root) as house:
            yield house


def holding(**more: object) -> Say:
    """A register that answers about the person of the example."""
    body = {"SoDinhDanh": "033190001234", "SoGPLX": "330218640795", "HoTen": "Trần Thị Mẫu", **more}
    return saying(answer(json.dumps(body, ensure_ascii=False).encode()))


@pytest.mark.parametrize(
    ("say", "code", "outcome"),
    [(saying(answer(b"{}", status="404 X")), "http_status", "not_found"),
     (saying(answer(b'{"fault":{"code":"E9"}}')), "fault", "refused")],
    ids=["status", "code"],
)  # fmt: skip
async def test_code_with_a_configured_meaning_is_nothing_to_add(
    tmp_path: Path, say: Say, code: str, outcome: str
) -> None:
    options = "options: {http: {404: not_found}, fault_code: fault.code, faults: {E9: refused}}\n"
    async with registered(tmp_path, say, (SETTINGS, "services:\n", f"{options}services:\n")) as house:
        found = await tried(house, LICENCE)
    [cause] = found["faults"]
    assert (found["outcome"], cause["code"]) == (outcome, code)
    assert "the outcome is its meaning" in cause["remedy_en"]


@pytest.mark.parametrize(
    ("status", "meant", "title", "remedy"),
    [("409 X", "refused", "it refuses to answer", "ask the provider why it refuses; the outcome is its meaning"),
     ("409 X", "busy", "it cannot answer now", "call the provider where it goes on; the outcome is its meaning"),
     ("409 X", "invalid", "cannot take this request", "compare the request with the contract; the outcome is"),
     ("401 X", "", "the gateway's credentials", "check 'auth' and its secret"),
     ("404 X", "", "no such address or data", "write '404: not_found' into 'options.http'"),
     ("418 X", "", "does not take this request", "'method' and 'body' of the service"),
     ("503 X", "", "a fault of its own", "call the provider")],
)  # fmt: skip
async def test_status_says_what_happened_and_what_to_do_on_every_page(
    tmp_path: Path, status: str, meant: str, title: str, remedy: str
) -> None:
    options = f"options: {{http: {{409: {meant}}}}}\n" if meant else ""
    say = saying(answer(b"{}", status=status))
    async with registered(tmp_path, say, (SETTINGS, "services:\n", f"{options}services:\n")) as house:
        [cause] = (await tried(house, LICENCE))["faults"]
        _, known = await _get(house, "/v1/sources")
    [noted] = [one["fault"] for one in known["sources"] if one["source"] == "driving_licence"]
    assert title in cause["title_en"], cause
    assert remedy in cause["remedy_en"], cause
    for word in ("code", "title", "title_en", "remedy", "remedy_en", "status"):
        assert noted[word] == cause[word]


async def test_trial_uses_up_no_error_budget(tmp_path: Path) -> None:
    async with registered(tmp_path, saying(answer(b"{}", status="503 X"))) as house:
        assert (await tried(house, LICENCE))["outcome"] == "unavailable"
        async with house.session.get(f"{house.admin}/metrics") as response:
            seen = await response.text()
    assert not [line for line in seen.splitlines() if "source_outcomes" in line and "driving_licence" in line]


async def test_attribute_that_cannot_be_read_names_the_reason_and_shows_what_came(tmp_path: Path) -> None:
    say = holding(NgayCapGPLX="31/02/2020", TrangThai="8", NoiCapGPLX="Sở GTVT")
    async with registered(tmp_path, say) as house:
        masked, shown = await tried(house, LICENCE), await tried(house, LICENCE, show_values=True)
        _, known = await _get(house, "/v1/sources")
    [noted] = [one["fault"] for one in known["sources"] if one["source"] == "driving_licence"]
    assert (noted["attribute"], noted["path"], noted["transform"]) == ("issued_on", "NgayCapGPLX", "date_vn")
    for found, day, state in ((masked, "00/00/0000", "0"), (shown, "31/02/2020", "8")):
        issued, code = rows(found)["issued_on"], rows(found)["state"]
        assert (issued["raw"], issued["value"], issued["fault"]) == (day, None, "unreadable")
        assert (issued["reason"], issued["transform"]) == ("value_invalid", ["date_vn"])
        assert (code["raw"], code["reason"], code["doubt"]) == (state, "code_unknown", "code_unknown")
        (fault,) = found["faults"]
        assert (fault["code"], fault["attribute"], fault["path"]) == (
            "unreadable",
            "issued_on",
            "NgayCapGPLX",
        )
        assert fault["remedy"]
        assert rows(found)["expires_on"]["reason"] == "value_blank"
        # not agreed: not asked for, and not shown although it came
        assert (rows(found)["issued_by"]["reason"], rows(found)["issued_by"]["raw"]) == ("not_agreed", None)
        assert SECRET not in json.dumps(found)
    assert "Sở GTVT" not in json.dumps(shown, ensure_ascii=False)


@pytest.mark.parametrize("show", [False, True])
async def test_secret_that_an_answer_repeats_is_shown_nowhere(tmp_path: Path, *, show: bool) -> None:
    """As a value, as a part of one in capitals, and as a name in a fault."""
    state = {"HangGPLX": f"A1,{SECRET.upper()}", "NgayCapGPLX": SECRET, "TrangThai": "1"}
    bodies = [
        answer(json.dumps({"SoDinhDanh": "033190001234", "SoGPLX": "330218640795", **state}).encode()),
        answer(json.dumps({"loi": {SECRET: SECRET}}).encode(), status="409 X"),
    ]

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(bodies[number - 1])
        await writer.drain()

    async with registered(tmp_path, say) as house:
        found = [await tried(house, LICENCE, show_values=show) for _ in bodies]
    assert SECRET not in json.dumps(found).casefold()
    attributes = rows(found[0])
    assert (attributes["classes"]["raw"], attributes["classes"]["value"]) == ("•••", "•••")
    assert (attributes["issued_on"]["raw"], attributes["issued_on"]["value"]) == ("•••", None)
    assert attributes["state"]["value"] == ("valid" if show else "xxx")
    assert json.loads(found[1]["messages"][0]["answer"]["text"])["loi"].keys() == {"[1]"}


async def test_blank_outside_the_agreement_looks_like_a_value(tmp_path: Path) -> None:
    """`NoiCapGPLX` is not agreed, `Them` is in no mapping; `NgayCapGPLX` is agreed."""
    given: list[object] = ["Sở GTVT", "", None, 7, [], [{"a": 1}], {}]
    bodies = [{"NoiCapGPLX": one, "Them": one, "NgayCapGPLX": "", "TrangThai": "1"} for one in given]
    known = {"SoDinhDanh": "033190001234", "SoGPLX": "330218640795"}

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(json.dumps({**known, **bodies[number - 1]}).encode()))
        await writer.drain()

    async with registered(tmp_path, say) as house:
        found = [await tried(house, LICENCE, show_values=True) for _ in bodies]
    (text,) = {one["messages"][0]["answer"]["text"] for one in found}
    assert text.count("•••") == 2
    shown = json.loads(text)
    assert (shown["SoGPLX"], shown["NgayCapGPLX"], shown["NoiCapGPLX"]) == ("000000000000", "", "•••")


@pytest.mark.parametrize(
    ("place", "outside"),
    [
        ("NgayCapGPLX", "{path: NgayCapGPLX, transform: date_vn"),
        ("Ngay.Cap", '{path: "", parts: [Ngay.TT, Ngay.Cap], transform: name_joined'),
        ("Ngay.Cap", "{path: Ngay, transform: date_vn"),
    ],
    ids=["its path", "one of its parts", "what holds it"],
)
async def test_place_that_an_attribute_outside_the_agreement_reads_too_is_never_shown(
    tmp_path: Path, place: str, outside: str
) -> None:
    say = holding(NgayCapGPLX="31/02/2020", Ngay={"Cap": "31/02/2020"})
    file = "mappings/sources/driving_licence.yaml"
    change = (file, "passed_on: {path: NgayTTGPLX, transform: date_vn", f"passed_on: {outside}")
    text = (ROOT / file).read_text("utf-8")
    examples = text[text.index("    examples:") :]
    moved = (file, "issued_on: {path: NgayCapGPLX", f"issued_on: {{path: {place}")
    async with registered(tmp_path, say, change, moved, (file, examples, _ONE_EXAMPLE)) as house:
        found = await tried(house, LICENCE, show_values=True)
    assert (rows(found)["issued_on"]["raw"], rows(found)["issued_on"]["is_raw_shown"]) == (
        "00/00/0000",
        False,
    )


_ONE_EXAMPLE = """    examples:
      - name: a licence
        answer: {SoGPLX: "330218640795", TrangThai: "1"}
        evidence: {number: "330218640795", state: valid}
"""


async def test_hostile_answer_is_bounded_text_that_does_nothing(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>[red]\x1b[31m\u202e" + "A" * 10_000
    say = holding(HoTen=name, TrangThai="\u0007" * 50, **{"033190777123": {"Nguyễn Văn Thật": "x"}})
    async with registered(tmp_path, say) as house:
        found = await tried(house, LICENCE, show_values=True)
    text = json.dumps(found, ensure_ascii=False)
    assert len(text) < 30_000
    assert text.isprintable()
    for hostile in ("\x1b", "\u202e", "\x07", "<script", "AAAA", "033190777123", "Nguyễn"):
        assert hostile not in text


async def test_answer_that_is_none_is_masked_as_a_whole(tmp_path: Path) -> None:
    bodies = (
        b"<" * 9_000,
        b"{" * 30_000,
        b'{"a": "033190777123',
        "Trần 033190777123".encode(),
        b"\xff\x00<a b=",
    )

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(bodies[number - 1]))
        await writer.drain()

    async with registered(tmp_path, say) as house:
        for body in bodies:
            found = await tried(house, LICENCE, show_values=True)
            assert found["outcome"] == "invalid"
            shown = found["messages"][0]["answer"]
            assert shown["bytes"] - len(body) in range(1_024)
            assert (shown["bytes"] % 1_024, shown["cut"]) == (0, len(body) > 16_384)
            assert len(shown["text"]) <= 16_385
            assert not {"033190777123", "Trần"} & {*shown["text"].split('"'), *shown["text"].split()}


@on_session
async def test_fault_shows_the_names_of_its_elements(patient: House) -> None:
    await patient.misbehave("population", "fault200", times=2)
    [message] = (await tried(patient))["messages"]
    text = message["answer"]["text"]
    assert ("Fault>" in text, "[1]" in text) == (True, False), text


async def test_names_of_a_fault_are_shown_and_what_may_be_data_is_not(tmp_path: Path) -> None:
    body = {"loi": {"ma": "E9", "Nguyễn": "Trần", "a033190777123": "x"}}
    say = saying(answer(json.dumps(body).encode(), status="409 X"))
    async with registered(tmp_path, say) as house:
        [message] = (await tried(house, LICENCE))["messages"]
    assert json.loads(message["answer"]["text"]) == {"loi": {"ma": "xxx0", "[1]": "xxx", "[2]": "xxx"}}


async def test_status_of_a_refusal_is_told_with_its_masked_page(tmp_path: Path) -> None:
    page = "<html><body>Trần 033190777123</body></html>".encode()
    say = saying(answer(page, status="500 Internal Server Error", kind="text/html; name=033190777123"))
    async with registered(tmp_path, say) as house:
        found = await tried(house, LICENCE)
    (message,) = found["messages"]
    assert (found["outcome"], message["status"], message["content_type"]) == ("unavailable", 500, "text/html")
    assert message["answer"]["text"].split() == ["<html>", "<body>xxx", "000000000000</body>", "</html>"]
    assert found["faults"][0]["status"] == 500


# ---------------------------------------------------------------- who may


@on_session
async def test_only_the_scope_tries_sources(patient: House) -> None:
    body = {"subject": patient.subject("facts_example")}
    status, problem = await patient.post(f"/v1/sources/{LOOK_UP}/try", body, "portal")
    assert (status, problem["code"], problem["rule"]) == (403, "scope_missing", "scope:sources:try")
    assert records(patient)[-1]["phase"] == "refusal"


@on_session
@pytest.mark.parametrize(
    ("service", "more", "status", "code"),
    [
        ("household_business.chiTietHoKinhDoanh", {}, 403, "service_not_agreed"),
        (LOOK_UP, {"purpose": "civil_registration"}, 403, "service_not_agreed"),
        (LOOK_UP, {"procedure": "9.999999"}, 404, "unknown_procedure"),
        ("population.TraCuu", {}, 404, "unknown_data_service"),
        (LOOK_UP, {"subject": {"personal_id": "033190001234"}}, 422, "identifier_missing"),
        (LICENCE, {"subject": {"tax_code": "0100109106"}}, 422, "identifier_missing"),
        (LOOK_UP, {"show_values": "yes"}, 400, "bad_request"),
    ],
)  # fmt: skip
async def test_what_is_not_agreed_or_no_service_asks_nobody(
    patient: House, service: str, more: dict[str, Any], status: int, code: str
) -> None:
    before = await patient.calls()
    body = {"subject": patient.subject("facts_example"), "official": new_official(), **more}
    found, problem = await patient.post(f"/v1/sources/{service}/try", body, "operator")
    assert (found, problem["code"]) == (status, code), problem
    assert await patient.calls() == before
    if status == 403:
        refusal = records(patient)[-1]
        assert (refusal["phase"], refusal["result"]) == ("refusal", code)


async def test_trials_spend_the_quota_of_their_agreement(make_house: Callable[..., Any]) -> None:
    async with make_house(agreements__source_trial__quota__requester="1/hour") as house:
        await tried(house)
        before = await house.calls()
        body = {"subject": house.subject("facts_example")}
        status, problem = await house.post(f"/v1/sources/{LOOK_UP}/try", body, "operator")
        assert (status, problem["code"]) == (429, "quota_exceeded")
        assert await house.calls() == before


async def test_quota_of_an_agreement_that_does_not_name_the_service_is_not_spent(tmp_path: Path) -> None:
    """Of two agreements on trials the one with a quota names the register of civil status alone."""
    file, named = "config/agreements/source_trial.yaml", "  civil_status.trichLuc:\n"
    text = (ROOT / file).read_text("utf-8")
    attributes = text[text.index(named) + len(named) :].partition("\n")[0] + "\n"
    root = changed(tmp_path / "root", file, (named + attributes, ""))
    other = text[: text.index("services:\n")].replace("agreement: source_trial", "agreement: other_trial")
    other += f"services:\n{named}{attributes}quota: {{requester: 1/hour}}\n"
    (root / "config/agreements/other_trial.yaml").write_text(other, "utf-8")
    replace(root, "config/requesters/operator.yaml", "[source_trial]", "[source_trial, other_trial]")
    async with build(tmp_path / "state", {}, root) as house:
        for _ in range(2):
            await tried(house)
        await tried(house, "civil_status.trichLuc")
        body = {"subject": house.subject("facts_example"), "official": new_official()}
        status, problem = await house.post("/v1/sources/civil_status.trichLuc/try", body, "operator")
        assert (status, problem["code"]) == (429, "quota_exceeded"), problem
        assert 0 < problem["retry_after"] <= 3600
        await tried(house)


# ---------------------------------------------------------------- drafts


async def test_draft_is_tried_and_no_form_asks_it(tmp_path: Path) -> None:
    draft = (SETTINGS, "  traCuu:\n", '  traCuu:\n    enabled: "false"\n')
    async with registered(tmp_path, holding(TrangThai="1"), draft) as house:
        found = await tried(house, LICENCE, show_values=True)
        assert (found["draft"], values(found)["state"]) == (True, "valid")
        assert found["messages"][0]["proofs"] == ["Authorization"]
        _, sources = await _get(house, "/v1/sources")
    (one,) = [one for one in sources["sources"] if one["source"] == "driving_licence"]
    assert (one["draft"], one["data_services"], one["last"]) == (True, [], None)


async def test_draft_that_cannot_be_opened_says_what_is_missing(tmp_path: Path) -> None:
    draft = (SETTINGS, "  traCuu:\n", '  traCuu:\n    enabled: "false"\n')
    unset = (SETTINGS, f"{{value: {SECRET}}}", "{env: MOTLAN_NO_SUCH_SECRET}")
    async with registered(tmp_path, holding(), draft, unset) as house:
        body = {"subject": house.subject("facts_example")}
        status, problem = await house.post(f"/v1/sources/{LICENCE}/try", body, "operator")
    assert (status, problem["code"]) == (409, "draft_not_ready"), problem
    assert "MOTLAN_NO_SUCH_SECRET" in problem["detail"]
    assert "config/sources/driving_licence.yaml" in problem["detail_vi"]
    assert "MOTLAN_NO_SUCH_SECRET" not in problem["detail_vi"]  # English words are in 'detail'


async def test_draft_that_was_asked_to_wait_waits(tmp_path: Path) -> None:
    draft = (SETTINGS, "  traCuu:\n", '  traCuu:\n    enabled: "false"\n')
    busy = answer(b"{}", status="429 Too Many Requests", more="Retry-After: 40\r\n")
    async with registered(tmp_path, saying(busy), draft) as house:
        first, second = await tried(house, LICENCE), await tried(house, LICENCE)
    assert (first["faults"][0]["status"], first["messages"][0]["status"]) == (429, 429)
    assert (second["faults"][0]["code"], second["reason"]["code"]) == ("asked_to_wait", "source_busy")
    assert (second["messages"][0]["status"], 30 < second["retry_in"] <= 40) == (None, True)


async def _get(house: House, path: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {await house.token('operator')}"}
    async with house.session.get(house.url + path, headers=headers) as response:
        return response.status, await response.json()


# ---------------------------------------------------------------- the command


@on_session
async def test_command_shows_masks_and_says_by_its_exit_code_whether_something_was_found(
    patient: House,
) -> None:
    who = patient.subject("facts_example")

    async def said(*words: str, **subject: str) -> Any:
        given = json.dumps({**who, **subject})
        return await asyncio.to_thread(
            typed.motlan, "try-source", *words, "--subject", "-", "--gateway", patient.url, given=given
        )

    plain = await said(LOOK_UP)
    assert plain.code == 0
    for word in (
        "→ POST",
        "ApiKey: •••",
        "CongDan.HoVaTen.Ten",
        "title_case",
        "not_agreed",
        "values are masked",
    ):
        assert word in plain.out, plain.out
    assert who["full_name"] not in plain.out
    facts = await said(LOOK_UP, "--show-values", "--json")
    assert values(json.loads(facts.out))["full_name"] == who["full_name"]
    assert (await said(LOOK_UP, full_name="Ngô Văn Khác")).code == 1
    for wrong in ("population.TraCuuThongTin", "../prefill", "dân cư?x"):
        assert "không có dịch vụ dữ liệu này" in (await said(wrong)).err, wrong
    assert (await said(LOOK_UP, birth_date="")).code == 2


@on_session
async def test_end_of_a_marriage_is_not_told_by_the_count_of_marriages(shared_house: House) -> None:
    """The agreement gives how many there are, their numbers and days, and neither spouse nor end."""
    found = await tried(shared_house, "civil_status.trichLuc", "divorced")
    assert found["outcome"] == "found"
    text = found["messages"][-1]["answer"]["text"]
    assert "ketHon" in text
    for outside in ("chamDut", "voChong", "lyDo"):
        assert outside not in text
    assert rows(found)["marriages_count"]["raw"] == "•••"
