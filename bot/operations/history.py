"""What somebody asked before, and what it led to: to find it again, and to ask it again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final

from pydantic import Field

from bot.agent.events import Choice, Choices, Event
from bot.agent.threads import ALONE, where_from
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.registry import AnyOperation, Registry
from bot.guard.risk import Risk
from bot.memory.memory import Command, Memory
from bot.memory.store import Where
from bot.observatory.told import Grid, Told
from bot.operations.memory import LET, moment, short
from bot.ports import Json

LOOKED: Final = 500
MOST_AGAIN: Final = 5
ABOUT_ITSELF: Final = frozenset({"history", "memory"})
"""Looking back is nothing that one looks back for."""
ENDED: Final[Mapping[str, str]] = {
    "done": "done",
    "waiting": "waited for approval",
    "refused": "was refused",
    "failed": "did not work",
}
THIS_ONE: Final = (
    "This is of this conversation only: you do not let me remember more. “Remember from now on”, here or on my Home, "
    "changes that."
)
HERE: Final = "Others read along here, so this is of this channel only. Ask me in a direct message for all of it."


class ListInput(Input):
    """What to look for."""

    text: str = Field("", description="Only what holds these words.", max_length=200)
    limit: int = Field(20, description="How many at most.", ge=1, le=100)


class CommandView(Output):
    """A request; `values` are those it was run with."""

    at: datetime
    asked: str
    operation: str
    title: str
    values: Mapping[str, Json]
    outcome: str
    again: Choice | None = None


class History(Told):
    """What was asked, the newest first."""

    consent: bool = False
    commands: tuple[CommandView, ...] = ()

    async def tell(self, now: datetime) -> AsyncIterator[Event]:
        async for event in super().tell(now):
            yield event
        again = {each.again.label: each.again for each in reversed(self.commands) if each.again}
        if again:
            yield Choices(tuple(again.values())[::-1][:MOST_AGAIN], "Ask one of them again:")
        if not self.consent:
            yield Choices((LET,))


@operation(
    "history.list",
    title="My history",
    permission="preferences:own",
    examples=("my history", "what did I ask before?", "what have I asked you lately?", "my last commands"),
)
async def list_history(wanted: ListInput, context: Context) -> History:
    """What you asked me, when, and how it ended, the newest first; a press asks one of them again."""
    memory, who = context.get(Memory), context.identity
    consent, where = await memory.consent(who.id), where_from(context.origin, who.id)
    known = {each.name: each for each in context.get(Registry)}
    words = wanted.text.casefold().split()
    found = [
        each
        for each in await memory.history(who.id, LOOKED)
        if each.operation.partition(".")[0] not in ABOUT_ITSELF
        and _belongs(each, where, consent=consent)
        and all(word in f"{each.asked} {each.operation}".casefold() for word in words)
    ]
    shown = tuple(_view(each, known.get(each.operation)) for each in found[: wanted.limit])
    about = f" with “{short(wanted.text)}”" if wanted.text else ""
    return History(
        summary=_summary(len(found), about),
        findings=() if where.private and consent else (HERE,) if consent else (THIS_ONE,),
        grid=Grid(
            columns=("when", "what you asked", "what I did", "how it ended"),
            rows=tuple(
                (moment(each.at, who.timezone), short(each.asked), each.title, ENDED.get(each.outcome, each.outcome))
                for each in shown
            ),
        ),
        consent=consent,
        commands=shown,
    )


def _belongs(each: Command, where: Where, *, consent: bool) -> bool:
    """Without consent, to this conversation; where others read along, to what they could read before."""
    if (each.workspace, each.channel, each.thread) == (where.workspace, where.channel, where.thread):
        return True
    if where.private or not consent:
        return consent
    alone = each.thread.partition(":")[0] in ALONE
    return (each.workspace, each.channel) == (where.workspace, where.channel) and not alone


def _view(each: Command, found: AnyOperation | None) -> CommandView:
    return CommandView(
        at=each.at,
        asked=each.asked,
        operation=each.operation,
        title=found.title if found else each.operation,
        values=each.values,
        outcome=each.outcome,
        again=_again(each, found) if found else None,
    )


def _again(each: Command, found: AnyOperation) -> Choice:
    """The same words; what was pressed and not said is run with its values, or its form opened if it changes things."""
    label = short(each.asked)
    if each.asked != found.title:
        return Choice(label, say=each.asked)
    return Choice(label, operation=found.name, values=each.values, form=found.risk is not Risk.READ)


def _summary(total: int, about: str) -> str:
    if not total:
        return f"I know of nothing that you asked{about}."
    return f"You asked {'once' if total == 1 else f'{total:,} times'}{about}."
