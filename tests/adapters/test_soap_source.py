"""The SOAP source against providers on loopback: what it sends, and what every kind of answer becomes."""

import codecs
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

from adapters.sources.provider import ProviderSource
from adapters.sources.soap import open_source
from adapters.transport.wsse import EnvelopeSigner, Recent, Verifier
from gateway.config.configuration import SourceSettings
from gateway.domain.dates import PartialDate
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.source import ServicePlan
from tests import unhurried
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import soon, tools
from tests.adapters.soap_texts import CANARY, LOOK_UP, PERSON, ROOT, WSDL, collection, envelope, fault, plans
from tests.code_lists import load_codes


def _settings(url: str, **more: Any) -> SourceSettings:
    given_options = more.pop("options", {})
    words = {
        "source": "population",
        "adapter": "adapters.sources.soap",
        "title": {"vi": "Dân cư", "en": "Population"},
        "provider": "C06",
        "mark": "sandbox",
        "url": url,
        "request_profile": "2022",
        "options": {"wsdl": str(WSDL), "faults": {"QUOTA": "unavailable", "AUTH_FAILED": "refused"}} | given_options,
        "services": {LOOK_UP: {"path": "/dancu", "parameters": {"integration_code": "037"},
                               "procedure_codes": {"*": "VPCP"}}},
    }  # fmt: skip
    limits = unhurried.limits(**more.pop("limits", {}))
    return SourceSettings.model_validate(words | more | {"limits": limits})


def _query(**more: Any) -> SourceQuery:
    words: dict[str, Any] = {
        "call_id": CallId("c-1"),
        "service": f"population.{LOOK_UP}",
        "subject": Subject(
            kind=SubjectKind.PERSON,
            personal_id=CANARY,
            full_name="Trần Thị Mẫu",
            birth_date=PartialDate.parse("1990"),
        ),
        "attributes": ("full_name", "gender"),
        "official": Official(personal_id="033085004321", agency="000.00.14.H31"),
        "procedure": "1.001193",
        "purpose": "prefill",
    }
    return SourceQuery(**words | more)


Reply = Callable[[bytes], tuple[int, bytes]]


@asynccontextmanager
async def _source(
    reply: Reply, plan: ServicePlan | None = None, **more: Any
) -> AsyncIterator[tuple[ProviderSource, list[tuple[Any, bytes]]]]:
    seen: list[tuple[Any, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        seen.append((request.headers, body))
        status, data = reply(body)
        kind = "multipart/related" if data.startswith(b"--") else "text/xml"
        return web.Response(status=status, body=data, content_type=kind)

    app = web.Application()
    app.router.add_post("/dancu", handle)
    async with TestServer(app) as server:
        source = open_source(
            _settings(str(server.make_url("")), **more), {LOOK_UP: plan or plans()[LOOK_UP]}, tools()
        )
        try:
            yield source, seen
        finally:
            await source.close()


async def _answer(status: int, body: bytes, **more: Any) -> SourceAnswer:
    async with _source(lambda _: (status, body)) as (source, _):
        return await landed_from(source, _query(**more), soon())


async def test_source_asks_and_reads_the_answer() -> None:
    body = envelope(collection(PERSON))
    async with _source(lambda _: (200, body)) as (source, seen):
        answer = await landed_from(source, _query(), soon())
        state = source.state()
    assert answer.outcome is Outcome.FOUND
    assert answer.values == {"full_name": "Trần Thị Mẫu", "gender": "female"}
    headers, sent = seen[0]
    assert (headers["SOAPAction"], headers["Content-Type"]) == ('""', "text/xml; charset=utf-8")
    assert answer.request_digest == hashlib.sha256(sent).digest()
    assert answer.response_digest == hashlib.sha256(body).digest()
    assert b"<n0:MaDVC>VPCP</n0:MaDVC><n0:MaTichHop>037</n0:MaTichHop>" in sent
    assert (state.breaker, state.last_outcome and state.last_outcome[0]) == ("closed", "found")


async def test_provider_may_want_another_content_type_and_action() -> None:
    body = envelope(collection(PERSON))
    words = {"content_type": "application/xml; charset=utf-8", "soap_action": "urn:look"}
    async with _source(lambda _: (200, body), options=words) as (source, seen):
        await landed_from(source, _query(), soon())
    headers, _ = seen[0]
    assert (headers["SOAPAction"], headers["Content-Type"]) == (
        '"urn:look"',
        "application/xml; charset=utf-8",
    )


async def test_procedure_without_an_agreed_code_is_refused() -> None:
    service = {LOOK_UP: {"path": "/dancu", "procedure_codes": {"2.000635": "A"}}}
    async with _source(lambda _: (200, b""), services=service) as (source, seen):
        answer = await landed_from(source, _query(), soon())
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.NOT_AGREED)
    assert seen == []


async def test_answers_that_cannot_be_used_open_the_breaker() -> None:
    async with _source(lambda _: (200, b"<a>x</a>")) as (source, seen):
        for number in range(6):
            person = Subject(kind=SubjectKind.PERSON, personal_id=f"0331908264{number:02}")
            answer = await landed_from(source, _query(subject=person), soon())
        assert (answer.reason, source.state().breaker, len(seen)) == (Reason.BREAKER_OPEN, "open", 5)


@pytest.mark.parametrize(
    ("status", "body", "stands"),
    [
        (500, b"Internal Server Error", "open"),
        (500, envelope(collection(PERSON)), "open"),
        (500, envelope(fault("NEVER_SEEN")), "open"),
        (400, envelope(fault("NEVER_SEEN")), "open"),
        (500, envelope(fault("QUOTA")), "open"),
        (200, envelope(fault("QUOTA")), "open"),
        (500, envelope(fault("AUTH_FAILED")), "closed"),
        (400, envelope(fault("NOBODY")), "closed"),
        (500, envelope(fault("WRONG_DAY")), "closed"),
        # as over REST: the request was at fault
        (400, b"Bad Request", "closed"),
    ],
)
async def test_errors_open_the_breaker_unless_they_are_about_somebody(
    status: int, body: bytes, stands: str
) -> None:
    known = {"QUOTA": "unavailable", "AUTH_FAILED": "refused", "NOBODY": "not_found", "WRONG_DAY": "no_match"}
    async with _source(lambda _: (status, body), options={"faults": known}) as (source, seen):
        for number in range(6):
            person = Subject(kind=SubjectKind.PERSON, personal_id=f"0331908267{number:02}")
            await landed_from(source, _query(subject=person), soon())
        assert (source.state().breaker, len(seen)) == (stands, 5 if stands == "open" else 6)
        # an error tells nothing of how fast the provider answers
        assert (source.state().latency_ms == {}) is (status >= 400)


async def test_answer_that_cannot_be_used_for_one_person_leaves_the_source_to_others() -> None:
    async with _source(lambda _: (200, b"<a>x</a>")) as (source, _):
        for number in range(12):
            official = Official(personal_id=f"0331908265{number:02}", agency="000.00.14.H31")
            await landed_from(source, _query(official=official), soon())
        assert source.state().breaker == "closed"


async def test_large_answer_is_read_as_well() -> None:
    body = envelope(collection(PERSON + " " * 80_000))
    assert (await _answer(200, body)).outcome is Outcome.FOUND


async def test_record_of_another_person_is_an_alarm() -> None:
    answer = await _answer(200, envelope(collection(PERSON.replace(CANARY, "033917264059"))))
    assert (answer.outcome, answer.reason, answer.alarm) == (
        Outcome.INVALID,
        Reason.SOURCE_ANSWER_OTHER_PERSON,
        True,
    )


async def test_empty_collection_is_no_match() -> None:
    assert (await _answer(200, envelope(collection("")))).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize(("group", "outcome"), [("", Outcome.NO_MATCH), ("O", Outcome.INVALID)])
async def test_text_beside_a_blank_record_denies_absence_also_where_the_mapping_reads_nothing(
    group: str, outcome: Outcome
) -> None:
    known = plans()[LOOK_UP].mapping
    attributes = {name: rule for name, rule in known.answer.attributes.items() if rule.path != "NhomMau"}
    rule = known.answer.model_copy(update={"attributes": attributes})
    codes = load_codes(ROOT / "mappings/codes")
    plan = ServicePlan("population", LOOK_UP, known.model_copy(update={"answer": rule}), codes)
    body = envelope(
        collection(f"<CongDan><SoDinhDanh>{CANARY}</SoDinhDanh><NhomMau>{group}</NhomMau></CongDan>")
    )
    async with _source(lambda _: (200, body), plan) as (source, _):
        answer = await landed_from(source, _query(), soon())
    assert answer.outcome is outcome


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (500, envelope(fault("QUOTA")), Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (200, envelope(fault("AUTH_FAILED")), Outcome.REFUSED, Reason.SOURCE_REFUSED),
        (200, envelope(collection(PERSON) + fault("QUOTA")), Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (500, envelope(fault("NEVER_SEEN")), Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (500, b"Internal error", Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (500, envelope(collection(PERSON)), Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE),
        (503, b"", Outcome.UNAVAILABLE, Reason.SOURCE_BUSY),
        (200, b"<html></html>", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (200, b"<!DOCTYPE x><x/>", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
        (200, b"{}", Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID),
    ],
)
async def test_trouble_becomes_an_outcome(status: int, body: bytes, outcome: Outcome, reason: Reason) -> None:
    answer = await _answer(status, body)
    assert (answer.outcome, answer.reason, answer.values) == (outcome, reason, {})
    assert len(answer.request_digest) == 32


FOUT = (
    '<s:Fault xmlns:f="urn:fout"><faultcode>s:Server</faultcode><faultstring>033917264058</faultstring>'
    "<detail><f:Fout>{}</f:Fout></detail></s:Fault>"
)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "fault"),
    [
        (500, envelope(FOUT.format("<f:Code> NO_ONE </f:Code>")), Outcome.NOT_FOUND,
         AnswerFault(FaultCode.FAULT, status=500, provider_code="NO_ONE", meant=Outcome.NOT_FOUND)),
        (200, envelope(FOUT.format("<a/><f:Code>LATE</f:Code>")), Outcome.UNAVAILABLE,
         AnswerFault(FaultCode.FAULT, status=200, provider_code="LATE", meant=Outcome.UNAVAILABLE)),
        # a place of another name is none: the fault code of SOAP stands for it
        (500, envelope(FOUT.format("<f:Ma>NO_ONE</f:Ma>")), Outcome.REFUSED,
         AnswerFault(FaultCode.FAULT, status=500, provider_code="Server", meant=Outcome.REFUSED)),
        (500, envelope(FOUT.format("<f:Code/>")), Outcome.REFUSED,
         AnswerFault(FaultCode.FAULT, status=500, provider_code="Server", meant=Outcome.REFUSED)),
        # not known: by the status, which never says anything about a person
        (500, envelope(FOUT.format("<f:Code>NEW</f:Code>")), Outcome.UNAVAILABLE,
         AnswerFault(FaultCode.FAULT, status=500)),
        (400, envelope(FOUT.format("<f:Code>NEW</f:Code>")), Outcome.INVALID,
         AnswerFault(FaultCode.FAULT, status=400)),
        # no envelope at all
        (404, b"nobody", Outcome.NOT_FOUND, AnswerFault(FaultCode.HTTP_STATUS, status=404, meant=Outcome.NOT_FOUND)),
        (400, b"nobody", Outcome.NO_MATCH, AnswerFault(FaultCode.NOT_XML, status=400)),
    ],
)  # fmt: skip
async def test_place_of_the_code_and_statuses_mean_what_the_settings_say(
    status: int, body: bytes, outcome: Outcome, fault: AnswerFault
) -> None:
    options = {
        "faults": {"NO_ONE": "not_found", "LATE": "busy", "Server": "refused"},
        "fault_code": "detail.Fout.Code",
        "http": {"404": "not_found", "400": "no_match", "500": "busy"},
    }
    async with _source(lambda _: (status, body), options=options) as (source, _):
        answer = await landed_from(source, _query(), soon())
    assert (answer.outcome, answer.faults) == (outcome, (fault,))


S12 = "http://www.w3.org/2003/05/soap-envelope"
NOBODY = "<f:Code>NO_ONE</f:Code>"
FOUT12 = (
    '<s:Fault xmlns:f="urn:fout"><s:Code><s:Value>s:Sender</s:Value>'
    "<s:Subcode><s:Value>f:x</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="vi">033917264058</s:Text></s:Reason><s:Detail><f:Fout>{}</f:Fout></s:Detail></s:Fault>'
)
MALOI = "<MaLoi>NONE</MaLoi>"


@pytest.mark.parametrize(
    ("inner", "outcome", "place"),
    [
        (FOUT.format(f"{NOBODY}<f:Tekst>Trần Thị Mẫu</f:Tekst><f:Leeg/>"), Outcome.NOT_FOUND, None),
        # what the settings do not name, below a place that they name, and in an attribute or the text beside elements
        (FOUT.format(f"{NOBODY}<f:Naam>Trần Thị Mẫu</f:Naam>"), Outcome.INVALID, "detail.Fout"),
        (FOUT.format(f"{NOBODY}<f:Tekst><f:Naam>X</f:Naam></f:Tekst>"), Outcome.INVALID, "detail.Fout.Tekst"),
        (FOUT.format(f'{NOBODY}<f:Tekst naam="Trần Thị Mẫu"/>'), Outcome.INVALID, "detail.Fout.Tekst"),
        (FOUT.format(f"{NOBODY}Trần Thị Mẫu"), Outcome.INVALID, "detail.Fout"),
        # in the fault itself
        (f"<s:Fault>Trần Thị Mẫu<detail>{MALOI}</detail></s:Fault>", Outcome.INVALID, "CongDan"),
        (f'<s:Fault ten="Trần Thị Mẫu"><detail>{MALOI}</detail></s:Fault>', Outcome.INVALID, "CongDan"),
        (f"<s:Fault><detail>{MALOI}</detail></s:Fault>Trần Thị Mẫu", Outcome.INVALID, "CongDan"),
        (FOUT.format(f"{NOBODY}<f:CongDan><f:Ten>X</f:Ten></f:CongDan>"), Outcome.INVALID, "detail.Fout"),
        # another code, which is not read
        (FOUT.format(f"{NOBODY}<f:Code>LATE</f:Code>"), Outcome.INVALID, "detail.Fout"),
        (f"<s:Fault><detail>{MALOI}<MaLoi>LATE</MaLoi></detail></s:Fault>", Outcome.INVALID, "detail"),
        # a record beside the fault
        (FOUT.format(NOBODY) + collection(PERSON), Outcome.INVALID, "CongDan"),
        (collection(PERSON) + FOUT.format(NOBODY), Outcome.INVALID, "CongDan"),
        # a code of MaLoi, and one of SOAP's own
        ("<s:Fault><faultcode>s:Server</faultcode><detail><Loi><MaLoi>NONE</MaLoi></Loi></detail></s:Fault>",
         Outcome.NOT_FOUND, None),
        ("<s:Fault><faultcode>s:Server</faultcode><detail><Loi><MaLoi>NONE</MaLoi><Ten>X</Ten></Loi></detail></s:Fault>",
         Outcome.INVALID, "detail"),
        ("<s:Fault><faultcode>s:NONE</faultcode><faultstring>X</faultstring></s:Fault>", Outcome.NOT_FOUND, None),
        # a code that says nothing about a person is known whatever stands beside
        (FOUT.format("<f:Code>LATE</f:Code><f:Naam>X</f:Naam>"), Outcome.UNAVAILABLE, None),
    ],
)  # fmt: skip
async def test_fault_that_says_nobody_is_believed_beside_no_data(
    inner: str, outcome: Outcome, place: str | None
) -> None:
    options = {
        "faults": {"NO_ONE": "not_found", "LATE": "busy", "NONE": "not_found"},
        "fault_code": "detail.Fout.Code",
        "fault_texts": "detail.Fout.Tekst",
        "http": {"404": "not_found"},
    }
    replies = [(500, envelope(inner)), (404, envelope(inner))]
    async with _source(lambda _: replies.pop(), options=options) as (source, _):
        for _status in (404, 500):
            answer = await landed_from(source, _query(call_id=CallId(f"c-{_status}")), soon())
            assert answer.outcome is outcome, _status
            assert place is None or answer.faults == (AnswerFault(FaultCode.UNKNOWN_FORM, path=place),)


SAYS_NONE = f"<detail>{MALOI}</detail></s:Fault>"


@pytest.mark.parametrize(
    ("inner", "other"),
    [
        (f"<s:Fault><faultcode>s:LATE</faultcode>{SAYS_NONE}", "LATE"),
        (f"<s:Fault><faultcode>s: 900800</faultcode>{SAYS_NONE}", "900800"),
        (FOUT.format(NOBODY).replace("s:Server", "s:LATE"), "LATE"),
        ("<s:Fault><faultcode>s:NONE</faultcode><faultcode>s:LATE</faultcode></s:Fault>", "LATE"),
        (f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>f:LATE</s:Value></s:Subcode></s:Code>{SAYS_NONE}",
         "LATE"),
        ("<s:Fault><detail><MaLoi>UNLIKE<MaLoi>LATE</MaLoi></MaLoi></detail></s:Fault>", "LATE"),
        (FOUT.format("<f:Code>UNLIKE</f:Code><f:Code>LATE</f:Code>"), "LATE"),
        # of the same meaning, unknown, one of SOAP itself
        (f"<s:Fault><faultcode>s:NO_ONE</faultcode>{SAYS_NONE}", None),
        (f"<s:Fault><faultcode>s:OTHER</faultcode>{SAYS_NONE}", None),
        (f"<s:Fault><faultcode>s:Server.LATE</faultcode>{SAYS_NONE}", None),
    ],
)  # fmt: skip
async def test_fault_that_says_nobody_is_not_believed_beside_another_code_that_says_else(
    inner: str, other: str | None
) -> None:
    faults = {
        "NO_ONE": "not_found",
        "NONE": "not_found",
        "UNLIKE": "no_match",
        "LATE": "busy",
        "Server.LATE": "busy",
    }
    async with _source(
        lambda _: (500, envelope(inner)), options={"faults": faults, "fault_code": "detail.Fout.Code"}
    ) as (source, _):
        answer = await landed_from(source, _query(), soon())
    said = (AnswerFault(FaultCode.FAULT, status=500, provider_code=other or ""),)
    assert answer.outcome is (Outcome.INVALID if other else Outcome.NOT_FOUND)
    assert not other or answer.faults == said


@pytest.mark.parametrize(
    ("inner", "outcome"),
    [(NOBODY, Outcome.NOT_FOUND), (f"{NOBODY}<f:Naam>Trần Thị Mẫu</f:Naam>", Outcome.INVALID)],
)
async def test_fault_of_soap_1_2_that_says_nobody_is_believed_beside_no_data(
    inner: str, outcome: Outcome
) -> None:
    options = {"faults": {"NO_ONE": "not_found"}, "fault_code": "Detail.Fout.Code"}
    body = envelope(FOUT12.format(inner), S12)
    async with _source(lambda _: (500, body), options=options) as (source, _):
        assert (await landed_from(source, _query(), soon())).outcome is outcome


@pytest.mark.parametrize("status", [404, 400])
@pytest.mark.parametrize(
    ("body", "outcome", "code"),
    [
        (b"", Outcome.NOT_FOUND, None),
        (b"nobody", Outcome.NOT_FOUND, None),
        (envelope(collection(PERSON)), Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        (envelope(collection(PERSON))[:-9], Outcome.INVALID, FaultCode.NOT_XML),
        (b'{"ten": "x"}', Outcome.INVALID, FaultCode.NOT_XML),
        # with a byte order mark, in UTF-16, behind a text, in an attachment
        ("\ufeffkhông có".encode(), Outcome.NOT_FOUND, None),
        (codecs.BOM_UTF8 + envelope(collection(PERSON)), Outcome.INVALID, FaultCode.UNKNOWN_FORM),
        (envelope(collection(PERSON)).decode().encode("utf-16"), Outcome.INVALID, None),
        (b"HTTP: " + envelope(collection(PERSON)), Outcome.INVALID, FaultCode.NOT_XML),
        (b"--x\r\n\r\n" + envelope(collection(PERSON)) + b"\r\n--x--", Outcome.INVALID, None),
        (codecs.BOM_UTF8 + b'{"ten": "x"}', Outcome.INVALID, FaultCode.NOT_XML),
        # no text at all
        (gzip.compress(b"x", mtime=0), Outcome.INVALID, FaultCode.NOT_XML),
    ],
)
async def test_status_that_says_nobody_is_believed_beside_no_record(
    status: int, body: bytes, outcome: Outcome, code: FaultCode | None
) -> None:
    options = {"http": {str(status): "not_found"}}
    async with _source(lambda _: (status, body), options=options) as (source, _):
        answer = await landed_from(source, _query(), soon())
    assert answer.outcome is outcome
    assert code is None or [fault.code for fault in answer.faults] == [code]


async def test_fault_of_soap_itself_is_named_by_its_code() -> None:
    fault = "<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring></s:Fault>"
    answer = await _answer(500, envelope(fault))
    assert answer.outcome is not Outcome.FOUND
    assert answer.faults == (AnswerFault(FaultCode.SOAP_FAULT, status=500, provider_code="Client"),)


async def test_answer_with_attachments_is_named_so() -> None:
    parts = (
        b"--x\r\nContent-Type: application/xop+xml\r\n\r\n" + envelope(collection(PERSON)) + b"\r\n--x--\r\n"
    )
    answer = await _answer(200, parts)
    assert (answer.outcome, answer.faults) == (
        Outcome.INVALID,
        (AnswerFault(FaultCode.ATTACHMENT, status=200),),
    )


async def test_question_without_an_official_is_refused_before_anything_is_sent() -> None:
    async with _source(lambda _: (200, b"")) as (source, seen):
        answer = await landed_from(source, _query(official=Official(personal_id="", agency="a")), soon())
    assert (answer.outcome, answer.request_digest, seen) == (Outcome.REFUSED, b"", [])
    assert [fault.code for fault in answer.faults] == [FaultCode.NOT_SENDABLE]


async def test_service_that_is_not_configured_is_refused() -> None:
    assert (await _answer(200, b"", service="population.Khac")).outcome is Outcome.REFUSED


async def test_username_token_stands_in_the_header() -> None:
    auth = {"kind": "wsse_username", "username": "u", "secret": {"value": "s"}, "digest": "false"}
    async with _source(lambda _: (200, envelope(collection(PERSON))), auth=auth) as (source, seen):
        assert (await landed_from(source, _query(), soon())).outcome is Outcome.FOUND
    assert b"<wsse:Username>u</wsse:Username>" in seen[0][1]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    """Certificate and key of two parties: the file of each, and what it holds."""
    folder = tmp_path_factory.mktemp("keys")
    for who in ("mine", "theirs"):
        issued = trustme.CA().issue_cert(f"{who}.example")
        (folder / f"{who}.pem").write_bytes(issued.cert_chain_pems[0].bytes())
        (folder / f"{who}.key").write_bytes(issued.private_key_pem.bytes())
    return {file.name: (str(file), file.read_bytes()) for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("signed_by", "days_ago", "digest", "faults"),
    [
        ("theirs", 0, b"#sha256", []),
        ("mine", 0, b"#sha256", [FaultCode.SIGNATURE]),
        ("theirs", 1, b"#sha256", [FaultCode.SIGNATURE_TIME]),
        ("theirs", 0, b"#md5", [FaultCode.SIGNATURE_FORM]),
        ("", 0, b"", [FaultCode.SIGNATURE_MISSING]),
    ],
)
async def test_both_sides_sign_where_it_is_agreed(
    keys: dict[str, tuple[str, bytes]], signed_by: str, days_ago: int, digest: bytes, faults: list[FaultCode]
) -> None:
    clock = tools().clock
    verifier = Verifier([keys["mine.pem"][1]], clock, Recent(clock))
    answer = envelope(collection(PERSON)).replace(b"<s:Body>", b"<s:Header/><s:Body>")
    if signed_by:
        answer = (
            EnvelopeSigner(keys[f"{signed_by}.pem"][1], keys[f"{signed_by}.key"][1])
            .sign(answer, clock.now() - timedelta(days=days_ago))
            .replace(b"#sha256", digest)
        )

    def reply(message: bytes) -> tuple[int, bytes]:
        verifier.verify(message)
        return 200, answer

    auth = {
        "kind": "wsse_x509",
        "certificate": keys["mine.pem"][0],
        "key": {"file": keys["mine.key"][0]},
        "peer_certificate": keys["theirs.pem"][0],
    }
    async with _source(reply, auth=auth) as (source, _):
        found = await landed_from(source, _query(), soon())
    assert found.outcome is (Outcome.INVALID if faults else Outcome.FOUND)
    assert [fault.code for fault in found.faults] == faults


WSA = "http://www.w3.org/2005/08/addressing"


def _addressed(message: bytes, relates_to: str | None) -> bytes:
    """An answer that says what it answers; None: its request."""
    found = etree.fromstring(message).findtext(f".//{{{WSA}}}MessageID")
    related = found if relates_to is None else relates_to
    block = f'<a:RelatesTo xmlns:a="{WSA}">{related}</a:RelatesTo>' if related else ""
    head = f"<s:Header>{block}</s:Header><s:Body>".encode()
    return envelope(collection(PERSON)).replace(b"<s:Body>", head)


@pytest.mark.parametrize(
    ("relates_to", "faults"), [(None, []), ("", []), ("urn:uuid:another", [FaultCode.OTHER_MESSAGE])]
)
async def test_answer_to_another_message_is_not_read(relates_to: str | None, faults: list[FaultCode]) -> None:
    options = {"addressing": "true", "soap_action": "urn:look-up"}
    async with _source(lambda sent: (200, _addressed(sent, relates_to)), options=options) as (source, seen):
        found = await landed_from(source, _query(), soon())
        assert found.outcome is (Outcome.INVALID if faults else Outcome.FOUND)
        assert [fault.code for fault in found.faults] == faults
        await landed_from(source, _query(call_id=CallId("c-2")), soon())
    heads = [{child.tag: child for child in etree.fromstring(sent)[0]} for _, sent in seen]
    first = heads[0]
    assert first[f"{{{WSA}}}Action"].text == "urn:look-up"
    assert (first[f"{{{WSA}}}To"].text or "").endswith("/dancu")
    assert first[f"{{{WSA}}}ReplyTo"].findtext(f"{{{WSA}}}Address") == f"{WSA}/anonymous"
    ids = {head[f"{{{WSA}}}MessageID"].text for head in heads}
    assert len(ids) == 2
    assert all(one and one.startswith("urn:uuid:") for one in ids)


async def test_message_may_be_addressed_to_a_name_that_is_no_address_of_ours() -> None:
    options = {"addressing": {"to": "urn:authority:population"}}
    async with _source(lambda sent: (200, _addressed(sent, None)), options=options) as (source, seen):
        assert (await landed_from(source, _query(), soon())).outcome is Outcome.FOUND
    assert b">urn:authority:population</wsa:To>" in seen[0][1]


async def test_blocks_of_the_header_are_signed_with_the_body(keys: dict[str, tuple[str, bytes]]) -> None:
    clock = tools().clock
    verifier = Verifier([keys["mine.pem"][1]], clock, Recent(clock))

    def reply(message: bytes) -> tuple[int, bytes]:
        verifier.verify(message)  # wants each block of the header signed
        answer = _addressed(message, None)
        return 200, EnvelopeSigner(keys["theirs.pem"][1], keys["theirs.key"][1]).sign(answer, clock.now())

    auth = {
        "kind": "wsse_x509",
        "certificate": keys["mine.pem"][0],
        "key": {"file": keys["mine.key"][0]},
        "peer_certificate": keys["theirs.pem"][0],
    }
    async with _source(reply, auth=auth, options={"addressing": "true"}) as (source, seen):
        assert (await landed_from(source, _query(), soon())).outcome is Outcome.FOUND
    assert b"wsa:MessageID" in seen[0][1]


@pytest.mark.parametrize(
    "options",
    [
        {"faults": {"QUOTA": "found"}},
        {"faults": {"QUOTA": {"outcome": "refused", "reason": "nonsense"}}},
        {"unknown": "x"},
        {"fault_code": "detail/Fout"},
        {"fault_code": "detail.f:Code"},
        {"fault_code": "detail..Code"},
        {"fault_blank": "found"},
        {"http": {"500": "not_found"}},
        {"wsdl": "nowhere.wsdl"},
        {"port": "NoPort"},
        {"addressing": "maybe"},
        {"addressing": {"form": "urn:x"}},
    ],
)
def test_settings_that_cannot_be_used_are_told_at_start(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        open_source(_settings("http://127.0.0.1:9", options=options), {LOOK_UP: plans()[LOOK_UP]}, tools())
