"""A histogram over time: how many took how long; dark is few, bright is many, and nothing is paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from bot.telemetry.charts import clock, flags
from bot.telemetry.charts.frame import BELOW_TITLE, UNDER, Frame, left_room, nothing, time_axis, title
from bot.telemetry.charts.lettering import pixels
from bot.telemetry.charts.looks import HEIGHT, MARGIN, SMALL, WIDTH, Theme, parts
from bot.telemetry.charts.samples import MOST, cells, within
from bot.telemetry.charts.scale import Scale
from bot.telemetry.charts.shapes import HeatMap
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import said
from bot.telemetry.signals import Floats

_SHADES: Final = 64
_MOST_ROWS: Final = 60
_MOST_COLUMNS: Final = 1200
_LEGEND: Final = 150.0
_BAR: Final = 24.0
_LEAST_ROW: Final = 1.25
"""Of the height of text: labels nearer than that leave some out."""


def folded(held: Floats, rows: int, columns: int) -> Floats:
    """Neighbours added up until there are no more rows and columns than are seen."""
    for axis, most in ((0, rows), (1, columns)):
        if held.shape[axis] > most:
            size = -(-held.shape[axis] // most)
            held = np.add.reduceat(np.minimum(held, MOST / size), np.arange(0, held.shape[axis], size), axis=axis)
    return held


def draw(chart: HeatMap, theme: Theme) -> Sheet:
    sheet = Sheet(WIDTH, HEIGHT, theme)
    title(sheet, chart.title)
    held = cells(chart)
    if not held.size or not held.any():
        nothing(sheet, "Nothing was counted in this time")
        return sheet
    start = clock.bounded(chart.start)
    step = chart.step if np.isfinite(chart.step) and chart.step > 0 else 1.0
    end = max(clock.bounded(start + step * held.shape[1]), start + 1e-3)
    edges = chart.edges[: len(held)]
    size = -(-len(held) // _MOST_ROWS)
    held = folded(held, _MOST_ROWS, _MOST_COLUMNS)
    names = [f"≤ {said(edges[min(len(edges), (row + 1) * size) - 1], chart.unit)}" for row in range(len(held))]
    scale = Scale(0.0, float(len(held)), tuple((row + 0.5, name) for row, name in enumerate(names)))
    box = Box(MARGIN + left_room(scale), BELOW_TITLE, WIDTH - MARGIN - _LEGEND, HEIGHT - UNDER - 8)
    marks = within(chart.marks, start, end)
    raised = flags.placed(marks, Frame(box, start, end, scale), WIDTH - MARGIN)
    frame = Frame(box._replace(top=box.top + flags.height(raised) + 14), start, end, scale)
    sheet.image(frame.box, _colours(held, theme)[::-1])
    _rows(sheet, frame)
    flags.hoist(sheet, raised, frame)
    _legend(sheet, frame, held, theme)
    time_axis(sheet, frame, chart.timezone)
    return sheet


def _share(held: Floats) -> Floats:
    """Log-ish: a single slow request is seen beside a thousand fast ones."""
    least = max(float(held[held > 0].min()), float(held.max()) * 1e-6)
    scaled: Floats = np.log1p(held / least) / np.log1p(float(held.max()) / least)
    return scaled


def _palette(theme: Theme) -> NDArray[np.uint8]:
    """Cividis, so that little is near the paper and much is far from it."""
    shades = colormaps["cividis"](np.linspace(0.12, 1.0, _SHADES))[:, :3]
    drawn: NDArray[np.uint8] = np.rint((shades if theme.dark else shades[::-1] * 0.97) * 255).astype(np.uint8)
    return drawn


def _colours(held: Floats, theme: Theme) -> NDArray[np.uint8]:
    palette = _palette(theme)
    seen = palette[np.clip((_share(held) * (_SHADES - 1)).astype(int), 0, _SHADES - 1)]
    paper = np.array(parts(theme.paper), dtype=np.uint8)
    return np.where((held > 0)[..., None], seen, paper).astype(np.uint8)


def _rows(sheet: Sheet, frame: Frame) -> None:
    """As many bounds as have room, the last always."""
    high = (frame.box.bottom - frame.box.top) / len(frame.scale.ticks)
    every = max(1, int(np.ceil(pixels(SMALL) * _LEAST_ROW / high)))
    names = frame.scale.ticks
    for row in range(len(names) - 1, -1, -every):
        at, words = names[row]
        sheet.text(
            frame.box.left - 14, float(frame.y(at)), words, size=SMALL, colour=sheet.theme.soft, across="right",
            room=frame.box.left - 18,
        )  # fmt: skip


def _legend(sheet: Sheet, frame: Frame, held: Floats, theme: Theme) -> None:
    """From one to the most, beside the field."""
    left = frame.box.right + 34
    middle = (frame.box.top + frame.box.bottom) / 2
    bar = Box(left, middle - 110, left + _BAR, middle + 110)
    sheet.image(bar, _palette(theme)[::-1, None, :])
    low, high = float(held[held > 0].min()), float(held.max())
    for y, value in _ends(bar, low, high):
        sheet.text(left - 4, y, said(value), size=SMALL, colour=theme.soft, room=WIDTH - left - 4)


def _ends(bar: Box, low: float, high: float) -> Sequence[tuple[float, float]]:
    return ((bar.top - 24, high), (bar.bottom + 24, low))
