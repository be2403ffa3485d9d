"""From the decision to the end of the run: once, with the approved parameters, by the rules of that moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.app import App
from bot.door import approved as approved_module
from bot.door.context import Context
from bot.door.operation import Repeat
from bot.door.outcomes import Done, Failed, Outcome, WaitingForApproval
from bot.door.runs import Run, RunState
from bot.errors import CircuitOpen, ConfigurationError, NotFound, Terminal, Unavailable
from bot.guard.approvals import ApprovalState, Verdict
from bot.guard.people import Actor, Person
from bot.guard.risk import Gate, Risk
from bot.guard.roles import Standing
from bot.guard.rules import ChangeFreeze, ChangeFreezePolicy, FreezeWindow, TwoPersonPolicy, TwoPersonRule
from storage.models import ApprovalRow
from storage.repositories.rows import seal, table
from tests.conftest import ORIGIN, MakeApp, MovedClock, invoke
from tests.door.stage import IN_PROCESS, Script, audited, danger, dump, placed, refused, soon, started, until, written


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approved_module, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(approved_module, "LONGEST_PAUSE", 0.01)


async def asked(app: App, operation: str, person: str = "sre", **values: Any) -> str:
    outcome = await invoke(app, person, operation, **values)
    assert isinstance(outcome, WaitingForApproval), outcome
    return outcome.approval_id


async def agreed(app: App, operation: str, person: str = "sre", **values: Any) -> str:
    """Decided, and not started: as if the process had been killed in between."""
    approval_id = await asked(app, operation, person, **values)
    approver = await app.people.identify(Actor("devops"))
    approval = await app.desk.decide(approval_id, approver, Verdict.APPROVE, "")
    assert approval.state is ApprovalState.APPROVED
    return approval_id


async def approve(app: App, approval_id: str, person: str = "devops") -> None:
    outcome = await invoke(app, person, "approvals.decide", approval=approval_id, verdict="approve")
    assert isinstance(outcome, Done), outcome


async def outcome_of(app: App, approval_id: str) -> Outcome:
    outcome = await app.approved.result(approval_id, 20)
    assert outcome is not None
    return outcome


# ------------------------------------------------------------------------------- through the durable engine


async def test_it_runs_once_as_its_requester_with_their_words_and_the_result_is_kept(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(danger("test.danger", script))
    approval_id = await asked(app, "test.danger", words="exactly these")
    await approve(app, approval_id)
    await soon(script.began)
    assert await app.approved.result(approval_id, 0.01) is None
    script.go_on.set()
    outcome = await outcome_of(app, approval_id)
    assert isinstance(outcome, Done)
    assert outcome.output == {"words": "exactly these"}
    for _ in range(2):
        await app.approved.start(approval_id)
        await app.approved.recover()
    assert await outcome_of(app, approval_id) == outcome
    assert script.ran == 1
    assert script.keys == [f"approval:{approval_id}"]

    shown = await invoke(app, "sre", "approvals.show", approval=approval_id)
    assert isinstance(shown, Done)
    assert isinstance(shown.output, dict)
    assert isinstance(shown.output["outcome"], dict)
    assert shown.output["outcome"]["kind"] == "done"
    assert (shown.output["state"], shown.output["approved"]) == ("approved", 1)

    rows = await audited(app, operation="test.danger")
    assert [(row["event"], row["decision"], row["actor"]) for row in rows] == [
        ("requested", "approval-wanted", "sre"),
        ("start", "approved", "sre"),
        ("end", "approved", "sre"),
    ]
    assert rows[1]["details"]["approval"] == approval_id
    assert len({row["parameters_hash"] for row in rows}) == 1
    assert not (await app.audit.verify()).faults


@pytest.mark.parametrize("repeat", Repeat)
async def test_a_run_that_comes_back_to_where_it_still_runs_is_joined(make_app: MakeApp, repeat: Repeat) -> None:
    """A slow replica is taken for dead, another adopts its run and is killed: the first one adopts it back."""
    script = Script(held=True)
    app = await make_app(danger("test.danger", script, repeat=repeat))
    approval_id = await agreed(app, "test.danger")
    runs = [started(app.door.run_approved(approval_id)) for _ in range(2)]
    await soon(script.began)
    runs.append(started(app.door.run_approved(approval_id)))
    await until(lambda: retaken(app, approval_id))
    script.go_on.set()
    for outcome in await asyncio.gather(*runs):
        assert isinstance(outcome, Done) or refused(outcome, "conflict")
    assert script.ran == 1
    (run,) = [run for run in await app.runs.find() if run.approval_id == approval_id]
    assert run.state is RunState.DONE
    assert isinstance(await app.door.run_approved(approval_id), Done)
    assert not app.runner.running


async def test_a_run_that_ends_while_it_is_being_taken_back_is_joined_too(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(held=True)
    app = await make_app(danger("test.danger", script, repeat=Repeat.SAFE))
    approval_id = await agreed(app, "test.danger")
    first = started(app.door.run_approved(approval_id))
    await soon(script.began)
    retake = app.runs.retake

    async def slowly(run: Run, replica: str) -> Run | None:
        taken: Run | None = await retake(run, replica)
        script.go_on.set()
        await first
        return taken

    monkeypatch.setattr(app.runs, "retake", slowly)
    assert isinstance(await app.door.run_approved(approval_id), Done)
    assert script.ran == 1


async def retaken(app: App, approval_id: str) -> bool:
    return any(run.attempt > 1 for run in await app.runs.find() if run.approval_id == approval_id)


async def test_a_failure_that_may_pass_is_tried_again_and_then_wants_a_decision(make_app: MakeApp) -> None:
    failing = Script(error=CircuitOpen("the platform rests", mend="Wait.", retry_after=5.0))
    shaky = [Unavailable("the platform is away")]

    async def recovers(wanted: Any, _: Context) -> str:
        if shaky:
            raise shaky.pop()
        return str(wanted.words)

    hopeless = Script(error=Terminal("there is no such cluster"))
    absent = Script(error=NotFound("there is no such cluster"))
    app = await make_app(
        danger("test.failing", failing),
        danger("test.shaky", recovers),
        danger("test.hopeless", hopeless),
        danger("test.absent", absent),
    )
    ids = {name: await asked(app, f"test.{name}") for name in ("failing", "hopeless", "shaky", "absent")}
    for approval_id in ids.values():
        await approve(app, approval_id)
    outcomes = {name: await outcome_of(app, approval_id) for name, approval_id in ids.items()}
    assert isinstance(outcomes["failing"], Failed)
    assert isinstance(outcomes["hopeless"], Failed)
    assert isinstance(outcomes["shaky"], Done)
    refused(outcomes["absent"], "invalid")
    assert (failing.ran, hopeless.ran, absent.ran) == (3, 1, 1)
    letters = {letter.error: letter for letter in await app.dead_letters.find()}
    assert {error: letter.attempts for error, letter in letters.items()} == {
        "test.failing: the platform rests": 3,
        "test.hopeless: there is no such cluster": 1,
    }
    letter = letters["test.failing: the platform rests"]
    assert letter.trace_id == outcomes["failing"].trace_id

    failing.error = None
    assert isinstance(await invoke(app, "devops", "dead_letters.retry", letter=letter.id), Done)

    async def ran() -> bool:
        return isinstance(await app.approved._outcome(ids["failing"]), Done)

    await until(ran)
    assert failing.ran == 4
    refused(await invoke(app, "devops", "dead_letters.retry", letter=letter.id), "conflict")
    # What has happened is not repeated, and a second failure is a second letter.
    letter = letters["test.hopeless: there is no such cluster"]
    assert isinstance(await invoke(app, "devops", "dead_letters.retry", letter=letter.id), Done)

    async def buried() -> bool:
        return [each.error for each in await app.dead_letters.find()] == [letter.error]

    await until(buried)
    assert hopeless.ran == 2
    assert failing.ran == 4


async def test_what_was_decided_and_not_started_is_recovered(make_app: MakeApp) -> None:
    script, other = Script(), Script()
    app = await make_app(danger("test.danger", script), danger("test.other", other))
    first, second = await agreed(app, "test.danger"), await agreed(app, "test.other")
    waiting = await asked(app, "test.danger", words="not decided")
    assert await app.approved.recover() == 2
    for approval_id in (first, second):
        assert isinstance(await outcome_of(app, approval_id), Done)
    assert (script.ran, other.ran) == (1, 1)
    await app.upkeep.round()
    assert await app.approved.recover() == 0
    with pytest.raises(NotFound):
        await app.approved.result(waiting, 0.01)
    assert script.ran == 1


async def test_a_durable_run_that_breaks_down_before_it_wrote_its_outcome_is_started_anew(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, other = Script(), Script()
    app = await make_app(danger("test.danger", script), danger("test.other", other))
    approval_id = await agreed(app, "test.danger")
    really, broken = app.desk.finish, [Unavailable("the database is busy")] * 3

    async def finish(approval_id: str, outcome: Any) -> Any:
        if broken:
            raise broken.pop()
        return await really(approval_id, outcome)

    monkeypatch.setattr(app.desk, "finish", finish)
    await app.approved.start(approval_id)
    with pytest.raises(Unavailable, match="could not be recorded"):
        await app.approved.result(approval_id, 20)
    assert (await app.desk.get(approval_id)).outcome is None
    assert await app.approved.recover() == 1

    async def recorded() -> bool:
        return isinstance(await app.approved._outcome(approval_id), Done)

    await until(recorded)
    assert script.ran == 1  # the run was on record all the time
    assert await app.approved.recover() == 0

    hopeless = await agreed(app, "test.other")

    async def never(*_: object) -> None:
        raise Terminal("the row is damaged")

    monkeypatch.setattr(app.desk, "finish", never)
    with capture_logs() as logs:
        for _ in range(approved_module.RESTARTS + 2):
            await app.approved.recover()
            names = [f"approval:{hopeless}"] + [
                f"approval:{hopeless}:restart-{number}" for number in range(1, approved_module.RESTARTS + 1)
            ]
            for name in names:
                if await app.approved._durable.status(name):
                    with pytest.raises(Terminal):
                        await app.approved._durable.result(name, 20)
    assert "approval_without_outcome" in [log["event"] for log in logs]
    assert other.ran == 1


async def test_the_engine_keeps_no_parameters_and_no_output(
    make_app: MakeApp, database_url: str, tmp_path: Path
) -> None:
    app = await make_app(danger("test.danger", Script()))
    approval_id = await asked(app, "test.danger", words="tell-tale-words")
    await approve(app, approval_id)
    assert isinstance(await outcome_of(app, approval_id), Done)
    everything = await dump(database_url, tmp_path)
    assert approval_id in everything
    # The audit keeps parameters in the clear, on purpose; nothing else does.
    kept = [line for line in everything.splitlines() if "tell-tale-words" in line]
    assert len(kept) == 2
    assert all("parameters_hash" in line for line in kept)


@IN_PROCESS
async def test_after_shutdown_nothing_launches_the_engine_again(make_app: MakeApp) -> None:
    app = await make_app()
    await app.approved.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await app.approved.launch()


# ------------------------------------------------------------------------------- by the rules of that moment


async def test_parameters_that_were_changed_afterwards_do_not_run(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script))
    approval_id = await agreed(app, "test.danger", words="small")
    sealed = seal(app.keys, {"words": "everything"}, "approvals.parameters")
    async with app.database.writing() as connection:
        await connection.execute(update(table(ApprovalRow)).values(parameters_sealed=sealed))
    outcome = await app.door.run_approved(approval_id)
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.retryable) == ("Tampered", False)
    async with app.database.writing() as connection:
        await connection.execute(update(table(ApprovalRow)).values(parameters_sealed="k1:nonsense"))
    outcome = await app.door.run_approved(approval_id)
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert script.ran == 0
    assert (await written(app))["runs"] == 0


async def test_an_input_that_is_read_in_another_way_by_now_does_not_run(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script()
    one = await make_app(danger("test.danger", script))
    approval_id = await agreed(one, "test.danger", words="x")
    two = await make_app(placed("test.danger", script, permission="help:read", risk=Risk.DESTRUCTIVE))
    outcome = await two.door.run_approved(approval_id)
    assert isinstance(outcome, Failed)
    assert "another way" in outcome.message
    three = await make_app()
    refused(await three.door.run_approved(approval_id), "unknown-operation")
    assert script.ran == 0


async def test_what_is_not_approved_does_not_run(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script))
    approval_id = await asked(app, "test.danger")
    for state in ("pending", "rejected", "withdrawn", "expired", "superseded"):
        async with app.database.writing() as connection:
            await connection.execute(update(table(ApprovalRow)).values(state=state))
        outcome = await app.door.run_approved(approval_id)
        assert isinstance(outcome, Failed)
        assert f"is {state}, not approved" in outcome.message
    missing = await app.door.run_approved("apr-nowhere")
    assert isinstance(missing, Failed)
    assert "apr-nowhere" in missing.message
    assert script.ran == 0


async def test_a_freeze_that_began_meanwhile_refuses(make_app: MakeApp, clock: MovedClock) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script))
    approval_id = await agreed(app, "test.danger")
    clock.move(minutes=5)
    app.policies.unregister("change-freeze")
    window = FreezeWindow(reason="launch", start=clock(), end=clock.now.replace(year=2027))
    app.policies.register(ChangeFreezePolicy(ChangeFreeze(windows=(window,))))
    said = refused(await app.door.run_approved(approval_id), "policy")
    assert "launch" in said.message
    assert script.ran == 0
    (row,) = await audited(app, decision="refused")
    assert (row["decision"], row["actor"]) == ("refused:policy", "sre")


async def test_a_requester_who_lost_the_right_meanwhile_is_refused_at_once(
    make_app: MakeApp, clock: MovedClock
) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script, permission="maintenance:drill"))
    await app.directory.save(Person("U1", "Una"), clock())
    await app.directory.bind("U1", "sre", "admin", clock())
    approval_id = await agreed(app, "test.danger", "U1")
    await app.directory.unbind("U1", "sre")
    refused(await app.door.run_approved(approval_id), "permission")
    await app.directory.save(Person("U1", "Una", Standing.DISABLED), clock())
    refused(await app.door.run_approved(approval_id), "identity")
    assert script.ran == 0
    assert (await written(app))["runs"] == 0


async def test_a_gate_that_became_stricter_meanwhile_wants_a_new_approval(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(placed("test.placed", script))
    approval_id = await agreed(app, "test.placed", environment="production")
    app.policies.unregister("two-person-rule")
    app.policies.register(TwoPersonPolicy(TwoPersonRule(quorum=2)))
    said = refused(await app.door.run_approved(approval_id), "approval")
    assert "2 approvals" in said.message
    assert script.ran == 0
    assert Gate(2).quorum == 2


async def test_an_approved_run_that_is_cancelled_by_its_author_is_recorded_and_not_repeated(
    make_app: MakeApp,
) -> None:
    script = Script(held=True)
    app = await make_app(danger("test.danger", script, repeat=Repeat.SAFE))
    approval_id = await agreed(app, "test.danger")
    running = started(app.door.run_approved(approval_id))
    await soon(script.began)
    (run,) = app.runner.own()
    assert isinstance(await invoke(app, "sre", "runs.cancel", run=run.id), Done)
    outcome = await running
    assert isinstance(outcome, Failed)
    assert outcome.error == "Cancelled"
    assert await app.door.run_approved(approval_id) == outcome
    assert script.ran == 1
    (kept,) = [each for each in await app.runs.find() if each.approval_id]
    assert kept.state is RunState.INTERRUPTED


async def test_an_approved_run_is_waited_for_beyond_its_timeout(make_app: MakeApp) -> None:
    script = Script(held=True)
    app = await make_app(danger("test.danger", script, timeout=0.01))
    approval_id = await agreed(app, "test.danger")
    running = started(app.door.run_approved(approval_id))
    await soon(script.began)
    done, _ = await asyncio.wait({running}, timeout=0.1)
    assert not done
    script.go_on.set()
    assert isinstance(await running, Done)


# ------------------------------------------------------------------------------- asking


async def test_the_same_wish_twice_is_one_request_and_a_newer_one_replaces_it(make_app: MakeApp) -> None:
    app = await make_app(danger("test.danger", Script()))
    first = await asked(app, "test.danger", words="a")
    assert await asked(app, "test.danger", words="a") == first
    newer = await app.door.invoke(Actor("sre"), "test.danger", {"words": "b"}, origin=ORIGIN, supersedes=first)
    assert isinstance(newer, WaitingForApproval)
    assert newer.approval_id != first
    assert (await app.desk.get(first)).state is ApprovalState.SUPERSEDED
    for person, old in (("devops", newer.approval_id), ("sre", first), ("sre", "apr-nowhere")):
        outcome = await app.door.invoke(Actor(person), "test.danger", {"words": "c"}, origin=ORIGIN, supersedes=old)
        refused(outcome, "approval")
    assert len(await app.desk.store.find(states=(ApprovalState.PENDING,))) == 1


async def test_why_it_is_wanted_is_kept_and_masked(make_app: MakeApp) -> None:
    app = await make_app(danger("test.danger", Script()))
    outcome = await app.door.invoke(
        Actor("sre"), "test.danger", {}, origin=ORIGIN, why=" the token=abcd1234efgh leaked, a@b.example says "
    )
    assert isinstance(outcome, WaitingForApproval)
    approval = await app.desk.get(outcome.approval_id)
    assert approval.why == "the token=[secret] leaked, a@b.example says"
    (row,) = await audited(app)
    assert row["details"]["why"] == " the token=[secret] leaked, [e-mail] says "


# ------------------------------------------------------------------------------- breaking the glass


async def test_breaking_the_glass_runs_at_once_is_audited_as_such_and_warned_of(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script))
    outcome = await app.door.invoke(Actor("sre"), "test.danger", {}, origin=ORIGIN, break_glass="site is down")
    assert "'door:break-glass' is missing" in refused(outcome, "permission").message
    assert script.ran == 0
    with capture_logs() as logs:
        outcome = await app.door.invoke(Actor("admin"), "test.danger", {}, origin=ORIGIN, break_glass="site is down")
    assert isinstance(outcome, Done)
    assert script.ran == 1
    (warned,) = [log for log in logs if log["event"] == "glass_broken"]
    assert (warned["log_level"], warned["person"], warned["reason"]) == ("warning", "admin", "site is down")
    rows = await audited(app, decision="break-glass")
    assert [(row["event"], row["actor"]) for row in rows] == [("start", "admin"), ("end", "admin")]
    assert rows[0]["details"]["break_glass"] == "site is down"
    assert (await written(app))["approvals"] == 0


async def test_two_engines_in_one_process_are_refused_and_the_decision_is_not_lost(make_app: MakeApp) -> None:
    """DBOS is one in a process; a decision whose start fails is recovered by whoever can start it."""
    script = Script()
    one, two = [await make_app(danger("test.danger", script)) for _ in range(2)]
    await one.approved.launch()
    with pytest.raises(ConfigurationError):
        await two.approved.launch()
    approval_id = await asked(two, "test.danger")
    outcome = await invoke(two, "devops", "approvals.decide", approval=approval_id, verdict="approve")
    assert isinstance(outcome, Failed)
    assert (await two.desk.get(approval_id)).state is ApprovalState.APPROVED
    assert await one.approved.recover() == 1
    assert isinstance(await outcome_of(one, approval_id), Done)
    assert script.ran == 1
