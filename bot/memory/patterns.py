"""What was learned from how things went: confirmed outcomes and what people thought of them.

That no error came is no success: an operation counts when its outcome was confirmed, or somebody said that it helped.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.memory.relevance import clamped
from bot.ports import Json

MOST: Final = 5
FADES_IN: Final = timedelta(days=90)
ALIKE: Final = 0.15
"""A situation that is less alike says nothing."""
DOUBT: Final = 1.0
"""Outcomes that are assumed to have gone either way before any was seen."""


class Outcome(StrEnum):
    """How it went, as far as somebody or something has said so."""

    CONFIRMED = "confirmed"
    HELPED = "helped"
    UNKNOWN = "unknown"
    DID_NOT_HELP = "did not help"
    FAILED = "failed"


GOOD: Final = frozenset({Outcome.CONFIRMED, Outcome.HELPED})


@dataclass(frozen=True, slots=True)
class Pattern:
    """In this situation this was done, and so it went. `action` is an operation or a short sentence."""

    situation: str
    action: str
    outcome: Outcome
    features: Mapping[str, Json] = field(default_factory=dict)
    """Intent, service, environment, severity and the like."""

    @property
    def worth_learning(self) -> bool:
        return bool(self.situation.strip() and self.action.strip()) and self.outcome is not Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Past:
    """A pattern, how alike its situation is to the one at hand, and when it was."""

    action: str
    outcome: Outcome
    alike: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What may be done, why, and how sure that is."""

    action: str
    reason: str
    confidence: float
    source: str


def recommended(pasts: Iterable[Past], now: datetime, most: int = MOST) -> Sequence[Recommendation]:
    """One for each action: what went well when things were alike, weighed against what did not."""
    by_action: defaultdict[str, list[Past]] = defaultdict(list)
    for past in pasts:
        if past.alike >= ALIKE:
            by_action[" ".join(past.action.casefold().split())].append(past)
    found = [made for each in by_action.values() if (made := _of(each, now))]
    return sorted(found, key=lambda each: (-each.confidence, each.action))[:most]


def _of(pasts: Sequence[Past], now: datetime) -> Recommendation | None:
    good = [each for each in pasts if each.outcome in GOOD]
    if not good:
        return None
    weights = {id(each): clamped(each.alike) * math.exp(-max(timedelta(0), now - each.at) / FADES_IN) for each in pasts}
    won, all_of = sum(weights[id(each)] for each in good), sum(weights.values())
    nearest = max(good, key=lambda each: (each.alike, each.at))
    confidence = clamped(nearest.alike) * (won + DOUBT / 2) / (all_of + DOUBT)
    day = f"{nearest.at:%Y-%m-%d %H:%M} UTC"
    return Recommendation(
        nearest.action, f"Based on a similar situation on {day}", round(confidence, 4), "historical_pattern"
    )
