"""The two listeners of one process, and the `App` of each configuration behind them.

A request is answered by the configuration at its arrival.
"""

import asyncio
import contextlib
import gc
import os
import ssl
from collections.abc import Awaitable, Iterable, Sequence

from aiohttp import web

from gateway.api.context import Operation, Services
from gateway.api.dispatcher import Dispatcher, Endpoint, Routes
from gateway.api.door import DoorRunner
from gateway.api.doors import add_doors
from gateway.api.form_element import add_form_element
from gateway.api.logins import add_login_pages
from gateway.api.openapi import add_documents
from gateway.api.opened_door import OpenedDoor
from gateway.api.operation import live, ready
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.routes import add_operations
from gateway.api.tls import Renewable
from gateway.app import App, Shared, open_app, open_shared
from gateway.composition.composition import Composition
from gateway.config.gateway import Listener, address_of
from gateway.domain.errors import ConfigError, ConsentsUnavailable, LogUnavailable, Problem
from gateway.pages.doors import PAGES
from gateway.pages.frame import add_pages
from gateway.telemetry import Metrics

#: how long metrics wait for counts of the database; later the last count is shown
_ASK_SECONDS = 1.0


def api_routes(doors: Sequence[OpenedDoor] = ()) -> Routes:
    """The routes of the listener for requesters and portals."""
    routes = Routes()
    add_operations(routes)
    add_documents(routes)
    add_form_element(routes)
    add_login_pages(routes)
    add_doors(routes, doors)
    add_pages(routes, PAGES)
    return routes


def admin_routes(metrics: Metrics) -> Routes:
    """Health and metrics, on their own listener."""

    async def render(request: Request) -> Response:
        services = request.services
        if services.audit is not None:
            metrics.gauges(await services.audit.watch.gauges())
        if services.operation is not None:
            metrics.alerts(await _alerts(services, services.operation))
        if services.citizens is not None:
            with contextlib.suppress(ConsentsUnavailable, TimeoutError):
                async with asyncio.timeout(_ASK_SECONDS):
                    late = await services.citizens.subject_requests.overdue()
                metrics.gauges({"subject_requests_overdue": float(late)})
        return Response(metrics.render(), metrics.content_type)

    routes = Routes()
    for path, handler in {"/health/live": live, "/health/ready": ready, "/metrics": render}.items():
        routes.add(("GET",), Endpoint(path, handler))
    return routes


async def _alerts(services: Services, operation: Operation) -> dict[str, tuple[bool, bool]]:
    """Source -> whether it is paused, and muted: as last known while the log cannot be read."""
    muted = operation.mutes.muted()
    with contextlib.suppress(LogUnavailable, TimeoutError):
        async with asyncio.timeout(_ASK_SECONDS):
            muted = await operation.mutes.refreshed()
    return {name: (one.state().breaker != "closed", name in muted) for name, one in services.sources.items()}


class Gateway:
    """The two listeners of one process."""

    def __init__(self, parts: Composition) -> None:
        """Nothing is opened yet."""
        self.parts = parts
        self._runners: list[DoorRunner] = []
        #: set to have the configuration read again
        self.asked = asyncio.Event()
        #: open app -> the task that closes it after its last request; None for the newest
        self._apps: dict[App, asyncio.Task[None] | None] = {}
        self.app: App | None = None
        self.api = self.admin = ""
        #: None without TLS
        self._tls: Renewable | None = None
        self._admin_routes = admin_routes(parts.metrics)
        self._shared: Shared | None = None
        self._opened = contextlib.AsyncExitStack()

    async def start(self, *, reuse_port: bool = False, with_admin: bool = True) -> None:
        """Open everything and listen; `api` and `admin` are then the addresses."""
        settings = self.parts.configuration.gateway
        self._shared = await open_shared(self.parts, self._opened, is_one_of_several=reuse_port)
        self.app = await open_app(self.parts, self._shared)
        self._apps[self.app] = None
        self._tls = Renewable(self.app.tls) if self.app.tls is not None else None
        door, inside = self._dispatchers(self.app)
        self.api = await _listening(
            await self._runner(door), settings.api, reuse_port=reuse_port, tls=self._tls
        )
        self._shared.address.url = self._shared.address.url or self.api
        if with_admin:
            self.admin = await _listening(await self._runner(inside), settings.admin)

    async def opened(self, parts: Composition) -> App:
        """Open the app of another configuration, not served yet. Raises ConfigError; then nothing stays open."""
        assert self._shared is not None
        return await open_app(parts, self._shared, self.app)

    def adopt(self, parts: Composition, app: App) -> None:
        """Answer new requests with another configuration; running requests keep theirs."""
        former = self.app
        assert former is not None
        if self._tls is not None and app.tls is not None:
            self._tls.renew(app.tls)
        # shared resources belong to the new app now
        former.lent.update(app.lent)
        app.lent.clear()
        _end_streams(former)
        pairs = zip(self._runners, self._dispatchers(app), strict=False)
        left = [runner.left(runner.serve(dispatcher)) for runner, dispatcher in pairs]
        self.parts, self.app = parts, app
        self._apps[app] = None
        retiring = self._apps[former] = asyncio.create_task(self._retire(former, left))
        retiring.add_done_callback(_forget)

    async def _retire(self, former: App, left: Iterable[Awaitable[None]]) -> None:
        """After its last request, close what only the former configuration uses."""
        await asyncio.gather(*left)
        await former.prefill.ended()
        await former.close()
        self._apps.pop(former, None)

    async def stop(self) -> None:
        """Stop listening, let running requests finish, close everything."""
        for app in self._apps:
            _end_streams(app)
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._runners.clear()
        for app, task in list(self._apps.items()):
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))
            await app.close()
        self._apps.clear()
        await self._opened.aclose()

    def _dispatchers(self, app: App) -> tuple[Dispatcher, Dispatcher]:
        """Of the API and of the admin listener, whose requests are not counted."""
        return (
            Dispatcher(app.services, api_routes(app.services.doors), self.parts.metrics),
            Dispatcher(app.services, self._admin_routes, Metrics()),
        )

    async def _runner(self, dispatcher: Dispatcher) -> DoorRunner:
        runner = DoorRunner(dispatcher, self.parts.configuration.gateway.limits)
        self._runners.append(runner)
        await runner.setup()
        return runner


def _end_streams(app: App) -> None:
    """Streams would hold a replaced configuration, and a process that ends."""
    if app.services.operation is not None:
        app.services.operation.ended.set()


def _forget(_retired: object) -> None:
    """Collect the closed app: it has reference cycles, and the collector runs rarely."""
    gc.collect(1)
    # requests run in between
    asyncio.get_running_loop().call_soon(gc.collect)


async def _listening(
    runner: DoorRunner, at: Listener, *, reuse_port: bool = False, tls: ssl.SSLContext | None = None
) -> str:
    """The URL of a listener."""
    await listen(runner, at.host, at.port, reuse_port=reuse_port, tls=tls)
    return address_of(at.host, runner.addresses[0][1], "https" if tls else "http")


async def listen(
    runner: web.BaseRunner,
    host: str,
    port: int,
    *,
    reuse_port: bool = False,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Listen. Raises ConfigError if the address is taken or not ours."""
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_port=reuse_port or None, backlog=1024)
        await site.start()
    except OSError as error:
        what = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, "choose another port, or 0")]) from None
