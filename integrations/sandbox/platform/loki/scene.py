"""A service in one environment over some minutes, as its logs see it: how much it says of what, and why it fails."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.loki import voices
from integrations.sandbox.platform.loki.templates import Level, Template, stack_traces, templates
from integrations.sandbox.platform.world import Cells, Endpoint, Instance, World
from integrations.sandbox.platform.world.field import MINUTES, Day
from integrations.sandbox.platform.world.nature import DATABASE, SIZES

Floats = NDArray[np.float64]
Which = NDArray[np.int64]

_USUAL_LINES: Final = 24.0
"""Lines a minute of requests that an instance writes on an ordinary day; busier ones write a sample."""
_MOST_SERVED: Final = 100.0
_MOST_FAILED: Final = 300.0
_MOST_SLOW: Final = 60.0
_MOST_TRACES: Final = 40.0
_TRACED: Final = 0.15
_SLOW: Final = 4.0
_FAULTY: Final = 0.85
"""How many of its own failures look like the fault that is on."""
_SYMPTOMS: Final = 6.0
_DEBUG: Final = {"production": 0.0, "staging": 4.0, "development": 6.0}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One kind of thing that an instance says: how often in each minute, and which templates may say it.

    `groups` are templates that stand for one cause each; `odds` says, for each minute, how likely each of them is.
    """

    name: str
    level: Level
    format: str
    each_minute: Floats
    groups: tuple[tuple[Template, ...], ...]
    odds: Floats
    """Rows: groups; columns: minutes; cumulated."""
    failed: bool = False

    @property
    def templates(self) -> tuple[Template, ...]:
        return tuple(template for group in self.groups for template in group)


class Scene:
    """Cells and effects, read once."""

    def __init__(self, world: World, service: str, environment: str, first: int, last: int) -> None:
        self.world = world
        self.service: str = service
        self.environment: str = environment
        self.first: int = first
        self.last: int = last
        self.cells: Cells = world.cells(service, environment, first, last)
        self.endpoints: tuple[Endpoint, ...] = world.endpoints(service)
        self._sources: dict[tuple[bytes, bool], tuple[Source, ...]] = {}
        self._ways: dict[tuple[int, bool], list[float]] = {}
        self._bad: set[str] = set()
        self.effects = self._found()
        self.voice = voices.VOICES.get(service, voices.Voice("json", "python"))

        self.routes = {endpoint.name: number for number, endpoint in enumerate(self.endpoints)}

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.world.nature.profiles[self.service].models) or ("none",)

    def _found(self) -> list[tuple[str, Floats]]:
        """Kinds of what befalls the service itself, oldest first, and in which minutes."""
        found = [
            (effect.start, effect.id, effect.kind, self._within(effect.start, effect.stop))
            for effect in self.world.ledger.effects(self.environment, self.first, self.last)
            if effect.service == self.service
        ]
        start, end = self.first * 60.0, self.last * 60.0
        rollout = self.world.ledger.deployments(self.service, self.environment, start, end)
        for bad, following in zip(rollout, [*rollout[1:], None], strict=True):
            if bad.badness:
                self._bad.add(bad.id)
                until = following.begin / 60 if following else float(self.last)
                found.append((int(bad.begin // 60), bad.id, "bad_deploy", self._within(bad.begin / 60, until)))
        return [(str(kind), active) for _, _, kind, active in sorted(found, key=lambda each: each[:2])]

    def _within(self, start: float, stop: float) -> Floats:
        minutes = self.cells.minutes
        return ((minutes >= start) & (minutes < stop)).astype(np.float64)

    # what a line asks

    def median(self, endpoint: int, index: int) -> float:
        return float(self.cells.endpoint_median[self.endpoints[endpoint].name][index])

    def tail(self, index: int) -> float:
        return float(self.cells.tail[index])

    def memory(self, index: int) -> int:
        limit = self.world.nature.profiles[self.service].memory * 2**20
        return min(99, round(100 * float(self.cells.memory[index]) / limit))

    def callee(self, index: int) -> str:
        """Whom a failure comes from: of those that it calls, the one that fails most."""
        if not self.callees:
            return "upstream"
        return self.callees[int(self._blamed[index])]

    @cached_property
    def callees(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.callee for _, call in self.world.calls(self.service)))

    @cached_property
    def _blamed(self) -> Which:
        errors = np.zeros((len(self.callees), len(self.cells.minutes)))
        rows = self._joined(lambda day: day.errors)
        for endpoint, call in self.world.calls(self.service):
            failing = rows[self.world.nature.index[call.callee]]
            errors[self.callees.index(call.callee)] += endpoint.share * call.chance * call.surfaces * failing
        blamed: Which = np.argmax(errors, axis=0).astype(np.int64)
        return blamed

    @cached_property
    def ways(self) -> tuple[Floats, Floats]:
        """Odds of each endpoint, cumulated, for requests that went well and for those that failed."""
        shares = np.array([endpoint.share for endpoint in self.endpoints])[:, None]
        errors = np.array([self.cells.endpoint_errors[endpoint.name] for endpoint in self.endpoints])
        return _cumulated(shares * (1.0 - errors)), _cumulated(shares * np.maximum(errors, 1e-9))

    def way(self, index: int, place: float, *, failed: bool) -> int:
        """The endpoint of a request of a minute, by its place from 0 to 1 among all."""
        if (index, failed) not in self._ways:
            self._ways[index, failed] = self.ways[failed][:, index].tolist()
        return bisect(self._ways[index, failed], place, hi=len(self.endpoints) - 1)

    # what is said

    def sources(self, instance: Instance) -> tuple[Source, ...]:
        """What an instance says; those that are alike share it."""
        lean, bad = self._lean(instance), instance.deployment in self._bad
        alike = (lean.tobytes(), bad)
        if alike not in self._sources:
            self._sources[alike] = tuple(self._said(lean, bad=bad))
        return self._sources[alike]

    def _lean(self, instance: Instance) -> Floats:
        """By how much more of its requests fail than those of its service on average."""
        return self._joined(lambda day: self._day_lean(instance, day))

    def _joined(self, of: Callable[[Day], Floats]) -> Floats:
        """What each day has, of the scene's minutes."""
        days = range(self.first // MINUTES, (self.last - 1) // MINUTES + 1)
        inside = (
            (number, slice(max(0, self.first - number * MINUTES), self.last - number * MINUTES)) for number in days
        )
        return np.concatenate([of(self.world.day(self.environment, number))[..., part] for number, part in inside], -1)

    def _day_lean(self, instance: Instance, day: Day) -> Floats:
        lean = np.zeros(MINUTES)
        for deviation in day.deviations:
            if deviation.service == self.service:
                active = deviation.active if deviation.befalls(instance) else 0.0
                lean += (active - deviation.share) * deviation.errors
        return lean

    def _said(self, lean: Floats, *, bad: bool) -> Iterator[Source]:
        """Each with its rate for one instance."""
        cells, voice = self.cells, self.voice
        errors = np.clip(cells.errors + lean, 0.0, 1.0)
        store = voices.STORES.get(voice.tongue, {})
        requests = cells.rate * 60.0 / np.maximum(cells.instances, 1.0)
        share = min(1.0, _USUAL_LINES / self._usual)
        served = np.minimum(requests * share * (1.0 - errors), _MOST_SERVED)
        failed = np.minimum(requests * errors, _MOST_FAILED)
        slow = np.minimum(requests * share * self._slow_share, _MOST_SLOW)
        steady = np.ones(len(cells.minutes))
        yield self._source("served", "info", served, store.get("served", (*voices.SERVED, *voice.served)), bound=True)
        yield self._failures(failed, errors, lean, store, bad=bad)
        yield self._source("slow", "warn", slow, store.get("slow", voices.SLOW), bound=True, traced=False)
        yield self._source("routine", "info", 1.2 * steady, store.get("routine", (*voices.ROUTINE, *voice.routine)))
        yield self._source("hiccups", "warn", 0.04 * steady, store.get("hiccups", voices.HICCUPS))
        if _DEBUG[self.environment] and voice.tongue not in voices.STORES:
            yield self._source("chatter", "debug", _DEBUG[self.environment] * steady, voices.CHATTER)
        if traces := stack_traces(voice.tongue):
            often = np.minimum(failed * _TRACED, _MOST_TRACES)
            yield Source("traces", "error", "text", often, (traces,), np.ones((1, len(often))), failed=True)
        for kind in dict.fromkeys(kind for kind, _ in self.effects):
            active = np.clip(sum(each for other, each in self.effects if other == kind), 0.0, 1.0)
            if kind == "bad_deploy" and not bad:
                continue
            if kind in voices.SYMPTOMS and voice.tongue not in voices.STORES:
                yield self._source(f"symptoms {kind}", "warn", _SYMPTOMS * active, voices.SYMPTOMS[kind])

    @cached_property
    def _usual(self) -> float:
        nature = self.world.nature
        replicas = nature.replicas(self.service, self.environment)
        return max(nature.rates[self.service] * SIZES[self.environment] * 60.0 / replicas, 1e-9)

    @cached_property
    def _slow_share(self) -> Floats:
        """How many requests take several times as long as usual."""
        limit = _SLOW * self.world.nature.medians[self.service]
        return 1.0 / (1.0 + (limit / np.maximum(self.cells.median, 1e-6)) ** self.cells.tail)

    def _source(
        self,
        name: str,
        level: Level,
        often: Floats,
        messages: tuple[str, ...],
        *,
        bound: bool = False,
        traced: bool = True,
    ) -> Source:
        group = templates(self.voice, level, messages, bound=bound, traced=traced)
        return Source(name, level, self.voice.format, often, (group,), np.ones((1, len(often))))

    def _failures(
        self, often: Floats, errors: Floats, lean: Floats, store: Mapping[str, tuple[str, ...]], *, bad: bool
    ) -> Source:
        """Failures speak of their cause: the service itself, the fault that it has, or those that it calls."""
        own = np.clip((self.cells.own_errors + lean) / np.maximum(errors, 1e-12), 0.0, 1.0)
        if not self.callees:
            own = np.ones_like(own)
        starved = self._starved
        causes = [
            (store.get("failed", (*voices.FAILED, *self.voice.failed)), own),
            (voices.UPSTREAM, (1.0 - own) * (1.0 - starved)),
            (voices.POOL, (1.0 - own) * starved),
        ]
        for kind, active in self.effects:
            if kind == "bad_deploy" and not bad:
                continue
            if messages := store.get(kind) or (() if store else voices.FAULTS.get(kind, ())):
                shared = _FAULTY * own * active
                causes[0] = (causes[0][0], causes[0][1] - np.minimum(shared, causes[0][1]))
                causes.append((messages, shared))
        groups = tuple(templates(self.voice, "error", messages, bound=True) for messages, _ in causes)
        odds = _cumulated(np.array([often for _, often in causes]))
        return Source("failed", "error", self.voice.format, often, groups, odds, failed=True)

    @cached_property
    def _starved(self) -> Floats:
        """When the database that it calls has no connections left."""
        active = np.zeros(len(self.cells.minutes))
        if DATABASE in self.callees:
            for effect in self.world.ledger.effects(self.environment, self.first, self.last):
                if effect.service == DATABASE and effect.kind == "connection_exhaustion":
                    active = np.maximum(active, self._within(effect.start, effect.stop))
        return active

    def starts(self, instance: Instance) -> Iterator[tuple[float, Level, Template]]:
        """What an instance says when it starts and when it stops, and when (seconds since 1970)."""
        store = voices.STORES.get(self.voice.tongue, {})
        starting = templates(self.voice, "info", store.get("starting", voices.STARTING), bound=False)
        stopping = templates(self.voice, "info", store.get("stopping", voices.STOPPING), bound=False)
        for place, template in enumerate(starting):
            yield instance.start + 0.2 + 1.1 * place, "info", template
        if not store and self._starved_of_memory(instance.start):
            yield instance.start + 0.1, "error", templates(self.voice, "error", (voices.OOM,), bound=False)[0]
        else:
            for place, template in enumerate(stopping):
                yield instance.end - 4.0 + 1.5 * place, "info", template

    def _starved_of_memory(self, at: float) -> bool:
        minute = int(at // 60)
        leaks = self.world.ledger.leaks(self.service, self.environment, minute, minute + 1)
        return any(leak.start < minute for leak in leaks)


def _cumulated(weights: Floats) -> Floats:
    """Columns that rise to 1."""
    total = np.maximum(weights.sum(axis=0), 1e-12)
    out: Floats = np.cumsum(weights, axis=0) / total
    out[-1] = 1.0
    return out
