"""What a watch would have said: the past, through the very code that watches, and on to the alerts it would have made.

Nothing of it is kept, and nobody is told but who asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np

from bot.catalogue import Catalogue
from bot.observatory.observatory import named
from bot.telemetry.charts.shapes import Amount, Amounts, Chart, Curve, Lines, Mark, Stretch, Threshold
from bot.telemetry.signals import Change, Series, Window
from bot.telemetry.units import shown
from bot.watch.alerts import Alert, AlertState
from bot.watch.relating import Ground
from bot.watch.settling import Policy, settle
from bot.watch.sweeping import Moment
from bot.watch.watches import Watch

REMEMBERED: Final = timedelta(days=1)
"""So long an alert that is over may come back."""
COLUMNS: Final = 480
"""More is not seen, and an answer is kept as text."""
MOST_CURVES: Final = 6
MOST_BARS: Final = 12
Tell = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What each look of a watch would have found, and what it looked at, where that can be drawn."""

    moments: tuple[Moment, ...]
    series: tuple[Series, ...] = ()
    unit: str = ""
    query: str = ""
    trouble: str = ""
    """What of it could not be read."""


class Replays(Protocol):
    """Runs a watch over a time that has passed."""

    async def replay(self, watch: Watch, window: Window, tell: Tell) -> Replayed:
        """What came before the window is learned from, and not told; `tell` hears how far it is."""
        ...


def ground_of(catalogue: Catalogue, changes: Sequence[Change] = ()) -> Ground:
    """The platform as the catalogue draws it."""
    return Ground(
        graph={each.name: each.depends_on for each in catalogue.services},
        changes=changes,
        tiers={each.name: each.tier for each in catalogue.services},
    )


def raised(watch: Watch, moments: Sequence[Moment], ground: Ground, policy: Policy) -> tuple[Alert, ...]:
    """The alerts that these looks would have made, the oldest first."""
    alerts: dict[str, Alert] = {}
    for moment in moments:
        known = [each for each in alerts.values() if _counts(each, moment.at)]
        if moment.findings or any(each.state is AlertState.FIRING for each in known):
            then = replace(ground, changes=[each for each in ground.changes if each.at <= moment.at])
            settled = settle(known, moment.findings, watch, then, policy, moment.at)
            alerts |= {each.id: each for each in settled}
    return tuple(sorted(alerts.values(), key=lambda each: each.since))


def _counts(alert: Alert, at: datetime) -> bool:
    return alert.state is AlertState.FIRING or at - alert.changed_at <= REMEMBERED


def ended(alert: Alert, until: datetime) -> datetime:
    """When the last of it was open."""
    if alert.open:
        return until
    return max((each.ended or each.seen for each in alert.findings), default=until)


# ---------------------------------------------------------------- in pictures


def picture(
    watch: Watch, title: str, replayed: Replayed, alerts: Sequence[Alert], changes: Sequence[Change], window: Window
) -> Chart | None:
    """What was looked at with its limits, and when it would have spoken; of a scan, about whom."""
    if not replayed.series:
        return _amounts(title, alerts)
    loud = {service for each in alerts for service in each.services}
    ordered = sorted(replayed.series, key=lambda each: not loud & set(each.labels.values()))[:MOST_CURVES]
    step = max(60.0, window.seconds / COLUMNS)
    limits = [limit for limit in (watch.aim.above, watch.aim.below) if limit is not None]
    return Lines(
        title=title,
        unit=replayed.unit,
        curves=tuple(
            _curve(each, named(each.labels.items()) or watch.aim.scope.service or "all", step) for each in ordered
        ),
        marks=tuple(Mark(at=each.at, label=each.title, kind="deploy") for each in changes),
        stretches=tuple(Stretch(start=each.since, end=ended(each, window.end)) for each in alerts),
        thresholds=tuple(Threshold(value=limit, label=f"limit {shown(limit, replayed.unit)}") for limit in limits),
        timezone=watch.timezone,
    )


def _curve(series: Series, name: str, step: float) -> Curve:
    """On a coarser grid, of each of its steps what is farthest from the middle: no peak is lost."""
    there = np.isfinite(series.values)
    values, places = series.values[there], series.times[there] // step
    order = np.argsort(np.abs(values - np.median(values))) if len(values) else np.array([], dtype=np.int64)
    kept = dict(zip(places[order].tolist(), values[order].tolist(), strict=True))
    times = np.array(sorted(kept))
    return Curve.of(name, Series(series.labels, times * step, np.array([kept[each] for each in times])), step)


def _amounts(title: str, alerts: Sequence[Alert]) -> Amounts | None:
    counts: dict[str, int] = {}
    for each in alerts:
        name = each.origins[0].service if each.origins else next(iter(each.services), "")
        counts[name or "no service"] = counts.get(name or "no service", 0) + 1
    if not counts:
        return None
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    return Amounts(
        title=title, unit="alerts", amounts=tuple(Amount(label=name, value=count, state="warn") for name, count in most)
    )
