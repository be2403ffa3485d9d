"""What the language computes of a window of samples: rates, changes, regressions, statistics over time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from integrations.sandbox.platform.prometheus.ranks import quantile_at
from integrations.sandbox.platform.prometheus.storage import Floats
from integrations.sandbox.platform.prometheus.vectors import Bools, Rows
from integrations.sandbox.platform.prometheus.windows import Spread, Windows, reduced

Found = tuple[Floats, Bools]
CANCELLED: Final = 1e-8
"""A sum this small beside its summands has lost the digits that matter, and is computed exactly."""
LARGE: Final = 1e290
"""Means of such numbers are taken of small parts of them, as their sum may be too large for a float."""


# ---------------------------------------------------------------- rates


def _corrected(windows: Windows) -> Floats:
    """Last minus first, and what a counter had counted before each restart."""
    values, risen = windows.values, windows.last
    risen -= windows.first
    restarts = values[:, 1:] < values[:, :-1]
    places = np.flatnonzero(restarts.any(axis=0))
    if len(places):
        lost = np.where(restarts[:, places], values[:, places], 0.0)
        low, high = places.searchsorted(windows.low), places.searchsorted(windows.high - 1)
        risen += np.where(high > low, reduced(np.add, lost, low, np.maximum(low, high)), 0.0)
    return risen


def _extrapolated(windows: Windows, risen: Floats, *, counter: bool) -> Found:
    """As though the first and last samples lay on the edges of the window, where they are near enough."""
    times = windows.block.times
    first, last = times[windows.first_place], times[windows.high - 1]
    to_start = (first - (windows.ends - windows.width_ms)) / 1000
    to_end = (windows.ends - last) / 1000
    sampled = (last - first) / 1000
    between = sampled / (windows.count - 1)
    near = between * 1.1
    to_end = np.where(to_end < near, to_end, between / 2)

    def covered(to_start: Floats, at: Rows | slice) -> Floats:
        counted = sampled[at] + np.where(to_start < near[at], to_start, between[at] / 2) + to_end[at]
        return counted / sampled[at]

    found = risen * covered(to_start, slice(None))
    if counter:  # it was not below zero: where it would have begun within the window, there it began
        start = windows.first
        rows, moments = ((risen > 0) & (start >= 0) & (start * (sampled / to_start) < risen)).nonzero()
        to_zero = sampled[moments] * (start[rows, moments] / risen[rows, moments])
        found[rows, moments] = risen[rows, moments] * covered(np.minimum(to_zero, to_start[moments]), moments)
    return found, windows.count >= 2  # noqa: PLR2004  no slope without two samples


def _increase(windows: Windows) -> Found:
    return _extrapolated(windows, _corrected(windows), counter=True)


def _rate(windows: Windows) -> Found:
    values, present = _increase(windows)
    return values / (windows.width_ms / 1000), present


def _delta(windows: Windows) -> Found:
    return _extrapolated(windows, windows.last - windows.first, counter=False)


def _last_two(windows: Windows) -> tuple[Floats, Floats, Floats, Bools]:
    """The two values, the seconds between them, and where there are two."""
    times, before = windows.block.times, np.maximum(windows.high - 2, 0)
    seconds = (times[windows.high - 1] - times[before]) / 1000
    return windows.values[:, before], windows.last, seconds, windows.count >= 2  # noqa: PLR2004


def _irate(windows: Windows) -> Found:
    before, last, seconds, present = _last_two(windows)
    return np.where(last < before, last, last - before) / seconds, present


def _idelta(windows: Windows) -> Found:
    before, last, _, present = _last_two(windows)
    return last - before, present


def _counted(windows: Windows, events: Bools) -> Found:
    """How many of the pairs within a window are events; `events[:, i]` is of the samples i and i + 1."""
    before = np.zeros((len(events), events.shape[1] + 2))
    np.cumsum(events, axis=1, out=before[:, 2:])
    some = windows.count >= 1
    found = before[:, windows.high] - before[:, np.minimum(windows.low + 1, before.shape[1] - 1)]
    return np.where(some, found, 0.0), some


def _changes(windows: Windows) -> Found:
    values = windows.values
    both_nan = np.isnan(values[:, 1:]) & np.isnan(values[:, :-1])
    return _counted(windows, (values[:, 1:] != values[:, :-1]) & ~both_nan)


def _resets(windows: Windows) -> Found:
    return _counted(windows, windows.values[:, 1:] < windows.values[:, :-1])


# ---------------------------------------------------------------- sums and extremes


def _sum(windows: Windows) -> Floats:
    values = windows.values
    sums = windows.reduced(np.add)
    if not (values < 0).any() or not (values > 0).any():
        return sums
    suspects = (np.abs(sums) < CANCELLED * windows.reduced(np.add, np.abs(values))) & (windows.count > 1)
    for row, moment in np.argwhere(suspects):
        sums[row, moment] = math.fsum(values[row, windows.low[moment] : windows.high[moment]])
    return sums


def _sum_over_time(windows: Windows) -> Found:
    return _sum(windows), windows.count >= 1


def _avg_over_time(windows: Windows) -> Found:
    finite = np.abs(windows.values[np.isfinite(windows.values)])
    if len(finite) and finite.max() > LARGE:
        scale = 2.0**-64
        return windows.reduced(np.add, windows.values * scale) / windows.count / scale, windows.count >= 1
    return _sum(windows) / windows.count, windows.count >= 1


def _extreme(how: Callable[..., Floats]) -> Callable[[Windows], Found]:
    return lambda windows: (windows.reduced(how), windows.count >= 1)


def _count(windows: Windows) -> Found:
    return np.broadcast_to(windows.count.astype(np.float64), windows.shape), windows.count >= 1


def _present(windows: Windows) -> Found:
    return np.ones(windows.shape), windows.count >= 1


def _last(windows: Windows) -> Found:
    return windows.last, windows.count >= 1


# ---------------------------------------------------------------- what looks at each window for itself


def _each(windows: Windows, of_spread: Callable[[Spread, Floats], Floats]) -> Floats:
    found = np.full(windows.shape, np.nan)
    for spread in windows.spread():
        found[:, spread.moments] = of_spread(spread, windows.values[:, spread.index])
    return found


def _variance(spread: Spread, values: Floats) -> Floats:
    mean = spread.sums(values) / spread.counts
    return spread.sums((values - spread.each(mean)) ** 2) / spread.counts


def _stdvar(windows: Windows) -> Found:
    return _each(windows, _variance), windows.count >= 1


def _stddev(windows: Windows) -> Found:
    return np.sqrt(_each(windows, _variance)), windows.count >= 1


def quantile_over_time(windows: Windows, share: Floats) -> Found:
    def of_spread(spread: Spread, values: Floats) -> Floats:
        window = np.broadcast_to(np.repeat(np.arange(len(spread.counts)), spread.counts), values.shape)
        ordered = np.take_along_axis(values, np.lexsort((values, ~np.isnan(values), window)), axis=1)
        return quantile_at(share[spread.moments], spread.counts, lambda rank: ordered[:, spread.starts + rank])

    return _each(windows, of_spread), windows.count >= 1


def _regression(windows: Windows, zero_ms: Floats | None) -> tuple[Floats, Floats, Bools]:
    """Slope and value at `zero_ms` (each window's first sample if None) of the straight line nearest to the samples.

    By Prometheus' own formula: one that is rounded otherwise has no zeros where it has them.
    """
    slopes, values_at_zero = np.full(windows.shape, np.nan), np.full(windows.shape, np.nan)
    times = windows.block.times
    for spread in windows.spread():
        index, n = spread.index, spread.counts
        zero = (times[windows.first_place] if zero_ms is None else zero_ms).astype(np.float64)
        x, y = (times[index] - spread.each(zero[spread.moments])) / 1000, windows.values[:, index]
        sum_x, sum_y = spread.sums(x), spread.sums(y)
        slope = (spread.sums(x * y) - sum_x * sum_y / n) / (spread.sums(x * x) - sum_x * sum_x / n)
        start = y[:, spread.starts]
        flat = spread.sums((y != spread.each(start)).astype(np.float64)) == 0
        level = np.where(np.isfinite(start), start, np.nan)
        slopes[:, spread.moments] = np.where(flat, level * 0, slope)
        values_at_zero[:, spread.moments] = np.where(flat, level, sum_y / n - slope * sum_x / n)
    return slopes, values_at_zero, windows.count >= 2  # noqa: PLR2004


def _deriv(windows: Windows) -> Found:
    slopes, _, present = _regression(windows, None)
    return slopes, present


def predict_linear(windows: Windows, moments_ms: Floats, seconds: Floats) -> Found:
    slopes, now, present = _regression(windows, moments_ms)
    return slopes * seconds + now, present


OVER_TIME: Final[dict[str, Callable[[Windows], Found]]] = {
    "avg_over_time": _avg_over_time,
    "changes": _changes,
    "count_over_time": _count,
    "delta": _delta,
    "deriv": _deriv,
    "idelta": _idelta,
    "increase": _increase,
    "irate": _irate,
    "last_over_time": _last,
    "max_over_time": _extreme(np.fmax),
    "min_over_time": _extreme(np.fmin),
    "present_over_time": _present,
    "rate": _rate,
    "resets": _resets,
    "stddev_over_time": _stddev,
    "stdvar_over_time": _stdvar,
    "sum_over_time": _sum_over_time,
}
