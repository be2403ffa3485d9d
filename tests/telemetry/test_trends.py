from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bot.telemetry import rows
from bot.telemetry.signals import Floats, Series
from bot.telemetry.trends import Trend, length, percent, phrase, trend, trend_rows
from tests.telemetry.test_rows import wandering

NAN = float("nan")
levels = arrays(np.float64, st.integers(2, 50), elements=st.integers(-1_000, 1_000).map(float))


def of(*values: float, step: float = 60.0) -> Trend:
    return trend(Series({}, at(len(values), step), np.array(values, dtype=np.float64)))


def at(count: int, step: float = 60.0) -> Floats:
    return np.arange(count, dtype=np.float64) * step


def test_a_line_by_hand() -> None:
    found = of(*np.linspace(100, 118, 61))
    assert found.direction == "rising"
    assert found.change == pytest.approx(0.18)
    assert found.per_hour == pytest.approx(18.0)
    assert (found.count, found.seconds) == (61, 3_600)
    assert phrase(found) == "rising, +18 % over the hour"


def test_kendalls_chance_by_hand() -> None:
    # All 15 pairs of 6 in order: z = 14 / √(6·5·17/18) = 2.630
    assert of(1, 2, 3, 4, 5, 6).p == pytest.approx(0.008535, rel=1e-3)
    # One pair of ties: the variance loses 2·1·9/18 = 1, and the score 1.
    assert of(1, 2, 3, 3, 5, 6).p == pytest.approx(float(rows.two_sided(np.array([13 / (28.3333333 - 1) ** 0.5]))[0]))


def test_latency_that_doubles_is_no_stable_one() -> None:
    found = of(*np.linspace(0.100, 0.218, 60))
    assert found.direction == "rising"
    assert found.change == pytest.approx(1.18)


def test_flat_memory_with_a_little_noise_is_stable() -> None:
    noise = np.random.default_rng(1).normal(size=60)
    assert of(*(8e9 * (1 + 1e-4 * noise))).direction == "stable"
    creep = 8e9 * (1 + 1e-5 * noise + np.linspace(0, 0.005, 60))
    assert of(*creep).p == pytest.approx(0, abs=1e-9)
    assert of(*creep).direction == "stable"  # certain, and half a percent


def test_too_few_samples_are_insufficient() -> None:
    for values in ((), (1,), (1, 2), (1, 2, 3, 4, 5), (NAN, NAN, 3)):
        found = of(*values)
        assert found.direction == "insufficient"
        assert phrase(found) == "too few samples to tell a trend"
    assert of(5, 5, 5).direction == "stable"


def test_a_constant_is_stable_and_zero_too() -> None:
    for value in (0.0, 0.1, -7.0):
        found = of(*[value] * 40)
        assert (found.direction, found.change, found.per_hour) == ("stable", 0, 0)


def test_noise_around_zero_is_stable() -> None:
    noise = np.random.default_rng(4).normal(size=(200, 60))
    found = trend_rows(at(60), noise)
    assert (found.direction == 0).mean() > 0.97
    assert np.abs(found.change).max() < 10


def test_falling_to_nothing_and_rising_from_it() -> None:
    assert phrase(of(*np.linspace(100, 0, 61))) == "falling, \u2212100 % over the hour"
    found = of(*np.linspace(0, 100, 61))
    assert found.direction == "rising"
    assert 10 < (found.change or 0) < 25


def test_time_counts_and_not_the_place_in_the_array() -> None:
    times = np.array([0, 60, 120, 180, 240, 300, 3_600.0, 7_200])
    found = trend(Series({}, times, 10 + times / 3_600))
    assert found.per_hour == pytest.approx(1.0)
    assert found.change == pytest.approx(0.2)


def test_a_few_spikes_make_no_trend() -> None:
    values = 10 + np.random.default_rng(5).normal(size=240) * 0.1
    values[[200, 210, 220, 230]] = 1_000
    assert of(*values).direction == "stable"


def test_a_step_in_the_middle_is_a_rise() -> None:
    values = 10 + np.random.default_rng(6).normal(size=240) * 0.2
    values[120:] += 5
    assert of(*values).direction == "rising"


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_noise_that_wanders_is_seldom_called_a_trend(memory: float) -> None:
    noise = wandering(np.random.default_rng(7), memory, 1_000, 480)
    assert (trend_rows(at(480), noise + 100).p < 0.01).mean() < 0.025


@given(levels, st.integers(-20, 20))
def test_the_unit_does_not_matter(values: Floats, power: int) -> None:
    was, found = of(*values), of(*(values * 2.0**power))
    assert (found.direction, found.change, found.p) == (was.direction, was.change, was.p)
    assert found.per_hour == pytest.approx((was.per_hour or 0) * 2.0**power)


@given(levels)
def test_upside_down_falls_what_rose(values: Floats) -> None:
    was, found = of(*values), of(*-values)
    turned = {"rising": "falling", "falling": "rising"}
    assert found.direction == turned.get(was.direction, was.direction)
    assert found.p == pytest.approx(was.p)


@given(levels.filter(lambda values: len(values) < 32), st.integers(0, 31))
def test_a_gap_changes_nothing_but_who_is_whose_neighbour(values: Floats, place: int) -> None:
    times = at(len(values))
    where = min(place, len(values) - 1)
    holed = Series({}, np.insert(times, where, times[where]), np.insert(values, where, NAN))
    was, found = trend(Series({}, times, values)), trend(holed)
    assert (found.change, found.per_hour, found.count, found.seconds) == (
        was.change,
        was.per_hour,
        was.count,
        was.seconds,
    )


@given(levels, st.integers(0, 10**9))
def test_when_it_was_does_not_matter(values: Floats, later: int) -> None:
    times = at(len(values))
    was, found = trend(Series({}, times, values)), trend(Series({}, times + later, values))
    assert found.direction == was.direction
    assert found.change == pytest.approx(was.change)


def test_no_rows_and_no_columns() -> None:
    assert len(trend_rows(np.arange(5.0), np.empty((0, 5))).p) == 0
    assert trend_rows(np.empty(0), np.empty((2, 0))).direction.tolist() == [3, 3]


def test_lengths_and_shares_as_one_says_them() -> None:
    told = {59.5 * 60: "1 hour", 90 * 60: "90 minutes", 86_400: "1 day", 30: "30 seconds", 7 * 86_400: "1 week"}
    assert {seconds: length(seconds) for seconds in told} == told
    assert [percent(share) for share in (0.18, -0.004, 0.0, 12.0, 0.096)] == [
        "+18 %",
        "\u22120.4 %",
        "+0 %",
        "+1,200 %",
        "+9.6 %",
    ]
