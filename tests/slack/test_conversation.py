"""A conversation in Slack: a question with buttons, and an answer in a thread that needs no mention."""

from __future__ import annotations

import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Person, Thread, words
from tests.agent.test_turns import deploy
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers, on_both


@pytest.fixture
async def bot(bots: Make) -> App:
    return await bots(deploy([]))


async def asked(settled: Settled, person: Person) -> Thread:
    """A thread in which the bot waits for an answer."""
    thread = await person.says("#ops", "@copilot deploy checkout")
    await thread.last(containing="Which environment?")
    await settled()
    return thread


@on_both
async def test_a_button_answers_the_question(bot: App, settled: Settled, sre: Person) -> None:
    thread = await asked(settled, sre)
    await sre.clicks(answers(thread)[-1], "staging")
    shown = await thread.last(containing="Fill in the form", after=answers(thread)[0])
    assert "Deploy" in words(shown)


async def test_an_answer_in_the_thread_needs_no_mention(bot: App, settled: Settled, sre: Person) -> None:
    thread = await asked(settled, sre)
    await sre.says(thread, "staging")
    assert "Deploy" in words(await thread.last(containing="Fill in the form"))


@pytest.mark.parametrize(
    "chatter", ["staging was slow this morning, do you remember", "yes", "lunch?", "no problem", "@manager staging"]
)
async def test_other_chatter_is_no_answer(bot: App, settled: Settled, sre: Person, chatter: str) -> None:
    thread = await asked(settled, sre)
    before = len(answers(thread))
    await sre.says(thread, chatter)
    await settled()
    assert len(answers(thread)) == before


async def test_somebody_else_does_not_answer_for_one(bot: App, settled: Settled, sre: Person, manager: Person) -> None:
    thread = await asked(settled, sre)
    before = len(answers(thread))
    await manager.says(thread, "staging")
    await settled()
    assert len(answers(thread)) == before


async def test_a_question_is_given_up_without_a_mention(bot: App, settled: Settled, sre: Person) -> None:
    thread = await asked(settled, sre)
    await sre.says(thread, "never mind")
    await thread.last(containing="I leave it")
