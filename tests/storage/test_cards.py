from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from bot.agent.cards import Card
from bot.guard.approvals import Approval
from bot.keyring import Keyring
from storage.database import Database
from storage.models import ApprovalRow
from storage.repositories import ApprovalRepository, CardRepository
from storage.repositories.rows import table
from tests.conftest import KEYS, START
from tests.storage.test_repositories import asked

RING = Keyring.parse(KEYS)


@pytest.fixture
def cards(database: Database) -> CardRepository:
    return CardRepository(database)


async def wanted(database: Database, number: int = 1) -> Approval:
    """An approval that is as many minutes young as its number says."""
    waiting = replace(asked(number, f"p{number}"), created_at=START + timedelta(minutes=number))
    return await ApprovalRepository(database, RING).add(waiting)


async def moved(database: Database, approval: Approval) -> Approval:
    after = replace(approval, version=approval.version + 1, escalated_at=START)
    assert await ApprovalRepository(database, RING).swap(approval, after)
    return after


def places(found: object) -> list[tuple[str, str]]:
    return [(card.approval, card.channel) for card in found]  # type: ignore[attr-defined]


async def test_an_approval_has_one_card_in_a_channel(database: Database, cards: CardRepository) -> None:
    await wanted(database)
    first = Card("apr-1", "C1", "17.5", "18.0", version=1)
    await cards.add(first)
    await asyncio.gather(*(cards.add(Card("apr-1", "C1", f"{n}", f"{n}")) for n in range(6)))
    await cards.add(Card("apr-1", "C2"))
    assert await cards.of("apr-1") == [first, Card("apr-1", "C2")]
    assert await cards.of("apr-2") == []


async def test_what_is_shown_never_goes_back(database: Database, cards: CardRepository) -> None:
    await wanted(database)
    card = Card("apr-1", "C1")
    await cards.add(card)
    for version, ts, shown in ((1, "1.0", (1, "1.0")), (3, "3.0", (3, "3.0")), (2, "2.0", (3, "3.0"))):
        await cards.shown(replace(card, ts=ts, version=version))
        (now,) = await cards.of("apr-1")
        assert (now.version, now.ts) == shown
    await cards.shown(replace(card, ts="4.0", version=3))
    assert await cards.of("apr-1") == [replace(card, ts="4.0", version=3)], "one that was lost is posted again"
    await cards.shown(Card("apr-1", "C9", ts="5.0", version=9))
    assert len(await cards.of("apr-1")) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.integers(1, 9), min_size=1, max_size=8))
async def test_in_whichever_order_replicas_draw_the_newest_stays(database: Database, versions: list[int]) -> None:
    cards = CardRepository(database)
    async with database.writing() as connection:
        await connection.execute(delete(table(ApprovalRow)))
    await wanted(database)
    await cards.add(Card("apr-1", "C1"))
    await asyncio.gather(*(cards.shown(Card("apr-1", "C1", None, f"{each}.0", each)) for each in versions))
    assert await cards.of("apr-1") == [Card("apr-1", "C1", None, f"{max(versions)}.0", max(versions))]


async def test_its_end_is_told_by_exactly_one_in_each_channel(database: Database, cards: CardRepository) -> None:
    await wanted(database)
    for channel in ("C1", "C2"):
        await cards.add(Card("apr-1", channel))
    for channel in ("C1", "C2"):
        told = await asyncio.gather(*(cards.announce(Card("apr-1", channel)) for _ in range(6)))
        assert sorted(told) == [False] * 5 + [True]
    assert not await cards.announce(Card("apr-9", "C1"))
    assert [card.announced for card in await cards.of("apr-1")] == [True, True]
    await cards.shown(Card("apr-1", "C1", None, "1.0", 1))
    assert not await cards.announce(Card("apr-1", "C1")), "a card that is drawn again does not tell it again"


async def test_stale_are_those_that_are_not_posted_or_show_less_than_there_is(
    database: Database, cards: CardRepository
) -> None:
    approvals = [await wanted(database, number) for number in range(1, 4)]
    for approval in approvals:
        await cards.add(Card(approval.id, "C2"))
    await cards.add(Card("apr-2", "C1"))
    assert places(await cards.stale()) == [("apr-3", "C2"), ("apr-2", "C1"), ("apr-2", "C2"), ("apr-1", "C2")]
    assert places(await cards.stale(limit=2)) == [("apr-3", "C2"), ("apr-2", "C1")], "old ones stand in nobody's way"
    for card in await cards.stale():
        await cards.shown(replace(card, ts="1.0", version=1))
    assert await cards.stale() == []
    after = await moved(database, approvals[1])
    assert places(await cards.stale()) == [("apr-2", "C1"), ("apr-2", "C2")]
    await cards.shown(Card("apr-2", "C1", None, "1.0", after.version))
    assert places(await cards.stale()) == [("apr-2", "C2")]
    await cards.shown(Card("apr-2", "C2", None, None, after.version))
    assert places(await cards.stale()) == [("apr-2", "C2")], "its message is gone"


async def test_cards_go_with_their_approval(database: Database, cards: CardRepository) -> None:
    await wanted(database)
    await cards.add(Card("apr-1", "C1"))
    async with database.writing() as connection:
        await connection.execute(delete(table(ApprovalRow)))
    assert await cards.of("apr-1") == []
