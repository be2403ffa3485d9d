"""The axis of values: from where to where, and round steps in the unit that people say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.charts.samples import MOST
from bot.telemetry.charts.words import said

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_DURATIONS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_LONG: Final = 180
_FROM_ZERO: Final = frozenset({"/s", "s", "$", "$/h"})
_NEAR: Final = 0.6
"""What stays above so much of its peak has its own axis: from zero it would be a flat line."""
_STEADY: Final = 0.02
"""A field is at least so high, of the value: noise is not to look like news."""
_EXACT: Final = 2e-4
_ALMOST_ALL: Final = 0.9
_LITTLE: Final = 0.01
"""The axis of a share that is nothing throughout."""
_TRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, with what is written where."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


def scale_for(values: Iterable[float], unit: str, most: int = 6) -> Scale:
    """Room for all of the values, of which at least one is finite."""
    held = np.clip(np.asarray(list(values), dtype=float), -MOST, MOST)
    if not held.any() and unit != "share":
        return Scale(0.0, 1.0, ((0.0, said(0.0, unit)),))
    low, high = _bounds(float(held.min()), float(held.max()), unit) if held.any() else (0.0, _LITTLE)
    for _ in range(_TRIES):
        found = _ticks(low, high, unit, most)
        if len({words for _, words in found}) == len(found):
            break
        middle, half = (low + high) / 2, high - low
        low = middle - half if low < 0 or middle > half else 0.0
        high = middle + half
    return Scale(low, high, tuple(found))


def _bounds(low: float, high: float, unit: str) -> tuple[float, float]:
    least = _ALMOST_ALL if unit == "share" else 1.0 if unit in _FROM_ZERO else _NEAR
    if 0 <= low <= least * high:
        return 0.0, _roof(high * 1.08, unit, high)
    steady = _EXACT if unit == "share" else _STEADY
    room = max((high - low) * 0.15, max(abs(low), abs(high)) * steady, 1e-300)
    return (max(0.0, low - room) if low >= 0 else low - room), _roof(high + room, unit, high)


def _roof(high: float, unit: str, seen: float) -> float:
    """A share is at most everything."""
    return max(1.0, seen) if unit == "share" and seen <= 1 < high else high


def _ticks(low: float, high: float, unit: str, most: int) -> list[tuple[float, str]]:
    step = _step((high - low) / most, unit, high)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if not last - first < most * 4:
        return [(low, said(low, unit)), (high, said(high, unit))]
    return [(place * step, said(_round(place * step), unit)) for place in range(first, last + 1)]


def _round(value: float) -> float:
    """0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")


def _step(least: float, unit: str, high: float) -> float:
    if unit == "s" and high > _LONG and least > 0:
        days = max(1.0, 10 ** math.floor(math.log10(least / 86_400))) if least > _DURATIONS[-1] else 1
        candidates = [*_DURATIONS, *(86_400 * days * part for part in _STEPS)]
        if least >= 30:  # noqa: PLR2004  half a minute: below, seconds are round as they are
            return float(next(step for step in candidates if step >= least))
    if unit == "bytes" and least >= 1:
        return 2.0 ** math.ceil(math.log2(least))
    least = max(least, 1e-305)
    power = 10.0 ** math.floor(math.log10(least))
    return next((power * part for part in _STEPS if power * part >= least * (1 - 1e-9)), power * 10)
