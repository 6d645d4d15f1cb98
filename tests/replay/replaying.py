"""Sends the recorded requests to two gateways of one house, and gives what each of them answered, noted and asked."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.replay import wire
from tests.replay.placeholders import replaced
from tests.replay.request import Request
from tests.replay.sides import Gateway, utc_now

_AGAIN_SECONDS = 10.0
_MEANWHILE_SECONDS = 0.5
#: after the last request: late answers and their records come, and records get their places in the log
_SETTLE_SECONDS = 4.0
#: no record of an exchange appears any more when none came for so long
_QUIET_SECONDS = 2.5


#: of an answer's signature (RFC 9421): digests, time and key
_SIGNED = re.compile(r':[\w+/=]+:|created=\d+|keyid="[^"]*"')


@dataclass(slots=True)
class Seen:
    """What one request met at one side."""

    sent_at: datetime
    #: the answer as text
    told: str
    #: source and operation -> calls that arrived while it was answered
    calls: dict[str, int] = field(default_factory=dict)
    #: its exchanges; one for each copy
    exchanges: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    def text(self) -> str:
        """Everything, with placeholders, one member a line."""
        parts = [self.told, *(f"calls: {name} {count}" for name, count in self.calls.items())]
        parts += [f"record: {one}" for one in self.records] or ["no record"]
        return "\n".join(_lines(replaced(part, self.sent_at)) for part in parts)


class Side:
    """One gateway, and the answers that it gave so far."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.answers: dict[str, Any] = {}

    async def ask(self, request: Request) -> Seen:
        """Send it, with the sources misbehaving as it says."""
        control = self.gateway.control
        for rule in request.misbehaving:
            await control("POST", "/misbehave", rule)
        before = await self.gateway.calls()
        sent_at = utc_now()
        try:
            seen, _ = await asyncio.gather(self._sent(request), self._meanwhile(request.meanwhile))
        except (OSError, TimeoutError, wire.Gone) as error:
            seen = Seen(sent_at, f"no answer: {type(error).__name__} {error}")
        except (KeyError, TypeError) as error:
            seen = Seen(sent_at, f"not sent: an earlier answer lacks {error}")
        after = await self.gateway.calls()
        if request.misbehaving:
            await control("DELETE", "/misbehave")
        seen.calls = {
            name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)
        }
        await asyncio.sleep(request.rest)
        return seen

    async def _meanwhile(self, request: Request | None) -> None:
        if request is not None:
            await asyncio.sleep(_MEANWHILE_SECONDS)
            await self._sent(request)

    async def _sent(self, request: Request) -> Seen:
        port, sent_at = self.gateway.port, utc_now()
        if request.whole is not None:
            answers, closed = await wire.all_answers(port, request.whole)
            told = "\n".join([*map(_told, answers), "closed" if closed else "kept open"])
            return Seen(sent_at, told, exchanges=tuple(one.header("x-exchange-id") for one in answers))
        sent = await self._message(request)
        if request.hangs_up:
            await wire.hang_up(port, sent, request.hangs_up)
            return Seen(sent_at, "the client went away", exchanges=(f"dossier {request.body['dossier']}",))
        answers = await asyncio.gather(*(wire.ask(port, sent) for _ in range(request.copies)))
        end = asyncio.get_running_loop().time() + _AGAIN_SECONDS
        while answers[0].status in request.again_while and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.2)
            answers = [await wire.ask(port, sent)]
        if answers[0].header("content-type").endswith("json"):
            self.answers[request.name] = json.loads(answers[0].body or b"null")
        told = "\n".join(sorted(replaced(_told(one), sent_at) for one in answers))
        return Seen(sent_at, told, exchanges=tuple(one.header("x-exchange-id") for one in answers))

    async def _message(self, request: Request) -> bytes:
        headers = {"Host": "gateway"}
        kind, _, client = request.client.rpartition(" ")
        if client:
            token = (
                self.gateway.basic(client)
                if kind == "basic"
                else f"Bearer {await self.gateway.token(client)}"
            )
            headers["Authorization"] = token
        body = request.body(self.answers) if callable(request.body) else request.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        headers = {name: value for name, value in (headers | dict(request.headers)).items() if value}
        path = request.path(self.answers) if callable(request.path) else request.path
        return wire.message(request.method, path, headers, body)


async def replay(
    requests: Sequence[Request], before: Gateway, now: Gateway
) -> Iterator[tuple[Request, str, str]]:
    """Each request with what the gateway before and the gateway now made of it, as comparable text."""
    sides = Side(before), Side(now)
    seen: list[tuple[Seen, Seen]] = []
    for request in requests:
        first, second = await asyncio.gather(*(side.ask(request) for side in sides))
        seen.append((first, second))
    await asyncio.sleep(_SETTLE_SECONDS)
    for place, side in enumerate(sides):
        mine = [one[place] for one in seen]
        leaves = await _whole_log(side.gateway, mine)
        for one in mine:
            one.records = tuple(_records(one, leaves))
    texts = ((first.text(), second.text()) for first, second in seen)
    return ((request, *pair) for request, pair in zip(requests, texts, strict=True))


def _records(seen: Seen, leaves: Mapping[str, list[str]]) -> list[str]:
    """The leaves of its exchanges, in order; those of copies sorted, because any of them may have been the first."""
    each = ["\n".join(replaced(leaf, seen.sent_at) for leaf in leaves.get(one, ())) for one in seen.exchanges]
    return [one for one in sorted(each) if one]


async def _whole_log(gateway: Gateway, seen: Sequence[Seen]) -> dict[str, list[str]]:
    """The records once no more of these exchanges come."""
    ours = {exchange for one in seen for exchange in one.exchanges if exchange}
    count = -1
    while True:
        leaves = await gateway.leaves()
        leaves |= {f"dossier {json.loads(found[0])['dossier']}": found for found in leaves.values()}
        found = sum(len(leaves.get(one, ())) for one in ours)
        if found == count:
            return leaves
        count = found
        await asyncio.sleep(_QUIET_SECONDS)


def _told(answer: wire.Answer) -> str:
    """Status line, header fields in the order of their names, body."""
    fields = sorted((name.lower(), value) for name, value in answer.headers)
    shown = [f"{name}: {_field(name, value, answer)}" for name, value in fields]
    return "\n".join([answer.status_line, *shown, "", answer.body.decode("utf-8", "backslashreplace")])


def _field(name: str, value: str, answer: wire.Answer) -> str:
    match name:
        case "date":
            return "<date>"
        case "content-digest" | "signature" | "signature-input":
            return _SIGNED.sub("<signed>", value)
        case "retry-after":
            return "<number>"
        # its body may differ in length where times are measured; that it is its own length is known by now
        case "content-length" if answer.body:
            return "<length>"
        case _:
            return value


def _lines(text: str) -> str:
    """JSON with each member on a line of its own, nothing else changed."""
    return re.sub(r'(?<=[,{\[])(?=["{\[<])', "\n  ", text)
