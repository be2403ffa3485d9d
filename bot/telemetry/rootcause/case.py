"""What a root cause is looked for in: metrics before and during, who calls whom, logs, traces, and what was changed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import numpy as np

from bot.telemetry.rootcause.spans import Profile
from bot.telemetry.signals import Change, Floats

Kind = Literal["latency", "errors", "availability", "traffic", "cpu", "memory", "gpu", "saturation", "other"]

_NAMES: Final[tuple[tuple[Kind, str], ...]] = (
    ("availability", r"availab|success|uptime|\bup\b"),
    ("errors", r"error|\berrs?\b|fail|fault|exception|\b5xx\b"),
    ("gpu", r"gpu"),
    ("saturation", r"queue|conn|in flight|inflight|saturat|thread|pool|backlog|\blag\b"),
    ("latency", r"laten|\blat\b|duration|response time|\brt\b|delay|time to first|\bttft\b|elapsed"),
    ("cpu", r"cpu|processor"),
    ("memory", r"mem\b|memory|heap|\brss\b|working set"),
    ("traffic", r"request|\breqs?\b|\brps\b|\bqps\b|load\b|throughput|traffic|\bops\b|\bcalls\b|\bhits\b"),
)
"""The first that fits counts: `requests failed` are errors, `gpu memory` is the GPU's."""
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def kind_of(name: str) -> Kind:
    """What a metric measures, guessed where only its name is known."""
    words = " ".join(_CAMEL.sub(" ", name).lower().split())
    return next((kind for kind, pattern in _NAMES if re.search(pattern, words)), "other")


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One measure of one service, before and during; NaN is a sample that is not there."""

    service: str
    name: str
    kind: Kind
    normal: Floats
    abnormal: Floats
    unit: str = ""
    """As `units.shown` has them: "s", "share", "/s", "bytes" …; empty where it is not known."""

    @classmethod
    def guessed(cls, service: str, name: str, normal: Floats, abnormal: Floats) -> Metric:
        return cls(service, name, kind_of(name), normal, abnormal)


@dataclass(frozen=True, slots=True)
class LogDelta:
    """How often a pattern was logged, against what was to be expected in a window as long."""

    pattern: str
    expected: float
    seen: float
    bad: bool
    """An error by its level or by its words."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything known of one incident. What is None was not there to look at, and the answer says so."""

    services: Sequence[str]
    metrics: Sequence[Metric] = ()
    calls: Collection[tuple[str, str]] | None = None
    """(caller, callee)."""
    target: tuple[str, str] | None = None
    """The service that somebody asks about, and the name or the kind of the metric."""
    logs: Mapping[str, Sequence[LogDelta]] | None = None
    traces: tuple[Profile, Profile] | None = None
    """Before, and during."""
    changes: Sequence[Change] | None = None
    onset: datetime | None = None
    since: datetime | None = None
    """When the metric asked about went wrong, as others tell it: an onset near it is called by this, in words only."""
    start: datetime | None = None
    """When the abnormal samples begin: with `step`, what an unknown onset is found by."""
    step: float = 0.0
    missing: Sequence[str] = field(default=())
    """What the caller could not read, in words."""


_PLENTY: Final = 5.0


def log_deltas(
    before: Mapping[tuple[str, str], int],
    during: Mapping[tuple[str, str], int],
    bad: Collection[tuple[str, str]] = (),
) -> dict[str, list[LogDelta]]:
    """Counts by (service, pattern) of two windows that need not be of one length, nor of one traffic.

    How much was to be expected is scaled by the median growth of what is common to both: a fault changes a few
    patterns, the hour changes all.
    """
    ratios = [during[key] / count for key, count in before.items() if count >= _PLENTY and during.get(key, 0)]
    total = sum(during.values()) / max(1, sum(before.values()))
    scale = float(np.median(ratios)) if len(ratios) >= _PLENTY else total
    deltas: dict[str, list[LogDelta]] = {}
    for service, pattern in {**before, **during}:
        key = (service, pattern)
        delta = LogDelta(pattern, before.get(key, 0) * scale, during.get(key, 0), key in bad)
        deltas.setdefault(service, []).append(delta)
    return deltas
