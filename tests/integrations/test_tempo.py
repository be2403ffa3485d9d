"""The traces adapter over what a real Tempo answered, and over older and stranger ones."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.errors import InvalidInput, NotFound, Unavailable
from bot.resilience import Breaker, RetryPolicy, Shield
from bot.telemetry.signals import Read, Trace, Window
from integrations.http.backend import Backend
from integrations.tempo import spans as reading
from integrations.tempo.adapter import Tempo
from tests.integrations.hostile import Hostile, hostile
from tests.integrations.recordings import recording, replaying

AT = datetime(2026, 11, 21, 13, 27, 43, tzinfo=UTC)
QUARTER = Window.last(900, AT)
ID = "0af7651916cd43dd8448eb211c80319c"


async def no_wait(_: float) -> None:
    """Retries at once."""


@asynccontextmanager
async def adapter(url: str) -> AsyncIterator[Tempo]:
    traces = Tempo(Backend(url=url), Shield(Breaker("tempo"), RetryPolicy(), 30.0, sleep=no_wait), clock=lambda: AT)
    try:
        yield traces
    finally:
        await traces.close()


@asynccontextmanager
async def recorded(*names: str) -> AsyncIterator[tuple[Tempo, list[web.Request]]]:
    async with replaying(*(f"tempo/{name}" for name in names)) as (url, asked), adapter(url) as traces:
        yield traces, asked


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as running:
        yield running


async def trace(server: Hostile, answer: object) -> Read[Trace]:
    server.body = json.dumps(answer)
    async with adapter(server.url) as traces:
        return await traces.trace("ab")


def span(**more: object) -> dict[str, object]:
    return {"spanId": "0102030405060708", "startTimeUnixNano": "1000000000", "endTimeUnixNano": "1500000000", **more}


def batch(*spans: object, scopes: str = "scopeSpans") -> dict[str, object]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}]}
    return {"resource": resource, scopes: [{"spans": list(spans)}]}


async def test_a_search_lists_traces_with_what_their_services_did() -> None:
    async with recorded("search_traceql_error") as (traces, asked):
        read = await traces.search("{status=error}", QUARTER, limit=5)
    told = recording("tempo/search_traceql_error")["body"]["traces"]
    first = max(told, key=lambda each: int(each["startTimeUnixNano"]))
    assert [each.start for each in read.value] == sorted((each.start for each in read.value), reverse=True)
    newest = read.value[0]
    assert (newest.id, newest.service, newest.name) == (first["traceID"], "frontend", "GET /checkout")
    assert (newest.seconds, newest.spans, newest.errors) == (first["durationMs"] / 1e3, 5, 2)
    assert abs(newest.start.timestamp() * 1e9 - int(first["startTimeUnixNano"])) < 2_000
    assert dict(asked[0].query) == {
        "q": "{status=error}", "limit": "5", "spss": "1", "start": "1795266763", "end": "1795267663",
    }  # fmt: skip
    assert (asked[0].method, read.cut, read.warnings) == ("GET", True, ())


@pytest.mark.parametrize(
    "name", ["search_no_params", "search_traceql_slow", "search_traceql_structural", "search_empty"]
)
async def test_every_listed_trace_has_a_whole_id(name: str) -> None:
    async with recorded(name) as (traces, _):
        read = await traces.search("{}", QUARTER, limit=1_000)
    assert len(read.value) == len(recording(f"tempo/{name}")["body"]["traces"])
    assert all(len(each.id) == 32 and int(each.id, 16) for each in read.value)
    assert not read.cut


async def test_zeros_that_an_id_lost_are_put_back() -> None:
    async with recorded("search_zero_prefixed_id", "trace_v2_zero_full_id") as (traces, asked):
        (found,) = (await traces.search("{}", QUARTER)).value
        assert found.id == "0000000000000000a1b2c3d4e5f60718"
        assert (await traces.trace("A1B2C3D4E5F60718")).value.id == found.id
    assert asked[1].path == f"/api/v2/traces/{found.id}"


async def test_a_trace_whose_root_is_missing_or_instant_is_listed(server: Hostile) -> None:
    server.body = json.dumps({"traces": [{"traceID": "ab", "rootServiceName": "<root span not yet received>"}]})
    async with adapter(server.url) as traces:
        (found,) = (await traces.search("{}", QUARTER)).value
    assert (found.service, found.name, found.seconds, found.spans) == ("", "", 0.0, 0)


async def test_a_search_that_is_not_done_is_partial(server: Hostile) -> None:
    server.body = json.dumps({"traces": [], "metrics": {"completedJobs": 2, "totalJobs": 7}})
    async with adapter(server.url) as traces:
        assert "2 of 7 parts" in (await traces.search("{}", QUARTER)).warnings[0]


async def test_of_a_window_that_is_too_long_the_newest_part_is_searched(server: Hostile) -> None:
    server.body = json.dumps({"metrics": {}})
    window = Window.last(30 * 86_400, AT + timedelta(milliseconds=300))
    async with adapter(server.url) as traces:
        read = await traces.search("{}", window, limit=9_999)
        await traces.search("{}", Window.last(168 * 3_600, AT))
    query = server.asked[0].query
    assert int(query["end"]) - int(query["start"]) == 168 * 3_600
    assert (query["end"], query["limit"]) == ("1795267664", "1000")
    assert read.cut
    assert "168 h at most: only from 2026-11-14 13:27 UTC on" in read.warnings[0]
    assert int(server.asked[1].query["start"]) == int(AT.timestamp()) - 168 * 3_600


@pytest.mark.parametrize("name", ["trace_v2_json", "trace_v1_json"])
async def test_a_trace_is_read_from_both_versions(name: str) -> None:
    async with recorded(name) as (traces, _):
        read = await traces.trace(ID)
    spans = read.value.spans
    assert (read.value.id, {each.service for each in spans}) == (ID, {"frontend", "checkout", "payments"})
    ids = {each.id for each in spans}
    assert all(len(each.id) == 16 and (each.parent is None or each.parent in ids) for each in spans)
    (root,) = (each for each in spans if each.parent is None)
    assert (root.name, root.kind, root.error, root.message) == ("GET /checkout", "server", True, "upstream 502")
    assert root.id == base64.b64decode("nGU5OCsFN+Y=").hex()
    assert root.seconds == pytest.approx(0.159236746, abs=1e-6)
    assert root.attributes["cart.skus"] == ["a-1", "b-2"]
    assert (root.attributes["http.response.status_code"], root.attributes["user.premium"]) == (502, True)
    assert root.resource["service.version"] == "1.4.0"


async def test_an_older_tempo_is_asked_by_its_own_path() -> None:
    async with recorded("err_404", "trace_v1_json") as (traces, asked):
        assert (await traces.trace(ID)).value.spans
    assert [request.path for request in asked] == [f"/api/v2/traces/{ID}", f"/api/traces/{ID}"]


@pytest.mark.parametrize("names", [("trace_v2_missing_is_200_empty",), ("err_404", "trace_v1_404")])
async def test_a_trace_that_is_not_there_is_not_found(names: tuple[str, ...]) -> None:
    async with recorded(*names) as (traces, _):
        with pytest.raises(NotFound, match=f"no trace {ID}") as caught:
            await traces.trace(ID)
    assert "older than what is kept" in caught.value.mend


@pytest.mark.parametrize("name", ["", "xyz", "../../ready", "0" * 33, "ab\n"])
async def test_what_is_no_id_is_not_asked_for(server: Hostile, name: str) -> None:
    async with adapter(server.url) as traces:
        with pytest.raises(InvalidInput, match="no id of a trace"):
            await traces.trace(name)
    assert not server.asked


async def test_enums_are_words_or_numbers_and_ids_hex_or_base64(server: Hostile) -> None:
    first = span(kind=2, status={"code": 2}, parentSpanId="0000000000000000")
    second = span(spanId="AQIDBAUGBwk=", kind="SPAN_KIND_CLIENT", parentSpanId="AQIDBAUGBwg=", status={})
    read = await trace(server, {"batches": [batch(first, second, first, scopes="instrumentationLibrarySpans")]})
    one, two = read.value.spans
    assert (one.kind, one.error, one.parent, one.service, one.seconds) == ("server", True, None, "checkout", 0.5)
    assert (two.kind, two.error, two.parent, two.id) == ("client", False, one.id, "0102030405060709")


async def test_attributes_of_every_type_are_read(server: Hostile) -> None:
    values: list[tuple[dict[str, Any], Any]] = [
        ({"intValue": "9007199254740993"}, 9007199254740993),
        ({"doubleValue": 0.5}, 0.5),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": False}}]}}, {"a": False}),
        ({}, None),
    ]
    attributes = [{"key": str(i), "value": value} for i, (value, _) in enumerate(values)]
    read = await trace(server, {"trace": {"resourceSpans": [batch(span(attributes=attributes))]}})
    assert read.value.spans[0].attributes == {str(i): wanted for i, (_, wanted) in enumerate(values)}


async def test_an_error_without_words_takes_those_of_its_exception(server: Hostile) -> None:
    events = [
        {"name": "exception", "attributes": [{"key": "exception.message", "value": {"stringValue": text}}]}
        for text in ("first", "pool exhausted")
    ]
    read = await trace(server, {"trace": {"resourceSpans": [batch(span(events=events, status={"code": 2}))]}})
    assert read.value.spans[0].message == "pool exhausted"


async def test_a_partial_trace_says_so(server: Hostile) -> None:
    answer = {"trace": {"resourceSpans": [batch(span())]}, "status": "PARTIAL", "message": "too large"}
    assert (await trace(server, answer)).warnings == ("The trace is partial: too large.",)


async def test_spans_are_capped(server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_SPANS", 3)
    spans = [span(spanId=f"{i:016x}") for i in range(1, 9)]
    read = await trace(server, {"trace": {"resourceSpans": [batch(*spans)]}})
    assert (len(read.value.spans), read.cut) == (3, True)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "success", "data": []},
        {"trace": []},
        {"trace": {"resourceSpans": [batch(span(spanId="?"))]}},
        {"trace": {"resourceSpans": [batch(span(startTimeUnixNano="soon"))]}},
        {"trace": {"resourceSpans": [batch({"name": "x"})]}},
        {"trace": {"resourceSpans": ["text"]}},
        [1],
    ],
)
async def test_a_trace_of_another_shape_is_refused(server: Hostile, answer: object) -> None:
    with pytest.raises(Unavailable, match="a shape that is not its own"):
        await trace(server, answer)


@pytest.mark.parametrize("answer", [{"status": "success", "data": []}, {"traces": [{}]}, {"traces": ["x"]}, []])
async def test_a_search_of_another_shape_is_refused(server: Hostile, answer: object) -> None:
    server.body = json.dumps(answer)
    async with adapter(server.url) as traces:
        with pytest.raises(Unavailable, match="a shape that is not its own"):
            await traces.search("{}", QUARTER)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("err_bad_traceql", r"unexpected \$end"),
        ("err_bad_traceql_attr", "unknown identifier: service"),
        ("err_type_mismatch", "must operate on the same type"),
    ],
)
async def test_a_refused_query_comes_back_with_the_servers_words(name: str, words: str) -> None:
    async with recorded(name) as (traces, asked):
        with pytest.raises(InvalidInput, match=words) as caught:
            await traces.search("{oops", QUARTER)
    assert "The query '{oops' was refused" in caught.value.message
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (("tag_values_v2_service",), {"frontend", "checkout", "payments"}),
        (("tag_values_v2_int",), {"200", "502"}),
        (("err_404", "tag_values_v1_service"), {"frontend", "checkout", "payments"}),
    ],
)
async def test_the_values_of_a_tag(names: tuple[str, ...], values: set[str]) -> None:
    async with recorded(*names) as (traces, asked):
        assert set((await traces.values("resource.service.name", QUARTER)).value) == values
    assert asked[0].path == "/api/v2/search/tag/resource.service.name/values"
    assert asked[0].query["start"] == "1795266763"


async def test_a_tag_without_its_scope_is_refused_with_the_servers_words() -> None:
    async with recorded("tag_values_v2_unscoped") as (traces, _):
        with pytest.raises(InvalidInput, match=r"The tag 'service\.name' was refused"):
            await traces.values("service.name", QUARTER)


async def test_it_says_what_it_is() -> None:
    async with recorded("buildinfo") as (traces, _):
        assert await traces.ready() == "Tempo 3.1.0-dev"
    async with recorded("err_404", "search_empty") as (traces, _):
        assert await traces.ready() == "Tempo, version unknown"


@pytest.mark.parametrize("window", [Window(AT, AT), Window(AT, AT - timedelta(hours=1))])
async def test_a_window_that_holds_nothing_is_not_asked_for(server: Hostile, window: Window) -> None:
    async with adapter(server.url) as traces:
        with pytest.raises(InvalidInput, match="holds nothing"):
            await traces.search("{}", window)
    assert not server.asked
