"""A citizen at the demo portal, for the tests of its pages."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.login.browser import Browser, Landing, Town
from tests.pages.trial import entered, page, token

#: longer than the portal waits, in seconds
SLOW, LONG = 3, 9
MARITAL, BIRTH = "1.004873", "1.001193"
#: people about whom one test of this folder asks the civil-status register: an answer that is kept is not slow
UNASKED = ("director", "guardian", "name_differs", "director_wife")
#: what a person types where no data could be asked for
TYPED = {
    "nycHoTen": "Trần Thị Mẫu", "nycSoGiayToTuyThan": "033190001234", "nxnHoTen": "Trần Thị Mẫu",
    "nxnNgaySinh": "15/02/1990", "nxnSoGiayToTuyThan": "033190001234",
    "nxnTinhTrangHonNhan": "Hiện tại chưa đăng ký kết hôn với ai", "nxnMucDichSuDung": "Mua nhà",
}  # fmt: skip
SPOUSE = {"father.who": "other", "father.personal_id": "033085004321", "father.full_name": "Phạm Văn Thử"}


class Citizen:
    """A person at the portal, who signed in and has the form of a procedure open."""

    def __init__(self, browser: Browser, code: str, csrf: str, form: Landing) -> None:
        self.browser, self.code, self.csrf, self.form = browser, code, csrf, form
        self.url = f"{browser.house.url}/portal/forms/{blank_of(form)}/{code}"
        self.form_url = f"/portal/procedures/{code}/form"
        self.headers = {"Accept": "application/json", "X-CSRF-Token": csrf}

    async def call(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        sent = {**self.headers, "Content-Type": "application/json", **headers}
        data = json.dumps(body)
        async with self.browser.session.post(self.url + path, data=data, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def about(self) -> Any:
        """What the form is drawn from."""
        async with self.browser.session.get(self.url, headers=self.headers) as answer:
            return await answer.json()

    async def filled(self, **more: Any) -> Any:
        status, answer = await self.call("/prefill", more)
        assert status == 200, answer
        return answer

    async def filled_by_all(self) -> Any:
        """The same, asked again where a source missed the deadline, as on a busy machine."""
        answer = await self.filled()
        for _ in range(4):
            if all(one["outcome"] != "unavailable" for one in answer["sources"]):
                break
            await asyncio.sleep(0.5)
            answer = await self.filled()
        return answer

    async def decided(self, answer: Any, *refused: str) -> Any:
        accepted = [one for one in answer["evidence"] if one not in refused]
        status, done = await self.call(
            "/decision", {"exchange_id": answer["exchange_id"], "accepted": accepted, "refused": [*refused]}
        )
        assert status == 200, done
        return done

    async def ready(self) -> tuple[str, dict[str, Any]]:
        """An exchange that is decided, and the values of its form."""
        answer = await self.filled_by_all()
        await self.decided(answer)
        return answer["exchange_id"], {**values(answer), "nxnMucDichSuDung": "Mua nhà"}

    @asynccontextmanager
    async def late(self, exchange: str) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": "text/event-stream"}
        async with self.browser.session.get(
            f"{self.url}/late?exchange={exchange}", headers=headers, allow_redirects=False
        ) as answer:
            yield answer


def values(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, one in answer["fields"].items():
        if one["value"] is not None:
            *outer, last = key.split(".")
            into = found
            for name in outer:
                into = into.setdefault(name, {})
            into[last] = one["value"]
    return found


async def begun(
    browser: Browser,
    account: str = "mau",
    code: str = MARITAL,
    provider: str = "national_portal",
    **people: str,
) -> Citizen:
    """Signed in, with the people named; the form is open."""
    own = f"/portal/procedures/{code}"
    landing = await entered(browser, f"{own}/people", account, provider)
    assert landing.location == f"{own}/people"
    csrf = token(await page(browser, f"{own}/people"))
    sent = people or {"person.who": "same:requester"}
    landing = await page(browser, f"{own}/people", {"csrf": csrf, **sent})
    assert landing.location == f"{own}/form", landing.text
    return Citizen(browser, code, csrf, await page(browser, landing.location))


def blank_of(form: Landing) -> str:
    """What the form of this page is sent under where no data could be asked for."""
    found = re.search(r'data-blank="([^"]+)"', form.text)
    assert found
    return found[1]


async def see(at: Town, code: str) -> tuple[int, Any]:
    """A dossier as the requester of the portal sees it by the API."""
    headers = {"Authorization": f"Bearer {await at.house.token('portal')}"}
    async with at.house.session.get(f"{at.house.url}/v1/dossiers/{code}", headers=headers) as answer:
        return answer.status, await answer.json()


async def came(citizen: Citizen, exchange: str) -> int:
    """The status of one stream more."""
    async with citizen.late(exchange) as stream:
        return stream.status


def keeping() -> dict[str, Any]:
    return {
        "purpose": "keep_own_data", "attributes": {"own_data.kept": ["phone"]}, "text_version": "t-1",
        "language": "vi", "channel": "portal", "expires_at": "2027-11-25T00:00:00Z",
    }  # fmt: skip


async def complete(citizen: Citizen, answer: Any, **typed: str) -> dict[str, Any]:
    """The values of the form, and something typed where it must not be blank."""
    about = await citizen.browser.go(citizen.url, Accept="application/json")
    form, found = json.loads(about.text)["form"], {**values(answer), **typed}
    for key in form["required"]:
        if key not in found:
            schema = form["properties"][key]
            said = [one["const"] for one in schema.get("oneOf", ())] + schema.get("enum", [])
            is_day, is_number = schema.get("x-widget") == "date", "pattern" in schema
            said += ["02/01/2026" if is_day else "033190001234" if is_number else "Mẫu"]
            found[key] = said[0]
    return found
