"""What happened, above the chart: labels in rows that never touch, each on the line of its own moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.telemetry.charts.frame import Frame
from bot.telemetry.charts.lettering import width_of
from bot.telemetry.charts.looks import MARGIN, SMALL, Dashes
from bot.telemetry.charts.samples import label_of
from bot.telemetry.charts.shapes import Mark
from bot.telemetry.charts.sheet import Sheet
from bot.telemetry.charts.words import counted

ROW: Final = 38
_MOST: Final = 60
_FEW: Final = 8
_ROWS: Final = 4
_WIDTHS: Final = (560.0, 300.0, 170.0)
"""How wide a label may be: as it is, else shorter."""
_AWAY: Final = 9.0
_GAP: Final = 14.0
_DASHES: Final[dict[str, Dashes]] = {"deploy": (), "change": (2, 2), "onset": (6, 2)}


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark, and where its label goes; without words it is a line only."""

    at: float
    mark: Mark
    words: str = ""
    row: int = 0
    left: float = 0.0
    right: float = 0.0


@dataclass(slots=True)
class _Rows:
    """What is taken: of each row, and by the lines that go up to a row."""

    flags: list[Flag] = field(default_factory=list)
    poles: list[tuple[float, int]] = field(default_factory=list)

    def free(self, x: float, row: int, left: float, right: float) -> bool:
        return not (
            any(each.row == row and each.left < right + _GAP and left < each.right + _GAP for each in self.flags)
            or any(each.row < row and each.left < x + _AWAY and x - _AWAY < each.right for each in self.flags)
            or any(up >= row and left < pole + _AWAY / 2 and pole - _AWAY / 2 < right for pole, up in self.poles)
        )


def placed(marks: Sequence[tuple[float, Mark]], frame: Frame, edge: float) -> list[Flag]:
    """The last first, since labels go to the right; what has no place is a line without words."""
    rows, bare = _Rows(), []
    order = sorted(marks, key=lambda pair: (pair[1].kind != "onset", -pair[0]))[:_MOST]
    xs = [float(frame.x(at)) for at, _ in order]
    for at, mark in order:
        flag = _fitting(at, mark, float(frame.x(at)), xs, rows, MARGIN, edge)
        if flag is None:
            bare.append(Flag(at, mark))
            continue
        rows.flags.append(flag)
        rows.poles.append((float(frame.x(at)), flag.row))
    return sorted([*rows.flags, *bare], key=lambda flag: flag.at)


def _fitting(
    at: float, mark: Mark, x: float, others: Sequence[float], rows: _Rows, left: float, edge: float
) -> Flag | None:
    """To the right of its line; to the left where that is in nobody's way."""
    words = label_of(mark)
    bold = mark.kind == "onset"
    whole = width_of(words, SMALL, bold=bold) + 2
    for most in _WIDTHS:
        width = min(whole, most)
        sides = [x + _AWAY]
        if not any(x - _AWAY - width - _AWAY < other < x for other in others):
            sides.append(x - _AWAY - width)
        for row in range(_ROWS):
            for begin in sides:
                if begin >= left and begin + width <= edge and rows.free(x, row, begin, begin + width):
                    return Flag(at, mark, words, row, begin, begin + width)
        if whole <= most:
            break
    return None


def height(flags: Sequence[Flag]) -> float:
    return max((flag.row + 1 for flag in flags if flag.words), default=0) * ROW


def unnamed(flags: Sequence[Flag], marks: int) -> str:
    """How many are lines only."""
    bare = marks - sum(1 for flag in flags if flag.words)
    return f"{counted(bare, 'mark')} without label" if bare > 0 else ""


def hoist(sheet: Sheet, flags: Sequence[Flag], frame: Frame, bottom: float = 0.0, *, named: bool = True) -> None:
    """Lines across the field, labels above it."""
    top, bottom = frame.box.top, bottom or frame.box.bottom
    opacity = 1.0 if len(flags) <= _FEW else 0.45
    for flag in flags:
        colour = sheet.theme.alarm if flag.mark.kind == "onset" else sheet.theme.soft
        middle = top - 28 - flag.row * ROW
        x = float(frame.x(flag.at))
        dashes = _DASHES[flag.mark.kind]
        peak = middle - 14 if flag.words and named else top
        sheet.line([x, x], [bottom, peak], colour, width=1.0, dashes=dashes, opacity=opacity)
        if flag.words and named:
            sheet.text(
                flag.left, middle, flag.words, size=SMALL, room=flag.right - flag.left,
                bold=flag.mark.kind == "onset",
                colour=colour if flag.mark.kind == "onset" else sheet.theme.ink,
            )  # fmt: skip
