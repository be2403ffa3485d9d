"""The platform's page in a real browser: something is broken, found in the list and ended, by whatever means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.telemetry import signals
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from tests.sandbox.desk import AUDITS, expect

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NOW = datetime(2026, 3, 4, 15, 0, 30, tzinfo=UTC)
PHONE = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}


class Window:
    """The platform and the page on it, which agree on what time it is."""

    def __init__(self, page: Page) -> None:
        self.page, self.now = page, NOW
        self.world = World(born=NOW)
        self.platform = Platform(self.world, clock=lambda: self.now)
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    async def opens(self) -> Page:
        await self.at(0)
        await self.page.goto(self.platform.url)
        return self.page

    async def at(self, minutes: int) -> None:
        self.now = NOW + timedelta(minutes=minutes)
        await self.page.clock.set_fixed_time(self.now)

    async def audit(self, name: str, *given: str) -> list[str]:
        found: list[str] = await self.page.evaluate(f"(given) => ({AUDITS}).{name}(...given)", list(given))
        return found


@pytest.fixture
async def window(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Window]:
    options = {"locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce", **getattr(request, "param", {})}
    context = await browser.new_context(**options)
    window = Window(await context.new_page())
    async with window.platform:
        yield window
        await context.close()
    assert window.complaints == []


async def test_a_bad_deploy_is_pressed_listed_asked_for_and_ended_by_keyboard(window: Window) -> None:
    page = await window.opens()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = page.locator("#faults li")
    await expect(page.get_by_text("Nothing. Choose something below.")).to_be_visible()
    await page.get_by_role("button", name="Break it Bad deploy").focus()
    await page.keyboard.press("Enter")
    await expect(row).to_contain_text("Bad deploy of checkout in production")
    await expect(row).to_contain_text("begins at 15:01")
    await expect(page.get_by_role("status")).to_contain_text("begins at 15:01")
    await expect(row.locator("code")).to_have_text("@copilot why is checkout slow?")
    await expect(page.get_by_text("Nothing. Choose something below.")).to_be_hidden()

    await window.at(2)
    await expect(row).to_contain_text("since 15:01, 1 minute; rates show it from 15:03 on")  # without a reload
    await window.at(5)
    await expect(row).to_contain_text("since 15:01, 4 minutes")
    await expect(row).not_to_contain_text("rates show it")

    await row.get_by_role("button", name="Copy").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "@copilot why is checkout slow?"

    await page.keyboard.press("Tab")
    await expect(row.get_by_role("button", name="End it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Bad deploy of checkout is rolled back at 15:06.")
    await expect(row).to_contain_text("ends at 15:06")
    await expect(row.get_by_role("button", name="End it")).to_be_hidden()
    await expect(page.get_by_role("heading", name="Broken now")).to_be_focused()
    await window.at(6)
    await expect(row).to_have_count(0)
    changes = window.world.deploys(signals.Window(NOW, NOW + timedelta(minutes=9)), "checkout", "production")
    assert [change.kind for change in changes] == ["deploy", "rollback"]


async def test_what_is_chosen_is_broken_and_not_twice(window: Window) -> None:
    page = await window.opens()
    form = page.locator("form[data-kind=memory_leak]")
    await page.get_by_label("Environment").select_option("staging")
    await form.get_by_label("Service").select_option("search")
    await form.get_by_role("button").click()
    await expect(page.locator("#faults li")).to_contain_text("Memory leak of search in staging")
    await expect(page.locator("#faults code")).to_have_text("@copilot why is the memory of search high in staging?")
    await form.get_by_role("button").click()
    await expect(page.get_by_role("status")).to_have_text("Memory leak of search in staging is on already.")
    assert [(fault.kind, fault.size) for fault in window.world.faults()] == [("memory_leak", 10)]


async def test_what_others_break_is_listed_and_what_is_over_is_not(window: Window) -> None:
    page = await window.opens()
    window.world.inject("latency", "payments", "production", NOW - timedelta(hours=1), minutes=30)
    window.world.inject("error_burst", "cart", "development", NOW - timedelta(minutes=20))
    row = page.locator("#faults li")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("Error burst of cart in development")
    await expect(row).to_contain_text("since 14:41, 19 minutes")


async def test_what_the_platform_refuses_is_said_in_its_words(window: Window) -> None:
    page = await window.opens()
    fault = window.world.inject("latency", "payments", "production", NOW - timedelta(minutes=9))
    end = page.get_by_role("button", name="End it")
    await expect(end).to_be_visible()
    await page.route("**/faults", lambda route: route.abort() if route.request.method == "GET" else route.continue_())
    await expect(page.get_by_role("status")).to_contain_text("The platform does not answer.")
    window.world.end(fault.id, NOW - timedelta(minutes=2))
    await end.click()
    await expect(page.get_by_role("status")).to_contain_text(f"The fault {fault.id} is over since")
    await page.unroute("**/faults")
    await expect(page.locator("#faults li")).to_have_count(0)
    window.complaints.clear()  # the browser wrote down what was refused


async def test_nothing_from_outside_becomes_markup(window: Window) -> None:
    evil = "<img src=x onerror=window.hacked=1>"
    fault = dict.fromkeys(("id", "kind", "service", "environment"), evil) | {
        "start": NOW.isoformat(), "stop": None, "state": "active",
    }  # fmt: skip
    await window.page.route("**/faults", lambda route: route.fulfill(json={"faults": [fault]}))
    page = await window.opens()
    await expect(page.locator("#faults li")).to_contain_text(evil)
    assert await page.locator("main img").count() == 0
    assert await page.evaluate("window.hacked") is None


@pytest.mark.parametrize(
    "window",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, PHONE],
    indirect=True,
    ids=["light", "dark", "phone"],
)
async def test_it_is_legible_named_and_fits(window: Window) -> None:
    page = await window.opens()
    window.world.inject("connection_exhaustion", "postgres-main", "production", NOW - timedelta(minutes=9))
    await expect(page.locator("#faults li")).to_be_visible()
    assert await window.audit("poor", "body") == []
    assert await window.audit("nameless") == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
