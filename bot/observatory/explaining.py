"""Why something is as it is: everything that can be asked at once, and suspects in order, with what speaks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from bot.door.operation import Output
from bot.observatory.findings import SILENT, last_of, marks_of, newest
from bot.observatory.gathering import Seen, case_of, look, neighbourhood
from bot.observatory.observatory import Observatory, split
from bot.observatory.question import Question, aligned, capital, clock, higher_is, iso, title_of
from bot.observatory.standing import State
from bot.observatory.told import Grid, Step, Told, notes, span_of, watch
from bot.telemetry import episodes
from bot.telemetry.charts.shapes import Curve, Edge, Graph, Lines, Mark, Node, Small
from bot.telemetry.comparison import MOST, Comparison, compare, phrase
from bot.telemetry.correlation import relate
from bot.telemetry.rootcause import Evidence, Explanation, Suspect, explain
from bot.telemetry.rootcause.words import cut
from bot.telemetry.signals import Series
from bot.telemetry.units import duration, shown
from bot.telemetry.vocabulary import Scope, Signal

BESIDE: Final = ("latency", "error_rate", "throughput", "saturation", "memory", "cpu")
MOST_PANELS: Final = 3
"""More are too small to read."""
SHOWN: Final = 4
MOST_WORDS: Final = 220
SURE: Final = 0.7
LIKELY: Final = 0.4
MOST_RELATED: Final = 2
SLIGHT: Final = 0.05
"""Of confidence: less is not worth a row."""
CERTAIN: Final = 0.99
"""More is not said: it is a correlation."""
STRONG: Final = 0.4
"""A suspect's score, below which it is none where nothing changed …"""
CALM: Final = 0.3
"""… and the most confidence that is shown of it."""
MOST_BECAUSE: Final = 90
"""What a column shows uncut."""


class EvidenceView(Output):
    """One reason."""

    kind: str
    weight: float
    words: str


class SuspectView(Output):
    """A service that may be the cause; a correlation until somebody has looked."""

    service: str
    confidence: float
    speaks_for: tuple[EvidenceView, ...]
    speaks_against: tuple[EvidenceView, ...]


class RuledOutView(Output):
    """A service that only looks guilty."""

    service: str
    reason: str
    because_of: str = ""


class ExplainAnswer(Told):
    """What happened, who is suspected, who is not, and what could not be looked at."""

    metric: str = ""
    since: datetime | None = None
    suspects: tuple[SuspectView, ...] = ()
    ruled_out: tuple[RuledOutView, ...] = ()
    missing: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


async def explained(observatory: Observatory, question: Question) -> ExplainAnswer:
    """The whole answer, whatever of the sources is there."""
    observatory.vocabulary.signal(question.metric)
    step = observatory.vocabulary.step(2 * question.window.seconds)
    window = aligned(question.window, step)
    question = replace(question, window=window)
    services = neighbourhood(observatory, question.scope)
    seen = await look(observatory, question, services, step)
    target = question.scope.service or _worst(observatory, question, seen, step)
    happened = _happened(observatory, question, target, seen, step)

    def suspected() -> Explanation:
        return explain(replace(case_of(observatory, question, services, target, seen, step), since=happened.since))

    found = await asyncio.to_thread(suspected)
    calm = happened.calm(found)
    if calm:
        found = _calmed(found)
    changes = seen.changes.value or ()
    return ExplainAnswer(
        summary=_summary(found, happened, target),
        findings=_missed(found)
        if calm
        else (*_findings(found, happened, question), *_moves_with(observatory, question, target, found, seen)),
        where=str(question.scope),
        window=span_of(window, question.timezone, question.now),
        query=told.read.query if (told := seen.metrics[question.metric]).read else "",
        language="promql",
        sources=notes(seen.everything),
        metric=question.metric,
        since=found.onset,
        suspects=tuple(_suspect(each) for each in found.suspects[:SHOWN]),
        ruled_out=tuple(
            RuledOutView(service=each.service, reason=each.reason, because_of=each.because_of)
            for each in found.ruled_out[:SHOWN]
        ),
        missing=found.missing,
        changes=tuple(
            f"{clock(each.at, question.timezone, question.now)} {each.title}" for each in newest(changes, SHOWN)
        ),
        grid=None if calm else _grid(found),
        chart=_panels(observatory, question, target, found, seen, step),
        more_charts=(_graph(observatory, services, found, target, seen, calm=calm),) if len(services) > 1 else (),
        steps=_steps(question, found),
    )


def _compared(series: Series, question: Question, step: float) -> Comparison:
    return compare(*split(series, question.window.shifted(step).start))


def _worst(observatory: Observatory, question: Question, seen: Seen, step: float) -> str:
    """Where nobody is named: whose metric changed the most for the worse, if any did."""
    signal = observatory.vocabulary.signal(question.metric)
    worst, most = "", 0.0
    for service, series in seen.series(question.metric).items():
        told = _compared(series, question, step)
        verdict = told.verdict(higher_is(signal.better))
        if verdict not in {"worse", "higher", "lower"} or abs(told.difference or 0.0) < signal.notable:
            continue
        weight = abs((MOST if told.relative is None else told.relative) * (told.effect or 0.0))
        if weight > most:
            worst, most = service, weight
    return worst


# ---------------------------------------------------------------- in words


@dataclass(frozen=True, slots=True)
class _Happened:
    """What became of the metric that the question is about."""

    words: str
    changed: bool
    since: datetime | None = None
    known: bool = True
    """It was measured."""

    def calm(self, found: Explanation) -> bool:
        """What was asked about is as it was, and nobody is strongly suspected."""
        strong = any(each.confidence >= SURE and each.score >= STRONG for each in found.suspects[:1])
        return self.known and not self.changed and not strong


def _calmed(found: Explanation) -> Explanation:
    """Somebody is always first in an order; that is no trouble."""
    suspects = tuple(replace(each, confidence=min(CALM, each.confidence)) for each in found.suspects)
    return replace(found, suspects=suspects, ruled_out=(), onset=None)


def _happened(observatory: Observatory, question: Question, target: str, seen: Seen, step: float) -> _Happened:
    signal = observatory.vocabulary.signal(question.metric)
    known = seen.series(question.metric)
    title = title_of(signal, question)
    if not target and known:
        return _Happened(f"{title} got worse at none of {len(known)} services", changed=False)
    name = f"{title} of {target}" if target else title
    if target not in known:
        trouble = seen.metrics[question.metric].trouble or observatory.away(question.scope)
        return _Happened(f"{name} was not measured{f': {trouble}' if trouble else ''}", changed=False, known=False)
    before, now = split(known[target], question.window.shifted(step).start)
    worst = episodes.find(now, episodes.earlier(now, before)).worst
    if worst is not None and abs(worst.peak - worst.expected) >= signal.notable:
        words = _ran(worst, last_of(now), step, signal, question)
        return _Happened(f"{name} {words}", changed=True, since=datetime.fromtimestamp(worst.start, UTC))
    compared = _compared(known[target], question, step)
    words = phrase(compared, higher_is(signal.better))
    return _Happened(
        f"{name} is {words} ({shown(compared.median_after, signal.unit)} at the median)",
        changed=compared.change in {"higher", "lower"},
    )


def _ran(run: episodes.Episode, last: float, step: float, signal: Signal, question: Question) -> str:
    """What lasts is since its beginning; what is over was between two times."""
    start, end = (clock(moment, question.timezone, question.now) for moment in (run.start, run.end))
    far, usual = shown(run.peak, signal.unit), shown(run.expected, signal.unit)
    high = run.direction == "high"
    if last - run.end <= SILENT * max(step, 60.0):
        return f"has been as {'high' if high else 'low'} as {far} since {start}, where {usual} is usual"
    when = f"between {start} and {end}" if start != end else f"at {start}"
    return f"went {'up' if high else 'down'} to {far} {when}, where {usual} is usual"


def _summary(found: Explanation, happened: _Happened, target: str) -> str:
    said = f"{capital(happened.words)}."
    if happened.calm(found):
        first = next(
            (f"; the first to look at would be {each.service}" for each in found.suspects[:1] if each.for_), ""
        )
        return f"{said} As far as can be seen nothing went wrong{first}."
    if not found.suspects or found.suspects[0].score <= 0:
        return f"{said} Nothing that could be looked at stands out as its cause."
    top = found.suspects[0]
    why = f": {top.for_[0].words}" if top.for_ else ""
    own = " itself" if top.service == target else ""
    if happened.changed:
        how = "Most likely" if top.confidence >= SURE else "Probably" if top.confidence >= LIKELY else "Perhaps"
        return f"{said} {how} the cause is {top.service}{own}{why}."
    if top.confidence < SURE:
        return f"{said} Nothing stands out clearly; the first to look at would be {top.service}{own}."
    return f"{said} What stands out is {top.service}{own}{why}."


def _findings(found: Explanation, happened: _Happened, question: Question) -> tuple[str, ...]:
    """When it began is not said twice."""
    said = []
    if found.onset and happened.since is None:
        said.append(f"Since {clock(found.onset, question.timezone, question.now)}")
    for suspect in found.suspects[:1]:
        said += [capital(each.words)[:MOST_WORDS] for each in suspect.for_[1:5]]
        said += [f"Against it: {each.words}"[:MOST_WORDS] for each in suspect.against[:2]]
    said += [f"Ruled out: {each.service}, {each.reason}"[:MOST_WORDS] for each in found.ruled_out[:2]]
    return (*said, *_missed(found))


def _missed(found: Explanation) -> tuple[str, ...]:
    return tuple(f"Missing: {each}"[:MOST_WORDS] for each in found.missing[:3])


def _moves_with(
    observatory: Observatory, question: Question, target: str, found: Explanation, seen: Seen
) -> tuple[str, ...]:
    """What else of the first suspect goes up and down with what was asked about, and which of them leads."""
    ours = seen.series(question.metric).get(target)
    if ours is None or not found.suspects:
        return ()
    suspect = found.suspects[0].service
    related: list[tuple[float, str]] = []
    for name in seen.metrics:
        theirs = seen.series(name).get(suspect)
        if theirs is None or (name, suspect) == (question.metric, target):
            continue
        relation = relate(theirs, ours)
        if relation is not None and relation.related:
            lag = f", {duration(relation.lag)} ahead of it" if relation.lag > 0 else ""
            title = observatory.vocabulary.signal(name).title
            related.append((abs(relation.correlation), f"{title} of {suspect} ({relation.correlation:+.2f}{lag})"))
    best = [words for _, words in sorted(related, reverse=True)[:MOST_RELATED]]
    return (f"Moves together with {' and '.join(best)}",) if best else ()


def _suspect(each: Suspect) -> SuspectView:
    def views(evidence: Collection[Evidence]) -> tuple[EvidenceView, ...]:
        return tuple(EvidenceView(kind=one.kind, weight=round(one.weight, 3), words=one.words) for one in evidence)

    return SuspectView(
        service=each.service,
        confidence=round(min(CERTAIN, each.confidence), 3),
        speaks_for=views(each.for_),
        speaks_against=views(each.against),
    )


def _sure(suspect: Suspect) -> str:
    return f"{round(100 * min(CERTAIN, suspect.confidence))} %"


def _grid(found: Explanation) -> Grid | None:
    rows = tuple(
        (each.service, _sure(each), cut(each.for_[0].words, MOST_BECAUSE) if each.for_ else "")
        for place, each in enumerate(found.suspects[:SHOWN])
        if place == 0 or each.confidence >= SLIGHT
    )
    return Grid(columns=("suspect", "confidence", "because"), rows=rows, numeric=(1,)) if rows else None


# ---------------------------------------------------------------- in pictures


def _panels(
    observatory: Observatory, question: Question, target: str, found: Explanation, seen: Seen, step: float
) -> Small | None:
    """What was asked about, and beside it what moved most at the first suspect, over both windows."""
    top = found.suspects[0].service if found.suspects else target
    wanted = [(target, question.metric), *((top, name) for name in BESIDE)]
    marks = list(marks_of([each for each in seen.changes.value or () if each.service in {target, top}]))
    if found.onset:
        marks.append(Mark(at=found.onset, label="since", kind="onset"))
    panels: list[Lines] = []
    for service, name in dict.fromkeys(wanted):
        series = seen.series(name).get(service)
        if series is not None and len(panels) < MOST_PANELS:
            signal = observatory.vocabulary.signal(name)
            asked = replace(question, metric=name, scope=Scope(service, question.scope.environment))
            panels.append(
                Lines(
                    title=capital(f"{title_of(signal, asked)} · {service}"),
                    unit=signal.unit,
                    curves=(Curve.of(service, series, step),),
                    marks=tuple(marks),
                    timezone=question.timezone,
                )
            )
    about = " and ".join(dict.fromkeys(each for each in (target, top) if each))
    return Small(title=f"Why: {about}", panels=tuple(panels)) if panels else None


def _graph(
    observatory: Observatory, services: Sequence[str], found: Explanation, target: str, seen: Seen, *, calm: bool
) -> Graph:
    """A service of which nothing was measured is not said to be well; where all is calm nobody is unwell."""
    known = {each.name: each for each in observatory.catalogue.services}
    suspected = {each.service: each for each in found.suspects if each.confidence >= SLIGHT and not calm}
    out = {each.service for each in found.ruled_out}
    top = found.suspects[0].service if found.suspects and found.suspects[0].score > 0 and not calm else ""
    measured = {service for name in seen.metrics for service in seen.series(name)}
    states: dict[str, State] = {
        **dict.fromkeys(measured, "good"),
        **dict.fromkeys({*suspected, *out}, "warn"),
        **({top: "bad"} if top else {}),
    }
    nodes = tuple(
        Node(
            name=name,
            detail=_sure(suspected[name]) if name in suspected else "asked about" if name == target else "",
            state=states.get(name, "unknown"),
            suspect=name == top,
        )
        for name in services
    )
    edges = tuple(
        Edge(caller=name, callee=need) for name in services for need in known[name].depends_on if need in services
    )
    title = "Where the trouble comes from" if not calm else "What it depends on" if target else "Who depends on whom"
    return Graph(title=title, nodes=nodes, edges=edges)


def _steps(question: Question, found: Explanation) -> tuple[Step, ...]:
    environment = {"environment": question.scope.environment} if question.scope.environment else {}
    about = {"window": iso(question.window), **environment}
    top = found.suspects[0].service if found.suspects else question.scope.service
    steps = []
    if top:
        steps += [
            Step(label=f"Errors of {top}", operation="logs.search", values={**about, "service": top, "level": "error"}),
            Step(label=f"Traces of {top}", operation="traces.search", values={**about, "service": top}),
            Step(label=f"Deploys of {top}", operation="deploys.list", values={**environment, "service": top}),
        ]
    if question.scope.service:
        steps.append(watch(question.watched()))
    steps.append(Step(label="State of everything", operation="status.overview", values=environment))
    return tuple(steps)
