"""What somebody asked to be told of: a limit, a silence, a difference from the day before, a text in the logs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from bot.errors import InvalidInput
from bot.observatory.observatory import Observatory, whole
from bot.observatory.question import WHOLE
from bot.telemetry.queries import logql
from bot.telemetry.signals import Floats, Window
from bot.telemetry.vocabulary import Signal
from bot.watch.conditions import Conditions
from bot.watch.finding import Subject
from bot.watch.looks.look import NOT_LATE, Sight, moments, pieces, signed, since_of, times_of
from bot.watch.looks.rows import query_of, rows_of
from bot.watch.sweeping import STEP, Moment, Sheet
from bot.watch.watches import Aim, Progress, Watch, WatchKind

BEFORE: Final = timedelta(minutes=15)
"""Read before the first look, beside the time that it must hold."""
MOST: Final = timedelta(hours=6)
"""What was missed for longer is not looked at any more."""
LATE: Final = timedelta(seconds=20)
"""Lines that come so late are counted."""
DAY: Final = timedelta(days=1)
LINES: Final = WHOLE.model_copy(update={"title": "lines", "unit": ""})


@dataclass(frozen=True, slots=True)
class SeriesLook:
    """For watches that name a number, or a text."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        since, state = since_of(progress, until, MOST)
        if not state:
            since = until - timedelta(seconds=watch.aim.for_seconds) - BEFORE
        step, late = step_of(watch), LATE if watch.aim.kind is WatchKind.PATTERN else NOT_LATE
        conditions, window = self._conditions(watch, step, state), moments(since - late, until - late, step)
        found = conditions.feed(*await self._rows(watch, window, step, until))
        query = await self.query(watch, until)
        return Sight(signed(found, watch, query), json.dumps(conditions.dump()).encode())

    async def replay(self, watch: Watch, window: Window, now: datetime, _troubled: list[str]) -> AsyncIterator[Moment]:
        """Every moment of a window."""
        conditions = self._conditions(watch, STEP, b"")
        for piece in pieces(window.start, window.end, DAY):
            read = await self._rows(watch, moments(piece.start, piece.end, STEP), STEP, now)
            for moment in await asyncio.to_thread(list, _each(conditions, *read, watch)):
                yield moment

    async def query(self, watch: Watch, now: datetime) -> str:
        if watch.aim.kind is WatchKind.PATTERN:
            return str(await self._counting(watch.aim, Window(now - DAY, now), STEP))
        return await query_of(self.observatory, watch.aim, STEP, now)

    def signal(self, aim: Aim) -> Signal:
        if aim.kind is WatchKind.PATTERN:
            return LINES
        return WHOLE if aim.query else self.observatory.vocabulary.signal(aim.metric)

    async def read(self, watch: Watch, window: Window, now: datetime) -> Sheet:
        """What it is held against, as a sheet."""
        step = STEP
        if watch.aim.kind is WatchKind.PATTERN:
            return await self._lines(watch.aim, window, step)
        return await rows_of(self.observatory, watch.aim, window, step, now)

    async def _rows(
        self, watch: Watch, window: Window, step: float, now: datetime
    ) -> tuple[Floats, Mapping[Subject, Floats], Mapping[Subject, Floats]]:
        """The samples, and for a change those of a day earlier on the same grid."""
        if watch.aim.kind is WatchKind.PATTERN:
            sheet, before = await self._lines(watch.aim, window, step), None
        else:
            sheet = await rows_of(self.observatory, watch.aim, window, step, now)
            before = None
            if watch.aim.kind is WatchKind.CHANGE:
                before = await rows_of(self.observatory, watch.aim, window.shifted(-DAY.total_seconds()), step, now)
        then = dict(zip(before.rows, before.values, strict=True)) if before else {}
        return sheet.times, dict(zip(sheet.rows, sheet.values, strict=True)), then

    async def _lines(self, aim: Aim, window: Window, step: float) -> Sheet:
        """How many lines there were in each step; where nothing was logged, none."""
        query = await self._counting(aim, window, step)
        read = await self.observatory.log_series(str(query), window, step)
        series, label = whole(read.value), self.observatory.log_service_label()
        subjects = [
            Subject(aim.scope.service or each.labels.get(label, ""), aim.scope.environment, "logs", aim.pattern)
            for each in series
        ]
        times = times_of(window, step)
        sheet = Sheet.of(subjects, series, times, step)
        return replace(sheet, values=np.nan_to_num(sheet.values)) if series else self._none(aim, times)

    def _none(self, aim: Aim, times: Floats) -> Sheet:
        whole_ = Subject(aim.scope.service, aim.scope.environment, "logs", aim.pattern)
        return Sheet((whole_,), times, np.zeros((1, len(times))))

    async def _counting(self, aim: Aim, window: Window, step: float) -> logql.Metric:
        labels = {role: await self.observatory.log_label(role, window) for role in ("service", "environment")}
        service, environment = labels["service"], labels["environment"]
        if aim.query:
            asked = logql.parse(aim.query)
            if not isinstance(asked, logql.Logs):
                raise InvalidInput(f"{aim.query[:80]!r} asks for numbers.", mend="Give a query that finds lines.")
            lines = asked
        else:
            matchers = [logql.Matcher(service, "=", aim.scope.service)] if aim.scope.service else []
            if aim.scope.environment:
                said = self.observatory.vocabulary.said("environment", aim.scope.environment)
                matchers.append(logql.Matcher(environment, "=", said))
            lines = logql.logs(matchers or [logql.Matcher(service, "=~", ".+")], contains=aim.pattern, any_case=True)
        return logql.by(logql.count(lines, step), *(() if aim.scope.service else (service,)))

    def _conditions(self, watch: Watch, step: float, state: bytes) -> Conditions:
        aim, signal = watch.aim, self.signal(watch.aim)
        if aim.kind is WatchKind.PATTERN:
            aim = replace(aim, above=aim.above or 0.0)
        scope = aim.scope
        whole_ = Subject(scope.service, scope.environment, "logs" if aim.kind is WatchKind.PATTERN else aim.metric)
        kept = json.loads(state) if state else None
        return Conditions(aim, whole_, title=signal.title, unit=signal.unit, step=step, kept=kept)


Rows = Mapping[Subject, Floats]


def _each(conditions: Conditions, times: Floats, rows: Rows, before: Rows, watch: Watch) -> Iterator[Moment]:
    """One moment for each sample."""
    for place, time in enumerate(times.tolist()):
        one = slice(place, place + 1)
        then = {row: samples[one] for row, samples in before.items()}
        found = conditions.feed(times[one], {row: samples[one] for row, samples in rows.items()}, then)
        yield Moment(datetime.fromtimestamp(time, UTC), signed(found, watch))


def step_of(watch: Watch) -> float:
    """A watch that looks more often than every minute sees more finely, too; but lines are counted by the minute."""
    return STEP if watch.aim.kind is WatchKind.PATTERN else min(STEP, max(15.0, watch.every))
