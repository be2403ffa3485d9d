"""Which look a watch takes, now and over a time that has passed: the same code for both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from bot.errors import InvalidInput, Tampered
from bot.observatory.observatory import Observatory
from bot.ports import Clock
from bot.telemetry.signals import NAME, Series, Window
from bot.telemetry.units import duration
from bot.watch.looks.budgets import BudgetsLook
from bot.watch.looks.edges import EdgesLook
from bot.watch.looks.lines import LinesLook
from bot.watch.looks.look import Look, Sight, moments, troubles
from bot.watch.looks.metrics import MetricsLook
from bot.watch.looks.series import SeriesLook
from bot.watch.replaying import Replayed, Tell
from bot.watch.sweeping import STEP, Moment, Sheet
from bot.watch.watches import Progress, Watch, WatchKind

TOLD: Final = 1_440
"""Moments after which somebody who waits hears how far it is."""
log = structlog.get_logger()


class Scans:
    """The ports `Look` and `Replays`."""

    def __init__(self, observatory: Observatory, clock: Clock) -> None:
        self._clock = clock
        self._metrics, self._series = MetricsLook(observatory), SeriesLook(observatory)
        self._looks: Mapping[str, Look] = {
            "metrics": self._metrics,
            "slo": BudgetsLook(observatory),
            "logs": LinesLook(observatory),
            "traces": EdgesLook(observatory),
        }

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        look = self._look(watch)
        try:
            return await look(watch, progress, until)
        except (InvalidInput, Tampered, ValueError) as error:
            if progress is None or not progress.state:
                raise
            log.warning("watch_begins_anew", watch=watch.id, why=str(error))
            return await look(watch, None, until)

    async def replay(self, watch: Watch, window: Window, tell: Tell) -> Replayed:
        look = self._look(watch)
        if not isinstance(look, MetricsLook | SeriesLook):
            what = watch.aim.metric or watch.aim.kind
            raise InvalidInput(
                f"{watch.name!r} looks at {what} as they are now, and cannot be replayed.",
                mend="Replay a watch of a metric, or let it run for a while: `watches.show` tells what it found.",
            )
        now, seen, troubled = self._clock(), list[Moment](), list[str]()
        async for moment in look.replay(watch, window, now, troubled):
            seen.append(moment)
            if len(seen) % TOLD == 0:
                done = (moment.at - window.start).total_seconds()
                await tell(f"looked through {duration(done)} of {duration(window.seconds)}")
        if watch.built_in:
            return Replayed(tuple(seen), trouble=troubles(troubled))
        sheet = await look.read(watch, moments(window.start, window.end, STEP), now)
        unit, query = self._series.signal(watch.aim).unit, await self._series.query(watch, now)
        return Replayed(tuple(seen), _drawn(sheet), unit, query, troubles(troubled))

    def _look(self, watch: Watch) -> Look:
        aim = watch.aim
        match aim.kind:
            case WatchKind.SCAN if aim.metric in self._looks:
                return self._looks[aim.metric]
            case WatchKind.SCAN:
                raise InvalidInput(f"there is no scan {aim.metric!r}", mend=f"There are {', '.join(self._looks)}.")
            case WatchKind.ANOMALY:
                return self._metrics
            case WatchKind.BURN:
                return self._looks["slo"]
        return self._series


def _drawn(sheet: Sheet) -> tuple[Series, ...]:
    return tuple(
        Series({"service": row.service, "detail": row.detail, NAME: row.signal}, sheet.times, values)
        for row, values in zip(sheet.rows, sheet.values, strict=True)
    )
