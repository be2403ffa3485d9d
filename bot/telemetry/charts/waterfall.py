"""One trace: which span waited for which, where the time went, and where it broke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.telemetry.charts.frame import BELOW_TITLE, Frame, nothing, title
from bot.telemetry.charts.lettering import drawable, width_of
from bot.telemetry.charts.looks import LEAST, MARGIN, SMALL, WIDTH, Theme, apart
from bot.telemetry.charts.samples import bounded
from bot.telemetry.charts.scale import Scale, scale_for
from bot.telemetry.charts.shapes import Bar, Waterfall
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean, counted, said

MOST_ROWS: Final = 40
_ROW: Final = 38.0
_INDENT: Final = 16.0
_DEEPEST: Final = 8
_NAMES: Final = 500.0
_BAR: Final = 12.0
_THIN: Final = 3.0
_LIKE: Final = 60.0


def chosen(bars: Sequence[Bar]) -> list[int]:
    """The most telling, in their order: failed and critical ones, then the longest, each below its parents."""
    if len(bars) <= MOST_ROWS:
        return list(range(len(bars)))
    parents = _parents(bars)
    order = sorted(
        range(len(bars)), key=lambda at: (-(2 * bars[at].error + bars[at].critical), -_length(bars[at]), at)
    )  # fmt: skip
    kept: set[int] = set()
    for at in order:
        line: list[int] = []
        above: int | None = at
        while above is not None and above not in kept and len(line) <= MOST_ROWS:
            line.append(above)
            above = parents[above]
        if len(kept) + len(line) <= MOST_ROWS:
            kept.update(line)
    return sorted(kept)


def _parents(bars: Sequence[Bar]) -> list[int | None]:
    """By depth: the last before it that is less deep."""
    found: list[int | None] = []
    stack: list[int] = []
    for at, bar in enumerate(bars):
        while stack and bars[stack[-1]].depth >= bar.depth:
            stack.pop()
        found.append(stack[-1] if stack else None)
        stack.append(at)
    return found


def _length(bar: Bar) -> float:
    return max(0.0, bounded(bar.seconds))


def draw(chart: Waterfall, theme: Theme) -> Sheet:
    rows = [chart.bars[at] for at in chosen(chart.bars)]
    if not rows:
        sheet = Sheet(WIDTH, LEAST, theme)
        title(sheet, chart.title)
        nothing(sheet, "This trace has no spans")
        return sheet
    top = BELOW_TITLE + 52
    sheet = Sheet(WIDTH, max(LEAST, int(top + len(rows) * _ROW + 72)), theme)
    title(sheet, chart.title)
    low = min(0.0, *(bounded(bar.start) for bar in chart.bars))
    high = max(bounded(bar.start) + _length(bar) for bar in chart.bars)
    high = high if high > low else low + 1e-3
    names = min(_NAMES, max(_name_width(bar) for bar in rows))
    values = max(width_of(said(_length(bar), "s"), SMALL) for bar in rows) + 10
    box = Box(MARGIN + names + 20, top, WIDTH - MARGIN - values, top + len(rows) * _ROW + 4)
    frame = Frame(box, low, high, Scale(0.0, 1.0, ()))
    _axis(sheet, frame)
    services = _services(rows, theme)
    for place, bar in enumerate(rows):
        _row(sheet, frame, bar, top + (place + 0.5) * _ROW + 2, services[bar.service])
    _foot(sheet, chart, rows)
    return sheet


def _indent(bar: Bar) -> float:
    return min(bar.depth, _DEEPEST) * _INDENT


def _name(bar: Bar) -> str:
    """The service once, also where the span is called after it."""
    service, label = clean(bar.service), clean(bar.label)
    return label if label.casefold().startswith(service.casefold()) else f"{service} {label}"


def _name_width(bar: Bar) -> float:
    return _indent(bar) + width_of(drawable(_name(bar)), SMALL, bold=bar.critical) + (34 if bar.error else 4)


def _services(rows: Sequence[Bar], theme: Theme) -> dict[str, str]:
    """A colour for each, none of them like the one of failure."""
    names = dict.fromkeys(bar.service for bar in rows)
    colours = [colour for colour in theme.curves if apart(colour, theme.alarm) > _LIKE]
    return {name: colours[place % len(colours)] for place, name in enumerate(names)}


def _axis(sheet: Sheet, frame: Frame) -> None:
    """From the beginning of the trace on, above the rows."""
    box, theme = frame.box, sheet.theme
    ticks = [each for each in scale_for([frame.start, frame.end], "s", 5).ticks if frame.start <= each[0] <= frame.end]
    xs = [float(frame.x(at)) for at, _ in ticks]
    sheet.segments([[(x, box.top), (x, box.bottom)] for x in xs], theme.faint, width=0.9)
    for x, (_, words) in zip(xs, ticks, strict=True):
        place = sheet.measured(x, box.top - 20, words, size=SMALL, across="center")
        if sheet.free(Box(place.left - 14, place.top, place.right + 14, place.bottom)):
            sheet.text(x, box.top - 20, words, size=SMALL, colour=theme.soft, across="center")


def _row(sheet: Sheet, frame: Frame, bar: Bar, middle: float, colour: str) -> None:
    theme, box = sheet.theme, frame.box
    name = MARGIN + _indent(bar)
    words = f"✖ {_name(bar)}" if bar.error else _name(bar)
    ink = theme.alarm if bar.error else theme.ink if bar.critical else theme.soft
    sheet.text(name, middle, words, size=SMALL, colour=ink, bold=bar.critical, room=box.left - 16 - name)
    left, right = float(frame.x(bounded(bar.start))), float(frame.x(bounded(bar.start) + _length(bar)))
    left = min(left, box.right - _THIN)
    half = _BAR if bar.critical or bar.error else _BAR * 0.7
    place = Box(left, middle - half, max(right, left + _THIN), middle + half)
    if bar.error:
        colour = theme.alarm
    sheet.boxes([place], [colour])
    if bar.critical:
        sheet.boxes([Box(place.left, place.bottom + 1, place.right, place.bottom + 4)], [theme.ink])
    sheet.text(place.right + 10, middle, said(_length(bar), "s"), size=SMALL, colour=theme.soft)


def _foot(sheet: Sheet, chart: Waterfall, rows: Sequence[Bar]) -> None:
    left_out = len(chart.bars) - len(rows) + max(0, chart.left_out)
    failed = sum(bar.error for bar in chart.bars)
    notes = [
        "underlined: critical path" if any(bar.critical for bar in rows) else "",
        f"✖ {failed} failed" if failed else "",
        f"{counted(left_out, 'span')} not shown" if left_out else "",
    ]
    words = " · ".join(note for note in notes if note)
    sheet.text(MARGIN, sheet.height - 36, words, size=SMALL, colour=sheet.theme.soft, room=WIDTH - 2 * MARGIN)
