"""What matters most: which service is the likely origin, which finding tells the most, which alert comes first."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, get_args

from bot.telemetry.rootcause.case import Kind
from bot.telemetry.signals import Change
from bot.watch.alerts import Alert, Origin, Severity
from bot.watch.finding import Family, Finding
from bot.watch.relating import Ground, Nature, kind, nature
from bot.watch.telling import done

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The worst first."""

# ---------------------------------------------------------------- how much one finding says

_WORTH: Final[Mapping[Kind, float]] = {
    "errors": 2.5,
    "availability": 2.5,
    "latency": 2.0,
    "saturation": 1.5,
    "memory": 1.5,
    "gpu": 1.5,
    "cpu": 1.0,
    "traffic": 1.25,
    "other": 1.25,
}
_BY_SIGNAL: Final[Mapping[str, float]] = {"slo": 2.5, "traces": 1.5, "logs": 1.0}
_GONE: Final = 2.0
"""Whatever is not told any more may be down."""
_QUIET: Final = frozenset({Family.TREND, Family.VARIANCE, Family.FLAT})
"""Something is coming, rather than there."""
_LESS: Final = 0.5
_SLOWLY: Final = 1.5
_URGENT: Final = 6.0
"""A budget that burns less than so many times too fast needs nobody at once."""
HALF: Final = 8.0
"""Surprise at which a finding is half as large as it can be …"""
HALF_OF_LIMIT: Final = 1.0
"""… and so many times its limit."""
_LIMITED: Final = frozenset({Family.THRESHOLD, Family.CHANGE})


def much(finding: Finding) -> float:
    """0 … 1, by how far out it is."""
    half = HALF_OF_LIMIT if finding.family in _LIMITED else HALF
    size = max(0.0, finding.size)
    return size / (size + half) if size < float("inf") else 1.0


def lingers(finding: Finding) -> bool:
    """A budget that needs nobody at once burns on for hours after whatever set it on fire."""
    return finding.family is Family.BURN and (finding.value or 0.0) < _URGENT


def worth(finding: Finding) -> float:
    """What people mind about what it measures."""
    if finding.family is Family.ABSENCE:
        return _GONE
    signal = finding.subject.signal
    slowly = finding.family is Family.BURN and finding.size < _URGENT
    base = _BY_SIGNAL.get(signal, _WORTH[kind(signal)])
    return base - _LESS * (finding.family in _QUIET) - _SLOWLY * slowly


def ordered(findings: Iterable[Finding], ground: Ground) -> tuple[Finding, ...]:
    """The open ones first, the telling ones first."""
    return tuple(
        sorted(findings, key=lambda each: (not each.open, -_points(each, ground), each.since, *map(str, each.key)))
    )


# ---------------------------------------------------------------- severity

_TIERS: Final[Mapping[int, float]] = {1: 1.5, 2: 0.75, 3: 0.0, 4: -1.0}
_BROAD: Final = ((6, 1.0), (3, 0.5))
"""Services that have it, and what that adds."""
_BANDS: Final[tuple[tuple[float, Severity], ...]] = ((4.5, "critical"), (3.25, "high"), (2.0, "medium"))
_SAID: Final[tuple[tuple[float, Severity], ...]] = ((16.0, "critical"), (11.0, "high"), (8.0, "medium"))
"""By the size of what comes from outside, where people have set it."""


def severity(findings: Sequence[Finding], ground: Ground) -> Severity:
    """By what is hurt, how much, of whom, and how many."""
    outside = [each.size for each in findings if each.family is Family.OUTSIDE]
    broad = len({each.subject.service for each in findings})
    most = max((_points(each, ground) for each in findings if each.family is not Family.OUTSIDE), default=0.0)
    most += next((more for count, more in _BROAD if broad >= count), 0.0)
    return min((_band(most, _BANDS), _band(max(outside, default=0.0), _SAID)), key=SEVERITIES.index)


def _band(points: float, bands: Sequence[tuple[float, Severity]]) -> Severity:
    return next((name for least, name in bands if points >= least), "low")


def _points(finding: Finding, ground: Ground) -> float:
    """What users feel counts by the whole tier; what only the owner sees, by half."""
    tier = _TIERS.get(ground.tiers.get(finding.subject.service, 3), 0.0)
    return worth(finding) + tier * (1.0 if nature(finding) is Nature.FELT else _LESS) + much(finding)


def ranked(alerts: Iterable[Alert]) -> list[Alert]:
    """The one to look at first, first."""
    return sorted(
        alerts,
        key=lambda each: (
            each.state,
            SEVERITIES.index(each.severity),
            bool(each.acknowledged_by),
            -len(each.services),
            -max((much(one) for one in each.findings), default=0.0),
            each.opened_at,
            each.id,
        ),
    )


# ---------------------------------------------------------------- the likely origin

SECOND: Final = 0.25
"""What a second sign adds to the first."""
EXCUSE: Final = 0.9
"""How much of a suspicion goes where another accounts for all of it …"""
HALF_AS_MUCH: Final = 2.0
"""… which it does with half as much: the steadier a service was, the more surprising is the same trouble there."""
LATER: Final = timedelta(minutes=3)
"""So much later than what it explains a cause may be seen."""
LATE: Final = 0.5
"""What is left of an explanation that came later than that."""
FIRST: Final = 0.3
"""What having been the first adds, and half of it so long after:"""
FIRST_HALF: Final = timedelta(minutes=3)
FEWER: Final = 0.4
"""What less traffic is worth: it is what trouble leaves, more often than a trouble."""
FRESH: Final = timedelta(minutes=15)
"""After which a change is half as suspicious as at once."""
CHANGED: Final[Mapping[str, float]] = {"deploy": 0.8, "rollback": 0.8, "config": 0.8, "failover": 0.6}
"""What a change just before adds; any other kind is more often a remedy:"""
REMEDY: Final = 0.4
SHARP: Final = 2.5
"""How fast confidence goes to the first of unequal scores."""
ENOUGH: Final = 0.4
"""A score at which the evidence itself is no reason to doubt."""
CERTAIN: Final = 0.95
SLIGHT: Final = 0.05
MOST_ORIGINS: Final = 5


@dataclass(frozen=True, slots=True)
class _Signs:
    """What speaks of one service, each 0 … 1."""

    felt: float
    own: float
    load: float
    fewer: float
    since: datetime
    suspicion: float
    """What a change just before adds."""

    @classmethod
    def of(cls, findings: Sequence[Finding], change: Change | None) -> _Signs:
        def told(ways: Collection[Nature], *directions: str) -> float:
            weights = (
                much(each) * each.sure for each in findings if nature(each) in ways and each.direction in directions
            )
            first, second, *_ = (*sorted(weights, reverse=True), 0.0, 0.0)
            return min(1.0, first + SECOND * second)

        since = min(each.since for each in findings)
        return cls(
            told({Nature.FELT}, "high", "low", ""),
            told({Nature.OWN, Nature.MACHINE}, "high", "low", ""),
            told({Nature.LOAD}, "high", ""),
            told({Nature.LOAD}, "low"),
            since,
            _suspicion(change, since) if change else 0.0,
        )

    @property
    def trouble(self) -> float:
        return max(self.felt, self.own)


def origins(findings: Sequence[Finding], ground: Ground) -> tuple[Origin, ...]:
    """The likeliest first: whose trouble no other accounts for.

    What is felt comes up from whoever is called, load comes down from whoever calls, and what is a service's own stays.
    """
    named = sorted({each.subject.service for each in findings} - {""})
    if not named:
        return ()
    services: dict[str, list[Finding]] = {name: [] for name in named}
    for each in findings:
        services.get(each.subject.service, []).append(each)
    latest = {
        name: next(iter(ground.changed({name}, mine[0].subject.environment, min(each.since for each in mine))), None)
        for name, mine in services.items()
    }
    signs = {name: _Signs.of(mine, latest[name]) for name, mine in services.items()}
    below = {name: _reached(name, ground.graph, signs) - {name} for name in named}
    above: dict[str, set[str]] = {name: set() for name in named}
    for name, callees in below.items():
        for callee in callees:
            above[callee].add(name)
    began = min(each.since for each in signs.values())
    scores, why = {}, {}
    for name, mine in signs.items():
        first = 0.5 ** ((mine.since - began) / FIRST_HALF)
        scores[name] = _left(name, signs, below[name], above[name]) * (1.0 + FIRST * first) * (1.0 + mine.suspicion)
        change = latest[name]
        why[name] = done(change, mine.since) if change else ordered(services[name], ground)[0].words
    return _weighed(scores, why)


def _left(name: str, signs: Mapping[str, _Signs], below: Collection[str], above: Collection[str]) -> float:
    """What is left of a service's signs without what others account for."""
    mine = signs[name]
    excuse = EXCUSE * (1.0 - mine.suspicion / 2)

    def explained(size: float, others: Iterable[tuple[float, datetime]]) -> float:
        return max(
            (
                min(1.0, HALF_AS_MUCH * other / size) * (1.0 if since <= mine.since + LATER else LATE)
                for other, since in others
                if size
            ),
            default=0.0,
        )

    # In a loop of calls, only the greater explains the lesser.
    callees = (signs[each] for each in below if each not in above or signs[each].trouble > mine.trouble)
    called = explained(mine.felt, ((each.trouble, each.since) for each in callees))
    callers = [signs[each] for each in above if each not in below or signs[each].load > mine.load]
    surged = explained(mine.load, ((each.load, each.since) for each in callers))
    pressed = mine.load * surged
    load = mine.load * (1.0 - excuse * surged)
    if load and not surged:  # whoever sends more is the cause of what that does further down
        load = max((load, *(signs[each].felt for each in below if signs[each].load)))
    felt = mine.felt * (1.0 - excuse * max(called, pressed))
    first, second, *_ = sorted((felt, mine.own * (1.0 - excuse * pressed), load, FEWER * mine.fewer), reverse=True)
    return first + SECOND * second


def _reached(service: str, graph: Mapping[str, Iterable[str]], signs: Collection[str]) -> set[str]:
    """Those with signs along the calls; a quiet one between is stepped over, two are not."""
    found: set[str] = set()
    heard = deque([(service, 0)])
    seen = {(service, 0)}
    while heard:
        here, quiet = heard.popleft()
        for each in graph.get(here, ()):
            if each in signs:
                found.add(each)
            step = (each, 0 if each in signs else quiet + 1)
            if step not in seen and step[1] <= 1:
                seen.add(step)
                heard.append(step)
    return found


def _suspicion(change: Change, onset: datetime) -> float:
    age = max(timedelta(0), onset - change.at)
    return float(CHANGED.get(change.kind, REMEDY) * 0.5 ** (age / FRESH))


def _weighed(scores: Mapping[str, float], why: Mapping[str, str]) -> tuple[Origin, ...]:
    total = sum(score**SHARP for score in scores.values()) or 1.0
    return _told(
        Origin(name, min(CERTAIN, score**SHARP / total * min(1.0, score / ENOUGH)), why[name])
        for name, score in scores.items()
    )


def _told(found: Iterable[Origin]) -> tuple[Origin, ...]:
    """Those worth a word, and the first in any case."""
    rounded = (replace(each, confidence=round(each.confidence, 3)) for each in found)
    order = sorted(rounded, key=lambda each: (-each.confidence, each.service))
    return tuple(each for place, each in enumerate(order) if not place or each.confidence >= SLIGHT)[:MOST_ORIGINS]
