"""What is answered: suspects in order, what speaks for and against each, and who only looks guilty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Source = Literal["metrics", "logs", "traces", "topology", "change"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason, in words and in numbers."""

    kind: Source
    weight: float
    words: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A service that may be the cause. A correlation, however confident, until somebody has looked."""

    service: str
    score: float
    confidence: float
    """0 … 1; near-equal suspects share it."""
    for_: tuple[Evidence, ...] = ()
    against: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A service that looks unwell because of another one."""

    service: str
    reason: str
    because_of: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer."""

    suspects: tuple[Suspect, ...]
    ruled_out: tuple[RuledOut, ...] = ()
    missing: tuple[str, ...] = ()
    onset: datetime | None = None

    @property
    def ranking(self) -> list[str]:
        return [suspect.service for suspect in self.suspects]
