"""Socket Mode: tickets, hello, envelopes to one of several connections, acknowledgements, refresh."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientConnectionError, WSMsgType, web

from integrations.sandbox.slack.deliveries import Deliveries, Delivery
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.inspector import Inspector

MOST_LINKS = 10
TICKET_SECONDS = 60
GRACE_SECONDS = 5.0  # between the request to reconnect and the end of the old connection
CUT_DELAY = 0.001
LOST_DELAY = 0.25  # an app that reconnects may still acknowledge what came over the old connection
HEARTBEAT_SECONDS = 30.0
REFRESH_SECONDS = 3600.0

# What is answered goes back in the acknowledgement; an event has nothing to answer.
TAKES_ANSWER = frozenset({"slash_commands", "interactive"})


@dataclass(slots=True, eq=False)
class Link:
    """One connection of the app."""

    socket: web.WebSocketResponse
    n: int
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    sent: dict[str, Delivery] = field(default_factory=dict)  # not acknowledged yet
    leaving: bool = False  # was asked to reconnect: gets nothing new


class Sockets:
    """The transport of Socket Mode."""

    def __init__(
        self,
        deliveries: Deliveries,
        faults: Faults,
        inspector: Inspector,
        *,
        app_id: str,
        refresh_every: float | None = REFRESH_SECONDS,
    ) -> None:
        self._deliveries = deliveries
        self._faults = faults
        self._inspector = inspector
        self._app_id = app_id
        self._refresh_every = refresh_every
        self._tickets: dict[str, float] = {}
        self._links: list[Link] = []
        self._numbers = itertools.count(1)
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_change: list[Callable[[], None]] = []

    # ---------------------------------------------------------------- connections

    def ticket(self) -> str:
        """For the address that `apps.connections.open` gives out; it opens connections for a minute."""
        now = time.monotonic()
        self._tickets = {known: until for known, until in self._tickets.items() if until > now}
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    @property
    def connections(self) -> int:
        return len(self._links)

    @property
    def ready(self) -> bool:
        return any(not link.leaving for link in self._links)

    async def link(self, request: web.Request) -> web.StreamResponse:
        """`GET /link?ticket=…`, upgraded to a WebSocket."""
        if self._tickets.get(request.query.get("ticket", ""), 0) < time.monotonic():
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, compress=False, max_msg_size=16 * 2**20)
        await socket.prepare(request)
        if len(self._links) >= MOST_LINKS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": DEBUG_INFO})
            await socket.close()
            return socket
        link = Link(socket, next(self._numbers))
        self._links.append(link)
        writer = self._spawn(self._write(link))
        refresher = self._spawn(self._refresh_in_time(link))
        self._inspector.record("app→slack", "socket", f"connection {link.n} opened", None, status="ok")
        try:
            await socket.send_json(self._hello())
            self._changed()
            self._deliveries.wake()
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        except (ClientConnectionError, ConnectionError):
            pass  # it is gone, which is what comes next anyway
        finally:
            writer.cancel()
            refresher.cancel()
            self._gone(link)
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._links),
            "debug_info": DEBUG_INFO | {"approximate_connection_time": int(self._refresh_every or REFRESH_SECONDS)},
            "connection_info": {"app_id": self._app_id},
        }

    def _gone(self, link: Link) -> None:
        self._links.remove(link)
        self._inspector.record("app→slack", "socket", f"connection {link.n} closed", None, status="ok")
        for envelope_id, delivery in link.sent.items():
            if delivery.id == envelope_id:  # otherwise a later attempt is under way elsewhere
                self._deliveries.lost(delivery, LOST_DELAY)
        link.sent.clear()
        self._changed()

    def _changed(self) -> None:
        for listener in self.on_change:
            listener()

    # ---------------------------------------------------------------- envelopes

    def carry(self, delivery: Delivery) -> None:
        able = [link for link in self._links if not link.leaving]
        self._turn += 1
        link = able[self._turn % len(able)]
        link.sent[delivery.id] = delivery
        link.outbox.put_nowait(_envelope(delivery))

    async def _write(self, link: Link) -> None:
        """One after the other; a cut falls where it falls among them, so that what went before did arrive."""
        with contextlib.suppress(ConnectionError, ClientConnectionError):
            while True:
                text = await link.outbox.get()
                cut = self._faults.cut()
                if cut != "before":
                    await link.socket.send_str(text)
                if cut:
                    await asyncio.sleep(CUT_DELAY)
                    self._cut(link)
                    return

    def _acknowledge(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            self._inspector.record("app→slack", "socket", "not JSON", text, status="invalid")
            return
        if not isinstance(said, dict) or not isinstance(envelope_id := said.get("envelope_id"), str):
            self._inspector.record("app→slack", "socket", "no envelope_id", said, status="invalid")
            return
        for link in self._links:
            link.sent.pop(envelope_id, None)
        if (delivery := self._deliveries.find(envelope_id)) is not None:
            self._deliveries.arrived(delivery, said.get("payload") if delivery.kind in TAKES_ANSWER else None)

    # ---------------------------------------------------------------- ends of connections

    def drop(self) -> None:
        """Cut every connection, without a word."""
        for link in list(self._links):
            self._cut(link)

    def _cut(self, link: Link) -> None:
        link.leaving = True
        if (transport := link.socket._req.transport if link.socket._req else None) is not None:  # noqa: SLF001
            transport.abort()  # as a cable that is pulled: no closing handshake

    def refresh(self, grace: float = GRACE_SECONDS) -> None:
        """Ask every connection to come anew, as Slack does every hour or so."""
        for link in list(self._links):
            self._ask_to_leave(link, "refresh_requested", grace)

    def warn(self) -> None:
        """Announce that a refresh is near: the app may connect anew, and gets its events here until it does."""
        for link in self._links:
            link.outbox.put_nowait(_disconnect("warning"))

    def _ask_to_leave(self, link: Link, reason: str, grace: float) -> None:
        if link.leaving:
            return
        link.leaving = True
        link.outbox.put_nowait(_disconnect(reason))

        async def end() -> None:
            await asyncio.sleep(grace)
            if link in self._links:
                await link.socket.close()

        self._spawn(end())

    async def _refresh_in_time(self, link: Link) -> None:
        if self._refresh_every is None:
            return
        await asyncio.sleep(max(0.0, self._refresh_every - GRACE_SECONDS))
        link.outbox.put_nowait(_disconnect("warning"))
        await asyncio.sleep(min(self._refresh_every, GRACE_SECONDS))
        self._ask_to_leave(link, "refresh_requested", GRACE_SECONDS)

    async def close(self) -> None:
        for link in list(self._links):
            link.leaving = True
            with contextlib.suppress(ConnectionError, ClientConnectionError, TimeoutError):
                await asyncio.wait_for(link.socket.close(), 1)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


DEBUG_INFO: dict[str, Any] = {"host": "sandbox", "build_number": 1}


def _disconnect(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": DEBUG_INFO})


def _envelope(delivery: Delivery) -> str:
    envelope: dict[str, Any] = {
        "envelope_id": delivery.id,
        "type": delivery.kind,
        "accepts_response_payload": delivery.kind in TAKES_ANSWER,
        "payload": delivery.payload,
    }
    if delivery.kind == "events_api":
        envelope |= {"retry_attempt": min(len(delivery.ids) - 1, 3), "retry_reason": delivery.reason}
    return json.dumps(envelope)
