"""The port Changes where nothing knows of deploys but the metrics: a version that takes over is one.

Made from the label `version` of `build_info`, or as an installation calls them. A canary that never runs on most
instances is not seen, nor is a change that leaves the version as it was.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

import numpy as np

from bot.telemetry.queries.promql import Matcher, Selector, aggregate
from bot.telemetry.signals import Change, Read, Samples, Series, Window
from bot.telemetry.sources import Metrics
from integrations.http.client import Clock, now

T = TypeVar("T")

FINEST: Final = 60
"""Seconds between two looks at what runs."""
LOOKS: Final = 2_000
BEFORE: Final = 2
"""Looks before the window, to know what ran until it began."""


@dataclass(frozen=True, slots=True)
class VersionMetric:
    """How an installation tells which version runs."""

    metric: str = "build_info"
    version: str = "version"
    service: str = "service"
    environment: str = "env"

    def query(self, service: str, environment: str) -> str:
        asked = ((self.service, service), (self.environment, environment))
        matchers = (Matcher(label, value) for label, value in asked if value)
        known = Selector(self.metric).where(Matcher(self.version, "", "!="), *matchers)
        return aggregate("count", str(known), (self.service, self.environment, self.version))


class VersionChanges:
    """Implements `bot.telemetry.sources.Changes` over any Metrics."""

    def __init__(
        self,
        metrics: Metrics,
        told_by: VersionMetric = VersionMetric(),
        *,
        name: str = "versions in metrics",
        clock: Clock = now,
    ) -> None:
        self.name = name
        self._metrics = metrics
        self._told_by = told_by
        self._clock = clock

    async def close(self) -> None:
        """The metrics are somebody else's to close."""

    async def ready(self) -> str:
        return f"{self._told_by.metric} in {await self._metrics.ready()}"

    async def changes(self, window: Window, *, service: str = "", environment: str = "") -> Read[tuple[Change, ...]]:
        step = FINEST * max(1, math.ceil(window.seconds / LOOKS / FINEST))
        looked = Window(window.shifted(-BEFORE * step).start, window.end)
        read = await self._metrics.range(self._told_by.query(service, environment), looked, step)
        found = tuple(change for change in took_over(read.value.series, self._told_by) if change.at in window)
        return _with(read, found, self.name)

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        read = await self._metrics.instant(self._told_by.query("", environment), self._clock())
        running: dict[tuple[str, str], tuple[float, tuple[int, ...], str]] = {}
        for series in read.value.series:
            key, version = _placed(series, self._told_by)
            running[key] = max(running.get(key, (0.0, (), "")), (float(series.values[-1]), _order(version), version))
        return _with(read, {key: version for key, (_, _, version) in running.items()}, self.name)


def took_over(series: Iterable[Series], told_by: VersionMetric) -> tuple[Change, ...]:
    """Every change of the version that most instances run, in the order of time."""
    places: dict[tuple[str, str], dict[str, Series]] = defaultdict(dict)
    for each in series:
        key, version = _placed(each, told_by)
        places[key][version] = each
    changes = (change for key, versions in places.items() for change in _changes(*key, versions))
    return tuple(sorted(changes, key=lambda change: (change.at, change.id)))


def _changes(service: str, environment: str, versions: Mapping[str, Series]) -> Iterator[Change]:
    names = sorted(versions, key=_order)
    times = np.unique(np.concatenate([versions[name].times for name in names]))
    counts = np.zeros((len(names), len(times)))
    for row, name in enumerate(names):
        counts[row, np.searchsorted(times, versions[name].times)] = np.nan_to_num(versions[name].values)
    leading = counts.argmax(axis=0)
    previous = 0  # the turn before
    for turn in (int(index) + 1 for index in np.flatnonzero(np.diff(leading))):
        old, new = leading[turn - 1], leading[turn]
        absent = np.flatnonzero(counts[new, :turn] == 0)
        began = max(absent[-1] + 1, previous) if len(absent) else turn
        gone = np.flatnonzero(counts[old, turn:] == 0)
        previous = turn
        before, version = names[old], names[new]
        kind: Literal["deploy", "rollback"] = "rollback" if _order(version) < _order(before) else "deploy"
        at = _moment(times[began])
        yield Change(
            id=f"{service}/{environment}/{version}/{at:%Y%m%dT%H%M%S}",
            at=at,
            kind=kind,
            service=service,
            environment=environment,
            title=f"{kind} of {service} from {before} to {version}",
            version=version,
            before=before,
            finished_at=_moment(times[turn + gone[0]]) if len(gone) else None,
        )


def _placed(series: Series, told_by: VersionMetric) -> tuple[tuple[str, str], str]:
    labels = series.labels
    return (labels.get(told_by.service, ""), labels.get(told_by.environment, "")), labels.get(told_by.version, "")


def _order(version: str) -> tuple[int, ...]:
    """The numbers in a version, so that 2.10.0 comes after 2.9.1."""
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def _with(read: Read[Samples], value: T, source: str) -> Read[T]:
    """What was made of samples is as fresh and as good as they are."""
    return Read(
        value,
        source,
        read.at,
        read.query,
        read.took_ms,
        read.warnings,
        cut=read.cut,
        cached=read.cached,
        stale=read.stale,
    )
