"""The manual at the door: every page of it, every link between them, the search, and nothing else of the disk."""

import html
import re

import orjson
import pytest

from gateway.console.manual import manual
from tests.login.browser import Browser
from tests.pages.test_frame import POLICY
from tests.pages.trial import HTML

pytestmark = pytest.mark.asyncio(loop_scope="session")
LINK = re.compile(r'<a [^>]*?href="([^"#]*)(?:#([^"]*))?"')
ID = re.compile(r' id="([^"]+)"')


async def test_every_link_from_the_first_page_on_leads_to_a_page_and_its_anchor(browser: Browser) -> None:
    anchors: dict[str, set[str]] = {}
    wanted: dict[tuple[str, str], str] = {}
    waiting = ["/manual"]
    while waiting:
        url = waiting.pop()
        page = await browser.go(url, Accept=HTML)
        assert page.status == 200, url
        assert page.headers["Content-Security-Policy"] == POLICY
        assert page.text.count("<h1") == 1, url
        anchors[url] = set(ID.findall(page.text))
        for place, anchor in LINK.findall(page.text):
            target = html.unescape(place) or url
            is_page = not target.endswith(".png")
            if is_page and (target == "/manual" or target.startswith("/manual/")):
                wanted[target, html.unescape(anchor)] = url
                if target not in anchors and target not in waiting:
                    waiting.append(target)
    dead = {link: source for link, source in wanted.items() if link[1] and link[1] not in anchors[link[0]]}
    assert dead == {}
    assert {document.url for document in manual().documents.values()} <= anchors.keys()


async def test_search_works_without_script_and_speaks_the_language_of_the_page(browser: Browser) -> None:
    page = await browser.go("/manual?q=dang+nhap+cong+dan", Accept=HTML)
    assert "/manual#log-citizens-in-connect-an-ordinary-openid-client-in-ten-minutes" in page.text
    assert "<mark>Đăng nhập công dân</mark>" in page.text
    assert "mục có đủ các từ đã tìm" in page.text
    assert "sections hold every word" in (await browser.go("/manual?q=receipt&lang=en", Accept=HTML)).text
    await browser.go("/manual?lang=vi", Accept=HTML)
    nothing = await browser.go("/manual?q=zzzqq", Accept=HTML)
    assert "Không có kết quả phù hợp" in nothing.text
    assert nothing.status == 200


async def test_vietnamese_reader_learns_what_an_english_document_is_about(browser: Browser) -> None:
    page = await browser.go("/manual/gateway/consents?lang=vi", Accept=HTML)
    line = "Sự đồng ý của công dân: ghi nhận, biên nhận, rút lại."
    assert page.text.count(f">{line}</p>") == 2  # above the document, and in the contents
    assert "Tài liệu viết bằng tiếng Anh." in page.text
    english = await browser.go("/manual/gateway/consents?lang=en", Accept=HTML)
    assert line not in english.text
    await browser.go("/manual?lang=vi", Accept=HTML)


async def test_what_was_searched_is_text(browser: Browser) -> None:
    page = await browser.go("/manual?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", Accept=HTML)
    assert "<script>alert" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page.text
    assert (await browser.go(f"/manual?q={'x+' * 3_000}", Accept=HTML)).status == 200
    assert (await browser.go("/manual?q=a&q=b", Accept=HTML)).status == 400


async def test_program_gets_the_text_and_the_hits_as_json(browser: Browser) -> None:
    document = orjson.loads((await browser.go("/manual/gateway/policy", Accept="application/json")).text)
    assert document["path"] == "gateway/policy/README.md"
    assert document["markdown"].startswith("# gateway/policy")
    hits = orjson.loads((await browser.go("/manual?q=tlog-witness", Accept="application/json")).text)["hits"]
    assert hits
    assert hits[0].keys() == {"url", "document", "section", "before", "match", "after", "language"}


async def test_example_is_shown_as_it_is(browser: Browser) -> None:
    page = await browser.go("/manual/gateway/console/examples/prefill.mjs", Accept=HTML)
    code = manual().files["gateway/console/examples/prefill.mjs"].read_text("utf-8")
    [shown] = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page.text, re.DOTALL)
    assert html.unescape(shown) == code


@pytest.mark.parametrize(
    "path",
    [
        "config/gateway.yaml", "gateway/console/manual.py", "../config/gateway.yaml",
        "gateway/console/examples/../manual.py",
        "%2e%2e/config/gateway.yaml", "..%2f..%2fetc/passwd", "/etc/passwd", "gateway/README.md", "nothing", "README",
        "tests/interop/node_modules/jose/README", "gateway/", "gateway/console/static/vendor/ORIGIN",
    ],
)  # fmt: skip
async def test_nothing_but_documents_examples_and_pictures_is_served(browser: Browser, path: str) -> None:
    page = await browser.go(f"/manual/{path}", Accept=HTML)
    assert page.status == 404
    assert "profile:" not in page.text
