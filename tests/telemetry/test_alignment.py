from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.telemetry.alignment import MOMENTS, same_hours, smooth, together, without_rhythm
from bot.telemetry.comparison import compare
from bot.telemetry.signals import Floats, Series, Window

NAN = float("nan")
WEEK = 7 * 86_400.0


def series(times: list[float] | Floats, values: list[float] | Floats) -> Series:
    return Series({}, np.array(times, dtype=np.float64), np.array(values, dtype=np.float64))


def test_the_same_hours_are_those_on_the_wall() -> None:
    # In Berlin the clocks went forward on 29 March 2026: ten o'clock was an hour later in UTC the week before.
    window = Window(datetime(2026, 4, 1, 8, tzinfo=UTC), datetime(2026, 4, 1, 9, tzinfo=UTC))
    assert same_hours(window, UTC) == window.shifted(-WEEK)
    assert same_hours(window, ZoneInfo("Europe/Berlin")) == window.shifted(-WEEK + 3_600)
    assert same_hours(window, UTC, days=14).start == window.start - timedelta(weeks=2)


def test_series_meet_on_the_coarser_grid() -> None:
    times, rows = together((series([0, 30, 60, 90, 120, 150], [1, 3, 5, 7, 9, 11]), series([0, 60, 120], [10, 20, 30])))
    assert times.tolist() == [0, 60, 120]
    assert rows.tolist() == [[1, 4, 8], [10, 20, 30]]


def test_a_gap_is_no_zero() -> None:
    times, rows = together((series([0, 60, 120, 180], [1, 2, NAN, 4]), series([0, 60, 120, 180], [1, 2, 3, 4])))
    assert len(times) == 4
    assert np.isnan(rows[0]).tolist() == [False, False, True, False]


def test_series_that_never_meet_give_nothing() -> None:
    apart = (series([0, 60], [1, 2]), series([600, 660], [1, 2]))
    for none in (apart, (series([], []), series([0, 60], [1, 2])), (), (series([5, 5], [1, 2]),) * 2):
        assert not len(together(none)[0])


def test_ten_years_of_seconds_stay_small() -> None:
    times, _ = together((series([0, 1, 2, 3.2e8], [1, 2, 3, 4]),) * 2)
    assert len(times) <= MOMENTS + 1


def test_a_course_is_smooth_and_no_spike_bends_it() -> None:
    times = np.arange(300.0)
    values = times * 0.1
    values[150] = 1e6
    assert smooth(times, values, times)[20:-20] == pytest.approx(times[20:-20] * 0.1, abs=1.0)


def test_what_rises_every_morning_hides_no_difference() -> None:
    dice, times = np.random.default_rng(1), np.arange(0, 86_400, 300.0)
    rhythm = 100 + 60 * np.sin(times / 86_400 * 2 * np.pi)
    before = series(times, rhythm + dice.normal(size=len(times)))
    after = series(times + WEEK, rhythm + 4 + dice.normal(size=len(times)))
    assert compare(before, after).change == "unclear"
    plain = compare(*without_rhythm(before, after, WEEK))
    assert plain.change == "higher"
    assert plain.difference == pytest.approx(4, abs=0.5)


def test_nothing_in_common_has_no_rhythm() -> None:
    before, after = without_rhythm(series([], []), series([0, 60], [1, 2]), WEEK)
    assert (len(before), len(after)) == (0, 0)
