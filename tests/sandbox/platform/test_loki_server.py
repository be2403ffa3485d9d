from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.telemetry.queries import logql
from integrations.sandbox.platform.loki import app
from integrations.sandbox.platform.world import World
from tests.sandbox.platform.loki_recorded import client

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
API = "/loki/api/v1"
ERRORS = logql.logs({"service": "checkout", "env": "production"}, level="error")


@pytest.fixture
def loki() -> web.Application:
    world = World()
    world.inject("bad_deploy", "checkout", "production", NOW - timedelta(minutes=20))
    outer = web.Application()
    outer.add_subapp("/loki", app(world, lambda: NOW))
    return outer


async def test_it_answers_under_the_prefix_of_the_platform(loki: web.Application) -> None:
    async with client(loki) as to:
        for path, status in (("/ready", 200), (f"{API}/nope", 404), (f"{API}/rules", 404)):
            assert (await to.get(f"/loki{path}")).status == status
        answer = await to.delete(f"/loki{API}/query_range")
        assert (answer.status, await answer.text()) == (404, "404 page not found\n")
        body = await (await to.get(f"/loki{API}/status/buildinfo")).json()
        assert body["version"]


async def test_labels_are_those_of_the_platform(loki: web.Application) -> None:
    async with client(loki) as to:
        body = await (await to.get(f"/loki{API}/labels")).json()
        assert body["data"] == ["env", "format", "instance", "level", "service", "service_name"]
        body = await (await to.get(f"/loki{API}/label/env/values")).json()
        assert body["data"] == ["development", "production", "staging"]
        staging = {"query": '{env="staging"}'}
        body = await (await to.get(f"/loki{API}/label/service/values", params=staging)).json()
        assert len(body["data"]) == 16
        body = await (await to.get(f"/loki{API}/index/stats", params=staging)).json()
        assert body["streams"] > 50
        assert body["entries"] > 1000


async def test_lines_come_up_to_the_limit_from_either_end(loki: web.Application) -> None:
    async with client(loki) as to:
        form = {"query": str(ERRORS), "limit": "7", "since": "30m"}
        body = await (await to.post(f"/loki{API}/query_range", data=form)).json()
        newest = times(body)
        assert len(newest) == 7
        assert max(newest) <= NOW.timestamp() * 1e9
        body = await (await to.get(f"/loki{API}/query_range", params={**form, "direction": "FORWARD"})).json()
        assert len(times(body)) == 7
        assert max(times(body)) < min(newest)


async def test_errors_rise_with_a_bad_deploy(loki: web.Application) -> None:
    async with client(loki) as to:
        query = str(logql.by(logql.count(ERRORS, 900)))
        counts = []
        for minutes in (0, 30):
            at = int((NOW - timedelta(minutes=minutes)).timestamp())
            body = await (await to.get(f"/loki{API}/query", params={"query": query, "time": str(at)})).json()
            counts.append(sum(float(each["value"][1]) for each in body["data"]["result"]))
        assert counts[0] > 20 * max(counts[1], 1)


async def test_nothing_is_told_of_what_lies_ahead() -> None:
    """Half a minute is no limit that falls on a minute's edge; a deploy that will come is nobody's business yet."""
    now, world = NOW + timedelta(seconds=30, milliseconds=400), World()
    world.act("deploy", "checkout", "production", now + timedelta(minutes=10), version="9.9.9")
    coming = {run.name for run in world.instances_at("checkout", "production", now + timedelta(minutes=20))}
    ahead = {"end": str(now.timestamp() + 3600), "start": str(now.timestamp() - 60)}
    everything = {"query": '{service="checkout", env="production"}', **ahead, "limit": "5000"}
    async with client(app(world, lambda: now)) as to:
        told = times(await (await to.get(f"{API}/query_range", params=everything)).json())
        assert len(told) > 50
        assert now.timestamp() - 3 < max(told) / 1e9 < now.timestamp()
        later = {**everything, "start": str(now.timestamp())}
        assert times(await (await to.get(f"{API}/query_range", params=later)).json()) == []
        counted = {
            **everything,
            "query": 'sum(count_over_time({service="checkout", env="production"}[1m]))',
            "step": "30",
        }
        values = (await (await to.get(f"{API}/query_range", params=counted)).json())["data"]["result"][0]["values"]
        assert max(at for at, _ in values) < now.timestamp() + 60
        names = (await (await to.get(f"{API}/label/instance/values", params=ahead)).json())["data"]
        assert names
        assert not coming & set(names)
        stats = await (await to.get(f"{API}/index/stats", params=later)).json()
        assert stats["entries"] == stats["streams"] == 0


def times(body: Any) -> list[int]:
    return [int(at) for stream in body["data"]["result"] for at, _ in stream["values"]]
