"""Opens the OpenID provider: its keys and its endpoints. Part of the composition root."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from gateway.access.service import AccessService
from gateway.api.context import OpenId
from gateway.composition.composition import Composition
from gateway.composition.logins import LoginState
from gateway.composition.relay import PublicAddress
from gateway.config.configuration import Configuration
from gateway.config.gateway import LoginKeySettings
from gateway.domain.errors import ConfigError, LogUnavailable, Problem
from gateway.domain.exchange import Phase
from gateway.exchange_log.key_files import key_from_text, key_in
from gateway.exchange_log.recorder import Recorder
from gateway.login.authorization import AuthorizationRequests
from gateway.login.choices import Mandates
from gateway.login.clients import LoginClients
from gateway.login.grants import Grants
from gateway.login.handles import LoginHandles
from gateway.login.id_token_signing import IdTokens, LoginKeys, check_algorithms, open_keys
from gateway.login.logout_tokens import LogoutTokens
from gateway.login.people_tokens import PeopleTokens
from gateway.login.provider import LoginParts, OpenIdProvider
from gateway.login.redemption import TOKEN_ISSUED, Redemption
from gateway.login.subjects import KEY_FILE, Subjects
from gateway.ports.exchange_log import LogReader, LogSearch

_ASK_SECONDS = 5.0


class OpenedLoginKeys(NamedTuple):
    """The keys of logins."""

    signing: LoginKeys
    subjects: Subjects


async def login_keys(parts: Composition, log: LogReader) -> OpenedLoginKeys | None:
    """The keys of logins; None where no system logs people in. Raises ConfigError."""
    clients = LoginClients(parts.configuration.requesters)
    if not any(clients):
        return None
    settings = parts.configuration.gateway.access.login
    if settings.subject_key is None and not (parts.state / KEY_FILE).exists():
        await _check_new(parts, log)
    signing = await asyncio.to_thread(open_keys, settings, parts.state)
    check_algorithms(signing, {one.settings.id_token_alg for one in clients})
    return OpenedLoginKeys(signing, _subjects(settings, parts))


async def _check_new(parts: Composition, log: LogReader) -> None:
    """Raises ConfigError if people signed in before: under a new key, systems would take all of them for strangers."""
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            found = await log.search(LogSearch(phase=Phase.LOGIN, result=TOKEN_ISSUED), None, 1)
    except (LogUnavailable, TimeoutError):
        what = "the log cannot be asked whether people signed in with this key before, and it is not here"
        remedy = f"start the database of log.url, or restore {KEY_FILE} from your backup"
    else:
        if not found:
            return
        what = "the key file is missing, and people signed in with it: systems would take all of them for strangers"
        remedy = f"restore {KEY_FILE} from your backup, or set access.login.subject_key to its content"
    raise ConfigError([Problem(str(parts.state / KEY_FILE), 0, what, remedy)])


def open_id(
    configuration: Configuration, access: AccessService, state: LoginState, keys: OpenedLoginKeys,
    recorder: Recorder, address: PublicAddress, resume: Callable[[Any, str], Awaitable[Any]], mandates: Mandates,
) -> OpenId:  # fmt: skip
    """The endpoints, over opened parts. `resume`: goes on with a kept authorization request."""
    signing, subjects = keys
    tokens, clients = IdTokens(signing), LoginClients(configuration.requesters)

    def now() -> float:
        return recorder.clock.now().timestamp()

    def is_revoked(requester: str) -> bool:
        known = access.requesters.named(requester)
        return known is None or known.revoked or access.revocations.is_stopped(requester)

    shared = LoginParts(
        access=access, clients=clients,
        requests=AuthorizationRequests(clients, state.values, is_revoked, tokens.hint, now),
        grants=Grants(state.values, subjects.refresh_secret), people=state.sessions,
        handles=LoginHandles(state.values), tokens=tokens, subjects=subjects, recorder=recorder,
        mandates=mandates,
    )  # fmt: skip
    return OpenId(
        provider=OpenIdProvider(shared), redemption=Redemption(shared), people=PeopleTokens(shared),
        logout_tokens=LogoutTokens(tokens, clients, state.sessions, subjects, lambda: address.url, now),
        resume=resume,
    )  # fmt: skip


def _subjects(settings: LoginKeySettings, parts: Composition) -> Subjects:
    if settings.subject_key is None:
        return Subjects(key_in(parts.state / KEY_FILE))
    return Subjects(key_from_text(settings.subject_key.reveal(), "access.login.subject_key"))
