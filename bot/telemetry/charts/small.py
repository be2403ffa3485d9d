"""Several small charts over the same hours, one above the other: what moved first is seen at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.telemetry.charts import flags
from bot.telemetry.charts.curves import Drawn, ends, ends_room
from bot.telemetry.charts.frame import (
    BELOW_TITLE,
    UNDER,
    Frame,
    left_room,
    nothing,
    time_axis,
    title,
    values_axis,
)
from bot.telemetry.charts.lines import drawn_of, field, keys, scale_of, span_of, stretches_of
from bot.telemetry.charts.looks import LEAST, MARGIN, SMALL, WIDTH, Theme
from bot.telemetry.charts.notes import write
from bot.telemetry.charts.samples import within
from bot.telemetry.charts.scale import Scale
from bot.telemetry.charts.shapes import Lines, Mark, Small
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean, counted

MOST_PANELS: Final = 6
_PANEL: Final = 176.0
_HEAD: Final = 66.0
_MOST_ENDS: Final = 2
"""More labels than these have no room beside a small field."""
_NONE: Final = Scale(0.0, 1.0, ())


def draw(chart: Small, theme: Theme) -> Sheet:
    panels = chart.panels[:MOST_PANELS]
    drawn = [drawn_of(panel.curves, theme) for panel in panels]
    spans = [span for each in drawn if (span := span_of(each))]
    if not spans:
        sheet = Sheet(WIDTH, LEAST, theme)
        title(sheet, chart.title)
        nothing(sheet, "No samples in this time")
        return sheet
    span = min(start for start, _ in spans), max(end for _, end in spans)
    scales = [scale_of(panel, each, 3) if span_of(each) else _NONE for panel, each in zip(panels, drawn, strict=True)]
    wide = [ends_room(each, panel.unit, named=_named(panel, each)) for panel, each in zip(panels, drawn, strict=True)]
    left, right = MARGIN + max(left_room(scale) for scale in scales), WIDTH - max(wide)
    marks = within(_marks(panels), *span)
    raised = flags.placed(marks, Frame(Box(left, 0, right, 0), *span, _NONE), WIDTH - MARGIN)
    top = BELOW_TITLE + flags.height(raised) + (6 if raised else -14)
    sheet = Sheet(WIDTH, int(top + len(panels) * (_PANEL + _HEAD) + UNDER + 8), theme)
    title(sheet, chart.title)
    boxes = (
        Box(left, top + place * (_PANEL + _HEAD) + _HEAD, right, top + (place + 1) * (_PANEL + _HEAD))
        for place in range(len(panels))
    )
    frames = [Frame(box, *span, scale) for box, scale in zip(boxes, scales, strict=True)]
    flags.hoist(sheet, raised, Frame(frames[0].box._replace(top=top), *span, _NONE), frames[-1].box.bottom)
    for panel, each, frame in zip(panels, drawn, frames, strict=True):
        _panel(sheet, panel, each, frame)
    more = len(chart.panels) - len(panels)
    words = (flags.unnamed(raised, len(marks)), f"{counted(more, 'more chart')} not shown" if more else "")
    shown = [(panel, frame) for panel, each, frame in zip(panels, drawn, frames, strict=True) if span_of(each)]
    time_axis(sheet, frames[-1], panels[0].timezone, keys(sheet, shown, " · ".join(word for word in words if word)))
    return sheet


def _named(panel: Lines, drawn: Sequence[Drawn]) -> bool:
    """One curve has its panel's title."""
    return len(drawn) > 1 or (bool(drawn) and not clean(panel.title))


def _marks(panels: Sequence[Lines]) -> list[Mark]:
    """Of all panels, each once."""
    return list({(mark.at, mark.label, mark.kind): mark for panel in panels for mark in panel.marks}.values())


def _panel(sheet: Sheet, panel: Lines, drawn: Sequence[Drawn], frame: Frame) -> None:
    """Its title on the paper between the fields, so that no line of a mark goes through the words."""
    box = frame.box
    head = sheet.measured(MARGIN, box.top - 26, panel.title, size=SMALL, bold=True, room=WIDTH - 2 * MARGIN)
    sheet.boxes([Box(head.left, head.top, head.right + 6, head.bottom)], [sheet.theme.paper])
    sheet.text(MARGIN, box.top - 26, panel.title, size=SMALL, bold=True, room=WIDTH - 2 * MARGIN)
    if span_of(drawn) is None:
        nothing(sheet, "No samples", box)
        return
    values_axis(sheet, frame)
    field(sheet, frame, panel, drawn, width=1.9)
    if len(drawn) <= _MOST_ENDS:
        ends(sheet, frame, drawn, panel.unit, named=_named(panel, drawn))
    write(sheet, frame, drawn, panel, stretches_of(panel, frame))
    sheet.segments([[(box.left, box.bottom), (box.right, box.bottom)]], sheet.theme.soft, width=0.9)
