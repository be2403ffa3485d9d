"""Order among values as the language has it: NaN is below everything."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from integrations.sandbox.platform.prometheus.storage import Floats
from integrations.sandbox.platform.prometheus.vectors import Bools, Rows


def quantile_at(share: Floats, counts: Rows, ranked: Callable[[Rows], Floats]) -> Floats:
    """`ranked(i)` gives the i-th smallest of each; between two neighbours lies the weighted mean."""
    rank = np.where((share >= 0) & (share <= 1), share, 0) * (counts - 1)
    lower = np.maximum(np.floor(rank), 0)
    upper = np.minimum(counts - 1, lower + 1)
    weight = rank - np.floor(rank)
    inside = ranked(lower.astype(np.intp)) * (1 - weight) + ranked(upper.astype(np.intp)) * weight
    return np.where(np.isnan(share), np.nan, np.where(share < 0, -np.inf, np.where(share > 1, np.inf, inside)))


def quantile_of(share: Floats, values: Floats, present: Bools) -> Floats:
    """Of the values that are present in each column."""
    nans = (np.isnan(values) & present).sum(axis=0)
    keys = np.sort(np.where(present, np.where(np.isnan(values), -np.inf, values), np.inf), axis=0)
    columns = np.arange(values.shape[1])

    def ranked(rank: Rows) -> Floats:
        at = np.clip(rank, 0, len(keys) - 1)
        return np.where(at < nans, np.nan, keys[at, columns])

    return quantile_at(share, present.sum(axis=0), ranked)


def largest(count: Rows, values: Floats, present: Bools) -> tuple[Bools, Rows]:
    """Which of each column are among its `count` largest, and the place of each; NaN is chosen last."""
    nan = np.isnan(values)
    order = np.lexsort((-values, nan, ~present), axis=0)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(len(values))[:, None], axis=0)
    chosen = (place < count) & present
    for column in np.flatnonzero(_tied(count, values, present, order)):
        rows = np.flatnonzero(present[:, column])
        kept = _kept_by_heap(int(count[column]), values[rows, column])
        chosen[:, column] = False
        chosen[rows[kept], column] = True
    return chosen, place


def _tied(count: Rows, values: Floats, present: Bools, order: Rows) -> Bools:
    """Whether the last that is chosen and the first that is not have one value: then the heap decides."""
    columns, end = np.arange(values.shape[1]), len(values) - 1
    last = np.clip(count - 1, 0, end)
    ahead, behind = (values[order[place, columns], columns] for place in (last, np.minimum(last + 1, end)))
    equal: Bools = (ahead == behind) | (np.isnan(ahead) & np.isnan(behind))
    inside: Bools = (count > 0) & (count < present.sum(axis=0))
    return inside & equal


class _Heap:
    """Go's binary heap of rows, the smallest value at its root, NaN below all; a larger one replaces the root."""

    def __init__(self, size: int, values: Floats) -> None:
        self.rows: list[int] = []
        self._size = size
        self._values = values.tolist()

    def offer(self, row: int) -> None:
        if len(self.rows) == self._size:
            root, value = self._values[self.rows[0]], self._values[row]
            if not (root < value or math.isnan(root)):
                return
            self.rows[0], self.rows[-1] = self.rows[-1], self.rows[0]
            self._sink(len(self.rows) - 1)
            self.rows.pop()
        self.rows.append(row)
        self._rise()

    def _less(self, one: int, other: int) -> bool:
        first, second = self._values[self.rows[one]], self._values[self.rows[other]]
        return math.isnan(first) or first < second

    def _swap(self, one: int, other: int) -> None:
        self.rows[one], self.rows[other] = self.rows[other], self.rows[one]

    def _rise(self) -> None:
        child = len(self.rows) - 1
        while child and self._less(child, parent := (child - 1) // 2):
            self._swap(child, parent)
            child = parent

    def _sink(self, end: int) -> None:
        parent = 0
        while (child := 2 * parent + 1) < end:
            if child + 1 < end and self._less(child + 1, child):
                child += 1
            if not self._less(child, parent):
                return
            self._swap(child, parent)
            parent = child


def _kept_by_heap(count: int, values: Floats) -> list[int]:
    """Which of equals stay."""
    heap = _Heap(count, values)
    for row in range(len(values)):
        heap.offer(row)
    return heap.rows
