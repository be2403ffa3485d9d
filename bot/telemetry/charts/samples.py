"""What is in a chart, as numbers and moments: what its picture and its words both go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.telemetry.charts import clock
from bot.telemetry.charts.shapes import Curve, HeatMap, Mark, Threshold
from bot.telemetry.charts.words import clean, said
from bot.telemetry.signals import Floats

MOST: Final = 1e300
"""Beyond, differences overflow."""
_LEAST_STEP: Final = 1e-3
"""Seconds: of a finer grid, neighbours have the same time."""
_COLUMNS: Final = 1200


def bounded(value: float) -> float:
    """A number with which one may reckon; what is none is nothing."""
    return min(max(value, -MOST), MOST) if np.isfinite(value) else 0.0


def floats(values: Sequence[float | None]) -> Floats:
    """What is not there, or not finite, is NaN."""
    held = np.array([np.nan if value is None else value for value in values], dtype=float)
    held[~np.isfinite(held)] = np.nan
    clipped: Floats = np.clip(held, -MOST, MOST)
    return clipped


def points(curve: Curve) -> tuple[Floats, Floats]:
    """Times, each after the one before, and values."""
    values = floats(curve.values)
    start = clock.bounded(curve.start)
    end = clock.bounded(min(start + curve.step * max(0, len(values) - 1), MOST))
    return np.linspace(start, max(end, start + _LEAST_STEP * len(values)), len(values)), values


def thinned(times: Floats, values: Floats, columns: int = _COLUMNS) -> tuple[Floats, Floats]:
    """The least and the greatest of each column: no peak is lost, and no more is drawn than is seen."""
    if len(values) <= columns * 2:
        return times, values
    size = -(-len(values) // columns)
    padded = np.pad(values, (0, -len(values) % size), constant_values=np.nan).reshape(-1, size)
    low = np.where(np.isnan(padded), np.inf, padded).argmin(axis=1)
    high = np.where(np.isnan(padded), -np.inf, padded).argmax(axis=1)
    offset = np.arange(len(padded)) * size
    kept = np.minimum(np.sort(np.column_stack([low, high]), axis=1) + offset[:, None], len(values) - 1).ravel()
    return times[kept], values[kept]


def cells(chart: HeatMap) -> Floats:
    """Rows × columns, ragged rows filled; what is not a count is none."""
    rows = chart.counts[: len(chart.edges)]
    held = np.zeros((len(rows), max((len(row) for row in rows), default=0)))
    for place, row in enumerate(rows):
        held[place, : len(row)] = row
    held[~np.isfinite(held)] = 0.0
    counted: Floats = np.clip(held, 0.0, MOST / max(1, held.size))
    return counted


def label_of(mark: Mark) -> str:
    """A deploy is called one."""
    words = clean(mark.label)
    if mark.kind == "onset":
        return words or "since here"
    return words if mark.kind in words.casefold() else f"{mark.kind} {words}".rstrip()


def within(marks: Sequence[Mark], start: float, end: float) -> list[tuple[float, Mark]]:
    """Those that are in the picture, in the order of time."""
    found = ((clock.seconds_of(mark.at), mark) for mark in marks)
    return sorted(((at, mark) for at, mark in found if start <= at <= end), key=lambda pair: pair[0])


def threshold_words(limit: Threshold, unit: str) -> str:
    """The value is said once, also where the label has it."""
    words, value = clean(limit.label), said(limit.value, unit)
    return words if value in words else f"{words} {value}".strip()
