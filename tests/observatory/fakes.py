"""Sources that answer what a test says: a query is answered by the first of the parts that stands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from bot import defaults
from bot.catalogue import Catalogue, load_model
from bot.errors import CopilotError, Unavailable
from bot.observatory.observatory import Observatory
from bot.observatory.question import Question
from bot.telemetry.signals import Change, Floats, LogLine, Read, Samples, Series, Trace, TraceSummary, Window
from bot.telemetry.sources import Meaning
from bot.telemetry.vocabulary import Scope, Vocabulary
from tests.conftest import START

CATALOGUE = Catalogue.load(defaults.path("services.yaml"))
VOCABULARY = load_model(defaults.path("signals.yaml"), Vocabulary)
HOUR = Window(START - timedelta(hours=1), START)
CHECKOUT = Scope("checkout", "production")
DOWN = Unavailable("it is down")

Shape = Callable[[Window, float], Sequence[Series]]


def line(values: Callable[[Floats], Floats] | float, **labels: str) -> Shape:
    """One series over whatever is asked; `values` are by time."""

    def shape(window: Window, step: float) -> Sequence[Series]:
        times = np.arange(window.start.timestamp(), window.end.timestamp(), step)
        found = np.full(len(times), values) if isinstance(values, float | int) else values(times)
        kept = ~np.isnan(found)
        return [Series(labels, times[kept], found[kept])] if kept.any() else []

    return shape


def lines(*shapes: Shape) -> Shape:
    return lambda window, step: [each for shape in shapes for each in shape(window, step)]


Answers = Mapping[str, Shape | CopilotError]


@dataclass
class FakeMetrics:
    """Prometheus."""

    answers: Answers = field(default_factory=dict)
    known: tuple[str, ...] = (
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "llm_cost_usd_total",
        "llm_tokens_total",
        "container_cpu_usage_seconds_total",
    )
    label_names: tuple[str, ...] = ("service", "env", "instance", "version", "model", "le", "status")
    label_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cut: bool = False
    name: str = "prometheus"
    asked: list[tuple[str, Window]] = field(default_factory=list)

    async def ready(self) -> str:
        return "a fake"

    async def close(self) -> None:
        """There is nothing to close."""

    def _found(self, query: str, window: Window, step: float) -> Read[Samples]:
        self.asked.append((query, window))
        shape = next((each for part, each in self.answers.items() if part in query), None)
        if isinstance(shape, CopilotError):
            raise shape
        samples = Samples("matrix", tuple(shape(window, step) if shape else ()))
        return Read(samples, self.name, START, query, 1.0, cut=self.cut)

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        return self._found(query, Window(at, at + timedelta(seconds=1)), 60.0)

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        return self._found(query, window, step)

    async def names(self) -> Read[tuple[str, ...]]:
        return Read(self.known, self.name, START)

    async def labels(self, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return Read(self.label_names, self.name, START)

    async def values(self, label: str, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return Read(self.label_values.get(label, ()), self.name, START)

    async def meanings(self, metric: str = "") -> Read[Mapping[str, Meaning]]:
        return Read({}, self.name, START)


@dataclass
class FakeLogs:
    """Loki: all the lines that lie in a window, up to the limit."""

    held: Sequence[LogLine] = ()
    counts: Shape | CopilotError | None = None
    label_names: tuple[str, ...] = ("service", "env", "level", "instance")
    trouble: CopilotError | None = None
    name: str = "loki"
    asked: list[tuple[str, Window]] = field(default_factory=list)

    async def ready(self) -> str:
        return "a fake"

    async def close(self) -> None:
        """There is nothing to close."""

    async def lines(
        self, query: str, window: Window, *, limit: int = 1_000, newest_first: bool = True
    ) -> Read[tuple[LogLine, ...]]:
        self.asked.append((query, window))
        if self.trouble:
            raise self.trouble
        there = (each for each in self.held if each.at in window)
        found = sorted(there, key=lambda each: each.at, reverse=newest_first)
        return Read(tuple(found[:limit]), self.name, START, query, cut=len(found) > limit)

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        raise AssertionError(query)

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        self.asked.append((query, window))
        if isinstance(self.counts, CopilotError):
            raise self.counts
        return Read(Samples("matrix", tuple(self.counts(window, step) if self.counts else ())), self.name, START, query)

    async def labels(self, window: Window) -> Read[tuple[str, ...]]:
        return Read(self.label_names, self.name, START)

    async def values(self, label: str, window: Window) -> Read[tuple[str, ...]]:
        return Read((), self.name, START)


@dataclass
class FakeTraces:
    """Tempo: `found` answers a search; traces are by id, and one that is missing is down."""

    found: Callable[[str, int], Sequence[TraceSummary]] = lambda _query, _limit: ()
    whole: Mapping[str, Trace] = field(default_factory=dict)
    name: str = "tempo"
    asked: list[str] = field(default_factory=list)

    async def ready(self) -> str:
        return "a fake"

    async def close(self) -> None:
        """There is nothing to close."""

    async def search(self, query: str, window: Window, *, limit: int = 20) -> Read[tuple[TraceSummary, ...]]:
        self.asked.append(query)
        return Read(tuple(self.found(query, limit)[:limit]), self.name, START, query)

    async def trace(self, trace_id: str) -> Read[Trace]:
        if trace_id not in self.whole:
            raise DOWN
        return Read(self.whole[trace_id], self.name, START, trace_id)

    async def values(self, tag: str, window: Window) -> Read[tuple[str, ...]]:
        return Read((), self.name, START)


@dataclass
class FakeChanges:
    """Whatever deploys."""

    held: Sequence[Change] = ()
    running: Mapping[tuple[str, str], str] = field(default_factory=dict)
    trouble: CopilotError | None = None
    name: str = "deploys"

    async def ready(self) -> str:
        return "a fake"

    async def close(self) -> None:
        """There is nothing to close."""

    async def changes(self, window: Window, *, service: str = "", environment: str = "") -> Read[tuple[Change, ...]]:
        if self.trouble:
            raise self.trouble
        found = (each for each in self.held if each.at in window and service in {"", each.service})
        return Read(tuple(each for each in found if environment in {"", each.environment}), self.name, START)

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        if self.trouble:
            raise self.trouble
        return Read(self.running, self.name, START)


def deploy(minutes_ago: float, service: str = "checkout", version: str = "2.0.0") -> Change:
    at = START - timedelta(minutes=minutes_ago)
    title = f"deploy of {service} {version}"
    return Change(f"{service}-{minutes_ago}", at, "deploy", service, "production", title, version=version)


def watching(answers: Answers | None = None, **more: Any) -> Observatory:
    """An observatory with metrics that answer so, and the sources in `more`."""
    return Observatory(VOCABULARY, CATALOGUE, **{"metrics": FakeMetrics(answers or {}), **more})


def asking(metric: str = "latency", scope: Scope = CHECKOUT, window: Window = HOUR, **more: Any) -> Question:
    return Question(metric, scope, window, START, **more)
