"""What is behind an answer: details, the raw outcome, and what is too long for a message."""

from __future__ import annotations

import json

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.conftest import Make
from tests.slack.seeing import Settled
from tests.slack.stage import listing

ROWS = 260


async def test_details_and_raw_show_all_there_is(bot: App, settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    assert "revision" not in words(answer)
    await sre.clicks(answer, "Details")
    modal = await sre.modal(titled="Details")
    await modal.until("revision")
    await sre.closes(modal)
    await sre.clicks(answer, "Raw")
    modal = await (await sre.modal(titled="Raw")).until('"kind": "done"')
    assert "schema_revision" in modal.text


async def test_what_is_behind_an_answer_in_a_channel_is_for_everybody_who_reads_it(
    bot: App, settled: Settled, sre: Person, manager: Person
) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    await manager.clicks(answer, "Details")
    await (await manager.modal(titled="Details")).until("revision")


async def test_a_long_result_is_a_table_a_window_of_pages_and_a_file(
    bots: Make, settled: Settled, workspace: Playground, sre: Person
) -> None:
    await bots(listing(ROWS, "host-{}.europe-west.a-long-name.example.internal"))
    thread = await sre.says("#ops", "@copilot list hosts")
    answer = await thread.last(containing="List hosts")
    await settled()
    shown = words(sre.rereads(answer))
    assert "host-0" in shown
    assert f"host-{ROWS - 1}." not in shown
    assert "more rows" in shown
    assert any(block["type"] == "table" for block in answer.blocks)
    await sre.clicks(answer, "Details")
    modal = await (await sre.modal(titled="Details")).until("host-0")
    seen = modal.text
    while "Next" in modal.text:
        page = next(line for line in modal.text.splitlines() if line.startswith("Page "))
        number, last = int(page.split()[1]), int(page.split()[3])
        await sre.clicks(modal, "Next")
        await modal.until(f"Page {number + 1} of {last}")
        seen += modal.text
    assert all(f"host-{number}." in seen for number in range(ROWS))
    await sre.clicks(modal, "Previous")
    await modal.until(f"Page {last - 1} of {last}")
    files = [workspace.state.files[each] for message in thread.messages for each in message.files]
    assert len(files) == 1
    assert files[0].content.decode().count("host-") == ROWS


async def test_raw_is_json_that_can_be_copied(bots: Make, settled: Settled, sre: Person) -> None:
    await bots(listing(3))
    thread = await sre.says("#ops", "@copilot list hosts")
    answer = await thread.last(containing="List hosts")
    await settled()
    await sre.clicks(answer, "Raw")
    modal = await (await sre.modal(titled="Raw")).until("host-2")
    text = next(
        element["elements"][0]["text"]
        for block in modal.blocks
        if block["type"] == "rich_text"
        for element in block["elements"]
    )
    assert json.loads(text)["output"]["rows"][2] == {"host": "host-2", "used": 2}
