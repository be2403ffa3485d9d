"""Numbers of a metric from samples that a test makes: what is said of gaps, of the past, of many series, of none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.catalogue import Objective
from bot.errors import NotFound, Unavailable
from bot.observatory.findings import JUDGED, promised
from bot.observatory.measuring import MetricsAnswer, answered, measured
from bot.observatory.observatory import MOST_NAME, Observatory, named
from bot.observatory.question import aligned, capital, clock, moments
from bot.telemetry.charts.shapes import MOST_CURVES, Lines
from bot.telemetry.signals import Floats, Series, Window
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import (
    CATALOGUE,
    CHECKOUT,
    DOWN,
    HOUR,
    VOCABULARY,
    FakeChanges,
    FakeMetrics,
    Shape,
    asking,
    deploy,
    line,
    watching,
)

NOW = START.timestamp()


def metrics_of(observatory: Observatory) -> FakeMetrics:
    assert isinstance(observatory.metrics, FakeMetrics)
    return observatory.metrics


def noisy(level: float) -> Shape:
    return line(lambda times: level + 0.01 * level * np.sin(times))


async def said(shape: Shape, window: Window = HOUR, **more: Any) -> MetricsAnswer:
    return await answered(watching({"": shape}), asking(window=window, **more))


# ---------------------------------------------------------------- windows


def test_samples_tell_of_the_step_before_them_so_they_lie_a_step_later() -> None:
    window = Window(START - timedelta(seconds=3_610), START - timedelta(seconds=10))
    found = moments(window, 30)
    assert found.end == aligned(window, 30).end + timedelta(seconds=30)
    assert found.seconds == 3_600
    newest = found.end - timedelta(seconds=30)  # a range ends before its window does
    assert newest <= START
    assert START - newest < timedelta(seconds=60)


async def test_a_short_window_is_read_with_the_one_before_and_a_long_one_alone() -> None:
    observatory = watching({"": line(1.0)})
    await measured(observatory, asking())
    await measured(observatory, asking(window=Window(START - timedelta(days=7), START)))
    await measured(observatory, asking(), back=False)
    assert [round(window.seconds / 3_600) for _, window in metrics_of(observatory).asked] == [2, 168, 1]


@pytest.mark.parametrize("days", [0.001, 1, 30, 399])
async def test_a_question_costs_one_query_and_a_few_hundred_samples(days: float) -> None:
    observatory = watching({"": line(1.0)})
    found = await measured(observatory, asking(window=Window(START - timedelta(days=days), START)))
    ((_, window),) = metrics_of(observatory).asked
    assert window.seconds / found.step <= 480
    assert len(found.series[0]) >= 1


# ---------------------------------------------------------------- one series


async def test_what_is_measured_now_is_said_to_be_now() -> None:
    found = await said(line(lambda times: np.where(times > NOW - 1_800, 0.4, 0.2)))
    assert found.summary == (
        "P95 latency of checkout in production is 400 ms now; 300 ms at the median, with a peak of 400 ms at 15:00."
    )


async def test_what_stopped_is_not_said_to_be_now() -> None:
    found = await said(line(lambda times: np.where(times < NOW - 1_800, 0.4, np.nan)))
    assert "was 400 ms at 14:59" in found.summary
    assert "Nothing was measured after 14:59" in found.findings


async def test_the_past_is_told_with_its_day() -> None:
    yesterday = Window(START - timedelta(days=1, hours=1), START - timedelta(days=1))
    found = await said(noisy(0.4), yesterday)
    assert "at 17 Mar 15:30" in found.summary
    assert "is" not in found.summary.split()
    assert not any("Nothing was measured" in each for each in found.findings)


async def test_times_are_those_of_whoever_asks() -> None:
    found = await said(line(lambda times: np.where(times < NOW - 1_800, 0.4, np.nan)), timezone="Asia/Tokyo")
    assert "was 400 ms at 18 Mar 23:59" in found.summary
    assert clock(START, "Asia/Tokyo", START) == "00:30"
    assert clock(START - timedelta(hours=1), "Asia/Tokyo", START) == "18 Mar 23:30"


async def test_one_sample_is_said_and_nothing_is_made_of_it() -> None:
    found = await said(line(lambda times: np.where(times == times[-1], 0.4, np.nan)))
    assert found.summary == "P95 latency of checkout in production is 400 ms now."
    assert found.figures[0].count == 1
    assert found.figures[0].deviation is None


async def test_infinite_samples_are_counted_as_missing() -> None:
    found = await said(line(lambda times: np.where(times == times[-1], np.inf, 0.4)))
    figures = found.figures[0]
    assert (figures.maximum, figures.last, figures.missing) == (0.4, 0.4, 1)


async def test_nothing_but_nan_is_nothing() -> None:
    def shape(window: Window, step: float) -> Sequence[Series]:
        times = np.arange(window.start.timestamp(), window.end.timestamp(), step)
        return [Series({}, times, np.full(len(times), np.nan))]

    found = await said(shape)
    assert found.summary.startswith("Nothing was measured")
    assert found.chart is None


async def test_what_differs_from_the_hour_before_is_said_with_its_size() -> None:
    def twice(times: Floats) -> Floats:
        return (0.2 + 0.002 * np.sin(times)) * np.where(times > NOW - 3_600, 2, 1)

    found = await said(line(twice))
    assert "Clearly worse, +100 %, beside the hour before (200 ms → 400 ms)" in found.findings
    chart = found.chart
    assert isinstance(chart, Lines)
    assert chart.band is not None
    assert chart.band.label == "usual (the hour before)"
    assert len(chart.band.low) == len(chart.curves[0].values)
    assert len(chart.stretches) == 1


async def test_the_newest_changes_are_named_in_the_order_of_time() -> None:
    changes = FakeChanges([deploy(minutes, version=f"2.{minutes}.0") for minutes in range(1, 20)])
    found = await answered(watching({"": noisy(0.4)}, changes=changes), asking())
    named_ = [each for each in found.findings if each.startswith("Deploy")]
    assert [each.split()[3] for each in named_] == [f"2.{minutes}.0" for minutes in range(6, 0, -1)]


async def test_deploys_that_cannot_be_read_take_no_number_away() -> None:
    found = await answered(watching({"": noisy(0.4)}, changes=FakeChanges(trouble=DOWN)), asking())
    assert found.figures
    assert {each.name: each.state for each in found.sources} == {"prometheus": "fresh", "deploys": "down"}


# ---------------------------------------------------------------- what is promised


def test_an_objective_binds_the_quantiles_below_it() -> None:
    payments = CATALOGUE.resolve("payments")
    assert payments is not None
    for q, bound in ((0.5, True), (0.95, True), (0.99, True), (0.999, False)):
        assert (promised(payments, q) is not None) == bound
    both = payments.model_copy(
        update={
            "slos": (
                Objective(name="a", objective=95, indicator="latency", threshold_ms=800.0),
                Objective(name="b", objective=99, indicator="latency", threshold_ms=300.0),
            )
        }
    )
    limit = promised(both, 0.95)
    assert limit is not None
    assert limit.value == 0.3


@pytest.mark.parametrize(
    ("level", "said_"),
    [(1.2, "Above the objective 1 s for 60 min of this time"), (0.95, "At its peak close to the objective 1 s")],
)
async def test_a_latency_is_held_against_what_is_promised(level: float, said_: str) -> None:
    found = await said(line(level))
    assert said_.replace("60 min", "1 h") in found.findings


@pytest.mark.parametrize("more", [{"quantile": 0.99}, {"aggregation": "avg"}, {"metric": "cpu"}, {"raw": "up"}])
async def test_a_promise_of_a_p95_says_nothing_of_anything_else(more: dict[str, Any]) -> None:
    found = await said(line(1.2), **more)
    assert not any("objective" in each for each in found.findings)


# ---------------------------------------------------------------- many series


def many(count: int, odd: int = -1) -> Shape:
    def shape(window: Window, step: float) -> Sequence[Series]:
        times = np.arange(window.start.timestamp(), window.end.timestamp(), step)
        wave = 1 + 0.01 * np.sin(times)
        jump = np.where(times > NOW - 1_800, 10.0, 1.0)
        return [
            Series({"instance": f"i-{place:04}"}, times, wave * (count - place) * (jump if place == odd else 1))
            for place in range(count)
        ]

    return shape


async def test_two_thousand_series_are_answered_with_the_highest_and_bounded() -> None:
    found = await said(many(2_000), by="instance")
    assert "2,000 series; the highest is i-0000" in found.summary
    assert len(found.figures) == JUDGED
    assert isinstance(found.chart, Lines)
    assert len(found.chart.curves) == MOST_CURVES
    assert f"Only the {JUDGED} highest of the 2,000 series were looked at one by one" in found.findings
    assert len(found.model_dump_json()) < 200_000


async def test_of_many_series_the_one_that_stands_out_is_named_first() -> None:
    found = await said(many(20, odd=17), by="instance")
    assert found.findings[0].startswith("i-0017: ")
    assert "up to" in " ".join(found.findings[:2])
    assert len(found.findings) <= 7


async def test_series_that_were_left_out_are_said() -> None:
    observatory = watching(metrics=FakeMetrics({"": many(3)}, cut=True))
    found = await answered(observatory, asking(by="instance"))
    assert "There are more series than were read; these are 3 of them" in found.findings


def test_the_name_of_a_series_is_bounded() -> None:
    assert named([("b", "2"), ("a", "1"), ("__name__", "up")]) == "1 2"
    assert len(named([("a", "x" * 5_000)])) == MOST_NAME


@pytest.mark.parametrize(
    ("text", "said_"),
    [("p95 of x", "P95 of x"), ("cart: worse", "cart: worse"), ("api-gateway is", "api-gateway is"), ("", "")],
)
def test_a_name_keeps_its_small_letter(text: str, said_: str) -> None:
    assert capital(text) == said_


# ---------------------------------------------------------------- queries of one's own


async def test_a_query_of_ones_own_needs_no_vocabulary() -> None:
    bare = VOCABULARY.model_copy(update={"metrics": {"cpu": VOCABULARY.signal("cpu")}})
    observatory = Observatory(bare, CATALOGUE, metrics=FakeMetrics({"vector(1)": line(1.0)}))
    found = await answered(observatory, asking(scope=Scope(), raw="vector(1)"))
    assert found.summary.startswith("The query is 1 now")
    assert found.figures[0].name == "value"
    assert [(step.label, step.values) for step in found.steps] == [("Watch this", {"query": "vector(1)"})]
    assert (found.where, found.metric, found.unit) == ("", "", "")


async def test_samples_of_another_age_fill_no_memory() -> None:
    def shape(window: Window, step: float) -> Sequence[Series]:
        return [Series({}, np.array([0.0, NOW - 60, NOW - 30, 1e14]), np.array([9.0, 1.0, 2.0, 9.0]))]

    found = await said(shape)
    assert (found.figures[0].count, found.figures[0].maximum) == (2, 2.0)


# ---------------------------------------------------------------- nothing


@pytest.mark.parametrize(
    ("metrics", "scope", "why"),
    [
        (FakeMetrics(known=("http_request_total",)), CHECKOUT, "no metric 'http_requests_total' here; near it are"),
        (FakeMetrics(label_names=("app",)), CHECKOUT, "no series here has a label 'env'"),
        (FakeMetrics(), Scope("checkout", "production"), "no series fits what was asked"),
    ],
)
async def test_what_is_empty_says_why(metrics: FakeMetrics, scope: Scope, why: str) -> None:
    found = await answered(watching(metrics=metrics), asking("throughput", scope))
    assert found.summary.startswith("Nothing was measured")
    assert why in found.summary


async def test_a_service_that_does_not_run_there_is_said() -> None:
    services = tuple(
        each.model_copy(update={"environments": ("production",)}) if each.name == "checkout" else each
        for each in CATALOGUE.services
    )
    observatory = Observatory(VOCABULARY, type(CATALOGUE)(services=services), metrics=FakeMetrics())
    found = await answered(observatory, asking("throughput", Scope("checkout", "development")))
    assert "checkout does not run in development, but in production" in found.summary


async def test_metrics_that_are_down_or_missing_are_an_error_with_words() -> None:
    with pytest.raises(Unavailable):
        await answered(watching({"": DOWN}), asking())
    with pytest.raises(NotFound, match="no source of metrics"):
        await answered(watching(metrics=None), asking())


# ---------------------------------------------------------------- going on


async def test_buttons_ask_on_about_the_very_same() -> None:
    scope = Scope("checkout", "staging", instance="checkout-1", endpoint="/pay", version="2.0.0")
    observatory = watching({"": noisy(0.4)})
    found = await answered(observatory, asking(scope=scope, quantile=0.99, timezone="Asia/Tokyo"))
    values = {each.label: dict(each.values) for each in found.steps}
    whole = {"service": "checkout", "environment": "staging", "endpoint": "/pay", "version": "2.0.0"}
    assert whole.items() <= values["Compare with last week"].items()
    assert values["Compare with last week"]["instance"] == "checkout-1"
    assert values["Compare with last week"]["quantile"] == 0.99
    assert whole.items() <= values["Show traces"].items()
    assert values["Show logs"]["instance"] == "checkout-1"
    assert values["Show logs"]["window"] == "2026-03-18T14:30:00Z/2026-03-18T15:30:00Z"
