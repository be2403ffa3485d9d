"""The axes, the places of labels and of services: small rules by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.charts import clock
from bot.telemetry.charts.curves import apart
from bot.telemetry.charts.heat import folded
from bot.telemetry.charts.layout import layout
from bot.telemetry.charts.samples import thinned
from bot.telemetry.charts.scale import scale_for
from tests.telemetry.charts import START


@pytest.mark.parametrize(
    ("low", "high", "unit", "words"),
    [
        (0.28, 1.2, "s", ["0 s", "250 ms", "500 ms", "750 ms", "1 s", "1.25 s"]),
        (0.0, 1.0, "share", ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (0.9985, 1.0, "share", ["99.85 %", "99.9 %", "99.95 %", "100 %"]),
        (0.0, 7200.0, "s", ["0 s", "30 min", "1 h", "1.5 h", "2 h"]),
        (0.0, 3.2 * 2**30, "bytes", ["0 B", "1 GiB", "2 GiB", "3 GiB"]),
        (0.0, 0.0, "/s", ["0/s"]),
        (-3.0, 3.0, "", ["−2", "0", "2"]),
    ],
)
def test_ticks_are_what_people_say(low: float, high: float, unit: str, words: list[str]) -> None:
    assert [shown for _, shown in scale_for([low, high], unit).ticks] == words


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    st.sampled_from(["s", "share", "bytes", "$", "/s", "", "x"]),
)
def test_every_value_is_on_its_axis_and_no_tick_is_said_twice(values: list[float], unit: str) -> None:
    with np.errstate(all="ignore"):
        found = scale_for(values, unit)
    held = np.clip(values, -1e300, 1e300)
    assert found.low <= held.min()
    assert held.max() <= found.high
    assert 1 <= len(found.ticks) <= 22


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (120, ["14:30:00", "14:30:15", "14:30:30"]),
        (3600, ["14:30", "14:40", "14:50"]),
        (86_400, ["15:00", "18:00", "21:00"]),
        (7 * 86_400, ["4 Mar", "5 Mar", "6 Mar"]),
        (90 * 86_400, ["16 Mar", "30 Mar", "13 Apr"]),
        (700 * 86_400, ["Apr", "Jul", "Oct", "2027"]),
    ],
)
def test_moments_are_round(seconds: float, words: list[str]) -> None:
    found = clock.ticks(START, START + seconds, 8, UTC)
    assert [shown for _, shown in found][: len(words)] == words
    assert len(found) <= 10


@given(st.floats(-1e11, 1e13), st.floats(0, 1e12), st.integers(2, 12), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_moments_are_few_and_in_order_anywhere(start: float, length: float, most: int, name: str) -> None:
    where, _ = clock.zone(name)
    begin = clock.bounded(start)
    end = clock.bounded(begin + length)
    found = [at for at, _ in clock.ticks(begin, end, most, where)]
    assert len(found) <= 2 * most + 2
    assert all(one < other for one, other in pairwise(found))
    assert all(begin <= at <= end for at in found)


def test_midnight_is_the_zone_s_own_also_when_the_clock_is_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 28, tzinfo=berlin).timestamp()
    found = clock.ticks(start, start + 3 * 86_400, 4, berlin)
    assert [datetime.fromtimestamp(at, berlin).hour for at, _ in found] == [0] * len(found)
    assert "Europe/Berlin" in clock.caption(start, start + 60, berlin, "Europe/Berlin")


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(1, 12))
def test_labels_are_moved_apart_and_stay_in_order(wanted: list[float], least: float) -> None:
    wanted.sort()
    found = apart(wanted, least, 0.0, 100.0)
    assert len(found) == len(wanted)
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in found)
    assert all(other - one >= least - 1e-6 for one, other in pairwise(found))


def test_no_peak_is_lost_where_there_are_more_samples_than_pixels() -> None:
    values = np.zeros(100_000)
    values[54_321], values[7:400] = 9.0, np.nan
    times, kept = thinned(np.arange(100_000.0), values)
    assert np.nanmax(kept) == 9.0
    assert len(kept) <= 2400
    assert np.isnan(kept).any()
    assert (np.diff(times) >= 0).all()


def test_folding_counts_everything() -> None:
    held = np.arange(70.0).reshape(7, 10)
    assert folded(held, 3, 4).sum() == held.sum()
    assert folded(held, 3, 4).shape == (3, 4)


def test_callers_stand_left_of_those_they_call() -> None:
    found = layout(["db", "api", "web"], [("web", "api"), ("api", "db"), ("web", "db")], 6)
    assert found.depth == {"web": 0, "api": 1, "db": 2}
    assert found.layers[1] == ("api", ("web", "db")) or found.layers[1] == (("web", "db"), "api")


def test_a_crossing_that_need_not_be_is_not() -> None:
    found = layout(["a", "b", "x", "y"], [("a", "y"), ("b", "x")], 6)
    assert found.layers == (("a", "b"), ("y", "x"))


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=40), st.integers(1, 6))
def test_every_service_has_one_place_whatever_the_cycles(calls: list[tuple[str, str]], most: int) -> None:
    found = layout(list("abcdefgh"), calls, most)
    assert sorted(slot for layer in found.layers for slot in layer if isinstance(slot, str)) == list("abcdefgh")
    assert len(found.layers) <= most


def test_a_chain_of_ten_thousand_needs_no_recursion() -> None:
    names = [str(at) for at in range(10_000)]
    found = layout(names, pairwise(names), 6)
    assert found.depth["9999"] == 5
