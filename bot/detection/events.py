"""From the scores of a file to events: begun and ended by the tracker of the watches, so that both tell the same story.

Two of three samples beyond the line begin one; one alone is none. Three things are of a file alone: a gap ends an
event, since nobody knows what was in it; its echo, where detectors wonder that all is as before, is none; and what does
not move is told from where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.detection.scoring import HOLE, Scored
from bot.telemetry.rows import Counts, Mask
from bot.watch.detecting import Kind
from bot.watch.tracking import BEYOND, CALM, NEAR, Tracker


@dataclass(frozen=True, slots=True)
class Event:
    """Unusual samples that belong together: the farthest of them, and what was usual when it began."""

    series: str
    kind: str
    direction: Literal["high", "low"]
    since: float
    seconds: float
    at: float
    value: float
    expected: float
    low: float
    high: float
    surprise: float
    sure: float
    ended: bool
    """False where the file, or the samples before a gap, ended first."""
    stayed: bool
    """It did not go back: what it became is usual now."""


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Which samples of the file, and how they left what is usual."""

    places: Counts
    side: int
    ended: bool
    stayed: bool = False
    moves: bool = True


def events(found: Scored) -> tuple[Event, ...]:
    """The earliest first."""
    every = (_event(found, row, run) for row in range(len(found.names)) for run in _runs(found, row))
    return tuple(sorted(every, key=lambda event: event.since))


def alone(found: Scored, told: Iterable[Event]) -> list[tuple[int, int]]:
    """Samples beyond the line with none beside them, in no event: series and place, the most surprising first."""
    lone: list[tuple[float, int, int]] = []
    spans = [(event.series, event.since, event.since + event.seconds) for event in told]
    for row, (name, surprise) in enumerate(zip(found.names, found.surprise, strict=True)):
        out = np.flatnonzero(surprise >= found.line)
        apart = np.diff(out, prepend=-CALM, append=len(surprise) + CALM) > BEYOND
        free = apart[:-1] & apart[1:]
        for series, since, end in spans:
            free &= (series != name) | (found.times[out] < since) | (found.times[out] >= end)
        lone += [(float(surprise[at]), row, at) for at in out[free].tolist()]
    return [(row, at) for _, row, at in sorted(lone, reverse=True)]


def _event(found: Scored, row: int, run: _Run) -> Event:
    places, surprise = run.places, found.surprise[row, run.places]
    first, farthest = places[0], places[(found.values[row, places] * run.side).argmax()]
    told = places[np.isfinite(found.expected[row, places])][0]  # what never moved may have begun before it was judged
    size = float(surprise.max())
    kinds = np.bincount(found.kinds[row, places], weights=surprise, minlength=len(Kind))
    kinds[Kind.none], kinds[Kind.flat] = 0.0, 0.0 if run.moves else np.inf
    return Event(
        series=found.names[row],
        kind=Kind(int(kinds.argmax())).name,  # by most of the surprise: the first samples of a level look like a spike
        direction="high" if run.side > 0 else "low",
        since=float(found.times[first]),
        seconds=float(found.times[places[-1]] - found.times[first]) + found.step,
        at=float(found.times[farthest]),
        value=float(found.values[row, farthest]),
        expected=float(found.expected[row, told]),
        low=float(found.low[row, told]),
        high=float(found.high[row, told]),
        surprise=size,
        sure=1.0 - 0.5 * 10.0 ** (-(size - found.line) / 4.0),
        ended=run.ended,
        stayed=run.stayed,
    )


def _runs(found: Scored, row: int) -> Iterator[_Run]:
    there = np.flatnonzero(np.isfinite(found.values[row]))
    for piece in np.split(there, np.flatnonzero(np.diff(found.times[there]) > HOLE * found.step) + 1):
        far = found.surprise[row, piece] >= found.line
        if far.any():
            tracked = list(_tracked(found, row, piece, far))
            yield from tracked
            taken = np.isin(piece, np.concatenate([piece[:0], *(run.places for run in tracked)]))
            yield from _unmoved(found, row, piece, far & ~taken)


def _tracked(found: Scored, row: int, piece: Counts, far: Mask) -> Iterator[_Run]:
    """What the tracker makes of samples without a gap; where all is calm it need not look."""
    times, values, score = found.times[piece], found.values[row, piece], found.surprise[row, piece].astype(np.float64)
    expected, low, high = (each[row, piece].astype(np.float64) for each in (found.expected, found.low, found.high))
    kinds, busy = found.kinds[row, piece], np.flatnonzero(far)
    with np.errstate(invalid="ignore"):
        calm = ~far & (values >= low) & (values <= high)
        above, below = (far & (kinds != Kind.flat) & (side * (values - expected) > 0) for side in (1, -1))
    tracker, begin, quiet = Tracker(1), -1, 0
    home = (np.nan, np.nan)  # where samples are no more than an echo of what was odd before, until it is calm
    at = max(0, int(busy[0]) - 1)  # one sample before: what is expected there is what is usual
    while at < len(piece):
        one = slice(at, at + 1)
        quiet = 0 if far[at] else quiet + 1
        echo = home[0] <= values[at] <= home[1]
        opened, ended = tracker.feed(
            float(times[at]),
            found.step,
            values[one],
            expected=expected[one],
            high=above[one] & (not echo),
            low=below[one] & (not echo),
            score=score[one],
            calm=calm[one],
            kind=kinds[one],
        )
        kept = tracker.rows[0]
        if far[at] and np.isnan(home[0]):
            near = NEAR * abs(values[at] - expected[at])
            home = (expected[at] - near, expected[at] + near)
        if opened.size and begin < 0:
            begin = at - round((times[at] - kept["since"]) / found.step)
        if ended.size:
            home = (low[begin], high[begin])
            way = (values[at] - kept["expected"]) / (kept["edge"] - kept["expected"])
            stayed = bool(way > NEAR) and not home[0] <= values[at] <= home[1]
            yield _Run(piece[begin : at + 1 - CALM], int(kept["side"]), ended=True, stayed=stayed)
            tracker.close(ended)
            begin = -1
        at += 1
        if quiet >= CALM and begin < 0:
            home = (np.nan, np.nan)
            at = max(at, int(busy[after]) - 1) if (after := busy.searchsorted(at)) < len(busy) else len(piece)
    if begin >= 0:
        yield _Run(piece[begin : len(piece) - int(kept["calm"])], int(kept["side"]), ended=False)


def _unmoved(found: Scored, row: int, piece: Counts, far: Mask) -> Iterator[_Run]:
    """Samples that are all the same, where that is what is unusual."""
    values = found.values[row, piece]
    number = np.cumsum(np.diff(values, prepend=values[0]) != 0)
    for each in np.unique(number[far & (found.kinds[row, piece] == Kind.flat)]).tolist():
        first, last = number.searchsorted([each, each + 1]).tolist()
        side = 1 if values[first] >= found.expected[row, piece[first]] else -1
        yield _Run(piece[first:last], side, ended=last < len(piece), moves=False)
