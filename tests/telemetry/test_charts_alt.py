"""Alt text says what is seen: levels, when they changed, what happened, and never what outside text smuggles in."""

from __future__ import annotations

import pytest

from bot.telemetry.charts.alt import MOST, describe
from bot.telemetry.charts.shapes import Curve, HeatMap, Lines, Mark, Overlay, Small, Threshold, Tile, Tiles
from tests.telemetry.charts import CHARTS, START, curve, moment


@pytest.mark.parametrize("name", list(CHARTS))
def test_it_is_short_and_printable(name: str) -> None:
    words = describe(CHARTS[name])
    assert len(words) <= MOST
    assert words.isprintable()


def test_a_step_is_told_with_its_time_its_deploy_and_the_threshold() -> None:
    words = describe(CHARTS["lines"])
    assert words.startswith("p95 latency of checkout in production, 14:30–15:30 UTC on 3 Mar: mostly between 27")
    assert " until 15:02, then up to 1.2" in words
    assert "deploy checkout 2.14.0 at 15:01" in words
    assert "objective 1 s passed" in words
    assert "1 unusual stretch shaded" in words


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ([5.0] * 9, "5 throughout"),
        ([None] * 9, "no samples"),
        ([], "no samples"),
        ([None, 3.0, None], "one sample, 3 at 14:31"),
        ([float(at) for at in range(60)], "rising from 2.5 to 56.5"),
        ([1.0, 1.1] * 10 + [9.0] + [1.0, 1.1] * 10, "with a peak of 9 at 14:50"),
        ([1.0, None, 1.0, 1.0, None, None, 1.0], "1 throughout, with 2 gaps"),
        ([float("nan"), float("inf")], "no samples"),
    ],
)
def test_how_a_curve_went(values: list[float | None], seen: str) -> None:
    assert seen in describe(Lines(title="x", curves=(curve("x", values),)))


@pytest.mark.parametrize(
    ("limit", "seen"), [(5.0, "limit 5 passed"), (100.0, "all below limit 100"), (-1.0, "all above limit −1")]
)
def test_on_which_side_of_a_threshold_it_is(limit: float, seen: str) -> None:
    chart = Lines(title="x", curves=(curve("x", [1.0, 9.0, 2.0]),), thresholds=(Threshold(value=limit, label="limit"),))
    assert seen in describe(chart)


def test_many_curves_are_the_first_few_and_a_count() -> None:
    words = describe(Lines(title="x", curves=tuple(curve(f"c{at}", [float(at)] * 5) for at in range(12))))
    assert "c0 0 throughout" in words
    assert "8 more curves" in words


def test_a_threshold_counts_only_where_there_is_a_curve() -> None:
    assert describe(Lines(title="x", curves=(), thresholds=(Threshold(value=1, label="l"),))) == "x: no samples"


def test_controls_and_direction_marks_are_never_repeated() -> None:
    evil = "a\u202eb\x1b]8;;\x07\u200b\nc"
    chart = Lines(
        title=evil,
        unit=evil,
        curves=(Curve(name=evil, start=START, step=60, values=(1.0, 2.0)), curve(evil, [1.0])),
        marks=(Mark(at=moment(0.5), label=evil),),
        thresholds=(Threshold(value=1.5, label=evil),),
    )
    for told in (chart, Tiles(title=evil, tiles=(Tile(name=evil, state="bad", lines=(evil,)),))):
        assert describe(told).isprintable()


def test_two_levels_are_compared() -> None:
    now, before = curve("this week", [2.0, 2.0]), curve("last week", [1.0, 1.0])
    assert describe(Overlay(title="x", unit="s", now=now, before=before)).startswith(
        "x: typically 2 s against 1 s, +100 %; this week 2 s throughout"
    )
    assert describe(Overlay(title="x", now=now, before=curve("b", []))) == "x: no samples of b"


def test_a_histogram_says_where_most_moved() -> None:
    chart = HeatMap(
        title="x", start=START, step=60, edges=(0.1, 1.0), counts=((9.0, 9.0, 1.0, 1.0), (1.0, 1.0, 9.0, 9.0))
    )
    assert "most in ≤ 100 ms at first, later in ≤ 1 s; from ≤ 100 ms to ≤ 1 s; 40 counted" in describe(chart)


def test_a_trace_says_how_much_and_what_failed() -> None:
    words = describe(CHARTS["waterfall of 1,000"])
    assert "1,000 spans of 16 services in 1." in words
    assert "failed spans: " in words
    assert "critical path: api-gateway POST /checkout 1.24 s → " in words


def test_a_graph_says_whom_it_frames() -> None:
    assert "inference-gateway (82 %) is suspected" in describe(CHARTS["graph"])


def test_amounts_are_said_against_the_threshold() -> None:
    words = describe(CHARTS["amounts"])
    assert "3 of 5 above little left 25 %" in words
    assert "bad: api-gateway" in words


def test_tiles_name_what_is_not_good() -> None:
    assert "2 bad: payments, content-filter; 2 warning: checkout, embedding-service; " in describe(CHARTS["tiles"])


def test_small_charts_are_told_one_by_one() -> None:
    words = describe(CHARTS["small"])
    assert "p95 latency · checkout: mostly between" in words
    assert "Errors: no samples" in words
    assert describe(Small(title="none", panels=())) == "none"
