"""Whether one sample of a metric is better or worse than another: two windows, versions, services or environments.

The test is Mann and Whitney's, with ties, its variance widened to what neighbours that resemble each other are worth
as independent samples. The effect is Cliff's delta: how much oftener a value of the second is the greater one than the
smaller. A difference counts when it is neither chance, nor slight in order, nor slight in size.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal

import numpy as np

from bot.telemetry.rows import (
    Counts,
    Mask,
    ascending,
    in_chunks,
    independent,
    known,
    quantile,
    scaled,
    two_sided,
)
from bot.telemetry.signals import Floats, Series
from bot.telemetry.trends import percent

Verdict = Literal["better", "worse", "higher", "lower", "same", "unclear"]
Change = Literal["same", "higher", "lower", "unclear"]
CHANGES: Final[tuple[Change, ...]] = ("same", "higher", "lower", "unclear")

CHANCE: Final = 0.01
FEWEST: Final = 5
"""Of each, to say anything."""
NEGLIGIBLE: Final = 0.147
MEDIUM: Final = 0.33
LARGE: Final = 0.474
"""Cliff's delta below which an effect is negligible, and from which on it is medium or large."""
SLIGHT: Final = 0.01
"""A smaller relative difference is about the same, however certain."""
MUCH: Final = 0.1
"""A relative difference that nobody calls slight."""
MEDIAN_ERROR: Final = 1.2533 / 1.349
"""From the distance of the quartiles to the standard error of a median, for normal noise."""
MOST: Final = 100.0
"""The most times that anything is called greater than something that was almost nothing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second sample beside the first; None where there is nothing to say it of."""

    change: Change
    median_before: float | None
    median_after: float | None
    mean_before: float | None
    mean_after: float | None
    difference: float | None
    """Of the medians; of the means where these say it and not the medians: rare events, trouble for a while."""
    relative: float | None
    """The difference in terms of the first; None where that is zero."""
    effect: float | None
    """-1 … 1: 1 where every value of the second is greater than every one of the first."""
    p: float | None
    count_before: int
    count_after: int
    worth_before: float
    """Independent samples that these are worth."""
    worth_after: float

    def verdict(self, higher_is: Literal["worse", "better", "neither"]) -> Verdict:
        if self.change in ("same", "unclear") or higher_is == "neither":
            return self.change
        return "worse" if (self.change == "higher") == (higher_is == "worse") else "better"


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """The same of many; `change` counts in `CHANGES`, NaN where `Comparison` has None."""

    change: Counts
    median_before: Floats
    median_after: Floats
    mean_before: Floats
    mean_after: Floats
    difference: Floats
    relative: Floats
    effect: Floats
    p: Floats
    count_before: Counts
    count_after: Counts
    worth_before: Floats
    worth_after: Floats

    def row(self, index: int) -> Comparison:
        values: list[Any] = [known(getattr(self, one.name)[index].item()) for one in fields(self)]
        return Comparison(CHANGES[values[0]], *values[1:])


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One of the two samples, in units that both share."""

    ordered: Floats
    count: Counts
    mean: Floats
    median: Floats
    noise: Floats
    """How far the median may be off by chance."""
    worth: Floats


def compare(before: Series, after: Series) -> Comparison:
    return compare_rows(before.values[np.newaxis], after.values[np.newaxis]).row(0)


def compare_rows(before: Floats, after: Floats) -> Comparisons:
    """Each row of `after` with the row of `before` at its place; they may be of different lengths."""
    rows, columns = len(before), before.shape[1] + after.shape[1]
    return in_chunks(Comparisons, lambda chunk: _compared(before[chunk], after[chunk]), rows, columns)


def phrase(found: Comparison, higher_is: Literal["worse", "better", "neither"] = "neither") -> str:
    """In words: "clearly worse, +35 %", "about the same", "not clear: too few samples"."""
    verdict = found.verdict(higher_is)
    if verdict == "same":
        return "about the same"
    if verdict == "unclear":
        few = min(found.count_before, found.count_after) < FEWEST
        return "not clear: too few samples" if few else "not clear: it may be chance"
    strength, share = abs(found.effect or 0.0), abs(found.relative or 0.0)
    size = "clearly " if strength >= LARGE else "slightly " if strength < MEDIUM and share < MUCH else ""
    return f"{size}{verdict}" + (f", {percent(found.relative)}" if found.relative is not None else "")


def _compared(before: Floats, after: Floats) -> Comparisons:
    both = np.concatenate((before, after), axis=1)
    present = np.isfinite(both)
    unit, factor = scaled(np.where(present, both, 0.0))
    cut = before.shape[1]
    first = _side(unit[:, :cut], present[:, :cut])
    second = _side(unit[:, cut:], present[:, cut:])
    greater, ties = _ranked(first, second)
    n, m = first.count, second.count
    pairs = np.where((n > 0) & (m > 0), n * m, np.nan)
    effect = 2.0 * greater / pairs - 1.0
    total = np.maximum(n + m, 2)
    wider = _over(1.0 / first.worth + 1.0 / second.worth, 1.0 / np.maximum(n, 1) + 1.0 / np.maximum(m, 1))
    variance = pairs / 12.0 * (total + 1 - ties / (total * (total - 1.0))) * wider
    deviation = np.sqrt(np.maximum(variance, 0.0))
    score = np.maximum(np.abs(greater - pairs / 2.0) - 0.5, 0.0)
    p = two_sided(np.where(score == 0.0, 0.0, score / np.where(deviation > 0, deviation, np.nan)))
    p[np.isnan(pairs)] = np.nan
    found = (p < CHANCE) & (np.abs(effect) >= NEGLIGIBLE)
    by_mean = found & (np.abs(second.median - first.median) <= SLIGHT * np.abs(first.median))
    base, other = (np.where(by_mean, side.mean, side.median) for side in (first, second))
    difference = other - base
    slight = np.abs(difference) <= SLIGHT * np.abs(base)
    certain = found & (np.sign(effect) == np.sign(difference)) & ~slight
    same = ~certain & (_equal(first, second) | _weak(effect, 2.0 * deviation / pairs) | (found & slight))
    change = np.where(certain, np.where(effect > 0, 1, 2), np.where(same, 0, 3))
    change[np.minimum(n, m) < FEWEST] = 3
    with np.errstate(over="ignore"):
        apart = difference * factor
    return Comparisons(
        change,
        first.median * factor,
        second.median * factor,
        first.mean * factor,
        second.mean * factor,
        apart,
        np.clip(_over(difference, np.abs(base)), -MOST, MOST),
        effect,
        p,
        n,
        m,
        first.worth,
        second.worth,
    )


def _side(unit: Floats, present: Mask) -> _Side:
    count = present.sum(axis=1)
    ordered = ascending(unit, present)
    worth = np.maximum(independent(unit, present), 1.0)
    quartiles = quantile(ordered, count, 0.75) - quantile(ordered, count, 0.25)
    mean = unit.sum(axis=1) / np.where(count, count, np.nan)
    high = quantile(ordered, count, 1.0)
    noise = MEDIAN_ERROR * quartiles / np.sqrt(worth)
    low = ordered[:, 0] if ordered.shape[1] else high
    return _Side(ordered, count, np.clip(mean, low, high), quantile(ordered, count, 0.5), noise, worth)


def _ranked(first: _Side, second: _Side) -> tuple[Floats, Floats]:
    """How many pairs have the second greater (ties by half), and what ties take from the variance.

    Which sample a value is from goes into its last bit: sorting numbers is much quicker than sorting indices.
    """
    cut = first.ordered.shape[1]
    merged = np.concatenate((first.ordered, second.ordered), axis=1) + 0.0  # no negative zero
    bits = merged.view(np.int64)
    bits &= ~1
    bits[:, cut:] |= 1
    merged.sort(axis=1)
    columns = np.arange(merged.shape[1])
    valid = columns < (first.count + second.count)[:, np.newaxis]
    ours = (bits & 1) * valid
    bits &= ~1
    tied = (merged[:, 1:] == merged[:, :-1]) & valid[:, 1:]
    m = second.count
    greater = (ours @ columns - m * (m - 1) / 2.0).astype(np.float64)
    ties = np.zeros(len(merged))
    some = tied.any(axis=1)
    if some.any():
        greater[some], ties[some] = _tied(ours[some], valid[some], tied[some])
    return greater, ties


def _tied(ours: Counts, valid: Mask, tied: Mask) -> tuple[Floats, Floats]:
    """The same from groups of equal values."""
    rows, columns = ours.shape
    fresh = np.ones((rows, columns), dtype=np.bool_)
    fresh[:, 1:] = ~tied
    starts = np.flatnonzero(fresh)
    row = starts // columns
    b = np.add.reduceat(ours.ravel(), starts)
    a = np.add.reduceat((valid & (ours == 0)).ravel(), starts, dtype=np.int64)
    before = np.cumsum(a) - a
    before -= before[np.searchsorted(row, np.arange(rows))][row]
    size = (a + b).astype(np.float64)
    greater = np.bincount(row, weights=b * (before + a / 2.0), minlength=rows).astype(np.float64)
    return greater, np.bincount(row, weights=size**3 - size, minlength=rows).astype(np.float64)


def _equal(first: _Side, second: _Side) -> Mask:
    """Whether the medians, with what they may be off by chance, and the means are within twice what is slight."""
    slight = 2.0 * SLIGHT * np.abs(first.median)
    noise = 2.0 * np.hypot(first.noise, second.noise)
    close: Mask = np.abs(second.median - first.median) + noise <= slight
    return close & (np.abs(second.mean - first.mean) <= 2.0 * SLIGHT * np.abs(first.mean))


def _weak(effect: Floats, error: Floats) -> Mask:
    """Whether an effect is negligible, and no large one hides in its error."""
    strength = np.abs(effect)
    return (strength < NEGLIGIBLE) & (strength + 2.0 * error < LARGE)


def _over(part: Floats, whole: Floats) -> Floats:
    return part / np.where(whole != 0.0, whole, np.nan)
