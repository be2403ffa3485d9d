"""The pytest plugin: what its people do and see, and what its errors say."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from integrations.sandbox.slack.playground import Playground
from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.testing import NotSeen, Refused, words
from tests.sandbox.stage import MANIFEST, bolt_app, client_of, on_a_socket


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


async def test_a_person_waits_for_an_answer_that_is_written_into_a_placeholder(workspace: Playground) -> None:
    app = bolt_app(workspace)

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: Any, client: Any) -> None:
        sent = await say("one moment", thread_ts=event["ts"])
        await client.chat_update(channel=event["channel"], ts=sent["ts"], text="all is well")

    async with on_a_socket(app, workspace):
        thread = await workspace.person("sre").says("#ops", "@copilot status")
        answer = await thread.last(containing="all is well")
    assert answer.thread_ts == thread.ts
    assert [words(message) for message in thread.messages][-1] == "all is well"
    assert [sent.what for sent in workspace.sent if sent.what.startswith("chat.")] == [
        "chat.postMessage",
        "chat.update",
    ]
    assert [message.text for message in workspace.posted] == ["all is well"]


async def test_a_streamed_answer_counts_when_it_is_finished(workspace: Playground) -> None:
    client = client_of(workspace)
    thread = await workspace.person("sre").says("#ops", "@copilot stream")
    started = await client.chat_startStream(
        channel="C0OPS", thread_ts=thread.ts, recipient_user_id="U0SRE", recipient_team_id="T0LOCAL"
    )
    await client.chat_appendStream(channel="C0OPS", ts=started["ts"], markdown_text="half")
    assert "half" in words(await thread.last(containing="half", finished=False))
    with pytest.raises(NotSeen, match=r"still streaming\): half"):
        await thread.last(containing="half", timeout=0.05)
    await client.chat_stopStream(channel="C0OPS", ts=started["ts"], markdown_text=" and whole")
    assert "half and whole" in words(await thread.last(containing="whole"))


async def test_an_error_shows_what_is_there_and_what_went_wrong(workspace: Playground) -> None:
    sre = workspace.person("sre")
    thread = await sre.says("#ops", "@copilot status")
    workspace.faults.fail("chat.postMessage", error="ratelimited")
    with pytest.raises(NotSeen) as caught:
        await thread.last(containing="fine", timeout=0.05)
    assert "A message from the app with 'fine'" in str(caught.value)
    assert "sre: <@U0COPILOT> status" in str(caught.value)
    assert "No app is connected." in str(caught.value)
    with pytest.raises(NotSeen, match="No modal is open"):
        await sre.modal(timeout=0.01)
    with pytest.raises(NotSeen, match="No Home was ever published"):
        await sre.home(timeout=0.01)
    with pytest.raises(NotSeen, match="only for U0SRE"):
        await sre.sees_ephemeral("#ops", timeout=0.01)


async def test_a_direct_message_is_answered_in_or_under_it(workspace: Playground) -> None:
    app = AsyncApp(client=client_of(workspace), signing_secret=workspace.signing_secret)

    @app.message("under")
    async def under(message: dict[str, Any], say: Any) -> None:
        await say("in a thread", thread_ts=message["ts"])

    @app.message("beside")
    async def beside(say: Any) -> None:
        await say("as a new message")

    async with on_a_socket(app, workspace):
        sre = workspace.person("sre")
        assert (await (await sre.dm("under")).last()).text == "in a thread"
        assert (await (await sre.dm("beside")).last()).text == "as a new message"


async def test_each_workspace_is_its_own(workspace: Playground) -> None:
    async with Playground.over(SlackSandbox(MANIFEST)) as another:
        await another.person("sre").says("#ops", "only there")
        assert another.bot_token != workspace.bot_token
    assert list(workspace.state.top_level("C0OPS")) == []


async def test_people_do_what_people_can_do(workspace: Playground) -> None:
    sre = workspace.person("U0SRE")
    thread = await sre.says("#ops", "hello")
    reply = await workspace.person("manager").says(thread, "hello to you", broadcast=True)
    assert reply.ts == thread.ts
    assert (await thread.last(from_bot=False, containing="to you")).reply_broadcast
    await sre.reacts(thread, "wave")
    await sre.reacts(thread, "wave", remove=True)
    assert thread.said.reactions == {}
    await sre.edits(thread, "hello *all*")
    assert sre.rereads(thread.said).text == "hello *all*"
    await sre.deletes(await sre.says("#ops", "oops"))
    made = workspace.state.create_channel("U0MANAGER", "inc-1")
    await sre.joins("#inc-1")
    await sre.leaves(made.id)
    assert "U0SRE" not in made.members
    with pytest.raises(Refused, match="no global shortcut 'Nope'"):
        await sre.uses_shortcut("Nope")


@pytest.mark.slack(ack_timeout=0.05, seed=3)
async def test_the_marker_gives_options_to_the_sandbox(workspace: Playground) -> None:
    assert workspace.sandbox.deliveries.ack_timeout == 0.05
    with pytest.raises(Refused, match="dispatch_failed"):
        await workspace.person("sre").runs("/copilot", channel="#ops")
