"""Colours of pages: every pair in use is readable, light and dark; the figures are those of the design."""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parents[2] / "gateway" / "console" / "static"
KINDS = ("lam", "ok", "wait", "doubt", "stop", "own")
TOKENS = {"ground", "paper", "ink", "ink2", "line", "line-strong", "on", "mute-tint", *KINDS} | {
    f"{kind}-tint" for kind in KINDS
}
TEXT, BORDER = 5.65, 3.59


def schemes() -> dict[str, dict[str, str]]:
    light, rest = (STYLES / "tokens.css").read_text().partition("prefers-color-scheme: dark")[::2]
    dark, _, printed = rest.partition("@media print")
    return {
        name: dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", text))
        for name, text in (("light", light), ("dark", dark), ("print", printed))
    }


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_and_borders_stand_out_from_what_they_stand_on(scheme: str) -> None:
    colours = schemes()[scheme]
    assert set(colours) == TOKENS
    tints = [f"{kind}-tint" for kind in (*KINDS, "mute")]
    pairs = [(kind, ground) for kind in KINDS for ground in ("paper", "ground", f"{kind}-tint")]
    pairs += [("ink", ground) for ground in ("paper", "ground", *tints)]
    pairs += [("ink2", ground) for ground in ("paper", "ground", "mute-tint")]
    pairs += [("on", "lam"), ("lam", "mute-tint")]
    assert {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs
            if contrast(colours[pair[0]], colours[pair[1]]) < TEXT - 0.005} == {}  # fmt: skip
    for ground in ("paper", "ground"):
        assert contrast(colours["line-strong"], colours[ground]) >= BORDER - 0.005


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("style", ["pages.css", "login.css"])
def test_styles_take_their_colours_from_the_tokens(style: str) -> None:
    found = re.findall(r"^(.*(?:#[0-9A-Fa-f]{3,8}\b|rgba?\().*)$", (STYLES / style).read_text(), re.MULTILINE)
    # codes that cameras read stay black on white; what lies behind a dialog is dimmed
    assert [one for one in found if not one.startswith((".qr-", "dialog::backdrop"))] == []


def test_every_token_in_use_is_defined() -> None:
    known = set(re.findall(r"--([a-z0-9-]+):", (STYLES / "tokens.css").read_text())) | {"c", "t"}
    for style in STYLES.glob("*.css"):
        used = set(re.findall(r"var\(--([a-z0-9-]+)", style.read_text()))
        assert {one for one in used if not one.startswith("ml-")} <= known, style.name


def test_motion_and_forced_colours_are_respected() -> None:
    tokens, pages = ((STYLES / name).read_text() for name in ("tokens.css", "pages.css"))
    assert "prefers-reduced-motion: reduce" in tokens
    assert set(re.findall(r"transition: [^;]*;", pages)) == {"transition: transform var(--fade);"}
    assert "animation" not in pages
    assert "forced-colors: active" in pages
    assert "size: A4; margin: 15mm" in pages
