"""The day's budgets over the ledger of an installation."""

from __future__ import annotations

import pytest

from bot.agent.thinking.spending import DailyLedger, Room, used_up, warning
from bot.guard.rules import Budgets
from storage.database import Database
from storage.repositories import CostRepository
from tests.conftest import MovedClock


async def test_the_budget_that_is_closest_to_its_end_counts_and_begins_anew_at_midnight(
    database: Database, clock: MovedClock
) -> None:
    budgets = Budgets(person_usd=2.0, channel_usd=10.0, workspace_usd=100.0)
    ledger = DailyLedger(CostRepository(database), budgets, clock)
    await ledger.book("U1", "C1", "T1", "model", 1.5, 900, "trace")
    await ledger.book("U2", "C1", "T1", "model", 7.5, 900, "trace")
    assert await ledger.room("U1", "C1", "T1") == Room(9.0, 10.0, "this channel")
    assert await ledger.room("U1", "C2", "T1") == Room(1.5, 2.0, "this person")
    assert await ledger.room("U3", None, None) == Room(0.0, 2.0, "this person")
    clock.move(hours=9)
    assert await ledger.room("U1", "C1", "T1") == Room(0.0, 2.0, "this person")


async def test_without_budgets_there_is_all_the_room(database: Database, clock: MovedClock) -> None:
    assert await DailyLedger(CostRepository(database), Budgets(), clock).room("U1", "C1", "T1") is None


@pytest.mark.parametrize(("room", "share"), [(Room(1.0, 4.0), 0.25), (Room(0.0, 0.0), 1.0)])
def test_a_budget_of_nothing_is_used_up(room: Room, share: float) -> None:
    assert room.share == share


def test_it_is_said_in_money() -> None:
    room = Room(4.2, 5.0, "this channel")
    assert warning(room) == "84% of the budget of this channel is used ($4.20 of $5.00 today)."
    assert used_up(room) == "the budget of this channel for language models is used up ($4.20 of $5.00 today)"
