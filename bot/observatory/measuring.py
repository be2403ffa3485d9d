"""Metrics: a question in names or in PromQL, answered with numbers, what stands out, a chart and ways to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from bot.catalogue import Service
from bot.door.operation import Output
from bot.observatory.findings import JUDGED, last_of, last_value, marks_of, stands_out, threshold_of
from bot.observatory.observatory import Heard, Observatory, named, split, whole
from bot.observatory.question import WHOLE, Measured, Question, capital, clock, moments, title_of
from bot.observatory.spreading import spread
from bot.observatory.told import Grid, Step, Told, notes, span_of, watch
from bot.telemetry import episodes, trends
from bot.telemetry.charts.shapes import MOST_CURVES, Band, Curve, Lines, Stretch
from bot.telemetry.queries.promql import checked
from bot.telemetry.queries.repair import settled as mended
from bot.telemetry.signals import Change, Floats, Series, Window
from bot.telemetry.statistics import Statistics, describe
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import Role

LOOK_BACK: Final = timedelta(days=2)
"""Windows up to here are read together with the one before, for comparison; longer ones would cost too much."""
MOST_NAMED: Final = 5
NOW: Final = timedelta(minutes=10)
"""A value that is older is no value of now."""


class Figures(Output):
    """One series in numbers; None where there is nothing to say it of."""

    name: str
    count: int
    missing: int
    last: float | None
    last_at: datetime | None
    mean: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    maximum_at: datetime | None
    p95: float | None
    p99: float | None
    deviation: float | None
    trend: str = ""


class MetricsAnswer(Told):
    """Numbers of one metric, or of a query."""

    metric: str = ""
    unit: str = ""
    figures: tuple[Figures, ...] = ()


async def measured(observatory: Observatory, question: Question, *, step: float = 0.0, back: bool = True) -> Measured:
    """Read it; a question in names with the window before it, where that is cheap and wanted."""
    step = step or observatory.vocabulary.step(question.window.seconds)
    looked = moments(question.window, step)
    query, repaired = await query_of(observatory, question, step)
    back = back and not question.raw and looked.end - looked.start <= LOOK_BACK
    read = await observatory.series(query, Window(looked.before().start, looked.end) if back else looked, step)
    halves = [split(each, looked.start) for each in whole(read.value)]
    kept = [(before, now) for before, now in halves if np.isfinite(now.values).any()]
    kept.sort(key=lambda pair: -_level(pair[1].values))
    return Measured(
        WHOLE if question.raw else observatory.vocabulary.signal(question.metric),
        query,
        repaired,
        step,
        read,
        tuple(now for _, now in kept),
        tuple(before if len(before) else None for before, _ in kept),
    )


async def query_of(observatory: Observatory, question: Question, step: float) -> tuple[str, str]:
    """As PromQL, and what it was before it was mended."""
    if question.raw:
        return mended(question.raw, checked)
    by: tuple[Role, ...] = (question.by,) if question.by else ()
    words = await observatory.settled(question.now)
    made = words.query(
        question.metric, question.scope, step, q=question.quantile, aggregation=question.aggregation, by=by
    )
    return made, ""


def _level(values: Floats) -> float:
    with np.errstate(over="ignore"):
        return float(values[np.isfinite(values)].mean())


async def answered(observatory: Observatory, question: Question) -> MetricsAnswer:
    """The whole answer."""
    found, changes = await asyncio.gather(
        measured(observatory, question),
        observatory.changes_in(question.window, service=question.scope.service, environment=question.scope.environment),
    )
    heard_: list[Heard[object]] = [Heard(found.read.source, found.read)]
    if changes.read or observatory.changes:
        heard_.append(changes)
    base = MetricsAnswer(
        summary="",
        where=str(question.scope) if not question.raw else "",
        window=span_of(question.window, question.timezone, question.now),
        query=found.query,
        language="promql",
        repaired=found.repaired,
        sources=notes(heard_),
        metric=question.metric if not question.raw else "",
        unit=found.signal.unit,
        steps=_steps(question),
    )
    if not found.series:
        why = await observatory.why_empty(found.query, question.scope, question.now)
        return base.model_copy(update={"summary": f"Nothing was measured: {why}."})
    everything, found = found, _above(found, question)
    service = observatory.catalogue.resolve(question.scope.service) if question.scope.service else None
    findings, stretches = stands_out(
        found, changes.value or (), service, question, lambda series: _name(series, question)
    )
    figures = [figures_of(series, _name(series, question)) for series in found.series[:JUDGED]]
    heat = None
    if question.spread and found.signal.kind == "quantile":
        heat, buckets = await spread(observatory, question, changes.value or ())
        heard_.append(buckets)
    return base.model_copy(
        update={
            "summary": _summary(found, figures, question) if question.above is None else _over(everything, question),
            "findings": tuple(findings),
            "figures": tuple(figures),
            "grid": grid_of(figures, found.signal.unit) if len(figures) > 1 else None,
            "chart": _chart(found, question, changes.value or (), stretches, service),
            "more_charts": (heat,) if heat else (),
            "sources": notes(heard_),
        }
    )


# ---------------------------------------------------------------- in words


def figures_of(series: Series, name: str) -> Figures:
    told: Statistics = describe(series)
    return Figures(
        name=name,
        count=told.count,
        missing=told.missing + told.infinite,
        last=told.last,
        last_at=datetime.fromtimestamp(last_of(series), UTC) if told.count else None,
        mean=told.mean,
        median=told.median,
        minimum=told.minimum,
        maximum=told.maximum,
        maximum_at=datetime.fromtimestamp(told.maximum_at, UTC) if told.maximum_at is not None else None,
        p95=told.p95,
        p99=told.p99,
        deviation=told.deviation,
        trend=trends.phrase(trends.trend(series)),
    )


def grid_of(figures: Sequence[Figures], unit: str) -> Grid:
    rows = tuple(
        (each.name, *(shown(value, unit) for value in (each.last, each.mean, each.median, each.maximum)), each.trend)
        for each in figures
    )
    return Grid(columns=("", "last", "mean", "median", "peak", "trend"), rows=rows, numeric=(1, 2, 3, 4))


def _name(series: Series, question: Question) -> str:
    return named(series.labels.items()) or question.scope.service or ("value" if question.raw else "all")


def _summary(found: Measured, figures: Sequence[Figures], question: Question) -> str:
    what, unit = capital(title_of(found.signal, question)), found.signal.unit
    one = figures[0]
    if len(found.series) > 1:
        return f"{what}: {len(found.series):,} series; the highest is {one.name}, {shown(one.mean, unit)} on average."
    where = "" if question.raw else f" of {question.scope}"
    last = _last(one, unit, question)
    if one.count == 1:
        return f"{what}{where} {last}."
    at = f" at {clock(one.maximum_at, question.timezone, question.now)}" if one.maximum_at else ""
    return (
        f"{what}{where} {last}; {shown(one.median, unit)} at the median, with a peak of {shown(one.maximum, unit)}{at}."
    )


def _above(found: Measured, question: Question) -> Measured:
    """What is over the limit now; all of it, where nothing is."""
    limit = question.limit(found.signal.unit)
    if limit is None:
        return found
    over = [number for number, each in enumerate(found.series) if last_value(each) > limit]
    if not over:
        return found
    return replace(
        found,
        series=tuple(found.series[number] for number in over),
        before=tuple(found.before[number] for number in over),
    )


def _over(found: Measured, question: Question) -> str:
    """How many of them are over the limit, and by how much."""
    unit, limit = found.signal.unit, question.limit(found.signal.unit)
    levels = sorted(((last_value(each), _name(each, question)) for each in found.series), reverse=True)
    over = [f"{name} ({shown(value, unit)})" for value, name in levels if limit is not None and value > limit]
    what = f"{capital(title_of(found.signal, question))} above {shown(limit, unit)}"
    if not over:
        return f"{what}: none of {len(levels):,}; the highest is {levels[0][1]} with {shown(levels[0][0], unit)}."
    more = f" and {len(over) - MOST_NAMED} more" if len(over) > MOST_NAMED else ""
    return f"{what}: {len(over)} of {len(levels):,}, {', '.join(over[:MOST_NAMED])}{more}."


def _last(one: Figures, unit: str, question: Question) -> str:
    if one.last_at is None or question.now - one.last_at <= NOW:
        return f"is {shown(one.last, unit)} now"
    return f"was {shown(one.last, unit)} at {clock(one.last_at, question.timezone, question.now)}"


# ---------------------------------------------------------------- the chart, and where to go from here


def _chart(
    found: Measured,
    question: Question,
    changes: Sequence[Change],
    stretches: Sequence[Stretch],
    service: Service | None,
) -> Lines:
    curves = tuple(Curve.of(_name(series, question), series, found.step) for series in found.series[:MOST_CURVES])
    limit = threshold_of(service, question)
    title = capital(title_of(found.signal, question)) + ("" if question.raw else f" · {question.scope}")
    return Lines(
        title=title,
        unit=found.signal.unit,
        curves=curves,
        band=_band(found, question) if len(curves) == 1 else None,
        marks=marks_of(changes),
        stretches=tuple(stretches) if len(curves) == 1 else (),
        thresholds=(limit,) if limit and len(curves) == 1 else (),
        timezone=question.timezone,
    )


def _band(found: Measured, question: Question) -> Band | None:
    """Where nine tenths of the time before were."""
    before = found.before[0]
    usual = before.values[np.isfinite(before.values)] if before is not None else np.array([])
    if len(usual) < episodes.FEWEST:
        return None
    low, high = (float(f"{edge:.5g}") for edge in np.quantile(usual, (0.05, 0.95)))
    count = len(Curve.of("", found.series[0], found.step).values)
    label = f"usual ({trends.span(question.window.seconds)} before)"
    return Band(low=(low,) * count, high=(high,) * count, label=label)


def _steps(question: Question) -> tuple[Step, ...]:
    """The next questions that people have, about the same as far as they can be."""
    if question.raw:
        return (watch(question.watched()),)
    compared = question.about("service", "environment", "instance", "endpoint", "version") | question.measure()
    steps = [
        Step(label="Compare with yesterday", operation="metrics.compare", values={**compared, "against": "yesterday"}),
        Step(label="Compare with last week", operation="metrics.compare", values={**compared, "against": "last week"}),
    ]
    if question.scope.service:
        why = question.about("service", "environment") | {"metric": question.metric}
        steps.append(Step(label="Explain", operation="metrics.explain", values=why))
    steps.append(watch(question.watched()))
    lines = question.about("service", "environment", "instance")
    requests = question.about("service", "environment", "endpoint", "version")
    steps += [
        Step(label="Show logs", operation="logs.search", values=lines),
        Step(label="Show traces", operation="traces.search", values=requests),
    ]
    return tuple(steps)
