"""Files of every kind, good and hostile, made here: named by what is wrong with them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

CONTENT_TYPES = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
)
ODT = b"application/vnd.oasis.opendocument.text"


def pdf(body: bytes = b"1 0 obj\n<< /Type /Catalog >>\nendobj\n", size: int = 0) -> bytes:
    head = b"%PDF-1.7\n" + body
    tail = b"\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
    return head + b"%" * max(0, size - len(head) - len(tail)) + tail


def png(width: int = 2, height: int = 2, more: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + b"\1\2\3" * 2 for _ in range(2)))
    head = chunk(b"IHDR", struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2, comment: bytes = b"") -> bytes:
    def segment(kind: int, data: bytes) -> bytes:
        return struct.pack(">2BH", 0xFF, kind, len(data) + 2) + data

    frame = struct.pack(">B2HB", 8, height, width, 1) + b"\1\x11\0"
    parts = [segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), *([segment(0xFE, comment)] if comment else [])]
    return (
        b"\xff\xd8"
        + b"".join(parts)
        + segment(0xC0, frame)
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + b"\x12\x34\xff\xd9"
    )


def tiff(width: int = 2, height: int = 2) -> bytes:
    entries = struct.pack("<2HLL", 256, 4, 1, width) + struct.pack("<2HLL", 257, 4, 1, height)
    return b"II*\0" + struct.pack("<LH", 8, 2) + entries + struct.pack("<L", 0)


def xml(body: bytes = b"<HoSo><MaHoSo>H31.14-261120-0007</MaHoSo></HoSo>") -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def archive(
    members: Mapping[str, bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    stored: tuple[str, ...] = ("mimetype",),
) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as out:
        for name, content in members.items():
            out.writestr(name, content, zipfile.ZIP_STORED if name in stored else method)
    return made.getvalue()


def docx(more: Mapping[str, bytes] | None = None) -> bytes:
    return archive({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"<w/>", **(more or {})})


def xlsx() -> bytes:
    return archive({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": b"<w/>"})


def odt(content: bytes = b"<office/>", more: Mapping[str, bytes] | None = None) -> bytes:
    return archive({"mimetype": ODT, "content.xml": content, **(more or {})})


GOOD: dict[str, tuple[bytes, str]] = {
    "pdf": (pdf(), "application/pdf"),
    "png": (png(), "image/png"),
    "jpg": (jpeg(), "image/jpeg"),
    "tif": (tiff(), "image/tiff"),
    "docx": (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": (xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "odt": (odt(), "application/vnd.oasis.opendocument.text"),
    "xml": (xml(), "application/xml"),
}


def patched(whole: bytes, at: int, new: bytes) -> bytes:
    return whole[:at] + new + whole[at + len(new) :]


def directory_of(whole: bytes) -> int:
    """Where the directory of an archive begins."""
    return int(struct.unpack_from("<L", whole, len(whole) - 6)[0])


def encrypted() -> bytes:
    """The flag of its first member, in both headers."""
    whole = docx()
    directory = directory_of(whole)
    return patched(patched(whole, 6, b"\1\0"), directory + 8, b"\1\0")


def lying_size() -> bytes:
    """The directory and the header say that the first member unpacks to 4 bytes; it has a hundred thousand."""
    whole = archive({"a.txt": b"a" * 100_000})
    return patched(patched(whole, 22, struct.pack("<L", 4)), directory_of(whole) + 24, struct.pack("<L", 4))


def renamed_in_directory() -> bytes:
    """Readers of the directory see another name than readers of the header."""
    whole = archive({"a.txt": b"a"})
    return patched(whole, directory_of(whole) + 46, b"b")


def overlapping() -> bytes:
    """A member that holds the next one, header and all, as in the bombs of Fifield (2019): its bytes count twice."""
    inner = archive({"b.txt": b"b" * 10_000})
    start = directory_of(inner)
    outer = archive({"a.txt": b"text" + inner[:start]}, method=zipfile.ZIP_STORED)
    first = outer[directory_of(outer) : len(outer) - 22]
    second = patched(inner[start : len(inner) - 22], 42, struct.pack("<L", 30 + len("a.txttext")))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(first + second), directory_of(outer), 0)
    return outer[: directory_of(outer)] + first + second + end


def many_entries(count: int = 70_000) -> bytes:
    """A directory alone, of more members than a count of 16 bits has."""
    return (
        b"PK\3\4"
        + bytes(26)
        + b"PK\5\6"
        + struct.pack("<4H2LH", 0, 0, count % 65_536, count % 65_536, 46 * count, 30, 0)
    )


def linked() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        info = zipfile.ZipInfo("a.txt")
        info.external_attr = 0o120777 << 16
        out.writestr(info, "/etc/passwd")
    return made.getvalue()


def twice() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("a.txt", "one")
        out.writestr("A.txt", "two")
    return made.getvalue()


#: thirty megabytes in thirty thousand bytes
BOMB = docx({"word/media/a.emf": bytes(30_000_000)})
#: name -> (content, code)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "file_damaged"),
    "program": (b"MZ\x90\0" + bytes(200), "file_kind_not_allowed"),
    "text": (b"xin ch\xc3\xa0o", "file_kind_not_allowed"),
    "picture of another kind": (b"GIF89a" + bytes(50), "file_kind_not_allowed"),
    "office document of before 2007": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file_kind_not_allowed"),
    "page": (b"<html><script>alert(1)</script></html>", "file_hostile"),
    "drawing with script": (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "file_hostile"),
    "page with DOCTYPE": (b"<!DOCTYPE html><html></html>", "file_hostile"),
    "entities": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "file_hostile"),
    "billion laughs": (
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>', "file_hostile"),
    "cut XML": (xml()[:-5], "file_damaged"),
    "comment of megabytes": (b"<a><!-- " + b"x" * 3_000_000 + b" --></a>", "file_hostile"),
    "tag of a megabyte": (b"<a b='" + b"x" * 1_000_000 + b"'/>", "file_hostile"),
    "tag without end": (b"<a b='" + b"x" * 1_000, "file_damaged"),
    "XML that is nested deep": (b"<a>" * 100_000 + b"</a>" * 100_000, "file_hostile"),
    "XML of many elements": (b"<a>" + b"<b/>" * 1_000_001 + b"</a>", "file_hostile"),
    "cut PDF": (pdf(size=5_000)[:-40], "file_damaged"),
    "PDF behind other bytes": (b"\n" + pdf(), "file_kind_not_allowed"),
    "PDF and archive": (pdf() + archive({"a.txt": b"a"}), "file_hostile"),
    "picture and archive": (png() + archive({"a.txt": b"a"}), "file_hostile"),
    "photograph and archive": (jpeg() + archive({"a.txt": b"a"}), "file_hostile"),
    "photograph and PDF": (jpeg(comment=pdf()), "file_hostile"),
    "document and PDF": (
        archive({"mimetype": ODT, "a": pdf(), "content.xml": b"<a/>"}, stored=("mimetype", "a")), "file_hostile"),
    "cut picture": (png()[:-6], "file_damaged"),
    "picture without header": (b"\x89PNG\r\n\x1a\n" + bytes(100), "file_damaged"),
    "picture with more behind it": (png() + b"<?php system($_GET[0]); ?>", "file_hostile"),
    "picture that fills the memory": (png(60_000, 60_000), "file_hostile"),
    "photograph that fills the memory": (jpeg(65_000, 65_000), "file_hostile"),
    "scan that fills the memory": (tiff(90_000, 90_000), "file_hostile"),
    "cut photograph": (jpeg()[:-2], "file_damaged"),
    "photograph without segments": (b"\xff\xd8\xff" + bytes(100), "file_damaged"),
    "cut scan": (tiff()[:20], "file_damaged"),
    "scan without sides": (b"II*\0" + struct.pack("<LHL", 8, 0, 0), "file_damaged"),
    "cut document": (docx()[:-30], "file_damaged"),
    "bytes behind an archive": (docx() + b"x", "file_damaged"),
    "document with macros": (docx({"word/vbaProject.bin": b"x"}), "file_hostile"),
    "encrypted member": (encrypted(), "file_encrypted"),
    "encrypted OpenDocument": (odt(b"\x8f\x01\x7fencrypted"), "file_encrypted"),
    "document of two kinds": (docx({"xl/workbook.xml": b"<w/>"}), "file_hostile"),
    "bomb": (BOMB, "file_hostile"),
    "archive in a document": (docx({"word/a": archive({"a": b"a"})}), "file_hostile"),
    "program in a document": (docx({"word/a": b"MZ\x90\0"}), "file_hostile"),
    "bomb in a document": (docx({"word/embeddings/a.docx": BOMB}), "file_hostile"),
    "document in a document in a document": (docx({"word/a.docx": docx({"word/b.docx": docx()})}), "file_hostile"),
}  # fmt: skip

#: the same, where plain archives are accepted
HOSTILE_ARCHIVES: dict[str, tuple[bytes, str]] = {
    "path out of the folder": (archive({"../../etc/cron.d/a": b"a"}), "file_hostile"),
    "path inside with dots": (archive({"a/../../b": b"a"}), "file_hostile"),
    "absolute path": (archive({"/etc/passwd": b"a"}), "file_hostile"),
    "path of Windows": (archive({"C:\\a.txt": b"a"}), "file_hostile"),
    "drive": (archive({"C:/a.txt": b"a"}), "file_hostile"),
    "control character": (archive({"a\x07.txt": b"a"}), "file_hostile"),
    "name that reads backwards": (archive({"a\u202etxt.exe": b"a"}), "file_hostile"),
    "link": (linked(), "file_hostile"),
    "name twice": (twice(), "file_hostile"),
    "size that lies": (lying_size(), "file_hostile"),
    "name that lies": (renamed_in_directory(), "file_hostile"),
    "overlapping members": (overlapping(), "file_hostile"),
    "too many members": (many_entries(), "file_hostile"),
    "2001 members": (archive({f"{number}": b"" for number in range(2_001)}), "file_hostile"),
    "archive in an archive": (archive({"a.zip": archive({"a": b"a"})}), "file_hostile"),
    "RAR in an archive": (archive({"a.rar": b"Rar!\x1a\7\0"}), "file_hostile"),
    "tar in an archive": (archive({"a.tar": bytes(257) + b"ustar" + bytes(300)}), "file_hostile"),
    "program in an archive": (archive({"anh.jpg": b"MZ\x90\0"}), "file_hostile"),
    "PDF as an archive": (patched(archive({"a": b"a"}, method=0), 0, b"PK\3\5"), "file_kind_not_allowed"),
    "other compression": (archive({"a": b"a" * 100}, method=zipfile.ZIP_BZIP2), "file_damaged"),
    "no members": (archive({}), "file_kind_not_allowed"),
    "changed content": (patched(archive({"a": b"abcdef"}, method=0), 32, b"x"), "file_damaged"),
}  # fmt: skip
