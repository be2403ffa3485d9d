"""What is closed is free: hundreds of apps and platforms go through one process of the tests."""

from __future__ import annotations

import gc
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.agent.request import Request
from bot.app import App
from bot.door.outcomes import Origin
from bot.guard.people import Actor
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from integrations.sandbox.slack.server import SlackSandbox
from tests.conftest import forget, settings_for


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_an_app_a_platform_and_a_slack_that_are_closed_are_free(database_url: str, tmp_path: Path) -> None:
    async def used() -> list[weakref.ref[object]]:
        platform = Platform(World(born=datetime.now(UTC) - timedelta(hours=2)))
        async with platform, SlackSandbox("manifest.yml", limits=False) as slack:
            sources = {f"{name}_url": f"{platform.url}/{name}" for name in ("prometheus", "loki", "tempo", "deploys")}
            at_slack = {
                "slack_bot_token": slack.bot_token,
                "slack_app_token": slack.app_token,
                "slack_api_url": slack.api_url,
                "http_host": "127.0.0.1",
            }
            app = App(settings_for(database_url, tmp_path, **sources, **at_slack), slack=True)
            await app.start(whole=True)
            asked = Request(Actor("sre"), Origin("test"), "asked-1", text="why is checkout slow?")
            assert [event async for event in app.turns.run(asked)]
            async with httpx.AsyncClient(trust_env=False) as browser:
                assert (await browser.get(f"{platform.url}/")).status_code == httpx.codes.OK
            await app.close()
        return [weakref.ref(each) for each in (app, platform, platform.world, slack, slack.workspace)]

    left = await used()
    forget()
    gc.collect()
    assert [each() for each in left] == [None] * len(left)
