"""Opens logins: login state and sessions of people. Part of the composition root."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway import registry
from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived
from gateway.exchange_log.keys import RootKeys
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import SessionBook
from gateway.ports.clock import Clock
from gateway.ports.sessions import Sessions

_STATE_LABEL = b"motlan login state v1"
_NAMES_LABEL = b"motlan session names v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """What logins keep: the same for every configuration of a process."""

    #: as the store has it; the keys of different uses have different prefixes
    store: Sessions
    #: the same, sealed: attempts, authorizations, codes, grants
    values: SealedValues
    sessions: SessionBook


@contextlib.asynccontextmanager
async def login_state(parts: Composition, roots: RootKeys, clock: Clock) -> AsyncIterator[LoginState]:
    """The state of logins beside the cache; it survives a reload."""
    settings, url = parts.configuration.gateway.logins, parts.configuration.gateway.cache_url
    store: Sessions = registry.store(url, "open_sessions")(url)
    values = SealedValues(store, await derived(roots, _STATE_LABEL))
    sessions = SessionBook(
        values, await derived(roots, _NAMES_LABEL), lambda: clock.now().timestamp(),
        idle=settings.idle_seconds, longest=settings.longest_seconds,
    )  # fmt: skip
    try:
        yield LoginState(store=store, values=values, sessions=sessions)
    finally:
        await store.close()
