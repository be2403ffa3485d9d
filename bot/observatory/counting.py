"""Events that objectives count: good ones and all, of many services by one query for each metric and window.

A latency that is promised lies between two buckets of the histogram; what is between them is taken as evenly spread, as
Prometheus does for quantiles.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from bot.catalogue import Objective, Service
from bot.errors import CopilotError
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.telemetry import slo
from bot.telemetry.queries.promql import Matcher, Selector, aggregate, checked, increase, literally
from bot.telemetry.signals import Floats, Series, Window
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import Scope, Settled

AT_ONCE: Final = 4
"""Queries at the same time."""
MOST_AT_ONCE: Final = 50
"""Services of one query …"""
LEAST_AT_ONCE: Final = 4
SHARED: Final = 8 * slo.DAY
"""… and fewer where each is counted over days: seconds of all services together."""
ROUNDING: Final = 1e-9

Part = tuple[tuple[str, ...], float]
"""The names of one bucket, and its weight."""


class Promise(NamedTuple):
    """One objective of one service."""

    service: str
    objective: Objective

    @property
    def target(self) -> slo.Objective:
        return slo.Objective(self.objective.objective / 100, self.objective.window_days * slo.DAY)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is counted for a promise: of a latency the buckets that are good, and what has to be said of them."""

    part: tuple[Part, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Of one promise at each moment; NaN where it is not known."""

    good: Floats
    total: Floats
    trouble: str = ""

    def at(self, place: int) -> slo.Counted | None:
        good, total = float(self.good[place]), float(self.total[place])
        return slo.Counted(good, total) if math.isfinite(good) and math.isfinite(total) else None

    @property
    def why_not(self) -> str:
        """Where everybody answered, and nothing was counted."""
        if np.isfinite(self.total).any() and not np.isfinite(self.good).any():
            return "the histogram has no bucket near what is promised"
        return "no traffic was counted"


@dataclass
class Counting:
    """The objectives of an environment, at each moment of a grid; `asked` is what became of each question."""

    observatory: Observatory
    words: Settled
    environment: str
    window: Window
    step: float
    asked: list[Heard[object]] = field(default_factory=list)
    rules: dict[Promise, Rule] = field(default_factory=dict)
    refused: dict[Promise, str] = field(default_factory=dict)
    """Those that cannot be counted, and why."""
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @classmethod
    async def of(
        cls, observatory: Observatory, services: Iterable[Service], environment: str, window: Window, step: float = 60.0
    ) -> Counting:
        counting = cls(observatory, await observatory.settled(window.end), environment, window, step)
        for known in await asyncio.gather(*(counting._learned(each) for each in services)):
            for promise, rule in known:
                if isinstance(rule, str):
                    counting.refused[promise] = rule
                else:
                    counting.rules[promise] = rule
        return counting

    @property
    def many(self) -> int:
        """Moments."""
        return max(1, math.ceil(self.window.seconds / self.step))

    def moment(self, place: int) -> datetime:
        return self.window.start + timedelta(seconds=place * self.step)

    async def over(
        self, seconds: float, promises: Iterable[Promise], within: tuple[int, int] | None = None
    ) -> dict[Promise, Counts]:
        """What there was in so many seconds before each moment, or before those of some places."""
        groups: defaultdict[str, dict[str, list[Promise]]] = defaultdict(dict)
        for each in promises:
            if each in self.rules:
                groups[each.objective.indicator].setdefault(each.service, []).append(each)
        size = int(min(MOST_AT_ONCE, max(LEAST_AT_ONCE, SHARED // seconds)))
        asked = (
            self._read(seconds, [each for name in few for each in of[name]], within)
            for of in groups.values()
            for few in _batched(sorted(of), size)
        )
        told = await asyncio.gather(*asked)
        return {promise: counts for each in told for promise, counts in each.items()}

    def query(self, promise: Promise, seconds: float) -> str:
        """What shows both counts of one promise alone, told apart by a label."""
        services = (promise.service,)
        if promise.objective.indicator == "availability":
            total = self._requests(services)
            part = aggregate("sum", increase(self._failed(total), seconds))
        else:
            total = self._latency(services, "_count")
            part = " + ".join(
                f"{'' if weight == 1 else f'{weight:.6g} * '}"
                + aggregate("sum", increase(self._latency(services, "_bucket").where(_named(edges)), seconds))
                for edges, weight in self.rules[promise].part
            )
        return _both(part, aggregate("sum", increase(total, seconds)))

    # ------------------------------------------------------------ asked

    async def _learned(self, service: Service) -> list[tuple[Promise, Rule | str]]:
        """How its promises are counted; what cannot be is said of this one, and the others go on."""
        edges: tuple[str, ...] | None = None
        found: list[tuple[Promise, Rule | str]] = []
        for promise in (Promise(service.name, each) for each in service.slos):
            try:
                if promise.objective.indicator == "availability":
                    self._failed(self._requests((service.name,)))
                    rule = Rule()
                else:
                    edges = await self._edges(service.name) if edges is None else edges
                    rule = Rule(*weights(edges, (promise.objective.threshold_ms or 0) / 1_000))
            except CopilotError as error:
                found.append((promise, error.message))
            else:
                found.append((promise, rule))
        return found

    async def _edges(self, service: str) -> tuple[str, ...]:
        buckets = self._latency((service,), "_bucket")
        async with self._gate:
            listed = await heard("metrics", self.observatory.need_metrics().values("le", [str(buckets)]))
        self.asked.append(listed)
        return listed.value or ()

    async def _read(
        self, seconds: float, promises: Sequence[Promise], within: tuple[int, int] | None
    ) -> dict[Promise, Counts]:
        """Of one indicator."""
        metrics, query = self.observatory.need_metrics(), self._shared(promises, seconds)
        first, last = within or (0, self.many - 1)
        start = self.moment(first)
        window = Window(start, self.moment(last + 1))
        async with self._gate:  # nothing is asked before: who gives up while waiting leaves no question behind
            asking = (
                metrics.instant(query, start) if self.many == 1 else self.observatory.series(query, window, self.step)
            )
            told = await heard(metrics.name, asking)
        self.asked.append(told)
        label, counted = self.words.label("service"), dict[tuple[str, str, str], Floats]()
        for each in whole(told.value):
            key = (each.labels.get(label, ""), each.labels.get("count", ""), each.labels.get("le", ""))
            counted[key] = self._placed(each)
        return {each: self._counts(each, counted, told.trouble) for each in promises}

    def _counts(self, promise: Promise, counted: Mapping[tuple[str, str, str], Floats], trouble: str) -> Counts:
        nothing = np.full(self.many, np.nan)
        total = counted.get((promise.service, "all", ""), nothing)
        if promise.objective.indicator == "availability":  # failures that are not there are none
            return Counts(total - np.nan_to_num(counted.get((promise.service, "part", ""), nothing)), total, trouble)
        good = np.zeros(self.many)
        for edges, weight in self.rules[promise].part:
            there = [counted.get((promise.service, "part", edge), nothing) for edge in edges]
            known = np.isfinite(there).any(axis=0)
            good += weight * np.where(known, np.nansum(there, axis=0), np.nan)
        return Counts(good, total, trouble)

    def _placed(self, series: Series) -> Floats:
        values = np.full(self.many, np.nan)
        if self.many == 1:  # whatever moment a server says it is
            values[0] = series.values[-1]
            return values
        places = np.rint((series.times - self.window.start.timestamp()) / self.step).astype(np.int64)
        inside = (places >= 0) & (places < self.many)
        values[places[inside]] = series.values[inside]
        return values

    def _shared(self, promises: Sequence[Promise], seconds: float) -> str:
        """Both counts of all these services, in one answer."""
        services = sorted({each.service for each in promises})
        label = self.words.label("service")
        if promises[0].objective.indicator == "availability":
            total = self._requests(services)
            part = aggregate("sum", increase(self._failed(total), seconds), (label,))
        else:
            total = self._latency(services, "_count")
            edges = sorted({edge for each in promises for names, _ in self.rules[each].part for edge in names})
            buckets = self._latency(services, "_bucket").where(_named(edges))
            part = aggregate("sum", increase(buckets, seconds), (label, "le"))
        return _both(part, aggregate("sum", increase(total, seconds), (label,)))

    def _requests(self, services: Sequence[str]) -> Selector:
        return Selector(self.words.name("error_rate"), self._of(services))

    def _failed(self, total: Selector) -> Selector:
        part = self.observatory.vocabulary.signal("error_rate").part
        return total.where(*(Matcher(label, value, "=~") for label, value in part.items()))

    def _latency(self, services: Sequence[str], end: str) -> Selector:
        return Selector(f"{self.words.name('latency')}{end}", self._of(services))

    def _of(self, services: Sequence[str]) -> tuple[Matcher, ...]:
        if len(services) == 1:
            return self.words.matchers(Scope(services[0], self.environment))
        several = Matcher(self.words.label("service"), "|".join(map(literally, services)), "=~")
        return (several, *self.words.matchers(Scope(environment=self.environment)))


def _batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _both(part: str, total: str) -> str:
    return checked(f'label_replace({part}, "count", "part", "", "") or label_replace({total}, "count", "all", "", "")')


# ---------------------------------------------------------------- between buckets


def weights(edges: Sequence[str], limit: float) -> tuple[tuple[Part, ...], str]:
    """Which buckets make the events up to a limit, and what has to be said of that.

    One bound may have several names: 1 became 1.0 with Prometheus 3, and a month holds both.
    """
    bounds: dict[float, tuple[str, ...]] = {}
    for edge in sorted(edges):
        if (bound := _bound(edge)) is not None:
            bounds[bound] = (*bounds.get(bound, ()), edge)
    nearest = min(bounds, key=lambda bound: abs(bound - limit), default=limit)
    if abs(nearest - limit) <= ROUNDING * limit:
        return ((bounds.get(nearest, (f"{limit:g}",)), 1.0),), ""
    above = min((each for each in bounds if each > limit), default=None)
    below = max((each for each in bounds if each < limit), default=0.0)
    start = shown(below, "s")
    if above is None:
        return ((bounds[below], 1.0),), f"counted at {start}, where the histogram ends, and not at {shown(limit, 's')}"
    share = (limit - below) / (above - below)
    part: tuple[Part, ...] = ((bounds[below], 1.0 - share),) if below else ()
    note = f"{shown(limit, 's')} lies between the buckets {start} and {shown(above, 's')}, and is estimated"
    return (*part, (bounds[above], share)), note


def _bound(edge: str) -> float | None:
    """None of what is no bound, or the last one, beyond which there is nothing."""
    try:
        bound = float(edge)
    except ValueError:
        return None
    return bound if math.isfinite(bound) and bound > 0 else None


def _named(edges: Sequence[str]) -> Matcher:
    return Matcher("le", edges[0]) if len(edges) == 1 else Matcher("le", "|".join(map(literally, edges)), "=~")
