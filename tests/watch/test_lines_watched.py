"""A text in the logs that somebody watches: what is said of it, and how much of the past can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bot.errors import TimedOut
from bot.telemetry.signals import LogLine, Read, Samples, Series, Window
from bot.telemetry.vocabulary import Scope
from bot.watch.finding import Finding
from bot.watch.looks.look import moments, times_of
from bot.watch.looks.series import SeriesLook
from bot.watch.watches import Aim, Progress, Watch, WatchKind
from tests.conftest import START
from tests.observatory.fakes import FakeLogs, watching

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OOM = Watch(
    "wch-1", "OOM", Aim(WatchKind.PATTERN, scope=Scope("redis-cache", "production"), pattern="OOM"), "C1", "ada", START
)


def counted(held: Sequence[LogLine]) -> FakeLogs:
    """Counts the lines that it holds, by the minute before each moment."""

    def counts(window: Window, step: float) -> list[Series]:
        ends = times_of(window, step)
        at = np.array([each.at.timestamp() for each in held])
        values = np.array([float(((at > end - step) & (at <= end)).sum()) for end in ends])
        return [Series({}, ends[values > 0], values[values > 0])]

    return FakeLogs(held, counts=counts)


async def looked(
    look: SeriesLook, minutes: float, before: Progress | None = None
) -> tuple[Sequence[Finding], Progress]:
    until = START + minutes * MINUTE
    sight = await look(OOM, before, until)
    return sight.findings, Progress(OOM.id, until, sight.state)


async def test_it_is_said_what_was_logged_and_since_the_first_line_and_no_earlier() -> None:
    first = START + timedelta(seconds=130)
    held = [LogLine(first, "OOM killed 7"), LogLine(first + timedelta(seconds=20), "OOM killed 8")]
    look = SeriesLook(watching(logs=counted(held)))
    none, progress = await looked(look, 2)
    (found,), progress = await looked(look, 4, progress)
    assert none == ()
    assert found.words == "“OOM” is logged: 2 lines in a minute, “OOM killed 8”"
    assert (found.since, found.open) == (first, True)
    (still,), progress = await looked(look, 9, progress)
    assert (still.words, still.since, still.open) == (found.words, first, True), "a few quiet minutes are no end"
    (ended,), _ = await looked(look, 14, progress)
    assert ended.ended == START + 4 * MINUTE


async def test_lines_that_cannot_be_read_leave_their_count() -> None:
    logs = counted([LogLine(START + timedelta(seconds=30), "OOM killed 7")])
    logs.trouble = TimedOut("Loki gave no answer within 30 s")
    (found,), _ = await looked(SeriesLook(watching(logs=logs)), 2)
    assert found.words == "“OOM” is logged: 1 line in a minute"


@dataclass
class SlowLogs(FakeLogs):
    """Counts no more than a few hours at once, and nothing from before some moment."""

    most: timedelta = 2 * HOUR
    oldest: timedelta = timedelta(days=9)

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        if window.end - window.start > self.most or window.start < START - self.oldest:
            raise TimedOut("Loki gave no answer within 30 s")
        return await super().range(query, window, step)


async def test_a_replay_counts_piece_by_piece_what_would_take_too_long_at_once() -> None:
    logs = SlowLogs()
    day = Window(START - 24 * HOUR, START)
    found = await SeriesLook(watching(logs=logs)).replay(OOM, day, told, 20)
    assert (found.trouble, found.since) == ("", day.start)
    (counts,) = found.series
    assert counts.times.tolist() == times_of(moments(day.start, day.end, 60), 60).tolist()


async def test_a_replay_that_is_not_answered_is_of_the_newest_part() -> None:
    logs = SlowLogs(oldest=5 * HOUR + MINUTE)
    found = await SeriesLook(watching(logs=logs)).replay(OOM, Window(START - 24 * HOUR, START), told, 20)
    assert found.trouble == "Loki gave no answer within 30 s"
    assert found.since == START - 5 * HOUR
    assert len(found.series[0]) == 300


async def told(_: str) -> None:
    """Nobody listens."""
