"""How rare a reading is by the series' own record, so that one threshold serves every series.

The record of a voice is a bound that few readings pass, how many do, and how far beyond they are: the tail of extreme
value theory, followed as it changes. What lasts is one event, so its later samples hardly count.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bot.errors import InvalidInput
from bot.watch.detecting.state import DAY, ONE, TAIL, Numbers, State, number

SENSITIVITY: Final = {"low": 0.001, "medium": 0.01, "high": 0.1}
"""False alarms for each series and day."""
RARE: Final = number(3.0)
"""The surprise of one in a thousand: from here on it is said what is unusual, and a streak counts as one event."""
MOST: Final = number(30.0)
"""Beyond, it is as sure as anything."""
_SHAPE: Final = 0.08
"""How much heavier than exponential the tail is taken to be."""
_BEND: Final = number(_SHAPE / (1.0 - _SHAPE))
_TEN: Final = number(1.0 / math.log(10.0))
_TENFOLD: Final = number(1.0 / math.log(10.0) / _SHAPE)
_NONE: Final = number(0.0)
_LOWEST: Final = number(0.5)
"""No bound is below."""
_TAIL: Final = number(TAIL)
_LEAST: Final = np.array([[0.1], [0.1], [0.15], [0.15], [0.2]], dtype=np.float32)
"""How far beyond the bound is usual at least: slow readings have few independent ones to learn it from."""
_FARTHEST: Final = number(3.0)
"""Readings count in the record up to so many times what is usual beyond the bound."""
_MOVE: Final = number(0.01)
"""How fast the bound moves, as a share of it."""
_MEMORY: Final = 10_000.0
"""Samples that a record remembers."""
_SHARED, _BEYOND = number(1.0 / _MEMORY), number(1.0 / (_MEMORY * TAIL))
"""What a sample, and one beyond the bound, counts in it at least."""
_BEFORE: Final = number(20.0)
"""Readings beyond the bound that what is known before the first sample is worth."""
_HUNDRED: Final = number(100.0)
"""Samples that the first share beyond the bound is worth."""
_SHARES: Final = (number(0.002), number(0.1))
"""The least and the most that may be beyond the bound, whatever was seen."""


def surprise_for(false_alarms_per_day: float, step: float) -> float:
    """The score that chance passes so often in one series with that step."""
    if not (false_alarms_per_day > 0 and step > 0):
        wrong = f"{false_alarms_per_day:g} false alarms a day, of samples {step:g} s apart, are no sensitivity."
        raise InvalidInput(wrong, mend="Give two numbers above zero.")
    return max(0.0, -math.log10(min(1.0, false_alarms_per_day * step / DAY)))


def judge(state: State, reading: Numbers) -> tuple[Numbers, Numbers]:
    """The surprise of each reading, -log10 of how often one is as large; and how far beyond the bound it is."""
    bound: Numbers = np.maximum(state.bound, ONE)  # a reading is told in terms of its usual size at least
    ratio = reading / bound
    beyond: Numbers = np.maximum(ratio - ONE, _NONE)
    below = np.minimum(ratio, ONE)
    tail: Numbers = np.log(beyond / state.beyond * _BEND + ONE) * _TENFOLD
    usual: Numbers = np.log(state.share) * _TEN
    score: Numbers = np.minimum(tail - usual * below * below, MOST)
    return score, beyond


def learn(state: State, reading: Numbers, beyond: Numbers, score: Numbers, here: Numbers) -> Numbers:
    """What a reading counts is handed back: one of a row of rare ones hardly does."""
    state.streak += here
    state.streak *= (score >= RARE) | (here == _NONE)
    longer: Numbers = np.maximum(state.streak, ONE)
    weight = here / (longer * longer)
    over = reading > state.bound
    count = state.count
    rate = np.maximum(ONE / (count + _HUNDRED), _SHARED)
    state.share += weight * rate * (over - state.share)
    np.minimum(np.maximum(state.share, _SHARES[0], out=state.share), _SHARES[1], out=state.share)
    if over.any():
        beyond = np.minimum(beyond, _FARTHEST * state.beyond)
        rate = np.maximum(ONE / (count * _TAIL + _BEFORE), _BEYOND)
        state.beyond += weight * over * rate * (beyond - state.beyond)
        np.maximum(state.beyond, _LEAST, out=state.beyond)
    state.bound *= weight * _MOVE * (over - _TAIL) + ONE
    np.maximum(state.bound, _LOWEST, out=state.bound)
    return weight
