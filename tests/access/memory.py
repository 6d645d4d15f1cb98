"""What access remembers, for a test that opens no store."""

from collections.abc import Sequence

from gateway.ports.access import Revoked


class Replays:
    def __init__(self) -> None:
        self.shown: set[bytes] = set()

    async def first(self, key: bytes, until: float) -> bool:
        assert until > 0
        new = key not in self.shown
        self.shown.add(key)
        return new

    async def close(self) -> None:
        return


class Rows:
    def __init__(self) -> None:
        self.rows: list[Revoked] = []

    async def add(self, kind: str, name: str, at: float, until: float) -> None:
        assert until > at
        self.rows.append(Revoked(len(self.rows) + 1, kind, name, at))

    async def since(self, seq: int) -> Sequence[Revoked]:
        return self.rows[seq:]

    async def close(self) -> None:
        return
