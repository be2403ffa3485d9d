"""The last exchanges between the app and Slack, in both directions, for the inspector pane and for tests."""

from __future__ import annotations

import itertools
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

KEPT = 500
LONGEST = 20_000  # characters of one text that are shown
MASK = "********"

_TOKEN = re.compile(r"\b(xox[a-z]|xapp|xwfp)-[\w.-]+")
_SECRET = frozenset({"token", "authorization", "signing_secret", "client_secret", "ticket"})

Direction = Literal["app→slack", "slack→app"]


@dataclass(slots=True)
class Exchange:
    """One request and its answer; the answer may come later."""

    n: int
    at: float
    direction: Direction
    kind: str  # web_api, events_api, slash_commands, interactive, response_url, socket
    what: str  # the method, the event, the command
    status: str  # ok, an error, or "waiting"
    took_ms: float | None
    request: Any
    response: Any


class Inspector:
    """A ring: what is past `KEPT` is forgotten. Whoever reads sees no token."""

    def __init__(self, clock: Callable[[], float] = time.time, kept: int = KEPT) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._ring: deque[Exchange] = deque(maxlen=kept)
        self.listeners: list[Callable[[Exchange], None]] = []

    def record(
        self,
        direction: Direction,
        kind: str,
        what: str,
        request: Any,
        *,
        response: Any = None,
        status: str = "waiting",
        took_ms: float | None = None,
    ) -> Exchange:
        exchange = Exchange(
            next(self._numbers), self._clock(), direction, kind, what, status, took_ms, request, response
        )
        self._ring.append(exchange)
        for listener in self.listeners:
            listener(exchange)
        return exchange

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Those with a number above `after`, oldest first, masked."""
        return [
            asdict(exchange) | {"request": masked(exchange.request), "response": masked(exchange.response)}
            for exchange in self._ring
            if exchange.n > after
        ]


def masked(value: Any) -> Any:
    """The same without tokens and secrets, and without endless texts."""
    match value:
        case str():
            shown = value if len(value) <= LONGEST else f"{value[:LONGEST]}… {len(value) - LONGEST} more characters"
            return _TOKEN.sub(rf"\1-{MASK}", shown)
        case Mapping():
            return {k: MASK if str(k).lower() in _SECRET and v else masked(v) for k, v in value.items()}
        case list() | tuple():
            return [masked(item) for item in value]
        case bytes():
            return f"{len(value)} bytes"
        case _:
            return value
