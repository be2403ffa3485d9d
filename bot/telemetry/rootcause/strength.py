"""How far a metric is from its normal, in robust standard deviations that neither a flat nor a spiky past can fool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.rootcause.case import Kind, Metric
from bot.telemetry.signals import Floats

RELATIVE_FLOOR: Final = 0.02
"""A metric that never moved is not astonishing for moving by less than this share of itself."""
RATIO_FLOOR: Final = 0.005
"""Nor is a share of requests for less than half a percent."""
FLAT_CAP: Final = 10.0
"""The most that a move away from a flat line can be: how far is far cannot be known there without a unit."""
FEW: Final = 8.0
"""So many normal samples, and what they spread may be half of what is normal."""
TOP_SHARE: Final = 0.05
"""The share of samples that must be that far: one spike among many is none."""
NEW: Final = 6.0
"""What a failing thing scores that was not there before."""
NOTABLE: Final = 3.0
"""Below this many deviations nothing is said to be unusual."""

HUGE: Final = 1e30
"""Values beyond are taken for it: what is summed and squared stays a number."""
TINY: Final = 1e-30
MOST: Final = 1e6

_IQR: Final = 1.349  # of a normal distribution, in standard deviations
_TAIL: Final = 1.645  # its 95th percentile


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """What a metric did: `z` for each abnormal sample (worse is positive), its top, and the levels themselves."""

    metric: Metric
    z: Floats
    raw: Floats
    """Each abnormal sample less the normal level, worse positive, in the metric's own unit."""
    top: float
    before: float
    during: float
    """The level that `top` was reached at."""
    new: bool = False


def _quantiles(sorted_values: Floats, shares: Sequence[float]) -> list[float]:
    at = np.asarray(shares) * (len(sorted_values) - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(sorted_values) - 1)
    return list(sorted_values[low] + (at - low) * (sorted_values[high] - sorted_values[low]))


def _floor(kind: Kind, level: float, biggest: float, unit: str) -> float:
    """Shares have a floor of their own; without a unit, what never exceeds one is taken for a share."""
    if unit == "%" or (kind == "availability" and not unit and biggest > 1):
        return 100 * RATIO_FLOOR
    if unit == "share" or (kind in {"availability", "errors"} and biggest <= 1):
        return RATIO_FLOOR
    return RELATIVE_FLOOR * abs(level)


def _direction(kind: Kind, raw: Floats) -> Floats:
    """Worse is positive: lower availability, higher cost; for traffic and the unknown either way."""
    if kind == "availability":
        return -raw
    return np.abs(raw) if kind in {"traffic", "other"} else raw


def deviation(metric: Metric) -> Deviation | None:
    """None where there is nothing to compare."""
    normal = np.sort(np.clip(metric.normal[np.isfinite(metric.normal)], -HUGE, HUGE))
    during = np.clip(np.where(np.isfinite(metric.abnormal), metric.abnormal, np.nan), -HUGE, HUGE)
    seen = np.isfinite(during)
    if not seen.any():
        return None
    if not len(normal):
        return _unheard_of(metric, during)
    low, first, level, third, high = _quantiles(normal, (0.05, 0.25, 0.5, 0.75, 0.95))
    raw = _direction(metric.kind, during - level)
    biggest = float(np.nanmax(np.abs(raw)))
    spread = max((third - first) / _IQR, (high - level) / _TAIL, (level - low) / _TAIL)
    top_level = max(abs(float(normal[0])), abs(float(normal[-1])), abs(level) + biggest)
    scale = max(spread, _floor(metric.kind, level, top_level, metric.unit)) * (1.0 + FEW / len(normal))
    if spread <= 1e-12 * top_level and not metric.unit:  # flat; rounding is no spread
        scale = max(scale, biggest / FLAT_CAP)
    z = np.minimum(raw / scale, MOST) if scale > TINY else np.zeros_like(raw)
    worst = np.argsort(np.where(seen, z, -np.inf))[::-1]
    at = worst[max(1, int(np.ceil(TOP_SHARE * seen.sum()))) - 1]
    return Deviation(metric, z, raw, float(z[at]), float(level), float(during[at]))


def _unheard_of(metric: Metric, during: Floats) -> Deviation | None:
    """A thing without a past: only failing can be judged."""
    if metric.kind not in {"availability", "errors"}:
        return None
    whole = 100.0 if np.nanmax(during) > 1.5 else 1.0  # noqa: PLR2004  percent
    ideal = whole if metric.kind == "availability" else 0.0
    raw = _direction(metric.kind, during - ideal)
    worst = int(np.nanargmax(raw))
    if raw[worst] <= RATIO_FLOOR * whole:
        return None
    z = np.where(raw > RATIO_FLOOR * whole, NEW, 0.0)
    return Deviation(metric, z, raw, NEW, ideal, float(during[worst]), new=True)


def certainty(z: Floats | float, null: float) -> Floats:
    """0 … 1: how surely something is unusual, where `null` is what chance alone reaches."""
    squared = np.square(np.maximum(z, 0.0))
    result: Floats = squared / (squared + null * null)
    return result


def null_level(tops: Floats, floor: float = NOTABLE) -> float:
    """What chance reaches here: on a noisy platform with many metrics the calmest quarter has big maxima too.

    Not more than thrice the floor: where all are unwell, that is no chance.
    """
    return float(np.clip(2.0 * np.quantile(tops, 0.25), floor, 3.0 * floor)) if len(tops) else floor
