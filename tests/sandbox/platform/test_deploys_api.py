"""The deploy API: strict with what it is asked, and nothing half done."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.errors import ConfigurationError
from integrations.sandbox.platform.deploys.server import app
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
CHECKOUT = {"service": "checkout", "environment": "production"}
Client = TestClient[web.Request, web.Application]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app(World(born=NOW), clock))) as client:
        yield client


async def answer(api: Client, path: str, query: Mapping[str, str] | None = None, status: int = 200) -> Any:
    response = await api.get(f"/api/v1/{path}", params=query or {})
    assert response.status == status, await response.text()
    return await response.json()


async def post(api: Client, path: str, body: object, status: int = 201) -> Any:
    response = await api.post(f"/api/v1/{path}", json=body)
    assert response.status == status, await response.text()
    return await response.json()


async def test_deploys_are_there_for_any_past_week(api: Client) -> None:
    for year in (2021, 2026):
        found = await answer(api, "deploys", {"start": f"{year}-02-01T00:00:00Z", "end": f"{year}-02-08T00:00:00Z"})
        assert found["total"] > 60
        times = [deploy["at"] for deploy in found["deploys"]]
        assert times == sorted(times, reverse=True)
        assert all(deploy["before"] != deploy["version"] for deploy in found["deploys"])


async def test_filters_and_the_limit(api: Client) -> None:
    found = await answer(api, "deploys", {**CHECKOUT, "start": str(NOW.timestamp() - 30 * 86400), "limit": "2"})
    assert {(one["service"], one["environment"]) for one in found["deploys"]} == {("checkout", "production")}
    assert len(found["deploys"]) == 2 < found["total"]
    assert found["cut"] is True


async def test_what_lies_ahead_has_not_happened(api: Client) -> None:
    found = await answer(api, "deploys", {"start": "2026-03-04T15:00:01Z", "end": "2026-04-04T00:00:00Z"})
    assert found == {"deploys": [], "total": 0, "cut": False}


async def test_a_deploy_shows_in_versions_and_in_the_list(api: Client, clock: Clock) -> None:
    done = await post(api, "actions", {"kind": "deploy", **CHECKOUT, "version": "9.9.9", "by": "the bot"})
    assert done["change"]["by"] == "the bot"
    clock.now += timedelta(minutes=5)
    versions = (await answer(api, "versions", {"environment": "production"}))["versions"]
    assert len(versions) == 16
    assert {"version": "9.9.9", "replicas": 4, **CHECKOUT} in versions
    newest = (await answer(api, "deploys", CHECKOUT))["deploys"][0]
    assert newest == done["change"]
    back = await post(api, "actions", {"kind": "rollback", **CHECKOUT})
    assert back["change"]["version"] == newest["before"]


async def test_one_key_acts_once(api: Client) -> None:
    wanted = {"kind": "scale", **CHECKOUT, "replicas": 6, "idempotency_key": "k-1"}
    first = await post(api, "actions", wanted)
    assert await post(api, "actions", wanted, status=200) == first
    assert (await answer(api, "deploys", CHECKOUT))["deploys"][0]["id"] == first["change"]["id"]
    other = await post(api, "actions", {**wanted, "replicas": 7}, status=409)
    assert "'k-1'" in other["error"]


async def test_a_refused_action_leaves_its_key_free(api: Client) -> None:
    wanted = {"kind": "deploy", **CHECKOUT, "version": "nonsense", "idempotency_key": "k-2"}
    await post(api, "actions", wanted, status=400)
    await post(api, "actions", {**wanted, "version": "3.0.0"})


async def test_a_fault_is_injected_listed_and_ended(api: Client, clock: Clock) -> None:
    fault = (await post(api, "faults", {"kind": "bad_deploy", **CHECKOUT}))["fault"]
    assert fault["state"] == "active"
    clock.now += timedelta(minutes=10)
    ended = await api.delete(f"/api/v1/faults/{fault['id']}")
    assert ended.status == 200
    clock.now += timedelta(minutes=1)
    listed = (await answer(api, "faults"))["faults"]
    assert [(one["id"], one["state"]) for one in listed] == [(fault["id"], "over")]
    kinds = [one["kind"] for one in (await answer(api, "deploys", CHECKOUT))["deploys"][:2]]
    assert kinds == ["rollback", "deploy"]
    assert (await api.delete(f"/api/v1/faults/{fault['id']}")).status == 409
    assert (await api.delete("/api/v1/faults/none")).status == 404


async def test_a_fault_may_begin_at_another_time(api: Client) -> None:
    at = "2026-03-04T16:00:00+01:00"
    fault = (await post(api, "faults", {"kind": "latency", **CHECKOUT, "at": at, "minutes": 30, "size": 2.5}))["fault"]
    assert (fault["start"], fault["stop"]) == ("2026-03-04T15:00:00Z", "2026-03-04T15:30:00Z")
    later = await post(api, "faults", {"kind": "latency", **CHECKOUT, "at": NOW.timestamp() + 3600})
    assert later["fault"]["state"] == "coming"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "deploy", **CHECKOUT, "version": "1.2.3", "force": True}, "'force' is no field"),
        ({"kind": "deploy", "service": "checkout"}, "environment is missing"),
        ({"kind": "scale", **CHECKOUT, "replicas": "4"}, "replicas '4' is not a whole number"),
        ({"kind": "scale", **CHECKOUT, "replicas": True}, "replicas True is not"),
        ({"kind": "scale", **CHECKOUT, "replicas": 3.5}, "replicas 3.5 is not"),
        ({"kind": "scale", **CHECKOUT, "replicas": 10**400}, "replicas are not possible"),
        ({"kind": "restart", **CHECKOUT, "service": "chekout"}, "'chekout' is no service"),
        ({"kind": "restart", **CHECKOUT, "environment": "prod"}, "'prod' is no environment"),
        ({"kind": "restart", **CHECKOUT, "by": "a\nb"}, "is not usable"),
        ({"kind": ["restart"], **CHECKOUT}, "is not text"),
        ({"kind": "x" * 150, **CHECKOUT}, "…"),
        ([], "is no JSON object"),
    ],
)
async def test_bad_actions_are_refused_by_name(api: Client, body: object, words: str) -> None:
    refused = await post(api, "actions", body, status=400)
    assert set(refused) == {"error", "mend"}
    assert words in refused["error"]
    assert refused["mend"]
    assert len(refused["error"]) < 300


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b'{"kind": NaN}', b'{"kind": "a", "kind": "b"}', b"[" * 50_000, b'"text"']
)
async def test_what_is_no_json_is_refused(api: Client, raw: bytes) -> None:
    response = await api.post("/api/v1/faults", data=raw)
    assert response.status == 400
    assert (await response.json())["error"]


async def test_a_body_that_is_too_large_is_refused(api: Client) -> None:
    response = await api.post("/api/v1/actions", data=b" " * 100_000)
    assert response.status == 413
    assert "mend" in await response.json()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"services": "checkout"}, "'services' is no parameter"),
        ({"service": "chekout"}, "'chekout' is no service"),
        ({"environment": ""}, "'' is no environment"),
        ({"start": "yesterday"}, "'yesterday' is no time"),
        ({"start": "2026-03-01T00:00:00"}, "has no time zone"),
        ({"start": "nan"}, "is no time"),
        ({"start": "1e300"}, "is no time"),
        ({"start": "0"}, "not between 2000 and 2100"),
        ({"start": "2026-03-03T00:00:00Z", "end": "2026-03-02T00:00:00Z"}, "is after end"),
        ({"start": "2016-03-03T00:00:00Z"}, "is too long"),
        ({"limit": "0"}, "'0' is no limit"),
        ({"limit": "²"}, "is no limit"),
        ({"limit": "10000"}, "is no limit"),
    ],
)
async def test_bad_questions_are_refused_by_name(api: Client, query: dict[str, str], words: str) -> None:
    refused = await answer(api, "deploys", query, 400)
    assert words in refused["error"]
    assert refused["mend"]


async def test_unknown_paths_and_methods_are_answered_in_json(api: Client) -> None:
    assert "mend" in await answer(api, "nowhere", status=404)
    wrong = await api.delete("/api/v1/deploys")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET,HEAD")
    assert "mend" in await wrong.json()
    twice = await api.get("/api/v1/deploys?limit=1&limit=2")
    assert twice.status == 400


async def test_health_says_what_this_is(api: Client) -> None:
    assert (await answer(api, "health"))["status"] == "ok"
    await answer(api, "health", {"verbose": "1"}, 400)


async def test_the_platform_serves_all_four_and_lets_no_page_from_elsewhere_in() -> None:
    async with Platform(World(born=NOW), clock=Clock()) as platform, ClientSession() as client:
        for path in (
            f"{platform.prometheus_url}/api/v1/query?query=up",
            f"{platform.loki_url}/loki/api/v1/labels",
            f"{platform.tempo_url}/api/search?limit=1",
            f"{platform.deploys_url}/api/v1/health",
            f"{platform.url}/",
        ):
            async with client.get(path) as response:
                assert response.status == 200, path
            async with client.get(path, headers={"Origin": "http://elsewhere.example"}) as response:
                assert response.status == 403


async def test_every_link_of_the_page_leads_somewhere() -> None:
    async with Platform(World(born=NOW), clock=Clock()) as platform, ClientSession() as client:
        text = await (await client.get(platform.url)).text()
        links = [unescape(link) for link in re.findall(r'<a href="([^"]+)"', text)]
        assert len(links) > 8
        for link in links:
            async with client.get(URL(f"{platform.url}{link}", encoded=True)) as response:
                assert response.status == 200, await response.text()


async def test_prometheus_knows_no_future() -> None:
    async with Platform(World(born=NOW), clock=Clock()) as platform, ClientSession() as client:
        for hours, found in ((0, True), (1, False)):
            at = str(NOW.timestamp() + hours * 3600)
            query = {"query": 'up{service="cart",env="development"}', "time": at}
            async with client.get(f"{platform.prometheus_url}/api/v1/query", params=query) as response:
                assert bool((await response.json())["data"]["result"]) is found


def test_the_platform_listens_on_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match="0\\.0\\.0\\.0"):
        Platform(World(), host="0.0.0.0")
