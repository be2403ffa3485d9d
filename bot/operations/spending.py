"""What the bot itself has cost: for you, for this channel, for the workspace, and against which ceilings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.agent.events import Event, Table, Text
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.guard.rules import Budgets

WARNED: Final = 0.8
MONTH: Final = timedelta(days=30)


class Spent(Output):
    """One line of the ledger, summed up."""

    usd: float = 0.0
    tokens: int = 0


class SpendingBook(Protocol):
    """The ledger, read."""

    async def spent(self, scopes: Sequence[str], since: datetime) -> Mapping[str, float]:
        """Dollars by scope, as `person:U1`."""
        ...

    async def by_operation(self, scope: str, since: datetime) -> Mapping[str, Spent]:
        """What one of them spent it on, the dearest first."""
        ...


class NoInput(Input):
    """Takes nothing."""


class Account(Output):
    """One ceiling, and how much of it is used."""

    whose: str
    today: float
    ceiling: float | None
    month: float

    @property
    def share(self) -> float:
        return self.today / self.ceiling if self.ceiling else 0.0


class SpendingOutput(Output):
    """The accounts that concern whoever asks."""

    summary: str
    accounts: tuple[Account, ...]
    on: Mapping[str, Spent]

    async def tell(self, now: datetime) -> AsyncIterator[Event]:  # noqa: ARG002
        yield Text(self.summary)
        rows = tuple(
            (each.whose, _dollars(each.today), _dollars(each.ceiling) if each.ceiling else "none", _dollars(each.month))
            for each in self.accounts
        )
        yield Table("Spent", ("Whose", "Today", "Ceiling a day", "30 days"), rows, frozenset({1, 2, 3}))
        if self.on:
            lines = tuple((name, _dollars(each.usd), f"{each.tokens:,}") for name, each in self.on.items())
            yield Table("What you spent it on, 30 days", ("On", "Dollars", "Tokens"), lines, frozenset({1, 2}))


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 0.01 or not usd else f"${usd:.4f}"  # noqa: PLR2004


@operation(
    "spending.show",
    title="What I have cost",
    permission="help:read",
    examples=("cost", "budget", "what have you cost?", "how much of my budget is left?", "what do you cost us?"),
)
async def show(_: NoInput, context: Context) -> SpendingOutput:
    """What talking to me has cost: today against the ceilings, and over 30 days. Rules and telemetry cost nothing."""
    book, budgets, origin = context.get(SpendingBook), context.get(Budgets), context.origin
    scopes = {f"person:{context.identity.id}": ("you", budgets.person_usd)}
    if origin.channel:
        scopes[f"channel:{origin.channel}"] = ("this channel", budgets.channel_usd)
    if origin.workspace:
        scopes[f"workspace:{origin.workspace}"] = ("the workspace", budgets.workspace_usd)
    midnight = context.now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = await book.spent(tuple(scopes), midnight)
    month = await book.spent(tuple(scopes), context.now - MONTH)
    accounts = tuple(
        Account(whose=whose, today=today.get(scope, 0.0), ceiling=ceiling, month=month.get(scope, 0.0))
        for scope, (whose, ceiling) in scopes.items()
    )
    on = await book.by_operation(f"person:{context.identity.id}", context.now - MONTH)
    return SpendingOutput(summary=_said(accounts), accounts=accounts, on=on)


def _said(accounts: Sequence[Account]) -> str:
    mine = accounts[0]
    near = [each for each in accounts if each.share >= WARNED]
    said = f"You have spent {_dollars(mine.today)} today and {_dollars(mine.month)} in 30 days."
    if not mine.month:
        said = "You have cost nothing yet: rules and telemetry are free, only a language model costs."
    warned = "; ".join(f"{each.whose} used {each.share:.0%} of {_dollars(each.ceiling or 0)}" for each in near)
    return f"{said} Mind the ceilings: {warned}." if warned else said
