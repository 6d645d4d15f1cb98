"""WS-Addressing 1.0 of a request with one answer, on the same connection.

The id of a message is made from the id of its call: who reads the answer knows it without a table of what was sent.
"""

from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape

from lxml import etree

from adapters.transport.soap import NAMESPACES
from adapters.transport.xml import XmlLimits, parse

_WSA = "http://www.w3.org/2005/08/addressing"
_ANONYMOUS = f"{_WSA}/anonymous"
#: answers are cut at their own limit before
_LIMITS = XmlLimits(octets=1 << 30, elements=1 << 30)


class Addressing:
    """The blocks of one operation's requests, and the check of what answers them."""

    def __init__(self, action: str, to: str) -> None:
        """`action` as the WSDL says; `to`: the address of the service."""
        self._before = (
            f'<wsa:Action xmlns:wsa="{_WSA}">{escape(action)}</wsa:Action>'
            f'<wsa:To xmlns:wsa="{_WSA}">{escape(to)}</wsa:To><wsa:MessageID xmlns:wsa="{_WSA}">'
        )
        reply_to = f'<wsa:ReplyTo xmlns:wsa="{_WSA}"><wsa:Address>{_ANONYMOUS}</wsa:Address></wsa:ReplyTo>'
        self._after = f"</wsa:MessageID>{reply_to}"

    def header(self, call_id: str) -> str:
        """Header blocks as XML."""
        return self._before + _message_id(call_id) + self._after

    def is_answer(self, answer: bytes, call_id: str) -> bool:
        """Whether nothing says that this parsed message answers another request. Many say nothing of it."""
        if b"RelatesTo" not in answer:
            return True
        envelope = parse(answer, _LIMITS)
        heads = [head for space in NAMESPACES.values() for head in envelope.findall(f"{{{space}}}Header")]
        related = [one for head in heads for one in head.findall(f"{{{_WSA}}}RelatesTo") if _is_reply(one)]
        return all((one.text or "").strip() == _message_id(call_id) for one in related)


def _is_reply(node: etree._Element) -> bool:
    return node.get("RelationshipType", f"{_WSA}/reply").strip() == f"{_WSA}/reply"


def _message_id(call_id: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, call_id)}"
