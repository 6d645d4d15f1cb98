"""What kind a file is by its first bytes, and whether a declared type and a name fit it."""

import re

from gateway.domain import sentences as say
from gateway.domain.errors import FileRefused, Unprocessable
from gateway.domain.files import FileKind
from gateway.domain.problems import ProblemCode
from gateway.domain.signs import hides

#: bytes from which the kind is seen; PDF readers look for their mark in as many
HEAD = 1_024
PDF_MARK = b"%PDF-"
_LONGEST_NAME = 200
ODT_MIMETYPE = b"mimetypeapplication/vnd.oasis.opendocument.text"
#: first bytes -> kind; of an archive the members decide further
_MARKS = {
    PDF_MARK: FileKind.PDF,
    b"\x89PNG\r\n\x1a\n": FileKind.PNG,
    b"\xff\xd8\xff": FileKind.JPEG,
    b"II*\0": FileKind.TIFF,
    b"MM\0*": FileKind.TIFF,
    b"PK\x03\x04": FileKind.ZIP,
}
_BYTE_ORDER = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_XML = re.compile(rb"\s*<[?!A-Za-z_:\xc3-\xf4]")
#: says nothing about the kind
_ANY_TYPE = ("", "application/octet-stream", "binary/octet-stream")
#: ending of a name; a number or a longer word behind a dot is a part of the name
_EXTENSION = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,4})$", re.ASCII)


def sniffed(head: bytes) -> FileKind | None:
    """The kind that the first `HEAD` bytes show; every archive is ZIP. None for other kinds."""
    for mark, kind in _MARKS.items():
        if head.startswith(mark):
            return kind
    text = head
    for mark in _BYTE_ORDER:
        text = text.removeprefix(mark)
    return FileKind.XML if _XML.match(text.replace(b"\0", b"")) else None


def download_name(name: str, kind: FileKind) -> str:
    """A name under which a file of this kind is saved: in one folder, nothing hidden, with an extension of its kind."""
    plain = "".join("_" if sign in "/\\" or hides(sign) else sign for sign in name).strip(" .")
    found = _EXTENSION.search(plain)
    if not found or found[1].lower() not in kind.extensions:
        return f"{plain[: _LONGEST_NAME - 6].rstrip(' .') or 'tep'}.{kind.extensions[0]}"
    return plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 6] + found[0]


def check_name(name: str) -> None:
    """Raises Unprocessable for a declared name that leads elsewhere or hides something."""
    strange = hides(name) or {"/", "\\"} & set(name) or name.startswith(".") or name.strip() != name
    if strange or not 0 < len(name) <= _LONGEST_NAME:
        raise Unprocessable(say.FILE_NAME, code=ProblemCode.VALUE_NOT_POSSIBLE)


def check_declared(kind: FileKind, media_type: str, name: str) -> None:
    """Raises FileRefused if a declared media type or the extension of a name is that of another kind."""
    if media_type.lower() not in (*_ANY_TYPE, *kind.media_types):
        why = say.FILE_DECLARED(kind=kind.upper(), media=kind.media_type)
        raise FileRefused(why, code=ProblemCode.FILE_TYPE_DIFFERS)
    found = _EXTENSION.search(name)
    if found and found[1].lower() not in kind.extensions:
        why = say.FILE_EXTENSION(kind=kind.upper(), extension=kind.extensions[0])
        raise FileRefused(why, code=ProblemCode.FILE_TYPE_DIFFERS)
