"""Any provider that speaks SOAP: WSDL, fault table and WS-Security come from its settings.

Promises: one message out, one answer or one outcome back; every answer is read by plans made at start.
Refuses to know a provider: element names stand in `schemas/sources`, their meaning in `mappings/sources`.

`options`: `wsdl` (below the data root), `faults` (code: outcome, or {outcome, reason}; `*` any other),
`soap_version` ("1.1" or "1.2"), `content_type` and `soap_action` (instead of what SOAP and the WSDL say), `tls`.
`auth.kind` may be `wsse_username` or `wsse_x509`.
"""

import asyncio
import difflib
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from adapters.sources.provider import LARGE_BYTES, Provider, Wire
from adapters.transport.auth import MESSAGE_KINDS, build_auth, call_signed
from adapters.transport.auth_settings import AuthSettings
from adapters.transport.faults import from_status, refused_here
from adapters.transport.http import HttpPeer, open_peer
from adapters.transport.signature import SignatureRefused
from adapters.transport.soap import Decoder, Envelope, EnvelopeRefused, SoapFault, Tree
from adapters.transport.tools import Tools
from adapters.transport.wsdl import Operation, load
from adapters.transport.wsse import Recent, Signer, UsernameToken, Verifier
from adapters.transport.xml import XmlLimits, XmlRefused
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import procedure_code
from gateway.mapping.source import ServicePlan

if TYPE_CHECKING:
    from gateway.config import ServiceSettings, SourceSettings

#: a fault comes with these statuses; it is read, not guessed from the status
_ACCEPTED = frozenset({400, 500})
#: words of a mapping's answer that are paths
_PATHS = ("record", "found_when", "status", "updated_at")
_CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}

Fault = tuple[Outcome, Reason]

#: what a fault may mean, and the reason unless the settings give one
_REASONS: Mapping[Outcome, Reason] = MappingProxyType(
    {
        Outcome.REFUSED: Reason.SOURCE_REFUSED,
        Outcome.UNAVAILABLE: Reason.SOURCE_BUSY,
        Outcome.INVALID: Reason.SOURCE_ANSWER_INVALID,
        Outcome.NO_MATCH: Reason.DATA_DO_NOT_MATCH,
        Outcome.NOT_FOUND: Reason.NO_SUCH_PERSON,
    }
)


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> "SoapSource":
    """The source that the settings describe; ConfigError when WSDL, mapping and settings do not agree."""
    options = _Options(settings, tools.root)
    operations = _operations(options, tools.root)
    peer = open_peer(settings, tools)
    doors = {
        f"{settings.source}.{name}": _door(name, plan, settings, operations, options)
        for name, plan in services.items()
        if name in settings.services and settings.services[name].enabled
    }
    return SoapSource(settings, options, doors, peer, tools)


def _operations(options: "_Options", root: Path) -> Mapping[str, Operation]:
    """What the WSDL offers; ConfigError at `options.wsdl` when it is not there or cannot be read."""
    name = options.wsdl.relative_to(root) if options.wsdl.is_relative_to(root) else options.wsdl
    try:
        if options.wsdl.is_file():
            return load(options.wsdl)
    except ConfigError as error:
        what, remedy = f"'{name}': {error.problems[0].what}", error.problems[0].remedy
    else:
        what, remedy = f"there is no file '{name}'", f"name a WSDL; paths begin at {root}"
    raise options.error(what, remedy, "options", "wsdl") from None


def _unmapped(source: str, plan: ServicePlan, word: str) -> ConfigError:
    """An error about the first place of the mapping that reads or writes an element which is not in the WSDL."""
    answer = plan.mapping.answer
    places: list[tuple[tuple[str, ...], str]] = [
        *((("request", path), path) for path in plan.mapping.request),
        *((("answer", "attributes", name), rule.path) for name, rule in answer.attributes.items()),
        *((("answer", name), str(getattr(answer, name))) for name in _PATHS),
    ]
    where = next((where for where, path in places if word in re.split(r"[.\[]", path)), ())
    what = f"names '{word}', which the WSDL does not have in this message"
    remedy = "correct the path: elements are named as in the WSDL, from the message's element on"
    return ConfigError(
        [
            Problem(
                f"mappings/sources/{source}.yaml", 0, what, remedy, place=("services", plan.operation, *where)
            )
        ]
    )


@dataclass(frozen=True, slots=True)
class _Door:
    """One data service: its plan, its address, its two compiled messages."""

    plan: ServicePlan
    settings: "ServiceSettings"
    envelope: Envelope
    decoder: Decoder
    headers: Mapping[str, str]

    def tree(self, query: SourceQuery, profile: str) -> Mapping[str, object]:
        """The request; ProviderError(NOT_AGREED) when nobody agreed a code for this procedure."""
        codes, parameters = self.settings.procedure_codes, self.settings.parameters
        if codes:
            code = codes.get(procedure_code(query.procedure)) or codes.get("*")
            if not code:
                raise refused_here(Reason.NOT_AGREED)
            parameters = {**parameters, "procedure_code": code}
        return self.plan.request(query, parameters, profile)


def _door(
    name: str,
    plan: ServicePlan,
    settings: "SourceSettings",
    operations: Mapping[str, Operation],
    options: "_Options",
) -> _Door:
    operation = operations.get(name)
    if operation is None:
        near = difflib.get_close_matches(name, operations, 1) or sorted(operations)
        what = f"operation '{name}' is not in the WSDL"
        raise options.error(what, f"the WSDL has {', '.join(near)}", "services", name)
    try:
        operation.request.narrowed(plan.mapping.request)
        answer = operation.answer.narrowed(plan.wanted_paths)
    except ValueError as error:
        raise _unmapped(settings.source, plan, str(error)) from None
    decoder = Decoder(answer, XmlLimits(octets=settings.limits.answer_bytes))
    envelope = Envelope(operation.request, options.version)
    return _Door(plan, settings.services[name], envelope, decoder, options.headers(operation.action))


class SoapSource(Provider):
    """One SOAP provider (gateway.ports.Source)."""

    def __init__(
        self,
        settings: "SourceSettings",
        options: "_Options",
        doors: Mapping[str, _Door],
        peer: HttpPeer,
        tools: Tools,
    ) -> None:
        """Made by `open_source`; nothing is connected yet."""
        auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
        super().__init__(settings.source, peer, auth, tools)
        self._profile = settings.request_profile
        self._doors = doors
        self._security = _Security(AuthSettings(settings.auth, settings.source), tools)
        self._faults = options.faults

    def _write(self, query: SourceQuery) -> Wire:
        door = self._doors.get(query.service)
        if door is None:
            raise refused_here()
        try:
            message = self._security.write(door.envelope, door.tree(query, self._profile))
        except EnvelopeRefused:
            raise refused_here() from None
        digest = hashlib.sha256(message).digest()
        return Wire(door.settings.method, door.settings.path, door.headers, message, digest)

    async def _call(self, wire: Wire, query: SourceQuery, deadline: float) -> tuple[SourceAnswer, bytes]:
        method, target, headers, body, _ = wire
        answer, _ = await call_signed(
            self._peer, self._auth, method, target, headers=headers, body=body, deadline=deadline,
            accept_status=_ACCEPTED,
        )  # fmt: skip
        door, received = self._doors[query.service], answer.body
        large = len(received) > LARGE_BYTES
        try:
            tree = (
                await asyncio.to_thread(self._open, door, received) if large else self._open(door, received)
            )
        except SoapFault as fault:
            return failed(*(self._faults.get(fault.code) or self._faults["*"])), received
        if tree is None or answer.status in _ACCEPTED:
            error = from_status(answer.status, received)
            if error.reason is Reason.SOURCE_ANSWER_INVALID:
                self._peer.guard.breaker.blame()
            return failed(error.outcome, error.reason), received
        read = door.plan.read
        return await asyncio.to_thread(read, tree, query) if large else read(tree, query), received

    def _open(self, door: _Door, received: bytes) -> Tree | None:
        """The tree of an answer, None when it is none; SoapFault for a fault."""
        try:
            return self._security.read(door.decoder, received)
        except (XmlRefused, SignatureRefused):
            return None


class _Security:
    """WS-Security of outgoing and incoming messages, if the settings ask for it."""

    def __init__(self, auth: AuthSettings, tools: Tools) -> None:
        self._clock = tools.clock
        self._token: UsernameToken | None = None
        self._signer: Signer | None = None
        self._verifier: Verifier | None = None
        if auth.kind == "wsse_username":
            self._token = UsernameToken(
                username=auth.text("username"),
                password=auth.secret("secret"),
                digest=auth.choice("digest", ("true", "false")) == "true",
            )
        elif auth.kind == "wsse_x509":
            mine, theirs = (_pem(auth, name, tools.root) for name in ("certificate", "peer_certificate"))
            try:
                self._signer = Signer(mine, auth.secret("key").encode())
                self._verifier = Verifier([theirs], tools.clock, Recent(tools.clock))
            except ValueError:
                what = "the certificates of 'auth' cannot be used"
                raise auth.error("certificate", what, "give PEM files") from None
        if auth.kind in MESSAGE_KINDS:
            auth.finish()

    def write(self, envelope: Envelope, tree: Mapping[str, object]) -> bytes:
        """The message as it is sent."""
        if self._token is not None:
            return envelope.write(tree, self._token.header(self._clock.now(), secrets.token_bytes(16)))
        message = envelope.write(tree)
        return message if self._signer is None else self._signer.sign(message, self._clock.now())

    def read(self, decoder: Decoder, data: bytes) -> Tree:
        """The tree of an answer; what is not signed is not read where signatures are agreed."""
        if self._verifier is None:
            return decoder.decode(data)
        return decoder.read_body(self._verifier.verify(data))


def _pem(auth: AuthSettings, name: str, root: Path) -> bytes:
    """A certificate: a path below the data root, or a reference as for secrets."""
    try:
        return (root / auth.text(name)).read_bytes()
    except ConfigError:
        return auth.secret(name).encode()
    except OSError:
        what = f"the file of 'auth.{name}' cannot be read"
        raise auth.error(name, what, "check the path, which begins below the data root") from None


class _Options:
    """`options` of a SOAP source, checked."""

    def __init__(self, settings: "SourceSettings", root: Path) -> None:
        self._source = settings.source
        options = settings.options
        unknown = set(options) - {"wsdl", "faults", "soap_version", "content_type", "soap_action", "tls"}
        if unknown or "wsdl" not in options:
            what = (
                f"'options' has the unknown word '{min(unknown)}'" if unknown else "'options.wsdl' is missing"
            )
            where = ("options", min(unknown)) if unknown else ("options",)
            raise self.error(what, "write wsdl, faults, soap_version, content_type, soap_action, tls", *where)
        self.wsdl = root / str(options["wsdl"])
        self.version: Literal["1.1", "1.2"] = "1.2" if str(options.get("soap_version")) == "1.2" else "1.1"
        self._content_type = options.get("content_type")
        self._action = options.get("soap_action")
        self.faults = {"*": (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)}
        for code, fault in dict(options.get("faults", {})).items():
            self.faults[str(code)] = self._fault(code, fault)

    def headers(self, action: str) -> dict[str, str]:
        """Of one operation, whose binding names `action`: a header in SOAP 1.1, a parameter of the type in 1.2."""
        if self._action is not None:
            action = str(self._action)
        kind = _CONTENT_TYPES[self.version] if self._content_type is None else str(self._content_type)
        if self.version == "1.1":
            return {"Content-Type": kind, "SOAPAction": f'"{action}"'}
        named = action and self._content_type is None
        return {"Content-Type": f'{kind}; action="{action}"' if named else kind}

    def error(self, what: str, remedy: str, *place: str) -> ConfigError:
        """An error about a place of this source's settings."""
        return ConfigError([Problem(f"config/sources/{self._source}.yaml", 0, what, remedy, place=place)])

    def _fault(self, code: object, fault: object) -> Fault:
        words = fault if isinstance(fault, Mapping) else {"outcome": fault}
        try:
            outcome = Outcome(str(words.get("outcome")))
            return outcome, Reason(str(words.get("reason", _REASONS[outcome])))
        except (ValueError, KeyError):
            remedy = f"write one of {', '.join(_REASONS)}, or {{outcome: …, reason: …}}"
            what = f"'options.faults.{code}' is not understood"
            raise self.error(what, remedy, "options", "faults", str(code)) from None
