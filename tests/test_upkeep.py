"""What must happen by itself, on any replica, any number of times."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot import upkeep as upkeep_module
from bot.agent.inbox import Delivery
from bot.app import App
from bot.door.outcomes import Done, WaitingForApproval
from bot.door.runs import Run, RunState
from bot.errors import Unavailable
from bot.guard.approvals import ApprovalState, Verdict
from bot.guard.people import Actor
from storage.repositories.conversations import ConversationRepository
from storage.repositories.deliveries import DeliveryRepository
from tests.conftest import START, MakeApp, MovedClock, invoke
from tests.door.stage import Script, audited, danger, soon


async def test_a_replica_says_that_it_lives_and_knows_whether_it_is_alone(make_app: MakeApp) -> None:
    one: App = await make_app()
    assert await one.replicas.live() == [one.replica]
    assert one.runner.alone
    two: App = await make_app()
    assert not two.runner.alone
    assert one.runner.alone  # until its next heartbeat
    await one.upkeep.beat()
    assert not one.runner.alone
    await two.upkeep.close()
    await one.upkeep.beat()
    assert one.runner.alone
    assert await one.replicas.live() == [one.replica]


async def test_a_replica_that_is_not_heard_of_is_buried_and_its_work_taken_over(
    make_app: MakeApp, clock: MovedClock
) -> None:
    script = Script()
    app: App = await make_app(danger("test.danger", script))
    await app.replicas.beat("dead", "host", clock())
    await app.runs.claim(Run("run-1", "k1", "test.change", "sre", "t", START, "dead", "h"))
    waiting = await invoke(app, "sre", "test.danger")
    assert isinstance(waiting, WaitingForApproval)
    person = await app.people.identify(Actor("devops"))
    await app.desk.decide(waiting.approval_id, person, Verdict.APPROVE, "")
    clock.move(seconds=19)
    await app.upkeep.beat()
    with capture_logs() as logs:
        await app.upkeep.round()
    assert [log for log in logs if log["event"] == "replicas_lost"] == []
    run = await app.runs.get("run-1")
    assert run is not None
    assert run.state is RunState.RUNNING
    clock.move(seconds=19)
    await app.upkeep.beat()
    with capture_logs() as logs:
        for _ in range(3):
            await app.upkeep.round()
    assert [log["replicas"] for log in logs if log["event"] == "replicas_lost"] == [["dead"]]
    run = await app.runs.get("run-1")
    assert run is not None
    assert run.state is RunState.INTERRUPTED
    assert [row["decision"] for row in await audited(app, operation="test.change")] == ["interrupted"]
    assert isinstance(await app.approved.result(waiting.approval_id, 20), Done)
    assert script.ran == 1


async def test_approvals_escalate_and_expire_by_themselves(make_app: MakeApp, clock: MovedClock) -> None:
    app: App = await make_app()
    waiting = await invoke(app, "sre", "maintenance.drill")
    assert isinstance(waiting, WaitingForApproval)
    heard = []

    async def listener(approval: object) -> None:
        heard.append(approval)

    app.desk.listeners.append(listener)
    for minutes, escalated, state in (
        (14, False, ApprovalState.PENDING),
        (2, True, ApprovalState.PENDING),
        (45, True, ApprovalState.EXPIRED),
    ):
        clock.move(minutes=minutes)
        for _ in range(2):
            await app.desk.sweep()
        approval = await app.desk.get(waiting.approval_id)
        assert (approval.escalated_at is not None, approval.state) == (escalated, state)
    assert len(heard) == 2


async def test_what_was_kept_long_enough_is_dropped(make_app: MakeApp, clock: MovedClock) -> None:
    app: App = await make_app()
    inbox, talk = DeliveryRepository(app.database, app.keys), ConversationRepository(app.database, app.keys)
    event = Delivery("e1", "event", {}, clock())
    assert await inbox.add([event], app.replica) == {"e1"}
    await inbox.done(["e1"], clock())
    await talk.open("T1", "C1", "1", by="sre", now=clock(), expires_at=clock() + timedelta(days=3))
    await invoke(app, "sre", "help.show")
    await app.upkeep.retention()
    assert not await inbox.add([event], app.replica)
    clock.move(days=8)
    await app.upkeep.retention()
    assert await inbox.add([event], app.replica) == {"e1"}
    assert await talk.expire(clock()) == 0
    assert len(await audited(app)) == 2
    clock.move(days=401)
    await invoke(app, "sre", "help.show")
    await app.upkeep.retention()
    rows = await audited(app)
    assert [row["event"] for row in rows] == ["start", "end", "purged"]
    assert not (await app.audit.verify()).faults


async def test_a_round_that_fails_is_logged_and_the_next_one_comes(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: App = await make_app(heartbeat_seconds=0.001)
    really, beats, again = app.replicas.beat, [0], asyncio.Event()

    async def beat(replica: str, host: str, now: object) -> None:
        beats[0] += 1
        if beats[0] == 1:
            raise Unavailable("the database is away")
        await really(replica, host, now)  # type: ignore[arg-type]
        again.set()

    with capture_logs() as logs:
        monkeypatch.setattr(app.replicas, "beat", beat)
        await soon(again)
    assert [(log["event"], log["job"]) for log in logs] == [("upkeep_failed", "beat")]


async def test_a_bot_that_stays_does_its_rounds_and_leaves_in_order(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    clock.now = datetime.now(UTC)  # the scheduler has no clock but the real one
    rounds, retentions = asyncio.Event(), asyncio.Event()
    real_round, real_retention = upkeep_module.Upkeep.round, upkeep_module.Upkeep.retention

    async def round_(self: upkeep_module.Upkeep) -> None:
        await real_round(self)
        rounds.set()

    async def retention(self: upkeep_module.Upkeep) -> None:
        await real_retention(self)
        retentions.set()

    monkeypatch.setattr(upkeep_module.Upkeep, "round", round_)
    monkeypatch.setattr(upkeep_module.Upkeep, "retention", retention)
    app: App = await make_app(whole=True)
    await soon(rounds)
    await soon(retentions)
    other: App = await make_app()
    await app.upkeep.close()
    assert await other.replicas.live() == [other.replica]


async def test_leaving_without_a_database_is_no_error(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: str) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(app.replicas, "leave", fails)
        await app.upkeep.close()
    assert [log["event"] for log in logs] == ["replica_not_signed_off"]
