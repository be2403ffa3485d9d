"""The Web API alone on a loopback port, and slack_sdk's own client before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from integrations.sandbox.slack.limits import Limits
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.state import Workspace
from integrations.sandbox.slack.web import Tokens, WebApi

SCOPES = [
    "app_mentions:read",
    "assistant:write",
    "bookmarks:read",
    "bookmarks:write",
    "canvases:read",
    "canvases:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
]


def manifest(*without: str, **features: Any) -> Manifest:
    """One that may do all that we use, but for some scopes."""
    return Manifest.of(
        {
            "display_information": {"name": "CoPilot"},
            "features": {"app_home": {"home_tab_enabled": True}, "bot_user": {"display_name": "copilot"}, **features},
            "oauth_config": {"scopes": {"bot": [scope for scope in SCOPES if scope not in without]}},
            "settings": {"socket_mode_enabled": True},
        }
    )


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Served:
    """A workspace, its API and a client of each kind of token."""

    workspace: Workspace
    api: WebApi
    client: AsyncWebClient
    app_client: AsyncWebClient
    session: ClientSession
    clock: Clock = field(default_factory=Clock)


@asynccontextmanager
async def served(told: Manifest | None = None, limits: Limits | None = None, **parts: Any) -> AsyncIterator[Served]:
    clock = Clock()
    workspace = Workspace.fresh(clock=clock)
    tokens = Tokens.random()
    api = WebApi(workspace, told or manifest(), limits or Limits(enabled=False), tokens, **parts)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.add_routes(api.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    workspace.base_url = f"http://{host}:{port}"
    async with ClientSession() as session:
        url = f"{workspace.base_url}/api/"
        client = AsyncWebClient(tokens.bot, base_url=url, session=session)
        app_client = AsyncWebClient(tokens.app, base_url=url, session=session)
        try:
            yield Served(workspace, api, client, app_client, session, clock)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def refused(error: str) -> AsyncIterator[pytest.ExceptionInfo[SlackApiError]]:
    """What happens inside is answered with this error."""
    with pytest.raises(SlackApiError) as caught:
        yield caught
    assert caught.value.response["error"] == error, caught.value.response.data
