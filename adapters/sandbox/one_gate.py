"""A simulated provincial one-gate system: a client that pulls forwarded dossiers, acknowledges them and reports steps.

Promises: a dossier is acknowledged only after it is in the book; a delivery that comes again takes effect once; a
step is reported until it is answered. The book says codes, counts and digests, no personal data.
"""

import asyncio
import contextlib
import hashlib
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.sandbox.ledger import digest_of
from adapters.sandbox.loopback import is_on_loopback

SOURCE = "one_gate"
_STEPS = ("accepted", "processing", "processed", "handed_over")
_CONTENTS: Mapping[str, str] = {
    "accepted": "Tiếp nhận hồ sơ",
    "processing": "Đang xử lý",
    "processed": "Đã xử lý xong",
    "handed_over": "Đã trả kết quả",
}
_CALL_SECONDS = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_TOKEN_REFUSED = 401


class OneGateOrder(BaseModel):
    """How the simulated system works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway: str
    client_id: str = "one_gate"
    client_secret: str = "sandbox-only-one-gate"
    #: False: it only receives at its webhook
    pull: bool = True
    poll_seconds: float = Field(default=0.3, gt=0, le=60)
    page: int = Field(default=100, ge=1, le=1000)
    #: the last step that it reports; blank: none
    until: Literal["", "accepted", "processing", "processed", "handed_over"] = "handed_over"
    #: steps of a page in any order
    out_of_order: bool = False
    #: of the reports: sent a second time
    repeat_percent: float = Field(default=0, ge=0, le=100)
    #: of the pages: not acknowledged, so that they come again
    skip_ack_percent: float = Field(default=0, ge=0, le=100)
    #: download the files of a dossier that lie at the gateway
    fetch_files: bool = False
    official: str = "Cán bộ Thử"
    department: str = "Bộ phận một cửa"
    seed: int = 14

    @field_validator("gateway")
    @classmethod
    def _on_loopback(cls, gateway: str) -> str:
        if not is_on_loopback(gateway):
            raise ValueError("is no address on loopback")
        return gateway.rstrip("/")


@dataclass(slots=True, kw_only=True)
class ReceivedDossier:
    """A dossier that came by pull or webhook."""

    origin: str
    code: str
    procedure: str
    #: delivery -> how often it came
    deliveries: Counter[str] = field(default_factory=Counter)
    digests: list[str] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    #: status -> reports of it that were answered with success
    reported: Counter[str] = field(default_factory=Counter)
    files: int = 0
    files_broken: int = 0

    def row(self) -> dict[str, Any]:
        """The dossier as a row of the book."""
        return {
            "origin": self.origin,
            "code": self.code,
            "procedure": self.procedure,
            "deliveries": len(self.deliveries),
            "repeated": self.deliveries.total() - len(self.deliveries),
            "contents": len(set(self.digests)),
            "digests": list(self.digests),
            "ways": dict(self.ways),
            "acknowledged": self.acknowledged,
            "reported": dict(self.reported),
            "files": self.files,
            "files_broken": self.files_broken,
        }


class OneGate:
    """The system: its book, and the task that works while it is started."""

    def __init__(self) -> None:
        """Stopped, with an empty book."""
        self.received: dict[tuple[str, str], ReceivedDossier] = {}
        #: `<operation>.<status>`, `unanswered`, and verdicts on signatures
        self.counts: Counter[str] = Counter()
        self.order: OneGateOrder | None = None
        self._task: asyncio.Task[None] | None = None
        self._seen: set[str] = set()

    def start(self, order: OneGateOrder) -> None:
        """Work as ordered, instead of as before."""
        self._cancel()
        self.order = order
        if order.pull:
            self._task = asyncio.create_task(_Worker(self, order).run())

    async def stop(self) -> None:
        """End the work; the book stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def forget_all(self) -> None:
        """An empty book, and no work."""
        self._cancel()
        self.order = None
        self.received.clear()
        self.counts.clear()
        self._seen.clear()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def take(self, item: Mapping[str, Any], way: str) -> bool:
        """Enter a delivery in the book; whether it is new."""
        origin, code = _key_of(item)
        entry = self.received.get((origin, code))
        if entry is None:
            procedure = str(item.get("procedure") or "")
            entry = ReceivedDossier(origin=origin, code=code, procedure=procedure)
            self.received[origin, code] = entry
        delivery = str(item["delivery"])
        entry.deliveries[delivery] += 1
        entry.ways[way] += 1
        if delivery in self._seen:
            return False
        self._seen.add(delivery)
        entry.digests.append(digest_of(item.get("message")))
        return True

    def book(self, start: int, count: int, code: str = "") -> dict[str, Any]:
        """The book: sums, and rows from number `start` on, or of one code."""
        entries = list(self.received.values())
        shown = [one for one in entries if one.code == code] if code else entries[start : start + count]
        return {
            "working": self._task is not None and not self._task.done(),
            "totals": {
                "dossiers": len(entries),
                "deliveries": sum(len(one.deliveries) for one in entries),
                "repeated": sum(one.deliveries.total() - len(one.deliveries) for one in entries),
                "acknowledged": sum(one.acknowledged > 0 for one in entries),
                "reported": sum(one.reported.total() for one in entries),
                "finished": sum(one.reported[_STEPS[-1]] > 0 for one in entries),
                "files": sum(one.files for one in entries),
                "files_broken": sum(one.files_broken for one in entries),
            },
            "counts": dict(sorted(self.counts.items())),
            "from": start,
            "dossiers": [one.row() for one in shown],
        }


class _Worker:
    """One run of the work: pull, enter, acknowledge, report."""

    def __init__(self, gate: OneGate, order: OneGateOrder) -> None:
        self._gate = gate
        self._order = order
        self._draw = random.Random(order.seed)
        self._token = ""
        self._after = 0

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                if not await self._page(session):
                    self._after = 0
                    await asyncio.sleep(self._order.poll_seconds)

    async def _page(self, session: aiohttp.ClientSession) -> bool:
        """One page from pull to reports; whether there was one."""
        query = {"after": str(self._after), "count": str(self._order.page)}
        answer = await self._call(session, "GET", "inbox", params=query)
        items = [one for one in (answer or {}).get("items", []) if isinstance(one, dict)]
        if not items:
            return False
        fresh = [one for one in items if self._gate.take(one, "pull")]
        for item in items if self._order.fetch_files else ():
            await self._fetch(session, item)
        if self._draw.random() * 100 >= self._order.skip_ack_percent:
            await self._acknowledge(session, items)
        self._after = max((int(one.get("seq") or 0) for one in items), default=0)
        dossiers = dict.fromkeys(_key_of(one) for one in fresh if one.get("kind") == "dossier")
        await self._report(session, list(dossiers))
        return True

    async def _acknowledge(self, session: aiohttp.ClientSession, items: Sequence[Mapping[str, Any]]) -> None:
        body = {"deliveries": [one["delivery"] for one in items]}
        if await self._until_answered(session, "inbox/ack", body) is not None:
            for one in items:
                self._gate.received[_key_of(one)].acknowledged += 1

    async def _report(self, session: aiohttp.ClientSession, keys: Sequence[tuple[str, str]]) -> None:
        """One call for each step, with a row for each dossier that has not reported it yet."""
        if not keys or not self._order.until:
            return
        steps = list(_STEPS[: _STEPS.index(self._order.until) + 1])
        started = time.time()
        planned = [(step, started + number) for number, step in enumerate(steps)]
        if self._order.out_of_order:
            self._draw.shuffle(planned)
        for step, at in planned:
            still = [key for key in keys if not self._gate.received[key].reported[step]]
            if not still:
                continue
            body = {"entries": [self._entry(code, step, at) for _origin, code in still]}
            times = 2 if self._draw.random() * 100 < self._order.repeat_percent else 1
            for _ in range(times):
                if await self._until_answered(session, "progress", body) is not None:
                    for key in still:
                        self._gate.received[key].reported[step] += 1

    def _entry(self, code: str, step: str, at: float) -> dict[str, str]:
        return {
            "dossier": code,
            "official": self._order.official,
            "department": self._order.department,
            "at": datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z"),
            "content": _CONTENTS[step],
            "status": step,
        }

    async def _until_answered(
        self, session: aiohttp.ClientSession, what: str, body: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The answer; None when the gateway refuses for good (a 4xx that a repetition does not change)."""
        pause, key = _FIRST_PAUSE, digest_of(body)
        while True:
            answer = await self._call(session, "POST", what, body=body, key=key)
            if answer is not None:
                return None if "refused" in answer else answer
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _call(
        self,
        session: aiohttp.ClientSession,
        method: str,
        what: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> dict[str, Any] | None:
        """The JSON of a success, `{"refused": status}` for a 4xx, None when it is worth another try."""
        try:
            headers = {"Authorization": f"Bearer {await self._bearer(session)}"}
            if body is not None:
                headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
            url = f"{self._order.gateway}/v1/dossiers/{what}"
            data = None if body is None else orjson.dumps(body)
            async with session.request(method, url, params=params, data=data, headers=headers) as answer:
                content = await answer.read()
                self._gate.counts[f"{what}.{answer.status}"] += 1
                return self._judged(answer.status, content)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError):
            self._gate.counts[f"{what}.unanswered"] += 1
            return None

    def _judged(self, status: int, body: bytes) -> dict[str, Any] | None:
        if status < 300:
            words = orjson.loads(body)
            return words if isinstance(words, dict) else {}
        if status == _TOKEN_REFUSED:
            self._token = ""
        again = status >= 500 or status in {_TOKEN_REFUSED, 409, 429}
        return None if again else {"refused": status}

    async def _bearer(self, session: aiohttp.ClientSession) -> str:
        if not self._token:
            basic = aiohttp.encode_basic_auth(self._order.client_id, self._order.client_secret)
            form = {"grant_type": "client_credentials"}
            url = f"{self._order.gateway}/oauth2/token"
            async with session.post(url, data=form, headers={"Authorization": basic}) as answer:
                self._token = str((await answer.json())["access_token"])
        return self._token

    async def _fetch(self, session: aiohttp.ClientSession, item: Mapping[str, Any]) -> None:
        """Download the files that lie at the gateway; a digest that differs is counted."""
        entry = self._gate.received[_key_of(item)]
        message = item.get("message")
        papers = message.get("papers") if isinstance(message, dict) else None
        for paper in papers or ():
            url = str(paper.get("url") or "")
            if url.startswith("/"):
                url = self._order.gateway + url
            if not url.startswith(self._order.gateway + "/"):
                continue
            good = await _digest_at(session, url) == str(paper.get("file") or "").removeprefix("sha256:")
            entry.files += good
            entry.files_broken += not good


def _key_of(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("origin") or ""), str(item["code"])


async def _digest_at(session: aiohttp.ClientSession, url: str) -> str:
    digest = hashlib.sha256()
    try:
        async with session.get(url, allow_redirects=False) as answer:
            async for piece in answer.content.iter_chunked(65_536):
                digest.update(piece)
            return digest.hexdigest() if answer.status == 200 else ""
    except (aiohttp.ClientError, TimeoutError, OSError):
        return ""
