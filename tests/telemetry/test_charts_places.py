"""Where bars end and words stand: nothing looks full that is not, and no label hides what it is about or is cut."""

from __future__ import annotations

import pytest

from bot.telemetry.charts.alt import describe
from bot.telemetry.charts.amounts import MOST_ROWS, reach
from bot.telemetry.charts.draw import sheet_of
from bot.telemetry.charts.graph import frame_of
from bot.telemetry.charts.looks import THEMES
from bot.telemetry.charts.shapes import Amount, Amounts, Bar, Chart, Lines, Node, Overlay, Threshold, Waterfall
from bot.telemetry.charts.sheet import Sheet
from tests.telemetry.charts import curve

LIGHT = THEMES["light"]


def drawn(chart: Chart) -> Sheet:
    return sheet_of(chart, LIGHT)


def words_of(chart: Chart) -> list[str]:
    return [each.words for each in drawn(chart).written]


@pytest.mark.parametrize(
    ("unit", "values", "seen"),
    [
        ("share", (0.61, 0.2), (0.0, 1.0)),
        ("share", (-0.3, 0.5), (-0.3, 1.0)),
        ("share", (3.0,), (0.0, 3.0)),
        ("share", (0.004, 0.001), (0.0, 0.004)),
        ("s", (0.61,), (0.0, 0.61)),
    ],
)
def test_a_share_is_seen_against_everything_unless_it_is_tiny(
    unit: str, values: tuple[float, ...], seen: tuple[float, float]
) -> None:
    amounts = tuple(Amount(label="x", value=value) for value in values)
    assert reach(Amounts(title="x", unit=unit, amounts=amounts), amounts) == seen


def test_a_long_name_of_a_bar_is_on_two_lines() -> None:
    long = Amount(label="inference-gateway · first tokens below 2.5 s", value=0.5)
    assert {"inference-gateway", "first tokens below 2.5 s"} <= {*words_of(Amounts(title="x", amounts=(long,)))}


def test_as_many_bars_as_have_room_are_shown() -> None:
    amounts = tuple(Amount(label=f"svc {at}", value=1) for at in range(MOST_ROWS + 1))
    assert MOST_ROWS == 30
    assert "1 smaller one not shown" in words_of(Amounts(title="x", amounts=amounts))


def test_long_names_of_what_is_laid_over_each_other_are_whole() -> None:
    name = "the same time last week, in production"
    assert name in words_of(Overlay(title="x", now=curve("now", [1.0, 2.0]), before=curve(name, [1.0, 1.5])))


def test_a_threshold_is_named_above_a_curve_that_runs_just_below_it() -> None:
    limit = Threshold(value=2.5, label="objective")
    sheet = drawn(Lines(title="x", unit="s", curves=(curve("x", [2.45, 2.4] * 30),), thresholds=(limit,)))
    label = next(each for each in sheet.written if each.words == "objective 2.5 s")
    last = next(each for each in sheet.written if each.words == "2.4 s")
    assert label.box.bottom < last.box.top


@pytest.mark.parametrize(("unit", "seen"), [("share", "nothing but 0 %"), ("/s", "nothing but 0/s")])
def test_an_empty_field_says_that_all_is_nothing(unit: str, seen: str) -> None:
    assert seen in words_of(Lines(title="x", unit=unit, curves=(curve("x", [0.0] * 9),)))
    assert seen not in words_of(Lines(title="x", unit=unit, curves=(curve("x", [0.0, 0.1]),)))


def test_a_share_of_nothing_has_an_axis() -> None:
    assert "1 %" in words_of(Lines(title="x", unit="share", curves=(curve("x", [0.0] * 9),)))


def test_what_is_not_the_range_is_not_said_to_be_it() -> None:
    values = [1.0, 1.2] * 30 + [1.4]
    assert "mostly between 1 and 1.2" in describe(Lines(title="x", curves=(curve("x", values),)))


@pytest.mark.parametrize(
    ("state", "colour"), [("bad", LIGHT.alarm), ("good", LIGHT.curves[0]), ("unknown", LIGHT.curves[0])]
)
def test_only_what_is_bad_is_framed_in_the_colour_of_alarm(state: str, colour: str) -> None:
    assert frame_of(Node.model_validate({"name": "x", "state": state, "suspect": True}), LIGHT) == colour


def test_names_of_spans_are_cut_at_their_end_and_values_stand_on_the_paper() -> None:
    bar = Bar(label="POST " + "/orders" * 20, service="checkout", depth=0, start=0, seconds=1.24)
    written = {each.words: each for each in drawn(Waterfall(title="x", bars=(bar,))).written}
    assert any(words.startswith("checkout POST /orders") and words.endswith("…") for words in written)
    assert written["1.24 s"].colour == LIGHT.soft
