"""How a curve went, in words: from when on it was otherwise, whether it rose, between which values it stayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from bot.telemetry import episodes, trends
from bot.telemetry.charts.words import counted, said
from bot.telemetry.signals import Floats, Series

_LEAST: Final = 0.1
"""A step is news from so much of the greater level on."""
_PEAK: Final = 1.5
_USUAL: Final = (5.0, 95.0)
_TENTH: Final = 10


def course(times: Floats, values: Floats, unit: str, when: Callable[[float], str]) -> str:
    """`when` says a moment."""
    kept = np.isfinite(values)
    seen, at = values[kept], times[kept]
    if not seen.size:
        return "no samples"
    if seen.size == 1:
        return f"one sample, {said(float(seen[0]), unit)} at {when(float(at[0]))}"
    words = _form(at, seen, unit, when)
    gaps = int(np.count_nonzero(np.diff(np.flatnonzero(kept)) > 1))
    return f"{words}, with {counted(gaps, 'gap')}" if gaps else words


def _form(at: Floats, seen: Floats, unit: str, when: Callable[[float], str]) -> str:
    low, high = float(seen.min()), float(seen.max())
    if said(low, unit) == said(high, unit):
        return f"{said(low, unit)} throughout"
    series = Series({}, at, np.round(seen / max(abs(low), abs(high)), 12))  # squares neither overflow nor vanish
    with np.errstate(all="ignore"):
        step = episodes.onset(series)
    if step and abs(step.after - step.before) >= _LEAST * max(abs(step.after), abs(step.before)):
        return _step(at, seen, unit, when, step)
    with np.errstate(all="ignore"):
        going = trends.trend(series).direction
    if going in {"rising", "falling"}:
        tenth = max(1, len(seen) // _TENTH)
        first, last = float(np.median(seen[:tenth])), float(np.median(seen[-tenth:]))
        return f"{going} from {said(first, unit)} to {said(last, unit)}"
    usual = _between(seen, unit)
    peak = int(seen.argmax())
    if high > 0 and high > _PEAK * float(np.percentile(seen, _USUAL[1])):
        return f"{usual}, with a peak of {said(high, unit)} at {when(float(at[peak]))}"
    return f"{usual}, last {said(float(seen[-1]), unit)}"


def _step(at: Floats, seen: Floats, unit: str, when: Callable[[float], str], step: episodes.Onset) -> str:
    before, after = seen[at < step.at], seen[at >= step.at]
    far = f"up to {said(float(after.max()), unit)}" if step.after > step.before else _between(after, unit)
    return f"{_between(before, unit)} until {when(step.at)}, then {far}"


def _between(seen: Floats, unit: str) -> str:
    low, high = (said(float(value), unit) for value in np.percentile(seen, _USUAL))
    if low != high:
        return f"mostly between {low} and {high}"
    return f"at {low}" if said(float(seen.min()), unit) == said(float(seen.max()), unit) else f"mostly at {low}"
