"""What stands out in a metric: against the time before, against what was promised, and what was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from bot.catalogue import Service
from bot.observatory.question import Measured, Question, capital, clock, higher_is
from bot.telemetry import episodes, trends
from bot.telemetry.charts.shapes import Mark, Stretch, Threshold
from bot.telemetry.comparison import MOST, compare, phrase
from bot.telemetry.correlation import Near, changes_near
from bot.telemetry.signals import Change, Series, Window
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import USUAL_QUANTILE

JUDGED: Final = 50
"""Series that are looked at one by one."""
MOST_MARKS: Final = 6
MOST_OF_MANY: Final = 5
CLOSE: Final = 0.9
"""Of a threshold: near enough to be said."""
SILENT: Final = 3
"""Steps without a sample: from then on it is news."""


def stands_out(
    found: Measured,
    changes: Sequence[Change],
    service: Service | None,
    question: Question,
    name: Callable[[Series], str],
) -> tuple[list[str], list[Stretch]]:
    """In words, the weightiest first; and the stretches of time that were not as usual."""
    pairs = list(zip(found.series, found.before, strict=True))
    if len(pairs) == 1:
        weighed, stretches = _of_one(*pairs[0], found, question)
        said = [capital(words) for _, words in sorted(weighed, key=lambda each: -each[0])]
        limit = threshold_of(service, question)
        said += [capital(words) for words in _against(pairs[0][0], limit, found.step)] if limit else []
        said += _silence(pairs[0][0], found, question)
    else:
        every = [
            (weight, f"{name(series)}: {words}")
            for series, before in pairs[:JUDGED]
            for weight, words in _unusual(series, before, found, question)[0]
        ]
        said = [words for _, words in sorted(every, key=lambda each: -each[0])[:MOST_OF_MANY]]
        stretches = []
    if found.read.cut:
        said.append(f"There are more series than were read; these are {len(pairs):,} of them")
    if len(pairs) > JUDGED:
        said.append(f"Only the {JUDGED} highest of the {len(pairs):,} series were looked at one by one")
    near = _why(stretches, changes, service) if service and stretches else None
    said += [f"Just before: {near.words}"] if near else []
    others = (each for each in newest(changes) if near is None or each is not near.change)
    told = (f"{change.title} at {clock(change.at, question.timezone, question.now)}" for change in others)
    return [*said, *map(capital, told)], stretches


def _why(stretches: Sequence[Stretch], changes: Sequence[Change], service: Service) -> Near | None:
    """The change that came closely before it was no longer as usual, if there is one."""
    graph = {service.name: service.depends_on}
    return next(iter(changes_near(stretches[0].start, changes, service=service.name, graph=graph)), None)


def newest(changes: Sequence[Change], most: int = MOST_MARKS) -> list[Change]:
    """In the order of time."""
    return sorted(changes, key=lambda each: each.at)[-most:]


def marks_of(changes: Sequence[Change]) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            at=change.at,
            label=f"{change.service} {change.version}".strip(),
            kind="deploy" if change.kind in {"deploy", "rollback"} else "change",
        )
        for change in newest(changes)
    )


Weighed = list[tuple[float, str]]


def _of_one(
    series: Series, before: Series | None, found: Measured, question: Question
) -> tuple[Weighed, list[Stretch]]:
    said, stretches = _unusual(series, before, found, question)
    if not stretches and (moved := trends.trend(series)).direction in {"rising", "falling"}:
        said.append((0.0, trends.phrase(moved)))
    return said, stretches


def _unusual(
    series: Series, before: Series | None, found: Measured, question: Question
) -> tuple[Weighed, list[Stretch]]:
    """Beside the window before; how much it weighs is how much it is, in terms of what was."""
    if before is None:
        return [], []
    signal = found.signal
    said: Weighed = []
    told = compare(before, series)
    if told.change in {"higher", "lower"} and abs(told.difference or 0) >= signal.notable:
        was = f" ({shown(told.median_before, signal.unit)} → {shown(told.median_after, signal.unit)})"
        words = f"{phrase(told, higher_is(signal.better))}, beside {_before(question.window)}{was}"
        said.append((_weight(told.relative), words))
    run = episodes.find(series, episodes.earlier(series, before)).worst
    if run is None or abs(run.peak - run.expected) < signal.notable:
        return said, []
    said.append((_weight(run.relative), _run_words(run, signal.unit, question)))
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in (run.start, run.end))
    return said, [Stretch(start=start, end=end)]


def _weight(relative: float | None) -> float:
    return MOST if relative is None else min(MOST, abs(relative))


def _before(window: Window) -> str:
    return f"{trends.span(window.seconds)} before"


def _run_words(run: episodes.Episode, unit: str, question: Question) -> str:
    start, end = (clock(moment, question.timezone, question.now) for moment in (run.start, run.end))
    when = f"from {start} to {end}" if start != end else f"at {start}"
    far = "up to" if run.direction == "high" else "down to"
    return f"{when} it went {far} {shown(run.peak, unit)}, where {shown(run.expected, unit)} is usual"


def _silence(series: Series, found: Measured, question: Question) -> Iterator[str]:
    """What stopped is not fine."""
    last = last_of(series)
    if question.window.end.timestamp() - last > SILENT * max(found.step, 60.0):
        yield f"Nothing was measured after {clock(last, question.timezone, question.now)}"


def last_of(series: Series) -> float:
    """When its last sample is from."""
    return float(series.times[np.isfinite(series.values)][-1])


def last_value(series: Series) -> float:
    return float(series.values[np.isfinite(series.values)][-1])


# ---------------------------------------------------------------- what was promised


def threshold_of(service: Service | None, question: Question) -> Threshold | None:
    """What an objective says of the very latency that is asked for; where the p95 is above it, 96 % are not below."""
    mean = question.aggregation == "avg" and question.quantile is None
    if service is None or question.metric != "latency" or question.raw or mean:
        return None
    return promised(service, question.quantile or USUAL_QUANTILE)


def promised(service: Service, q: float) -> Threshold | None:
    """The tightest threshold that a quantile must not pass."""
    limits = [slo.threshold_ms / 1_000 for slo in service.slos if slo.threshold_ms and 100 * q <= slo.objective + 1e-9]
    return Threshold(value=min(limits), label=f"objective {shown(min(limits), 's')}") if limits else None


def _against(series: Series, limit: Threshold, step: float) -> list[str]:
    over = float(np.count_nonzero(series.values > limit.value)) * step
    if over:
        return [f"above the {limit.label} for {shown(over, 's')} of this time"]
    return [f"at its peak close to the {limit.label}"] if np.nanmax(series.values) > CLOSE * limit.value else []
