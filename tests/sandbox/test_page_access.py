"""The page for keyboards, phones, eyes and ears; and what must never happen in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from integrations.sandbox.slack.testing import Playground
from tests.sandbox.desk import Desk, expect
from tests.sandbox.showcase import approval_card
from tests.sandbox.stage import MANIFEST


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


PHONE = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}


# ---------------------------------------------------------------- keyboards, phones, eyes, ears


async def test_everything_is_reached_by_keyboard(desk: Desk, shown: Any, workspace: Playground) -> None:
    await workspace.person("manager").says("#incidents", "is anybody there?")
    page = await desk.opens("#/c/C0OPS")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("incid")
    await page.keyboard.press("Enter")
    await expect(page.locator(".channel-pane h1")).to_contain_text("incidents")
    await expect(page.locator(".message").last).to_be_visible()
    await page.keyboard.press("Shift+F6")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".message").last).to_be_focused()
    await page.keyboard.press("t")
    await expect(page.locator(".thread-pane .composer-text")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".thread-pane")).to_have_count(0)
    await page.locator(".search-button").focus()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


@pytest.mark.parametrize("desk", [PHONE], indirect=True)
async def test_on_a_phone_nothing_runs_out_of_the_screen(desk: Desk, shown: Any, workspace: Playground) -> None:
    await desk.opens()
    page = desk.page
    await desk.writes("@copilot elements")
    await desk.writes("@copilot a thread")
    for path in ("#/c/C0OPS", "#/home", "#/assistant", "#/inspector"):
        await desk.opens(path)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    await desk.opens("#/c/C0OPS")
    await page.get_by_role("button", name="Open the sidebar").click()
    await page.locator(".sidebar").get_by_role("link", name=re.compile("general")).click()
    await expect(page.locator(".channel-pane h1")).to_contain_text("general")
    await expect(page.locator(".drawer-open")).to_have_count(0)
    await desk.opens("#/c/C0OPS")
    await page.locator(".thread-summary").last.click()
    await expect(page.locator(".thread-pane")).to_be_visible()
    await expect(page.locator(".channel-pane")).to_be_hidden()
    await page.get_by_role("button", name="Back to the channel").click()
    await expect(page.locator(".channel-pane")).to_be_visible()


@pytest.mark.parametrize(
    "desk", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"]
)
async def test_every_text_has_contrast_and_every_control_a_name(desk: Desk, shown: Any, workspace: Playground) -> None:
    await desk.opens()
    page = desk.page
    await desk.writes("@copilot elements")
    await desk.writes("@copilot card and :tada: for @sre")
    await expect(page.locator(".block-type-table")).to_be_visible()
    places = ["#/c/C0OPS", "#/home", "#/assistant", "#/inspector"]
    for place in places:
        await desk.opens(place)
        await expect(page.locator(".skeleton")).to_have_count(0)
        assert await desk.audit("poor", "body") == [], place
        assert await desk.audit("nameless") == [], place
    await desk.opens("#/c/C0OPS")
    await page.get_by_role("button", name="Shortcuts and commands").click()
    await page.get_by_role("menuitem", name="Ask Ask something").click()
    await page.locator("dialog .dialog-foot .primary").click()
    await expect(page.locator("dialog .field-error").first).to_be_visible()
    assert await desk.audit("poor", "dialog") == []
    assert await desk.audit("nameless") == []


async def test_the_theme_that_was_chosen_is_kept(desk: Desk) -> None:
    page = await desk.opens()
    await page.get_by_role("button", name="Dark colours").click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


# ---------------------------------------------------------------- what must never happen


async def test_nothing_from_outside_becomes_markup(desk: Desk, workspace: Playground) -> None:
    state = workspace.state
    evil = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    blocks: list[dict[str, Any]] = [
        {"type": "markdown", "text": f"{evil} [click](javascript:window.hacked=1) ![x](javascript:1)"},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": f"{evil} <javascript:window.hacked=1|go> *bold <https://example.com|there>*",
            },
        },
        {"type": "header", "text": {"type": "plain_text", "text": evil}},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": "javascript:window.hacked=1", "text": "link"}],
                }
            ],
        },
    ]
    message = state.post(state.bot_user_id, "C0OPS", evil, blocks=blocks[:1])
    message.blocks = [
        *blocks,
        {"type": "hologram", "block_id": "h"},
        {"type": "actions", "elements": 7},
        {"type": "table", "rows": None},
    ]
    page = await desk.opens()
    row = page.locator(".message").last
    await expect(row).to_contain_text("<script>")
    await expect(row.locator(".unsupported-block")).to_have_count(2)
    assert await row.locator("img, script, a[href^='javascript']").count() == 0
    for shown in await row.locator("a:has-text('click'), a:has-text('go'), a:has-text('link')").all():
        assert await shown.get_attribute("href") is None
    assert await page.evaluate("window.hacked") is None
    desk.complaints.clear()  # the page wrote down what it could not draw


async def test_older_messages_come_on_demand_and_nothing_jumps(desk: Desk, workspace: Playground) -> None:
    for number in range(120):
        workspace.state.post("U0MANAGER" if number % 3 else "U0DEVOPS", "C0OPS", f"message number {number}")
    page = await desk.opens()
    await expect(page.get_by_text("The bot is not running.")).to_be_visible()  # it takes a line of the screen
    await expect(page.locator(".message").last).to_be_in_viewport()
    await expect(page.locator(".message")).to_have_count(50)
    seen = page.locator(".message", has_text="number 75")
    log = page.locator(".messages")
    await log.evaluate("(log, row) => log.scrollTop = row.offsetTop - log.offsetTop - 100", await seen.element_handle())
    before = await seen.bounding_box()
    await expect(page.locator(".message")).to_have_count(100)
    after = await seen.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 3
    workspace.state.post("U0MANAGER", "C0OPS", "news from below")
    await expect(page.get_by_role("button", name="New messages")).to_be_visible()
    still = await seen.bounding_box()
    assert still
    assert abs(still["y"] - after["y"]) < 3
    await page.get_by_role("button", name="New messages").click()
    await expect(page.locator(".message", has_text="news from below")).to_be_in_viewport()


async def test_a_lost_line_comes_back_with_what_was_missed(desk: Desk, workspace: Playground) -> None:
    page = await desk.opens()
    await desk.writes("before")
    readers = set(workspace.sandbox.live._readers)
    workspace.sandbox.live._readers.clear()  # they are told nothing from now on
    workspace.state.post("U0MANAGER", "C0OPS", "said while nobody listened")
    await workspace.sandbox.live.close()
    assert readers
    await expect(page.locator(".message").last).to_contain_text("said while nobody listened")


async def test_unread_and_called_are_marked_in_the_sidebar(desk: Desk, workspace: Playground) -> None:
    page = await desk.opens("#/c/C0OPS")
    workspace.state.post("U0MANAGER", "C0ML", "nothing urgent")
    await workspace.person("manager").says("#incidents", "@sre come here")
    await expect(page.get_by_role("link", name="ml, 1 unread")).to_be_visible()
    link = page.get_by_role("link", name="incidents, 1 mention")
    await link.click()
    await expect(page.locator(".message.calls-me")).to_be_visible()
    await expect(page.locator(".sidebar .mentions")).to_have_count(0)


async def test_a_card_that_changes_keeps_what_was_chosen_in_it(desk: Desk, shown: Any, workspace: Playground) -> None:
    page = await desk.opens()
    await desk.writes("@copilot elements")
    await page.get_by_role("combobox", name="Service").click()
    await page.get_by_role("option", name="payments").click()
    await expect(page.get_by_role("combobox", name="Service")).to_contain_text("payments")
    message = workspace.posted[-1]
    workspace.state.react("U0MANAGER", "C0OPS", message.ts, "tada")
    await expect(page.locator(".reaction").first).to_be_visible()
    await expect(page.get_by_role("combobox", name="Service")).to_contain_text("payments")


async def test_a_guest_sees_only_what_a_guest_may(desk: Desk, workspace: Playground) -> None:
    held = workspace.state.post(workspace.state.bot_user_id, "C0OPS", "card", blocks=approval_card())
    page = await desk.opens("?as=U0GUEST")
    await expect(page.locator(f"[data-ts='{held.ts}']")).to_be_visible()
    await expect(page.locator(".sidebar").get_by_role("link", name=re.compile("deploys"))).to_have_count(0)
