"""The two listeners of one process, and the editions of its configuration behind them.

An edition is all that belongs to one configuration. A request is answered to its end by the edition that it met.
"""

import asyncio
import contextlib
import gc
import os
import ssl
from collections.abc import Awaitable, Iterable

from aiohttp import web, web_app

from gateway.api.context import SERVICES
from gateway.api.door import DoorRunner
from gateway.api.middleware import add_headers, expect, outermost
from gateway.api.operation import live, ready
from gateway.api.tls import Renewable, server_context
from gateway.app import AUDIT, CITIZENS, EDITION, KEPT, PREFILL, application, successor
from gateway.composition import Composition
from gateway.domain.errors import ConfigError, ConsentsUnavailable, Problem
from gateway.ports import Source
from gateway.settings import Listener, address_of
from gateway.telemetry import Metrics

#: what the connections of an edition's time are wrapped by
TLS: web.AppKey[ssl.SSLContext | None] = web.AppKey("tls")
#: how long metrics wait for what a database counts; then the number stays what it was
_ASK_SECONDS = 1.0


def admin_application(app: web.Application, metrics: Metrics) -> web.Application:
    """Health and metrics on their own listener; shares what `app` opened."""
    admin = web.Application(middlewares=[outermost(Metrics())])
    admin.on_response_prepare.append(add_headers)
    admin[SERVICES] = app[SERVICES]

    async def render(_request: web.Request) -> web.Response:
        if AUDIT in app:
            metrics.gauges(await app[AUDIT].watch.gauges())
        if CITIZENS in app:
            with contextlib.suppress(ConsentsUnavailable, TimeoutError):
                async with asyncio.timeout(_ASK_SECONDS):
                    late = await app[CITIZENS].demands.overdue()
                metrics.gauges({"subject_requests_overdue": float(late)})
        return web.Response(body=metrics.render(), headers={"Content-Type": metrics.content_type})

    for path, handler in {"/health/live": live, "/health/ready": ready, "/metrics": render}.items():
        admin.router.add_route("GET", path, handler, expect_handler=expect)
    return admin


class Gateway:
    """The two listeners of one process."""

    def __init__(self, parts: Composition) -> None:
        """Nothing is opened yet."""
        self.parts = parts
        self._runners: list[DoorRunner] = []
        #: set by whoever wants the configuration read anew
        self.asked = asyncio.Event()
        #: edition -> what closes it when it is left; None: it is the newest
        self._editions: dict[web.Application, asyncio.Task[None] | None] = {}
        self.app: web.Application | None = None
        self.api = self.admin = ""
        #: None: TLS does not end here
        self._tls: Renewable | None = None

    async def start(self, *, reuse_port: bool = False, with_admin: bool = True) -> None:
        """Open everything and listen; `api` and `admin` are then the addresses."""
        settings = self.parts.configuration.gateway
        self.app = application(self.parts)
        self._editions[self.app] = None
        door = await self._runner(self.app)
        context = await asyncio.to_thread(_context, self.parts, self.app)
        self._tls = Renewable(context) if context is not None else None
        self.api = await _listening(door, settings.api, reuse_port=reuse_port, tls=self._tls)
        if with_admin:
            inside = await self._runner(admin_application(self.app, self.parts.metrics))
            self.admin = await _listening(inside, settings.admin)

    async def opened(self, parts: Composition) -> web.Application:
        """An edition of another configuration, open but not served. ConfigError: then nothing is open."""
        assert self.app is not None
        app = await asyncio.to_thread(successor, parts, self.app)
        app.on_startup.freeze()
        try:
            await app.startup()
            app[TLS] = await asyncio.to_thread(_context, parts, app)
        except BaseException:
            await app.cleanup()
            raise
        app.freeze()
        return app

    def adopt(self, parts: Composition, app: web.Application) -> None:
        """Answer new requests by an open edition; those under way keep theirs."""
        former = self.app
        assert former is not None
        # who is kept belongs to the new edition now
        lent: dict[str, Source] = app[KEPT]
        former[KEPT].update(lent)
        lent.clear()
        if self._tls is not None and (context := app[TLS]) is not None:
            self._tls.renew(context)
        doors = [app, admin_application(app, parts.metrics)][: len(self._runners)]
        for door in doors:
            door.freeze()
        left = [runner.left(runner.serve(door)) for runner, door in zip(self._runners, doors, strict=True)]
        self.parts, self.app = parts, app
        self._editions[app] = None
        retiring = self._editions[former] = asyncio.create_task(self._retire(former, left))
        retiring.add_done_callback(_forget)

    async def _retire(self, former: web.Application, left: Iterable[Awaitable[None]]) -> None:
        """When nobody needs it any more, close what only the former edition uses."""
        await asyncio.gather(*left)
        await former[PREFILL].ended()
        await self._close(former)

    async def _close(self, edition: web.Application) -> None:
        if edition is self._runners[0].app:  # what all editions share goes with the process
            await edition[EDITION].aclose()
        else:
            await edition.cleanup()
        self._editions.pop(edition, None)

    async def _close_all(self) -> None:
        """Every edition, before what they share is closed."""
        for edition, task in list(self._editions.items()):
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))
            await edition[EDITION].aclose()
        self._editions.clear()

    async def stop(self) -> None:
        """Stop listening, let requests under way finish, close everything."""
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._runners.clear()

    async def _runner(self, app: web.Application) -> DoorRunner:
        closing = self._close_all if not self._runners else None
        runner = DoorRunner(app, self.parts.configuration.gateway.limits, closing=closing)
        self._runners.append(runner)
        await runner.setup()
        return runner


def _forget(_retired: object) -> None:
    """Free what nobody needs of an edition that was closed."""
    # aiohttp remembers the middlewares of routes for the whole process, and with them applications of the past
    remembered = getattr(web_app, "_cached_build_middleware", None)
    if remembered is not None:
        remembered.cache_clear()
    # what is left refers to itself, and a serving process looks for such things rarely; requests come in between
    gc.collect(1)
    asyncio.get_running_loop().call_soon(gc.collect)


def _context(parts: Composition, app: web.Application) -> ssl.SSLContext | None:
    """TLS as one configuration has it, with the certificates of the requesters that this edition knows."""
    settings = parts.configuration.gateway.api.tls
    if settings is None:
        return None
    return server_context(settings, parts.configuration.root, app[SERVICES].requesters.pinned())


async def _listening(
    runner: DoorRunner, at: Listener, *, reuse_port: bool = False, tls: ssl.SSLContext | None = None
) -> str:
    """The address at which it is reached."""
    await listen(runner, at.host, at.port, reuse_port=reuse_port, tls=tls)
    return address_of(at.host, runner.addresses[0][1], "https" if tls else "http")


async def listen(
    runner: web.AppRunner,
    host: str,
    port: int,
    *,
    reuse_port: bool = False,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Listen; ConfigError when the address is taken or not ours."""
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_port=reuse_port or None, backlog=1024)
        await site.start()
    except OSError as error:
        what = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, "choose another port, or 0")]) from None
