"""A consent given at the real door, looked at by machines whose clocks differ (promise F29)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from gateway.serving.server import ServeOptions, running
from tests import fresh, unhurried
from tests.flows.conftest import ROOT, House
from tests.flows.test_consents import given

PORTS = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()


async def test_fresh_consent_holds_at_a_machine_whose_clock_is_behind(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    plan = ServeOptions(root=ROOT, config=ROOT / "config", state=tmp_path, overrides=PORTS, with_sandbox=True)
    async with running(plan) as (gateway, told), aiohttp.ClientSession() as session:
        content: dict[str, object] = told
        house = House(gateway.api, "", "", tmp_path, content["clients"], content["personas"], session)  # type: ignore[arg-type]
        who = house.subject("married")
        made = await given(house, who)
        moment = datetime.fromisoformat(made["given_at"]).astimezone(UTC)
        assert gateway.app is not None
        book = gateway.app.citizens.consents
        person = f"person|{who['personal_id']}"

        async def holds(apart: float) -> bool:
            now = moment + timedelta(seconds=apart)
            one = (made["consent"], "portal", person, "keep_own_data", now)
            held = await book.valid(*one) is not None
            assert (not await book.invalid_consents([made["consent"]], now)) is held
            return held

        assert [await holds(apart) for apart in (-302, -299, -1, 0, 60)] == [False, True, True, True, True]
