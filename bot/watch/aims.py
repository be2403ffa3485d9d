"""What a watch looks at and what is too much, in words: its name where nobody gave it one."""

from __future__ import annotations

from typing import Final

from bot.observatory.observatory import Observatory
from bot.telemetry.units import duration, shown
from bot.telemetry.vocabulary import USUAL_QUANTILE, Scope, Vocabulary
from bot.watch.watches import SCANS, Aim, Side, WatchKind

SCANNED: Final = {
    "metrics": "the metrics of everything",
    "slo": "all error budgets",
    "logs": "the logs of everything",
    "traces": "the calls of everything",
}
_WAYS: Final[dict[Side, str]] = {"": "off", "up": "over", "down": "under"}
MOST_WORDS: Final = 100


def in_words(aim: Aim, vocabulary: Vocabulary) -> str:
    """A phrase: "p95 latency of checkout in production above 2 s for 5 min"."""
    of, unit, lasting = f"of {aim.scope}", unit_of(aim, vocabulary), _lasting(aim.for_seconds)
    match aim.kind:
        case WatchKind.SCAN:
            return f"{SCANNED.get(aim.metric, aim.metric)} in {aim.scope.environment}"
        case WatchKind.BURN:
            return f"the error budget {of} burning too fast"
        case WatchKind.PATTERN:
            many = f"more than {aim.above:g} " if aim.above else ""
            return f"{many}log lines {of} with {_cut(aim.pattern or aim.query)!r}{lasting}"
        case WatchKind.ABSENCE:
            return f"no {_measure(aim, vocabulary)} {of}{lasting}"
        case WatchKind.CHANGE:
            way = _WAYS[aim.only]
            return f"{_measure(aim, vocabulary)} {of} {shown(aim.change, 'share')} {way} the day before{lasting}"
        case WatchKind.THRESHOLD:
            limits = (("above", aim.above), ("below", aim.below))
            too_much = " or ".join(f"{side} {shown(limit, unit)}" for side, limit in limits if limit is not None)
            return f"{_measure(aim, vocabulary)} {of} {too_much}{lasting}"
        case WatchKind.OUTSIDE:
            return f"what {aim.metric} says"
        case WatchKind.ANOMALY:
            return f"anything unusual in {_measure(aim, vocabulary)} {of}"


def unit_of(aim: Aim, vocabulary: Vocabulary) -> str:
    return vocabulary.metrics[aim.metric].unit if aim.metric in vocabulary.metrics else ""


def asked_in(watched: Scope, *, service: str, environment: str) -> bool:
    """Whether it is about these; empty words fit everything."""
    return service in {"", watched.service} and environment in {"", watched.environment}


def limited_by(aim: Aim) -> str:
    """How its limit is changed, where it has one."""
    match aim.kind:
        case WatchKind.OUTSIDE:
            return f"Change the rule in {aim.metric}."
        case WatchKind.BURN | WatchKind.SCAN:
            return "Change the `slos` of the service in services_file."
    return "Delete it, and make one with another limit."


def _measure(aim: Aim, vocabulary: Vocabulary) -> str:
    if aim.query:
        return _cut(aim.query)
    if aim.metric not in vocabulary.metrics:
        return aim.metric or "metrics"
    signal = vocabulary.metrics[aim.metric]
    return f"p{100 * (aim.quantile or USUAL_QUANTILE):g} {signal.title}" if signal.kind == "quantile" else signal.title


def _lasting(seconds: float) -> str:
    return f" for {duration(seconds)}" if seconds else ""


def _cut(text: str) -> str:
    return text if len(text) <= MOST_WORDS else f"{text[: MOST_WORDS - 1]}…"


def scans_of(scope: Scope, observatory: Observatory) -> tuple[Aim, ...]:
    """The built-in scans of an environment of which there is something to read."""
    there = {
        "metrics": observatory.metrics,
        "slo": observatory.metrics if any(each.slos for each in observatory.catalogue.services) else None,
        "logs": observatory.logs,
        "traces": observatory.traces,
    }
    return tuple(Aim(WatchKind.SCAN, name, scope) for name in SCANS if there[name] is not None)
