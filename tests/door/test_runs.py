"""Runs: nothing that acts is ever untracked, whoever goes away in the middle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app import App
from bot.door import runner as runner_module
from bot.door.context import Context
from bot.door.outcomes import Done, Failed, Outcome
from bot.door.runs import RunState
from bot.errors import Unavailable
from bot.guard.people import Actor
from tests.conftest import ORIGIN, MakeApp, MovedClock, invoke
from tests.door.stage import (
    IN_PROCESS,
    NOTHING,
    Script,
    audited,
    change,
    read,
    refused,
    soon,
    started,
    until,
    written,
)


async def listed(app: App, person: str, **values: Any) -> list[dict[str, Any]]:
    outcome = await invoke(app, person, "runs.list", **values)
    assert isinstance(outcome, Done), outcome
    assert isinstance(outcome.output, dict)
    found: Any = outcome.output["runs"]
    return list(found)


async def ended(app: App, run_id: str) -> RunState:
    async def over() -> bool:
        run = await app.runs.get(run_id)
        return run is not None and run.state is not RunState.RUNNING

    await until(over)
    run = await app.runs.get(run_id)
    assert run is not None
    return run.state


# ------------------------------------------------------------------------------- timeouts


async def test_a_read_that_takes_too_long_is_stopped(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(read("test.read", script, timeout=0.05))
    outcome = await invoke(app, "sre", "test.read")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.retryable, outcome.still_running) == ("TimedOut", True, False)
    assert "0.05 s" in outcome.message
    assert outcome.mend
    assert script.cancelled.is_set()
    assert app.runner.running == 0
    assert [(row["event"], row["outcome"]) for row in await audited(app)] == [("start", ""), ("end", "failed")]
    assert await written(app) == NOTHING


@IN_PROCESS
async def test_a_read_that_ignores_its_end_does_not_hold_up_whoever_asked(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "STOPPED_WITHIN", 0.05)
    go_on = asyncio.Event()

    async def stubborn(_: Any, __: Context) -> str:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    app = await make_app(read("test.read", stubborn, timeout=0.05))
    with capture_logs() as logs:
        outcome = await invoke(app, "sre", "test.read")
    assert isinstance(outcome, Failed)
    assert outcome.error == "TimedOut"
    assert [log["event"] for log in logs] == ["operation_ignores_cancellation"]
    go_on.set()


async def test_a_change_that_takes_too_long_goes_on_tracked_and_its_end_is_recorded(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(change("test.change", script, timeout=0.05))
    outcome = await invoke(app, "sre", "test.change")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.still_running, outcome.retryable) == ("TimedOut", True, False)
    assert f"runs.cancel --run {outcome.run_id}" in outcome.mend
    (run,) = await listed(app, "sre")
    assert (run["id"], run["operation"], run["state"]) == (outcome.run_id, "test.change", "running")
    assert await listed(app, "devops") == []
    script.go_on.set()
    assert await ended(app, outcome.run_id) is RunState.DONE

    async def over() -> bool:
        return await listed(app, "sre") == []

    await until(over)
    (run,) = await listed(app, "sre", state="done")
    assert run["finished_at"]

    async def recorded() -> bool:
        return [row["event"] for row in await audited(app, operation="test.change")] == ["start", "end"]

    await until(recorded)


async def test_no_change_runs_for_ever(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "MAX_SECONDS", 0.1)
    script = Script(held=True)
    app = await make_app(change("test.change", script))
    outcome = await invoke(app, "sre", "test.change")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.retryable) == ("TimedOut", False)
    assert "how far it got" in outcome.mend
    assert script.cancelled.is_set()
    assert await ended(app, outcome.run_id) is RunState.INTERRUPTED


async def test_a_read_that_lasts_is_listed_and_one_that_cannot_be_listed_ends_all_the_same(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "PROMOTED_AFTER", 0.01)
    script, other = Script(held=True), Script(held=True)
    app = await make_app(read("test.read", script), read("test.other", other))
    task = started(invoke(app, "sre", "test.read"))

    async def kept() -> bool:
        return "test.read" in {run.operation for run in await app.runs.find()}

    await until(kept)
    assert [run["operation"] for run in await listed(app, "sre")] == ["test.read"]
    script.go_on.set()
    assert isinstance(await task, Done)
    (run,) = [run for run in await app.runs.find() if run.operation == "test.read"]
    assert run.state is RunState.DONE

    asked = asyncio.Event()

    async def busy(*_: object) -> None:
        asked.set()
        raise Unavailable("the database is busy")

    monkeypatch.setattr(app.runs, "claim", busy)
    task = started(invoke(app, "sre", "test.other"))
    await soon(asked)
    other.go_on.set()
    assert isinstance(await task, Done)


# ------------------------------------------------------------------------------- cancelling


async def test_its_author_cancels_a_run_and_it_is_called_interrupted(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(change("test.change", script))
    task = started(invoke(app, "sre", "test.change"))
    await soon(script.began)
    (run,) = await listed(app, "sre")
    assert isinstance(await invoke(app, "sre", "runs.cancel", run=run["id"]), Done)
    outcome = await task
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.retryable) == ("Cancelled", False)
    assert "in part" in outcome.mend
    assert await ended(app, run["id"]) is RunState.INTERRUPTED
    assert "ended already" in refused(await invoke(app, "sre", "runs.cancel", run=run["id"]), "conflict").message


async def test_a_read_that_is_cancelled_is_called_cancelled(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "PROMOTED_AFTER", 0.0)
    script = Script(held=True)
    app = await make_app(read("test.read", script))
    task = started(invoke(app, "sre", "test.read"))
    await soon(script.began)
    (run,) = app.runner.own()
    assert isinstance(await invoke(app, "sre", "runs.cancel", run=run.id), Done)
    outcome = await task
    assert isinstance(outcome, Failed)
    assert outcome.error == "Cancelled"
    kept = await app.runs.get(run.id)
    assert kept is None or kept.state is RunState.CANCELLED


async def test_nobody_else_cancels_it_but_those_who_may_cancel_all(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(change("test.change", script))
    task = started(invoke(app, "devops", "test.change"))
    await soon(script.began)
    (run,) = await listed(app, "devops")
    said = refused(await invoke(app, "ml-engineer", "runs.cancel", run=run["id"]), "permission")
    assert "devops" not in said.message
    refused(await invoke(app, "ml-engineer", "runs.list", everybody=True), "permission")
    assert await listed(app, "ml-engineer") == []
    assert not script.cancelled.is_set()
    assert [each["id"] for each in await listed(app, "sre", everybody=True)] == [run["id"]]
    assert isinstance(await invoke(app, "sre", "runs.cancel", run=run["id"]), Done)
    assert isinstance(await task, Failed)
    refused(await invoke(app, "sre", "runs.cancel", run="run-nowhere"), "invalid")


async def test_a_run_is_cancelled_from_another_replica_with_its_next_heartbeat(make_app: MakeApp) -> None:
    script = Script(held=True)
    one = await make_app(change("test.change", script))
    two = await make_app(change("test.change", script))
    task = started(invoke(one, "devops", "test.change"))
    await soon(script.began)
    (run,) = await listed(two, "devops")
    refused(await invoke(two, "ml-engineer", "runs.cancel", run=run["id"]), "permission")
    await one.upkeep.beat()
    assert not script.cancelled.is_set()
    assert isinstance(await invoke(two, "devops", "runs.cancel", run=run["id"]), Done)
    await two.upkeep.beat()
    assert not task.done()
    await one.upkeep.beat()
    outcome = await task
    assert isinstance(outcome, Failed)
    assert outcome.error == "Cancelled"


@IN_PROCESS
async def test_a_run_that_cleans_up_is_not_disturbed_by_a_second_cancellation(make_app: MakeApp) -> None:
    began, cleaning, clean = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def careful(_: Any, __: Context) -> str:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await clean.wait()
        return "never"

    app = await make_app(change("test.change", careful))
    task = started(invoke(app, "sre", "test.change"))
    await soon(began)
    (run,) = app.runner.own()
    assert app.runner.stop(run.id)
    await soon(cleaning)
    assert app.runner.stop(run.id)
    clean.set()
    outcome = await task
    assert isinstance(outcome, Failed)
    assert outcome.error == "Cancelled"
    assert not app.runner.stop(run.id)


# ------------------------------------------------------------------------------- whoever asked goes away


async def test_a_caller_who_goes_away_stops_a_read(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(read("test.read", script))
    task = started(invoke(app, "sre", "test.read"))
    await soon(script.began)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await soon(script.cancelled)

    async def recorded() -> bool:
        return [row["outcome"] for row in await audited(app)] == ["", "failed"]

    await until(recorded)


async def test_a_caller_who_goes_away_leaves_a_change_tracked(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(change("test.change", script))
    task = started(invoke(app, "sre", "test.change"))
    await soon(script.began)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (run,) = await listed(app, "sre")
    assert not script.cancelled.is_set()
    script.go_on.set()
    assert await ended(app, run["id"]) is RunState.DONE


@pytest.mark.parametrize("step", ["claim", "record"])
async def test_a_caller_who_goes_away_while_the_run_is_written_down_leaves_no_open_row(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    script = Script()
    app = await make_app(change("test.change", script))
    reached = asyncio.Event()
    store: Any = app.runs if step == "claim" else app.audit
    really = getattr(store, step)

    async def slowly(*args: Any, **more: Any) -> Any:
        found = await really(*args, **more)
        reached.set()
        await asyncio.sleep(0)
        return found

    monkeypatch.setattr(store, step, slowly)
    task = started(invoke(app, "sre", "test.change"))
    await soon(reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    (run,) = await app.runs.find()
    assert await ended(app, run.id) is RunState.DONE
    assert script.ran == 1


async def test_at_whatever_turn_the_caller_goes_away_no_run_stays_open(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(
        change("test.change", script), read("test.read", script), rate_burst=200, person_per_minute=1000
    )
    for name in ("test.change", "test.read"):
        for turns in range(0, 60, 3):
            task = started(invoke(app, "sre", name))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})

    async def quiet() -> bool:
        return not app.runner._keepers and not await app.runs.find(states=(RunState.RUNNING,))

    await until(quiet)
    rows = await audited(app)
    began, over = ({row["run_id"] for row in rows if row["event"] == event} for event in ("start", "end"))
    assert {run.id for run in await app.runs.find()} <= began & over
    assert app.runner._of == {}


async def test_shutting_down_lets_runs_end_and_stops_those_that_do_not(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, slow, asked = Script(held=True), Script(held=True), Script(held=True)
    app = await make_app(change("test.quick", quick), change("test.slow", slow), read("test.read", asked))
    calls = [started(invoke(app, "sre", name)) for name in ("test.quick", "test.slow", "test.read")]
    for script in (quick, slow, asked):
        await soon(script.began)
    closing = asyncio.create_task(app.runner.close(0.2))
    await asyncio.sleep(0)
    late = await invoke(app, "sre", "test.quick")
    assert isinstance(late, Failed)
    assert (late.error, late.retryable) == ("Unavailable", True)
    quick.go_on.set()
    await closing
    done, stopped, read_ = [await call for call in calls]
    assert isinstance(done, Done)
    assert isinstance(stopped, Failed)
    assert (stopped.error, stopped.retryable) == ("Interrupted", False)
    assert isinstance(read_, Failed)
    assert (read_.error, read_.retryable) == ("Interrupted", True)
    states = {run.operation: run.state for run in await app.runs.find()}
    assert states == {"test.quick": RunState.DONE, "test.slow": RunState.INTERRUPTED}
    assert quick.ran == 1


@IN_PROCESS
async def test_shutting_down_does_not_wait_for_ever_for_what_does_not_stop(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "STOPPED_WITHIN", 0.05)
    go_on, began = asyncio.Event(), asyncio.Event()

    async def stubborn(_: Any, __: Context) -> str:
        began.set()
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    app = await make_app(change("test.change", stubborn))
    task = started(invoke(app, "sre", "test.change"))
    await soon(began)
    await app.runner.close(0.01)
    assert not task.done()
    (run,) = await app.runs.find()
    assert run.state is RunState.RUNNING
    go_on.set()
    await task


# ------------------------------------------------------------------------------- how many at once


async def test_the_eleventh_operation_at_one_time_is_refused(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(read("test.read", script))
    calls = []
    for _ in range(10):
        calls.append(started(invoke(app, "sre", "test.read")))
        await asyncio.sleep(0)
    while script.ran < 10:
        script.began.clear()
        await soon(script.began)
    said = refused(await invoke(app, "sre", "test.read"), "concurrency")
    assert "10 operations under way" in said.message
    assert "runs.cancel" in said.mend
    other = started(invoke(app, "devops", "test.read"))
    run_id = app.runner.own()[0].id
    assert isinstance(await invoke(app, "sre", "runs.cancel", run=run_id), Done)
    script.go_on.set()
    assert isinstance(await other, Done)
    outcomes = [await call for call in calls]
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 9
    assert isinstance(await invoke(app, "sre", "test.read"), Done)


@pytest.mark.parametrize("kind", [read, change])
async def test_of_many_that_come_at_the_very_same_time_ten_run(make_app: MakeApp, kind: Any) -> None:
    script = Script(held=True)
    app = await make_app(kind("test.op", script), rate_burst=50, person_per_minute=600)
    calls = [started(invoke(app, "sre", "test.op")) for _ in range(40)]
    no: set[asyncio.Task[Outcome]] = set()
    async with asyncio.timeout(30):
        while len(no) < 30:
            no, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0.005)
    assert all(getattr(task.result(), "because", "") == "concurrency" for task in no)
    script.go_on.set()
    done = [await call for call in calls]
    assert sum(isinstance(outcome, Done) for outcome in done) == script.ran == 10
    assert app.runner._of == {}


async def test_runs_on_other_replicas_count_too(make_app: MakeApp) -> None:
    script = Script(held=True)
    one = await make_app(change("test.change", script), concurrent_per_person=2)
    two = await make_app(change("test.change", script), concurrent_per_person=2)
    await one.upkeep.beat()
    calls = []
    for app in (one, two):
        script.began.clear()
        calls.append(started(invoke(app, "sre", "test.change")))
        await soon(script.began)
    refused(await invoke(one, "sre", "test.change"), "concurrency")
    refused(await invoke(two, "sre", "test.change"), "concurrency")
    script.go_on.set()
    assert all([isinstance(await call, Done) for call in calls])


# ------------------------------------------------------------------------------- progress and the context


@IN_PROCESS
async def test_a_message_that_cannot_be_shown_does_not_stop_the_change(make_app: MakeApp) -> None:
    async def speaks(_: Any, context: Context) -> str:
        await context.progress("half, with password=hunter2222")
        return "done"

    seen: list[str] = []

    async def shows(text: str) -> None:
        seen.append(text)
        raise RuntimeError("Slack is away")

    app = await make_app(change("test.change", speaks))
    with capture_logs() as logs:
        outcome = await app.door.invoke(Actor("sre"), "test.change", {}, origin=ORIGIN, progress=shows)
    assert isinstance(outcome, Done)
    assert seen == ["half, with password=[secret]"]
    assert [log["event"] for log in logs] == ["progress_not_shown"]


async def test_what_an_operation_spends_is_booked_and_audited(make_app: MakeApp, clock: MovedClock) -> None:
    async def spends(_: Any, context: Context) -> str:
        await context.charge(0.25, 100)
        await context.charge(0.50, 200)
        return ""

    app = await make_app(read("test.read", spends))
    assert isinstance(await invoke(app, "sre", "test.read"), Done)
    assert [row["cost_usd"] for row in await audited(app)] == [0.0, 0.75]
    assert await app.costs.spent(("person:sre", "channel:C1", "workspace:T1"), clock()) == {
        "person:sre": 0.75,
        "channel:C1": 0.75,
        "workspace:T1": 0.75,
    }
