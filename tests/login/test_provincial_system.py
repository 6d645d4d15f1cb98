"""The sample provincial system of the sandbox, an independent OpenID client, with a person and a browser before it."""

import asyncio
import base64
import contextlib
import html
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest

from gateway.cli.greeting import greeting
from tests.flows.conftest import House, build

LINK = "vnconnect=1&MaTTHCDP=1.004873&MaCoQuanThucHien=000.00.14.H31&MaDVC=1.004873.01"
MAU = "033190001234"


class PersonBrowser:
    """Follows redirects and refreshes, and sends forms, as a browser without scripts does."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sandbox = house.control.removesuffix("/__sandbox")
        self.system = f"{self.sandbox}/provincial_system"
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.visited: list[str] = []
        self.at, self.text, self.status = "", "", 0
        self.policy = ""
        self.next, self.goes_on = "", True

    async def go(self, url: str, form: dict[str, str] | None = None) -> str:
        method = "GET" if form is None else "POST"
        async with self.http.request(method, urljoin(self.at, url), data=form) as answer:
            self.visited += [str(one.url) for one in (*answer.history, answer)]
            self.at, self.text, self.status = str(answer.url), await answer.text(), answer.status
            self.policy = answer.headers.get("Content-Security-Policy", "")
        onwards = re.search(r'<meta http-equiv="refresh" content="[0-9]+; ?url=([^"]+)"', self.text)
        self.next = html.unescape(onwards[1]) if onwards else ""
        return await self.go(self.next) if onwards and self.goes_on else self.text

    async def aclose(self) -> None:
        await self.http.close()

    async def press(self, words: str, **typed: str) -> str:
        """Send the form whose button (or field) says these words."""
        for action, inner in re.findall(
            r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', self.text, re.DOTALL
        ):
            if words in inner:
                hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inner)
                fields = {name: html.unescape(value) for name, value in hidden}
                return await self.go(html.unescape(action), {**fields, **typed})
        raise AssertionError(f"no form says {words}: {self.text}")

    async def follow(self, words: str) -> str:
        """Go where the link that says these words leads."""
        links = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', self.text, re.DOTALL)
        return await self.go(next(html.unescape(url) for url, text in links if words in text))

    async def sign_in(self, start: str, account: str = "mau") -> str:
        """From an address through the provider, for oneself, to where the system leads."""
        await self.go(start)
        await self.press("sessionDataKey", account=account)
        await self.press("Cho chính tôi")
        return await self.press("Đồng ý", answer="yes")

    @property
    def shown(self) -> dict[str, str]:
        """What is in the list of who is signed in."""
        rows = re.findall(r"<dt>(.*?)<span.*?</dt>\s*<dd>(.*?)</dd>", self.text, re.DOTALL)
        return {name.strip(): re.sub(r"<[^>]*>", "", html.unescape(value)).strip() for name, value in rows}


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[PersonBrowser]:
    async with build(tmp_path, {}) as house:
        found = PersonBrowser(house)
        async with contextlib.aclosing(found):
            yield found


async def test_deep_link_ends_at_the_filled_form_and_no_address_has_the_number(
    browser: PersonBrowser,
) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    assert browser.at == f"{browser.system}/form/1.004873"
    assert browser.shown["Họ tên"] == "Trần Thị Mẫu"
    assert browser.shown["Số định danh"] == MAU
    assert browser.shown["Mức độ xác thực"] == "2"
    assert browser.shown["Thực hiện cho"].startswith("chính mình")
    row = re.search(r"Tình trạng hôn nhân</th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>", browser.text, re.DOTALL)
    assert row is not None
    assert (row[1], row[2]) == ("Hiện tại đang có vợ/chồng", "Cơ sở dữ liệu hộ tịch điện tử")
    assert not [one for one in browser.visited if MAU in one or "M%E1%BA%ABu" in one]
    assert "default-src 'none'" in browser.policy
    assert "script-src" not in browser.policy


async def test_person_signs_in_once_for_all_procedures(browser: PersonBrowser) -> None:
    await browser.go(f"{browser.system}/")
    assert "Đăng xuất" not in browser.text
    await browser.follow("Cấp giấy xác nhận tình trạng hôn nhân")
    await browser.go(
        next(one for one in re.findall(r'href="([^"]+provider=vneid[^"]*)"', browser.text)).replace(
            "&amp;", "&"
        )
    )
    await browser.press("sessionDataKey", account="luu")
    await browser.press("Cho chính tôi")
    await browser.press("Đồng ý", answer="yes")
    assert browser.at == f"{browser.system}/form/1.004873"
    assert browser.shown["Mức độ xác thực"] == "1"
    await browser.follow("Thủ tục")
    await browser.follow("Trợ cấp hưu trí xã hội")
    await browser.press("Cho chính tôi")
    assert browser.at == f"{browser.system}/form/1.014027"
    assert browser.shown["Họ tên"] == "Nguyễn Thị Lựu"


async def test_sign_out_at_the_system_signs_out_at_the_gateway_and_the_provider(
    browser: PersonBrowser,
) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    await browser.press("Đăng xuất")
    assert browser.at.startswith(f"{browser.system}/bye")
    await browser.go(f"{browser.system}/")
    assert "Đăng xuất" not in browser.text
    await browser.go(f"{browser.house.url}/login/start?{LINK}")
    assert urlsplit(browser.at).path == "/identity/national/authenticationendpoint/login.do"


async def test_sign_out_at_the_provider_signs_out_at_the_system(browser: PersonBrowser) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    order = {"provider": "national", "account": "mau"}
    async with browser.http.post(f"{browser.sandbox}/__sandbox/identity/sign_out", json=order) as answer:
        assert [one["status"] for one in (await answer.json())["told"]] == [200]
    for _ in range(100):
        await browser.go(f"{browser.system}/")
        if "Đăng xuất" not in browser.text:
            break
        await asyncio.sleep(0.05)
    assert "Đăng xuất" not in browser.text
    assert (await _calls(browser))["provincial_system.back_channel"] == 1


async def test_frame_of_the_gateway_signs_out_by_issuer_and_session_only(browser: PersonBrowser) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    for wrong in (
        "iss=http://127.0.0.1:1&sid=x",
        f"iss={browser.house.url}&sid=x",
        f"iss={browser.house.url}",
    ):
        await browser.go(f"{browser.system}/frontchannel_logout?{wrong}")
        assert "frame-ancestors http://127.0.0.1:*" in browser.policy
    await browser.go(f"{browser.system}/")
    assert "Đăng xuất" in browser.text


async def test_logout_token_of_nobody_ends_nothing(browser: PersonBrowser) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    async with browser.http.get(f"{browser.house.url}/oauth2/jwks") as answer:
        kid = next(one["kid"] for one in (await answer.json())["keys"] if one["kty"] == "RSA")
    claims = {
        "iss": browser.house.url, "aud": "provincial_system", "iat": int(time.time()), "jti": "j", "sub": "s",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    head = {"alg": "RS256", "typ": "logout+jwt", "kid": kid}
    forged = ".".join(map(_encoded, (json.dumps(head).encode(), json.dumps(claims).encode(), b"s" * 256)))
    for token in ("", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", forged):
        await browser.go(f"{browser.system}/backchannel_logout", {"logout_token": token})
        assert browser.status == 400
    await browser.go(f"{browser.system}/")
    assert "Đăng xuất" in browser.text


async def test_answer_of_another_login_ends_at_a_page_with_a_button_that_works(
    browser: PersonBrowser,
) -> None:
    await browser.go(f"{browser.system}/callback?code=x&state=y&iss={browser.house.url}")
    assert browser.status == 400
    await browser.follow("Đăng nhập lại")
    assert browser.status == 200
    assert "provider=national_portal" in browser.text
    await browser.go(f"{browser.system}/login?iss=http://127.0.0.1:1&procedure=1.004873")
    assert browser.status == 400
    # where somebody is signed in already, a reload of the callback ends at the form
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    await browser.go(
        next(one for one in browser.visited if "/provincial_system/callback?" in one and "code=x" not in one)
    )
    assert browser.at == f"{browser.system}/form/1.004873"


async def test_code_of_another_browser_signs_nobody_in(browser: PersonBrowser) -> None:
    browser.goes_on = False
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}")
    assert browser.next.startswith(f"{browser.system}/callback?code=")
    victim = PersonBrowser(browser.house)
    async with contextlib.aclosing(victim):
        await victim.go(f"{victim.system}/login?procedure=1.004873")
        await victim.go(browser.next)
        assert victim.status == 400
        assert "không bắt đầu ở trình duyệt này" in victim.text
        await victim.go(f"{victim.system}/")
        assert "Đăng xuất" not in victim.text


async def test_page_of_consent_lists_what_the_account_has_and_after_no_the_procedure_is_kept(
    browser: PersonBrowser,
) -> None:
    await browser.go(f"{browser.house.url}/login/start?{LINK}")
    await browser.press("sessionDataKey", account="mau")
    await browser.press("Cho chính tôi")
    assert "Số định danh cá nhân" in browser.text
    assert [one for one in ("Mã số thuế", "Tên tổ chức, doanh nghiệp") if one in browser.text] == []
    await browser.press("Đồng ý", answer="no")
    assert browser.status == 400
    await browser.follow("Đăng nhập lại")
    await browser.press("Cho chính tôi")
    await browser.press("Đồng ý", answer="yes")
    assert browser.at == f"{browser.system}/form/1.004873"
    # the account of a company has what a citizen's has not
    browser.http.cookie_jar.clear()
    await browser.go(f"{browser.house.url}/login/start?{LINK}")
    await browser.press("sessionDataKey", account="business_thin")
    await browser.press("Cho chính tôi")
    assert "Mã số thuế" in browser.text
    assert "Số định danh cá nhân" not in browser.text


async def test_mother_acts_for_her_child(browser: PersonBrowser) -> None:
    child = next(one for one in browser.house.personas if "child" in one["traits"])
    day = "/".join(reversed(child["birth_date"].split("-")))
    typed = {"personal_id": child["personal_id"], "full_name": child["full_name"], "birth_date": day}
    await act_for(browser, "mau", "parent", **typed)
    await browser.press("Đồng ý", answer="yes")
    assert browser.at == f"{browser.system}/form/9.000001"
    assert browser.shown["Họ tên"] == "Trần Thị Mẫu"
    acts_for = " ".join(browser.shown["Thực hiện cho"].split())
    told = f"{child['full_name']}, số định danh {child['personal_id']} (ông/bà là cha, mẹ · as a parent)"
    assert acts_for == told
    assert child["full_name"] in browser.text.partition("Biểu mẫu đã điền sẵn")[2]
    # where the form has both, she asks for it and it is about the child
    await browser.go(f"{browser.system}/form/1.004873")
    rows = dict(re.findall(r'<th scope="row">(.*?)</th>\s*<td>(.*?)</td>', browser.text, re.DOTALL))
    assert rows["Họ tên người yêu cầu"] == "Trần Thị Mẫu"
    assert child["full_name"] in rows.values()
    assert " ".join(browser.shown["Thực hiện cho"].split()) == told
    assert not [one for one in browser.visited if child["personal_id"] in one]


async def act_for(
    browser: PersonBrowser, account: str, kind: str, procedure: str = "9.000001", **typed: str
) -> None:
    """Sign in, and claim a mandate."""
    await browser.go(f"{browser.system}/login?procedure={procedure}")
    await browser.follow("Cổng Dịch vụ công Quốc gia")
    await browser.press("sessionDataKey", account=account)
    await browser.press(f'value="{kind}"', **typed)


async def test_guardian_and_legal_representative_act_by_their_mandates(browser: PersonBrowser) -> None:
    ward = next(one for one in browser.house.personas if one["key"] == "orphan")
    typed = {
        "personal_id": ward["personal_id"], "full_name": ward["full_name"], "document": "12-2024",
        "birth_date": "/".join(reversed(ward["birth_date"].split("-"))),
    }  # fmt: skip
    await act_for(browser, "quan", "guardian", **typed)
    assert browser.status == 403, "he is not the guardian"
    browser.http.cookie_jar.clear()
    await act_for(browser, "guardian", "guardian", **typed)
    await browser.press("Đồng ý", answer="yes")
    acts_for = browser.shown["Thực hiện cho"]
    assert acts_for.startswith(f"{ward['full_name']}, số định danh {ward['personal_id']}")
    assert "giám hộ" in acts_for
    assert ward["full_name"] in browser.text.partition("Biểu mẫu đã điền sẵn")[2]
    browser.http.cookie_jar.clear()
    await act_for(browser, "business", "legal_representative", tax_code="0916911353")
    await browser.press("Đồng ý", answer="yes")
    assert browser.shown["Thực hiện cho"].startswith("Công ty TNHH Sông Luộc Mẫu, mã số thuế 0916911353")
    assert "Biểu mẫu này dành cho cá nhân" in browser.text


@pytest.mark.parametrize("account", ["business", "business_thin"])
async def test_account_of_a_company_opens_the_form_of_a_company(browser: PersonBrowser, account: str) -> None:
    await browser.go(f"{browser.system}/")
    await browser.follow("Cấp giấy phép xây dựng nhà ở riêng lẻ")
    await browser.follow("Cổng Dịch vụ công Quốc gia")
    await browser.press("sessionDataKey", account=account)
    await browser.press("Cho chính tôi")
    await browser.press("Đồng ý", answer="yes")
    assert browser.at == f"{browser.system}/form/1.013225"
    rows = dict(re.findall(r'<th scope="row">(.*?)</th>\s*<td>(.*?)</td>', browser.text, re.DOTALL))
    assert rows["Chủ đầu tư"] == "CÔNG TY TNHH SÔNG LUỘC MẪU"
    assert rows["Mã số thuế"] == "0916911353"
    assert rows["Thửa đất số"] == "345"
    assert not [one for one in browser.visited if "0916911353" in one]


async def test_legal_representative_opens_the_form_of_his_company(browser: PersonBrowser) -> None:
    await act_for(browser, "business", "legal_representative", "1.013225", tax_code="0916911353")
    assert "<bdi>Công ty TNHH Sông Luộc Mẫu</bdi>, mã số thuế <bdi>0916911353</bdi>" in browser.text
    await browser.press("Đồng ý", answer="yes")
    assert "theo pháp luật" in browser.shown["Thực hiện cho"]
    assert "Thửa đất số 345, tờ bản đồ 12 là dữ liệu mẫu" in browser.text
    assert "CÔNG TY TNHH SÔNG LUỘC MẪU" in browser.text.partition("Biểu mẫu đã điền sẵn")[2]


async def test_people_whom_serve_prints_for_mandates_have_them(browser: PersonBrowser) -> None:
    house = browser.house
    sandbox = {"control": house.control, "provincial_system": browser.system}
    printed = greeting({
        "gateway": house.url, "admin": house.admin, "clients": {}, "personas": house.personas, "sandbox": sandbox,
    })  # fmt: skip
    lines = [one for one in printed.splitlines() if re.search("cha, mẹ|giám hộ|doanh nghiệp", one)]
    known = r"(?P<full_name>[^,:]+), (?P<personal_id>[0-9]{12}), (?P<birth_date>[0-9/]{10})"
    shapes = (
        ("mau", "parent", f"Trần Thị Mẫu.* of {known}"),
        ("guardian", "guardian", f"Lưu Thị Tâm.* of {known}.* (?P<document>\\S+)$"),
        ("business", "legal_representative", "Nguyễn Đức Thành.* (?P<tax_code>[0-9]{10}) "),
    )
    assert len(lines) == len(shapes)
    for line, (account, kind, shape) in zip(lines, shapes, strict=True):
        typed = re.search(shape, line)
        assert typed is not None, line
        browser.http.cookie_jar.clear()
        await act_for(browser, account, kind, **typed.groupdict())
        assert "Cho phép chia sẻ thông tin của ông/bà?" in browser.text, line


async def test_account_without_a_person_ends_at_a_page_with_a_button_that_works(
    browser: PersonBrowser,
) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}", "business_thin")
    assert browser.shown["Họ tên"] == "Công ty TNHH Sông Luộc Mẫu"
    assert browser.shown["Số định danh"] == "0916911353"
    assert "Biểu mẫu này dành cho cá nhân" in browser.text
    await browser.follow("Đăng nhập lại")
    await browser.follow("Cổng Dịch vụ công Quốc gia")
    await browser.press("sessionDataKey", account="quan")
    await browser.press("Cho chính tôi")
    if "Đồng ý" in browser.text:
        await browser.press("Đồng ý", answer="yes")
    assert browser.shown["Họ tên"] == "Trần Văn Quân"
    assert "Biểu mẫu đã điền sẵn" in browser.text


async def test_markup_of_a_hostile_account_stays_text(browser: PersonBrowser) -> None:
    await browser.sign_in(f"{browser.house.url}/login/start?{LINK}", "hostile")
    assert browser.at == f"{browser.system}/form/1.004873"
    assert "<script" not in browser.text


async def test_sample_speaks_with_gateways_of_this_machine_only(browser: PersonBrowser) -> None:
    path = f"{browser.sandbox}/__sandbox/provincial_system/gateway"
    async with browser.http.post(path, json={"address": "http://gateway.example"}) as answer:
        assert answer.status == 400
    async with browser.http.post(path, json={"address": browser.house.url}) as answer:
        assert await answer.json() == {"gateway": browser.house.url}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def _calls(browser: PersonBrowser) -> dict[str, Any]:
    return await browser.house.calls()
