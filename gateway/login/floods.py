"""Counts what browsers of one address begin and bring back, and what one session asks of pages.

A flood of attempts fills neither store nor log; an account that reloads a page in a loop takes no time from others.

Many people share an address (carriers, offices), so the limit is wide; above it nothing is stored and nothing recorded.
"""

from hashlib import blake2s
from ipaddress import IPv6Address, ip_address

from gateway.policy.rates import limit
from gateway.ports.policy import Quotas, Use

_KEY_BYTES = 12
#: one customer of a carrier has at least so many bits of an IPv6 network (RFC 6177)
_NETWORK_BITS = 64


class PageRate:
    """Counts what one session asks of the pages, under keyed digests."""

    def __init__(self, quotas: Quotas, secret: bytes, rate: str | None) -> None:
        """`rate`: such as `300/minute`; None: nothing is counted."""
        self._quotas = quotas
        self._secret = secret
        #: None: nothing is counted
        self.limit = None if rate is None else limit("pages:session", "requester", rate)

    async def seconds_above(self, session: str) -> int:
        """Seconds until this session may ask again; 0: this request is within the limit."""
        if self.limit is None:
            return 0
        key = blake2s(session.encode(), key=self._secret, digest_size=_KEY_BYTES).hexdigest()
        (count,) = await self._quotas.use([Use(f"page:{key}", self.limit.seconds, within="pages")])
        return count.ends_in if count.times > self.limit.most else 0


class Floods:
    """Counts requests by address, under keyed digests."""

    def __init__(self, quotas: Quotas, secret: bytes, rate: str | None) -> None:
        """`rate`: such as `3000/minute`; None: nothing is counted."""
        self._quotas = quotas
        self._secret = secret
        self._limit = None if rate is None else limit("logins:address", "requester", rate)

    async def is_above(self, address: str) -> int:
        """Seconds until requests of this address count again; 0: this one is within the limit."""
        if self._limit is None or not address:
            return 0
        key = blake2s(_network(address).encode(), key=self._secret, digest_size=_KEY_BYTES).hexdigest()
        (count,) = await self._quotas.use([Use(f"login:{key}", self._limit.seconds, within="logins")])
        return count.ends_in if count.times > self._limit.most else 0


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> (128 - _NETWORK_BITS))
    return str(getattr(found, "ipv4_mapped", None) or found)
