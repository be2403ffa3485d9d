"""What thinking costs: looked at before each call of a model, and booked after it, however it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from bot.guard.rules import Budgets
from bot.ports import Clock

OPERATION: Final = "model"
"""Under this name the ledger has it."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is spent of the budget that is closest to its end; `whose` names it, as "this channel"."""

    spent: float
    limit: float
    whose: str = "this workspace"

    @property
    def share(self) -> float:
        return self.spent / self.limit if self.limit else 1.0

    @property
    def words(self) -> str:
        return f"${self.spent:.2f} of ${self.limit:.2f} today"


class Ledger(Protocol):
    """Where money is booked, and how much of it there is."""

    async def book(
        self,
        person: str,
        channel: str | None,
        workspace: str | None,
        operation: str,
        usd: float,
        tokens: int,
        trace_id: str,
    ) -> None: ...

    async def room(self, person: str, channel: str | None, workspace: str | None) -> Room | None:
        """None where there is no budget."""
        ...


class Costs(Protocol):
    """The rows of what was spent."""

    async def book(
        self,
        *,
        at: datetime,
        person: str,
        channel: str | None,
        workspace: str | None,
        operation: str,
        usd: float,
        tokens: int,
        trace_id: str,
    ) -> None: ...

    async def spent(self, scopes: Sequence[str], since: datetime) -> Mapping[str, float]: ...


class DailyLedger:
    """The ledger of an installation, by the budgets of its policies file; a day begins at midnight UTC."""

    def __init__(self, costs: Costs, budgets: Budgets, clock: Clock) -> None:
        self._costs = costs
        self._budgets = budgets
        self._clock = clock

    async def book(
        self,
        person: str,
        channel: str | None,
        workspace: str | None,
        operation: str,
        usd: float,
        tokens: int,
        trace_id: str,
    ) -> None:
        await self._costs.book(
            at=self._clock(),
            person=person,
            channel=channel,
            workspace=workspace,
            operation=operation,
            usd=usd,
            tokens=tokens,
            trace_id=trace_id,
        )

    async def room(self, person: str, channel: str | None, workspace: str | None) -> Room | None:
        scopes = (
            ("person", person, self._budgets.person_usd),
            ("channel", channel, self._budgets.channel_usd),
            ("workspace", workspace, self._budgets.workspace_usd),
        )
        limits = {(kind, f"{kind}:{name}"): limit for kind, name, limit in scopes if name and limit is not None}
        if not limits:
            return None
        midnight = self._clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        spent = await self._costs.spent([scope for _, scope in limits], midnight)
        rooms = [Room(spent.get(scope, 0.0), limit, f"this {kind}") for (kind, scope), limit in limits.items()]
        return max(rooms, key=lambda room: room.share)


def used_up(room: Room) -> str:
    return f"the budget of {room.whose} for language models is used up ({room.words})"


def warning(room: Room) -> str:
    return f"{room.share:.0%} of the budget of {room.whose} is used ({room.words})."
