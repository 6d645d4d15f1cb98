"""Opens access: keys, requesters, used proofs and revocations. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from gateway.access.access_tokens import AccessTokens
from gateway.access.assertions import Assertions
from gateway.access.certificates import Certificates, certificates_in
from gateway.access.clients import Clients
from gateway.access.dpop import DpopVerifier, Nonces
from gateway.access.keys import open_ring
from gateway.access.requesters import Requesters
from gateway.access.revocations import Revocations
from gateway.access.service import AccessService, KeySet
from gateway.composition.composition import Composition
from gateway.config.configuration import Configuration
from gateway.config.gateway import GatewaySettings
from gateway.ports.access import Replays, RevocationRows
from gateway.ports.clock import Clock
from gateway.ports.stores import Stores


@contextlib.asynccontextmanager
async def accessing(
    parts: Composition, stores: Stores, clock: Clock, further: tuple[KeySet, ...] = (),
    refresh: Callable[[], None] | None = None,
) -> AsyncIterator[AccessService]:  # fmt: skip
    """The access service, with a task that reads revocations and new keys.

    `further`: more public keys; `refresh` reads those that may have changed.
    """
    access = assembled(parts.configuration, parts.state, clock, stores.replays, stores.revocations, further)
    with contextlib.suppress(Exception):  # without the store requests are refused; the start continues
        await access.revocations.refresh()
    seconds = parts.configuration.gateway.access.check_seconds

    def read_keys() -> None:
        access.keys.refresh()
        if refresh is not None:
            refresh()

    watching = asyncio.create_task(access.revocations.watch(seconds, read_keys), name="revocations")
    try:
        yield access
    finally:
        watching.cancel()
        await asyncio.wait((watching,))


def assembled(
    configuration: Configuration,
    state: Path,
    clock: Clock,
    replays: Replays,
    rows: RevocationRows,
    further: tuple[KeySet, ...] = (),
) -> AccessService:
    """The same over opened stores, without the task."""
    settings, root = configuration.gateway, configuration.root
    requesters = Requesters(configuration.requesters, root)

    def now() -> float:
        return clock.now().timestamp()

    keys = open_ring(settings.access, state)
    revocations = Revocations(rows, now)
    nonces = Nonces(keys.secrets, now)
    assertions = Assertions(requesters, replays, now)
    return AccessService(
        requesters=requesters,
        clients=Clients(requesters, assertions, _certificates(settings, root), revocations, now),
        tokens=AccessTokens(keys, requesters, revocations, now, settings.access.token_seconds),
        proofs=DpopVerifier(nonces, replays, now), nonces=nonces, revocations=revocations, keys=keys, replays=replays,
        sandbox=settings.profile == "sandbox", further=further,
    )  # fmt: skip


def _certificates(settings: GatewaySettings, root: Path) -> Certificates:
    """The authorities for certificates known by name: of the listener and of the proxy."""
    named = [one.client_ca for one in (settings.api.tls, settings.access.proxy) if one is not None]
    return Certificates(
        [found for path in named if path is not None for found in certificates_in(root / path)]
    )
