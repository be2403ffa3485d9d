"""Words inside the field of curves: each where it is free, and hides the fewest samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.charts.curves import Drawn
from bot.telemetry.charts.frame import Frame
from bot.telemetry.charts.looks import SMALL
from bot.telemetry.charts.samples import thinned, threshold_words
from bot.telemetry.charts.shapes import Lines, Threshold
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import said
from bot.telemetry.signals import Floats

_MOST_THRESHOLDS: Final = 4
_ROOM: Final = 0.45
"""Of the field's width."""
_HALF: Final = 18.0
_AWAY: Final = 22.0
_NEXT: Final = 36.0
_DENSE: Final = 400
_ABOVE: Final = 12.0
"""So far may words stand out of the field at its top."""
_HIDDEN: Final = 40
"""To hide a threshold is as bad as to hide so many samples."""


def near(chart: Lines, frame: Frame) -> list[Threshold]:
    """The thresholds that are in the picture."""
    limits = chart.thresholds[:_MOST_THRESHOLDS]
    return [limit for limit in limits if frame.scale.low <= limit.value <= frame.scale.high]


def write(
    sheet: Sheet, frame: Frame, drawn: Sequence[Drawn], chart: Lines, stretches: Sequence[tuple[float, float, str]]
) -> None:
    """Beside each threshold what it is, also of those that are beyond the field, and in stretches their names."""
    box, alarm, shown = frame.box, sheet.theme.alarm, near(chart, frame)
    levels = [float(frame.y(limit.value)) for limit in shown]
    field = _Field(sheet, box, [_pixels(frame, each) for each in drawn], levels)
    if not any(each.seen.any() for each in drawn):
        field.write(f"nothing but {said(0.0, chart.unit)}", [(box.top + box.bottom) / 2], sheet.theme.soft, middle=True)
    for limit, y in zip(shown, levels, strict=True):
        field.write(threshold_words(limit, chart.unit), [y - _AWAY, y + _AWAY], alarm)
    for limit in chart.thresholds[:_MOST_THRESHOLDS]:
        if limit.value > frame.scale.high:
            words = f"↑ {threshold_words(limit, chart.unit)}"
            field.write(words, [box.top + _AWAY + place * _NEXT for place in range(3)], alarm)
        elif limit.value < frame.scale.low:
            words = f"↓ {threshold_words(limit, chart.unit)}"
            field.write(words, [box.bottom - _AWAY - place * _NEXT for place in range(3)], alarm)
    for start, _, words in stretches:
        rows = [box.top + _AWAY, box.bottom - _AWAY, box.top + _AWAY + _NEXT]
        field.write(words, rows, sheet.theme.ink, [float(frame.x(start)) + 8])


@dataclass(frozen=True, slots=True)
class _Field:
    """What is there already."""

    sheet: Sheet
    box: Box
    curves: Sequence[tuple[Floats, Floats]]
    levels: Sequence[float]

    def write(
        self, words: str, rows: Sequence[float], colour: str, lefts: Sequence[float] = (), *, middle: bool = False
    ) -> None:
        """Nowhere, if no place is free."""
        box, room = self.box, (self.box.right - self.box.left) * _ROOM
        found = self.sheet.measured(box.left, rows[0], words, size=SMALL, room=room)
        wide = found.right - found.left
        centre = (box.left + box.right - wide) / 2
        starts = [centre] if middle else lefts or (box.left + 10, box.right - wide - 10, centre)
        places = [
            (x, y, place)
            for y in rows
            for x in starts
            if self.sheet.free(place := Box(x - 4, y - _HALF, x + wide + 4, y + _HALF))
            and box.top - _ABOVE <= place.top
            and place.bottom <= box.bottom + 4
            and box.left <= x
            and x + wide <= box.right
        ]
        if words and places:
            x, y, place = min(places, key=lambda each: self._hidden(each[2]))
            self.sheet.boxes([place], [self.sheet.theme.paper], opacity=0.7)
            self.sheet.text(x, y, words, size=SMALL, colour=colour, room=room)

    def _hidden(self, place: Box) -> int:
        """How many samples it would hide, and how many thresholds."""
        samples = sum(
            int(
                np.count_nonzero(
                    (xs > place.left) & (xs < place.right) & (ys > place.top - 4) & (ys < place.bottom + 4)
                )
            )
            for xs, ys in self.curves
        )
        return samples + _HIDDEN * sum(place.top < y < place.bottom for y in self.levels)


def _pixels(frame: Frame, each: Drawn) -> tuple[Floats, Floats]:
    """Also between samples that are far apart: the line is there too."""
    times, values = thinned(each.times, each.values)
    xs, ys = frame.x(times), frame.y(values)
    if not 1 < len(xs) < _DENSE:
        return xs, ys
    fine = np.linspace(xs[0], xs[-1], _DENSE)
    return fine, np.interp(fine, xs, ys)
