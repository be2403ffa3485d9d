"""The checks of the door, one before the other; whatever is refused leaves one row of the audit and nothing else."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path

import pytest

from bot.app import App
from bot.door.outcomes import Done, Failed, Outcome, Refused, WaitingForApproval
from bot.errors import Unavailable
from bot.guard.people import Actor, ActorKind, Person
from bot.guard.policies import PolicyResult, Proposal
from bot.guard.risk import Risk
from bot.guard.roles import Standing
from tests.conftest import ORIGIN, START, MakeApp, MovedClock, invoke
from tests.door.stage import (
    IN_PROCESS,
    NOTHING,
    Script,
    audited,
    change,
    danger,
    placed,
    read,
    refused,
    soon,
    started,
    written,
)

OFF = "modules: {switched_off: {lab: being rebuilt}}\n"
MEAN = {"person_per_minute": 1, "rate_burst": 1, "concurrent_per_person": 1}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yaml"
    path.write_text(OFF)
    return path


async def tired(app: App, person: str, script: Script) -> asyncio.Task[Outcome]:
    """Somebody without a token, and with as much under way as they may have."""
    task = started(invoke(app, person, "test.held"))
    await soon(script.began)
    assert not task.done()
    return task


async def test_who_you_are_is_known_before_you_are_told_what_is_wrong_with_your_input(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script, permission="audit:read", module="lab"))
    for person in ("stranger", "guest", "partner"):
        refused(await invoke(app, person, "test.danger", nonsense=1), "identity")
        refused(await invoke(app, person, "test.dagner"), "identity")
    assert script.ran == 0
    assert await written(app) == NOTHING


@IN_PROCESS
@pytest.mark.parametrize(
    ("operation", "values", "because"),
    [
        ("test.nowhere", {}, "unknown-operation"),
        ("test.forbidden", {"nonsense": 1}, "invalid"),
    ],
)
async def test_the_input_is_checked_before_the_permission(
    make_app: MakeApp, policies: Path, operation: str, values: dict[str, object], because: str
) -> None:
    script, held = Script(), Script(held=True)
    app = await make_app(
        danger("test.forbidden", script, permission="audit:read", module="lab"),
        read("test.held", held),
        policies_file=policies,
        concurrent_per_person=1,
    )
    await tired(app, "sre", held)
    refused(await invoke(app, "sre", operation, **values), because)
    held.go_on.set()
    assert script.ran == 0
    assert await written(app) == NOTHING
    (row,) = await audited(app, decision="refused")
    assert row["decision"] == f"refused:{because}"
    assert row["actor"] == "sre"


@pytest.mark.parametrize(
    ("operation", "because"),
    [
        ("test.forbidden", "permission"),  # and switched off, and no token, and too much under way, and gated
        ("test.off", "policy"),
        ("test.gated", "rate-limit"),
    ],
)
async def test_permission_then_policies_then_the_rate(
    make_app: MakeApp, policies: Path, operation: str, because: str
) -> None:
    script, held = Script(), Script(held=True)
    app = await make_app(
        danger("test.forbidden", script, permission="audit:read", module="lab"),
        danger("test.off", script, module="lab"),
        danger("test.gated", script),
        read("test.held", held),
        policies_file=policies,
        **MEAN,
    )
    await tired(app, "sre", held)
    said = refused(await invoke(app, "sre", operation), because)
    assert said.mend or because == "policy"
    held.go_on.set()
    assert script.ran == 0
    assert await written(app) == NOTHING
    (row,) = await audited(app, decision="refused")
    assert (row["decision"], row["event"], row["trace_id"]) == (f"refused:{because}", "refused", said.trace_id)


async def test_the_rate_then_the_number_under_way_then_the_gate(make_app: MakeApp, clock: MovedClock) -> None:
    script, held = Script(), Script(held=True)
    app = await make_app(danger("test.gated", script), read("test.held", held), **MEAN)
    holding = await tired(app, "sre", held)
    assert refused(await invoke(app, "sre", "test.gated"), "rate-limit").retry_after == pytest.approx(60)
    clock.move(seconds=61)
    refused(await invoke(app, "sre", "test.gated"), "concurrency")
    assert await written(app) == NOTHING
    held.go_on.set()
    clock.move(seconds=61)
    assert isinstance(await holding, Done)
    assert isinstance(await invoke(app, "sre", "test.gated"), WaitingForApproval)
    assert script.ran == 0
    assert (await written(app))["approvals"] == 1


async def test_the_budget_is_asked_before_the_gate(make_app: MakeApp, tmp_path: Path, clock: MovedClock) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("budgets: {person_usd: 1}\n")
    script = Script()
    app = await make_app(danger("test.costly", script, costs=True), policies_file=path)
    await app.costs.book(
        at=clock(), person="sre", channel=None, workspace=None, operation="x", usd=1.0, tokens=1, trace_id="t"
    )
    said = refused(await invoke(app, "sre", "test.costly"), "policy")
    assert "budget" in said.message
    assert "$1.00 of $1.00" in said.message
    assert isinstance(await invoke(app, "devops", "test.costly"), WaitingForApproval)


async def test_the_start_is_on_record_before_the_operation_runs_and_the_end_before_its_result_is_out(
    make_app: MakeApp,
) -> None:
    script = Script(held=True)
    app = await make_app(change("test.change", script))
    task = started(invoke(app, "sre", "test.change", words="w"))
    await soon(script.began)
    (start,) = await audited(app, operation="test.change")
    assert (start["event"], start["decision"], start["actor"], start["role"]) == ("start", "allowed", "sre", "member")
    assert start["details"] == {"parameters": {"words": "w"}}
    script.go_on.set()
    done = await task
    assert isinstance(done, Done)
    _, end = await audited(app, operation="test.change")
    assert (end["event"], end["outcome"], end["run_id"]) == ("end", "done", done.run_id)
    assert (end["surface"], end["channel"], end["trace_id"]) == ("test", "C1", done.trace_id)
    assert end["parameters_hash"] == start["parameters_hash"] != ""
    assert not (await app.audit.verify()).faults


async def test_what_cannot_be_audited_does_not_run_and_leaves_no_run_behind(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script()
    app = await make_app(change("test.change", script), read("test.read", script))

    async def fails(*_: object, **__: object) -> None:
        raise Unavailable("the audit trail is not being written")

    with monkeypatch.context() as patched:
        patched.setattr(app.audit, "record", fails)
        for name in ("test.change", "test.read"):
            outcome = await invoke(app, "sre", name)
            assert isinstance(outcome, Failed)
            assert "the audit trail is not being written" in outcome.message
            assert outcome.retryable
            assert isinstance(await invoke(app, "stranger", name), Failed)
    assert script.ran == 0
    assert app.runner.running == 0
    (run,) = await app.runs.find()
    assert run.state == "failed"


async def test_a_result_whose_end_cannot_be_recorded_is_withheld(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(held=True)
    app = await make_app(read("test.read", script), change("test.change", script))
    for name in ("test.read", "test.change"):
        script.began.clear()
        script.go_on.clear()
        task = started(invoke(app, "sre", name, words="the result"))
        await soon(script.began)
        with monkeypatch.context() as patched:

            async def fails(*_: object, **__: object) -> None:
                raise Unavailable("the disk is gone")

            patched.setattr(app.audit, "record", fails)
            script.go_on.set()
            outcome = await task
        assert isinstance(outcome, Failed)
        assert "the disk is gone" in outcome.message
        assert "the result" not in str(outcome)
        assert outcome.retryable is (name == "test.read")


# ------------------------------------------------------------------------------- who may act


async def test_only_the_active_act(app: App, clock: MovedClock) -> None:
    for standing in (Standing.DISABLED, Standing.GUEST, Standing.EXTERNAL):
        await app.directory.save(Person("U1", "Una", standing), clock())
        assert refused(await invoke(app, "U1", "help.show"), "identity").mend
        row = (await audited(app))[-1]
        assert (row["actor"], row["details"]["claimed"]) == ("unknown", "'U1'")


async def test_a_person_who_is_disabled_meanwhile_acts_no_longer_than_the_cache_lasts(
    app: App, clock: MovedClock
) -> None:
    await app.directory.save(Person("U1", "Una"), clock())
    assert isinstance(await invoke(app, "U1", "help.show"), Done)
    await app.directory.save(Person("U1", "Una", Standing.DISABLED), clock())
    clock.move(seconds=31)
    refused(await invoke(app, "U1", "help.show"), "identity")


@IN_PROCESS
async def test_services_and_jobs_act_by_their_own_entries_and_by_no_others(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(
        textwrap.dedent("""\
        roles:
          member: {title: Member, grants: [{permissions: ["help:read"]}]}
          sre: {title: SRE, grants: [{permissions: ["approve:*"]}]}
        everyone: [member]
        people: {sre: {name: S, roles: [sre]}}
        services: {hook: [member]}
        jobs: {nightly: [member]}
        """)
    )
    app = await make_app(roles_file=path)

    async def ask(id_: str, kind: ActorKind) -> object:
        return await app.door.invoke(Actor(id_, kind), "help.show", {}, origin=ORIGIN)

    assert isinstance(await ask("hook", ActorKind.SERVICE), Done)
    assert isinstance(await ask("nightly", ActorKind.JOB), Done)
    for id_, kind in (("hook", ActorKind.JOB), ("nightly", ActorKind.SERVICE), ("hook", ActorKind.PERSON)):
        outcome = await ask(id_, kind)
        assert isinstance(outcome, Refused)
        assert outcome.because == "identity"


@IN_PROCESS
async def test_a_lookup_that_fails_refuses(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [Unavailable("Slack is away"), OSError("cut"), RuntimeError("bug"), KeyError("x")]

    async def fails(_: str) -> None:
        raise errors.pop()

    monkeypatch.setattr(app.directory, "person", fails)
    while errors:
        refused(await invoke(app, "sre", "help.show"), "identity")
    assert [row["decision"] for row in await audited(app)] == ["refused:identity"] * 4


@IN_PROCESS
async def test_a_policy_that_breaks_is_a_no(app: App) -> None:
    class Broken:
        name = "broken"

        async def evaluate(self, _: Proposal) -> PolicyResult:
            raise RuntimeError("bug")

    app.policies.register(Broken())
    assert "policy broken" in refused(await invoke(app, "admin", "help.show"), "policy").message


# ------------------------------------------------------------------------------- permissions, and where they hold


HOLDS = [
    ("ml-engineer", "staging", True),
    ("ml-engineer", "development", True),
    ("ml-engineer", "production", False),
    ("ml-engineer", None, False),  # left open means everywhere
    ("ml-engineer", "", False),
    ("ml-engineer", "stagingx", False),
    ("qa-engineer", "staging", False),
    ("qa-engineer", "development", True),
    ("manager", "development", False),
    ("sre", "staging", True),
]


@IN_PROCESS
async def test_a_permission_holds_in_its_environments_only(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(placed("test.placed", script))
    for person, environment, allowed in HOLDS:
        script.ran = 0
        outcome = await invoke(app, person, "test.placed", environment=environment)
        assert script.ran == allowed, (person, environment)
        if not allowed:
            said = refused(outcome, "permission")
            assert "'maintenance:drill' is missing" in said.message
            assert "Site reliability" in said.mend


@IN_PROCESS
async def test_a_permission_holds_for_its_services_only(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(
        textwrap.dedent("""\
        roles:
          shop: {title: Shop, grants: [{permissions: ["maintenance:drill"], services: [checkout]}]}
          sre: {title: SRE}
        people: {ann: {name: Ann, roles: [shop]}}
        """)
    )
    script = Script()
    app = await make_app(placed("test.placed", script), roles_file=path)
    for service in (None, "cart", "", "Checkout", "*"):
        refused(await invoke(app, "ann", "test.placed", environment="development", service=service), "permission")
    assert script.ran == 0
    assert isinstance(await invoke(app, "ann", "test.placed", environment="development", service="checkout"), Done)


@IN_PROCESS
async def test_a_change_of_production_needs_a_second_person_whatever_its_risk(make_app: MakeApp) -> None:
    app = await make_app(placed("test.placed", Script()))
    for environment in ("production", None):
        waiting = await invoke(app, "sre", "test.placed", environment=environment)
        assert isinstance(waiting, WaitingForApproval)
        assert "second person" in waiting.why


# ------------------------------------------------------------------------------- floods


async def test_a_flood_of_refusals_does_not_fill_the_audit_trail(make_app: MakeApp) -> None:
    app = await make_app(person_per_minute=5, rate_burst=5)
    for _ in range(40):
        refused(await invoke(app, "sre", "audit.search"), "permission")
        outcome = await invoke(app, "stranger", "audit.search")
        assert isinstance(outcome, Refused)
    rows = await audited(app)
    assert 10 <= len(rows) <= 14


async def test_a_wrong_input_costs_a_token(make_app: MakeApp) -> None:
    app = await make_app(person_per_minute=1, rate_burst=3)
    for _ in range(3):
        refused(await invoke(app, "sre", "help.show", nonsense=1), "invalid")
    refused(await invoke(app, "sre", "help.show", nonsense=1), "rate-limit")


# ------------------------------------------------------------------------------- breaking the glass


@IN_PROCESS
async def test_breaking_the_glass_needs_a_reason(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(danger("test.danger", script))
    for reason in ("", " ", "\n"):
        outcome = await app.door.invoke(Actor("admin"), "test.danger", {}, origin=ORIGIN, break_glass=reason)
        assert "reason" in refused(outcome, "invalid").message
    assert script.ran == 0


async def test_breaking_the_glass_passes_by_freezes_and_gates_and_by_nothing_else(
    make_app: MakeApp, tmp_path: Path
) -> None:
    path = tmp_path / "policies.yaml"
    day = START.strftime("%A").lower()
    path.write_text(f"{OFF}change_freeze: {{windows: [{{reason: frozen, days: [{day}], environments: [staging]}}]}}\n")
    script = Script()
    app = await make_app(
        placed("test.placed", script, risk=Risk.DESTRUCTIVE),
        placed("test.off", script, module="lab"),
        policies_file=path,
    )
    values = {"environment": "staging"}
    refused(await invoke(app, "admin", "test.placed", **values), "policy")
    for operation, because in (("test.off", "policy"), ("test.placed", "")):
        outcome = await app.door.invoke(Actor("admin"), operation, values, origin=ORIGIN, break_glass="site is down")
        if because:
            refused(outcome, because)
    assert script.ran == 1
