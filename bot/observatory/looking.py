"""Logs: lines that fit, what they have in common, what is new among them, and how many there are over time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from pydantic import Field

from bot.door.operation import Output
from bot.observatory.findings import marks_of
from bot.observatory.gathering import on_grid
from bot.observatory.observatory import Heard, Observatory, heard, named, whole
from bot.observatory.question import capital, iso, moments
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.ports import Json
from bot.telemetry import trends
from bot.telemetry.charts.shapes import MOST_CURVES, Curve, Lines
from bot.telemetry.patterns import LogPatterns, Pattern, patterns
from bot.telemetry.queries import logql
from bot.telemetry.queries.repair import settled as mended
from bot.telemetry.signals import LogLine, Samples, Series, Window
from bot.telemetry.vocabulary import Role, Scope

PAGE: Final = 2_000
"""Lines that are read to find what they have in common."""
MOST_LINES: Final = 30
MOST_PATTERNS: Final = 8
MOST_LINE: Final = 400
MOST_TEMPLATE: Final = 160
BARS: Final = 60
_ROLES: Final[tuple[Role, ...]] = ("service", "environment", "instance")


@dataclass(frozen=True, slots=True)
class LogsQuestion:
    """What is asked of logs; `raw` is LogQL."""

    scope: Scope
    window: Window
    now: datetime
    timezone: str = "UTC"
    level: str = ""
    contains: str = ""
    pattern: str = ""
    raw: str = ""


class LineView(Output):
    """One line as it is shown."""

    at: datetime
    level: str
    text: str
    instance: str = ""
    trace_id: str = ""


class PatternView(Output):
    """Lines that say the same."""

    template: str
    occurrences: int
    share: float
    levels: dict[str, int]
    new: bool
    surging: bool
    words: str = ""
    examples: tuple[str, ...] = ()


class LogsAnswer(Told):
    """What the logs say."""

    total: int | None = None
    read_lines: int = 0
    cut: bool = False
    levels: Mapping[str, int] = Field(default_factory=dict)
    patterns: tuple[PatternView, ...] = ()
    lines: tuple[LineView, ...] = ()


async def query_of(observatory: Observatory, question: LogsQuestion) -> tuple[logql.Query, str]:
    """As LogQL, and what it was before it was mended."""
    if question.raw:
        text, repaired = mended(question.raw, logql.parse)
        return logql.parse(text), repaired
    names = {
        role: await observatory.log_label(role, question.window) for role, _ in question.scope.items() if role in _ROLES
    }
    matchers = [
        logql.Matcher(names[role], "=~", f"{logql.escaped(value)}.*")
        if role == "instance"
        else logql.Matcher(names[role], "=", observatory.vocabulary.said(role, value))
        for role, value in question.scope.items()
        if role in names
    ]
    level_label = await observatory.log_label("level", question.window)
    made = logql.logs(
        matchers,
        contains=question.contains,
        pattern=question.pattern or None,
        level=question.level or None,
        level_from="label" if level_label in await observatory.log_labels(question.window) else "either",
        level_label=level_label,
    )
    return logql.sound(made), ""


async def looked(observatory: Observatory, question: LogsQuestion) -> LogsAnswer:
    """The whole answer; a query of numbers is drawn, one of lines is read."""
    query, repaired = await query_of(observatory, question)
    if not isinstance(query, logql.Logs):
        return await _numbers(observatory, question, query, repaired)
    source = observatory.need_logs()
    step = max(1.0, -(-question.window.seconds // BARS))
    label = await observatory.log_label("level", question.window)
    per_level = str(logql.by(logql.count(query, step), label))
    page, before, counts, changes = await asyncio.gather(
        source.lines(str(query), question.window, limit=PAGE),
        heard(source.name, source.lines(str(query), question.window.before(), limit=PAGE)),
        heard(source.name, observatory.log_series(per_level, moments(question.window, step), step)),
        observatory.changes_in(question.window, service=question.scope.service, environment=question.scope.environment),
    )
    read: list[Heard[object]] = [Heard(page.source, page), counts, *([changes] if observatory.changes else [])]
    base = LogsAnswer(
        summary="",
        where="" if question.raw else str(question.scope),
        window=span_of(question.window, question.timezone, question.now),
        query=str(query),
        language="logql",
        repaired=repaired,
        sources=notes(read),
        steps=_steps(question),
    )
    if not page.value:
        why = "" if question.raw else await _why_empty(observatory, question)
        return base.model_copy(update={"summary": f"No {_what(question)} in this time{why}.", "total": 0})
    found = await asyncio.to_thread(
        patterns,
        page.value,
        question.window,
        before.value,
        cut=page.cut,
        before_cut=before.read.cut if before.read else False,
    )
    levels, total = _counted(counts, label) if page.cut else (_levels(page.value), len(page.value))
    chart = _chart(question, counts.value, label, step)
    instance = await observatory.log_label("instance", question.window)
    return base.model_copy(
        update={
            "summary": _summary(question, found, total, len(page.value)),
            "findings": _findings(found, cut=page.cut, before=before),
            "total": total,
            "read_lines": len(page.value),
            "cut": page.cut,
            "levels": levels or _levels(page.value),
            "patterns": tuple(_pattern(each) for each in found.patterns[:MOST_PATTERNS]),
            "lines": tuple(_line(each, instance) for each in page.value[:MOST_LINES]),
            "grid": _grid(found),
            "chart": chart and chart.model_copy(update={"marks": marks_of(changes.value or ())}),
        }
    )


async def _numbers(observatory: Observatory, question: LogsQuestion, query: logql.Query, repaired: str) -> LogsAnswer:
    step = observatory.vocabulary.step(question.window.seconds)
    read = await observatory.log_series(str(query), moments(question.window, step), step)
    series = whole(read.value)
    curves = tuple(Curve.of(named(each.labels.items()) or "lines", each, step) for each in series[:MOST_CURVES])
    return LogsAnswer(
        summary=f"The query gave {len(series)} series." if series else "The query found nothing in this time.",
        window=span_of(question.window, question.timezone, question.now),
        query=str(query),
        language="logql",
        repaired=repaired,
        sources=notes([Heard(read.source, read)]),
        chart=Lines(title="The query", curves=curves, timezone=question.timezone) if curves else None,
    )


async def _why_empty(observatory: Observatory, question: LogsQuestion) -> str:
    """That nothing was logged is one thing, and that it is called otherwise here another."""
    known = await observatory.log_labels(question.window)
    names = [await observatory.log_label(role, question.window) for role, _ in question.scope.items() if role in _ROLES]
    if known and (strange := [name for name in names if name not in known]):
        return f": no stream here has a label {strange[0]!r}; name yours under labels in signals_file"
    away = observatory.away(question.scope)
    return f": {away}" if away else ""


# ---------------------------------------------------------------- in words


def _what(question: LogsQuestion) -> str:
    level = {"warn": "warning"}.get(question.level, question.level)
    said = f"{level} lines".strip() if level else "lines"
    if question.contains or question.pattern:
        said += f" with {(question.contains or question.pattern)[:80]!r}"
    return said if question.raw else f"{said} of {question.scope}"


def _summary(question: LogsQuestion, found: LogPatterns, total: int | None, read: int) -> str:
    many = f"{total:,}" if total is not None else f"More than {read:,}"
    kinds = "all of one kind" if len(found.patterns) == 1 else f"of {len(found.patterns)} kinds"
    fresh = sum(each.new for each in found.patterns)
    new = f", {fresh} of them new" if fresh and len(found.patterns) > 1 else ", and it is new" if fresh else ""
    return f"{many} {_what(question)} in {trends.span(question.window.seconds)}, {kinds}{new}."


def _findings(found: LogPatterns, *, cut: bool, before: Heard[tuple[LogLine, ...]]) -> tuple[str, ...]:
    said = [f"{capital(each.words)}: {each.template[:MOST_TEMPLATE]}" for each in found.patterns if each.words][:4]
    if cut:
        said.append(f"Kinds and shares are those of the newest {PAGE:,} lines; the numbers over time are of all")
    if before.value is None:
        said.append("What is new could not be told: the time before was not to be had")
    return tuple(said)


def _grid(found: LogPatterns) -> Grid:
    rows = tuple(
        (
            f"{each.occurrences:,}",
            each.template[:MOST_TEMPLATE],
            "new" if each.new else "more" if each.surging else "",
            next(iter(each.levels), ""),
            f"{100 * each.share:.0f} %",
        )
        for each in found.patterns[:MOST_PATTERNS]
    )
    return Grid(columns=("lines", "what they say", "", "level", "share"), rows=rows, numeric=(0, 4))


def _counted(counts: Heard[Samples], label: str) -> tuple[dict[str, int], int | None]:
    """Of all lines, where only the newest were read; None where it is no more than these."""
    levels: dict[str, int] = {}
    for each in whole(counts.value):
        level = each.labels.get(label) or "unknown"
        levels[level] = levels.get(level, 0) + int(each.values[np.isfinite(each.values)].sum())
    total = sum(levels.values())
    return (levels, total) if total > PAGE else ({}, None)


def _levels(lines: tuple[LogLine, ...]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for line in lines:
        levels[line.level] = levels.get(line.level, 0) + 1
    return levels


def _line(line: LogLine, instance: str) -> LineView:
    return LineView(
        at=line.at,
        level=line.level,
        text=line.text[:MOST_LINE],
        instance=line.labels.get(instance, ""),
        trace_id=line.labels.get("trace_id", ""),
    )


def _pattern(each: Pattern) -> PatternView:
    return PatternView(
        template=each.template[:MOST_LINE],
        occurrences=each.occurrences,
        share=round(each.share, 4),
        levels={str(level): count for level, count in each.levels.items()},
        new=each.new,
        surging=each.surging,
        words=each.words,
        examples=tuple(line.text[:MOST_LINE] for line in each.examples[:5]),
    )


def _chart(question: LogsQuestion, counts: Samples | None, label: str, step: float) -> Lines | None:
    """Where nothing was logged there were no lines, and that is a number."""
    moments_ = moments(question.window, step)
    times = np.arange(moments_.start.timestamp(), moments_.end.timestamp(), step)
    curves = []
    for each in whole(counts)[:MOST_CURVES]:
        filled = Series(each.labels, times, np.nan_to_num(on_grid(each, moments_, step)[: len(times)]))
        curves.append(Curve.of(each.labels.get(label, "") or "lines", filled, step))
    if not curves:
        return None
    title = capital(f"{_what(question)}, per {trends.span(step).removeprefix('the ')}")
    return Lines(title=title, curves=tuple(curves), timezone=question.timezone)


def _steps(question: LogsQuestion) -> tuple[Step, ...]:
    about: dict[str, Json] = {"window": iso(question.window)}
    about |= {role: value for role, value in question.scope.items() if role in {"service", "environment"}}
    steps = []
    if question.level != "error" and not question.raw:
        steps.append(Step(label="Only errors", operation="logs.search", values={**about, "level": "error"}))
    if question.scope.service:
        steps.append(Step(label="Explain", operation="metrics.explain", values={**about, "metric": "error_rate"}))
    steps += [
        Step(label="Failed traces", operation="traces.search", values={**about, "failed": True}),
        Step(label="Error rate", operation="metrics.query", values={**about, "metric": "error_rate"}),
    ]
    return tuple(steps)
