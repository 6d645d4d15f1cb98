"""What README.md promises in ten minutes: one file, an ordinary client, a name, a handle, a filled form."""

import asyncio
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from authlib.integrations.requests_client import OAuth2Session

from tests.flows.conftest import ROOT, build
from tests.login.browser import Browser, MovedClock, Systems, Town

BACK = "http://127.0.0.1:3000/callback"


def _section() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    return text.split("## Log citizens in")[1].split("\n## ")[0]


def _project(folder: Path) -> Path:
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    block = re.search(r"```yaml\n(.*?)```", _section(), re.DOTALL)
    assert block is not None
    (folder / "config" / "requesters" / "harbour.yaml").write_text(block[1], "utf-8")
    return folder


def _client() -> Any:
    """As README.md writes it."""
    return OAuth2Session(
        "harbour", "sandbox-only-harbour", scope="openid profile personal_id", redirect_uri=BACK,
        code_challenge_method="S256",
    )  # fmt: skip


async def test_system_of_the_readme_logs_a_citizen_in_and_fills_the_form_by_the_handle(
    tmp_path: Path,
) -> None:
    root = _project(tmp_path / "project")
    async with (
        build(tmp_path / "state", {}, root) as house,
        Browser(Town(house, Systems(), MovedClock(object()))) as browser,
    ):
        client, verifier = _client(), secrets.token_urlsafe(48)
        found = await asyncio.to_thread(
            lambda: client.get(f"{house.url}/.well-known/openid-configuration", withhold_token=True).json()
        )
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=verifier, nonce=secrets.token_urlsafe(16)
        )
        landing = await browser.signed_in(url)
        # for oneself, and the system may have what it asks
        landing = await browser.go("/login/mandate", landing.hidden("mandate"))
        landing = await browser.go("/login/consent", landing.hidden("consent") | {"answer": "yes"})
        back = landing.location or landing.buttons[0]
        token = await asyncio.to_thread(
            lambda: client.fetch_token(
                found["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
            )
        )
        person = await asyncio.to_thread(lambda: client.get(found["userinfo_endpoint"]).json())
        mau = house.subject("facts_example")
        assert (person["name"], person["personal_id"]) == (mau["full_name"], mau["personal_id"])
        caller = OAuth2Session("harbour", "sandbox-only-harbour", scope="prefill")
        bearer = await asyncio.to_thread(lambda: caller.fetch_token(found["token_endpoint"]))
        headers = {"Authorization": f"Bearer {bearer['access_token']}"}
        body = {
            "procedure": "1.004873", "login": token["login"], "subjects": {"person": {"same_as": "requester"}},
        }  # fmt: skip
        async with house.session.post(f"{house.url}/v1/prefill", json=body, headers=headers) as answer:
            filled = await answer.json()
        assert answer.status == 200, filled
        assert filled["form"]["nxnHoTen"] == mau["full_name"]
        client.close()
        caller.close()
