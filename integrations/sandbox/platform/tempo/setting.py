"""What traces are drawn against: some minutes of an environment, as every service and instance had them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.tempo.plan import Plan
from integrations.sandbox.platform.world import Instance, World
from integrations.sandbox.platform.world.field import MINUTES, Day, Deviation
from integrations.sandbox.platform.world.schedule import MINUTE
from integrations.sandbox.platform.world.shapes import Floats, Minutes

MOST_FAILING: Final = 0.95
SHORTEST: Final = 1e-5

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Seats:
    """The instances of one service, by number; for each minute the cumulated odds that one of them serves."""

    numbers: Minutes
    odds: Floats
    """Minutes by instances."""
    failing: Floats
    """The same, of those requests that fail."""

    def pick(self, minutes: Minutes, draws: Floats, fails: Flags) -> Minutes:
        odds = np.where(fails[:, None], self.failing[minutes], self.odds[minutes])
        places = np.minimum((draws[:, None] >= odds).sum(axis=1), len(self.numbers) - 1)
        picked: Minutes = self.numbers[places]
        return picked


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Rows are services in the plan's order, or routes; columns are minutes."""

    environment: str
    first: int
    """The first minute since 1970."""
    rate: Floats
    own: Floats
    own_errors: Floats
    errors: Floats
    tail: Floats
    inherited: Floats
    """By route: the share of requests that fail as what they call fails."""
    trouble: Minutes
    """By service: the fault that failures are due to, as its place in `plan.TROUBLES`."""
    instances: tuple[Instance, ...]
    seats: tuple[Seats, ...]
    slower: Floats
    """By instance: seconds more than its service on average."""
    worse: Floats
    """By instance: its share of failures beyond its service's."""
    bad: Flags
    """By instance: runs a bad version."""


def setting(world: World, plan: Plan, environment: str, first: int, last: int) -> Setting:
    """The minutes from the first to the last, the last not included; all of one day."""
    day = world.day(environment, first // MINUTES)
    columns = slice(first - day.first, last - day.first)
    errors = day.errors[:, columns]
    inherited = np.zeros((len(plan.routes), last - first))
    for route in plan.routes:
        for way in route.calls:
            inherited[route.number] += errors[way.callee] * (way.call.chance * way.call.surfaces)
    instances: list[Instance] = []
    seats, rows = [], []
    for service in plan.services:
        runs = world.instances(service, environment, first * MINUTE, last * MINUTE)
        rows.append(_leanings(day, service, runs, columns))
        own_errors = day.own_errors[plan.nature.index[service], columns]
        seats.append(_seats(len(instances), runs, own_errors[:, None] + rows[-1][1], first, last))
        instances += runs
    return Setting(
        environment,
        first,
        day.rate[:, columns],
        day.own[:, columns],
        day.own_errors[:, columns],
        errors,
        day.tail[:, columns],
        inherited,
        _troubles(day, plan, first, last),
        tuple(instances),
        tuple(seats),
        np.concatenate([slower.T for slower, _, _ in rows]),
        np.concatenate([worse.T for _, worse, _ in rows]),
        np.concatenate([bad for _, _, bad in rows]),
    )


def _leanings(day: Day, service: str, runs: list[Instance], columns: slice) -> tuple[Floats, Floats, Flags]:
    """Minutes by instances: how far each is off its service's mean; and which run a bad version."""
    mine = [deviation for deviation in day.deviations if deviation.service == service]
    shape = (columns.stop - columns.start, len(runs))
    slower, worse, bad = np.zeros(shape), np.zeros(shape), np.zeros(len(runs), dtype=np.bool_)
    for deviation in mine:
        for place, run in enumerate(runs):
            lean = _lean(deviation, run, columns)
            slower[:, place] += lean * deviation.seconds
            worse[:, place] += lean * deviation.errors
            bad[place] |= bool(deviation.deployment) and deviation.befalls(run)
    return slower, worse, bad


def _lean(deviation: Deviation, run: Instance, columns: slice) -> Floats:
    active = deviation.active[columns] if deviation.befalls(run) else 0.0
    lean: Floats = active - deviation.share[columns]
    return lean


def _seats(before: int, runs: list[Instance], errors: Floats, first: int, last: int) -> Seats:
    middle = (np.arange(first, last) + 0.5) * MINUTE
    born, died = np.array([run.start for run in runs]), np.array([run.end for run in runs])
    there = (born <= middle[:, None]) & (middle[:, None] < died)
    serving = np.where(there.any(axis=1, keepdims=True), there, True).astype(np.float64)
    failing = serving * np.clip(errors, SHORTEST, MOST_FAILING)
    return Seats(before + np.arange(len(runs)), _odds(serving), _odds(failing))


def _odds(weights: Floats) -> Floats:
    odds: Floats = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    return odds


def _troubles(day: Day, plan: Plan, first: int, last: int) -> Minutes:
    troubles = np.zeros((len(plan.services), last - first), dtype=np.int64)
    for effect in day.effects:
        if effect.kind in plan.troubles:
            row = troubles[plan.nature.index[effect.service]]
            row[max(0, effect.start - first) : max(0, effect.stop - first)] = plan.troubles[effect.kind]
    return troubles
