"""A portal's own server between `<motlan-form>` and the gateway: the browser never holds the gateway's token.

Copy this folder. Run: GATEWAY=http://127.0.0.1:8080 CLIENT_ID=portal CLIENT_SECRET=… python3 portal_page.py
(Python 3.11, aiohttp 3.9; PORT: default 8200), and open the address that it prints.
A real portal takes the person from its session, checks X-CSRF-Token, and keeps its token until it expires.
"""

import html
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

PERSON = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
ACTS = {
    "decision": "/v1/prefill/decision",
    "corrections": "/v1/corrections",
    "consents": "/v1/consents",
    "withdraw": "/v1/consents/withdraw",
}


def is_other(field: Mapping[str, Any]) -> bool:
    """Whether a paper that rests on the field is needed again: its value was changed, or reported as wrong."""
    return "reported" in field or field["state"] not in ("unchanged", "unknown_field")


class Proxy:
    """Forwards what the form asks, with the portal's token and the person whom the portal knows."""

    def __init__(self, gateway: str, client: str, secret: str) -> None:
        """`client`, `secret`: the portal's own at the gateway."""
        self.gateway = gateway
        self.basic = f"Basic {b64encode(f'{client}:{secret}'.encode()).decode()}"
        self.waiting: dict[str, str | None] = {}
        self.people: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda roles: dict.fromkeys(
            roles, PERSON
        )

    async def call(
        self, session: ClientSession, method: str, path: str, body: object = None, accept: str = "*/*"
    ) -> ClientResponse:
        """The gateway's answer, asked with the portal's token."""
        grant, basic = {"grant_type": "client_credentials"}, {"Authorization": self.basic}
        async with session.post(f"{self.gateway}/oauth2/token", data=grant, headers=basic) as answer:
            token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        return await session.request(method, self.gateway + path, json=body, headers=headers)

    async def form(self, request: web.Request) -> web.Response:
        """Procedure, form and titles of sources in one answer."""
        own = f"/v1/procedures/{request.match_info['code']}"
        async with ClientSession() as session:
            answers = [await self.call(session, "GET", path) for path in (own, f"{own}/form", "/v1/sources")]
            procedure, form, sources = [await answer.json(content_type=None) for answer in answers]
        return web.json_response({"procedure": procedure, "form": form, **sources}, status=answers[0].status)

    async def prefill(self, request: web.Request) -> web.Response:
        """Shown to the citizen first; what is late comes by `late`."""
        code, given = request.match_info["code"], await request.json()
        async with ClientSession() as session:
            roles = (await (await self.call(session, "GET", f"/v1/procedures/{code}")).json())["subjects"]
            asked = {"procedure": code, "subjects": self.people(roles), "preview": True, "deadline_ms": 1500}
            answer = await self.call(session, "POST", "/v1/prefill", {**given, **asked})
            found = await answer.json(content_type=None)
        self.waiting[found["exchange_id"]] = found.get("pending")
        return web.json_response(found, status=answer.status)

    async def late(self, request: web.Request) -> web.StreamResponse:
        """Late answers, piece by piece as they come."""
        pending = {"pending": self.waiting.get(request.query["exchange"]) or "unknown"}
        async with ClientSession() as session:
            answer = await self.call(session, "POST", "/v1/prefill/resume", pending, "text/event-stream")
            events = web.StreamResponse(
                status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]}
            )
            await events.prepare(request)
            async for piece in answer.content.iter_any():
                await events.write(piece)
        return events

    async def act(self, request: web.Request) -> web.Response:
        """A decision, a correction or a consent of the person who signed in."""
        act, body = request.match_info["act"], await request.json()
        who = {"corrections": PERSON, "consents": {"personal_id": PERSON["personal_id"]}}
        body |= {"subject": who[act]} if act in who else {}
        async with ClientSession() as session:
            answer = await self.call(session, "POST", ACTS[act], body)
            return web.json_response(await answer.json(content_type=None), status=answer.status)

    async def send(self, request: web.Request) -> web.Response:
        """A form that was submitted: says what of it is data.

        A real portal refuses locked values that were changed, makes its dossier of it (`POST /v1/dossiers`) and keeps
        the files `paper.<code>`.
        """
        sent = json.loads(str((await request.post())["motlan"]))
        if sent["exchange_id"] is None:
            return self.shown("sent.html", SAID="Cổng đã nhận biểu mẫu ông/bà tự điền.")
        compared = {"exchange_id": sent["exchange_id"], "form": sent["values"], "reported": sent["reported"]}
        async with ClientSession() as session:
            answer = await self.call(session, "POST", "/v1/attest", compared)
            found = await answer.json(content_type=None)
        if answer.status != 200:
            why = found.get("detail_vi") or found.get("title_vi", "")
            return self.shown("sent.html", SAID=f"Chưa gửi được. {why[:1].upper()}{why[1:]}")
        states = [one["state"] for one in found["fields"].values()]
        same = states.count("unchanged")
        said = f"Cổng đã nhận biểu mẫu: {same} mục đúng như dữ liệu, {len(states) - same} mục do ông/bà nhập hoặc sửa."
        # the form was prefilled again with what was typed (`known`), so only other fields bring a paper back
        fields, stale = found["fields"], found["stale"]
        back = [
            code
            for code, keys in found["papers"].items()
            if code in stale or any(is_other(fields[key]) for key in keys)
        ]
        if back:
            said += f" Dữ liệu không còn thay giấy tờ: {', '.join(back)}."
        return self.shown("sent.html", SAID=said)

    async def page(self, _request: web.Request) -> web.Response:
        """The page with the tag."""
        return self.shown("portal_page.html", GATEWAY=self.gateway)

    def shown(self, name: str, **places: str) -> web.Response:
        """A page of this folder. Its policy lets the form come from the gateway, and nothing else."""
        text = Path(__file__).with_name(name).read_text("utf-8")
        for place, value in places.items():
            text = text.replace(place, html.escape(value))
        policy = (
            f"default-src 'none'; script-src {self.gateway}; style-src {self.gateway}; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    def application(self) -> web.Application:
        """The routes that the form calls, and the page."""
        made, own = web.Application(client_max_size=50_000_000), "/forms/{code}"
        made.add_routes([web.get("/", self.page), web.post("/send", self.send),
            web.get(own, self.form), web.post(f"{own}/prefill", self.prefill), web.get(f"{own}/late", self.late),
            web.post(f"{own}/{{act:{'|'.join(ACTS)}}}", self.act)])  # fmt: skip
        return made


if __name__ == "__main__":
    settings = [os.environ[name] for name in ("GATEWAY", "CLIENT_ID", "CLIENT_SECRET")]
    web.run_app(Proxy(*settings).application(), host="127.0.0.1", port=int(os.environ.get("PORT", "8200")))
