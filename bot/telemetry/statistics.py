"""What the numbers of a series are: how many, how large, how spread, for one series or ten thousand at once.

Rows are series, columns are moments, NaN is a sample that is not there; infinities are dropped and counted. Quantiles
are interpolated linearly, deviation and variance are those of a sample (n - 1).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bot.telemetry.rows import Counts, ascending, in_chunks, known, quantile, scaled
from bot.telemetry.signals import Floats, Series


@dataclass(frozen=True, slots=True)
class Statistics:
    """One series; None where there is no sample to say it of (for the spread: fewer than two)."""

    count: int
    """Finite samples: all the rest is said of them."""
    missing: int
    infinite: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    median: float | None
    p95: float | None
    p99: float | None
    deviation: float | None
    variance: float | None
    first: float | None
    last: float | None
    minimum_at: float | None
    """Seconds since 1970, the first time where there are several."""
    maximum_at: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """The same of many series, an entry for each; NaN where `Statistics` has None."""

    count: Counts
    missing: Counts
    infinite: Counts
    minimum: Floats
    maximum: Floats
    mean: Floats
    median: Floats
    p95: Floats
    p99: Floats
    deviation: Floats
    variance: Floats
    first: Floats
    last: Floats
    minimum_at: Floats
    maximum_at: Floats

    def row(self, index: int) -> Statistics:
        values: list[Any] = [known(getattr(self, one.name)[index].item()) for one in fields(self)]
        return Statistics(*values)


def describe(series: Series) -> Statistics:
    return describe_rows(series.times, series.values[np.newaxis]).row(0)


def describe_rows(times: Floats, values: Floats) -> Described:
    return in_chunks(Described, lambda rows: _described(times, values[rows]), *values.shape)


def _described(times: Floats, values: Floats) -> Described:
    rows, columns = values.shape
    present, infinite = np.isfinite(values), np.isinf(values).sum(axis=1)
    count = present.sum(axis=1)
    if not columns:
        none = np.full(rows, np.nan)
        return Described(count, count, infinite, *(none for _ in range(12)))
    ordered = ascending(values, present)
    low, high = ordered[:, 0], quantile(ordered, count, 1.0)
    unit, factor = scaled(np.where(present, values, 0.0))
    divisor = np.where(count, count, np.nan)
    mean = np.clip(unit.sum(axis=1) / divisor, low / factor, high / factor)
    apart = np.where(present, unit - mean[:, np.newaxis], 0.0)
    spread = np.einsum("ij,ij->i", apart, apart) / np.where(count > 1, count - 1, np.nan)
    spread[low == high] *= 0.0  # the mean of equal numbers may be a bit off
    with np.errstate(over="ignore", under="ignore"):
        variance = spread * factor * factor
    every = np.arange(rows)
    first, last = present.argmax(axis=1), columns - 1 - present[:, ::-1].argmax(axis=1)
    lowest = np.where(present, values, np.inf).argmin(axis=1)
    highest = np.where(present, values, -np.inf).argmax(axis=1)
    gone = np.where(count, 0.0, np.nan)
    return Described(
        count,
        columns - count - infinite,
        infinite,
        minimum=low,
        maximum=high,
        mean=mean * factor,
        median=quantile(ordered, count, 0.5),
        p95=quantile(ordered, count, 0.95),
        p99=quantile(ordered, count, 0.99),
        deviation=np.sqrt(spread) * factor,
        variance=variance,
        first=np.where(count, values[every, first], np.nan),
        last=np.where(count, values[every, last], np.nan),
        minimum_at=times[lowest] + gone,
        maximum_at=times[highest] + gone,
    )
