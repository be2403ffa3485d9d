"""Words as they are written: how wide they are, what the font cannot write, and where they are cut.

Pillow writes them, not matplotlib, which takes ten times as long: nearly all of a picture's time would be its words.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.font_manager import get_font
from PIL import ImageFont

from bot.telemetry.charts.looks import DPI
from bot.telemetry.charts.words import clean

_FOLDER: Final = Path(mpl.get_data_path(), "fonts", "ttf")
_FILES: Final = (str(_FOLDER / "DejaVuSans.ttf"), str(_FOLDER / "DejaVuSans-Bold.ttf"))
_HEAD: Final = 0.45
_MISSING: Final = "▯"
_BREAKS: Final = frozenset("-_./ ·")


def pixels(size: float) -> float:
    return size * DPI / 72


@cache
def font_of(size: float, bold: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001  the key of a cache
    """Without shaping: no picture hangs on which libraries a machine has."""
    return ImageFont.truetype(_FILES[bold], pixels(size), layout_engine=ImageFont.Layout.BASIC)


@cache
def _signs() -> frozenset[int]:
    """What both fonts can write."""
    plain, bold = (frozenset(get_font(file).get_charmap()) for file in _FILES)
    return plain & bold


def drawable(words: str) -> str:
    """What the font has no sign for is a box."""
    known = _signs()
    return "".join(sign if ord(sign) in known else _MISSING for sign in clean(words))


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    return font_of(size, bold).getlength(words)


def fitted(words: str, size: float, room: float, *, bold: bool = False, middle: bool = False) -> str:
    """As much of it as the room has place for; names of machines differ at their end, so they are cut in the middle."""
    words = drawable(words)
    if width_of(words, size, bold=bold) <= room:
        return words
    room -= width_of("…", size, bold=bold)
    head = _longest(words, size, room * _HEAD if middle else room, bold=bold)
    tail = _longest(words[::-1], size, room * (1 - _HEAD), bold=bold) if middle else 0
    return f"{words[:head].rstrip()}…{words[len(words) - tail :].lstrip()}" if head + tail else ""


def _longest(words: str, size: float, room: float, *, bold: bool) -> int:
    """How many signs, from the first on."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(words[:middle], size, bold=bold) <= room else (low, middle - 1)
    return low


def wrapped(words: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """On one line, or on two where a break makes both fit; else cut."""
    words = drawable(words)
    if width_of(words, size, bold=bold) <= room:
        return [words]
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1] in _BREAKS and width_of(words[:at], size, bold=bold) <= room:
            return [words[:at].rstrip(), fitted(words[at:].lstrip(), size, room, bold=bold, middle=True)]
    return [fitted(words, size, room, bold=bold, middle=True)]
