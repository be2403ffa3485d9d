"""Once, whatever happens: deliveries that come again, a bot that is gone, and a Slack that is unwell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from handlers import face
from integrations.sandbox.slack.testing import Person, Playground, words
from tests import killable
from tests.door.stage import soon
from tests.replicas import Replica
from tests.slack.asking import asks_for_a_drill
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers, on_both
from tests.slack.stage import Work, long_work


def told(workspace: Playground, kind: str) -> list[dict[str, Any]]:
    """What Slack has told the app of one kind of event."""
    entries = workspace.inspector.entries()
    return [entry["request"] for entry in entries if entry["direction"] == "slack→app" and kind in entry["what"]]


@on_both
async def test_an_event_that_is_delivered_again_is_answered_once(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    workspace.faults.set(duplicates=1)
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    for payload in told(workspace, "message") + told(workspace, "app_mention"):
        await workspace.sandbox.deliver(payload)
        await workspace.sandbox.deliver({**payload, "event_id": "Ev0AGAIN"})
    await settled()
    assert len(answers(thread)) == 1


async def test_a_click_that_is_delivered_again_counts_once(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.says("#ops", "@copilot make everything better somehow")
    answer = await thread.last(containing="not sure")
    workspace.faults.set(duplicates=1)
    await sre.clicks(answer, "Help")
    await thread.last(containing="Practice drill", after=answer)
    await settled()
    assert len(answers(thread)) == 2


async def test_sockets_that_are_cut_and_renewed_lose_nothing(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    threads = []
    for number in range(6):
        if number == 2:
            workspace.sandbox.sockets.drop()
        if number == 4:
            workspace.sandbox.sockets.refresh(grace=0.2)
        threads.append(await sre.says("#ops", "@copilot status"))
    for thread in threads:
        await thread.last(containing="I am well")
    await settled()
    assert [len(answers(thread)) for thread in threads] == [1] * len(threads)


@on_both
async def test_an_answer_that_was_cut_short_by_a_restart_is_finished_on_the_same_message(
    bots: Make, settled: Settled, sre: Person, monkeypatch: pytest.MonkeyPatch, apps: list[App]
) -> None:
    monkeypatch.setattr(face, "GRACE", 0.05)
    work = Work()
    first = await bots(long_work(work))
    thread = await sre.says("#ops", "@copilot take stock")
    await soon(work.began)
    begun = await thread.last(finished=False)
    await first.close()
    apps.remove(first)
    work.go_on.set()
    await bots(long_work(work))
    answer = await thread.last(containing="all there")
    await settled()
    assert answer.ts == begun.ts
    assert len(answers(thread)) == 1
    assert work.ran == 2


async def test_an_answer_of_a_bot_that_was_killed_is_finished_by_the_next(
    bots: Make, settled: Settled, workspace: Playground, sre: Person, database_url: str, tmp_path: Path
) -> None:
    known = (database_url, str(tmp_path), workspace.api_url, workspace.bot_token, workspace.app_token)
    killed = await Replica(killable.main, "endless", *known).start()
    await workspace.app_connected()
    thread = await sre.says("#ops", "@copilot take stock")
    begun = await thread.last(containing="second half", finished=False)
    await killed.kill()
    work = Work()
    work.go_on.set()
    await bots(long_work(work))
    answer = await thread.last(containing="all there")
    await settled()
    assert answer.ts == begun.ts
    assert len(answers(thread)) == 1


FAULTS: dict[str, dict[str, float]] = {
    "slow": {"latency_ms": 150},
    "failing": {"error_rate": 0.3},
    "limiting": {"rate_limit": 0.1},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.slack(limits=False, seed=7)
async def test_every_answer_arrives_once_whatever_slack_does(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person, fault: str
) -> None:
    workspace.faults.set(**FAULTS[fault])
    threads = [await person.says(where, "@copilot status") for person in (sre, manager) for where in ("#ops", "#ml")]
    direct = await sre.dm("status")
    for thread in (*threads, direct):
        await thread.last(containing="I am well")
    workspace.faults.clear()
    await settled()
    assert [len(answers(thread)) for thread in (*threads, direct)] == [1] * 5


@pytest.mark.parametrize("method", ["chat.startStream", "chat.stopStream"])
async def test_a_call_whose_answer_is_lost_is_not_made_twice(
    bot: App, settled: Settled, workspace: Playground, sre: Person, method: str
) -> None:
    workspace.faults.fail(method, after_effect=True)
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    assert len(answers(thread)) == 1


async def test_a_card_whose_posting_was_not_confirmed_is_there_once(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    workspace.faults.fail("chat.postMessage", after_effect=True)
    thread, _ = await asks_for_a_drill(sre)
    await settled()
    assert sum("Waiting for approval" in words(message) for message in answers(thread)) == 1


async def test_a_limit_of_slack_is_waited_for(bot: App, workspace: Playground, sre: Person) -> None:
    workspace.faults.fail("chat.stopStream", status=429, retry_after=1)
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")


async def test_where_streams_do_not_work_the_answer_comes_all_the_same(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    workspace.faults.fail("chat.startStream", times=9, error="feature_not_enabled")
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    assert len(answers(thread)) == 1


async def test_a_slack_that_does_not_know_people_for_a_while_refuses_nobody(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    workspace.faults.fail("users.info", times=8)
    thread = await sre.says("#ops", "@copilot status")
    await thread.last(containing="I am well")
    await settled()
    assert len(answers(thread)) == 1
