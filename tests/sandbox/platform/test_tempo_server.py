"""The stand-in of Tempo answers as the recorded server did: codes, words, shapes and quirks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp.test_utils import TestClient, TestServer

from integrations.sandbox.platform.tempo.answers import lasting
from integrations.sandbox.platform.tempo.server import app
from integrations.sandbox.platform.tempo.traces import trace_ids
from integrations.sandbox.platform.world import World
from tests.sandbox.platform.tempo_reading import attributes, read

RECORDINGS: Final = Path(__file__).parent / "recordings" / "tempo"
NOW: Final = datetime(2026, 3, 18, 12, 50, 30, tzinfo=UTC)
END: Final = int(NOW.timestamp())
HOUR: Final = {"start": str(END - 3_600), "end": str(END)}
WORLD: Final = World(7)
WORLD.inject("error_burst", "payments", "production", NOW - timedelta(minutes=50))

Client = TestClient[Any, Any]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestClient(TestServer(app(WORLD, lambda: NOW))) as client:
        yield client


def recorded(name: str) -> dict[str, Any]:
    file: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return file


async def asked(client: Client, path: str, **params: Any) -> dict[str, Any]:
    response = await client.get(path, params={key: str(value) for key, value in params.items()})
    assert response.status == 200, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def search(client: Client, query: str, **params: Any) -> list[dict[str, Any]]:
    answer = await asked(client, "/api/search", q=query, **(HOUR | params))
    listed: list[dict[str, Any]] = answer["traces"]
    return listed


def paths(answer: Any, at: str = "") -> set[str]:
    """Every key there is, by its place, with the type of what stands there; services are data, and so are values."""
    if isinstance(answer, dict):
        if at.endswith((".value", ".serviceStats")):
            return {at}
        return {path for key, value in answer.items() for path in paths(value, f"{at}.{key}")}
    if isinstance(answer, list):
        return {path for value in answer for path in paths(value, f"{at}[]")}
    return {f"{at}: {type(answer).__name__}"}


# ---------------------------------------------------------------- as it was recorded

REFUSALS: Final = [path.stem for path in sorted(RECORDINGS.glob("err_*.json"))]
TEXTS: Final = [*REFUSALS, "echo", "ready", "trace_v1_404", "trace_v1_bad_id", "tag_values_v2_unscoped"]


@pytest.mark.parametrize("name", TEXTS)
async def test_texts_and_refusals_are_word_for_word(client: Client, name: str) -> None:
    file = recorded(name)
    request = file["request"]
    params = {key: str(value) for key, value in (request["params"] or {}).items()}
    response = await client.get(request["path"], params=params)
    assert (response.status, await response.text()) == (file["status"], file["body"])
    for header in ("Content-Type", "Vary", "X-Content-Type-Options"):
        assert response.headers.get(header) == file["headers"].get(header), header


SHAPES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "search_traceql_error": ("/api/search", {"q": "{status=error}", "limit": 5} | HOUR),
    "search_traceql_slow": ("/api/search", {"q": "{duration>1s}", "limit": 5} | HOUR),
    "search_traceql_select": (
        "/api/search",
        {"q": '{resource.service.name="payments" && status=error} | select(span.http.route, statusMessage)'} | HOUR,
    ),
    "search_traceql_structural": (
        "/api/search",
        {"q": '{resource.service.name="frontend"} >> {resource.service.name="payments" && status=error}'} | HOUR,
    ),
    "search_traceql_by_count": (
        "/api/search",
        {"q": "{} | by(resource.service.name) | count() > 1", "limit": 1} | HOUR,
    ),
    "search_empty": ("/api/search", {"q": '{resource.service.name="nope"}'} | HOUR),
    "search_no_params": ("/api/search", {}),
    "search_most_recent_hint": ("/api/search", {"q": "{} with (most_recent=true)", "limit": 2} | HOUR),
    "search_tags_legacy": ("/api/search", {"tags": "service.name=payments error=true"} | HOUR),
    "search_tags_legacy_service_only": ("/api/search", {"tags": "service.name=payments", "limit": 2} | HOUR),
    "tags_v1": ("/api/search/tags", {}),
    "tags_v2": ("/api/v2/search/tags", {}),
    "tags_v2_scope_span": ("/api/v2/search/tags", {"scope": "span"}),
    "tag_values_v1_service": ("/api/search/tag/service.name/values", {}),
    "tag_values_v2_service": ("/api/v2/search/tag/resource.service.name/values", {}),
    "tag_values_v2_int": ("/api/v2/search/tag/span.http.response.status_code/values", {}),
    "tag_values_v2_filtered": ("/api/v2/search/tag/name/values", {"q": '{resource.service.name="payments"}'}),
    "buildinfo": ("/api/status/buildinfo", {}),
    "trace_v2_missing_is_200_empty": (f"/api/v2/traces/{'f' * 32}", {}),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_answers_have_the_recorded_shape(client: Client, name: str) -> None:
    path, params = SHAPES[name]
    file = recorded(name)
    response = await client.get(path, params={key: str(value) for key, value in params.items()})
    assert response.status == file["status"]
    assert response.headers["Content-Type"] == file["headers"]["Content-Type"]
    assert paths(await response.json()) == paths(file["body"])


@pytest.mark.parametrize(("name", "path"), [("trace_v1_json", "/api/traces/"), ("trace_v2_json", "/api/v2/traces/")])
async def test_a_trace_has_the_recorded_shape(client: Client, name: str, path: str) -> None:
    query = '{resource.service.name="payments" && status=error}'
    (one,) = await search(client, query, limit=1)
    answer = await asked(client, path + one["traceID"])
    assert paths(answer) == paths(recorded(name)["body"])


async def test_keywords_are_those_of_the_language(client: Client) -> None:
    assert await asked(client, "/api/v2/search/tag/status/values") == recorded("tag_values_v2_status")["body"]


async def test_a_form_is_ignored(client: Client) -> None:
    response = await client.post("/api/search", data={"q": "{nonsense"})
    assert response.status == 200
    assert len((await response.json())["traces"]) == 20


# ---------------------------------------------------------------- what a search finds


async def test_ids_come_without_leading_zeros_and_are_found_with_and_without(client: Client) -> None:
    minute = END // 60 - 5
    listed = [it for offset in range(4) for it in trace_ids(WORLD, "production", minute - offset)]
    zero = next(it for it in listed if it.startswith("0"))
    (found,) = await search(client, f'{{trace:id="{zero}"}}')
    assert found["traceID"] == zero.lstrip("0")
    short = await asked(client, f"/api/traces/{found['traceID']}")
    assert short == await asked(client, f"/api/traces/{zero}")


async def test_a_found_trace_is_the_trace_itself(client: Client) -> None:
    (one,) = await search(client, '{resource.service.name="payments" && status=error}', limit=1, spss=0)
    whole = read((await asked(client, f"/api/traces/{one['traceID']}"))["batches"], one["traceID"])
    root = next(span for span in whole.spans if span.parent is None)
    assert (root.service, root.name) == (one["rootServiceName"], one["rootTraceName"])
    assert int(root.seconds * 1_000) == one["durationMs"]
    assert sum(stats["spanCount"] for stats in one["serviceStats"].values()) == len(whole.spans)
    errors = {span.id.lstrip("0") for span in whole.spans if span.service == "payments" and span.error}
    assert {span["spanID"] for span in one["spanSet"]["spans"]} == errors
    assert one["spanSet"]["matched"] == len(errors)


async def test_without_a_window_only_the_last_quarter_of_an_hour_is_searched(client: Client) -> None:
    listed = (await asked(client, "/api/search", q="{}", limit=5_000))["traces"]
    starts = [int(one["startTimeUnixNano"]) / 1e9 for one in listed]
    assert END - 900 <= min(starts) < END - 800
    assert max(starts) <= END
    assert starts == sorted(starts, reverse=True)


async def test_what_is_not_over_is_not_there(client: Client) -> None:
    listed = await search(client, "{}", end=END + 3_600, limit=2_000)
    assert all(int(one["startTimeUnixNano"]) / 1e9 + one.get("durationMs", 0) / 1e3 <= END for one in listed)
    coming = trace_ids(WORLD, "production", END // 60 + 5)[0]
    assert (await client.get(f"/api/traces/{coming}")).status == 404


async def test_the_future_is_empty(client: Client) -> None:
    answer = await asked(client, "/api/search", q="{}", start=END, end=END + 600)
    assert answer["traces"] == []
    tag = "/api/v2/search/tag/resource.service.instance.id/values"
    assert (await asked(client, tag, start=END, end=END + 600))["tagValues"] == []


async def test_values_are_those_of_what_has_been(client: Client) -> None:
    """A deploy that will come is nobody's business yet; nor is a block that reaches beyond now."""
    world = World()
    world.act("deploy", "checkout", "production", NOW + timedelta(minutes=2), version="9.9.9")
    async with TestClient(TestServer(app(world, lambda: NOW))) as to:
        tag = "/api/v2/search/tag/resource.service.version/values"
        told = await asked(to, tag, q='{ resource.service.name = "checkout" }', start=END - 600, end=END + 3_600)
        assert {one["value"] for one in told["tagValues"]} != set()
        assert "9.9.9" not in {one["value"] for one in told["tagValues"]}


async def test_durations_bound_a_search(client: Client) -> None:
    answer = await asked(client, "/api/search", q="{}", minDuration="300ms", maxDuration="1.5s", limit=50, **HOUR)
    assert answer["traces"]
    assert all(300 <= one["durationMs"] <= 1_500 for one in answer["traces"])
    response = await client.get("/api/search", params={"minDuration": "soon"})
    assert (response.status, await response.text()) == (400, 'invalid minDuration: time: invalid duration "soon"')


async def test_each_set_shows_three_spans_unless_told_otherwise(client: Client) -> None:
    query = '{resource.service.name="checkout"}'
    (three,) = await search(client, query, limit=1)
    (one,) = await search(client, query, limit=1, spss=1)
    assert (len(three["spanSet"]["spans"]), len(one["spanSet"]["spans"])) == (3, 1)
    assert one["spanSet"]["matched"] == three["spanSet"]["matched"] >= 3


async def test_only_traces_of_the_environment_that_was_asked_for_are_found(client: Client) -> None:
    query = '{resource.deployment.environment="staging" && kind=server} | select(resource.service.version)'
    for one in await search(client, query, limit=30):
        for span in one["spanSet"]["spans"]:
            given = attributes(span["attributes"])
            assert given["deployment.environment"] == "staging"
            assert given["service.version"]


async def test_a_day_is_looked_at_and_no_more(client: Client) -> None:
    query = '{resource.deployment.environment="development" && name="nope"}'
    answer = await asked(client, "/api/search", q=query, start=END - 160 * 3_600, end=END)
    assert answer["traces"] == []
    assert answer["metrics"]["completedJobs"] == 48 < answer["metrics"]["totalJobs"]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"q": '{name=~"("}'}, "invalid TraceQL query: error parsing regexp"),
        ({"q": "{" + "(" * 500}, "invalid TraceQL query: parse error at line 1"),
        ({"q": "{.a=1} | count() > "}, "syntax error: unexpected $end"),
        ({"start": "soon"}, 'invalid start: strconv.ParseUint: parsing "soon": invalid syntax'),
        ({"limit": "many"}, 'invalid limit: strconv.Atoi: parsing "many": invalid syntax'),
        ({"limit": "-1"}, "invalid limit: must be a positive number"),
        ({"tags": 'a="b'}, "invalid tags"),
    ],
)
async def test_what_cannot_be_is_refused_in_text(client: Client, params: dict[str, str], says: str) -> None:
    response = await client.get("/api/search", params=params)
    assert response.status == 400
    assert says in await response.text()
    assert response.content_type == "text/plain"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"/api/traces/{'a' * 33}", "trace IDs can't be larger than 128 bits"),
        ("/api/v2/search/tags?scope=x", "invalid scope"),
    ],
)
async def test_other_refusals(client: Client, path: str, says: str) -> None:
    response = await client.get(path)
    assert response.status == 400
    assert says in await response.text()


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (12, "12ns"),
        (1_500, "1.5µs"),
        (253_400_000, "253.4ms"),
        (1_500_000_000, "1.5s"),
        (62 * 10**9, "1m2s"),
        (3_661 * 10**9, "1h1m1s"),
    ],
)
def test_durations_are_written_as_go_does(nanoseconds: int, text: str) -> None:
    assert lasting(nanoseconds) == text
