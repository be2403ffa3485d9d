"""How rare a reading is by the series' own record, so that one threshold serves every series.

The record of a voice is a bound that few readings pass, how many do, and how far beyond they are: the tail of extreme
value theory, followed as it changes. What lasts is one event, so its later samples hardly count.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bot.errors import InvalidInput
from bot.watch.detecting.state import DAY, TAIL, Numbers, State

SENSITIVITY: Final = {"low": 0.001, "medium": 0.01, "high": 0.1}
"""False alarms for each series and day."""
RARE: Final = 3.0
"""The surprise of one in a thousand: from here on it is said what is unusual, and a streak counts as one event."""
MOST: Final = 30.0
"""Beyond, it is as sure as anything."""
_SHAPE: Final = 0.08
"""How much heavier than exponential the tail is taken to be."""
_BEND: Final = _SHAPE / (1.0 - _SHAPE)
_TEN: Final = 1.0 / math.log(10.0)
_TENFOLD: Final = _TEN / _SHAPE
_LOWEST: Final = 1.0
"""The bound is at least the usual size of a reading."""
_LEAST: Final = np.array([[0.1], [0.1], [0.15], [0.15], [0.2]], dtype=np.float32)
"""How far beyond the bound is usual at least: slow readings have few independent ones to learn it from."""
_FARTHEST: Final = 3.0
"""Readings count in the record up to so many times what is usual beyond the bound."""
_MOVE: Final = 0.01
"""How fast the bound moves, as a share of it."""
_MEMORY: Final = 10_000.0
"""Samples that a record remembers."""
_BEFORE: Final = 20.0
"""Readings beyond the bound that what is known before the first sample is worth."""
_HUNDRED: Final = 100.0
"""Samples that the first share beyond the bound is worth."""
_SHARES: Final = (0.002, 0.1)
"""The least and the most that may be beyond the bound, whatever was seen."""


def surprise_for(false_alarms_per_day: float, step: float) -> float:
    """The score that chance passes so often in one series with that step."""
    if not (false_alarms_per_day > 0 and step > 0):
        wrong = f"{false_alarms_per_day:g} false alarms a day, of samples {step:g} s apart, are no sensitivity."
        raise InvalidInput(wrong, mend="Give two numbers above zero.")
    return max(0.0, -math.log10(min(1.0, false_alarms_per_day * step / DAY)))


def judge(state: State, reading: Numbers) -> tuple[Numbers, Numbers]:
    """The surprise of each reading, -log10 of how often one is as large; and how far beyond the bound it is."""
    ratio = reading / np.maximum(state.bound, _LOWEST)
    beyond = np.maximum(ratio - 1.0, 0.0)
    below = np.minimum(ratio, 1.0)
    tail = np.log(beyond / state.beyond * _BEND + 1.0) * _TENFOLD
    return np.minimum(tail - np.log(state.share) * _TEN * below * below, MOST), beyond


def learn(state: State, reading: Numbers, beyond: Numbers, score: Numbers, here: Numbers) -> Numbers:
    """What a reading counts is handed back: one of a row of rare ones hardly does."""
    state.streak += here
    state.streak *= (score >= RARE) | (here == 0)
    weight = here / np.square(np.maximum(state.streak, 1.0))
    over = reading > state.bound
    count = state.count
    rate = np.maximum(1.0 / (count + _HUNDRED), np.float32(1.0 / _MEMORY))
    state.share += weight * rate * (over - state.share)
    np.minimum(np.maximum(state.share, _SHARES[0], out=state.share), _SHARES[1], out=state.share)
    if over.any():
        beyond = np.minimum(beyond, _FARTHEST * state.beyond)
        rate = np.maximum(1.0 / (count * TAIL + _BEFORE), np.float32(1.0 / (_MEMORY * TAIL)))
        state.beyond += weight * over * rate * (beyond - state.beyond)
        np.maximum(state.beyond, _LEAST, out=state.beyond)
    state.bound *= weight * _MOVE * (over - np.float32(TAIL)) + 1.0
    np.maximum(state.bound, _LOWEST / 2, out=state.bound)
    return weight
