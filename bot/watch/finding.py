"""What a scan finds: one event over many samples, with what, since when, how far from expected, and how sure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

Direction = Literal["high", "low", ""]


class Family(StrEnum):
    """In what way something is not as it was, or not as it was asked to be."""

    DEVIATION = "deviation"
    TREND = "trend"
    VARIANCE = "variance"
    FLAT = "flat"
    ABSENCE = "absence"
    THRESHOLD = "threshold"
    CHANGE = "change"
    PATTERN = "pattern"
    EDGE = "edge"
    BURN = "burn"
    OUTSIDE = "outside"
    """Somebody else's alert: Alertmanager's."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What it is about. `signal` is a metric of the vocabulary, or "logs", "traces", "slo", an alert's name."""

    service: str
    environment: str
    signal: str
    detail: str = ""
    """What tells it apart from others of that signal: a pattern, an edge, an objective, an instance."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.service, self.signal, self.detail) if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """Open until `ended`. Two of one subject, family and direction are the same one, seen again."""

    subject: Subject
    family: Family
    direction: Direction
    since: datetime
    seen: datetime
    """The last sample that showed it."""
    words: str
    """A clause that follows the subject: "p95 is 1.9 s, usual is 0.45 s"."""
    value: float | None = None
    expected: float | None = None
    unit: str = ""
    size: float = 0.0
    """How far out, comparable over signals: surprise (-log10 of how often chance gives as much), or times a limit."""
    sure: float = 0.5
    watch: str = ""
    """The id of the watch that found it."""
    ended: datetime | None = None
    query: str = ""

    @property
    def key(self) -> tuple[str, Subject, Family, Direction]:
        return (self.watch, self.subject, self.family, self.direction)

    @property
    def open(self) -> bool:
        return self.ended is None

    def seen_again(self, other: Finding) -> Finding:
        """Later news of the same: it began when it began, and keeps its worst size."""
        if self.ended and not other.ended:
            return other
        return replace(other, since=min(self.since, other.since), size=max(self.size, other.size))
