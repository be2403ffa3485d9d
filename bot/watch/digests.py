"""What a day or a week of alerts was, in numbers: a pure function of the alerts and the watches."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from bot.telemetry.charts.words import counted
from bot.telemetry.signals import Window
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertState, Severity
from bot.watch.ranking import SEVERITIES, ranked
from bot.watch.watches import Watch, WatchState

HOUR: Final = 3_600.0
DAY: Final = 86_400.0
LONG: Final = 2 * DAY
"""A window as long as that is shown by days."""
NOISIEST: Final = 3


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Noisy:
    """A watch, how often it spoke, and what people thought of that."""

    watch: str
    name: str
    alerts: int
    noise: int
    useful: int


@dataclass(frozen=True, slots=True)
class Digest:
    """A day or a week."""

    window: Window
    summary: str
    """What there is to say in short; where nothing was, that."""
    alerts: tuple[Alert, ...]
    """That opened or came back in it; the one to look at first, first."""
    by_severity: tuple[Count, ...]
    by_service: tuple[Count, ...]
    """By the likely origin."""
    by_watch: tuple[Count, ...]
    firing: tuple[Alert, ...]
    """Also those that began before."""
    held_back: tuple[Alert, ...]
    """Of which nobody was told but here."""
    silenced: int
    acknowledged: int
    to_acknowledge: timedelta | None
    """The median."""
    to_resolve: timedelta | None
    noisiest: tuple[Noisy, ...]
    quiet: tuple[Watch, ...]
    """Watches that look and said nothing."""
    chart: tuple[tuple[float, Severity, int], ...]
    """(beginning of an hour or a day, severity, how many): all parts of the window, also those without any."""


def digest(alerts: Sequence[Alert], watches: Sequence[Watch], window: Window) -> Digest:
    """Of the alerts that are given: those of a channel, or of all. What joined another is counted with that."""
    whole = [each for each in alerts if each.findings]
    here = ranked(each for each in whole if any(at in window for at in _began(each)))
    firing = tuple(ranked(each for each in whole if each.state is AlertState.FIRING and each.opened_at < window.end))
    awake = [each for each in watches if each.state is WatchState.ACTIVE]
    held_back = tuple(each for each in here if each.held_back)
    seen = [each.acknowledged_at - each.opened_at for each in here if each.acknowledged_at]
    names = {each.id: each.name for each in watches}
    spoke = Counter(watch for each in here for watch in _watches(each))
    return Digest(
        window=window,
        summary=_summary(here, firing, held_back, awake, window),
        alerts=tuple(here),
        by_severity=_counts((each.severity for each in here), SEVERITIES),
        by_service=_counts(_origin(each) for each in here),
        by_watch=_counts(names.get(watch, watch) for watch in spoke.elements()),
        firing=firing,
        held_back=held_back,
        silenced=sum(bool(each.silence) for each in here),
        acknowledged=len(seen),
        to_acknowledge=_middle(seen),
        to_resolve=_middle(each.resolved_at - each.opened_at for each in here if each.resolved_at),
        noisiest=tuple(_noisiest(here, names))[:NOISIEST],
        quiet=tuple(each for each in awake if each.id not in spoke),
        chart=tuple(_chart(here, window)),
    )


def _began(alert: Alert) -> tuple[datetime, ...]:
    return (alert.opened_at, *alert.reopenings)


def _watches(alert: Alert) -> set[str]:
    return {each.watch for each in alert.findings if each.watch}


def _origin(alert: Alert) -> str:
    return next((each.service for each in alert.origins), next(iter(alert.services), ""))


def _counts(names: Iterable[str], order: Sequence[str] = ()) -> tuple[Count, ...]:
    """In the given order, else the most first; what has no name is not counted."""
    found = Counter(name for name in names if name)
    if order:
        return tuple(Count(name, found[name]) for name in order if found[name])
    return tuple(Count(name, count) for name, count in sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _middle(spans: Iterable[timedelta]) -> timedelta | None:
    seconds = [max(0.0, each.total_seconds()) for each in spans]
    return timedelta(seconds=median(seconds)) if seconds else None


def _noisiest(alerts: Sequence[Alert], names: Mapping[str, str]) -> list[Noisy]:
    """What people called noise, then what spoke the most; once is not often."""
    found = []
    for watch, name in names.items():
        mine = [each for each in alerts if watch in _watches(each)]
        said = Counter(one.verdict for each in mine for one in each.judgements)
        if len(mine) > 1 or said["noise"]:
            found.append(Noisy(watch, name, len(mine), said["noise"], said["useful"]))
    return sorted(found, key=lambda each: (each.useful - each.noise, -each.alerts, each.watch))


def _chart(alerts: Sequence[Alert], window: Window) -> Iterator[tuple[float, Severity, int]]:
    part = DAY if window.seconds >= LONG else HOUR
    start = window.start.timestamp()
    found = Counter(
        (int((at.timestamp() - start) // part), each.severity) for each in alerts for at in _began(each) if at in window
    )
    for number in range(math.ceil(window.seconds / part)):
        for severity in SEVERITIES:
            yield start + number * part, severity, found[number, severity]


def _summary(
    here: Sequence[Alert], firing: Sequence[Alert], held_back: Sequence[Alert], awake: Sequence[Watch], window: Window
) -> str:
    span = f"in {duration(window.seconds)}"
    if not awake and not here and not firing:
        return "Nothing is watched here."
    if not here:
        said = [f"No new alerts {span}, from {counted(len(awake), 'watch', 'watches')}"]
    else:
        worst = min((each.severity for each in here), key=SEVERITIES.index)
        count = sum(each.severity == worst for each in here)
        said = [f"{counted(len(here), 'alert')} {span}, {count} of them {worst}"]
    if firing:
        said.append(f"{counted(len(firing), 'still fires', 'still fire')}")
    if held_back:
        said.append(f"{counted(len(held_back), 'was', 'were')} told only here")
    return f"{'; '.join(said)}."
