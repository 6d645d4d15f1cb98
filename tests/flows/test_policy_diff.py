"""`motlan policy diff`: what another configuration would have decided otherwise, out of the log."""

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.domain.dates import rfc3339
from tests.access.conftest import Harbourfront, enrolled
from tests.access.test_messages import draft, send
from tests.flows.conftest import ROOT, House, build, new_official, on_session
from tests.flows.test_access import DOSSIER, LAND, land, marital
from tests.flows.test_consents import given, residence
from tests.flows.test_predicates import ask
from tests.flows.test_records import records
from tests.typed import motlan


def changed(folder: Path, name: str, *replaced: tuple[str, str]) -> Path:
    """A copy of the configuration with one agreement written otherwise."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    file = folder / f"config/agreements/{name}.yaml"
    text = file.read_text("utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return folder / "config"


async def told(house: House, new: Path, since: str, *words: str, count: int = 3) -> Any:
    """What the command says, once the records have their places."""
    for _ in range(100):
        given = ("--dir", str(house.state), "--since", since, "--json", *words)
        said = await asyncio.to_thread(motlan, "policy", "diff", str(new), *given)
        assert said.code in (0, 1), said.err
        found = json.loads(said.out)
        assert said.code == bool(found["changed"])
        if found["exchanges"] >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(said)


@on_session
async def test_replay_shows_who_would_be_refused_allowed_or_given_less(
    shared_house: House, tmp_path: Path
) -> None:
    house, since = shared_house, rfc3339(datetime.now(UTC))
    await house.prefill(**marital(house))
    assert (await house.post("/v1/prefill", land(house), client="one_gate"))[0] == 403
    assert (await house.post("/v1/prefill", land(house, dossier=DOSSIER), client="one_gate"))[0] == 200
    land_rules = changed(
        tmp_path / "a",
        "one_gate_land",
        ('"H31.*", "H31-*"', '"G*"'),
        ("full_name, permanent_address", "full_name"),
    )
    found = await told(house, land_rules, since)
    assert [(one["requester"], one["procedure"], one["change"], one["rule"]) for one in found["changed"]] == [
        ("one_gate", LAND, "newly_refused", "dossier:one_gate_land")
    ]
    loosened = changed(
        tmp_path / "b", "one_gate_land", ('dossier: {required: "true", patterns: ["H31.*", "H31-*"]}\n', ""),
        ("full_name, permanent_address", "full_name"), (", area", ""),
    )  # fmt: skip
    found = await told(house, loosened, since)
    assert (found["newly_refused"], found["newly_allowed"], found["attributes"]) == (0, 1, 1)
    by = {one["change"]: one for one in found["changed"]}
    assert by["newly_allowed"]["rule"] == "dossier:one_gate_land"
    assert by["attributes"]["lost"] == {
        "population.TraCuuThongTinCongDan permanent_address": 1, "land.thuaDat area": 1
    }  # fmt: skip


@on_session
async def test_form_without_a_person_for_whom_nobody_acts_is_replayed_without_that_person(
    shared_house: House, tmp_path: Path
) -> None:
    house, since = shared_house, rfc3339(datetime.now(UTC))
    body = {
        "procedure": "1.004222",
        "subjects": {"applicant": house.subject("facts_example"), "owner": house.subject("divorced")},
    }
    assert (await house.post("/v1/prefill", body, client="provincial_system"))[0] == 200
    less = changed(tmp_path, "provincial_system", ("old_id, full_name, gender", "old_id, full_name"))
    found = await told(house, less, since, count=1)
    assert [(one["change"], one["lost"]) for one in found["changed"]] == [
        ("attributes", {"population.TraCuuThongTinCongDan gender": 1})
    ]


@on_session
async def test_trials_of_sources_are_replayed(shared_house: House, tmp_path: Path) -> None:
    house, since = shared_house, rfc3339(datetime.now(UTC))
    body = {"subject": house.subject("facts_example"), "official": new_official()}
    path = "/v1/sources/population.TraCuuThongTinCongDan/try"
    assert (await house.post(path, body, client="operator"))[0] == 200
    less = changed(
        tmp_path / "a", "source_trial", ("nationality, life_status, permanent_address", "life_status")
    )
    found = await told(house, less, since, count=1)
    (one,) = [one for one in found["changed"] if one["requester"] == "operator"]
    assert (one["change"], {*one["lost"]}) == (
        "attributes",
        {f"population.TraCuuThongTinCongDan {name}" for name in ("nationality", "permanent_address")},
    )
    none = changed(tmp_path / "b", "source_trial", ("purposes: [source_trial]", "purposes: []"))
    found = await told(house, none, since, count=1)
    (one,) = [one for one in found["changed"] if one["requester"] == "operator"]
    assert one["change"] == "newly_refused"


async def test_replay_shows_what_would_be_gained(tmp_path: Path) -> None:
    root = changed(tmp_path / "root", "one_gate_land", ("[voucher, paid_on, ", "[")).parent
    async with build(tmp_path / "state", {}, root) as house:
        since = rfc3339(datetime.now(UTC))
        assert (await house.post("/v1/prefill", land(house, dossier=DOSSIER), client="one_gate"))[0] == 200
        now = ("--config", str(root / "config"))
        found = await told(house, changed(tmp_path / "c", "one_gate_land"), since, *now, count=1)
    assert [(one["change"], one["gained"]) for one in found["changed"]] == [
        ("attributes", {"tax.chungTuNghiaVuTaiChinh voucher": 1, "tax.chungTuNghiaVuTaiChinh paid_on": 1})
    ]


@on_session
async def test_replay_of_the_same_configuration_changes_nothing_and_is_itself_a_record(
    shared_house: House, tmp_path: Path
) -> None:
    house, since = shared_house, rfc3339(datetime.now(UTC))
    subjects = {"requester": house.subject("facts_example"), "person": house.subject("divorced")}
    for _ in range(3):
        await house.prefill(**{**marital(house), "subjects": subjects})
    found = await told(house, changed(tmp_path, "portal"), since)
    assert (found["exchanges"], found["changed"]) == (3, [])
    last = [one for one in records(house) if one["notes"].get("operation") == "policy-diff"][-1]
    assert (last["phase"], last["requester"], last["subjects"]) == ("lookup", "operator", {})


@on_session
async def test_configuration_that_cannot_be_served_is_told_with_file_and_line(
    shared_house: House, tmp_path: Path
) -> None:
    broken = changed(tmp_path, "portal", ("purposes: [", "purposes: [curiosity, "))
    said = await asyncio.to_thread(motlan, "policy", "diff", str(broken), "--dir", str(shared_house.state))
    assert said.code == 2
    assert "config/agreements/portal.yaml:10" in said.err


def demanding(folder: Path) -> tuple[Path, dict[str, Any]]:
    """A configuration in which one agreement wants a mandate, one a consent, one a signature; and who signs."""
    config, keys = enrolled(folder)
    portal = (config / "agreements/portal.yaml").read_text("utf-8")
    [codes] = re.findall(r"^procedures: .*$", portal, flags=re.MULTILINE)
    for name, word, procedures in (
        ("portal", "mandate", codes.replace('"1.004222", ', "")), ("asking", "consent", 'procedures: ["1.004222"]'),
        ("signing", "signed", 'procedures: ["1.004873"]'),
    ):  # fmt: skip
        text = portal.replace(codes, f"{procedures}\n{word}: required")
        text = text.replace("agreement: portal", f"agreement: {name}")
        (config / f"agreements/{name}.yaml").write_text(text, "utf-8")
    for name, old, new in (("portal", "[portal]", "[portal, asking]"), ("coast", '["portal"]', "[signing]")):
        file = config / f"requesters/{name}.yaml"
        written = file.read_text("utf-8")
        assert old in written
        file.write_text(written.replace(old, new), "utf-8")
    return config, keys


async def every_kind(house: House, front: Harbourfront) -> int:
    """Ask in every way that records tell apart; how many of the requests `policy diff` replays."""
    two = {"requester": house.subject("facts_example"), "person": house.subject("divorced")}
    for more in ({"mandate": "UQ-2026-0019"}, {"mandate": "UQ-2026-0020", "preview": True}):
        await house.prefill(**{**marital(house), "subjects": two, **more})
    await house.prefill(**marital(house))
    home = residence(house)
    agreed = await given(
        house, home["subjects"]["applicant"], purpose="residence_registration",
        attributes={"population.TraCuuThongTinCongDan": ["full_name"]},
    )  # fmt: skip
    await house.prefill(**{**home, "consent": agreed["consent"]})
    await ask(house, "facts_example", "alive")
    assert (await send(front, await draft(front))).status == 200
    unsigned = await draft(front)
    answers = [
        await house.post("/v1/prefill", {**marital(house), "subjects": two}), await house.post("/v1/prefill", home),
        await house.post("/v1/prefill", land(house), client="one_gate"),
    ]  # fmt: skip
    assert [answer["code"] for _, answer in answers] == [
        "mandate_missing",
        "consent_missing",
        "dossier_missing",
    ]
    assert (await send(front, unsigned, unsigned.headers)).body["code"] == "signature_missing"
    assert (await house.post("/v1/prefill", land(house, dossier=DOSSIER), client="one_gate"))[0] == 200
    return 10


@on_session
async def test_replay_against_an_equal_folder_changes_no_kind_of_request(
    tmp_path: Path, shared_house: House
) -> None:
    config, keys = demanding(tmp_path / "one")
    since, session = rfc3339(datetime.now(UTC)), shared_house.session
    async with build(tmp_path / "state", {}, root=tmp_path / "one") as house:
        described = {"personas": house.personas}
        front = Harbourfront(house.url, house.state, config, keys, session, described)
        count = await every_kind(house, front)
        same = tmp_path / "two"
        shutil.copytree(tmp_path / "one", same)
        own = ("--config", str(config))
        found = await told(house, same / "config", since, *own, count=count)
        assert (found["exchanges"], found["changed"]) == (count, [])
        # a signed request counts as one: what it would lose is told
        narrower = same / "config/agreements/signing.yaml"
        narrower.write_text(narrower.read_text("utf-8").replace("full_name, gender", "gender", 1), "utf-8")
        found = await told(house, same / "config", since, *own, count=count)
        assert [(one["requester"], one["change"], one["exchanges"]) for one in found["changed"]] == [
            ("coast", "attributes", 1)
        ]
