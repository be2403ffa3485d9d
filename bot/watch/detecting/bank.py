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
_WILD: Final = 5.0
"""Usual sizes that one error counts at most in what is usual."""
_MUTE: Final = 1.0
_MOVES: Final = 10.0
"""Samples that moved, before their usual size bounds what the next one counts."""
_STORM: Final = 12.0
"""The same in the noise of a time of the day: some leap every day."""
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
        return cls._of(State.load(blob))

    def take(self, rows: Counts) -> Bank:
        """The detectors in another order, without some, and with new ones where a row is -1."""
        return self._of(self._state.take(np.asarray(rows, dtype=np.int64)))

    @classmethod
    def _of(cls, state: State) -> Bank:
        bank = cls.__new__(cls)
        bank._state = state
        return bank

    def feed(self, time: float, values: Floats) -> Verdict:
        """One column: a value for each series at that time (seconds since 1970, UTC), NaN where there is none."""
        state = self._state
        if values.shape != (state.rows,):
            raise InvalidInput(f"Values of shape {values.shape} for {state.rows} series.", mend="Give one for each.")
        there = np.abs(values) < _HUGE
        here = there.astype(np.float32)
        count = state.count
        new = count == 0
        if new.any():
            state.begin(new & there, np.where(there, values, 0.0).astype(np.float32))
        moment = season.Moment.of(time, state.bins)
        season.turn(state, moment)

        ideas, unseen = _ideas(state, moment)
        floor = np.maximum(_SHARE * np.abs(ideas[0]), _TINY)
        base = _blend(ideas, state.expert_error, floor)
        drift = _blend(state.pace, state.pace_error, floor)
        expected = base + drift
        x = np.where(there, values, expected).astype(np.float32)
        overall = np.maximum(state.scale[0], floor)
        noise = np.maximum(season.noise(state, moment, overall), floor)

        away, error = x - base, x - expected
        size = np.abs(error)
        far_from_base = np.maximum(state.scale[3], noise)
        deviations, home = size / noise, np.abs(away) / far_from_base
        back = (state.astray > _SHARE) & (home < np.minimum(deviations, _HOME))
        deviations = np.where(back, home, deviations)

        latest = np.empty_like(state.means)
        latest[:2] = _within(away, 4.0 * far_from_base)
        latest[2] = np.minimum(deviations, 5.0)
        state.means += here * _MEAN * (latest - state.means)
        state.still += here
        same = x == state.last
        state.still *= np.where(there, same, 1.0)
        means = np.abs(state.means)
        reading = np.empty_like(state.bound)
        reading[0] = deviations
        means[:2] /= np.maximum(state.scale[1:3], floor * 0.5)
        means[:2] *= 1.0 - _MUTE * state.astray
        reading[1:4] = means * (count >= _SETTLED)
        reading[4] = state.still * -np.log10(np.maximum(state.resting, _RESTING))
        score = surprise.judge(state, reading)
        judged = count >= FEWEST
        far = (score[0] >= _FAR) & judged
        verdict = _verdict(state, score, judged & there, expected, noise, error)
        accepted = far & (state.streak[0] >= _PATIENCE)
        state.astray *= 1.0 - 1.0 / self._daily
        state.astray[far & (state.streak[0] >= _ASTRAY)] = 1.0
        surprise.learn(state, reading, score, here)

        warm = 1.0 / (count + 1.0)
        slow = np.maximum(warm, np.float32(1.0 / self._daily))
        quick = np.maximum(warm, np.float32(2.0 / self._daily))
        calm = here * ~far
        follow = here * (~far | accepted)
        moves = count * (1.0 - state.resting)
        young = np.where(moves < _MOVES, np.float32(np.inf), np.float32(1.0))
        limit = _CLIP * np.maximum(noise, overall)
        error = np.where(accepted | back, error, _within(error, limit))
        state.pace_error += calm * quick * (np.minimum(np.abs(away - state.pace), 5.0 * overall) - state.pace_error)
        state.pace += follow * np.maximum(_PACE, warm) * (drift + error - state.pace)

        limit = 4.0 * np.maximum(state.expert_error, floor) * np.where(count < FEWEST, np.float32(np.inf), 1.0)
        apart = _within(x - ideas, limit)
        steps = follow * quick * apart
        steps[1:][unseen] = 0.0
        state.offset += steps
        state.expert_error += here * slow * (np.abs(apart) - state.expert_error)

        sizes = np.empty_like(state.scale)
        sizes[0], sizes[1:3], sizes[3] = size, np.abs(state.means[:2]), np.abs(away)
        sizes *= _DEVIATION
        usual = young * np.maximum(state.scale, floor)
        moved = here * ~same
        longer = np.maximum(state.streak[0], 1.0)
        learned = moved / (longer * longer) * np.maximum(1.0 / (moves + 1.0), np.float32(1.0 / self._daily))
        state.scale += learned * (np.minimum(sizes, _WILD * usual) - state.scale)
        state.resting += here * np.maximum(warm, 1.0 / 200.0) * (same - state.resting)
        wide = 5.0 * np.maximum(state.expert_error.min(axis=0), floor) * np.where(judged, 1.0, np.float32(np.inf))
        season.gather(state, base + _within(away, wide), np.minimum(sizes[0], _STORM * usual[0]), here, moved)
        state.last[:] = np.where(there, x, state.last)
        state.count += here
        return verdict

    @property
    def _daily(self) -> float:
        """Samples that make a day, within reason."""
        return min(max(DAY / self._state.step, 200.0), 2_000.0)


def _within(values: Numbers, limit: Numbers) -> Numbers:
    return np.maximum(np.minimum(values, limit), -limit)


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


def _verdict(state: State, score: Numbers, judged: Mask, expected: Numbers, noise: Numbers, error: Numbers) -> Verdict:
    loudest = score.argmax(axis=0)
    best = np.where(judged, score.max(axis=0), np.float32(0.0))
    lasting = (loudest == 0) & (state.streak[0] >= _LASTING)
    kind = np.where(best >= surprise.RARE, np.where(lasting, Kind.level, loudest + 1), Kind.none)
    down = error < 0
    mean = np.where(loudest == 1, state.means[0], state.means[1]) < 0
    downwards = np.where((loudest == 0) | (loudest == 4), down, mean & (loudest != 3))
    usual = np.maximum(state.bound[0], 1.0) * (1.0 + state.beyond[0] * 3.0) * noise
    return Verdict(
        score=best,
        expected=expected,
        low=expected - usual,
        high=expected + usual,
        kind=kind.astype(np.int8),
        direction=np.where(downwards, np.int8(-1), np.int8(1)),
        judged=judged,
    )
