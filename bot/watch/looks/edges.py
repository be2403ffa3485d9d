"""Traces of everything: which services call which, and how that goes, by a sample of what was traced."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.errors import Unavailable
from bot.observatory.following import TracesQuestion, query_of
from bot.observatory.observatory import Observatory, heard
from bot.telemetry.signals import Trace, Window
from bot.telemetry.vocabulary import Scope
from bot.watch.edges import Edges
from bot.watch.finding import Finding
from bot.watch.looks.look import Patience, Sight, as_due, backwards, pieces, replayed, signed, since_of, together
from bot.watch.replaying import Replayed, Tell
from bot.watch.sweeping import Moment
from bot.watch.usual import LIMITS
from bot.watch.watches import Progress, Watch

PAGE: Final = 60
"""Traces of each look that are read whole."""
AT_ONCE: Final = 8
MOST: Final = timedelta(hours=2)
"""Read before the first look, and the most that is caught up with."""
PIECE: Final = timedelta(minutes=10)
LATE: Final = timedelta(seconds=30)
"""A trace is whole only some time after it began."""


@dataclass(frozen=True, slots=True)
class EdgesLook:
    """For the built-in scan of traces: the newest as they come, not those that a search for slow ones finds."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        since, state = since_of(progress, until, MOST)
        environment = watch.aim.scope.environment
        edges = _edges(watch, state)
        patience, seen = Patience(), list[Moment]()
        for piece in pieces(since, until, PIECE, LATE):
            if patience.over:
                break
            seen.append(Moment(piece.end, await self._piece(edges, environment, piece, until)))
        came = seen[-1].at + LATE if seen else until
        found = signed(together(seen, first=not state), watch)
        return Sight(found, json.dumps(edges.dump()).encode(), until=came)

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """Every look of as much of a window as can be read in so many seconds, after what is learned from."""
        environment = watch.aim.scope.environment
        edges, windows = _edges(watch), as_due(watch, window, MOST, PIECE, LATE)

        async def read(piece: Window) -> list[Trace]:
            return await self._traces(environment, piece, piece.end + LATE)

        def fed(piece: Window, traces: list[Trace]) -> list[Moment]:
            return [Moment(piece.end + LATE, edges.feed(piece.start, piece.end, traces))]

        parts, trouble = await backwards(windows, read, seconds, tell, at_once=2)
        return await replayed(parts, fed, watch, window.start, MOST, LATE, trouble)

    async def _piece(self, edges: Edges, environment: str, window: Window, now: datetime) -> tuple[Finding, ...]:
        traces = await self._traces(environment, window, now)
        return await asyncio.to_thread(edges.feed, window.start, window.end, traces)

    async def _traces(self, environment: str, window: Window, now: datetime) -> list[Trace]:
        source = self.observatory.need_traces()
        query = query_of(self.observatory, TracesQuestion(Scope(environment=environment), window, now))
        listed = await source.search(query, window, limit=PAGE)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(trace: str) -> Trace | None:
            async with gate:
                return (await heard(source.name, source.trace(trace))).value

        traces = [each for each in await asyncio.gather(*(one(each.id) for each in listed.value)) if each]
        if listed.value and not traces:
            raise Unavailable(f"{source.name} lists traces, and none of them could be read")
        return traces


def _edges(watch: Watch, state: bytes = b"") -> Edges:
    kept, limit = json.loads(state) if state else None, LIMITS[watch.sensitivity]
    return Edges(watch.aim.scope.environment, limit=limit, learned=watch.learned, kept=kept)
