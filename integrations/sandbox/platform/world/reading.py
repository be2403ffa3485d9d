"""The samples of one pod: of gauges what its minutes show, of counters what they add up to since the process began."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

import numpy as np

from integrations.sandbox.platform.prometheus.storage import NAME, STALE, Block, Labels, Milliseconds
from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.field import MINUTES
from integrations.sandbox.platform.world.kept import Kept
from integrations.sandbox.platform.world.metrics import Metric, Row
from integrations.sandbox.platform.world.schedule import MINUTE
from integrations.sandbox.platform.world.shapes import SCRAPE_SECONDS, Floats, Instance
from integrations.sandbox.platform.world.sight import Sight

if TYPE_CHECKING:
    from integrations.sandbox.platform.world.world import World

SCRAPE_MS: Final = SCRAPE_SECONDS * 1000
MINUTE_MS: Final = MINUTE * 1000
_A_MINUTE: Final = MINUTE_MS // SCRAPE_MS
_EVERYBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Stay:
    """One run of a process in a range, and the numbers of its scrapes; the last may find it `gone` for good."""

    run: Instance
    ticks: range
    gone: bool


def stays(runs: Sequence[Instance], phase: int, start_ms: int, end_ms: int) -> Iterator[Stay]:
    """Those of one name that show in the range; a process that starts anew at once is never found gone."""
    low, high = -((phase - start_ms) // SCRAPE_MS), (end_ms - phase) // SCRAPE_MS + 1
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        born, died = _tick(run.start, phase), _tick(run.end, phase)
        gone = born < died and (following is None or died < _tick(following.start, phase))
        if ticks := range(max(born, low), min(died + gone, high)):
            yield Stay(run, ticks, gone and ticks[-1] == died)


@dataclass(frozen=True, slots=True)
class Pod:
    """One instance name with the runs of its process, and which rows of one metric are wanted of it."""

    metric: Metric
    stays: tuple[Stay, ...]
    rows: tuple[Row, ...]
    places: tuple[int, ...]
    """Of the rows among all that the service has."""

    @property
    def first(self) -> Instance:
        return self.stays[0].run

    @property
    def samples(self) -> int:
        return len(self.rows) * sum(len(stay.ticks) for stay in self.stays)

    @property
    def own(self) -> dict[str, str]:
        """The labels that all rows have."""
        return own_labels(self.metric, self.first)


def own_labels(metric: Metric, run: Instance) -> dict[str, str]:
    own = {
        NAME: metric.name,
        "service": run.service,
        "env": run.environment,
        "instance": run.name,
        "job": run.service,
    }
    return {**own, "version": run.version} if metric.versioned else own


class Reader:
    """Reads the samples of one pod off the sheets of its days: one row each, minute by minute."""

    def __init__(self, world: World, sheets: Kept[Floats], pod: Pod) -> None:
        self.world, self.pod, self.metric = world, pod, pod.metric
        self.service, self.environment = pod.first.service, pod.first.environment
        self.phase = offset(world.seed, pod.first)
        self._sheets = sheets

    def block(self, labels: Sequence[Labels]) -> Block:
        """What has ended has a stale marker last, as Prometheus writes it when a target is gone."""
        times = np.concatenate([_times(stay.ticks, self.phase) for stay in self.pod.stays])
        values = np.empty((len(self.pod.rows), len(times)))
        place = 0
        for stay in self.pod.stays:
            mine = values[:, place : place + len(stay.ticks)]
            if scraped := stay.ticks[:-1] if stay.gone else stay.ticks:
                self._fill(stay.run, scraped, mine[:, : len(scraped)])
            mine[:, len(scraped) :] = STALE
            place += len(stay.ticks)
        return Block(labels, times, values)

    def _fill(self, run: Instance, ticks: range, out: Floats) -> None:
        if self.metric.kind == "instance":
            out[:] = run.start if self.metric.name == "process_start_time_seconds" else 1.0
        elif self.metric.kind == "gauge":
            self._gauge(run, ticks, out)
        else:
            self._counter(run, ticks, out)

    # ---------------------------------------------------------------- sheets

    def _sight(self, run: Instance, number: int) -> tuple[Sight, tuple[bool, ...]]:
        """How the run saw a day, and what befell it but not all others."""
        place = (self.service, self.environment, number)
        befallen = self.world.sight(*place).of(run)
        return self.world.sight(*place, befallen), befallen

    def _shown(self, run: Instance, number: int) -> Floats:
        """What a gauge is on one day; the same for all instances that nothing sets apart."""
        sight, befallen = self._sight(run, number)
        if self.metric.name == "container_memory_working_set_bytes":
            return self._sheet(number, (befallen, run.index), lambda: sight.memory_of(run.index)[None, :])
        return self._sheet(number, (befallen, _EVERYBODY), lambda: self._stacked(sight))

    def _stretches(self, run: Instance, ticks: range) -> Iterator[_Stretch]:
        """From the start of a run to the last scrape that is wanted."""
        born = math.floor(run.start / MINUTE)
        for number, _ in _days(range(born * _A_MINUTE, ticks.stop)):
            sight, befallen = self._sight(run, number)
            sums = self._sheet(number, (befallen, _EVERYBODY), partial(self._summed, sight))
            alone = self.metric.name == "container_cpu_usage_seconds_total"
            for first, last, part in [(0, MINUTES, 1.0)] if alone else sight.parts(run.index):
                if number * MINUTES + last > born:
                    yield _Stretch(number * MINUTES + first, sums[:, first : last + 1], part)

    def _summed(self, sight: Sight) -> Floats:
        each_second = self._stacked(sight)
        sums = np.zeros((len(each_second), MINUTES + 1))
        np.cumsum(each_second, axis=1, out=sums[:, 1:])
        sums *= MINUTE
        return sums

    def _stacked(self, sight: Sight) -> Floats:
        return np.stack([self.metric.of(sight, row) for row in self.pod.rows], dtype=np.float64)

    def _sheet(self, number: int, who: Hashable, work: Callable[[], Floats]) -> Floats:
        what = (self.metric.name, self.service, self.pod.places, who)
        return self._sheets.of((self.environment, number, what), work)

    # ---------------------------------------------------------------- samples

    def _gauge(self, run: Instance, ticks: range, out: Floats) -> None:
        for number, mine in _days(ticks):
            minutes = np.arange(mine.start, mine.stop) // _A_MINUTE - number * MINUTES
            np.take(self._shown(run, number), minutes, axis=1, out=_of(out, ticks, mine))
        if self.metric.jitter:
            key = noise.keys(*((self.metric.name, run.name, *row.values()) for row in self.pod.rows))
            out *= 1.0 + self.metric.jitter * noise.jitter(key, np.arange(ticks.start, ticks.stop, dtype=np.int64))
        if self.metric.name == "gpu_utilization_ratio":
            np.minimum(out, 1.0, out=out)
        if self.metric.whole:
            np.rint(out, out=out)

    def _counter(self, run: Instance, ticks: range, out: Floats) -> None:
        """Within a minute it rises evenly; from stretch to stretch it goes on where it was."""
        before = np.zeros((len(out), 1))
        for stretch in self._stretches(run, ticks):
            least = stretch.at(run.start / MINUTE)
            if wanted := _cut(ticks, stretch.ticks):
                edges = stretch.edges(wanted) - least
                edges *= stretch.part
                edges += before
                self._between(edges, wanted, out[:, wanted.start - ticks.start : wanted.stop - ticks.start])
            before = before + stretch.part * (stretch.sums[:, -1:] - least)
        np.maximum(out[:, :_A_MINUTE], 0.0, out=out[:, :_A_MINUTE])  # as it starts, rounding may go below

    def _between(self, edges: Floats, ticks: range, out: Floats) -> None:
        """Samples within minutes, of which the edges are known."""
        rises = edges[:, 1:] - edges[:, :-1]
        for half in range(_A_MINUTE):
            if mine := ticks[half::_A_MINUTE]:
                first = mine.start // _A_MINUTE - ticks.start // _A_MINUTE
                inside = slice(first, first + len(mine))
                samples = rises[:, inside] * ((mine.start % _A_MINUTE * SCRAPE_MS + self.phase) / MINUTE_MS)
                samples += edges[:, inside]
                if self.metric.whole:
                    np.floor(samples, out=samples)
                out[:, half::_A_MINUTE] = samples


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """Minutes of one day over which an instance has the same part of what its service counts."""

    first: int
    sums: Floats
    """Counted since midnight at the edges of the minutes, by the whole service."""
    part: float

    @property
    def ticks(self) -> range:
        return range(self.first * _A_MINUTE, (self.first + self.sums.shape[1] - 1) * _A_MINUTE)

    def edges(self, ticks: range) -> Floats:
        """Of the minutes in which these scrapes are."""
        first, last = ticks[0] // _A_MINUTE - self.first, ticks[-1] // _A_MINUTE - self.first
        return self.sums[:, first : last + 2]

    def at(self, minute: float) -> Floats:
        """A column; before the first minute that of the first."""
        since = max(minute - self.first, 0.0)
        low, high = (self.sums[:, math.floor(since) + edge, None] for edge in range(2))
        return low + (since - math.floor(since)) * (high - low)


def _days(ticks: range) -> Iterator[tuple[int, range]]:
    """The scrapes of each day."""
    daily = MINUTES * _A_MINUTE
    for number in range(ticks.start // daily, (ticks.stop - 1) // daily + 1):
        yield number, _cut(ticks, range(number * daily, (number + 1) * daily))


def _cut(ticks: range, to: range) -> range:
    return range(max(ticks.start, to.start), min(ticks.stop, to.stop))


def _of(out: Floats, ticks: range, mine: range) -> Floats:
    return out[:, mine.start - ticks.start : mine.stop - ticks.start]


@lru_cache(maxsize=4_096)
def _offset(seed: int, service: str, env: str, index: int) -> int:
    return noise.number(seed, "scrape", service, env, index) % SCRAPE_MS


def offset(seed: int, run: Instance) -> int:
    """Milliseconds into each half minute at which an instance is scraped; not all are at once."""
    return _offset(seed, run.service, run.environment, run.index)


def _tick(at: float, phase: int) -> int:
    """The number of the first scrape at or after a moment."""
    return -((phase - math.ceil(at * 1000)) // SCRAPE_MS)


def _times(ticks: range, phase: int) -> Milliseconds:
    return np.arange(ticks.start, ticks.stop, dtype=np.int64) * SCRAPE_MS + phase
