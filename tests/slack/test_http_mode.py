"""HTTP mode: the same bot, told by signed posts."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground
from tests.slack.asking import asks_for_a_drill, redrawn
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PORT = free_port()
pytestmark = pytest.mark.slack(limits=False, request_url=f"http://127.0.0.1:{PORT}/slack/events")


@pytest.fixture
async def bot(bots: Make, workspace: Playground) -> App:
    return await bots(
        slack_mode="http", slack_app_token=None, slack_signing_secret=workspace.signing_secret, http_port=PORT
    )


async def test_a_question_a_form_an_approval_and_a_result(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    assert len(answers(thread)) == 1
    thread, card = await asks_for_a_drill(sre)
    await manager.clicks(card, "Approve")
    await thread.last(containing="has run")
    await redrawn(workspace, card, "It ran")
    await sre.runs("/copilot", "rehearse a drill", channel="#ops")
    modal = await sre.modal(containing="Environment")
    assert await sre.submits(modal) == {}
    await sre.sees("#ops", containing="Waiting for approval")


async def test_an_error_stands_at_its_field(bot: App, sre: Person, manager: Person) -> None:
    _, card = await asks_for_a_drill(sre)
    await sre.uses_shortcut("ask")
    modal = await sre.modal(titled="Ask CoPilot")
    assert list(await sre.submits(modal)) == ["Your question"]
    await manager.clicks(card, "Details")
    await (await manager.modal(titled="Approval")).until("Parameters")


async def test_what_slack_has_not_signed_is_not_heard(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.says("#ops", "hello")
    event = {"type": "app_mention", "channel": "C0OPS", "user": sre.id, "ts": thread.ts, "text": "<@U0COPILOT> status"}
    forged = {"type": "event_callback", "team_id": workspace.state.team_id, "event_id": "Ev1", "event": event}
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"x-slack-request-timestamp": "1", "x-slack-signature": "v0=00"}):
            url = f"http://127.0.0.1:{PORT}/slack/events"
            async with session.post(url, json=forged, headers=headers) as answer:
                assert answer.status in {401, 403}
    await settled()
    assert not answers(thread)
