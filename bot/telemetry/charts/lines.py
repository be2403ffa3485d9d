"""Series over time: curves, what is usual, what happened, and what should not be passed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np

from bot.telemetry.charts import clock, flags
from bot.telemetry.charts.curves import Drawn, ends, ends_room, legend, legend_height, trace
from bot.telemetry.charts.frame import (
    BELOW_TITLE,
    UNDER,
    Frame,
    Key,
    left_room,
    nothing,
    time_axis,
    title,
    values_axis,
)
from bot.telemetry.charts.looks import HEIGHT, MARGIN, WIDTH, Theme, parts
from bot.telemetry.charts.notes import near, write
from bot.telemetry.charts.samples import floats, points, thinned, within
from bot.telemetry.charts.scale import Scale, scale_for
from bot.telemetry.charts.shapes import Band, Curve, Lines
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean

DIRECT: Final = 4
"""So many curves are labelled where they end."""
_FAR: Final = 3.0
"""What is so many times as high as the curves would press them flat: it is only named."""
_HEADROOM: Final = 0.1
"""Of the field: above the uppermost threshold there is room for what it is called, for the curve is below."""
_MOST_STRETCHES: Final = 60
_SEEN: Final = 22.0
"""Pixels that a band is high at least: less is hidden behind its curve, or beneath the axis."""
_USUAL: Final = 0.3
"""How much of the curve's colour it has."""
_LONE: Final = 30.0
"""Seconds to each side of a chart's only sample."""


def draw(chart: Lines, theme: Theme) -> Sheet:
    drawn = drawn_of(chart.curves, theme)
    below = legend_height(len(drawn)) if len(drawn) > DIRECT else 0.0
    sheet = Sheet(WIDTH, HEIGHT + int(max(0.0, below - 90)), theme)
    title(sheet, chart.title)
    span = span_of(drawn)
    if span is None:
        nothing(sheet, "No samples in this time")
        return sheet
    scale = scale_of(chart, drawn)
    named = len(drawn) > 1 or clean(drawn[0].name).casefold() not in clean(chart.title).casefold()
    right = WIDTH - (MARGIN if below else ends_room(drawn, chart.unit, named=named))
    box = Box(MARGIN + left_room(scale), BELOW_TITLE, right, sheet.height - UNDER - 8 - below)
    marks = within(chart.marks, *span)
    raised = flags.placed(marks, Frame(box, *span, scale), WIDTH - MARGIN)
    frame = Frame(box._replace(top=box.top + flags.height(raised) + 14), *span, scale)
    values_axis(sheet, frame)
    field(sheet, frame, chart, drawn)
    flags.hoist(sheet, raised, frame)
    if below:
        legend(sheet, drawn, chart.unit, sheet.height - below - 4)
    else:
        ends(sheet, frame, drawn, chart.unit, named=named)
    write(sheet, frame, drawn, chart, stretches_of(chart, frame))
    time_axis(sheet, frame, chart.timezone, keys(sheet, [(chart, frame)], flags.unnamed(raised, len(marks))))
    return sheet


def drawn_of(curves: Sequence[Curve], theme: Theme) -> list[Drawn]:
    return [Drawn(clean(curve.name), *points(curve), *theme.curve(place)) for place, curve in enumerate(curves)]


def span_of(drawn: Sequence[Drawn]) -> tuple[float, float] | None:
    """From the first place on the grid to the last; None where nothing was measured."""
    if not any(each.seen.size for each in drawn):
        return None
    start = min(float(each.times[0]) for each in drawn if len(each.times))
    end = max(float(each.times[-1]) for each in drawn if len(each.times))
    return (start, end) if end > start else (start - _LONE, end + _LONE)


def scale_of(chart: Lines, drawn: Sequence[Drawn], most: int = 5) -> Scale:
    """Of the curves, and of the band and of thresholds that are near enough."""
    seen = np.concatenate([each.seen for each in drawn])
    low, high = float(seen.min()), float(seen.max())
    reach = _FAR * max(abs(low), abs(high))
    near = [each.value for each in chart.thresholds if abs(each.value) <= reach]
    bands = [floats(chart.band.low), floats(chart.band.high)] if chart.band else []
    usual = [float(value) for band in bands for value in band[np.abs(band) <= reach]]
    values = [low, high, *near, *usual]
    found = scale_for(values, chart.unit, most)
    room = _HEADROOM * (found.high - found.low)
    if near and max(near) >= high and max(near) + room > found.high:
        top = max(near) + room
        found = scale_for(
            [*values, min(top, 1.0) if chart.unit == "share" and max(near) <= 1 else top], chart.unit, most
        )
    return found


def field(sheet: Sheet, frame: Frame, chart: Lines, drawn: Sequence[Drawn], *, width: float = 2.2) -> None:
    """What is inside the frame, from the back to the front."""
    theme, box = sheet.theme, frame.box
    for start, end, _ in stretches_of(chart, frame):
        left, right = float(frame.x(start)), float(frame.x(end))
        sheet.boxes([Box(left, box.top, max(right, left + 3), box.bottom)], [theme.shade], opacity=0.75)
    if chart.band and drawn:
        _usual(sheet, frame, chart, drawn[0])
    for limit in near(chart, frame):
        y = float(frame.y(limit.value))
        sheet.line([box.left, box.right], [y, y], theme.alarm, width=1.3, dashes=(6, 3))
    for each in reversed(drawn):
        trace(sheet, frame, each, width=width)


def stretches_of(chart: Lines, frame: Frame) -> list[tuple[float, float, str]]:
    """Those that are in the picture, as far as they are."""
    held = ((clock.seconds_of(each.start), clock.seconds_of(each.end), each.label) for each in chart.stretches)
    return [
        (max(start, frame.start), min(end, frame.end), clean(label))
        for start, end, label in islice(held, _MOST_STRETCHES)
        if start <= frame.end and end >= frame.start and end >= start
    ]


def _usual(sheet: Sheet, frame: Frame, chart: Lines, first: Drawn) -> None:
    assert chart.band
    low, high = floats(chart.band.low), floats(chart.band.high)
    count = min(len(low), len(high), len(first.times))
    if not count:
        return
    times, bottom = thinned(first.times[:count], low[:count])
    top = high[:count] if len(bottom) == count else np.interp(times, first.times[:count], high[:count])
    colour, _ = sheet.theme.curve(0)
    under, over = frame.y(bottom), frame.y(top)
    more = np.maximum(0.0, _SEEN - (under - over)) / 2
    sheet.area(frame.x(times), under + more, over - more, colour, opacity=_USUAL, inside=frame.box)


def keys(sheet: Sheet, shown: Sequence[tuple[Lines, Frame]], unlabelled: str) -> list[Key]:
    """What shades mean, where they are seen."""
    theme = sheet.theme
    found = [Key(unlabelled)] if unlabelled else []
    if any(stretches_of(chart, frame) for chart, frame in shown):
        found.append(Key("unusual", theme.shade))
    bands = [chart.band for chart, frame in shown if chart.band and _inside(chart.band, frame)]
    if bands:
        found.append(Key(clean(bands[0].label) or "usual", _blend(theme.curve(0)[0], theme.paper, _USUAL)))
    return found


def _inside(band: Band, frame: Frame) -> bool:
    """Whether any of it is in the field: far from the curves it is not drawn."""
    low, high = (np.array(side[: min(len(band.low), len(band.high))], dtype=float) for side in (band.low, band.high))
    return bool(np.any((low <= frame.scale.high) & (high >= frame.scale.low)))


def _blend(colour: str, paper: str, share: float) -> str:
    mixed = (round(a * share + b * (1 - share)) for a, b in zip(parts(colour), parts(paper), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
