"""The signature base (RFC 9421, 2) of a request, or of an answer and its request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from gateway.domain import sentences as say
from gateway.messages.faults import SignatureBroken
from gateway.messages.structured import InnerList, Item, dictionary, written

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or an answer (`status`); header names in lower case."""

    fields: Mapping[str, Sequence[str]]
    method: str = ""
    #: scheme and host in the requester's URL, without a slash at the end
    origin: str = ""
    #: as sent, with the query
    target: str = ""
    status: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0] or "/"

    @property
    def query(self) -> str:
        """The part after the question mark; blank for none."""
        return self.target.partition("?")[2]


def signature_base(signed: InnerList, message: Message, request: Message | None = None) -> bytes:
    """The signed lines. Raises SignatureBroken for an unknown, missing or duplicate component."""
    lines: dict[str, str] = {}
    for item in signed.items:
        name = written(item)
        if name in lines:
            raise SignatureBroken(say.COMPONENT_TWICE)
        lines[name] = _value(item, message, request)
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    try:
        return f'{text}"@signature-params": {written(signed)}'.encode("ascii")
    except UnicodeEncodeError:
        raise SignatureBroken(say.COMPONENT_NOT_ASCII) from None


def _value(item: Item, message: Message, request: Message | None) -> str:
    params = dict(item.params)
    if not isinstance(item.value, str):
        raise SignatureBroken(say.COMPONENT_QUOTES)
    if params.pop("req", False) is True:
        if request is None:
            raise SignatureBroken(say.COMPONENT_REQ)
        message = request
    key = params.pop("key", None)
    if params:
        raise SignatureBroken(say.COMPONENT_PARAMETER(name=next(iter(params))))
    if item.value.startswith("@"):
        return _derived(item.value, message)
    value = _field(item.value, message)
    return value if key is None else _member(value, key)


def _derived(name: str, message: Message) -> str:
    parts = urlsplit(message.origin)
    known = {"@status": str(message.status)} if message.status else {
        "@method": message.method,
        "@target-uri": message.origin + message.target,
        "@authority": _authority(message.origin),
        "@scheme": parts.scheme,
        "@request-target": message.target,
        "@path": message.path,
        "@query": f"?{message.query}",
    }  # fmt: skip
    if name not in known:
        raise SignatureBroken(say.COMPONENT_DERIVED)
    return known[name]


def _authority(origin: str) -> str:
    parts = urlsplit(origin)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError:
        raise SignatureBroken(say.COMPONENT_PORT) from None
    return host if port in {None, _PORTS.get(parts.scheme)} else f"{host}:{port}"


def _field(name: str, message: Message) -> str:
    if name != name.lower() or not (values := message.fields.get(name)):
        raise SignatureBroken(say.COMPONENT_GONE)
    return ", ".join(value.strip(" \t") for value in values)


def _member(value: str, key: object) -> str:
    found = dictionary(value).get(key) if isinstance(key, str) else None
    if found is None:
        raise SignatureBroken(say.COMPONENT_MEMBER)
    return written(found)
