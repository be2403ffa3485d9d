"""Series put side by side: on common moments, and against the same hours of another week without the daily rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from typing import Final

import numpy as np

from bot.telemetry.rows import BLOCKS
from bot.telemetry.signals import Floats, Series, Window

MOMENTS: Final = 20_000
"""Cells of a common grid: a longer span is sampled less often."""
IN_A_PIECE: Final = 15
"""Samples whose median is one point of a rhythm."""


def same_hours(window: Window, zone: tzinfo, days: int = 7) -> Window:
    """The same hours, by the clock on the wall in `zone`, so many days earlier: that is what people live by."""
    by = timedelta(days=days)
    start, end = ((at.astimezone(zone) - by).astimezone(UTC) for at in (window.start, window.end))
    return Window(start, max(end, start + timedelta(seconds=1)))  # an hour may be none where the clock was changed


def smooth(times: Floats, values: Floats, at: Floats) -> Floats:
    """The slow course of a series, robustly: medians of a few dozen pieces, joined by lines."""
    pieces = min(BLOCKS, max(1, len(values) // IN_A_PIECE))
    knots = [float(np.median(piece)) for piece in np.array_split(values, pieces)]
    return np.interp(at, [float(piece.mean()) for piece in np.array_split(times, pieces)], knots)


def without_rhythm(before: Series, after: Series, shift: float) -> tuple[Series, Series]:
    """Both at the moments that both have, `before` moved by `shift` seconds, less the course that they share.

    What rises every morning is no difference between two mornings, and hides one: compare these.
    """
    times, rows = together((Series(before.labels, before.times + shift, before.values), after))
    kept = np.isfinite(rows).all(axis=0)
    times, rows = times[kept], rows[:, kept]
    if len(times):
        course = smooth(times, rows.mean(axis=0), times)
        rows = rows - course + np.median(course)
    return Series(before.labels, times - shift, rows[0]), Series(after.labels, times, rows[1])


def together(series: Sequence[Series]) -> tuple[Floats, Floats]:
    """The moments that all series span, as evenly as the coarsest is sampled, and a row for each; empty if none."""
    kept = [np.isfinite(one.values) for one in series]
    times = [one.times[mask] for one, mask in zip(series, kept, strict=True)]
    if not times or min(map(len, times)) < 2:  # noqa: PLR2004  a step is between two
        return np.empty(0), np.empty((len(series), 0))
    start, end = max(one[0] for one in times), min(one[-1] for one in times)
    apart = max(float(np.median(np.diff(one.times))) for one in series)
    if end <= start or apart <= 0:
        return np.empty(0), np.empty((len(series), 0))
    apart = max(apart, (end - start) / MOMENTS)
    cells = int((end - start) / apart + 0.5) + 1
    rows = np.empty((len(series), cells))
    for row, one, mask, at in zip(rows, series, kept, times, strict=True):
        place = np.floor((at - start) / apart + 0.5).astype(np.int64)
        inside = (place >= 0) & (place < cells)
        sums = np.bincount(place[inside], one.values[mask][inside], cells)
        count = np.bincount(place[inside], minlength=cells)
        row[:] = sums / np.where(count, count, np.nan)
    return start + apart * np.arange(cells), rows
