"""What was understood of a sentence: plain data, between those who understand and those who act on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.ports import Json

Mood = Literal["request", "how", "hypothetical", "negated"]
"""Only a request may lead to something that acts: "how do I roll back?" and "don't deploy yet" are none."""
Source = Literal["said", "thread", "reference"]
"""Where a value comes from: this sentence, an earlier one of the thread, or a word that points at one ("it")."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that is named, in its normal form, as it was written, and where; `span` is in the raw text."""

    type: str
    value: Json
    text: str = ""
    span: tuple[int, int] = (0, 0)
    confidence: float = 1.0
    source: Source = "said"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that stands where a name would, and is none that we know; `near` are those that it is like."""

    type: str
    text: str
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that may be meant, and how sure that is, from 0 to 1."""

    operation: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier turn of the thread; `understood` where that was kept, so that it is not understood again."""

    role: Literal["user", "bot"]
    text: str
    author: str = ""
    understood: Understanding | None = None


@dataclass(frozen=True, slots=True)
class Understanding:
    """One request. `entities` are what this sentence names; `holds` adds what earlier ones fixed."""

    raw: str
    intent: str
    operation: str
    confidence: float
    entities: tuple[Entity, ...] = ()
    holds: tuple[Entity, ...] = ()
    mood: Mood = "request"
    needs_clarification: bool = False
    missing: tuple[str, ...] = ()
    """Types of the entities that are wanted and were not said."""
    question: str = ""
    options: tuple[str, ...] = ()
    """Answers to the question that can be pressed; each is a whole answer in words."""
    candidates: tuple[Candidate, ...] = ()
    """Best first, the chosen one among them."""
    unknown: tuple[Unknown, ...] = ()
    further: tuple[Understanding, ...] = ()
    """Where one message asks for several things: the others, in order."""
    evidence: tuple[str, ...] = ()
    """Why, for people: one short line each."""

    def values(self, kind: str, *, said: bool = False) -> list[Json]:
        return [each.value for each in (self.entities if said else self.holds) if each.type == kind]

    def value(self, kind: str) -> Json:
        """The first one that holds; None where there is none."""
        return next(iter(self.values(kind)), None)
