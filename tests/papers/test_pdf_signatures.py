"""The verdict over a file's signatures: offline, by configured authorities alone, and never by a crash."""

import random
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from adapters.files.pades import PdfSignatures, open_signature_checks
from adapters.sandbox.served_files import tiny_pdf
from gateway.domain.errors import ConfigError
from gateway.domain.paper_signatures import SignatureReport, SignatureVerdict
from tests.papers.signed_pdfs import NOW, Authority, authority, needs_pades, signed


@pytest.fixture(scope="module")
def root() -> Authority:
    return authority()


def verdict(content: bytes, *roots: Authority) -> SignatureReport:
    return PdfSignatures([one.der for one in roots]).check(BytesIO(content))


@needs_pades
def test_signature_of_a_configured_authority_is_valid_and_names_its_signer(root: Authority) -> None:
    found = verdict(signed(root), root)
    assert (found.verdict, found.why) == (SignatureVerdict.VALID, "")
    (signer,) = found.signers
    assert (signer.name, signer.organisation) == ("Nguyễn Văn Ký", "UBND phường Mẫu")
    assert signer.time.startswith(f"{NOW:%Y-%m-%d}")
    assert not signer.stamped


@needs_pades
def test_signature_of_an_unknown_authority_is_not_trusted(root: Authority) -> None:
    found = verdict(signed(authority("CA Lạ")), root)
    assert (found.verdict, found.why) == (SignatureVerdict.NOT_TRUSTED, "unknown_authority")


@needs_pades
def test_without_authorities_a_sound_signature_is_not_trusted(root: Authority) -> None:
    found = verdict(signed(root))
    assert (found.verdict, found.why) == (SignatureVerdict.NOT_TRUSTED, "no_authorities_configured")


@needs_pades
def test_certificate_that_expired_is_not_trusted(root: Authority) -> None:
    old = signed(root, since=NOW - timedelta(days=400), days=30)
    found = verdict(old, root)
    assert (found.verdict, found.why) == (SignatureVerdict.NOT_TRUSTED, "certificate_out_of_validity")


@needs_pades
def test_one_changed_byte_under_the_signature_is_seen(root: Authority) -> None:
    content = signed(root)
    at = content.index(b"SANDBOX")
    found = verdict(content[:at] + b"SANDBAX" + content[at + 7 :], root)
    assert (found.verdict, found.why) == (SignatureVerdict.ALTERED, "content_changed")


@needs_pades
def test_page_that_is_changed_behind_the_signature_is_seen(root: Authority) -> None:
    """Appended as a further revision: the signed bytes are all there."""
    from pyhanko.pdf_utils.generic import NameObject, StreamObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(signed(root)))
    page = writer.root["/Pages"]["/Kids"][0]
    page[NameObject("/Contents")] = writer.add_object(StreamObject(stream_data=b"BT ET"))
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    assert verdict(out.getvalue(), root).verdict is SignatureVerdict.ALTERED


@needs_pades
def test_two_signatures_are_as_good_as_the_weaker_one(root: Authority) -> None:
    both = signed(root, signed(root))
    assert verdict(both, root).verdict is SignatureVerdict.VALID
    assert len(verdict(both, root).signers) == 2
    mixed = signed(authority("CA Lạ"), signed(root))
    found = verdict(mixed, root)
    assert found.verdict is SignatureVerdict.NOT_TRUSTED
    assert [one.verdict for one in found.signers] == [SignatureVerdict.VALID, SignatureVerdict.NOT_TRUSTED]


@needs_pades
def test_hostile_file_is_unreadable_and_never_a_crash(root: Authority) -> None:
    good, random_ = signed(root), random.Random(417)
    cut = [good[: len(good) * part // 5] for part in range(1, 5)]
    noise = [bytes(random_.randbytes(4_000)) for _ in range(2)]
    for content in (*cut, *(b"%PDF-1.7\n/ByteRange [0 1 2 3]\n" + one for one in noise)):
        found = verdict(content, root)
        assert found.verdict in {SignatureVerdict.UNREADABLE, SignatureVerdict.NOT_SIGNED}, content[:40]


@pytest.mark.parametrize(
    "content", [tiny_pdf("1/2026"), b"\x89PNG\r\n\x1a\n", b"<?xml version='1.0'?><a/>", b""]
)
def test_file_without_a_signature_is_not_signed(content: bytes) -> None:
    assert verdict(content).verdict is SignatureVerdict.NOT_SIGNED


def test_signed_xml_is_said_to_be_unverified() -> None:
    content = b"<a><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></a>"
    assert verdict(content).verdict is SignatureVerdict.SIGNED_UNVERIFIED


def test_folder_without_certificates_is_refused_at_start_with_a_remedy(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match="put the authorities' certificates there"):
            open_signature_checks(folder)
    (tmp_path / "ca.pem").write_bytes(authority().pem)
    unsigned = open_signature_checks(tmp_path).check(BytesIO(tiny_pdf("3/2026")))
    assert unsigned.verdict is SignatureVerdict.NOT_SIGNED
