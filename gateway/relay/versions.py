"""The versions of a dossier that a portal has forwarded: a late resend of a replaced one changes nothing.

A portal's messages have no version and no time of their own: an older message cannot be distinguished from a new one
that goes back to the same content. Portals resend; a citizen who goes back changes something, or withdraws.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.relay import DossierRow
from gateway.relay.contents import digest

#: versions that are remembered of one dossier; older ones are forgotten first
_MOST = 50


class SeenVersion(NamedTuple):
    """One version, as the portal sent it: no content, a keyed digest."""

    version: int
    #: month whose keys the digest is made with
    period: str
    #: hexadecimal
    digest: str


def with_version(
    found: DossierRow | None, keys: PeriodKeys, content: Mapping[str, Any], version: int
) -> list[tuple[int, str, str]]:
    """The versions of a dossier, oldest first, once `content` replaces what was found: as they are stored."""
    now = SeenVersion(version, keys.period, _as_sent(keys, content))
    seen = [] if found is None else _seen(found)
    return [(one.version, one.period, one.digest) for one in (*seen, now)[-_MOST:]]


async def replaced_version(
    keys_of: Callable[[str], Awaitable[PeriodKeys | None]], row: DossierRow, content: Mapping[str, Any]
) -> int:
    """The version with this content that a newer one has replaced; 0: it is new, or the last.

    `keys_of`: the keys of a month; what it raises passes.
    """
    seen, known = _seen(row), dict[str, str]()
    for place, one in reversed([*enumerate(seen)]):
        if one.period not in known:
            keys = await keys_of(one.period)
            known[one.period] = "" if keys is None else _as_sent(keys, content)
        if one.digest == known[one.period]:
            return one.version if place < len(seen) - 1 else 0
    return 0


def _seen(row: DossierRow) -> list[SeenVersion]:
    return [SeenVersion(*one) for one in orjson.loads(row.facts or b"{}").get("versions", ())]


def _as_sent(keys: PeriodKeys, content: Mapping[str, Any]) -> str:
    """Without what we added: the references of files that were fetched from their addresses."""
    dossier = dict(content["dossier"])
    if "papers" in dossier:
        dossier["papers"] = [
            {name: value for name, value in one.items() if name != "file" or not one.get("url")}
            for one in dossier["papers"]
        ]
    return digest(keys, {**content, "dossier": dossier}).hex()
