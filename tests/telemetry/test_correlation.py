from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.correlation import Near, changes_near, relate, relate_rows
from bot.telemetry.signals import Change, Floats, Series
from tests.telemetry.test_rows import wandering

NAN = float("nan")
ONSET = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
GRAPH = {"api-gateway": ("checkout",), "checkout": ("payments", "redis-cache"), "payments": ("postgres-main",)}


def series(values: Floats, step: float = 30.0, start: float = 0.0) -> Series:
    return Series({}, start + np.arange(len(values), dtype=np.float64) * step, values)


def common(seed: int, count: int) -> Floats:
    return wandering(np.random.default_rng(seed), 0.8, 1, count).ravel()


def change(minutes: float, service: str = "checkout", **more: Any) -> Change:
    told: dict[str, Any] = {"kind": "deploy", "environment": "production", "title": "", "version": "2.14.1"}
    return Change(more.pop("id", "c1"), ONSET - timedelta(minutes=minutes), service=service, **(told | more))


def near(*changes: Change, **more: Any) -> tuple[Near, ...]:
    return changes_near(ONSET, changes, service="checkout", graph=GRAPH, **more)


def test_a_follower_is_found_with_its_lag() -> None:
    signal = common(1, 126)
    found = relate(series(signal[6:]), series(signal[:-6]))
    assert found is not None
    assert found.lag == 180
    assert found.correlation == pytest.approx(1.0, abs=0.01)
    assert found.related
    back = relate(series(signal[:-6]), series(signal[6:]))
    assert back is not None
    assert back.lag == -180


def test_the_opposite_is_a_relation_too() -> None:
    signal = common(2, 120)
    found = relate(series(signal), series(-signal))
    assert found is not None
    assert found.correlation == pytest.approx(-1.0)
    assert found.lag == 0
    assert found.related


def test_nothing_in_common_or_nothing_that_moves_is_no_relation() -> None:
    signal = common(3, 120)
    assert relate(series(signal), series(np.full(120, 5.0))) is None
    assert relate(series(np.full(120, 5.0)), series(signal)) is None
    assert relate(series(signal), series(signal, start=1e6)) is None
    assert relate(series(signal[:8]), series(signal[:8])) is None
    assert relate(series(signal), series(np.full(120, NAN))) is None


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 0.95])
def test_strangers_are_seldom_related(memory: float) -> None:
    rows = wandering(np.random.default_rng(4), memory, 301, 120)
    found = relate_rows(np.arange(0, 3_600, 30.0), rows[0], rows[1:])
    assert sum(one is not None and one.related for one in found) <= 6


def test_two_steps_at_one_moment_are_no_chance() -> None:
    dice = np.random.default_rng(5)
    step = np.where(np.arange(120) < 70, 0.0, 8.0)
    found = relate(series(step + dice.normal(size=120)), series(step + dice.normal(size=120)))
    assert found is not None
    assert found.related
    assert abs(found.lag) <= 120


def test_a_spike_is_not_everything() -> None:
    dice = np.random.default_rng(6)
    one, other = dice.normal(size=120), dice.normal(size=120)
    one[50] = other[50] = 1e6
    found = relate(series(one), series(other))
    assert found is not None
    assert not found.related


def test_series_of_different_steps_and_with_gaps() -> None:
    signal = common(7, 240)
    signal[60:70] = NAN
    found = relate(series(signal), series(signal[::2], step=60.0))
    assert found is not None
    assert found.lag == 0
    assert found.related


def test_lags_stay_few_however_far_they_reach() -> None:
    signal = common(8, 2_000)
    found = relate_rows(np.arange(2_000.0), signal, signal[np.newaxis], reach=1_500)[0]
    assert found is not None
    assert found.lag == 0
    assert found.correlation == pytest.approx(1.0)


@given(st.integers(0, 100), st.floats(0.1, 50), st.floats(-100, 100))
def test_units_and_zero_do_not_matter(seed: int, factor: float, by: float) -> None:
    one, other = common(seed, 60), common(seed + 1_000, 60)
    was, found = relate(series(one), series(other)), relate(series(one), series(other * factor + by))
    assert was is not None
    assert found is not None
    assert found.lag == was.lag
    assert (found.correlation, found.p) == pytest.approx((was.correlation, was.p))


def test_a_deploy_just_before_is_named() -> None:
    (found,) = near(change(3))
    assert found.words == "deploy of checkout 2.14.1, 3 minutes before"
    assert (found.place, found.hops, found.seconds) == ("same", 0, 180)


def test_nearer_in_time_and_in_the_graph_comes_first() -> None:
    found = near(
        change(3, "sentiment-model", id="elsewhere"),
        change(3, "api-gateway", id="caller"),
        change(3, "postgres-main", id="indirect"),
        change(3, "payments", id="dependency"),
        change(20, id="long ago"),
        change(3, id="same"),
    )
    assert [one.change.id for one in found] == ["same", "dependency", "indirect", "caller", "long ago", "elsewhere"]
    words = {one.change.id: one.words for one in found}
    assert words["dependency"] == "deploy of payments 2.14.1 (a dependency of checkout), 3 minutes before"
    assert words["indirect"] == "deploy of postgres-main 2.14.1 (an indirect dependency of checkout), 3 minutes before"
    assert words["caller"] == "deploy of api-gateway 2.14.1 (a caller of checkout), 3 minutes before"


def test_what_is_too_early_later_or_elsewhere_is_left_out() -> None:
    assert near(change(31), change(-2.1)) == ()
    assert near(change(3, environment="staging"), environment="production") == ()
    (blurred,) = near(change(-1))
    assert blurred.words == "deploy of checkout 2.14.1, 1 minute after"
    assert blurred.score < near(change(1))[0].score


def test_a_rollout_counts_until_its_end() -> None:
    (found,) = near(change(40, finished_at=ONSET + timedelta(minutes=5)))
    assert found.score == near(change(0))[0].score
    assert near(change(0, version="", kind="other"))[0].words == "change of checkout, at the same moment"


def test_a_graph_in_circles_ends() -> None:
    circle = {"checkout": ("payments",), "payments": ("checkout",)}
    (found,) = changes_near(ONSET, [change(3, "payments")], service="checkout", graph=circle)
    assert found.place == "dependency"
