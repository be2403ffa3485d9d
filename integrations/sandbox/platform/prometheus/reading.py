"""What one query reads: each selection once, and no more than it may hold or has time for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.sandbox.platform.prometheus.failures import QueryRefused, execution
from integrations.sandbox.platform.prometheus.storage import Block, Matcher, Storage

KEPT_SAMPLES: Final = 1 << 21


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a query may hold at a time, and when it has taken too long."""

    samples: int = 50_000_000
    expired: Callable[[], bool] = lambda: False


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Query:
    """What all nodes of one query share; `start()` and `end()` are its own, also within a subquery."""

    storage: Storage
    start_ms: int
    end_ms: int
    limits: Limits
    read: dict[tuple[tuple[Matcher, ...], int, int], list[Block]] = field(default_factory=dict)

    def blocks(self, wanted: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Block]:
        """Kept for when they are asked for again, unless they are many: then each is gone before the next is there."""
        key = (tuple(wanted), start_ms, end_ms)
        if key in self.read:
            yield from self.read[key]
            return
        found: list[Block] = []
        held = 0
        before = sum(block.values.size for blocks in self.read.values() for block in blocks)
        for block in self.storage.select(wanted, start_ms, end_ms):
            held += block.values.size
            self.room(before + held)
            if held <= KEPT_SAMPLES:
                found.append(block)
            else:
                found.clear()
            yield block
        if held <= KEPT_SAMPLES:
            self.read[key] = found

    def room(self, samples: int) -> None:
        """Refuses what would not fit, and what has no time left."""
        if samples > self.limits.samples:
            raise execution("query processing would load too many samples into memory in query execution")
        if self.limits.expired():
            raise QueryRefused("timeout", "query timed out in expression evaluation")
