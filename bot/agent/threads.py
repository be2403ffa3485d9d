"""The thread that a request belongs to: what was said in it before, by whom, and that this turn is added to it.

Rows are only added: people who speak at once lose nothing. A thread is one conversation whoever speaks in it, and
everybody speaks with their own rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from bot.agent.request import Request
from bot.door.outcomes import Origin
from bot.memory.store import Where
from bot.memory.tokens import tokens
from bot.ports import Clock

KEPT: Final = timedelta(days=30)
FRESH: Final = timedelta(hours=1)
"""In a place without threads (a DM, a terminal), what was said longer ago is another conversation."""
MOST: Final = 40
"""Earlier messages that a turn looks at; a model is given more of them, compressed, by the memory."""
BOT: Final = "bot"
ALONE: Final = frozenset({"command", "home", "modal", "terminal"})
"""Surfaces without threads, on which one person alone sees the answer."""
Standing = Literal["done", "asked", "waiting", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Session:
    """One thread, whoever speaks in it."""

    id: str
    workspace: str
    channel: str
    thread: str
    opened_by: str
    created_at: datetime
    last_activity: datetime
    expires_at: datetime
    project: str | None = None
    context: dict[str, Any] = field(default_factory=dict)
    token_count: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Message:
    """What one of them said. `meta` is no place for what they said: it is not sealed."""

    author: str
    role: Literal["user", "assistant", "system"]
    content: str
    created_at: datetime
    meta: Mapping[str, Any] = field(default_factory=dict)
    token_count: int = 0
    slack_ts: str | None = None


class ThreadStore(Protocol):
    """Keeps threads and what was said in them."""

    async def open(
        self, workspace: str, channel: str, thread: str, *, by: str, now: datetime, expires_at: datetime
    ) -> Session: ...

    async def ask(
        self, workspace: str, channel: str, thread: str, message: Message, *, expires_at: datetime
    ) -> tuple[Session, int]:
        """Open it and say something in it; where in it that is."""
        ...

    async def find(self, workspace: str, channel: str, thread: str) -> Session | None: ...

    async def say(self, session_id: str, message: Message) -> None: ...

    async def page(self, session_id: str, before: int | None, limit: int) -> tuple[Sequence[Message], int | None]:
        """The newest before a place, oldest first, and the place before which to go on."""
        ...


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread, and where in it a turn begins."""

    session: Session
    asked: int | None


@dataclass(frozen=True, slots=True)
class Key:
    """Where a conversation takes place."""

    workspace: str
    channel: str
    thread: str

    @classmethod
    def of(cls, origin: Origin, person: str) -> Key:
        """What only one person sees is a conversation of their own, wherever it takes place."""
        thread = f"{origin.surface}:{person}" if origin.surface in ALONE else origin.thread or ""
        return cls(origin.workspace or "", origin.channel or origin.surface, thread)


class Threads:
    """Opens threads, and adds to them."""

    def __init__(self, store: ThreadStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def open(self, request: Request) -> Thread:
        """The thread of a turn that goes on."""
        now, key = self._clock(), Key.of(request.origin, request.actor.id)
        session = await self._store.open(
            key.workspace, key.channel, key.thread, by=request.actor.id, now=now, expires_at=now + KEPT
        )
        return Thread(session, None)

    async def asked(self, request: Request, text: str) -> Thread:
        """The thread of a turn that begins, with what was asked added to it."""
        now, key = self._clock(), Key.of(request.origin, request.actor.id)
        said = Message(request.actor.id, "user", text, now, token_count=tokens(text))
        return Thread(*await self._store.ask(key.workspace, key.channel, key.thread, said, expires_at=now + KEPT))

    async def earlier(self, thread: Thread, request: Request) -> tuple[Message, ...]:
        """What was said before it."""
        return await self._earlier(thread.session, thread.asked, request)

    async def so_far(self, request: Request) -> tuple[Message, ...]:
        """What was said before it; to look begins no thread."""
        key = Key.of(request.origin, request.actor.id)
        session = await self._store.find(key.workspace, key.channel, key.thread)
        return await self._earlier(session, None, request) if session else ()

    async def _earlier(self, session: Session, before: int | None, request: Request) -> tuple[Message, ...]:
        earlier, _ = await self._store.page(session.id, before, MOST)
        if request.origin.thread and request.origin.surface != "terminal":
            return tuple(earlier)
        return tuple(each for each in earlier if self._clock() - each.created_at < FRESH)

    async def answered(self, thread: Thread, text: str, how: Standing) -> None:
        """Also what went wrong: a turn that failed is remembered as one."""
        said = Message(BOT, "assistant", text, self._clock(), {"standing": how}, tokens(text))
        await self._store.say(thread.session.id, said)


def where_of(request: Request, thread: Thread) -> Where:
    """Where the memory looks from in a turn."""
    return where_from(request.origin, request.actor.id, thread.session.id)


def where_from(origin: Origin, person: str, session: str | None = None) -> Where:
    """Where the memory looks from; what only one person reads is private to them."""
    key = Key.of(origin, person)
    private = origin.surface in ALONE | {"dm", "assistant"}
    return Where(key.workspace, key.channel, key.thread, person, private, session)
