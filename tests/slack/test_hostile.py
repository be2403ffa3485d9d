"""What comes from outside says what it says, and does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.asking import asks_for_a_drill, redrawn
from tests.slack.conftest import Make
from tests.slack.seeing import Settled
from tests.slack.stage import listing, reading

HOSTILE = "<!channel> <https://evil.example|our wiki> *bold* `code` @everyone :bomb:"
OBEYED = ("<!", "<https://evil.example", "<@U0MANAGER|")


def obeyed(workspace: Playground) -> list[str]:
    """What Slack would have obeyed in anything that the app sent."""
    said = [text.replace("<!date^", "") for sent in workspace.sent for text in read(sent.payload, outermost=True)]
    return [text for text in said if any(mark in text for mark in OBEYED)]


def read(item: Any, *, outermost: bool = False) -> Iterator[str]:
    """The texts in which Slack looks for marks; plain text, cells and rich text it shows as they are."""
    if isinstance(item, Mapping):
        marked = outermost or item.get("type") in {"mrkdwn", "markdown", "markdown_text"}
        if marked and isinstance(item.get("text"), str):
            yield item["text"]
        for value in item.values():
            yield from read(value)
    elif isinstance(item, list):
        for value in item:
            yield from read(value)


async def test_a_hostile_label_is_shown_as_it_is(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre, label=HOSTILE.replace("`", ""))
    await manager.clicks(card, "Details")
    await (await manager.modal(titled="Approval")).until("evil.example")
    await manager.clicks(card, "Approve")
    await thread.last(containing="has run")
    await manager.home()
    await settled()
    assert not obeyed(workspace)
    assert "evil.example" in words(card)


async def test_a_hostile_reason_is_shown_as_it_is(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    await manager.clicks(card, "Reject")
    modal = await manager.modal(containing="Why not")
    await manager.fills(modal, {"Why not": f"{HOSTILE}\n```\n> {HOSTILE}"})
    await manager.submits(modal)
    await thread.last(containing="was rejected")
    await redrawn(workspace, card, "Rejected")
    await settled()
    assert not obeyed(workspace)


@pytest.mark.parametrize("where", ["#ops", "dm"])
async def test_hostile_results_are_shown_as_they_are(
    bots: Make, settled: Settled, workspace: Playground, sre: Person, where: str
) -> None:
    async def word() -> str:
        return f"{HOSTILE} ``` {HOSTILE}"

    await bots(reading("words.say", word, "say the word"), listing(5, HOSTILE + " {}"))
    for text in ("say the word", "list hosts"):
        thread = await (sre.dm(text) if where == "dm" else sre.says(where, f"@copilot {text}"))
        answer = await thread.last(containing="evil.example")
        await settled()
        await sre.clicks(answer, "Raw")
        await (await sre.modal(titled="Raw")).until("evil.example")
        await sre.closes(await sre.modal())
    assert not obeyed(workspace)


async def test_hostile_words_come_back_harmless(bot: App, settled: Settled, workspace: Playground, sre: Person) -> None:
    thread = await sre.asks_assistant(f"{HOSTILE} nonsense that nobody understands")
    await thread.last(containing="not sure")
    await sre.dm(f"help operation={HOSTILE}")
    await sre.runs("/copilot", HOSTILE, channel="#ops")
    await sre.sees_ephemeral("#ops")
    await settled()
    assert not obeyed(workspace)
