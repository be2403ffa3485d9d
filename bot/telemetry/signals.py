"""What telemetry is made of: windows of time, series of samples, lines of logs, spans of traces, changes.

Times inside arrays are seconds since 1970 (float64); everywhere else they are aware datetimes in UTC. A sample that is
NaN is a sample that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = Mapping[str, str]
T_co = TypeVar("T_co", covariant=True)

NAME: Final = "__name__"


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end`, the end not included."""

    start: datetime
    end: datetime

    @classmethod
    def last(cls, seconds: float, now: datetime) -> Window:
        return cls(now - timedelta(seconds=seconds), now)

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def shifted(self, seconds: float) -> Window:
        by = timedelta(seconds=seconds)
        return Window(self.start + by, self.end + by)

    def before(self) -> Window:
        """The window of the same length that ends where this one begins."""
        return self.shifted(-self.seconds)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one thing, in the order of time."""

    labels: Labels
    times: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Samples:
    """What a metric query gave: series of many samples (matrix), of one each (vector), or one without labels."""

    kind: Literal["matrix", "vector", "scalar"]
    series: tuple[Series, ...]


Level = Literal["trace", "debug", "info", "warn", "error", "fatal", "unknown"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, with the labels of its stream and what was parsed out of it."""

    at: datetime
    text: str
    labels: Labels = field(default_factory=dict)
    level: Level = "unknown"
    nanoseconds: int = 0
    """The exact time, since 1970; what `at` cannot hold."""


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work; times in seconds since 1970, as traces need their fractions."""

    id: str
    parent: str | None
    service: str
    name: str
    start: float
    end: float
    kind: Literal["server", "client", "internal", "producer", "consumer", "unknown"] = "unknown"
    error: bool = False
    message: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    resource: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Trace:
    """All spans of one request that are known."""

    id: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """A trace as a search lists it."""

    id: str
    service: str
    name: str
    start: datetime
    seconds: float
    spans: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Something that somebody did to the platform: what telemetry is compared against."""

    id: str
    at: datetime
    kind: Literal["deploy", "rollback", "config", "scale", "restart", "flush", "failover", "other"]
    service: str
    environment: str
    title: str
    version: str = ""
    before: str = ""
    by: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Read(Generic[T_co]):
    """A value, where it is from, and how good it is."""

    value: T_co
    source: str
    at: datetime
    """When the source gave it."""
    query: str = ""
    took_ms: float = 0.0
    warnings: tuple[str, ...] = ()
    cut: bool = False
    """There was more than was read."""
    cached: bool = False
    stale: bool = False
    """The source is down, and this is from before."""
