"""Curves as they are seen: gaps are gaps, a single sample is a dot, and no more points than pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.charts.frame import Frame
from bot.telemetry.charts.lettering import drawable, width_of
from bot.telemetry.charts.looks import MARGIN, SMALL, Dashes
from bot.telemetry.charts.samples import thinned
from bot.telemetry.charts.sheet import Box, Sheet, runs
from bot.telemetry.charts.words import said
from bot.telemetry.signals import Floats

_NARROWEST: Final = 90.0
_WIDEST: Final = 330.0
_AWAY: Final = 30.0
_LINE: Final = 34.0
_SWATCH: Final = 46.0
_LEGEND_ROW: Final = 40.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve's samples, and how it looks; what is not there is NaN."""

    name: str
    times: Floats
    values: Floats
    colour: str
    dashes: Dashes

    @property
    def seen(self) -> Floats:
        return self.values[np.isfinite(self.values)]

    @property
    def last(self) -> float | None:
        return float(self.seen[-1]) if self.seen.size else None


def trace(sheet: Sheet, frame: Frame, drawn: Drawn, *, width: float = 2.2) -> None:
    times, values = thinned(drawn.times, drawn.values)
    xs, ys = frame.x(times), frame.y(values)
    there = runs(np.isfinite(values))
    inside = Box(frame.box.left - 3, frame.box.top - 3, frame.box.right + 3, frame.box.bottom + 3)
    if any(run.stop - run.start > 1 for run in there):
        sheet.line(xs, ys, drawn.colour, width=width, dashes=drawn.dashes, inside=inside)
    alone = [run.start for run in there if run.stop - run.start == 1]
    if alone:
        around = Box(frame.box.left - 8, frame.box.top - 8, frame.box.right + 8, frame.box.bottom + 8)
        sheet.dots(xs[alone], ys[alone], drawn.colour, size=width * 2.4, inside=around)


def ends_room(drawn: Sequence[Drawn], unit: str, *, named: bool) -> float:
    """How much the labels at the ends of the curves need."""
    wide = [width_of(drawable(said(each.last, unit)), SMALL, bold=True) for each in drawn]
    if named:
        wide += [width_of(drawable(each.name), SMALL) for each in drawn]
    return min(_WIDEST, max([_NARROWEST, *wide])) + _AWAY + MARGIN / 2 + 4


def fit_ends(drawn: Sequence[Drawn]) -> bool:
    """Whether no name would be cut at the end of its curve."""
    return all(width_of(drawable(each.name), SMALL) <= _WIDEST for each in drawn)


def ends(sheet: Sheet, frame: Frame, drawn: Sequence[Drawn], unit: str, *, named: bool) -> None:
    """Each curve's name and last value where it ends, moved apart where they would touch."""
    there = sorted((each for each in drawn if each.seen.size), key=lambda each: float(frame.y(each.seen[-1])))
    high = _LINE * (2 if named else 1)
    wanted = [float(frame.y(each.seen[-1])) for each in there]
    middles = apart(wanted, high + 4, frame.box.top + high / 2 - 10, frame.box.bottom - high / 2 + 10)
    left = frame.box.right + _AWAY
    room = sheet.width - MARGIN / 2 - left
    for each, wish, middle in zip(there, wanted, middles, strict=True):
        _leader(sheet, frame, each, wish, middle)
        value = middle + _LINE / 2 if named else middle
        if named:
            sheet.text(left, middle - _LINE / 2, each.name, size=SMALL, room=room, middle=True)
        sheet.text(left, value, said(each.last, unit), size=SMALL, bold=True, room=room)


def _leader(sheet: Sheet, frame: Frame, each: Drawn, wish: float, middle: float) -> None:
    """From the last sample to the label; one that ended earlier has only a piece of its line before the label."""
    at, left = float(frame.x(each.times[np.isfinite(each.values)][-1])), frame.box.right + _AWAY
    level = min(max(wish, frame.box.top), frame.box.bottom)
    sheet.dots([at], [level], each.colour, size=5)
    if frame.box.right - at < _AWAY:
        sheet.line([at, left - 6], [level, middle], each.colour, width=1.0)
    else:
        sheet.line([left - 18, left - 6], [middle, middle], each.colour, width=2.4)


def apart(wanted: Sequence[float], least: float, top: float, bottom: float) -> list[float]:
    """As near to where each is wanted as the distance allows; the order stays."""
    if len(wanted) * least > bottom - top + least:
        least = (bottom - top) / max(1, len(wanted) - 1)
    groups: list[tuple[float, int]] = []
    for wish in wanted:
        middle, count = min(max(wish, top), bottom), 1
        while groups and groups[-1][0] + (groups[-1][1] + count) * least / 2 > middle:
            before, many = groups.pop()
            middle = (before * many + middle * count) / (many + count)
            count += many
            half = (count - 1) * least / 2
            middle = min(max(middle, top + half), bottom - half)
        groups.append((middle, count))
    return [middle + (place - (count - 1) / 2) * least for middle, count in groups for place in range(count)]


def legend_rows(count: int) -> tuple[int, int]:
    """Columns and rows."""
    columns = 1 if count <= 2 else 2 if count <= 6 else 3  # noqa: PLR2004  names are long more often than they are many
    return columns, -(-count // columns)


def legend_height(count: int) -> float:
    return legend_rows(count)[1] * _LEGEND_ROW + 6


def legend(sheet: Sheet, drawn: Sequence[Drawn], unit: str, top: float) -> None:
    """Where there are too many for labels: swatch, name, last value."""
    columns, rows = legend_rows(len(drawn))
    wide = (sheet.width - 2 * MARGIN) / columns
    for place, each in enumerate(drawn):
        column, row = divmod(place, rows)
        left, middle = MARGIN + column * wide, top + (row + 0.5) * _LEGEND_ROW
        sheet.line([left, left + _SWATCH], [middle, middle], each.colour, width=2.6, dashes=each.dashes)
        value = said(each.last, unit)
        right = left + wide - 24
        taken = sheet.text(right, middle, value, size=SMALL, across="right", bold=True, room=wide * 0.4)
        sheet.text(
            left + _SWATCH + 12, middle, each.name, size=SMALL, room=taken.left - left - _SWATCH - 24, middle=True
        )
