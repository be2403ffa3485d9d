"""The world itself: asks any minute of the past, and takes faults and actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np

from bot import defaults
from bot.catalogue import Catalogue
from bot.errors import InvalidInput
from bot.telemetry.signals import Change, Window
from integrations.sandbox.platform.prometheus.storage import Block, Matcher, Metadata
from integrations.sandbox.platform.world.acts import FAULTS, Acts
from integrations.sandbox.platform.world.field import MINUTES, Day
from integrations.sandbox.platform.world.kept import Kept
from integrations.sandbox.platform.world.ledger import Ledger
from integrations.sandbox.platform.world.nature import ENVIRONMENTS, Nature
from integrations.sandbox.platform.world.schedule import MINUTE, whole_minute
from integrations.sandbox.platform.world.shapes import Call, Cells, Endpoint, Event, Fault, Floats, Instance
from integrations.sandbox.platform.world.sight import SIGNALS, Sight
from integrations.sandbox.platform.world.store import Store

BORN: Final = datetime(2026, 1, 1, tzinfo=UTC)
KEPT_DAYS: Final = 48
KEPT_SIGHTS: Final = 128
KEPT_BLOCKS: Final = 24
MOST_DAYS: Final = 400
QUIET: Final = timedelta(hours=24)


class World:
    """A pure function of seed, events and time. What is kept besides is a cache, and bounded."""

    def __init__(
        self,
        seed: int = 7,
        events: Iterable[Event] = (),
        *,
        born: datetime = BORN,
        catalogue: Catalogue | None = None,
    ) -> None:
        """From 24 hours before `born` on nothing goes wrong but what `events` say."""
        self.seed, self.born = seed, born
        self.nature = Nature(seed, catalogue or _shipped())
        self._quiet_from = (born - QUIET).timestamp()
        self._ledger = Ledger(self.nature, self._quiet_from, tuple(events))
        self._days: Kept[Day] = Kept(KEPT_DAYS)
        self._sights: Kept[Sight] = Kept(KEPT_SIGHTS)
        self.kept: Kept[Any] = Kept(KEPT_BLOCKS)
        """What Tempo and Loki make of its days: few, and large."""
        self._store = Store(self)
        self._appending = threading.Lock()

    # ---------------------------------------------------------------- what there is

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(self.nature.graph)

    @property
    def environments(self) -> tuple[str, ...]:
        return ENVIRONMENTS

    @property
    def graph(self) -> Mapping[str, tuple[str, ...]]:
        return self.nature.graph

    @property
    def events(self) -> tuple[Event, ...]:
        return self._ledger.events

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def endpoints(self, service: str) -> tuple[Endpoint, ...]:
        """Its routes, with what each of them calls."""
        return self.nature.profiles[service].endpoints

    def calls(self, service: str) -> tuple[tuple[Endpoint, Call], ...]:
        return tuple(self.nature.calls(service))

    # ---------------------------------------------------------------- what was when

    def cells(self, service: str, env: str, first_minute: int, last_minute: int) -> Cells:
        """The minutes from the first to the last, the last not included."""
        last_minute = max(first_minute, last_minute)
        numbers = range(first_minute // MINUTES, max(first_minute, last_minute - 1) // MINUTES + 1)
        if len(numbers) > MOST_DAYS:
            raise InvalidInput(f"{len(numbers)} days are too many at once.", mend=f"Ask for {MOST_DAYS} or less.")
        begins = [(number, number * MINUTES) for number in numbers]
        days = [
            (self.sight(service, env, number), slice(max(0, first_minute - begin), last_minute - begin))
            for number, begin in begins
        ]

        def joined(of: Callable[[Sight], Floats]) -> Floats:
            return np.concatenate([of(day)[inside] for day, inside in days])

        def by_endpoint(what: Callable[[Sight], tuple[Floats, ...]]) -> dict[str, Floats]:
            return {each.name: joined(_nth(what, place)) for place, each in enumerate(self.endpoints(service))}

        signals: dict[str, Any] = {name: joined(of) for name, of in SIGNALS.items()}
        return Cells(
            service,
            env,
            first_minute,
            np.arange(first_minute, last_minute, dtype=np.int64),
            endpoint_median=by_endpoint(lambda day: day.medians),
            endpoint_errors=by_endpoint(lambda day: day.failing),
            **signals,
        )

    def day(self, env: str, number: int) -> Day:
        """A whole day of an environment; the last ones asked for are kept."""
        return self._days.of((env, number, ""), lambda: Day(self._ledger, env, number))

    def sight(self, service: str, env: str, number: int, befallen: tuple[bool, ...] = ()) -> Sight:
        """A service on that day, kept like it. Its arrays are everybody's: nobody may write to them."""
        what = (service, befallen)
        return self._sights.of((env, number, what), lambda: Sight(self.day(env, number), service, befallen))

    def instances_at(self, service: str, env: str, t: datetime) -> tuple[Instance, ...]:
        at = t.timestamp()
        return tuple(self.instances(service, env, at, at))

    def instances(self, service: str, env: str, start: float, end: float) -> list[Instance]:
        """Every run of a process between two moments, in seconds since 1970, the end included."""
        return self._ledger.instances(service, env, start, np.nextafter(end, np.inf))

    def version_at(self, service: str, env: str, t: datetime) -> str:
        """What most recently began to roll out."""
        return self._ledger.current(service, env, t.timestamp()).version

    def replicas_at(self, service: str, env: str, t: datetime) -> int:
        return self._ledger.replicas_at(service, env, t.timestamp())

    def faults_at(self, service: str, env: str, t: datetime) -> tuple[str, ...]:
        """The kinds of fault that a service itself suffers from."""
        minute = int(t.timestamp() // MINUTE)
        effects = self._ledger.effects(env, minute, minute + 1)
        found: list[str] = [effect.kind for effect in effects if effect.service == service and effect.kind in FAULTS]
        if self._ledger.current(service, env, minute * MINUTE).badness:
            found.append("bad_deploy")
        return tuple(dict.fromkeys(found))

    def faults(self) -> tuple[Fault, ...]:
        """What was injected, and when it was over."""
        return tuple(self._ledger.faults())

    def deploys(self, window: Window, service: str = "", environment: str = "") -> list[Change]:
        """Every change in a window, the oldest first."""
        start, end = window.start.timestamp(), window.end.timestamp()
        found = [
            change
            for name in self.services
            for env in ENVIRONMENTS
            if service in {"", name} and environment in {"", env}
            for change in self._ledger.changes(name, env, start, end)
        ]
        return sorted(found, key=lambda change: (change.at, change.id))

    # ---------------------------------------------------------------- what is done to it

    def inject(
        self,
        kind: str,
        service: str,
        environment: str,
        at: datetime,
        *,
        minutes: float | None = None,
        size: float | None = None,
        version: str = "",
        by: str = "",
    ) -> Fault:
        """A fault from the next whole minute on; without `minutes` until it is ended or cured."""
        events = Acts(self.nature, self._ledger).fault(
            kind, service, environment, at, minutes=minutes, size=size, version=version, by=by
        )
        self._append(events)
        return next(fault for fault in self._ledger.faults() if fault.id == events[0].id)

    def end(self, fault: str, at: datetime) -> Fault:
        self._append((Acts(self.nature, self._ledger).end(fault, at),))
        return next(one for one in self._ledger.faults() if one.id == fault)

    def act(
        self,
        kind: str,
        service: str,
        environment: str,
        at: datetime,
        *,
        version: str = "",
        replicas: int | None = None,
        by: str = "",
    ) -> Change:
        """Deploy, rollback, scale, restart, flush or failover."""
        event = Acts(self.nature, self._ledger).action(
            kind, service, environment, at, version=version, replicas=replicas, by=by
        )
        self._append((event,))
        return self._ledger.acted(event)

    def _append(self, events: Sequence[Event]) -> None:
        with self._appending:
            self._ledger = Ledger(self.nature, self._quiet_from, (*self._ledger.events, *events))
        since = min(whole_minute(event.at.timestamp()) for event in events) // MINUTES
        for kept in (self._days, self._sights, self._store.sheets, self.kept):  # each is made of those before it
            kept.forget(events[0].environment, since)

    # ---------------------------------------------------------------- what Prometheus scraped

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Block]:
        return self._store.select(matchers, start_ms, end_ms)

    def names(self) -> list[str]:
        return self._store.names()

    def label_names(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        return self._store.label_names(matchers, start_ms, end_ms)

    def label_values(self, name: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        return self._store.label_values(name, matchers, start_ms, end_ms)

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Mapping[str, str]]:
        return self._store.series(matchers, start_ms, end_ms)

    def metadata(self) -> Mapping[str, Metadata]:
        return self._store.metadata()


def _nth(what: Callable[[Sight], tuple[Floats, ...]], place: int) -> Callable[[Sight], Floats]:
    return lambda day: what(day)[place]


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    return Catalogue.load(defaults.path("services.yaml"))
