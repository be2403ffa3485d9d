"""Budgets that burn, as findings."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.slo import DAY, HOUR, MINUTE, RULES, Burn
from bot.watch.burning import Burning, Pace
from bot.watch.finding import Family, Finding

START = datetime(2026, 3, 2, tzinfo=UTC)
Rates = tuple[float | None, float | None]


def objective(*rates: Rates, left: float | None = 0.5, failed: Collection[float] = ()) -> Pace:
    burns = tuple(Burn(rule, *pair) for rule, pair in zip(RULES, rates, strict=False))
    return Pace("checkout", "availability", 30 * DAY, burns, frozenset(failed), left)


CALM = objective((0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
FAST = objective((20.0, 30.0), (8.0, 20.0), (2.0, 8.0))
SLOW = objective((1.5, 1.5), (1.5, 1.5), (1.2, 1.5))
UNKNOWN = objective((None, None), (None, None), (None, None))


def fed(finder: Burning, number: int, view: Pace) -> tuple[Finding, ...]:
    return finder.feed(START + number * timedelta(minutes=5), [view])


def test_several_rules_of_one_objective_are_one_finding_that_says_the_most_urgent() -> None:
    finder = Burning("production")
    (found,) = fed(finder, 0, FAST)
    assert (found.family, found.subject.signal, found.subject.detail) == (Family.BURN, "slo", "availability")
    assert (found.size, found.value, found.expected) == (20.0, 20.0, 14.4)
    assert found.words == (
        "the error budget burns 20 times as fast as it may, over 1 h; at this pace it is gone in 18 h"
    )


def test_what_needs_nobody_at_once_is_smaller_than_what_does() -> None:
    (ticket,) = fed(Burning("production"), 0, SLOW)
    (page,) = fed(Burning("production"), 0, objective((1.0, 1.0), (6.0, 6.0), (1.0, 1.0)))
    (most,) = fed(Burning("production"), 0, objective((9.0, 1.0), (5.9, 6.0), (9.0, 9.0)))
    assert ticket.size == 1.2
    assert ticket.size < page.size == 6.0
    assert most.size < page.size
    assert ticket.sure < page.sure


def test_a_budget_that_is_used_up_is_said_to_be() -> None:
    (found,) = fed(Burning("production"), 0, replace(FAST, left=-0.2))
    assert found.words.endswith("; it is used up")


def test_it_ends_after_two_calm_looks_and_not_while_it_nearly_fires() -> None:
    finder = Burning("production")
    fed(finder, 0, objective((15.0, 15.0), (3.0, 3.0), (0.5, 0.5)))
    nearly = objective((14.0, 13.5), (3.0, 3.0), (0.5, 0.5))
    assert all(fed(finder, number, nearly)[0].open for number in range(1, 5))
    assert fed(finder, 5, CALM)[0].open
    (ended,) = fed(finder, 6, CALM)
    assert ended.ended == START + 5 * timedelta(minutes=5)
    assert fed(finder, 7, nearly) == ()


@pytest.mark.parametrize("view", [UNKNOWN, objective()])
def test_what_is_not_counted_is_as_it_was_for_an_hour(view: Pace) -> None:
    finder = Burning("production")
    assert fed(finder, 0, view) == ()
    fed(finder, 1, FAST)
    assert all(fed(finder, number, view)[0].open for number in range(2, 14))
    (lost,) = fed(finder, 14, view)
    assert lost.ended == lost.seen


@pytest.mark.parametrize(
    ("view", "calm"),
    [
        (objective((None, None), (0.5, 0.5), (0.5, 0.5)), True),  # no traffic in five minutes
        (objective((None, None), (0.5, 0.5), (0.5, 0.5), failed={5 * MINUTE}), False),
        (objective((20.0, None), (0.5, 0.5), (0.5, 0.5), failed={5 * MINUTE}), False),
        (objective((0.5, None), (0.5, 0.5), (0.5, 0.5), failed={5 * MINUTE}), True),
        (objective((None, 20.0), (0.5, 0.5), (0.5, 0.5), failed={HOUR}), False),
        (objective((None, 0.5), (0.5, 0.5), (0.5, 0.5), failed={HOUR}), True),
    ],
)
def test_a_window_that_could_not_be_asked_is_calm_only_where_the_other_one_says_so(view: Pace, calm: bool) -> None:  # noqa: FBT001
    finder = Burning("production")
    fed(finder, 0, FAST)
    fed(finder, 1, view)
    assert fed(finder, 2, view)[0].open is not calm


def test_what_is_looked_at_once_a_day_goes_on_from_one_day_to_the_next() -> None:
    finder = Burning("production", every=DAY)
    for day in range(3):
        (found,) = finder.feed(START + timedelta(days=day), [FAST])
        assert (found.open, found.since) == (True, START)


@given(st.lists(st.sampled_from([CALM, FAST, SLOW, UNKNOWN]), max_size=30))
def test_each_event_ends_once_and_the_state_may_be_kept_in_between(views: list[Pace]) -> None:
    finder, kept = Burning("production"), Burning("production")
    live = False
    for number, view in enumerate(views):
        told = fed(finder, number, view)
        assert told == fed(kept, number, view)
        kept = Burning("production", json.loads(json.dumps(kept.dump())))
        over, standing = [not each.open for each in told].count(True), any(each.open for each in told)
        assert over <= int(live)
        assert live is False or over or standing
        live = standing
