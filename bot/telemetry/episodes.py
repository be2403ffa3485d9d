"""Where a series leaves what it used to be: anomalous runs with their size, and since when.

What it used to be is told by a baseline that ends before the series begins: its own earlier window, or the same hours
of last week, or both. Centre and spread are the median and the scaled MAD, so that a part of the baseline may itself be
bad. Neighbouring samples make one episode, and a sample is unusual only where every baseline says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from bot.telemetry.alignment import smooth
from bot.telemetry.rows import Counts, Mask, independent, scaled
from bot.telemetry.signals import Floats, Series

UNUSUAL: Final = 3.0
"""Robust deviations from which a sample is unusual."""
ALONE: Final = 2.0
"""A single sample must be as many times further out to be an episode."""
FEWEST: Final = 30
"""Samples of a baseline, to judge by it."""
MAD: Final = 1.4826
FLOOR: Final = 0.01
"""The spread is taken to be at least this share of the centre."""
TINY: Final = 1e-9
FARTHEST: Final = 1_000.0
"""Deviations that are counted: beyond, it is far out all the same."""
BRIDGE: Final = 2
"""Usual samples that do not end an episode."""
HOLE: Final = 5.0
"""A gap of more steps than this ends one."""
FIFTH: Final = 0.8
AT_FIFTH: Final = 0.8416
"""Normal deviations at that quantile."""
FEW_DEVIATIONS: Final = 4.0
"""Below this square of a score the bound on chance says nothing."""
CERTAIN: Final = 1_000.0
CHANCE: Final = 0.01
EARLIEST: Final = 3
"""Samples on each side of a step, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is expected at each moment of a series, and how far from it is usual, downwards and upwards."""

    expected: Floats
    below: float
    above: float
    count: int


@dataclass(frozen=True, slots=True)
class Episode:
    """Samples in a row that are unusual in one direction; times in seconds since 1970."""

    start: float
    end: float
    peak_at: float
    peak: float
    expected: float
    direction: Literal["high", "low"]
    size: float
    """The peak's distance in robust deviations."""
    relative: float | None
    """The peak's distance in terms of what was expected; None where nothing was."""
    samples: int


@dataclass(frozen=True, slots=True)
class Found:
    """The episodes of a series in the order of time, or that its baselines are too short to judge."""

    judged: bool
    episodes: tuple[Episode, ...] = ()

    @property
    def worst(self) -> Episode | None:
        return max(self.episodes, key=lambda one: one.size * one.samples**0.5, default=None)


@dataclass(frozen=True, slots=True)
class Onset:
    """The moment from which on a series has another level."""

    at: float
    before: float
    after: float
    p: float
    """How often chance makes as clear a step somewhere in such a series."""


def earlier(series: Series, before: Series) -> Baseline:
    """The level of `before`, of which only what is from before `series` counts."""
    values = before.values[np.isfinite(before.values) & (before.times < _begin(series))]
    centre = float(np.median(values)) if values.size else 0.0
    below, above = _spread(values - centre)
    return Baseline(np.full(len(series), centre), below, above, len(values))


def rhythm(series: Series, before: Series, shift: float) -> Baseline:
    """What the same series did `shift` seconds earlier, smoothed: a week has most rhythms in it."""
    kept = np.isfinite(before.values) & (before.times < _begin(series))
    times, values = before.times[kept] + shift, before.values[kept]
    if not len(values):
        return Baseline(np.full(len(series), np.nan), 0.0, 0.0, 0)
    below, above = _spread(values - smooth(times, values, times))
    return Baseline(smooth(times, values, series.times), below, above, len(values))


def find(series: Series, *baselines: Baseline, unusual: float = UNUSUAL) -> Found:
    """The episodes of `series` by those baselines that are long enough."""
    told = [one for one in baselines if one.count >= FEWEST]
    if not told:
        return Found(judged=False)
    kept = np.isfinite(series.values)
    times, values = series.times[kept], series.values[kept]
    if not len(values):
        return Found(judged=True)
    scores = np.array([_score(values, one, kept) for one in told])
    nearest = np.abs(scores).argmin(axis=0)
    every = np.arange(len(values))
    same = (np.sign(scores) == np.sign(scores[0])).all(axis=0)
    score = np.where(same, scores[nearest, every], 0.0)
    expected = np.array([one.expected[kept] for one in told])[nearest, every]
    episodes = (_episode(times, values, expected, score, run) for run in _runs(times, score, unusual))
    return Found(judged=True, episodes=tuple(one for one in episodes if one.samples > 1 or one.size >= ALONE * unusual))


def onset(series: Series, until: float | None = None) -> Onset | None:
    """Since when it is different: the step that fits best, if chance would not make one as clear.

    Give a series that begins before the trouble, and as `until` the peak, or what comes after the trouble is a step.
    """
    kept = np.isfinite(series.values) & (series.times <= (np.inf if until is None else until))
    times, values = series.times[kept], series.values[kept]
    count = len(values)
    if count < 2 * EARLIEST:
        return None
    centre = float(np.median(values))
    below, above = _spread(values - centre)
    apart = np.clip(values - centre, -UNUSUAL * below, UNUSUAL * above)  # a spike is no step
    apart -= apart.mean()
    most = float(np.abs(apart).max())
    if not most:
        return None
    apart /= most  # the squares of tiny numbers would vanish
    place = np.arange(1, count)
    gains = np.cumsum(apart)[:-1] ** 2 * count / (place * (count - place))
    gains[: EARLIEST - 1] = gains[count - EARLIEST :] = 0.0
    cut = int(gains.argmax()) + 1
    p = _step_chance(apart, cut, float(gains[cut - 1]))
    if p >= CHANCE:
        return None
    return Onset(float(times[cut]), float(np.median(values[:cut])), float(np.median(values[cut:])), p)


def _begin(series: Series) -> float:
    return float(series.times[0]) if len(series) else -np.inf


def _spread(apart: Floats) -> tuple[float, float]:
    """How far below and above a centre is usual: the scaled MAD, more on the side of a long tail."""
    if not apart.size:
        return 0.0, 0.0
    mad = MAD * float(np.median(np.abs(apart)))
    low, high = np.quantile(apart, (1.0 - FIFTH, FIFTH))
    below, above = max(mad, -float(low) / AT_FIFTH), max(mad, float(high) / AT_FIFTH)
    rare = float(apart.std())  # where most samples are equal, the rest is what there is to go by
    return below or rare, above or rare


def _score(values: Floats, baseline: Baseline, kept: Mask) -> Floats:
    expected = baseline.expected[kept]
    apart = values - expected
    usual = np.where(apart < 0, baseline.below, baseline.above)
    floor = np.maximum(FLOOR * np.abs(expected), TINY)
    return np.clip(apart / np.maximum(usual, floor), -FARTHEST, FARTHEST)


def _runs(times: Floats, score: Floats, unusual: float) -> list[Counts]:
    """The places of the unusual samples of each run."""
    out = np.flatnonzero(np.abs(score) >= unusual)
    if not len(out):
        return []
    hole = HOLE * float(np.median(np.diff(times))) if len(times) > 1 else np.inf
    gaps = np.maximum.reduceat(np.diff(times, append=times[-1]), out)[:-1]
    other = np.sign(score[out[1:]]) != np.sign(score[out[:-1]])
    ends = other | (np.diff(out) > BRIDGE + 1) | (gaps > hole)
    return np.split(out, np.flatnonzero(ends) + 1)


def _episode(times: Floats, values: Floats, expected: Floats, score: Floats, run: Counts) -> Episode:
    top = run[np.abs(score[run]).argmax()]
    level = float(expected[top])
    return Episode(
        start=float(times[run[0]]),
        end=float(times[run[-1]]),
        peak_at=float(times[top]),
        peak=float(values[top]),
        expected=level,
        direction="high" if score[top] > 0 else "low",
        size=abs(float(score[top])),
        relative=(float(values[top]) - level) / abs(level) if level else None,
        samples=len(run),
    )


def _step_chance(apart: Floats, cut: int, gain: float) -> float:
    """How often the best of all splits is as good by chance (Vostrikova's bound), for what the samples are worth."""
    count = len(apart)
    left = apart.copy()
    left[:cut] -= apart[:cut].mean()
    left[cut:] -= apart[cut:].mean()
    if gain <= 0.0:
        return 1.0
    variance = float((left**2).sum()) / (count - 2)
    unit, _ = scaled(left[np.newaxis])
    worth = float(independent(unit, np.ones((1, count), dtype=np.bool_), fitted=3.0)[0])
    square = min(CERTAIN, gain / max(variance, gain / CERTAIN) * worth / count)
    if square < FEW_DEVIATIONS:
        return 1.0
    edge = EARLIEST / count
    splits = 2.0 * math.log((1.0 - edge) / edge)
    chance = math.sqrt(square / (2.0 * math.pi)) * math.exp(-square / 2.0)
    return min(1.0, chance * (splits * (1.0 - 1.0 / square) + 4.0 / square))
