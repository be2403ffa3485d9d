"""What the bot remembers of somebody: looking at it, and having it forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from pydantic import Field

from bot.agent.events import Choice, Choices, Event
from bot.agent.threads import where_from
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import NotFound
from bot.guard.risk import Risk
from bot.language.ranges import zone
from bot.memory.memory import Memory
from bot.memory.relevance import Kind
from bot.memory.store import Kept, Tier
from bot.observatory.told import Grid, Told

NEWEST: Final = 20
MOST_TEXT: Final = 120
STAYS: Final = {
    Tier.SHORT: "as long as its conversation",
    Tier.MEDIUM: "for a week",
    Tier.LONG: "for a year",
}
ONLY_HERE: Final = "Others read along here, so I show only what belongs here. Ask me in a direct message for the rest."
MAY: Final = "You let me remember what we did beyond a conversation."
MAY_NOT: Final = (
    "You do not let me remember anything beyond its conversation. “Remember from now on”, here or on my Home, changes "
    "that."
)
STAYING: Final = (
    "What was said stays in its conversation for up to 30 days. An administrator can erase all that is held about you."
)
LET: Final = Choice("Remember from now on", operation="preferences.set", values={"remember": True})
STOP: Final = Choice("Remember no more", operation="preferences.set", values={"remember": False}, form=True)
FORGET: Final = Choice("Forget everything", operation="memory.forget", form=True)


class NoInput(Input):
    """Takes nothing."""


class ItemView(Output):
    """Something that is remembered, by the id that `memory.forget` takes."""

    id: int
    at: datetime
    kind: Kind
    kept: Tier
    text: str


class CountView(Output):
    """How much there is of a kind that is kept for so long."""

    kind: Kind
    kept: Tier
    items: int


class Remembered(Told):
    """What is remembered of whoever asks."""

    consent: bool = False
    total: int = 0
    counts: tuple[CountView, ...] = ()
    items: tuple[ItemView, ...] = ()

    async def tell(self, now: datetime) -> AsyncIterator[Event]:
        async for event in super().tell(now):
            yield event
        yield Choices((STOP if self.consent else LET, *((FORGET,) if self.total else ())))


@operation(
    "memory.show",
    title="What I remember of you",
    permission="preferences:own",
    examples=("what do you remember of me?", "what do you know about me?", "what have you kept of me?"),
)
async def show(_: NoInput, context: Context) -> Remembered:
    """Everything that I keep of you: how much of each kind, for how long, and the newest of it."""
    memory, who = context.get(Memory), context.identity
    consent, things = await memory.consent(who.id), await memory.kept_of(who.id)
    where = where_from(context.origin, who.id)
    here = [thing for thing in things if where.private or {each.scope for each in thing} & set(where.scopes)]
    counts = Counter((thing[0].kind, _longest(thing)) for thing in things).most_common()
    items = tuple(_view(thing) for thing in here[:NEWEST])
    hidden = (ONLY_HERE,) if len(here) < len(things) else ()
    return Remembered(
        summary=_summary(len(things)),
        findings=(
            MAY if consent else MAY_NOT,
            *(f"{number:,} × {kind.value}, kept {STAYS[tier]}" for (kind, tier), number in counts),
            *hidden,
        ),
        grid=Grid(
            title="The newest of it",
            columns=("id", "when", "kind", "kept", "what"),
            rows=tuple(
                (str(each.id), moment(each.at, who.timezone), each.kind.value, STAYS[each.kept], each.text)
                for each in items
            ),
        ),
        consent=consent,
        total=len(things),
        counts=tuple(CountView(kind=kind, kept=tier, items=number) for (kind, tier), number in counts),
        items=items,
    )


class ForgetInput(Input):
    """What is to go."""

    item: int | None = Field(
        None, description="The id of one item, as `memory.show` lists it; everything of yours, if left out."
    )


class Forgotten(Told):
    """What went."""

    forgotten: int = 0


@operation(
    "memory.forget",
    title="Forget what I remember of you",
    permission="preferences:own",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("forget everything about me", "forget what you remember of me", "forget me"),
    undo="What is forgotten is gone; it cannot be brought back.",
)
async def forget(wanted: ForgetInput, context: Context) -> Forgotten:
    """Have one item forgotten, or all that I remember of you. It is gone at once, and for good."""
    memory, me = context.get(Memory), context.identity.id
    if wanted.item is None:
        gone = await memory.forget(me)
        said = f"I have forgotten all that I remembered of you ({_entries(gone)})." if gone else "There was nothing."
        return Forgotten(summary=said, findings=(STAYING,), forgotten=gone)
    if not await memory.forget_one(me, wanted.item):
        raise NotFound(
            f"I remember nothing of you under the id {wanted.item}", mend="`memory.show` lists what there is, with ids."
        )
    return Forgotten(summary="I have forgotten it.", forgotten=1)


def moment(at: datetime, timezone: str) -> str:
    """As people of that zone read it."""
    return f"{at.astimezone(zone(timezone)):%-d %b %Y %H:%M}"


def short(text: str) -> str:
    """On one line."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_TEXT else f"{line[: MOST_TEXT - 1].rstrip()}…"


def _summary(total: int) -> str:
    if not total:
        return "I remember nothing of you."
    return f"I remember {'one thing' if total == 1 else f'{total:,} things'} of you."


def _entries(number: int) -> str:
    return "one entry" if number == 1 else f"{number:,} entries"


def _longest(thing: Sequence[Kept]) -> Tier:
    return max((each.tier for each in thing), key=list(Tier).index)


def _view(thing: Sequence[Kept]) -> ItemView:
    first = thing[0]
    return ItemView(id=first.id, at=first.created_at, kind=first.kind, kept=_longest(thing), text=short(first.text))
