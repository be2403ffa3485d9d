"""The page in a real browser: what a newcomer does, how people write, and the bot's own places."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from integrations.sandbox.slack.testing import Playground
from tests.sandbox.desk import Desk, FilePayload, Route, expect
from tests.sandbox.stage import MANIFEST


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


# ---------------------------------------------------------------- what a newcomer does


async def test_from_a_mention_over_a_streamed_answer_and_a_form_to_a_result(desk: Desk, shown: Any) -> None:
    page = await desk.opens()
    await desk.writes("@copilot why is checkout slow?")
    await page.locator(".thread-summary").click()
    thread = page.locator(".thread-pane")
    await expect(thread).to_contain_text("The p95 of checkout is 412 ms, up from 180 ms.")
    await expect(thread.locator(".plan")).to_contain_text("1 of 1")
    await expect(thread.locator("strong", has_text="checkout")).to_be_visible()
    await expect(thread.locator(".cursor")).to_have_count(0)

    await thread.get_by_role("button", name="Declare incident").click()
    modal = page.get_by_role("dialog", name="Declare incident")
    await modal.get_by_label("What happens?").fill("test")
    await modal.get_by_role("button", name="Declare", exact=True).click()
    await expect(modal).to_contain_text("Please complete this required field.")  # found before the app was asked
    await expect(modal.get_by_role("combobox", name="Environment")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.type("prod")
    await page.keyboard.press("Enter")
    await modal.get_by_role("button", name="Declare", exact=True).click()
    await expect(modal).to_contain_text("Say what happens, not “test”.")  # the app's own word, at the field
    await expect(modal.get_by_label("What happens?")).to_be_focused()
    await expect(modal.get_by_label("What happens?")).to_have_value("test")
    await modal.get_by_label("What happens?").fill("Checkout is slow")
    await modal.get_by_role("button", name="Declare", exact=True).click()
    await expect(modal).to_have_count(0)
    await page.get_by_role("link", name=re.compile("incidents")).first.click()
    await expect(page.locator(".channel-pane .message").last).to_contain_text("Checkout is slow in production")


async def test_an_approval_is_given_by_somebody_else(desk: Desk, shown: Any) -> None:
    page = await desk.opens()
    await desk.writes("@copilot card")
    await page.locator(".thread-summary").click()
    await page.locator(".thread-pane").get_by_role("button", name="Approve").click()
    await expect(page.locator(".thread-pane .ephemeral")).to_contain_text("Only visible to you")
    await expect(page.locator(".thread-pane .ephemeral")).to_contain_text("somebody else approves it")
    await desk.sits_down_as("Engineering manager")
    await expect(page.locator(".thread-pane .ephemeral")).to_have_count(0)
    await page.locator(".thread-pane").get_by_role("button", name="Approve").click()
    await expect(page.locator(".thread-pane")).to_contain_text("Approved by @Engineering manager, restarted")
    await expect(page.locator(".thread-pane").get_by_role("button", name="Approve")).to_have_count(0)


async def test_the_guide_puts_the_words_into_the_composer_and_can_be_closed(desk: Desk) -> None:
    page = await desk.opens("#/inspector")
    await page.locator(".guide:visible").get_by_role("button", name="Show me").click()
    await expect(page.locator(".composer-text")).to_have_value("@copilot help")
    await page.get_by_role("button", name="Close the guide").click()
    await page.reload()
    await page.locator("html[data-ready]").wait_for()
    await expect(page.locator(".guide")).to_have_count(2)
    await expect(page.locator(".guide:visible")).to_have_count(0)
    await page.get_by_role("button", name="What to try").click()
    await expect(page.locator(".guide:visible")).to_have_count(1)


async def test_a_step_of_the_guide_may_lead_to_something_else_on_this_machine(desk: Desk) -> None:
    sandbox = desk.workspace.sandbox
    steps = [{"text": "Look there.", "link": f"{sandbox.page_url}#/inspector"}]
    sandbox.page.welcome = {"title": "Try", "steps": [*steps, {"text": "No.", "link": "https://elsewhere.example/"}]}
    page = await desk.opens()
    guide = page.locator(".guide:visible")
    async with page.context.expect_page() as other:
        await guide.get_by_role("link", name="Open").click()
    await (await other.value).locator("html[data-ready]").wait_for()
    await guide.get_by_role("button", name="Done").click()
    await expect(guide.locator(".current")).to_contain_text("No.")
    await expect(guide.get_by_role("link")).to_have_count(0)


async def test_without_the_bot_the_page_says_so(desk: Desk) -> None:
    page = await desk.opens()
    await expect(page.get_by_text("The bot is not running.")).to_be_visible()


# ---------------------------------------------------------------- writing


async def test_a_slash_command_in_a_thread_becomes_a_mention(desk: Desk, shown: Any, workspace: Playground) -> None:
    asked = await workspace.person("sre").says("#ops", "a thread begins")
    page = await desk.opens(f"#/c/C0OPS/t/{asked.ts}")
    await desk.writes("/copilot status", thread=True)
    notice = page.locator(".thread-pane .composer-notice")
    await expect(notice).to_contain_text("/copilot is not supported in threads")
    await notice.get_by_role("button", name="Write it as a mention").click()
    await expect(page.locator(".thread-pane .composer-text")).to_have_value("@copilot status")
    await desk.writes("@copilot status", thread=True)
    await expect(page.locator(".thread-pane")).to_contain_text("The p95 of")


async def test_a_channel_stays_where_it_is_when_a_thread_is_opened_and_closed(
    desk: Desk, workspace: Playground
) -> None:
    sre = workspace.person("sre")
    asked = [await sre.says("#ops", f"line {number}\nand\nmore") for number in range(30)]
    page = await desk.opens("#/c/C0OPS")
    log = page.locator(".channel-pane .messages")
    await expect(log).to_contain_text("line 29")
    await log.evaluate("node => { node.scrollTop = node.scrollHeight / 2 }")
    before = await log.evaluate("node => node.scrollTop")
    assert before > 200
    for path in (f"#/c/C0OPS/t/{asked[15].ts}", f"#/c/C0OPS/t/{asked[16].ts}", "#/c/C0OPS"):
        await page.evaluate("path => { location.hash = path }", path)
        await expect(page.locator(".thread-pane")).to_have_count(1 if "/t/" in path else 0)
        assert abs(await log.evaluate("node => node.scrollTop") - before) < 100


async def test_what_changes_while_a_thread_is_on_its_way_is_shown(desk: Desk, workspace: Playground) -> None:
    sre = workspace.person("sre")
    asked = await sre.says("#ops", "a question")
    reply = await sre.says(asked, "looking into it")
    page = await desk.opens()

    async def slow(route: Route) -> None:
        answer = await route.fetch()
        await sre.edits(reply, "found it")
        await asyncio.sleep(0.3)  # the line tells of the change before the answer is there
        await route.fulfill(response=answer)

    await page.route("**/page/thread?*", slow)
    await desk.opens_thread()
    await expect(page.locator(".thread-pane")).to_contain_text("found it")


async def test_a_press_is_a_press_although_the_message_changes_meanwhile(desk: Desk, workspace: Playground) -> None:
    sre = workspace.person("sre")
    asked = await sre.says("#ops", "a question")
    await sre.says(asked, "one")
    page = await desk.opens()
    await page.locator(".thread-summary").hover()
    await page.mouse.down()
    await sre.says(asked, "two")
    await sre.edits(asked, "another question")
    await page.wait_for_timeout(300)
    await expect(page.locator(".channel-pane")).not_to_contain_text("another question")
    await page.mouse.up()
    await expect(page.locator(".thread-pane")).to_contain_text("two")
    await expect(page.locator(".channel-pane")).to_contain_text("another question")


async def test_a_command_answers_to_its_author_alone(desk: Desk, shown: Any) -> None:
    page = await desk.opens()
    await desk.writes("/copilot help me")
    await expect(page.locator(".message.ephemeral")).to_contain_text("You wrote help me")
    await desk.writes("/nonsense")
    await expect(page.locator(".composer-notice")).to_contain_text("/nonsense is not a valid command")
    await expect(page.locator(".composer-text")).to_have_value("/nonsense")


async def test_names_channels_commands_and_emoji_are_completed(desk: Desk) -> None:
    page = await desk.opens()
    area = page.locator(".composer-text")
    for typed, wanted in (
        ("@mana", "@manager "),
        ("#inc", "#incidents "),
        ("/cop", "/copilot "),
        (":thumbsu", ":thumbsup: "),
    ):
        await area.fill("")
        await area.press_sequentially(typed)
        await expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(area).to_have_value(wanted)
    await expect(page.locator(".message")).to_have_count(0)  # nothing was sent by the way


async def test_a_draft_stays_in_its_channel_and_outlives_a_reload(desk: Desk) -> None:
    page = await desk.opens("#/c/C0OPS")
    await page.locator(".composer-text").fill("half a thought")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".composer-text")).to_have_value("")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator(".composer-text")).to_have_value("half a thought")
    await page.reload()
    await expect(page.locator(".composer-text")).to_have_value("half a thought")


async def test_a_file_is_attached_and_shown_with_its_words(desk: Desk) -> None:
    page = await desk.opens()
    await page.set_input_files(
        ".composer input[type=file]", files=[FilePayload(name="a.log", mimeType="text/plain", buffer=b"one line")]
    )
    await expect(page.locator(".composer-files")).to_contain_text("a.log")
    await desk.writes("the log")
    row = page.locator(".message").last
    await expect(row).to_contain_text("a.log")
    await row.get_by_text("Preview").click()
    await expect(row).to_contain_text("one line")


async def test_a_message_can_be_edited_reacted_to_pinned_and_deleted(desk: Desk) -> None:
    page = await desk.opens()
    await desk.writes("frist")
    row = page.locator(".message").last
    await row.focus()
    await row.press("e")
    await row.get_by_label("Edit message").fill("first")
    await row.get_by_label("Edit message").press("Enter")
    await expect(row).to_contain_text("first (edited)")
    await row.hover()
    await row.get_by_role("button", name="React with eyes").click()
    await expect(row.locator(".reaction.mine")).to_contain_text("1")
    await row.get_by_role("button", name="Pin", exact=True).click()
    await expect(page.get_by_role("button", name="1 pinned")).to_be_visible()
    await row.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Delete message").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator(".message")).to_have_count(0)


# ---------------------------------------------------------------- other panes


async def test_the_assistant_offers_prompts_says_what_it_does_and_answers(desk: Desk, shown: Any) -> None:
    page = await desk.opens("#/assistant")
    await page.get_by_role("button", name="What is slow?").click()
    await expect(page.locator(".assistant-pane")).to_contain_text("p95 412 ms")
    await expect(page.locator(".assistant-pane h1")).to_contain_text("Which services are slower than yesterday?")
    await expect(page.locator(".status-line")).to_be_empty()
    await desk.writes("now wait")
    await expect(page.locator(".status-line")).to_contain_text("Reading the metrics…")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator(".prompt")).to_have_count(3)


async def test_home_is_published_and_the_inspector_shows_how(desk: Desk, shown: Any) -> None:
    page = await desk.opens("#/home")
    await expect(page.locator(".home-pane")).to_contain_text("Everything is healthy.")
    await page.get_by_role("link", name="Inspector").click()
    await page.get_by_label("Filter").fill("views.publish")
    row = page.locator(".exchange").first
    await row.locator("summary").click()
    await expect(row).to_contain_text('"type": "home"')
    await page.locator(".fault-panel summary").click()
    await page.get_by_label("Calls that end in 429").fill("5")
    await expect(page.locator(".fault-panel summary")).to_contain_text("1 on")
    assert desk.workspace.faults.as_json()["rate_limit"] == 0.05


async def test_views_stack_and_go_back(desk: Desk, shown: Any) -> None:
    page = await desk.opens()
    await page.get_by_role("button", name="Shortcuts and commands").click()
    await page.get_by_role("menuitem", name="Ask Ask something").click()
    modal = page.get_by_role("dialog", name="Ask")
    await modal.get_by_label("What happens?").fill("more")
    await modal.get_by_role("combobox", name="Environment").click()
    await page.get_by_role("option", name="staging").click()
    await modal.get_by_label("What happens?").press("Enter")
    second = page.get_by_role("dialog", name="Second view")
    await expect(second).to_be_visible()
    await second.get_by_role("button", name="Back").click()
    await expect(page.get_by_role("dialog", name="Ask").get_by_label("What happens?")).to_have_value("more")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
