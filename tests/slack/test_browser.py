"""The whole way of a newcomer, in a browser, with the real bot: ask, press, fill in, approve as somebody else."""

from __future__ import annotations

import pytest

from bot.app import App
from tests.sandbox.desk import Desk, expect

PHONE = {"viewport": {"width": 375, "height": 720}, "color_scheme": "dark", "has_touch": True}


async def test_a_mention_is_answered_a_form_filled_in_and_the_change_approved_by_another(bot: App, desk: Desk) -> None:
    page = await desk.opens("?as=U0SRE#/c/C0OPS")
    await desk.writes("@copilot rehearse a drill in production")
    thread = await desk.opens_thread()
    await thread.get_by_role("button", name="Fill in the form").click()
    form = page.get_by_role("dialog")
    await expect(form.get_by_label("production", exact=True)).to_be_checked()
    await form.get_by_label("Label").fill("before the release")
    await form.get_by_role("button", name="Ask to run").click()
    await expect(form).to_be_hidden()
    await expect(thread.get_by_text("Waiting for approval")).to_be_visible()

    await thread.locator("button", has_text="Approve").first.click()
    await page.get_by_role("dialog").locator("button", has_text="Approve").click()
    await expect(thread.get_by_text("cannot approve their own request")).to_be_visible()

    await desk.sits_down_as("Engineering manager")
    page = await desk.opens("?as=U0MANAGER#/c/C0OPS")
    await page.get_by_text("replies").click()
    await thread.locator("button", has_text="Approve").first.click()
    await page.get_by_role("dialog").locator("button", has_text="Approve").click()
    await expect(thread.get_by_text("Approved", exact=False).first).to_be_visible()
    await expect(thread.get_by_text("One row was written into the drill book of production")).to_be_visible()
    await expect(thread.locator("button", has_text="Approve")).to_have_count(0)


@pytest.mark.parametrize("desk", [PHONE], indirect=True)
async def test_on_a_phone_a_question_in_the_assistant_pane_is_answered(bot: App, desk: Desk) -> None:
    page = await desk.opens("?as=U0SRE#/assistant")
    await expect(page.get_by_text("What can I do for you?")).to_be_visible()
    await page.get_by_role("button", name="Status").first.click()
    await expect(page.get_by_text("I am well").first).to_be_visible()


async def test_home_shows_what_waits_and_lets_it_be_approved_there(bot: App, desk: Desk) -> None:
    sre = desk.workspace.person("sre")
    await sre.says("#ops", '@copilot maintenance.drill environment=staging label="from the terminal"')
    page = await desk.opens("?as=U0MANAGER#/home")
    await expect(page.get_by_text("Waiting for you")).to_be_visible()
    await page.get_by_role("button", name="Approve Practice drill").click()
    await page.get_by_role("dialog").locator("button", has_text="Approve").click()
    await expect(page.get_by_text("Nothing is waiting for you")).to_be_visible()


async def test_the_rest_of_a_form_unfolds_and_keeps_what_was_typed(bot: App, desk: Desk) -> None:
    page = await desk.opens("?as=U0SRE#/c/C0OPS")
    await desk.writes("@copilot watch checkout latency")
    await (await desk.opens_thread()).get_by_role("button", name="Fill in the form").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Lasting").fill("5 minutes")
    await expect(form.get_by_label("Query")).to_have_count(0)
    await form.locator("button", has_text="More…").click()
    await expect(form.get_by_label("Query")).to_be_visible()
    await expect(form.get_by_label("Lasting")).to_have_value("5 minutes")
    await expect(form.locator("button", has_text="More…")).to_have_count(0)
    await form.get_by_label("Every").fill("2")
    await form.get_by_role("button", name="Run").click()
    await expect(form.get_by_text("Must be 15 or more")).to_be_visible()
    await expect(form.get_by_label("Lasting")).to_have_value("5 minutes")
