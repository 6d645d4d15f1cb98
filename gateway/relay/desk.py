"""What a wire-compatible door may do, for the party that it has let in (`gateway.ports.relay.Desk`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.config.portals import PortalSettings
from gateway.domain import sentences as say
from gateway.domain.dossier import PROVINCE, Dossier, IdKind, MessageKind, ProgressEntry
from gateway.domain.errors import NotFound, PortalUnavailable
from gateway.domain.identifiers import ExchangeId, is_old_id, is_personal_id, is_tax_code
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.ports.relay import DossierSearch, Portal, TakenIn
from gateway.relay.contents import subject_of
from gateway.relay.service import DossierRelay, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class RequesterDesk:
    """For a provincial system: its dossiers go to the portals."""

    relay: DossierRelay
    caller: Caller
    #: answers read-only operations; None: there is none
    behind: Portal | None = None

    async def take_dossier(
        self, dossier: Dossier, *, updating: bool | None = None, raw: Mapping[str, Any]
    ) -> TakenIn:
        """A dossier of this system; `raw` is dropped, for the mapping keeps all of it."""
        del raw
        party = Party(self.caller.requester.id, self.caller.agency, PROVINCE, self.caller.exchange)
        targets = self.relay.takers(MessageKind.DOSSIER)
        return (await self.relay.take(dossier, party, targets, updating=updating)).state

    async def take_progress(self, entries: Sequence[ProgressEntry]) -> TakenIn:
        """Steps of dossiers of this system. Raises NotFound for a dossier that is not there."""
        answer = await self.relay.progress(entries, self.caller)
        states = {TakenIn(str(one["state"])) for one in answer["dossiers"]}  # type: ignore[attr-defined]
        return TakenIn.REPEATED if states == {TakenIn.REPEATED} else TakenIn.UPDATED

    async def look_up(self, code: str) -> Mapping[str, Any] | None:
        """A dossier of this system; None when it is not there."""
        try:
            return await self.relay.show(code, self.caller)
        except NotFound:
            return None

    async def look_up_owner(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Dossiers of this system by a number of their owner."""
        found = await self.relay.search(self.caller, owner_key(number), DossierSearch())
        return found["dossiers"]  # type: ignore[return-value]

    async def ask(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a read-only operation on. Raises PortalUnavailable."""
        if self.behind is None:
            raise PortalUnavailable
        return await self.relay.ask(self.behind, operation, parameters, self.caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingDesk:
    """For a portal: the dossiers that it forwards go to a provincial system."""

    relay: DossierRelay
    portal: PortalSettings
    exchange: ExchangeId

    async def take_dossier(
        self, dossier: Dossier, *, updating: bool | None = None, raw: Mapping[str, Any]
    ) -> TakenIn:
        """A dossier that the portal forwards."""
        return await self.relay.forwarded(dossier, self.portal, self.exchange, updating=updating, raw=raw)

    async def take_progress(self, entries: Sequence[ProgressEntry]) -> TakenIn:
        """Steps of dossiers that the portal forwarded. Raises NotFound."""
        return await self.relay.steps_of_portal(entries, self.portal, self.exchange)

    async def look_up(self, code: str) -> Mapping[str, Any] | None:
        """A dossier that this portal forwarded; None when it is not there."""
        return await self.relay.of_portal(code, self.portal.portal, self.exchange)

    async def look_up_owner(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Not for portals."""
        del number
        return ()

    async def ask(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Not for portals."""
        del operation, parameters
        raise NotFound(say.NO_SUCH_DOSSIER(place=0), code=ProblemCode.NOT_FOUND)


def owner_key(number: str) -> str:
    """The owner of a number of any kind (`Subject.key`)."""
    kinds = ((is_personal_id, IdKind.PERSONAL_ID), (is_old_id, IdKind.OLD_ID), (is_tax_code, IdKind.TAX_CODE))
    kind = next((kind for fits, kind in kinds if fits(number)), IdKind.PASSPORT)
    return subject_of(kind, number).key
