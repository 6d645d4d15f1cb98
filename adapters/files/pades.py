"""Signatures of PDF files (ISO 32000-2, 12.8; PAdES, ETSI EN 319 142), verified offline by pyHanko (extra `pades`).

A second interpreter with limits of time and memory reads the file: it comes from outside. Nothing is fetched: no
certificate, no revocation list, no answer of an OCSP service; the authorities are those of the configured folder alone.
"""

import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from adapters.transport import child
from gateway.domain.dates import rfc3339
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.paper_signatures import PaperSigner, SignatureReport, SignatureVerdict

#: in every signed PDF, and outside of compressed streams: the digest is over the bytes around it (12.8.1)
_MARK = b"/ByteRange"
_PDF, _PIECE = b"%PDF-", 65_536
_XML_SIGNATURE = b"http://www.w3.org/2000/09/xmldsig#"
_SECONDS, _CPU_SECONDS, _MEMORY_BYTES = 15.0, 10, 1_073_741_824
_MOST_SIGNATURES, _LONGEST_NAME = 20, 200
#: the strongest trouble first
_ORDER = (
    SignatureVerdict.ALTERED, SignatureVerdict.UNREADABLE, SignatureVerdict.NOT_TRUSTED, SignatureVerdict.VALID,
)  # fmt: skip

#: indication of ETSI EN 319 102-1 -> our word
_TRUST = {
    "EXPIRED": "certificate_out_of_validity",
    "NOT_YET_VALID": "certificate_out_of_validity",
    "OUT_OF_BOUNDS_NO_POE": "certificate_out_of_validity",
    "OUT_OF_BOUNDS_NOT_REVOKED": "certificate_out_of_validity",
    "REVOKED_NO_POE": "certificate_revoked",
    "REVOKED_CA_NO_POE": "certificate_revoked",
    "REVOKED": "certificate_revoked",
    "SIG_CONSTRAINTS_FAILURE": "certificate_not_for_this",
    "CHAIN_CONSTRAINTS_FAILURE": "certificate_not_for_this",
}

#: verdict, why, and for each signature name, organisation, time, stamped, verdict, why
_Said = tuple[str, str, list[tuple[str, str, str, bool, str, str]]]


class PdfSignatures:
    """Implements gateway.ports.papers.SignatureChecks."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        """`roots`: certificates of authorities, DER."""
        self._roots = list(roots)

    def check(self, content: BinaryIO) -> SignatureReport:
        """The verdict over a file. Blocks, in a thread; never raises."""
        content.seek(0)
        head = content.read(1_024)
        if _PDF not in head:
            signed = _has(content, _XML_SIGNATURE)
            return SignatureReport(
                SignatureVerdict.SIGNED_UNVERIFIED if signed else SignatureVerdict.NOT_SIGNED,
                why="xml_not_verified" if signed else "",
            )
        if not _has(content, _MARK):
            return SignatureReport(SignatureVerdict.NOT_SIGNED)
        content.seek(0)
        try:
            verdict, why, signers = child.call(examine, content.read(), self._roots, seconds=_SECONDS)
        except TimeoutError:
            return SignatureReport(SignatureVerdict.UNREADABLE, why="time_limit")
        except (child.ChildFailed, OSError, MemoryError):
            return SignatureReport(SignatureVerdict.UNREADABLE, why="memory_or_time_limit")
        found = tuple(PaperSigner(*one[:4], SignatureVerdict(one[4]), one[5]) for one in signers)
        return SignatureReport(SignatureVerdict(verdict), found, why)


def open_signature_checks(trust: Path | None) -> PdfSignatures:
    """The checks; `trust` is a folder of PEM files with the certificates of authorities. Raises ConfigError."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 -- where there are roots only

    if trust is None:
        return PdfSignatures(())
    try:
        files = sorted(trust.glob("*.pem")) if trust.is_dir() else None
        roots = [one for file in files or () for one in load_pem_x509_certificates(file.read_bytes())]
    except (OSError, ValueError):
        files = roots = None
    if not roots:
        what = f"'papers.trust': {trust} is no folder with certificates"
        remedy = "put the authorities' certificates there as *.pem"
        raise ConfigError([Problem("gateway.yaml", 0, what, remedy, place=("papers", "trust"))])
    return PdfSignatures([one.public_bytes(Encoding.DER) for one in roots])


def _has(content: BinaryIO, mark: bytes) -> bool:
    content.seek(0)
    held = b""
    while piece := content.read(_PIECE):
        if mark in held + piece:
            return True
        held = (held + piece)[1 - len(mark) :]
    return False


# ------------------------------------------------------------------------------------ in the second interpreter


def examine(pdf: bytes, roots: Sequence[bytes]) -> _Said:
    """Plain data of the verdict, from the second interpreter; see `_Said`."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 -- an extra, and only here
    except ImportError:
        return SignatureVerdict.SIGNED_UNVERIFIED.value, "extra_pades_not_installed", []
    try:
        found = PdfFileReader(BytesIO(pdf), strict=False).embedded_regular_signatures
        if not found:
            return SignatureVerdict.UNREADABLE.value, "signature_not_found", []
        if len(found) > _MOST_SIGNATURES:
            return SignatureVerdict.UNREADABLE.value, "too_many_signatures", []
        signers = [_signer(one, roots, is_last=one is found[-1]) for one in found]
    except Exception:  # noqa: BLE001 -- the file is hostile until it is proven sound
        return SignatureVerdict.UNREADABLE.value, "cannot_be_read", []
    verdicts = [one[4] for one in signers]
    worst = next(one for one in _ORDER if one in verdicts)
    return worst.value, next(one[5] for one in signers if one[4] == worst), signers


def _signer(embedded: Any, roots: Sequence[bytes], *, is_last: bool) -> tuple[str, str, str, bool, str, str]:  # noqa: ANN401 -- pyHanko's
    now = datetime.now(UTC)
    status = _validated(embedded, roots, now)
    stamp = status.timestamp_validity
    stamped = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
    if stamped and not status.trusted:
        # by a trusted time: a certificate that expired later was good when it signed
        status = _validated(embedded, roots, stamp.timestamp)
    at = stamp.timestamp if stamped else status.signer_reported_dt
    verdict, why = _judged(status, roots, is_last=is_last)
    subject = status.signing_cert.subject.native
    return (
        _word(subject.get("common_name")), _word(subject.get("organization_name")),
        "" if at is None else rfc3339(at.astimezone(UTC)), bool(stamped), verdict.value, why,
    )  # fmt: skip


def _validated(embedded: Any, roots: Sequence[bytes], moment: datetime) -> Any:  # noqa: ANN401 -- pyHanko's
    from asn1crypto.x509 import Certificate  # noqa: PLC0415 -- comes with pyHanko
    from pyhanko.sign.validation import KeyUsageConstraints, validate_pdf_signature  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    trusted = [Certificate.load(one) for one in roots]
    context = ValidationContext(
        trust_roots=trusted, allow_fetching=False, revocation_mode="soft-fail", moment=moment
    )
    stamps = ValidationContext(trust_roots=trusted, allow_fetching=False, revocation_mode="soft-fail")
    usage = KeyUsageConstraints(
        key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
    )
    return validate_pdf_signature(embedded, context, stamps, key_usage_settings=usage)


def _judged(status: Any, roots: Sequence[bytes], *, is_last: bool) -> tuple[SignatureVerdict, str]:  # noqa: ANN401 -- pyHanko's
    """The verdict over one signature, and the word for what is wrong.

    Behind the last signature only proofs for archiving may follow; before it, what a later signature adds.
    """
    from pyhanko.sign.diff_analysis import ModificationLevel  # noqa: PLC0415

    if not status.intact:
        return SignatureVerdict.ALTERED, "content_changed"
    if not status.valid:
        return SignatureVerdict.ALTERED, "signature_wrong"
    level = status.modification_level
    most = ModificationLevel.LTA_UPDATES if is_last else ModificationLevel.FORM_FILLING
    if level is None or level.value > most.value or not status.docmdp_ok:
        return SignatureVerdict.ALTERED, "changed_after_signing"
    if status.trusted:
        return SignatureVerdict.VALID, ""
    if not roots:
        return SignatureVerdict.NOT_TRUSTED, "no_authorities_configured"
    problem = status.trust_problem_indic
    return SignatureVerdict.NOT_TRUSTED, _TRUST.get(getattr(problem, "name", ""), "unknown_authority")


def _word(value: object) -> str:
    text = value if isinstance(value, str) else ", ".join(map(str, value)) if isinstance(value, list) else ""
    return "".join(one for one in text if one.isprintable())[:_LONGEST_NAME]
