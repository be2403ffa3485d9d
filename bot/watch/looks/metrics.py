"""Metrics: all signals of all services of an environment at once, or one of them, through the detectors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.errors import InvalidInput, Unavailable
from bot.observatory.observatory import Heard, Observatory, whole
from bot.observatory.question import WHOLE
from bot.telemetry.signals import Samples, Window
from bot.telemetry.vocabulary import Scope, Signal
from bot.watch.finding import Subject
from bot.watch.looks.look import (
    Patience,
    Sight,
    backwards,
    moments,
    pieces,
    replayed,
    signed,
    since_of,
    times_of,
    together,
    troubles,
)
from bot.watch.looks.rows import QUERY, rows_of
from bot.watch.replaying import Replayed, Tell
from bot.watch.sweeping import STEP, Moment, Sheet, Sweep
from bot.watch.watches import Progress, Watch, WatchKind

SWEPT: Final = (
    *("latency", "error_rate", "throughput", "cpu", "memory", "gpu", "saturation", "queue_depth", "disk"),
    *("tokens", "cost", "time_to_first_token", "refusals", "cache_hits", "eval_score"),
)
"""What a scan looks at, as far as the backend has it."""
LEARNED: Final = timedelta(days=3)
"""Read before the first look; what was missed for longer begins anew."""
PIECE: Final = timedelta(hours=12)
"""Read at once, at most."""
AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class MetricsLook:
    """For the built-in scan of metrics, and for watches that name a metric and no number."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        since, state = since_of(progress, until, LEARNED)
        sweep = self._sweep(state)
        troubled: list[str] = []
        patience, came = Patience(), since
        seen: list[Moment] = []
        for piece in pieces(since, until, PIECE):
            if patience.over:
                break
            sheet, trouble = await self._read(watch, moments(piece.start, piece.end, STEP), until)
            troubled.append(trouble)
            seen += await asyncio.to_thread(list, self._fed(sweep, watch, sheet))
            came = piece.end
        findings = signed(together(seen, first=not state), watch)
        queries = {each.subject: await self.query(watch, each.subject, until) for each in findings}
        named = tuple(replace(each, query=queries[each.subject]) for each in findings)
        return Sight(named, await asyncio.to_thread(sweep.dump), troubles(troubled), came)

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """Every moment of a window, after the detectors have learned from what was before it."""
        sweep, troubled = self._sweep(b""), list[str]()

        async def read(piece: Window) -> Sheet:
            sheet, trouble = await self._read(watch, moments(piece.start, piece.end, STEP), window.end)
            troubled.append(trouble)
            return sheet

        def fed(_: Window, sheet: Sheet) -> Iterator[Moment]:
            return self._fed(sweep, watch, sheet)

        windows = [*pieces(window.start - LEARNED, window.start, PIECE), *pieces(window.start, window.end, PIECE)]
        parts, trouble = await backwards(windows, read, seconds, tell)
        return await replayed(parts, fed, watch, window.start, LEARNED, trouble=troubles([*troubled, trouble]))

    async def query(self, watch: Watch, subject: Subject, now: datetime) -> str:
        """What shows one series of it."""
        if watch.aim.query:
            return watch.aim.query
        words = await self.observatory.settled(now)
        scope = watch.aim.scope if not watch.built_in else Scope(environment=subject.environment)
        scope = scope if scope.service else Scope(subject.service, scope.environment)
        return words.query(subject.signal, scope, STEP, q=watch.aim.quantile)

    def _fed(self, sweep: Sweep, watch: Watch, sheet: Sheet) -> Iterator[Moment]:
        return sweep.feed(sheet, sensitivity=watch.sensitivity, learned=watch.learned)

    def _sweep(self, state: bytes) -> Sweep:
        if state:
            try:
                return Sweep.load(state, self._signals)
            except InvalidInput:  # of another version: what it knew is learned anew, sample by sample
                return Sweep(self._signals)
        return Sweep(self._signals)

    @property
    def _signals(self) -> Mapping[str, Signal]:
        return {**self.observatory.vocabulary.metrics, QUERY: WHOLE}

    async def _read(self, watch: Watch, window: Window, now: datetime) -> tuple[Sheet, str]:
        """A sheet of everything that it looks at, and what of it could not be read."""
        if watch.aim.kind is not WatchKind.SCAN:
            return await rows_of(self.observatory, watch.aim, window, STEP, now), ""
        return await self._everything(watch.aim.scope.environment, window, now)

    async def _everything(self, environment: str, window: Window, now: datetime) -> tuple[Sheet, str]:
        observatory = self.observatory
        words = await observatory.settled(now)
        known = observatory.vocabulary.metrics
        there = [name for name in SWEPT if name in known and _measured(words.name(name), words.metrics)]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> Heard[Samples]:
            async with gate:
                return await observatory.by_service(name, Scope(environment=environment), window, STEP, now)

        told = await asyncio.gather(*(one(name) for name in there))
        trouble = troubles([each.trouble for each in told])
        if trouble and all(each.trouble for each in told):
            raise Unavailable(trouble)
        if not any(whole(each.value) for each in told):
            raise Unavailable(f"no metric of {environment} is told by anybody")
        times, label = times_of(window, STEP), observatory.service_label()
        sheets = [Sheet.of((), (), times, STEP)]
        for name, each in zip(there, told, strict=True):
            series = whole(each.value)
            subjects = [Subject(row.labels.get(label, ""), environment, name) for row in series]
            sheets.append(Sheet.of(subjects, series, times, STEP))
        return Sheet.joined(sheets), trouble


def _measured(name: str, known: frozenset[str]) -> bool:
    return any(each in known for each in (name, f"{name}_bucket"))
