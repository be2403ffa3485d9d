"""What waits for a word: a request that lacks something, or an investigation that came to a gate.

A row, so that it survives whoever was asked; taken exactly once, by the one who answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from bot.agent.threads import Key
from bot.ports import Json

PATIENCE: Final = timedelta(hours=1)
"""After so long, an answer to a question is a new sentence."""
AT_A_GATE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Suspended:
    """`about` is the approval that it waits for; a question waits for `person` to answer it in `where`."""

    kind: Literal["question", "approval"]
    where: Key
    person: str
    payload: Mapping[str, Json] = field(default_factory=dict)
    about: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None


class SuspendedStore(Protocol):
    """Keeps what waits; a new question to somebody in a thread replaces the one before."""

    async def put(self, waiting: Suspended) -> None: ...

    async def question(self, where: Key, person: str, now: datetime) -> Suspended | None:
        """The question that somebody was asked there, if it still stands."""
        ...

    async def settle(self, where: Key, person: str) -> bool:
        """The question was answered, or given up; True for exactly one caller."""
        ...

    async def at_gates(self, limit: int = 100) -> Sequence[Suspended]:
        """What waits for approvals, the oldest first."""
        ...

    async def gate(self, approval: str) -> Suspended | None: ...

    async def claim(self, approval: str, replica: str, live: Collection[str]) -> Suspended | None:
        """What waited for it, given to one replica that lives; to another when that one has died over it."""
        ...

    async def done(self, approval: str) -> None: ...

    async def purge(self, now: datetime) -> int: ...
