"""The page in a real browser: what a newcomer does, what a keyboard and a phone need, what must never happen."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox.slack.testing import Playground
from tests.sandbox.conftest import FAILED
from tests.sandbox.showcase import approval_card, showcase
from tests.sandbox.stage import MANIFEST, on_a_socket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

try:
    from playwright.async_api import Browser, Page, async_playwright, expect
except ImportError:
    missing = "the page's browser tests need playwright"
else:
    missing = "" if CHROMIUM else "the page's browser tests need chromium"
if missing:
    if os.environ.get("CI"):
        pytest.fail(f"CI: {missing}", pytrace=False)
    pytest.skip(missing, allow_module_level=True)


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        await found.close()


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

    async def sits_down_as(self, name: str) -> None:
        await self.page.locator(".who").click()
        await self.page.get_by_role("menuitemradio", name=name).click()
        await expect(self.page.locator(".who")).to_contain_text(name)


@pytest.fixture
async def desk(browser: Browser, workspace: Playground, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """A fresh window; `@pytest.mark.parametrize("desk", [{…}], indirect=True)` sets the context's options."""
    options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **getattr(request, "param", {})}
    context = await browser.new_context(**options)
    desk = Desk(await context.new_page(), workspace)
    yield desk
    if request.node.stash.get(FAILED, False):
        folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        await desk.page.screenshot(path=folder / f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())}.png")
    await context.close()
    assert desk.complaints == []


@pytest.fixture
async def app(workspace: Playground) -> AsyncIterator[Any]:
    async with on_a_socket(showcase(workspace), workspace) as handler:
        yield handler


PHONE = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}


# ---------------------------------------------------------------- what a newcomer does


async def test_from_a_mention_over_a_streamed_answer_and_a_form_to_a_result(desk: Desk, app: Any) -> None:
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


async def test_an_approval_is_given_by_somebody_else(desk: Desk, app: Any) -> None:
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


async def test_without_the_bot_the_page_says_so(desk: Desk) -> None:
    page = await desk.opens()
    await expect(page.get_by_text("The bot is not running.")).to_be_visible()


# ---------------------------------------------------------------- writing


async def test_a_slash_command_in_a_thread_becomes_a_mention(desk: Desk, app: Any, workspace: Playground) -> None:
    asked = await workspace.person("sre").says("#ops", "a thread begins")
    page = await desk.opens(f"#/c/C0OPS/t/{asked.ts}")
    await desk.writes("/copilot status", thread=True)
    notice = page.locator(".thread-pane .composer-notice")
    await expect(notice).to_contain_text("/copilot is not supported in threads")
    await notice.get_by_role("button", name="Write it as a mention").click()
    await expect(page.locator(".thread-pane .composer-text")).to_have_value("@copilot status")
    await desk.writes("@copilot status", thread=True)
    await expect(page.locator(".thread-pane")).to_contain_text("The p95 of")


async def test_a_command_answers_to_its_author_alone(desk: Desk, app: Any) -> None:
    page = await desk.opens()
    await desk.writes("/copilot help me")
    await expect(page.locator(".message.ephemeral")).to_contain_text("You wrote help me")
    await desk.writes("/nonsense")
    await expect(page.locator(".composer-notice")).to_contain_text("/nonsense is not a valid command")
    await expect(page.locator(".composer-text")).to_have_value("/nonsense")


async def test_names_channels_commands_and_emoji_are_completed(desk: Desk) -> None:
    page = await desk.opens()
    area = page.locator(".composer-text")
    for typed, wanted in (("@mana", "@manager "), ("#inc", "#incidents "), ("/cop", "/copilot "), (":thumbsu", ":thumbsup: ")):
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
    await page.set_input_files(".composer input[type=file]", files=[{"name": "a.log", "mimeType": "text/plain", "buffer": b"one line"}])
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


async def test_the_assistant_offers_prompts_says_what_it_does_and_answers(desk: Desk, app: Any) -> None:
    page = await desk.opens("#/assistant")
    await page.get_by_role("button", name="What is slow?").click()
    await expect(page.locator(".assistant-pane")).to_contain_text("p95 412 ms")
    await expect(page.locator(".assistant-pane h1")).to_contain_text("Which services are slower than yesterday?")
    await expect(page.locator(".status-line")).to_be_empty()
    await desk.writes("now wait")
    await expect(page.locator(".status-line")).to_contain_text("Reading the metrics…")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator(".prompt")).to_have_count(3)


async def test_home_is_published_and_the_inspector_shows_how(desk: Desk, app: Any) -> None:
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


async def test_views_stack_and_go_back(desk: Desk, app: Any) -> None:
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


# ---------------------------------------------------------------- keyboards, phones, eyes, ears


async def test_everything_is_reached_by_keyboard(desk: Desk, app: Any, workspace: Playground) -> None:
    await workspace.person("manager").says("#incidents", "is anybody there?")
    page = await desk.opens("#/c/C0OPS")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("incid")
    await page.keyboard.press("Enter")
    await expect(page.locator(".channel-pane h1")).to_contain_text("incidents")
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
async def test_on_a_phone_nothing_runs_out_of_the_screen(desk: Desk, app: Any, workspace: Playground) -> None:
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


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const ground = (node) => { const layers = [];
    for (let at = node; at; at = at.parentElement) { const style = getComputedStyle(at); const colour = rgba(style.backgroundColor);
      if (style.backgroundImage.includes("gradient")) { const stop = style.backgroundImage.match(/rgba?\\([^)]+\\)|color\\([^)]+\\)/); if (stop) layers.push(rgba(stop[0])); }
      else if (colour[3] > 0) layers.push(colour); if (layers.at(-1)?.[3] === 1) break; }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) { const node = walker.currentNode; const parent = node.parentElement;
    if (!node.textContent.trim() || !parent.checkVisibility({opacityProperty: true, visibilityProperty: true}) || parent.closest(".sr-only, .skip, svg, [aria-hidden=true]")) continue;
    const style = getComputedStyle(parent); const below = ground(parent); const text = over(rgba(style.color), below);
    const [a, b] = [light(text), light(below)].sort((x, y) => y - x); const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.5 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${node.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)} ${parent.className}`); }
  return [...new Set(poor)];
}"""

NAMELESS = """() => [...document.querySelectorAll("button, a[href], input, textarea, select, [role=button]")]
  .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true]"))
  .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length || one.title || one.getAttribute("aria-labelledby")))
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("desk", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True, ids=["light", "dark"])
async def test_every_text_has_contrast_and_every_control_a_name(desk: Desk, app: Any, workspace: Playground) -> None:
    await desk.opens()
    page = desk.page
    await desk.writes("@copilot elements")
    await desk.writes("@copilot card and :tada: for @sre")
    await expect(page.locator(".block-type-table")).to_be_visible()
    places = ["#/c/C0OPS", "#/home", "#/assistant", "#/inspector"]
    for place in places:
        await desk.opens(place)
        await expect(page.locator(".skeleton")).to_have_count(0)
        assert await page.evaluate(CONTRAST) == [], place
        assert await page.evaluate(NAMELESS) == [], place
    await desk.opens("#/c/C0OPS")
    await page.get_by_role("button", name="Shortcuts and commands").click()
    await page.get_by_role("menuitem", name="Ask Ask something").click()
    await page.locator("dialog .dialog-foot .primary").click()
    await expect(page.locator("dialog .field-error").first).to_be_visible()
    assert await page.evaluate(CONTRAST.replace("document.body", "document.querySelector('dialog')")) == []
    assert await page.evaluate(NAMELESS) == []


async def test_the_theme_that_was_chosen_is_kept(desk: Desk) -> None:
    page = await desk.opens()
    await page.get_by_role("button", name="Dark colours").click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


# ---------------------------------------------------------------- what must never happen


async def test_nothing_from_outside_becomes_markup(desk: Desk, workspace: Playground) -> None:
    state = workspace.state
    evil = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    blocks = [
        {"type": "markdown", "text": f"{evil} [click](javascript:window.hacked=1) ![x](javascript:1)"},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{evil} <javascript:window.hacked=1|go> *bold <https://example.com|there>*"}},
        {"type": "header", "text": {"type": "plain_text", "text": evil}},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "javascript:window.hacked=1", "text": "link"}]}]},
    ]
    message = state.post(state.bot_user_id, "C0OPS", evil, blocks=blocks[:1])
    message.blocks = [*blocks, {"type": "hologram", "block_id": "h"}, {"type": "actions", "elements": 7}, {"type": "table", "rows": None}]
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
    await expect(page.locator(".message").last).to_be_in_viewport()
    await expect(page.locator(".message")).to_have_count(50)
    seen = page.locator(".message", has_text="number 75")
    log = page.locator(".messages")
    await log.evaluate("(log, row) => log.scrollTop = row.offsetTop - log.offsetTop - 100", await seen.element_handle())
    before = await seen.bounding_box()
    await expect(page.locator(".message")).to_have_count(100)
    after = await seen.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 3
    workspace.state.post("U0MANAGER", "C0OPS", "news from below")
    await expect(page.get_by_role("button", name="New messages")).to_be_visible()
    still = await seen.bounding_box()
    assert still and abs(still["y"] - after["y"]) < 3
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


async def test_a_card_that_changes_keeps_what_was_chosen_in_it(desk: Desk, app: Any, workspace: Playground) -> None:
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
