"""A browser window on the workspace, as a test drives it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from integrations.sandbox.slack.testing import Playground

try:
    from playwright.async_api import FilePayload, Locator, Page, Route, async_playwright, expect
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("the page's browser tests need playwright", allow_module_level=True)

__all__ = ["CHROMIUM", "FLAGS", "Desk", "FilePayload", "Route", "async_playwright", "expect"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb"]
MOUSE = ("primaryHoverType=2", "availableHoverTypes=2", "primaryPointerType=4", "availablePointerTypes=4")
FLAGS += [f"--blink-settings={','.join(MOUSE)}"]  # it would see that the machine has none
if not CHROMIUM and not os.environ.get("CI"):
    pytest.skip("the page's browser tests need chromium", allow_module_level=True)
expect.set_options(timeout=30_000)  # a busy machine is no failure
AUDITS = Path(__file__).with_name("audits.js").read_text(encoding="utf-8").strip().removesuffix(";")


class Desk:
    """A browser window on the workspace, with what it complained about."""

    def __init__(self, page: Page, workspace: Playground) -> None:
        self.page = page
        self.workspace = workspace
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    async def opens(self, path: str = "") -> Page:
        await self.page.goto(f"{self.workspace.sandbox.page_url}{path}")
        await self.page.locator("html[data-ready]").wait_for()
        return self.page

    async def writes(self, text: str, *, thread: bool = False) -> None:
        pane = ".thread-pane" if thread else ".stage > .pane:first-child"
        area = self.page.locator(f"{pane} .composer-text")
        await area.fill(text)
        await self.page.keyboard.press("Escape")  # a list of suggestions would take the Enter
        await area.press("Enter")

    async def opens_thread(self) -> Locator:
        """Of the one message that has replies."""
        await self.page.locator(".thread-summary").click()
        return self.page.locator(".thread-pane")

    async def sits_down_as(self, name: str) -> None:
        await self.page.locator(".who").click()
        await self.page.get_by_role("menuitemradio", name=name).click()
        await self.page.locator(".who", has_text=name).wait_for()

    async def audit(self, name: str, *given: str) -> list[str]:
        """What is wrong with the page, by a question of `audits.js`."""
        found: list[str] = await self.page.evaluate(f"(given) => ({AUDITS}).{name}(...given)", list(given))
        return found
