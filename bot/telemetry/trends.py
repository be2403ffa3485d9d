"""Whether a series rises or falls over its window, by how much, and whether chance alone would do that.

A series is first cut into a few dozen blocks of neighbouring samples. Over the means of these, at their real times, go
Theil and Sen's slope (a third of the blocks may be nonsense) and Mann and Kendall's test of order, whose variance is
widened where neighbours resemble each other: a slow signal has fewer independent samples than points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from bot.telemetry.rows import (
    BLOCKS,
    STEP,
    Counts,
    Mask,
    ascending,
    edges,
    in_chunks,
    known,
    likeness,
    quantile,
    scaled,
    step,
    two_sided,
)
from bot.telemetry.signals import Floats, Series

Direction = Literal["stable", "rising", "falling", "insufficient"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("stable", "rising", "falling", "insufficient")

LEAST: Final = 0.01
"""Less relative change than this is stable, however certain."""
CHANCE: Final = 0.01
FEWEST: Final = 6
"""Fewer samples than these are never in order by less than `CHANCE`."""
ROUNDING: Final = 1e-12
FROM_NOTHING: Final = 0.1
"""Where a series begins near zero, change is told in terms of this share of its typical size."""

ABOUT: Final = 0.05
"""Nobody says 59.5 minutes."""
MINUS: Final = "\u2212"
_SPANS: Final = ((7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Trend:
    """What a series does over its window."""

    direction: Direction
    change: float | None
    """From the beginning to the end, relative to the beginning: 0.18 is 18 % more."""
    per_hour: float | None
    """In the unit of the series."""
    p: float | None
    """How often as much order, either way, comes by chance."""
    count: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """The same of many series; `direction` counts in `DIRECTIONS`, NaN where `Trend` has None."""

    direction: Counts
    change: Floats
    per_hour: Floats
    p: Floats
    count: Counts
    seconds: Floats

    def row(self, index: int) -> Trend:
        return Trend(
            DIRECTIONS[self.direction[index]],
            known(self.change[index].item()),
            known(self.per_hour[index].item()),
            known(self.p[index].item()),
            self.count[index].item(),
            self.seconds[index].item(),
        )


def trend(series: Series) -> Trend:
    return trend_rows(series.times, series.values[np.newaxis]).row(0)


def trend_rows(times: Floats, values: Floats) -> Trends:
    return in_chunks(Trends, lambda rows: _trends(times, values[rows]), *values.shape)


def phrase(found: Trend) -> str:
    """In words: "rising, +18 % over the hour"."""
    if found.direction == "insufficient" or found.change is None:
        return "too few samples to tell a trend"
    if found.direction == "stable":
        return f"stable over {span(found.seconds)}"
    return f"{found.direction}, {percent(found.change)} over {span(found.seconds)}"


def percent(share: float) -> str:
    """A relative change as people write it: "+18 %", "-0.4 %", "+1,200 %"."""
    hundredths = share * 100
    digits = 1 if 0 < abs(hundredths) < 9.95 else 0  # noqa: PLR2004  two digits that say something
    text = f"{hundredths:+,.{digits}f}".removesuffix(".0").replace("-", MINUS)
    return f"{text} %"


def span(seconds: float) -> str:
    """A length of time after "over": "the hour", "90 minutes", "3 days"."""
    said = length(seconds)
    return f"the {said[2:]}" if said.startswith("1 ") else said


def length(seconds: float) -> str:
    """A length of time as one would say it: "3 minutes", "1 hour", "90 minutes", "2 days"."""
    for size, name in _SPANS:
        whole = round(seconds / size)
        if whole and abs(seconds - whole * size) <= ABOUT * seconds:
            return f"{whole} {name}{'' if whole == 1 else 's'}"
    return "a moment"


def _trends(times: Floats, values: Floats) -> Trends:
    rows, columns = values.shape
    present = np.isfinite(values)
    total = present.sum(axis=1)
    none = np.full(rows, np.nan)
    if not columns:
        return Trends(_direction(none, none, total), none, none, none, total, np.zeros(rows))
    hours = (times - times[0]) / 3_600.0
    first, last = present.argmax(axis=1), columns - 1 - present[:, ::-1].argmax(axis=1)
    long = np.where(total, hours[last] - hours[first], 0.0)
    unit, factor = scaled(np.where(present, values, 0.0))
    x, y, weights = _blocks(hours, unit, present)
    slope, p = _order(x, y, weights)
    some = total > 1
    slope, p = np.where(some, slope, np.nan), np.where(some, p, np.nan)
    change = _relative(x, y, slope, hours[first], long)
    with np.errstate(over="ignore"):
        per_hour = slope * factor
    return Trends(_direction(change, p, total), change, per_hour, p, total, long * 3_600.0)


def _blocks(hours: Floats, unit: Floats, present: Mask) -> tuple[Floats, Floats, Floats]:
    """Mean time and mean value of each block (NaN where it is empty), and how many samples they are of."""
    starts = edges(len(hours), BLOCKS)
    weights = np.add.reduceat(present, starts, axis=1, dtype=np.float64)
    divisor = np.where(weights > 0, weights, np.nan)
    x = np.add.reduceat(np.where(present, hours, 0.0), starts, axis=1) / divisor
    return x, np.add.reduceat(unit, starts, axis=1) / divisor, weights


def _order(x: Floats, y: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Theil and Sen's slope, and how often chance brings as much order as there is."""
    early, late = np.triu_indices(y.shape[1], 1)
    rise, run = y[:, late] - y[:, early], x[:, late] - x[:, early]
    told = run > 0
    slopes = ascending(rise / np.where(told, run, np.nan), told)
    slope = quantile(slopes, told.sum(axis=1), 0.5)
    score = np.abs(np.sign(np.where(told, rise, 0.0)).sum(axis=1))
    count = (weights > 0).sum(axis=1)
    ties = (y[:, :, np.newaxis] == y[:, np.newaxis, :]).sum(axis=2)
    lost = ((ties - 1) * (2 * ties + 5) * (ties > 0)).sum(axis=1)
    variance = (count * (count - 1) * (2 * count + 5) - lost) / 18.0
    variance *= _inflation(_residuals(x, y, weights, slope), weights)
    return slope, two_sided(np.maximum(score - 1.0, 0.0) / np.sqrt(np.where(variance > 0, variance, np.inf)))


def _residuals(x: Floats, y: Floats, weights: Floats, slope: Floats) -> Floats:
    """What a line leaves, or a step where that is what happened: around a line, its halves would look alike."""
    level = y - np.where(np.isnan(slope), 0.0, slope)[:, np.newaxis] * x
    line = level - _middle(level)[:, np.newaxis]
    fit, explained = step(np.where(weights > 0, y, 0.0), weights)
    around = np.where(weights > 0, y - fit, 0.0)
    better = (weights * around**2).sum(axis=1) < np.nansum(weights * line**2, axis=1)
    left = np.where(((explained > STEP) & better)[:, np.newaxis], around, line)
    return np.where(np.abs(left) > ROUNDING, left, 0.0)


def _inflation(residuals: Floats, weights: Floats) -> Floats:
    """How many times the variance of independent blocks that of blocks is which resemble their neighbours."""
    here = weights > 0
    alike, count = likeness(residuals, here, 2.0), np.maximum(here.sum(axis=1), 1)
    far = alike * (1.0 - alike**count) / (count * (1.0 - alike))
    wider: Floats = 1.0 + 2.0 * (alike - far) / (1.0 - alike)
    return np.maximum(wider, 1.0)


def _relative(x: Floats, y: Floats, slope: Floats, begin: Floats, long: Floats) -> Floats:
    """The rise of the line over its whole length, in terms of where it began (or of its noise, near zero)."""
    level = y - slope[:, np.newaxis] * x
    start = _middle(level)
    noise = _middle(np.abs(level - start[:, np.newaxis]))
    typical = np.nansum(np.abs(y), axis=1) / np.maximum((~np.isnan(y)).sum(axis=1), 1)
    scale = np.maximum(np.maximum(np.abs(start + slope * begin), noise), FROM_NOTHING * typical)
    rise = slope * long
    return np.where(rise == 0.0, 0.0, rise / np.where(scale > 0, scale, np.nan))


def _middle(rows: Floats) -> Floats:
    present = np.isfinite(rows)
    return quantile(ascending(rows, present), present.sum(axis=1), 0.5)


def _direction(change: Floats, p: Floats, total: Counts) -> Counts:
    moved = np.abs(change) >= LEAST
    sure = moved & (p < CHANCE)
    direction = np.where(sure, np.where(change > 0, 1, 2), 0)
    direction[(total < 2) | (moved & (total < FEWEST))] = 3  # noqa: PLR2004  its place in DIRECTIONS
    return direction
