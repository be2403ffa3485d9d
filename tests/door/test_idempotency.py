"""The same key runs a change once, however often, wherever and whenever it is invoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.app import App
from bot.door.operation import Repeat
from bot.door.outcomes import Done, Failed, Outcome, Refused, WaitingForApproval
from bot.door.runs import Run, RunState
from bot.errors import Terminal
from bot.guard.approvals import Verdict
from bot.guard.people import Actor, ActorKind
from tests.conftest import ORIGIN, START, MakeApp, MovedClock, invoke
from tests.door.stage import Script, audited, change, danger, read, refused, soon, started, written


async def keyed(app: App, person: str, operation: str, key: str, **values: Any) -> Outcome:
    return await app.door.invoke(Actor(person), operation, values, origin=ORIGIN, idempotency_key=key)


async def test_one_key_runs_a_change_once_and_gives_its_outcome_again(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(change("test.change", script))
    first = await keyed(app, "sre", "test.change", "k", words="one")
    again = await keyed(app, "sre", "test.change", "k", words="one")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert script.ran == 1
    assert (again.output, again.run_id, again.repeated) == (first.output, first.run_id, True)
    assert not first.repeated
    assert isinstance(await keyed(app, "sre", "test.change", "other"), Done)
    assert isinstance(await invoke(app, "sre", "test.change"), Done)
    assert isinstance(await invoke(app, "sre", "test.change"), Done)
    assert script.ran == 4
    assert len(set(script.keys)) == 4


async def test_one_key_at_the_same_time_over_two_replicas_runs_once(make_app: MakeApp) -> None:
    script = Script(held=True)
    apps = [await make_app(change("test.change", script)) for _ in range(2)]
    calls = [started(keyed(app, "sre", "test.change", "k")) for app in apps for _ in range(4)]
    await soon(script.began)
    turned_away: set[asyncio.Task[Outcome]] = set()
    async with asyncio.timeout(30):
        while len(turned_away) < 7:
            turned_away, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0.005)
    for task in turned_away:
        assert "runs already" in refused(task.result(), "conflict").message
    script.go_on.set()
    outcomes = [await call for call in calls]
    assert script.ran == 1
    (done,) = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    for app in apps:
        again = await keyed(app, "sre", "test.change", "k")
        assert isinstance(again, Done)
        assert (again.run_id, again.repeated) == (done.run_id, True)
    assert script.ran == 1


async def test_the_key_of_another_actor_is_another_key(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(change("test.change", script, permission="approvals:read"))
    assert isinstance(await keyed(app, "sre", "test.change", "k"), Done)
    assert isinstance(await keyed(app, "devops", "test.change", "k"), Done)
    job = await app.door.invoke(Actor("upkeep", ActorKind.JOB), "test.change", {}, origin=ORIGIN, idempotency_key="k")
    assert isinstance(job, Done)
    assert script.ran == 3


async def test_a_key_does_not_answer_for_another_operation(make_app: MakeApp) -> None:
    one, two = Script(), Script()
    app = await make_app(change("test.one", one), change("test.two", two), danger("test.danger", Script()))
    assert isinstance(await keyed(app, "sre", "test.one", "k"), Done)
    assert "test.one" in refused(await keyed(app, "sre", "test.two", "k"), "conflict").message
    assert (one.ran, two.ran) == (1, 0)
    waiting = await keyed(app, "sre", "test.danger", "g", words="a")
    assert isinstance(waiting, WaitingForApproval)
    same = await keyed(app, "sre", "test.danger", "g", words="a")
    assert isinstance(same, WaitingForApproval)
    assert same.approval_id == waiting.approval_id
    assert waiting.approval_id in refused(await keyed(app, "sre", "test.danger", "g", words="b"), "approval").message
    assert (await written(app))["approvals"] == 1


async def test_a_request_that_was_rejected_is_not_asked_for_again_under_its_key(make_app: MakeApp) -> None:
    app = await make_app(danger("test.danger", Script()))
    waiting = await keyed(app, "sre", "test.danger", "k")
    assert isinstance(waiting, WaitingForApproval)
    decided = await invoke(
        app, "devops", "approvals.decide", approval=waiting.approval_id, verdict="reject", reason="not today"
    )
    assert isinstance(decided, Done)
    said = refused(await keyed(app, "sre", "test.danger", "k"), "approval")
    assert "rejected" in said.message
    assert "new idempotency key" in said.mend
    fresh = await keyed(app, "sre", "test.danger", "k2")
    assert isinstance(fresh, WaitingForApproval)
    assert fresh.approval_id != waiting.approval_id


async def test_a_failure_is_given_again_too(make_app: MakeApp) -> None:
    script = Script(error=Terminal("broken"))
    app = await make_app(change("test.change", script))
    first = await keyed(app, "sre", "test.change", "k")
    assert isinstance(first, Failed)
    assert await keyed(app, "sre", "test.change", "k") == first
    assert script.ran == 1


async def test_a_key_does_not_make_a_read_stale(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(read("test.read", script))
    for _ in range(2):
        outcome = await keyed(app, "sre", "test.read", "k")
        assert isinstance(outcome, Done)
        assert not outcome.repeated
    assert script.ran == 2


async def test_the_key_tells_nothing_about_the_person(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(change("test.change", script))
    await keyed(app, "sre", "test.change", "the-key")
    await invoke(app, "sre", "test.change")
    for run in await app.runs.find():
        assert "sre" not in run.key
        assert "the-key" not in run.key


# ------------------------------------------------------------------------------- killed in the middle


async def orphan(app: App, **changes: Any) -> Run:
    """A run as a killed process leaves it."""
    run = Run(
        id="run-dead",
        key="dead",
        operation="test.change",
        actor="sre",
        trace_id="t-dead",
        started_at=START,
        replica="dead",
        parameters_hash="h",
        channel="C1",
        **changes,
    )
    kept, fresh = await app.runs.claim(run)
    assert fresh
    return kept


async def test_what_a_dead_process_left_is_closed_as_interrupted_and_audited_once(
    make_app: MakeApp, clock: MovedClock
) -> None:
    apps = [await make_app(change("test.change", Script())) for _ in range(2)]
    await orphan(apps[0])
    clock.move(minutes=1)
    assert [await app.upkeep.close_orphans() for app in apps] == [1, 0]
    run = await apps[0].runs.get("run-dead")
    assert run is not None
    assert (run.state, run.finished_at) == (RunState.INTERRUPTED, START + timedelta(minutes=1))
    assert isinstance(run.outcome, dict)
    assert (run.outcome["error"], run.outcome["retryable"]) == ("Interrupted", False)
    (row,) = await audited(apps[0], trace_id="t-dead")
    assert (row["decision"], row["actor"], row["run_id"]) == ("interrupted", "upkeep", "run-dead")


async def test_a_run_of_a_living_replica_is_no_orphan(make_app: MakeApp) -> None:
    script = Script(held=True)
    one, two = [await make_app(change("test.change", script)) for _ in range(2)]
    task = started(invoke(one, "sre", "test.change"))
    await soon(script.began)
    assert await two.upkeep.close_orphans() == 0
    assert await one.upkeep.close_orphans() == 0
    script.go_on.set()
    assert isinstance(await task, Done)


async def test_a_run_whose_end_could_not_be_recorded_does_not_stay_open(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await make_app(change("test.change", Script()))

    async def fails(_: Run) -> None:
        raise Terminal("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(app.runs, "finish", fails)
        outcome = await invoke(app, "sre", "test.change")
    assert isinstance(outcome, Failed)
    assert "the disk is full" in outcome.message
    assert "may have taken effect" in outcome.mend
    (run,) = await app.runs.find()
    assert run.state is RunState.RUNNING
    assert await app.upkeep.close_orphans() == 1
    (run,) = await app.runs.find()
    assert run.state is RunState.INTERRUPTED


@pytest.mark.parametrize("repeat", list(Repeat))
async def test_after_a_crash_only_what_is_safe_to_repeat_is_run_again(make_app: MakeApp, repeat: Repeat) -> None:
    """The durable engine runs the interrupted step again; here it is called as the engine does."""
    script = Script()
    app = await make_app(danger("test.change", script, repeat=repeat))
    waiting = await invoke(app, "sre", "test.change")
    assert isinstance(waiting, WaitingForApproval)
    person = await app.people.identify(Actor("devops"))
    approval = await app.desk.decide(waiting.approval_id, person, *_yes())
    run = Run(
        id="run-dead",
        key=f"approval:{approval.id}",
        operation="test.change",
        actor="sre",
        trace_id=approval.trace_id,
        started_at=START,
        replica="dead",
        parameters_hash=approval.parameters_hash,
        approval_id=approval.id,
    )
    await app.runs.claim(run)
    assert await app.upkeep.close_orphans() == 0  # that is the engine's to decide
    outcome = await app.door.run_approved(approval.id)
    kept = await app.runs.get("run-dead")
    assert kept is not None
    if repeat is Repeat.SAFE:
        assert isinstance(outcome, Done)
        assert script.keys == [f"approval:{approval.id}"]
        assert (kept.state, kept.attempt, kept.replica) == (RunState.DONE, 2, app.replica)
    else:
        assert isinstance(outcome, Failed)
        assert (outcome.error, outcome.retryable) == ("Interrupted", False)
        assert script.ran == 0
        assert kept.state is RunState.INTERRUPTED
        assert await app.door.run_approved(approval.id) == outcome
        assert isinstance(await app.door.run_approved(approval.id, again=True), Done)  # somebody looked, and said so
        assert script.ran == 1
    repeated = await app.door.run_approved(approval.id, again=True)
    assert isinstance(repeated, Done)
    assert repeated.repeated
    assert script.ran == 1


async def test_of_two_that_take_up_the_same_run_one_does(make_app: MakeApp) -> None:
    script = Script(held=True)
    apps = [await make_app(danger("test.change", script, repeat=Repeat.SAFE)) for _ in range(2)]
    waiting = await invoke(apps[0], "sre", "test.change")
    assert isinstance(waiting, WaitingForApproval)
    person = await apps[0].people.identify(Actor("devops"))
    await apps[0].desk.decide(waiting.approval_id, person, *_yes())
    calls = [started(app.door.run_approved(waiting.approval_id)) for app in apps]
    await soon(script.began)
    script.go_on.set()
    outcomes = [await call for call in calls]
    assert any(isinstance(outcome, Done) for outcome in outcomes)
    assert all(isinstance(outcome, Done | Refused) for outcome in outcomes)


def _yes() -> tuple[Verdict, str]:
    return Verdict.APPROVE, ""
