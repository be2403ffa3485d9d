from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput, Tampered
from bot.telemetry.rows import Mask
from bot.telemetry.signals import Floats
from bot.watch.detecting import SENSITIVITY, Bank, Kind, Verdict, surprise_for
from tests.watch.detecting.series import DAY, MONDAY, drawn, events, healthy

MEDIUM = surprise_for(SENSITIVITY["medium"], 60.0)
NAN = float("nan")


def fed(bank: Bank, values: Floats, begin: int = 0) -> list[Verdict]:
    """The verdicts on the columns of `values`, which begin `begin` minutes after Monday 00:00."""
    return [bank.feed(MONDAY + 60.0 * (begin + at), column) for at, column in enumerate(values.T)]


def told(values: Floats) -> list[Verdict]:
    return fed(Bank(1, 60.0), values[np.newaxis])


def scores(verdicts: list[Verdict]) -> Floats:
    return np.array([one.score for one in verdicts], dtype=np.float64).T


def seen(verdicts: list[Verdict], begin: int, end: int) -> set[Kind]:
    """What was told of these columns above the medium threshold."""
    return {Kind(int(one.kind[0])) for one in verdicts[begin:end] if one.score[0] >= MEDIUM}


def noise(count: int, seed: int = 1, level: float = 100.0, size: float = 2.0) -> Floats:
    return np.asarray(level + size * np.random.default_rng(seed).normal(size=count))


wild = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from((0.0, 1.0, 100.0, NAN)))


@settings(max_examples=25, deadline=None)
@given(st.lists(wild, min_size=40, max_size=120), st.integers(1, 39))
def test_the_scores_of_a_beginning_are_the_beginning_of_the_scores(values: list[float], kept: int) -> None:
    whole = np.array(values)
    assert np.array_equal(scores(told(whole))[:, :kept], scores(told(whole[:kept])))


@settings(max_examples=25, deadline=None)
@given(st.lists(wild, min_size=1, max_size=150))
def test_whatever_comes_scores_are_numbers_and_bands_have_two_sides(values: list[float]) -> None:
    for one in told(np.array(values)):
        assert np.isfinite(one.score).all()
        assert (one.score >= 0).all()
        assert (one.low <= one.expected).all()
        assert (one.expected <= one.high).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 399), st.sampled_from((60.0, 300.0, 3_600.0, 100_000.0)))
def test_what_was_stored_goes_on_as_if_nothing_had_been(seed: int, cut: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 10.0, (3, 400))
    values[rng.random(values.shape) < 0.05] = NAN
    straight, first = Bank(3, step), Bank(3, step)
    for at in range(cut):
        straight.feed(MONDAY + step * at, values[:, at])
        first.feed(MONDAY + step * at, values[:, at])
    again = Bank.load(first.dump())
    assert (again.rows, again.step) == (3, step)
    for at in range(cut, 400):
        ours, theirs = (bank.feed(MONDAY + step * at, values[:, at]) for bank in (straight, again))
        assert np.array_equal(ours.score, theirs.score)
        assert np.array_equal(ours.high, theirs.high)


def test_a_series_is_remembered_in_two_kilobytes() -> None:
    bank = Bank(100, 60.0)
    fed(bank, healthy(100, DAY))
    assert len(bank.dump()) < 100 * 2_048


@pytest.mark.parametrize(
    "spoil", [lambda _: b"", lambda b: b[:-1], lambda b: b"x" + b[1:], lambda b: b[:-1] + bytes([b[-1] ^ 1])]
)
def test_a_damaged_record_is_refused_with_what_to_do(spoil: object) -> None:
    bank = Bank(2, 60.0)
    fed(bank, healthy(2, 50))
    with pytest.raises(Tampered) as raised:
        Bank.load(spoil(bank.dump()))  # type: ignore[operator]
    assert raised.value.mend


def test_a_record_of_another_version_is_refused() -> None:
    blob = bytearray(Bank(2, 60.0).dump())
    blob[4] += 1
    with pytest.raises(Tampered, match="version"):
        Bank.load(bytes(blob))


def test_series_come_go_and_change_places() -> None:
    values = healthy(3, 400)
    bank = Bank(3, 60.0)
    fed(bank, values[:, :300])
    alone = Bank(1, 60.0)
    fed(alone, values[1:2, :300])
    taken = bank.take(np.array([2, -1, 1]))
    columns = np.stack([values[2], values[0], values[1]])[:, 300:]
    after, apart = fed(taken, columns, 300), fed(alone, values[1:2, 300:], 300)
    assert np.array_equal(scores(after)[2], scores(apart)[0])
    assert [one.judged[1] for one in after] == [at >= 30 for at in range(100)]
    assert all(one.judged[[0, 2]].all() for one in after)
    assert bank.take(np.array([], dtype=np.int64)).rows == 0


@pytest.mark.parametrize("row", [3, -2])
def test_a_row_that_is_not_there_cannot_be_taken(row: int) -> None:
    with pytest.raises(InvalidInput, match=str(row)):
        Bank(3, 60.0).take(np.array([0, row]))


def test_nonsense_is_refused() -> None:
    for step in (0.0, -1.0, NAN, float("inf")):
        with pytest.raises(InvalidInput):
            Bank(1, step)
    with pytest.raises(InvalidInput):
        Bank(2, 60.0).feed(MONDAY, np.zeros(3))
    with pytest.raises(InvalidInput):
        surprise_for(0.0, 60.0)


def test_a_threshold_is_what_chance_passes_so_often() -> None:
    assert surprise_for(1.44, 60.0) == pytest.approx(3.0)
    assert surprise_for(1e9, 60.0) == 0.0
    low, medium, high = (surprise_for(SENSITIVITY[name], 60.0) for name in ("low", "medium", "high"))
    assert low > medium > high


def test_a_row_says_the_same_whoever_stands_beside_it() -> None:
    values = healthy(4, 500)
    together = scores(fed(Bank(4, 60.0), values))
    for row in range(4):
        assert np.array_equal(together[row], scores(told(values[row]))[0])


def test_many_columns_at_once_are_scored_as_one_by_one() -> None:
    values = healthy(3, 300)
    values[1, 100:110] = NAN
    values[2, 250] *= 5.0
    one_by_one, at_once = Bank(3, 60.0), Bank(3, 60.0)
    expected = scores(fed(one_by_one, values))
    assert np.array_equal(at_once.run(MONDAY + 60.0 * np.arange(300, dtype=np.float64), values), expected)
    assert at_once.dump() == one_by_one.dump()
    assert expected[2, 250] >= MEDIUM


def test_a_spike_and_a_dip_are_found_with_their_direction() -> None:
    values = noise(500)
    values[300], values[400] = 150.0, 50.0
    verdicts = told(values)
    assert seen(verdicts, 300, 301) == seen(verdicts, 400, 401) == {Kind.spike}
    assert (verdicts[300].direction[0], verdicts[400].direction[0]) == (1, -1)
    assert not seen(verdicts, 30, 300)
    assert 85 < verdicts[300].low[0] < verdicts[300].expected[0] < verdicts[300].high[0] < 115


def test_a_new_level_stays_unusual_for_a_while_and_then_is_the_usual_one() -> None:
    values = noise(900)
    values[500:] += 40.0
    verdicts = told(values)
    assert all(one.score[0] >= MEDIUM for one in verdicts[500:550])
    assert Kind.level in seen(verdicts, 503, 510)
    assert all(one.expected[0] < 110 for one in verdicts[500:550])
    assert not seen(verdicts, 750, 900)
    assert verdicts[-1].expected[0] == pytest.approx(140.0, abs=4.0)


def test_a_small_lasting_shift_that_no_sample_shows_is_found() -> None:
    values = noise(1_000)
    values[800:] += 6.0
    assert seen(told(values), 800, 840) & {Kind.level, Kind.trend}


def test_a_drift_that_each_step_hides_is_found() -> None:
    values = noise(1_500, size=3.0)
    values[1_200:] += np.minimum(np.arange(300) * 0.5, 15.0)
    verdicts = told(values)
    assert Kind.trend in seen(verdicts, 1_200, 1_260)
    assert not seen(verdicts, 30, 1_200)


def test_noise_that_grows_is_found() -> None:
    values = noise(1_500)
    values[1_200:1_260] = noise(60, seed=2, size=8.0)
    verdicts = told(values)
    assert seen(verdicts, 1_200, 1_260)
    assert Kind.variance in {int(one.kind[0]) for one in verdicts[1_200:1_260]}
    assert not seen(verdicts, 30, 1_200)


def test_a_series_that_stops_moving_is_found() -> None:
    values = noise(600)
    values[500:560] = values[499]
    verdicts = told(values)
    assert seen(verdicts, 505, 560) == {Kind.flat}


def test_a_dip_to_nothing_below_a_daily_rhythm_is_found_and_the_rhythm_is_not() -> None:
    minute = np.arange(5 * DAY)
    values = 100.0 + 60.0 * np.sin(2 * np.pi * minute / DAY) + noise(len(minute), level=0.0)
    values[4 * DAY + 300 : 4 * DAY + 310] = 20.0
    verdicts = told(values)
    assert seen(verdicts, 4 * DAY + 300, 4 * DAY + 310)
    assert not seen(verdicts, 2 * DAY, 4 * DAY + 300)


def test_a_level_that_is_usual_at_another_time_of_the_day_is_found() -> None:
    minute = np.arange(5 * DAY)
    values = np.where(minute % DAY < DAY // 2, 100.0, 200.0) + noise(len(minute), level=0.0)
    values[4 * DAY + 200 : 4 * DAY + 260] += 100.0
    verdicts = told(values)
    assert verdicts[4 * DAY + 202].score[0] >= MEDIUM


def test_healthy_series_are_left_alone() -> None:
    above: Mask = scores(fed(Bank(64, 60.0), healthy(64, 3 * DAY, seed=3))) >= MEDIUM
    twice = above[:, 2:].astype(int) + above[:, 1:-1] + above[:, :-2] >= 2
    assert sum(len(events(row)) for row in twice) <= 1


def test_a_short_series_is_not_judged() -> None:
    verdicts = told(np.r_[noise(29), 1e6])
    assert not any(one.judged[0] or one.score[0] for one in verdicts)


def test_a_sample_that_is_not_there_says_and_teaches_nothing() -> None:
    values = noise(400)
    holed = values.copy()
    for hole in (NAN, float("inf"), -float("inf"), 1e300):
        holed[200:260] = hole
        verdicts = told(holed)
        assert not any(one.score[0] for one in verdicts[200:260])
        assert not seen(verdicts, 260, 400)
        assert verdicts[260].expected[0] == pytest.approx(100.0, abs=4.0)


@pytest.mark.parametrize("level", [0.0, 42.0, -1e6, 1e12])
def test_a_constant_series_is_never_unusual_until_it_leaves_the_tolerance(level: float) -> None:
    values = np.full(600, level)
    values[400] = level * 1.01
    values[500:] = level * 1.5 + 5.0
    verdicts = told(values)
    assert not seen(verdicts, 0, 500)
    assert seen(verdicts, 500, 505)


def test_rare_counts_are_usual_and_a_burst_of_them_is_not() -> None:
    values = np.random.default_rng(5).poisson(0.05, 4_000).astype(np.float64)
    values[3_500:3_505] = 9.0
    verdicts = told(values)
    assert seen(verdicts, 3_500, 3_505)
    assert sum(one.score[0] >= MEDIUM for one in verdicts[1_000:3_500]) <= 2


def test_what_was_put_into_series_of_production_is_found_and_little_else() -> None:
    """A threshold from six days of other series would do as well: this is the medium one."""
    drawings = [drawn(seed) for seed in range(24)]
    found = scores(fed(Bank(24, 60.0), np.array([one.values for one in drawings]))) >= MEDIUM
    hits = misses = alarms = 0
    for one, row in zip(drawings, found, strict=True):
        near = one.wrong.copy()
        for begin, end in events(one.wrong):
            near[begin : end + 10] = True
            hits += int(row[begin:end].any())
            misses += int(not row[begin:end].any())
        alarms += len(events(row & ~near & (np.arange(len(row)) >= 7 * DAY), apart=10))
    assert hits / (hits + misses) > 0.7
    assert hits / (hits + alarms) > 0.7
