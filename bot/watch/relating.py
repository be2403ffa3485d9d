"""Which findings are of one cause: near in time, and near on the platform; what is not stays apart, and is not lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from bot.telemetry.rootcause.case import Kind, kind_of
from bot.telemetry.signals import Change
from bot.watch.alerts import Alert, Silence
from bot.watch.finding import Finding

CHANGES_BEFORE: Final = timedelta(hours=1)
"""An older change is no suspect."""
CHANGES_AFTER: Final = timedelta(minutes=3)
"""An onset is an estimate."""
ONE_MACHINE: Final = timedelta(minutes=2)
"""Between onsets on services that share one."""
FELT: Final = frozenset({"latency", "errors", "availability", "saturation"})
LOADS: Final = frozenset({"traffic"})
MACHINES: Final = frozenset({"cpu", "memory", "gpu"})
_SEEN_BY_CALLERS: Final = frozenset({"slo", "logs", "traces"})
_SENT_DOWN: Final = frozenset({"tokens"})
_Place = tuple[str, str, "Nature"]


class Nature(StrEnum):
    """How a trouble travels."""

    FELT = "felt"
    """Up: who calls a slow service is slow."""
    LOAD = "load"
    """Down: who is asked more asks more."""
    MACHINE = "machine"
    """Memory, GPUs: as what they make slow."""
    OWN = "own"
    """Not at all: cost, refusals."""


_FROM_ONE_TO_ANOTHER: Final = (
    {Nature.FELT},
    {Nature.LOAD},
    {Nature.FELT, Nature.LOAD},
    {Nature.MACHINE, Nature.FELT},
    {Nature.MACHINE, Nature.LOAD},
    {Nature.OWN, Nature.LOAD},
)
"""Who is asked more costs more; who is slow does not."""


@lru_cache(maxsize=1_024)
def kind(signal: str) -> Kind:
    """What it measures; guessed by its name, of which there are few."""
    return kind_of(signal)


def nature(finding: Finding) -> Nature:
    signal = finding.subject.signal
    if kind(signal) in LOADS or signal in _SENT_DOWN:
        return Nature.LOAD
    if kind(signal) in FELT or signal in _SEEN_BY_CALLERS:
        return Nature.FELT
    return Nature.MACHINE if kind(signal) in MACHINES else Nature.OWN


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the platform, and of what people want, at the time of a look."""

    graph: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Whom each service calls."""
    changes: Sequence[Change] = ()
    tiers: Mapping[str, int] = field(default_factory=dict)
    """1 is what customers notice at once."""
    traffic: Mapping[str, float] = field(default_factory=dict)
    """Requests a second of each service; one that is not there is not known."""
    silences: Sequence[Silence] = ()
    """The active ones."""

    def callers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for caller, callees in self.graph.items():
            for callee in callees:
                found.setdefault(callee, set()).add(caller)
        return found

    def changed(self, services: Collection[str], environment: str, onset: datetime) -> list[Change]:
        """What was done to them shortly before; the newest first."""
        span = (onset - CHANGES_BEFORE, onset + CHANGES_AFTER)
        found = (
            each
            for each in self.changes
            if each.service in services and each.environment in {"", environment} and span[0] <= each.at <= span[1]
        )
        return sorted(found, key=lambda each: each.at, reverse=True)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Who is one call away, and who is two: by a chain, or by something that both call."""

    one: Mapping[str, Collection[str]]
    two: Mapping[str, Collection[str]]
    below: Mapping[str, Collection[str]]
    """Whom each service calls, itself or through another."""

    def explains(self, cause: Finding, effect: Finding) -> bool:
        """Whether what goes on here would, sooner or later, do that there; `near` asks no direction."""
        here, there = cause.subject, effect.subject
        if here.environment != there.environment:
            return False
        if here.service == there.service:
            return True
        loaded = nature(cause) is Nature.LOAD and there.service in self.below.get(here.service, ())
        slowed = nature(cause) is not Nature.OWN and nature(effect) is Nature.FELT
        return loaded or (slowed and here.service in self.below.get(there.service, ()))

    def near(self, one: Finding, other: Finding) -> bool:
        """Whether the one can come of the other, or both of something else, whenever they were."""
        here, there = one.subject, other.subject
        if here.environment != there.environment:
            return False
        if here.service == there.service:
            return True
        natures = {nature(one), nature(other)}
        if there.service in self.one.get(here.service, ()):
            return natures in _FROM_ONE_TO_ANOTHER
        return there.service in self.two.get(here.service, ()) and natures <= {Nature.FELT, Nature.LOAD}


def neighbours(ground: Ground, window: timedelta) -> Neighbours:
    callers = ground.callers()
    one: dict[str, set[str]] = {}
    two: dict[str, set[str]] = {}
    called: dict[str, set[str]] = {}
    for service in {*ground.graph, *callers}:
        below, above = set(ground.graph.get(service, ())), callers.get(service, set())
        one[service] = below | above
        called[service] = {*below, *(far for each in below for far in ground.graph.get(each, ()))}
        two[service] = {
            *(far for each in below for far in ground.graph.get(each, ())),
            *(far for each in above for far in callers.get(each, ())),
            *(far for each in below for far in callers.get(each, ())),
        }
    for services in _changed_at_once(ground.changes, window):
        for service in services:
            one.setdefault(service, set()).update(services)
    return Neighbours(one, two, called)


def _changed_at_once(changes: Sequence[Change], window: timedelta) -> Iterator[set[str]]:
    """One version of several services, rolled out together, is one change."""
    alike: dict[tuple[str, str, str], list[Change]] = {}
    for each in changes:
        if each.version:
            alike.setdefault((each.kind, each.version, each.environment), []).append(each)
    for several in alike.values():
        several.sort(key=lambda each: each.at)
        for one, other in pairwise(several):
            if other.at - one.at <= window:
                yield {one.service, other.service}


def together(findings: Sequence[Finding], near: Neighbours, window: timedelta) -> list[tuple[Finding, ...]]:
    """Groups that each have one cause: chains of near ones with no gap between onsets longer than the window."""
    order = sorted(findings, key=lambda each: (each.since, each.subject))
    places: dict[_Place, list[int]] = {}
    for number, each in enumerate(order):
        places.setdefault((each.subject.environment, each.subject.service, nature(each)), []).append(number)
    above = list(range(len(order)))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    for here, there in _pairs(places, order, near):
        for one, other in pairwise(sorted({*here, *there})):
            if order[other].since - order[one].since <= window:
                above[top(other)] = top(one)
    strained = [number for number, each in enumerate(order) if _strains(each)]
    for one, other in pairwise(strained):
        if _at_once(order[one], order[other]):
            above[top(other)] = top(one)
    groups: dict[int, list[Finding]] = {}
    for number, each in enumerate(order):
        groups.setdefault(top(number), []).append(each)
    return [tuple(each) for each in groups.values()]


def _pairs(
    places: Mapping[_Place, list[int]], order: Sequence[Finding], near: Neighbours
) -> Iterator[tuple[list[int], list[int]]]:
    """Only places that are near each other: with thousands of findings, all pairs would be too many."""
    for (environment, service, travels), here in places.items():
        for name in {service, *near.one.get(service, ()), *near.two.get(service, ())}:
            for other in Nature:
                there = places.get((environment, name, other))
                if there and (name, other) >= (service, travels) and near.near(order[here[0]], order[there[0]]):
                    yield here, there


def _strains(finding: Finding) -> bool:
    return finding.direction == "high" and kind_of(finding.subject.signal) == "cpu"


def _at_once(one: Finding, other: Finding) -> bool:
    """Machines are shared: processors that are wanted more in the same minute are most likely those of one."""
    together_ = abs(other.since - one.since) <= ONE_MACHINE
    return together_ and one.subject.environment == other.subject.environment


def began_with(alert: Alert, findings: Iterable[Finding], near: Neighbours, spread: timedelta) -> bool:
    """Whether one of these is of its cause, or that cause itself, seen only now."""
    first = min(alert.findings, key=lambda each: each.since)
    return any(
        any(
            (near.near(mine, each) and abs(each.since - mine.since) <= spread)
            or (_strains(mine) and _strains(each) and _at_once(mine, each))
            for mine in alert.findings
        )
        or (near.explains(each, first) and each.since <= first.since)
        for each in findings
    )


def comes_of(alert: Alert, findings: Iterable[Finding], near: Neighbours, window: timedelta) -> bool:
    """Whether it explains all of these, which began while it went on or shortly after."""
    return all(
        any(
            near.explains(mine, each) and mine.since <= each.since and (mine.open or each.since - mine.seen <= window)
            for mine in alert.findings
        )
        for each in findings
    )
