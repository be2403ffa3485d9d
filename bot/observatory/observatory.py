"""The sources of an installation together with the words for them; one that is missing or down is said, not fatal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, Generic, TypeVar

from bot.catalogue import Catalogue, Service
from bot.errors import CopilotError, NotFound
from bot.resilience import with_timeout
from bot.telemetry.queries.promql import labels_of, metrics_of
from bot.telemetry.signals import NAME, Change, Read, Samples, Series, Window
from bot.telemetry.sources import Changes, Logs, Metrics, Source, Traces
from bot.telemetry.vocabulary import Role, Scope, Settled, Vocabulary, first_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
DOWN: Final = "no answer"
READY_WITHIN: Final = 2.0
SETTLED_FOR: Final = timedelta(minutes=5)
MOST_NEAR: Final = 5
MOST_NAME: Final = 160


@dataclass(frozen=True, slots=True)
class Heard(Generic[T_co]):
    """What became of asking one source: a reading, or why there is none."""

    source: str
    read: Read[T_co] | None = None
    trouble: str = ""

    @property
    def value(self) -> T_co | None:
        return self.read.value if self.read else None


@dataclass
class Observatory:
    """What there is to look at. A source that is None was never connected."""

    vocabulary: Vocabulary
    catalogue: Catalogue
    metrics: Metrics | None = None
    logs: Logs | None = None
    traces: Traces | None = None
    changes: Changes | None = None
    _settled: tuple[datetime, Settled] | None = field(default=None, repr=False)
    _log_labels: tuple[datetime, frozenset[str]] | None = field(default=None, repr=False)

    async def close(self) -> None:
        for source in (self.metrics, self.logs, self.traces, self.changes):
            if source is not None:
                await source.close()

    async def standing(self, seconds: float = READY_WITHIN) -> Mapping[str, str]:
        """What answers at each source: its product and version, or that it does not."""

        async def one(source: Source) -> tuple[str, str]:
            try:
                return source.name, await with_timeout(source.ready(), seconds, source.name)
            except CopilotError as error:
                return source.name, f"{DOWN}: {error.message}"

        sources = (self.metrics, self.logs, self.traces, self.changes)
        return dict(await asyncio.gather(*(one(source) for source in sources if source is not None)))

    # ------------------------------------------------------------ what is connected

    def need_metrics(self) -> Metrics:
        return _connected(self.metrics, "metrics", "LLM_COPILOT_PROMETHEUS_URL")

    def need_logs(self) -> Logs:
        return _connected(self.logs, "logs", "LLM_COPILOT_LOKI_URL")

    def need_traces(self) -> Traces:
        return _connected(self.traces, "traces", "LLM_COPILOT_TEMPO_URL")

    def need_changes(self) -> Changes:
        return _connected(self.changes, "deploys", "LLM_COPILOT_DEPLOYS_URL")

    def service(self, name: str) -> Service:
        """By whatever name people use."""
        found = self.catalogue.resolve(name)
        if found is None:
            near = self.catalogue.near(name)
            raise NotFound(
                f"there is no service {name[:80]!r} in the catalogue",
                mend=f"Did you mean {', '.join(near)}?" if near else "`services.list` shows them all.",
            )
        return found

    # ------------------------------------------------------------ what it is called here

    async def settled(self, now: datetime) -> Settled:
        """The vocabulary with the names that the backend of metrics has; asked anew now and then."""
        if self._settled is None or now - self._settled[0] > SETTLED_FOR:
            metrics = self.need_metrics()
            names, labels = await asyncio.gather(metrics.names(), metrics.labels())
            self._settled = (now, Settled(self.vocabulary, frozenset(names.value), frozenset(labels.value)))
        return self._settled[1]

    async def log_labels(self, window: Window) -> frozenset[str]:
        if self._log_labels is None or abs(window.end - self._log_labels[0]) > SETTLED_FOR:
            self._log_labels = (window.end, frozenset((await self.need_logs().labels(window)).value))
        return self._log_labels[1]

    async def log_label(self, role: Role, window: Window) -> str:
        return first_of(self.vocabulary.labels.logs.get(role, ()), await self.log_labels(window))

    def service_label(self) -> str:
        """Of metrics, as far as that is known."""
        known = self._settled[1].labels if self._settled else ()
        return first_of(self.vocabulary.labels.metrics.get("service", ()), known)

    def log_service_label(self) -> str:
        known = self._log_labels[1] if self._log_labels else ()
        return first_of(self.vocabulary.labels.logs.get("service", ()), known)

    def trace_label(self, role: Role) -> str:
        return first_of(self.vocabulary.labels.traces.get(role, ()), ())

    # ------------------------------------------------------------ reading

    async def series(self, query: str, window: Window, step: float) -> Read[Samples]:
        """A range of a query that has been checked."""
        return near(await self.need_metrics().range(query, window, step), window)

    async def log_series(self, query: str, window: Window, step: float) -> Read[Samples]:
        return near(await self.need_logs().range(query, window, step), window)

    async def by_service(
        self,
        metric: str,
        scope: Scope,
        window: Window,
        step: float,
        now: datetime,
        *,
        q: float | None = None,
        services: Sequence[str] = (),
    ) -> Heard[Samples]:
        """A metric of several services at once."""

        async def reading() -> Read[Samples]:
            words = await self.settled(now)
            return await self.series(
                words.query(metric, scope, step, q=q, by=("service",), services=services), window, step
            )

        return await heard("metrics", reading())

    async def why_empty(self, query: str, scope: Scope, now: datetime) -> str:
        """What may be wrong with a query that found nothing: where it was asked, or a name that is not there."""
        try:
            words = await self.settled(now)
        except CopilotError as error:
            return f"and why could not be asked ({error.message})"
        for metric in metrics_of(query):
            if metric not in words.metrics:
                near = get_close_matches(metric, words.metrics, n=MOST_NEAR, cutoff=0.5)
                hint = f"; near it are {', '.join(near)}" if near else ""
                return f"there is no metric {metric[:80]!r} here{hint}"
        if strange := [label for label in labels_of(query) if label not in words.labels]:
            return f"no series here has a label {strange[0][:80]!r}; name yours under labels in signals_file"
        if away := self.away(scope):
            return away
        return "the metric is there, but no series fits what was asked"

    def away(self, scope: Scope) -> str:
        """That a service does not run there, as far as the catalogue knows."""
        service = self.catalogue.resolve(scope.service) if scope.service else None
        if service is None or not scope.environment or scope.environment in service.environments:
            return ""
        return f"{service.name} does not run in {scope.environment}, but in {' and '.join(service.environments)}"

    async def changes_in(
        self, window: Window, *, service: str = "", environment: str = ""
    ) -> Heard[tuple[Change, ...]]:
        if self.changes is None:
            return Heard("deploys", trouble="no system of deploys is connected")
        return await heard("deploys", self.changes.changes(window, service=service, environment=environment))


def _connected(source: T | None, what: str, setting: str) -> T:
    if source is None:
        raise NotFound(
            f"no source of {what} is connected", mend=f"Set {setting}; `llm-copilot sandbox platform` has one to try."
        )
    return source


async def heard(source: str, reading: Awaitable[Read[T]]) -> Heard[T]:
    """Goes on without a source that is down, and keeps why."""
    try:
        read = await reading
    except CopilotError as error:
        return Heard(source, trouble=error.message)
    return Heard(read.source or source, read)


def near(read: Read[Samples], window: Window) -> Read[Samples]:
    """Without samples that lie further away than a window's length: they are nobody's, and a grid would be endless.

    What is stale may be from a little before.
    """
    first, last = (window.start.timestamp() - window.seconds, window.end.timestamp() + window.seconds)

    def kept(series: Series) -> Series:
        inside = (series.times >= first) & (series.times <= last)
        return series if inside.all() else Series(series.labels, series.times[inside], series.values[inside])

    return replace(read, value=Samples(read.value.kind, tuple(map(kept, read.value.series))))


def whole(samples: Samples | None) -> tuple[Series, ...]:
    """Series that have any sample."""
    return tuple(series for series in samples.series if len(series)) if samples else ()


def split(series: Series, at: datetime) -> tuple[Series, Series]:
    """What lies before a moment, and what from it on."""
    later = series.times >= at.timestamp()
    return (
        Series(series.labels, series.times[~later], series.values[~later]),
        Series(series.labels, series.times[later], series.values[later]),
    )


def named(labels: Iterable[tuple[str, str]]) -> str:
    """The name of a series in a legend: the values of what tells it apart."""
    words = " ".join(value for label, value in sorted(labels) if label != NAME)
    return words if len(words) <= MOST_NAME else f"{words[: MOST_NAME - 1]}…"
