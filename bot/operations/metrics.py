"""Metrics: asked for, compared, explained."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from bot.door.context import Context
from bot.door.operation import operation
from bot.errors import InvalidInput
from bot.observatory import comparing, explaining, measuring
from bot.observatory.observatory import Observatory
from bot.observatory.question import Question
from bot.operations.observing import LONG, About, Environment, scope_of, window_of
from bot.telemetry.vocabulary import Scope

Group = Literal["", "service", "instance", "endpoint", "version", "model"]


class OfMetric(About):
    """Which metric, how it is summed up, and of what."""

    aside = frozenset({"quantile", "aggregation", "version", "instance", "endpoint"})
    metric: str = Field("latency", description="latency, error_rate, throughput, cpu, memory, cost …", max_length=60)
    quantile: float | None = Field(None, gt=0, lt=1, description="For latencies: 0.95 is the p95.")
    aggregation: Literal["", "avg", "max", "min", "sum"] = Field("", description="How instances become one number.")
    version: str = Field("", description="Only this version.", max_length=60)
    instance: str = Field("", description="Only instances whose name begins so.", max_length=120)
    endpoint: str = Field("", description="Only this path.", max_length=200)


class QueryInput(OfMetric):
    """A metric by name, or PromQL of your own."""

    aside = OfMetric.aside | {"by", "above", "spread", "query"}
    by: Group = Field("", description="One line for each service, instance, endpoint, version or model.")
    above: float | None = Field(None, ge=0, description="Only what is above it now; of shares, in percent.")
    spread: bool = Field(False, description="Also a heat map of how requests spread over durations.")
    query: str = Field("", description="PromQL; then the other fields only say when.", max_length=LONG)


async def question_of(
    wanted: OfMetric, context: Context, observatory: Observatory, *, by: Group = "", raw: str = ""
) -> Question:
    narrowed = {"version": wanted.version, "instance": wanted.instance, "endpoint": wanted.endpoint}
    return Question(
        metric=wanted.metric.strip().lower().replace(" ", "_").replace("-", "_"),
        scope=scope_of(wanted, observatory, **narrowed),
        window=await window_of(wanted, context),
        now=context.now,
        timezone=context.identity.timezone,
        quantile=wanted.quantile,
        aggregation=wanted.aggregation or None,
        by=by or None,
        raw=raw,
    )


@operation(
    "metrics.query",
    title="Metrics",
    permission="metrics:read",
    timeout=30,
    examples=("p95 of checkout in prod over the last hour", "errors in payments in the last 30 minutes"),
)
async def query(wanted: QueryInput, context: Context) -> measuring.MetricsAnswer:
    """A metric over time: numbers, trend, what stands out, a chart. By name and service, or by PromQL."""
    observatory = context.get(Observatory)
    if not wanted.service and not wanted.query and not wanted.by:
        wanted = wanted.model_copy(update={"by": "service"})
    question = await question_of(wanted, context, observatory, by=wanted.by, raw=wanted.query)
    return await measuring.answered(observatory, replace(question, spread=wanted.spread, above=wanted.above))


class CompareInput(OfMetric):
    """What to compare, and with what: another time, service, environment or version."""

    aside = OfMetric.aside | {"other_service", "other_environment", "other_version"}
    window: str = Field("last 24 hours", description="The first of the two times.", max_length=120)
    against: str = Field(
        "", description="Another time: yesterday, last week, before (the window before), or a range.", max_length=120
    )
    other_service: str = Field("", description="Another service instead of another time.", max_length=100)
    other_environment: Environment | Literal[""] = Field("", description="Another environment instead.")
    other_version: str = Field("", description="Another version instead.", max_length=60)

    @model_validator(mode="after")
    def _one_thing(self) -> CompareInput:
        given = [
            name for name in ("against", "other_service", "other_environment", "other_version") if getattr(self, name)
        ]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} cannot be compared at once. Give one of them.")
        return self


@operation(
    "metrics.compare",
    title="Compare",
    permission="metrics:read",
    timeout=30,
    examples=("compare checkout latency with last week", "is chat-api slower in staging than in production?"),
)
async def compare(wanted: CompareInput, context: Context) -> comparing.CompareAnswer:
    """A metric now and then, here and there, in this version and that one; and whether the difference is one."""
    observatory = context.get(Observatory)
    question = await question_of(wanted, context, observatory)
    now, before = _sides(wanted, question, observatory)
    return await comparing.compared(observatory, now, before)


def _sides(wanted: CompareInput, question: Question, observatory: Observatory) -> tuple[comparing.Side, comparing.Side]:
    scope = question.scope

    def side(other: Scope, label: str) -> comparing.Side:
        return comparing.Side(replace(question, scope=other), label)

    if wanted.other_service:
        name = observatory.service(wanted.other_service).name
        if not scope.service:
            raise InvalidInput(f"{name} is to be compared, and not with what.", mend="Name both services.")
        return side(scope, scope.service), side(replace(scope, service=name), name)
    if wanted.other_environment:
        return side(scope, scope.environment), side(
            replace(scope, environment=wanted.other_environment), wanted.other_environment
        )
    if wanted.other_version:
        if not scope.version:
            raise InvalidInput(
                f"version {wanted.other_version} is to be compared, and not with what.", mend="Give both versions."
            )
        return side(scope, f"version {scope.version}"), side(
            replace(scope, version=wanted.other_version), f"version {wanted.other_version}"
        )
    return side(scope, "now"), comparing.earlier(question, wanted.against)


class ExplainInput(About):
    """What is to be explained."""

    metric: str = Field("latency", description="What is not as it should be.", max_length=60)
    quantile: float | None = Field(None, gt=0, lt=1, description="For latencies: 0.95 is the p95.")


@operation(
    "metrics.explain",
    title="Explain",
    permission="metrics:read",
    timeout=30,
    examples=("why is checkout slow?", "why did errors go up in payments today?"),
)
async def explain(wanted: ExplainInput, context: Context) -> explaining.ExplainAnswer:
    """Why something is as it is: metrics, logs, traces and deploys of a service and all around it, looked at together.

    Suspects come in order, each with what speaks for and against it. They are correlations, until somebody has looked.
    """
    observatory = context.get(Observatory)
    question = Question(
        metric=wanted.metric.strip().lower().replace(" ", "_").replace("-", "_"),
        scope=scope_of(wanted, observatory),
        window=await window_of(wanted, context),
        now=context.now,
        timezone=context.identity.timezone,
        quantile=wanted.quantile,
    )
    await context.progress("asking metrics, logs, traces and deploys")
    return await explaining.explained(observatory, question)
