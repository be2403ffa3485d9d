"""One service: who owns it, what it needs and who needs it, and its signals this hour."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from bot.catalogue import Service
from bot.door.operation import Output
from bot.observatory.findings import marks_of, newest, threshold_of
from bot.observatory.measuring import Figures, figures_of, grid_of
from bot.observatory.observatory import Observatory, whole
from bot.observatory.question import Question, capital, clock, iso, moments, title_of
from bot.observatory.standing import FACES, ServiceState, state_of, versions_of
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.telemetry.charts.shapes import Curve, Edge, Graph, Lines, Node, Small
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope

SIGNALS: Final = ("latency", "error_rate", "throughput", "cpu", "memory")
PANELS: Final = 3
MOST_CHANGES: Final = 3
HOUR: Final = 3_600.0


class Neighbours(Output):
    """Who it needs, and who needs it."""

    needs: tuple[str, ...]
    needed_by: tuple[str, ...]


class ServiceAnswer(Told):
    """A service, whole."""

    name: str = ""
    owner: str = ""
    tier: int = 0
    channel: str = ""
    version: str = ""
    state: str = ""
    neighbours: Neighbours | None = None
    figures: tuple[Figures, ...] = ()


async def portrait(
    observatory: Observatory, service: Service, environment: str, now: datetime, timezone: str
) -> ServiceAnswer:
    """Signals that are not measured for it (no requests, no GPU) are left out."""
    step = observatory.vocabulary.step(HOUR)
    window = Window.last(HOUR, now)
    looked = moments(window, step)
    scope = Scope(service.name, environment)
    names = [name for name in SIGNALS if name in observatory.vocabulary.metrics]
    readings, changes, versions = await asyncio.gather(
        asyncio.gather(*(observatory.by_service(name, scope, looked, step, now) for name in names)),
        observatory.changes_in(window, service=service.name, environment=environment),
        versions_of(observatory, environment),
    )
    found = {name: every[0] for name, told in zip(names, readings, strict=True) if (every := whole(told.value))}
    version = versions.get((service.name, environment), "")
    state = state_of(service, {name: {service.name: series} for name, series in found.items()}, version, now, timezone)
    away = observatory.away(scope)
    neighbours = Neighbours(
        needs=service.depends_on,
        needed_by=tuple(each.name for each in observatory.catalogue.services if service.name in each.depends_on),
    )
    asked = {name: Question(name, scope, window, now, timezone) for name in found}
    titles = {name: title_of(observatory.vocabulary.signal(name), asked[name]) for name in found}
    figures = {name: figures_of(series, titles[name]) for name, series in found.items()}
    rows = tuple(
        row for name in found for row in grid_of([figures[name]], observatory.vocabulary.signal(name).unit).rows
    )
    marks = marks_of(changes.value or ())
    panels = tuple(
        Lines(
            title=capital(titles[name]),
            unit=observatory.vocabulary.signal(name).unit,
            curves=(Curve.of(service.name, series, step),),
            marks=marks,
            thresholds=(limit,) if (limit := threshold_of(service, asked[name])) else (),
            timezone=timezone,
        )
        for name, series in list(found.items())[:PANELS]
    )
    return ServiceAnswer(
        summary=_summary(service, environment, state, version),
        findings=(
            *((away,) if away else ()),
            *((capital(state.why),) if state.why else ()),
            f"Needs {', '.join(neighbours.needs) or 'nothing'}",
            f"Is needed by {', '.join(neighbours.needed_by) or 'nobody'}",
            *(f"{clock(each.at, timezone, now)} {each.title}" for each in newest(changes.value or (), MOST_CHANGES)),
        ),
        where=str(scope),
        window=span_of(window, timezone, now),
        query=next((told.read.query for told in readings if told.read), ""),
        language="promql",
        sources=notes([*readings, *([changes] if observatory.changes else [])]),
        grid=Grid(columns=("signal", "last", "mean", "median", "peak", "trend"), rows=rows, numeric=(1, 2, 3, 4)),
        chart=Small(title=f"{service.title} · {environment}", panels=panels) if panels else None,
        more_charts=(_around(service, neighbours, state),),
        steps=_steps(service, environment, window),
        name=service.name,
        owner=service.owner,
        tier=service.tier,
        channel=service.channel or "",
        version=version,
        state=state.state,
        neighbours=neighbours,
        figures=tuple(figures.values()),
    )


def _summary(service: Service, environment: str, state: ServiceState, version: str) -> str:
    runs = f", version {version}" if version else ""
    owned = f"tier {service.tier}, owned by {service.owner}"
    return f"{service.title} ({service.name}) is {FACES[state.state]} in {environment}{runs}; {owned}."


def _around(service: Service, neighbours: Neighbours, state: ServiceState) -> Graph:
    names = dict.fromkeys([*neighbours.needed_by, service.name, *neighbours.needs])
    nodes = tuple(
        Node(name=name, state=state.state if name == service.name else "unknown", suspect=name == service.name)
        for name in names
    )
    edges = [Edge(caller=service.name, callee=name) for name in neighbours.needs]
    edges += [Edge(caller=name, callee=service.name) for name in neighbours.needed_by]
    return Graph(title=f"Around {service.name}", nodes=nodes, edges=tuple(edges))


def _steps(service: Service, environment: str, window: Window) -> tuple[Step, ...]:
    about = {"service": service.name, "environment": environment}
    return (
        Step(label="Explain", operation="metrics.explain", values={**about, "window": iso(window)}),
        Step(label="Error budget", operation="slo.status", values=about),
        Step(label="Deploys", operation="deploys.list", values=about),
        Step(label="Show logs", operation="logs.search", values={**about, "window": iso(window)}),
    )
