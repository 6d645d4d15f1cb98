"""The API reference at the door: its policy, its weight, its token, and what stands there without script."""

import html
import re

import orjson
import pytest

from gateway.api.answers import CODES
from gateway.api.routes import OPERATIONS
from gateway.config.configuration import load
from gateway.pages.docs import sandbox_client
from tests.flows.conftest import ROOT
from tests.login.browser import Browser
from tests.pages.test_frame import POLICY
from tests.pages.trial import HTML

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_policy_is_that_of_all_pages_but_for_two_names_of_trusted_types(browser: Browser) -> None:
    page = await browser.go("/docs", Accept=HTML)
    assert page.status == 200
    policy = page.headers["Content-Security-Policy"]
    assert policy == POLICY.replace("trusted-types 'none'", "trusted-types default dompurify")
    assert "style=" not in page.text
    assert re.search(r"\son[a-z]+=", page.text) is None
    assert re.search(r"<script(?![^>]* src=)", page.text) is None
    assert {
        one for one in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not re.match("[/#]", one)
    } == set()


async def test_everything_is_said_without_script_in_the_language_of_the_page(browser: Browser) -> None:
    page = await browser.go("/docs", Accept=HTML)
    for one in OPERATIONS:
        assert f'<tr id="operation-{one.id}"><th scope="row">{html.escape(one.vi, quote=False)}' in page.text
    for one in CODES:
        assert f'<div id="problem-{one.value}">' in page.text
    for link in ("/manual", "/manual/gateway/console/examples", "/openapi.json"):
        assert f'href="{link}"' in page.text
    english = await browser.go("/docs?lang=en", Accept=HTML)
    assert "Prefill the form of a procedure" in english.text
    await browser.go("/docs?lang=vi", Accept=HTML)


async def test_type_of_a_problem_is_its_place_on_the_page(browser: Browser) -> None:
    problem = orjson.loads((await browser.go("/v1/nothing", Accept="*/*")).text)
    place, _, anchor = problem["type"].partition("#")
    assert place == "/docs"
    assert f'id="{anchor}"' in (await browser.go(place, Accept=HTML)).text


async def test_assets_are_compressed_and_kept(browser: Browser) -> None:
    page = await browser.go("/docs", Accept=HTML)
    for url in re.findall(r'(?:src|href)="(/login/assets/[^"#]+\.(?:js|css))"', page.text):
        asset = await browser.go(url, None, **{"Accept-Encoding": "gzip"})
        assert ("Content-Encoding" in asset.headers) is (len(asset.text.encode()) > 1_200), url
        assert "immutable" in asset.headers["Cache-Control"]


async def test_program_gets_operations_and_problems_and_no_secret(browser: Browser) -> None:
    twin = await browser.go("/docs", Accept="application/json")
    found = orjson.loads(twin.text)
    assert [one["id"] for one in found["operations"]] == [one.id for one in OPERATIONS]
    assert {one["code"] for one in found["problems"]} == {one.value for one in CODES}
    assert "sandbox-only" not in twin.text


async def test_secret_of_the_sandbox_fetches_a_token_of_the_real_endpoint(browser: Browser) -> None:
    page = await browser.go("/docs", Accept=HTML)
    name, secret = re.findall(r'<meta name="sandbox-(?:client|secret)" content="([^"]+)">', page.text)
    assert (name, secret) == ("portal", "sandbox-only-portal")


async def test_production_gives_no_secret_to_a_page() -> None:
    sandbox = load(ROOT / "config")
    assert sandbox_client(sandbox) == ("portal", "sandbox-only-portal")
    gateway = sandbox.gateway.model_copy(update={"profile": "production"})
    assert sandbox_client(sandbox.model_copy(update={"gateway": gateway})) is None
    assert sandbox_client(sandbox.model_copy(update={"requesters": {}})) is None


async def test_old_assets_are_gone(browser: Browser) -> None:
    for name in ("docs.js", "docs.css", "docs.html"):
        assert (await browser.go(f"/docs/{name}", Accept=HTML)).status == 404
