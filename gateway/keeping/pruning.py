"""Pruning: deletes archived records from the database, after each archive was verified against the tree.

Tiles, checkpoints and hashes stay: pruned records still have proofs.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from gateway.audit.proofs import TreeProofs
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import Refused, Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.problems import CommandCode
from gateway.exchange_log.note import NoteBroken, NoteVerifier
from gateway.exchange_log.recorder import Recorder
from gateway.exchange_log.verdict import Verdict
from gateway.exchange_log.verify import verify_export
from gateway.keeping.acts import Hot
from gateway.keeping.archive_note import ArchiveNote, note_beside, read_note
from gateway.keeping.months import Month, newest_cold
from gateway.ports.exchange_log import Archived, LogPruning, LogRetention

_READ_BYTES = 1 << 20
_RULE = "retention"


class VerifiedArchive(NamedTuple):
    """A verified archive: whole, signed, equal to the tree."""

    note: ArchiveNote
    verdict: Verdict

    @property
    def archived(self) -> Archived:
        """In the form of the database."""
        note = self.note
        latest = self.verdict.latest or note.latest
        return Archived(note.name, note.month, note.first, note.count, latest, note.sha256)


class Pruning:
    """Prunes one log."""

    def __init__(
        self, recorder: Recorder, retention: LogRetention, pruning: LogPruning, proofs: TreeProofs,
        vkeys: Sequence[str], hot: Hot,
    ) -> None:  # fmt: skip
        """`vkeys`: the log's public keys, former ones too."""
        self._recorder = recorder
        self._retention = retention
        self._pruning = pruning
        self._proofs = proofs
        self._vkeys = list(vkeys)
        self._clock = recorder.clock
        self._hot = hot

    async def check(self, archives: Sequence[Path]) -> list[VerifiedArchive]:
        """Verify all archives; they come back in the order of the log. Raises Refused with file and reason."""
        checked = [await self._checked(path) for path in archives]
        checked.sort(key=lambda one: one.note.first)
        below, _ = await self._retention.pruned()
        behind = [one for one in checked if one.note.end > below]
        for one, expected in zip(behind, [below, *(one.note.end for one in behind)], strict=False):
            if one.note.first != expected:
                sentence = say.ARCHIVE_GAP(name=one.note.name, first=one.note.first, expected=expected)
                raise Refused(_RULE, sentence, code=CommandCode.ARCHIVE_MISSING)
        return checked

    async def prune(self, checked: Sequence[VerifiedArchive]) -> AsyncIterator[int]:
        """Record the pruning, then delete; yields the number of deleted records. Can be repeated."""
        if not checked:
            return
        below = max(one.note.end for one in checked)
        names = " ".join(one.note.name for one in checked)
        first = min(one.note.first for one in checked)
        await self._recorder.operator_act(
            Phase.PRUNING, "prune", archives=names, first=first, count=below - first, **self._hot.notes,
        )  # fmt: skip
        archives = [one.archived for one in checked]
        async for gone in self._pruning.prune(archives, below, rfc3339(self._clock.now())):
            yield gone

    async def _checked(self, path: Path) -> VerifiedArchive:
        try:
            note = read_note(note_beside(path), [NoteVerifier.parse(vkey) for vkey in self._vkeys])
            sha256, verdict = await asyncio.to_thread(_read, path, self._vkeys)
        except NoteBroken as error:
            raise Refused(
                _RULE, say.ARCHIVE_UNSIGNED(name=path.name, finding=error), code=CommandCode.ARCHIVE_UNSIGNED
            ) from None
        except OSError as error:
            raise Unprocessable(
                say.ARCHIVE_UNREADABLE(name=path.name, why=error.strerror), code=CommandCode.ARCHIVE_MISSING
            ) from None
        if (sha256, path.name) != (note.sha256, note.name):
            raise Refused(_RULE, say.ARCHIVE_CHANGED(name=path.name), code=CommandCode.ARCHIVE_CHANGED)
        if not verdict.good:
            raise Refused(
                _RULE,
                say.ARCHIVE_WRONG(name=path.name, finding=verdict.findings[0]),
                code=CommandCode.ARCHIVE_WRONG,
            )
        await self._check_place(note, verdict)
        return VerifiedArchive(note, verdict)

    async def _check_place(self, note: ArchiveNote, verdict: Verdict) -> None:
        """Check that today's tree begins with the archive's, and that all its records are after the hot period."""
        _, head = await self._proofs.checkpoint()
        same = verdict.contiguous and (verdict.origin, verdict.first, verdict.end) == (
            note.origin, note.first, note.end,
        )  # fmt: skip
        if not same or head.origin != note.origin or verdict.size > head.size:
            raise Refused(_RULE, say.ARCHIVE_OTHER_LOG(name=note.name), code=CommandCode.ARCHIVE_WRONG)
        if (await self._proofs.root(verdict.size)).hex() != verdict.root:
            raise Refused(_RULE, say.ARCHIVE_OTHER_TREE(name=note.name), code=CommandCode.ARCHIVE_WRONG)
        hot = newest_cold(self._clock.now(), self._hot.months).plus(1)
        if verdict.latest >= hot.surely_begun and await self._is_hot(note, hot):
            day = date.fromisoformat(verdict.latest[:10])
            sentence = say.ARCHIVE_HOT(name=note.name, day=day, months=self._hot.months)
            raise Refused(_RULE, sentence, code=CommandCode.ARCHIVE_HOT)

    async def _is_hot(self, note: ArchiveNote, hot: Month) -> bool:
        """Whether the archive has records of the hot period; a single one with a wrong clock does not count."""
        below, _ = await self._retention.pruned()
        if note.end <= below:
            return False  # verified before; a part is already deleted
        return await self._retention.end_of_month(note.first, hot.begins, hot.surely_begun) < note.end


def _read(path: Path, vkeys: Sequence[str]) -> tuple[str, Verdict]:
    """Digest and verdict of a file, from one descriptor: the file cannot be replaced in between."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
        file.seek(0)
        return digest.hexdigest(), verify_export(file, vkeys)
