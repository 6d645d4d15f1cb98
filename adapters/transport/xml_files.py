"""WSDLs and schemas from disk: read once each, below fixed limits, never fetched. Part of the child's work."""

import os
import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

XS = "http://www.w3.org/2001/XMLSchema"
NAME = re.compile(r"[^\W\d][\w.·-]*")
MOST_BYTES = 20_000_000
MOST_DECLARED = 20_000
_MOST_TAGS = 1_000_000
_DOCTYPE = "take the DOCTYPE out of it"
TOO_MUCH = "give a WSDL and schemas with the services that you ask alone"


class UnusableWsdl(Exception):
    """This WSDL cannot be used: file, line (0: all of it), the fault, the remedy."""

    def __init__(self, file: str, line: int, what: str, remedy: str) -> None:
        """`file` is a path from the folder of the WSDL."""
        super().__init__(file, line, what, remedy)
        self.file, self.line, self.what, self.remedy = file, line, what, remedy


class XmlFiles:
    """Files beside a WSDL, read once each and within limits."""

    def __init__(self, wsdl: Path, within: Path | None = None) -> None:
        """Nothing is read yet. `within`: no file outside of this folder is read."""
        self.folder, self.first = wsdl.parent, wsdl.name
        self._within = within
        #: SHA-256 by the path from the folder of the WSDL
        self.digests: dict[str, bytes] = {}
        self._roots: dict[Path, etree._Element] = {}
        self._bytes = self._declared = self._tags = 0
        #: what lxml hands out is the same object only as long as it is held
        self._held: list[list[etree._Element]] = []

    def name(self, path: Path) -> str:
        """As problems name it."""
        return os.path.relpath(path, self.folder)

    def read(self, path: Path) -> etree._Element:
        """The root of a file; UnusableWsdl if it is no XML, or too much."""
        path = path.resolve()
        if path in self._roots:
            return self._roots[path]
        name = self.name(path)
        if self._within is not None and not path.is_relative_to(self._within):
            raise UnusableWsdl(
                name, 0, "is a file of the WSDL which is not beside it", "copy that file beside it"
            )
        if not path.is_file():
            raise UnusableWsdl(name, 0, "is no file", "lay it beside the WSDL")
        self._bytes += path.stat().st_size
        if self._bytes > MOST_BYTES:
            what = f"makes more than {MOST_BYTES // 1_000_000} MB of WSDL and schemas"
            raise UnusableWsdl(name, 0, what, TOO_MUCH)
        data = path.read_bytes()
        self.digests[name] = sha256(data).digest()
        root = self._roots[path] = self._parsed(data, name)
        return root

    def _parsed(self, data: bytes, name: str) -> etree._Element:
        bare = data.replace(b"\0", b"")
        if b"<!DOCTYPE" in bare or b"<!ENTITY" in bare:
            line = bare[: bare.index(b"<!")].count(b"\n") + 1
            raise UnusableWsdl(name, line, "has a DOCTYPE, which is never read", _DOCTYPE)
        self._tags += bare.count(b"<")
        if self._tags > _MOST_TAGS:
            raise UnusableWsdl(name, 0, f"makes more than {_MOST_TAGS} tags", TOO_MUCH)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            line = error.lineno or 0
            if "HUGE" in error.msg:
                what = "is nested too deep, or has a text or a tag that is too large"
                raise UnusableWsdl(name, line, what, TOO_MUCH) from None
            raise UnusableWsdl(name, line, f"is not XML: {error.msg}", f"mend line {line}") from None
        if root.getroottree().docinfo.internalDTD is not None:
            raise UnusableWsdl(name, 1, "has a DOCTYPE, which is never read", _DOCTYPE)
        self._declared += sum(1 for _ in root.iter(f"{{{XS}}}element"))
        if self._declared > MOST_DECLARED:
            what = f"makes more than {MOST_DECLARED} declared elements"
            raise UnusableWsdl(name, 0, what, TOO_MUCH)
        self._held.append(list(root.iter(etree.Element)))
        return root

    def beside(self, location: str, path: Path) -> Path | None:
        """The file that a location in `path` means: by its path, or by its last name where it is an address."""
        text = location.strip().replace("\\", "/")
        if "://" in text or text.startswith(("/", "urn:", "file:")) or re.match("[A-Za-z]:", text):
            last = unquote(urlsplit(text).path.rstrip("/").rpartition("/")[2])
            tries = [path.parent / last, self.folder / last] if last else []
        else:
            tries = [path.parent / text, path.parent / unquote(text.partition("#")[0])]
        return next((found for one in tries if (found := _file(one)) is not None), None)

    def missing(self, node: etree._Element, location: str, path: Path) -> UnusableWsdl:
        """A file that is named and not there."""
        what = f"names '{location}', which is not beside it"
        last = location.strip().replace("\\", "/").rstrip("/").rpartition("/")[2]
        remedy = "lay every file that it names beside it, and name it by its path"
        if "://" in location and last:
            remedy = f"lay it beside as '{last}': nothing is fetched; the address may stay as it is"
        return UnusableWsdl(self.name(path), line_of(node), what, remedy)


def _file(path: Path) -> Path | None:
    """The file, whatever letters of its last name are capitals: many WSDLs come from Windows."""
    try:
        if path.is_file():
            return path
        alike = [
            one for one in path.parent.iterdir() if one.name.lower() == path.name.lower() and one.is_file()
        ]
    except (OSError, ValueError):
        return None
    return alike[0] if len(alike) == 1 else None


def name_of(node: etree._Element, file: str) -> str:
    """The name that a node declares; UnusableWsdl where it is no name of XML."""
    name = (node.get("name") or "").strip()
    if not NAME.fullmatch(name):
        what = f"has an {etree.QName(node).localname} whose name is no name: '{name[:40]}'"
        raise UnusableWsdl(file, line_of(node), what, "mend the name")
    return name


def line_of(node: etree._Element) -> int:
    """Its line in the file; 0 where it is not known."""
    line: int | None = node.sourceline  # type: ignore[assignment]
    return line or 0
