"""A list that a provider gives in pages, asked for page by page and read as one answer.

Promises: the whole list or none. More than the bounds, a page that comes twice, a page without its list, a next page at
another place, or fewer rows than the provider says is `invalid`, never a list that was cut. All pages together have the
time of one call. Digests are those of all pages in their order.
"""

import hashlib
import re
from asyncio import Future, TimerHandle, get_running_loop
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from adapters.sources.provider import ProviderSource, SourceSpeech, fault_answer
from adapters.transport.breaker import Behalf
from adapters.transport.call import LARGE_BYTES, AnswerReading, Auth, HttpPeer, ProviderCall, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import busy_here, defect_here
from gateway.domain.evidence import SAID, AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.paths import compile_path
from gateway.mapping.source import ServicePlan
from gateway.ports.clock import Clock

if TYPE_CHECKING:
    from gateway.config.configuration import PagingSettings

#: one link-value of RFC 8288, with its comma; another one may not begin inside it
_LINK = re.compile(r'[\s,]*<([^<>]*)>((?:\s*;\s*[^\s;,="<>]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"<>]*))?)*)\s*(?:,|$)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_LONGEST_ADDRESS = 8_000
_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"[!-~]*")


def _broken(code: FaultCode) -> SourceAnswer:
    return failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, AnswerFault(code))


class PageAsked(NamedTuple):
    """One page of a query."""

    query: SourceQuery
    #: places of the request that choose the page
    places: Mapping[str, object]
    #: or the address of the page, from the source's own on
    target: str = ""


class PageRead(NamedTuple):
    """What one page says."""

    tree: object
    #: None: there is no list
    rows: list[object] | None
    status: object = None
    #: cursor or address of the next page; blank: none; None: it cannot be read
    following: str | None = ""
    #: how many rows there are altogether; None: it does not say
    total: int | None = None
    #: whether it says that there are more
    more: bool | None = None


class PageSpeech(SourceSpeech, Protocol):
    """How a provider is asked, for pages too, and how a list that is whole is read."""

    def write_page(self, asked: PageAsked) -> Wire:
        """The request. Raises ProviderError."""

    def tree_of(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer] | object:
        """The tree of an answer; or what it means, where it is none, states a fault or wants a new token."""

    def whole(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """The evidence in a whole answer."""


class Paging:
    """The words `pages` of one service, compiled."""

    def __init__(self, words: "PagingSettings", url: str, plan: ServicePlan) -> None:
        """`url`: the source's, below which a next page must be."""
        self.words = words
        self.names = tuple(filter(None, words.list_at.split(".")))
        self.rows = compile_path(words.list_at)
        self._status = compile_path(plan.mapping.answer.status) if plan.mapping.answer.status else None
        self._next = compile_path(words.next_at) if words.next_at else None
        self._total = compile_path(words.total_at) if words.total_at else None
        self._more = compile_path(words.more_at) if words.more_at else None
        self._url = url.rstrip("/")

    def first(self, query: SourceQuery) -> PageAsked:
        """What the first page is asked by."""
        return PageAsked(query, self._places(self.words.first if self.words.by == "number" else 0))

    def _places(self, at: int | str) -> Mapping[str, object]:
        words = self.words
        places: dict[str, object] = {}
        if words.place and (words.by != "cursor" or at):
            places[words.place] = at
        if words.size_place:
            places[words.size_place] = words.size
        return places

    def read(self, tree: object, link: bytes) -> PageRead:
        """What a page says; `link`: its header Link."""
        rows, status = self.rows(tree), None if self._status is None else self._status(tree)
        rows = rows if isinstance(rows, list) else None
        try:
            total = _count(self._total and self._total(tree))
            more = _said(self._more and self._more(tree))
        except ValueError:
            return PageRead(tree, rows, status, None)
        return PageRead(tree, rows, status, self._following(tree, link), total, more)

    def _following(self, tree: object, link: bytes) -> str | None:
        if self.words.by == "link":
            return _next_link(link.decode("latin-1"))
        found = None if self._next is None else self._next(tree)
        if found is None or found is False:
            return ""
        return str(found).strip() if type(found) in (str, int) else None

    def after(
        self, asked: PageAsked, page: PageRead, rows: int, number: int, target: str
    ) -> PageAsked | None:
        """What follows `number` pages with `rows` rows, the last at `target`; None: nothing. ValueError: elsewhere."""
        words, ended = self.words, page.more is False or (page.total is not None and rows >= page.total)
        if words.by in ("number", "offset"):
            if ended or not page.rows:
                return None
            return asked._replace(places=self._places(words.first + number if words.by == "number" else rows))
        if not page.following:
            return None
        if words.by == "cursor":
            return asked._replace(places=self._places(page.following))
        return asked._replace(places={}, target=self._below(page.following, target))

    def _below(self, address: str, current: str) -> str:
        """The target of an address below the source's own. Raises ValueError for any other."""
        parts, own = urlsplit(urljoin(self._url + current, address)), urlsplit(self._url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if (
            _origin(parts) != _origin(own)
            or parts.username is not None
            or not target.startswith((own.path + "/", own.path + "?"))
            or "/../" in f"{parts.path}/"
            or len(target) > _LONGEST_ADDRESS
            or not _TARGET.fullmatch(target)
        ):
            raise ValueError("elsewhere")
        return target[len(own.path) :]

    def joined(self, tree: object, rows: list[object]) -> object:
        """The first page's tree with all rows at the place of its list."""
        if not self.names:
            return rows
        out: dict[str, object] = dict(tree) if isinstance(tree, dict) else {}
        at = out
        for name in self.names[:-1]:
            inner = at[name]
            at[name] = inner = dict(inner) if isinstance(inner, dict) else {}
            at = inner
        at[self.names[-1]] = rows
        return out


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)


def _next_link(header: str) -> str | None:
    """The address of `rel=next` (RFC 8288); blank: there is none; None: the header cannot be read."""
    at, header = 0, header.rstrip(" \t,")
    while at < len(header):
        link = _LINK.match(header, at)
        if link is None:
            return None
        rel = _REL.search(link[2])
        if rel and "next" in (rel[1] or rel[2] or "").lower().split():
            return link[1]
        at = link.end()
    return ""


def _without(target: str, ending: str) -> str:
    """An address of the provider's without the secret that it may repeat: the call adds it again."""
    path, mark, query = target.partition("?")
    if not ending or not mark:
        return target
    secret = ending.split("&")
    kept = "&".join(pair for pair in query.split("&") if pair not in secret)
    return f"{path}?{kept}" if kept else path


def _count(value: object) -> int | None:
    """How many rows a page says; None: nothing. Raises ValueError for what is no number."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if type(value) is not int or value < 0:
        raise ValueError("no number")
    return value


def _said(value: object) -> bool | None:
    """What a page says; None: nothing. Raises ValueError for what is neither true nor false."""
    if value is None or value == "":
        return None
    said = {"true": True, "false": False}.get(str(value).lower())
    if said is None:
        raise ValueError("neither true nor false")
    return said


class PagedSource(ProviderSource):
    """A source of which some services answer in pages."""

    def __init__(
        self, peer: HttpPeer, auth: Auth, clock: Clock, speech: PageSpeech, paged: Mapping[str, Paging]
    ) -> None:
        """`paged`: service -> its paging."""
        super().__init__(peer, auth, clock, speech)
        self._pages = speech
        self._paged = paged

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """The provider's answer, or the outcome that says why there is none."""
        paging = self._paged.get(query.service)
        if paging is None:
            super().ask(query, end, landed)
            return

        def note(answer: SourceAnswer) -> None:
            self._health.note(answer)
            landed(answer)

        by = min(end, get_running_loop().time() + self._peer.total_seconds)
        PagedQuery(self._peer, self._auth, self._pages, paging, note).begin(query, by)


class PagedQuery:
    """One query, page by page: a call for each, the next when the one before has landed."""

    def __init__(
        self,
        peer: HttpPeer,
        auth: Auth,
        pages: PageSpeech,
        paging: Paging,
        landed: Callable[[SourceAnswer], None],
    ) -> None:
        """`landed` is called once."""
        self._peer, self._auth, self._pages, self._paging = peer, auth, pages, paging
        self._landed, self._is_landed = landed, False
        #: address of the page that was asked for last
        self._target = ""
        self._first: PageRead | None = None
        self._rows: list[object] = []
        #: digests of what was sent and received, page by page
        self._sent: list[bytes] = []
        self._received: list[bytes] = []
        self._octets = 0
        self._seen: set[str] = set()

    def begin(self, query: SourceQuery, end: float) -> None:
        """Ask for all pages by `end`, a time of the loop's clock."""
        self._end = end
        self._ask(self._paging.first(query))

    def _ask(self, asked: PageAsked) -> None:
        ProviderCall(self._peer, self._auth, self, asked, self._end, self._came).begin()

    # ------------------------------------------------------------ what is said for one page

    def write(self, asked: PageAsked) -> Wire:
        """See call.Speech."""
        wire = self._pages.write_page(asked)
        self._target = wire.target
        return wire

    def read(self, asked: PageAsked, answer: HttpAnswer) -> AnswerReading[PageRead | SourceAnswer]:
        """See call.Speech: the page; or what an answer means that is none."""
        tree = self._pages.tree_of(asked.query, answer)
        if isinstance(tree, AnswerReading):
            return tree._replace()
        return AnswerReading(self._paging.read(tree, answer.fields.get(b"link", b"")))

    def behalf(self, asked: PageAsked) -> Behalf:
        """See call.Speech."""
        return self._pages.behalf(asked.query)

    # ------------------------------------------------------------ page after page

    def _came(self, call: ProviderCall[PageAsked, PageRead | SourceAnswer]) -> None:
        query = call.asked.query
        if query.trace is not None:
            call.add_to(query.trace)
        if call.digest and (call.sent or call.fault is None):
            self._sent.append(call.digest)
        try:
            if call.fault is not None:
                self._land_other(fault_answer(call.fault))
                return
            self._received.append(hashlib.sha256(call.answer.body).digest())
            self._octets += len(call.answer.body)
            page = call.reading.value
            if isinstance(page, SourceAnswer):
                self._land_other(page)
            elif (broken := self._taken(page)) is not None:
                self._land(_broken(broken))
            else:
                self._go_on(call.asked, page)
        except Exception as error:  # noqa: BLE001 -- a defect here ends this query and no other
            self._land(fault_answer(defect_here(query.service, error)))

    def _land_other(self, answer: SourceAnswer) -> None:
        """No page. After a first one, that nobody is there is no answer to the question."""
        says_nobody = answer.outcome in SAID or any(
            one.code is FaultCode.UNKNOWN_FORM for one in answer.faults
        )
        is_late = self._first is not None and says_nobody
        self._land(_broken(FaultCode.PAGE_UNREADABLE) if is_late else answer)

    def _taken(self, page: PageRead) -> FaultCode | None:
        """Take the rows of a page; what is wrong with it, if anything is."""
        words, first = self._paging.words, self._first
        if page.following is None:
            return FaultCode.PAGE_UNREADABLE
        if first is None:
            self._first = page
        elif page.rows is None or page.status != first.status or page.total != first.total:
            return FaultCode.PAGE_UNREADABLE
        elif self._received[-1] in self._received[:-1] and page.rows:
            return FaultCode.PAGE_REPEATED
        self._rows += page.rows or ()
        if len(self._rows) > words.most_rows or self._octets > self._peer.answer_bytes:
            return FaultCode.LIST_TOO_LONG
        return None

    def _go_on(self, asked: PageAsked, page: PageRead) -> None:
        following, number = None, len(self._received)
        if page.rows is not None:
            try:
                following = self._paging.after(asked, page, len(self._rows), number, self._target)
            except ValueError:
                self._land(_broken(FaultCode.PAGE_UNREADABLE))
                return
        if following is None:
            self._finish(asked.query, page)
        elif page.following and page.following in self._seen:
            self._land(_broken(FaultCode.PAGE_REPEATED))
        elif number >= self._paging.words.most_pages:
            self._land(_broken(FaultCode.LIST_TOO_LONG))
        else:
            self._seen.add(page.following or "")
            self._ask(following._replace(target=_without(following.target, self._auth.ending)))

    def _finish(self, query: SourceQuery, page: PageRead) -> None:
        first = self._first
        assert first is not None
        if page.more is True or page.total not in (None, len(self._rows)):
            self._land(_broken(FaultCode.PAGE_UNREADABLE))
            return
        if first.rows is None and (page.following or self._finds_without_list(query, first)):
            self._land(_broken(FaultCode.PAGE_UNREADABLE))
            return
        tree = first.tree if len(self._received) == 1 else self._paging.joined(first.tree, self._rows)
        if self._octets <= LARGE_BYTES:
            self._land(self._pages.whole(tree, query))
            return
        reading = self._peer.tools.heavy.begin(self._pages.whole, tree, query)
        late = get_running_loop().call_at(self._end, self._late, reading)
        reading.add_done_callback(lambda done: self._read(query, late, done))

    def _finds_without_list(self, query: SourceQuery, first: PageRead) -> bool:
        """Whether the mapping reads a record from another place than the list of the pages."""
        return self._pages.whole(first.tree, query).outcome is Outcome.FOUND

    def _late(self, reading: "Future[SourceAnswer]") -> None:
        """The thread had other work until the end."""
        reading.cancel()
        self._land(fault_answer(busy_here(FaultCode.READING_LATE)))

    def _read(self, query: SourceQuery, late: TimerHandle, done: "Future[SourceAnswer]") -> None:
        late.cancel()
        if done.cancelled():
            return
        try:
            answer = done.result()
        except Exception as error:  # noqa: BLE001 -- as above
            answer = fault_answer(defect_here(query.service, error))
        self._land(answer)

    def _land(self, answer: SourceAnswer) -> None:
        if self._is_landed:
            return
        self._is_landed = True
        sent, received = _together(self._sent), _together(self._received)
        self._landed(answer._replace(request_digest=sent, response_digest=received))


def _together(digests: list[bytes]) -> bytes:
    """The digest of one page is its own; of several, that of their digests in order."""
    return hashlib.sha256(b"".join(digests)).digest() if len(digests) > 1 else b"".join(digests)
