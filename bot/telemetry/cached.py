"""The ports of telemetry with a cache before them: which questions are the same question.

Windows are widened to a grid, so that two people who ask about "the last hour" seconds apart ask for the same. What
touches now is fresh for a step or 15 s; what is past, for five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from bot.telemetry.cache import FRESH, MOVING, Cache, Call, Fresh, Key
from bot.telemetry.signals import Change, LogLine, Read, Samples, Trace, TraceSummary, Window
from bot.telemetry.sources import Changes, Logs, Meaning, Metrics, Source, Traces

S = TypeVar("S", bound=Source)
N = TypeVar("N", bound="Sampled")
T = TypeVar("T")

FINEST: Final = 0.001
"""Seconds; what is finer is for the source to refuse."""
SETTLED: Final = timedelta(minutes=5)
"""After so long nothing more is expected to arrive late."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Sampled(Source, Protocol):
    """A source of numbers."""

    async def instant(self, query: str, at: datetime) -> Read[Samples]: ...

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]: ...


def aligned(window: Window, step: float) -> Window:
    """The window widened to whole steps since 1970."""
    unit = timedelta(seconds=step)
    return Window(EPOCH + (window.start - EPOCH) // unit * unit, EPOCH - (EPOCH - window.end) // unit * unit)


class _Cached(Generic[S]):
    """A source, and the cache that is asked first."""

    def __init__(self, source: S, cache: Cache) -> None:
        self.name = source.name
        self._source = source
        self._cache = cache
        self._self = object()  # two sources of one name do not answer for each other

    async def ready(self) -> str:
        return await self._source.ready()

    async def close(self) -> None:
        await self._source.close()

    async def _get(self, stem: Key, call: Call[T], fresh: Fresh[T], window: Window | None = None) -> Read[T]:
        return await self._cache.get((self._self, *stem), call, fresh, window)

    def _moves(self, end: datetime) -> bool:
        """Whether what ends then may still change."""
        return end > self._cache.clock() - SETTLED

    def _fresh(self, end: datetime, step: float = MOVING) -> float:
        return min(FRESH, max(step, MOVING)) if self._moves(end) else FRESH

    def _on_grid(self, window: Window) -> Window:
        """A window that touches now moves with every call, unless it is widened; one that is past keeps still."""
        return aligned(window, MOVING) if self._moves(window.end) else window

    def _moment(self, at: datetime) -> Window:
        at = aligned(Window(at, at), MOVING).start if self._moves(at) else at
        return Window(at, at)


class _CachedSamples(_Cached[N]):
    """What metrics and logs have in common."""

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        moment = self._moment(at)
        return await self._get(
            ("instant", query), lambda: self._source.instant(query, moment.start), self._fresh(at), moment
        )

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        """Over the window widened to whole steps."""
        if step < FINEST:
            return await self._source.range(query, window, step)
        wide = aligned(window, step)
        return await self._get(
            ("range", query, step, window.seconds),
            lambda: self._source.range(query, wide, step),
            self._fresh(window.end, step),
            wide,
        )


class CachedMetrics(_CachedSamples[Metrics]):
    """Implements `bot.telemetry.sources.Metrics`."""

    async def names(self) -> Read[tuple[str, ...]]:
        return await self._get(("names",), self._source.names, FRESH)

    async def labels(self, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return await self._get(("labels", *match), lambda: self._source.labels(match), FRESH)

    async def values(self, label: str, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return await self._get(("values", label, *match), lambda: self._source.values(label, match), FRESH)

    async def meanings(self, metric: str = "") -> Read[Mapping[str, Meaning]]:
        return await self._get(("meanings", metric), lambda: self._source.meanings(metric), FRESH)


class CachedLogs(_CachedSamples[Logs]):
    """Implements `bot.telemetry.sources.Logs`."""

    async def lines(
        self, query: str, window: Window, *, limit: int = 1_000, newest_first: bool = True
    ) -> Read[tuple[LogLine, ...]]:
        wide = self._on_grid(window) if newest_first else window  # a wider start would use up the limit
        read = await self._get(
            ("lines", query, limit, newest_first, window.seconds),
            lambda: self._source.lines(query, wide, limit=limit, newest_first=newest_first),
            self._fresh(window.end),
            wide,
        )
        if read.stale or wide == window:
            return read
        return replace(read, value=tuple(line for line in read.value if line.at in window))

    async def labels(self, window: Window) -> Read[tuple[str, ...]]:
        wide = aligned(window, FRESH)
        return await self._get(("labels",), lambda: self._source.labels(wide), FRESH, wide)

    async def values(self, label: str, window: Window) -> Read[tuple[str, ...]]:
        wide = aligned(window, FRESH)
        return await self._get(("values", label), lambda: self._source.values(label, wide), FRESH, wide)


class CachedTraces(_Cached[Traces]):
    """Implements `bot.telemetry.sources.Traces`."""

    async def search(self, query: str, window: Window, *, limit: int = 20) -> Read[tuple[TraceSummary, ...]]:
        wide = self._on_grid(window)
        return await self._get(
            ("search", query, limit, window.seconds),
            lambda: self._source.search(query, wide, limit=limit),
            self._fresh(window.end),
            wide,
        )

    async def trace(self, trace_id: str) -> Read[Trace]:
        def fresh(trace: Trace) -> float:
            last = max((span.end for span in trace.spans), default=0.0)
            return self._fresh(EPOCH + timedelta(seconds=last))

        return await self._get(("trace", trace_id), lambda: self._source.trace(trace_id), fresh)

    async def values(self, tag: str, window: Window) -> Read[tuple[str, ...]]:
        wide = aligned(window, FRESH)
        return await self._get(("values", tag), lambda: self._source.values(tag, wide), FRESH, wide)


class CachedChanges(_Cached[Changes]):
    """Implements `bot.telemetry.sources.Changes`."""

    async def changes(self, window: Window, *, service: str = "", environment: str = "") -> Read[tuple[Change, ...]]:
        wide = self._on_grid(window)
        read = await self._get(
            ("changes", service, environment, window.seconds),
            lambda: self._source.changes(wide, service=service, environment=environment),
            self._fresh(window.end),
            wide,
        )
        if read.stale or wide == window:
            return read
        return replace(read, value=tuple(change for change in read.value if change.at in window))

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        return await self._get(("versions", environment), lambda: self._source.versions(environment), MOVING)
