"""A replay that nobody waits for any more ends, rather than reckon on in its thread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.telemetry.signals import Window
from bot.watch.burning import Burning
from bot.watch.looks.budgets import BudgetsLook
from bot.watch.looks.look import replayed
from bot.watch.sweeping import Moment
from tests.conftest import START
from tests.observatory.fakes import watching
from tests.watch.held import Held
from tests.watch.made import SCAN
from tests.watch.test_budgets_look import SCAN as BUDGETS
from tests.watch.test_budgets_look import over

PAST = Window(START - timedelta(hours=14), START)


async def test_a_replay_that_is_given_up_ends_at_its_next_moment() -> None:
    held = Held()

    def feed(window: Window, part: None) -> Iterator[Moment]:
        for _ in range(1_000):
            yield Moment(window.end, held())

    assert await held.given_up(replayed([(PAST, None)] * 3, feed, SCAN, PAST.start)) == 1


async def test_so_does_one_that_has_only_learned_yet() -> None:
    held = Held()

    def feed(window: Window, part: None) -> Iterator[Moment]:
        for _ in range(1_000):
            yield Moment(window.start, held())

    assert await held.given_up(replayed([(PAST, None)] * 3, feed, SCAN, PAST.end)) == 1


async def test_so_does_one_of_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    monkeypatch.setattr(Burning, "feed", held)
    look = BudgetsLook(watching(over({})))
    assert await held.given_up(look.replay(BUDGETS, PAST, _silent, 30)) == 1


async def _silent(_: str) -> None: ...
