"""A provider that speaks JSON over HTTP (RFC 8259, 9110): one source for all of its data services.

Promises: `ask` always answers, by the deadline; ids of people never stand in an address; an answer is read
only when it has one meaning. Which words are sent and how the answer is read is the mapping's knowledge.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.sources.rest_calls import RestCall, Wire, open_call
from adapters.transport.auth import build_auth, call_signed
from adapters.transport.breaker import Health
from adapters.transport.faults import ProviderError
from adapters.transport.http import HttpPeer, open_peer
from adapters.transport.signers import Auth
from adapters.transport.strict_json import NotStrictJson, parse
from adapters.transport.tools import Tools
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.mapping.paths import compile_path
from gateway.mapping.source import ServicePlan
from gateway.telemetry import log

if TYPE_CHECKING:
    from gateway.config import SourceSettings

_OPTIONS = frozenset({"tls", "allow_url_ids"})
#: larger bodies are parsed in a thread
_LARGE_BYTES = 65_536


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> "RestSource":
    """The source of `config/sources/<source>.yaml`; ConfigError when the settings cannot be used.

    `services` maps operations to their compiled mappings. `options`: `tls`, `allow_url_ids`.
    """
    if unknown := sorted(set(settings.options) - _OPTIONS):
        what, remedy = f"'options.{unknown[0]}' is not known here", f"use {', '.join(sorted(_OPTIONS))}"
        raise ConfigError([Problem(f"config/sources/{settings.source}.yaml", 0, what, remedy)])
    url_ids = settings.options.get("allow_url_ids") in ("true", True)
    calls = {
        f"{settings.source}.{operation}": open_call(settings, operation, plan, url_ids_allowed=url_ids)
        for operation, plan in services.items()
        if operation in settings.services and settings.services[operation].enabled
    }
    peer = open_peer(settings, tools)
    auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
    return RestSource(settings, calls, peer, auth, Health(tools.clock, peer.guard))


class RestSource:
    """Implements gateway.ports.Source."""

    def __init__(
        self,
        settings: "SourceSettings",
        calls: Mapping[str, RestCall],
        peer: HttpPeer,
        auth: Auth,
        health: Health,
    ) -> None:
        """`calls` maps services (`<source>.<operation>`) to how they are called."""
        self._name = settings.source
        self._calls = calls
        self._peer = peer
        self._auth = auth
        self._health = health
        self._expired_path = compile_path(str(settings.auth.get("expired_path", "")))
        self._expired_values = frozenset(_words(settings.auth.get("expired_values")))

    async def ask(self, query: SourceQuery, deadline: float) -> SourceAnswer:
        """The provider's answer, or the outcome that says why there is none."""
        try:
            answer = await self._ask(query, deadline)
        except Exception as error:  # noqa: BLE001 -- a defect here must not spoil the other sources' answers
            log().error(
                "source.defect", source=self._name, service=query.service, reason=type(error).__name__
            )
            answer = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
        if answer.reason is Reason.SOURCE_ANSWER_INVALID and answer.response_digest:
            self._peer.guard.breaker.blame()
        self._health.note(answer.outcome)
        return answer

    def state(self) -> Health:
        """How the source is doing."""
        return self._health

    async def close(self) -> None:
        """Close connections and stop token fetches."""
        await self._auth.close()
        await self._peer.close()

    async def _ask(self, query: SourceQuery, deadline: float) -> SourceAnswer:
        call = self._calls.get(query.service)
        if call is None:
            return failed(Outcome.REFUSED, Reason.SOURCE_REFUSED)
        wire = None
        try:
            wire = call.write(query)
            received, tree = await self._fetch(wire, deadline)
        except ProviderError as fault:
            sent = wire.digest if wire is not None and fault.sent else b""
            return SourceAnswer(
                outcome=fault.outcome, reason=fault.reason, retry_in=fault.retry_in, request_digest=sent
            )
        if isinstance(tree, NotStrictJson):
            answer = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
        else:
            answer = call.read(tree, query)
        return replace(answer, request_digest=wire.digest, response_digest=received)

    async def _fetch(self, wire: Wire, deadline: float) -> tuple[bytes, object]:
        """Digest of the answer and its tree; once more when the answer itself says that the token expired."""
        received, tree, turn = await self._exchange(wire, deadline)
        if self._says_expired(tree) and await self._auth.renew(deadline, turn):
            received, tree, _ = await self._exchange(wire, deadline)
            if self._says_expired(tree):
                raise ProviderError(Outcome.REFUSED, Reason.SOURCE_REFUSED)
        return received, tree

    async def _exchange(self, wire: Wire, deadline: float) -> tuple[bytes, object, int]:
        answer, turn = await call_signed(
            self._peer,
            self._auth,
            wire.method,
            wire.target,
            headers=wire.headers,
            body=wire.body,
            deadline=deadline,
        )
        if len(answer.body) > _LARGE_BYTES:
            return *await asyncio.to_thread(_open, answer.body), turn
        return *_open(answer.body), turn

    def _says_expired(self, tree: object) -> bool:
        if not self._expired_values or isinstance(tree, NotStrictJson):
            return False
        said = self._expired_path(tree)
        return isinstance(said, str | int) and str(said) in self._expired_values


def _open(body: bytes) -> tuple[bytes, object]:
    """Digest and tree of a body; the tree is the error itself when there is none."""
    digest = hashlib.sha256(body).digest()
    try:
        return digest, parse(body)
    except NotStrictJson as error:
        return digest, error


def _words(value: object) -> list[str]:
    if value is None:
        return []
    return [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]
