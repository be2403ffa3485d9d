"""What goes into a thought and what comes out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.agent.events import Event
from bot.agent.model import Usage
from bot.agent.request import Request
from bot.agent.thinking.hypotheses import Hypothesis
from bot.agent.threads import Message
from bot.door.outcomes import Outcome
from bot.guard.people import Identity
from bot.ports import Json

Tell = Callable[[Event], Awaitable[None]]
How = Literal["answered", "waiting", "steps", "tokens", "time", "money", "refused", "unavailable", "cancelled"]
"""How a thought ends: with an answer, at an approval, at one of its limits, or without a model.

After `unavailable` with no text, nothing was said or done: whoever asked may answer in another way.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was looked up beforehand, in memory or knowledge: data, whatever it says."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an approval that a thought waited for; `how` is in words ("approved", "rejected: too late")."""

    approval: str
    how: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Resumption:
    """A thought that waited goes on: `state` is its `suspended`."""

    state: Mapping[str, Json]
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with what is known around it.

    `history` is the thread so far, oldest first; a person's private memory is put into `context` only where nobody
    else reads along. `facts` are short lines of our own: time zone, usual environment, what the rules understood.
    """

    request: Request
    identity: Identity
    text: str
    context: Sequence[Source] = ()
    history: Sequence[Message] = ()
    facts: Sequence[str] = ()
    resume: Resumption | None = None
    stop: asyncio.Event | None = None
    """Set, it ends the thought where it is: reads stop, a change that has begun goes on as a run."""


@dataclass(frozen=True, slots=True)
class Thought:
    """An answer, and what it rests on."""

    text: str
    ending: How
    usage: Usage = field(default_factory=Usage)
    steps: int = 0
    waiting: tuple[str, ...] = ()
    suspended: Mapping[str, Json] | None = None
    unsupported: tuple[str, ...] = ()
    """Numbers of the answer that no result of this turn has."""
    hypotheses: tuple[Hypothesis, ...] = ()
    model: str = ""
