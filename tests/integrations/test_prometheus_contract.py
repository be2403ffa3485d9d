"""What every Metrics must do, over a real Prometheus and over the simulated platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.errors import InvalidInput
from bot.telemetry.signals import NAME, Window
from bot.telemetry.sources import Metrics
from integrations.http.backend import Backend
from integrations.prometheus.adapter import Prometheus
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

pytest_plugins = ["tests.prometheus_server"]
AT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """Metrics of a backend, and what is known of it."""

    metrics: Metrics
    product: str
    version: str
    """A selector of one series."""


@pytest.fixture(params=["real", "sandbox"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    if request.param == "real":
        metrics = Prometheus(Backend(url=request.getfixturevalue("prometheus").url))
        yield Case(metrics, "Prometheus 2.", 'build_info{version="1.1"}')
        await metrics.close()
        return
    async with Platform(World(born=AT), clock=lambda: AT) as platform:
        metrics = Prometheus(Backend(url=platform.prometheus_url))
        yield Case(metrics, "Prometheus", 'topk(1, build_info{service="checkout"})')
        await metrics.close()


HOUR = Window.last(3600, AT)


async def test_it_says_what_it_is(case: Case) -> None:
    assert (await case.metrics.ready()).startswith(case.product)


async def test_names_labels_and_values_are_found(case: Case) -> None:
    assert {"http_requests_total", "build_info"} <= set((await case.metrics.names()).value)
    assert {NAME, "service", "status"} <= set((await case.metrics.labels()).value)
    labels = (await case.metrics.labels(['build_info{service="checkout"}'])).value
    assert "version" in labels
    assert "status" not in labels
    assert {"checkout", "payments"} <= set((await case.metrics.values("service")).value)
    assert (await case.metrics.values("service", ['build_info{service="checkout"}'])).value == ("checkout",)
    assert (await case.metrics.values("no_such_label")).value == ()
    assert isinstance((await case.metrics.meanings()).value, dict)


async def test_a_range_has_a_sample_at_every_step_and_none_at_its_end(case: Case) -> None:
    read = await case.metrics.range("sum by (service) (rate(http_requests_total[5m]))", HOUR, 60)
    assert read.value.kind == "matrix"
    assert {"checkout", "payments"} <= {series.labels["service"] for series in read.value.series}
    wanted = HOUR.start.timestamp() + 60.0 * np.arange(60)
    for series in read.value.series:
        np.testing.assert_array_equal(series.times, wanted)
        assert np.isfinite(series.values).all()
        assert (series.values > 0).any()
    assert not read.cut


async def test_windows_side_by_side_make_the_window_of_both(case: Case) -> None:
    query = 'sum(rate(http_requests_total{service="checkout"}[5m]))'
    both = (await case.metrics.range(query, HOUR, 60)).value.series[0]
    middle = HOUR.start + timedelta(minutes=23)
    parts = [
        (await case.metrics.range(query, window, 60)).value.series[0]
        for window in (Window(HOUR.start, middle), Window(middle, HOUR.end))
    ]
    np.testing.assert_array_equal(np.concatenate([part.times for part in parts]), both.times)
    np.testing.assert_allclose(np.concatenate([part.values for part in parts]), both.values, rtol=1e-12)


async def test_a_moment_and_a_range_agree(case: Case) -> None:
    query = 'sum(rate(http_requests_total{service="checkout"}[5m]))'
    series = (await case.metrics.range(query, HOUR, 300)).value.series[0]
    for index in (0, 7):
        at = datetime.fromtimestamp(series.times[index], UTC)
        instant = await case.metrics.instant(query, at)
        assert instant.value.kind == "vector"
        assert instant.value.series[0].values[0] == pytest.approx(series.values[index], rel=1e-12)


async def test_a_scalar_has_no_labels(case: Case) -> None:
    read = await case.metrics.instant("scalar(vector(42.5))", AT)
    assert (read.value.kind, read.value.series[0].values.tolist()) == ("scalar", [42.5])
    assert read.value.series[0].times.tolist() == [AT.timestamp()]
    assert not read.value.series[0].labels


@pytest.mark.parametrize(("query", "value"), [("vector(0) / 0", np.nan), ("vector(1) / 0", np.inf)])
async def test_what_is_no_finite_number_stays_so(case: Case, query: str, value: float) -> None:
    read = await case.metrics.instant(query, AT)
    np.testing.assert_array_equal(read.value.series[0].values, [value])


@pytest.mark.parametrize("query", ["no_such_metric", 'up{service="no such service"}', 'up{service="a\\"b\\n"}'])
async def test_what_is_not_there_is_empty(case: Case, query: str) -> None:
    assert (await case.metrics.instant(query, AT)).value.series == ()
    assert (await case.metrics.range(query, HOUR, 60)).value.series == ()


async def test_the_future_is_empty(case: Case) -> None:
    window = Window.last(3600, datetime(2090, 1, 1, tzinfo=UTC))
    assert (await case.metrics.range("up", window, 60)).value.series == ()


@pytest.mark.parametrize("query", ["sum(", "rate(http_requests_total)", "nope(up)", "", 'up{service=~"("}', "up[5m"])
async def test_a_broken_query_is_refused_in_the_servers_words(case: Case, query: str) -> None:
    with pytest.raises(InvalidInput, match="answered 400: ") as caught:
        await case.metrics.instant(query, AT)
    assert f"The query '{query}' was refused" in caught.value.message


async def test_ten_years_in_small_steps_are_refused_in_the_servers_words(case: Case) -> None:
    with pytest.raises(InvalidInput, match="exceeded maximum resolution of 11,000 points"):
        await case.metrics.range("up", Window.last(10 * 365 * 86_400, AT), 15)


async def test_one_series_is_what_was_selected(case: Case) -> None:
    at = AT - timedelta(minutes=15)
    (series,) = (await case.metrics.instant(case.version, at)).value.series
    assert (series.labels["service"], series.values.tolist()) == ("checkout", [1.0])
