"""What somebody asked to be told of: a limit, a silence, a difference from the day before, a text in the logs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from bot.errors import InvalidInput
from bot.observatory.observatory import Observatory, heard, whole
from bot.observatory.question import WHOLE
from bot.telemetry.charts.words import clean
from bot.telemetry.queries import logql
from bot.telemetry.signals import NAME, Floats, LogLine, Series, Window
from bot.telemetry.vocabulary import Signal
from bot.watch.conditions import Conditions, Said
from bot.watch.finding import Subject
from bot.watch.looks.look import NOT_LATE, Sight, backwards, moments, pieces, replayed, signed, since_of, times_of
from bot.watch.looks.rows import query_of, rows_of
from bot.watch.replaying import Replayed, Tell
from bot.watch.sweeping import STEP, Moment, Sheet
from bot.watch.watches import Aim, Progress, Watch, WatchKind

BEFORE: Final = timedelta(minutes=15)
"""Read before the first look, beside the time that it must hold."""
MOST: Final = timedelta(hours=6)
"""What was missed for longer is not looked at any more."""
LATE: Final = timedelta(seconds=20)
"""Lines that come so late are counted."""
DAY: Final = timedelta(days=1)
PIECE: Final = timedelta(hours=1)
"""Of a replay that counts lines: a whole day of them may take a source longer than anybody waits."""
AT_ONCE: Final = 3
"""Such pieces at the same time."""
PAGE: Final = 1_000
"""Of the lines that were counted, so many are read: the newest one is quoted."""
MOST_TEXT: Final = 40
Rows = Mapping[Subject, Floats]
Read = tuple[Floats, Rows, Rows]
"""The samples, and for a change those of a day earlier on the same grid."""
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
        times, rows, before = await self._rows(watch, window, step, until)
        found = conditions.feed(times, rows, before, await self._said(watch.aim, window, step, rows))
        query = await self.query(watch, until)
        return Sight(signed(found, watch, query), json.dumps(conditions.dump()).encode())

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """Every moment of a window, or of as much of it as there is time for."""
        conditions = self._conditions(watch, STEP, b"")
        length, at_once = (PIECE, AT_ONCE) if watch.aim.kind is WatchKind.PATTERN else (DAY, 1)

        async def read(piece: Window) -> Read:
            return await self._rows(watch, moments(piece.start, piece.end, STEP), STEP, window.end)

        def fed(_: Window, rows: Read) -> Iterator[Moment]:
            return _each(conditions, *rows, watch)

        windows = list(pieces(window.start, window.end, length))
        parts, trouble = await backwards(windows, read, seconds, tell, at_once)
        found = await replayed(parts, fed, watch, window.start, trouble=trouble)
        unit, query = self.signal(watch.aim).unit, await self.query(watch, window.end)
        return replace(found, series=_joined([rows for _, rows in parts]), unit=unit, query=query)

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

    async def _rows(self, watch: Watch, window: Window, step: float, now: datetime) -> Read:
        if watch.aim.kind is WatchKind.PATTERN:
            sheet, before = await self._lines(watch.aim, window, step), None
        else:
            sheet = await rows_of(self.observatory, watch.aim, window, step, now)
            before = None
            if watch.aim.kind is WatchKind.CHANGE:
                before = await rows_of(self.observatory, watch.aim, window.shifted(-DAY.total_seconds()), step, now)
        then = dict(zip(before.rows, before.values, strict=True)) if before else {}
        return sheet.times, dict(zip(sheet.rows, sheet.values, strict=True)), then

    async def _said(self, aim: Aim, window: Window, step: float, rows: Rows) -> Said:
        """The lines that are more than were asked for, where they can be read now; their count stands without them."""
        if aim.kind is not WatchKind.PATTERN or not any(
            (counts > (aim.above or 0.0)).any() for counts in rows.values()
        ):
            return {}
        lines, label = await self._matching(aim, window)
        counted = window.shifted(-step)  # a count is of the minute before it
        read = await heard("logs", self.observatory.need_logs().lines(str(lines), counted, limit=PAGE))
        said = defaultdict[Subject, list[LogLine]](list)
        for each in read.value or ():
            said[_logged(aim, each.labels.get(label, ""))].append(each)
        return said

    async def _lines(self, aim: Aim, window: Window, step: float) -> Sheet:
        """How many lines there were in each step; where nothing was logged, none."""
        query = await self._counting(aim, window, step)
        read = await self.observatory.log_series(str(query), window, step)
        series, label = whole(read.value), self.observatory.log_service_label()
        subjects = [_logged(aim, each.labels.get(label, "")) for each in series]
        times = times_of(window, step)
        sheet = Sheet.of(subjects, series, times, step)
        if not series:
            return Sheet((_logged(aim, ""),), times, np.zeros((1, len(times))))
        return replace(sheet, values=np.nan_to_num(sheet.values))

    async def _counting(self, aim: Aim, window: Window, step: float) -> logql.Metric:
        lines, service = await self._matching(aim, window)
        return logql.by(logql.count(lines, step), *(() if aim.scope.service else (service,)))

    async def _matching(self, aim: Aim, window: Window) -> tuple[logql.Logs, str]:
        """What finds the lines, and the label that says whose they are."""
        labels = {role: await self.observatory.log_label(role, window) for role in ("service", "environment")}
        service, environment = labels["service"], labels["environment"]
        if aim.query:
            asked = logql.parse(aim.query)
            if not isinstance(asked, logql.Logs):
                raise InvalidInput(f"{aim.query[:80]!r} asks for numbers.", mend="Give a query that finds lines.")
            return asked, service
        matchers = [logql.Matcher(service, "=", aim.scope.service)] if aim.scope.service else []
        if aim.scope.environment:
            said = self.observatory.vocabulary.said("environment", aim.scope.environment)
            matchers.append(logql.Matcher(environment, "=", said))
        everything = [logql.Matcher(service, "=~", ".+")]
        return logql.logs(matchers or everything, contains=aim.pattern, any_case=True), service

    def _conditions(self, watch: Watch, step: float, state: bytes) -> Conditions:
        aim, signal = watch.aim, self.signal(watch.aim)
        title, whole_ = signal.title, Subject(aim.scope.service, aim.scope.environment, aim.metric)
        if aim.kind is WatchKind.PATTERN:
            title, whole_ = f"“{clean(aim.pattern or aim.query, MOST_TEXT)}”", _logged(aim, "")
        kept = json.loads(state) if state else None
        return Conditions(aim, whole_, title=title, unit=signal.unit, step=step, kept=kept)


def _logged(aim: Aim, service: str) -> Subject:
    """Lines of that service, or of the one that was asked for."""
    return Subject(aim.scope.service or service, aim.scope.environment, "logs", aim.pattern)


def _joined(parts: Sequence[Read]) -> tuple[Series, ...]:
    """What was read piece by piece, to be drawn."""
    found = defaultdict[Subject, list[tuple[Floats, Floats]]](list)
    for times, rows, _ in parts:
        for row, values in rows.items():
            found[row].append((times, values))
    return tuple(
        drawn(row, np.concatenate([times for times, _ in read]), np.concatenate([values for _, values in read]))
        for row, read in found.items()
    )


def drawn(row: Subject, times: Floats, values: Floats) -> Series:
    """Named after what it is of."""
    return Series({"service": row.service, "detail": row.detail, NAME: row.signal}, times, values)


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
