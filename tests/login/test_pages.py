"""Every page of logins: escaped, readable by a screen reader, one heading, one way on."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.config.gateway import Label
from gateway.console.pages import Pages
from gateway.console.words import ANSWERS_TO
from gateway.domain.login import Identity, LoginReason, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.sentences import titled
from gateway.login.choices import MandateKind
from gateway.login.steps import STATUSES, PageKind

EVIL = "<script>alert(1)</script>\u202e\"'&{{7*7}}"
LABEL = Label(vi=f"Cơ quan {EVIL}", en=EVIL)
WHO = Identity(provider="p", subject="s", full_name=EVIL, personal_id="033194628150", level=2)
KIND = MandateKind(EVIL, titled(EVIL, EVIL), of_organisation=False, document=titled(EVIL, EVIL))
FIRM = MandateKind("firm", titled("Doanh nghiệp", "Firm"), of_organisation=True, document=None)
MANDATE = Mandate(kind="parent", document=EVIL, represented=Subject(kind=SubjectKind.PERSON, full_name=EVIL))
URL = "/login/again?to=x&provider=y"
VALUES: dict[PageKind, dict[str, Any]] = {
    PageKind.CHOOSE: {"ways": [{"title": LABEL, "mark": "sandbox", "url": URL}], "client": LABEL},
    PageKind.MANDATE: {
        "ticket": EVIL, "to": "x", "client": LABEL, "kinds": [KIND, FIRM], "who": WHO, "fault": titled(EVIL, EVIL),
        "typed": {"kind": EVIL, "full_name": EVIL, "personal_id": EVIL},
        "other_account": titled(EVIL, EVIL), "sign_in": URL,
    },
    PageKind.CONSENT: {
        "ticket": "t", "to": "x", "client": LABEL, "claims": ("name", "personal_id"), "asked": ("name",),
        "who": WHO, "mandate": MANDATE,
    },
    PageKind.WORKING: {"next": "https://system.example/?a=<script>alert(1)</script>\"'", "seconds": 0, "frames": ['https://x/<script>alert(1)</script>"']},
    PageKind.PROOF: {"fields": {"state": EVIL, EVIL: "x"}, "again": URL, "action": "/login/callback/p"},
    PageKind.NO_COOKIES: {"reason": LoginReason.NO_COOKIES, "again": URL},
    PageKind.SIGNED_IN: {"client": LABEL, "next": URL},
    PageKind.SESSIONS: {
        "rows": [
            {"id": "i", "is_mine": True, "level": 2, "created": 1_000.0, "provider": LABEL, "systems": [LABEL]},
            {"id": "j", "is_mine": False, "level": 0, "created": 1_000.0, "provider": LABEL, "systems": []},
        ],
        "csrf": "c", "who": WHO, "ended": {"created": 1_000.0, "provider": LABEL},
    },
    PageKind.SIGN_OUT: {"csrf": "c", "back": "", "client": LABEL, "who": WHO},
    PageKind.SIGNED_OUT: {"is_done": False, "official": {"account": "<b>", "csrf": "c"}},
    PageKind.PROBLEM: {"reason": LoginReason.FORGED, "again": URL},
}  # fmt: skip


class _Seen(HTMLParser):
    """Tags with their attributes, and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def shown(kind: PageKind, **values: object) -> str:
    return (
        Pages(is_sandbox=True)
        .rendered(kind, "01KB0000000000000000000000", {**VALUES[kind], **values})
        .decode()
    )


def test_every_kind_of_page_and_every_reason_has_its_words() -> None:
    assert set(VALUES) == set(PageKind)
    assert set(STATUSES) == set(LoginReason) == set(ANSWERS_TO)
    for reason in LoginReason:
        text = shown(PageKind.PROBLEM, reason=reason)
        assert reason.vi in text
        assert "bạn" not in text.lower().replace("bạng", "")


@pytest.mark.parametrize("kind", PageKind)
def test_page_shows_hostile_words_and_runs_nothing(kind: PageKind) -> None:
    text = shown(kind)
    assert "<script>alert" not in text
    assert "\u202e" not in text.replace("value=", "").partition("<main")[0]
    assert "49" not in text.replace("&#39;", "")
    seen = _Seen(text)
    for tag, attributes in seen.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
    assert all(str(one["src"]).startswith("/login/assets/login.") for one in seen.of("script"))
    assert not seen.of("style", "img", "object", "base")


@pytest.mark.parametrize("kind", PageKind)
def test_page_has_languages_landmarks_one_heading_and_labels(kind: PageKind) -> None:
    text = shown(kind)
    seen = _Seen(text)
    assert text.startswith("<!doctype html>")
    assert seen.of("html")[0]["lang"] == "vi"
    assert len(seen.of("h1")) == len(seen.of("main")) == len(seen.of("title")) == 1
    assert seen.of("a")[0]["href"] == "#main"
    assert 'lang="en"' in text
    assert "01KB0000000000000000000000" in text
    assert "width=device-width" in text
    ids = [one["id"] for _, one in seen.tags if "id" in one]
    assert len(ids) == len(set(ids))
    labelled = {one["for"] for one in seen.of("label")}
    for one in seen.of("input"):
        assert one.get("type") == "hidden" or one["id"] in labelled
    for one in seen.of("iframe"):
        assert one["title"]
    assert all(one.get("method") == "post" for one in seen.of("form"))
    assert [one for one in seen.of("button", "a") if "button" in (one.get("class") or "")]


def test_asset_changes_its_name_with_its_content_and_is_found_by_it() -> None:
    pages = Pages(is_sandbox=False)
    text = pages.rendered("signed_out", "x", VALUES[PageKind.SIGNED_OUT]).decode()
    assert "Môi trường thử nghiệm" not in text
    names = re.findall(r'"/login/assets/([^"#]+)', text)
    assert {one.partition(".")[0] for one in names} == {"mark", "tokens", "pages", "login"}
    assert set(names) <= set(pages.assets)
    assert all(re.fullmatch(r"[a-z]+\.[A-Za-z0-9_-]{16}\.(css|js|svg)", one) for one in names)


def test_style_keeps_the_tokens_of_the_house_and_shows_the_focus() -> None:
    pages = Pages(is_sandbox=False)
    names = re.findall(
        r'"/login/assets/([^"]+[.]css)"',
        pages.rendered("signed_out", "x", VALUES[PageKind.SIGNED_OUT]).decode(),
    )
    style = "".join(pages.assets[one].content.decode() for one in names)
    for word in (
        "prefers-color-scheme: dark", ":focus-visible", "forced-colors", "#0B4F7A", "min-height: var(--target)",
        "--target: 48px",
    ):  # fmt: skip
        assert word in style
    assert set(re.findall(r'url\("([^")]*)"\)', style)) <= set(pages.assets)
    assert style.count("url(") == 10
    assert "@import" not in style
