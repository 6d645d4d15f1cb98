"""The token check (BENCHMARKS, row "token check"): the first look, the next ones, and DPoP with its proof remembered.

python -m tests.bench.tokens
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from gateway.access.certificates import thumbprint
from gateway.access.service import AccessService
from gateway.app import SystemClock
from gateway.composition.access import assembled
from gateway.config.configuration import load
from gateway.jose.jwk import thumbprint as key_thumbprint
from tests.access.signing import Key, jwk, p256, proof
from tests.stores.opened import open_replays, open_revocations

ROOT = Path(__file__).parents[2]
ISSUER = "https://motlan.example"
URL = "sqlite:///exchange.db"
DER = os.urandom(900)
_ROUNDS = 5
_TIMES = 2_000


@dataclass(slots=True)
class _Call:
    authorization: tuple[str, ...]
    proofs: tuple[str, ...] = ()
    certificate: bytes | None = None
    method: str = "GET"
    issuer: str = ISSUER
    target: str = "/v1/sources"


def main() -> None:
    """Print a table, then one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        figures = uvloop.run(_measured(Path(folder)))
    for name, (wall, cpu) in figures.items():
        print(f"{name:58}{wall:9.1f} us{cpu:9.1f} us CPU")
    print(json.dumps({"bench": "tokens", "cpus": os.cpu_count(), "figures": figures}))


async def _measured(folder: Path) -> dict[str, tuple[float, float]]:
    replays, rows = open_replays(URL, folder), open_revocations(URL, folder)
    access = assembled(load(ROOT / "config"), folder, SystemClock(), replays, rows)
    plain, bound = _Call((f"Bearer {_minted(access)}",)), p256()
    certain = _Call((f"Bearer {_minted(access, certificate=thumbprint(DER))}",), certificate=DER)
    figures = {}
    for name, ask in {
        "first look at a bearer token": _first(access),
        "bearer token, seen before": lambda _: access.admit(plain),
        "token of a certificate, seen before": lambda _: access.admit(certain),
        "DPoP, 1 at a time, proof remembered in SQLite": await _proven(access, bound),
    }.items():
        figures[name] = await _median(ask, access)
    crowd = await _proven(access, bound)
    figures["DPoP, 32 at a time, proof remembered in SQLite"] = await _median_of_crowd(crowd, access)
    await replays.close()
    await rows.close()
    return figures


def _minted(access: AccessService, *, key: str = "", certificate: str = "") -> str:
    known = access.requesters.client("portal")
    assert known is not None
    bound = {name: word for name, word in {"jkt": key, "x5t#S256": certificate}.items() if word}
    return access.tokens.mint(known.requester, "portal", ISSUER, bound)


def _first(access: AccessService) -> Callable[[int], Awaitable[object]]:
    calls = [_Call((f"Bearer {_minted(access)}",)) for _ in range(_ROUNDS * _TIMES)]
    return lambda number: access.admit(calls[number])


async def _proven(access: AccessService, bound: Key) -> Callable[[int], Awaitable[object]]:
    token = _minted(access, key=key_thumbprint(jwk(bound)))
    nonce, url = access.nonces.fresh(), f"{ISSUER}/v1/sources"
    shown = [proof(bound, "GET", url, nonce, token) for _ in range(_ROUNDS * _TIMES)]
    return lambda number: access.admit(_Call((f"DPoP {token}",), (shown[number],)))


async def _median(ask: Callable[[int], Awaitable[object]], access: AccessService) -> tuple[float, float]:
    """Microseconds of the wall and of the processor."""
    found = []
    for start in range(0, _ROUNDS * _TIMES, _TIMES):
        await access.revocations.refresh()
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(start, start + _TIMES):
            await ask(number)
        found.append(_each(wall, cpu))
    return _middle(found)


async def _median_of_crowd(
    ask: Callable[[int], Awaitable[object]], access: AccessService
) -> tuple[float, float]:
    found = []
    for start in range(0, _ROUNDS * _TIMES, _TIMES):
        await access.revocations.refresh()
        wall, cpu = time.perf_counter(), time.process_time()
        for first in range(start, start + _TIMES, 32):
            await asyncio.gather(*map(ask, range(first, min(first + 32, start + _TIMES))))
        found.append(_each(wall, cpu))
    return _middle(found)


def _each(wall: float, cpu: float) -> tuple[float, float]:
    return (time.perf_counter() - wall) / _TIMES * 1e6, (time.process_time() - cpu) / _TIMES * 1e6


def _middle(found: list[tuple[float, float]]) -> tuple[float, float]:
    return round(statistics.median(one[0] for one in found), 1), round(
        statistics.median(one[1] for one in found), 1
    )


if __name__ == "__main__":
    main()
