"""The past replayed: what alerts it makes, and a curve that loses no peak."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.charts.shapes import Amounts, Lines
from bot.telemetry.signals import Series, Window
from bot.watch.replaying import COLUMNS, Replayed, ended, ground_of, picture, raised
from bot.watch.settling import Policy
from bot.watch.sweeping import Moment
from bot.watch.watches import Aim, WatchKind
from tests.conftest import START
from tests.observatory.fakes import CATALOGUE
from tests.watch.made import SCAN, alert, found

LIMIT = replace(SCAN, id="wch-1", aim=Aim(WatchKind.THRESHOLD, "latency", above=2.0))
WEEK = Window.last(7 * 86_400, START)


def moment(minutes: float, *, open_: bool = True) -> Moment:
    """One finding that began at the start, seen or ended so many minutes after it."""
    at = START + timedelta(minutes=minutes)
    return Moment(at, (found(watch="wch-1", seen=at, ended=None if open_ else at),))


def test_many_looks_at_one_trouble_are_one_alert_and_the_next_trouble_is_another() -> None:
    later = [Moment(each.at + timedelta(hours=3), each.findings) for each in (moment(0),)]
    again = replace(later[0].findings[0], since=later[0].at, seen=later[0].at)
    calm = [Moment(START + timedelta(minutes=each), ()) for each in range(31, 60)]
    looks = [*map(moment, range(30)), moment(30, open_=False), *calm, Moment(later[0].at, (again,))]
    alerts = raised([(LIMIT, each) for each in looks], ground_of(CATALOGUE), Policy())
    assert [each.since for each in alerts] == [START, later[0].at]
    assert ended(alerts[0], WEEK.end) == START + timedelta(minutes=30)


def test_what_turned_out_to_be_part_of_another_alert_is_not_one_more() -> None:
    began = [found("frontend", "latency", START), found("payments", "memory", START + timedelta(minutes=1))]
    link = found("checkout", "error_rate", START + timedelta(minutes=2))
    looks = [began[:1], began, [*began, link]]
    moments = [Moment(START + timedelta(minutes=1 + at), tuple(each)) for at, each in enumerate(looks)]
    told = [(SCAN, each) for each in moments]
    assert len(raised(told[:2], ground_of(CATALOGUE), Policy())) == 2
    (alert,) = raised(told, ground_of(CATALOGUE), Policy())
    assert len(alert.findings) == 3


def test_what_is_still_open_lasts_until_the_end_of_the_window() -> None:
    assert ended(alert(0), START + timedelta(hours=1)) == START + timedelta(hours=1)


def test_calm_looks_make_nothing() -> None:
    assert raised([(LIMIT, Moment(START, ()))], ground_of(CATALOGUE), Policy()) == ()
    assert picture(LIMIT, "calm", Replayed(()), (), (), WEEK) is None


def test_of_a_scan_it_is_drawn_whom_it_was_about() -> None:
    chart = picture(SCAN, "everything", Replayed(()), [alert(1), alert(2)], (), WEEK)
    assert isinstance(chart, Amounts)
    assert [(each.label, each.value) for each in chart.amounts] == [("checkout", 2.0)]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=3_000))
def test_a_curve_has_few_points_and_the_farthest_of_them_all(values: list[float]) -> None:
    samples = np.array(values, dtype=np.float64)
    times = WEEK.start.timestamp() + 60.0 * np.arange(len(values), dtype=np.float64)
    chart = picture(LIMIT, "it", Replayed((), (Series({}, times, samples),)), (), (), WEEK)
    assert isinstance(chart, Lines)
    drawn = [each for each in chart.curves[0].values if each is not None]
    assert len(drawn) <= COLUMNS + 1
    there = samples[np.isfinite(samples)]
    if len(there):
        far = float(np.max(np.abs(there - np.median(there))))
        assert max(abs(each - float(np.median(there))) for each in drawn) >= far * 0.999 - 1e-3 * np.abs(there).max()
