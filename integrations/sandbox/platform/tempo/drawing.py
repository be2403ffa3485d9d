"""Draws the requests of many traces at once: who called whom, who failed and why, and when each began and ended.

From the top down it is decided who is called and who fails, so that failures are as frequent as the world says; from
the bottom up how long everybody waits; and from the top down again when it all began.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.tempo.ids import Keys
from integrations.sandbox.platform.tempo.plan import MOST_CALLS, Plan, Route, Way
from integrations.sandbox.platform.tempo.setting import MOST_FAILING, SHORTEST, Flags, Setting
from integrations.sandbox.platform.world.schedule import MINUTE
from integrations.sandbox.platform.world.shapes import Floats, Minutes

SAMPLED: Final = {"production": (0.01, 120), "staging": (0.1, 60), "development": (0.5, 60)}
"""Which part of the requests is traced, and how many a minute at most."""
TOGETHER: Final = 0.6
"""How much the parts of one request are slow together."""
RAREST: Final = 1e-4
STAGES: Final = 3
OWN: Final = -1
"""A failure of one's own, not of what one called."""
_ENTRY, _SEAT, _FAIL, _CAUSE, _PACE, _START, _COUNT, _ROUTE = range(8)
_CALLS: Final = 16  # the first slot of draws for calls; two for each
_AGAIN: Final = 40


@dataclass(slots=True, eq=False)
class Requests:
    """One row for each request; the roots first, then what they called, and so on."""

    trace: Minutes
    """The place of its trace, and of its root's row."""
    minute: Minutes
    """Since the setting's first."""
    key: Keys
    route: Minutes
    parent: Minutes
    """The caller's row; -1 for a root."""
    ordinal: Minutes
    """Which of the caller's calls it is."""
    attempt: Minutes
    before: Minutes
    """The row of the attempt before; -1 for the first."""
    fails: Flags
    cause: Minutes
    """The ordinal of the call by which it fails, or OWN."""
    instance: Minutes
    scale: Floats
    """How much own work it is, besides the endpoint's factor."""
    seconds: Floats
    """As long as the caller waits."""
    start: Floats
    """Seconds since the setting's first minute."""

    def __len__(self) -> int:
        return len(self.trace)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, and against what."""

    seed: int
    plan: Plan
    setting: Setting

    def requests(self) -> Requests:
        levels = [self.roots()]
        while parts := [
            part for route, rows in self.by_route(levels[-1]) for part in self.below(levels[-1], route, rows)
        ]:
            levels.append(_level(parts))
        self.timed(levels)
        return _global(levels)

    # ---------------------------------------------------------------- downwards: who is called, and who fails

    def counts(self) -> Minutes:
        """How many traces each minute has."""
        sampled, most = SAMPLED[self.setting.environment]
        wanted = self.entering().sum(axis=1) * MINUTE * sampled
        none = np.full(len(wanted), 2**ids.INDEX_BITS - 1, dtype=np.uint64)
        keys = ids.keys(self.seed, self.environment, self.minutes, none)
        counts: Minutes = np.minimum(np.floor(wanted + ids.uniform(keys, _COUNT)), most).astype(np.int64)
        return counts

    @property
    def environment(self) -> int:
        return tuple(SAMPLED).index(self.setting.environment)

    @property
    def minutes(self) -> Keys:
        columns = self.setting.rate.shape[1]
        return np.arange(self.setting.first, self.setting.first + columns, dtype=np.uint64)

    def entering(self) -> Floats:
        """Requests per second from outside: minutes by entries."""
        return np.stack(
            [self.setting.rate[self.plan.service_of[number]] * part for number, part in self.plan.entries], axis=1
        )

    def roots(self) -> Requests:
        counts = self.counts()
        minute = np.repeat(np.arange(len(counts)), counts)
        index = np.arange(len(minute)) - np.repeat(np.cumsum(counts) - counts, counts)
        key = ids.keys(self.seed, self.environment, self.minutes[minute], index.astype(np.uint64))
        entering = self.entering()
        odds = np.cumsum(entering, axis=1) / entering.sum(axis=1, keepdims=True)
        entry = np.minimum((ids.uniform(key, _ENTRY)[:, None] >= odds[minute]).sum(axis=1), odds.shape[1] - 1)
        route = np.array([number for number, _ in self.plan.entries], dtype=np.int64)[entry]
        level = _blank(np.arange(len(minute)), minute, key, route)
        level.instance = self.seated(level, np.zeros(len(minute), dtype=np.bool_))
        level.fails = ids.uniform(key, _FAIL) < self.failing(level)
        level.start = minute * float(MINUTE) + ids.uniform(key, _START) * MINUTE
        return level

    def seated(self, level: Requests, fails: Flags) -> Minutes:
        """Which instance serves each request."""
        instance = np.zeros(len(level), dtype=np.int64)
        service, draws = self.plan.service_of[level.route], ids.uniform(level.key, _SEAT)
        for number in np.unique(service):
            rows = np.flatnonzero(service == number)
            instance[rows] = self.setting.seats[number].pick(level.minute[rows], draws[rows], fails[rows])
        return instance

    def own_failing(self, level: Requests) -> Floats:
        own = self.setting.own_errors[self.plan.service_of[level.route], level.minute]
        return np.clip(own + self.setting.worse[level.instance, level.minute], 0.0, MOST_FAILING)

    def failing(self, level: Requests) -> Floats:
        """The odds that a request fails, by itself or by what it calls."""
        inherited = self.setting.inherited[level.route, level.minute]
        return np.minimum(self.own_failing(level) + inherited, MOST_FAILING)

    def by_route(self, level: Requests) -> Iterator[tuple[Route, Minutes]]:
        order = np.argsort(level.route, kind="stable")
        numbers, begins = np.unique(level.route[order], return_index=True)
        for number, rows in zip(numbers, np.split(order, begins[1:]), strict=True):
            if self.plan.routes[number].calls:
                yield self.plan.routes[number], rows

    def below(self, level: Requests, route: Route, rows: Minutes) -> Iterator[Requests]:
        """The calls of these requests, of one route; first it is settled which call makes a failing one fail."""
        cause = level.cause[rows] = self.causes(_rows(level, rows), route)
        reached = np.where(cause == OWN, STAGES, self.plan.stage_of[route.number, cause])
        for way in route.calls:
            forced = cause == way.ordinal
            slot = _CALLS + way.ordinal * 2
            made = (ids.uniform(level.key[rows], slot) < way.call.chance) | forced
            made &= way.stage <= reached
            if made.any():
                yield from self.calls(level, rows[made], way, forced[made])

    def causes(self, level: Requests, route: Route) -> Minutes:
        draws = ids.uniform(level.key, _CAUSE) * self.failing(level)
        edge, cause = self.own_failing(level), np.full(len(level), OWN)
        for way in route.calls:
            cause[draws >= edge] = way.ordinal
            edge = edge + self.setting.errors[way.callee, level.minute] * (way.call.chance * way.call.surfaces)
        return np.where(level.fails, cause, OWN)

    def calls(self, level: Requests, rows: Minutes, way: Way, forced: Flags) -> Iterator[Requests]:
        """One call of each row, and its repetitions; `forced` are those that make their caller fail."""
        key = ids.derived(level.key[rows], _CALLS + way.ordinal * 2 + 1)
        places = np.searchsorted(way.odds, ids.uniform(key, _ROUTE), side="right")
        route = way.numbers[np.minimum(places, len(way.numbers) - 1)]
        first = _blank(level.trace[rows], level.minute[rows], key, route)
        first.parent, first.ordinal = rows, np.full(len(rows), way.ordinal)
        if not self.plan.routes[route[0]].calls:
            first.scale = way.call.factor / self.plan.own_factors[route]
        first.instance = self.seated(first, forced)
        harmless = ids.uniform(key, _FAIL) < self.failing(first) * (1.0 - way.call.surfaces)
        first.fails = forced | harmless
        yield first
        again = first.fails
        for attempt in range(1, way.call.retries + 1):
            if not again.any():
                break
            following = _rows(first, np.flatnonzero(again))
            following.key = ids.derived(following.key, _AGAIN + attempt)
            following.attempt = np.full(len(following), attempt)
            following.fails = forced[again]
            following.instance = self.seated(following, following.fails)
            yield following
            again = again & forced

    # ---------------------------------------------------------------- upwards and downwards: how long, and when

    def timed(self, levels: list[Requests]) -> None:
        owns, waits = [], []
        for number in reversed(range(len(levels))):
            level = levels[number]
            below = levels[number + 1] if number + 1 < len(levels) else None
            waits.append(self.waits(level, below))
            owns.append(self.own(level, levels[0]))
            level.seconds = owns[-1] + waits[-1].sum(axis=1)
        for level, below, own, wait in zip(levels, levels[1:], reversed(owns), list(reversed(waits)), strict=False):
            self.begun(level, below, own, wait)

    def own(self, level: Requests, roots: Requests) -> Floats:
        """Seconds of own work: log-logistic, as latencies are; a request is rather slow or fast all over."""
        service = self.plan.service_of[level.route]
        work = self.setting.own[service, level.minute] + self.setting.slower[level.instance, level.minute]
        together, alone = _logit(ids.uniform(roots.key, _PACE))[level.trace], _logit(ids.uniform(level.key, _PACE + 8))
        pace = (TOGETHER * together + np.sqrt(1 - TOGETHER**2) * alone) / self.setting.tail[service, level.minute]
        own: Floats = np.maximum(work, SHORTEST) * self.plan.own_factors[level.route] * level.scale * np.exp(pace)
        return own

    def waits(self, level: Requests, below: Requests | None) -> Floats:
        """For each request and stage, the seconds until the last of its calls is back, repetitions included."""
        if below is None:
            return np.zeros((len(level), STAGES))
        places = below.parent * MOST_CALLS + below.ordinal
        each = np.bincount(places, below.seconds, minlength=len(level) * MOST_CALLS).reshape(-1, MOST_CALLS)
        stages = self.plan.stage_of[level.route]
        return np.stack([np.where(stages == stage, each, 0.0).max(axis=1) for stage in range(STAGES)], axis=1)

    def begun(self, level: Requests, below: Requests, own: Floats, waits: Floats) -> None:
        """Own work goes before, between and after the stages in equal parts."""
        waited = waits > 0
        gap = own / (waited.sum(axis=1) + 1)
        starts = level.start[:, None] + np.cumsum(waited, axis=1) * gap[:, None] + np.cumsum(waits, axis=1) - waits
        stage = self.plan.stage_of[level.route[below.parent], below.ordinal]
        below.start = starts[below.parent, stage]
        for attempt in range(1, int(below.attempt.max(initial=0)) + 1):
            rows = np.flatnonzero(below.attempt == attempt)
            former = below.before[rows]
            below.start[rows] = below.start[former] + below.seconds[former]


def _logit(draws: Floats) -> Floats:
    kept = np.clip(draws, RAREST, 1.0 - RAREST)
    logit: Floats = np.log(kept / (1.0 - kept))
    return logit


def _blank(trace: Minutes, minute: Minutes, key: Keys, route: Minutes) -> Requests:
    size = len(trace)
    none, nothing = np.full(size, -1), np.zeros(size)
    return Requests(
        trace=trace,
        minute=minute,
        key=key,
        route=route,
        parent=none,
        ordinal=none,
        attempt=np.zeros(size, dtype=np.int64),
        before=none,
        fails=np.zeros(size, dtype=np.bool_),
        cause=none.copy(),
        instance=none,
        scale=np.ones(size),
        seconds=nothing,
        start=nothing,
    )


def _rows(level: Requests, rows: Minutes) -> Requests:
    return Requests(*(getattr(level, field.name)[rows] for field in fields(Requests)))


def _joined(parts: list[Requests]) -> Requests:
    return Requests(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Requests)))


def _level(parts: list[Requests]) -> Requests:
    """A level; each repetition learns the row of the attempt before it."""
    level = _joined(parts)
    if level.attempt.any():
        known = {}
        for row in np.flatnonzero(np.isin(level.parent, level.parent[level.attempt > 0])):
            known[level.parent[row], level.ordinal[row], level.attempt[row]] = row
        rows = np.flatnonzero(level.attempt)
        level.before[rows] = [known[level.parent[row], level.ordinal[row], level.attempt[row] - 1] for row in rows]
    return level


def _global(levels: list[Requests]) -> Requests:
    """All levels as one table."""
    moved, base, above = [], 0, 0
    for level in levels:
        parent = np.where(level.parent < 0, -1, level.parent + above)
        before = np.where(level.before < 0, -1, level.before + base)
        moved.append(replace(level, parent=parent, before=before))
        above, base = base, base + len(level)
    return _joined(moved)
