"""How things stand: every service of an environment at a glance, and what was changed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from bot.catalogue import Service
from bot.door.operation import Output
from bot.language.ranges import zone
from bot.observatory.findings import last_of, newest, promised
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.observatory.question import capital, clock, iso, moments
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.ports import Json
from bot.telemetry.charts.shapes import Tile, Tiles
from bot.telemetry.signals import Change, Samples, Series, Window
from bot.telemetry.trends import percent, span
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import Scope

State = Literal["good", "warn", "bad", "unknown"]
FACES: Final[Mapping[State, str]] = {"bad": "failing", "warn": "uneasy", "good": "well", "unknown": "not measured"}
ORDER: Final[tuple[State, ...]] = ("bad", "warn", "unknown", "good")
GLANCE: Final[tuple[str, ...]] = ("latency", "error_rate", "throughput", "cpu")
ERRORS_WARN: Final = 0.01
ERRORS_BAD: Final = 0.05
CPU_WARN: Final = 0.8
CPU_BAD: Final = 0.95
SLOWER_WARN: Final = 0.5
SLOWER_BAD: Final = 2.0
RECENT: Final = 3
"""The newest samples say how it is now."""
SILENT: Final = 300.0
"""Seconds after which the newest sample says how it was."""
COUNTED: Final = 120.0
"""Seconds that a sample tells of."""
FEW: Final = 60
"""Requests below which a p95 is that of three of them; a third of them for shares."""
P95: Final = 0.95
DEPLOYS_IN_OVERVIEW: Final = timedelta(hours=24)
HOUR: Final = 3_600.0
MOST_DEPLOYS: Final = 5
MOST_CHANGES: Final = 50


class ServiceState(Output):
    """One service now."""

    name: str
    title: str = ""
    state: State
    why: str = ""
    latency: float | None = None
    error_rate: float | None = None
    throughput: float | None = None
    cpu: float | None = None
    version: str = ""


class OverviewAnswer(Told):
    """An environment at a glance."""

    environment: str = ""
    services: tuple[ServiceState, ...] = ()
    deploys: tuple[str, ...] = ()


async def overview(observatory: Observatory, environment: str, now: datetime, timezone: str) -> OverviewAnswer:
    """Every service of an environment: well, uneasy or failing, and why."""
    window = Window.last(HOUR, now)
    step = observatory.vocabulary.step(window.seconds)
    scope = Scope(environment=environment)
    names = [name for name in GLANCE if name in observatory.vocabulary.metrics]
    readings, changes, versions = await asyncio.gather(
        asyncio.gather(*(observatory.by_service(name, scope, moments(window, step), step, now) for name in names)),
        observatory.changes_in(Window(now - DEPLOYS_IN_OVERVIEW, now), environment=environment),
        versions_of(observatory, environment),
    )
    label = observatory.service_label()
    by_name = {
        name: {each.labels.get(label, ""): each for each in whole(told.value)}
        for name, told in zip(names, readings, strict=True)
    }
    listed = [each for each in observatory.catalogue.services if environment in each.environments]
    states = sorted(
        (state_of(each, by_name, versions.get((each.name, environment), ""), now, timezone) for each in listed),
        key=lambda state: ORDER.index(state.state),
    )
    deploys = reversed(newest(changes.value or (), MOST_DEPLOYS))
    return OverviewAnswer(
        summary=_overview_words(environment, states, [*readings]),
        findings=tuple(
            f"{each.name} is {FACES[each.state]}: {each.why}" for each in states if each.state in {"bad", "warn"}
        ),
        where=environment,
        window=span_of(window, timezone, now),
        query=next((told.read.query for told in readings if told.read), ""),
        language="promql",
        sources=notes([*readings, *([changes] if observatory.changes else [])]),
        environment=environment,
        services=tuple(states),
        deploys=tuple(f"{clock(each.at, timezone, now)} {each.title}" for each in deploys),
        grid=_overview_grid(states),
        chart=_tiles(environment, states, by_name),
        steps=_overview_steps(environment, states),
    )


def state_of(
    service: Service,
    by_name: Mapping[str, Mapping[str, Series]],
    version: str,
    now: datetime,
    timezone: str,
) -> ServiceState:
    """What is measured now counts; who was measured within the hour and is not any more is not well."""
    own = {name: found[service.name] for name, found in by_name.items() if service.name in found}
    recent = {name: _recent(series, now) for name, series in own.items()}
    trouble: list[tuple[State, str]] = []
    errors, cpu, traffic = recent.get("error_rate"), recent.get("cpu"), recent.get("throughput")
    requests = math.inf if traffic is None else traffic * COUNTED
    if errors is not None and errors >= ERRORS_WARN and requests >= FEW / 3:
        trouble.append(("bad" if errors >= ERRORS_BAD else "warn", f"{shown(errors, 'share')} of requests fail"))
    if cpu is not None and cpu >= CPU_WARN:
        trouble.append(("bad" if cpu >= CPU_BAD else "warn", f"CPU at {shown(cpu, 'share')} of its limit"))
    if (slow := recent.get("latency")) is not None and requests >= FEW:
        trouble += _slower(service, own["latency"], slow)
    if measured := [series for series in own.values() if np.isfinite(series.values).any()]:
        last = max(map(last_of, measured))
        if now.timestamp() - last > SILENT:
            trouble.append(("warn", f"nothing measured since {clock(last, timezone, now)}"))
    state = min((each for each, _ in trouble), key=ORDER.index, default="good" if measured else "unknown")
    return ServiceState(
        name=service.name,
        title=service.title,
        state=state,
        why="; ".join(words for _, words in trouble),
        latency=recent.get("latency"),
        error_rate=errors,
        throughput=traffic,
        cpu=cpu,
        version=version,
    )


def _slower(service: Service, series: Series, now: float) -> list[tuple[State, str]]:
    """Against what is promised, and against the better part of this hour."""
    limit = promised(service, P95)
    words = f"p95 {shown(now, 's')}"
    if limit is not None and now > limit.value:
        return [("bad" if now > 2 * limit.value else "warn", f"{words}, where {shown(limit.value, 's')} is promised")]
    usual = float(np.quantile(series.values[np.isfinite(series.values)], 0.25))
    more = now / usual - 1 if usual > 0 else 0.0
    if more >= SLOWER_WARN:
        return [("bad" if more >= SLOWER_BAD else "warn", f"{words}, {percent(more)} within the hour")]
    return []


def _recent(series: Series, now: datetime) -> float | None:
    """The mean of the newest samples; None where there are none of now."""
    kept = np.isfinite(series.values) & (series.times > now.timestamp() - SILENT)
    values = series.values[kept][-RECENT:]
    return float(values.mean()) if len(values) else None


async def versions_of(observatory: Observatory, environment: str) -> Mapping[tuple[str, str], str]:
    if observatory.changes is None:
        return {}
    return (await heard("deploys", observatory.changes.versions(environment))).value or {}


def _overview_words(environment: str, states: Sequence[ServiceState], readings: Sequence[Heard[Samples]]) -> str:
    if all(each.read is None for each in readings):
        return f"How {environment} is cannot be told: {readings[0].trouble if readings else 'nothing is measured'}."
    counts = {state: sum(each.state == state for each in states) for state in ORDER}
    troubled = [f"{counts[state]} {FACES[state]}" for state in ("bad", "warn", "unknown") if counts[state]]
    if not troubled:
        return f"All {len(states)} services of {environment} are well."
    return f"{capital(environment)}: {', '.join(troubled)}, {counts['good']} of {len(states)} services well."


def _overview_grid(states: Sequence[ServiceState]) -> Grid:
    rows = tuple(
        (
            each.name,
            FACES[each.state],
            shown(each.latency, "s"),
            shown(each.error_rate, "share"),
            shown(each.throughput, "/s"),
            shown(each.cpu, "share"),
            each.version,
        )
        for each in states
    )
    return Grid(
        columns=("service", "is", "p95", "errors", "traffic", "CPU", "version"), rows=rows, numeric=(2, 3, 4, 5)
    )


def _tiles(environment: str, states: Sequence[ServiceState], by_name: Mapping[str, Mapping[str, Series]]) -> Tiles:
    def spark(name: str) -> tuple[float | None, ...]:
        series = by_name.get("latency", {}).get(name)
        values = series.values.tolist() if series else []
        return tuple(float(f"{value:.4g}") if np.isfinite(value) else None for value in values)

    tiles = tuple(
        Tile(
            name=each.name,
            state=each.state,
            lines=(
                f"p95 {shown(each.latency, 's')}",
                f"{shown(each.error_rate, 'share')} errors",
                shown(each.throughput, "/s"),
            ),
            spark=spark(each.name),
        )
        for each in states
    )
    return Tiles(title=f"{capital(environment)} now", tiles=tiles)


def _overview_steps(environment: str, states: Sequence[ServiceState]) -> tuple[Step, ...]:
    about = {"environment": environment}
    troubled = [each for each in states if each.state in {"bad", "warn"}][:2]
    return (
        *(
            Step(label=f"Explain {each.name}", operation="metrics.explain", values={**about, "service": each.name})
            for each in troubled
        ),
        Step(label="Error budgets", operation="slo.status", values=about),
        Step(label="Deploys", operation="deploys.list", values=about),
    )


# ---------------------------------------------------------------- deploys


class ChangeView(Output):
    """One change."""

    id: str
    at: datetime
    kind: str
    service: str
    environment: str
    title: str
    version: str = ""
    before: str = ""
    by: str = ""


class DeploysAnswer(Told):
    """What was changed, the newest first."""

    changes: tuple[ChangeView, ...] = ()


async def deployed(
    observatory: Observatory, scope: Scope, window: Window, now: datetime, timezone: str
) -> DeploysAnswer:
    read = await observatory.need_changes().changes(window, service=scope.service, environment=scope.environment)
    found = sorted(read.value, key=lambda each: each.at, reverse=True)
    times = f"{len(found)} changes" if len(found) != 1 else "One change"
    last = f"; the last: {found[0].title}, {_ago(now - found[0].at)} ago" if found else ""
    return DeploysAnswer(
        summary=f"{times if found else 'No change'} of {scope} in {span(window.seconds)}{last}.",
        where=str(scope),
        window=span_of(window, timezone, now),
        sources=notes([Heard(read.source, read)]),
        changes=tuple(_change(each) for each in found[:MOST_CHANGES]),
        grid=Grid(
            columns=("when", "what", "kind", "by"),
            rows=tuple(
                (f"{each.at.astimezone(zone(timezone)):%-d %b %H:%M}", each.title, each.kind, each.by)
                for each in found[:MOST_CHANGES]
            ),
        ),
        steps=_deploy_steps(found, scope),
    )


def _change(each: Change) -> ChangeView:
    return ChangeView(
        id=each.id,
        at=each.at,
        kind=each.kind,
        service=each.service,
        environment=each.environment,
        title=each.title,
        version=each.version,
        before=each.before,
        by=each.by,
    )


def _deploy_steps(found: Sequence[Change], scope: Scope) -> tuple[Step, ...]:
    """What the newest one did: the hour after it beside the hour before."""
    deploy = next((each for each in found if each.kind in {"deploy", "rollback"}), None)
    if deploy is None:
        return ()
    after = Window(deploy.at, deploy.at + timedelta(hours=1))
    values: dict[str, Json] = {"service": deploy.service, "window": iso(after), "against": "before"}
    if scope.environment:
        values["environment"] = scope.environment
    return (Step(label=f"Before and after {deploy.title}"[:70], operation="metrics.compare", values=values),)


def _ago(since: timedelta) -> str:
    return shown(max(0.0, since.total_seconds()), "s")
