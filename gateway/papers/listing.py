"""The papers that this gateway holds of one person, for that person: those kept by consent, and those of dossiers.

Number and name decide whose a paper is: a number that was issued again is another person's, and so is its paper.
A look is recorded durably before its answer, and a file before its first byte: no record, no release.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import moment, rfc3339
from gateway.domain.errors import ConsentsUnavailable, GatewayError, NotFound, RelayUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import RecordHeader
from gateway.files.links import FileLink
from gateway.mapping.records import bare
from gateway.papers.keep import KeptPaper, KeptPapers, keys_of
from gateway.papers.sealed_files import size_of
from gateway.ports.files import FileContent
from gateway.ports.relay import DossierRow, DossierSearch
from gateway.relay.contents import Contents

LISTED, READ = "papers_listed", "paper_read"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LINK_SECONDS = 60
_OCTETS = "application/octet-stream"


class OwnFile(NamedTuple):
    """A file of one's own paper, open."""

    media_type: str
    name: str
    content: FileContent


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperListing:
    """Lists and opens papers of one person. Holds no request."""

    kept: KeptPapers
    #: opens dossiers
    contents: Contents

    async def of(
        self, caller: Caller, owner: Subject, after: tuple[float, str] | None, count: int
    ) -> dict[str, object]:
        """Kept papers, and a page of the dossiers with their papers, last changed first.

        A citizens' page sees all of the person, another requester what is its own. `missing` names what could not be
        looked up. Raises LogUnavailable; ConsentsUnavailable or RelayUnavailable when neither could be.
        """
        await self._note(caller, owner, Phase.LOOKUP, LISTED)
        missing: list[GatewayError] = []
        rows: Sequence[DossierRow] = ()
        kept: list[KeptPaper] = []
        try:
            kept = [] if after else await self.kept.of(owner, _own(caller))
        except ConsentsUnavailable as error:
            missing.append(error)
        try:
            rows = await self._rows(caller, owner, DossierSearch(after=after, most=count + 1))
        except RelayUnavailable as error:
            missing.append(error)
        if len(missing) > 1:
            raise missing[0]
        shown = [one for row in rows[:count] if (one := await self._dossier(row, owner)) is not None]
        last = rows[count - 1] if len(rows) > count else None
        return {
            "exchange_id": caller.exchange,
            "kept": [_kept(one, shown) for one in kept],
            "dossiers": shown,
            # neither shown nor counted as papers: erased, without a name, or of somebody else with this number
            "withheld": len(rows[:count]) - len(shown),
            "missing": [error.problem_code.value for error in missing],
            "next": None if last is None else f"{last.changed!r}|{last.code}",
        }

    @asynccontextmanager
    async def open(self, caller: Caller, owner: Subject, paper: str, dossier: str) -> AsyncIterator[OwnFile]:
        """The file of a kept paper (its id), or of a paper of a dossier (its digest). Raises NotFound for another's."""
        if not dossier:
            async with self._open_kept(caller, owner, paper) as found:
                yield found
            return
        name = await self._name_in(caller, owner, paper, dossier)
        files = self.kept.files
        token, _ = await files.sealed_link(paper, name, _LINK_SECONDS)
        link: FileLink | None = files.links.opened(token)
        async with files.files.open(paper) as content:
            if content is None or link is None:
                raise _unknown()
            await self._note(caller, owner, Phase.DELIVERY, READ, digest=paper)
            yield OwnFile(link.kind.media_type, link.name, content)

    @asynccontextmanager
    async def _open_kept(self, caller: Caller, owner: Subject, paper: str) -> AsyncIterator[OwnFile]:
        papers = await self.kept.of(owner, _own(caller))
        found = next((one for one in papers if one.row.id == paper), None)
        if found is None:
            raise _unknown()
        async with self.kept.files.files.open(found.row.file) as stored:
            if stored is None:
                raise _unknown()
            await self._note(caller, owner, Phase.DELIVERY, READ, paper=paper)
            content = FileContent(size_of(stored.size), self.kept.opened(found, stored.pieces))
            yield OwnFile(_OCTETS, found.file_name, content)

    async def _name_in(self, caller: Caller, owner: Subject, digest: str, code: str) -> str:
        """The name of a file in a dossier of this person. Raises NotFound."""
        rows = await self._rows(caller, owner, DossierSearch(code=code, most=5))
        for row in rows if _DIGEST.fullmatch(digest) else ():
            shown = await self._dossier(row, owner)
            for one in shown["papers"] if shown is not None else ():
                if one["file"] == f"sha256:{digest}":
                    return str(one["file_name"] or one["title"])
        raise _unknown()

    async def _rows(self, caller: Caller, owner: Subject, wanted: DossierSearch) -> Sequence[DossierRow]:
        persons = [index for key in keys_of(owner) for index in await self.contents.indexes(key)]
        if not persons:
            return ()
        return await self.kept.dossiers.dossiers(wanted._replace(persons=persons, requester=_own(caller)))

    async def _dossier(self, row: DossierRow, owner: Subject) -> dict[str, Any] | None:
        """A dossier with its papers; None when it is erased, or does not name this person."""
        content = await self.contents.of_dossier(row)
        dossier = {} if content is None else content["dossier"]
        name = bare(str(dossier.get("applicant", {}).get("name", "")))
        if not name or name != bare(owner.full_name or ""):
            return None
        return {
            "code": row.code, "procedure": row.procedure, "requester": row.requester, "status": row.status,
            "agency": dossier.get("agency") or row.agency or None,
            "filed_at": dossier.get("filed_at") or moment(row.opened),
            "changed_at": moment(row.changed), "papers": list(_papers(dossier)),
        }  # fmt: skip

    async def _note(self, caller: Caller, owner: Subject, phase: Phase, act: str, **more: str) -> None:
        about = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, subjects={"owner": owner.key}
        )
        await self.kept.recorder.write(about, phase, act, notes={"operation": act, **more})


def _own(caller: Caller) -> str:
    """Whose papers the caller may see; blank: those of every requester."""
    return "" if caller.serves_citizens else caller.requester.id


def _unknown() -> NotFound:
    return NotFound(say.CITIZEN_HAS_NO_SUCH_PAPER, code=ProblemCode.PAPER_UNKNOWN)


def _kept(paper: KeptPaper, dossiers: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    row = paper.row
    return {
        "paper": row.id, "title": paper.title, "reference": paper.reference or None, "file_name": paper.file_name,
        "procedure": row.procedure, "component": row.component, "result_code": row.result_code or None,
        "object": _object(paper.about), "requester": row.requester, "consent": row.consent,
        "given_at": rfc3339(datetime.fromtimestamp(row.given, UTC)), "valid_until": paper.valid_until or None,
        "kept_until": rfc3339(datetime.fromtimestamp(row.until, UTC)),
        # of those in the same answer
        "dossiers": [
            {"code": one["code"], "procedure": one["procedure"]}
            for one in dossiers
            if paper.digest and any(part["file"] == f"sha256:{paper.digest}" for part in one["papers"])
        ],
    }  # fmt: skip


def _object(about: str) -> dict[str, str] | None:
    """What a paper is about (`Subject.key`), without a number of a person."""
    if not about:
        return None
    kind, *rest = about.split("|")
    if kind == SubjectKind.PARCEL and len(rest) >= 3:
        return {"kind": kind, "commune": rest[0], "sheet": rest[1], "number": rest[2]}
    if kind == SubjectKind.VEHICLE and len(rest) == 1:
        return {"kind": kind, "number": rest[0]}
    return {"kind": kind}


def _papers(dossier: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """The papers of a dossier: given, taken from the paper store, and its results."""
    rounds = dossier.get("supplements", ())
    given = [*dossier.get("papers", ()), *(one for each in rounds for one in each.get("papers", ()))]
    for one in given:
        if not one.get("deleted"):
            yield _paper("from_store" if one.get("from_store") else "given", one, "result_code")
    for one in dossier.get("results", ()):
        yield _paper("result", one, "code")


def _paper(kind: str, one: Mapping[str, Any], code: str) -> dict[str, object]:
    return {
        "kind": kind, "title": one.get("title", ""), "file_name": one.get("file_name", ""),
        "result_code": one.get(code) or None, "file": one.get("file") or None,
        # an address of another system is never given out
        "elsewhere": bool(one.get("url")) and not one.get("file"),
    }  # fmt: skip
