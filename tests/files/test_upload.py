"""Files at the real door: what is accepted, what is refused, and what stays on the disk."""

import hashlib
from urllib.parse import quote

import pytest

from tests.files.assets import GOOD, HOSTILE, HOSTILE_ARCHIVES, archive, docx, odt, pdf, png
from tests.files.conftest import Room

on_session = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("extension", GOOD)
@on_session
async def test_file_of_each_kind_is_stored_under_its_digest(standing: Room, extension: str) -> None:
    content, media = GOOD[extension]
    answer = await standing.stored(content, media=media, name=f"don-de-nghi.{extension.upper()}")
    digest = hashlib.sha256(content).hexdigest()
    assert answer["file"] == f"sha256:{digest}"
    assert (answer["size"], answer["media_type"], answer["warnings"]) == (len(content), media, [])
    place = standing.folder / digest[:2] / digest[2:4] / digest
    assert place.read_bytes() == content
    assert place.stat().st_mode & 0o777 == 0o600
    record = next(one for one in standing.records("file_stored") if one["exchange"] == answer["exchange_id"])
    assert record["notes"] == {"digest": digest, "size": len(content), "kind": record["notes"]["kind"]}
    assert record["requester"] == "one_gate"


@pytest.mark.parametrize("name", HOSTILE)
@on_session
async def test_hostile_file_is_refused_and_leaves_a_record_alone(standing: Room, name: str) -> None:
    await _refused(standing, *HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE_ARCHIVES)
@on_session
async def test_hostile_archive_is_refused_where_archives_are_accepted(archives: Room, name: str) -> None:
    await _refused(archives, *HOSTILE_ARCHIVES[name])


async def _refused(room: Room, content: bytes, code: str) -> None:
    before = room.kept()
    status, problem = await room.send(content)
    assert (status, problem["code"]) == (422, code)
    assert room.kept() == before
    record = next(one for one in room.records(code) if one["exchange"] == problem["exchange_id"])
    assert record["phase"] == "refusal"
    assert record["notes"]["digest"] == hashlib.sha256(content).hexdigest()


@on_session
async def test_plain_archive_is_stored_where_it_is_allowed_and_refused_elsewhere(
    archives: Room, standing: Room
) -> None:
    whole = archive({"a/don.txt": b"a", "a/don.docx": docx(), "b/": b""})
    assert (await archives.stored(whole))["media_type"] == "application/zip"
    assert (await standing.send(whole))[1]["code"] == "file_kind_not_allowed"


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"), "javascript"),
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "launch_action"),
        (pdf(b"<< /Type /EmbeddedFile >>"), "embedded_files"),
        (pdf(b"<< /Encrypt 5 0 R >>"), "password"),
        (docx({"word/embeddings/a.docx": docx()}), "embedded_files"),
        (odt(more={"Basic/Standard/a.xml": b"<a/>"}), "macros"),
    ],
)
@on_session
async def test_unusual_file_is_stored_with_a_warning(standing: Room, content: bytes, warning: str) -> None:
    answer = await standing.stored(content)
    assert [one["code"] for one in answer["warnings"]] == [warning]
    record = next(one for one in standing.records("file_stored") if one["exchange"] == answer["exchange_id"])
    assert record["notes"]["warnings"] == warning


LIES = {
    "type of another kind": (pdf(), "image/png", ""),
    "type of a page": (png(), "text/html", ""),
    "extension of another kind": (png(), "image/png", "anh.pdf"),
    "extension of a program": (pdf(), "", "don.pdf.exe"),
    "document with macros": (docx(), "", "don.docm"),
}


@pytest.mark.parametrize("name", LIES)
@on_session
async def test_declared_type_that_the_content_does_not_have_is_refused(standing: Room, name: str) -> None:
    content, media, called = LIES[name]
    status, problem = await standing.send(content, media or "application/octet-stream", called)
    assert (status, problem["code"]) == (422, "file_type_differs")
    assert "PNG" in problem["detail_vi"] or "PDF" in problem["detail_vi"] or "DOCX" in problem["detail_vi"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.pdf", "a\\b.pdf", ".pdf", "a/b.pdf", "a\u202efdp.pdf", " a.pdf", "a\x07.pdf"]
)
@on_session
async def test_name_that_leads_elsewhere_or_hides_something_is_refused(standing: Room, name: str) -> None:
    fields = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    status, problem = await standing.send(pdf(), **fields)
    assert (status, problem["code"]) == (422, "value_not_possible")
    assert "etc" not in str(problem)


@on_session
async def test_field_of_a_name_that_cannot_be_read_is_refused(standing: Room) -> None:
    for field in ("attachment; filename=", "attachment; filename*=UTF-8''%ff", 'attachment; filename="a', "; a=b",
                  "attachment; filename=a.pdf; filename=b.pdf", "attachment; filename*=latin-1''a.pdf"):  # fmt: skip
        status, problem = await standing.send(pdf(), **{"Content-Disposition": field})
        assert (status, problem["code"]) == (400, "bad_request"), field


async def test_same_content_is_stored_once(room: Room) -> None:
    first, second = await room.stored(pdf()), await room.stored(pdf(), client="national_portal")
    assert first["file"] == second["file"]
    assert len(room.kept()) == 1
