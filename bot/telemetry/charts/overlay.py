"""Now over before: two stretches on one axis that counts from the beginning of each, and what lies between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from bot.telemetry.charts import clock, flags
from bot.telemetry.charts.curves import Drawn, ends, ends_room, fit_ends, legend, legend_height, trace
from bot.telemetry.charts.frame import (
    BELOW_TITLE,
    UNDER,
    Frame,
    left_room,
    nothing,
    time_axis,
    title,
    under_axis,
    values_axis,
)
from bot.telemetry.charts.lines import span_of
from bot.telemetry.charts.looks import HEIGHT, MARGIN, WIDTH, Dashes, Theme
from bot.telemetry.charts.samples import points, thinned, within
from bot.telemetry.charts.scale import scale_for
from bot.telemetry.charts.shapes import Overlay
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean
from bot.telemetry.units import duration

_BEFORE: Final[Dashes] = (4, 1.5)


def draw(chart: Overlay, theme: Theme) -> Sheet:
    now = Drawn(clean(chart.now.name), *points(chart.now), theme.curves[0], ())
    before = Drawn(clean(chart.before.name), *points(chart.before), theme.soft, _BEFORE)
    shift = 0.0 if chart.same_time else _begin(now) - _begin(before)
    before = replace(before, times=before.times + shift)
    both = [now, before]
    below = 0.0 if fit_ends(both) else legend_height(len(both))
    sheet = Sheet(WIDTH, HEIGHT + int(below), theme)
    title(sheet, chart.title)
    span = span_of(both)
    if span is None:
        nothing(sheet, "No samples in either")
        return sheet
    scale = scale_for(np.concatenate([each.seen for each in both]), chart.unit)
    right = WIDTH - ends_room(both, chart.unit, named=not below)
    box = Box(MARGIN + left_room(scale), BELOW_TITLE, right, sheet.height - UNDER - 8 - below)
    marks = within(chart.marks, *span)
    raised = flags.placed(marks, Frame(box, *span, scale), WIDTH - MARGIN)
    frame = Frame(box._replace(top=box.top + flags.height(raised) + 14), *span, scale)
    values_axis(sheet, frame)
    _between(sheet, frame, now, before)
    trace(sheet, frame, before, width=1.9)
    trace(sheet, frame, now, width=2.6)
    flags.hoist(sheet, raised, frame)
    ends(sheet, frame, both, chart.unit, named=not below)
    if below:
        legend(sheet, both, chart.unit, sheet.height - below - 4)
    if chart.same_time or abs(shift) < 1:
        time_axis(sheet, frame, chart.timezone)
    else:
        _counted(sheet, frame, chart, shift)
    return sheet


def _begin(each: Drawn) -> float:
    return float(each.times[0]) if len(each.times) else 0.0


def _between(sheet: Sheet, frame: Frame, now: Drawn, before: Drawn) -> None:
    """The difference is what the chart is about: it is shaded, where both are known."""
    if not (now.seen.size > 1 and before.seen.size > 1):
        return
    times, values = thinned(now.times, now.values)
    known = np.isfinite(before.values)
    other = np.interp(times, before.times[known], before.values[known], left=np.nan, right=np.nan)
    sheet.area(frame.x(times), frame.y(values), frame.y(other), now.colour, opacity=0.13, inside=frame.box)


def _counted(sheet: Sheet, frame: Frame, chart: Overlay, shift: float) -> None:
    """Two clocks at once would be none: the axis has the hours of now, the caption when before was."""
    where, name = clock.zone(chart.timezone)
    most = max(2, int((frame.box.right - frame.box.left) / 130))
    first = clock.caption(frame.start, frame.end, where, name)
    words = f"{first} · {clean(chart.before.name, 40)}: {duration(abs(shift))} {'earlier' if shift > 0 else 'later'}"
    under_axis(sheet, frame, clock.ticks(frame.start, frame.end, most, where), words)
