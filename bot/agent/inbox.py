"""What comes from outside, kept before it is acknowledged: nothing is lost, and nothing is handled twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

LETTERS: Final = "slack-delivery"
"""The kind of dead letter that a delivery becomes."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event; `id` is the same however often it is delivered.

    `attempts` is how often handling it was begun; `again` says that it was left behind by a process that is gone.
    """

    id: str
    kind: str
    payload: dict[str, Any]
    received_at: datetime
    attempts: int = 1
    again: bool = False


class Inbox(Protocol):
    """Keeps deliveries; each is claimed by one replica at a time."""

    async def add(self, deliveries: Sequence[Delivery], replica: str) -> frozenset[str]:
        """Keep them, claimed by `replica`; returns the ids that were not there before."""
        ...

    async def done(self, ids: Sequence[str], now: datetime) -> None:
        """Handled; their content is dropped, their ids stay until `purge`."""
        ...

    async def again(self, delivery_id: str) -> int:
        """Count one more attempt; returns how many there were."""
        ...

    async def reopen(self, delivery: Delivery, replica: str) -> None:
        """Keep it anew, as if it had not been handled."""
        ...

    async def adopt(self, replica: str, live: Collection[str], limit: int = 100) -> Sequence[Delivery]:
        """Claim what replicas that are gone left open, oldest first."""
        ...

    async def waiting(self) -> int: ...

    async def purge(self, before: datetime) -> int: ...
