"""What traces and logs say of each service, 0 … 1: own time, where errors begin, calls no longer made, new patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.rootcause.case import LogDelta
from bot.telemetry.rootcause.spans import FEW, Operation, Profile
from bot.telemetry.rootcause.strength import certainty, null_level
from bot.telemetry.rootcause.topology import Topology
from bot.telemetry.signals import Floats

SURE: Final = 4.0
"""Deviations that counts and means of many spans must reach: there are many operations to be fooled by."""
PLAIN: Final = 0.5
"""What a pattern is worth that is no error: something new is said."""
SILENT: Final = 0.4
"""What a pattern is worth that is said no more: something is not reached."""
EXCUSE: Final = 0.8
"""How much of a caller's error lines a callee's account for."""
SPREAD: Final = 0.05
"""Of an operation's normal time: the least that its spans are taken to differ by."""


@dataclass(frozen=True, slots=True, eq=False)
class Testimony:
    """By service: the score of each kind of witness, and the amounts that the words quote."""

    score: Floats
    seconds: Floats
    """Own seconds above normal, for each trace."""
    time: Floats
    origins: Floats
    """Failures that begin here, for each trace, above normal."""
    begun: Floats
    vanished: Mapping[int, tuple[Operation, Operation, float, float]]
    """The call that is no longer made: how many were to be expected, and how many were seen."""
    stopped: Floats


def _excess(before: Floats, during: Floats) -> tuple[float, float]:
    """Seconds above normal in all, and how surely (in deviations of a mean)."""
    level, spread = float(before.mean()), float(before.std())
    spread = max(spread, SPREAD * level, 1e-6)
    gain = float(during.mean()) - level
    error = spread * np.sqrt(1.0 / len(during) + 1.0 / len(before))
    return gain * len(during), gain / error


def _own_time(before: Profile, during: Profile, index: Mapping[str, int]) -> tuple[Floats, Floats]:
    seconds, z = np.zeros(len(index)), np.zeros(len(index))
    pairs: list[tuple[tuple[str, ...], Floats, Floats]] = [
        ((key[0],), before.own[key], spans) for key, spans in during.own.items() if key in before.own
    ]
    pairs += [(key, before.wire[key], gaps) for key, gaps in during.wire.items() if key in before.wire]
    for ends, was, now in pairs:
        if len(was) < FEW or len(now) < 2:  # noqa: PLR2004  one span is no distribution
            continue
        gain, sure = _excess(was, now)
        for service in ends:
            if service in index and gain > 0:
                seconds[index[service]] += gain / len(ends)
                z[index[service]] = max(z[index[service]], sure / np.sqrt(len(ends)))
    return seconds, z


def _part(amount: Floats, z: Floats) -> Floats:
    """What part of it all is a service's, as far as it is sure."""
    sure = amount * certainty(z, null_level(z, SURE))
    most = float(sure.max(initial=0.0))
    result: Floats = sure / most * certainty(z, null_level(z, SURE)) if most > 0 else np.zeros_like(amount)
    return result


def _origins(before: Profile, during: Profile, index: Mapping[str, int]) -> tuple[Floats, Floats]:
    gain, z = np.zeros(len(index)), np.zeros(len(index))
    grown = during.traces / max(1, before.traces)
    for service, seen in during.origins.items():
        expected = before.origins.get(service, 0) * grown
        if service in index and seen > expected:
            gain[index[service]] = (seen - expected) / max(1, during.traces)
            z[index[service]] = surprise(expected, seen)
    return gain, z


def surprise(expected: float, seen: float) -> float:
    """How many deviations a count is above (or, negative, below) the expected, after Poisson."""
    expected = expected + 0.5
    deviance = 2.0 * ((seen * np.log(seen / expected) if seen > 0 else 0.0) - (seen - expected))
    return float(np.sign(seen - expected) * np.sqrt(max(0.0, deviance)))


def _stopped(
    before: Profile, during: Profile, index: Mapping[str, int]
) -> tuple[Floats, Floats, dict[int, tuple[Operation, Operation, float, float]]]:
    """Calls that an operation made, and makes no more although it runs."""
    missing, z = np.zeros(len(index)), np.zeros(len(index))
    which: dict[int, tuple[Operation, Operation, float, float]] = {}
    for (parent, child), made in before.made.items():
        runs = during.runs.get(parent, 0)
        at = index.get(parent[0])
        if at is None or made < FEW or not runs:
            continue
        usual = made / before.runs[parent]
        seen = during.made.get((parent, child), 0)
        sure = -surprise(usual * runs, seen)
        if sure > z[at]:
            z[at] = sure
            which[at] = (parent, child, usual * runs, seen)
        missing[at] += max(0.0, usual * runs - seen)
    return missing, z, which


def traces(before: Profile, during: Profile, index: Mapping[str, int]) -> Testimony:
    seconds, slow = _own_time(before, during, index)
    origins, failing = _origins(before, during, index)
    missing, gone, which = _stopped(before, during, index)
    time, begun, stopped = _part(seconds, slow), _part(origins, failing), _part(missing, gone)
    return Testimony(
        score=1.0 - (1.0 - time) * (1.0 - begun) * (1.0 - stopped),
        seconds=seconds / max(1, during.traces),
        time=time,
        origins=origins,
        begun=begun,
        vanished=which,
        stopped=stopped,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sayings:
    """By service: how unusual its log is, and the pattern that says so."""

    score: Floats
    patterns: Mapping[int, LogDelta]
    culprit: Mapping[int, int]
    """Whose error lines explain whose."""


def _weight(delta: LogDelta, growth: float) -> float:
    if growth < 0:
        return SILENT
    return 1.0 if delta.bad else PLAIN


def logs(deltas: Mapping[str, Sequence[LogDelta]], index: Mapping[str, int], graph: Topology) -> Sayings:
    z = np.zeros(len(index))
    patterns: dict[int, LogDelta] = {}
    for service, ones in deltas.items():
        at = index.get(service)
        if at is None:
            continue
        for delta in ones:
            growth = surprise(delta.expected, delta.seen)
            worth = abs(growth) * _weight(delta, growth)
            if worth > z[at]:
                z[at] = worth
                patterns[at] = delta
    certain = certainty(z, null_level(z, SURE))
    size = np.log1p(z / SURE)
    explained = graph.explained(size, certain, np.ones((len(z), len(z))))
    most = float(size.max(initial=0.0))
    excuse = explained.max(axis=1, initial=0.0)
    score = certain * (size / most if most > 0 else size) * (1.0 - EXCUSE * excuse)
    culprit = {int(i): int(explained[i].argmax()) for i in np.flatnonzero(excuse > EXCUSE / 2)}
    return Sayings(score, patterns, culprit)
