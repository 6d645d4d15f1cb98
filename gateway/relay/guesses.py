"""Counts look-ups of dossiers by the number of an owner, so that nobody finds owners or dossiers by trying.

Counted like names and birth dates (`gateway/policy/README.md`, "Guessing"): different tries count once each, the one
that is one too many closes the count, and nothing more of it is answered until the window ends, right or wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.config.gateway import PolicySettings
from gateway.domain.errors import Throttled
from gateway.domain.exchange import Phase
from gateway.domain.parties import Caller
from gateway.domain.reasons import RefusalReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.policy.rates import Limit, PersonKey, in_words, limit, uses
from gateway.ports.policy import Quotas, Use, UseCount
from gateway.ports.relay import DossierSearch, RelayRows
from gateway.relay.contents import Contents
from gateway.telemetry import log

#: the word under which all that fits counts as one
_FITS = "fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupGuesses:
    """Counts tries under keyed digests; stores no person."""

    rows: RelayRows
    contents: Contents
    recorder: Recorder
    quotas: Quotas
    secret: bytes
    #: different numbers about one dossier, different dossiers about one number, different pairs of one requester
    of_status: Sequence[Limit]
    #: different names and birth dates of one number, and of one requester, for which nothing was found
    of_papers: Sequence[Limit]
    #: different numbers of one caller at a door, of which it knows no dossier
    of_door: Sequence[Limit]

    @classmethod
    def under(
        cls, settings: PolicySettings, *, rows: RelayRows, contents: Contents, recorder: Recorder, quotas: Quotas,
        secret: bytes,
    ) -> Self:  # fmt: skip
        """With the limits of the settings; a limit of None never counts."""
        return cls(
            rows=rows, contents=contents, recorder=recorder, quotas=quotas, secret=secret,
            of_status=(
                _limit("lookup_owners", settings.lookup_owners), _limit("lookup_codes", settings.lookup_codes),
                _limit("lookup_misses", settings.lookup_misses),
            ),
            of_papers=(_limit("claims", settings.claims), _limit("lookup_misses", settings.lookup_misses)),
            of_door=(_limit("portal_misses", settings.portal_misses),),
        )  # fmt: skip

    async def check_status(self, caller: Caller, code: str, person: str) -> None:
        """Count a look-up by code and owner (`Subject.key`). Raises Throttled, recorded; RelayUnavailable."""
        indexes = await self.contents.indexes(person)
        wanted = DossierSearch(persons=indexes, code=code, most=1)
        fits = bool(indexes and await self.rows.dossiers(wanted))
        requester = caller.requester.id
        tried = (
            (f"{requester}\x1f{code}", person),
            (f"{requester}\x1f{person}", _FITS if fits else code),
            (requester, _FITS if fits else f"{code}\x1f{person}"),
        )
        about = RecordHeader(caller.exchange, requester, caller.agency, dossier=code)
        await self._count(self.of_status, tried, about)

    async def check_papers(self, caller: Caller, number: str, who: str, *, fits: bool) -> None:
        """Count a list of papers by number and `who` (name, birth date), after the look-up. Raises Throttled, recorded.

        `fits`: something of this person was found.
        """
        requester = caller.requester.id
        tried = (
            (f"{requester}\x1f{number}", _FITS if fits else who),
            (requester, _FITS if fits else f"{number}\x1f{who}"),
        )
        await self._count(self.of_papers, tried, RecordHeader(caller.exchange, requester, caller.agency))

    async def check_owner(self, about: RecordHeader, person: str, *, fits: bool) -> None:
        """Count a look-up by owner at a door, after it was done. Raises Throttled, recorded."""
        await self._count(self.of_door, ((about.requester, _FITS if fits else person),), about)

    async def _count(self, limits: Sequence[Limit], tried: Sequence[PersonKey], about: RecordHeader) -> None:
        counted = [(one, [key]) for one, key in zip(limits, tried, strict=True) if one.most]
        found = uses([one for one, _ in counted], [key for _, key in counted], self.secret, about.requester)
        counts = await self.quotas.use([use for _, use in found]) if found else ()
        exceeded = [
            (one, use, count)
            for (one, use), count in zip(found, counts, strict=True)
            if count.times > one.most
        ]
        if not exceeded:
            return
        for one, use, count in exceeded:
            await self._record(one, use, count, about)
        one, _, count = max(exceeded, key=lambda found_: found_[2].ends_in)
        raise Throttled(one.rule, in_words(one), retry_after=count.ends_in, code=RefusalReason.UNUSUAL_VOLUME)

    async def _record(self, one: Limit, use: Use, count: UseCount, about: RecordHeader) -> None:
        """One record for each refused look-up; the first of a window is an alert."""
        (alerts,) = await self.quotas.use([Use(f"{use.key}:alert", use.seconds)])
        alert = alerts.times == 1
        notes = {"count": count.times, "seconds": one.seconds, **({"alert": True} if alert else {})}
        await self.recorder.write(
            about, Phase.REFUSAL, RefusalReason.UNUSUAL_VOLUME, rules=(one.rule,), notes=notes
        )
        if not alert:
            return
        self.recorder.metrics.alarm(one.rule.replace(":", "_"))
        log().error(
            "policy.unusual", exchange_id=about.exchange, requester=about.requester, agency=about.agency,
            rule_id=one.rule, count=count.times, seconds=one.seconds,
        )  # fmt: skip


def _limit(name: str, rate: str | None) -> Limit:
    rule = f"unusual:{name}"
    return Limit(rule, "lookup", 0, 0) if rate is None else limit(rule, "lookup", rate)
