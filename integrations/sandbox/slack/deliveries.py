"""What waits for the app: each delivery until it is acknowledged, sent again as Slack does, or given up.

    waiting ──► sent ──► acknowledged
       ▲          │ not acknowledged in time, or refused
       └── delay ─┘ … three times, then given up

A transport (`sockets`, `callbacks`) carries single attempts; it says `arrived` or `failed`.
Events are tried again; what a person waits for (commands, clicks, forms) is tried once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.inspector import Exchange, Inspector

ACK_TIMEOUT = 3.0
RETRY_DELAYS = (3.0, 60.0, 300.0)
MOST_WAITING = 100_000

Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a delivery."""

    acknowledged: bool
    payload: Any = None  # what the app answered with, if anything
    took: float = 0.0  # seconds from the last attempt to its acknowledgement
    attempts: int = 0
    error: str = ""  # in Slack's words: operation_timeout, dispatch_failed, http_service_error


@dataclass(slots=True, eq=False)
class Delivery:
    """One thing that the app is to hear, over all attempts."""

    kind: Kind
    payload: dict[str, Any]
    answer: asyncio.Future[Answer]
    ids: list[str] = field(default_factory=list)  # an envelope id for each attempt; the app may answer any
    retries: int = 0
    reason: str = ""
    sent_at: float = 0.0
    timer: asyncio.TimerHandle | None = None
    exchange: Exchange | None = None

    @property
    def id(self) -> str:
        return self.ids[-1]

    @property
    def done(self) -> bool:
        return self.answer.done()


class Transport(Protocol):
    """Carries one attempt."""

    @property
    def ready(self) -> bool:
        """Whether somebody is there who could take it."""
        ...

    def carry(self, delivery: Delivery) -> None:
        """Send it now, without waiting; report to `Deliveries` what came of it."""
        ...


class Deliveries:
    """The queue in front of the app."""

    def __init__(
        self,
        faults: Faults,
        inspector: Inspector,
        *,
        ack_timeout: float = ACK_TIMEOUT,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.transport: Transport | None = None
        self.ack_timeout = ack_timeout
        self.retry_delays = retry_delays
        self._faults = faults
        self._inspector = inspector
        self._waiting: deque[Delivery] = deque()
        self._under_way: dict[str, Delivery] = {}
        self._resting: set[Delivery] = set()  # until their next attempt is due
        self._closed = False

    # ---------------------------------------------------------------- in

    def send(self, payload: dict[str, Any], kind: Kind = "events_api") -> asyncio.Future[Answer]:
        """Bring it to the app, as soon as one is there; the future tells what came of it, and never raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        delivery = Delivery(kind, payload, answer)
        delivery.exchange = self._inspector.record("slack→app", kind, _called(kind, payload), payload)
        if kind == "events_api" and (held := self._faults.held()):
            self._later(held, lambda: self._start(delivery))
        else:
            self._start(delivery)
        return answer

    def _start(self, delivery: Delivery) -> None:
        self._try(delivery)
        if not self._faults.twice():
            return
        if delivery.kind == "events_api":  # Slack repeats an event under a new envelope id
            twin = Delivery(delivery.kind, delivery.payload, asyncio.get_running_loop().create_future())
            self._later(self._faults.held(), lambda: self._try(twin))
        elif self.transport is not None and self.transport.ready:  # a repeated click is the same envelope
            self.transport.carry(delivery)

    def _try(self, delivery: Delivery) -> None:
        """Send it, or let it wait for an app."""
        self._resting.discard(delivery)
        if delivery.done:
            return
        if self.transport is None or not self.transport.ready:
            if delivery.kind != "events_api" and delivery.timer is None:
                delivery.timer = self._later(self.ack_timeout, lambda: self._give_up(delivery, "dispatch_failed"))
            self._waiting.append(delivery)
            if len(self._waiting) > MOST_WAITING:
                self._give_up(self._waiting.popleft(), "dispatch_failed")
            return
        if delivery.timer is not None:
            delivery.timer.cancel()
        if not delivery.ids or delivery.kind == "events_api":
            delivery.ids.append(_envelope_id())
        self._under_way[delivery.id] = delivery
        loop = asyncio.get_running_loop()
        delivery.sent_at = loop.time()
        delivery.timer = loop.call_later(self.ack_timeout, self.failed, delivery, "timeout")
        self.transport.carry(delivery)

    def wake(self) -> None:
        """An app is there (again): what waits goes out."""
        waiting, self._waiting = self._waiting, deque()
        for delivery in (*self._resting, *waiting):
            self._try(delivery)

    # ---------------------------------------------------------------- what came of it

    def find(self, envelope_id: str) -> Delivery | None:
        return self._under_way.get(envelope_id)

    def arrived(self, delivery: Delivery, payload: Any = None) -> None:
        """The app acknowledged it."""
        if delivery.done:
            return
        took = asyncio.get_running_loop().time() - delivery.sent_at
        self._end(delivery, Answer(True, payload, took, len(delivery.ids)))

    def failed(self, delivery: Delivery, reason: str, *, error: str = "", final: bool = False) -> None:
        """This attempt came to nothing: again after a delay, if any is left."""
        if delivery.done:
            return
        if delivery.kind != "events_api" or final or delivery.retries >= len(self.retry_delays):
            self._give_up(delivery, error or "operation_timeout")
            return
        delivery.retries += 1
        self._again(delivery, reason, self.retry_delays[delivery.retries - 1])

    def lost(self, delivery: Delivery, delay: float = 0.0) -> None:
        """The connection went away before an answer came; that costs nothing but a little time."""
        if delivery.done:
            return
        if delivery.kind != "events_api":
            self._later(delay, lambda: self._try(delivery))
        else:
            self._again(delivery, "connection_failed", delay)

    def _again(self, delivery: Delivery, reason: str, delay: float) -> None:
        if delivery.timer is not None:
            delivery.timer.cancel()
        delivery.reason = reason
        self._resting.add(delivery)
        delivery.timer = self._later(delay, lambda: self._try(delivery))

    def _give_up(self, delivery: Delivery, error: str) -> None:
        if not delivery.done:
            self._end(delivery, Answer(False, attempts=len(delivery.ids), error=error))

    def _end(self, delivery: Delivery, answer: Answer) -> None:
        if delivery.timer is not None:
            delivery.timer.cancel()
        for envelope_id in delivery.ids:
            self._under_way.pop(envelope_id, None)
        self._resting.discard(delivery)
        if (exchange := delivery.exchange) is not None:
            exchange.status = "ok" if answer.acknowledged else answer.error
            exchange.took_ms = round(answer.took * 1000, 2) if answer.acknowledged else None
            exchange.response = answer.payload
        delivery.answer.set_result(answer)

    # ---------------------------------------------------------------- the end

    @property
    def pending(self) -> int:
        """How many wait, are under way or will be tried again."""
        return len({id(d) for d in (*self._waiting, *self._under_way.values())})

    def close(self) -> None:
        self._closed = True
        for delivery in {*self._waiting, *self._under_way.values()}:
            self._give_up(delivery, "dispatch_failed")

    def _later(self, delay: float, move: Callable[[], None]) -> asyncio.TimerHandle:
        def run() -> None:
            if not self._closed:
                move()

        return asyncio.get_running_loop().call_later(delay, run)


def _called(kind: Kind, payload: dict[str, Any]) -> str:
    """What the inspector calls it."""
    match kind:
        case "events_api":
            event = payload.get("event", {})
            return ".".join(part for part in (event.get("type"), event.get("subtype")) if part)
        case "slash_commands":
            return f"{payload.get('command', '')} {payload.get('text', '')}".strip()
        case _:
            actions = payload.get("actions") or [{}]
            name = payload.get("callback_id") or (payload.get("view") or {}).get("callback_id")
            return f"{payload.get('type', '')} {actions[0].get('action_id') or name or ''}".strip()


def _envelope_id() -> str:
    """A UUID's looks, at a tenth of its price."""
    h = secrets.token_hex(16)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
