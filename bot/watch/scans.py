"""Which look a watch takes, now and over a time that has passed: the same code for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

import structlog

from bot.errors import InvalidInput, Tampered
from bot.observatory.observatory import Observatory
from bot.telemetry.signals import Series, Window
from bot.watch.looks.budgets import BudgetsLook
from bot.watch.looks.edges import EdgesLook
from bot.watch.looks.lines import LinesLook
from bot.watch.looks.look import Look, Sight, moments
from bot.watch.looks.metrics import MetricsLook
from bot.watch.looks.series import SeriesLook, drawn
from bot.watch.replaying import Replayed, Replays, Tell
from bot.watch.sweeping import STEP, Sheet
from bot.watch.watches import Progress, Watch, WatchKind

WITHIN: Final = 40.0
"""Seconds that a replay reads at most, where it can leave out what is long past."""
log = structlog.get_logger()


class Scan(Look, Replays, Protocol):
    """One kind of look."""


class Scans:
    """The ports `Look` and `Replays`, by the look that a watch takes."""

    def __init__(self, observatory: Observatory) -> None:
        self._series = SeriesLook(observatory)
        self._looks: Mapping[str, Scan] = {
            "metrics": MetricsLook(observatory),
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

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float = WITHIN) -> Replayed:
        found = await self._look(watch).replay(watch, window, tell, seconds)
        if found.series or watch.aim.kind in {WatchKind.SCAN, WatchKind.BURN}:
            return found
        sheet = await self._series.read(watch, moments(found.since or window.start, window.end, STEP), window.end)
        unit, query = self._series.signal(watch.aim).unit, await self._series.query(watch, window.end)
        return replace(found, series=_drawn(sheet), unit=unit, query=query)

    def _look(self, watch: Watch) -> Scan:
        aim = watch.aim
        match aim.kind:
            case WatchKind.SCAN if aim.metric in self._looks:
                return self._looks[aim.metric]
            case WatchKind.SCAN:
                raise InvalidInput(f"there is no scan {aim.metric!r}", mend=f"There are {', '.join(self._looks)}.")
            case WatchKind.ANOMALY:
                return self._looks["metrics"]
            case WatchKind.BURN:
                return self._looks["slo"]
        return self._series


def _drawn(sheet: Sheet) -> tuple[Series, ...]:
    return tuple(drawn(row, sheet.times, values) for row, values in zip(sheet.rows, sheet.values, strict=True))
