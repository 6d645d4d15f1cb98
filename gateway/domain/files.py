"""Files of dossiers: kinds, what a stored file is, and warnings about its content.

The kind follows from the content, never from a name or a header.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


# the lists below are tables
# fmt: off
class FileKind(StrEnum):
    """A kind of file that a dossier may have."""

    #: as it is served
    media_type: str
    #: media types by which senders declare it, the usual one first
    media_types: tuple[str, ...]
    #: extensions of its names
    extensions: tuple[str, ...]

    def __new__(cls, name: str, media_types: str, extensions: str) -> Self:
        """A kind with its media types and extensions."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.media_types, member.extensions = tuple(media_types.split()), tuple(extensions.split())
        member.media_type = member.media_types[0]
        return member

    #: ISO 32000
    PDF = "pdf", "application/pdf application/x-pdf", "pdf"
    PNG = "png", "image/png", "png"
    JPEG = "jpeg", "image/jpeg image/jpg image/pjpeg", "jpg jpeg jpe"
    TIFF = "tiff", "image/tiff", "tif tiff"
    #: ECMA-376
    DOCX = "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
    #: ISO/IEC 26300
    ODT = "odt", "application/vnd.oasis.opendocument.text", "odt"
    XML = "xml", "application/xml text/xml", "xml"
    ZIP = "zip", "application/zip application/x-zip-compressed", "zip"


class FileWarning(StrEnum):
    """What an official should know before opening a stored file."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str) -> Self:
        """A warning with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    JAVASCRIPT = "javascript", "Tệp PDF có mã JavaScript", "The PDF has JavaScript"
    LAUNCH_ACTION = ("launch_action", "Tệp PDF có lệnh mở chương trình hoặc tệp khác",
        "The PDF has an action that starts a program or opens another file")
    EMBEDDED_FILES = "embedded_files", "Tệp có tệp khác đính kèm bên trong", "The file has other files inside"
    PASSWORD = "password", "Tệp PDF được mã hóa, có thể cần mật khẩu", "The PDF is encrypted and may need a password"
    MACROS = "macros", "Tệp văn bản có macro", "The document has macros"
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One stored file; its digest is its name."""

    #: SHA-256 of the content, hexadecimal
    digest: str
    #: bytes
    size: int
    kind: FileKind
    warnings: tuple[FileWarning, ...] = ()

    @property
    def media_type(self) -> str:
        """As it is served; it follows from the kind."""
        return self.kind.media_type

    @property
    def reference(self) -> str:
        """The digest as messages write it."""
        return f"sha256:{self.digest}"
