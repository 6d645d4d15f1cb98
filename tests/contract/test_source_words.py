"""Words of sources that no delivered file uses: the peer of new sources knows them, and breaks with them too."""

import asyncio
from typing import Any

import pytest

from gateway import registry
from gateway.config.configuration import SourceSettings
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.mapping.codes import Codes, Units
from gateway.mapping.model import ServiceMapping
from gateway.mapping.source import ServicePlan
from tests import unhurried
from tests.adapters.asking import landed_from
from tests.adapters.test_rest import query_of
from tests.contract.peers import BROKEN, moved_to, peer_of
from tests.contract.test_sources import ROOT, _Clock

MAPPED = {
    "evidence": "person",
    "title": {"vi": "Tra cứu", "en": "Look up"},
    "subjects": ["person"],
    "request": {"ten": {"from": "subject.full_name"}},
    "answer": {"found_when": "ten", "attributes": {"names": {"path": "data.items", "transform": "as_list"}}},
    "examples": [{"name": "three", "answer": {"ten": "x", "data": {"items": ["A", "B", "C"]}}}],
}
SECRET = {"env": "NO_SUCH_SECRET"}
AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"kind": "bearer", "secret": SECRET},
    "key in the address": {"kind": "api_key", "in_query_as": "key", "secret": SECRET},
    "assertion": {
        "kind": "oauth2", "token_url": "https://id.example/token", "client_id": "c", "client_auth": "private_key_jwt",
        "key": SECRET,
    },
    "client in the form": {
        "kind": "oauth2", "token_path": "/token", "client_id": "c", "client_auth": "form", "secret": SECRET,
    },
    "signed": {"kind": "http_signature", "key": SECRET, "kid": "k"},
    "hmac": {"kind": "aws_hmac", "access_key_id": "a", "secret": SECRET, "region": "r", "service": "s"},
}  # fmt: skip
PAGES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "number": {"by": "number", "place": "p"},
    "number, total": {"by": "number", "place": "p", "total_at": "page.total"},
    "offset, more": {"by": "offset", "place": "p", "size_place": "n", "size": 1, "more_at": "page.more"},
    "cursor": {"by": "cursor", "place": "p", "next_at": "page.next"},
    "next": {"by": "next", "next_at": "page.next"},
    "link": {"by": "link"},
}
OPTIONS = {
    "http": {"404": "not_found"},
    "fault_code": "error.code",
    "faults": {"NO_ONE": "not_found", "*": "invalid"},
}


def plan() -> ServicePlan:
    return ServicePlan("x", "look", ServiceMapping.model_validate(MAPPED), Codes({}, Units("", {}, {}), {}))


def settings(auth: str, pages: str) -> SourceSettings:
    service: dict[str, Any] = {"path": "/look", "method": "GET"}
    if (words := PAGES[pages]) is not None:
        service["pages"] = {"list_at": "data.items", **words}
    return SourceSettings.model_validate(
        {
            "source": "x", "adapter": "adapters.sources.rest", "title": {"vi": "Nguồn", "en": "Source"},
            "provider": "p", "mark": "sandbox", "url": "https://provider.example", "auth": AUTHS[auth],
            "options": OPTIONS, "services": {"look": service}, "limits": unhurried.limits(),
        }
    )  # fmt: skip


async def asked(auth: str, pages: str, mode: str = "") -> SourceAnswer:
    configured, one = settings(auth, pages), plan()
    async with peer_of(configured) as (peer, address):
        moved = moved_to(configured, address, played=False)
        source = registry.open_source(moved, {"look": one}, registry.source_tools(ROOT, _Clock()))
        peer.tell(one, configured, ROOT)
        peer.mode = mode
        end = asyncio.get_running_loop().time() + 25
        try:
            return await landed_from(source, query_of(full_name="Lê")._replace(attributes=("names",)), end)
        finally:
            await source.close()


@pytest.mark.parametrize("pages", PAGES)
async def test_source_with_pages_is_understood_by_its_peer(pages: str) -> None:
    got = await asked("bearer", pages)
    assert (got.outcome, got.values) == (Outcome.FOUND, {"names": ["A", "B", "C"]})


@pytest.mark.parametrize("auth", AUTHS)
async def test_source_that_signs_in_this_way_is_understood_by_its_peer(auth: str) -> None:
    assert (await asked(auth, "cursor")).values == {"names": ["A", "B", "C"]}


@pytest.mark.parametrize("mode", BROKEN)
async def test_trouble_is_never_an_answer_with_these_words(mode: str) -> None:
    for auth, pages in (*((one, "link") for one in AUTHS), *(("bearer", one) for one in PAGES)):
        got = await asked(auth, pages, mode)
        assert got.outcome in {Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.REFUSED}, (auth, pages)
