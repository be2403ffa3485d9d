"""HTTP mode: signed posts to the app's request URL, after it has shown that it is the app's."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from integrations.sandbox.slack.deliveries import Deliveries, Delivery

AT_ONCE = 100
HANDSHAKE_EVERY = 0.25
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signature(secret: str, timestamp: str, body: str) -> str:
    """Slack's `x-slack-signature`."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


class Callbacks:
    """The transport of HTTP mode: one request URL for events, commands and interactivity."""

    def __init__(
        self,
        deliveries: Deliveries,
        *,
        request_url: str,
        signing_secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliveries = deliveries
        self._url = request_url
        self._secret = signing_secret
        self._clock = clock
        self._verified = False
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_change: list[Callable[[], None]] = []

    @property
    def ready(self) -> bool:
        return self._verified

    async def start(self) -> None:
        self._session = ClientSession(
            connector=TCPConnector(limit=AT_ONCE), timeout=ClientTimeout(total=self._deliveries.ack_timeout)
        )
        self._spawn(self._handshake())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _handshake(self) -> None:
        """Ask until an app is there that answers the challenge; then let what waits go out."""
        while not await self._proves_itself():  # noqa: ASYNC110  the app is another program: there is nothing to wait for
            await asyncio.sleep(HANDSHAKE_EVERY)
        self._verified = True
        for listener in self.on_change:
            listener()
        self._deliveries.wake()

    async def _proves_itself(self) -> bool:
        challenge = secrets.token_urlsafe(32)
        body = json.dumps({"token": "sandbox", "challenge": challenge, "type": "url_verification"})
        try:
            status, _, text = await self._post(body, "application/json")
        except (ClientError, TimeoutError, OSError):
            return False
        if status != HTTPStatus.OK:
            return False
        try:
            answered = json.loads(text)
        except ValueError:
            return text.strip() == challenge
        return isinstance(answered, dict) and answered.get("challenge") == challenge

    # ---------------------------------------------------------------- single attempts

    def carry(self, delivery: Delivery) -> None:
        self._spawn(self._attempt(delivery))

    async def _attempt(self, delivery: Delivery) -> None:
        body, content_type = _encoded(delivery)
        extra = {}
        if delivery.retries:
            extra = {"x-slack-retry-num": str(delivery.retries), "x-slack-retry-reason": delivery.reason}
        try:
            status, headers, text = await self._post(body, content_type, extra)
        except TimeoutError:
            self._deliveries.failed(delivery, "http_timeout")
            return
        except (ClientError, OSError):
            self._deliveries.failed(delivery, "connection_failed", error="dispatch_failed")
            return
        if status // 100 == 2:  # noqa: PLR2004  2xx
            self._deliveries.arrived(delivery, None if delivery.kind == "events_api" else _answer(text))
        else:
            final = headers.get("x-slack-no-retry") == "1"
            self._deliveries.failed(delivery, "http_error", error="http_service_error", final=final)

    async def _post(
        self, body: str, content_type: str, extra: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        assert self._session is not None
        timestamp = str(int(self._clock()))
        headers = {
            "content-type": content_type,
            "user-agent": USER_AGENT,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature(self._secret, timestamp, body),
            **(extra or {}),
        }
        # A redirect is an error for Slack as well: the signature would go to somebody else.
        async with self._session.post(
            self._url, data=body.encode(), headers=headers, allow_redirects=False
        ) as response:
            return response.status, {k.lower(): v for k, v in response.headers.items()}, await response.text()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _encoded(delivery: Delivery) -> tuple[str, str]:
    """Events are JSON, clicks are JSON in a form field, commands are a form."""
    match delivery.kind:
        case "events_api":
            return json.dumps(delivery.payload), "application/json"
        case "interactive":
            return urlencode({"payload": json.dumps(delivery.payload)}), "application/x-www-form-urlencoded"
        case _:
            return urlencode(delivery.payload), "application/x-www-form-urlencoded"


def _answer(text: str) -> Any:
    """What the app answered: JSON, or a text that stands for itself."""
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {"text": text}
