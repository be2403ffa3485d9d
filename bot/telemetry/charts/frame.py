"""The field in which curves are drawn: data to pixels, the grid, and what is written beside and below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from bot.telemetry.charts import clock
from bot.telemetry.charts.lettering import drawable, width_of
from bot.telemetry.charts.looks import BODY, MARGIN, SMALL, TITLE
from bot.telemetry.charts.scale import Scale
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.signals import Floats

TITLE_MIDDLE: Final = MARGIN + 16
BELOW_TITLE: Final = MARGIN + 52
UNDER: Final = 102
"""Below the field: the ticks' row and the caption's."""
_BEYOND: Final = 1e306
"""More than any axis has."""
_WORDS: Final = 130
"""Pixels for each word of the axis of time."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a shade means, or a note without one."""

    words: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the field is, and what its edges mean."""

    box: Box
    start: float
    end: float
    scale: Scale

    def x(self, times: ArrayLike) -> Floats:
        share = (np.asarray(times, dtype=float) - self.start) / max(self.end - self.start, 1e-9)
        placed: Floats = self.box.left + np.clip(share, -1, 2) * (self.box.right - self.box.left)
        return placed

    def y(self, values: ArrayLike) -> Floats:
        held = np.clip(np.asarray(values, dtype=float), -_BEYOND, _BEYOND)
        share = (held - self.scale.low) / (self.scale.high - self.scale.low)
        placed: Floats = self.box.bottom - np.clip(share, -1, 2) * (self.box.bottom - self.box.top)
        return placed


def title(sheet: Sheet, words: str) -> None:
    """Smaller before it is cut."""
    room = sheet.width - 2 * MARGIN
    size = next((size for size in (TITLE, BODY, SMALL) if width_of(drawable(words), size, bold=True) <= room), SMALL)
    sheet.text(MARGIN, TITLE_MIDDLE, words or "Untitled", size=size, bold=True, room=room)


def nothing(sheet: Sheet, words: str, box: Box | None = None) -> None:
    """An empty chart says that it is empty."""
    box = box or Box(MARGIN, BELOW_TITLE + 10, sheet.width - MARGIN, sheet.height - MARGIN)
    sheet.card(box, sheet.theme.fills["unknown"])
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    sheet.text(*middle, words, colour=sheet.theme.soft, across="center", size=BODY + 1)


def left_room(scale: Scale) -> float:
    """How wide the values' words are."""
    return min(300.0, max((width_of(words, SMALL) for _, words in scale.ticks), default=0) + 18)


def values_axis(sheet: Sheet, frame: Frame) -> None:
    """Hair lines, and values to their left."""
    box = frame.box
    ys = [float(frame.y(value)) for value, _ in frame.scale.ticks]
    sheet.segments([[(box.left, y), (box.right, y)] for y in ys], sheet.theme.faint, width=0.9)
    for (_, words), y in zip(frame.scale.ticks, ys, strict=True):
        sheet.text(
            box.left - 14, y, words, size=SMALL, colour=sheet.theme.soft, across="right", room=box.left - 18
        )  # fmt: skip


def time_axis(sheet: Sheet, frame: Frame, timezone: str, keys: Sequence[Key] = ()) -> None:
    """Round moments, and below them which day this is, and in whose time."""
    where, name = clock.zone(timezone)
    most = max(2, int((frame.box.right - frame.box.left) / _WORDS))
    found = clock.ticks(frame.start, frame.end, most, where)
    under_axis(sheet, frame, found, clock.caption(frame.start, frame.end, where, name), keys)


def under_axis(
    sheet: Sheet, frame: Frame, found: Sequence[tuple[float, str]], caption: str, keys: Sequence[Key] = ()
) -> None:
    """Ticks with their words where these do not touch, then the caption, and at its right what shades mean."""
    base, soft = frame.box.bottom, sheet.theme.soft
    xs = [float(frame.x(at)) for at, _ in found]
    sheet.segments([[(frame.box.left, base), (frame.box.right, base)]], soft, width=0.9)
    sheet.segments([[(x, base), (x, base + 7)] for x in xs], soft, width=0.9)
    for x, (_, words) in zip(xs, found, strict=True):
        place = sheet.measured(x, base + 37, words, size=SMALL, across="center")
        if sheet.free(Box(place.left - 12, place.top, place.right + 12, place.bottom)):
            sheet.text(x, base + 37, words, size=SMALL, colour=soft, across="center")
    free = _keys(sheet, frame.box, base + 76, keys)
    left = min(frame.box.left, 160)
    sheet.text(left, base + 76, caption, size=SMALL, colour=soft, room=free - left - 20)


def _keys(sheet: Sheet, box: Box, middle: float, keys: Sequence[Key]) -> float:
    """From right to left; gives how far the caption may go."""
    right: float = sheet.width - MARGIN
    for key in keys:
        place = sheet.text(
            right, middle, key.words, size=SMALL, colour=sheet.theme.soft, across="right",
            room=(right - box.left) * 0.6,
        )  # fmt: skip
        right = place.left - 12
        if key.colour:
            sheet.boxes([Box(right - 28, middle - 11, right, middle + 11)], [key.colour])
            right -= 28
        right -= 28
    return right
