"""Traces: the slowest or the failed ones, where they spend their time, and one of them in full."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.door.operation import Output
from bot.errors import InvalidInput, NotFound
from bot.observatory.drawing import graph_of, waterfall
from bot.observatory.observatory import Heard, Observatory, heard
from bot.observatory.question import capital, clock, iso
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.ports import Json
from bot.telemetry.queries import traceql
from bot.telemetry.queries.repair import settled as mended
from bot.telemetry.queries.traceql_parts import NANOSECONDS, Comparison, Field, Filter, Logical, Query, Value
from bot.telemetry.signals import Read, Trace, TraceSummary, Window
from bot.telemetry.traces import Bottleneck, bottlenecks, fan_outs, retries, slowest_difference, tree
from bot.telemetry.units import duration
from bot.telemetry.vocabulary import Scope

PAGE: Final = 200
"""Traces that a search asks for: Tempo gives the newest that fit, so the slowest are sought among many."""
TRIES: Final = 5
FASTER: Final = 4.0
"""A bar that leaves too many is raised by so much."""
SHORTEST: Final = 0.001
FETCHED: Final = 12
"""Traces that are read whole, of the slow and of the others."""
SHOWN: Final = 10
SLOWEST_SHARE: Final = 0.9
NOTABLE: Final = 0.1
UNKNOWN: Final = "There are more traces than could be looked through: others may have been slower"


@dataclass(frozen=True, slots=True)
class TracesQuestion:
    """What is asked of traces; `raw` is TraceQL."""

    scope: Scope
    window: Window
    now: datetime
    timezone: str = "UTC"
    slower_than: float | None = None
    failed: bool = False
    raw: str = ""


class TraceView(Output):
    """A trace in a list."""

    id: str
    at: datetime
    service: str
    name: str
    seconds: float
    spans: int
    errors: int


class BottleneckView(Output):
    """Where time goes."""

    service: str
    name: str
    share: float
    seconds: float
    traces: int
    severity: str
    recommendation: str


class TracesAnswer(Told):
    """What the traces say."""

    traces: tuple[TraceView, ...] = ()
    bottlenecks: tuple[BottleneckView, ...] = ()


class TraceAnswer(Told):
    """One trace."""

    trace_id: str = ""
    seconds: float = 0.0
    spans: int = 0
    services: tuple[str, ...] = ()
    errors: int = 0
    bottlenecks: tuple[BottleneckView, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a search found, and whether the slowest of all are among it."""

    query: str
    read: Read[tuple[TraceSummary, ...]]
    more: bool = False
    """There are more than these."""
    known: bool = True
    """The slowest are."""


def query_of(observatory: Observatory, question: TracesQuestion, longer: float | None = None) -> str:
    """`longer` is of the whole trace; what the question says of slowness is of the part of its service."""
    attributes = {
        observatory.trace_label(role): value
        for role, value in question.scope.items()
        if role in {"instance", "version", "endpoint"}
    }
    made = traceql.traces(
        service=question.scope.service,
        environment=observatory.vocabulary.said("environment", question.scope.environment),
        slower_than=question.slower_than,
        failed=question.failed,
        attributes=attributes,
        service_field=observatory.trace_label("service"),
        environment_field=observatory.trace_label("environment"),
    )
    if longer is None:
        return str(made)
    bar = Comparison(Field("intrinsic", "traceDuration"), ">", Value("duration", round(longer * NANOSECONDS)))
    assert isinstance(made.spans, Filter)
    assert made.spans.condition is not None
    return str(Query(Filter(Logical("&&", (made.spans.condition, bar)))))


async def followed(observatory: Observatory, question: TracesQuestion) -> TracesAnswer:
    """The whole answer."""
    source = observatory.need_traces()
    if question.raw:
        query, repaired = mended(question.raw, traceql.parse)
        read = await source.search(query, question.window, limit=PAGE)
        sought = _Sought(query, read, more=len(read.value) >= PAGE, known=len(read.value) < PAGE)
    else:
        sought, repaired = await _sought(observatory, question), ""
    read = sought.read
    found = sorted(read.value, key=lambda each: -each.seconds)
    base = TracesAnswer(
        summary="",
        where=str(question.scope) if not question.raw else "",
        window=span_of(question.window, question.timezone, question.now),
        query=sought.query,
        language="traceql",
        repaired=repaired,
        steps=_steps(question),
    )
    if not found:
        what = "failed traces" if question.failed else "traces"
        fit = " that fit the query" if question.raw else f" of {question.scope}"
        away = "" if question.raw else observatory.away(question.scope)
        said = f"No {what}{fit} in this time{f': {away}' if away else ''}."
        return base.model_copy(update={"summary": said, "sources": notes([Heard(read.source, read)])})
    slow = found[:FETCHED]
    others = await _usual(observatory, question, slow) if not question.raw else []
    whole = await asyncio.gather(*(heard(source.name, source.trace(each.id)) for each in (*slow, *others)))
    slow_traces = [each.value for each in whole[: len(slow)] if each.value]
    usual_traces = [each.value for each in whole[len(slow) :] if each.value]
    narrow = bottlenecks(slow_traces)
    top = slow_traces[0] if slow_traces else None
    return base.model_copy(
        update={
            "summary": _summary(question, found, narrow, more=sought.more),
            "findings": (*_findings(slow_traces, usual_traces, narrow), *([] if sought.known else [UNKNOWN])),
            "sources": notes([Heard(read.source, read), *whole]),
            "traces": tuple(_view(each) for each in found[:SHOWN]),
            "bottlenecks": tuple(_narrow(each) for each in narrow[:SHOWN]),
            "grid": _grid(found[:SHOWN], question),
            "chart": waterfall(top) if top else None,
            "more_charts": (graph_of(slow_traces, narrow),) if len(slow_traces) > 1 else (),
            "steps": (*_open(found[:2]), *_steps(question)),
        }
    )


async def shown(observatory: Observatory, trace_id: str) -> TraceAnswer:
    """One trace by its id."""
    wanted = trace_id.strip().lower().removeprefix("0x")
    if not wanted or len(wanted) > 32 or set(wanted) - set("0123456789abcdef"):  # noqa: PLR2004  128 bits
        raise InvalidInput(
            f"{trace_id[:80]!r} is no id of a trace.",
            mend="It is up to 32 hexadecimal digits, as logs and traces show it.",
        )
    read = await observatory.need_traces().trace(wanted.zfill(32))
    trace = read.value
    known = tree(trace)
    if not known.tops:
        raise NotFound(f"trace {wanted} has no span with a time", mend="Ask again in a moment: it may be arriving.")
    took = known.seconds
    narrow = bottlenecks([trace])
    root = known.spans[known.tops[0]]
    services = tuple(sorted({span.service for span in trace.spans}))
    errors = [span for span in trace.spans if span.error]
    said = [
        f"{span.service}: {span.name} failed{': ' + span.message[:160] if span.message else ''}" for span in errors[:3]
    ]
    return TraceAnswer(
        summary=f"{root.service} {root.name} took {duration(took)}, in {_many(len(trace.spans), 'span')} of"
        f" {_many(len(services), 'service')}" + (f"; {len(errors)} of them failed." if errors else "."),
        findings=(*said, *_findings([trace], [], narrow)),
        query=wanted,
        language="trace id",
        sources=notes([Heard(read.source, read)]),
        chart=waterfall(trace),
        trace_id=trace.id,
        seconds=took,
        spans=len(trace.spans),
        services=services,
        errors=len(errors),
        bottlenecks=tuple(_narrow(each) for each in narrow[:SHOWN]),
    )


async def _sought(observatory: Observatory, question: TracesQuestion) -> _Sought:
    """A search that is full says nothing of the slowest: a bar is sought that leaves some, and all of them.

    Tempo gives the newest that fit, and the newest need not be like the others: where a bar leaves too many, the next
    is much higher, and where it leaves none, between the two.
    """
    source = observatory.need_traces()
    query = query_of(observatory, question)
    found = _Sought(query, await source.search(query, question.window, limit=PAGE))
    if len(found.read.value) < PAGE:
        return found
    lengths = sorted(each.seconds for each in found.read.value)
    bar, high = lengths[int(len(lengths) * SLOWEST_SHARE)], math.inf
    for turn in range(TRIES):
        query = query_of(observatory, question, bar)
        above = await source.search(query, question.window, limit=PAGE)
        if not above.value and not turn:
            return replace(found, more=True)  # all that are so slow are here already
        if 0 < len(above.value) < PAGE:
            return _Sought(query, above, more=True)
        if above.value:
            found, low = _Sought(query, above, more=True), max(bar, SHORTEST)
        else:
            high = bar
        bar = math.sqrt(low * high) if high < math.inf else low * FASTER
    return replace(found, more=True, known=False)


async def _usual(
    observatory: Observatory, question: TracesQuestion, slow: Sequence[TraceSummary]
) -> list[TraceSummary]:
    """Some that are not slow, to tell what the slow ones do otherwise."""
    source = observatory.need_traces()
    plain = TracesQuestion(question.scope, question.window, question.now)
    reading = await heard(source.name, source.search(query_of(observatory, plain), question.window, limit=PAGE))
    least = min(each.seconds for each in slow)
    names = {(each.service, each.name) for each in slow}
    others = [each for each in reading.value or () if each.seconds < least and (each.service, each.name) in names]
    middle = sorted(others, key=lambda each: each.seconds)
    return middle[len(middle) // 4 :][:FETCHED]


# ---------------------------------------------------------------- in words and pictures


def _summary(
    question: TracesQuestion, found: Sequence[TraceSummary], narrow: Sequence[Bottleneck], *, more: bool
) -> str:
    top = found[0]
    where = "" if question.raw else f" of {question.scope}"
    what = "failed trace" if question.failed else "slow trace" if question.slower_than else "trace"
    many = f"more than {_many(PAGE, what)}" if more else _many(len(found), what)
    said = f"The slowest of {many}{where} took {duration(top.seconds)} ({top.service} {top.name})."
    if narrow:
        one = narrow[0]
        said += f" The greatest part of the time goes to {one.service} {one.name}: {100 * one.share:.0f} % on average."
    return said


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _findings(slow: Sequence[Trace], usual: Sequence[Trace], narrow: Sequence[Bottleneck]) -> tuple[str, ...]:
    said = []
    if usual:
        said += [
            f"{each.service} {each.name} takes {duration(each.slow)} in them, {duration(each.normal)} usually"
            for each in slowest_difference(slow, usual)[:2]
            if each.share >= NOTABLE
        ]
    said += [capital(each.recommendation) for each in narrow[:2]]
    said += [
        f"{each.service} {each.name} was tried again {each.retries} times in {each.traces} of them"
        for each in retries(slow)[:1]
    ]
    said += [
        f"{each.service} {each.name} calls {each.callee} {each.call} {each.most} times"
        + (", one after the other" if each.sequential else "")
        for each in fan_outs(slow)[:1]
    ]
    return tuple(said)


def _grid(found: Sequence[TraceSummary], question: TracesQuestion) -> Grid:
    rows = tuple(
        (
            clock(each.start, question.timezone, question.now),
            duration(each.seconds),
            f"{each.service} {each.name}",
            str(each.spans or ""),
            str(each.errors or ""),
            each.id,
        )
        for each in found
    )
    return Grid(columns=("at", "took", "what", "spans", "failed", "trace"), rows=rows, numeric=(1, 3, 4))


def _view(each: TraceSummary) -> TraceView:
    return TraceView(
        id=each.id,
        at=each.start,
        service=each.service,
        name=each.name,
        seconds=each.seconds,
        spans=each.spans,
        errors=each.errors,
    )


def _narrow(each: Bottleneck) -> BottleneckView:
    return BottleneckView(
        service=each.service,
        name=each.name,
        share=round(each.share, 4),
        seconds=each.seconds,
        traces=each.traces,
        severity=each.severity,
        recommendation=each.recommendation,
    )


def _open(found: Sequence[TraceSummary]) -> tuple[Step, ...]:
    labels = ("Open the slowest", "Open the next")
    return tuple(
        Step(label=label, operation="traces.show", values={"trace": each.id})
        for label, each in zip(labels, found, strict=False)
    )


def _steps(question: TracesQuestion) -> tuple[Step, ...]:
    if question.raw:
        return ()
    about: dict[str, Json] = {"window": iso(question.window)}
    about |= {role: value for role, value in question.scope.items() if role in {"service", "environment"}}
    steps = [Step(label="Show logs", operation="logs.search", values=about)]
    if not question.failed:
        steps.insert(0, Step(label="Only failed", operation="traces.search", values={**about, "failed": True}))
    if question.scope.service:
        steps.append(Step(label="Explain", operation="metrics.explain", values={**about, "metric": "latency"}))
    return tuple(steps)
