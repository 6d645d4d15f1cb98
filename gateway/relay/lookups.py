"""Looking dossiers up: for their systems, for portals, and for owners. Each look-up is a record.

Another requester's dossier does not exist.
"""

import asyncio
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.domain import sentences as say
from gateway.domain.dates import moment
from gateway.domain.dossier import PROVINCE, Dossier, ReturnMethod
from gateway.domain.errors import NotFound
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.records import bare
from gateway.ports.policy import KnownDossier
from gateway.ports.relay import DeliverySearch, DossierRow, DossierSearch, EventRow, Portal, RelayRows
from gateway.relay.answers import delivery_of, listed, shown_step
from gateway.relay.contents import Contents, as_subjects, owners_in
from gateway.relay.scoring import as_remembered
from gateway.relay.statuses import StatusRules, StepVerdict, fold, is_final

#: the longest wait for a portal that is asked in between
_ASK_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierLookups:
    """Shows dossiers."""

    rows: RelayRows
    contents: Contents
    recorder: Recorder
    rules: StatusRules = field(default_factory=StatusRules)

    # ------------------------------------------------------------------------------------------ for systems

    async def show(self, code: str, caller: Caller) -> dict[str, object]:
        """One dossier: its content, its steps, its deliveries. The look-up is recorded. Raises NotFound."""
        row = await self.own(code, caller.requester.id)
        content = await self.contents.of_dossier(row)
        subjects = as_subjects(owners_in(content))
        await self._note(caller, "dossier_shown" if row else "dossier_not_found", code, subjects)
        if row is None:
            raise NotFound(say.NOT_OWN_DOSSIER, code=ProblemCode.DOSSIER_UNKNOWN)
        events = await self.rows.events(row.origin, row.code)
        sent = await self.rows.deliveries(DeliverySearch(code=row.code, requester=row.requester, most=200))
        verdicts = self._verdicts(events)
        steps = [
            shown_step(one, verdicts[one.id], await self.contents.open(one.period, one.sealed, one.id) or {})
            for one in events
        ]
        return {
            "exchange_id": caller.exchange, **listed(row), "dossier": None if content is None else content["dossier"],
            "history": steps, "deliveries": [delivery_of(one) for one in sent],
        }  # fmt: skip

    async def content(self, code: str, caller: Caller) -> Dossier:
        """The content of a dossier of the caller. Raises NotFound, also when its content is erased."""
        row = await self.own(code, caller.requester.id)
        found = await self.contents.of_dossier(row)
        if found is None:
            raise NotFound(say.NOT_OWN_DOSSIER, code=ProblemCode.DOSSIER_UNKNOWN)
        return Dossier.model_validate(found["dossier"])

    async def search(self, caller: Caller, person: str, wanted: DossierSearch) -> dict[str, object]:
        """The caller's dossiers, last changed first; with `person` (`Subject.key`), those of an owner. Recorded."""
        persons = await self.contents.indexes(person) if person else ()
        await self._note(caller, "dossiers_searched", "", {"owner": person} if person else {})
        found: Sequence[DossierRow] = ()
        if persons or not person:
            found = await self.rows.dossiers(
                wanted._replace(persons=persons, requester=caller.requester.id, most=wanted.most + 1)
            )
        page = found[: wanted.most]
        last = page[-1] if len(found) > wanted.most else None
        return {
            "exchange_id": caller.exchange, "dossiers": [listed(one) for one in page],
            "next": None if last is None else f"{last.changed!r}|{last.code}",
        }  # fmt: skip

    async def looked_up(self, code: str, caller: Caller) -> Mapping[str, Any] | None:
        """A dossier of the caller, as `_as_known`; None when it is not there. Recorded."""
        row = await self.own(code, caller.requester.id)
        await self._note(caller, "dossier_shown" if row else "dossier_not_found", code)
        return None if row is None else await self._as_known(row)

    async def ask(
        self, portal: Portal, operation: str, parameters: Mapping[str, Any], caller: Caller, person: str = ""
    ) -> Mapping[str, Any]:
        """Pass a read-only operation on to a portal; recorded before it is asked, with the person that it is about.

        `person`: `Subject.key`; blank: nobody. Raises PortalUnavailable.
        """
        await self._note(caller, "passed_on", "", {"owner": person} if person else {}, asked=operation)
        end = asyncio.get_running_loop().time() + _ASK_SECONDS
        return await portal.ask(operation, parameters, end)

    # --------------------------------------------------------------------------- for portals, owners, policy

    async def of_portal(self, code: str, portal: str, exchange: ExchangeId) -> Mapping[str, Any] | None:
        """A dossier that a portal forwarded, for that portal, as `_as_known`. Recorded."""
        code = unicodedata.normalize("NFC", code)
        row = await self.rows.dossier(portal, code)
        header = RecordHeader(exchange, portal, dossier=code)
        await self.recorder.write(header, Phase.LOOKUP, "dossier_shown" if row else "dossier_not_found")
        return None if row is None else await self._as_known(row)

    async def of_owner(
        self, person: str, wanted: DossierSearch, exchange: ExchangeId, party: str
    ) -> list[Mapping[str, Any]]:
        """Dossiers of an owner (`Subject.key`), each as `_as_known`, last changed first. Recorded for `party`."""
        persons = await self.contents.indexes(person)
        header = RecordHeader(exchange, party, subjects={"owner": person})
        await self.recorder.write(header, Phase.LOOKUP, "dossiers_searched")
        found = await self.rows.dossiers(wanted._replace(persons=persons)) if persons else ()
        return [await self._as_known(one) for one in found]

    async def status(self, caller: Caller, code: str, person: str) -> dict[str, object]:
        """The status of a dossier for its owner: the number must be the owner's. Recorded. Raises NotFound."""
        indexes = await self.contents.indexes(person)
        found = await self.rows.dossiers(DossierSearch(persons=indexes, code=code, most=5)) if indexes else ()
        await self._note(caller, "status_shown" if found else "status_not_found", code, {"owner": person})
        if not found:
            raise NotFound(say.NO_SUCH_DOSSIER_OF_OWNER, code=ProblemCode.DOSSIER_UNKNOWN)
        # That of the portal first: a system of the province may have taken the same code.
        row = min(found, key=lambda one: one.origin == PROVINCE)
        events = await self.rows.events(row.origin, row.code)
        verdicts = self._verdicts(events)
        steps = [
            {"at": moment(one.at), "status": one.status}
            for one in events
            if verdicts[one.id] in (StepVerdict.APPLIED, StepVerdict.LATE)
        ]
        return {"exchange_id": caller.exchange, **listed(row), "history": steps}

    async def form_of(self, caller: Caller, code: str, person: str, name: str) -> Mapping[str, Any]:
        """What the caller's own dossier says of its form (`more`), for its owner; empty when that is unknown.

        Number and name decide whose it is, before its content is read further: a number can be issued again.
        Recorded by `status`, which comes first.
        """
        indexes = await self.contents.indexes(person)
        wanted = DossierSearch(
            persons=indexes, requester=caller.requester.id, code=code, origin=PROVINCE, most=1
        )
        found = await self.rows.dossiers(wanted) if indexes else ()
        content = await self.contents.of_dossier(found[0] if found else None)
        if content is None:
            return {}
        dossier = Dossier.model_validate(content["dossier"])
        return dossier.more if bare(dossier.applicant.name) == bare(name) else {}

    async def known(self, code: str, requester: str, persons: Collection[str]) -> KnownDossier | None:
        """A dossier of this requester and of one of these people (`gateway.ports.policy.Dossiers`)."""
        indexes = [index for person in persons for index in await self.contents.indexes(person)]
        if not indexes:
            return None
        wanted = DossierSearch(persons=indexes, code=code, requester=requester, most=5)
        found = await self.rows.dossiers(wanted)
        states = [(not is_final(one.status), one.origin != PROVINCE) for one in found]
        return KnownDossier(*max(states)) if states else None

    # ----------------------------------------------------------------------------------------------- inside

    async def own(self, code: str, requester: str, *, forwarded: bool = False) -> DossierRow | None:
        """The requester's dossier of this code: its own, else one that a portal forwarded to it; or that one first."""
        wanted = DossierSearch(code=unicodedata.normalize("NFC", code), requester=requester, most=10)
        found = await self.rows.dossiers(wanted)
        return min(found, key=lambda one: (one.origin == PROVINCE) is forwarded, default=None)

    async def _as_known(self, row: DossierRow) -> Mapping[str, Any]:
        """What is known of a dossier: canonical, with the status that follows from its steps; it names nobody.

        Of an erased one only the facts are left: dates and the way of return. What a portal did not say of the way of
        return stays out of it: our default is not its word.
        """
        content = await self.contents.of_dossier(row)
        known = as_remembered(orjson.loads(row.facts)) if content is None else dict(content["dossier"])
        if row.origin == PROVINCE:
            known.setdefault("return_method", str(ReturnMethod.COUNTER))
        elif content is None and known.get("return_method") == ReturnMethod.COUNTER:
            del known["return_method"]
        for name in ("applicant", "papers", "results", "supplements", "more"):
            known.pop(name, None)
        if not known.get("agency") and row.agency:
            known["agency"] = row.agency
        return {
            **known,
            "code": row.code,
            "procedure": known.get("procedure", row.procedure),
            "status": row.status,
        }

    def _verdicts(self, events: Sequence[EventRow]) -> Mapping[str, StepVerdict]:
        return fold(events, self.recorder.clock.now().timestamp(), self.rules).verdicts

    async def _note(
        self, caller: Caller, operation: str, code: str, subjects: Mapping[str, str] | None = None,
        **notes: str | int,
    ) -> None:  # fmt: skip
        header = RecordHeader(
            caller.exchange, caller.requester.id, caller.agency, dossier=code, subjects=subjects or {}
        )
        await self.recorder.write(header, Phase.LOOKUP, operation, notes={"operation": operation, **notes})
