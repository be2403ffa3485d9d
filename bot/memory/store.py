"""What is remembered, where it belongs, and who keeps it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.memory.relevance import IMPORTANCES, Kind
from bot.ports import Json

LEARNED: Final = "learned:"
REMEMBER: Final = "remember"
"""The preference by which a person lets the bot keep what concerns them beyond a conversation. Off unless set."""


class Tier(StrEnum):
    """How long it is kept: as the thread is, for a week, or until it is forgotten."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Where:
    """Who speaks, and where. `private` is a place that nobody else reads: a DM.

    `session` is the id of the thread's session; what is kept with it goes when it goes.
    """

    workspace: str
    channel: str
    thread: str = ""
    person: str = ""
    private: bool = False
    session: str | None = None

    @property
    def in_thread(self) -> str:
        return f"thread:{self.workspace}:{self.channel}:{self.thread}"

    @property
    def lasting(self) -> str:
        """Where something belongs that outlives its thread: to the person in private, to the channel elsewhere."""
        return f"person:{self.workspace}:{self.person}" if self.private else f"channel:{self.workspace}:{self.channel}"

    @property
    def learned(self) -> str:
        """Patterns, preferences and corrections, apart from what is said from day to day."""
        return f"{LEARNED}{self.lasting}"

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that may be seen from here; nobody's private memory is seen in a channel."""
        around = replace(self, private=False)
        return tuple(dict.fromkeys((self.in_thread, self.lasting, self.learned, around.lasting, around.learned)))


@dataclass(frozen=True, slots=True)
class Item:
    """Something worth remembering. `meta` is sealed like the text; `author` is a person, or nobody."""

    kind: Kind
    text: str
    author: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)
    importance: float | None = None

    @property
    def weight(self) -> float:
        return IMPORTANCES[self.kind] if self.importance is None else self.importance


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An item as it is kept. `source` is the item that this one was promoted from."""

    kind: Kind
    tier: Tier
    scope: str
    text: str
    tokens: int
    importance: float
    created_at: datetime
    author: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)
    expires_at: datetime | None = None
    session: str | None = None
    source: int | None = None
    vector: NDArray[np.float16] | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A candidate, and how well its words fit what was asked, from 0 to 1."""

    item: Kept
    lexical: float


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a thread, with its tokens as they were counted when it was said."""

    author: str
    role: Literal["user", "assistant", "system"]
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class SaidPage:
    """Some messages, oldest first; `before` leads to earlier ones, None where there are none."""

    messages: Sequence[Said]
    before: int | None


class MemoryStore(Protocol):
    """Keeps items. Rows are only added, so that what is said at once loses nothing."""

    async def add(self, items: Sequence[Kept], *, forms: bool = False) -> Sequence[int]:
        """Their ids. What belongs to a session that is gone is not kept.

        With `forms` they are one thing in several forms, and the first that is kept is the source of the others.
        """
        ...

    async def search(self, scopes: Sequence[str], terms: Collection[str], now: datetime) -> Sequence[Found]:
        """A bounded number of candidates: those that share rare terms, and the newest of each scope."""
        ...

    async def newest(self, scope: str, kinds: Collection[Kind], now: datetime, limit: int) -> Sequence[Kept]: ...

    async def of(self, person: str, kinds: Collection[Kind] = (), limit: int = 100_000) -> Sequence[Kept]:
        """What is theirs, the newest first."""
        ...

    async def count(self, scope: str, kind: Kind, since: datetime) -> int: ...

    async def consents(self, person: str) -> bool: ...

    async def forget(self, person: str, tiers: Collection[Tier] = tuple(Tier)) -> int:
        """Delete what is theirs, with all that was made of it."""
        ...

    async def drop(self, item: int, scopes: Collection[str]) -> bool:
        """Delete one, if it belongs there."""
        ...

    async def expire(self, now: datetime) -> int:
        """Drop what is due, and what outlived its session by a consent that was taken back."""
        ...

    async def page(self, session: str, before: int | None, limit: int) -> SaidPage: ...
