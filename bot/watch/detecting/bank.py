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
from bot.watch.detecting.state import DAY, EXPERTS, Numbers, Spell, State

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
        heard = self._hear(time, values)
        verdict = _verdict(state, heard)
        _learn(state, heard)
        return verdict

    def run(self, times: Floats, values: Floats) -> Numbers:
        """The scores of many columns, a row for each series."""
        scores = np.empty(values.shape, dtype=np.float32)
        for at, (time, column) in enumerate(zip(times.tolist(), np.ascontiguousarray(values.T), strict=True)):
            heard = self._hear(time, column)
            scores[:, at] = heard.best
            _learn(self._state, heard)
        return scores

    def _hear(self, time: float, values: Floats) -> _Heard:
        state = self._state
        if values.shape != (state.rows,):
            raise InvalidInput(f"Values of shape {values.shape} for {state.rows} series.", mend="Give one for each.")
        look = _look(state, time, values)
        reading = _readings(state, look)
        score, beyond = surprise.judge(state, reading)
        judged = state.count >= FEWEST
        return _Heard(look, reading, score, beyond, judged, score.max(axis=0) * (judged & look.there))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A column beside what was expected of it."""

    there: Mask
    whole: bool
    """All of it is there."""
    here: Numbers
    """`there` as numbers."""
    x: Numbers
    """The values, and what was expected where there are none."""
    same: Mask
    """As the sample before."""
    ideas: Numbers
    unseen: Mask | None
    base: Numbers
    """What the ideas of the level expect together."""
    drift: Numbers
    """What comes on top, by the latest samples."""
    expected: Numbers
    error: Numbers
    away: Numbers
    """From the base."""
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


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """A column, and what the voices say of it."""

    look: _Look
    reading: Numbers
    score: Numbers
    """Of each voice."""
    beyond: Numbers
    judged: Mask
    best: Numbers


def _look(state: State, time: float, values: Floats) -> _Look:
    there = np.abs(values) < _HUGE
    if not state.count.all():
        state.begin((state.count == 0) & there, np.where(there, values, 0.0).astype(np.float32))
    spell = season.spell(state, time, values)
    guesses, unseen = _guesses(state, spell, time)
    ideas = guesses[:EXPERTS]
    floor = np.maximum(_SHARE * np.abs(ideas[0]), _TINY)
    base, drift = _blend(guesses, state.guess_error, floor)
    expected = base + drift
    whole = bool(there.all())
    x = (values if whole else np.where(there, values, expected)).astype(np.float32)
    error, away = x - expected, x - base
    overall = np.maximum(state.scale[0], floor)
    noise = np.maximum(season.noise(state, spell, overall), floor)
    distance = np.maximum(state.scale[3], noise)
    deviations, home = np.abs(error) / noise, np.abs(away) / distance
    back = (state.astray > _FORGOTTEN) & (home < np.minimum(deviations, _HOME))
    return _Look(
        there=there,
        whole=whole,
        here=there.astype(np.float32),
        x=x,
        same=x == state.last,
        ideas=ideas,
        unseen=unseen,
        base=base,
        drift=drift,
        expected=expected,
        error=error,
        away=away,
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
    np.minimum(look.deviations, _WILD, out=latest[2])
    latest -= state.means
    latest *= _MEAN
    state.means += latest if look.whole else look.here * latest
    state.still += look.here
    state.still *= look.same if look.whole else look.same | ~look.there
    reading = np.empty_like(state.bound)
    reading[0] = look.deviations
    np.multiply(np.abs(state.means), state.count >= _SETTLED, out=reading[1:4])
    reading[1:3] *= (1.0 - state.astray) / np.maximum(state.scale[1:3], look.floor * np.float32(0.5))
    np.multiply(state.still, -np.log10(np.maximum(state.resting, _RESTING)), out=reading[4])
    return reading


def _learn(state: State, heard: _Heard) -> None:
    look = heard.look
    far = (heard.score[0] >= _FAR) & heard.judged
    lasting = state.streak[0]
    accepted = far & (lasting >= _PATIENCE)
    state.astray *= 1.0 - 1.0 / _daily(state)
    state.astray[far & (lasting >= _ASTRAY)] = 1.0
    weight = surprise.learn(state, heard.reading, heard.beyond, heard.score, look.here)
    _follow(state, look, far, accepted)
    _measure(state, look, heard.judged, weight[0])
    np.copyto(state.last, look.x, where=look.there)
    state.count += look.here


def _follow(state: State, look: _Look, far: Mask, accepted: Mask) -> None:
    """Learn where the level is: from usual samples, and from those that have lasted."""
    pace, error = state.guess[EXPERTS:], state.guess_error
    warm = 1.0 / (state.count + 1.0)
    daily = _daily(state)
    quick = np.maximum(warm, np.float32(2.0 / daily))
    usual = look.here * ~far
    follow = usual + look.here * accepted
    off = np.minimum(np.abs(look.away - pace), _WILD * look.overall)
    clipped = _within(look.error, _CLIP * np.maximum(look.noise, look.overall))
    np.copyto(clipped, look.error, where=accepted | look.back)
    pace += follow * np.maximum(_PACE, warm) * (look.drift + clipped - pace)

    limit = _BEYOND * np.maximum(error[:EXPERTS], look.floor)
    limit[:, state.count < FEWEST] = np.inf
    apart = _within(look.x - look.ideas, limit)
    steps = follow * quick * apart
    if look.unseen is not None:
        steps[1:][look.unseen] = 0.0
    state.guess[:EXPERTS] += steps
    slow = np.maximum(warm, np.float32(1.0 / daily))
    error[:EXPERTS] += look.here * slow * (np.abs(apart) - error[:EXPERTS])
    error[EXPERTS:] += usual * quick * (off - error[EXPERTS:])


def _measure(state: State, look: _Look, judged: Mask, weight: Numbers) -> None:
    """Learn how large errors are: an anomaly counts once, and what does not move says nothing of how it moves."""
    sizes = np.empty_like(state.scale)
    sizes[0], sizes[1:3], sizes[3] = look.error, state.means[:2], look.away
    sizes = np.abs(sizes) * _DEVIATION
    moves = state.count * (1.0 - state.resting)
    limit = _WILD * np.maximum(state.scale, look.floor)
    limit[:, moves < _MOVES] = np.inf
    sizes = np.minimum(sizes, limit)
    moved = ~look.same
    rate = np.maximum(1.0 / (moves + 1.0), np.float32(1.0 / _daily(state)))
    state.scale += weight * moved * rate * (sizes - state.scale)
    rate = np.maximum(1.0 / (state.count + 1.0), np.float32(1.0 / _RESTS))
    state.resting += look.here * rate * (look.same - state.resting)
    wide = _WILD * np.maximum(np.minimum.reduce(state.guess_error[:EXPERTS]), look.floor)
    wide[~judged] = np.inf
    season.gather(state, look.base + _within(look.away, wide), sizes[0], look.here, look.here * moved)


def _daily(state: State) -> float:
    """Samples that make a day, within reason."""
    return min(max(DAY / state.step, 200.0), 2_000.0)


def _within(values: Numbers, limit: Numbers) -> Numbers:
    within: Numbers = np.maximum(np.minimum(values, limit), -limit)
    return within


def _guesses(state: State, spell: Spell, time: float) -> tuple[Numbers, Mask | None]:
    """What each idea of the level expects, and each pace on top; and where there is no rhythm to say it."""
    guesses = state.guess.copy()
    rhythmic = guesses[1:EXPERTS]
    rhythmic += season.profiles(state, spell, time)
    if spell.unseen is not None:
        error = state.guess_error
        np.copyto(rhythmic, guesses[0], where=spell.unseen)
        np.copyto(error[1:EXPERTS], _UNKNOWN * error[0], where=spell.unseen)
    return guesses, spell.unseen


def _blend(guesses: Numbers, errors: Numbers, floor: Numbers) -> Numbers:
    """Ideas and paces, each by how good they were: one that errs twice as much counts 256 times less."""
    weights = (1.0 / (errors + np.float32(0.1) * floor)).reshape(2, EXPERTS, -1)
    weights /= np.maximum.reduce(weights, axis=1, keepdims=True)
    for _ in range(3):
        weights *= weights
    blended: Numbers = np.add.reduce(weights * guesses.reshape(weights.shape), axis=1) / np.add.reduce(weights, axis=1)
    return blended


def _verdict(state: State, heard: _Heard) -> Verdict:
    score, best, look = heard.score, heard.best, heard.look
    loudest = score.argmax(axis=0) + 1
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
        judged=heard.judged & look.there,
    )
