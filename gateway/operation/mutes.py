"""Muted sources: no alarm about them for a time. What citizens get does not change.

A mute is a record of the exchange log (phase `configuration`) with the account of who muted; it ends by itself.
Another process sees it when the record has its place in the log, within a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.audit.shown import members_of
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import NotFound, Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.ports.exchange_log import LogReader, LogSearch

#: the longest mute
LONGEST = timedelta(hours=24)
_MUTED, _UNMUTED = "source_muted", "source_unmuted"
_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """One muted source."""

    source: str
    until: datetime
    #: account of who muted
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Mutes sources, and knows which are muted."""

    recorder: Recorder
    reader: LogReader
    sources: frozenset[str]
    #: source -> (when it was decided, the mute; None: it was ended)
    _decided: dict[str, tuple[datetime, Mute | None]] = field(default_factory=dict)

    async def mute(self, caller: Caller, source: str, length: timedelta) -> Mute:
        """No alarm about a source for so long; recorded. Raises NotFound, Unprocessable, LogUnavailable."""
        self._check(source)
        if not timedelta() < length <= LONGEST:
            raise Unprocessable(say.MUTE_TOO_LONG, code=ProblemCode.VALUE_NOT_POSSIBLE)
        now = self.recorder.clock.now()
        mute = Mute(source=source, until=now + length, by=caller.staff)
        await self._record(caller, _MUTED, source=source, until=rfc3339(mute.until))
        self._decided[source] = (now, mute)
        return mute

    async def unmute(self, caller: Caller, source: str) -> None:
        """Alarms about a source again; recorded. Raises NotFound, LogUnavailable."""
        self._check(source)
        now = self.recorder.clock.now()
        await self._record(caller, _UNMUTED, source=source)
        self._decided[source] = (now, None)

    def muted(self) -> Mapping[str, Mute]:
        """The muted sources now, as this process knows them."""
        now = self.recorder.clock.now()
        return {
            source: mute
            for source, (_, mute) in self._decided.items()
            if mute is not None and mute.until > now and source in self.sources
        }

    async def refreshed(self) -> Mapping[str, Mute]:
        """The muted sources now, also those that other processes muted. Raises LogUnavailable."""
        since = self.recorder.clock.now() - LONGEST
        wanted = LogSearch(phase=Phase.CONFIGURATION.value, since=rfc3339(since))
        for entry in reversed(await self.reader.search(wanted, None, _MOST)):
            members = members_of(entry)
            if members is not None and members["result"] in {_MUTED, _UNMUTED} and not entry.altered:
                self._take(members["result"], members["time"], members["notes"])
        return self.muted()

    def _take(self, result: str, time: str, notes: Mapping[str, object]) -> None:
        """Apply a record, unless a later decision is known or its end is no valid time of a mute."""
        source = str(notes.get("source", ""))
        try:
            at = datetime.fromisoformat(time)
            until = datetime.fromisoformat(str(notes["until"])) if result == _MUTED else at
            is_possible = at <= until <= at + LONGEST
        except (KeyError, ValueError, TypeError):
            return
        if is_possible and (source not in self._decided or self._decided[source][0] <= at):
            mute = Mute(source=source, until=until, by=str(notes.get("staff", "")))
            self._decided[source] = (at, mute if result == _MUTED else None)

    def _check(self, source: str) -> None:
        if source not in self.sources:
            raise NotFound(say.NO_SUCH_SOURCE, code=ProblemCode.NOT_FOUND)

    async def _record(self, caller: Caller, result: str, **notes: str) -> None:
        header = RecordHeader(caller.exchange, caller.requester.id, caller.agency)
        await self.recorder.write(header, Phase.CONFIGURATION, result, notes={**caller.notes, **notes})
