"""Objectives: how much of each error budget is left, how fast it burns, and when it would be gone.

A latency that is promised lies between two buckets of the histogram; what is between them is taken as evenly spread, as
Prometheus does for quantiles.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.catalogue import Objective, Service
from bot.door.operation import Output
from bot.errors import CopilotError
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.observatory.question import aligned, capital, clock, iso
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.telemetry import slo
from bot.telemetry.charts.shapes import Amount, Amounts, Threshold
from bot.telemetry.queries.promql import Matcher, Selector, aggregate, checked, increase, literally
from bot.telemetry.signals import Samples, Window
from bot.telemetry.units import digits, shown
from bot.telemetry.vocabulary import Scope, Settled

DAY: Final = 86_400.0
AT_ONCE: Final = 4
"""Objectives that are counted at the same time: each reads a month."""
NOW: Final = 300.0
"""Seconds that say how it burns now."""
MOST_BARS: Final = 30
FAST: Final = 6.0
"""Times as fast as it may: a month's budget would be gone in five days."""
LITTLE: Final = 0.25
"""Of a budget: less is worth a word."""
MOST_SAID: Final = 8
FEW: Final = 4
"""Objectives of which each note is told."""
ROUNDING: Final = 1e-9


class BurnView(Output):
    """Two windows of one rule."""

    windows: str
    factor: float
    long: float | None
    short: float | None
    firing: bool


class ObjectiveView(Output):
    """One objective of one service."""

    service: str
    name: str
    indicator: str
    objective: float
    window_days: int
    attainment: float | None = None
    met: bool | None = None
    budget_minutes: float | None = None
    left_minutes: float | None = None
    left_share: float | None = None
    burn_hour: float | None = None
    burn_now: float | None = None
    burns: tuple[BurnView, ...] = ()
    runs_out: datetime | None = None
    note: str = ""


class SloAnswer(Told):
    """How services do against what was promised."""

    objectives: tuple[ObjectiveView, ...] = ()


@dataclass(frozen=True, slots=True)
class _Counting:
    """What is counted for one objective: bad events or good ones, by weight, and all; and what is to be said."""

    part: tuple[tuple[float, Selector], ...]
    total: Selector
    bad: bool = False
    """The part is of the bad ones; a part that is not there is then nothing, and otherwise is not known."""
    note: str = ""

    def query(self, seconds: float) -> str:
        """Both counts in one answer, told apart by a label."""
        part = " + ".join(
            f"{'' if weight == 1 else f'{weight:.6g} * '}{_count(each, seconds)}" for weight, each in self.part
        )
        whole_ = _count(self.total, seconds)
        return checked(
            f'label_replace({part}, "count", "part", "", "") or label_replace({whole_}, "count", "all", "", "")'
        )

    def counted(self, told: Heard[Samples]) -> slo.Counted | None:
        counts = {each.labels.get("count"): float(each.values[-1]) for each in whole(told.value)}
        part, total = counts.get("part", 0.0 if self.bad else math.nan), counts.get("all", math.nan)
        if not (math.isfinite(part) and math.isfinite(total)):
            return None
        return slo.Counted(total - part if self.bad else part, total)


def _count(selector: Selector, seconds: float) -> str:
    return aggregate("sum", increase(selector, seconds))


async def budgets(
    observatory: Observatory, services: Sequence[Service], environment: str, now: datetime, timezone: str
) -> SloAnswer:
    """Each objective of each service."""
    gate = asyncio.Semaphore(AT_ONCE)
    words = await observatory.settled(now)
    asked: list[Heard[object]] = []

    async def one(service: Service, objective: Objective) -> tuple[ObjectiveView, str]:
        async with gate:
            return await _objective(observatory, words, service, objective, environment, now, asked)

    pairs = [(service, objective) for service in services for objective in service.slos]
    told = await asyncio.gather(*(one(*pair) for pair in pairs))
    told.sort(key=lambda each: 2.0 if each[0].left_share is None else each[0].left_share)
    found = [view for view, _ in told]
    days = max((each.window_days for each in found), default=30)
    return SloAnswer(
        summary=_summary(services, found, environment),
        findings=_findings(found, timezone, now),
        where=environment,
        window=span_of(Window.last(days * DAY, now), timezone, now),
        query=next((query for _, query in told if query), ""),
        language="promql",
        sources=notes(asked),
        objectives=tuple(found),
        grid=_grid(found),
        chart=_chart(found, environment),
        steps=_steps(services, environment, now),
    )


async def _objective(
    observatory: Observatory,
    words: Settled,
    service: Service,
    objective: Objective,
    environment: str,
    now: datetime,
    asked: list[Heard[object]],
) -> tuple[ObjectiveView, str]:
    """With the query for its whole window. What cannot be counted is said of this one, and the others go on."""
    plain = ObjectiveView(
        service=service.name,
        name=objective.name,
        indicator=objective.indicator,
        objective=objective.objective,
        window_days=objective.window_days,
    )
    try:
        counting = await _counting(observatory, words, service, objective, environment, asked)
    except CopilotError as error:
        return plain.model_copy(update={"note": error.message}), ""
    target = slo.Objective(objective.objective / 100, objective.window_days * DAY)
    lengths = tuple(dict.fromkeys((*slo.WINDOWS, target.seconds)))
    at = aligned(Window.last(60, now), 60).end
    metrics = observatory.need_metrics()
    readings = await asyncio.gather(
        *(heard(metrics.name, metrics.instant(counting.query(each), at)) for each in lengths)
    )
    asked += readings
    counted = {
        seconds: counts for seconds, told in zip(lengths, readings, strict=True) if (counts := counting.counted(told))
    }
    budget = slo.budget(target, counted[target.seconds]) if target.seconds in counted else None
    hour = slo.burn_rate(target, counted[slo.HOUR]) if slo.HOUR in counted else None
    trouble = next((told.trouble for told in readings if told.trouble), "")
    update: dict[str, object] = {
        "burn_hour": hour,
        "burn_now": slo.burn_rate(target, counted[NOW]) if NOW in counted else None,
        "burns": tuple(
            BurnView(
                windows=f"{shown(each.rule.long, 's')}/{shown(each.rule.short, 's')}",
                factor=each.rule.factor,
                long=each.long,
                short=each.short,
                firing=each.firing,
            )
            for each in slo.burns(target, counted)
        ),
        "note": trouble or (counting.note if budget else _uncounted(counting, readings[lengths.index(target.seconds)])),
    }
    if budget:
        update |= {
            "attainment": budget.attainment,
            "met": budget.met,
            "budget_minutes": budget.allowed.minutes,
            "left_minutes": budget.left.minutes,
            "left_share": budget.left.share,
            "runs_out": slo.runs_out(budget, hour, now),
        }
    return plain.model_copy(update=update), counting.query(target.seconds)


def _uncounted(counting: _Counting, told: Heard[Samples]) -> str:
    kinds = {each.labels.get("count") for each in whole(told.value)}
    if "all" in kinds and "part" not in kinds and not counting.bad:
        return "the histogram has no bucket near what is promised"
    return "no traffic was counted"


async def _counting(
    observatory: Observatory,
    words: Settled,
    service: Service,
    objective: Objective,
    environment: str,
    asked: list[Heard[object]],
) -> _Counting:
    matchers = words.matchers(Scope(service.name, environment))
    if objective.indicator == "availability":
        signal = observatory.vocabulary.signal("error_rate")
        total = Selector(words.name("error_rate"), matchers)
        failed = total.where(*(Matcher(label, value, "=~") for label, value in signal.part.items()))
        return _Counting(((1.0, failed),), total, bad=True)
    histogram = words.name("latency")
    buckets = Selector(f"{histogram}_bucket", matchers)
    listed = await heard("metrics", observatory.need_metrics().values("le", [str(buckets)]))
    asked.append(listed)
    limit = (objective.threshold_ms or 0) / 1_000
    part, note = weights(listed.value or (), limit)
    counted = tuple((weight, buckets.where(_named(edges))) for edges, weight in part)
    return _Counting(counted, Selector(f"{histogram}_count", matchers), note=note)


Part = tuple[tuple[str, ...], float]


def weights(edges: Sequence[str], limit: float) -> tuple[tuple[Part, ...], str]:
    """Which buckets make the events up to a limit, and what has to be said of that.

    One bound may have several names: 1 became 1.0 with Prometheus 3, and a month holds both.
    """
    bounds: dict[float, tuple[str, ...]] = {}
    for edge in sorted(edges):
        if (bound := _bound(edge)) is not None:
            bounds[bound] = (*bounds.get(bound, ()), edge)
    nearest = min(bounds, key=lambda bound: abs(bound - limit), default=limit)
    if abs(nearest - limit) <= ROUNDING * limit:
        return ((bounds.get(nearest, (f"{limit:g}",)), 1.0),), ""
    above = min((each for each in bounds if each > limit), default=None)
    below = max((each for each in bounds if each < limit), default=0.0)
    start = shown(below, "s")
    if above is None:
        return ((bounds[below], 1.0),), f"counted at {start}, where the histogram ends, and not at {shown(limit, 's')}"
    share = (limit - below) / (above - below)
    part: tuple[Part, ...] = ((bounds[below], 1.0 - share),) if below else ()
    note = f"{shown(limit, 's')} lies between the buckets {start} and {shown(above, 's')}, and is estimated"
    return (*part, (bounds[above], share)), note


def _bound(edge: str) -> float | None:
    """None of what is no bound, or the last one, beyond which there is nothing."""
    try:
        bound = float(edge)
    except ValueError:
        return None
    return bound if math.isfinite(bound) and bound > 0 else None


def _named(edges: Sequence[str]) -> Matcher:
    return Matcher("le", edges[0]) if len(edges) == 1 else Matcher("le", "|".join(map(literally, edges)), "=~")


# ---------------------------------------------------------------- in words


def _summary(services: Sequence[Service], found: Sequence[ObjectiveView], environment: str) -> str:
    known = [each for each in found if each.left_share is not None]
    where = services[0].name if len(services) == 1 else environment
    if not found:
        return f"No objective is set for {where}; they stand in the service catalogue."
    if not known:
        return f"The budgets of {where} cannot be told: {found[0].note or 'nothing was counted'}."
    worst = known[0]
    met = sum(bool(each.met) for each in known)
    left = shown(max(0.0, worst.left_share or 0.0), "share")
    every = "both" if len(known) == 2 else f"all {len(known)}"  # noqa: PLR2004  as people say it
    many = every if met == len(known) else f"{met} of {len(known)}"
    head = f"{many} objectives are met" if len(known) > 1 else f"the objective is {'met' if met else 'missed'}"
    head += f", and {len(found) - len(known)} could not be counted" if len(found) > len(known) else ""
    tight = f"“{worst.name}”" if len(services) == 1 else f"{worst.service}, “{worst.name}”,"
    burning = [each for each in known if (each.burn_now or 0) >= FAST]
    which = "one of them burns" if len(burning) == 1 else f"{len(burning)} of them burn"
    alarm = f" But {which} fast right now." if burning else ""
    return (
        f"{where}: {head}; {tight} has {left} of its error budget left"
        f" ({_minutes(worst.left_minutes)} of {_minutes(worst.budget_minutes)}).{alarm}"
    )


def _findings(found: Sequence[ObjectiveView], timezone: str, now: datetime) -> tuple[str, ...]:
    said = []
    for each in found:
        name = f"{each.service}, “{each.name}”"
        firing = [burn for burn in each.burns if burn.firing]
        if firing:
            fast = firing[0]
            times, over = digits(fast.long or 0), fast.windows.partition("/")[0]
            said.append(f"the budget of {name} burns {times} times as fast as it may, over {over}")
        elif each.burn_now is not None and each.burn_now >= FAST:
            said.append(f"right now the budget of {name} burns {digits(each.burn_now)} times as fast as it may")
        if each.left_share is not None and each.left_share <= 0:
            said.append(f"the budget of {name} is used up")
        elif each.runs_out is not None and each.left_share is not None and (firing or each.left_share < LITTLE):
            when = clock(each.runs_out, timezone, now)
            said.append(f"the budget of {name} would be gone at {when}, at this hour's pace")
        if each.note and (each.left_share is None or len(found) <= FEW):
            said.append(f"of {name}: {each.note}")
    estimated = sum(bool(each.note and each.left_share is not None) for each in found)
    if estimated and len(found) > FEW:
        said.insert(MOST_SAID - 1, f"{estimated} of them are estimated: no bucket of a histogram is what is promised")
    return tuple(capital(each) for each in said[:MOST_SAID])


def _minutes(value: float | None) -> str:
    return shown(max(0.0, value) * 60, "s") if value is not None else "–"


def _grid(found: Sequence[ObjectiveView]) -> Grid:
    """What matters most stands first: a thread shows the left of a table."""
    alone = len({each.service for each in found}) == 1
    rows = tuple(
        (
            each.name if alone else f"{each.service}: {each.name}",
            shown(each.left_share, "share"),
            f"{digits(each.burn_now)} ×" if each.burn_now is not None else "–",
            _minutes(each.left_minutes),
            shown(each.attainment, "share"),
            f"{each.objective:g} %",
        )
        for each in found
    )
    columns = ("objective", "budget left", "burns now", "as time", "is", "target")
    return Grid(columns=columns, rows=rows, numeric=(1, 2, 3, 4, 5))


def _chart(found: Sequence[ObjectiveView], environment: str) -> Amounts | None:
    amounts = tuple(
        Amount(
            label=f"{each.service} · {each.name}",
            value=max(-1.0, each.left_share),
            detail=f"{shown(each.left_share, 'share')} left" if each.left_share > 0 else "used up",
            state="bad"
            if each.left_share <= 0
            else "warn"
            if each.left_share < LITTLE or (each.burn_now or 0) >= FAST
            else "good",
        )
        for each in found
        if each.left_share is not None
    )
    title = f"Error budget left · {environment}"
    limit = Threshold(value=LITTLE, label="little left")
    return Amounts(title=title, unit="share", amounts=amounts[:MOST_BARS], threshold=limit) if amounts else None


def _steps(services: Sequence[Service], environment: str, now: datetime) -> tuple[Step, ...]:
    if len(services) != 1:
        return (Step(label="State of everything", operation="status.overview", values={"environment": environment}),)
    about = {"service": services[0].name, "environment": environment}
    day = {**about, "window": iso(Window.last(DAY, now))}
    return (
        Step(label="Error rate, 24 h", operation="metrics.query", values={**day, "metric": "error_rate"}),
        Step(label="Latency, 24 h", operation="metrics.query", values={**day, "metric": "latency"}),
        Step(label="All budgets", operation="slo.status", values={"environment": environment}),
    )
