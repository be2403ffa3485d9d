"""An alert as a picture: what is not as it was, around the time it began, with what is usual and what was changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import promql_parser

from bot.agent.events import Picture
from bot.errors import CopilotError, InvalidInput
from bot.observatory.findings import marks_of, promised
from bot.observatory.observatory import Observatory, whole
from bot.observatory.question import Question, capital, clock, moments, title_of
from bot.ports import Clock
from bot.telemetry import episodes
from bot.telemetry.charts.alt import describe
from bot.telemetry.charts.desk import picture
from bot.telemetry.charts.shapes import Band, Curve, Lines, Mark, Small, Stretch, Threshold
from bot.telemetry.charts.words import clean
from bot.telemetry.queries.promql import parse
from bot.telemetry.signals import Series, Window
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import USUAL_QUANTILE, Scope
from bot.watch.alerts import Alert
from bot.watch.digests import DAY, Digest
from bot.watch.finding import Family, Finding
from bot.watch.ranking import SEVERITIES
from bot.watch.telling import lead

BEFORE: Final = timedelta(hours=1)
AFTER: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=24)
MOST_PANELS: Final = 3
"""More are too small to read."""
BESIDE: Final = ("error_rate", "latency")
"""What is looked at where no number of a service was found, but a call, a budget that burns, or lines of any kind."""
COUNTED: Final = 60.0
"""Seconds of which each count of the lines of a watch is."""
MOST_TEXT: Final = 40
NO_NUMBER: Final = frozenset({Family.PATTERN, Family.EDGE, Family.BURN})
COMPARED: Final = frozenset({Family.DEVIATION, Family.TREND, Family.VARIANCE, Family.CHANGE})
"""What is expected there is what is usual, in the unit of the metric."""
COMPARISONS: Final = frozenset({">", "<", ">=", "<=", "==", "!="})


@dataclass(frozen=True, slots=True)
class Sight:
    """One panel's question."""

    scope: Scope
    signal: str
    query: str = ""
    limit: float | None = None
    finding: Finding | None = None

    @property
    def lines(self) -> bool:
        """Whether it counts lines of logs, in LogQL."""
        return self.finding is not None and self.finding.family is Family.PATTERN


class Picturing:
    """Draws alerts."""

    def __init__(self, observatory: Observatory, clock: Clock) -> None:
        self._observatory = observatory
        self._clock = clock

    async def __call__(self, alert: Alert) -> Picture | None:
        """None where there is nothing to see; raises where it cannot be drawn now."""
        chart = await self.chart(alert)
        return Picture(await picture(chart), chart.title, describe(chart)) if chart else None

    async def chart(self, alert: Alert) -> Lines | Small | None:
        """One chart, or the origin beside its symptoms."""
        now = self._clock()
        window = window_of(alert, now)
        wanted = sights(alert, self._observatory.vocabulary.metrics)
        marks, panels = await asyncio.gather(
            self._marks(alert, window),
            asyncio.gather(*(self._panel(sight, alert, window, now) for sight in wanted)),
        )
        found = [panel.model_copy(update={"marks": marks}) for panel in panels if panel]
        if len(found) < 2:  # noqa: PLR2004  one stands for itself
            return found[0] if found else None
        return Small(title=_headline(alert, [each.scope.service for each in wanted], now), panels=tuple(found))

    async def _marks(self, alert: Alert, window: Window) -> tuple[Mark, ...]:
        changes = await self._observatory.changes_in(window, environment=alert.environment)
        about = {*alert.services, *(each.service for each in alert.origins[:1])}
        ours = [each for each in changes.value or () if each.service in about]
        return (*marks_of(ours), Mark(at=alert.since, label="since", kind="onset"))

    async def _panel(self, sight: Sight, alert: Alert, window: Window, now: datetime) -> Lines | None:
        """None for what cannot be read: the others are worth seeing without it."""
        step = COUNTED if sight.lines else self._observatory.vocabulary.step(window.seconds)
        looked = moments(window, step)
        try:
            if sight.lines:
                read = await self._observatory.log_series(sight.query, looked, step)
            else:
                query = sight.query or (await self._observatory.settled(now)).query(sight.signal, sight.scope, step)
                read = await self._observatory.series(query, looked, step)
        except CopilotError:
            return None
        series = _whose(whole(read.value), sight.scope.service)
        if series and sight.lines:
            series = _filled(series, looked)
        return self._drawn(sight, series, alert, window, step) if series else None

    def _drawn(self, sight: Sight, series: Series, alert: Alert, window: Window, step: float) -> Lines:
        signal = self._observatory.vocabulary.metrics.get(sight.signal)
        finding = sight.finding
        unit = "lines" if sight.lines else signal.unit if signal else finding.unit if finding else ""
        asked = Question(sight.signal, sight.scope, window, window.end)
        name = capital(title_of(signal, asked)) if signal else sight.signal
        limit = self._limit(sight, unit)
        stretch = Stretch(start=finding.since, end=finding.ended or window.end) if finding else None
        curve = Curve.of(sight.scope.service or name, series, step)
        return Lines(
            title=f"{name} · {sight.scope}",
            unit=unit,
            curves=(curve,),
            band=usual(series, alert.since, len(curve.values), finding),
            stretches=(stretch,) if stretch and stretch.start < stretch.end else (),
            thresholds=(limit,) if limit else (),
            timezone=alert.timezone,
        )

    def _limit(self, sight: Sight, unit: str) -> Threshold | None:
        if sight.limit is not None:
            return Threshold(value=sight.limit, label=f"limit {shown(sight.limit, unit)}")
        service = self._observatory.catalogue.resolve(sight.scope.service) if sight.signal == "latency" else None
        return promised(service, USUAL_QUANTILE) if service else None


# ---------------------------------------------------------------- what is looked at


def window_of(alert: Alert, now: datetime) -> Window:
    """From well before it began until now, or until it was over."""
    end = min(now, alert.resolved_at + AFTER) if alert.resolved_at else now
    return Window(max(alert.since - BEFORE, end - LONGEST), end)


def sights(alert: Alert, metrics: Iterable[str]) -> list[Sight]:
    """What the title is about, then the likely origin, then the rest; each number once."""
    known = frozenset(metrics)
    origin = next((each.service for each in alert.origins), "")
    leads = lead(alert.findings, alert.origins) if alert.findings else None
    told = [sight for each in alert.findings if (sight := _sight(each, known))]
    told.sort(key=lambda each: (each.finding is not leads, each.scope.service != origin))
    first: dict[tuple[Scope, str], Sight] = {}
    for sight in told:
        first.setdefault((sight.scope, sight.signal), sight)
    chosen = list(first.values())[:MOST_PANELS]
    service = origin or next(iter(alert.services), "")
    if chosen or not service:
        return chosen
    return [Sight(Scope(service, alert.environment), name) for name in BESIDE if name in known]


def _sight(finding: Finding, known: frozenset[str]) -> Sight | None:
    scope = Scope(finding.subject.service, finding.subject.environment)
    limit = finding.expected if finding.family is Family.THRESHOLD else None
    if finding.family is Family.PATTERN and finding.query:  # a watch of them; scans find lines of many patterns
        text = clean(finding.subject.detail, MOST_TEXT)
        return Sight(
            scope, f"Lines with “{text}”" if text else "Lines", finding.query, finding.expected or None, finding
        )
    if finding.family in NO_NUMBER:
        return None
    if finding.query:
        query, compared = bare(finding.query)
        if query:
            return Sight(scope, finding.subject.signal, query, limit if compared is None else compared, finding)
    return Sight(scope, finding.subject.signal, "", limit, finding) if finding.subject.signal in known else None


def bare(query: str) -> tuple[str, float | None]:
    """The number that a rule looks at, and its limit: the rule itself gives samples only while it fires.

    Empty for what is no PromQL, or no number.
    """
    try:
        tree: object = parse(query)
    except InvalidInput:
        return "", None
    while isinstance(tree, promql_parser.ParenExpr):
        tree = tree.expr
    if isinstance(tree, promql_parser.StringLiteral):
        return "", None
    if isinstance(tree, promql_parser.BinaryExpr) and str(tree.op) in COMPARISONS:
        sides = (tree.lhs, tree.rhs)
        numbers = [each.val for each in sides if isinstance(each, promql_parser.NumberLiteral)]
        others = [each for each in sides if not isinstance(each, promql_parser.NumberLiteral)]
        if len(numbers) == len(others) == 1:
            return others[0].prettify(), float(numbers[0])
    return query, None


def _headline(alert: Alert, services: Iterable[str], now: datetime) -> str:
    """Whom it is about, and since when: what is said of them stands in the message, and would not fit."""
    names = [each for each in dict.fromkeys(services) if each] or [alert.environment]
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{others}, since {clock(alert.since, alert.timezone, now)}"


def _whose(series: Sequence[Series], service: str) -> Series | None:
    """The one of that service; where none says so, the first."""
    return next((each for each in series if service and service in each.labels.values()), next(iter(series), None))


def _filled(series: Series, window: Window) -> Series:
    """Where nothing was counted, there was nothing."""
    times = np.arange(window.start.timestamp(), window.end.timestamp(), COUNTED)
    counted = dict(zip(np.rint(series.times / COUNTED).tolist(), np.nan_to_num(series.values).tolist(), strict=True))
    values = [counted.get(each, 0.0) for each in np.rint(times / COUNTED).tolist()]
    return Series(series.labels, times, np.array(values))


def usual(series: Series, since: datetime, count: int, finding: Finding | None) -> Band | None:
    """Where nine tenths of the time before were, and what was expected there."""
    before = series.values[(series.times < since.timestamp()) & np.isfinite(series.values)]
    if len(before) < episodes.FEWEST:
        return None
    edges = [*np.quantile(before, (0.05, 0.95)).tolist(), *_expected(finding)]
    low, high = (float(f"{edge:.5g}") for edge in (min(edges), max(edges)))
    return Band(low=(low,) * count, high=(high,) * count)


def _expected(finding: Finding | None) -> Iterator[float]:
    if finding and finding.expected is not None and finding.family in COMPARED:
        yield finding.expected


# ---------------------------------------------------------------- many of them


def course(digest: Digest, timezone: str = "UTC") -> Lines | None:
    """How many alerts began when; nothing where there were none."""
    starts = sorted({at for at, _, _ in digest.chart})
    counts = {(at, severity): count for at, severity, count in digest.chart}
    found = [each for each in SEVERITIES if any(counts.get((at, each)) for at in starts)]
    if not found or len(starts) < 2:  # noqa: PLR2004  a point is no course
        return None
    step = starts[1] - starts[0]
    curves = (
        Curve(name=each, start=starts[0], step=step, values=tuple(float(counts.get((at, each), 0)) for at in starts))
        for each in found
    )
    return Lines(
        title=f"Alerts that began each {'hour' if step < DAY else 'day'}", curves=tuple(curves), timezone=timezone
    )
