"""What somebody wants watched: one row, by which every replica knows what to look at, how often, and whom to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, Protocol

from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert

Sensitivity = Literal["low", "medium", "high"]
Side = Literal["", "up", "down"]
SCANS: Final[Mapping[str, float]] = {"metrics": 60.0, "slo": 300.0, "logs": 300.0, "traces": 300.0}
"""The built-in ones, and how often they look, in seconds."""
Place = tuple[str, str]
"""A service, and a signal of it."""
EVERYWHERE: Final[Place] = ("", "")
Learned = Mapping[Place, float]
"""What feedback has added to the surprise that is wanted; more is quieter."""
UNTAUGHT: Final[Learned] = MappingProxyType({})
QUIETEST: Final = 3.0
"""The most that feedback adds anywhere."""
MOST_PLACES: Final = 200
"""At which a watch is quieter; those that were taught longest ago go first."""


def added(learned: Learned, service: str, signal: str) -> float:
    """What more is wanted there than at first."""
    return learned.get(EVERYWHERE, 0.0) + learned.get((service, signal), 0.0)


class WatchKind(StrEnum):
    """What makes it speak."""

    SCAN = "scan"
    """Everything of an environment, by one of the built-in scans: `metric` says which."""
    ANOMALY = "anomaly"
    THRESHOLD = "threshold"
    ABSENCE = "absence"
    CHANGE = "change"
    PATTERN = "pattern"
    BURN = "burn"
    OUTSIDE = "outside"
    """What another system says: there is nothing to look at, and it is never due."""


class WatchState(StrEnum):
    """Deleted ones stay for the record, and their alerts with them."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Aim:
    """What is looked at, and what is too much."""

    kind: WatchKind
    metric: str = ""
    """A name of the vocabulary; of a scan, which one."""
    scope: Scope = field(default_factory=Scope)
    quantile: float | None = None
    query: str = ""
    """PromQL, or for a pattern LogQL, where names do not do."""
    above: float | None = None
    below: float | None = None
    change: float | None = None
    """By what share it has to differ from the same time a day before."""
    pattern: str = ""
    """What lines of logs must contain."""
    for_seconds: float = 0.0
    """So long it must hold."""
    only: Side = ""
    """Of a change: what rises, or what falls; empty counts both."""

    @property
    def learns(self) -> bool:
        """Whether feedback and sensitivity move what it takes; any other has a limit that somebody set."""
        return self.kind is WatchKind.ANOMALY or (self.kind is WatchKind.SCAN and self.metric != "slo")


@dataclass(frozen=True, slots=True)
class Tuning:
    """What feedback has added at one place of a watch of many."""

    service: str
    signal: str
    more: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Its version rises with every change, so that two who change it at once do not undo each other."""

    id: str
    name: str
    aim: Aim
    channel: str
    """Where it speaks."""
    created_by: str
    created_at: datetime
    every: float = 60.0
    sensitivity: Sensitivity = "medium"
    state: WatchState = WatchState.ACTIVE
    paused_until: datetime | None = None
    workspace: str = ""
    timezone: str = "UTC"
    tuned: float = 0.0
    """What feedback has added to the surprise that it wants everywhere …"""
    tunings: tuple[Tuning, ...] = ()
    """… and at single places; more is quieter."""
    tuned_at: datetime | None = None
    """When somebody last tuned it by hand: what feedback had done by then cannot be undone any more."""
    version: int = 1

    @property
    def built_in(self) -> bool:
        return self.aim.kind is WatchKind.SCAN

    @property
    def group(self) -> str:
        """Whose findings make one alert: scans of an environment that speak in one place; any other only its own."""
        return f"scan:{self.aim.scope.environment}:{self.channel}" if self.built_in else self.id

    @property
    def narrow(self) -> bool:
        """Whether all that it looks at is one signal of one service."""
        return bool(self.aim.scope.service) and not self.built_in

    @property
    def sums(self) -> Learned:
        """Of all that feedback did, without bounds: whatever is undone, and in what order, leaves what the rest did."""
        return {EVERYWHERE: self.tuned} | {(each.service, each.signal): each.more for each in self.tunings}

    @property
    def learned(self) -> Learned:
        return {place: min(QUIETEST, max(0.0, more)) for place, more in self.sums.items()}

    def taught(self, learned: Learned) -> Watch:
        """With this instead of what it had learned, the latest last."""
        tunings = tuple(Tuning(*place, more) for place, more in learned.items() if more and place != EVERYWHERE)
        return self.changed(tuned=learned.get(EVERYWHERE, 0.0), tunings=tunings[-MOST_PLACES:])

    def due(self, at: datetime) -> datetime:
        """The last moment at or before `at` in which it is to look: the same on every replica."""
        phase = offset(self.id, self.every)
        beats = (at.timestamp() - phase) // self.every
        return datetime.fromtimestamp(beats * self.every + phase, at.tzinfo)

    def awake(self, at: datetime) -> bool:
        if self.aim.kind is WatchKind.OUTSIDE:
            return False
        if self.state is WatchState.PAUSED:
            return self.paused_until is not None and at >= self.paused_until
        return self.state is WatchState.ACTIVE

    def changed(self, **fields: object) -> Watch:
        return replace(self, version=self.version + 1, **fields)  # type: ignore[arg-type]


def offset(watch_id: str, every: float) -> float:
    """Where in its interval a watch looks: spread, so that a backend is not asked everything at once."""
    spread = min(every, 60.0) / 4
    number = int.from_bytes(watch_id.encode()[-6:], "big") * 2_654_435_761 % 2**32
    return float(number / 2**32 * spread)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a watch has come: what it has read up to, and what it carries from there."""

    watch: str
    until: datetime
    state: bytes = b""
    failures: int = 0
    """In a row; each makes it wait longer."""
    trouble: str = ""
    looked_at: datetime | None = None
    took: float = 0.0


class WatchStore(Protocol):
    """Keeps watches, and how far each has come."""

    async def add(self, watch: Watch) -> Watch:
        """Keep it; what is there by that id stays, and is returned."""
        ...

    async def get(self, watch_id: str) -> Watch | None: ...

    async def find(
        self, *, states: Sequence[WatchState] = (), channel: str = "", created_by: str = "", limit: int = 500
    ) -> Sequence[Watch]:
        """The newest first."""
        ...

    async def swap(self, before: Watch, after: Watch) -> bool:
        """False where somebody was quicker."""
        ...

    async def judged(self, before: Alert, after: Alert, taught: Sequence[tuple[Watch, Watch]]) -> bool:
        """Keep a judgement with what it taught, or nothing: False where somebody was quicker with any of them."""
        ...

    async def progress(self, watch_id: str) -> Progress | None: ...

    async def reached(self, watches: Sequence[str]) -> Mapping[str, Progress]:
        """How far each of these is, without what it carries, which is large and sealed."""
        ...
