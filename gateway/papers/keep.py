"""Papers that a citizen gave once, in any dossier, kept by consent and offered the next time.

Never official evidence: a kept paper is offered for reuse, and replaces nothing by data. Row and file are sealed under
keys of their own; they end with the consent, with the paper's validity, or with the longest time of consents.yaml.
"""

import base64
import os
import unicodedata
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2s
from typing import Any, NamedTuple

import orjson

from gateway.consents.grantable import KEEPING_PAPERS, KEPT, PAPERS
from gateway.consents.sealing import PersonKeys, index_of
from gateway.consents.service import ConsentBook, named
from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM, PartialDate, rfc3339
from gateway.domain.dossier import PROVINCE
from gateway.domain.errors import LogUnavailable, NotFound, Refused, fault_at
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller, Requester, Subject
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.files.service import KEEPER, DossierFiles
from gateway.mapping.issued import is_about_object
from gateway.mapping.procedure import Procedure
from gateway.mapping.records import bare
from gateway.papers import sealed_files
from gateway.ports.consents import ConsentRow
from gateway.ports.kept_papers import KeptPaperRow, KeptPaperRows
from gateway.ports.relay import DossierSearch, RelayRows

#: note of records: what the exchange did
OPERATION = "paper_kept"
_KEY_BYTES = 32
_ENDED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperToKeep:
    """A paper and its owner, after the grammar was checked."""

    procedure: Procedure
    component: str
    dossier: str
    #: SHA-256, hexadecimal
    file: str
    file_name: str
    title: str
    #: code of the result that it is; blank: none
    result_code: str
    #: number and symbol of the paper; blank: none
    reference: str
    consent: str
    owner: Subject
    #: what it is about, beside its owner; None: nothing
    about: Subject | None
    valid_until: PartialDate | None


class KeptPaper(NamedTuple):
    """A kept paper, opened; personal data."""

    row: KeptPaperRow
    title: str
    file_name: str
    #: as a paper of the store has it; blank: none
    valid_until: str
    #: `Subject.key` of the object; blank: it is about its owner alone
    about: str
    #: name and birth date of a person that it is about; blank: not known
    about_identity: Sequence[str]
    #: number and symbol of the paper; blank: none
    reference: str
    #: key of the file
    key: bytes
    #: SHA-256 of the file, hexadecimal; blank: it was kept before this was noted
    digest: str = ""
    #: `Subject.key` of who gave it
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPapers:
    """Keeps papers, and finds them. Holds no request."""

    rows: KeptPaperRows
    person_keys: PersonKeys
    consents: ConsentBook
    files: DossierFiles
    #: dossiers that this gateway knows
    dossiers: RelayRows
    recorder: Recorder
    #: the longest time for which a paper is kept; 0: none is kept here
    days: int

    async def keep(self, wanted: PaperToKeep, caller: Caller) -> dict[str, object]:
        """Keep a paper; the same one again is kept once. Raises Unprocessable, NotFound, Refused (recorded)."""
        now = self.recorder.clock.now()
        _check(wanted, now)
        consent = await self._consent(wanted, caller, now)
        await self._check_dossier(wanted, caller)
        if not await self.files.files.is_held(wanted.file, caller.requester.id):
            raise NotFound(code=ProblemCode.FILE_UNKNOWN)
        row, key = await self._row(wanted, caller, consent, now)
        receipt = await self.recorder.write(
            _header(wanted, caller, f"consent:{consent.id}"), Phase.CONSENT, "kept",
            notes={"operation": OPERATION, "consent": consent.id, "digest": wanted.file, "paper": row.id},
        )  # fmt: skip
        row = row._replace(file=await self._sealed_copy(wanted.file, key))
        if not await self.rows.add(row, self.recorder.clock.now().timestamp()):
            raise await self._refused(wanted, caller)
        return {
            "exchange_id": caller.exchange,
            "paper": row.id,
            "component": row.component,
            "kept_until": rfc3339(datetime.fromtimestamp(row.until, UTC)),
            "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log},
        }

    async def of(self, owner: Subject, requester: str) -> list[KeptPaper]:
        """The papers in force that this person let be kept for a requester (blank: for any), newest first.

        They may be kept under the older number alone. A number that was issued again is another person's: the name and
        birth date must be those of who gave them.
        """
        keys = keys_of(owner) if self.days else ()
        persons = [index for key in keys for index in await self.person_keys.indexes(key)]
        now = self.recorder.clock.now().timestamp()
        found = []
        for row in await self.rows.of(persons, requester, now):
            one = await self._opened(row, keys)
            if one is not None and one[1] == identity_of(owner):
                found.append(one[0])
        return found

    async def find(self, paper: str, owner: str, requester: Requester) -> KeptPaper | None:
        """The paper of an id, if it is this person's (`Subject.key`) and kept for this requester."""
        row = await self.rows.find(paper, self.recorder.clock.now().timestamp())
        if row is None or row.requester != requester.id:
            return None
        one = await self._opened(row, (owner,))
        return None if one is None else one[0]

    async def content(self, paper: KeptPaper) -> AsyncIterator[bytes]:
        """The file. Raises FilesUnavailable when it is gone or altered."""
        async with self.files.files.open(paper.row.file) as stored:
            if stored is None:
                raise NotFound(say.NO_SUCH_PAPER, code=ProblemCode.PAPER_UNKNOWN)
            async for piece in self.opened(paper, stored.pieces):
                yield piece

    def opened(self, paper: KeptPaper, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file from its stored, sealed pieces."""
        return sealed_files.opened(paper.key, pieces)

    async def _consent(self, wanted: PaperToKeep, caller: Caller, now: datetime) -> ConsentRow:
        row = await self.consents.holding(wanted.consent, caller.requester.id, wanted.owner.key, now)
        if (
            row is None
            or row.purpose != KEEPING_PAPERS
            or PAPERS not in named(row).get(KEPT, ())
            or not self.days
        ):
            raise await self._refused(wanted, caller)
        return row

    async def _refused(self, wanted: PaperToKeep, caller: Caller) -> Refused:
        """The refusal to raise, recorded."""
        rule, code = f"consent:{wanted.consent}", RefusalReason.CONSENT_MISSING
        about = _header(wanted, caller, "")
        await self.recorder.write(about, Phase.REFUSAL, code, rules=(rule,), notes={"operation": OPERATION})
        return Refused(rule, say.KEEPING_NOT_CONSENTED(purpose=KEEPING_PAPERS), code=code)

    async def _check_dossier(self, wanted: PaperToKeep, caller: Caller) -> None:
        """Raises NotFound (recorded) unless it is this person's: the requester's, or one that a portal forwarded."""
        persons = [index for key in keys_of(wanted.owner) for index in await self.person_keys.indexes(key)]
        theirs = DossierSearch(persons=persons, code=unicodedata.normalize("NFC", wanted.dossier))
        known = await self.dossiers.dossiers(theirs) if persons else ()
        if any(one.requester == caller.requester.id or one.origin != PROVINCE for one in known):
            return
        code = ProblemCode.DOSSIER_UNKNOWN
        about = _header(wanted, caller, f"consent:{wanted.consent}")
        rules, notes = ("dossier:owner",), {"operation": OPERATION}
        await self.recorder.write(about, Phase.REFUSAL, code, rules=rules, notes=notes)
        raise NotFound(say.NO_SUCH_DOSSIER_OF_PERSON, code=code)

    async def _row(
        self, wanted: PaperToKeep, caller: Caller, consent: ConsentRow, now: datetime
    ) -> tuple[KeptPaperRow, bytes]:
        """The row without its file, and the key of the file."""
        keys = await self.person_keys.of(consent.period)
        if keys is None:
            raise LogUnavailable(say.MONTH_KEYS_CLOSED)
        about = "" if wanted.about is None else wanted.about.key
        identity = (
            f"{consent.id}\x1f{wanted.procedure.code}\x1f{wanted.component}\x1f{wanted.file}\x1f{about}"
        )
        paper = "kp-" + blake2s(identity.encode(), key=keys.index, digest_size=16).hexdigest()
        until = min(_end(wanted.valid_until), consent.expires, (now + timedelta(days=self.days)).timestamp())
        row = KeptPaperRow(
            paper, consent.id, keys.period, index_of(keys, wanted.owner.key), caller.requester.id,
            wanted.procedure.code, wanted.component, wanted.result_code, "", now.timestamp(), until, b"",
        )  # fmt: skip
        key = os.urandom(_KEY_BYTES)
        whose = ["", ""] if wanted.about is None else identity_of(wanted.about)
        content = {
            "owner": wanted.owner.key, "identity": identity_of(wanted.owner), "title": wanted.title,
            "digest": wanted.file,
            "file_name": wanted.file_name, "about": about, "reference": wanted.reference,
            "about_identity": whose, "key": base64.b64encode(key).decode(),
            "valid_until": "" if wanted.valid_until is None else str(wanted.valid_until),
        }  # fmt: skip
        return row._replace(sealed=seal(keys.encryption, orjson.dumps(content), _context(row))), key

    async def _sealed_copy(self, file: str, key: bytes) -> str:
        """Store the file once more, sealed; the digest of the copy."""
        async with self.files.files.open(file) as stored, self.files.files.draft() as draft:
            if stored is None:
                raise NotFound(code=ProblemCode.FILE_UNKNOWN)
            async for piece in sealed_files.sealed(key, stored.pieces):
                await draft.write(piece)
            digest = await draft.digest()
            await draft.settle()
            await draft.keep(KEEPER)
            return digest

    async def _opened(self, row: KeptPaperRow, owners: Collection[str]) -> tuple[KeptPaper, list[str]] | None:
        """The paper and the identity of who gave it; None when it is another person's or cannot be opened."""
        keys = await self.person_keys.of(row.period)
        plain = None if keys is None else unseal(keys.encryption, row.sealed, _context(row))
        if plain is None:
            return None
        content: Mapping[str, Any] = orjson.loads(plain)
        if content["owner"] not in owners:
            return None
        key = base64.b64decode(content["key"])
        paper = KeptPaper(
            row, content["title"], content["file_name"], content["valid_until"], content["about"],
            content.get("about_identity", ("", "")), content.get("reference", ""), key,
            content.get("digest", ""), content["owner"],
        )  # fmt: skip
        return paper, content["identity"]


async def erase_ended(rows: KeptPaperRows, files: DossierFiles, now: float) -> None:
    """Delete the files of papers that have expired or whose consent ended, then their rows.

    Raises ConsentsUnavailable, FilesUnavailable; the keys of the files are erased before.
    """
    while ended := await rows.ended(now, _ENDED_AT_ONCE):
        for _, file in ended:
            await files.files.delete(file)
        await rows.remove([paper for paper, _ in ended])


def _check(wanted: PaperToKeep, now: datetime) -> None:
    """Raises Unprocessable."""
    procedure, owner = wanted.procedure, wanted.owner
    if wanted.component not in procedure.papers:
        known = ", ".join(sorted(procedure.papers)) or "-"
        why = say.NO_SUCH_COMPONENT(procedure=procedure.code, known=known)
        raise fault_at("/component", why, ProblemCode.VALUE_NOT_POSSIBLE)
    number = owner.personal_id or owner.old_id or owner.identifier
    if not (owner.full_name and owner.birth_date and number):
        raise fault_at("/subject", say.IDENTITY_INCOMPLETE, ProblemCode.IDENTITY_INCOMPLETE)
    if wanted.about is None and is_about_object(procedure, wanted.component):
        raise fault_at("/object", say.OBJECT_MISSING, ProblemCode.VALUE_NOT_POSSIBLE)
    if wanted.valid_until is not None and _end(wanted.valid_until) <= now.timestamp():
        raise fault_at("/valid_until", say.PAPER_OVER, ProblemCode.VALUE_NOT_POSSIBLE)


def _end(until: PartialDate | None) -> float:
    """The first moment in Việt Nam after the last day, month or year."""
    if until is None:
        return float("inf")
    if until.month is None:
        after = date(until.year + 1, 1, 1)
    elif until.day is None:
        after = date(until.year + until.month // 12, until.month % 12 + 1, 1)
    else:
        after = date(until.year, until.month, until.day) + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=VIETNAM).timestamp()


def keys_of(owner: Subject) -> set[str]:
    """The owner by each number: a dossier may name the older one alone (`Subject.key`)."""
    return {owner.key, *([replace(owner, personal_id=None).key] if owner.old_id else [])}


def identity_of(owner: Subject) -> list[str]:
    """Name and birth date: a number that was issued again is another person's."""
    return [bare(owner.full_name or ""), str(owner.birth_date or "")]


def _context(row: KeptPaperRow) -> bytes:
    """Associated data of the sealed part: a row that was moved to another person, requester or component opens not."""
    facts = (
        "kept_paper", row.id, row.consent, row.person.hex(), row.requester, row.procedure, row.component,
        row.result_code, repr(row.given), repr(row.until),
    )  # fmt: skip
    return "\n".join(facts).encode()


def _header(wanted: PaperToKeep, caller: Caller, legal_basis: str) -> RecordHeader:
    return RecordHeader(
        caller.exchange, caller.requester.id, caller.agency, wanted.procedure.code, wanted.dossier, KEEPING_PAPERS,
        legal_basis, {"owner": wanted.owner.key},
    )  # fmt: skip
