"""How long the newest answers of a provider took."""

_RING = 256
_QUANTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))


class Latencies:
    """The newest durations in a ring; quantiles are worked out when somebody asks."""

    __slots__ = ("_next", "_ring")

    def __init__(self) -> None:
        """Starts empty."""
        self._ring: list[float] = []
        self._next = 0

    def add(self, seconds: float) -> None:
        """Remember one duration, forget the oldest."""
        if len(self._ring) < _RING:
            self._ring.append(seconds)
        else:
            self._ring[self._next] = seconds
            self._next = (self._next + 1) % _RING

    def quantiles(self) -> dict[str, float]:
        """`p50`, `p95`, `p99` in milliseconds; empty before the first duration."""
        if not self._ring:
            return {}
        ordered = sorted(self._ring)
        last = len(ordered) - 1
        return {name: round(ordered[round(share * last)] * 1_000, 3) for name, share in _QUANTILES}
