"""What all looks have in common: which moments are new, what was seen, and how one goes on where the last one was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final, Protocol

import numpy as np

from bot.telemetry.signals import Floats, Window
from bot.watch.finding import Finding
from bot.watch.sweeping import Moment
from bot.watch.watches import Progress, Watch

NOT_LATE: Final = timedelta(0)
WITHIN: Final = 25.0
"""Seconds after which no further piece is begun; a look has about twice as long."""


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


def signed(findings: Iterable[Finding], watch: Watch, query: str = "") -> tuple[Finding, ...]:
    """With the name of the watch that found them."""
    return tuple(replace(each, watch=watch.id, query=each.query or query) for each in findings)


def troubles(said: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(each for each in said if each))
