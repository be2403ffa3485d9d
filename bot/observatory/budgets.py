"""Objectives: how much of each error budget is left, how fast it burns, and when it would be gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.catalogue import Service
from bot.door.operation import Output
from bot.observatory.counting import Counting, Counts, Promise
from bot.observatory.observatory import Observatory
from bot.observatory.question import aligned, capital, clock, iso
from bot.observatory.told import Grid, Step, Told, notes, span_of
from bot.telemetry import slo
from bot.telemetry.charts.shapes import Amount, Amounts, Threshold
from bot.telemetry.signals import Window
from bot.telemetry.units import digits, shown

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


async def budgets(
    observatory: Observatory, services: Sequence[Service], environment: str, now: datetime, timezone: str
) -> SloAnswer:
    """Each objective of each service."""
    counting = await Counting.of(observatory, services, environment, moment_of(now))
    lengths = sorted({*slo.WINDOWS, *(each.target.seconds for each in counting.rules)})
    counts = await asyncio.gather(
        *(
            counting.over(seconds, [each for each in counting.rules if seconds in {*slo.WINDOWS, each.target.seconds}])
            for seconds in lengths
        )
    )
    told = dict(zip(lengths, counts, strict=True))
    found = [
        _view(each, {seconds: by[each] for seconds, by in told.items() if each in by}, rule.note, now)
        for each, rule in counting.rules.items()
    ]
    found += [_plain(each).model_copy(update={"note": why}) for each, why in counting.refused.items()]
    found.sort(key=lambda each: 2.0 if each.left_share is None else each.left_share)
    days = max((each.window_days for each in found), default=30)
    return SloAnswer(
        summary=_summary(services, found, environment),
        findings=_findings(found, timezone, now),
        where=environment,
        window=span_of(Window.last(days * slo.DAY, now), timezone, now),
        query=next((counting.query(each, each.target.seconds) for each in counting.rules), ""),
        language="promql",
        sources=notes(counting.asked),
        objectives=tuple(found),
        grid=_grid(found),
        chart=_chart(found, environment),
        steps=_steps(services, environment, now),
    )


def moment_of(now: datetime) -> Window:
    """As a grid that holds no other."""
    at = aligned(Window.last(60, now), 60).end
    return Window(at, at + timedelta(minutes=1))


def _plain(promise: Promise) -> ObjectiveView:
    """What is promised, and nothing counted yet."""
    objective = promise.objective
    return ObjectiveView(
        service=promise.service,
        name=objective.name,
        indicator=objective.indicator,
        objective=objective.objective,
        window_days=objective.window_days,
    )


def _burn_views(burns: Iterable[slo.Burn]) -> tuple[BurnView, ...]:
    return tuple(
        BurnView(
            windows=f"{shown(each.rule.long, 's')}/{shown(each.rule.short, 's')}",
            factor=each.rule.factor,
            long=each.long,
            short=each.short,
            firing=each.firing,
        )
        for each in burns
    )


def _view(promise: Promise, told: Mapping[float, Counts], note: str, now: datetime) -> ObjectiveView:
    target = promise.target
    counted = {seconds: counts for seconds, each in told.items() if (counts := each.at(0))}
    budget = slo.budget(target, counted[target.seconds]) if target.seconds in counted else None
    hour = slo.burn_rate(target, counted[slo.HOUR]) if slo.HOUR in counted else None
    trouble = next((each.trouble for each in told.values() if each.trouble), "")
    update: dict[str, object] = {
        "burn_hour": hour,
        "burn_now": slo.burn_rate(target, counted[NOW]) if NOW in counted else None,
        "burns": _burn_views(slo.burns(target, counted)),
        "note": trouble or (note if budget else told[target.seconds].why_not),
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
    return _plain(promise).model_copy(update=update)


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
    day = {**about, "window": iso(Window.last(slo.DAY, now))}
    return (
        Step(label="Error rate, 24 h", operation="metrics.query", values={**day, "metric": "error_rate"}),
        Step(label="Latency, 24 h", operation="metrics.query", values={**day, "metric": "latency"}),
        Step(label="All budgets", operation="slo.status", values={"environment": environment}),
    )
