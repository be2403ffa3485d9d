"""Things beside each other, the greatest first: bars with their values, from zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from bot.telemetry.charts.frame import BELOW_TITLE, nothing, title
from bot.telemetry.charts.lettering import drawable, width_of, wrapped
from bot.telemetry.charts.looks import BODY, LEAST, MARGIN, SMALL, SYMBOLS, TINY, WIDTH, Theme
from bot.telemetry.charts.samples import bounded, threshold_words
from bot.telemetry.charts.shapes import Amount, Amounts
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean, counted, said

MOST_ROWS: Final = 30
_ROW: Final = 56.0
_TALL: Final = 76.0
_LINE: Final = 34.0
_NAMES: Final = 430.0
_PARTS: Final = " · "
_BAR: Final = 17.0
_SYMBOL: Final = 40.0
_FAR: Final = 3.0
_TINY_SHARE: Final = 0.05
"""Where no share is greater, everything is no measure: nothing of them would be seen."""
_FIGURES: Final = frozenset("-−+$<>≤≥")


def draw(chart: Amounts, theme: Theme) -> Sheet:
    shown = ranked(chart)[:MOST_ROWS]
    left_out = len(chart.amounts) - len(shown)
    foot = 46 if left_out else 0
    names = [_words(each.label) for each in shown]
    row = _TALL if any(len(words) > 1 for words in names) else _ROW
    high = BELOW_TITLE + 20 + len(shown) * row + foot + (40 if chart.threshold else 0) + 10
    sheet = Sheet(WIDTH, max(LEAST, int(high)) if shown else LEAST, theme)
    title(sheet, chart.title)
    if not shown:
        nothing(sheet, "Nothing to compare")
        return sheet
    top = BELOW_TITLE + 6 + (36 if chart.threshold else 0)
    states = any(each.state != "unknown" for each in shown)
    wide = max(width_of(line, SMALL) for words in names for line in words) + (_SYMBOL if states else 0)
    values = min(430.0, max(width_of(_value(each, chart.unit), SMALL, bold=True) for each in shown)) + 10
    box = Box(MARGIN + wide + 20, top, WIDTH - MARGIN - values - 12, top + len(shown) * row)
    low, high_end = reach(chart, shown)
    zero = box.left + (0 - low) / (high_end - low) * (box.right - box.left)
    for place, (each, words) in enumerate(zip(shown, names, strict=True)):
        middle = top + (place + 0.5) * row
        _label(sheet, each, words, middle, states=states)
        _row(sheet, each, chart.unit, box, middle, zero, (low, high_end), states=states)
    sheet.line([zero, zero], [box.top, box.bottom], theme.soft, width=0.9)
    _limit(sheet, chart, box, low, high_end)
    if left_out:
        sheet.text(
            MARGIN, box.bottom + 28, f"{counted(left_out, 'smaller one')} not shown", size=SMALL, colour=theme.soft
        )
    return sheet


def ranked(chart: Amounts) -> list[Amount]:
    """As they came: the asker knows what is greatest; only what is no number goes to the end."""
    return sorted(chart.amounts, key=lambda each: not math.isfinite(each.value))


def _words(label: str) -> list[str]:
    """On two lines where one is too short, its second part on the second."""
    words = drawable(label)
    first, _, second = words.partition(_PARTS)
    if width_of(words, SMALL) > _NAMES and second and max(width_of(first, SMALL), width_of(second, SMALL)) <= _NAMES:
        return [first, second]
    return wrapped(words, SMALL, _NAMES)


def _value(each: Amount, unit: str) -> str:
    """A detail that begins with a figure is the value in other words."""
    value, detail = said(each.value, unit), clean(each.detail, 60)
    own = detail[:1].isdigit() or (detail and detail[0] in _FIGURES)
    return detail if own else f"{value}  {detail}".rstrip()


def reach(chart: Amounts, shown: Sequence[Amount]) -> tuple[float, float]:
    """From the least to the greatest, zero between; a far threshold does not press the bars flat."""
    values = [bounded(each.value) for each in shown]
    low, high = min(0.0, *values), max(0.0, *values)
    if _of_everything(chart.unit, values):
        high = max(1.0, high)
    if chart.threshold and abs(bounded(chart.threshold.value)) <= _FAR * max(high, -low):
        limit = bounded(chart.threshold.value)
        low, high = min(low, limit), max(high, limit)
    return (low, high) if high > low else (0.0, 1.0)


def _of_everything(unit: str, values: Sequence[float]) -> bool:
    """A share is seen against everything: 61 % is not full."""
    return unit == "share" and max(map(abs, values)) > _TINY_SHARE


def _label(sheet: Sheet, each: Amount, words: Sequence[str], middle: float, *, states: bool) -> None:
    theme, left = sheet.theme, float(MARGIN)
    if states:
        colour = theme.states[each.state]
        sheet.text(left, middle, SYMBOLS[each.state], size=BODY, colour=colour, bold=True)
        left += _SYMBOL
    first = middle - (len(words) - 1) * _LINE / 2
    for place, line in enumerate(words):
        sheet.text(
            left, first + place * _LINE, line, size=TINY if place else SMALL, colour=theme.soft if place else theme.ink
        )


def _row(
    sheet: Sheet, each: Amount, unit: str, box: Box, middle: float, zero: float, ends: tuple[float, float],
    *, states: bool,
) -> None:  # fmt: skip
    theme = sheet.theme
    low, high = ends
    end = box.left + (bounded(each.value) - low) / (high - low) * (box.right - box.left)
    colour = theme.states[each.state] if states else theme.curve(0)[0]
    bar = Box(min(zero, end), middle - _BAR, max(zero, end), middle + _BAR)
    if unit == "share" and high >= 1:
        whole = box.left + (1 - low) / (high - low) * (box.right - box.left)
        sheet.boxes([Box(zero, bar.top, whole, bar.bottom)], [theme.faint], opacity=0.6)
    sheet.boxes([bar], [colour])
    sheet.text(box.right + 14, middle, _value(each, unit), size=SMALL, bold=True, room=WIDTH - MARGIN - box.right - 14)


def _limit(sheet: Sheet, chart: Amounts, box: Box, low: float, high: float) -> None:
    if not chart.threshold or not math.isfinite(chart.threshold.value):
        return
    value, colour = chart.threshold.value, sheet.theme.alarm
    words = threshold_words(chart.threshold, chart.unit)
    if not low <= value <= high:
        sheet.text(
            box.right, box.top - 20, f"→ {words}", size=SMALL, colour=colour, across="right", room=box.right - MARGIN
        )
        return
    x = box.left + (value - low) / (high - low) * (box.right - box.left)
    sheet.line([x, x], [box.top - 2, box.bottom], colour, width=1.3, dashes=(6, 3))
    sheet.text(x, box.top - 20, words, size=SMALL, colour=colour, across="center", room=box.right - box.left)
