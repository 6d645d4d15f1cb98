"""Fetches one found paper: checks its reference, downloads its file, stores it by its content, and verifies signatures.

An intent is durable before the store is asked, an outcome before the answer leaves. The path of the download comes from
the store's own answer, sealed in the reference; what a caller sends never becomes a path or an address.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import FileRefused, NotFound, Refused, SourceAway, TooLarge
from gateway.domain.evidence import Outcome
from gateway.domain.exchange import CallEntry, Phase, Receipt
from gateway.domain.files import StoredFile
from gateway.domain.paper_signatures import SignatureReport
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import Reason, RefusalReason
from gateway.domain.sentences import Sentence
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.files.links import FileLink
from gateway.files.service import DeclaredFile, DossierFiles
from gateway.mapping.procedure import KEPT_PAPERS
from gateway.mapping.reused import reused_paper
from gateway.papers.keep import KeptPapers
from gateway.papers.references import PaperHandle, References
from gateway.ports.papers import Download, PaperFiles, SignatureChecks, StoredPaperFile
from gateway.prefill.consent_checks import ConsentChecks

OPERATION = "paper_fetch"
#: longest wait for a file; the source has limits of its own
_END_SECONDS = 60.0
#: life of the link in an answer
_LINK_SECONDS = 3_600
_PIECE = 262_144
_DAMAGED = Download(Outcome.INVALID, reason=Reason.SOURCE_ANSWER_INVALID)
#: outcome of a failed download -> what the caller hears
_WHY: Mapping[Outcome, Sentence] = {
    Outcome.NOT_FOUND: say.PAPER_NOT_GIVEN,
    Outcome.REFUSED: say.PAPER_NOT_GIVEN,
    Outcome.INVALID: say.PAPER_UNUSABLE,
}


class FetchedPaper(NamedTuple):
    """A fetched paper: its answer, and a link to its file."""

    answer: dict[str, Any]
    #: for a URL of this gateway
    token: str
    link: FileLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """Fetches papers. Holds no request."""

    references: References
    kept: KeptPapers
    #: by name; those that are `PaperFiles` hand out files
    sources: Mapping[str, object]
    files: DossierFiles
    signatures: SignatureChecks
    consents: ConsentChecks
    recorder: Recorder

    async def fetch(self, reference: str, dossier: str, caller: Caller) -> FetchedPaper:
        """The file of a reference, stored for this requester.

        Raises NotFound (reference), Refused (a consent ended), SourceAway (no file), FilesUnavailable,
        ScannerUnavailable, LogUnavailable.
        """
        handle = self.references.opened(reference, caller.requester.id, dossier)
        await self._recheck(handle, caller)
        async with self._closing(handle, caller):
            stored = await (
                self._from_kept(handle, caller) if handle.kept else self._from_store(handle, caller)
            )
        report = await self.files.files.examine(stored.digest, self.signatures.check)
        if report is None:  # deleted by an operator in this moment
            raise SourceAway(say.PAPER_UNUSABLE)
        await self._recheck(handle, caller)
        name = _name(handle, stored)
        seconds = min(_LINK_SECONDS, self.files.settings.link_hours * 3_600)
        token, link = await self.files.link(stored.digest, name, seconds, caller, dossier=dossier)
        receipt = await self._account(handle, caller, stored, report)
        return FetchedPaper(_answer(handle, caller, stored, report, receipt, name), token, link)

    @contextlib.asynccontextmanager
    async def _closing(self, handle: PaperHandle, caller: Caller) -> AsyncIterator[None]:
        """Records that a fetch ended without an outcome: the client left, or the file could not be stored."""
        try:
            yield
        except (NotFound, SourceAway):  # these have an outcome
            raise
        except BaseException:
            with contextlib.suppress(Exception):
                await self.recorder.write(_header(handle, caller), Phase.ABANDONED, notes=_notes(handle))
            raise

    async def _from_store(self, handle: PaperHandle, caller: Caller) -> StoredFile:
        source = self.sources.get(handle.service.partition(".")[0])
        if not isinstance(source, PaperFiles):
            raise SourceAway(say.PAPER_NOT_GIVEN)
        call = CallEntry(
            f"{caller.exchange}-1", handle.service.partition(".")[0], source.download_operation, handle.role, ("file",)
        )  # fmt: skip
        await self._write(handle, caller, Phase.INTENT, call)
        loop = asyncio.get_running_loop()
        began = loop.time()
        wanted = StoredPaperFile(handle.authority, handle.path, handle.owner, caller.requester.id)
        got = await source.download(wanted, began + _END_SECONDS)
        stored = None
        if got.outcome is Outcome.FOUND:
            try:
                stored = (await self.files.take(_pieces(got.content), DeclaredFile(), caller)).file
            except (
                FileRefused,
                TooLarge,
            ):  # no file that a dossier may have: the store's fault, not the caller's
                got = _DAMAGED._replace(
                    request_digest=got.request_digest, response_digest=got.response_digest
                )
        done = call._replace(
            outcome=str(got.outcome), elapsed_ms=round((loop.time() - began) * 1000),
            request_digest=got.request_digest, response_digest=got.response_digest,
        )  # fmt: skip
        if stored is None:
            reason = got.reason or Reason.SOURCE_ANSWER_INVALID
            await self._write(handle, caller, Phase.OUTCOME, done, reason=reason.value)
            why = _WHY.get(got.outcome, say.PAPER_STORE_SILENT)
            raise SourceAway(why, retry_after=got.retry_in, reason={"code": reason.value})
        await self._write(handle, caller, Phase.OUTCOME, done, digest=stored.digest)
        return stored

    async def _from_kept(self, handle: PaperHandle, caller: Caller) -> StoredFile:
        """The file of a kept paper, stored again for this requester. Raises NotFound when it is not kept any more."""
        source, _, operation = KEPT_PAPERS[0].partition(".")
        call = CallEntry(f"{caller.exchange}-1", source, operation, handle.role, (KEPT_PAPERS[1],))
        await self._write(handle, caller, Phase.INTENT, call)
        paper = await self.kept.find(handle.kept, handle.kept_under or handle.owner, caller.requester)
        if paper is None:
            await self._write(handle, caller, Phase.OUTCOME, call._replace(outcome=str(Outcome.NOT_FOUND)))
            raise NotFound(say.NO_SUCH_PAPER, code=ProblemCode.PAPER_UNKNOWN)
        stored = (await self.files.take(self.kept.content(paper), DeclaredFile(), caller)).file
        done = call._replace(outcome=str(Outcome.FOUND))
        await self._write(handle, caller, Phase.OUTCOME, done, digest=stored.digest)
        return stored

    async def _recheck(self, handle: PaperHandle, caller: Caller) -> None:
        """Raises Refused (recorded) when a consent on which the search depended does not hold any more."""
        for consent in await self.consents.invalid(handle.consents) if handle.consents else ():
            rule = f"consent:{consent}"
            await self.recorder.write(
                _header(handle, caller), Phase.REFUSAL, RefusalReason.CONSENT_MISSING, rules=(rule,),
                notes={"operation": OPERATION, "search": handle.search},
            )  # fmt: skip
            raise Refused(rule, code=RefusalReason.CONSENT_MISSING)

    async def _account(
        self, handle: PaperHandle, caller: Caller, stored: StoredFile, report: SignatureReport
    ) -> Receipt:
        """The record of what leaves."""
        return await self.recorder.write(
            _header(handle, caller), Phase.DELIVERY, "paper_fetched",
            notes={
                **_notes(handle), "digest": stored.digest, "size": stored.size, "kind": stored.kind.value,
                "signature": report.verdict.value,
            },
        )  # fmt: skip

    async def _write(
        self, handle: PaperHandle, caller: Caller, phase: Phase, call: CallEntry, **notes: str
    ) -> None:
        about = _header(handle, caller)
        await self.recorder.write(about, phase, calls=(call,), notes={**_notes(handle), **notes})


def _header(handle: PaperHandle, caller: Caller) -> RecordHeader:
    return RecordHeader(
        caller.exchange, caller.requester.id, handle.agency, handle.procedure, handle.dossier, handle.purpose,
        handle.legal_basis, {handle.role: handle.owner}, handle.official, handle.on_duty,
    )  # fmt: skip


def _notes(handle: PaperHandle) -> dict[str, str]:
    notes = {"operation": OPERATION, "search": handle.search}
    return {**notes, "result_code": handle.result_code} if handle.result_code else notes


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]


def _name(handle: PaperHandle, stored: StoredFile) -> str:
    """The name of the download: the store's, as far as it is one; its ending is that of the content."""
    given = "".join(one for one in handle.file_name if one.isprintable() and one not in '/\\"<>:|?*')
    stem, dot, ending = given.strip().strip(".").rpartition(".")
    if not dot or ending.lower() not in stored.kind.extensions:
        stem = given.strip().strip(".")
    return f"{stem.strip()[:150] or 'giay-to'}.{stored.kind.extensions[0]}"


def _answer(
    handle: PaperHandle, caller: Caller, stored: StoredFile, report: SignatureReport, receipt: Receipt, name: str
) -> dict[str, Any]:  # fmt: skip
    # The portal's code of the component is the one-gate's to write: `components` has ours.
    paper = reused_paper(
        "", handle.title, name, stored.reference, handle.result_code,
        from_store=not handle.kept,
    )  # fmt: skip
    return {
        "exchange_id": caller.exchange,
        "file": stored.reference,
        "digest": {"algorithm": "sha-256", "hex": stored.digest},
        "size": stored.size,
        "media_type": stored.media_type,
        "warnings": [{"code": one.value, "title": one.vi, "title_en": one.en} for one in stored.warnings],
        "signature": {
            "verdict": report.verdict.value,
            "why": report.why,
            "signers": [one._asdict() for one in report.signers],
            # offline: no certificate was looked up in a revocation list
            "revocation_checked": False,
        },
        "components": list(handle.components),
        "paper": paper.model_dump(mode="json", exclude_defaults=True),
        "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
    }
