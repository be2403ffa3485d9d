"""What a series does at this time of the day, and how noisy it is then.

The samples of a moment of the day (a quarter of an hour, or a step where that is longer) are gathered, and their mean
is folded into the profiles when the moment is over: a profile costs nothing in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.rows import Mask
from bot.telemetry.signals import Floats
from bot.watch.detecting.state import DAY, ONE, Numbers, Spell, State

_THURSDAY: Final = 3
"""Day 0 of 1970, counted from Monday."""
_SATURDAY: Final = 5
ALL, WEEKDAY, WEEKEND = 0, 1, 2
_FORGETTING: Final = {ALL: 0.2, WEEKDAY: 0.35, WEEKEND: 0.35}
"""What the latest day counts in a profile."""
_DAYS: Final = {ALL: 1.0, WEEKDAY: 5 / 7, WEEKEND: 2 / 7}
_NOISE: Final = 0.25
_TRUSTED: Final = 5.0
"""After as many days the noise of a moment is told by that moment five times as much as by the rest."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the day between two bins."""

    lower: int
    upper: int
    part: float
    nearest: int
    slot: int
    kind: int
    """`WEEKDAY` or `WEEKEND`."""

    @classmethod
    def of(cls, time: float, bins: int) -> Moment:
        width = DAY / bins
        lower, rest = divmod(time % DAY, width)
        slot = int((time + width / 2) // width)
        weekend = (int(slot * width // DAY) + _THURSDAY) % 7 >= _SATURDAY
        at = int(lower) % bins
        return cls(at, (at + 1) % bins, rest / width, slot % bins, slot, WEEKEND if weekend else WEEKDAY)


def spell(state: State, time: float, values: Floats) -> Spell:
    """What the day is like around that time; what was gathered is folded first, if its moment is over."""
    number = int(time // (DAY / state.bins / 2))
    if state.spell is None or state.spell.number != number:
        moment = Moment.of(time, state.bins)
        _turn(state, moment, values)
        state.spell = _spell(state, moment, number)
    return state.spell


def profiles(state: State, now: Spell, time: float) -> Numbers:
    """What the day and the kind of day are at that time."""
    there: Numbers = now.start + np.float32((time % DAY - now.begin) * state.bins / DAY) * now.rise
    return there


def noise(state: State, now: Spell, overall: Numbers) -> Numbers:
    days = np.minimum(state.count * np.float32(state.step / DAY), now.trust)
    then: Numbers = (overall + days * now.noise) / (days + ONE)
    return then


def _spell(state: State, moment: Moment, number: int) -> Spell:
    two = state.profile[:: moment.kind][:2]
    start, rise = two[:, moment.lower].copy(), two[:, moment.upper] - two[:, moment.lower]
    half = np.isnan(rise)
    start[half], rise[half] = two[:, moment.nearest][half], 0.0
    unseen = np.isnan(start)
    start[unseen] = 0.0
    then = state.noise[moment.nearest]
    known = ~np.isnan(then)
    return Spell(
        number=number,
        begin=moment.lower * (DAY / state.bins),
        start=start,
        rise=rise,
        unseen=unseen if unseen.any() else None,
        noise=np.where(known, then, np.float32(0.0)),
        trust=known * np.float32(_TRUSTED),
    )


def gather(state: State, values: Numbers, errors: Numbers, here: Numbers, moved: Numbers) -> None:
    """What does not move says nothing of how much it moves."""
    value, error, present, moving = state.gathered
    value += here * values
    error += moved * errors
    present += here
    moving += moved


def _turn(state: State, moment: Moment, values: Floats) -> None:
    if moment.slot == state.slot:
        return
    if state.slot >= 0:
        over = Moment.of(state.slot * (DAY / state.bins), state.bins)
        _fold(state, over)
        if over.kind != moment.kind:
            _pass_on(state, over, moment, values)
    state.slot = moment.slot
    state.gathered[:] = 0.0


def _pass_on(state: State, over: Moment, moment: Moment, values: Floats) -> None:
    """Between weekdays and weekends some series leap at midnight, others go on: each is taken at its first word."""
    before, after = (_profile(state, kind, moment) for kind in (over.kind, moment.kind))
    last = state.offset[2]
    on = last + before - after
    goes_on = np.abs(values - on - after) < np.abs(values - last - after)  # never where one of them is not known
    np.copyto(last, on, where=goes_on)


def _profile(state: State, kind: int, moment: Moment) -> Numbers:
    """NaN where it was never seen."""
    low, high = state.profile[kind, moment.lower], state.profile[kind, moment.upper]
    between: Numbers = low + np.float32(moment.part) * (high - low)
    known: Numbers = np.where(np.isnan(between), state.profile[kind, moment.nearest], between)
    return known


def _fold(state: State, over: Moment) -> None:
    values, errors, present, moved = state.gathered
    mean, size = values / np.maximum(present, 1.0), errors / np.maximum(moved, 1.0)
    days = state.count * np.float32(state.step / DAY)
    for kind in (ALL, over.kind):
        rate = np.maximum(_FORGETTING[kind], 1.0 / (days * _DAYS[kind] + 1.0))
        _approach(state.profile[kind, over.nearest], mean, rate, present > 0)
    _approach(state.noise[over.nearest], size, _NOISE, moved > 0)


def _approach(known: Numbers, new: Numbers, rate: Numbers | float, some: Mask) -> None:
    np.copyto(known, np.where(np.isnan(known), new, known + rate * (new - known)), where=some)
