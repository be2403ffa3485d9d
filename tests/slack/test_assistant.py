"""The assistant pane: a greeting, what to try, a title, and answers."""

from __future__ import annotations

import pytest

from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.seeing import Settled

pytestmark = pytest.mark.usefixtures("bot")


async def test_the_pane_greets_and_suggests_what_suits_the_role(workspace: Playground, sre: Person) -> None:
    thread = await sre.opens_assistant(context="#ops")
    assert "What can I do" in words(await thread.last())
    mine = {prompt["message"] for prompt in await thread.prompts()}
    qa = await workspace.person("security-engineer").opens_assistant()
    theirs = {prompt["message"] for prompt in await qa.prompts()}
    assert "status" in mine & theirs
    assert "run a drill" in mine - theirs
    assert len(mine) == len(theirs) == 4


async def test_a_question_gives_the_thread_its_title_and_its_answer(
    settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.asks_assistant("what is waiting for me?")
    answer = await thread.last(containing="Nothing is waiting")
    await settled()
    assert thread.assistant is not None
    assert thread.assistant.title == "what is waiting for me?"
    assert thread.assistant.status == ""
    assert "Stop listening" not in words(answer)
    assert any(sent.what == "assistant.threads.setStatus" and sent.payload["status"] for sent in workspace.sent)


async def test_a_suggested_prompt_is_understood(sre: Person) -> None:
    thread = await sre.opens_assistant()
    for prompt in await thread.prompts():
        before = await thread.last()
        await sre.says(thread, prompt["message"])
        assert "not sure" not in words(await thread.last(after=before))


async def test_looking_at_another_channel_suggests_anew(workspace: Playground, sre: Person, settled: Settled) -> None:
    thread = await sre.opens_assistant(context="#ops")
    await thread.prompts()
    await settled()
    before = sum(sent.what == "assistant.threads.setSuggestedPrompts" for sent in workspace.sent)
    workspace.state.change_assistant_context(thread.channel, thread.ts, context_channel="C0ML")
    await settled()
    after = sum(sent.what == "assistant.threads.setSuggestedPrompts" for sent in workspace.sent)
    assert after == before + 1
