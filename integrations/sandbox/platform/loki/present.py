"""What has been written so far: the world knows its future, and a Loki does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.telemetry.queries.logql import Matcher
from integrations.sandbox.platform.loki.store import Block, Store


@dataclass(frozen=True, slots=True)
class Present:
    """A store without the lines that lie ahead of the clock."""

    world: Store
    clock: Callable[[], datetime]

    def _until(self, end: int) -> int:
        return min(end, int(self.clock().timestamp() * 1_000_000) * 1_000)

    def blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Block]:
        return self.world.blocks(matchers, start, self._until(end))

    def streams(self, matchers: Sequence[Matcher], start: int, end: int) -> Sequence[Mapping[str, str]]:
        return self.world.streams(matchers, start, self._until(end))
