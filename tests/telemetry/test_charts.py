"""Every valid chart is drawn: legible, on its paper, the same twice, whatever outside text and numbers are in it."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime
from itertools import combinations
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.lines import Line2D
from PIL import Image
from pydantic import TypeAdapter

from bot.telemetry.charts.alt import MOST, describe
from bot.telemetry.charts.draw import draw, sheet_of
from bot.telemetry.charts.lettering import drawable, fitted, width_of, wrapped
from bot.telemetry.charts.looks import THEMES, WIDTH, Theme, ThemeName, apart
from bot.telemetry.charts.shapes import (
    MOST_CURVES,
    Amount,
    Amounts,
    Band,
    Bar,
    Chart,
    Curve,
    Edge,
    Graph,
    HeatMap,
    Lines,
    Mark,
    Node,
    Overlay,
    Small,
    Stretch,
    Threshold,
    Tile,
    Tiles,
    Waterfall,
)
from bot.telemetry.charts.sheet import Sheet
from bot.telemetry.charts.waterfall import MOST_ROWS, _services, chosen
from tests.telemetry.charts import CHARTS, START, curve, moment

BOTH = pytest.mark.parametrize("theme", ["light", "dark"])
EVERY = pytest.mark.parametrize("name", list(CHARTS))
HEAVIEST = 150_000
ACCENT = 4
"""Pixels: so near may a sign with several marks come to the line above."""

WORDS = st.text(max_size=30) | st.sampled_from(["$x_1^2$", "\\frac{a}{b}", "a\nb\x00", "x" * 200, "\u202eevil", "中文"])
NUMBERS = st.floats() | st.sampled_from([0.0, 1e-300, 1e300, -1e300, 1e9])
VALUES = st.lists(st.none() | NUMBERS, max_size=12).map(tuple)
STATES = st.sampled_from(["good", "warn", "bad", "unknown"])
MOMENTS = st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.just(moment(3))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "../etc", "", "Nowhere/None"])
CURVES = st.builds(
    Curve,
    name=WORDS,
    start=st.just(START) | NUMBERS,
    step=st.just(60.0) | st.floats(min_value=0, exclude_min=True),
    values=VALUES,
)
MARKS = st.lists(
    st.builds(Mark, at=MOMENTS, label=WORDS, kind=st.sampled_from(["deploy", "change", "onset"])), max_size=4
)
THRESHOLDS = st.builds(Threshold, value=NUMBERS, label=WORDS)
LINES = st.builds(
    Lines,
    title=WORDS,
    unit=WORDS | st.sampled_from(["s", "share", "bytes", "$", "$/h", "/s"]),
    curves=st.lists(CURVES, max_size=MOST_CURVES).map(tuple),
    band=st.none() | st.builds(Band, low=VALUES, high=VALUES, label=WORDS),
    marks=MARKS.map(tuple),
    stretches=st.lists(st.builds(Stretch, start=MOMENTS, end=MOMENTS, label=WORDS), max_size=3).map(tuple),
    thresholds=st.lists(THRESHOLDS, max_size=3).map(tuple),
    timezone=ZONES,
)
OVERLAYS = st.builds(
    Overlay, title=WORDS, unit=WORDS, now=CURVES, before=CURVES, same_time=st.booleans(), marks=MARKS.map(tuple),
    timezone=ZONES,
)  # fmt: skip
HEATS = st.builds(
    HeatMap,
    title=WORDS,
    start=NUMBERS,
    step=NUMBERS,
    edges=st.lists(NUMBERS, max_size=6).map(tuple),
    counts=st.lists(st.lists(NUMBERS, max_size=6).map(tuple), max_size=6).map(tuple),
    marks=MARKS.map(tuple),
    timezone=ZONES,
)
BARS = st.builds(
    Bar, label=WORDS, service=WORDS, depth=st.integers(0, 400), start=NUMBERS, seconds=NUMBERS, error=st.booleans(),
    critical=st.booleans(),
)  # fmt: skip
WATERFALLS = st.builds(
    Waterfall, title=WORDS, bars=st.lists(BARS, max_size=60).map(tuple), left_out=st.integers(-5, 10**9)
)
NAMES = st.sampled_from("abcdef") | WORDS
GRAPHS = st.builds(
    Graph,
    title=WORDS,
    nodes=st.lists(
        st.builds(Node, name=NAMES, detail=WORDS, state=STATES, suspect=st.booleans()), max_size=50
    ).map(tuple),
    edges=st.lists(
        st.builds(Edge, caller=NAMES, callee=NAMES, detail=WORDS, weight=NUMBERS), max_size=30
    ).map(tuple),
)  # fmt: skip
AMOUNTS = st.builds(
    Amounts,
    title=WORDS,
    unit=WORDS,
    amounts=st.lists(st.builds(Amount, label=WORDS, value=NUMBERS, detail=WORDS, state=STATES), max_size=30).map(tuple),
    threshold=st.none() | THRESHOLDS,
)
TILES = st.builds(
    Tiles,
    title=WORDS,
    tiles=st.lists(
        st.builds(Tile, name=WORDS, state=STATES, lines=st.lists(WORDS, max_size=6).map(tuple), spark=VALUES),
        max_size=40,
    ).map(tuple),
)
SMALLS = st.builds(Small, title=WORDS, panels=st.lists(LINES, max_size=8).map(tuple))
KINDS = {
    "lines": LINES,
    "overlay": OVERLAYS,
    "heat": HEATS,
    "waterfall": WATERFALLS,
    "graph": GRAPHS,
    "amounts": AMOUNTS,
    "tiles": TILES,
    "small": SMALLS,
}


def looked_at(picture: bytes) -> Image.Image:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    return Image.open(io.BytesIO(picture))


def luminance(colour: str) -> float:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def assert_legible(sheet: Sheet) -> None:
    """All ink of words is on the paper, and no two of them share any."""
    boxes = [(each.words, each.box) for each in sheet.written]
    for words, box in boxes:
        assert box.left >= 0, words
        assert box.top >= 0, words
        assert box.right <= sheet.width, words
        assert box.bottom <= sheet.height, words
    for (one, here), (other, there) in combinations(boxes, 2):
        assert not here.meets(there._replace(top=there.top + ACCENT)), (one, other)


@BOTH
@EVERY
def test_every_kind_is_a_picture_of_the_right_size(name: str, theme: ThemeName) -> None:
    picture = draw(CHARTS[name], theme=theme)
    seen = looked_at(picture)
    assert seen.width == WIDTH
    assert 250 <= seen.height <= 3200
    assert len(picture) < HEAVIEST


@EVERY
def test_the_same_chart_is_the_same_bytes(name: str) -> None:
    adapter: TypeAdapter[Chart] = TypeAdapter(Chart)
    again = adapter.validate_json(CHARTS[name].model_dump_json())
    assert draw(CHARTS[name]) == draw(again)


@EVERY
def test_words_stay_on_the_paper_and_apart(name: str) -> None:
    assert_legible(sheet_of(CHARTS[name], THEMES["light"]))


@BOTH
def test_the_paper_is_exactly_the_theme_s(theme: ThemeName) -> None:
    seen = looked_at(draw(CHARTS["lines"], theme=theme)).convert("RGB").getpixel((0, 0))
    assert seen == tuple(int(THEMES[theme].paper[at : at + 2], 16) for at in (1, 3, 5))


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_valid_chart_fails(kind: str, data: st.DataObject) -> None:
    chart: Any = data.draw(KINDS[kind])
    sheet = sheet_of_quietly(chart)
    assert_legible(sheet)
    assert sheet.height <= 4000
    looked_at(sheet.png())
    words = describe(chart)
    assert len(words) <= MOST
    assert words.isprintable()


def sheet_of_quietly(chart: Chart) -> Sheet:
    with np.errstate(all="ignore"):
        return sheet_of(chart, THEMES["dark"])


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
def test_text_has_contrast_and_so_have_curves(theme: Theme) -> None:
    for words in (theme.ink, theme.soft, theme.alarm):
        assert contrast(words, theme.paper) >= 4.5
    for fill in theme.fills.values():
        assert contrast(theme.ink, fill) >= 4.5
        assert contrast(theme.soft, fill) >= 4.5
    for curve_colour in theme.curves:
        assert contrast(curve_colour, theme.paper) >= 3.0
    for state, colour in theme.states.items():
        assert contrast(colour, theme.paper) >= 3.0
        assert contrast(colour, theme.fills[state]) >= 3.0


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
def test_a_failed_span_looks_like_no_service(theme: Theme) -> None:
    bars = tuple(Bar(label="x", service=f"s{at}", depth=0, start=0, seconds=1) for at in range(20))
    assert min(apart(colour, theme.alarm) for colour in _services(bars, theme).values()) > 60


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
def test_no_two_of_twelve_curves_look_alike(theme: Theme) -> None:
    looks = [theme.curve(place) for place in range(MOST_CURVES)]
    assert len(set(looks)) == MOST_CURVES


def test_the_contract_and_the_words_need_no_matplotlib() -> None:
    modules = "bot.telemetry.charts.shapes, bot.telemetry.charts.alt, bot.telemetry.charts.desk"
    told = f"import sys, {modules}; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", told], check=True)


def test_threads_draw_what_one_would() -> None:
    names = ("lines", "graph", "tiles", "heat")
    alone = {name: draw(CHARTS[name]) for name in names}
    seen: dict[str, bytes] = {}
    threads = [Thread(target=lambda name=name: seen.update({name: draw(CHARTS[name])})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == alone


def test_an_empty_chart_says_so() -> None:
    empty = Lines(title="Errors", curves=(curve("orders", [None] * 5),))
    assert [each.words for each in sheet_of(empty, THEMES["light"]).written] == ["Errors", "No samples in this time"]


def test_a_gap_is_no_zero_and_no_line() -> None:
    """The line has NaN where nothing was: matplotlib leaves these places empty."""
    gap = Lines(title="x", curves=(curve("x", [5.0, 5.0, None, None, 5.0, 5.0]),))
    lines = (each for each in sheet_of(gap, THEMES["light"]).figure.artists if isinstance(each, Line2D))
    drawn = max(lines, key=lambda line: len(np.atleast_1d(line.get_xdata())))
    assert np.isnan(np.asarray(drawn.get_ydata(), dtype=float)).tolist() == [False, False, True, True, False, False]


def test_dollars_and_underscores_are_written_as_they_are() -> None:
    chart = Lines(title="$x_1$ of $y$", unit="$", curves=(curve("a_b$", [1.0, 2.0]),))
    words = [each.words for each in sheet_of(chart, THEMES["light"]).written]
    assert "$x_1$ of $y$" in words
    assert "a_b$" in words


def test_marks_without_room_are_counted() -> None:
    marks = tuple(Mark(at=moment(at / 10), label=f"checkout 2.14.{at} of a long, long name") for at in range(100))
    chart = Lines(title="x", curves=(curve("x", [1.0] * 60),), marks=marks)
    sheet = sheet_of(chart, THEMES["light"])
    assert_legible(sheet)
    named = sum("checkout" in each.words for each in sheet.written)
    assert any(each.words == f"{100 - named} marks without label" for each in sheet.written)


def test_a_far_threshold_does_not_press_the_curve_flat() -> None:
    chart = Lines(
        title="x", unit="s", curves=(curve("x", [0.1, 0.2, 0.1]),), thresholds=(Threshold(value=60, label="limit"),)
    )
    words = [each.words for each in sheet_of(chart, THEMES["light"]).written]
    assert "↑ limit 60 s" in words
    assert "100 ms" in words


def test_a_long_trace_shows_what_failed_and_says_what_is_left_out() -> None:
    bars = [Bar(label=f"op {at}", service="s", depth=min(at, 1), start=at, seconds=1) for at in range(1000)]
    bars[777] = bars[777].model_copy(update={"error": True})
    chart = Waterfall(title="x", bars=tuple(bars), left_out=3)
    rows = chosen(chart.bars)
    assert len(rows) == MOST_ROWS
    assert {0, 777} <= set(rows)
    words = " ".join(each.words for each in sheet_of(chart, THEMES["light"]).written)
    assert f"{1003 - MOST_ROWS} spans not shown" in words


def test_states_are_told_without_colour() -> None:
    tiles = Tiles(title="x", tiles=(Tile(name="a", state="bad", lines=()), Tile(name="b", state="good", lines=())))
    words = [each.words for each in sheet_of(tiles, THEMES["light"]).written]
    assert words.count("✖") == words.count("✓") == 2
    assert {"1 bad", "1 good"} <= set(words)


def test_text_from_outside_is_one_clean_line() -> None:
    assert drawable("a\nb\x00\x1b[31m\u202ec") == "a b [31m c"
    assert drawable("中") == "▯"


@given(WORDS, st.floats(0, 900), st.booleans())
def test_words_fit_their_room(words: str, room: float, middle: bool) -> None:  # noqa: FBT001  hypothesis gives it
    assert width_of(fitted(words, 10, room, middle=middle), 10) <= room
    assert all(width_of(line, 10) <= room for line in wrapped(words, 10, room))


def test_names_are_cut_in_the_middle() -> None:
    short = fitted("checkout-7d9f5-x2k8p", 10, 200, middle=True)
    assert short.startswith("che")
    assert short.endswith("8p")


def test_a_moment_without_a_zone_is_of_utc() -> None:
    naive = datetime(2026, 3, 3, 14, 35)  # noqa: DTZ001  what a caller may give
    chart = Lines(title="x", curves=(curve("x", [1.0] * 60),), marks=(Mark(at=naive, label="v2"),))
    assert "deploy v2 at 14:35" in describe(chart)
