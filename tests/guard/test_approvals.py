from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Conflict, CopilotError, Refusal, Tampered
from bot.guard import approvals
from bot.guard.approvals import Approval, ApprovalState, Decision, Route, Verdict
from bot.guard.canonical import canonical, digest, parameters_hash
from bot.guard.risk import Gate, Risk

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
LATE = NOW + timedelta(hours=1)


def approval(**changes: object) -> Approval:
    made = Approval(
        id="apr-1",
        operation="x.do",
        parameters={"replicas": 3},
        parameters_hash=parameters_hash("x.do", {"replicas": 3}),
        risk=Risk.DESTRUCTIVE,
        environment="staging",
        service=None,
        why="because",
        preview="",
        requester="asker",
        requester_kind="person",
        route=Route("test"),
        approvers="SRE",
        quorum=2,
        self_approval=False,
        created_at=NOW,
        expires_at=LATE,
        escalate_at=NOW + timedelta(minutes=30),
        escalate_to="sre",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def word(person: str, verdict: Verdict = Verdict.APPROVE, at: datetime = NOW) -> Decision:
    return Decision(person, "sre", verdict, "so", at)


Move = Callable[[Approval, datetime], Approval]
MOVES: dict[str, Move] = {
    "approve": lambda each, now: approvals.decide(each, word("late", at=now)),
    "reject": lambda each, now: approvals.decide(each, word("late", Verdict.REJECT, at=now)),
    "withdraw": lambda each, now: approvals.withdraw(each, "asker", "no more", now),
    "supersede": lambda each, now: approvals.supersede(each, "apr-2", now),
}
ENDED = [state for state in ApprovalState if state is not ApprovalState.PENDING]


@pytest.mark.parametrize(("state", "name"), list(product(ENDED, MOVES)))
def test_no_move_changes_what_has_ended(state: ApprovalState, name: str) -> None:
    ended = approval(state=state, decisions=(word("a"), word("b", Verdict.REJECT)))
    with pytest.raises(Conflict, match=r"apr-1 .*nothing was changed") as error:
        MOVES[name](ended, NOW)
    assert error.value.mend


@pytest.mark.parametrize("state", ENDED)
def test_time_changes_nothing_that_has_ended(state: ApprovalState) -> None:
    ended = approval(state=state)
    assert approvals.tick(ended, LATE + timedelta(days=9)) is ended


@pytest.mark.parametrize("name", MOVES)
def test_whoever_comes_at_the_very_end_comes_too_late(name: str) -> None:
    with pytest.raises(Conflict, match="has expired"):
        MOVES[name](approval(), LATE)
    assert MOVES[name](approval(), LATE - timedelta(microseconds=1)).version == 2


@pytest.mark.parametrize(
    ("name", "state"),
    [("reject", "rejected"), ("withdraw", "withdrawn"), ("supersede", "superseded"), ("approve", "pending")],
)
def test_each_move_leads_where_the_drawing_says(name: str, state: str) -> None:
    after = MOVES[name](approval(), NOW)
    assert (after.state, after.version) == (state, 2)
    assert (after.decided_at is None) == (state == "pending")


@pytest.mark.parametrize(
    ("state", "named"),
    [("approved", "by yes"), ("rejected", "by no"), ("expired", None), ("withdrawn", None), ("superseded", None)],
)
def test_the_late_comer_hears_who_decided_and_nobody_else_is_blamed(state: str, named: str | None) -> None:
    ended = approval(state=ApprovalState(state), decisions=(word("yes"), word("no", Verdict.REJECT)))
    with pytest.raises(Conflict) as error:
        approvals.require_pending(ended, NOW)
    assert (f"({named})" in error.value.message) if named else ("(by" not in error.value.message)


@given(quorum=st.integers(1, 20), people=st.lists(st.integers(0, 25).map("p{}".format), max_size=40))
def test_exactly_the_quorum_of_different_people_approves(quorum: int, people: list[str]) -> None:
    each, agreed = approval(quorum=quorum), set()
    for person in people:
        if each.state is not ApprovalState.PENDING or person in agreed:
            with pytest.raises(Conflict):
                approvals.decide(each, word(person))
            continue
        agreed.add(person)
        each = approvals.decide(each, word(person))
        assert (each.state is ApprovalState.APPROVED) == (len(agreed) == quorum)
    assert each.agreed == min(len(set(people)), quorum)


def test_one_no_ends_it_whoever_agreed_before() -> None:
    after = approvals.decide(approvals.decide(approval(), word("a")), word("b", Verdict.REJECT))
    assert (after.state, after.ended_because, after.agreed) == (ApprovalState.REJECTED, "so", 1)


def test_a_second_word_of_the_same_person_is_no_word() -> None:
    once = approvals.decide(approval(), word("a"))
    for verdict in Verdict:
        with pytest.raises(Conflict, match="has decided") as error:
            approvals.decide(once, word("a", verdict))
        assert "1 of 2" in error.value.mend


def test_nobody_approves_their_own_request_unless_the_gate_says_so() -> None:
    with pytest.raises(Refusal, match="cannot approve their own"):
        approvals.decide(approval(), word("asker"))
    assert approvals.decide(approval(), word("asker", Verdict.REJECT)).state is ApprovalState.REJECTED
    assert approvals.decide(approval(self_approval=True, quorum=1), word("asker")).state is ApprovalState.APPROVED


def test_only_the_requester_withdraws() -> None:
    with pytest.raises(Refusal, match="'asker'"):
        approvals.withdraw(approval(), "other", "", NOW)


def test_escalation_comes_once_and_before_expiry() -> None:
    each = approval()
    assert approvals.tick(each, each.escalate_at - timedelta(microseconds=1)) is each
    escalated = approvals.tick(each, each.escalate_at)
    assert (escalated.state, escalated.escalated_at) == (ApprovalState.PENDING, each.escalate_at)
    assert approvals.tick(escalated, LATE - timedelta(seconds=1)) is escalated
    assert approvals.tick(escalated, LATE).state is ApprovalState.EXPIRED
    assert approvals.tick(each, LATE).escalated_at is None


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["approve", "reject", "withdraw", "supersede", "tick"]), st.integers(0, 4), st.integers(0, 40)
    ),
    max_size=30,
)


@given(steps=STEPS, quorum=st.integers(1, 4), self_approval=st.booleans())
def test_whatever_is_tried_an_ended_approval_never_changes(
    steps: list[Step], quorum: int, *, self_approval: bool
) -> None:
    people = ["asker", "a", "b", "c", "d"]
    each, now = approval(quorum=quorum, self_approval=self_approval), NOW
    for name, who, minutes in steps:
        now += timedelta(minutes=minutes)
        before = each
        try:
            match name:
                case "approve" | "reject":
                    each = approvals.decide(each, word(people[who], Verdict(name), now))
                case "withdraw":
                    each = approvals.withdraw(each, people[who], "", now)
                case "supersede":
                    each = approvals.supersede(each, "apr-2", now)
                case _:
                    each = approvals.tick(each, now)
        except CopilotError:
            assert each is before
        if before.state is not ApprovalState.PENDING:
            assert each is before
        elif each is not before:
            assert each.version == before.version + 1
        assert len({decision.person for decision in each.decisions}) == len(each.decisions)
        assert each.agreed <= quorum
        if each.state is ApprovalState.APPROVED:
            assert each.agreed == quorum
            assert all(decision.at < each.expires_at for decision in each.decisions)
            assert self_approval or "asker" not in {decision.person for decision in each.decisions}


def test_changed_parameters_are_found_before_they_run() -> None:
    approval().verify()
    for changed in ({"replicas": 4}, {"replicas": 3, "force": True}, {}):
        with pytest.raises(Tampered, match="apr-1"):
            approval(parameters=changed).verify()
    with pytest.raises(Tampered):
        approval(operation="x.undo").verify()


# ---------------------------------------------------------------- the binding hash

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_change_the_hash(value: dict[str, object]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))  # type: ignore[arg-type]


@given(one=JSON, other=JSON)
def test_different_values_have_different_hashes(one: object, other: object) -> None:
    same = canonical(one) == canonical(other)  # type: ignore[arg-type]
    assert (parameters_hash("x", one) == parameters_hash("x", other)) == same  # type: ignore[arg-type]


@given(parts=st.lists(st.text(), max_size=4), other=st.lists(st.text(), max_size=4))
def test_no_two_lists_of_parts_read_the_same(parts: list[str], other: list[str]) -> None:
    assert (digest(*parts) == digest(*other)) == (parts == other)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_spell_has_no_hash(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(value)


def test_the_stricter_gate_asks_for_more_and_gives_every_reason_once() -> None:
    soft, hard = Gate(1, self_approval=True, why="a"), Gate(3, self_approval=False, why="b")
    assert soft.stricter(None) is soft
    for gate in (soft.stricter(hard), hard.stricter(soft)):
        assert (gate.quorum, gate.self_approval, set(gate.why.split("; "))) == (3, False, {"a", "b"})
    assert soft.stricter(soft).why == "a"
