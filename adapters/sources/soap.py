"""Any provider that speaks SOAP: WSDL, fault table and WS-Security come from its settings.

Promises: one message out, one answer or one outcome back; every answer is read by plans made at start.
Refuses to know a provider: element names are in `schemas/sources`, their meaning in `mappings/sources`.

`options`: `wsdl` (below the data root), `port`, what faults mean (`fault_options.py`), `soap_version` ("1.1"
or "1.2"), `addressing`, `content_type` and `soap_action` (instead of what SOAP and the WSDL say), `tls`.
`auth.kind` may be `wsse_username` or `wsse_x509`.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sources.provider import ProviderSource, behalf_of, fault_reading, parameters_of
from adapters.sources.soap_options import SoapOptions
from adapters.transport.addressing import Addressing
from adapters.transport.answers import FIRST_ERROR, may_have_record
from adapters.transport.auth import MESSAGE_KINDS, build_auth
from adapters.transport.auth_settings import AuthSettings
from adapters.transport.call import AnswerReading, Wire, open_peer
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import INVALID, ProviderError, refused_here
from adapters.transport.shapes import PathRefused, Shape
from adapters.transport.signature import SignatureRefused
from adapters.transport.soap import Decoder, Envelope, EnvelopeRefused, SoapFault, fault_message
from adapters.transport.tools import Tools
from adapters.transport.wsdl import HEADER, Operations, WsdlOperation
from adapters.transport.wsse import WSSE, EnvelopeSigner, Recent, UsernameToken, Verifier
from adapters.transport.xml import XmlLimits, XmlRefused
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.faults import Faults, near
from gateway.mapping.model import below, paths_of
from gateway.mapping.paths import steps_of
from gateway.mapping.source import ServicePlan
from gateway.ports.sources import GivenAnswer, GivenAnswerRefused

if TYPE_CHECKING:
    from gateway.config.configuration import ServiceSettings, SourceSettings

#: a fault comes with these statuses; it is read, not guessed from the status
_ACCEPTED = frozenset({400, 500})
_FAULT_STATUS = 500
#: codes of faults that SOAP itself defines (SOAP 1.1, 4.4.1; SOAP 1.2 part 1, 5.4.6)
_SOAP_FAULTS = frozenset(
    "VersionMismatch MustUnderstand Client Server DataEncodingUnknown Sender Receiver".split()
)
#: places of a fault that SOAP itself defines (SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4): they say nothing about a person
_SOAP_PLACES = (
    ("faultcode",), ("faultstring",), ("faultactor",), ("Code", "Value"), ("Code", "Subcode", "Value"),
    ("Reason", "Text"), ("Node",), ("Role",),
)  # fmt: skip
#: why a signature was refused -> what the operator can do about it; any other reason: the signature itself
_SIGNATURES = {
    **dict.fromkeys(("missing", "not_signed"), FaultCode.SIGNATURE_MISSING),
    **dict.fromkeys(("not_fresh", "expired", "certificate_expired"), FaultCode.SIGNATURE_TIME),
    **dict.fromkeys(("algorithm", "form", "reference", "token", "transform"), FaultCode.SIGNATURE_FORM),
}
#: outcomes of an answer without a record
_NOBODY = frozenset({Outcome.NOT_FOUND, Outcome.NO_MATCH})
_PLACEHOLDER = f'<wsse:Security xmlns:wsse="{WSSE}"/>'
#: words of a mapping's answer that are paths
_PATHS = ("record", "found_when", "status")


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> ProviderSource:
    """The source that the settings describe; ConfigError when WSDL, mapping and settings do not agree."""
    faults = Faults()
    options = SoapOptions(settings, tools.root, faults)
    doors: dict[str, _SoapService] = {}
    with faults.noted():
        operations = options.operations(tools.root)
        for name, plan in services.items():
            if name in settings.services and settings.services[name].enabled:
                with faults.noted():
                    door = _door(name, plan, settings, operations, options)
                    doors[f"{settings.source}.{name}"] = door
    with faults.noted() as opened:
        peer = open_peer(settings, tools, options.meanings)
        auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
        speech = Soap(settings, options, doors, tools)
        opened.append(ProviderSource(peer, auth, tools.clock, speech))
    faults.finish()
    source: ProviderSource = opened[0]
    return source


def _unmapped(source: str, plan: ServicePlan, refused: PathRefused) -> ConfigError:
    """An error about the first place of the mapping that reads or writes what is not in the WSDL."""
    answer = plan.mapping.answer
    places: list[tuple[tuple[str, ...], str]] = [
        *((("request", path), path) for path in plan.mapping.request),
        *(
            (("answer", "attributes", name), path)
            for name, rule in answer.attributes.items()
            for path in paths_of(rule)
        ),
        (("answer", "updated_at"), answer.updated_at.path if answer.updated_at else ""),
        *((("answer", name), str(getattr(answer, name))) for name in _PATHS),
        *((("answer", "identity", name), path) for name, path in answer.identity.items()),
    ]
    where = next(
        (
            where
            for where, path in places
            if refused.word in (below(answer.record, path), *re.split(r"[.\[\]=:]", path))
        ),
        (),
    )
    file, what = f"mappings/sources/{source}.yaml", refused.what
    return ConfigError([Problem(file, 0, what, refused.remedy, place=("services", plan.operation, *where))])


@dataclass(frozen=True, slots=True)
class _SoapService:
    """One data service: its plan, its address, its two compiled messages."""

    plan: ServicePlan
    settings: "ServiceSettings"
    envelope: Envelope
    #: reads what the mapping reads
    decoder: Decoder
    #: reads all that the WSDL describes
    whole: Decoder
    headers: Mapping[str, str]
    addressing: Addressing | None = None

    def tree(self, query: SourceQuery, profile: str) -> Mapping[str, object]:
        """The request. Raises ProviderError(NOT_AGREED) without an agreed code for this procedure."""
        return self.plan.request(query, parameters_of(self.settings, query), profile)


def _door(
    name: str, plan: ServicePlan, settings: "SourceSettings", operations: Operations, options: SoapOptions
) -> _SoapService:
    if name not in operations:
        what = f"operation '{name}' is not in the WSDL"
        remedy = near(name, operations, f"the WSDL has {', '.join(sorted(operations))}")
        raise options.error(what, remedy, "services", name)
    operation = options.operation(operations, name)
    try:
        request, header = _request_of(operation, plan)
        answer = operation.answer.narrowed(plan.wanted_paths)
        operation.answer.narrowed([one.path for one in plan.mapping.answer.envelope])
        _refuse_paths_through_lists(operation.answer, plan)
    except PathRefused as error:
        raise _unmapped(settings.source, plan, error) from None
    limits = XmlLimits(octets=settings.limits.answer_bytes)
    service = settings.services[name]
    for word, only in (("method", "POST"), ("body", "json")):
        if getattr(service, word) != only:
            what = f"'{word}: {getattr(service, word)}' means nothing here: an envelope is sent by POST"
            raise options.error(what, "take it out", "services", name)
    return _SoapService(
        plan, service,
        Envelope(request, options.version or operation.version, header),
        Decoder(answer, limits, options.fault_code, is_rpc=operation.is_rpc),
        Decoder(operation.answer, limits, is_rpc=operation.is_rpc),
        options.headers(operation),
        options.addressing(operation, settings.url.rstrip("/") + service.path),
    )  # fmt: skip


def _refuse_paths_through_lists(answer: Shape, plan: ServicePlan) -> None:
    """Raises PathRefused for a path that goes on below an element which may repeat, and does not say which one."""
    record = [step for step in steps_of(plan.mapping.answer.record) if isinstance(step, str)]
    for path in plan.wanted_paths:
        shape, names = answer, []
        for step, after in pairwise(steps_of(path)):
            if not isinstance(step, str):
                continue
            names.append(step)
            below = next((one for one in shape.children or () if one.name == step), None)
            if below is None:  # the name of a type
                break
            shape = below
            if shape.many and isinstance(after, str) and names != record:
                what = f"goes through '{step}', which may repeat in the WSDL, and does not say which one"
                remedy = f"write '{step}[key=value].{after}' or '{step}[latest:key].{after}', or end 'record' at it"
                raise PathRefused(path, what, remedy)


def _request_of(operation: WsdlOperation, plan: ServicePlan) -> tuple[Shape, Shape | None]:
    """What the mapping writes of the body and of the header. Raises PathRefused for a place that is in neither."""
    mark = f"{HEADER}."
    paths = [path for path in plan.mapping.request if not path.startswith(mark)]
    blocks = [path.removeprefix(mark) for path in plan.mapping.request if path.startswith(mark)]
    if blocks and operation.header is None:
        what = f"names '{HEADER}', which the WSDL does not have in this message"
        raise PathRefused(HEADER, what, "take it out: its binding has no header for this operation")
    request = operation.request.narrowed(paths, complete=True)
    header = operation.header.narrowed(blocks, complete=True) if blocks and operation.header else None
    return request, header


class Soap:
    """SOAP to one provider (adapters.transport.call.Speech)."""

    behalf = staticmethod(behalf_of)

    def __init__(
        self,
        settings: "SourceSettings",
        options: SoapOptions,
        doors: Mapping[str, _SoapService],
        tools: Tools,
    ) -> None:
        """Made by `open_source`."""
        self._profile = settings.request_profile
        self._doors = doors
        self._security = _Security(AuthSettings(settings.auth, settings.source), tools)
        self._meanings = options.meanings

    def write(self, query: SourceQuery) -> Wire:
        """The request for one query. Raises ProviderError if it cannot or may not be written."""
        door = self._doors.get(query.service)
        if door is None:
            raise refused_here(FaultCode.SERVICE_OFF)
        try:
            tree = door.tree(query, self._profile)
            blocks = "" if door.addressing is None else door.addressing.header(query.call_id)
            message = self._security.write(door.envelope, tree, blocks)
            if query.trace is not None:
                query.trace.bare_body = door.envelope.write(tree, blocks + self._security.placeholder)
                query.trace.secrets |= self._security.secrets
        except EnvelopeRefused:
            raise refused_here() from None
        digest = hashlib.sha256(message).digest()
        return Wire(
            door.settings.method, door.settings.path, door.headers, message, digest, _ACCEPTED,
            reads_absence=True,
        )  # fmt: skip

    def given(self, query: SourceQuery, given: GivenAnswer) -> tuple[Wire, HttpAnswer] | None:
        """See adapters.sources.provider.SourceSpeech. A fault comes with status 500, unless the example says else."""
        if given.problem is not None:
            remedy = "write the children of the SOAP fault into 'fault'"
            raise GivenAnswerRefused("problem", "'problem' is one of JSON", remedy)
        if given.is_plain:
            return None
        if given.fault is None and given.tree is not None:
            what = "an answer of SOAP that is no fault has no 'status' of its own"
            raise GivenAnswerRefused("status", what, "take it out; or write 'fault', or no 'answer'")
        version, kind = self._doors[query.service].envelope.version, {b"content-type": b"text/xml"}
        try:
            body = b"" if given.fault is None else fault_message(version, given.fault)
        except ValueError as error:
            what = f"'{error}' or its value cannot be written in XML"
            raise GivenAnswerRefused("fault", what, "write names without prefixes, and texts") from None
        status = given.status or _FAULT_STATUS
        return Wire("POST", "/", {}, None, accepts=_ACCEPTED, reads_absence=True), HttpAnswer(
            status, kind, body
        )

    def read(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer]:
        """What the answer says. A fault that says no is sound; one about the provider, or unknown, is trouble."""
        door = self._doors[query.service]
        tree, code = None, FaultCode.HTTP_STATUS
        try:
            tree = self._security.read(door.decoder, answer.body)
            if door.addressing is not None and not door.addressing.is_answer(answer.body, query.call_id):
                tree, code = None, FaultCode.OTHER_MESSAGE
        except SoapFault as fault:
            return self._of_fault(query, answer.status, fault)
        except XmlRefused:
            code = FaultCode.NOT_XML
        except SignatureRefused as refusal:
            code = _SIGNATURES.get(refusal.code, FaultCode.SIGNATURE)
        if tree is None or answer.status >= FIRST_ERROR:
            return self._of_status(answer, code, is_whole=tree is not None)
        found = door.plan.read(tree, query)
        return self._nobody(query, answer) if found.outcome in _NOBODY else AnswerReading(found)

    def _of_fault(self, query: SourceQuery, status: int, fault: SoapFault) -> AnswerReading[SourceAnswer]:
        """What a fault means; one that says that there is nobody, and has more than a fault has, is no absence.

        Nor is one with another known code that means something else. Codes of SOAP itself do not count: every fault has
        one.
        """
        error = self._meanings.of_code(fault.code, status)
        if error.outcome is Outcome.NOT_FOUND:
            apart = (*_SOAP_PLACES, *self._meanings.places)
            denied = self._doors[query.service].plan.denies_absence(fault.tree(), query, apart)
            if denied is not None:
                return AnswerReading(denied)
        if error.outcome in _NOBODY:
            others = [one for one in fault.others if one.partition(".")[0] not in _SOAP_FAULTS]
            if other := self._meanings.contradicted(error.outcome, others):
                said = AnswerFault(FaultCode.FAULT, status=status, provider_code=other)
                return AnswerReading(failed(*INVALID, said))
        if fault.code in _SOAP_FAULTS and error.fault and not error.fault.provider_code:
            error.fault = AnswerFault(FaultCode.SOAP_FAULT, status=status, provider_code=fault.code)
        return fault_reading(error)

    def _of_status(
        self, answer: HttpAnswer, code: FaultCode, *, is_whole: bool
    ) -> AnswerReading[SourceAnswer]:
        """What a status means, where there is no fault to read; it says that there is nobody beside no record alone.

        `is_whole`: its body is an answer of this operation; else `code` says why not.
        """
        kind = answer.fields.get(b"content-type", b"")
        if not is_whole and kind[:10].lower() == b"multipart/":
            code = FaultCode.ATTACHMENT
        error = self._meanings.of_error(answer.status, kind, answer.body)
        if error.outcome is Outcome.NOT_FOUND and may_have_record(kind, answer.body):
            error = ProviderError(*INVALID, status=answer.status)
            code = FaultCode.UNKNOWN_FORM if is_whole else code
        elif answer.status >= FIRST_ERROR and answer.status not in _ACCEPTED:
            code = FaultCode.HTTP_STATUS
        meant = error.fault.meant if error.fault and error.fault.code is code else None
        said = AnswerFault(code, status=answer.status, meant=meant)
        refused = failed(error.outcome, error.reason, said)
        return AnswerReading(refused, at_fault=error.at_fault, accepted=False)

    def _nobody(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer]:
        """An answer without a record, read whole: an error may stand at a place that the mapping does not read."""
        door = self._doors[query.service]
        try:
            return AnswerReading(door.plan.read(door.whole.decode(answer.body), query))
        except XmlRefused:
            refused = failed(*INVALID, AnswerFault(FaultCode.NOT_XML, status=answer.status))
            return AnswerReading(refused, at_fault=True, accepted=False)


class _Security:
    """WS-Security of outgoing and incoming messages, if the settings ask for it."""

    def __init__(self, auth: AuthSettings, tools: Tools) -> None:
        self._clock = tools.clock
        self._token: UsernameToken | None = None
        self._signer: EnvelopeSigner | None = None
        self._verifier: Verifier | None = None
        if auth.kind == "wsse_username":
            self._token = UsernameToken(
                username=auth.text("username"),
                password=auth.secret("secret"),
                digest=auth.choice("digest", ("true", "false")) == "true",
            )
        elif auth.kind == "wsse_x509":
            mine, theirs = (_pem(auth, name, tools.root) for name in ("certificate", "peer_certificate"))
            key = auth.secret("key").encode()
            auth.check()
            try:
                self._signer = EnvelopeSigner(mine, key)
                self._verifier = Verifier([theirs], tools.clock, Recent(tools.clock))
            except ValueError:
                what = "the certificates of 'auth' cannot be used"
                raise auth.error("certificate", what, "give PEM files") from None
        if auth.kind in MESSAGE_KINDS:
            auth.finish()
        #: what a message carries in clear
        self.secrets = frozenset({self._token.password} if self._token is not None else ())
        #: stands for the header in what people see of a message
        self.placeholder = _PLACEHOLDER if auth.kind in MESSAGE_KINDS else ""

    def write(self, envelope: Envelope, tree: Mapping[str, object], blocks: str) -> bytes:
        """The message as it is sent, with other blocks of its header."""
        if self._token is not None:
            blocks += self._token.header(self._clock.now(), secrets.token_bytes(16))
        message = envelope.write(tree, blocks)
        return message if self._signer is None else self._signer.sign(message, self._clock.now())

    def read(self, decoder: Decoder, data: bytes) -> object:
        """The tree of an answer; what is not signed is not read where signatures are agreed."""
        if self._verifier is None:
            return decoder.decode(data)
        return decoder.read_body(self._verifier.verify(data))


def _pem(auth: AuthSettings, name: str, root: Path) -> bytes:
    """A certificate: a path below the data root, or a reference as for secrets."""
    if auth.is_reference(name):
        return auth.secret(name).encode()
    path = auth.text(name)
    try:
        return (root / path).read_bytes() if path else b""
    except OSError:
        what = f"the file of 'auth.{name}' cannot be read"
        raise auth.error(name, what, "check the path, which begins below the data root") from None
