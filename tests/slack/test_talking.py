"""What is said to the bot, and what is not."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, Thread, words
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers, on_both

pytestmark = pytest.mark.usefixtures("bot")


@on_both
async def test_a_mention_in_a_channel_is_answered_in_its_thread(
    settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.says("#ops", "@copilot status")
    answer = await thread.last(containing="I am well")
    assert answer.thread_ts == thread.ts
    assert {sent.what for sent in workspace.sent} >= {"chat.startStream", "chat.stopStream"}, "it is streamed"
    await settled()
    assert len(answers(thread)) == 1


async def test_a_reply_in_a_thread_that_the_bot_is_in_needs_no_mention(settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status")
    first = await thread.last(containing="I am well")
    await settled()
    await sre.says(thread, "what is waiting for me?")
    second = await thread.last(containing="Nothing is waiting", after=first)
    assert second.thread_ts == thread.ts


@pytest.mark.parametrize(
    "chatter",
    [
        "thanks, that helps a lot",
        "I think we should have lunch before we look at the rest of this",
        "@manager what is waiting for me?",
        "> what is waiting for me?",
        "```status```",
    ],
)
async def test_what_is_not_meant_for_the_bot_is_met_with_silence(settled: Settled, sre: Person, chatter: str) -> None:
    thread = await followed(settled, sre)
    await sre.says(thread, chatter)
    await settled()
    assert len(answers(thread)) == 1


async def test_stop_listening_ends_it_and_a_mention_begins_it_again(settled: Settled, sre: Person) -> None:
    thread = await followed(settled, sre)
    await sre.clicks(answers(thread)[0], "Stop listening")
    told = await sre.sees_ephemeral("#ops", containing="stop listening")
    assert "Mention me" in words(told)
    await sre.says(thread, "what is waiting for me?")
    await settled()
    assert len(answers(thread)) == 1
    await sre.says(thread, "@copilot what is waiting for me?")
    await thread.last(containing="Nothing is waiting")
    await settled()
    await sre.says(thread, "status")
    await thread.last(containing="I am well", after=answers(thread)[-1])


async def test_somebody_who_prefers_that_is_not_listened_to(settled: Settled, sre: Person) -> None:
    direct = await sre.dm("preferences.set follow_threads=false")
    await direct.last()
    thread = await followed(settled, sre)
    await sre.says(thread, "what is waiting for me?")
    await settled()
    assert len(answers(thread)) == 1


async def test_a_direct_message_needs_no_mention(workspace: Playground, sre: Person) -> None:
    thread = await sre.dm("status")
    answer = await thread.last(containing="I am well")
    assert answer.thread_ts is None
    assert "Stop listening" not in words(answer)


async def test_words_that_are_not_understood_are_met_with_a_question(workspace: Playground, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot make everything better somehow")
    answer = await thread.last(containing="not sure")
    await sre.clicks(answer, "Help")
    await thread.last(containing="Practice drill", after=answer)


async def test_a_bare_mention_shows_what_there_is(sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot")
    assert "Practice drill" in words(await thread.last())


async def test_something_too_long_is_said_to_be_too_long(sre: Person) -> None:
    thread = await sre.dm("status " * 1_300)
    assert "at most 8,000" in words(await thread.last(containing="characters"))


@pytest.mark.parametrize("text", ["> @copilot status", "look:\n```\n@copilot status\n```", "`@copilot status`"])
async def test_a_mention_in_a_quote_or_in_code_is_no_mention(settled: Settled, sre: Person, text: str) -> None:
    thread = await sre.says("#ops", text)
    await settled()
    assert not answers(thread)


async def test_a_quote_beside_the_words_is_not_read(settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot status\n> @copilot rehearse a drill in production")
    assert "I am well" in words(await thread.last())
    await settled()
    assert len(answers(thread)) == 1


async def test_an_edit_is_no_command(settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "hello everybody")
    await sre.edits(thread, "@copilot status")
    direct = await sre.dm("status")
    await direct.last(containing="I am well")
    await sre.edits(direct, "what is waiting for me?")
    await settled()
    assert not answers(thread)
    assert len(answers(direct)) == 1


async def test_joins_and_other_bots_are_no_commands(
    settled: Settled, workspace: Playground, sre: Person, bot: App
) -> None:
    state = workspace.state
    await sre.leaves("#deploys")
    await sre.joins("#deploys")
    event = {
        "type": "message",
        "subtype": "bot_message",
        "bot_id": "B0OTHER",
        "channel": "C0OPS",
        "channel_type": "channel",
        "ts": state.next_ts(),
        "text": f"<@{state.bot_user_id}> status",
    }
    for each in (event, {**event, "subtype": None, "ts": state.next_ts(), "user": "U0OTHERBOT"}):
        workspace.sandbox.emit(each)
    own = state.post(state.bot_user_id, "C0OPS", f"<@{state.bot_user_id}> status")
    await settled()
    assert [message.ts for message in workspace.posted] == [own.ts]
    assert (await bot.deliveries.waiting()) == 0


async def test_the_bot_says_hello_where_it_is_invited(workspace: Playground, sre: Person) -> None:
    state = workspace.state
    channel = state.create_channel(sre.id, "new-place")
    state.invite(sre.id, channel.id, [state.bot_user_id])
    assert "Mention me" in words(await sre.sees("#new-place", containing="Hello"))


async def test_two_threads_are_answered_at_the_same_time(sre: Person, manager: Person) -> None:
    threads = await asyncio.gather(*(each.says("#ops", "@copilot status") for each in (sre, manager) for _ in range(3)))
    for thread in threads:
        await thread.last(containing="I am well")


async def followed(settled: Settled, person: Person) -> Thread:
    """A thread in which the bot has answered."""
    thread = await person.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    return thread


async def test_help_of_one_operation_in_words(bots: Make, sre: Person) -> None:
    thread = await sre.dm("help with maintenance.drill")
    assert "environment" in words(await thread.last(containing="drill")).lower()
