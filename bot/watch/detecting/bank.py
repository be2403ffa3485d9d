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
from bot.watch.detecting.state import EXPERTS, ONE, Numbers, Spell, State, number

FEWEST: Final = number(30)
"""Samples to judge by."""
_SETTLED: Final = number(60)
"""Samples before means and sizes are judged."""
_SHARE: Final = number(0.01)
_TINY: Final = number(1e-9)
"""The least noise: a share of the level, or this."""
_TENTH: Final = number(0.1)
_HALF: Final = number(0.5)
_HUGE: Final = number(1e30)
"""A number from here on is none."""
_PACE: Final = np.array([[0.05], [0.25], [0.8]], dtype=np.float32)
_MEAN: Final = np.array([[0.3], [0.06], [0.12]], dtype=np.float32)
"""What the latest sample counts in the three means."""
_CLIP: Final = number(3.0)
"""Noises by which one sample may move what is expected."""
_FAR: Final = number(4.0)
"""The surprise of a sample that teaches nothing."""
_PATIENCE: Final = number(60.0)
"""Samples after which what is unusual becomes usual."""
_ASTRAY: Final = number(10.0)
"""Samples after which its end is no surprise."""
_HOME: Final = number(2.5)
"""Usual distances from the old level that count as back there."""
_FORGOTTEN: Final = number(0.01)
"""What is left of `astray` when its end may surprise again."""
_BEYOND: Final = number(4.0)
"""Usual distances that one sample counts at most in the means and the level."""
_REST: Final = number(1 / 200)
"""What the latest sample counts in how many rest."""
_WILD: Final = number(5.0)
"""Usual sizes that one error counts at most in what is usual."""
_MOVES: Final = number(10.0)
"""Samples that moved, before their usual size bounds what the next one counts."""
_ANY: Final = number(np.inf)
"""No limit."""
_RESTING: Final = number(0.4)
"""The least share of samples that are taken to be like the one before."""
_LASTING: Final = number(3.0)
"""Samples in a row of which it is no longer said that they are a spike."""
_DEVIATION: Final = number(1.25)
"""From the mean of the sizes of errors to their deviation, where they are normal."""
_THRICE: Final = number(3.0)
_UP, _DOWN = (np.array(side, dtype=np.int8) for side in (1, -1))
_UNKNOWN: Final = number(1.5)
"""A rhythm that was not yet seen is taken to be as much worse than none."""


class Kind(IntEnum):
    """What is unusual."""

    none = 0
    spike = 1
    level = 2
    trend = 3
    variance = 4
    flat = 5


_NONE, _SPIKE, _LEVEL, _TREND, _VARIANCE = (np.array(kind, dtype=np.int8) for kind in list(Kind)[:5])


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
        return _Heard(look, reading, score, beyond, judged, np.maximum.reduce(score) * (judged & look.there))


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
    reading[1:3] *= (ONE - state.astray) / np.maximum(state.scale[1:3], look.floor * _HALF)
    np.multiply(state.still, -np.log10(np.maximum(state.resting, _RESTING)), out=reading[4])
    return reading


def _learn(state: State, heard: _Heard) -> None:
    look = heard.look
    far = (heard.score[0] >= _FAR) & heard.judged
    lasting = state.streak[0]
    accepted = far & (lasting >= _PATIENCE)
    state.astray *= ONE - state.daily
    np.copyto(state.astray, ONE, where=far & (lasting >= _ASTRAY))
    weight = surprise.learn(state, heard.reading, heard.beyond, heard.score, look.here)
    first = ONE / (state.count + ONE)
    _follow(state, look, first, far, accepted)
    _measure(state, look, first, weight[0])
    np.copyto(state.last, look.x, where=look.there)
    state.count += look.here


def _follow(state: State, look: _Look, first: Numbers, far: Mask, accepted: Mask) -> None:
    """Learn where the level is: from usual samples, and from those that have lasted."""
    guess, error = state.guess, state.guess_error
    usual = look.here * ~far
    follow = usual + look.here * accepted
    quick, slow = np.maximum(first, state.daily + state.daily), np.maximum(first, state.daily)
    sizes, steps = np.empty_like(guess), np.empty_like(guess)

    limit = _BEYOND * np.maximum(error[:EXPERTS], look.floor)
    np.copyto(limit, _ANY, where=state.count < FEWEST)
    apart = _within(look.x - look.ideas, limit)
    np.abs(apart, out=sizes[:EXPERTS])
    np.multiply(quick, apart, out=steps[:EXPERTS])
    if look.unseen is not None:
        np.copyto(steps[1:EXPERTS], 0.0, where=look.unseen)

    np.minimum(np.abs(look.away - guess[EXPERTS:]), _WILD * look.overall, out=sizes[EXPERTS:])
    clipped = _within(look.error, _CLIP * np.maximum(look.noise, look.overall))
    np.copyto(clipped, look.error, where=accepted | look.back)
    np.multiply(np.maximum(_PACE, first), look.drift + clipped - guess[EXPERTS:], out=steps[EXPERTS:])

    steps *= follow
    guess += steps
    sizes -= error
    sizes[:EXPERTS] *= look.here * slow
    sizes[EXPERTS:] *= usual * quick
    error += sizes


def _measure(state: State, look: _Look, first: Numbers, weight: Numbers) -> None:
    """Learn how large errors are: an anomaly counts once, and what does not move says nothing of how it moves."""
    sizes = np.empty_like(state.scale)
    sizes[0], sizes[1:3], sizes[3] = look.error, state.means[:2], look.away
    np.abs(sizes, out=sizes)
    sizes *= _DEVIATION
    moves = state.count * (ONE - state.resting)
    limit = _WILD * np.maximum(state.scale, look.floor)
    np.copyto(limit, _ANY, where=moves < _MOVES)
    np.minimum(sizes, limit, out=sizes)
    error, moved = sizes[0].copy(), ~look.same
    sizes -= state.scale
    sizes *= weight * moved * np.maximum(ONE / (moves + ONE), state.daily)
    state.scale += sizes
    state.resting += look.here * np.maximum(first, _REST) * (look.same - state.resting)
    wide = _WILD * np.maximum(np.minimum.reduce(state.guess_error[:EXPERTS]), look.floor)
    np.copyto(wide, _ANY, where=state.count < FEWEST)
    season.gather(state, look.base + _within(look.away, wide), error, look.here, look.here * moved)


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
    weights = (ONE / (errors + _TENTH * floor)).reshape(2, EXPERTS, -1)
    weights /= np.maximum.reduce(weights, axis=1, keepdims=True)
    for _ in range(3):
        weights *= weights
    blended: Numbers = np.add.reduce(weights * guesses.reshape(weights.shape), axis=1) / np.add.reduce(weights, axis=1)
    return blended


def _verdict(state: State, heard: _Heard) -> Verdict:
    score, best, look = heard.score, heard.best, heard.look
    loudest = (score.argmax(axis=0) + 1).astype(np.int8)
    usual = np.maximum(state.bound[0], ONE) * (ONE + state.beyond[0] * _THRICE) * look.noise
    if (best >= surprise.RARE).any():
        lasting = (loudest == _SPIKE) & (state.streak[0] >= _LASTING)
        kind = np.where(best >= surprise.RARE, np.where(lasting, _LEVEL, loudest), _NONE)
    else:
        kind = np.zeros_like(loudest)
    side = np.where(loudest == _LEVEL, state.means[0], np.where(loudest == _TREND, state.means[1], look.error))
    return Verdict(
        score=best,
        expected=look.expected,
        low=look.expected - usual,
        high=look.expected + usual,
        kind=kind,
        direction=np.where((side < 0) & (loudest != _VARIANCE), _DOWN, _UP),
        judged=heard.judged & look.there,
    )
