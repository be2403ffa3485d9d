"""The platform's page by its requests: what it offers can be had, and nobody else's page gets in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from aiohttp import ClientSession

from integrations.sandbox.platform.breaking import BREAKAGES, Breakage
from integrations.sandbox.platform.server import LONGEST_LINE, Platform
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.acts import FAULTS
from tests.language.knowing import understood

NOW = datetime(2026, 3, 4, 15, 0, 30, tzinfo=UTC)
BAD = {"kind": "bad_deploy", "service": "checkout", "environment": "production"}


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform(World(born=NOW), clock=lambda: NOW) as served:
        yield served


@pytest.fixture
async def browser() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def asked(browser: ClientSession, method: str, url: str, **more: Any) -> tuple[int, str]:
    async with browser.request(method, url, **more) as response:
        return response.status, await response.text()


async def test_it_names_every_base_url_and_what_a_terminal_can_do(platform: Platform, browser: ClientSession) -> None:
    status, text = await asked(browser, "GET", platform.url)
    assert status == 200
    for url in (platform.prometheus_url, platform.loki_url, platform.tempo_url, platform.deploys_url):
        assert f"<code>{url}</code>" in text
    assert f"curl -X POST {platform.deploys_url}/api/v1/faults" in unescape(text)


async def test_all_that_it_loads_is_its_own_and_there(platform: Platform, browser: ClientSession) -> None:
    async with browser.get(platform.url) as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        text = await response.text()
    assert not re.search(r"<style|style=|\son\w+=|<script>", text)
    loaded = re.findall(r'(?:src|<link [^>]*href)="([^"]+)"', text)
    assert len(loaded) == 3
    for path in loaded:
        assert path.startswith("/static/")
        assert (await asked(browser, "GET", platform.url + path))[0] == 200


@pytest.mark.parametrize("each", BREAKAGES, ids=lambda each: each.kind)
async def test_every_button_offers_the_services_that_can_have_it(
    each: Breakage, platform: Platform, browser: ClientSession
) -> None:
    _, text = await asked(browser, "GET", platform.url)
    form = re.search(rf'<form data-kind="{each.kind}".*?</form>', text)
    assert form is not None
    assert f"<option selected>{each.service}</option>" in form[0]
    offered = re.findall(r"<option(?: selected)?>([^<]+)", form[0])
    for service in platform.world.services:
        wanted: dict[str, str | float] = {"kind": each.kind, "service": service, "environment": "staging"}
        wanted |= {"size": float(size[1])} if (size := re.search(r'data-size="([^"]+)"', form[0])) else {}
        status, _ = await asked(browser, "POST", f"{platform.deploys_url}/api/v1/faults", json=wanted)
        assert status == (201 if service in offered else 400), service


def test_there_is_a_button_for_every_fault() -> None:
    assert {each.kind for each in BREAKAGES} == set(FAULTS)


@pytest.mark.parametrize("each", BREAKAGES, ids=[each.kind for each in BREAKAGES])
def test_what_it_says_to_ask_is_understood(each: Breakage) -> None:
    found = understood(each.asks.format(service=each.service))
    assert (found.operation, found.value("service")) == ("metrics.explain", each.service)


async def test_only_its_own_page_breaks_anything(platform: Platform, browser: ClientSession) -> None:
    faults = f"{platform.deploys_url}/api/v1/faults"
    for headers in ({"Origin": "http://elsewhere.example"}, {"Origin": "null"}, {"Host": "elsewhere.example"}):
        assert (await asked(browser, "POST", faults, json=BAD, headers=headers))[0] == 403
    assert platform.world.faults() == ()
    assert (await asked(browser, "POST", faults, json=BAD, headers={"Origin": platform.url}))[0] == 201
    ended = f"{faults}/{platform.world.faults()[0].id}"
    assert (await asked(browser, "DELETE", ended, headers={"Origin": "http://elsewhere.example"}))[0] == 403
    assert (await asked(browser, "DELETE", ended, headers={"Origin": platform.url}))[0] == 200


async def test_a_bad_deploy_that_is_ended_twice_is_rolled_back_once(browser: ClientSession) -> None:
    now = [NOW]
    async with Platform(World(born=NOW), clock=lambda: now[0]) as platform:
        before = platform.world.version_at("checkout", "production", NOW)
        faults = f"{platform.deploys_url}/api/v1/faults"
        await asked(browser, "POST", faults, json=BAD)
        now[0] = NOW.replace(minute=5)
        name = platform.world.faults()[0].id
        answers = [await asked(browser, "DELETE", f"{faults}/{name}") for _ in range(2)]
        assert answers[0] == answers[1]
        assert platform.world.version_at("checkout", "production", NOW.replace(minute=30)) == before


async def test_a_query_may_be_longer_than_eight_kilobytes(platform: Platform, browser: ClientSession) -> None:
    api = f"{platform.prometheus_url}/api/v1/query"
    for length, status in ((20_000, 200), (LONGEST_LINE, 400)):
        query = f'up{{service=~"{"cart|" * (length // 5)}"}}'
        assert (await asked(browser, "GET", api, params={"query": query}))[0] == status
