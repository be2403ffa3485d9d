"""Socket Mode: an envelope is acknowledged when the intake has it on disk, and not before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError, CopilotError
from handlers.refused import understood

Receive = Callable[[str, dict[str, Any], int], Awaitable[Mapping[str, Any] | None]]
PING: Final = 2.0
"""Seconds after which a connection that was cut is noticed and opened anew; until then Slack waits with its events."""
LAME: Final = 3
"""So many looks in a row may find it broken before the client as a whole is replaced."""
PATIENCE: Final = 15.0
log = structlog.get_logger()


class Sockets:
    """One connection. Slack's SDK keeps it open; where its own watch over it has died, a new client takes over."""

    def __init__(self, client: AsyncWebClient, app_token: str, receive: Receive, *, ping: float = PING) -> None:
        self._web = client
        self._app_token = app_token
        self._receive = receive
        self._ping = ping
        self._client = self._new()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        try:
            self._client.wss_uri = await self._client.issue_new_wss_url()
        except SlackApiError as error:
            why = understood(error, "apps.connections.open")
            raise ConfigurationError(
                f"Slack does not open a socket: {why}",
                mend="Check LLM_COPILOT_SLACK_APP_TOKEN: it begins with xapp- and has the scope connections:write.",
            ) from error
        await self._client.connect()  # type: ignore[no-untyped-call]
        self._watching = asyncio.create_task(self._watch(), name="socket")

    async def close(self) -> None:
        if self._watching:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self._client.close()  # type: ignore[no-untyped-call]

    async def connected(self) -> bool:
        client = self._client
        minded = (client.current_session_monitor, client.message_receiver, client.message_processor)
        return all(task is not None and not task.done() for task in minded) and await client.is_connected()

    def _new(self) -> SocketModeClient:
        client = SocketModeClient(app_token=self._app_token, web_client=self._web, ping_interval=self._ping)
        client.socket_mode_request_listeners.append(self._take)
        return client

    async def _watch(self) -> None:
        lame = 0
        while True:
            await asyncio.sleep(self._ping)
            lame = 0 if await self.connected() else lame + 1
            if lame < LAME:
                continue
            log.warning("socket_replaced", looks=lame)
            broken, self._client = self._client, self._new()
            try:
                async with asyncio.timeout(PATIENCE):
                    await broken.close()  # type: ignore[no-untyped-call]
                    await self._client.connect()  # type: ignore[no-untyped-call]
                lame = 0
            except Exception as error:  # noqa: BLE001  the next look tries again, for as long as it takes
                log.warning("socket_not_replaced", error=str(error) or type(error).__name__)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            answer = await self._receive(request.type, request.payload, request.retry_attempt or 0)
        except CopilotError as error:  # without an acknowledgement Slack delivers it again
            log.warning("delivery_not_kept", kind=request.type, error=str(error))
            return
        except Exception:
            log.exception("delivery_not_kept", kind=request.type)
            return
        payload = dict(answer) if answer is not None else None
        with contextlib.suppress(ConnectionError):  # it went away meanwhile: Slack delivers it again
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))
