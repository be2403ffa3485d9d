"""Guests and people of other organisations: a polite word, for them alone, and nothing else."""

from __future__ import annotations

import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.asking import asks_for_a_drill
from tests.slack.seeing import Settled, answers


@pytest.mark.parametrize(("name", "what"), [("contractor", "guest"), ("partner-engineer", "organisation")])
async def test_a_mention_is_refused_for_nobody_else_to_see(
    bot: App, settled: Settled, workspace: Playground, name: str, what: str
) -> None:
    person = workspace.person(name)
    thread = await person.says("#ops", "@copilot status")
    told = words(await person.sees_ephemeral("#ops"))
    assert "Sorry" in told
    assert what in told
    assert person.id not in told, "they know who they are"
    await settled()
    assert not answers(thread)
    assert len(workspace.posted) == 1


async def test_in_private_and_in_the_pane_a_guest_is_told_the_same(bot: App, workspace: Playground) -> None:
    guest = workspace.person("contractor")
    assert "guest" in words(await (await guest.dm("status")).last())
    pane = await guest.opens_assistant()
    first = await pane.last(containing="guest")
    await guest.says(pane, "status")
    assert "guest" in words(await pane.last(after=first))


async def test_a_guest_decides_nothing(bot: App, settled: Settled, workspace: Playground, sre: Person) -> None:
    _, card = await asks_for_a_drill(sre)
    guest = workspace.person("contractor")
    await guest.clicks(card, "Approve")
    assert "guest" in words(await guest.sees_ephemeral("#ops"))
    await guest.clicks(card, "Details")
    modal = await guest.modal(titled="Approval")
    await modal.until("guest")
    await settled()
    assert "Waiting for approval" in words(sre.rereads(card))


async def test_a_thread_that_is_followed_does_not_answer_a_guest(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    guest = workspace.person("contractor")
    await guest.says(thread, "what is waiting for me?")
    await settled()
    assert len(answers(thread)) == 1
