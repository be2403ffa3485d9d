"""What the models cost: by model or by service, against the time before, and what that makes in a month."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from typing import Final, Literal

from bot.door.operation import Output
from bot.errors import NotFound
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.observatory.question import aligned, iso, moments
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.ports import Json
from bot.telemetry.charts.shapes import MOST_CURVES, Curve, Lines
from bot.telemetry.queries.promql import Selector, aggregate, checked, increase, rate
from bot.telemetry.signals import Samples, Window
from bot.telemetry.trends import percent, span
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import Scope

HOUR: Final = 3_600.0
MONTH: Final = 730 * HOUR
TOKENS: Final = 1_000_000
MOST_ROWS: Final = 50


class CostView(Output):
    """One row of the bill."""

    name: str
    usd: float
    before: float | None
    share: float
    tokens: float | None
    usd_per_million: float | None


class CostAnswer(Told):
    """The bill."""

    usd: float = 0.0
    before: float | None = None
    month_at_this_pace: float = 0.0
    rows: tuple[CostView, ...] = ()


async def costs(
    observatory: Observatory,
    scope: Scope,
    window: Window,
    by: Literal["model", "service"],
    now: datetime,
    timezone: str,
) -> CostAnswer:
    words = await observatory.settled(now)
    metric = words.name("cost")
    if metric not in words.metrics:
        raise NotFound(
            f"nothing here measures cost: there is no metric {metric!r}",
            mend="Name yours under metrics.cost in signals_file.",
        )
    step = observatory.vocabulary.step(window.seconds)
    span_ = aligned(window, step)
    matchers = words.matchers(scope)
    label = words.label(by)
    spent = Selector(metric, matchers)
    used = Selector(words.name("tokens"), matchers)
    metrics = observatory.need_metrics()

    def total(selector: Selector) -> str:
        return checked(aggregate("sum", increase(selector, span_.seconds), [label]))

    pace = checked(f"{aggregate('sum', rate(spent, observatory.vocabulary.rate_window(step)), [label])} * {HOUR:g}")
    bill, before, tokens, over_time = await asyncio.gather(
        metrics.instant(total(spent), span_.end),
        heard(metrics.name, metrics.instant(total(spent), span_.start)),
        heard(metrics.name, metrics.instant(total(used), span_.end)),
        heard(metrics.name, observatory.series(pace, moments(window, step), step)),
    )
    usd = Heard(bill.source, bill)
    sums, sums_before, counts = (_by_label(each, label) for each in (usd, before, tokens))
    all_, all_before = sum(sums.values()), sum(sums_before.values())
    rows = tuple(
        CostView(
            name=name,
            usd=value,
            before=sums_before.get(name),
            share=value / all_ if all_ else 0.0,
            tokens=counts.get(name),
            usd_per_million=value / counts[name] * TOKENS if counts.get(name) else None,
        )
        for name, value in sorted(sums.items(), key=lambda pair: -pair[1])
    )
    month = all_ / span_.seconds * MONTH
    return CostAnswer(
        summary=_summary(scope, window, all_, all_before, month, rows),
        where=str(scope),
        window=span_of(window, timezone, now),
        query=total(spent),
        language="promql",
        sources=notes([usd, before, tokens, over_time]),
        usd=all_,
        before=all_before or None,
        month_at_this_pace=month,
        rows=rows[:MOST_ROWS],
        grid=_grid(rows[:MOST_ROWS], by),
        chart=_chart(over_time, label, rows, scope, step, timezone),
        steps=_steps(scope, window, by),
    )


def _by_label(told: Heard[Samples], label: str) -> dict[str, float]:
    found = {each.labels.get(label, "") or "?": float(each.values[-1]) for each in whole(told.value)}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _summary(scope: Scope, window: Window, usd: float, before: float, month: float, rows: tuple[CostView, ...]) -> str:
    if not rows:
        return f"Nothing was spent on models by {scope} in {span(window.seconds)}."
    change = f", {percent(usd / before - 1)} against the time before" if before else ""
    top = rows[0]
    most = f"; most of it is {top.name}, {shown(top.share, 'share')}" if len(rows) > 1 else ""
    who = str(scope) if scope.service else f"All services in {scope.environment}"
    return (
        f"{who}: {shown(usd, '$')} for models in {span(window.seconds)}{change}{most}. "
        f"At this pace a month costs {shown(month, '$')}."
    )


def _grid(rows: tuple[CostView, ...], by: str) -> Grid:
    return Grid(
        columns=(by, "cost", "share", "before", "change", "tokens", "per million"),
        rows=tuple(
            (
                each.name,
                shown(each.usd, "$"),
                shown(each.share, "share"),
                shown(each.before, "$"),
                percent(each.usd / each.before - 1) if each.before else "–",
                shown(each.tokens),
                shown(each.usd_per_million, "$"),
            )
            for each in rows
        ),
        numeric=(1, 2, 3, 4, 5, 6),
    )


def _chart(
    over_time: Heard[Samples], label: str, rows: tuple[CostView, ...], scope: Scope, step: float, timezone: str
) -> Lines | None:
    """What costs the most first."""
    series = {each.labels.get(label, "") or "?": each for each in whole(over_time.value)}
    dear = [row.name for row in rows if row.name in series][:MOST_CURVES]
    curves = tuple(Curve.of(name, series[name], step) for name in dear)
    return Lines(title=f"Cost · {scope}", unit="$/h", curves=curves, timezone=timezone) if curves else None


def _steps(scope: Scope, window: Window, by: str) -> tuple[Step, ...]:
    about: dict[str, Json] = {"window": iso(window)}
    about |= {role: value for role, value in scope.items() if role in {"service", "environment"}}
    other = "service" if by == "model" else "model"
    return (
        Step(label=f"By {other}", operation="cost.report", values={**about, "by": other}),
        Step(label="Tokens", operation="metrics.query", values={**about, "metric": "tokens"}),
        Step(
            label="Compare with last week",
            operation="metrics.compare",
            values={**about, "metric": "cost", "against": "last week"},
        ),
    )
