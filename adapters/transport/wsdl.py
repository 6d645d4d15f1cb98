"""What a WSDL 1.1 says of its operations, as plain shapes.

`load` lets a child read it from disk, with the files that it imports and includes; nothing is fetched. It is read with
limits of size, time and memory, since a WSDL comes from somebody else.
"""

import contextlib
import resource
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from lxml import etree

from adapters.transport.child import call
from adapters.transport.shapes import TEXT, Content, ContentRow, Shape, linked
from adapters.transport.xml_files import XS, UnusableWsdl, XmlFiles, line_of, name_of
from adapters.transport.xsd import Schemas
from gateway.domain.errors import ConfigError, Problem

Version = Literal["1.1", "1.2"]

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP: Mapping[str, Version] = {
    "http://schemas.xmlsoap.org/wsdl/soap/": "1.1",
    "http://schemas.xmlsoap.org/wsdl/soap12/": "1.2",
}
_MIME = "http://schemas.xmlsoap.org/wsdl/mime/"
_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_ADDRESSING = frozenset({"UsingAddressing", "Addressing"})
_ATTACHMENTS = frozenset({"OptimizedMimeSerialization", "MTOM"})
#: the message's header blocks stand there in a request's tree; no element can be called so
HEADER = "soap:Header"

_SECONDS = 60.0
#: of the child beyond what it has before it reads
_MEMORY_BYTES = 1 << 30
_REMEDY = "give a WSDL 1.1 with a binding for SOAP, document/literal or rpc/literal"


@dataclass(frozen=True, slots=True, eq=False)
class WsdlOperation:
    """One operation as one port offers it: what is sent and what comes back."""

    #: the element in the body; with a blank tag the body itself
    request: Shape
    answer: Shape
    #: SOAPAction of the binding; empty if it names none
    action: str = ""
    version: Version = "1.1"
    #: blocks of the request's header
    header: Shape | None = None
    #: the answer is the only element of the body, whatever it is called
    is_rpc: bool = False
    #: what WS-Addressing calls the request, and whether the WSDL demands that it is sent
    addressing_action: str = ""
    needs_addressing: bool = False


class _Offer(NamedTuple):
    """An operation of a port, as it travels: contents are numbers. `fault` says why it cannot be used."""

    service: str
    port: str
    operation: str
    version: Version
    #: binding and its operation: offers of one binding are alike
    binding: tuple[str, str]
    #: where the port is; blank: it does not say
    address: str = ""
    action: str = ""
    request: tuple[str, int] = ("", 0)
    answer: tuple[str, int] = ("", 0)
    header: int | None = None
    is_rpc: bool = False
    addressing_action: str = ""
    needs_addressing: bool = False
    fault: tuple[str, int, str, str] | None = None


class _Known(NamedTuple):
    """What a WSDL said, and the SHA-256 of every file that it was read from, by its path from the WSDL's folder."""

    offers: list[_Offer]
    contents: list[Content]
    files: Mapping[str, bytes]
    #: what was chosen from it, so that who asks again gets the same
    chosen: "dict[tuple[str, str], Operations]"

    def holds_for(self, wsdl: Path) -> bool:
        """Whether the same would be read there."""
        try:
            return all(_digest((wsdl.parent / path).read_bytes()) == is_ for path, is_ in self.files.items())
        except OSError:
            return False


_Read = tuple[list[_Offer], list[ContentRow], Mapping[str, bytes]]

#: by the digest of the WSDL: a reload asks for those alone that changed
_KNOWN: dict[bytes, _Known] = {}
_MOST = 64


class Operations(Mapping[str, WsdlOperation]):
    """The operations of a WSDL by name; one that cannot be used raises ConfigError when it is asked for."""

    def __init__(self, offers: Iterable[_Offer], known: _Known) -> None:
        """The offers of the ports that were chosen."""
        self._offers: dict[str, list[_Offer]] = {}
        for offer in offers:
            self._offers.setdefault(offer.operation, []).append(offer)
        self._known, self._contents = known, known.contents
        #: the WSDL and all that it was read from, by their paths from its folder
        self.files = tuple(known.files)
        self._made: dict[str, WsdlOperation] = {}

    def __getitem__(self, name: str) -> WsdlOperation:
        """KeyError if there is none of that name; ConfigError if it cannot be used."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._operation(self._offer(name))
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    def addresses(self, name: str) -> list[str]:
        """Where the SOAP ports are that offer this operation, as the WSDL says; first the one that would be asked."""
        offers = [self._offer(name), *self._offers[name]]
        offers += [one for one in self._known.offers if one.operation == name]
        return [*dict.fromkeys(one.address for one in offers if one.address)]

    def _offer(self, name: str) -> _Offer:
        offers = self._offers[name]
        usable = [one for one in offers if one.fault is None] or offers
        if len({one.binding for one in usable}) > 1:
            ports = ", ".join(dict.fromkeys(f"'{one.port}'" for one in usable))
            what = f"operation '{name}' is offered by several ports: {ports}"
            raise ConfigError([Problem("", 0, what, "write one of them as 'options.port'")])
        if usable[0].fault is not None:
            raise ConfigError([Problem(*usable[0].fault)])
        return usable[0]

    def _operation(self, offer: _Offer) -> WsdlOperation:
        contents = self._contents
        return WsdlOperation(
            _message(offer.request, contents),
            _message(offer.answer, contents),
            offer.action,
            offer.version,
            None if offer.header is None else Shape(HEADER, content=contents[offer.header], name=HEADER),
            offer.is_rpc,
            offer.addressing_action,
            offer.needs_addressing,
        )


def _message(element: tuple[str, int], contents: list[Content]) -> Shape:
    """The element of a message; a text alone is at `#text`."""
    tag, number = element
    content = contents[number]
    if content.children is None:
        content = Content([Shape(TEXT, content=content)])
    return Shape(tag, content=content)


def load(wsdl: Path, *, port: str = "", version: str = "", within: Path | None = None) -> Operations:
    """Every operation of the WSDL by name, at a port and of a SOAP version where these are said.

    `within`: no file outside of this folder is read.

    Raises ConfigError if the file cannot be used. A child reads it, so that nothing of it stays in this process but the
    shapes. It blocks: call it before serving. What was read once is known until one of its files changes.
    """
    try:
        known = _known(wsdl, within)
    except UnusableWsdl as error:
        raise ConfigError([Problem(error.file, error.line, error.what, error.remedy)]) from None
    except Exception as error:  # whatever a file of somebody else does ends as words
        what, remedy = "this WSDL cannot be read", _REMEDY
        if isinstance(error, TimeoutError):
            what, remedy = f"{what} within {_SECONDS:.0f} seconds", "give a smaller WSDL"
        elif isinstance(error, RecursionError):
            what, remedy = f"{what}: it is nested too deep", "give a smaller WSDL"
        elif isinstance(error, MemoryError):
            what, remedy = f"{what} within {_MEMORY_BYTES >> 20} MB of memory", "give a smaller WSDL"
        raise ConfigError([Problem(wsdl.name, 0, f"{what} ({type(error).__name__})", remedy)]) from error
    chosen = known.chosen.get((port, version))
    if chosen is None:
        chosen = known.chosen[port, version] = _chosen(known, wsdl.name, port, version)
    return chosen


def _known(wsdl: Path, within: Path | None) -> _Known:
    digest = _digest(wsdl.read_bytes())
    known = _KNOWN.get(digest)
    if known is None or within is not None or not known.holds_for(wsdl):
        read = call(_read, wsdl, within, seconds=_SECONDS)
        if isinstance(read, UnusableWsdl):
            raise read
        offers, rows, files = read
        known = _KNOWN[digest] = _Known(offers, linked(rows), files, {})
        if len(_KNOWN) > _MOST:
            del _KNOWN[next(iter(_KNOWN))]
    return known


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()


def _chosen(known: _Known, file: str, port: str, version: str) -> Operations:
    offers = known.offers
    if port:
        offers = [one for one in offers if port in {one.port, f"{one.service}.{one.port}"}]
        if not offers:
            ports = ", ".join(dict.fromkeys(one.port for one in known.offers))
            raise ConfigError([Problem(file, 0, f"has no port '{port}' for SOAP", f"write one of {ports}")])
    versions = {one.version for one in offers}
    wanted = version if version in versions else "1.1" if "1.1" in versions else "1.2"
    offers = [one for one in offers if one.version == wanted]
    faults = [one.fault for one in offers if one.fault is not None]
    if len(faults) == len(offers):
        raise ConfigError([Problem(*faults[0])])
    return Operations(offers, known)


# ------------------------------------------------------------------------------------------- the child


def _read(wsdl: Path, within: Path | None) -> _Read | UnusableWsdl:
    """What the child does. A refusal is an answer: this child reads the next one too."""
    with _limited():
        try:
            files = XmlFiles(wsdl, within)
            description = _Description(files)
            description.add(wsdl)
            description.schemas.check_imports()
            offers = description.offers(wsdl.name)
            description.schemas.finish()
        except UnusableWsdl as error:
            return error
        return offers, description.schemas.rows, files.digests


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """With an end of memory, above what this process has now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:  # noqa: PTH123 -- no file of ours
        has = int(file.read().split()[0]) * resource.getpagesize()
    most = has + _MEMORY_BYTES
    if before[1] != resource.RLIM_INFINITY:
        most = min(most, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


class _Definition(NamedTuple):
    """A definition and where it stands."""

    node: etree._Element
    file: str


class _Description:
    """All files of a WSDL."""

    def __init__(self, files: XmlFiles) -> None:
        self._files = files
        self.schemas = Schemas(files)
        #: messages, portTypes and bindings by kind, namespace and name
        self._parts: dict[tuple[str, str, str], _Definition] = {}
        self._services: list[_Definition] = []
        self._policies: dict[str, etree._Element] = {}

    def add(self, wsdl: Path) -> None:
        """A WSDL and all that it imports."""
        waiting, seen = [wsdl], set()
        while waiting:
            path = waiting.pop(0)
            root = self._files.read(path)
            if root in seen:
                continue
            seen.add(root)
            if root.tag == f"{{{XS}}}schema":
                self.schemas.add(root, path)
                continue
            self._check_root(root, path)
            waiting += self._imported(root, path)
            self._note(root, path)

    def _check_root(self, root: etree._Element, path: Path) -> None:
        name = self._files.name(path)
        if root.tag == "{http://www.w3.org/ns/wsdl}description":
            raise UnusableWsdl(name, 0, "is a WSDL 2.0", "ask the provider for its WSDL 1.1")
        if root.tag != f"{{{_WSDL}}}definitions":
            raise UnusableWsdl(
                name, 0, f"is no WSDL: it begins with '{etree.QName(root).localname}'", _REMEDY
            )

    def _imported(self, root: etree._Element, path: Path) -> Iterator[Path]:
        for node in root.iterfind(f"{{{_WSDL}}}import"):
            location = node.get("location", "")
            found = self._files.beside(location, path)
            if found is None:
                raise self._files.missing(node, location, path)
            yield found

    def _note(self, root: etree._Element, path: Path) -> None:
        space, file = root.get("targetNamespace", "").strip(), self._files.name(path)
        for schema in root.iterfind(f"{{{_WSDL}}}types/{{{XS}}}schema"):
            self.schemas.add(schema, path)
        for kind in ("message", "portType", "binding"):
            for node in root.iterfind(f"{{{_WSDL}}}{kind}"):
                self._parts.setdefault((kind, space, node.get("name", "").strip()), _Definition(node, file))
        self._services += (_Definition(node, file) for node in root.iterfind(f"{{{_WSDL}}}service"))
        for node in root.iter("{*}Policy"):
            if (name := node.get(_ID) or node.get("Name")) is not None:
                self._policies.setdefault(name, node)

    def _find(self, kind: str, node: etree._Element, word: str, file: str) -> tuple[str, _Definition]:
        """The namespace and the definition that an attribute names."""
        prefix, _, name = node.get(word, "").strip().rpartition(":")
        space = node.nsmap.get(prefix or None, "")
        found = self._parts.get((kind, space, name))
        if found is None:  # a name without a prefix means the file's own namespace to many
            alike = [
                (key, one)
                for key, one in self._parts.items()
                if key[0] == kind and key[2] == name and not prefix
            ]
            if len(alike) == 1:
                return alike[0][0][1], alike[0][1]
            what = f"names the {kind} '{name}' of '{space}', which is defined nowhere"
            raise UnusableWsdl(
                file, line_of(node), what, "define what is missing in the WSDL, or in one that it imports"
            )
        return space, found

    def offers(self, file: str) -> list[_Offer]:
        """All operations of all ports for SOAP. A port without a binding is passed over."""
        found: list[_Offer] = []
        unbound = None
        for service in self._services:
            for port in service.node.iterfind(f"{{{_WSDL}}}port"):
                try:
                    space, binding = self._find("binding", port, "binding", service.file)
                except UnusableWsdl as error:
                    unbound = unbound or error
                else:
                    found += self._of_binding(space, binding, service.node.get("name", ""), port)
        return found or self._without_service(unbound, file)

    def _without_service(self, unbound: UnusableWsdl | None, file: str) -> list[_Offer]:
        """What the bindings themselves offer, where no service names one of them."""
        bindings = [(key[1], part) for key, part in self._parts.items() if key[0] == "binding"]
        found = [offer for space, part in bindings for offer in self._of_binding(space, part, "", None)]
        if not found:
            what = "has no operation in a binding for SOAP"
            raise unbound or UnusableWsdl(file, 0, what, _REMEDY)
        return found

    def _of_binding(
        self, space: str, binding: _Definition, service: str, port: etree._Element | None
    ) -> list[_Offer]:
        node, file = binding
        soap = next((one for one in node if one.tag in _BINDINGS), None)
        if soap is None:
            return []
        spoken = etree.QName(soap).namespace or ""
        name = node.get("name", "")
        label = name if port is None else port.get("name", "")
        # of another namespace it is where something else than SOAP is spoken
        where = None if port is None else port.find(f"{{{spoken}}}address")
        address = "" if where is None else where.get("location", "").strip()
        found: dict[str, _Offer] = {}
        with_all = _SoapBinding(self, binding, soap, port)
        for operation in node.iterfind(f"{{{_WSDL}}}operation"):
            word = operation.get("name", "").strip()
            offer = _Offer(service, label, word, _SOAP[spoken], (f"{{{space}}}{name}", word), address)
            try:
                if word not in found:
                    found[word] = _BoundOperation(with_all, operation).offer(offer)
                    continue
                what, remedy = f"has two operations '{word}'", "name them apart, or keep one"
                fault = (file, line_of(operation), what, remedy)
            except UnusableWsdl as error:
                fault = (error.file or file, error.line, error.what, error.remedy)
            found[word] = offer._replace(fault=fault)
        return list(found.values())

    def demands(self, words: frozenset[str], *nodes: etree._Element | None) -> bool:
        """Whether one of these nodes carries an assertion, or a policy without another way."""
        for node in filter(lambda one: one is not None, nodes):
            assert node is not None
            for child in node:
                name = etree.QName(child).localname
                if name in words and child.get(f"{{{_WSDL}}}required", "true") in {"true", "1"}:
                    return True
                policy = (
                    self._policies.get(child.get("URI", "").lstrip("#"))
                    if name == "PolicyReference"
                    else None
                )
                policy = child if name == "Policy" else policy
                if policy is not None and _policy_demands(policy, words):
                    return True
        return False

    def message(self, node: etree._Element, file: str) -> _Definition:
        """The message that a node names."""
        return self._find("message", node, "message", file)[1]

    def port_type(self, node: etree._Element, file: str) -> tuple[str, _Definition]:
        """The port type of a binding, with its namespace."""
        return self._find("portType", node, "type", file)


_BINDINGS = frozenset(f"{{{space}}}binding" for space in _SOAP)


def _policy_demands(policy: etree._Element, words: frozenset[str]) -> bool:
    """Whether each alternative of a policy has one of these assertions, and not as optional."""
    ways = policy.findall("{*}ExactlyOne/{*}All") or [policy]
    return all(
        any(etree.QName(one).localname in words and not _optional(one) for one in way.iter(etree.Element))
        for way in ways
    )


def _optional(node: etree._Element) -> bool:
    return any(
        etree.QName(name).localname == "Optional" and value in {"true", "1"}
        for name, value in node.attrib.items()
    )


class _SoapBinding:
    """A binding for SOAP, with what holds for all of its operations."""

    def __init__(
        self,
        description: _Description,
        binding: _Definition,
        soap: etree._Element,
        port: etree._Element | None,
    ) -> None:
        self.all = description
        self.file = binding.file
        self.soap = soap
        self.space = etree.QName(soap).namespace
        self.addresses = description.demands(_ADDRESSING, binding.node, port)
        self.attaches = description.demands(_ATTACHMENTS, binding.node, port)
        self._node = binding.node
        self._of_type: tuple[str, str, dict[str, list[_Definition]]] | None = None

    @property
    def port_type(self) -> tuple[str, str, dict[str, list[_Definition]]]:
        """Namespace and name of its port type, and that one's operations by name. UnusableWsdl if there is none."""
        if self._of_type is None:
            space, part = self.all.port_type(self._node, self.file)
            found: dict[str, list[_Definition]] = {}
            for node in part.node.iterfind(f"{{{_WSDL}}}operation"):
                found.setdefault(node.get("name", "").strip(), []).append(_Definition(node, part.file))
            self._of_type = space, part.node.get("name", ""), found
        return self._of_type


class _BoundOperation:
    """One operation of one binding, being read."""

    def __init__(self, binding: _SoapBinding, operation: etree._Element) -> None:
        self._all, self._of = binding.all, binding
        self._file, self._space, self._node = binding.file, binding.space, operation
        self._own = operation.find(f"{{{self._space}}}operation")
        self._name = name_of(operation, self._file)

    def offer(self, offer: _Offer) -> _Offer:
        """The whole offer; UnusableWsdl if it cannot be used."""
        space, port_type, operations = self._of.port_type
        abstract = self._abstract(operations.get(self._name, []))
        if self._of.attaches or self._all.demands(_ATTACHMENTS, self._node):
            what = "demands MTOM attachments, which are not sent"
            raise self._fault(self._node, what, "a service without attachments")
        action = "" if self._own is None else self._own.get("soapAction", "").strip()
        style = None if self._own is None else self._own.get("style")
        is_rpc = (style or self._of.soap.get("style") or "document").strip() == "rpc"
        request, header = self._message("input", abstract, is_rpc=is_rpc)
        answer, _ = self._message("output", abstract, is_rpc=is_rpc)
        return offer._replace(
            action=action, request=request, answer=answer, header=header, is_rpc=is_rpc,
            addressing_action=_addressing_action(abstract, action, space, port_type, self._name),
            needs_addressing=self._of.addresses or self._all.demands(_ADDRESSING, self._node),
        )  # fmt: skip

    def _abstract(self, found: list[_Definition]) -> _Definition:
        if len(found) != 1:
            fault = "does not have" if not found else "has twice"
            what = f"names the operation '{self._name}', which its portType {fault}"
            raise UnusableWsdl(self._file, line_of(self._node), what, "give each operation once in both")
        return found[0]

    def _fault(self, node: etree._Element, what: str, ask: str) -> UnusableWsdl:
        subject = f"operation '{self._name}' {what}"
        return UnusableWsdl(self._file, line_of(node), subject, f"ask the provider for {ask}")

    def _message(
        self, way: str, abstract: _Definition, *, is_rpc: bool
    ) -> tuple[tuple[str, int], int | None]:
        """The body's element and the number of its content; the number of the header's content, if it has blocks."""
        declared, bound = abstract.node.find(f"{{{_WSDL}}}{way}"), self._node.find(f"{{{_WSDL}}}{way}")
        if declared is None:
            what = "takes nothing: it is a notification" if way == "input" else "has no answer: it is one-way"
            raise self._fault(abstract.node, what, "an operation with a request and an answer")
        message = self._all.message(declared, abstract.file)
        body = None
        if bound is not None:
            if bound.find(f"{{{_MIME}}}multipartRelated") is not None:
                raise self._fault(
                    bound,
                    f"has attachments in its {way}, which are not read",
                    "a service without attachments",
                )
            body = bound.find(f"{{{self._space}}}body")
        if body is not None and body.get("use", "literal").strip() == "encoded":
            raise self._fault(
                body, 'is SOAP-encoded (use="encoded")', "a document/literal or rpc/literal binding"
            )
        header = self._header(bound, message) if bound is not None and way == "input" else None
        parts = self._parts(message, body, bound)
        if is_rpc:
            space = "" if body is None else body.get("namespace", "").strip()
            name = self._name + ("" if way == "input" else "Response")
            return (f"{{{space}}}{name}" if space else name, self._wrapped(parts, message.file)), header
        return self._document(parts, message), header

    def _parts(
        self, message: _Definition, body: etree._Element | None, bound: etree._Element | None
    ) -> list[etree._Element]:
        """The parts of a message that are in the body."""
        parts = message.node.findall(f"{{{_WSDL}}}part")
        named = None if body is None else body.get("parts")
        if named is not None:
            return [one for one in parts if one.get("name") in named.split()]
        if bound is None:
            return parts
        headers = [one.get("part") for one in bound.iterfind(f"{{{self._space}}}header")
                   if self._all.message(one, self._file).node is message.node]  # fmt: skip
        return [one for one in parts if one.get("name") not in headers]

    def _document(self, parts: list[etree._Element], message: _Definition) -> tuple[str, int]:
        rows = []
        for part in parts:
            if part.get("element") is None:
                what = f"is document/literal, and part '{part.get('name')}' of its message has a type, no element"
                raise UnusableWsdl(
                    message.file,
                    line_of(part),
                    f"operation '{self._name}' {what}",
                    "name an element in the part, or bind it as rpc",
                )
            rows.append(self._element(part, message.file))
        if len(rows) == 1:
            return rows[0][0], rows[0][2]
        return "", self._all.schemas.made(ContentRow([_row(*one) for one in rows]))

    def _element(self, part: etree._Element, file: str) -> tuple[str, bool, int]:
        return self._all.schemas.element(_qname(part, "element"), part, file)

    def _wrapped(self, parts: list[etree._Element], file: str) -> int:
        """The content of the element that an rpc message has around its parts."""
        rows = []
        for part in parts:
            if part.get("element") is not None:
                rows.append(_row(*self._element(part, file)))
                continue
            number = self._all.schemas.index_of(_qname(part, "type"), part, file)
            rows.append(_row(name_of(part, file), False, number))
        return self._all.schemas.made(ContentRow(rows))

    def _header(self, bound: etree._Element, message: _Definition) -> int | None:
        rows = []
        for node in bound.iterfind(f"{{{self._space}}}header"):
            holder = self._all.message(node, self._file) if node.get("message") else message
            for part in holder.node.iterfind(f"{{{_WSDL}}}part"):
                if part.get("name") == node.get("part") and part.get("element"):
                    tag, name, many, _, nillable, number = _row(*self._element(part, holder.file))
                    rows.append((tag, name, many, False, nillable, number))
        return self._all.schemas.made(ContentRow(rows)) if rows else None


def _row(tag: str, nillable: bool, number: int) -> tuple[str, str, bool, bool, bool, int]:  # noqa: FBT001 -- a row
    return tag, tag.rpartition("}")[2].replace(".", "_"), False, True, nillable, number


def _qname(node: etree._Element, word: str) -> tuple[str, str]:
    prefix, _, name = node.get(word, "").strip().rpartition(":")
    return node.nsmap.get(prefix or None, ""), name


def _addressing_action(abstract: _Definition, action: str, space: str, port_type: str, name: str) -> str:
    """As WS-Addressing 1.0 Metadata, 4.4 says: the one that is written, the SOAPAction, or the pattern."""
    declared = abstract.node.find(f"{{{_WSDL}}}input")
    assert declared is not None
    for word, value in declared.attrib.items():
        if etree.QName(word).localname == "Action" and "addressing" in (etree.QName(word).namespace or ""):
            return str(value).strip()
    if action:
        return action
    mark = ":" if space.startswith("urn:") else "/"
    return mark.join((space.rstrip(mark), port_type, declared.get("name") or f"{name}Request"))
