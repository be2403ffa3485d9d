"""What a watch would have said: the past, through the very code that watches, and on to the alerts it would have made.

Nothing of it is kept, and nobody is told but who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from threading import Event
from typing import Final, Protocol, TypeVar

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
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What each look of a watch would have found, and what it looked at, where that can be drawn."""

    moments: tuple[Moment, ...]
    series: tuple[Series, ...] = ()
    unit: str = ""
    query: str = ""
    trouble: str = ""
    """What of it could not be read."""
    since: datetime | None = None
    """From when on; later than asked where there was too much for the time that there is."""
    about: str = ""
    """Of what the series are, where the watch is about more."""
    limits: tuple[tuple[float, str], ...] = ()
    """What it is held against, where the watch does not say so itself."""


class Replays(Protocol):
    """Runs a watch over a time that has passed."""

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """What came before the window is learned from, and not told; `tell` hears how far it is.

        Where reading it all takes longer than so many seconds, it is of the most recent part.
        """
        ...


def ground_of(catalogue: Catalogue, changes: Sequence[Change] = ()) -> Ground:
    """The platform as the catalogue draws it."""
    return Ground(
        graph={each.name: each.depends_on for each in catalogue.services},
        changes=changes,
        tiers={each.name: each.tier for each in catalogue.services},
    )


async def reckoned(steps: Iterable[T], fold: Callable[[Iterator[T]], R]) -> R:
    """In a thread, which cannot be cancelled: where nobody waits any more, it ends at the next of its steps."""
    given_up = Event()
    try:
        return await asyncio.to_thread(fold, takewhile(lambda _: not given_up.is_set(), steps))
    finally:
        given_up.set()


def raised(looks: Iterable[tuple[Watch, Moment]], ground: Ground, policy: Policy) -> tuple[Alert, ...]:
    """The alerts that these looks, one after the other, would have made, the oldest first.

    Of several watches they are one group.
    """
    alerts: dict[str, Alert] = {}
    known: dict[str, Alert] = {}
    for watch, moment in looks:
        known = {name: each for name, each in known.items() if _counts(each, moment.at)}
        if moment.findings or any(each.state is AlertState.FIRING for each in known.values()):
            then = replace(ground, changes=[each for each in ground.changes if each.at <= moment.at])
            settled = settle([*known.values()], moment.findings, watch, then, policy, moment.at)
            new = {each.id: each for each in settled}
            known |= new
            alerts |= new
    whole = (each for each in alerts.values() if not each.part_of)
    return tuple(sorted(whole, key=lambda each: each.since))


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
    own = [limit for limit in (watch.aim.above, watch.aim.below) if limit is not None]
    limits = replayed.limits or [(limit, f"limit {shown(limit, replayed.unit)}") for limit in own]
    return Lines(
        title=f"{title}: {replayed.about}" if replayed.about else title,
        unit=replayed.unit,
        curves=tuple(
            _curve(each, named(each.labels.items()) or watch.aim.scope.service or "all", step) for each in ordered
        ),
        marks=tuple(Mark(at=each.at, label=each.title, kind="deploy") for each in changes),
        stretches=tuple(Stretch(start=each.since, end=ended(each, window.end)) for each in alerts),
        thresholds=tuple(Threshold(value=limit, label=label) for limit, label in limits),
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
