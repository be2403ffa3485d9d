"""Series as production has them, with the anomalies that were put into them; and healthy ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.rows import Mask
from bot.telemetry.signals import Floats

DAY: Final = 1_440
_KINDS: Final = {
    "spike": (0.3, 1, 6),
    "dip": (0.2, 2, 15),
    "level": (0.25, 20, 180),
    "drift": (0.1, 45, 120),
    "flat": (0.05, 25, 90),
    "noise": (0.1, 25, 90),
}
"""Of each how frequent it is, and how many samples it has: from, and fewer than."""
MONDAY: Final = 1_767_571_200.0
"""The fifth of January 2026, 00:00 UTC."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    times: Floats
    values: Floats
    wrong: Mask
    """The samples of an anomaly."""
    kinds: tuple[str, ...]
    style: str


def drawn(seed: int, days: int = 14, learning: int = 7, step: float = 60.0) -> Labelled:
    """One series of production: a rhythm that drifts, noise that grows with it, gaps; anomalies after `learning`."""
    rng = np.random.default_rng(seed)
    per_day = round(86_400.0 / step)
    count = days * per_day
    times: Floats = MONDAY + np.arange(count, dtype=np.float64) * step
    day = np.arange(count) / per_day
    usual = _rhythm(rng, day)
    spread = rng.uniform(0.02, 0.1)
    slow = _smooth(rng, count, int(rng.integers(10, 40))) * spread * rng.uniform(0.0, 1.0)
    style = rng.choice(("gauss", "heavy", "counts", "latency"), p=(0.35, 0.25, 0.2, 0.2))
    if style == "counts":
        usual = usual * rng.choice((0.3, 2.0, 20.0))
        spread_at = np.sqrt(usual) + 0.05 * usual
    else:
        usual = usual * rng.lognormal(3.0, 2.0)
        spread_at = spread * usual ** rng.uniform(0.5, 1.0)
        spread_at = spread_at * (np.median(usual) * spread / np.median(spread_at))
    wrong, push, flat, kinds = _anomalies(rng, count, learning * per_day, per_day)
    values: Floats = _noisy(rng, style, usual, spread_at, slow, push)
    for begin, end in flat:
        values[begin:end] = values[begin - 1] if rng.random() < 0.5 else 0.0
    gone = rng.random(count) < 0.002
    if rng.random() < 0.4:
        begin = int(rng.integers(0, count - 300))
        gone[begin : begin + int(rng.integers(20, 300))] = True
    values[gone & ~wrong] = np.nan
    return Labelled(times, values, wrong, tuple(kinds), str(style))


def healthy(rows: int, columns: int, seed: int = 0) -> Floats:
    """What a healthy platform shows, a row for each series: a daily rhythm, smooth bounded noise and jitter."""
    rng = np.random.default_rng(seed)
    minute = np.arange(columns)
    out = np.empty((rows, columns))
    for row in range(rows):
        rhythm = 1.0 + rng.uniform(0.0, 0.4) * np.sin(2 * np.pi * (minute / DAY - rng.random()))
        smooth = 0.6 * _lattice(rng, columns, 48) + 0.4 * _lattice(rng, columns, 12)
        jitter = rng.uniform(-1.0, 1.0, columns)
        out[row] = rng.lognormal(0.0, 2.0) * rhythm * (1.0 + 0.06 * smooth + 0.02 * jitter)
    return out


def _anomalies(
    rng: np.random.Generator, count: int, at: int, per_day: int
) -> tuple[Mask, Floats, list[tuple[int, int]], list[str]]:
    """Where they are, how many noises they push, which of them stand still, and what they are."""
    wrong, push = np.zeros(count, dtype=np.bool_), np.zeros(count)
    flat: list[tuple[int, int]] = []
    kinds: list[str] = []
    while True:
        at += int(rng.exponential(per_day * 1.2)) + per_day // 8
        kind = str(rng.choice(list(_KINDS), p=[share for share, _, _ in _KINDS.values()]))
        size = rng.uniform(5.0, 15.0) * rng.choice((-1.0, 1.0))
        length = int(rng.integers(*_KINDS[kind][1:]))
        end = at + length
        if end >= count - 10:
            return wrong, push, flat, kinds
        match kind:
            case "spike":
                push[at:end] = abs(size) * 1.3
            case "dip":
                push[at:end] = -abs(size)
            case "level":
                push[at:end] = size
            case "drift":
                push[at:end] = size * np.minimum(np.arange(length) / 30.0, 1.0)
            case "noise":
                push[at:end] = rng.normal(0.0, rng.uniform(4.0, 8.0), length)
            case _:
                flat.append((at, end))
        wrong[at:end] = True
        kinds.append(kind)
        at = end


def _rhythm(rng: np.random.Generator, day: Floats) -> Floats:
    """Two harmonics, less at the weekend, phase and size drifting a little."""
    if rng.random() < 0.2:
        return np.ones(len(day))
    deep = rng.uniform(0.2, 0.8)
    size = 1.0 + 0.1 * _smooth(rng, len(day), len(day) // 4)
    phase = rng.random() + 0.01 * _smooth(rng, len(day), len(day) // 4)
    wave = np.sin(2 * np.pi * (day - phase)) + 0.4 * np.sin(4 * np.pi * (day - phase) + rng.uniform(0, 6))
    edges = (0.0, 4.85, 5.15, 6.85, 7.0)
    weekend = 1.0 + (rng.uniform(0.6, 1.0) - 1.0) * np.interp(day % 7, edges, (0.5, 0.0, 1.0, 1.0, 0.5))
    rise = 1.0 + rng.uniform(-0.02, 0.02) * day
    return np.asarray(np.maximum((1.0 + deep * size * wave / 1.4) * weekend * rise, 0.05))


def _noisy(rng: np.random.Generator, style: str, usual: Floats, spread: Floats, slow: Floats, push: Floats) -> Floats:
    count = len(usual)
    level = usual * (1.0 + slow)
    match style:
        case "counts":
            return rng.poisson(np.maximum(level + push * np.maximum(spread, 1.0), 0.0)).astype(np.float64)
        case "heavy":
            noise = rng.standard_t(3.5, count) / 1.5
        case "latency":
            noise = rng.gamma(2.0, 0.7, count) - 1.4
        case _:
            noise = rng.normal(0.0, 1.0, count)
    return np.asarray(np.maximum(level + spread * (noise + push), 0.0))


def _smooth(rng: np.random.Generator, count: int, width: int) -> Floats:
    """Gaussian noise that changes over `width` samples."""
    knots = rng.normal(0.0, 1.0, count // width + 3)
    return np.asarray(np.interp(np.arange(count) / width, np.arange(len(knots)), knots))


def _lattice(rng: np.random.Generator, count: int, width: int) -> Floats:
    """Bounded noise, smoothly interpolated between points that are `width` samples apart."""
    knots = rng.uniform(-1.0, 1.0, count // width + 3)
    at = np.arange(count) / width
    left = at.astype(int)
    part = at - left
    part = part * part * (3.0 - 2.0 * part)
    return np.asarray(knots[left] * (1.0 - part) + knots[left + 1] * part)


def events(mask: Mask, apart: int = 1) -> list[tuple[int, int]]:
    """Where runs begin and end; those fewer than `apart` samples from each other are one."""
    at = np.flatnonzero(mask)
    if not len(at):
        return []
    cuts = np.flatnonzero(np.diff(at) > apart)
    return [(int(at[i]), int(at[j]) + 1) for i, j in zip(np.r_[0, cuts + 1], np.r_[cuts, len(at) - 1], strict=True)]
