"""A manifest that asks for everything, and real Bolt apps that are connected to a workspace."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from integrations.sandbox.slack.testing import Playground

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "CoPilot"},
    "features": {
        "bot_user": {"display_name": "CoPilot", "always_online": True},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "assistant_view": {"assistant_description": "Answers questions"},
        "slash_commands": [
            {"command": "/copilot", "description": "Ask", "usage_hint": "help", "should_escape": True},
            {"command": "/raw", "description": "As typed"},
        ],
        "shortcuts": [
            {"type": "global", "name": "Ask", "callback_id": "ask", "description": "Ask something"},
            {"type": "message", "name": "Explain this", "callback_id": "explain", "description": "Explain it"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read",
                "assistant:write",
                "bookmarks:read",
                "bookmarks:write",
                "channels:history",
                "channels:join",
                "channels:manage",
                "channels:read",
                "chat:write",
                "chat:write.public",
                "commands",
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
                "pins:read",
                "pins:write",
                "reactions:read",
                "reactions:write",
                "users:read",
                "users:read.email",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "app_home_opened",
                "app_mention",
                "assistant_thread_context_changed",
                "assistant_thread_started",
                "channel_archive",
                "channel_created",
                "channel_rename",
                "file_shared",
                "member_joined_channel",
                "member_left_channel",
                "message.channels",
                "message.groups",
                "message.im",
                "message.mpim",
                "pin_added",
                "reaction_added",
                "reaction_removed",
                "user_change",
            ]
        },
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


class Heard:
    """What an app was told, in order; `until` waits for it."""

    def __init__(self, workspace: Playground) -> None:
        self._workspace = workspace
        self.bodies: list[dict[str, Any]] = []

    def note(self, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        self._workspace._wake()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [body["event"] for body in self.bodies if "event" in body]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Events, or other bodies, of that type."""
        return [event for event in self.events if event["type"] == kind] + [
            body for body in self.bodies if body.get("type") == kind or body.get("command") == kind
        ]

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        found = await self._workspace.until(
            lambda: self.of(kind) if len(self.of(kind)) >= count else None,
            f"{count} {kind}",
            shown=lambda: f"heard {[event['type'] for event in self.events]}\n",
        )
        return found[count - 1]


def client_of(workspace: Playground) -> AsyncWebClient:
    return AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)


def bolt_app(workspace: Playground, heard: Heard | None = None, *, secret: str | None = None) -> AsyncApp:
    """An app that notes all that it hears, whatever the listeners do."""
    app = AsyncApp(
        client=client_of(workspace),
        signing_secret=secret or workspace.signing_secret,
        ignoring_self_events_enabled=False,
    )

    @app.middleware
    async def note(body: dict[str, Any], next_: Any) -> None:
        if heard is not None:
            heard.note(body)
        await next_()

    @app.event({"type": "message"})
    async def message() -> None:
        """Everything that is not a listener's."""

    return app


@contextlib.asynccontextmanager
async def on_a_socket(app: AsyncApp, workspace: Playground) -> AsyncIterator[AsyncSocketModeHandler]:
    """Bolt's own Socket Mode handler on aiohttp."""
    handler = AsyncSocketModeHandler(app, workspace.app_token, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await workspace.app_connected()
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def over_http(app: AsyncApp, port: int) -> AsyncIterator[None]:
    """Bolt's own web app, with its checks of signatures and of the challenge."""
    runner = web.AppRunner(app.web_app(path="/slack/events", port=port), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()
