"""A provider that speaks JSON over HTTP (RFC 8259, 9110): one source for all of its data services.

Promises: `ask` always answers, by the deadline; ids of people never stand in an address; an answer is read
only when it has one meaning. Which words are sent and how the answer is read is the mapping's knowledge.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adapters.sources.provider import Provider, behalf_of
from adapters.sources.rest_calls import RestCall, open_call
from adapters.transport.auth import CALL_KINDS, MESSAGE_KINDS, build_auth
from adapters.transport.call import Reading, Wire, open_peer
from adapters.transport.connection import Answer
from adapters.transport.faults import refused_here
from adapters.transport.strict_json import NotStrictJson, parse
from adapters.transport.tools import Tools
from gateway.domain.errors import Problem
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.faults import Faults
from gateway.mapping.paths import compile_path
from gateway.mapping.source import ServicePlan

if TYPE_CHECKING:
    from gateway.config import SourceSettings

_NOT_READ = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_OPTIONS = frozenset({"tls", "allow_url_ids"})


def open_source(settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools) -> Provider:
    """The source of `config/sources/<source>.yaml`; ConfigError when the settings cannot be used.

    `services` maps operations to their compiled mappings. `options`: `tls`, `allow_url_ids`.
    """
    faults = Faults()
    faults.add(_option_faults(settings))
    url_ids = settings.options.get("allow_url_ids") in ("true", True)
    calls: dict[str, RestCall] = {}
    for operation, plan in services.items():
        if operation in settings.services and settings.services[operation].enabled:
            with faults.noted():
                call = open_call(settings, operation, plan, url_ids_allowed=url_ids)
                calls[f"{settings.source}.{operation}"] = call
    with faults.noted() as opened:
        peer = open_peer(settings, tools)
        auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
        opened.append(Provider(peer, auth, tools.clock, Rest(settings, calls)))
    faults.finish()
    source: Provider = opened[0]
    return source


def _option_faults(settings: "SourceSettings") -> Iterator[Problem]:
    file = f"config/sources/{settings.source}.yaml"
    if (kind := settings.auth.get("kind")) in MESSAGE_KINDS:
        what = f"'auth.kind: {kind}' signs SOAP messages, and this source has none"
        yield Problem(file, 0, what, f"write one of {', '.join(CALL_KINDS)}", place=("auth", "kind"))
    for word in sorted(set(settings.options) - _OPTIONS):
        what, remedy = f"'options.{word}' is not known here", f"use {', '.join(sorted(_OPTIONS))}"
        yield Problem(file, 0, what, remedy, place=("options", word))
    said = settings.options.get("allow_url_ids", "false")
    if said not in ("true", "false", True, False):
        what = f"'options.allow_url_ids: {said}' is neither true nor false"
        yield Problem(file, 0, what, 'write "true" or "false"', place=("options", "allow_url_ids"))


class Rest:
    """JSON to one provider (adapters.transport.call.Speech)."""

    behalf = staticmethod(behalf_of)

    def __init__(self, settings: "SourceSettings", calls: Mapping[str, RestCall]) -> None:
        """`calls` maps services (`<source>.<operation>`) to how they are called."""
        self._calls = calls
        self._expired_path = compile_path(str(settings.auth.get("expired_path", "")))
        self._expired_values = frozenset(_words(settings.auth.get("expired_values")))

    def write(self, query: SourceQuery) -> Wire:
        """The request for one query; ProviderError when it cannot or may not be written."""
        call = self._calls.get(query.service)
        if call is None:
            raise refused_here()
        return call.write(query)

    def read(self, query: SourceQuery, answer: Answer) -> Reading[SourceAnswer]:
        """What the answer says; perhaps that the token expired."""
        try:
            tree = parse(answer.body)
        except NotStrictJson:
            return Reading(_NOT_READ, at_fault=True)
        if self._expired_values and self._says_expired(tree):
            return Reading(_NOT_READ, expired=True)
        return Reading(self._calls[query.service].read(tree, query))

    def _says_expired(self, tree: object) -> bool:
        said = self._expired_path(tree)
        return isinstance(said, str | int) and str(said) in self._expired_values


def _words(value: object) -> list[str]:
    if value is None:
        return []
    return [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]
