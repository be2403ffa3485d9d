"""The world as it is now: nothing from the future is told, and what is done now soon shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

NOW: Final = datetime(2026, 3, 4, 15, 0, 17, 250_000, tzinfo=UTC)
SHOWS_AFTER: Final = timedelta(minutes=2, seconds=30)


class Desk:
    """A platform whose clock is set by hand, and somebody who asks it."""

    def __init__(self, client: ClientSession) -> None:
        self.client, self.now = client, NOW
        self.platform = Platform(World(born=NOW), clock=lambda: self.now)

    async def asked(self, path: str, **params: object) -> Any:
        address = f"{self.platform.prometheus_url}/api/v1/{path}"
        async with self.client.get(address, params={name: str(value) for name, value in params.items()}) as response:
            assert response.status == 200, await response.text()
            return (await response.json())["data"]

    async def number(self, query: str) -> float:
        result = (await self.asked("query", query=query))["result"]
        return float(result[0]["value"][1]) if result else 0.0

    async def lines(self, query: str) -> int:
        params = {"query": f"sum(count_over_time({query}[1m]))"}
        async with self.client.get(f"{self.platform.loki_url}/loki/api/v1/query", params=params) as response:
            result = (await response.json())["data"]["result"]
        return int(result[0]["value"][1]) if result else 0


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with ClientSession() as client:
        desk = Desk(client)
        async with desk.platform:
            yield desk


async def test_a_range_ends_five_minutes_after_the_last_scrape(desk: Desk) -> None:
    """As in any Prometheus: a sample stands for so long."""
    now = NOW.timestamp()
    query = 'up{service="cart", env="production"}'
    found = (await desk.asked("query_range", query=query, start=now - 60, end=now + 3_600, step=1))["result"]
    assert len(found) == 3
    assert all(now + 270 < one["values"][-1][0] <= now + 300 for one in found)


async def test_samples_that_lie_ahead_are_in_no_window(desk: Desk) -> None:
    now = NOW.timestamp()
    for name in ("up", "http_requests_total", "container_memory_working_set_bytes"):
        query = f'{name}{{service="cart", env="production"}}[10m]'
        for one in (await desk.asked("query", query=query, time=now + 300))["result"]:
            assert now - 30 < one["values"][-1][0] <= now
    query = 'count_over_time(up{service="cart", env="production"}[1m] offset -10m)'
    assert (await desk.asked("query", query=query))["result"] == []


async def test_who_will_come_is_not_listed_yet_and_who_will_go_is_there(desk: Desk) -> None:
    world, later = desk.platform.world, NOW + timedelta(minutes=10)
    world.act("deploy", "cart", "production", NOW + timedelta(minutes=5), version="9.9.9")
    here, coming = ({run.name for run in world.instances_at("cart", "production", at)} for at in (NOW, later))
    window = {"start": NOW.timestamp() - 60, "end": later.timestamp() + 60, "match[]": 'up{service="cart"}'}
    names = set(await desk.asked("label/instance/values", **window))
    assert names >= here
    assert not coming & names
    assert "9.9.9" not in await desk.asked("label/version/values", start=window["start"], end=window["end"])
    listed = await desk.asked("series", **window)
    assert not coming & {one["instance"] for one in listed}
    assert await desk.number('count(up{service="cart", env="production"})') == 3
    desk.now = later
    assert await desk.number('count(up{service="cart", env="production"})') == 3
    assert coming <= set(await desk.asked("label/instance/values", **window))


@pytest.mark.parametrize("second", [0, 1, 30, 59])
@pytest.mark.parametrize(("kind", "service"), [("error_burst", "payments"), ("bad_deploy", "checkout")])
async def test_what_breaks_now_shows_in_two_and_a_half_minutes(
    desk: Desk, kind: str, service: str, second: int
) -> None:
    """Wherever in its minute: what has been looked at stays as it is, so that the next whole minute is the soonest."""
    desk.now = at = NOW.replace(second=second, microsecond=0)
    place = f'service="{service}", env="production"'
    failed, served = (f"sum(rate(http_requests_total{{{place}{more}}}[2m]))" for more in (', status=~"5.."', ""))
    errors = f'{{{place}, level="error"}}'
    usual, lines = await desk.number(f"{failed} / {served}"), await desk.lines(errors)
    desk.platform.world.inject(kind, service, "production", at)
    assert await desk.number(f"{failed} / {served}") == usual
    desk.now = at + SHOWS_AFTER
    assert await desk.number(f"{failed} / {served}") > max(0.015, 10 * usual)
    assert await desk.lines(errors) > 5 * max(lines, 5)
