"""From what somebody asks to be watched to an aim: which kind it is, by names that there are, in the metric's unit."""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import Field, field_validator

from bot.door.context import Context
from bot.door.operation import Input
from bot.errors import InvalidInput
from bot.language.ranges.ahead import length
from bot.observatory.observatory import Observatory
from bot.operations.observing import LONG, Environment
from bot.telemetry.queries import logql
from bot.telemetry.queries.promql import checked
from bot.telemetry.vocabulary import Scope, Signal, Vocabulary
from bot.watch.watches import SCANS, Aim, Side, WatchKind

Kind = Literal["", "anomaly", "threshold", "absence", "change", "pattern", "burn", "scan"]
GONE: Final = 300.0
"""Seconds without a sample that are an absence, where nothing else is said."""
LONGEST: Final = 86_400.0
WHOLE: Final = 100.0
_CHANNEL: Final = re.compile(r"<#([A-Z0-9]{2,})(?:\|[^>]*)?>|([CDG][A-Z0-9]{1,30})")
_HEARTBEAT: Final = "throughput"
"""What is missed of a service that sends nothing any more."""


class AimInput(Input):
    """What to look at, and what is too much. What is left out is guessed from the rest."""

    aside = frozenset({"below", "change", "only", "quantile", "pattern", "query", "kind"})
    metric: str = Field("", description="latency, error_rate, throughput, cpu, disk, cost …", max_length=60)
    service: str = Field("", description="The service, by name or alias; all of them, if left out.", max_length=100)
    environment: Environment = Field("production", description="Where to look.")
    above: float | None = Field(None, description="Too much is more than that; of shares, in percent; of times, in s.")
    below: float | None = Field(None, description="Too little is less than that; of shares, in percent.")
    lasting: str = Field("", description="How long it must hold: 5 minutes, 90 s.", max_length=40)
    change: float | None = Field(None, gt=0, le=100_000, description="By how many percent off the day before.")
    only: Side = Field("", description="Of a change, only one way: up or down.")
    quantile: float | None = Field(None, gt=0, lt=1, description="For latencies: 0.95 is the p95.")
    pattern: str = Field("", description="A text that lines of logs must contain.", max_length=500)
    query: str = Field("", description="PromQL of your own; for a pattern, LogQL.", max_length=LONG)
    kind: Kind = Field("", description="What makes it speak; anomaly, where nothing else is said.")

    @field_validator("lasting")
    @classmethod
    def _readable(cls, said: str) -> str:
        if said and not 0 <= length(said) <= LONGEST:
            raise InvalidInput(f"{said!r} is longer than a day", mend="Say a shorter time, such as 30 minutes.")
        return said


def aim_of(wanted: AimInput, observatory: Observatory) -> Aim:
    """Raises NotFound with near names, and InvalidInput for what could never speak or makes no sense together."""
    service = observatory.service(wanted.service) if wanted.service else None
    scope = Scope(service.name if service else "", wanted.environment)
    if away := observatory.away(scope):
        raise InvalidInput(f"{away}.", mend="Name an environment in which it runs.")
    kind = WatchKind(wanted.kind) if wanted.kind else _guessed(wanted)
    metric = metric_of(wanted.metric, observatory.vocabulary)
    base = Aim(kind, scope=scope, query=wanted.query.strip(), for_seconds=length(wanted.lasting or "0"))
    match kind:
        case WatchKind.SCAN:
            return Aim(kind, _scan(metric), Scope(environment=scope.environment))
        case WatchKind.BURN:
            if service and not service.slos:
                raise InvalidInput(f"nothing is promised for {service.name}", mend="Give it `slos` in services_file.")
            return Aim(kind, scope=scope)
        case WatchKind.PATTERN:
            return _pattern(wanted, base)
        case _:
            return _measured(wanted, base, metric or (_HEARTBEAT if kind is WatchKind.ABSENCE else ""), observatory)


def metric_of(said: str, vocabulary: Vocabulary) -> str:
    """Its name, by any of the words that people have for it; what nobody calls so is left as it is."""
    name = re.sub(r"[\s_-]+", "_", said.strip().lower())
    words = name.replace("_", " ")
    called = (each for each, signal in vocabulary.metrics.items() if words in {signal.title.lower(), *signal.words})
    return name if name in vocabulary.metrics else next(called, name)


def _guessed(wanted: AimInput) -> WatchKind:
    if wanted.pattern:
        return WatchKind.PATTERN
    if wanted.change is not None:
        return WatchKind.CHANGE
    return WatchKind.ANOMALY if wanted.above is None and wanted.below is None else WatchKind.THRESHOLD


def _scan(metric: str) -> str:
    if metric not in {"", *SCANS}:
        raise InvalidInput(f"there is no scan {metric[:80]!r}", mend=f"There are {', '.join(SCANS)}.")
    return metric


def _pattern(wanted: AimInput, base: Aim) -> Aim:
    if not wanted.pattern and not base.query:
        raise InvalidInput("it is not said what the lines must contain", mend="Give pattern, or a query in LogQL.")
    if base.query and not isinstance(logql.parse(base.query), logql.Logs):
        raise InvalidInput(f"{base.query[:200]!r} counts, and is to find lines", mend="Leave the counting out.")
    above = wanted.above if wanted.above and wanted.above > 0 else None
    return Aim(base.kind, "", base.scope, query=base.query, pattern=wanted.pattern, above=above,
               for_seconds=base.for_seconds)  # fmt: skip


def _measured(wanted: AimInput, base: Aim, metric: str, observatory: Observatory) -> Aim:
    """Of one signal, or of a query."""
    if not metric and not base.query:
        near = ", ".join(list(observatory.vocabulary.metrics)[:6])
        raise InvalidInput("it is not said what is to be watched", mend=f"Name a metric ({near} …), or give a query.")
    signal = None if base.query else observatory.vocabulary.signal(metric)
    if base.query:
        checked(base.query)
    if wanted.quantile is not None and signal is not None and signal.kind != "quantile":
        raise InvalidInput(f"{signal.title} has no quantiles", mend="Leave the quantile out.")
    kind, change = base.kind, None
    above, below = (_limit(each, signal) for each in (wanted.above, wanted.below))
    if kind is WatchKind.CHANGE:
        if wanted.change is None:
            raise InvalidInput("it is not said by how much it must differ", mend="Give change, in percent.")
        change = wanted.change / WHOLE
    if kind is WatchKind.THRESHOLD and above is None and below is None:
        raise InvalidInput("it is not said what is too much", mend="Give above or below, or let me tell what is usual.")
    if above is not None and below is not None and below >= above:
        raise InvalidInput(
            f"everything is above {wanted.above:g} or below {wanted.below:g}", mend="The upper limit is the larger one."
        )
    limits = kind is WatchKind.THRESHOLD
    return Aim(
        kind,
        metric if signal else "",
        base.scope,
        wanted.quantile,
        base.query,
        above if limits else None,
        below if limits else None,
        change,
        for_seconds=base.for_seconds or (GONE if kind is WatchKind.ABSENCE else 0.0),
        only=wanted.only if kind is WatchKind.CHANGE else "",
    )


def _limit(said: float | None, signal: Signal | None) -> float | None:
    """In the unit of the metric; a share beyond the whole would never be passed."""
    if said is None or signal is None or signal.unit != "share":
        return said
    if not 0 <= said <= WHOLE:
        raise InvalidInput(f"{signal.title} is never {said:g} %", mend="Give a limit between 0 and 100.")
    return said / WHOLE


def reached(channel: str, context: Context) -> bool:
    """What is said in a direct message is nobody else's business."""
    return not channel.startswith("D") or channel == context.origin.channel


def channel_of(said: str, context: Context) -> str:
    if not said.strip():
        if context.origin.channel:
            return context.origin.channel
        raise InvalidInput("it is not said where the watch is to speak", mend="Give the id of a channel, as C0123ABC.")
    found = _CHANNEL.fullmatch(said.strip())
    if not found:
        raise InvalidInput(f"{said[:80]!r} is no channel that I know", mend="Give its id, as C0123ABC, or pick it.")
    channel = found[1] or found[2]
    if not reached(channel, context):
        raise InvalidInput(
            f"{channel} is a direct message of somebody else", mend="Ask in it, or give the id of a channel."
        )
    return channel
