from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from integrations.sandbox.platform.loki.server import serving
from tests.sandbox.platform.loki_recorded import NAMES, NOW, Memory, asked, client, lines_of, recording, shape

REFUSALS = [name for name in NAMES if name.startswith("err_") and name != "err_unwrap"]
STREAMS = [
    name for name in NAMES if name.startswith("query_range_") and "matrix" not in name and name != "query_range_ansi"
]
PLAIN = ["query_range_streams", "query_range_streams_forward", "query_range_multiline_unicode", "query_range_ansi"]
START, END = "1795264063000000000", "1795267663000000000"
CHARGED = (
    '{"level": "info", "msg": "charge authorized", "provider": "acme", "latency_ms": 33, '
    '"http": {"status": 200, "peer": "10.0.0.127"}}'
)
PAYMENTS = {"env": "prod", "level": "info", "service": "payments", "service_name": "payments"}


async def again(store: Memory, name: str) -> tuple[Mapping[str, Any], int, Mapping[str, str], Any]:
    """The recording; and status, headers and body of what we say to the same request."""
    recorded = recording(name)
    async with client(serving(store, lambda: NOW)) as to:
        answer = await asked(to, recorded["request"])
        body = await answer.json(content_type=None) if recorded["body_kind"] == "json" else await answer.text()
        return recorded, answer.status, answer.headers, body


@pytest.mark.parametrize("name", [*REFUSALS, "query_instant_log_selector", "rules", "ready", "tail_plain_http"])
async def test_no_is_said_in_the_words_of_loki(name: str) -> None:
    recorded, status, headers, body = await again(Memory(), name)
    assert status == recorded["status"]
    assert body == recorded["body"]
    assert headers["Content-Type"] == recorded["headers"]["Content-Type"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", [*STREAMS, "query_range_ansi"])
async def test_the_lines_of_a_recording_give_the_recording(name: str) -> None:
    recorded, status, headers, body = await again(lines_of(name), name)
    assert status == 200
    assert headers["Content-Type"] == recorded["headers"]["Content-Type"]
    expected = recorded["body"]["data"]
    assert body["data"]["result"] == expected["result"]
    assert body["data"].get("encodingFlags") == expected.get("encodingFlags")
    found, wanted = shape(body["data"]["stats"]), shape(expected["stats"])
    assert isinstance(found, dict)
    assert isinstance(wanted, dict)
    assert found.keys() == wanted.keys()
    assert found["cache"] == wanted["cache"]


@pytest.mark.parametrize(
    "name", ["labels_empty_window", "label_values_unknown", "format_query", "query_instant_vector_empty"]
)
async def test_what_is_empty_or_fixed_is_the_same(name: str) -> None:
    recorded, status, headers, body = await again(Memory(), name)
    assert status == 200
    assert headers["Content-Type"].lower() == recorded["headers"]["Content-Type"].lower()
    for each in (body, recorded["body"]):
        if isinstance(each.get("data"), dict):
            del each["data"]["stats"]
    assert body == recorded["body"]


async def test_a_number_by_itself_has_its_time_in_milliseconds() -> None:
    _, _, _, body = await again(Memory(), "query_instant_scalar")
    assert body["data"]["resultType"] == "scalar"
    assert body["data"]["result"] == [1795267664085, "2"]


async def test_labels_values_and_series_are_those_of_the_lines() -> None:
    store = lines_of(*PLAIN)
    for name in ("labels", "label_values"):
        recorded, _, _, body = await again(store, name)
        assert body == recorded["body"]
    for name in ("series", "series_post"):
        recorded, _, _, body = await again(store, name)
        assert all(stream in recorded["body"]["data"] for stream in body["data"])
        assert body["data"]


@pytest.mark.parametrize(
    "name",
    ["index_stats", "index_volume", "index_volume_range", "detected_fields", "detected_field_values", "patterns"],
)
async def test_the_index_speaks_in_the_same_shapes(name: str) -> None:
    recorded, status, _, body = await again(lines_of(*PLAIN, "query_range_post_form"), name)
    assert status == 200
    for each in (body, recorded["body"]):
        if isinstance(each.get("data"), dict):
            del each["data"]["stats"]
    assert shape(body) == shape(recorded["body"]) or name == "detected_fields"
    if name == "detected_fields":
        kinds = {row["label"]: row["type"] for row in body["fields"]}
        assert kinds["latency_ms"] == "int"
        assert kinds["msg"] == kinds["trace_id"] == "string"
        assert kinds["http_status"] == "int"


async def test_windows_of_a_matrix_fall_where_lokis_fall() -> None:
    recorded, _, _, body = await again(lines_of("query_range_streams"), "query_range_matrix_no_step")
    expected = {
        series["metric"]["trace_id"]: series
        for series in recorded["body"]["data"]["result"]
        if "pod" in series["metric"]
    }
    traced = [series for series in body["data"]["result"] if "pod" in series["metric"]]
    assert len(traced) >= 4
    assert all(series == expected[series["metric"]["trace_id"]] for series in traced)


async def test_a_value_that_is_no_number_fails_in_lokis_words() -> None:
    store = Memory([(PAYMENTS, int(START) + 10**12, CHARGED, {"detected_level": "info"})])
    recorded, status, _, body = await again(store, "err_unwrap")
    assert status == 400
    assert body == recorded["body"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"limit": "0"}, "limit must be a positive value"),
        ({"limit": "x"}, 'strconv.Atoi: parsing "x": invalid syntax'),
        ({"direction": "sideways"}, "invalid direction 'sideways'"),
        ({"step": "-1", "query": 'rate({a="b"}[1m])'}, "zero or negative query resolution"),
        ({"step": "soon", "query": 'rate({a="b"}[1m])'}, "could not parse 'step' parameter"),
        ({"start": "9" * 400}, "end timestamp must not be before"),
        ({"query": "{a=" * 900}, "parse error"),
        ({"since": "1e99"}, "could not parse 'since'"),
    ],
)
async def test_what_nobody_recorded_is_refused_too(params: dict[str, str], said: str) -> None:
    async with client(serving(Memory(), lambda: NOW)) as to:
        answer = await to.get("/loki/api/v1/query_range", params={"query": '{a="b"}', "end": END, **params})
        assert answer.status == 400
        assert said in await answer.text()
