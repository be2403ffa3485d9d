"""Logs of everything: which patterns are new, surge or are gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bot.observatory.gathering import TROUBLE
from bot.observatory.observatory import Observatory, heard, whole
from bot.telemetry.queries import logql
from bot.telemetry.signals import Window
from bot.watch import patterns
from bot.watch.finding import Finding
from bot.watch.looks.look import Patience, Sight, as_due, backwards, pieces, replayed, signed, since_of, together
from bot.watch.patterns import Lines, Patterns
from bot.watch.replaying import Replayed, Tell
from bot.watch.sweeping import Moment
from bot.watch.usual import LIMITS
from bot.watch.watches import Progress, Watch

PAGE: Final = 5_000
MOST: Final = timedelta(hours=2)
"""Read before the first look, and the most that is caught up with."""
PIECE: Final = timedelta(minutes=10)
"""A look of this length holds about a page."""
AT_ONCE: Final = 3
"""Pages at the same time, of what is long past."""
LATE: Final = timedelta(seconds=20)
"""Lines that come so late are no news of a silence."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was read of a window."""

    lines: Sequence[Lines]
    cut: bool
    totals: Mapping[str, float] | None

    def fed(self, found: Patterns, window: Window) -> tuple[Finding, ...]:
        return found.feed(window.start, window.end, self.lines, cut=self.cut, totals=self.totals)


@dataclass(frozen=True, slots=True)
class LinesLook:
    """For the built-in scan of logs. A page holds the newest lines; the counts of all are asked for beside it."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        since, state = since_of(progress, until, MOST)
        environment = watch.aim.scope.environment
        found, patience = await asyncio.to_thread(_patterns, watch, state), Patience()
        seen: list[Moment] = []
        for piece in pieces(since, until, PIECE, LATE):
            if patience.over:
                break
            seen.append(Moment(piece.end, await self._piece(found, environment, piece)))
        came = seen[-1].at + LATE if seen else until
        kept = await asyncio.to_thread(lambda: json.dumps(found.dump()).encode())
        return Sight(signed(together(seen, first=not state), watch), kept, until=came)

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """Every look of as much of a window as can be read in so many seconds, after what is learned from."""
        environment = watch.aim.scope.environment
        found, windows = _patterns(watch), as_due(watch, window, MOST, PIECE, LATE)

        async def read(piece: Window) -> Page:
            return await self._page(environment, piece)

        def fed(piece: Window, page: Page) -> list[Moment]:
            return [Moment(piece.end + LATE, page.fed(found, piece))]

        parts, trouble = await backwards(windows, read, seconds, tell, AT_ONCE)
        return await replayed(parts, fed, watch, window.start, MOST, LATE, trouble)

    async def _piece(self, found: Patterns, environment: str, window: Window) -> tuple[Finding, ...]:
        return await asyncio.to_thread((await self._page(environment, window)).fed, found, window)

    async def _page(self, environment: str, window: Window) -> Page:
        observatory = self.observatory
        known = await observatory.log_labels(window)
        service = await observatory.log_label("service", window)
        level = await observatory.log_label("level", window)
        matchers = [logql.Matcher(service, "=~", ".+")]
        if environment:
            said = observatory.vocabulary.said("environment", environment)
            matchers.append(logql.Matcher(await observatory.log_label("environment", window), "=", said))
        if level in known:  # what is neither warning nor error is mostly routine, and there is far more of it
            matchers.append(logql.Matcher(level, "=~", TROUBLE))
        lines = logql.logs(matchers)
        read = await observatory.need_logs().lines(str(lines), window, limit=PAGE)
        totals = await self._totals(lines, service, window) if read.cut else None
        counted = await asyncio.to_thread(patterns.counted, read.value, lambda line: line.labels.get(service, ""))
        return Page(counted, read.cut, totals)

    async def _totals(self, lines: logql.Logs, service: str, window: Window) -> dict[str, float]:
        """How many lines each service had, of which the page shows the newest."""
        counts = logql.by(logql.count(lines, window.seconds), service)
        told = await heard("logs", self.observatory.need_logs().instant(str(counts), window.end))
        return {each.labels.get(service, ""): float(np.nansum(each.values)) for each in whole(told.value)}


def _patterns(watch: Watch, state: bytes = b"") -> Patterns:
    kept, limit = json.loads(state) if state else None, LIMITS[watch.sensitivity]
    return Patterns(watch.aim.scope.environment, limit=limit, learned=watch.learned, kept=kept)
