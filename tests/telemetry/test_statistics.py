from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bot.telemetry import rows
from bot.telemetry.signals import Floats, Series
from bot.telemetry.statistics import Statistics, describe, describe_rows

NAN, INF = float("nan"), float("inf")
finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
samples = arrays(np.float64, st.integers(1, 60), elements=finite)
NUMBERS = ("minimum", "maximum", "mean", "median", "p95", "p99", "deviation", "variance")


def series(*values: float, step: float = 60.0) -> Series:
    return Series({}, np.arange(len(values), dtype=np.float64) * step, np.array(values, dtype=np.float64))


def numbers(found: Statistics) -> list[float | None]:
    return [getattr(found, name) for name in NUMBERS]


def alike(one: Statistics, other: Statistics) -> bool:
    told, expected = ([NAN if number is None else number for number in numbers(side)] for side in (one, other))
    return bool(np.allclose(told, expected, rtol=1e-9, atol=1e-6, equal_nan=True))


def test_numbers_worked_out_by_hand() -> None:
    found = describe(series(4, 1, 3, 2))
    assert (found.count, found.minimum, found.maximum, found.mean, found.median) == (4, 1, 4, 2.5, 2.5)
    assert found.variance == pytest.approx(5 / 3)
    assert found.deviation == pytest.approx((5 / 3) ** 0.5)
    assert found.p95 == pytest.approx(3.85)  # 0.95 of 3 steps is 2.85: between the third and the fourth
    assert found.p99 == pytest.approx(3.97)
    assert (found.first, found.last, found.minimum_at, found.maximum_at) == (4, 2, 60, 0)


def test_nothing_gives_nothing() -> None:
    for empty in (series(), series(NAN, NAN)):
        found = describe(empty)
        assert found.count == 0
        assert numbers(found) == [None] * 8
        assert (found.first, found.last, found.minimum_at, found.maximum_at) == (None,) * 4


def test_one_sample_has_no_spread() -> None:
    found = describe(series(NAN, 7))
    assert numbers(found) == [7, 7, 7, 7, 7, 7, None, None]
    assert (found.first, found.last, found.minimum_at) == (7, 7, 60)


def test_gaps_and_infinities_are_counted_apart_and_used_for_nothing() -> None:
    found = describe(series(NAN, 1, INF, 3, -INF, NAN))
    assert (found.count, found.missing, found.infinite) == (2, 2, 2)
    assert (found.minimum, found.maximum, found.mean, found.first, found.last) == (1, 3, 2, 1, 3)


def test_equal_numbers_have_no_spread_at_all() -> None:
    found = describe(series(*[0.1] * 1_001))
    assert numbers(found) == [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0, 0]


def test_numbers_near_the_ends_of_what_a_float_holds() -> None:
    found = describe(series(1.7e308, 1.7e308, -1.7e308, 1.5e308))
    assert found.mean == pytest.approx(0.8e308)
    assert found.deviation is not None
    assert np.isfinite(found.deviation)
    assert found.variance == INF
    assert describe(series(5e-324, 5e-324, 0)).maximum == 5e-324


def test_no_rows_and_no_columns() -> None:
    assert len(describe_rows(np.arange(5.0), np.empty((0, 5))).mean) == 0
    assert np.isnan(describe_rows(np.empty(0), np.empty((3, 0))).mean).tolist() == [True] * 3


def test_many_rows_are_worked_on_in_chunks_and_come_out_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CELLS", 64)
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 9))
    values[rng.random(values.shape) < 0.2] = NAN
    times = np.arange(9.0)
    many = describe_rows(times, values)
    for index, one in enumerate(values):
        assert many.row(index) == describe(Series({}, times, one))


@given(samples)
def test_agrees_with_numpy(values: Floats) -> None:
    found = describe(series(*values))
    expected = [values.min(), values.max(), values.mean(), np.median(values), *np.percentile(values, (95, 99))]
    assert numbers(found)[:6] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if len(values) > 1:
        assert found.deviation == pytest.approx(values.std(ddof=1), rel=1e-6, abs=1e-6)


@given(samples, st.randoms())
def test_order_matters_only_to_first_and_last(values: Floats, dice: Random) -> None:
    mixed = list(values)
    dice.shuffle(mixed)
    assert alike(describe(series(*mixed)), describe(series(*values)))


@given(samples, st.integers(-40, 40))
def test_twice_as_large_is_twice_as_large_exactly(values: Floats, power: int) -> None:
    factor = 2.0**power
    was, found = describe(series(*values)), describe(series(*(values * factor)))
    for name in NUMBERS[:7]:
        before = getattr(was, name)
        assert getattr(found, name) == (None if before is None else before * factor)


@given(samples, finite)
def test_a_shift_moves_the_level_and_leaves_the_spread(values: Floats, by: float) -> None:
    was, found = describe(series(*values)), describe(series(*(values + by)))
    assert found.median == pytest.approx((was.median or 0) + by, abs=1e-6)
    assert found.deviation == (None if was.deviation is None else pytest.approx(was.deviation, rel=1e-6, abs=1e-6))


@given(samples, st.lists(st.integers(0, 60), max_size=10))
def test_gaps_change_nothing_but_their_count(values: Floats, places: list[int]) -> None:
    holed = np.insert(values, [min(place, len(values)) for place in places], NAN)
    was, found = describe(series(*values)), describe(series(*holed))
    assert (found.count, found.missing) == (was.count, len(places))
    assert alike(found, was)
    assert (found.first, found.last) == (was.first, was.last)
