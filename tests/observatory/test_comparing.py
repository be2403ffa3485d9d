"""One metric twice: which two windows, what is read, and what is said of the difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.errors import InvalidInput
from bot.observatory.comparing import BESIDE, CompareAnswer, Side, compared, earlier
from bot.observatory.question import Question
from bot.telemetry.charts.shapes import Overlay
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.conftest import Watcher
from tests.observatory.fakes import CHECKOUT, HOUR, FakeMetrics, Shape, asking, line, lines, watching

DAY = timedelta(days=1)


def wavy(level: float, **labels: str) -> Shape:
    return line(lambda times: level * (1 + 0.01 * np.sin(times)), **labels)


def back(window: Window, against: str, timezone: str = "UTC") -> tuple[datetime, datetime, str]:
    side = earlier(Question("latency", CHECKOUT, window, START, timezone), against)
    return side.question.window.start, side.question.window.end, side.label


@pytest.mark.parametrize(
    ("against", "shift", "label"),
    [
        ("", DAY, "the same time yesterday"),
        ("yesterday", DAY, "the same time yesterday"),
        (" Last Week ", 7 * DAY, "the same time last week"),
        ("before", timedelta(hours=1), "the time before"),
    ],
)
def test_an_hour_of_now_has_its_hour_of_before(against: str, shift: timedelta, label: str) -> None:
    assert back(HOUR, against) == (HOUR.start - shift, HOUR.end - shift, label)


@pytest.mark.parametrize(
    ("days_ago", "days_long", "against", "shift", "label"),
    [
        (1, 1, "yesterday", 1, "the day before"),
        (0, 3, "yesterday", 3, "3 days before"),
        (0, 10, "last week", 14, "2 weeks before"),
        (2, 1, "week", 7, "the week before"),
    ],
)
def test_what_is_not_yesterday_is_not_called_so(
    days_ago: int, days_long: int, against: str, shift: int, label: str
) -> None:
    window = Window(START - DAY * (days_ago + days_long), START - DAY * days_ago)
    assert back(window, against) == (window.start - DAY * shift, window.end - DAY * shift, label)


def test_the_same_hours_are_those_of_the_clock() -> None:
    """In Berlin the clock went forward on 29 March: 9 to 10 was an hour later in UTC the week before."""
    window = Window(datetime(2026, 3, 30, 7, tzinfo=UTC), datetime(2026, 3, 30, 8, tzinfo=UTC))
    start, end, _ = back(window, "last week", "Europe/Berlin")
    assert (start, end) == (datetime(2026, 3, 23, 8, tzinfo=UTC), datetime(2026, 3, 23, 9, tzinfo=UTC))


def test_any_range_may_be_the_measure() -> None:
    start, end, label = back(HOUR, "2026-03-10T14:00Z/2026-03-10T15:00Z")
    assert (end - start, label) == (timedelta(hours=1), "2026-03-10T14:00Z/2026-03-10T15:00Z")
    with pytest.raises(InvalidInput, match="no range"):
        back(HOUR, "when pigs fly")


async def between(now: Shape, then: Shape, metric: str = "latency", **more: Any) -> CompareAnswer:
    """Two services, told apart by their queries."""
    observatory = watching({'"checkout"': now, '"cart"': then})
    question = asking(metric, **more)
    other = asking(metric, Scope("cart", "production"), **more)
    return await compared(observatory, Side(question, "checkout"), Side(other, "cart"))


async def test_a_difference_is_told_with_size_and_chance() -> None:
    found = await between(wavy(0.3), wavy(0.2))
    assert found.verdict == "worse"
    assert found.relative == pytest.approx(0.5, abs=0.01)
    assert "beside cart: clearly worse, +50 %. The median is 300 ms; it was 200 ms." in found.summary
    assert any("hardly by chance" in each for each in found.findings)
    assert isinstance(found.chart, Overlay)
    assert found.chart.same_time
    assert found.query.count(BESIDE) == 1


async def test_a_measure_of_nought_divides_nothing() -> None:
    found = await between(wavy(0.05), line(0.0), "error_rate")
    assert found.relative is None
    assert found.verdict == "worse"
    assert found.grid is not None
    assert {row[3] for row in found.grid.rows} == {"–"}


async def test_a_higher_throughput_is_neither_good_nor_bad() -> None:
    assert (await between(wavy(30.0), wavy(20.0), "throughput")).verdict == "higher"
    assert (await between(wavy(0.9), wavy(0.5), "availability")).verdict == "better"


async def test_two_samples_are_no_comparison() -> None:
    few = line(lambda times: np.where(np.arange(len(times)) < 2, 0.2, np.nan))
    found = await between(few, wavy(0.2))
    assert "too few samples" in found.summary


@pytest.mark.parametrize(("now", "then", "who"), [(1, 0, "cart"), (0, 1, "checkout"), (0, 0, "checkout and for cart")])
async def test_nothing_is_compared_with_nothing(now: int, then: int, who: str) -> None:
    shapes = (lines(), wavy(0.2))
    found = await between(shapes[now], shapes[then])
    assert found.summary.startswith(f"There is nothing to compare: no samples for {who};")
    assert found.chart is None
    assert found.sources


async def test_each_side_is_read_once_and_in_steps_of_one_length() -> None:
    observatory = watching({"": wavy(0.2)})
    question = asking()
    month = earlier(question, "2026-02-01/2026-03-01")
    await compared(observatory, Side(question, "now"), month)
    assert isinstance(observatory.metrics, FakeMetrics)
    asked = observatory.metrics.asked
    assert [round(window.seconds / 3_600) for _, window in asked] == [1, 28 * 24]
    assert asked[0][0] == asked[1][0]  # the same query, so the same rates


async def test_what_lies_ahead_is_refused() -> None:
    ahead = asking(window=Window(START + DAY, START + 2 * DAY))
    with pytest.raises(InvalidInput, match="in the future"):
        await compared(watching(), Side(ahead, "now"), Side(asking(), "then"))


async def test_times_services_environments_and_versions_are_compared(watcher: Watcher) -> None:
    """One turn for each, over the real protocols."""
    world, clock = watcher.platform.world, watcher.clock
    running = world.version_at("checkout", "production", clock())
    latency = {"service": "checkout", "metric": "latency"}
    time = await watcher.runs("metrics.compare", **latency, window="last hour", against="last week")
    assert time.output["now"]["name"] == "now"
    assert time.output["before"]["name"] == "the same time last week"
    service = await watcher.runs("metrics.compare", **latency, window="last hour", other_service="cart")
    assert service.output["verdict"] == "worse"  # checkout waits for cart, and for others
    assert "beside cart" in service.summary
    place = await watcher.runs(
        "metrics.compare", service="checkout", metric="throughput", window="last hour", other_environment="dev"
    )
    ratio = place.output["now"]["mean"] / place.output["before"]["mean"]
    minute = int(clock().timestamp() // 60)
    counted = [world.cells("checkout", name, minute - 60, minute).rate.mean() for name in ("production", "development")]
    assert ratio == pytest.approx(counted[0] / counted[1], rel=0.15)
    version = await watcher.runs(
        "metrics.compare", **latency, window="last hour", version=running, other_version="0.0.1"
    )
    assert "no samples for version 0.0.1" in version.summary
    assert f'version="{running}"' in time.query or running in version.query
