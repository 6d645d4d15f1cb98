"""XML 1.0 from the network, parsed with every door shut.

What comes out is UTF-8, has no DTD and no entities, was read without network or files,
stays below the limits, and no text in it is cut in two by a comment or a processing instruction.
What a document is made of is counted before anything is made of it: the limits are limits of memory and time too.
The only error is `XmlRefused`; it carries a code and never a piece of the document.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]*)["']""")
_ENCODINGS = frozenset({b"utf-8", b"us-ascii", b"ascii"})


class XmlRefused(Exception):
    """The document is not well-formed XML of the kind that is accepted here; `code` says why."""

    def __init__(self, code: str) -> None:
        """`code` is one short word: too_large, doctype, encoding, not_well_formed, …."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """How much of a document is too much."""

    octets: int = 2_097_152
    #: and twice as many attributes; five hundred people with forty elements each fit in
    elements: int = 20_000
    depth: int = 48
    #: comments and processing instructions together
    comments: int = 1_000


def parse(data: bytes, limits: XmlLimits | None = None) -> etree._Element:
    """The root element. Raises XmlRefused for everything that is not plain, small, well-formed UTF-8 XML."""
    limits = limits or XmlLimits()
    _before(data, limits)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise XmlRefused("not_well_formed") from None
    _after(root, data, limits)
    return root


def _before(data: bytes, limits: XmlLimits) -> None:
    if len(data) > limits.octets:
        raise XmlRefused("too_large")
    declaration = _DECLARATION.match(data)
    named = _ENCODING.search(declaration.group()) if declaration else None
    if (named and named.group(1).lower() not in _ENCODINGS) or b"\0" in data:
        raise XmlRefused("encoding")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise XmlRefused("doctype")
    _refuse_heaps(data, limits)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise XmlRefused("encoding") from None


def _refuse_heaps(data: bytes, limits: XmlLimits) -> None:
    """Refuse what would take much memory when parsed, by counts that are never below the true ones."""
    aside = data.count(b"<!--") + data.count(b"<?")
    if aside > limits.comments:
        raise XmlRefused("too_many_comments")
    # an element has a tag, or two of them
    if data.count(b"<") > 2 * limits.elements + aside:
        raise XmlRefused("too_many_elements")
    # an attribute, or a name space, has a sign and two quotes
    if data.count(b"=") > 2 * limits.elements and data.count(b'"') + data.count(b"'") > 4 * limits.elements:
        raise XmlRefused("too_many_attributes")


def _after(root: etree._Element, data: bytes, limits: XmlLimits) -> None:
    if data.count(b"<") > limits.elements and _count(root) > limits.elements:
        raise XmlRefused("too_many_elements")
    if _deeper_than(limits.depth)(root):
        raise XmlRefused("too_deep")
    if b"<!--" in data or data.count(b"<?") > (1 if _DECLARATION.match(data) else 0):
        _refuse_cut_text(root)


def _count(root: etree._Element) -> int:
    return sum(1 for _ in root.iter(etree.Element))


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _refuse_cut_text(root: etree._Element) -> None:
    """Refuse comments and processing instructions where there is text, or where there could be."""
    asides = root.iter(etree.Comment, etree.ProcessingInstruction)
    # each parent is looked at once, however many of them it has
    for parent in dict.fromkeys(node.getparent() for node in asides):
        if parent is not None and (_has_text(parent) or not _has_elements(parent)):
            raise XmlRefused("text_cut_in_two")


def _has_text(parent: etree._Element) -> bool:
    texts = (parent.text, *(child.tail for child in parent))
    return any(text and text.strip() for text in texts)


def _has_elements(parent: etree._Element) -> bool:
    return next(parent.iterchildren(etree.Element), None) is not None
