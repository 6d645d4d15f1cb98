"""One key signs answers, messages and receipts; a reload takes up the next one, and the former one stays published."""

import asyncio
import json
from pathlib import Path
from typing import Any

from gateway.exchange_log.key_files import new_key_text
from tests import typed
from tests.access.signing import unb64
from tests.flows.conftest import House
from tests.flows.sd_jwt import verified
from tests.flows.test_consents import given
from tests.flows.test_consents import verified as receipt_verified
from tests.flows.test_reload import Changing, changing, opened
from tests.flows.test_signed_answers import keys, signed

__all__ = ["changing"]


def kid(token: str) -> str:
    return str(json.loads(unb64(token.split(".", maxsplit=1)[0]))["kid"])


async def signers(house: House) -> tuple[set[str], Any, str]:
    """Ids of the keys that signed an answer, its message and a receipt; the answer and the receipt."""
    answer = await signed(house)
    receipt = (await given(house, house.subject("married")))["receipt"]
    headers = {"Authorization": f"Bearer {await house.token()}", "Accept-Signature": "back=()"}
    async with house.session.get(f"{house.url}/v1/sources", headers=headers) as message:
        by = message.headers["Signature-Input"].partition('keyid="')[2].partition('"')[0]
    return {kid(answer["passport"]), kid(receipt), by}, answer, receipt


async def reloaded(changing: Changing) -> None:
    """Ask for the one reload of a test, and wait until its edition answers."""
    former = changing.gateway.app
    changing.gateway.asked.set()
    async with asyncio.timeout(60):
        while changing.gateway.app is former:
            await asyncio.sleep(0.05)


async def test_key_that_was_rotated_signs_after_a_reload_and_the_former_one_still_verifies(
    changing: Changing,
) -> None:
    house = changing.house
    before, answer, receipt = await signers(house)
    said = await asyncio.to_thread(
        typed.motlan, "keys", "rotate", "document", "--dir", str(house.state), "--json"
    )
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert before == {told["former"]}
    await reloaded(changing)
    after, newest, _ = await signers(house)
    assert after == {told["kid"]}
    jwks = await keys(house)
    assert verified(answer["passport"], jwks)["fields"]
    assert verified(newest["passport"], jwks)["fields"]
    await receipt_verified(house, receipt)


async def test_key_of_the_configuration_signs_receipts_as_well_and_is_renewed_with_its_file(
    tmp_path: Path,
) -> None:
    key = tmp_path / "document-key"
    key.write_bytes(new_key_text())
    async with opened(tmp_path / "house", **{"gateway.documents.signing_key.file": str(key)}) as changing:
        house = changing.house
        first, answer, receipt = await signers(house)
        assert len(first) == 1
        former = {"keys": [one for one in (await keys(house))["keys"] if one["kid"] in first]}
        (changing.root / "config/former.jwks").write_text(json.dumps(former), "utf-8")
        key.write_bytes(new_key_text())
        changing.write("config/gateway.yaml", "\nlog:\n", "\ndocuments: {former_keys: former.jwks}\nlog:\n")
        await reloaded(changing)
        second, *_ = await signers(house)
        assert len(second) == 1
        assert second != first
        assert verified(answer["passport"], await keys(house))["fields"]
        await receipt_verified(house, receipt)


async def test_former_key_of_receipts_that_was_kept_as_a_secret_stays_published(tmp_path: Path) -> None:
    async with opened(tmp_path / "house") as changing:
        _, _, receipt = await signers(changing.house)
        state = changing.house.state
        (state / "document-signing.key").rename(state / "document-signing-former.key")
        await reloaded(changing)
        now, *_ = await signers(changing.house)
        assert kid(receipt) not in now
        await receipt_verified(changing.house, receipt)
