"""Fetches the files of forwarded dossiers from the addresses in them, and puts references in their places.

A receiver of the outbox (`files:<portal>`): it is tried again, given up with a reason and replayed like any other. Only
addresses of the origins in the portal's settings are called.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from gateway.relay.notices import take_notice
from gateway.relay.service import DossierRelay
from gateway.telemetry import log


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

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        """Fetch what is there to fetch. Never raises.

        An address that will never answer, or a file that is refused, ends it with the name of the field; the others are
        kept all the same.
        """
        part = message.body.get("part") or message.body.get("dossier") or message.body
        fetched: dict[str, str] = {}
        lasting = ""
        try:
            async with asyncio.timeout_at(end):
                for at, paper in enumerate(part.get("papers", ())):
                    if paper.get("url") and not paper.get("file"):
                        reference = await self._fetched(paper)
                        lasting = lasting or ("" if reference else f"papers[{at}].url")
                        fetched |= {paper["url"]: reference} if reference else {}
            await self._put(message, part, fetched)
        except (GatewayError, TimeoutError):
            return PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.FILE_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 -- a defect here must not stop the worker
            log().error("file.fetch.failed", source=self._portal.portal, error=error)
            return PortalAnswer(DeliveryOutcome.UNAVAILABLE, DeliveryReason.GATEWAY_FAULT)
        if lasting:
            return PortalAnswer(DeliveryOutcome.REFUSED, DeliveryReason.FILE_NOT_FETCHED, lasting)
        return PortalAnswer(DeliveryOutcome.CONFIRMED)

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
        if not fetched:
            return
        exchange = new_exchange_id()
        if message.kind is MessageKind.DOSSIER:
            await self._relay.files_came(self._portal, message.code, fetched, exchange)
            return
        content = {**part, "papers": with_files(part["papers"], fetched)}
        service = str(message.body.get("service", ""))
        await take_notice(self._relay, self._portal, exchange, message.code, service, content)

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
