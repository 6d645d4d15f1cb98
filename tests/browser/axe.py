"""What every page must stand, in a real browser: no fault of accessibility, nothing wider than the window."""

import os

import pytest
from playwright.async_api import Page

from tests.flows.conftest import ROOT

#: from the npm peers
_AXE = ROOT / "tests" / "interop" / "node_modules" / "axe-core" / "axe.min.js"


async def is_clean(page: Page, part: str = "html") -> None:
    """No fault that axe-core finds in a part of the page (a CSS selector); nothing wider than the window."""
    if not _AXE.is_file():
        if os.environ.get("MOTLAN_NO_SKIP"):
            pytest.fail("axe-core is missing: npm install --prefix tests/interop")
        pytest.skip("needs axe-core: npm install --prefix tests/interop")
    await page.evaluate(_AXE.read_text("utf-8"))
    found = await page.evaluate(
        "part => axe.run(part, {resultTypes: ['violations'], preload: false}).then((r) => r.violations)", part
    )
    faults = [(one["id"], [two["html"][:200] for two in one["nodes"]][:3]) for one in found]
    assert not faults, faults
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px wider than the window"
