"""The picture of an alert: what it looks at, what is usual, where it began, and what was changed."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.errors import Unavailable
from bot.observatory.observatory import Observatory
from bot.telemetry.charts.draw import sheet_of
from bot.telemetry.charts.looks import THEMES, ThemeName
from bot.telemetry.charts.shapes import Band, Lines, Small
from bot.telemetry.charts.sheet import Sheet
from bot.telemetry.queries.promql import checked
from bot.telemetry.signals import Floats, Series, Window
from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState, Origin
from bot.watch.digests import digest
from bot.watch.finding import Family, Finding, Subject
from bot.watch.picturing import MOST_PANELS, Picturing, bare, course, sights, window_of
from tests.conftest import START
from tests.observatory.fakes import DOWN, VOCABULARY, FakeChanges, FakeLogs, FakeMetrics, deploy, line, watching

BEGAN = START - timedelta(minutes=10)


def jump(usual: float, now: float) -> object:
    def values(times: Floats) -> Floats:
        noise = 1 + 0.05 * np.sin(times / 97)
        return np.where(times < BEGAN.timestamp(), usual, now) * noise

    return values


def finding(service: str = "checkout", signal: str = "latency", **fields: object) -> Finding:
    whole = Finding(Subject(service, "production", signal), Family.DEVIATION, "high", BEGAN, START, "is high")
    return replace(whole, **fields)  # type: ignore[arg-type]


def alert(*findings: Finding, **fields: object) -> Alert:
    whole = Alert(
        "alr-1", "g", "f", "C0OPS", "production", AlertState.FIRING, "high", "checkout is slow", findings, BEGAN, START
    )
    return replace(whole, **fields)  # type: ignore[arg-type]


def picturing(observatory: Observatory) -> Picturing:
    return Picturing(observatory, lambda: START)


def platform(**more: object) -> Observatory:
    answers = {
        "histogram_quantile": line(jump(0.4, 1.9), service="checkout"),  # type: ignore[arg-type]
        'status=~"5..': line(jump(0.001, 0.04), service="payments"),  # type: ignore[arg-type]
        "my_queue": line(jump(10, 90), service="checkout"),  # type: ignore[arg-type]
    }
    return watching(answers, **more)


async def test_one_number_is_one_chart_with_what_is_usual_and_since_when_it_is_not() -> None:
    chart = await picturing(platform()).chart(alert(finding(expected=0.45)))
    assert isinstance(chart, Lines)
    assert chart.title == "P95 latency · checkout in production"
    assert chart.unit == "s"
    assert chart.band is not None
    assert 0.3 < (chart.band.low[0] or 0) < 0.4
    assert 0.45 <= (chart.band.high[0] or 0) < 0.5
    assert len(chart.band.low) == len(chart.curves[0].values)
    assert [(mark.label, mark.at) for mark in chart.marks] == [("since", BEGAN)]
    assert chart.stretches[0].start == BEGAN


@pytest.mark.parametrize(("sure", "first"), [(0.8, 1), (0.2, 0)])
async def test_the_origin_stands_beside_the_symptom_with_its_deploys(sure: float, first: int) -> None:
    """What the sentence above it is about stands first."""
    changes = FakeChanges([deploy(12, "payments", "2.3"), deploy(13, "search", "9.9")])
    findings = (finding(), finding("search"), finding("payments", "error_rate"))
    chart = await picturing(platform(changes=changes)).chart(alert(*findings, origins=(Origin("payments", sure),)))
    assert isinstance(chart, Small)
    two = ["P95 latency · checkout in production", "Error rate · payments in production"]
    titles = [panel.title for panel in chart.panels]
    assert titles == [two[first], two[1 - first], "P95 latency · search in production"]
    assert chart.title == f"{('checkout', 'payments')[first]} and 2 more, since 15:20"
    assert "payments 2.3" in {mark.label for mark in chart.panels[0].marks}


async def test_who_does_not_see_it_is_told_of_each_panel() -> None:
    findings = (finding(), finding("search"), finding("payments", "error_rate"))
    long = "checkout is slow: p95 is 1.9 s, usual is 0.45 s (deploy 2.3, 2 minutes before); " * 3
    drawn = await picturing(platform())(alert(*findings, title=long))
    assert drawn is not None
    _, *sentences = drawn.alt.split(". ")
    assert [each.partition(":")[0] for each in sentences[:3]] == [
        "P95 latency · checkout in production",
        "P95 latency · search in production",
        "Error rate · payments in production",
    ]
    assert all(" until 15:20, then up to " in each for each in sentences[:3])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("several", [False, True])
async def test_what_the_legend_calls_usual_is_seen_however_steady_it_was(theme: ThemeName, several: bool) -> None:  # noqa: FBT001
    steady = {'status=~"5..': line(lambda times: np.where(times < BEGAN.timestamp(), 0.0, 0.04), service="payments")}
    beside = (finding("checkout", "error_rate"),) if several else ()
    chart = await picturing(watching(steady)).chart(alert(finding("payments", "error_rate", expected=0.0), *beside))
    assert chart is not None
    sheet = sheet_of(chart, THEMES[theme])
    assert "usual" in {each.words for each in sheet.written}
    seen = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("RGB")).reshape(-1, 3).astype(int)
    alike = np.count_nonzero(np.abs(seen - seen[_key_of(sheet, "usual")]).max(axis=1) <= 6)
    assert alike > 5 * 28 * 22, "a band, and not only its swatch"


def _key_of(sheet: Sheet, words: str) -> int:
    """A pixel of the swatch before those words."""
    (written,) = [each for each in sheet.written if each.words == words]
    return int(written.box.top + written.box.bottom) // 2 * sheet.width + int(written.box.left) - 26


async def test_what_is_too_far_away_to_be_seen_is_not_in_the_legend() -> None:
    chart = await picturing(platform()).chart(alert(finding(expected=0.45)))
    assert isinstance(chart, Lines)
    count = len(chart.curves[0].values)
    far = chart.model_copy(update={"band": Band(low=(900.0,) * count, high=(950.0,) * count)})
    assert "usual" not in {each.words for each in sheet_of(far, THEMES["light"]).written}


async def test_a_service_that_has_nothing_to_do_with_it_leaves_no_mark() -> None:
    changes = FakeChanges([deploy(13, "search", "9.9")])
    chart = await picturing(platform(changes=changes)).chart(alert(finding()))
    assert isinstance(chart, Lines)
    assert [mark.label for mark in chart.marks] == ["since"]


async def test_a_limit_that_somebody_set_is_drawn_as_that() -> None:
    limited = finding(family=Family.THRESHOLD, expected=0.8)
    chart = await picturing(platform()).chart(alert(limited))
    assert isinstance(chart, Lines)
    assert [(each.value, each.label) for each in chart.thresholds] == [(0.8, "limit 800 ms")]


async def test_without_a_limit_of_its_own_latency_shows_what_was_promised() -> None:
    chart = await picturing(platform()).chart(alert(finding()))
    assert isinstance(chart, Lines)
    assert chart.thresholds[0].label.startswith("objective")


async def test_a_rule_of_somebody_else_is_drawn_by_its_number_with_its_limit() -> None:
    rule = finding(signal="QueueLong", family=Family.OUTSIDE, query="max by (service) (my_queue) > 50")
    metrics = FakeMetrics({"my_queue": line(jump(10, 90), service="checkout")})  # type: ignore[arg-type]
    chart = await picturing(platform(metrics=metrics)).chart(alert(rule))
    assert isinstance(chart, Lines)
    assert chart.title == "QueueLong · checkout in production"
    assert [each.value for each in chart.thresholds] == [50]
    assert metrics.asked[-1][0] == "max by (service) (my_queue)"


async def test_of_several_series_that_of_the_service_is_taken() -> None:
    def both(window: Window, step: float) -> list[object]:
        return [*line(1.0, service="cart")(window, step), *line(5.0, service="checkout")(window, step)]

    rule = finding(signal="Q", family=Family.OUTSIDE, query="my_queue")
    chart = await picturing(watching({"my_queue": both})).chart(alert(rule))  # type: ignore[dict-item]
    assert isinstance(chart, Lines)
    assert chart.curves[0].values[0] == 5.0


@pytest.mark.parametrize("family", [Family.PATTERN, Family.EDGE, Family.BURN])
async def test_what_is_no_number_is_seen_in_errors_and_latency_of_its_service(family: Family) -> None:
    line_of_log = finding(signal="logs", family=family)
    assert sights(alert(line_of_log), VOCABULARY.metrics)[0].signal == "error_rate"
    chart = await picturing(platform()).chart(alert(line_of_log))
    assert isinstance(chart, Small)
    assert [panel.title.partition(" ·")[0] for panel in chart.panels] == ["Error rate", "P95 latency"]


async def test_lines_that_somebody_asked_for_are_drawn_as_their_own_count() -> None:
    def counts(window: Window, step: float) -> list[Series]:
        assert step == 60
        return [Series({}, np.array([BEGAN.timestamp()]), np.array([2.0]))]

    query = 'sum(count_over_time({service="checkout"} |= "OOM" [1m]))'
    subject = Subject("checkout", "production", "logs", "OOM")
    asked = finding(family=Family.PATTERN, subject=subject, query=query, value=2.0, expected=0.0)
    logs = FakeLogs(counts=counts)
    chart = await picturing(platform(logs=logs)).chart(alert(asked))
    assert isinstance(chart, Lines)
    assert (chart.title, chart.unit) == ("Lines with “OOM” · checkout in production", "lines")
    assert [each for each, _ in logs.asked] == [query]
    (curve,) = chart.curves
    assert set(curve.values) == {0.0, 2.0}, "a minute without a count had no line"
    assert await picturing(platform()).chart(alert(asked)) is None, "no other number stands for it"


async def test_where_nothing_is_measured_there_is_no_picture() -> None:
    assert await picturing(watching({})).chart(alert(finding())) is None
    assert await picturing(watching({})).chart(alert()) is None


async def test_what_is_down_does_not_keep_the_rest_from_being_seen() -> None:
    observatory = watching(
        {"histogram_quantile": DOWN, 'status=~"5..': line(0.04, service="payments")},
        changes=FakeChanges(trouble=Unavailable("down")),
    )
    chart = await picturing(observatory).chart(alert(finding(), finding("payments", "error_rate")))
    assert isinstance(chart, Lines)
    assert chart.title.startswith("Error rate")


async def test_it_is_a_picture_with_words_for_who_does_not_see_it() -> None:
    drawn = await picturing(platform())(alert(finding()))
    assert drawn is not None
    assert drawn.png.startswith(b"\x89PNG")
    assert "P95 latency" in drawn.alt
    assert "since" in drawn.alt


# ---------------------------------------------------------------- when, and what


def test_it_shows_well_before_the_beginning_until_now_or_the_end_and_never_more_than_a_day() -> None:
    assert window_of(alert(finding()), START) == Window(BEGAN - timedelta(hours=1), START)
    over = alert(finding(), resolved_at=START, state=AlertState.RESOLVED)
    assert window_of(over, START + timedelta(days=3)).end == START + timedelta(minutes=15)
    assert window_of(alert(finding()), START + timedelta(days=30)).seconds == 86_400


def test_no_number_is_looked_at_twice_and_no_more_than_can_be_read() -> None:
    many = [finding(f"service-{number % 9}", watch=str(number)) for number in range(30)]
    found = sights(alert(*many), VOCABULARY.metrics)
    assert len(found) == MOST_PANELS
    assert len({(each.scope, each.signal) for each in found}) == MOST_PANELS
    assert found[0].scope == Scope("service-0", "production")


@pytest.mark.parametrize(
    ("rule", "number", "limit"),
    [
        ("up == 0", "up", 0.0),
        ("(sum(rate(x_total[5m])) > 0.05)", "sum(rate(x_total[5m]))", 0.05),
        ("0.05 < x", "x", 0.05),
        ("x > y", "x > y", None),
        ("x > 1 and y < 2", "x > 1 and y < 2", None),
        ("x", "x", None),
        ('{service="checkout"} |= "OOM"', "", None),
        ("", "", None),
        ("nonsense(", "", None),
        ('("a text")', "", None),
    ],
)
def test_a_rule_without_its_comparison_is_the_number(rule: str, number: str, limit: float | None) -> None:
    assert bare(rule) == (number, limit)


def test_a_digest_is_seen_as_how_many_began_when() -> None:
    began = alert(finding(), opened_at=START - timedelta(hours=3, minutes=10))
    chart = course(digest([began], [], Window(START - timedelta(days=1), START)))
    assert chart is not None
    assert chart.title == "Alerts that began each hour"
    (curve,) = chart.curves
    assert curve.name == "high"
    assert sum(each or 0 for each in curve.values) == 1
    assert course(digest([], [], Window(START - timedelta(days=1), START))) is None


@given(st.text(max_size=60))
def test_whatever_stands_in_a_link_is_a_query_or_nothing(text: str) -> None:
    query, _ = bare(text)
    assert query == "" or checked(query) == query.strip()
