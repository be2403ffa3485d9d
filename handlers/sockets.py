"""Socket Mode: an envelope is acknowledged when the intake has it on disk, and not before."""

from __future__ import annotations

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
log = structlog.get_logger()


class Sockets:
    """One connection, which Slack's SDK keeps open."""

    def __init__(self, client: AsyncWebClient, app_token: str, receive: Receive) -> None:
        self._receive = receive
        self._client = SocketModeClient(app_token=app_token, web_client=client, ping_interval=PING)
        self._client.socket_mode_request_listeners.append(self._take)

    async def start(self) -> None:
        try:
            await self._client.connect()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            why = understood(error, "apps.connections.open")
            raise ConfigurationError(
                f"Slack does not open a socket: {why}",
                mend="Check LLM_COPILOT_SLACK_APP_TOKEN: it begins with xapp- and has the scope connections:write.",
            ) from error

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]

    async def connected(self) -> bool:
        return await self._client.is_connected()

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
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))
