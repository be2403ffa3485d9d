"""The detector: what a series should be now, how far it is from that, and how rare so much is.

Ideas of the level compete by their errors (it moves slowly, it follows the day, it follows weekdays and weekends); what
is left is followed at several paces, which compete too. Five voices then read the errors: one sample, the mean of a
few and of many, their size, and how long nothing moved. Each is told in terms of its own usual size, and `surprise`
says how rare it is. What is unusual teaches nothing, until it has lasted so long that it is usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.errors import InvalidInput
from bot.telemetry.rows import Counts, Mask
from bot.telemetry.signals import Floats
from bot.watch.detecting import season, surprise
from bot.watch.detecting.state import DAY, Numbers, State

FEWEST: Final = 30
"""Samples to judge by."""
_SETTLED: Final = 60
"""Samples before means and sizes are judged."""
_SHARE: Final = 0.01
_TINY: Final = 1e-9
"""The least noise: a share of the level, or this."""
_HUGE: Final = 1e30
"""A number from here on is none."""
_PACE: Final = np.array([[0.05], [0.25], [0.8]], dtype=np.float32)
_MEAN: Final = np.array([[0.3], [0.06], [0.12]], dtype=np.float32)
"""What the latest sample counts in the three means."""
_CLIP: Final = 3.0
"""Noises by which one sample may move what is expected."""
_FAR: Final = 4.0
"""The surprise of a sample that teaches nothing."""
_PATIENCE: Final = 60.0
"""Samples after which what is unusual becomes usual."""
_ASTRAY: Final = 10.0
"""Samples after which its end is no surprise."""
_HOME: Final = 2.5
"""Usual distances from the old level that count as back there."""
_ANY: Final = np.array(np.inf, dtype=np.float32)
"""No limit."""
_FORGOTTEN: Final = 0.01
"""What is left of `astray` when its end may surprise again."""
_BEYOND: Final = 4.0
"""Usual distances that one sample counts at most in the means and the level."""
_RESTS: Final = 200.0
"""Samples over which it is told how many rest."""
_WILD: Final = 5.0
"""Usual sizes that one error counts at most in what is usual."""
_MOVES: Final = 10.0
"""Samples that moved, before their usual size bounds what the next one counts."""
_RESTING: Final = 0.4
"""The least share of samples that are taken to be like the one before."""
_LASTING: Final = 3.0
"""Samples in a row of which it is no longer said that they are a spike."""
_DEVIATION: Final = 1.25
"""From the mean of the sizes of errors to their deviation, where they are normal."""
_UNKNOWN: Final = 1.5
"""A rhythm that was not yet seen is taken to be as much worse than none."""


class Kind(IntEnum):
    """What is unusual."""

    none = 0
    spike = 1
    level = 2
    trend = 3
    variance = 4
    flat = 5


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What there is to say of one column of samples, an entry for each series."""

    score: Numbers
    """-log10 of how often chance gives as much; 0 where nothing is judged."""
    expected: Numbers
    low: Numbers
    high: Numbers
    """What is left by about one in a thousand."""
    kind: NDArray[np.int8]
    """Of `Kind`: none below `surprise.RARE`."""
    direction: NDArray[np.int8]
    """1 upwards, -1 downwards."""
    judged: Mask


class Bank:
    """The detectors of many series with one step; the score of a sample uses only what came before it."""

    def __init__(self, rows: int, step: float) -> None:
        self._state = State(rows, step)

    @property
    def rows(self) -> int:
        return self._state.rows

    @property
    def step(self) -> float:
        return self._state.step

    def dump(self) -> bytes:
        return self._state.dump()

    @classmethod
    def load(cls, blob: bytes) -> Bank:
        return cls._around(State.load(blob))

    def take(self, rows: Counts) -> Bank:
        """The detectors in another order, without some, and with new ones where a row is -1."""
        return self._around(self._state.take(np.asarray(rows, dtype=np.int64)))

    @classmethod
    def _around(cls, state: State) -> Bank:
        bank = cls(0, state.step)
        bank._state = state
        return bank

    def feed(self, time: float, values: Floats) -> Verdict:
        """One column: a value for each series at that time (seconds since 1970, UTC), NaN where there is none."""
        state = self._state
        if values.shape != (state.rows,):
            raise InvalidInput(f"Values of shape {values.shape} for {state.rows} series.", mend="Give one for each.")
        look = _look(state, time, values)
        reading = _readings(state, look)
        score = surprise.judge(state, reading)
        judged = state.count >= FEWEST
        far = (score[0] >= _FAR) & judged
        verdict = _verdict(state, score, look, judged & look.there)
        accepted = far & (state.streak[0] >= _PATIENCE)
        state.astray *= 1.0 - 1.0 / _daily(state)
        state.astray[far & (state.streak[0] >= _ASTRAY)] = 1.0
        surprise.learn(state, reading, score, look.here)
        _follow(state, look, far, accepted)
        _measure(state, look, judged)
        state.last[:] = np.where(look.there, look.x, state.last)
        state.count += look.here
        return verdict


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A column beside what was expected of it."""

    there: Mask
    here: Numbers
    """The same as numbers."""
    x: Numbers
    """The values, and what was expected where there are none."""
    same: Mask
    """As the sample before."""
    ideas: Numbers
    unseen: Mask
    base: Numbers
    """What the ideas of the level expect together."""
    drift: Numbers
    """What comes on top, by the latest samples."""
    floor: Numbers
    """The least noise."""
    overall: Numbers
    noise: Numbers
    """Of all times, and of this time of the day."""
    distance: Numbers
    """What is usual between a sample and the base."""
    deviations: Numbers
    """How many noises the sample is off."""
    back: Mask
    """It is where it was before a long anomaly."""

    @property
    def away(self) -> Numbers:
        return self.x - self.base

    @property
    def expected(self) -> Numbers:
        return self.base + self.drift

    @property
    def error(self) -> Numbers:
        return self.x - self.expected


def _look(state: State, time: float, values: Floats) -> _Look:
    there = np.abs(values) < _HUGE
    new = state.count == 0
    if new.any():
        state.begin(new & there, np.where(there, values, 0.0).astype(np.float32))
    moment = season.Moment.of(time, state.bins)
    season.turn(state, moment, values)
    ideas, unseen = _ideas(state, moment)
    floor = np.maximum(_SHARE * np.abs(ideas[0]), _TINY)
    base = _blend(ideas, state.expert_error, floor)
    drift = _blend(state.pace, state.pace_error, floor)
    x = np.where(there, values, base + drift).astype(np.float32)
    overall = np.maximum(state.scale[0], floor)
    noise = np.maximum(season.noise(state, moment, overall), floor)
    distance = np.maximum(state.scale[3], noise)
    deviations, home = np.abs(x - base - drift) / noise, np.abs(x - base) / distance
    back = (state.astray > _FORGOTTEN) & (home < np.minimum(deviations, _HOME))
    return _Look(
        there=there,
        here=there.astype(np.float32),
        x=x,
        same=x == state.last,
        ideas=ideas,
        unseen=unseen,
        base=base,
        drift=drift,
        floor=floor,
        overall=overall,
        noise=noise,
        distance=distance,
        deviations=np.where(back, home, deviations),
        back=back,
    )


def _readings(state: State, look: _Look) -> Numbers:
    """What each voice says, in terms of what is usual."""
    latest = np.empty_like(state.means)
    latest[:2] = _within(look.away, _BEYOND * look.distance)
    latest[2] = np.minimum(look.deviations, _WILD)
    state.means += look.here * _MEAN * (latest - state.means)
    state.still += look.here
    state.still *= np.where(look.there, look.same, 1.0)
    reading = np.empty_like(state.bound)
    reading[0] = look.deviations
    reading[1:4] = np.abs(state.means) * (state.count >= _SETTLED)
    reading[1:3] *= (1.0 - state.astray) / np.maximum(state.scale[1:3], look.floor * 0.5)
    reading[4] = state.still * -np.log10(np.maximum(state.resting, _RESTING))
    return reading


def _follow(state: State, look: _Look, far: Mask, accepted: Mask) -> None:
    """Learn where the level is: from usual samples, and from those that have lasted."""
    warm = 1.0 / (state.count + 1.0)
    quick = np.maximum(warm, np.float32(2.0 / _daily(state)))
    follow = look.here * (~far | accepted)
    off = np.minimum(np.abs(look.away - state.pace), _WILD * look.overall)
    state.pace_error += look.here * ~far * quick * (off - state.pace_error)
    clipped = _within(look.error, _CLIP * np.maximum(look.noise, look.overall))
    step = np.where(accepted | look.back, look.error, clipped)
    state.pace += follow * np.maximum(_PACE, warm) * (look.drift + step - state.pace)

    limit = _BEYOND * np.maximum(state.expert_error, look.floor)
    apart = _within(look.x - look.ideas, np.where(state.count < FEWEST, _ANY, limit))
    steps = follow * quick * apart
    steps[1:][look.unseen] = 0.0
    state.offset += steps
    slow = np.maximum(warm, np.float32(1.0 / _daily(state)))
    state.expert_error += look.here * slow * (np.abs(apart) - state.expert_error)


def _measure(state: State, look: _Look, judged: Mask) -> None:
    """Learn how large errors are: an anomaly counts once, and what does not move says nothing of how it moves."""
    sizes = np.empty_like(state.scale)
    sizes[0], sizes[1:3], sizes[3] = np.abs(look.error), np.abs(state.means[:2]), np.abs(look.away)
    moves = state.count * (1.0 - state.resting)
    limit = np.where(moves < _MOVES, _ANY, _WILD * np.maximum(state.scale, look.floor))
    sizes = np.minimum(sizes * _DEVIATION, limit)
    moved = look.here * ~look.same
    longer = np.maximum(state.streak[0], 1.0)
    rate = np.maximum(1.0 / (moves + 1.0), np.float32(1.0 / _daily(state)))
    state.scale += moved / (longer * longer) * rate * (sizes - state.scale)
    rate = np.maximum(1.0 / (state.count + 1.0), np.float32(1.0 / _RESTS))
    state.resting += look.here * rate * (look.same - state.resting)
    wide = _WILD * np.maximum(state.expert_error.min(axis=0), look.floor)
    near = look.base + _within(look.away, np.where(judged, wide, _ANY))
    season.gather(state, near, sizes[0], look.here, moved)


def _daily(state: State) -> float:
    """Samples that make a day, within reason."""
    return min(max(DAY / state.step, 200.0), 2_000.0)


def _within(values: Numbers, limit: NDArray[np.floating]) -> Numbers:
    within: Numbers = np.maximum(np.minimum(values, limit), -limit)
    return within


def _ideas(state: State, moment: season.Moment) -> tuple[Numbers, Mask]:
    """What each idea of the level expects, and where there is no rhythm to say it."""
    ideas = state.offset.copy()
    profiles = season.profiles(state, moment)
    unseen = np.isnan(profiles)
    ideas[1:] += profiles
    if unseen.any():
        ideas[1:] = np.where(unseen, ideas[0], ideas[1:])
        state.expert_error[1:] = np.where(unseen, _UNKNOWN * state.expert_error[0], state.expert_error[1:])
    return ideas, unseen


def _blend(guesses: Numbers, errors: Numbers, floor: Numbers) -> Numbers:
    """Guesses by how good they were: one that errs twice as much counts 256 times less."""
    weights = 1.0 / (errors + 0.1 * floor)
    weights /= weights.max(axis=0)
    for _ in range(3):
        weights *= weights
    blended: Numbers = (weights * guesses).sum(axis=0) / weights.sum(axis=0)
    return blended


def _verdict(state: State, score: Numbers, look: _Look, judged: Mask) -> Verdict:
    loudest = score.argmax(axis=0) + 1
    best = np.where(judged, score.max(axis=0), np.float32(0.0))
    lasting = (loudest == Kind.spike) & (state.streak[0] >= _LASTING)
    kind = np.where(best >= surprise.RARE, np.where(lasting, Kind.level, loudest), Kind.none)
    side = np.where(loudest == Kind.level, state.means[0], np.where(loudest == Kind.trend, state.means[1], look.error))
    downwards = (side < 0) & (loudest != Kind.variance)
    usual = np.maximum(state.bound[0], 1.0) * (1.0 + state.beyond[0] * 3.0) * look.noise
    return Verdict(
        score=best,
        expected=look.expected,
        low=look.expected - usual,
        high=look.expected + usual,
        kind=kind.astype(np.int8),
        direction=np.where(downwards, np.int8(-1), np.int8(1)),
        judged=judged,
    )
