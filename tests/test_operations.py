"""Every operation that ships: once as it should go, once as it should not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.agent.answers import Answer
from bot.agent.events import Text
from bot.agent.threads import Message
from bot.app import App
from bot.door.outcomes import Done, Outcome, WaitingForApproval
from bot.door.registry import Registry
from bot.door.runs import Run, RunState
from bot.errors import Unavailable
from bot.guard.approvals import ApprovalState
from bot.guard.people import Actor, ActorKind, Person
from storage.repositories.conversations import ConversationRepository
from storage.repositories.preferences import PreferenceRepository
from tests.conftest import ORIGIN, START, MakeApp, MovedClock, invoke
from tests.door.stage import Script, danger, dump, placed, refused, soon, started


async def ask(app: App, who: str, name: str, /, **values: Any) -> Outcome:
    return await app.door.invoke(Actor(who), name, values, origin=ORIGIN)


async def done(app: App, who: str, name: str, /, **values: Any) -> Any:
    outcome = await ask(app, who, name, **values)
    assert isinstance(outcome, Done), outcome
    return outcome.output


async def denied(app: App, who: str, name: str, because: str, /, **values: Any) -> str:
    said = refused(await ask(app, who, name, **values), because)
    return f"{said.message} {said.mend}"


async def waiting(app: App, who: str, name: str, /, **values: Any) -> str:
    outcome = await ask(app, who, name, **values)
    assert isinstance(outcome, WaitingForApproval), outcome
    return outcome.approval_id


async def carried_out(app: App, approval_id: str, by: str) -> Outcome:
    await done(app, by, "approvals.decide", approval=approval_id, verdict="approve")
    outcome = await app.approved.result(approval_id, 20)
    assert outcome is not None
    return outcome


# ------------------------------------------------------------------------------- help and the catalogue


async def test_help_shows_each_what_they_may_do_and_how_one_is_used(app: App) -> None:
    def names(output: Any) -> set[str]:
        return {each["name"] for each in output["operations"]}

    everything = {each.name for each in Registry.discover()}
    assert names(await done(app, "admin", "help.show")) == everything
    mine = names(await done(app, "qa-engineer", "help.show"))
    assert {"help.show", "maintenance.drill", "approvals.list"} <= mine
    assert not mine & {"audit.search", "privacy.erase", "dead_letters.retry"}
    (one,) = (await done(app, "qa-engineer", "help.show", operation="audit.search"))["operations"]
    assert not one["allowed"]
    assert one["permission"] == "audit:read"
    (one,) = (await done(app, "sre", "help.show", operation="approvals.decide"))["operations"]
    fields = {field["name"]: field for field in one["fields"]}
    assert (fields["verdict"]["type"], fields["verdict"]["required"]) == ("approve | reject", True)
    assert (fields["reason"]["required"], fields["reason"]["default"]) == (False, "")
    (one,) = (await done(app, "sre", "help.show", operation="audit.search"))["operations"]
    types = {field["name"]: field["type"] for field in one["fields"]}
    assert types == {
        "person": "text",
        "operation": "text",
        "decision": "text",
        "trace": "text",
        "since": "time (ISO 8601)",
        "until": "time (ISO 8601)",
        "limit": "whole number",
    }
    assert "audit.search" in await denied(app, "sre", "help.show", "invalid", operation="audit.serch")


async def test_the_list_of_operations_can_be_narrowed(app: App) -> None:
    listed = (await done(app, "sre", "operations.list"))["operations"]
    assert [each["name"] for each in listed] == sorted(each.name for each in Registry.discover())
    listed = (await done(app, "sre", "operations.list", contains="PRIVACY"))["operations"]
    assert [each["name"] for each in listed] == ["privacy.erase", "privacy.export"]
    await denied(app, "sre", "operations.list", "invalid", contains=1)


async def test_runbooks_are_listed_and_one_is_shown(app: App) -> None:
    listed = await done(app, "sre", "runbooks.list", text="the primary database is gone")
    assert listed["runbooks"][0]["name"] == "database-failover"
    shown = await done(app, "sre", "runbooks.show", runbook="database failover")
    assert (shown["name"], shown["findings"][0][:2]) == ("database-failover", "1.")
    assert "there is no runbook 'make-coffee'" in await denied(
        app, "sre", "runbooks.show", "invalid", runbook="make-coffee"
    )


async def test_what_the_bot_has_cost_is_said_to_whoever_asks(app: App) -> None:
    spent = await done(app, "sre", "spending.show")
    assert spent["summary"].startswith("You have cost nothing yet")
    assert [each["whose"] for each in spent["accounts"]] == ["you", "this channel", "the workspace"]
    await denied(app, "sre", "spending.show", "invalid", since="yesterday")


async def test_what_would_happen_is_explained_and_nothing_happens(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(placed("test.placed", script))

    async def explained(who: str, /, **values: Any) -> Any:
        return await done(app, who, "policies.explain", **values)

    drill = {"operation": "maintenance.drill"}
    word = await explained("ml-engineer", **drill, parameters={"environment": "production"})
    assert word["verdict"] == "refused: the permission 'maintenance:drill' is missing"
    assert (word["role"], word["missing_permission"]) == ("", "maintenance:drill")
    assert "Site reliability engineer" in word["who_may"]
    word = await explained("ml-engineer", **drill, person="sre", parameters={"environment": "production"})
    assert word["verdict"].startswith("waits for 1 approval from somebody else")
    assert (word["quorum"], word["role"]) == (1, "sre")
    assert "DevOps engineer" in word["approvers"]
    assert {each["policy"] for each in word["policies"]} == set(app.policies.names())
    word = await explained("sre", operation="test.placed", parameters={"environment": "staging"})
    assert (word["verdict"], word["quorum"]) == ("runs at once", 0)
    assert "nobody is known" in await denied(app, "sre", "policies.explain", "permission", **drill, person="nobody")
    await denied(app, "sre", "policies.explain", "invalid", operation="no.such")
    assert script.ran == 0
    assert await app.runs.find() == []


async def test_a_job_is_explained_as_itself(app: App) -> None:
    outcome = await app.door.invoke(Actor("upkeep", ActorKind.JOB), "approvals.list", {"state": "all"}, origin=ORIGIN)
    assert isinstance(outcome, Done)


# ------------------------------------------------------------------------------- status


async def test_the_status_tells_of_trouble(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(held=True)
    app = await make_app(danger("test.held", script))
    status = await done(app, "sre", "status.self")
    assert (status["healthy"], status["trouble"]) == (True, [])
    assert (status["replicas"], status["pending_approvals"], status["running"]) == (1, 0, 0)
    assert status["database"] == app.database.kind
    await waiting(app, "sre", "maintenance.drill")
    await app.dead_letters.put("approval", {}, "x", attempts=1, trace_id="t")
    status = await done(app, "sre", "status.self")
    assert not status["healthy"]
    assert status["trouble"] == ["1 dead letters wait for a decision"]
    assert (status["pending_approvals"], status["dead_letters"]) == (1, 1)

    async def fails() -> None:
        raise Unavailable("the database does not answer", mend="Check that it runs.")

    monkeypatch.setattr(app.replicas, "live", fails)
    status = await done(app, "sre", "status.self")
    assert "the database does not answer Check that it runs." in status["trouble"]
    await denied(app, "guest", "status.self", "identity")


# ------------------------------------------------------------------------------- approvals


async def test_you_may_decide_only_what_is_pending_and_yours_to_decide(make_app: MakeApp, clock: MovedClock) -> None:
    app = await make_app()
    approval = await waiting(app, "sre", "maintenance.drill", environment="production")

    async def may(person: str) -> bool:
        (shown,) = (await done(app, person, "approvals.list", state="all"))["approvals"]
        assert shown == await done(app, person, "approvals.show", approval=approval)
        return bool(shown["you_may_decide"])

    assert {person: await may(person) for person in ("sre", "devops", "ml-engineer", "qa-engineer", "manager")} == {
        "sre": False,
        "devops": True,
        "ml-engineer": False,
        "qa-engineer": False,
        "manager": True,
    }
    outcome = await app.door.invoke(Actor("upkeep", ActorKind.JOB), "approvals.list", {}, origin=ORIGIN)
    assert isinstance(outcome, Done)
    assert '"you_may_decide": true' not in str(outcome)
    clock.move(minutes=61)
    assert not await may("devops")
    shown = await done(app, "devops", "approvals.show", approval=approval)
    assert (shown["state"], shown["ended_because"]) == ("expired", "nobody decided in time")
    assert (await done(app, "devops", "approvals.list"))["approvals"] == []
    await denied(app, "devops", "approvals.decide", "conflict", approval=approval, verdict="approve")
    await denied(app, "devops", "approvals.show", "invalid", approval="apr-nowhere")


async def test_who_has_decided_already_may_not_decide_again(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("approvals: {destructive: {quorum: 2}, escalate_to: sre}\n")
    app = await make_app(policies_file=path)
    approval = await waiting(app, "sre", "maintenance.drill", environment="staging")
    await done(app, "devops", "approvals.decide", approval=approval, verdict="approve")
    assert not (await done(app, "devops", "approvals.show", approval=approval))["you_may_decide"]
    shown = await done(app, "manager", "approvals.show", approval=approval)
    assert (shown["you_may_decide"], shown["approved"], shown["quorum"]) == (True, 1, 2)
    await denied(app, "devops", "approvals.decide", "conflict", approval=approval, verdict="approve")
    await denied(app, "sre", "approvals.decide", "permission", approval=approval, verdict="approve")
    await denied(app, "ml-engineer", "approvals.withdraw", "permission", approval=approval)
    assert (await app.desk.get(approval)).state is ApprovalState.PENDING


async def test_an_approval_is_rejected_with_a_reason_or_withdrawn_by_its_requester(app: App) -> None:
    first = await waiting(app, "sre", "maintenance.drill", label="a")
    second = await waiting(app, "sre", "maintenance.drill", label="b")
    await denied(app, "devops", "approvals.decide", "invalid", approval=first, verdict="reject")
    await denied(app, "qa-engineer", "approvals.decide", "permission", approval=first, verdict="approve")
    shown = await done(app, "devops", "approvals.decide", approval=first, verdict="reject", reason="not now")
    assert (shown["state"], shown["ended_because"]) == ("rejected", "not now")
    assert shown["decisions"][0]["person"] == "devops"
    await denied(app, "devops", "approvals.withdraw", "permission", approval=second)
    shown = await done(app, "sre", "approvals.withdraw", approval=second, reason="no need")
    assert shown["state"] == "withdrawn"
    await denied(app, "sre", "approvals.withdraw", "conflict", approval=second)
    for state, ids in (("rejected", [first]), ("withdrawn", [second]), ("pending", []), ("all", [second, first])):
        found = (await done(app, "sre", "approvals.list", state=state))["approvals"]
        assert sorted(each["id"] for each in found) == sorted(ids)
    assert (await done(app, "devops", "approvals.list", state="all", mine=True))["approvals"] == []
    await denied(app, "sre", "approvals.list", "invalid", state="new")
    assert (await app.runs.find(states=(RunState.REFUSED,))) != []


# ------------------------------------------------------------------------------- the audit trail


async def test_the_audit_trail_is_searched_by_all_that_is_given(app: App, clock: MovedClock) -> None:
    await invoke(app, "sre", "help.show")
    first = await invoke(app, "sre", "audit.search")
    clock.move(hours=1)
    await invoke(app, "devops", "help.show")
    await invoke(app, "stranger", "help.show")

    async def found(**values: Any) -> list[tuple[str, str, str]]:
        rows = (await done(app, "manager", "audit.search", limit=500, **values))["rows"]
        return [(row["actor"], row["operation"], row["decision"]) for row in rows if row["actor"] != "manager"]

    sre = [
        ("sre", "audit.search", "refused:permission"),
        ("sre", "help.show", "allowed"),
        ("sre", "help.show", "allowed"),
    ]
    assert await found(person="sre") == sre
    assert await found(person="nobody") == []
    assert await found(decision="refused") == [("unknown", "help.show", "refused:identity"), sre[0]]
    assert await found(decision="refused:perm") == [sre[0]]
    assert await found(decision="%") == []
    assert await found(operation="help.show", person="devops") == [("devops", "help.show", "allowed")] * 2
    assert await found(trace=first.trace_id) == [sre[0]]
    later = (START + timedelta(minutes=30)).isoformat()
    assert await found(until=later) == sre
    assert {actor for actor, _, _ in await found(since=later)} == {"devops", "unknown"}
    assert len((await done(app, "manager", "audit.search", limit=1))["rows"]) == 1
    await denied(app, "manager", "audit.search", "invalid", since="yesterday")
    await denied(app, "manager", "audit.search", "invalid", since="2026-01-01T00:00:00")
    await denied(app, "sre", "audit.search", "permission")


async def test_the_audit_trail_is_exported_page_by_page_and_verified(app: App) -> None:
    for _ in range(3):
        await invoke(app, "sre", "help.show")
    page = (await done(app, "manager", "audit.export", limit=4))["rows"]
    assert [row["seq"] for row in page] == [1, 2, 3, 4]
    assert all(row["seal"] for row in page)
    page = (await done(app, "manager", "audit.export", after=4, limit=2))["rows"]
    assert [row["seq"] for row in page] == [5, 6]
    found = await done(app, "manager", "audit.verify")
    assert (found["intact"], found["faults"], found["first"]) == (True, [], 1)
    assert (await done(app, "manager", "audit.verify", expect=found["head"]))["intact"]
    gone = await done(app, "manager", "audit.verify", expect=f"2:{'0' * 64}")
    assert not gone["intact"]
    assert "row 2" in gone["faults"][0]
    await denied(app, "manager", "audit.verify", "invalid", expect="nonsense")
    await denied(app, "sre", "audit.export", "permission")
    await denied(app, "sre", "audit.verify", "permission")


# ------------------------------------------------------------------------------- runs and dead letters


async def test_runs_are_listed_by_state_newest_first(make_app: MakeApp, clock: MovedClock) -> None:
    script = Script(held=True)
    app = await make_app(placed("test.placed", script))
    task = started(invoke(app, "sre", "test.placed", environment="staging"))
    await soon(script.began)
    clock.move(seconds=1)
    await denied(app, "sre", "approvals.withdraw", "invalid", approval="apr-nowhere")
    (running,) = (await done(app, "sre", "runs.list"))["runs"]
    assert (running["operation"], running["actor"], running["reference"] != "") == ("test.placed", "sre", True)
    (turned_down,) = (await done(app, "sre", "runs.list", state="refused"))["runs"]
    assert turned_down["operation"] == "approvals.withdraw"
    listed = (await done(app, "sre", "runs.list", state="all"))["runs"]
    assert [each["id"] for each in listed] == [turned_down["id"], running["id"]]
    assert len((await done(app, "sre", "runs.list", state="all", limit=1))["runs"]) == 1
    await done(app, "sre", "runs.cancel", run=running["id"])
    await task
    assert [each["id"] for each in (await done(app, "sre", "runs.list", state="interrupted"))["runs"]] == [
        running["id"]
    ]
    await denied(app, "devops", "runs.list", "permission", everybody=True)
    await denied(app, "sre", "runs.cancel", "invalid", run="run-nowhere")


async def test_dead_letters_are_listed_let_go_of_and_not_touched_twice(app: App) -> None:
    first = await app.dead_letters.put("approval", {"approval": "apr-x"}, "it broke", attempts=3, trace_id="t1")
    odd = await app.dead_letters.put("unheard-of", {}, "what", attempts=1, trace_id="t2")
    listed = (await done(app, "sre", "dead_letters.list"))["letters"]
    assert {(each["id"], each["error"], each["attempts"], each["reference"]) for each in listed} == {
        (first.id, "it broke", 3, "t1"),
        (odd.id, "what", 1, "t2"),
    }
    assert "nothing here can retry" in await denied(app, "sre", "dead_letters.retry", "conflict", letter=odd.id)
    await denied(app, "sre", "dead_letters.retry", "invalid", letter="dl-nowhere")
    await denied(app, "sre", "dead_letters.discard", "invalid", letter=odd.id, reason="")
    gone = await done(app, "sre", "dead_letters.discard", letter=odd.id, reason="nobody wants it")
    assert (gone["state"], gone["closed_by"], gone["note"]) == ("discarded", "sre", "nobody wants it")
    await denied(app, "sre", "dead_letters.discard", "conflict", letter=odd.id, reason="again")
    assert [each["id"] for each in (await done(app, "sre", "dead_letters.list"))["letters"]] == [first.id]
    assert len((await done(app, "sre", "dead_letters.list", state="all"))["letters"]) == 2
    for name in ("dead_letters.list", "dead_letters.retry", "dead_letters.discard"):
        values = {} if name.endswith("list") else {"letter": first.id}
        values |= {"reason": "mine"} if name.endswith("discard") else {}
        await denied(app, "qa-engineer", name, "permission", **values)


async def test_a_drill_writes_one_row_whoever_asks_where_they_may(app: App) -> None:
    approval = await waiting(app, "qa-engineer", "maintenance.drill", label="first")
    outcome = await carried_out(app, approval, "devops")
    assert isinstance(outcome, Done)
    assert outcome.output == {"label": "first", "environment": "development", "written": True, "drills": 1}
    again = await app.door.run_approved(approval)
    assert isinstance(again, Done)
    assert (again.repeated, again.output) == (True, outcome.output)
    await denied(app, "qa-engineer", "maintenance.drill", "permission", environment="production")
    await denied(app, "sre", "maintenance.drill", "invalid", environment="moon")
    # The retry of a dead letter starts what was approved; what has happened is not repeated.
    letter = await app.dead_letters.put("approval", {"approval": approval}, "said so", attempts=1, trace_id="t")
    assert (await done(app, "sre", "dead_letters.retry", letter=letter.id))["state"] == "retried"
    await app.approved._durable.result(f"approval:{approval}:{letter.id}", 20)
    kept = (await app.desk.get(approval)).outcome
    assert kept is not None
    assert kept["repeated"]


# ------------------------------------------------------------------------------- privacy


PERSON = "U0ERASEME"


async def traces(app: App, clock: MovedClock) -> None:
    """Somebody who has left a trace wherever one can be left."""
    now = clock()
    await app.directory.save(Person(PERSON, "Una Lovelace"), now)
    await app.directory.bind(PERSON, "sre", "admin", now)
    talk = ConversationRepository(app.database, app.keys)
    session = await talk.open("T1", "C1", "1.1", by=PERSON, now=now, expires_at=now + timedelta(days=1))
    await talk.say(session.id, Message(PERSON, "user", "my secret plan", now))
    await PreferenceRepository(app.database).set(f"person:{PERSON}", "theme", "dark", now)
    await app.costs.book(
        at=now, person=PERSON, channel="C1", workspace="T1", operation="x", usd=1, tokens=1, trace_id="t"
    )
    await done(app, PERSON, "help.show")
    mine = await app.door.invoke(
        Actor(PERSON), "maintenance.drill", {"label": "m"}, origin=ORIGIN, why="because", idempotency_key="k"
    )
    assert isinstance(mine, WaitingForApproval)
    assert isinstance(await carried_out(app, mine.approval_id, "devops"), Done)
    await waiting(app, PERSON, "maintenance.drill", label="pending")
    theirs = await waiting(app, "devops", "maintenance.drill", label="theirs")
    await done(app, PERSON, "approvals.decide", approval=theirs, verdict="reject", reason="I, Una, say no")
    letter = await app.dead_letters.put("x", {}, "broke", attempts=1, trace_id="t")
    await done(app, PERSON, "dead_letters.discard", letter=letter.id, reason="never mind")
    await done(app, "admin", "audit.search", person=PERSON)
    await done(app, "admin", "policies.explain", person=PERSON, operation="help.show")
    await app.runs.claim(Run("run-x", "key-x", "test.x", PERSON, "t", now, "dead", "h"))
    await denied(app, "devops", "runs.cancel", "permission", run="run-x")


async def test_a_person_is_handed_all_and_then_forgotten_and_the_chain_holds(
    make_app: MakeApp, clock: MovedClock, database_url: str, tmp_path: Path
) -> None:
    app = await make_app(rate_burst=100)
    await traces(app, clock)
    before = await dump(database_url, tmp_path)
    assert PERSON in before
    await denied(app, "sre", "privacy.export", "permission", person=PERSON)
    await denied(app, "sre", "privacy.erase", "permission", person=PERSON)
    await denied(app, "admin", "privacy.erase", "invalid", person="")
    handed = await done(app, "admin", "privacy.export", person=PERSON)
    data = handed["data"]
    assert [each["content"] for each in data["messages"]] == ["my secret plan"]
    assert data["profile"][0]["name"] == "Una Lovelace"
    for name in ("approvals", "decisions", "runs", "costs", "drills", "sessions", "preferences", "dead_letters"):
        assert data[name], name
    assert {row["operation"] for row in handed["audit"]} >= {"help.show", "maintenance.drill", "approvals.decide"}

    erase = await waiting(app, "admin", "privacy.erase", person=PERSON)
    assert "1 messages" in (await app.desk.get(erase)).preview
    outcome = await carried_out(app, erase, "devops")
    assert isinstance(outcome, Done), outcome
    assert isinstance(outcome.output, dict)
    pseudonym = str(outcome.output["pseudonym"])
    await app.audit.close()
    everything = await dump(database_url, tmp_path)
    assert [
        line for line in everything.splitlines() if PERSON in line or "Una Lovelace" in line or "I, Una" in line
    ] == []
    assert pseudonym in everything
    assert not (await app.audit.verify()).faults
    refused(await invoke(app, PERSON, "help.show"), "identity")


# ------------------------------------------------------------------------------- answers, files, preferences


async def an_answer(app: App, **more: Any) -> str:
    values = {"id": "ans-1", "key": "k1", "workspace": "T1", "channel": "C1", "thread": None, "person": "sre"}
    kept = Answer(**{**values, "private": False, "replica": "r1", "created_at": START, "question": "status?", **more})
    return (await app.answers.open(replace(kept, events=(Text("All is well."),)))).id


async def test_an_answer_is_shown_to_whoever_could_read_it_and_to_nobody_else(app: App) -> None:
    answer = await an_answer(app)
    shown = await done(app, "devops", "answers.show", answer=answer)
    assert (shown["question"], shown["events"][0]["data"]) == ("status?", {"markdown": "All is well."})
    private = await an_answer(app, id="ans-2", key="k2", private=True)
    assert (await done(app, "sre", "answers.show", answer=private))["id"] == private
    assert "no answer 'ans-2' here" in await denied(app, "devops", "answers.show", "invalid", answer=private)
    elsewhere = await an_answer(app, id="ans-3", key="k3", channel="C2")
    assert "no answer" in await denied(app, "devops", "answers.show", "invalid", answer=elsewhere)


async def test_an_answer_is_stopped_by_whoever_asked_for_it(app: App) -> None:
    answer = await an_answer(app)
    assert "somebody else asked this" in await denied(app, "devops", "answers.stop", "permission", answer=answer)
    assert await done(app, "sre", "answers.stop", answer=answer) == {"answer": answer}
    assert list(await app.answers.stopping("r1")) == [answer]


async def test_the_newest_word_on_an_answer_counts_and_can_be_taken_back(app: App) -> None:
    answer = await an_answer(app)
    await done(app, "devops", "answers.rate", answer=answer, verdict="up")
    later = {"verdict": "down", "reason": "wrong", "correction": "It was staging."}
    await done(app, "devops", "answers.rate", answer=answer, **later)
    (feedback,) = await app.answers.feedback(answer)
    assert (feedback.verdict, feedback.reason, feedback.correction) == ("down", "wrong", "It was staging.")
    await done(app, "devops", "answers.rate", answer=answer, verdict="none")
    assert list(await app.answers.feedback(answer)) == []


@pytest.mark.parametrize(
    ("lines", "kind", "columns"),
    [
        ([], "empty", []),
        (['{"a": 1, "b": 2}'], "JSON", ["a", "b"]),
        (['{"level": "error"}', '{"level": "info"}'], "JSON lines", ["level"]),
        (["name,p95", "checkout,120", "cart,80"], "CSV", ["name", "p95"]),
        (["2026-01-01 10:00:00 ERROR order 17", "2026-01-01 10:00:01 ERROR order 18"], "log", []),
        (["Dear diary,", "nothing broke today"], "text", []),
    ],
)
async def test_a_file_is_what_it_looks_like(app: App, lines: list[str], kind: str, columns: list[str]) -> None:
    seen = await done(app, "sre", "files.look", name="f", lines=lines)
    assert (seen["kind"], seen["columns"], seen["lines"]) == (kind, columns, len(lines))


async def test_lines_of_a_file_that_differ_in_their_numbers_are_one_pattern(app: App) -> None:
    lines = [f"2026-01-01 10:00:{n:02} ERROR order {n} failed" for n in range(30)] + ["WARN disk at 91%"]
    seen = await done(app, "sre", "files.look", name="a.log", lines=lines, cut=True)
    assert (seen["errors"], seen["warnings"], seen["cut"]) == (30, 1, True)
    assert [each["lines"] for each in seen["commonest"]] == [30]
    assert seen["first_error"] == lines[0]


async def test_preferences_are_ones_own_and_what_is_left_away_stays(app: App) -> None:
    unset = {"environment": "", "follow_threads": True, "remember": False, "note": ""}
    assert await done(app, "sre", "preferences.show") == unset
    await done(app, "sre", "preferences.set", environment="staging")
    assert await done(app, "sre", "preferences.set", follow_threads=False) == {
        **unset,
        "environment": "staging",
        "follow_threads": False,
    }
    assert await done(app, "devops", "preferences.show") == unset
    assert "environment" in await denied(app, "sre", "preferences.set", "invalid", environment="moon")


def test_every_operation_that_ships_is_tried_here() -> None:
    folder = Path(__file__).parent
    inside = (path for name in ("observatory", "operations") for path in (folder / name).glob("test_*.py"))
    here = "".join(path.read_text() for path in sorted((*folder.glob("test_*operations.py"), *inside)))
    assert [each.name for each in Registry.discover() if f'"{each.name}"' not in here] == []
