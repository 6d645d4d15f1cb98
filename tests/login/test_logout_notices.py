"""Sign-out messages of a process that stops: sent at once, and recorded where no system takes them."""

import asyncio
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from adapters.transport.form_posts import HttpFormPosts
from gateway.login.logout_notices import LogoutNotices
from tests.login.browser import Browser, systems, town


async def test_message_that_waits_for_its_next_attempt_is_sent_before_the_process_stops(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as at, Browser(at) as browser:
        landing = await browser.signed_in(browser.authorize("system_one"))
        token = (await browser.redeem("system_one", landing))["id_token"]
        at.systems.statuses.extend([503, 503, 503])  # half a minute later it would be tried again
        landing = await browser.go(f"/oauth2/logout?{urlencode({'id_token_hint': token})}")
        async with asyncio.timeout(60):
            while at.systems.statuses:
                await asyncio.sleep(0.02)
    assert len(at.systems.logout_tokens) == 4
    assert [one["result"] for one in at.records(landing.exchange)] == ["logout", "logout_notified"]


async def _token() -> str:
    return "e30.e30."


async def test_system_that_does_not_answer_holds_up_no_stop_and_the_loss_is_recorded() -> None:
    taken: list[bool] = []

    async def note(is_taken: bool) -> None:
        taken.append(is_taken)

    async def silent(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", silent)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with systems() as found:
        notices = LogoutNotices(HttpFormPosts(), pauses=(60.0,), closing=0.5)
        found.statuses.append(503)
        assert notices.send(f"http://127.0.0.1:{found.port}/one/backchannel", _token, note)
        assert notices.send(f"http://127.0.0.1:{runner.addresses[0][1]}/", _token, note)
        async with asyncio.timeout(20):
            while found.statuses:
                await asyncio.sleep(0.02)
            await notices.close()
    await runner.cleanup()
    assert taken == [True, False]
    assert len(found.logout_tokens) == 2
