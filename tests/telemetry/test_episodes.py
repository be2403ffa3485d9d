from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.episodes import Baseline, earlier, find, onset, rhythm
from bot.telemetry.signals import Floats, Series
from tests.telemetry.test_rows import wandering

NAN = float("nan")
STEP = 30.0
WEEK = 7 * 86_400.0


def series(values: Floats | list[float], start: float = 0.0) -> Series:
    numbers = np.array(values, dtype=np.float64)
    return Series({}, start + np.arange(len(numbers), dtype=np.float64) * STEP, numbers)


def noise(seed: int, count: int = 120) -> Floats:
    return np.random.default_rng(seed).normal(size=count)


def split(values: Floats, at: int) -> tuple[Series, Series]:
    """The part that is judged, and what was before."""
    return series(values[at:], at * STEP), series(values[:at])


def test_a_baseline_by_hand() -> None:
    # Median 5, absolute distances 4 3 2 1 0 1 2 3 4 (each 4 times): their median is 2.
    found = earlier(series([0], 1e6), series([1.0, 2, 3, 4, 5, 6, 7, 8, 9] * 4))
    assert found.expected.tolist() == [5]
    assert found.above == found.below == pytest.approx(max(1.4826 * 2, 3 / 0.8416))
    assert found.count == 36


def test_a_run_is_one_episode_with_its_peak() -> None:
    values = 100 + noise(1, 240)
    values[180:200] = 150
    values[186], values[190], values[193] = 101, NAN, 160
    found = find(split(values, 120)[0], earlier(*split(values, 120)))
    assert found.judged
    (one,) = found.episodes
    assert (one.start, one.end, one.peak_at, one.peak) == (180 * STEP, 199 * STEP, 193 * STEP, 160)
    assert one.direction == "high"
    assert one.samples == 18
    assert one.relative == pytest.approx(0.6, abs=0.01)
    assert one.size > 20
    assert one == found.worst


def test_a_fall_is_an_episode_too_and_the_two_do_not_mix() -> None:
    values = 100 + noise(2, 240)
    values[150:155], values[155:160] = 130, 70
    found = find(split(values, 120)[0], earlier(*split(values, 120)))
    assert [(one.direction, one.samples) for one in found.episodes] == [("high", 5), ("low", 5)]


def test_a_short_baseline_judges_nothing() -> None:
    judged, before = split(noise(3, 60), 29)
    found = find(judged, earlier(judged, before))
    assert (found.judged, found.episodes, found.worst) == (False, (), None)
    assert find(judged).judged is False


def test_what_is_judged_is_no_part_of_its_baseline() -> None:
    whole = series(np.concatenate((np.full(40, 1.0), np.full(40, 9.0))))
    judged = series([9.0] * 40, 40 * STEP)
    assert earlier(judged, whole).count == 40
    assert find(judged, earlier(judged, whole)).worst is not None


def test_a_sixth_of_the_baseline_may_be_bad_itself() -> None:
    values = 100 + noise(4, 240)
    values[100:180] = 150  # began twenty samples before the window
    found = find(split(values, 120)[0], earlier(*split(values, 120)))
    assert found.worst is not None
    assert (found.worst.start, found.worst.end) == (120 * STEP, 179 * STEP)


def test_a_constant_baseline_flags_only_beyond_tolerance() -> None:
    before = series([100.0] * 60)
    for value, flagged in ((100.0, False), (102.0, False), (104.0, True)):
        judged = series([value] * 10, 1e6)
        assert bool(find(judged, earlier(judged, before)).episodes) is flagged
    quiet = series([0.0] * 60)
    judged = series([0.0, 0, 5, 5, 0], 1e6)
    (one,) = find(judged, earlier(judged, quiet)).episodes
    assert one.relative is None
    assert one.size == 1_000  # all that is counted


def test_a_single_sample_must_be_far_out() -> None:
    values = noise(5, 240) * 0.5
    values[160] = 2.4
    assert not find(split(values, 120)[0], earlier(*split(values, 120))).episodes
    values[160] = 24
    assert len(find(split(values, 120)[0], earlier(*split(values, 120))).episodes) == 1


def test_a_long_gap_ends_an_episode() -> None:
    judged = Series({}, np.array([0, 30, 60, 90, 3_600, 3_630.0]), np.array([9, 9, 9, 9, 9, 9.0]))
    found = find(judged, Baseline(np.zeros(6), 1.0, 1.0, 40))
    assert [one.samples for one in found.episodes] == [4, 2]


def test_what_happens_every_week_is_not_unusual() -> None:
    shape = 100 + 80 * np.clip(np.sin(np.arange(240) / 40), 0, 1)
    last_week = series(shape + noise(6, 240), -WEEK)
    before = series(np.full(60, 100.0) + noise(7, 60), -60 * STEP)
    judged = series(shape + noise(8, 240))
    usual = rhythm(judged, last_week, WEEK)
    assert find(judged, earlier(judged, before)).episodes
    assert not find(judged, earlier(judged, before), usual).episodes
    judged.values[100:110] += 60
    found = find(judged, earlier(judged, before), usual)
    assert [one.samples for one in found.episodes] == [10]
    assert find(judged, earlier(judged, before), rhythm(judged, series([]), WEEK)).episodes


def test_an_empty_series_has_no_episodes() -> None:
    for values in ([], [NAN, NAN]):
        judged = series(values, 1e6)
        assert find(judged, earlier(judged, series(noise(9)))).episodes == ()


def test_noise_alone_has_hardly_any_episodes() -> None:
    many = [find(split(noise(seed, 240), 120)[0], earlier(*split(noise(seed, 240), 120))) for seed in range(200)]
    assert sum(len(found.episodes) for found in many) <= 10


def test_since_when_finds_the_step() -> None:
    values = 100 + noise(10, 120)
    values[80:] += 6
    found = onset(series(values))
    assert found is not None
    assert abs(found.at - 80 * STEP) <= STEP
    assert found.before == pytest.approx(100, abs=1)
    assert found.after == pytest.approx(106, abs=1)
    assert found.p < 1e-6


def test_since_when_looks_only_until_the_peak() -> None:
    values = 100 + noise(11, 180)
    values[60:75] += 10
    found = onset(series(values), until=74 * STEP)
    assert found is not None
    assert found.at == 60 * STEP


def test_there_is_no_since_when_where_nothing_happened() -> None:
    for values in ([], [1.0] * 50, [1.0, 2, 3], [NAN] * 30):
        assert onset(series(values)) is None
    spike = noise(12)
    spike[-1] = 1e6
    assert onset(series(spike)) is None
    assert sum(onset(series(noise(seed))) is not None for seed in range(300)) <= 6


def test_a_clean_step_without_noise() -> None:
    found = onset(series([1.0] * 20 + [2.0] * 10))
    assert found is not None
    assert (found.at, found.before, found.after) == (20 * STEP, 1, 2)


def test_noise_that_wanders_seldom_has_a_since_when() -> None:
    many = wandering(np.random.default_rng(13), 0.5, 300, 120)
    assert sum(onset(series(values)) is not None for values in many) <= 18


@given(st.integers(0, 50), st.integers(-20, 20))
def test_the_unit_does_not_matter(seed: int, power: int) -> None:
    values = 100 + noise(seed, 150)
    values[100:110] += 20
    factor = 2.0**power
    was = find(split(values, 75)[0], earlier(*split(values, 75)))
    found = find(split(values * factor, 75)[0], earlier(*split(values * factor, 75)))
    assert [(one.start, one.end, one.size, one.relative) for one in found.episodes] == [
        (one.start, one.end, one.size, one.relative) for one in was.episodes
    ]
    since = onset(series(values)), onset(series(values * factor))
    assert (since[0] and since[0].at) == (since[1] and since[1].at)


def test_a_step_of_tiny_values_is_a_step_too() -> None:
    times = np.arange(120.0) * 30.0
    values = np.where(times < 1_800, 1e-300, 3e-300) * (1 + 0.01 * np.sin(times))
    found = onset(Series({}, times, values))
    assert found is not None
    assert found.at == 1_800.0
