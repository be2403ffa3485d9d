"""Where telemetry is read: `integrations/` implements these, one for each backend.

Every call may raise InvalidInput (the backend refused the query; its words are in the message), NotFound, or what is
Retryable (down, slow, limited). What is read is capped, and `Read.cut` says where a cap was met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.telemetry.signals import Change, LogLine, Read, Samples, Trace, TraceSummary, Window


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a backend says of a metric: counter, gauge, histogram …, and a sentence."""

    kind: str
    help: str = ""
    unit: str = ""


class Source(Protocol):
    """What all of them have."""

    name: str

    async def ready(self) -> str:
        """Its product and version, in a few words; raises where it does not answer."""
        ...

    async def close(self) -> None: ...


class Metrics(Source, Protocol):
    """Prometheus, VictoriaMetrics, Mimir, Thanos."""

    async def instant(self, query: str, at: datetime) -> Read[Samples]: ...

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]: ...

    async def names(self) -> Read[tuple[str, ...]]:
        """Every metric there is."""
        ...

    async def labels(self, match: Sequence[str] = ()) -> Read[tuple[str, ...]]: ...

    async def values(self, label: str, match: Sequence[str] = ()) -> Read[tuple[str, ...]]: ...

    async def meanings(self, metric: str = "") -> Read[Mapping[str, Meaning]]: ...


class Logs(Source, Protocol):
    """Loki."""

    async def lines(
        self, query: str, window: Window, *, limit: int = 1_000, newest_first: bool = True
    ) -> Read[tuple[LogLine, ...]]: ...

    async def instant(self, query: str, at: datetime) -> Read[Samples]: ...

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]: ...

    async def labels(self, window: Window) -> Read[tuple[str, ...]]: ...

    async def values(self, label: str, window: Window) -> Read[tuple[str, ...]]: ...


class Traces(Source, Protocol):
    """Tempo."""

    async def search(self, query: str, window: Window, *, limit: int = 20) -> Read[tuple[TraceSummary, ...]]: ...

    async def trace(self, trace_id: str) -> Read[Trace]: ...

    async def values(self, tag: str, window: Window) -> Read[tuple[str, ...]]: ...


class Changes(Source, Protocol):
    """Whatever knows of deploys and other changes."""

    async def changes(
        self, window: Window, *, service: str = "", environment: str = ""
    ) -> Read[tuple[Change, ...]]: ...

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        """What runs now, by (service, environment)."""
        ...
