"""The variables of log lines: what one says follows from its 64 bits and from the minute that it was written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import gmtime, strftime, struct_time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from integrations.sandbox.platform.loki.scene import Scene

_MASK: Final = 2**64 - 1
_STEP: Final = 6364136223846793005
_ADD: Final = 1442695040888963407
_BITS: Final = 31

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "field": ("total", "price", "currency", "email", "items", "score"),
    "job": ("expire-sessions", "compact-events", "refresh-prices", "report-usage"),
    "flag": ("new-basket", "fast-lane", "shadow-ranker", "long-context"),
    "policy": ("self-harm", "violence", "personal-data", "prompt-injection", "none"),
    "table": ("orders", "carts", "payments", "conversations", "users"),
    "dbuser": ("checkout", "payments", "cart", "chat", "auth"),
    "statement": ("S_1", "S_2", "S_3", "S_4"),
    "sql": (
        "SELECT * FROM orders WHERE id = $1", "INSERT INTO payments VALUES ($1, $2, $3)",
        "UPDATE carts SET items = $1 WHERE id = $2", "SELECT content FROM conversations WHERE user_id = $1 LIMIT 50",
        "COMMIT",
    ),
    "collection": ("products", "passages", "profiles"),
    "verb": ("process", "validate", "persist", "render", "rank"),
    "month": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}  # fmt: skip
"""Variables that are one of a few words."""


@dataclass(slots=True)
class Facts:
    """The variables of one line, each drawn when it is first asked for; a mapping for `str.format_map`."""

    scene: Scene
    index: int
    """The minute within the scene."""
    time: int
    bits: int
    endpoint: int
    """The number of the endpoint."""
    failed: bool
    trace: str
    known: dict[str, object]

    def __getitem__(self, name: str) -> object:
        if name not in self.known:
            words = WORDS.get(name)
            self.known[name] = words[self.number(len(words))] if words else _DRAWN[name](self)
        return self.known[name]

    def number(self, below: int) -> int:
        self.bits = (self.bits * _STEP + _ADD) & _MASK
        return (self.bits >> 33) * below >> _BITS

    def share(self) -> float:
        return (self.number(1_000_000) + 0.5) / 1_000_000

    def hex(self, digits: int) -> str:
        text = f"{self.number(2**_BITS):08x}"
        while len(text) < digits:
            text += f"{self.number(2**_BITS):08x}"
        return text[:digits]

    def lasting(self, low: float) -> float:
        """Milliseconds of a request of this minute whose place among all is from `low` to 1."""
        place = min(low + (1.0 - low) * self.share(), 0.9999)
        median, tail = self.scene.median(self.endpoint, self.index), self.scene.tail(self.index)
        return 1000.0 * median * float((place / (1.0 - place)) ** (1.0 / tail))

    def clock(self) -> struct_time:
        """In UTC; every second line asks it, and a datetime takes ten times as long."""
        return gmtime(self.time // 1_000_000_000)


def _request(facts: Facts) -> str:
    text = facts.hex(32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _rounded(milliseconds: float) -> float | int:
    return round(milliseconds) if milliseconds >= 10 else round(milliseconds, 2)  # noqa: PLR2004  as loggers do


def _text_clock(facts: Facts) -> str:
    return f"{strftime('%Y-%m-%d %H:%M:%S', facts.clock())}.{facts.time // 1_000_000 % 1000:03d}"


_DRAWN: Final[Mapping[str, Callable[[Facts], object]]] = {
    "service": lambda facts: facts.scene.service,
    "module": lambda facts: facts.scene.service.partition("-")[0],
    "endpoint": lambda facts: facts.scene.endpoints[facts.endpoint].name,
    "method": lambda facts: facts.scene.endpoints[facts.endpoint].method,
    "status": lambda facts: 500 if facts.failed else 200,
    "callee": lambda facts: facts.scene.callee(facts.index),
    "model": lambda facts: facts.scene.models[facts.number(len(facts.scene.models))],
    "ms": lambda facts: _rounded(facts.lasting(0.0)),
    "slow_ms": lambda facts: round(facts.lasting(0.97)),
    "wait_ms": lambda facts: 20 + facts.number(1980),
    "few": lambda facts: 2 + facts.number(62),
    "many": lambda facts: 100 + facts.number(9900),
    "times": lambda facts: 2 + facts.number(4),
    "attempt": lambda facts: 2 + facts.number(2),
    "pid": lambda facts: 1000 + facts.number(30000),
    "order": lambda facts: 100_000 + facts.number(900_000),
    "user": lambda facts: f"u_{facts.hex(10)}",
    "session": lambda facts: facts.hex(16),
    "request": _request,
    "hash": lambda facts: facts.hex(12),
    "key": lambda facts: f"{facts.hex(4)}:{facts.hex(8)}",
    "ip": lambda facts: f"10.{facts.number(16)}.{facts.number(256)}.{1 + facts.number(254)}",
    "memory": lambda facts: facts.scene.memory(facts.index),
    "pool": lambda facts: round(float(facts.scene.cells.connections[facts.index])),
    "queue": lambda facts: round(float(facts.scene.cells.queue[facts.index])),
    "trace": lambda facts: facts.trace,
    "duration_ms": lambda facts: _rounded(facts.lasting(0.0)),
    "clock": _text_clock,
    "rfc3339": lambda facts: f"{strftime('%Y-%m-%dT%H:%M:%S', facts.clock())}.{facts.time // 1000 % 1_000_000:06d}Z",
    "redis_clock": lambda facts: (
        f"{facts.clock().tm_mday:02d} {WORDS['month'][facts.clock().tm_mon - 1]} {_text_clock(facts)[:4]} "
        f"{_text_clock(facts)[11:]}"
    ),
}
PLAIN: Final = frozenset(_DRAWN) - {"service", "module", "endpoint", "method", "callee", "model", "redis_clock", "user"}
"""Variables without a letter beyond those of hexadecimal numbers, T, Z and u."""
