from __future__ import annotations

from datetime import timedelta

import pytest

from bot.memory.patterns import MOST, Outcome, Past, Pattern, recommended
from tests.conftest import START

HOUR = timedelta(hours=1)


def past(action: str, outcome: Outcome = Outcome.HELPED, alike: float = 0.8, hours: float = 1) -> Past:
    return Past(action, outcome, alike, START - hours * HOUR)


def test_that_no_error_came_is_nothing_to_learn_from() -> None:
    assert not Pattern("checkout slow", "restart", Outcome.UNKNOWN).worth_learning
    assert Pattern("checkout slow", "restart", Outcome.CONFIRMED).worth_learning
    assert Pattern("checkout slow", "restart", Outcome.FAILED).worth_learning
    assert not Pattern(" ", "restart", Outcome.CONFIRMED).worth_learning


def test_a_recommendation_says_when_things_were_alike() -> None:
    (found,) = recommended([past("restart checkout", hours=2)], START)
    assert found.action == "restart checkout"
    assert found.reason == "Based on a similar situation on 2026-03-18 13:30 UTC"
    assert found.source == "historical_pattern"
    assert 0 < found.confidence < 0.8


def test_the_same_action_is_recommended_once_however_it_is_written() -> None:
    assert len(recommended([past("Restart  checkout"), past("restart checkout")], START)) == 1


def test_what_worked_more_often_is_surer() -> None:
    once = recommended([past("a")], START)[0].confidence
    often = recommended([past("a", hours=n) for n in range(1, 6)], START)[0].confidence
    mixed = recommended([past("a"), past("a", Outcome.FAILED), past("a", Outcome.DID_NOT_HELP)], START)[0].confidence
    assert mixed < once < often


def test_what_only_ever_failed_is_not_recommended() -> None:
    assert recommended([past("a", Outcome.FAILED), past("b", Outcome.DID_NOT_HELP)], START) == []


@pytest.mark.parametrize("alike", [0.0, 0.1])
def test_another_situation_says_nothing(alike: float) -> None:
    assert recommended([past("a", alike=alike)], START) == []


def test_five_at_most_the_surest_first() -> None:
    found = recommended([past(f"action {n}", alike=0.2 + n / 20) for n in range(12)], START)
    assert len(found) == MOST
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    assert found[0].action == "action 11"


def test_what_is_long_ago_counts_less() -> None:
    new, old = (recommended([past("a", hours=each)], START)[0].confidence for each in (1, 24 * 365))
    assert old < new
