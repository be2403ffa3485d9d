"""What a turn gives back, one after the other; a face renders each kind by a presenter of its own.

Texts are Markdown of our own making: whatever comes from outside is a value in a table, a fact or an outcome,
and each face escapes those in its own way. A plug-in brings a kind of its own by a subclass of `Event`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from bot.door.outcomes import Outcome
from bot.ports import Json

Progress = Literal["pending", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """The base of every kind."""


@dataclass(frozen=True, slots=True)
class Text(Event):
    """A piece of the answer in Markdown; pieces are joined as they come."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Plan(Event):
    """The name of what is being worked on."""

    title: str


@dataclass(frozen=True, slots=True)
class Task(Event):
    """A step of the work; the newest event of an id counts."""

    id: str
    title: str
    state: Progress = "running"
    details: str = ""


@dataclass(frozen=True, slots=True)
class Result(Event):
    """What came out of the door for an operation."""

    outcome: Outcome
    title: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table(Event):
    """Rows that people read in columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    most: int = 99
    """Rows that are worth the room at first; all of them are a press away."""


@dataclass(frozen=True, slots=True)
class Picture(Event):
    """A chart; `alt` says what is seen."""

    png: bytes
    title: str
    alt: str


@dataclass(frozen=True, slots=True)
class Facts(Event):
    """Where the numbers come from: window, time zone, environment, freshness, source; and the query that was run."""

    items: tuple[tuple[str, str], ...] = ()
    query: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on: by words, or by an operation that is run or whose form is opened."""

    label: str
    say: str = ""
    operation: str = ""
    values: Mapping[str, Json] = field(default_factory=dict)
    form: bool = False


@dataclass(frozen=True, slots=True)
class Choices(Event):
    """A question with answers to press, or suggestions of what to do next."""

    choices: tuple[Choice, ...]
    question: str = ""


@dataclass(frozen=True, slots=True)
class FormWanted(Event):
    """The operation is clear, and values are missing or want to be confirmed."""

    operation: str
    title: str
    values: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trouble(Event):
    """The turn itself went wrong."""

    message: str
    mend: str = ""
    reference: str = ""


@runtime_checkable
class Telling(Protocol):
    """An output that has more to show than names and values: a table, a picture, a query, ways to go on."""

    def tell(self, now: datetime) -> AsyncIterator[Event]: ...
