"""Quantiles out of the cumulative buckets of a histogram, as Prometheus 2.42 estimates them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from integrations.sandbox.platform.prometheus.storage import NAME, Floats, Labels
from integrations.sandbox.platform.prometheus.vectors import Bools, Rows, Vector, grouped, without

BOUND: Final = "le"


def histogram_quantile(share: Floats, vector: Vector) -> Vector:
    """One row for each label set without `le`; rows whose `le` is no number are left out."""
    usable = [row for row, labels in enumerate(vector.labels) if _bound(labels) is not None]
    groups = grouped(without(vector.labels[row], (BOUND,)) for row in usable)
    labels = [without(key, (BOUND, NAME)) for key in groups]
    values = np.full((len(groups), vector.values.shape[1]), np.nan)
    present = np.zeros(values.shape, np.bool_)
    for into, rows, bounds in _alike(vector, [[usable[place] for place in places] for places in groups.values()]):
        here = vector.present[rows]
        present[into] = here.any(axis=1)
        counts = np.moveaxis(vector.values[rows], 1, 0)
        shares = np.broadcast_to(share, counts.shape[1:])
        for buckets, cells in _patterns(np.moveaxis(here, 1, 0)):
            estimated = _quantile(shares[cells], bounds[buckets], counts[buckets][:, *cells])
            values[into[cells[0]], cells[1]] = estimated
    return Vector(labels, values, present)


def _bound(labels: Labels) -> float | None:
    try:
        return float(dict(labels).get(BOUND, ""))
    except ValueError:
        return None


def _alike(vector: Vector, groups: list[list[int]]) -> Iterator[tuple[Rows, Rows, Floats]]:
    """Histograms that have the same bounds are computed together: (their places, their rows by bound, the bounds)."""
    by_bounds: dict[tuple[float, ...], tuple[list[int], list[list[int]]]] = {}
    for into, group in enumerate(groups):
        pairs = sorted((_bound(vector.labels[row]) or 0.0, row) for row in group)
        places, rows = by_bounds.setdefault(tuple(bound for bound, _ in pairs), ([], []))
        places.append(into)
        rows.append([row for _, row in pairs])
    for bounds, (places, rows) in by_bounds.items():
        yield np.array(places, np.intp), np.array(rows, np.intp), np.array(bounds)


def _patterns(present: Bools) -> Iterator[tuple[Rows, tuple[Rows, Rows]]]:
    """Which buckets are there, and in which (histogram, moment) exactly these are."""
    every: Bools = np.logical_and.reduce(present, axis=0)
    if every.any():
        first, second = every.nonzero()
        yield np.arange(len(present)), (first, second)
    some: Bools = np.logical_or.reduce(present, axis=0)
    first, second = (some & ~every).nonzero()
    if not len(first):
        return
    kinds, kind_of = np.unique(present[:, first, second], axis=1, return_inverse=True)
    for kind in range(kinds.shape[1]):
        cells = np.flatnonzero(kind_of.ravel() == kind)
        yield kinds[:, kind].nonzero()[0], (first[cells], second[cells])


def _quantile(share: Floats, bounds: Floats, counts: Floats) -> Floats:
    """Of columns of buckets, by rising bound."""
    outside = np.where(np.isnan(share), np.nan, np.where(share < 0, -np.inf, np.inf))
    bad_share = ~((share >= 0) & (share <= 1))
    bounds, counts = _coalesced(bounds, counts)
    if not np.isposinf(bounds[-1]) or len(bounds) < 2:  # noqa: PLR2004  the highest is no bound to interpolate from
        return np.where(bad_share, outside, np.nan)
    rising = np.where(np.isnan(counts), counts, np.fmax.accumulate(counts, axis=0))
    observations = rising[-1]
    rank = share * observations
    bucket = _searched(rising[:-1], rank)
    columns, top = np.arange(counts.shape[1]), len(bounds) - 1
    inner = np.minimum(bucket, top - 1)
    below = np.maximum(inner - 1, 0)
    start = np.where(inner > 0, bounds[below], 0.0)
    under = np.where(inner > 0, rising[below, columns], 0.0)
    within = start + (bounds[inner] - start) * ((rank - under) / (rising[inner, columns] - under))
    within = np.where((inner == 0) & (bounds[0] <= 0), bounds[0], within)
    found = np.where(bucket == top, bounds[top - 1], within)
    return np.where(bad_share, outside, np.where(observations == 0, np.nan, found))


def _coalesced(bounds: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Buckets of one bound, written differently (1 and 1.0), are one."""
    first = np.concatenate([[True], bounds[1:] != bounds[:-1]])
    return (bounds, counts) if first.all() else (bounds[first], np.add.reduceat(counts, first.nonzero()[0], axis=0))


def _searched(counts: Floats, rank: Floats) -> Rows:
    """The first bucket that reaches the rank, by halving as Go does: among NaN it matters which are looked at."""
    low = np.zeros(counts.shape[1], np.intp)
    high = np.full(counts.shape[1], len(counts))
    columns = np.arange(counts.shape[1])
    while (open_ := low < high).any():
        middle = (low + high) // 2
        reached = counts[np.minimum(middle, len(counts) - 1), columns] >= rank
        low = np.where(open_ & ~reached, middle + 1, low)
        high = np.where(open_ & reached, middle, high)
    return low
