from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.slo import (
    DAY,
    RULES,
    WINDOWS,
    Burn,
    Counted,
    Objective,
    budget,
    burn_rate,
    burns,
    good,
    phrase,
    runs_out,
)

NAN, INF = float("nan"), float("inf")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
THREE_NINES = Objective(0.999)


def test_a_budget_by_hand() -> None:
    found = budget(THREE_NINES, Counted(999_500, 1_000_000))
    assert found is not None
    assert found.met
    assert found.attainment == pytest.approx(0.9995)
    assert (found.allowed.events, found.used.events, found.left.events) == pytest.approx((1_000, 500, 500))
    assert (found.allowed.minutes, found.used.minutes, found.left.minutes) == pytest.approx((43.2, 21.6, 21.6))
    said = "met: 99.95 % of 99.9 % over 30 days; 50 % of the error budget is left (21.6 min)"
    assert phrase(THREE_NINES, found) == said


def test_too_many_errors_leave_less_than_nothing() -> None:
    found = budget(THREE_NINES, Counted(99, 100))
    assert found is not None
    assert not found.met
    assert found.left.share == pytest.approx(-9)
    assert phrase(THREE_NINES, found) == "missed: 99 % of 99.9 % over 30 days; 10 times the error budget is used"
    assert runs_out(found, 1.0, NOW) == NOW


def test_exactly_what_was_promised_is_met_and_nothing_is_left() -> None:
    found = budget(THREE_NINES, Counted(9_990, 10_000))
    assert found is not None
    assert found.met
    assert found.left.share == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("counted", [Counted(0, 0), Counted(NAN, 10), Counted(5, NAN), Counted(0, INF), Counted(0, -1)])
def test_without_traffic_nothing_is_defined(counted: Counted) -> None:
    assert budget(THREE_NINES, counted) is None
    assert burn_rate(THREE_NINES, counted) is None
    assert phrase(THREE_NINES, None) == "no traffic in 30 days: neither attainment nor budget is defined"


def test_more_good_events_than_there_are_is_all_good() -> None:
    assert Counted(1_000.02, 1_000).bad_share == 0
    assert Counted(-1, 1_000).bad_share == 1


@pytest.mark.parametrize("target", [0.0, 1.0, 99.9, -1.0, NAN])
def test_a_target_without_a_budget_is_refused(target: float) -> None:
    with pytest.raises(InvalidInput, match="leaves no budget"):
        Objective(target)


@pytest.mark.parametrize("seconds", [0.0, -5.0, INF, NAN])
def test_a_window_without_a_length_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="is no window"):
        Objective(0.99, seconds)


def test_burn_rates_by_hand() -> None:
    assert burn_rate(THREE_NINES, Counted(999, 1_000)) == pytest.approx(1.0)
    assert burn_rate(THREE_NINES, Counted(9_856, 10_000)) == pytest.approx(14.4)
    assert burn_rate(THREE_NINES, Counted(10, 10)) == 0


def test_a_page_needs_both_windows() -> None:
    bad, fine = Counted(980, 1_000), Counted(1_000, 1_000)
    page, slow, ticket = burns(THREE_NINES, dict.fromkeys(WINDOWS, bad))
    assert page.firing
    assert slow.firing
    assert ticket.firing
    recovered = burns(THREE_NINES, dict.fromkeys(WINDOWS, bad) | {300.0: fine})
    assert [one.firing for one in recovered] == [False, True, True]
    starting = burns(THREE_NINES, dict.fromkeys(WINDOWS, fine) | {300.0: bad})
    assert not any(one.firing for one in starting)


def test_a_window_without_traffic_fires_nothing() -> None:
    assert burns(THREE_NINES, {}) == tuple(Burn(rule, None, None) for rule in RULES)
    assert not any(one.firing for one in burns(THREE_NINES, {}))


def test_the_rules_are_the_usual_ones() -> None:
    told = [(rule.long / 3_600, rule.short / 60, rule.factor) for rule in RULES]
    assert told == [(1, 5, 14.4), (6, 30, 6.0), (72, 360, 1.0)]
    # 14.4 for an hour is a fiftieth of the budget of 30 days, 6 for six hours a twentieth, 1 for three days a tenth.
    spent = [rule.factor * rule.long / (30 * DAY) for rule in RULES]
    assert spent == pytest.approx([0.02, 0.05, 0.1])


def test_when_the_budget_runs_out() -> None:
    found = budget(THREE_NINES, Counted(9_995, 10_000))
    assert found is not None
    assert runs_out(found, 3.0, NOW) == NOW + timedelta(days=5)  # half of 30 days, three times as fast
    assert runs_out(found, 0.0, NOW) is None
    assert runs_out(found, None, NOW) is None
    assert runs_out(found, 1e-12, NOW) is None


def test_a_share_near_one_is_never_rounded_up_to_it() -> None:
    told = {0.999: "99.9 %", 0.99999: "99.999 %", 0.99996: "99.996 %", 1.0: "100 %", 0.5: "50 %", 0.0: "0 %"}
    assert {share: good(share) for share in told} == told
    assert good(1 - 1e-12) == "99.999999 %"


@given(st.floats(0.5, 0.9999), st.integers(0, 10**6), st.integers(1, 10**6))
def test_what_was_used_and_what_is_left_make_the_whole(target: float, bad: int, fine: int) -> None:
    objective = Objective(target)
    found = budget(objective, Counted(fine, fine + bad))
    assert found is not None
    assert found.used.events + found.left.events == pytest.approx(found.allowed.events)
    assert found.used.events == pytest.approx(bad, abs=1e-3)
    assert found.met == (found.left.share >= 0)
    assert burn_rate(objective, Counted(fine, fine + bad)) == pytest.approx(found.used.share)
