"""Everything at a glance: a tile for each service, its state as colour, sign and word, and how it went."""

from __future__ import annotations

from typing import Final

import numpy as np

from bot.telemetry.charts.frame import BELOW_TITLE, nothing, title
from bot.telemetry.charts.lettering import drawable, width_of
from bot.telemetry.charts.looks import BODY, LEAST, MARGIN, SMALL, SYMBOLS, TINY, WIDTH, WORDS, State, Theme
from bot.telemetry.charts.samples import floats, thinned
from bot.telemetry.charts.shapes import Tile, Tiles
from bot.telemetry.charts.sheet import Box, Sheet, runs
from bot.telemetry.charts.words import counted

MOST_TILES: Final = 36
_COLUMNS: Final = 4
_GAP: Final = 16.0
_LINE: Final = 34.0
_MOST_LINES: Final = 4
_SPARK: Final = 46.0
_STRIPE: Final = 10.0
_WORST: Final[tuple[State, ...]] = ("bad", "warn", "unknown", "good")


def draw(chart: Tiles, theme: Theme) -> Sheet:
    shown = ranked(chart)[:MOST_TILES]
    if not shown:
        sheet = Sheet(WIDTH, LEAST, theme)
        title(sheet, chart.title)
        nothing(sheet, "No services")
        return sheet
    columns = min(_COLUMNS, max(2, len(shown)))
    lines = max(1, min(_MOST_LINES, max(len(each.lines) for each in shown)))
    spark = _SPARK if any(each.spark for each in shown) else 0.0
    high = 58 + lines * _LINE + spark + 14
    wide = (WIDTH - 2 * MARGIN - (columns - 1) * _GAP) / columns
    rows = -(-len(shown) // columns)
    left_out = len(chart.tiles) - len(shown)
    sheet = Sheet(WIDTH, int(BELOW_TITLE + 44 + rows * (high + _GAP) + 14 + (40 if left_out else 0)), theme)
    title(sheet, chart.title)
    _summary(sheet, chart)
    for place, each in enumerate(shown):
        left = MARGIN + place % columns * (wide + _GAP)
        top = BELOW_TITLE + 44 + place // columns * (high + _GAP)
        _tile(sheet, each, Box(left, top, left + wide, top + high), spark)
    if left_out:
        words = f"{counted(left_out, 'more tile')} not shown"
        sheet.text(MARGIN, sheet.height - 30, words, size=SMALL, colour=theme.soft)
    return sheet


def ranked(chart: Tiles) -> list[Tile]:
    """Where not all have place, the worst have; where they do, each stays where it was yesterday."""
    if len(chart.tiles) <= MOST_TILES:
        return list(chart.tiles)
    return sorted(chart.tiles, key=lambda each: _WORST.index(each.state))


def _summary(sheet: Sheet, chart: Tiles) -> None:
    left = float(MARGIN)
    for state in _WORST:
        if count := sum(each.state == state for each in chart.tiles):
            sign = sheet.text(
                left, BELOW_TITLE + 12, SYMBOLS[state], size=SMALL, bold=True, colour=sheet.theme.states[state]
            )
            said = sheet.text(
                sign.right + 10, BELOW_TITLE + 12, f"{count} {WORDS[state]}", size=SMALL, colour=sheet.theme.soft
            )
            left = said.right + 36


def _tile(sheet: Sheet, each: Tile, box: Box, spark: float) -> None:
    theme = sheet.theme
    colour = theme.states[each.state]
    sheet.card(box, theme.fills[each.state])
    sheet.boxes([Box(box.left, box.top + 10, box.left + 5, box.bottom - 10)], [colour])
    left, right = box.left + _STRIPE + 10, box.right - 12
    size = next(
        (size for size in (SMALL, TINY) if width_of(drawable(each.name), size, bold=True) <= right - left), TINY
    )
    sheet.text(left, box.top + 30, each.name, size=size, bold=True, room=right - left, middle=True)
    sign = sheet.text(right, box.top + 68, SYMBOLS[each.state], size=BODY, bold=True, colour=colour, across="right")
    for place, words in enumerate(each.lines[:_MOST_LINES]):
        room = (right if place else sign.left - 10) - left
        sheet.text(left, box.top + 68 + place * _LINE, words, size=SMALL, room=room)
    if spark and each.spark:
        _spark(sheet, each, Box(left, box.bottom - spark - 4, right, box.bottom - 14), colour)


def _spark(sheet: Sheet, each: Tile, box: Box, colour: str) -> None:
    """Its own scale, from zero where that says something: a form, not a measure."""
    values = floats(each.spark)
    seen = values[np.isfinite(values)]
    if not seen.size:
        return
    low, high = min(0.0, float(seen.min())), float(seen.max())
    places, values = thinned(np.linspace(0.0, 1.0, len(values)), values, 120)
    xs = box.left + places * (box.right - box.left)
    ys = box.bottom - (values - low) / ((high - low) or 1.0) * (box.bottom - box.top)
    sheet.line(xs, ys, colour, width=1.5)
    alone = [run.start for run in runs(np.isfinite(values)) if run.stop - run.start == 1]
    if alone:
        sheet.dots(xs[alone], ys[alone], colour, size=3.5)
