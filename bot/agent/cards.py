"""Where approvals are shown. A card is only a view: it can be lost, and is posted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Card:
    """A message that shows an approval, as of `version`; `announced` once its end was told in the thread."""

    approval: str
    channel: str
    thread: str | None = None
    ts: str | None = None
    version: int = 0
    announced: bool = False


class CardStore(Protocol):
    """Keeps where cards are."""

    async def add(self, card: Card) -> None:
        """Keep it; one approval has one card in a channel."""
        ...

    async def of(self, approval_id: str) -> Sequence[Card]: ...

    async def shown(self, card: Card) -> None:
        """What the message shows now; an older version never replaces a newer one."""
        ...

    async def announce(self, card: Card) -> bool:
        """True for exactly one caller."""
        ...

    async def stale(self, limit: int = 100) -> Sequence[Card]:
        """Those that show an older version than there is, are not posted yet, or have not told how it ended."""
        ...
