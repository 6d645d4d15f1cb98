"""A provider that speaks JSON over HTTP (RFC 8259, 9110): one source for all of its data services.

Promises: no personal id in a URL; an ambiguous answer is refused.
Which words are sent and how the answer is read is the mapping's knowledge. Values of `{place}` in a path are taken
out of the request tree of the mapping; the rest becomes JSON, a form or the query.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus, urlencode

import orjson

from adapters.sources.fault_options import FAULT_WORDS, REST_WORDS, FaultOptions
from adapters.sources.paging import PageAsked, PagedSource, Paging
from adapters.sources.provider import ProviderSource, behalf_of, fault_reading, parameters_of
from adapters.transport.answers import FIRST_ERROR, may_have_record
from adapters.transport.auth import CALL_KINDS, MESSAGE_KINDS, build_auth
from adapters.transport.call import AnswerReading, Wire, open_peer
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError, refused_here
from adapters.transport.meanings import NO_MEANINGS, Meanings, is_problem
from adapters.transport.strict_json import NotStrictJson, parse
from adapters.transport.tools import Tools
from gateway.domain.errors import Problem
from gateway.domain.evidence import NOTHING, AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.faults import Faults, near
from gateway.domain.identifiers import is_personal_id
from gateway.domain.parties import SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.paths import compile_path, put
from gateway.mapping.source import ServicePlan
from gateway.mapping.values import wire_text
from gateway.ports.sources import GivenAnswer, GivenAnswerRefused

if TYPE_CHECKING:
    from gateway.config.configuration import ServiceSettings, SourceSettings

_INVALID = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_NOT_READ = _INVALID._replace(faults=(AnswerFault(FaultCode.NOT_JSON),))
_UNKNOWN_FORM = _INVALID._replace(faults=(AnswerFault(FaultCode.UNKNOWN_FORM),))
_SEVERAL = failed(
    Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, AnswerFault(FaultCode.SEVERAL_RECORDS)
)._replace(alarm=True)
_SEVERAL_PEOPLE = failed(Outcome.NO_MATCH, Reason.SEVERAL_PEOPLE)
OPTIONS = frozenset({"tls", "allow_url_ids", *FAULT_WORDS, *REST_WORDS})
_PLACE = re.compile(r"\{([A-Za-z0-9_]+)\}")
_DOTS = frozenset({".", ".."})
#: members of a problem (RFC 9457, 3.1)
_PROBLEM = (("type",), ("title",), ("status",), ("detail",), ("instance",))
#: members of a fault of a gateway in front
_GATEWAY_FAULT = tuple(("fault", name) for name in ("code", "type", "message", "description"))
_JSON = "application/json"
_PROBLEM_JSON = "application/problem+json"
_FORM = "application/x-www-form-urlencoded"
_OK = 200
#: stands for the request of an answer that an example gives
_UNSENT = Wire("POST", "/", {}, None, reads_absence=True)
#: what a mapping may take from a query that identifies a person
_PERSONAL = frozenset({
    "subject.parent_personal_id", "official.personal_id",
    *(f"{whose}.{word}" for whose in ("subject", "citizen") for word in ("personal_id", "old_id", "passport")),
})  # fmt: skip
#: a number of a kind of `schemas/identifiers`
_IDENTIFIER = re.compile(r"(?:subject|citizen)\.identifier\.")
#: what identifies a person without a number
_DESCRIBED = frozenset(
    f"{whose}.{word}"
    for whose in ("subject", "citizen")
    for word in ("full_name", "birth_date", "birth_place")
)


def open_source(
    settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools
) -> ProviderSource:
    """The source of `config/sources/<source>.yaml`. Raises ConfigError if the settings cannot be used.

    `services` maps operations to their compiled mappings. `options`: `tls`, `allow_url_ids`, and what faults mean.
    """
    faults = Faults()
    calls: dict[str, RestCall] = {}
    meanings = FaultOptions(settings, faults).read()
    with faults.noted():
        calls = open_calls(settings, services)
    with faults.noted() as opened:
        peer = open_peer(settings, tools, meanings)
        auth = build_auth(settings.auth, settings.url, peer=peer, tools=tools, source=settings.source)
        speech = Rest(settings, calls, meanings)
        paged = {name: call.paging for name, call in calls.items() if call.paging is not None}
        opened.append(
            PagedSource(peer, auth, tools.clock, speech, paged) if paged
            else ProviderSource(peer, auth, tools.clock, speech)
        )  # fmt: skip
    faults.finish()
    source: ProviderSource = opened[0]
    return source


def open_calls(settings: "SourceSettings", services: Mapping[str, ServicePlan]) -> "dict[str, RestCall]":
    """The call of each enabled service (`<source>.<operation>`). Raises ConfigError with the faults of all."""
    faults = Faults()
    faults.add(_option_faults(settings))
    url_ids = settings.options.get("allow_url_ids") in ("true", True)
    calls: dict[str, RestCall] = {}
    for operation, plan in services.items():
        if operation in settings.services and settings.services[operation].enabled:
            with faults.noted():
                call = open_call(settings, operation, plan, url_ids_allowed=url_ids)
                calls[f"{settings.source}.{operation}"] = call
    faults.finish()
    return calls


def _option_faults(settings: "SourceSettings") -> Iterator[Problem]:
    file = f"config/sources/{settings.source}.yaml"
    if (kind := settings.auth.get("kind")) in MESSAGE_KINDS:
        what = f"'auth.kind: {kind}' signs SOAP messages, and this source has none"
        yield Problem(file, 0, what, f"write one of {', '.join(CALL_KINDS)}", place=("auth", "kind"))
    for word in sorted(set(settings.options) - OPTIONS):
        what, remedy = (
            f"'options.{word}' is not known here",
            near(word, OPTIONS, f"use {', '.join(sorted(OPTIONS))}"),
        )
        yield Problem(file, 0, what, remedy, place=("options", word))
    said = settings.options.get("allow_url_ids", "false")
    if said not in ("true", "false", True, False):
        what = f"'options.allow_url_ids: {said}' is neither true nor false"
        yield Problem(file, 0, what, 'write "true" or "false"', place=("options", "allow_url_ids"))


class Rest:
    """JSON to one provider (adapters.transport.call.Speech)."""

    behalf = staticmethod(behalf_of)

    def __init__(
        self, settings: "SourceSettings", calls: "Mapping[str, RestCall]", meanings: Meanings = NO_MEANINGS
    ) -> None:
        """`calls` maps services (`<source>.<operation>`) to how they are called; `meanings`: of faults in a success."""
        self._calls = calls
        self._meanings = meanings
        self._is_placed = meanings.is_placed
        self._head = meanings.head
        self._expired_path = compile_path(str(settings.auth.get("expired_path", "")))
        self._expired_values = frozenset(_words(settings.auth.get("expired_values")))

    def write(self, query: SourceQuery) -> Wire:
        """The request for one query. Raises ProviderError if it cannot or may not be written."""
        call = self._calls.get(query.service)
        if call is None:
            raise refused_here(FaultCode.SERVICE_OFF)
        return call.write(query)

    def read(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer]:
        """What the answer says; perhaps that the token expired."""
        tree = self.tree_of(query, answer)
        if type(tree) is dict:
            return AnswerReading(self._calls[query.service].plan.read(tree, query))
        return tree if isinstance(tree, AnswerReading) else AnswerReading(self.whole(tree, query))

    def given(self, _query: SourceQuery, given: GivenAnswer) -> tuple[Wire, HttpAnswer]:
        """See adapters.sources.provider.SourceSpeech."""
        if given.fault is not None:
            remedy = "write what the body says into 'answer' or 'problem'"
            raise GivenAnswerRefused("fault", "'fault' is one of SOAP", remedy)
        status, kind, tree = given.status or _OK, _JSON, given.tree
        if given.problem is not None:
            named = str(given.problem.get("status", ""))
            # text in YAML
            number = {"status": int(named)} if named.isascii() and named.isdigit() else {}
            kind, tree = _PROBLEM_JSON, {**given.problem, **number}
        body = b"" if tree is None and given.status is not None else orjson.dumps(tree)
        return _UNSENT, HttpAnswer(status, {b"content-type": kind.encode()}, body)

    def whole(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """The evidence in a whole answer."""
        return self._calls[query.service].read(tree, query)

    def write_page(self, asked: PageAsked) -> Wire:
        """The request for one page. Raises ProviderError if it cannot or may not be written."""
        call = self._calls.get(asked.query.service)
        if call is None:
            raise refused_here(FaultCode.SERVICE_OFF)
        return call.write_next(asked) if asked.target else call.write(asked.query, asked.places)

    def tree_of(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer] | object:
        """The tree of an answer; or what it means, where it is none, states a fault or wants a new token.

        Raises ProviderError for an error that says that there is nobody.
        """
        if answer.status >= FIRST_ERROR:
            return self._of_nobody(query, answer)
        try:
            tree = parse(answer.body)
        except NotStrictJson:
            return AnswerReading(_NOT_READ, at_fault=True)
        if self._expired_values and self._says_expired(tree):
            return AnswerReading(_NOT_READ, expired=True)
        kind = answer.fields.get(b"content-type", b"")
        members = tree if isinstance(tree, dict) else None
        may_fail = self._is_placed and (members is None or not self._head or self._head in members)
        if may_fail or b"problem" in kind or (members is not None and "fault" in members):
            error, apart = self._fault_in(tree, answer)
            if error is not None:
                said = error.outcome is Outcome.NOT_FOUND
                denied = self._calls[query.service].plan.denies_absence(tree, query, apart) if said else None
                return AnswerReading(denied) if denied else fault_reading(error)
        return tree

    def _of_nobody(self, query: SourceQuery, answer: HttpAnswer) -> AnswerReading[SourceAnswer]:
        """What an error means that says that there is nobody, and has a record; ProviderError where it has none."""
        kind = answer.fields.get(b"content-type", b"")
        error = self._meanings.of_error(answer.status, kind, answer.body)
        try:
            tree = parse(answer.body)
        except NotStrictJson:
            if may_have_record(kind, answer.body):
                return AnswerReading(_NOT_READ)
            raise error from None
        is_one = is_problem(kind) or (isinstance(tree, dict) and tree.get("status") == answer.status)
        apart = (*(_PROBLEM if is_one else ()), *_GATEWAY_FAULT, *self._meanings.places)
        denied = self._calls[query.service].plan.denies_absence(tree, query, apart)
        if denied is None:
            raise error
        return AnswerReading(denied)

    def _fault_in(
        self, tree: object, answer: HttpAnswer
    ) -> tuple[ProviderError | None, Collection[tuple[str, ...]]]:
        """The fault in a success: a problem, a code at the place that the settings name, a fault of a gateway.

        With the places of the code and of its texts.
        """
        kind = answer.fields.get(b"content-type", b"")
        if is_problem(kind):
            return self._meanings.of_error(answer.status, kind, answer.body), (
                *_PROBLEM,
                *self._meanings.places,
            )
        if self._is_placed and (error := self._meanings.in_answer(tree)) is not None:
            return error, self._meanings.places
        fault = tree.get("fault") if isinstance(tree, dict) else None
        if not isinstance(fault, dict):
            return None, ()
        return self._meanings.of_code(str(fault.get("code", ""))), _GATEWAY_FAULT

    def _says_expired(self, tree: object) -> bool:
        said = self._expired_path(tree)
        return isinstance(said, str | int) and str(said) in self._expired_values


def _words(value: object) -> list[str]:
    if value is None:
        return []
    return [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]


class RestCall:
    """One data service at its address."""

    __slots__ = (
        "_headers", "_in_query", "_is_form", "_is_list", "_method", "_parts", "_places", "_profile",
        "_service", "_url_ids_allowed", "paging", "plan",
    )  # fmt: skip

    def __init__(
        self, service: "ServiceSettings", path: str, plan: ServicePlan, profile: str, *, url_ids_allowed: bool
    ) -> None:
        """`path` begins with a slash and may hold `{place}`s."""
        pieces = _PLACE.split(path)
        self._parts, self._places = pieces[::2], pieces[1::2]
        self._method = service.method
        self._in_query = in_query(service)
        self._is_form = service.body == "form"
        self._service = service
        self._profile = profile
        self._url_ids_allowed = url_ids_allowed
        kind = {} if self._in_query else {"Content-Type": _FORM if self._is_form else _JSON}
        self._headers = {"Accept": _JSON, **kind}
        self.plan = plan
        #: how its pages are asked for, where it answers in pages
        self.paging: Paging | None = None
        rule = plan.mapping.answer
        self._is_list = (rule.record or rule.found_when).startswith("[")

    def write(self, query: SourceQuery, page: Mapping[str, object] = NOTHING) -> Wire:
        """The request for one query, or one `page` of it. Raises ProviderError(REFUSED) if it may not be written."""
        tree = self.plan.request(query, parameters_of(self._service, query), self._profile)
        for place, value in page.items() if page else ():
            put(tree, tuple(place.split(".")), value)
        target = self._address(tree)
        body = None
        if self._in_query:
            if pairs := list(_pairs(tree)):
                target += ("&" if "?" in target else "?") + urlencode(pairs)
        elif self._is_form:
            body = urlencode(list(_pairs(tree))).encode("ascii")
        else:
            body = orjson.dumps(tree)
        if not self._url_ids_allowed and _names_person(target, query):
            raise refused_here(FaultCode.PERSON_IN_ADDRESS)
        sent = target.encode("ascii") if body is None else body
        return Wire(
            self._method, target, self._headers, body, hashlib.sha256(sent).digest(), reads_absence=True
        )

    def write_next(self, asked: PageAsked) -> Wire:
        """The request for the page at an address that the provider gave. Raises ProviderError(REFUSED)."""
        if not self._url_ids_allowed and _names_person(asked.target, asked.query):
            raise refused_here(FaultCode.PERSON_IN_ADDRESS)
        digest = hashlib.sha256(asked.target.encode("ascii")).digest()
        return Wire(self._method, asked.target, self._headers, None, digest, reads_absence=True)

    def read(self, tree: object, query: SourceQuery) -> SourceAnswer:
        """The outcome of an answer without a fault. A malformed success is never `not_found`."""
        if not isinstance(tree, dict):
            if not isinstance(tree, list):
                return _UNKNOWN_FORM
            if not self._is_list:
                several = _SEVERAL_PEOPLE if query.subject.is_unnumbered else _SEVERAL
                return several if len(tree) > 1 else _UNKNOWN_FORM
        return self.plan.read(tree, query)

    def _address(self, tree: dict[str, object]) -> str:
        if not self._places:
            return self._parts[0]
        out = [self._parts[0]]
        for name, part in zip(self._places, self._parts[1:], strict=True):
            value = tree.pop(name, None)
            value = value if type(value) is str else wire_text(value)
            if not isinstance(value, str) or not value or value in _DOTS:
                raise refused_here(FaultCode.PLACE_BLANK, Reason.VALUE_BLANK, path=name)
            out += (quote(value, safe=""), part)
        return "".join(out)


def open_call(
    settings: "SourceSettings", operation: str, plan: ServicePlan, *, url_ids_allowed: bool
) -> RestCall:
    """The call of one operation. Raises ConfigError if it would put a person's id into an address."""
    service = settings.services[operation]
    path = "/" + (service.path or operation).removeprefix("/")
    file, at = f"config/sources/{settings.source}.yaml", ("services", operation)
    faults = Faults()
    places = _PLACE.findall(path)
    for place in places:
        if place not in plan.mapping.request:
            what = f"'{{{place}}}' of the path is no place of the request in mappings/sources/{settings.source}.yaml"
            remedy = near(
                place, plan.mapping.request, f"add '{place}' to 'request', or take it out of the path"
            )
            faults.add([Problem(file, 0, what, remedy, place=(*at, "path"))])
    for place, rule in plan.mapping.request.items() if not url_ids_allowed else ():
        named = _naming((rule.from_ or "", *rule.else_), plan)
        if named and (in_query(service) or place in places):
            what = f"service '{operation}' puts {min(named)} into the address (place '{place}')"
            remedy = "use 'method: POST' with a body, or 'options: {allow_url_ids: true}' if they insist"
            faults.add([Problem(file, 0, what, remedy, place=at)])
    code, status = settings.options.get("fault_code"), plan.mapping.answer.status
    if code and code == status:
        what = (
            f"'options.fault_code: {code}' is 'status' of service '{operation}' too: two tables for one code"
        )
        remedy = (
            "keep 'statuses' for a code that every answer has, 'fault_code' for one that only faults have"
        )
        faults.add([Problem(file, 0, what, remedy, place=("options", "fault_code"))])
    if service.pages is not None:
        faults.add(_page_faults(service, plan, file, at))
    faults.finish()
    call = RestCall(service, path, plan, settings.request_profile, url_ids_allowed=url_ids_allowed)
    if service.pages is not None:
        call.paging = Paging(service.pages, settings.url, plan)
    return call


def _page_faults(
    service: "ServiceSettings", plan: ServicePlan, file: str, at: tuple[str, ...]
) -> Iterator[Problem]:
    """What does not fit between the pages of a service, its request and its mapping."""
    pages, mapping = service.pages, f"mappings/sources/{plan.source}.yaml"
    assert pages is not None
    for word in ("place", "size_place"):
        place = getattr(pages, word)
        if place and place in plan.mapping.request:
            what = f"'pages.{word}: {place}' is a place that {mapping} writes too"
            yield Problem(file, 0, what, "take it out of 'request' there", place=(*at, "pages", word))
    if pages.by in ("next", "link") and not in_query(service):
        what = f"'pages.by: {pages.by}' follows addresses, and this request has a body"
        remedy = "write 'method: GET', or another 'by'"
        yield Problem(file, 0, what, remedy, place=(*at, "pages", "by"))
    paths = {plan.mapping.answer.record, *plan.wanted_paths}
    inside = pages.list_at
    if not any(path == inside or path.startswith((f"{inside}.", f"{inside}[")) for path in paths if path):
        what = f"'pages.list_at: {inside}' is a place that {mapping} does not read"
        remedy = near(inside, paths, "write the path of the list, from the answer's root on")
        yield Problem(file, 0, what, remedy, place=(*at, "pages", "list_at"))


def in_query(service: "ServiceSettings") -> bool:
    """Whether the request tree goes into the address."""
    return service.method == "GET" or service.body == "query"


def _pairs(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The leaves as name and text; inner names are joined by dots, lists repeat their name."""
    for name, value in tree.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Mapping):
                yield from _pairs(item, f"{prefix}{name}.")
            elif item is not None:
                yield prefix + name, item if type(item) is str else str(wire_text(item))


def _naming(words: Sequence[str], plan: ServicePlan) -> set[str]:
    """Those values of a query that identify a person."""
    personal = _PERSONAL if plan.mapping.without_number == "no" else _PERSONAL | _DESCRIBED
    return {one for one in words if one in personal or _IDENTIFIER.match(one)}


def _names_person(target: str, query: SourceQuery) -> bool:
    """Whether an address has a number of the person, of the citizen who fills the form or of the official."""
    if "%" in target or "+" in target:
        target = unquote_plus(target)
    official = query.official.personal_id
    if official and official in target:
        return True
    for one in (query.subject, query.citizen):
        if one is None:
            continue
        tax_code = one.tax_code if one.tax_code and is_personal_id(one.tax_code) else None
        other = None
        if one.identifier is not None and one.kind is SubjectKind.PERSON:
            other = one.identifier.number
        for number in (one.personal_id, one.old_id, one.passport, one.parent_personal_id, tax_code, other):
            if number and number in target:
                return True
    return False
