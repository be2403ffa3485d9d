from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import Conflict, InvalidInput, NotFound, Refusal
from bot.guard.approvals import MAX_REASON, Approval, ApprovalState, Route, Verdict
from bot.guard.canonical import parameters_hash
from bot.guard.desk import ApprovalDesk, DeskRules
from bot.guard.people import ActorKind, Identity, People, Person
from bot.guard.risk import Risk
from bot.guard.roles import Grant, ListedPerson, Role, RoleBook, Standing
from bot.keyring import Keyring
from storage.database import Database
from storage.repositories import ApprovalRepository, PeopleRepository
from tests.conftest import KEYS, START, MovedClock

CROWD = [f"p{number}" for number in range(12)]
BOOK = RoleBook(
    roles={
        "sre": Role(title="SRE", grants=(Grant(permissions=("approve:*",)),)),
        "dev": Role(title="Developer", grants=(Grant(permissions=("approve:write",), environments=("staging",)),)),
    },
    people={
        **{name: ListedPerson(name=name, roles=("sre",)) for name in [*CROWD, "asker"]},
        "dev": ListedPerson(name="dev", roles=("dev",)),
        "guest": ListedPerson(name="guest", roles=("sre",), standing=Standing.GUEST),
    },
)


def desk_on(database: Database, clock: MovedClock) -> ApprovalDesk:
    return ApprovalDesk(
        ApprovalRepository(database, Keyring.parse(KEYS)),
        People(PeopleRepository(database), BOOK, clock),
        BOOK,
        DeskRules(timedelta(hours=1), timedelta(minutes=30), "sre"),
        clock,
    )


@pytest.fixture
def desk(database: Database, clock: MovedClock) -> ApprovalDesk:
    return desk_on(database, clock)


def wish(number: int = 1, **changes: Any) -> Approval:
    parameters = changes.pop("parameters", {"n": number})
    made = Approval(
        id=f"apr-{number}",
        operation="x.do",
        parameters=parameters,
        parameters_hash=parameters_hash("x.do", parameters),
        risk=Risk.DESTRUCTIVE,
        environment="production",
        service=None,
        why="because",
        preview="does it",
        requester="asker",
        requester_kind="person",
        route=Route("test", "C1", "1.2", "T1"),
        approvers="SRE",
        quorum=1,
        self_approval=False,
        created_at=START,
        expires_at=START + timedelta(hours=1),
        escalate_at=START + timedelta(minutes=30),
        escalate_to="sre",
    )
    return replace(made, **changes)


def person(name: str, kind: ActorKind = ActorKind.PERSON) -> Identity:
    return Identity(name, kind, name, frozenset())


async def test_what_is_kept_is_what_was_asked(desk: ApprovalDesk) -> None:
    asked = wish(parameters={"n": 1, "deep": [{"é": None}]}, idempotency_key="k", trace_id="t")
    assert await desk.open(asked) == asked
    assert await desk.get("apr-1") == asked
    (await desk.get("apr-1")).verify()


@pytest.mark.parametrize("quorum", [1, 3])
async def test_of_many_who_race_exactly_the_quorum_counts(database: Database, clock: MovedClock, quorum: int) -> None:
    desks = [desk_on(database, clock) for _ in range(3)]
    told: list[Approval] = []

    async def listen(approval: Approval) -> None:
        told.append(approval)

    for each in desks:
        each.listeners.append(listen)
    await desks[0].open(wish(quorum=quorum))
    said = await asyncio.gather(
        *(desks[at % 3].decide("apr-1", person(name), Verdict.APPROVE, "") for at, name in enumerate(CROWD)),
        return_exceptions=True,
    )
    won = [each for each in said if isinstance(each, Approval)]
    lost = [each for each in said if not isinstance(each, Approval)]
    assert len(won) == quorum
    assert all(isinstance(each, Conflict) and "was approved already (by p" in str(each) for each in lost)
    assert sum(each.state is ApprovalState.APPROVED for each in won) == 1
    kept = await desks[1].get("apr-1")
    assert (kept.state, kept.agreed, kept.version) == (ApprovalState.APPROVED, quorum, 1 + quorum)
    assert len(told) == 1 + quorum


async def test_the_same_person_clicking_twice_at_once_counts_once(database: Database, clock: MovedClock) -> None:
    desks = [desk_on(database, clock) for _ in range(2)]
    await desks[0].open(wish(quorum=2))
    said = await asyncio.gather(
        *(desks[at % 2].decide("apr-1", person("p1"), Verdict.APPROVE, "") for at in range(6)), return_exceptions=True
    )
    assert sum(isinstance(each, Conflict) for each in said) == 5
    assert (await desks[0].get("apr-1")).agreed == 1


async def test_a_yes_a_no_and_a_withdrawal_at_once_have_one_winner(desk: ApprovalDesk) -> None:
    await desk.open(wish())
    said = await asyncio.gather(
        desk.decide("apr-1", person("p1"), Verdict.APPROVE, ""),
        desk.decide("apr-1", person("p2"), Verdict.REJECT, "no"),
        desk.withdraw("apr-1", "asker", "no more"),
        return_exceptions=True,
    )
    (won,) = [each for each in said if isinstance(each, Approval)]
    assert await desk.get("apr-1") == won


async def test_the_same_wish_while_it_waits_is_the_same_approval(desk: ApprovalDesk, clock: MovedClock) -> None:
    first = await desk.open(wish(1))
    assert await desk.open(wish(2, parameters={"n": 1})) == first
    assert (await desk.open(wish(3, parameters={"n": 1}, requester="p1"))).id == "apr-3"
    assert (await desk.open(wish(4, parameters={"n": 2}))).id == "apr-4"
    clock.move(hours=1)
    assert (await desk.open(wish(5, parameters={"n": 1}))).id == "apr-5", "an expired one is no twin"


async def test_the_same_key_gives_the_same_approval_however_it_went(desk: ApprovalDesk) -> None:
    await desk.open(wish(1, idempotency_key="asker:k"))
    done = await desk.decide("apr-1", person("p1"), Verdict.APPROVE, "")
    assert await desk.open(wish(2, parameters={"n": 1}, idempotency_key="asker:k")) == done
    with pytest.raises(Conflict, match="idempotency key") as error:
        await desk.open(wish(3, idempotency_key="asker:k"))
    assert "apr-1" in error.value.message
    opened = await asyncio.gather(*(desk.store.add(wish(n, idempotency_key="asker:r")) for n in range(10, 15)))
    assert len({each.id for each in opened}) == 1


async def test_a_newer_request_replaces_the_old_one_and_only_by_the_same_person(desk: ApprovalDesk) -> None:
    await desk.open(wish(1))
    for stranger in (wish(2, requester="p1"), wish(2, operation="y.do")):
        with pytest.raises(Refusal, match="apr-1"):
            await desk.open(stranger, "apr-1")
    newer = await desk.open(wish(2, idempotency_key="asker:k"), "apr-1")
    old = await desk.get("apr-1")
    assert (old.state, old.ended_because) == (ApprovalState.SUPERSEDED, "replaced by apr-2")
    with pytest.raises(Conflict, match="replaced by a newer"):
        await desk.decide("apr-1", person("p1"), Verdict.APPROVE, "")
    with pytest.raises(Conflict, match="replaced by a newer"):
        await desk.open(wish(3), "apr-1")
    with pytest.raises(NotFound):
        await desk.get("apr-3")
    assert await desk.open(wish(4, parameters={"n": 2}, idempotency_key="asker:k"), "apr-1") == newer
    with pytest.raises(NotFound, match="apr-99"):
        await desk.open(wish(5), "apr-99")


async def test_two_that_replace_the_same_request_do_not_both(desk: ApprovalDesk) -> None:
    await desk.open(wish(1))
    said = await asyncio.gather(*(desk.open(wish(n), "apr-1") for n in range(2, 7)), return_exceptions=True)
    assert sum(isinstance(each, Approval) for each in said) == 1
    assert sum(isinstance(each, Conflict) for each in said) == 4
    assert len(await desk.store.find(states=(ApprovalState.PENDING,))) == 1


async def test_who_lost_the_right_meanwhile_has_no_say(
    desk: ApprovalDesk, database: Database, clock: MovedClock
) -> None:
    directory = PeopleRepository(database)
    await directory.save(Person("U1", "Ada"), START)
    await directory.bind("U1", "sre", "admin", START)
    await desk.open(wish(quorum=2))
    ada = replace(person("U1"), roles=frozenset({"sre"}))
    assert await desk.standing_of(await desk.get("apr-1"), "U1") == "sre"
    await directory.unbind("U1", "sre")
    with pytest.raises(Refusal, match=r"may not approve x\.do.*'approve:destructive'") as error:
        await desk.decide("apr-1", ada, Verdict.APPROVE, "")
    assert error.value.mend == "These may: SRE."
    await directory.bind("U1", "sre", "admin", START)
    await directory.save(Person("U1", "Ada", Standing.DISABLED), START)
    with pytest.raises(Refusal, match="disabled"):
        await desk.decide("apr-1", ada, Verdict.APPROVE, "")
    assert (await desk.get("apr-1")).decisions == ()


async def test_only_people_with_the_right_decide(desk: ApprovalDesk) -> None:
    await desk.open(wish())
    for name in ("dev", "guest", "nobody", "asker"):
        with pytest.raises(Refusal):
            await desk.decide("apr-1", person(name), Verdict.APPROVE, "")
    for kind in (ActorKind.SERVICE, ActorKind.JOB):
        with pytest.raises(Refusal, match="people do"):
            await desk.decide("apr-1", person("p1", kind), Verdict.APPROVE, "")
    await desk.open(wish(2, risk=Risk.WRITE, environment="staging"))
    assert (await desk.decide("apr-2", person("dev"), Verdict.APPROVE, "")).decisions[0].role == "dev"


async def test_a_no_needs_a_reason_and_no_reason_is_endless(desk: ApprovalDesk) -> None:
    await desk.open(wish())
    with pytest.raises(InvalidInput, match="needs a reason"):
        await desk.decide("apr-1", person("p1"), Verdict.REJECT, " \n ")
    with pytest.raises(InvalidInput, match="2001 characters"):
        await desk.decide("apr-1", person("p1"), Verdict.REJECT, "x" * (MAX_REASON + 1))
    after = await desk.decide("apr-1", person("p1"), Verdict.REJECT, " " + "x" * MAX_REASON)
    assert after.ended_because == "x" * MAX_REASON


async def test_an_approval_that_there_is_not_is_named_in_short(desk: ApprovalDesk) -> None:
    with pytest.raises(NotFound, match="apr-x") as error:
        await desk.get("apr-x" * 100)
    assert len(error.value.message) < 150


async def test_the_sweep_escalates_once_then_expires_whoever_sweeps(database: Database, clock: MovedClock) -> None:
    desks = [desk_on(database, clock) for _ in range(3)]
    for number in (1, 2):
        await desks[0].open(wish(number))
    await desks[0].decide("apr-2", person("p1"), Verdict.APPROVE, "")

    async def sweep() -> list[tuple[str, str, bool]]:
        swept = await asyncio.gather(*(each.sweep() for each in desks))
        return [(each.id, str(each.state), each.escalated_at is not None) for moved in swept for each in moved]

    assert await sweep() == []
    clock.move(minutes=30)
    assert await sweep() == [("apr-1", "pending", True)]
    assert await sweep() == []
    clock.move(minutes=30)
    assert await sweep() == [("apr-1", "expired", True)]
    assert await sweep() == []
    with pytest.raises(Conflict, match="has expired"):
        await desks[0].decide("apr-1", person("p1"), Verdict.APPROVE, "")


async def test_nobody_has_to_sweep_for_an_approval_to_expire(desk: ApprovalDesk, clock: MovedClock) -> None:
    await desk.open(wish())
    clock.move(hours=1)
    for late in (
        desk.decide("apr-1", person("p1"), Verdict.APPROVE, ""),
        desk.withdraw("apr-1", "asker", ""),
        desk.open(wish(2, created_at=clock.now), "apr-1"),
    ):
        with pytest.raises(Conflict, match="has expired"):
            await late


async def test_a_card_that_cannot_be_drawn_undoes_nothing(desk: ApprovalDesk) -> None:
    async def broken(_: Approval) -> None:
        raise RuntimeError("no Slack today")

    desk.listeners.append(broken)
    await desk.open(wish())
    assert (await desk.decide("apr-1", person("p1"), Verdict.APPROVE, "")).state is ApprovalState.APPROVED


async def test_how_it_went_is_kept_and_ends_the_waiting(desk: ApprovalDesk) -> None:
    await desk.open(wish())
    await desk.decide("apr-1", person("p1"), Verdict.APPROVE, "")
    find = desk.store.find
    assert [each.id for each in await find(states=(ApprovalState.APPROVED,), unfinished=True)] == ["apr-1"]
    await desk.finish("apr-1", {"kind": "done"})
    assert await find(states=(ApprovalState.APPROVED,), unfinished=True) == []
    assert (await desk.get("apr-1")).outcome == {"kind": "done"}
    assert [each.id for each in await find(requester="asker")] == ["apr-1"]
    assert await find(requester="p1") == []


async def test_a_crowd_that_never_lets_anybody_through_is_a_conflict(
    desk: ApprovalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.open(wish())

    async def lost(before: Approval, after: Approval) -> bool:
        return False

    monkeypatch.setattr(desk.store, "swap", lost)
    with pytest.raises(Conflict, match="too many people"):
        await desk.decide("apr-1", person("p1"), Verdict.APPROVE, "")
