from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import Conflict, NotFound, Unavailable
from bot.guard.people import ActorKind, Identity
from bot.guard.policies import PolicyEngine, PolicyResult, PolicyViolation, Proposal
from bot.guard.risk import Gate, Risk
from bot.guard.rules import (
    Approvals,
    BudgetCeilings,
    Budgets,
    ChangeFreeze,
    ChangeFreezePolicy,
    ChannelProfilePolicy,
    ChannelProfiles,
    FreezeWindow,
    MaxConcurrentTasks,
    ModuleAvailability,
    Modules,
    PolicyBook,
    RiskGate,
    TaskTimeout,
    TwoPersonPolicy,
    TwoPersonRule,
    built_in,
)
from storage.database import Database
from storage.repositories import CostRepository
from tests.conftest import START

PROPOSAL = Proposal(
    operation="x.do",
    risk=Risk.WRITE,
    identity=Identity("U1", ActorKind.PERSON, "Ada", frozenset({"sre"})),
    environment="production",
    service=None,
    surface="test",
    channel="C1",
    now=START,
    timeout=30,
    running=0,
    workspace="T1",
)


class Fixed:
    """A policy that always says the same."""

    def __init__(self, name: str, result: PolicyResult | Exception | None = None) -> None:
        self.name = name
        self.result = result or PolicyResult(name, allowed=True)

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def no(name: str, mend: str = "") -> Fixed:
    return Fixed(name, PolicyResult(name, allowed=False, reason=f"{name} says no", mend=mend))


# ---------------------------------------------------------------- the engine


async def test_without_a_no_it_is_a_yes() -> None:
    engine = PolicyEngine([Fixed("a"), Fixed("b")])
    assert await engine.check(PROPOSAL)
    assert await engine.enforce(PROPOSAL) is None
    assert await PolicyEngine().enforce(PROPOSAL) is None


async def test_every_denial_is_told_not_only_the_first() -> None:
    engine = PolicyEngine([no("a", "Do this."), Fixed("b"), no("c", "Do this."), no("d", "Do that.")])
    assert not await engine.check(PROPOSAL)
    with pytest.raises(PolicyViolation) as error:
        await engine.enforce(PROPOSAL)
    assert [denial.policy_name for denial in error.value.denials] == ["a", "c", "d"]
    assert error.value.message == "a says no (policy a); c says no (policy c); d says no (policy d)"
    assert error.value.mend == "Do this. Do that."
    assert len(await engine.evaluate_all(PROPOSAL)) == 4


@pytest.mark.parametrize(
    "error", [ValueError("odd"), Unavailable("down"), TimeoutError(), KeyError("x"), RecursionError()]
)
async def test_a_policy_that_fails_says_no(error: Exception) -> None:
    with pytest.raises(PolicyViolation, match="could not be evaluated") as violation:
        await PolicyEngine([Fixed("a"), Fixed("b", error)]).enforce(PROPOSAL)
    assert violation.value.denials[0].policy_name == "b"


async def test_the_gates_of_all_policies_add_up() -> None:
    def gated(name: str, gate: Gate) -> Fixed:
        return Fixed(name, PolicyResult(name, allowed=True, gate=gate))

    gates = [Gate(1, self_approval=True, why="a"), Gate(3, self_approval=True, why="b"), Gate(2, why="c")]
    engine = PolicyEngine([gated(gate.why, gate) for gate in gates])
    gate = await engine.enforce(PROPOSAL)
    assert gate
    assert (gate.quorum, gate.self_approval, sorted(gate.why.split("; "))) == (3, False, ["a", "b", "c"])


async def test_policies_come_and_go_while_the_bot_runs() -> None:
    engine = PolicyEngine([Fixed("a")])
    with pytest.raises(Conflict, match="'a' is registered"):
        engine.register(Fixed("a"))
    engine.register(no("b"))
    assert engine.names() == ("a", "b")
    assert not await engine.check(PROPOSAL)
    engine.unregister("b")
    assert await engine.check(PROPOSAL)
    with pytest.raises(NotFound, match="'b'") as error:
        engine.unregister("b")
    assert error.value.mend == "There are: a."
    assert engine.get("a").name == "a"


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("timeout", "allowed"),
    [(0, False), (-1, False), (math.nan, False), (math.inf, False), (0.001, True), (600, True), (600.001, False)],
)
async def test_a_timeout_must_lie_within_bounds(timeout: float, *, allowed: bool) -> None:
    assert (await TaskTimeout(600).evaluate(replace(PROPOSAL, timeout=timeout))).allowed is allowed


@pytest.mark.parametrize(("running", "allowed"), [(0, True), (9, True), (10, False), (11, False)])
async def test_so_many_operations_run_and_no_more(running: int, *, allowed: bool) -> None:
    policy = MaxConcurrentTasks(10)
    assert (await policy.evaluate(replace(PROPOSAL, running=running))).allowed is allowed
    assert (await policy.evaluate(replace(PROPOSAL, running=running, about_gate=True))).allowed


async def test_a_module_that_is_off_says_why() -> None:
    policy = ModuleAvailability(Modules(switched_off={"jira": "moving house"}))
    assert (await policy.evaluate(PROPOSAL)).allowed
    assert (await policy.evaluate(replace(PROPOSAL, module="k8s"))).allowed
    result = await policy.evaluate(replace(PROPOSAL, module="jira"))
    assert (result.allowed, result.reason) == (False, "the module jira is off: moving house")


async def test_a_channel_with_a_profile_runs_only_what_it_lists() -> None:
    policy = ChannelProfilePolicy(
        ChannelProfiles(profiles={"quiet": ("status.*", "help.show")}, channels={"C1": "quiet"})
    )
    for operation, channel, allowed in (
        ("status.show", "C1", True),
        ("help.show", "C1", True),
        ("help.show.more", "C1", False),
        ("x.do", "C1", False),
        ("x.do", "C2", True),
        ("x.do", None, True),
    ):
        result = await policy.evaluate(replace(PROPOSAL, operation=operation, channel=channel))
        assert result.allowed is allowed, (operation, channel)


@pytest.mark.parametrize(
    ("environment", "risk", "about_gate", "gated"),
    [
        ("production", Risk.WRITE, False, True),
        ("production", Risk.DESTRUCTIVE, False, True),
        ("*", Risk.WRITE, False, True),
        ("staging", Risk.DESTRUCTIVE, False, False),
        (None, Risk.WRITE, False, False),
        ("production", Risk.READ, False, False),
        ("production", Risk.WRITE, True, False),
    ],
)
async def test_a_change_of_production_needs_a_second_person(
    environment: str | None, risk: Risk, *, about_gate: bool, gated: bool
) -> None:
    proposal = replace(PROPOSAL, environment=environment, risk=risk, about_gate=about_gate)
    result = await TwoPersonPolicy(TwoPersonRule(quorum=2)).evaluate(proposal)
    assert result.allowed
    assert (result.gate is not None) is gated
    if result.gate:
        assert (result.gate.quorum, result.gate.self_approval) == (2, False)


def test_destructive_operations_are_gated_whatever_the_file_says() -> None:
    for wrong in (RiskGate(quorum=0), RiskGate(quorum=1, self_approval=True)):
        with pytest.raises(ValidationError, match="always need a quorum"):
            Approvals(destructive=wrong)
    rules = Approvals(write=RiskGate(quorum=2, self_approval=True))
    assert rules.gate(Risk.READ) is None
    assert rules.gate(Risk.WRITE) == Gate(2, self_approval=True, why="write operations need approval")
    assert Approvals().gate(Risk.WRITE) is None
    assert Approvals().gate(Risk.DESTRUCTIVE) == Gate(
        1, self_approval=False, why="destructive operations need approval"
    )


# ---------------------------------------------------------------- freezes

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = FreezeWindow.model_validate(
    {"reason": "Night", "days": ["friday", "sunday"], "after": "22:00", "until": "06:00"}
)
DAY = FreezeWindow.model_validate({"reason": "Noon", "days": ["friday"], "after": "12:00", "until": "13:00"})
WEEKEND = FreezeWindow.model_validate({"reason": "Weekend", "days": ["saturday", "sunday"]})


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("window", "when", "held"),
    [
        (NIGHT, "2026-03-20 21:59:59", False),
        (NIGHT, "2026-03-20 22:00", True),
        (NIGHT, "2026-03-21 05:59:59", True),  # the morning after
        (NIGHT, "2026-03-21 06:00", False),
        (NIGHT, "2026-03-21 23:00", False),  # Saturday night is none of them
        (NIGHT, "2026-03-20 05:00", False),  # nor is the morning of the Friday itself
        (NIGHT, "2026-03-23 00:00", True),  # Sunday to Monday: over the end of the week
        (NIGHT, "2026-03-23 06:00", False),
        (DAY, "2026-03-20 11:59:59", False),
        (DAY, "2026-03-20 12:00", True),
        (DAY, "2026-03-20 13:00", False),
        (WEEKEND, "2026-03-20 23:59:59", False),
        (WEEKEND, "2026-03-21 00:00", True),
        (WEEKEND, "2026-03-22 23:59:59", True),
        (WEEKEND, "2026-03-23 00:00", False),
        (NIGHT, "2026-03-29 02:30", False),  # the hour that is skipped; Saturday night is none of them
        (NIGHT, "2026-03-30 05:59", True),  # the night after the clocks went forward
        (NIGHT, "2026-10-26 05:59", True),  # and after they went back
        (NIGHT, "2026-10-26 06:00", False),
    ],
)
def test_weekly_windows_hold_by_local_time(window: FreezeWindow, when: str, *, held: bool) -> None:
    assert window.holds(local(when), BERLIN) is held


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_is_frozen_twice(fold: int) -> None:
    window = FreezeWindow.model_validate({"reason": "x", "days": ["sunday"], "after": "02:00", "until": "03:00"})
    assert window.holds(local("2026-10-25 02:30", fold=fold), BERLIN)
    assert not window.holds(local("2026-10-25 03:00"), BERLIN)


def test_the_time_zone_decides_which_day_it_is() -> None:
    monday_in_tokyo = datetime(2026, 3, 22, 15, 30, tzinfo=UTC)
    assert WEEKEND.holds(monday_in_tokyo, BERLIN)
    assert not WEEKEND.holds(monday_in_tokyo, ZoneInfo("Asia/Tokyo"))


MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@given(MOMENTS, st.times(), st.times())
def test_a_window_and_its_complement_cover_every_moment(now: datetime, after: object, until: object) -> None:
    if after == until:
        return
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    one = FreezeWindow.model_validate({"reason": "x", "days": days, "after": after, "until": until})
    other = FreezeWindow.model_validate({"reason": "x", "days": days, "after": until, "until": after})
    assert one.holds(now, BERLIN) != other.holds(now, BERLIN)


def test_a_single_window_holds_from_its_start_up_to_its_end() -> None:
    window = FreezeWindow.model_validate(
        {"reason": "Launch", "start": "2026-12-01T00:00:00+01:00", "end": "2026-12-02T00:00:00Z"}
    )
    start, end = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    assert [window.holds(when, BERLIN) for when in (start - moment, start, end - moment, end)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"start": "2026-12-01T00:00:00Z"},
        {"end": "2026-12-01T00:00:00Z"},
        {"start": "2026-12-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
        {"start": "2026-12-01T00:00:00", "end": "2026-12-02T00:00:00"},
        {"start": "2026-12-01T00:00:00Z", "end": "2026-12-02T00:00:00Z", "days": ["monday"]},
        {"after": "10:00", "until": "11:00"},
        {"days": ["monday"], "after": "10:00"},
        {"days": ["monday"], "until": "10:00"},
        {"days": ["Monday"]},
        {"days": ["monday"], "after": 1320, "until": "06:00"},  # what YAML makes of an unquoted 22:00
        {"days": ["monday"], "after": "22:00Z", "until": "06:00"},
        {"days": ["monday"], "after": "25:00", "until": "06:00"},
        {"days": ["monday"], "after": "late", "until": "06:00"},
    ],
)
def test_a_window_that_means_nothing_is_refused(window: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FreezeWindow.model_validate({"reason": "x", **window})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe/Berlin\x00"])
def test_a_time_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        ChangeFreeze(timezone=zone)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, False),
        ({"environment": None}, False),
        ({"environment": "*"}, False),
        ({"environment": "staging"}, True),
        ({"risk": Risk.READ}, True),
        ({"risk": Risk.DESTRUCTIVE}, False),
        ({"about_gate": True}, True),
        ({"operation": "incident.open"}, True),
        ({"now": START + timedelta(days=9)}, True),
    ],
)
async def test_a_freeze_stops_changes_where_it_says(changes: dict[str, object], *, allowed: bool) -> None:
    window = FreezeWindow.model_validate({"reason": "Launch", "start": START, "end": START + timedelta(hours=1)})
    policy = ChangeFreezePolicy(ChangeFreeze(windows=(window,), exempt=("incident.*",)))
    result = await policy.evaluate(replace(PROPOSAL, **changes))  # type: ignore[arg-type]
    assert result.allowed is allowed
    assert allowed or "Launch" in result.reason


# ---------------------------------------------------------------- budgets


async def test_a_budget_counts_what_was_booked_since_midnight_utc(database: Database) -> None:
    ledger = CostRepository(database)
    policy = BudgetCeilings(Budgets(person_usd=1, channel_usd=5, workspace_usd=10), ledger)

    async def book(usd: float, person: str = "U1", channel: str = "C1", at: datetime = START) -> None:
        await ledger.book(
            at=at, person=person, channel=channel, workspace="T1", operation="x", usd=usd, tokens=1, trace_id="t"
        )

    async def verdict(**changes: object) -> PolicyResult:
        return await policy.evaluate(replace(PROPOSAL, costs=True, **changes))  # type: ignore[arg-type]

    await book(100, at=START.replace(hour=0, minute=0) - timedelta(microseconds=1))
    await book(0.25, at=START.replace(hour=0, minute=0))
    await book(0.5)
    assert (await verdict()).allowed
    await book(0.25)
    over = await verdict()
    assert (over.allowed, over.reason) == (False, "the budget of this person is used up: $1.00 of $1.00 today")
    assert "00:00 UTC" in over.mend
    assert (await policy.evaluate(PROPOSAL)).allowed, "what costs nothing may go on"
    assert (await verdict(identity=replace(PROPOSAL.identity, id="U2"))).allowed
    assert (await verdict(now=START + timedelta(days=1))).allowed
    await book(4, person="U2")
    assert "channel" in (await verdict(identity=replace(PROPOSAL.identity, id="U3"))).reason
    assert (await verdict(identity=replace(PROPOSAL.identity, id="U3"), channel=None)).allowed
    await book(5, person="U2", channel="C2")
    both = await verdict(channel="C3", workspace="T1")
    assert both.reason.count(";") == 1
    assert "workspace" in both.reason


async def test_a_budget_of_nothing_allows_nothing_and_no_budget_everything(database: Database) -> None:
    ledger = CostRepository(database)
    costly = replace(PROPOSAL, costs=True)
    assert not (await BudgetCeilings(Budgets(person_usd=0), ledger).evaluate(costly)).allowed
    assert (await BudgetCeilings(Budgets(), ledger).evaluate(costly)).allowed


class BrokenLedger:
    """A ledger that does not answer."""

    async def spent(self, scopes: Sequence[str], since: datetime) -> Mapping[str, float]:
        raise Unavailable("the database is gone")


async def test_a_ledger_that_does_not_answer_closes_the_door() -> None:
    engine = PolicyEngine(built_in(PolicyBook(budgets=Budgets(person_usd=1)), BrokenLedger()))
    assert await engine.check(PROPOSAL)
    assert not await engine.check(replace(PROPOSAL, costs=True))
    assert len(set(engine.names())) == 7


@pytest.mark.parametrize(
    "data",
    [
        {"channel_profiles": {"channels": {"C1": "none"}}},
        {"max_timeout_seconds": 601},
        {"max_concurrent_tasks": 0},
        {"two_person": {"quorum": 0}},
        {"budgets": {"person_usd": -1}},
        {"approvals": {"write": {"quorum": -1}}},
        {"budget": {}},
    ],
)
def test_a_book_with_a_slip_is_no_book(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PolicyBook.model_validate(data)
