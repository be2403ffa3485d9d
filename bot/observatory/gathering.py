"""Everything that can be asked at once about something that is not as usual, put as a case of root cause."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from bot.errors import Unavailable
from bot.observatory.following import TracesQuestion
from bot.observatory.following import query_of as traces_query
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.observatory.question import Question
from bot.telemetry.pattern_messages import message_of
from bot.telemetry.patterns import mine
from bot.telemetry.queries import logql
from bot.telemetry.rootcause import Case, Kind, LogDelta, Metric, Profile, kind_of, log_deltas, profile
from bot.telemetry.signals import Change, Floats, LogLine, Read, Samples, Series, Trace, Window
from bot.telemetry.vocabulary import Scope, Signal

LOOKED_AT: Final[Mapping[str, Kind]] = {
    "latency": "latency",
    "error_rate": "errors",
    "throughput": "traffic",
    "cpu": "cpu",
    "memory": "memory",
    "gpu": "gpu",
    "saturation": "saturation",
    "queue_depth": "saturation",
    "time_to_first_token": "latency",
    "refusals": "other",
    "cost": "other",
    "cache_hits": "other",
}
CHANGES_BEFORE: Final = timedelta(hours=2)
PAGE: Final = 1_500
TRACES: Final = 150
FETCHED: Final = 12
TROUBLE: Final = "(?i)(warn|warning|err|error|fatal|critical|crit|panic)"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was heard from each source."""

    metrics: Mapping[str, Heard[Samples]]
    logs: tuple[Heard[tuple[LogLine, ...]], Heard[tuple[LogLine, ...]]] | None
    traces: tuple[Heard[tuple[Trace, ...]], Heard[tuple[Trace, ...]]] | None
    changes: Heard[tuple[Change, ...]]
    label: str
    """What metrics call a service."""
    log_label: str
    """What logs do."""

    @property
    def everything(self) -> list[Heard[object]]:
        return [*self.metrics.values(), *(self.logs or ()), *(self.traces or ()), self.changes]

    def series(self, metric: str) -> dict[str, Series]:
        """By service."""
        told = self.metrics.get(metric)
        return {each.labels.get(self.label, ""): each for each in whole(told.value if told else None)}


def neighbourhood(observatory: Observatory, scope: Scope) -> tuple[str, ...]:
    """What a service depends on, however deep, and who calls it; all that run there where no service is named."""
    services = {each.name: each for each in observatory.catalogue.services}
    near = set(services)
    if scope.service:
        near, stack = {scope.service}, [scope.service]
        while stack:
            fresh = set(services[stack.pop()].depends_on) & services.keys() - near
            near |= fresh
            stack += fresh
        near |= {name for name, each in services.items() if scope.service in each.depends_on}
    there = {name for name, each in services.items() if scope.environment in {"", *each.environments}}
    return tuple(name for name in services if name in near & there | {scope.service})


async def look(observatory: Observatory, question: Question, services: Sequence[str], step: float) -> Seen:
    """Both windows of everything; what is down is kept as trouble."""
    window, environment = question.window, question.scope.environment
    both = Window(window.before().start, window.end).shifted(step)
    wanted = [name for name in dict.fromkeys([question.metric, *LOOKED_AT]) if name in observatory.vocabulary.metrics]

    async def metric(name: str) -> Heard[Samples]:
        scope = Scope(environment=environment)
        return await observatory.by_service(
            name, scope, both, step, question.now, q=question.quantile, services=services
        )

    async def logs() -> tuple[Heard[tuple[LogLine, ...]], Heard[tuple[LogLine, ...]]] | None:
        def lines(span: Window) -> Awaitable[Heard[tuple[LogLine, ...]]]:
            return heard("logs", _lines(observatory, environment, services, span))

        return await asyncio.gather(lines(window.before()), lines(window)) if observatory.logs else None

    async def traces() -> tuple[Heard[tuple[Trace, ...]], Heard[tuple[Trace, ...]]] | None:
        def slowest(span: Window) -> Awaitable[Heard[tuple[Trace, ...]]]:
            return heard("traces", _traces(observatory, question, span))

        return await asyncio.gather(slowest(window.before()), slowest(window)) if observatory.traces else None

    metrics, logs_, traces_, changes = await asyncio.gather(
        asyncio.gather(*(metric(name) for name in wanted)),
        logs(),
        traces(),
        observatory.changes_in(Window(window.start - CHANGES_BEFORE, window.end), environment=environment),
    )
    return Seen(
        dict(zip(wanted, metrics, strict=True)),
        logs_,
        traces_,
        changes,
        observatory.service_label(),
        observatory.log_service_label(),
    )


async def _lines(
    observatory: Observatory, environment: str, services: Sequence[str], span: Window
) -> Read[tuple[LogLine, ...]]:
    """The newest that say trouble."""
    known = await observatory.log_labels(span)
    service, env, level = [await observatory.log_label(role, span) for role in ("service", "environment", "level")]
    matchers = [logql.Matcher(service, "=~", "|".join(map(logql.escaped, services)))]
    if environment:
        matchers.append(logql.Matcher(env, "=", observatory.vocabulary.said("environment", environment)))
    if level in known:
        made = logql.logs([*matchers, logql.Matcher(level, "=~", TROUBLE)])
    else:
        made = logql.logs(matchers, level="error", level_label=level)
    return await observatory.need_logs().lines(str(made), span, limit=PAGE)


async def _traces(observatory: Observatory, question: Question, span: Window) -> Read[tuple[Trace, ...]]:
    """The slowest of the newest."""
    source = observatory.need_traces()
    asked = TracesQuestion(Scope(question.scope.service, question.scope.environment), span, question.now)
    read = await source.search(traces_query(observatory, asked), span, limit=TRACES)
    chosen = sorted(read.value, key=lambda each: -each.seconds)[:FETCHED]
    fetched = await asyncio.gather(*(heard(source.name, source.trace(each.id)) for each in chosen))
    found = tuple(each.value for each in fetched if each.value)
    if chosen and not found:
        raise Unavailable(fetched[0].trouble or "no trace could be read")
    return Read(found, read.source, read.at, read.query, read.took_ms, read.warnings)


# ---------------------------------------------------------------- putting the case


def case_of(
    observatory: Observatory, question: Question, services: Sequence[str], target: str, seen: Seen, step: float
) -> Case:
    known = {each.name: each for each in observatory.catalogue.services}
    signal = observatory.vocabulary.signal(question.metric)
    kind = _kind(question.metric, signal)
    name = signal.title if kind_of(signal.title) == kind else kind
    return Case(
        services=services,
        metrics=_metrics(observatory, question, seen, step),
        calls={(each, need) for each in services for need in known[each].depends_on if need in services},
        target=(target, name) if target else None,
        logs=_log_deltas(seen),
        traces=_profiles(seen),
        changes=seen.changes.value,
        start=question.window.shifted(step).start,
        step=step,
        missing=_missing(seen),
    )


def _kind(metric: str, signal: Signal) -> Kind:
    return LOOKED_AT.get(metric) or kind_of(signal.title)


def _missing(seen: Seen) -> tuple[str, ...]:
    missing = [f"{each.source}: {each.trouble}" for each in seen.everything if each.trouble]
    missing += [f"no source of {name} is connected" for name in ("logs", "traces") if getattr(seen, name) is None]
    return tuple(dict.fromkeys(missing))


def _metrics(observatory: Observatory, question: Question, seen: Seen, step: float) -> list[Metric]:
    normal, abnormal = question.window.before().shifted(step), question.window.shifted(step)
    found = []
    for name in seen.metrics:
        signal = observatory.vocabulary.metrics[name]
        unit = signal.unit
        found += [
            Metric(
                service,
                signal.title,
                _kind(name, signal),
                on_grid(series, normal, step),
                on_grid(series, abnormal, step),
                unit,
            )
            for service, series in seen.series(name).items()
        ]
    return found


def on_grid(series: Series, window: Window, step: float) -> Floats:
    """One place for each step, NaN where nothing was measured."""
    grid = np.full(max(1, round(window.seconds / step)), np.nan)
    places = np.rint((series.times - window.start.timestamp()) / step)
    inside = (places >= 0) & (places < len(grid))
    grid[places[inside].astype(int)] = series.values[inside]
    return grid


def _log_deltas(seen: Seen) -> dict[str, list[LogDelta]] | None:
    if seen.logs is None or seen.logs[0].value is None or seen.logs[1].value is None:
        return None
    before, during = seen.logs[0].value, seen.logs[1].value
    lines = (*before, *during)
    mined = mine([message_of(line.text)[0] for line in lines])
    keys = [
        (line.labels.get(seen.log_label, ""), mined.groups[group].template)
        for line, group in zip(lines, mined.ids, strict=True)
    ]
    bad = {key for key, line in zip(keys, lines, strict=True) if line.level in {"error", "fatal"}}
    return log_deltas(Counter(keys[: len(before)]), Counter(keys[len(before) :]), bad)


def _profiles(seen: Seen) -> tuple[Profile, Profile] | None:
    if seen.traces is None:
        return None
    before, during = (each.value for each in seen.traces)
    return (profile(before), profile(during)) if before and during else None
