"""What stands out in a set of traces: where the time goes, calls that are tried again, and calls made in numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from bot.telemetry.signals import Span, Trace
from bot.telemetry.trace_tree import Interval, Tree, length, merged, tree

BOTTLENECK: Final = 0.2
"""Of a trace's duration, by one span itself."""
FAN_OUT: Final = 5
"""Calls of one kind by one span; fewer are what anybody does."""
ONE_AFTER_ANOTHER: Final = 0.8
"""Of the time of such calls, not at the same time as another of them."""
AGAIN: Final = 0.001
TRIED: Final = ("retry.attempt", "http.request.resend_count", "http.resend_count")
"""Attributes by which a span says which further try it is."""
LONGEST_NAME: Final = 200

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: Final[tuple[tuple[float, Severity], ...]] = ((0.6, "critical"), (0.4, "high"), (0.2, "medium"))
Operation = tuple[str, str]
Key = TypeVar("Key", bound=Hashable)

_VARIABLE: Final = re.compile(r"\b(?:0x)?[0-9a-f]{8,}\b|\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """An operation that takes a great part of the time itself, without what it calls."""

    service: str
    name: str
    share: float
    """Of the time of all traces looked at."""
    worst: float
    """Of the time of the one trace where it was most."""
    seconds: float
    traces: int
    """In how many it took more than a fifth."""
    severity: Severity
    recommendation: str


@dataclass(frozen=True, slots=True)
class Retry:
    """An operation that was called again."""

    service: str
    name: str
    retries: int
    recovered: int
    """How many of them ended well."""
    traces: int
    seconds: float
    """Spent in what failed before."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """One span that made many calls of the same kind."""

    service: str
    name: str
    callee: str
    call: str
    most: int
    """In one span."""
    traces: int
    seconds: float
    """While one of the calls was under way, on average in such a span."""
    sequential: bool
    """One after another: what a single call for all of it would save."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much longer an operation itself takes, in seconds a trace."""

    service: str
    name: str
    slow: float
    normal: float
    seconds: float
    share: float
    """Of what the slow traces took longer on average."""


def bottlenecks(traces: Iterable[Trace]) -> tuple[Bottleneck, ...]:
    """The operations that took more than a fifth of some trace themselves, the largest share of all the time first."""
    seconds: dict[Operation, list[float]] = defaultdict(list)
    worst: dict[Operation, tuple[float, Span]] = {}
    total = 0.0
    for known in map(tree, traces):
        took = known.seconds
        if took <= 0:
            continue
        total += took
        for operation, (own, span) in _heavy(known, took).items():
            seconds[operation].append(own)
            if operation not in worst or own / took > worst[operation][0]:
                worst[operation] = own / took, span
    found = []
    for operation, owns in seconds.items():
        share, (most, span) = sum(owns) / total, worst[operation]
        advice = _advice(span, share, len(owns))
        found.append(Bottleneck(*operation, share, most, sum(owns), len(owns), _severity(share), advice))
    return tuple(sorted(found, key=lambda it: (-it.share, it.service, it.name)))


def _heavy(known: Tree, took: float) -> dict[Operation, tuple[float, Span]]:
    """Operations over the limit in one trace; spans of one operation that ran side by side count once."""
    intervals: dict[Operation, list[Interval]] = defaultdict(list)
    longest: dict[Operation, tuple[float, Span]] = {}
    start, end = known.extent()
    for index, span in enumerate(known.spans):
        own = [(max(begin, start), min(stop, end)) for begin, stop in known.own(index) if begin < end and stop > start]
        if (alone := length(own)) > BOTTLENECK * took:
            operation = span.service, span.name
            intervals[operation] += own
            longest[operation] = max(longest.get(operation, (0.0, span)), (alone, span), key=lambda pair: pair[0])
    return {operation: (length(merged(own)), longest[operation][1]) for operation, own in intervals.items()}


def _severity(share: float) -> Severity:
    return next((severity for least, severity in SEVERITIES if share >= least), "low")


def _advice(span: Span, share: float, traces: int) -> str:
    has = span.attributes
    often = "one trace" if traces == 1 else f"{traces:,} traces"
    if any(key.startswith(("gen_ai.", "llm.")) for key in has):
        advice = "It waits for the model: look at its queue, the tokens asked for, caching, or a smaller model"
    elif str(has.get("db.system", "")).casefold() in {"redis", "memcached"}:
        advice = "It waits for the cache: look at its load, large keys and the number of round trips"
    elif "db.system" in has or "db.system.name" in has:
        advice = "It waits for the database: look at the plan of the statement, indexes, locks and the connection pool"
    elif span.kind == "client":
        advice = "It waits for an answer that no span explains: look at the network, queues, or trace what it calls"
    elif span.kind in {"producer", "consumer"}:
        advice = "It waits for the queue: look at its depth and at how many consumers there are"
    else:
        advice = "Its own code takes the time: profile it, and look at CPU, locks and what it does untraced"
    return f"{advice} ({share:.0%} of the time of the traces, over a fifth in {often})."


# ---------------------------------------------------------------- again and again


@dataclass(slots=True)
class _Tally:
    count: int = 0
    recovered: int = 0
    most: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    traces: set[int] = field(default_factory=set)


def retries(traces: Iterable[Trace]) -> tuple[Retry, ...]:
    """Operations called again by the same span after they failed, or that say of themselves that they are a retry."""
    tallies: dict[Operation, _Tally] = defaultdict(_Tally)
    for number, known in enumerate(map(tree, traces)):
        for (service, name), siblings in _siblings(known, lambda span: (span.service, span.name)):
            for before, span in zip([None, *siblings], siblings, strict=False):
                after = before is not None and before.error and span.start >= before.end - AGAIN
                if not (after or _tried(span.attributes)):
                    continue
                tally = tallies[service, name]
                tally.count += 1
                tally.recovered += not span.error
                tally.traces.add(number)
                tally.seconds += before.seconds if before is not None and before.error else 0.0
    found = [Retry(*key, it.count, it.recovered, len(it.traces), it.seconds) for key, it in tallies.items()]
    return tuple(sorted(found, key=lambda it: (-it.retries, it.service, it.name)))


def _tried(attributes: Mapping[str, Any]) -> bool:
    return any(isinstance(attributes.get(key), int) and attributes[key] > 0 for key in TRIED)


def fan_outs(traces: Iterable[Trace]) -> tuple[FanOut, ...]:
    """Spans that made many calls of the same kind, numbers in their names aside; the most calls first."""
    tallies: dict[tuple[str, str, str, str], _Tally] = defaultdict(_Tally)
    for number, known in enumerate(map(tree, traces)):
        for parent, calls in enumerate(known.children):
            if len(calls) < FAN_OUT:
                continue
            caller = known.spans[parent]
            for (service, name), group in _grouped((known.spans[call] for call in calls), _shape).items():
                if len(group) >= FAN_OUT:
                    tally = tallies[caller.service, caller.name, service, name]
                    tally.count += 1
                    tally.most = max(tally.most, len(group))
                    tally.traces.add(number)
                    tally.seconds += sum(span.seconds for span in group)
                    tally.busy += length(merged((span.start, max(span.start, span.end)) for span in group))
    found = [
        FanOut(*key, it.most, len(it.traces), it.busy / it.count, it.busy >= ONE_AFTER_ANOTHER * it.seconds)
        for key, it in tallies.items()
    ]
    return tuple(sorted(found, key=lambda it: (-it.most, it.service, it.name, it.call)))


def _shape(span: Span) -> Operation:
    return span.service, _VARIABLE.sub("#", span.name[:LONGEST_NAME])


def _siblings(known: Tree, key: Callable[[Span], Key]) -> Iterator[tuple[Key, list[Span]]]:
    """Calls of the same kind by the same span, in the order in which they began."""
    for calls in (known.tops, *known.children):
        for kind, group in _grouped((known.spans[call] for call in calls), key).items():
            yield kind, sorted(group, key=lambda span: span.start)


def _grouped(spans: Iterable[Span], key: Callable[[Span], Key]) -> dict[Key, list[Span]]:
    groups: dict[Key, list[Span]] = {}
    for span in spans:
        groups.setdefault(key(span), []).append(span)
    return groups


# ---------------------------------------------------------------- slow beside normal


def slowest_difference(slow: Sequence[Trace], normal: Sequence[Trace]) -> tuple[Difference, ...]:
    """The operations that themselves take longer in slow traces than in normal ones, the most seconds first."""
    if not slow or not normal:
        return ()
    slow_own, slow_took = _means(slow)
    normal_own, normal_took = _means(normal)
    longer = slow_took - normal_took
    found = []
    for operation, seconds in slow_own.items():
        more = seconds - normal_own.get(operation, 0.0)
        if more > 0:
            share = min(1.0, more / longer) if longer > 0 else 0.0
            found.append(Difference(*operation, seconds, normal_own.get(operation, 0.0), more, share))
    return tuple(sorted(found, key=lambda it: (-it.seconds, it.service, it.name)))


def _means(traces: Sequence[Trace]) -> tuple[dict[Operation, float], float]:
    """Seconds a trace: of each operation itself, and of the whole."""
    own: dict[Operation, float] = defaultdict(float)
    took = 0.0
    for known in map(tree, traces):
        took += known.seconds
        for index, span in enumerate(known.spans):
            own[span.service, span.name] += length(known.own(index))
    return {operation: seconds / len(traces) for operation, seconds in own.items()}, took / len(traces)
