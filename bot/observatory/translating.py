"""What was understood, as the query that would be sent: before any backend was asked how it calls things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bot.errors import InvalidInput
from bot.language.understanding import Understanding
from bot.telemetry.queries import logql, traceql
from bot.telemetry.vocabulary import Aggregation, Role, Scope, Settled, Vocabulary

USUAL_WINDOW: Final = 300.0
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_METRICS: Final = frozenset({"metrics.query", "metrics.compare", "metrics.explain"})
_AGGREGATIONS: Final[dict[str, Aggregation]] = {"avg": "avg", "max": "max", "min": "min", "sum": "sum"}
_IN_LOGS: Final[tuple[Role, ...]] = ("service", "environment", "instance", "version", "endpoint")
_ANY: Final = ".+"


@dataclass(frozen=True, slots=True)
class Translated:
    """A query, and in which language."""

    language: Literal["promql", "logql", "traceql"]
    text: str


def translated(understood: Understanding, vocabulary: Vocabulary) -> Translated | None:
    """None where nothing is asked of telemetry, or something has to be asked first."""
    if understood.needs_clarification:
        return None
    try:
        if understood.operation in _METRICS:
            return _of_metrics(understood, vocabulary)
        if understood.operation == "logs.search":
            return Translated("logql", _of_logs(understood, vocabulary))
        if understood.operation == "traces.search" and understood.value("trace_id") is None:
            return Translated("traceql", _of_traces(understood, vocabulary))
    except InvalidInput:  # e.g. every trace there is: that is no query
        return None
    return None


def scope_of(understood: Understanding) -> Scope:
    """What the question is about; of several services or environments none, of versions the first side."""
    return Scope(**{role: value for role, value in _single(understood) if role != "level"})


def _single(understood: Understanding) -> Iterator[tuple[str, str]]:
    for role in ("service", "environment", "instance", "endpoint", "version"):
        values = [str(each) for each in understood.values(role)]
        if len(values) == 1 or (values and role == "version"):
            yield role, values[0]


def _of_metrics(understood: Understanding, vocabulary: Vocabulary) -> Translated | None:
    metric = understood.value("metric")
    quantiles = understood.values("quantile")
    quantile = quantiles[0] if len(quantiles) == 1 else None
    if metric is None:
        if understood.value("aggregation") is None and not quantiles and not understood.values("service"):
            return None
        metric = "latency" if quantiles or understood.operation != "metrics.explain" else "error_rate"
    words = Settled(vocabulary, frozenset(), frozenset())
    services = [str(each) for each in understood.values("service")]
    several = services if len(services) > 1 else []
    aggregation = _AGGREGATIONS.get(str(understood.value("aggregation")))
    text = words.query(
        str(metric),
        scope_of(understood),
        _window(understood),
        q=float(quantile) if isinstance(quantile, int | float) else None,
        aggregation=aggregation if vocabulary.signal(str(metric)).takes(aggregation) else None,
        by=("service",) if several else (),
        services=several,
        over=_window(understood) if understood.value("window") is not None else 0,
    )
    return Translated("promql", text)


def _window(understood: Understanding) -> float:
    """Of rates: as long as the text says, or the usual."""
    said = str(understood.value("window") or "")
    return float(said[:-1]) * _SECONDS.get(said[-1], 60) if said[:-1].isdecimal() else USUAL_WINDOW


def _of_logs(understood: Understanding, vocabulary: Vocabulary) -> str:
    names = {role: candidates[0] for role, candidates in vocabulary.labels.logs.items()}
    matchers = [
        logql.Matcher(names[role], "=~", f"{logql.escaped(value)}.*")
        if role == "instance"
        else logql.Matcher(names[role], "=", vocabulary.said(role, value))
        for role, value in scope_of(understood).items()
        if role in names
    ]
    texts = [value for role, value in scope_of(understood).items() if role in _IN_LOGS and role not in names]
    patterns = [str(each) for each in understood.values("pattern")]
    regex = [each for each in patterns if _is_regex(each)]
    made = logql.logs(
        matchers or [logql.Matcher(names.get("service", "service"), "=~", _ANY)],
        contains=[*(each for each in patterns if each not in regex), *texts],
        pattern=regex[0] if regex else None,
        level=str(level) if (level := understood.value("level")) else None,
        level_label=names.get("level", "level"),
    )
    return (
        str(logql.by(logql.count(made, _window(understood))))
        if understood.value("aggregation") == "count"
        else str(made)
    )


def _is_regex(text: str) -> bool:
    """Something that only a pattern would hold."""
    return any(sign in text for sign in (".*", ".+", "\\d", "\\w", "\\s", "[", "|", "^", "$")) and _compiles(text)


def _compiles(text: str) -> bool:
    try:
        logql.compiled(text)
    except InvalidInput:
        return False
    return True


def _of_traces(understood: Understanding, vocabulary: Vocabulary) -> str:
    scope = scope_of(understood)
    names = {role: candidates[0] for role, candidates in vocabulary.labels.traces.items()}
    slower = understood.value("duration_threshold")
    return str(
        traceql.traces(
            service=scope.service,
            environment=vocabulary.said("environment", scope.environment) if scope.environment else "",
            slower_than=float(slower) if isinstance(slower, int | float) else None,
            failed=understood.value("failed") is True,
            attributes={
                names[role]: value for role, value in scope.items() if role in {"instance", "version", "endpoint"}
            },
            service_field=names["service"],
            environment_field=names["environment"],
        )
    )
