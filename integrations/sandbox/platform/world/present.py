"""What has been scraped so far: the world knows its future, and a Prometheus does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.sandbox.platform.prometheus.storage import Block, Matcher, Metadata, Storage


@dataclass(frozen=True, slots=True)
class Present:
    """A storage without the samples that lie ahead of the clock."""

    world: Storage
    clock: Callable[[], datetime]

    def _until(self, end_ms: int) -> int:
        return min(end_ms, int(self.clock().timestamp() * 1000))

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterable[Block]:
        return self.world.select(matchers, start_ms, self._until(end_ms))

    def names(self) -> Sequence[str]:
        return self.world.names()

    def label_names(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[str]:
        return self.world.label_names(matchers, start_ms, self._until(end_ms))

    def label_values(self, name: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[str]:
        return self.world.label_values(name, matchers, start_ms, self._until(end_ms))

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[Mapping[str, str]]:
        return self.world.series(matchers, start_ms, self._until(end_ms))

    def metadata(self) -> Mapping[str, Metadata]:
        return self.world.metadata()
