"""How much an item matters to a question: what it says, how fresh it is, and what kind of thing it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

SEMANTIC, RECENCY, IMPORTANCE = 0.50, 0.30, 0.20
FADES_IN: Final = timedelta(hours=24)


class Kind(StrEnum):
    """What an item is."""

    MESSAGE = "message"
    ANSWER = "answer"
    SUMMARY = "summary"
    FINDING = "finding"
    OPERATION = "operation"
    PREFERENCE = "preference"
    PATTERN = "pattern"
    CORRECTION = "correction"
    DECISION = "decision"
    APPROVAL = "approval"
    INCIDENT = "incident"


IMPORTANCES: Final[Mapping[Kind, float]] = {
    Kind.MESSAGE: 0.2,
    Kind.ANSWER: 0.3,
    Kind.SUMMARY: 0.5,
    Kind.FINDING: 0.6,
    Kind.OPERATION: 0.6,
    Kind.PREFERENCE: 0.7,
    Kind.PATTERN: 0.7,
    Kind.CORRECTION: 0.8,
    Kind.DECISION: 0.8,
    Kind.APPROVAL: 0.9,
    Kind.INCIDENT: 1.0,
}
IMPORTANT: Final = 0.6
"""From here on, an item outlives its thread."""


def clamped(value: float) -> float:
    """To [0, 1]; what is no number counts as nothing."""
    return min(1.0, max(0.0, value)) if value == value else 0.0  # noqa: PLR0124  NaN is the one that differs from itself


def relevance(semantic: float, age: timedelta, importance: float) -> float:
    fresh = math.exp(-(max(timedelta(0), age) / FADES_IN))
    return SEMANTIC * clamped(semantic) + RECENCY * fresh + IMPORTANCE * clamped(importance)
