"""What a wire-compatible door may do, for the party that it has let in (`gateway.ports.relay.Desk`)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dossier import PROVINCE, Dossier, IdKind, MessageKind, ProgressEntry, StatusNotice
from gateway.domain.errors import NotFound, PortalUnavailable, TooMany, Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId, RequesterId, is_old_id, is_personal_id, is_tax_code
from gateway.domain.parties import Caller, Requester
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import RecordHeader
from gateway.files.kinds import check_name, download_name
from gateway.files.links import FileLink
from gateway.files.service import DeclaredFile, DossierFiles
from gateway.ports.files import FileDraft, FileUids
from gateway.ports.relay import DoorFile, DossierSearch, Portal, TakenIn
from gateway.relay.changes import Party
from gateway.relay.contents import dossier_in_records, subject_of
from gateway.relay.guesses import LookupGuesses
from gateway.relay.notices import take_notice
from gateway.relay.service import DossierRelay
from gateway.relay.unknown import recording_unknown_dossier

#: how long a file waits until fewer are received
_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFiles:
    """Files inside messages; `caller` holds them afterwards."""

    files: DossierFiles
    caller: Caller

    async def keep(self, pieces: AsyncIterator[bytes], name: str) -> str:
        """Store a file; its reference. A name that no file may have is dropped, not the file. Raises as `take`."""
        try:
            check_name(name or "-")
        except Unprocessable:
            name = ""
        end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                taken = await self.files.take(pieces, DeclaredFile(name=name), self.caller)
            except TooMany:  # nothing was read yet
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return taken.file.reference

    def draft(self) -> AbstractAsyncContextManager[FileDraft]:
        """Room for a file while its message is read."""
        return self.files.files.draft()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequesterDesk:
    """For a provincial system: its dossiers go to the portals."""

    relay: DossierRelay
    caller: Caller
    files: MessageFiles
    guesses: LookupGuesses
    #: answers read-only operations; None: there is none
    behind: Portal | None = None

    async def take_dossier(
        self, dossier: Dossier, *, updating: bool | None = None, raw: Mapping[str, Any]
    ) -> TakenIn:
        """A dossier of this system; `raw` is dropped, for the mapping keeps all of it."""
        del raw
        party = Party(self.caller.requester.id, self.caller.agency, PROVINCE, self.caller.exchange)
        targets = self.relay.messages.takers(MessageKind.DOSSIER)
        accepted = await self.relay.take(dossier, party, targets, updating=updating)
        self.relay.outbox.wake()
        return accepted.change.state

    async def take_progress(self, entries: Sequence[ProgressEntry]) -> TakenIn:
        """Steps of dossiers of this system. Raises NotFound for a dossier that is not there."""
        codes = list(dict.fromkeys(one.dossier for one in entries))
        async with recording_unknown_dossier(self.relay, self.caller, "progress", codes):
            answer = await self.relay.progress(entries, self.caller)
        states = {TakenIn(str(one["state"])) for one in answer["dossiers"]}  # type: ignore[attr-defined]
        return TakenIn.REPEATED if states == {TakenIn.REPEATED} else TakenIn.UPDATED

    async def take_status(self, notice: StatusNotice) -> TakenIn:
        """The status of a dossier that a portal forwarded. Raises NotFound."""
        entry = ProgressEntry(
            dossier=notice.dossier, at=notice.at, status=notice.status, status_text=notice.status_text,
            content=notice.content, local_code=notice.local_code, papers=notice.papers, more=notice.more,
        )  # fmt: skip
        async with recording_unknown_dossier(self.relay, self.caller, "status", [notice.dossier]):
            answer = await self.relay.progress([entry], self.caller, forwarded=True)
        return TakenIn(str(answer["dossiers"][0]["state"]))  # type: ignore[index]

    async def look_up(self, code: str) -> Mapping[str, Any] | None:
        """A dossier of this system; None when it is not there."""
        return await self.relay.lookups.looked_up(code, self.caller)

    async def look_up_owner(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Dossiers of this system by a number of their owner. Raises Throttled."""
        mine, person, exchange = self.caller.requester.id, owner_key(number), self.caller.exchange
        found = await self.relay.lookups.of_owner(person, DossierSearch(requester=mine), exchange, mine)
        about = RecordHeader(exchange, mine, self.caller.agency)
        await self.guesses.check_owner(about, person, fits=bool(found))
        return found

    async def ask(
        self, operation: str, parameters: Mapping[str, Any], *, number: str = ""
    ) -> Mapping[str, Any]:
        """Pass a read-only operation on. Raises PortalUnavailable, Throttled before the portal is asked."""
        if self.behind is None:
            raise PortalUnavailable
        person = owner_key(number) if number else ""
        if person:
            await self._count_person(person)
        return await self.relay.lookups.ask(self.behind, operation, parameters, self.caller, person)

    async def _count_person(self, person: str) -> None:
        """Count a question about a person (`Subject.key`), as a look-up by the owner. Raises Throttled."""
        mine, indexes = self.caller.requester.id, await self.relay.contents.indexes(person)
        wanted = DossierSearch(persons=indexes, requester=mine, most=1)
        fits = bool(indexes and await self.relay.rows.dossiers(wanted))
        about = RecordHeader(self.caller.exchange, mine, self.caller.agency, subjects={"owner": person})
        await self.guesses.check_owner(about, person, fits=fits)

    async def take_notice(self, code: str, service: str, content: Mapping[str, Any], kind: str) -> TakenIn:
        """Not for provincial systems."""
        del code, service, content, kind
        raise _no_dossier()

    async def sent_file(self, uid: str) -> DoorFile | None:
        """Not for provincial systems: they have links."""
        del uid
        raise _no_dossier()

    def draft(self) -> AbstractAsyncContextManager[FileDraft]:
        """Room for a file while its message is read."""
        return self.files.draft()

    async def keep_file(self, pieces: AsyncIterator[bytes], name: str) -> str:
        """Store a file of a message."""
        return await self.files.keep(pieces, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingDesk:
    """For a portal: the dossiers that it forwards go to a provincial system."""

    relay: DossierRelay
    portal: PortalSettings
    exchange: ExchangeId
    files: MessageFiles
    uids: FileUids
    guesses: LookupGuesses

    async def take_dossier(
        self, dossier: Dossier, *, updating: bool | None = None, raw: Mapping[str, Any]
    ) -> TakenIn:
        """A dossier that the portal forwards."""
        return await self.relay.forwarded(dossier, self.portal, self.exchange, updating=updating, raw=raw)

    async def take_progress(self, entries: Sequence[ProgressEntry]) -> TakenIn:
        """Steps of dossiers that the portal forwarded. Raises NotFound."""
        name = self.portal.portal
        itself = Requester(id=RequesterId(name), name=name, scopes=frozenset())
        caller = Caller(requester=itself, agency="", exchange=self.exchange)
        async with recording_unknown_dossier(
            self.relay, caller, "progress", [one.dossier for one in entries]
        ):
            return await self.relay.steps_of_portal(entries, self.portal, self.exchange)

    async def take_status(self, notice: StatusNotice) -> TakenIn:
        """Not for portals."""
        del notice
        raise _no_dossier()

    async def look_up(self, code: str) -> Mapping[str, Any] | None:
        """A dossier that this portal forwarded; None when it is not there."""
        return await self.relay.lookups.of_portal(code, self.portal.portal, self.exchange)

    async def look_up_owner(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Dossiers that this portal forwarded, by a number of their owner. Raises Throttled."""
        name, person = self.portal.portal, owner_key(number)
        found = await self.relay.lookups.of_owner(person, DossierSearch(origin=name), self.exchange, name)
        await self.guesses.check_owner(RecordHeader(self.exchange, name), person, fits=bool(found))
        return found

    async def ask(
        self, operation: str, parameters: Mapping[str, Any], *, number: str = ""
    ) -> Mapping[str, Any]:
        """Not for portals."""
        del operation, parameters, number
        raise _no_dossier()

    async def take_notice(self, code: str, service: str, content: Mapping[str, Any], kind: str) -> TakenIn:
        """Part of a dossier, for the provincial system that works on it."""
        return await take_notice(self.relay, self.portal, self.exchange, code, service, content, kind)

    async def sent_file(self, uid: str) -> DoorFile | None:
        """A file that this portal was sent under this uid; each download is recorded with portal and dossier."""
        name = self.portal.portal
        named = await self.uids.find(uid, name)
        file = None if named is None else await self.files.files.stored(named.digest)
        if named is None or file is None:
            about = RecordHeader(self.exchange, name, dossier=named.code if named else "")
            await self.relay.recorder.write(about, Phase.LOOKUP, "file_not_found")
            return None
        link = FileLink(
            expires=0, digest=named.digest, size=file.size, kind=file.kind, name=download_name(uid, file.kind),
            requester=name, dossier=dossier_in_records(named.code),
        )  # fmt: skip
        return DoorFile(file.kind.media_type, link.name, self.files.files.read(link, self.exchange))

    def draft(self) -> AbstractAsyncContextManager[FileDraft]:
        """Room for a file while its message is read."""
        return self.files.draft()

    async def keep_file(self, pieces: AsyncIterator[bytes], name: str) -> str:
        """Store a file of a message."""
        return await self.files.keep(pieces, name)


def owner_key(number: str) -> str:
    """The owner of a number of any kind (`Subject.key`)."""
    kinds = ((is_personal_id, IdKind.PERSONAL_ID), (is_old_id, IdKind.OLD_ID), (is_tax_code, IdKind.TAX_CODE))
    kind = next((kind for fits, kind in kinds if fits(number)), IdKind.PASSPORT)
    return subject_of(kind, number).key


def _no_dossier() -> NotFound:
    return NotFound(say.NOT_OWN_DOSSIER, code=ProblemCode.NOT_FOUND)
