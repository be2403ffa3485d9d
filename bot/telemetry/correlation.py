"""What goes together: two series, the one perhaps later than the other, and a change with what began after it.

Series are compared by ranks, so that a spike is not everything, at each lag within reach. What two slow signals have in
common by chance is large, so the score is divided by what their own likeness over time makes of it (Bartlett), and the
best of many lags has to be better than the best of as many by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np

from bot.telemetry.alignment import together
from bot.telemetry.rows import STEP, Counts, likeness, step, two_sided
from bot.telemetry.signals import Change, Floats, Series
from bot.telemetry.trends import length

REACH: Final = 300.0
CHANCE: Final = 0.01
FEWEST: Final = 12
"""Moments that both series have, to say anything."""
WEAK: Final = 0.5
"""Less correlation than this explains nothing, however certain."""
MOST_LAGS: Final = 60
"""To each side; a longer reach is searched in wider steps."""
AT_ONCE: Final = 15.0
BEFORE: Final = 1_800.0
"""A change this long before an onset may still be what did it."""
BLUR: Final = 120.0
"""An onset is estimated: a change as much later may have been before it."""
FADE: Final = 900.0
"""Seconds in which the weight of a change falls to a third."""
HOPS: Final = 3

Place = Literal["same", "dependency", "caller", "elsewhere"]
WEIGHTS: Final[Mapping[Place, float]] = {"same": 1.0, "dependency": 0.7, "caller": 0.4, "elsewhere": 0.1}
"""How likely a change there is to show here; each further hop takes as much again."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How two series go together at their best lag."""

    correlation: float
    """Of ranks, -1 … 1."""
    lag: float
    """Seconds by which the second follows the first; negative where it leads."""
    p: float
    count: int
    """Moments that both have at that lag."""

    @property
    def related(self) -> bool:
        return self.p < CHANCE and abs(self.correlation) >= WEAK


@dataclass(frozen=True, slots=True)
class Near:
    """A change and how close it is to an onset, in time and in the graph."""

    change: Change
    seconds: float
    """How long before the onset it began; negative where after."""
    place: Place
    hops: int
    score: float
    words: str


def relate(first: Series, second: Series, reach: float = REACH) -> Relation | None:
    """None where they have too little in common, or one of them never moves."""
    times, rows = together((first, second))
    return relate_rows(times, rows[0], rows[1:], reach)[0] if len(times) else None


def relate_rows(times: Floats, first: Floats, others: Floats, reach: float = REACH) -> tuple[Relation | None, ...]:
    """`first` with each row of `others`; `times` are evenly spaced, as `together` gives them."""
    moments = len(times)
    if moments < FEWEST:
        return (None,) * len(others)
    apart = float(times[1] - times[0])
    ours, theirs = _ranked(first[np.newaxis]), _ranked(others)
    farthest = min(int(reach // apart), moments - FEWEST)
    lags = np.arange(-farthest, farthest + 1)[:: max(1, math.ceil(farthest / MOST_LAGS))]
    lags = np.unique(np.append(lags, 0))
    found, counts = np.empty((len(lags), len(others))), np.empty((len(lags), len(others)), dtype=np.int64)
    for place, lag in enumerate(lags):
        early, late = (0, lag) if lag >= 0 else (-lag, 0)
        size = moments - abs(lag)
        found[place], counts[place] = _alike(ours[:, early : early + size], theirs[:, late : late + size])
    found[counts < FEWEST] = 0.0
    best = np.lexsort((np.broadcast_to(np.abs(lags)[:, np.newaxis], found.shape), -np.abs(found)), axis=0)[0]
    every = np.arange(len(others))
    strength, count = found[best, every], counts[best, every]
    worth = np.clip(count / _widening(ours, theirs), 4.0, None)
    z = np.arctanh(np.clip(strength, -0.999999, 0.999999)) * np.sqrt(worth - 3.0)
    tries = np.clip(len(lags) * worth / np.maximum(count, 1), 1.0, len(lags))
    p = 1.0 - (1.0 - two_sided(z)) ** tries
    moving = (np.nanstd(ours) > 0) & (np.nan_to_num(theirs).std(axis=1) > 0)
    return tuple(
        Relation(float(strength[row]), float(lags[best[row]]) * apart, float(p[row]), int(count[row]))
        if moving[row] and count[row] >= FEWEST
        else None
        for row in every
    )


def changes_near(
    onset: datetime,
    changes: Iterable[Change],
    *,
    service: str,
    graph: Mapping[str, Sequence[str]],
    environment: str = "",
) -> tuple[Near, ...]:
    """The changes that came closely enough before `onset` to be why, the likeliest first.

    `graph` has what each service depends on. A change that takes long counts from its beginning to its end.
    """
    below, above = _hops(service, graph), _hops(service, _turned(graph))
    found = []
    for change in changes:
        seconds = (onset - change.at).total_seconds()
        if (environment and change.environment != environment) or not -BLUR <= seconds <= BEFORE + _took(change):
            continue
        place, hops = _place(change.service, service, below, above)
        late = abs(seconds) if seconds < 0 else max(0.0, seconds - _took(change))
        score = WEIGHTS[place] ** max(1, hops) * math.exp(-late / FADE) * (0.5 if seconds < 0 else 1.0)
        found.append(Near(change, seconds, place, hops, score, _words(change, seconds, place, hops, service)))
    return tuple(sorted(found, key=lambda one: (-one.score, abs(one.seconds), one.change.id)))


def _ranked(rows: Floats) -> Floats:
    """From 0 up, equal values at the middle of their places; NaN stays."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, 1)
    fresh = np.ones(rows.shape, dtype=np.bool_)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(fresh)
    sizes = np.diff(starts, append=fresh.size)
    middle = np.repeat(starts % rows.shape[1] + (sizes - 1) / 2.0, sizes).reshape(rows.shape)
    ranks = np.empty_like(rows)
    np.put_along_axis(ranks, order, middle, 1)
    return np.where(np.isfinite(rows), ranks, np.nan)


def _alike(first: Floats, others: Floats) -> tuple[Floats, Counts]:
    """The correlation of one row with each of the others, where both are there."""
    both = np.isfinite(first) & np.isfinite(others)
    count = both.sum(axis=1)
    x, y = np.where(both, first, 0.0), np.where(both, others, 0.0)
    divisor = np.maximum(count, 1)[:, np.newaxis]
    x = np.where(both, x - x.sum(axis=1, keepdims=True) / divisor, 0.0)
    y = np.where(both, y - y.sum(axis=1, keepdims=True) / divisor, 0.0)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    return (x * y).sum(axis=1) / np.where(scale > 0, scale, np.inf), count


def _widening(first: Floats, others: Floats) -> Floats:
    """How many samples it takes to be worth one, for how alike the neighbours in both are."""
    ours, theirs = _memory(first), _memory(others)
    wider: Floats = (1.0 + ours * theirs) / (1.0 - ours * theirs)
    return wider


def _memory(ranks: Floats) -> Floats:
    """How alike neighbours are besides one great step: two steps at one moment are no chance."""
    here = np.isfinite(ranks)
    level = np.where(here, ranks, 0.0)
    fit, explained = step(level, here.astype(np.float64))
    middle = level.sum(axis=1) / np.maximum(here.sum(axis=1), 1)
    around = np.where((explained > STEP)[:, np.newaxis], fit, middle[:, np.newaxis])
    return likeness(level - around, here, 1.0)


def _turned(graph: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    callers: dict[str, list[str]] = {}
    for caller, needed in graph.items():
        for name in needed:
            callers.setdefault(name, []).append(caller)
    return callers


def _hops(service: str, graph: Mapping[str, Sequence[str]]) -> Mapping[str, int]:
    """How far away each service within reach is."""
    hops, edge = {service: 0}, [service]
    for distance in range(1, HOPS + 1):
        edge = [name for name in dict.fromkeys(n for at in edge for n in graph.get(at, ())) if name not in hops]
        hops |= dict.fromkeys(edge, distance)
    return hops


def _place(changed: str, service: str, below: Mapping[str, int], above: Mapping[str, int]) -> tuple[Place, int]:
    if changed == service:
        return "same", 0
    if changed in below:
        return "dependency", below[changed]
    return ("caller", above[changed]) if changed in above else ("elsewhere", 0)


def _took(change: Change) -> float:
    return max(0.0, (change.finished_at - change.at).total_seconds()) if change.finished_at else 0.0


def _words(change: Change, seconds: float, place: Place, hops: int, service: str) -> str:
    what = f"{change.kind} of" if change.kind != "other" else "change of"
    title = " ".join(word for word in (what, change.service, change.version) if word)
    if place in ("dependency", "caller"):
        far = "" if hops == 1 else "indirect "
        kind = f"{far}{place}"
        title += f" ({'an' if far else 'a'} {kind} of {service})"
    if abs(seconds) < AT_ONCE:
        return f"{title}, at the same moment"
    return f"{title}, {length(abs(seconds))} {'before' if seconds > 0 else 'after'}"
