"""What people think of an answer, by a reaction or by the buttons below it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.agent.answers import Feedback
from bot.app import App
from integrations.sandbox.slack.state import Message
from integrations.sandbox.slack.testing import Person, words
from tests.slack.seeing import Settled, on_both


async def opinions(app: App, message: Message) -> Sequence[Feedback]:
    answer = await app.answers.at(message.channel, message.ts)
    assert answer is not None
    return await app.answers.feedback(answer.id)


@on_both
async def test_a_reaction_is_an_opinion_and_taking_it_back_takes_it_back(
    bot: App, settled: Settled, sre: Person, manager: Person
) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    await sre.reacts(answer, "+1")
    await manager.reacts(answer, "-1::skin-tone-3")
    await settled()
    assert {(each.person, each.verdict) for each in await opinions(bot, answer)} == {
        (sre.id, "up"),
        (manager.id, "down"),
    }
    await manager.reacts(answer, "-1::skin-tone-3", remove=True)
    await settled()
    assert [each.person for each in await opinions(bot, answer)] == [sre.id]


async def test_other_reactions_and_other_messages_say_nothing(bot: App, settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    await sre.reacts(answer, "eyes")
    await sre.reacts(thread, "+1")
    await settled()
    assert not await opinions(bot, answer)
    assert len(thread.messages) == 2


async def test_a_thumb_up_below_an_answer_is_thanked_for(bot: App, settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    await sre.clicks(answer, "👍")
    assert "Thank you" in words(await sre.sees_ephemeral("#ops"))
    assert [each.verdict for each in await opinions(bot, answer)] == ["up"]


async def test_a_thumb_down_asks_what_would_have_been_right(bot: App, settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    await settled()
    await sre.clicks(answer, "👎")
    modal = await sre.modal(containing="What would have been right")
    await settled()
    assert [each.verdict for each in await opinions(bot, answer)] == ["down"], "it counts even if they say no more"
    await sre.fills(
        modal, {"What was wrong?": "The answer is wrong", "What would have been right?": "you are *not* well"}
    )
    assert await sre.submits(modal) == {}
    await settled()
    (opinion,) = await opinions(bot, answer)
    assert (opinion.reason, opinion.correction) == ("wrong", "you are *not* well")
    assert "Thank you" in words(await sre.sees_ephemeral("#ops"))


async def test_an_opinion_on_a_private_answer_is_taken_too(bot: App, settled: Settled, sre: Person) -> None:
    thread = await sre.dm("status")
    answer = await thread.last(containing="I am well")
    await settled()
    await sre.reacts(answer, "thumbsup")
    await settled()
    assert [each.verdict for each in await opinions(bot, answer)] == ["up"]
