"""Colours and sizes: after Okabe and Ito, for every eye, on a light and on a dark Slack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from bot.telemetry.charts.shapes import MOST_CURVES

ThemeName = Literal["light", "dark"]
State = Literal["good", "warn", "bad", "unknown"]
Dashes = tuple[float, ...]

DPI: Final = 200
WIDTH: Final = 1400
HEIGHT: Final = 700
LEAST: Final = 300
MARGIN: Final = 28
TITLE: Final = 13.0
BODY: Final = 11.0
SMALL: Final = 10.0
TINY: Final = 9.0
"""Points; at a width of 480 the picture is shown at a third, and so is its text."""

DASHES: Final[tuple[Dashes, ...]] = ((), (5, 1.6), (1.2, 1.4), (6, 1.5, 1.2, 1.5), (9, 2))
SYMBOLS: Final[dict[State, str]] = {"good": "✓", "warn": "▲", "bad": "✖", "unknown": "?"}
WORDS: Final[dict[State, str]] = {"good": "good", "warn": "warning", "bad": "bad", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Theme:
    """What is drawn on what."""

    paper: str
    ink: str
    soft: str
    """Text that steps back."""
    faint: str
    """Grid and frames."""
    curves: tuple[str, ...]
    states: dict[State, str]
    fills: dict[State, str]
    """Behind text: quiet forms of the states."""
    shade: str
    alarm: str
    dark: bool = False

    def curve(self, place: int) -> tuple[str, Dashes]:
        """Neither the colour nor the dashes alone tell curves apart; together no two of them are alike."""
        place %= MOST_CURVES
        return self.curves[place % len(self.curves)], DASHES[place % len(DASHES)]


THEMES: Final[dict[ThemeName, Theme]] = {
    "light": Theme(
        paper="#ffffff",
        ink="#1d1c1d",
        soft="#5a5b60",
        faint="#e3e4e8",
        curves=("#0072b2", "#d55e00", "#008763", "#b5578a", "#a87300", "#2b8cc4", "#55565b"),
        states={"good": "#008763", "warn": "#a87300", "bad": "#d03b00", "unknown": "#76777c"},
        fills={"good": "#e5f4ef", "warn": "#fdf1d7", "bad": "#fce4da", "unknown": "#eeeff1"},
        shade="#f7dfb0",
        alarm="#c43a00",
    ),
    "dark": Theme(
        paper="#1a1d21",
        ink="#ececee",
        soft="#b3b5ba",
        faint="#3a3d43",
        curves=("#56b4e9", "#e69f00", "#1fbb8d", "#d98fb9", "#f0763a", "#f0e442", "#c3c5ca"),
        states={"good": "#1fbb8d", "warn": "#e69f00", "bad": "#ff7a45", "unknown": "#94969c"},
        fills={"good": "#16352c", "warn": "#3b2f12", "bad": "#45241a", "unknown": "#2b2e33"},
        shade="#57451b",
        alarm="#ff8a5c",
        dark=True,
    ),
}


def parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def apart(one: str, other: str) -> float:
    """How far one is from the other; 442 is black from white."""
    return math.dist(parts(one), parts(other))
