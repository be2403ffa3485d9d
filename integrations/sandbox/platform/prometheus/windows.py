"""Where among the samples of a block each window begins and ends, and which sample stands for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from integrations.sandbox.platform.prometheus.storage import Block, Floats, Milliseconds, stale
from integrations.sandbox.platform.prometheus.vectors import Bools, Rows, Vector

LOOKBACK_MS: Final = 300_000
CHUNK: Final = 1 << 21
"""Samples that are spread out at a time, by what cannot be read off neighbouring windows."""


def looked_up(block: Block, moments: Milliseconds) -> tuple[Floats, Milliseconds, Bools]:
    """What stands for each moment: the last sample, if it is neither older than the lookback nor a stale marker."""
    index = block.times.searchsorted(moments, "right") - 1
    values, times = _columns(block.values, index), block.times[index]
    present = ~stale(values)
    present &= (index >= 0) & (times >= moments - LOOKBACK_MS)
    return values, times, present


def windows_of(block: Block, ends: Milliseconds, width_ms: int) -> Iterator[Windows]:
    """Those of all rows together, as long as they have their stale markers together: no window sees one."""
    for each in _unmarked(block):
        if len(each.times):
            low, high = each.times.searchsorted(ends - width_ms, "left"), each.times.searchsorted(ends, "right")
            yield Windows(each, low, high, ends, width_ms)


def _unmarked(block: Block) -> Iterator[Block]:
    if not np.isnan(block.values.max(initial=-np.inf)):
        yield block
        return
    ended = stale(block.values)
    if not ended.any():
        yield block
    elif not (ended == ended[0]).all():
        for row, kept in enumerate(~ended):
            yield Block(block.labels[row : row + 1], block.times[kept], block.values[row : row + 1, kept])
    elif not ended[0, :-1].any():  # the usual end, which needs no copy
        yield Block(block.labels, block.times[:-1], block.values[:, :-1])
    else:
        yield Block(block.labels, block.times[~ended[0]], block.values[:, ~ended[0]])


def blocks_of_vector(vector: Vector, moments: Milliseconds) -> Iterator[Block]:
    """What an expression gave, as though it had been recorded."""
    alike: dict[bytes, list[int]] = {}
    for row, present in enumerate(vector.present):
        alike.setdefault(present.tobytes(), []).append(row)
    for rows in alike.values():
        there = vector.present[rows[0]]
        yield Block([vector.labels[row] for row in rows], moments[there], vector.values[rows][:, there])


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """For each moment the samples of a block from the column `low` up to, not including, `high`."""

    block: Block
    low: Rows
    high: Rows
    ends: Milliseconds
    width_ms: int

    @property
    def values(self) -> Floats:
        return self.block.values

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.values), len(self.low)

    @property
    def count(self) -> Rows:
        return self.high - self.low

    @property
    def first_place(self) -> Rows:
        """As long as a window is not empty; what stands for an empty one means nothing."""
        return np.minimum(self.low, len(self.block.times) - 1)

    @property
    def first(self) -> Floats:
        return _columns(self.values, self.first_place)

    @property
    def last(self) -> Floats:
        return _columns(self.values, self.high - 1)

    def reduced(self, how: Callable[..., Floats], values: Floats | None = None) -> Floats:
        """`how.reduceat` over each window; what an empty window has means nothing."""
        return reduced(how, self.values if values is None else values, self.low, self.high)

    def spread(self) -> Iterator[Spread]:
        """Every window for itself, some at a time: for what needs each window's samples beside each other."""
        filled = self.count.nonzero()[0]
        if not len(filled):
            return
        chunk = (np.cumsum(self.count[filled]) - 1) * len(self.values) // CHUNK
        for part in np.split(filled, chunk.searchsorted(np.arange(1, chunk[-1] + 1))):
            if len(part):
                yield Spread(self, part, self.count[part])


def _columns(values: Floats, places: Rows) -> Floats:
    """Laid out by rows, as what follows wants it: indexing lays them out by columns, and `take` copies a whole view."""
    return values.take(places, axis=1) if values.flags.c_contiguous else np.ascontiguousarray(values[:, places])


def reduced(how: Callable[..., Floats], values: Floats, low: Rows, high: Rows) -> Floats:
    padded = np.concatenate([values, np.zeros((len(values), 1), values.dtype)], axis=1)
    found: Floats = how.reduceat(padded, np.stack([low, high], axis=-1).ravel(), axis=1)[:, ::2]  # type: ignore[attr-defined]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Some non-empty windows, their samples laid out one window behind the other, in a row for each series."""

    windows: Windows
    moments: Rows
    """Whose windows they are."""
    counts: Rows

    @property
    def starts(self) -> Rows:
        return np.cumsum(self.counts) - self.counts

    @property
    def index(self) -> Rows:
        low = self.windows.low[self.moments]
        return np.repeat(low - self.starts, self.counts) + np.arange(self.counts.sum())

    def sums(self, values: Floats) -> Floats:
        found: Floats = np.add.reduceat(values, self.starts, axis=-1)
        return found

    def each(self, of_window: Floats) -> Floats:
        """One number for each window, repeated for each of its samples."""
        return np.repeat(of_window, self.counts, axis=-1)
