"""Fetches the files of forwarded dossiers from the addresses in them, and puts references in their places.

A receiver of the outbox (`files:<portal>`): it is tried again, given up with a reason and replayed like any other. Only
addresses of the origins in the portal's settings are called.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.config.portals import PortalSettings
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import BadRequest, DownloadFailed, GatewayError
from gateway.domain.identifiers import new_exchange_id
from gateway.domain.reasons import DeliveryReason
from gateway.ports.relay import (
    DeliveryOutcome,
    Desk,
    OutboundMessage,
    PortalAnswer,
    RemoteDossier,
    RemoteFiles,
    RemotePage,
)
from gateway.relay.notices import complete_notice
from gateway.relay.service import DossierRelay
from gateway.telemetry import log

#: deliveries whose files are remembered until all of them came
_REMEMBERED = 1_000


@dataclass(slots=True)
class _Fetched:
    """What came of the files of one message."""

    #: address -> reference
    files: dict[str, str]
    #: the first field whose file will never come; blank: none
    lasting: str = ""
    #: nothing may come later
    is_whole: bool = False


class FileFetcher:
    """Implements gateway.ports.relay.Portal."""

    kinds = frozenset({MessageKind.DOSSIER, MessageKind.NOTICE})
    looks_up: bool = False

    def __init__(
        self, relay: DossierRelay, portal: PortalSettings, remote: RemoteFiles, desk: Callable[[], Desk]
    ) -> None:
        """`desk` keeps files for the provincial system that the portal forwards to."""
        self._relay = relay
        self._portal = portal
        self._remote = remote
        self._desk = desk
        #: delivery -> what was fetched for it, by address
        self._kept: OrderedDict[str, dict[str, str]] = OrderedDict()

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Fetch what is there to fetch. Never raises.

        What was fetched is kept, whatever becomes of the other files: the next attempt goes on with these. An address
        that will never answer, or a file that is refused, ends it with the name of the field.
        """
        part = message.body.get("part") or message.body.get("dossier") or message.body
        try:
            known = await self._known(message)
            came = _Fetched(dict(known))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._fetch(part.get("papers", ()), came)
            self._keep(message.delivery, came)
            # a dossier gets each file as it arrives; a notice gets all of them together, when no more can arrive
            if came.files != known and (message.kind is MessageKind.DOSSIER or came.is_whole):
                await self._put(message, part, came.files)
        except GatewayError:
            return PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.FILE_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 -- a defect here must not stop the worker
            log().error("file.fetch.failed", source=self._portal.portal, error=error)
            return PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.GATEWAY_FAULT)
        if not came.is_whole:
            return PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.FILE_UNAVAILABLE)
        self._kept.pop(message.delivery, None)
        if came.lasting:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.FILE_NOT_FETCHED, came.lasting)
        return PortalAnswer(DeliveryOutcome.CONFIRMED)

    async def _known(self, message: OutboundMessage) -> Mapping[str, str]:
        """What former attempts fetched, by address; of a dossier also what other processes did."""
        kept = self._kept.get(message.delivery, {})
        if message.kind is not MessageKind.DOSSIER:
            return kept
        return await self._relay.files_there(self._portal.portal, message.code) | kept

    def _keep(self, delivery: str, came: "_Fetched") -> None:
        self._kept[delivery] = came.files
        self._kept.move_to_end(delivery)
        if len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    async def _fetch(self, papers: Sequence[Mapping[str, Any]], came: "_Fetched") -> None:
        """Fetch what is missing; a file that does not come now does not hold up the others."""
        whole = True
        for at, paper in enumerate(papers):
            if not paper.get("url") or paper.get("file") or paper["url"] in came.files:
                continue
            try:
                reference = await self._fetched(paper)
            except GatewayError:
                whole = False
                continue
            if reference:
                came.files[paper["url"]] = reference
            else:
                came.lasting = came.lasting or f"papers[{at}].url"
        came.is_whole = whole

    async def _fetched(self, paper: Mapping[str, Any]) -> str:
        """The reference of a file; blank when it will never come. Raises GatewayError when it may come later."""
        try:
            async with self._remote.open(paper["url"]) as pieces:
                return await self._desk().keep_file(pieces, str(paper.get("file_name", "")))
        except DownloadFailed as fault:
            if not fault.lasting:
                raise
            log().warning("file.fetch.refused", source=self._portal.portal, reason=fault.reason)
        except BadRequest as fault:
            if fault.retry_after is not None:
                raise
            log().warning("file.fetch.refused", source=self._portal.portal, reason=str(fault.problem_code))
        return ""

    async def _put(
        self, message: OutboundMessage, part: Mapping[str, Any], fetched: Mapping[str, str]
    ) -> None:
        if message.kind is MessageKind.DOSSIER:
            await self._relay.files_came(self._portal, message.code, fetched, new_exchange_id())
            return
        papers = with_files(part["papers"], fetched)
        await complete_notice(self._relay, self._portal, message.delivery, message.body, papers)

    async def look_up(self, code: str, end: float) -> RemoteDossier | None:
        """It keeps none."""
        del code, end
        return None

    async def listing(self, day: str, after: str, count: int, end: float) -> RemotePage | None:
        """It keeps none."""
        del day, after, count, end
        return None

    async def ask(self, operation: str, parameters: Mapping[str, Any], end: float) -> Mapping[str, Any]:
        """It answers nothing."""
        del operation, parameters, end
        return {}

    async def close(self) -> None:
        """Close connections."""
        await self._remote.close()


def with_files(papers: Sequence[Mapping[str, Any]], fetched: Mapping[str, str]) -> list[dict[str, Any]]:
    """The papers with the references of fetched files."""
    return [
        {**one, "file": fetched[one["url"]]}
        if not one.get("file") and one.get("url") in fetched
        else dict(one)
        for one in papers
    ]
