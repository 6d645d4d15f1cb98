"""Lists that come in pages: the whole list or none, whatever the provider does."""

import asyncio
import contextlib
import hashlib
import json
import random
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources import paging, rest
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import answer, soon, tools
from tests.adapters.test_rest import ask, plan_of, query_of, settings_of

LISTED = {
    "status": "ma",
    "statuses": {"0": "found", "1": "not_found"},
    "found_when": "ten",
    "envelope": ["page.total", "page.more", "page.at"],
    "attributes": {"names": {"path": "data.items", "transform": "as_list"}},
}
WORDS = {"ten": {"from": "subject.full_name"}}
#: way -> its words
WAYS: dict[str, dict[str, Any]] = {
    "number": {"by": "number", "place": "page", "total_at": "page.total"},
    "number from 0, until an empty page": {"by": "number", "place": "page", "first": 0},
    "number, with more": {
        "by": "number",
        "place": "page",
        "more_at": "page.more",
        "size_place": "size",
        "size": 3,
    },
    "offset": {"by": "offset", "place": "skip"},
    "cursor": {"by": "cursor", "place": "after", "next_at": "page.cursor"},
    "next": {"by": "next", "next_at": "page.next"},
    "link": {"by": "link"},
}
Change = Callable[[int, dict[str, Any], dict[str, str]], None]


class Listing:
    """A provider of a list: `size` rows a page, whatever is asked for."""

    def __init__(self, rows: list[str], size: int, change: Change | None = None) -> None:
        """`change` may change body and headers of the page with that number of its call."""
        self.rows, self.size = rows, size
        self.change = change
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.targets: list[str] = []
        self.bodies: list[bytes] = []
        self.first = 1
        #: before the first answer over a connection
        self.seconds = 0.0
        self.tasks: list[Any] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await asyncio.sleep(self.seconds)
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *fields = head.decode().split("\r\n")
                length = next((int(f[15:]) for f in fields if f.lower().startswith("content-length:")), 0)
                body = await reader.readexactly(length)
                writer.write(self.page(line.split(" ")[1], body))
                await writer.drain()
        writer.close()

    def page(self, target: str, body: bytes) -> bytes:
        parts = urlsplit(target)
        said = {name: one[0] for name, one in parse_qs(parts.query).items()} | (
            json.loads(body) if body else {}
        )
        self.asked.append((parts.path, said))
        self.targets.append(target)
        size = min(self.size, int(said.get("size", self.size)))
        if "page" in said:
            begin = (int(said["page"]) - self.first) * size
        else:
            begin = int(said.get("skip") or said.get("after") or 0)
        end = begin + size
        more = end < len(self.rows)
        tree: dict[str, Any] = {
            "ma": "0", "ten": "x", "data": {"items": self.rows[begin:end], "other": 1},
            "page": {"total": len(self.rows), "more": more, "cursor": str(end) if more else None,
                     "next": f"/base/look?after={end}" if more else "", "at": begin},
        }  # fmt: skip
        headers = {"Link": f'<?after=0>; rel="first", <?a=1,2&after={end}>; rel="x next"'} if more else {}
        if self.change is not None:
            self.change(len(self.asked), tree, headers)
        status = tree.pop("status", "200 OK")
        self.bodies.append(json.dumps(tree).encode())
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return answer(self.bodies[-1], status=status, more=lines)


@contextlib.asynccontextmanager
async def served(listing: Listing) -> AsyncIterator[str]:
    server = await asyncio.start_server(listing.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    finally:
        server.close()
        for task in listing.tasks:
            task.cancel()
        await asyncio.gather(*listing.tasks)
        await server.wait_closed()


async def listed(
    listing: Listing, pages: Mapping[str, Any], service: Mapping[str, Any] | None = None, **more: Any
) -> SourceAnswer:
    listing.first = pages.get("first", 1)
    async with served(listing) as url:
        words = {"method": "GET", "pages": {"list_at": "data.items", **pages}, **(service or {})}
        given = settings_of(url, words, **more)
        source = rest.open_source(given, {"look": plan_of(WORDS, LISTED)}, tools())
        try:
            return await landed_from(source, query_of(full_name="Lê")._replace(attributes=("names",)), soon())
        finally:
            await source.close()


def rows_of(number: int) -> list[str]:
    return [f"T{n}" for n in range(number)]


def why(got: SourceAnswer) -> tuple[Outcome, list[FaultCode]]:
    return got.outcome, [fault.code for fault in got.faults]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 24), st.integers(3, 9))
def test_pages_of_any_size_make_the_whole_list_in_its_order(way: str, number: int, size: int) -> None:
    listing = Listing(rows_of(number), size)
    got = asyncio.run(listed(listing, WAYS[way]))
    assert got.outcome is Outcome.FOUND
    assert got.values.get("names", []) == rows_of(number)
    sent = [said.get("ten") for _, said in listing.asked]
    assert sent[0] == "Lê"
    assert len(listing.asked) <= number // 3 + 2


@pytest.mark.parametrize("way", WAYS)
async def test_digest_is_that_of_all_pages_in_their_order(way: str) -> None:
    listing = Listing(rows_of(7), 3)
    got = await listed(listing, WAYS[way])
    each = [hashlib.sha256(body).digest() for body in listing.bodies]
    assert len(each) in (3, 4)
    assert got.response_digest == hashlib.sha256(b"".join(each)).digest()
    assert len(got.request_digest) == 32
    alone = Listing(rows_of(2), 3)
    got = await listed(alone, WAYS["cursor"])
    assert got.response_digest == hashlib.sha256(alone.bodies[0]).digest()


async def test_place_of_the_page_stands_in_a_body_too() -> None:
    listing = Listing(rows_of(7), 3)
    pages = {"by": "number", "place": "page", "size_place": "size", "size": 2, "total_at": "page.total"}
    got = await listed(listing, pages, {"method": "POST"})
    assert got.values["names"] == rows_of(7)
    assert [said["page"] for _, said in listing.asked] == [1, 2, 3, 4]
    assert {said["size"] for _, said in listing.asked} == {2}


def change(number: int, **members: Any) -> Change:
    """At this call the page is another one: `a.b=…` as `a__b`."""

    def made(call: int, tree: dict[str, Any], headers: dict[str, str]) -> None:
        if call != number:
            return
        for name, value in members.items():
            inner = tree
            *outer, last = name.split("__")
            if outer == ["header"]:
                headers[last] = value
                continue
            for one in outer:
                inner = inner[one]
            if value is None:
                inner.pop(last)
            else:
                inner[last] = value

    return made


UNREADABLE, REPEATED = FaultCode.PAGE_UNREADABLE, FaultCode.PAGE_REPEATED
LATE = Outcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("way", "changed", "outcome", "fault"),
    [
        # the list is missing, or the answer is another one
        ("cursor", change(2, data__items=None), Outcome.INVALID, UNREADABLE),
        ("cursor", change(2, data__items="T3"), Outcome.INVALID, UNREADABLE),
        ("cursor", change(1, data__items=None), Outcome.INVALID, UNREADABLE),
        ("number, with more", change(1, data__items=None), Outcome.INVALID, UNREADABLE),
        ("number from 0, until an empty page", change(1, data__items=None), Outcome.INVALID, UNREADABLE),
        ("offset", change(2, ma="1", data={"items": []}), Outcome.INVALID, UNREADABLE),
        # there are not as many as it says, or another number while they came
        ("number", change(2, page__total=8), Outcome.INVALID, UNREADABLE),
        ("number", change(3, data__items=["T6", "T7"]), Outcome.INVALID, UNREADABLE),
        # a page comes twice, or leads back
        ("cursor", change(2, page__cursor="3"), Outcome.INVALID, REPEATED),
        ("next", change(2, page__next="/base/look?after=3"), Outcome.INVALID, REPEATED),
        ("offset", change(2, data__items=["T0", "T1", "T2"], page__at=0, page__next="/base/look?after=3",
                          page__cursor="3"), Outcome.INVALID, REPEATED),
        # a next page elsewhere
        ("next", change(1, page__next="http://other.example/base/look?after=3"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="//other.example/base/look"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="https://127.0.0.1/base/look"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="/other/look?after=3"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="/base/../other"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="/base/look?x=\u00e9"), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next="/base/look?x=" + "a" * 9_000), Outcome.INVALID, UNREADABLE),
        ("link", change(1, header__Link="<http://127.0.0.1:1/base/look>; rel=next"), Outcome.INVALID, UNREADABLE),
        ("link", change(1, header__Link="</base/look?after=3>; rel=next, nonsense"), Outcome.FOUND, None),
        ("link", change(1, header__Link="nonsense, </base/look?after=3>; rel=next"), Outcome.INVALID, UNREADABLE),
        ("link", change(1, header__Link='</base/look?after=3>; rel="next'), Outcome.INVALID, UNREADABLE),
        ("next", change(1, page__next={"href": "/base/look?after=3"}), Outcome.INVALID, UNREADABLE),
        ("cursor", change(1, page__cursor=True), Outcome.INVALID, UNREADABLE),
        # a page that says something else than a number, or than true and false
        *(("number", change(1, page__total=total), Outcome.INVALID, UNREADABLE) for total in ("1 000", -1, 12.0)),
        *(("number, with more", change(1, page__more=more), Outcome.INVALID, UNREADABLE) for more in (1, "yes")),
        # what a later page says of nobody is no answer
        ("cursor", change(2, status="404 Not Found"), Outcome.INVALID, UNREADABLE),
        ("cursor", change(2, loi="NO_ONE"), Outcome.INVALID, UNREADABLE),
        ("cursor", change(2, status="503 X"), LATE, FaultCode.HTTP_STATUS),
        ("cursor", change(2, loi="BUSY"), LATE, FaultCode.FAULT),
    ],
)  # fmt: skip
async def test_list_that_is_not_whole_is_none(
    way: str, changed: Change, outcome: Outcome, fault: FaultCode | None
) -> None:
    options = {
        "http": {"404": "not_found"},
        "fault_code": "loi",
        "faults": {"NO_ONE": "not_found", "BUSY": "busy"},
    }
    got = await listed(Listing(rows_of(7), 3, changed), WAYS[way], options=options)
    assert why(got) == (outcome, [fault] if fault else [])
    assert got.values == ({} if fault else {"names": rows_of(7)})


@pytest.mark.parametrize(
    "header",
    [
        "<a>;" * 16_000,
        '<a>;x="' * 9_000,
        "<a>" + " " * 60_000,
        "<a>" + ";x" * 30_000 + "!",
        "<" * 60_000,
        "," * 60_000,
    ],
)
def test_link_of_any_form_is_read_in_one_pass(header: str) -> None:
    """Each takes milliseconds; a scan that began anew at each bracket took a minute."""
    paging._next_link(header)


async def test_secret_in_an_address_that_the_provider_repeats_is_sent_once() -> None:
    auth = {"kind": "api_key", "in_query_as": "key", "secret": {"value": "a secret"}}
    listing = Listing(rows_of(7), 3, change(1, page__next="/base/look?key=a+secret&after=3"))
    got = await listed(listing, WAYS["next"], auth=auth)
    assert got.values["names"] == rows_of(7)
    assert listing.targets[1] == "/base/look?after=3&key=a+secret"


async def test_relative_address_is_one_of_the_page_before() -> None:
    got = await listed(Listing(rows_of(7), 3, change(1, page__next="?after=3")), WAYS["next"])
    assert got.values["names"] == rows_of(7)
    got = await listed(Listing(rows_of(7), 3, change(1, page__next="look?after=3#x")), WAYS["next"])
    assert got.values["names"] == rows_of(7)


@pytest.mark.parametrize("way", WAYS)
async def test_more_than_the_bound_is_too_much(way: str) -> None:
    for rows, bound in ((13, {"most_pages": 4}), (12, {"most_rows": 11}), (31, {})):
        got = await listed(Listing(rows_of(rows), 3), {**WAYS[way], **bound})
        assert why(got) == (Outcome.INVALID, [FaultCode.LIST_TOO_LONG]), (rows, bound)
    long = [f"{n:0>400}" for n in range(9)]
    got = await listed(Listing(long, 3), WAYS[way], limits={"answer_bytes": 3_000})
    assert why(got) == (Outcome.INVALID, [FaultCode.LIST_TOO_LONG])


async def test_provider_that_knows_no_pages_is_not_taken_for_a_longer_list() -> None:
    def always_all(_: int, tree: dict[str, Any], __: dict[str, str]) -> None:
        tree["data"]["items"], tree["page"] = rows_of(5), {}

    got = await listed(Listing(rows_of(5), 5, always_all), WAYS["offset"])
    assert why(got) == (Outcome.INVALID, [FaultCode.PAGE_REPEATED])


async def test_all_pages_together_have_the_time_of_one_call() -> None:
    listing = Listing(rows_of(20), 3)
    listing.seconds = 0.3

    def cut(_: int, __: dict[str, Any], headers: dict[str, str]) -> None:
        headers["Connection"] = "close"

    listing.change = cut
    got = await listed(listing, WAYS["cursor"], limits={"total_ms": 700})
    assert (got.outcome, got.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT)
    assert len(listing.asked) < 7


async def test_nobody_found_needs_no_list() -> None:
    got = await listed(Listing([], 3, change(1, ma="1", ten=None, data=None)), WAYS["cursor"])
    assert why(got) == (Outcome.NOT_FOUND, [])


async def test_large_list_is_read_as_well() -> None:
    rows = [f"{n:0>900}" for n in range(60)]
    random.Random(1).shuffle(rows)
    got = await listed(Listing(rows, 20), WAYS["next"])
    assert got.values["names"] == rows


async def test_list_that_nobody_had_time_to_read_is_busy_at_the_end() -> None:
    free = threading.Event()
    shared = tools()
    begun = shared.heavy.begin(free.wait, 20)
    async with served(Listing([f"{n:0>900}" for n in range(60)], 20)) as url:
        words = {"method": "GET", "pages": {"list_at": "data.items", **WAYS["next"]}}
        source = rest.open_source(settings_of(url, words), {"look": plan_of(WORDS, LISTED)}, shared)
        query = query_of(full_name="Lê")._replace(attributes=("names",))
        got = await landed_from(source, query, soon(0.5))
        free.set()
        await begun
        await source.close()
    assert (got.outcome, got.reason, got.retry_in) == (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY, 1)


async def test_asker_that_fails_is_answered_once() -> None:
    answers: list[SourceAnswer] = []

    def landed(got: SourceAnswer) -> None:
        answers.append(got)
        raise ValueError

    async with served(Listing(rows_of(4), 3)) as url:
        words = {"method": "GET", "pages": {"list_at": "data.items", **WAYS["next"]}}
        source = rest.open_source(settings_of(url, words), {"look": plan_of(WORDS, LISTED)}, tools())
        source.ask(query_of(full_name="Lê")._replace(attributes=("names",)), soon(), landed)
        while not answers:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await source.close()
    assert [got.outcome for got in answers] == [Outcome.FOUND]


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("pages", "service", "words"),
    [
        ({"by": "number"}, {}, "'by: number' needs 'place'"),
        ({"by": "cursor", "place": "after"}, {}, "'by: cursor' needs 'next_at'"),
        ({"by": "link", "next_at": "x"}, {}, "'by: link' has no use for 'next_at'"),
        ({"by": "number", "place": "p", "size": "20"}, {}, "'size' is asked for nowhere"),
        ({"by": "nmber", "place": "p"}, {}, "number"),
        ({"by": "number", "place": "p", "most_pages": "101"}, {}, "less than or equal to 100"),
        ({"by": "number", "place": "p", "most_rows": "1001"}, {}, "less than or equal to 1000"),
        ({"by": "number", "place": "ten"}, {}, "writes too"),
        ({"by": "next", "next_at": "n"}, {"method": "POST"}, "this request has a body"),
        ({"by": "link", "list_at": "data.itms"}, {}, "did you mean 'data.items'?"),
        ({"by": "link", "list_at": "data[0]"}, {}, "list_at"),
    ],
)
def test_pages_that_cannot_be_followed_are_named_at_the_start(
    pages: dict[str, Any], service: dict[str, Any], words: str
) -> None:
    def start() -> None:
        service_words = {"method": "GET", "pages": {"list_at": "data.items", **pages}, **service}
        given = settings_of("http://127.0.0.1:9", service_words)
        rest.open_source(given, {"look": plan_of(WORDS, LISTED)}, tools())

    with pytest.raises((ConfigError, ValueError)) as refused:
        start()
    assert words in str(refused.value)


async def test_source_with_pages_answers_without_them_too() -> None:
    """The service without pages of a source that has some."""
    words = {"look": {"path": "/look", "method": "GET", "pages": {"by": "link", "list_at": "data.items"}},
             "other": {"path": "/other", "method": "GET"}}  # fmt: skip
    async with served(Listing(rows_of(2), 5)) as url:
        plans = {name: plan_of(WORDS, LISTED) for name in words}
        source = rest.open_source(settings_of(url, services=words), plans, tools())
        got = await ask(source)
        await source.close()
    assert got.outcome is Outcome.FOUND
