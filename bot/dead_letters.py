"""Work that could not be done: kept until somebody retries or discards it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.errors import Conflict, NotFound
from bot.ports import Clock, Json


class LetterState(StrEnum):
    """Open ones want a decision."""

    OPEN = "open"
    RETRIED = "retried"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was to be done, why it was not, and how often it was tried."""

    id: str
    kind: str
    payload: Json
    error: str
    attempts: int
    trace_id: str
    created_at: datetime
    state: LetterState = LetterState.OPEN
    version: int = 1
    closed_at: datetime | None = None
    closed_by: str | None = None
    note: str = ""


class DeadLetterStore(Protocol):
    """Keeps them; every move is a compare-and-swap."""

    async def add(self, letter: DeadLetter) -> None:
        """Keep it; an id that is kept already changes nothing."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None: ...

    async def find(self, state: LetterState | None, limit: int) -> Sequence[DeadLetter]: ...

    async def swap(self, before: DeadLetter, after: DeadLetter) -> bool: ...


Retry = Callable[[DeadLetter], Awaitable[None]]


class DeadLetters:
    """The box of them. Each kind of work says once how it is taken up again."""

    def __init__(self, store: DeadLetterStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._retries: dict[str, Retry] = {}

    def handle(self, kind: str, retry: Retry) -> None:
        self._retries[kind] = retry

    async def put(
        self, kind: str, payload: Json, error: str, *, attempts: int, trace_id: str, letter_id: str = ""
    ) -> DeadLetter:
        """`letter_id` makes it idempotent: the same failure, told twice, is one letter."""
        letter = DeadLetter(
            letter_id or f"dl-{uuid.uuid4().hex[:12]}", kind, payload, error, attempts, trace_id, self._clock()
        )
        await self._store.add(letter)
        return letter

    async def find(self, state: LetterState | None = LetterState.OPEN, limit: int = 50) -> Sequence[DeadLetter]:
        return await self._store.find(state, limit)

    async def retry(self, letter_id: str, by: str) -> DeadLetter:
        """Take the work up again; the letter is closed first, so that two people do not retry it twice."""
        letter = await self._open(letter_id)
        if letter.kind not in self._retries:
            raise Conflict(
                f"nothing here can retry {letter.kind!r}", mend="Start the part of the bot that does, or discard it."
            )
        closed = await self._close(letter, LetterState.RETRIED, by, "")
        try:
            await self._retries[letter.kind](letter)
        except BaseException:
            await self._store.swap(closed, replace(letter, version=closed.version + 1))
            raise
        return closed

    async def discard(self, letter_id: str, by: str, note: str) -> DeadLetter:
        return await self._close(await self._open(letter_id), LetterState.DISCARDED, by, note)

    async def _open(self, letter_id: str) -> DeadLetter:
        letter = await self._store.get(letter_id)
        if letter is None:
            raise NotFound(
                f"there is no dead letter {letter_id[:80]!r}", mend="`dead_letters.list` shows those that are open."
            )
        if letter.state is not LetterState.OPEN:
            raise Conflict(f"dead letter {letter.id} was {letter.state} already, by {letter.closed_by}")
        return letter

    async def _close(self, letter: DeadLetter, state: LetterState, by: str, note: str) -> DeadLetter:
        closed = replace(
            letter, state=state, closed_by=by, closed_at=self._clock(), note=note, version=letter.version + 1
        )
        if not await self._store.swap(letter, closed):
            raise Conflict(f"somebody else has just dealt with dead letter {letter.id}; nothing was changed")
        return closed
