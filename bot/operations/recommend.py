"""What could be better: from what stands out now, from what is written about it, and from what helped before.

Each piece of advice has its reason and where that is from. What is not connected is named; nothing stands in for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

import numpy as np
from pydantic import Field

from bot.agent.threads import where_from
from bot.catalogue import Service
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.errors import CopilotError, NotFound
from bot.memory.knowledge import Knowledge, Library
from bot.memory.patterns import Recommendation
from bot.memory.store import Where
from bot.observatory.budgets import FAST, LITTLE, ObjectiveView, budgets
from bot.observatory.findings import last_of
from bot.observatory.observatory import Heard, Observatory, whole
from bot.observatory.question import iso, moments
from bot.observatory.spending import CostAnswer, costs
from bot.observatory.standing import CPU_WARN, FACES, RECENT, SILENT, ServiceState, state_of
from bot.observatory.told import Grid, SourceNote, Step, Told, notes
from bot.operations.knowledge import opened, source_of
from bot.operations.observing import Environment
from bot.ports import Json
from bot.telemetry.signals import Samples, Series, Window
from bot.telemetry.trends import percent, trend
from bot.telemetry.units import digits, duration, shown
from bot.telemetry.vocabulary import Scope, Vocabulary

MOST: Final = 5
LOOKED: Final = 6 * 3_600.0
SPENT: Final = 24 * 3_600.0
FULL: Final[Mapping[str, float]] = {"cpu": CPU_WARN, "memory": 0.85, "disk": 0.8, "saturation": 0.8, "gpu": 0.9}
"""From where on a share is said to be nearly all."""
GROWS: Final = frozenset({"memory", "disk"})
"""What fills up; the others come and go with the hours of a day, and are not drawn on into the future."""
HALF: Final = 0.5
SOON: Final = 48.0
"""Hours: what is full later than this is for another day."""
FEW_WAITING: Final = 10.0
HITS: Final = 0.8
"""Only where somebody asks for it: there are caches that do well with less."""
FEWER_HITS: Final = -0.1
DEARER: Final = 0.25
MOST_BUDGETS: Final = 3
"""Services whose error budgets are counted where nobody named one: each takes a dozen queries over a month."""
MOST_GUIDES: Final = 2
MOST_STEPS: Final = 8
MOST_REASON: Final = 160
SIGNALS: Final = ("latency", "error_rate", "throughput", *FULL, "queue_depth", "cache_hits")
MEND: Final[Mapping[str, tuple[str, str]]] = {
    "cpu": ("Scale out {}, or make what it computes cheaper", "scale-out"),
    "gpu": ("Shorten what {} computes, or scale it out", "inference-latency"),
    "memory": ("Find what grows in the memory of {} before it is killed for it", "restart-service"),
    "disk": ("Free or add disk for {}", ""),
    "saturation": ("Shorten how long callers of {} hold its connections", "connection-pools"),
    "queue_depth": ("Let {} work off its queue faster than it grows", "scale-out"),
    "cache_hits": ("Look at keys, expiry and memory of the cache that {} uses", "cache-hit-rates"),
    "budget": ("Slow down changes to {} until its error budget recovers", "error-budgets"),
    "cost": ("Look at what {} is asked, and route what is easy to a smaller model", "llm-cost-and-tokens"),
    "latency": ("Find out why {} is slow or failing", "reading-a-trace"),
}
"""What is done about it, and the page that says how."""
CALLED: Final[Mapping[str, str]] = {"cpu": "CPU", "gpu": "GPU", "saturation": "connections"}
BEARS_ON: Final[Mapping[str, frozenset[str]]] = {
    "latency": frozenset({"latency", "cpu", "gpu", "saturation", "queue_depth", "cache_hits", "memory"}),
    "error_rate": frozenset({"latency", "budget", "saturation", "memory", "disk"}),
    "availability": frozenset({"latency", "budget", "saturation", "memory", "disk"}),
    "throughput": frozenset({"latency", "cpu", "gpu", "saturation", "queue_depth"}),
    "time_to_first_token": frozenset({"latency", "gpu", "queue_depth"}),
    "token_speed": frozenset({"gpu", "queue_depth"}),
    "tokens": frozenset({"cost"}),
}
"""Of which numbers a wish speaks; of itself, where it is not here."""


class Recommender(Protocol):
    """What helped before, when things were alike."""

    async def recommend(self, situation: str, where: Where) -> Sequence[Recommendation]: ...


class ImproveInput(Input):
    """What is to be better; everything that stands out, if nothing is said."""

    service: str = Field("", description="The service, by name or alias; all of them, if left out.", max_length=100)
    environment: Environment = Field("production", description="Where to look.")
    metric: str = Field("", description="What is to be better: latency, cost, saturation …", max_length=100)
    topic: str = Field("", description="The wish in your own words.", max_length=2_000)


class Advice(Output):
    """One thing that may help."""

    action: str
    reason: str
    confidence: float
    basis: Literal["measured", "written", "before"]
    source: str
    subject: str = Field("", description="Of what it speaks: a metric, budget or cost.")
    service: str = ""
    steps: tuple[Step, ...] = ()


class ImproveAnswer(Told):
    """What may help, the most pressing first."""

    recommendations: tuple[Advice, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass
class _Gathered:
    """What could be asked, and what could not."""

    advice: list[Advice] = field(default_factory=list)
    sources: list[SourceNote] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    looked: Literal["all", "part", "nothing"] = "nothing"


@operation(
    "recommend.improve",
    title="What could be better",
    permission="status:read",
    timeout=60,
    examples=("what could we improve?", "any suggestions for checkout?", "how can we make search faster?"),
)
async def improve(wanted: ImproveInput, context: Context) -> ImproveAnswer:
    """What may help: from what stands out now, from the guides, and from what helped before; each with its reason."""
    observatory = context.get(Observatory)
    service = observatory.service(wanted.service) if wanted.service else None
    if service and (away := observatory.away(Scope(service.name, wanted.environment))):
        raise NotFound(away, mend="Ask for one of the environments that it runs in.")
    metric = wanted.metric or metric_of(wanted.topic, observatory.vocabulary)
    title = observatory.vocabulary.signal(metric).title if metric else ""
    library = await context.get(Knowledge).library()
    found = await _measured(observatory, service, wanted.environment, metric, library, context)
    wish = f"{wanted.topic} {title}".strip()
    found.advice += written(wish, metric, library)
    found.advice += await _before(f"{wish} {Scope(service.name if service else '', wanted.environment)}", context)
    best = ranked(found.advice)
    return ImproveAnswer(
        summary=_summary(best, service, wanted.environment, title, found.looked),
        findings=tuple(found.missing),
        where=str(Scope(service.name if service else "", wanted.environment)),
        sources=(*found.sources, *source_of(library)),
        grid=Grid(
            columns=("what may help", "why", "from"),
            rows=tuple((each.action, each.reason, each.source) for each in best),
        ),
        steps=_steps(best),
        recommendations=best,
        missing=tuple(found.missing),
    )


def metric_of(text: str, vocabulary: Vocabulary) -> str:
    """Of which metric somebody speaks: the one whose longest word stands in it."""
    said = f" {' '.join(text.lower().replace('?', ' ').replace(',', ' ').split())} "
    hits = [
        (len(word), name) for name, each in vocabulary.metrics.items() for word in each.words if f" {word} " in said
    ]
    return max(hits, default=(0, ""))[1]


def ranked(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    """The surest first, each once, and of one thing only what is surest about it."""
    best: dict[str, Advice] = {}
    for each in sorted(advice, key=lambda each: -each.confidence):
        best.setdefault(" ".join(each.action.casefold().split()), each)
    return tuple(best.values())[:MOST]


# ---------------------------------------------------------------- what is measured


async def _measured(
    observatory: Observatory, service: Service | None, environment: str, metric: str, library: Library, context: Context
) -> _Gathered:
    found = _Gathered()
    if observatory.metrics is None:
        found.missing.append(
            "No source of metrics is connected, so nothing of this is measured (set LLM_COPILOT_PROMETHEUS_URL)"
        )
        return found
    now, timezone = context.now, context.identity.timezone
    window = Window.last(LOOKED, now)
    step = observatory.vocabulary.step(window.seconds)
    names = [name for name in SIGNALS if name in observatory.vocabulary.metrics]
    scope = Scope(service.name if service else "", environment)
    readings = await asyncio.gather(
        *(observatory.by_service(name, scope, moments(window, step), step, now) for name in names)
    )
    found.sources += notes(readings)
    heard = [told.read is not None for told in readings]
    found.looked = "all" if all(heard) else "part" if any(heard) else "nothing"
    services = [service] if service else list(observatory.catalogue.services)
    services = [each for each in services if environment in each.environments]
    label = observatory.service_label()
    series = {name: _by(label, told, service) for name, told in zip(names, readings, strict=True)}
    if metric in series and not any(each.name in series[metric] for each in services) and found.looked == "all":
        title = observatory.vocabulary.signal(metric).title
        found.missing.append(f"Nothing measures {title} for {service.name if service else environment}")
    for each in services:
        found.advice += stands_out(each, environment, series, now, timezone, library, metric)
    troubled = dict.fromkeys(each.service for each in sorted(found.advice, key=lambda each: -each.confidence))
    counted = [each for each in services if service or each.name in list(troubled)[:MOST_BUDGETS]]
    await _add_budgets(found, observatory, counted, environment, library, context)
    await _add_costs(found, observatory, scope, library, context)
    bears = BEARS_ON.get(metric, frozenset({metric}))
    if metric:
        found.advice = [each for each in found.advice if each.subject in bears]
    return found


def _by(label: str, told: Heard[Samples], service: Service | None) -> dict[str, Series]:
    found = whole(told.value)
    return {each.labels.get(label, service.name if service else ""): each for each in found}


def stands_out(
    service: Service,
    environment: str,
    series: Mapping[str, Mapping[str, Series]],
    now: datetime,
    timezone: str,
    library: Library,
    wish: str = "",
) -> Iterator[Advice]:
    """What the numbers of the last hours say of one service."""
    own = {name: found[service.name] for name, found in series.items() if service.name in found}
    state = state_of(service, {name: {service.name: each} for name, each in own.items()}, "", now, timezone)
    if trouble := _trouble(state):
        yield _advice("latency", service.name, environment, *trouble, library, look="metrics.explain")
    for name, each in own.items():
        if (level := _level(each, now)) is not None and (said := _of_signal(name, each, level, wish)):
            yield _advice(name, service.name, environment, *said, library)


def _trouble(state: ServiceState) -> tuple[str, float] | None:
    if state.state not in {"bad", "warn"}:
        return None
    return f"it is {FACES[state.state]}: {state.why}", 0.97 if state.state == "bad" else 0.85


def _level(series: Series, now: datetime) -> float | None:
    """The newest samples; None where they are not of now."""
    known = np.isfinite(series.values)
    if not known.any() or now.timestamp() - last_of(series) > SILENT:
        return None
    return float(series.values[known][-RECENT:].mean())


def _of_signal(name: str, series: Series, level: float, wish: str) -> tuple[str, float] | None:
    """In words, and how pressing it is."""
    called = CALLED.get(name, name)
    moved = trend(series)
    rising = moved.direction == "rising"
    hourly = moved.per_hour or 0.0
    if name in FULL:
        if level >= FULL[name]:
            return f"{called} at {shown(level, 'share')} of the limit", min(0.95, 0.6 + 0.35 * level)
        if name in GROWS and rising and level >= HALF and hourly > 0 and (hours := (1 - level) / hourly) <= SOON:
            return (
                f"{called} at {shown(level, 'share')} and rising; at this pace it is full in {duration(hours * 3_600)}",
                0.85 - 0.3 * hours / SOON,
            )
    if name == "queue_depth" and rising and level >= FEW_WAITING and (moved.change or 0.0) >= HALF:
        return f"{digits(level)} wait in its queue, {percent(moved.change or 0.0)} within 6 hours", 0.8
    if name == "cache_hits" and moved.direction == "falling" and (moved.change or 0.0) <= FEWER_HITS:
        return f"{shown(level, 'share')} of lookups are hits, {percent(moved.change or 0.0)} within 6 hours", 0.7
    if name == "cache_hits" and name == wish and level < HITS:
        return f"only {shown(level, 'share')} of lookups are hits", 0.65
    return None


def _advice(
    subject: str, name: str, environment: str, reason: str, confidence: float, library: Library, *, look: str = ""
) -> Advice:
    action, page = MEND[subject]
    about: dict[str, Json] = {"service": name, "environment": environment}
    operation_, values = (
        look or "metrics.query",
        about if look else {**about, "metric": subject, "window": "last 6 hours"},
    )
    if subject == "budget":
        operation_, values = "slo.status", about
    steps = [Step(label=f"Look at {name}", operation=operation_, values=values), *_guide(page, library)]
    return Advice(
        action=action.format(name),
        reason=reason[:MOST_REASON],
        confidence=round(confidence, 3),
        basis="measured",
        source="measured now",
        subject=subject,
        service=name,
        steps=tuple(steps),
    )


def _guide(name: str, library: Library) -> list[Step]:
    """None where this installation has no such page."""
    try:
        return [opened(library.page(name))]
    except NotFound:
        return []


async def _add_budgets(
    found: _Gathered,
    observatory: Observatory,
    services: Sequence[Service],
    environment: str,
    library: Library,
    context: Context,
) -> None:
    counted = [each for each in services if each.slos]
    if not counted:
        return
    try:
        told = await budgets(observatory, counted, environment, context.now, context.identity.timezone)
    except CopilotError as error:
        found.missing.append(f"Error budgets could not be counted: {error.message}")
        return
    for each in told.objectives:
        if said := _of_budget(each):
            found.advice.append(_advice("budget", each.service, environment, *said, library))


def _of_budget(each: ObjectiveView) -> tuple[str, float] | None:
    if each.left_share is None:
        return None
    left = shown(max(0.0, each.left_share), "share")
    if each.burn_now is not None and each.burn_now >= FAST:
        return f"the budget of “{each.name}” burns {digits(each.burn_now)} times too fast, {left} is left", 0.95
    if each.left_share < LITTLE:
        return f"{left} of the error budget of “{each.name}” is left", 0.9 - 0.3 * max(0.0, each.left_share)
    return None


async def _add_costs(
    found: _Gathered, observatory: Observatory, scope: Scope, library: Library, context: Context
) -> None:
    window = Window.last(SPENT, context.now)
    try:
        told = await costs(observatory, scope, window, "model", context.now, context.identity.timezone)
    except CopilotError as error:
        found.missing.append(f"What the models cost is not known: {error.message}")
        return
    if said := _of_costs(told):
        name, reason, confidence = said
        where: dict[str, Json] = dict(scope.items())
        advice = _advice("cost", name, scope.environment, reason, confidence, library)
        look = Step(label="Look at the costs", operation="cost.report", values={**where, "window": iso(window)})
        found.advice.append(advice.model_copy(update={"steps": (look, *advice.steps[1:])}))


def _of_costs(told: CostAnswer) -> tuple[str, str, float] | None:
    if not told.rows:
        return None
    top = told.rows[0]
    grown = told.usd / told.before - 1 if told.before else 0.0
    if grown >= DEARER:
        reason = f"models cost {shown(told.usd, '$')} in 24 hours, {percent(grown)}; it has {shown(top.share, 'share')}"
        return top.name, reason, 0.8
    if len(told.rows) > 1 and top.share >= HALF:
        return top.name, f"it is {shown(top.share, 'share')} of {shown(told.usd, '$')} in 24 hours", 0.65
    return None


# ---------------------------------------------------------------- what is written, and what was before


def written(wish: str, metric: str, library: Library) -> list[Advice]:
    """The pages that fit the wish; none without one."""
    passages = library.ask(wish, kinds=("guide", "postmortem", "policy")).passages if wish else ()
    best = {each.page.path: each for each in reversed(passages)}
    return [
        Advice(
            action=f"Read “{each.page.title}”",
            reason=each.excerpt.replace("\n", " ")[:MOST_REASON],
            confidence=round(min(0.6, each.score), 3),
            basis="written",
            source=each.source,
            subject=metric,
            steps=(opened(each.page),),
        )
        for each in list(best.values())[::-1][:MOST_GUIDES]
    ]


async def _before(situation: str, context: Context) -> list[Advice]:
    """Left out where nothing is remembered here."""
    try:
        memory = context.get(Recommender)
    except NotFound:
        return []
    where = where_from(context.origin, context.identity.id)
    return [
        Advice(
            action=each.action,
            reason=each.reason,
            confidence=each.confidence,
            basis="before",
            source=each.source,
        )
        for each in await memory.recommend(situation, where)
    ]


# ---------------------------------------------------------------- in words


def _summary(best: Sequence[Advice], service: Service | None, environment: str, wish: str, looked: str) -> str:
    where = f"{service.name} in {environment}" if service else environment
    measured = [each for each in best if each.basis == "measured"]
    about = f" that bears on {wish}" if wish else ""
    if measured:
        many = f"one thing stands out{about}" if len(measured) == 1 else f"{len(measured)} things stand out{about}"
        return f"{where}: {many}. First: {measured[0].action}, because {measured[0].reason}."
    calm = {
        "all": f"nothing stands out{about} right now",
        "part": f"nothing stands out{about} in what could be looked at",
        "nothing": "nothing could be measured",
    }[looked]
    if best:
        return f"{where}: {calm}. What is written, or helped before, is below."
    return f"{where}: {calm}, and I have nothing else to recommend."


def _steps(best: Sequence[Advice]) -> tuple[Step, ...]:
    """The query behind the first ones, and the pages; each once."""
    steps = {(each.operation, each.label): each for advice in best for each in advice.steps}
    return tuple(steps.values())[:MOST_STEPS]
