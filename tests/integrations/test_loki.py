"""The logs adapter over what a real Loki answered, and over its quirks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput, Unavailable
from bot.resilience import Breaker, RetryPolicy, Shield
from bot.telemetry.signals import Level, LogLine, Read, Window
from integrations.http.backend import Backend
from integrations.loki.adapter import Loki
from integrations.loki.levels import level_of
from integrations.loki.lines import page
from tests.integrations.hostile import Hostile, hostile
from tests.integrations.recordings import recording, replaying

AT = datetime(2026, 11, 21, 13, 27, 43, tzinfo=UTC)
HOUR = Window.last(3600, AT)


async def no_wait(_: float) -> None:
    """Retries at once."""


@asynccontextmanager
async def adapter(url: str) -> AsyncIterator[Loki]:
    logs = Loki(Backend(url=url), Shield(Breaker("loki"), RetryPolicy(), 30.0, sleep=no_wait), clock=lambda: AT)
    try:
        yield logs
    finally:
        await logs.close()


@asynccontextmanager
async def recorded(*names: str) -> AsyncIterator[tuple[Loki, list[web.Request]]]:
    async with replaying(*(f"loki/{name}" for name in names)) as (url, asked), adapter(url) as logs:
        yield logs, asked


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as running:
        yield running


async def lines(server: Hostile, result: object, **more: Any) -> Read[tuple[LogLine, ...]]:
    server.body = json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}})
    async with adapter(server.url) as logs:
        return await logs.lines('{a="b"}', HOUR, **more)


@pytest.mark.parametrize(
    ("name", "newest_first"),
    [
        ("query_range_streams", True),
        ("query_range_streams_forward", False),
        ("query_range_seconds_float_times", True),
        ("query_range_json_parser", True),
        ("query_range_json_parser_error", True),
        ("query_range_structured_metadata", True),
        ("query_range_multiline_unicode", True),
        ("query_range_ansi", True),
    ],
)
async def test_the_streams_become_one_order(name: str, *, newest_first: bool) -> None:
    async with recorded(name) as (logs, asked):
        read = await logs.lines('{env="prod"}', HOUR, newest_first=newest_first)
    told = recording(f"loki/{name}")["body"]["data"]["result"]
    expected = [(int(at), text, stream["stream"]) for stream in told for at, text in stream["values"]]
    assert sorted((line.nanoseconds, line.text) for line in read.value) == sorted(
        (at, text) for at, text, _ in expected
    )
    order = [line.nanoseconds for line in read.value]
    assert order == sorted(order, reverse=newest_first)
    for line in read.value:
        assert (line.nanoseconds, line.text, dict(line.labels)) in expected
        assert abs(line.at.timestamp() * 1e9 - line.nanoseconds) < 2_000
    assert asked[0].query["direction"] == ("backward" if newest_first else "forward")
    assert (asked[0].query["start"], asked[0].query["end"]) == ("1795264063000000000", "1795267663000000000")
    assert (asked[0].method, asked[0].query["limit"]) == ("GET", "1000")
    assert not read.cut


async def test_categorised_labels_are_those_of_the_line() -> None:
    async with recorded("query_range_categorize_labels") as (logs, _):
        read = await logs.lines('{env="prod"}', HOUR)
    told = recording("loki/query_range_categorize_labels")["body"]["data"]["result"]
    wanted = [
        stream["stream"] | extra.get("structuredMetadata", {}) | extra.get("parsed", {})
        for stream in told
        for _, _, extra in stream["values"]
    ]
    assert any(extra for stream in told for _, _, extra in stream["values"])
    assert all(dict(line.labels) in wanted for line in read.value)


async def test_no_lines_are_an_answer() -> None:
    async with recorded("query_range_streams_empty") as (logs, _):
        read = await logs.lines('{env="nope"}', HOUR)
    assert (read.value, read.cut) == ((), False)


async def test_doubles_of_a_stream_are_dropped_and_twins_of_another_are_kept(server: Hostile) -> None:
    result = [
        {"stream": {"pod": "b"}, "values": [["2", "x"], ["2", "x"], ["1", "x"], ["2", "y"]]},
        {"stream": {"pod": "a"}, "values": [["2", "x"]]},
        {"stream": {"pod": "b"}, "values": [["2", "x"]]},
    ]
    read = await lines(server, result, newest_first=False)
    seen = [(line.nanoseconds, line.labels["pod"], line.text) for line in read.value]
    assert seen == [(1, "b", "x"), (2, "a", "x"), (2, "b", "x"), (2, "b", "y")]
    read = await lines(server, result)
    assert [line.nanoseconds for line in read.value] == [2, 2, 2, 1]


async def test_a_full_page_is_marked_as_cut(server: Hostile) -> None:
    result = [{"stream": {}, "values": [[str(i), "x"] for i in range(10)]}]
    assert (await lines(server, result, limit=10)).cut
    assert not (await lines(server, result, limit=11)).cut
    read = await lines(server, result, limit=4)
    assert [line.nanoseconds for line in read.value] == [9, 8, 7, 6]


async def test_no_more_lines_are_asked_for_than_loki_gives(server: Hostile) -> None:
    await lines(server, [], limit=50_000)
    await lines(server, [], limit=-1)
    assert [request.query["limit"] for request in server.asked] == ["5000", "1"]


async def test_a_long_query_goes_as_a_form(server: Hostile) -> None:
    server.body = json.dumps({"status": "success", "data": {"resultType": "streams", "result": []}})
    query = '{a="' + "é" * 4_000 + '"}'
    async with adapter(server.url) as logs:
        await logs.lines(query, HOUR)
    assert server.asked[0].method == "POST"
    assert (await server.asked[0].post())["query"] == query


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("err_parse", "unexpected \\$end, expecting } or ,"),
        ("err_empty_matcher", "at least one regexp or equality matcher"),
        ("err_limit", "max entries limit per query exceeded"),
        ("err_range_too_long", "the query time range exceeds the limit"),
        ("err_unwrap", "pipeline error"),
        ("err_bad_regex", "missing closing \\): `\\(`"),
    ],
)
async def test_a_refusal_in_plain_text_is_passed_on(name: str, words: str) -> None:
    async with recorded(name) as (logs, asked):
        with pytest.raises(InvalidInput, match=words) as caught:
            await logs.lines("{oops", HOUR)
    assert "The query '{oops' was refused" in caught.value.message
    assert len(asked) == 1


@pytest.mark.parametrize(
    "name",
    ["query_range_matrix_rate", "query_range_matrix_count", "query_range_matrix_no_step", "query_range_matrix_unwrap"],
)
async def test_counts_over_time_are_a_matrix(name: str) -> None:
    async with recorded(name) as (logs, asked):
        read = await logs.range('sum(rate({env="prod"}[1m]))', HOUR, 60)
    told = recording(f"loki/{name}")["body"]["data"]["result"]
    assert read.value.kind == "matrix"
    wanted = [
        (entry["metric"], [(at, float(value)) for at, value in entry["values"] if at < AT.timestamp()])
        for entry in told
    ]
    seen = [
        (dict(series.labels), list(zip(series.times.tolist(), series.values.tolist(), strict=True)))
        for series in read.value.series
    ]
    assert seen == [(labels, pairs) for labels, pairs in wanted if pairs]
    assert (asked[0].query["end"], asked[0].query["step"]) == ("1795267663000000000", "60")


async def test_counts_at_a_moment_are_a_vector_and_a_scalars_time_is_in_seconds() -> None:
    async with recorded("query_instant_vector", "query_instant_vector_empty", "query_instant_scalar") as (logs, asked):
        vector = await logs.instant("x", AT)
        empty = await logs.instant("x", AT)
        scalar = await logs.instant("1+1", AT)
    assert vector.value.kind == "vector"
    assert vector.value.series
    assert empty.value.series == ()
    assert scalar.value.kind == "scalar"
    assert scalar.value.series[0].times[0] == pytest.approx(AT.timestamp(), abs=10)
    assert asked[0].query["time"] == "1795267663000000000"


async def test_lines_are_no_numbers_and_numbers_no_lines() -> None:
    async with recorded("query_range_streams", "query_range_matrix_rate", "query_instant_log_selector") as (logs, _):
        with pytest.raises(InvalidInput, match="log lines, not numbers"):
            await logs.range('{env="prod"}', HOUR, 60)
        with pytest.raises(InvalidInput, match="numbers, not log lines"):
            await logs.lines("rate(x)", HOUR)
        with pytest.raises(InvalidInput, match="log queries are not supported"):
            await logs.instant('{env="prod"}', AT)


async def test_labels_and_values_even_where_there_are_none() -> None:
    names = ("labels", "labels_empty_window", "label_values", "label_values_unknown")
    async with recorded(*names) as (logs, asked):
        assert "service_name" in (await logs.labels(HOUR)).value
        assert (await logs.labels(HOUR)).value == ()
        assert "payments" in (await logs.values("service", HOUR)).value
        assert (await logs.values("a/b", HOUR)).value == ()
    assert asked[3].raw_path.startswith("/loki/api/v1/label/a%2Fb/values?")


async def test_it_says_what_it_is() -> None:
    async with recorded("buildinfo") as (logs, _):
        assert await logs.ready() == "Loki main-65e30f8"
    async with recorded("err_404", "labels") as (logs, _):
        assert await logs.ready() == "Loki, version unknown"


@pytest.mark.parametrize("backwards", [Window(AT, AT - timedelta(hours=1))])
async def test_a_window_that_is_backwards_is_not_asked_for(server: Hostile, backwards: Window) -> None:
    async with adapter(server.url) as logs:
        with pytest.raises(InvalidInput, match="ends 3600 s before it begins"):
            await logs.lines("{}", backwards)
    assert not server.asked


@pytest.mark.parametrize(
    "stream",
    [
        {"stream": {}, "values": [["noon", "x"]]},
        {"stream": {}, "values": [["1"]]},
        {"stream": [], "values": []},
        {"values": []},
        "text",
        {"stream": {}, "values": [["9" * 30, "x"]]},
    ],
)
async def test_streams_of_another_shape_are_refused(server: Hostile, stream: object) -> None:
    with pytest.raises(Unavailable, match="a shape that is not its own"):
        await lines(server, [stream])


@pytest.mark.parametrize(
    ("labels", "text", "level"),
    [
        ({"level": "WARN"}, "ERROR", "warn"),
        ({"detected_level": "error"}, "", "error"),
        ({"detected_level": "unknown"}, "level=debug", "debug"),
        ({"level": "5x"}, "nothing", "unknown"),
        ({}, '{"level":"error","msg":"x"}', "error"),
        ({}, '{"level":50,"msg":"x"}', "error"),
        ({}, 'level = "warning" msg="an error"', "warn"),
        ({}, "severity=CRITICAL", "fatal"),
        ({}, "2026-03-18 15:30:00,123 INFO app - no error found", "info"),
        ({}, "2026-03-18T15:30:00Z [ERROR] app: gone", "error"),
        ({}, "[warn] slow", "warn"),
        ({}, "error: no such file", "error"),
        ({}, "fatal: no such branch", "fatal"),
        ({}, "nothing to warn about, no error here", "unknown"),
        ({}, "informal words", "unknown"),
        ({}, "Traceback (most recent call last):\n  File", "error"),
        ({}, "java.lang.NullPointerException: x is null", "error"),
        ({}, "GET /errors 200", "unknown"),
        ({}, "", "unknown"),
    ],
)
def test_a_lines_level_is_what_its_source_calls_it(labels: dict[str, str], text: str, level: Level) -> None:
    assert level_of(labels, text) == level


@settings(deadline=None)
@given(st.text(max_size=2_000))
def test_any_line_has_a_level(text: str) -> None:
    assert level_of({}, text) == level_of({}, text[:400])


times = st.integers(min_value=0, max_value=10**19)
streams = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")), st.lists(st.tuples(times, st.text(max_size=5)))
    ),
    max_size=5,
)


@settings(deadline=None)
@given(told=streams, newest=st.booleans())
def test_no_line_is_lost_and_none_comes_twice(
    *, told: list[tuple[dict[str, str], list[tuple[int, str]]]], newest: bool
) -> None:
    result = [{"stream": labels, "values": [[str(at), text] for at, text in held]} for labels, held in told]
    body = json.dumps({"data": {"resultType": "streams", "result": result}}).encode()
    read = page(body, newest_first=newest).lines
    seen = [(line.nanoseconds, tuple(sorted(line.labels.items())), line.text) for line in read]
    assert len(set(seen)) == len(seen)
    assert set(seen) == {(at, tuple(sorted(labels.items())), text) for labels, held in told for at, text in held}
    order = [at for at, _, _ in seen]
    assert order == sorted(order, reverse=newest)
