"""The same metric twice: now and then, here and there, this version and that one; and whether the difference is one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.language.ranges import judged, read, zone
from bot.observatory.findings import marks_of
from bot.observatory.measuring import Figures, figures_of, measured
from bot.observatory.observatory import Heard, Observatory
from bot.observatory.question import Measured, Question, capital, clock, higher_is, title_of
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.telemetry.alignment import same_hours, without_rhythm
from bot.telemetry.charts.shapes import Curve, Overlay
from bot.telemetry.comparison import CHANCE, Comparison, compare, phrase
from bot.telemetry.signals import Series, Window
from bot.telemetry.trends import percent
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import POINTS, Vocabulary

PERIODS: Final = {"yesterday": ("day", 1), "day": ("day", 1), "last week": ("week", 7), "week": ("week", 7)}
"""What one goes back by, and how many days that is."""
DAY: Final = 86_400.0
MOST_POINTS: Final = 10_000
"""Of one series; Prometheus gives 11,000."""
JUST_NOW: Final = timedelta(hours=1)
FAR_APART: Final = 1.5
RHYTHM: Final = DAY / 4
"""Seconds from which on a window has a course of the day in it."""
BESIDE: Final = "\n# beside\n"
"""Between two queries."""


class CompareAnswer(Told):
    """Two samples of one metric, side by side."""

    metric: str = ""
    unit: str = ""
    verdict: str = ""
    relative: float | None = None
    effect: float | None = None
    p: float | None = None
    now: Figures | None = None
    before: Figures | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a question, and what it is called in a sentence."""

    question: Question
    label: str


def earlier(question: Question, against: str) -> Side:
    """The same hours of an earlier time: whole days or weeks before, the window before, or a range of its own."""
    words = against.strip().lower() or "yesterday"
    window = question.window
    if words in {"before", "previous", "the window before"}:
        return Side(replace(question, window=window.before()), "the time before")
    if words in PERIODS:
        period, days = PERIODS[words]
        many = math.ceil(window.seconds / (days * DAY))
        label = f"the {period} before" if many == 1 else f"{many} {period}s before"
        if many == 1 and question.now - window.end < JUST_NOW:
            label = f"the same time {'yesterday' if period == 'day' else 'last week'}"
        return Side(replace(question, window=same_hours(window, zone(question.timezone), many * days)), label)
    start, end = read(against, question.now, question.timezone)
    return Side(replace(question, window=Window(start, end)), against.strip())


async def compared(observatory: Observatory, now: Side, before: Side) -> CompareAnswer:
    """Both are read at once; the second is the first's measure."""
    for side in (now, before):
        window = side.question.window
        judged(window.start, window.end, side.question.now, side.label)
    question = now.question
    same_time = before.question.window == question.window
    step = _step(observatory.vocabulary, question.window, before.question.window)
    (one, other), changes = await asyncio.gather(
        asyncio.gather(*(measured(observatory, each, step=step, back=False) for each in (question, before.question))),
        observatory.changes_in(question.window, service=question.scope.service, environment=question.scope.environment),
    )
    heard: list[Heard[object]] = [Heard(one.read.source, one.read), Heard(other.read.source, other.read)]
    heard += [changes] if observatory.changes else []
    base = CompareAnswer(
        summary="",
        where=str(question.scope),
        window=span_of(question.window, question.timezone, question.now),
        query=one.query if one.query == other.query else f"{one.query}{BESIDE}{other.query}",
        language="promql",
        sources=notes(heard),
        metric=question.metric,
        unit=one.signal.unit,
        steps=_steps(question),
    )
    missing = [(side, found) for side, found in ((now, one), (before, other)) if not found.series]
    if missing:
        without, found = missing[0]
        why = await observatory.why_empty(found.query, without.question.scope, question.now)
        labels = " and for ".join(side.label for side, _ in missing)
        return base.model_copy(update={"summary": f"There is nothing to compare: no samples for {labels}; {why}."})
    told = compare(*_alike(other, one, before.question.window, question.window))
    figures = figures_of(one.series[0], now.label), figures_of(other.series[0], before.label)
    direction = higher_is(one.signal.better)
    return base.model_copy(
        update={
            "summary": _summary(told, one, now, before, figures),
            "findings": (*_peaks(figures, before, one.signal.unit), *_findings(told, before)),
            "verdict": told.verdict(direction),
            "relative": told.relative,
            "effect": told.effect,
            "p": told.p,
            "now": figures[0],
            "before": figures[1],
            "grid": _grid(figures, one.signal.unit),
            "chart": Overlay(
                title=capital(f"{title_of(one.signal, question)} · {question.scope}"),
                unit=one.signal.unit,
                now=Curve.of(now.label, one.series[0], one.step),
                before=Curve.of(before.label, other.series[0], other.step),
                same_time=same_time,
                marks=marks_of(changes.value or ()),
                timezone=question.timezone,
            ),
        }
    )


def _alike(before: Measured, now: Measured, then: Window, window: Window) -> tuple[Series, Series]:
    """Of the same hours without the course that both share: what rises every morning hides a difference."""
    shift = (window.start - then.start).total_seconds()
    if window.seconds < RHYTHM or shift % DAY or then.seconds != window.seconds:
        return before.series[0], now.series[0]
    return without_rhythm(before.series[0], now.series[0], shift)


def _step(vocabulary: Vocabulary, one: Window, other: Window) -> float:
    """One for both, or their samples would not be alike: that of the shorter, as far as the longer bears it."""
    short, long = sorted((one.seconds, other.seconds))
    return max(vocabulary.step(short), vocabulary.step(long * POINTS / MOST_POINTS))


def _summary(told: Comparison, one: Measured, now: Side, before: Side, figures: tuple[Figures, Figures]) -> str:
    what = title_of(one.signal, now.question)
    unit = one.signal.unit
    words = phrase(told, higher_is(one.signal.better))
    return (
        f"{capital(what)} of {now.question.scope}, beside {before.label}: {words}. "
        f"The median is {shown(figures[0].median, unit)}; it was {shown(figures[1].median, unit)}."
    )


def _findings(told: Comparison, before: Side) -> tuple[str, ...]:
    question = before.question
    said = [f"Beside {before.label}: {span_of(question.window, question.timezone, question.now).words}"]
    if told.effect is not None and told.p is not None:
        sure = "hardly by chance" if told.p < CHANCE else f"by chance in {percent(told.p).lstrip('+')} of such cases"
        said.append(f"Effect {told.effect:+.2f} of ±1 (Cliff's delta), {sure}")
    return tuple(said)


def _peaks(figures: tuple[Figures, Figures], before: Side, unit: str) -> tuple[str, ...]:
    """The median may be the same where the worst is not."""
    now, then = figures[0].maximum, figures[1].maximum
    if not now or not then or max(now, then) / min(now, then) < FAR_APART:
        return ()
    at = (
        f" at {clock(figures[0].maximum_at, before.question.timezone, before.question.now)}"
        if figures[0].maximum_at
        else ""
    )
    return (
        f"The peaks differ: {shown(now, unit)}{at}, {shown(then, unit)} then; now it is {shown(figures[0].last, unit)}",
    )


def _grid(figures: tuple[Figures, Figures], unit: str) -> Grid:
    now, before = figures
    rows = []
    for label, name in (("median", "median"), ("mean", "mean"), ("95th percentile", "p95"), ("peak", "maximum")):
        new, old = getattr(now, name), getattr(before, name)
        change = percent((new - old) / abs(old)) if new is not None and old else "–"
        rows.append((label, shown(new, unit), shown(old, unit), change))
    return Grid(columns=("", now.name, before.name, "difference"), rows=tuple(rows), numeric=(1, 2, 3))


def _steps(question: Question) -> tuple[Step, ...]:
    alone = question.about("service", "environment", "instance", "endpoint", "version") | question.measure()
    steps = [Step(label="Show it alone", operation="metrics.query", values=alone)]
    if question.scope.service:
        why = question.about("service", "environment") | {"metric": question.metric}
        steps.append(Step(label="Explain", operation="metrics.explain", values=why))
    return tuple(steps)
