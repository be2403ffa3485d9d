"""What all looks have in common: which moments are new, what was seen, and how one goes on where the last one was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final, Protocol, TypeVar

import numpy as np

from bot.errors import CopilotError, Unavailable
from bot.telemetry.signals import Floats, Window
from bot.telemetry.units import duration
from bot.watch.finding import Finding
from bot.watch.replaying import Replayed, Tell, reckoned
from bot.watch.sweeping import Moment
from bot.watch.watches import Progress, Watch

T = TypeVar("T")
NOT_LATE: Final = timedelta(0)
WITHIN: Final = 25.0
"""Seconds after which no further piece is begun; a look has about twice as long."""
READING: Final = 0.75
"""Of the time of a replay; the rest is for the detectors."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw: what is open or has ended since, and what the next one goes on with."""

    findings: tuple[Finding, ...]
    state: bytes
    trouble: str = ""
    """What could not be read, where the rest could."""
    until: datetime | None = None
    """How far it came, where there was too much for one look."""


class Look(Protocol):
    """Raises what reading raises: then nothing has been seen, and the next look covers this time too."""

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight: ...


def together(moments: Iterable[Moment], *, first: bool = False) -> tuple[Finding, ...]:
    """What several moments say as one: all that ended in them, and what is open at the last.

    Of a `first` look, what ended before it is history that nobody waits for.
    """
    ended: list[Finding] = []
    last: tuple[Finding, ...] = ()
    for moment in moments:
        ended += [each for each in last if not each.open]
        last = moment.findings
    return tuple(each for each in last if each.open) if first else (*ended, *last)


async def backwards(
    windows: Sequence[Window], read: Callable[[Window], Awaitable[T]], seconds: float, tell: Tell, at_once: int = 1
) -> tuple[list[tuple[Window, T]], str]:
    """As much of the most recent past as can be read within what a replay of so many seconds has for it, the oldest
    first; and what stopped it.
    """
    got: dict[int, T] = {}
    errors: list[CopilotError] = []
    ahead = iter(range(len(windows) - 1, -1, -1))
    every = duration(sum(each.seconds for each in windows))

    async def work() -> None:
        for place in ahead:
            try:
                got[place] = await read(windows[place])
            except CopilotError as error:
                errors.append(error)
            if errors:
                return
            await tell(f"read {duration(sum(windows[each].seconds for each in got))} of {every}, the newest first")

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds * READING):
            await asyncio.gather(*(work() for _ in range(at_once)))
    first = next((place + 1 for place in range(len(windows) - 1, -1, -1) if place not in got), 0)
    if first == len(windows):
        raise errors[0] if errors else Unavailable(f"nothing of it could be read within {duration(seconds)}")
    parts = [(windows[place], got[place]) for place in range(first, len(windows))]
    return parts, troubles([each.message for each in errors])


async def replayed(
    parts: Sequence[tuple[Window, T]],
    feed: Callable[[Window, T], Iterable[Moment]],
    watch: Watch,
    begin: datetime,
    learned: timedelta = NOT_LATE,
    late: timedelta = NOT_LATE,
    trouble: str = "",
) -> Replayed:
    """What looks would have said that read these parts; what was before, or as much of it, is only learned from."""
    start, end = parts[0][0].start + late, parts[-1][0].end + late
    since = max(begin, start + min(learned, (end - start) / 2))
    every = (moment for window, part in parts for moment in feed(window, part))

    def told(moments: Iterable[Moment]) -> tuple[Moment, ...]:
        return tuple(Moment(each.at, signed(each.findings, watch)) for each in moments if each.at > since)

    return Replayed(await reckoned(every, told), trouble=trouble, since=since)


class Patience:
    """How long a look goes on with another piece: what it has by then is kept, and the next one goes on from there."""

    def __init__(self, seconds: float = WITHIN) -> None:
        self._end = monotonic() + seconds

    @property
    def over(self) -> bool:
        return monotonic() > self._end


def moments(since: datetime, until: datetime, step: float) -> Window:
    """Those of the grid that are after one moment and not after another, as a range is asked for."""
    first = (since.timestamp() // step + 1) * step
    end = (until.timestamp() // step + 1) * step
    return Window(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(max(first, end), UTC))


def times_of(window: Window, step: float) -> Floats:
    return np.arange(window.start.timestamp(), window.end.timestamp(), step)


def since_of(progress: Progress | None, until: datetime, most: timedelta) -> tuple[datetime, bytes]:
    """Where to go on, and with what; from the beginning where there is nothing, or it is too long ago."""
    if progress and progress.state and until - progress.until <= most:
        return progress.until, progress.state
    return until - most, b""


def pieces(since: datetime, until: datetime, length: timedelta, late: timedelta = NOT_LATE) -> Iterator[Window]:
    """What is new, cut up, as it is read where things are told only some `late` seconds after they happened."""
    start, end = since - late, until - late
    while start < end:
        upto = min(end, start + length)
        yield Window(start, upto)
        start = upto


def as_due(watch: Watch, window: Window, learned: timedelta, longest: timedelta, late: timedelta) -> list[Window]:
    """What each look in a window reads that goes on from the one before, and what the first one reads before that."""
    every, due = timedelta(seconds=watch.every), watch.due(window.start)
    ticks = [due, *(due + number * every for number in range(1, int((window.end - due) / every) + 1))]
    read = [each for end in ticks[1:] for each in pieces(end - every, end, longest, late)]
    return [*pieces(due - learned, due, longest, late), *read]


def signed(findings: Iterable[Finding], watch: Watch, query: str = "") -> tuple[Finding, ...]:
    """With the name of the watch that found them."""
    return tuple(replace(each, watch=watch.id, query=each.query or query) for each in findings)


def troubles(said: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(each for each in said if each))
