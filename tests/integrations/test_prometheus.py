"""The metrics adapter over what a real Prometheus answered, and over what its relatives and enemies answer."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput, TimedOut, Unavailable
from bot.resilience import Breaker, RetryPolicy, Shield
from bot.telemetry.signals import Read, Samples, Window
from bot.telemetry.sources import Meaning, Metrics
from integrations.http.backend import Backend
from integrations.prometheus.adapter import Prometheus, product
from integrations.prometheus.samples import Caps, found
from tests.integrations.hostile import Hostile, hostile, serving
from tests.integrations.recordings import recording, replaying

AT = datetime(2026, 11, 21, 13, 27, 43, tzinfo=UTC)
HOUR = Window.last(3600, AT)


async def no_wait(_: float) -> None:
    """Retries at once."""


def adapter(url: str, caps: Caps = Caps()) -> Prometheus:  # noqa: B008  frozen
    shield = Shield(Breaker("prometheus"), RetryPolicy(), 30.0, sleep=no_wait)
    return Prometheus(Backend(url=url), shield, caps=caps, clock=lambda: AT)


@asynccontextmanager
async def recorded(*names: str, caps: Caps = Caps()) -> AsyncIterator[tuple[Prometheus, list[web.Request]]]:  # noqa: B008  frozen
    async with replaying(*(f"prometheus/{name}" for name in names)) as (url, asked):
        metrics = adapter(url, caps)
        try:
            yield metrics, asked
        finally:
            await metrics.close()


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as running:
        yield running


async def answer(server: Hostile, data: object, caps: Caps = Caps(), **more: Any) -> Read[Samples]:  # noqa: B008  frozen
    server.body = json.dumps({"status": "success", "data": data, **more})
    metrics = adapter(server.url, caps)
    try:
        return await metrics.instant("up", AT)
    finally:
        await metrics.close()


async def test_a_vector_is_read_with_its_labels() -> None:
    async with recorded("query_vector") as (metrics, asked):
        read = await metrics.instant("up", AT)
    form = await asked[0].post()
    assert (asked[0].method, asked[0].path, form["query"], form["time"]) == (
        "POST",
        "/api/v1/query",
        "up",
        "1795267663.000",
    )
    told = recording("prometheus/query_vector")["body"]["data"]["result"]
    assert read.value.kind == "vector"
    assert [dict(series.labels) for series in read.value.series] == [entry["metric"] for entry in told]
    assert [series.values[0] for series in read.value.series] == [float(entry["value"][1]) for entry in told]
    assert (read.source, read.query, read.at, read.cut, read.warnings) == ("prometheus", "up", AT, False, ())
    assert read.took_ms > 0


@pytest.mark.parametrize("name", ["query_range_matrix", "query_range_error_ratio", "query_range_gap_recording_rule"])
async def test_a_matrix_is_read_to_the_last_digit(name: str) -> None:
    async with recorded(name) as (metrics, asked):
        read = await metrics.range("up", HOUR, 60)
    form = await asked[0].post()
    assert (form["start"], form["end"], form["step"]) == ("1795264063.000", "1795267662.999", "60")
    told = recording(f"prometheus/{name}")["body"]["data"]["result"]
    assert read.value.kind == "matrix"
    for series, entry in zip(read.value.series, told, strict=True):
        assert dict(series.labels) == entry["metric"]
        assert series.times.tolist() == [time for time, _ in entry["values"]]
        np.testing.assert_array_equal(series.values, [float(value) for _, value in entry["values"]])


async def test_what_is_no_finite_number_stays_so() -> None:
    async with recorded("query_nonfinite", "query_range_hq_nan") as (metrics, _):
        values = sorted(str(each.values[0]) for each in (await metrics.instant("x", AT)).value.series)
        assert set(values) >= {"inf", "nan", "-inf"}
        idle = await metrics.range("x", HOUR, 60)
    assert all(np.isnan(series.values).all() for series in idle.value.series)


@pytest.mark.parametrize(("name", "value"), [("query_scalar", None), ("query_scalar_nan", math.nan)])
async def test_a_scalar_is_one_sample_without_labels(name: str, value: float | None) -> None:
    async with recorded(name) as (metrics, _):
        read = await metrics.instant("1", AT)
    told = recording(f"prometheus/{name}")["body"]["data"]["result"]
    (series,) = read.value.series
    assert (read.value.kind, dict(series.labels), series.times.tolist()) == ("scalar", {}, [told[0]])
    np.testing.assert_array_equal(series.values, [float(told[1]) if value is None else value])


async def test_a_text_is_no_number_and_is_said() -> None:
    async with recorded("query_string") as (metrics, _):
        read = await metrics.instant('"x"', AT)
    assert np.isnan(read.value.series[0].values).all()
    assert "gave text, no number" in read.warnings[0]


@pytest.mark.parametrize("name", ["query_empty_vector", "query_range_empty"])
async def test_nothing_is_an_answer(name: str) -> None:
    async with recorded(name) as (metrics, _):
        assert (await metrics.instant("x", AT)).value.series == ()


async def test_the_samples_of_a_range_selector_are_read_as_they_lie() -> None:
    async with recorded("query_matrix_instant_range_selector") as (metrics, _):
        read = await metrics.instant("up[5m]", AT)
    assert read.value.kind == "matrix"
    assert all((np.diff(series.times) > 0).all() for series in read.value.series)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("err_parse", "unclosed left parenthesis"),
        ("err_parse_unknown_fn", "unknown function"),
        ("err_type_rate_of_instant", "expected type range vector"),
        ("err_exec_many_to_many", "many-to-many matching not allowed"),
        ("err_too_many_points", "exceeded maximum resolution of 11,000 points"),
        ("err_bad_time", "cannot parse"),
    ],
)
async def test_a_refused_query_comes_back_with_the_servers_words(name: str, words: str) -> None:
    async with recorded(name) as (metrics, asked):
        with pytest.raises(InvalidInput, match=words) as caught:
            await metrics.instant("sum(up", AT)
    assert "The query 'sum(up' was refused" in caught.value.message
    assert len(asked) == 1


async def test_a_query_that_takes_too_long_timed_out() -> None:
    async with recorded("err_timeout") as (metrics, asked):
        with pytest.raises(TimedOut, match="timed out"):
            await metrics.instant("x", AT)
    assert len(asked) == 3


async def test_names_labels_and_values() -> None:
    names = ("metric_names", "labels", "label_values", "label_values_unknown_label")
    async with recorded(*names) as (metrics, asked):
        assert "up" in (await metrics.names()).value
        assert "__name__" in (await metrics.labels(['up{job="x"}'])).value
        assert (await metrics.values("service", ["up", "down"])).value
        assert (await metrics.values("no/such label")).value == ()
    paths = [request.raw_path.partition("?")[0] for request in asked]
    assert paths == [
        "/api/v1/label/__name__/values",
        "/api/v1/labels",
        "/api/v1/label/service/values",
        "/api/v1/label/no%2Fsuch%20label/values",
    ]
    assert (await asked[1].post()).getall("match[]") == ['up{job="x"}']
    assert asked[2].query.getall("match[]") == ["up", "down"]


@pytest.mark.parametrize("label", ["", ".", "..", " "])
async def test_a_label_that_would_be_another_path_is_refused(label: str) -> None:
    async with recorded("labels") as (metrics, asked):
        with pytest.raises(InvalidInput, match="no name of a label"):
            await metrics.values(label)
    assert not asked


async def test_what_metrics_mean() -> None:
    async with recorded("metadata", "metadata_missing") as (metrics, asked):
        known = (await metrics.meanings()).value
        assert (await metrics.meanings("nope")).value == {}
    assert Meaning("counter") in [Meaning(each.kind) for each in known.values()]
    assert all(each.help for each in known.values())
    assert asked[1].query["metric"] == "nope"


async def test_a_real_one_is_known_by_its_build() -> None:
    async with recorded("status_buildinfo") as (metrics, _):
        assert await metrics.ready() == "Prometheus 2.42.0"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"version": "2.24.0"}, "VictoriaMetrics (speaks as Prometheus 2.24.0)"),
        ({"application": "Grafana Mimir", "version": "2.13.0", "goVersion": "go1.22"}, "Mimir 2.13.0"),
        ({"version": "0.36.1", "goVersion": "go1.22"}, "Thanos 0.36.1"),
        ({"version": "3.4.0", "goVersion": "go1.24"}, "Prometheus 3.4.0"),
        ({"goVersion": "go1.24"}, "Prometheus of unknown version"),
    ],
)
def test_relatives_are_told_apart(told: dict[str, str], name: str) -> None:
    assert product(told) == name


async def test_one_without_build_information_is_tried_with_a_query() -> None:
    async with recorded("err_404", "query_vector") as (metrics, _):
        assert await metrics.ready() == "speaks Prometheus' API, version unknown"


async def test_where_forms_are_not_taken_it_asks_in_the_address(server: Hostile) -> None:
    server.way = "get_only"
    metrics = adapter(server.url)
    for _ in range(2):
        assert (await metrics.instant("up", AT)).value.series == ()
    assert [request.method for request in server.asked] == ["POST", "GET", "GET"]
    assert server.asked[1].query["query"] == "up"
    await metrics.close()


@pytest.mark.parametrize("window", [Window(AT, AT), Window(AT, AT - timedelta(hours=1))])
async def test_a_window_that_holds_nothing_is_not_asked_for(server: Hostile, window: Window) -> None:
    metrics = adapter(server.url)
    with pytest.raises(InvalidInput, match="holds nothing"):
        await metrics.range("up", window, 60)
    assert not server.asked
    await metrics.close()


def vector(count: int) -> dict[str, Any]:
    return {
        "resultType": "vector",
        "result": [{"metric": {"i": str(i)}, "value": [1.5, str(i)]} for i in range(count)],
    }


async def test_warnings_are_surfaced_once_and_made_harmless(server: Hostile) -> None:
    read = await answer(server, vector(1), warnings=["slow\x1b[0m store", "slow\x1b[0m store"], infos=["no counter", 3])
    assert read.warnings == ("slow\\x1b[0m store", "no counter")
    partial = await answer(server, vector(1), isPartial=True)
    assert "partial" in partial.warnings[0]


async def test_series_and_samples_are_capped(server: Hostile) -> None:
    read = await answer(server, vector(5), Caps(series=3))
    assert (len(read.value.series), read.cut) == (3, True)
    assert (await server.asked[-1].post())["limit"] == "4"
    assert not (await answer(server, vector(3), Caps(series=3))).cut
    pairs = [[time, "1"] for time in range(10)]
    matrix = {"resultType": "matrix", "result": [{"metric": {}, "values": pairs}] * 5}
    read = await answer(server, matrix, Caps(samples=20))
    assert ([len(series) for series in read.value.series], read.cut) == ([10, 10], True)


async def test_native_histograms_are_left_out_and_said(server: Hostile) -> None:
    histogram = {"count": "3", "sum": "1.5", "buckets": [[0, "0.1", "0.2", "3"]]}
    result = [
        {"metric": {"a": "1"}, "histograms": [[1.5, histogram]]},
        {"metric": {"a": "2"}, "values": [[1.5, "2"], [2.5, "3"]], "histograms": [[3.5, histogram]]},
    ]
    read = await answer(server, {"resultType": "matrix", "result": result})
    assert [dict(series.labels) for series in read.value.series] == [{"a": "2"}]
    assert read.warnings == ("2 series hold native histograms; their samples were left out.",)


@pytest.mark.parametrize(
    "result",
    [
        {"metric": {}, "values": [[1, "2"], [3]]},
        {"metric": {}, "values": [[1, "2"], [3, "x"]]},
        {"metric": {}, "values": [[1, "2", "3"]]},
        {"metric": {}, "values": 7},
        {"metric": {}, "values": "text"},
        {"metric": [], "values": [[1, "2"]]},
        {"values": [[1, "2"]]},
        ["no object"],
        {"metric": {}, "value": [1, None]},
    ],
)
async def test_samples_of_another_shape_are_refused(server: Hostile, result: object) -> None:
    with pytest.raises(Unavailable, match="a shape that is not its own"):
        await answer(server, {"resultType": "matrix", "result": [result]})


@pytest.mark.parametrize("way", ["login_page", "redirect", "half", "empty", "500"])
async def test_one_that_misbehaves_is_unavailable_for_every_question(server: Hostile, way: str) -> None:
    server.way = way
    metrics: Metrics = adapter(server.url)
    questions: list[Callable[[], Any]] = [
        lambda: metrics.instant("up", AT),
        lambda: metrics.range("up", HOUR, 60),
        metrics.names,
        metrics.meanings,
    ]
    for ask in questions:
        with pytest.raises(Unavailable):
            await ask()
    await metrics.close()


async def test_a_query_with_quotes_and_newlines_arrives_as_it_was() -> None:
    query = 'sum(rate(x{a="\\"\\n{}[]&=+%",b=~".*\\\\d"}[5m]))\n# é ☃'
    async with recorded("query_vector") as (metrics, asked):
        await metrics.instant(query, AT)
    assert (await asked[0].post())["query"] == query


values = st.floats(allow_nan=True, allow_infinity=True)
texts = st.text(max_size=20) | st.sampled_from(['"values":[[1,"2"]]', "]]", '\\"values\\":[[', "\\"])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.dictionaries(texts, texts, max_size=3), st.lists(values, min_size=1, max_size=5)), max_size=5)
)
def test_whatever_labels_hold_numbers_are_read_as_json_would(told: list[tuple[dict[str, str], list[float]]]) -> None:
    written = {math.inf: "+Inf", -math.inf: "-Inf"}
    result = [
        {"metric": labels, "values": [[i + 0.5, written.get(value, repr(value))] for i, value in enumerate(held)]}
        for labels, held in told
    ]
    data = {"resultType": "matrix", "result": result}
    for separators in ((",", ":"), (", ", ": ")):
        body = json.dumps({"status": "success", "data": data}, separators=separators).encode()
        read = found(body, Caps()).samples
        assert [dict(series.labels) for series in read.series] == [labels for labels, _ in told]
        for series, (_, held) in zip(read.series, told, strict=True):
            np.testing.assert_array_equal(series.values, held)
            np.testing.assert_array_equal(series.times, np.arange(len(held)) + 0.5)


async def test_samples_out_of_order_are_put_in_order(server: Hostile) -> None:
    pairs = [[3, "30"], [1, "10"], [2, "20"]]
    read = await answer(server, {"resultType": "matrix", "result": [{"metric": {}, "values": pairs}]})
    assert read.value.series[0].times.tolist() == [1, 2, 3]
    assert read.value.series[0].values.tolist() == [10, 20, 30]


async def test_the_prefix_of_an_address_is_kept() -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({"status": "success", "data": []})

    async with serving(note) as url:
        metrics = adapter(f"{url}/team/prometheus/")
        await metrics.names()
        await metrics.close()
    assert asked == ["/team/prometheus/api/v1/label/__name__/values"]
