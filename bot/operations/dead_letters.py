"""Work that could not be done: looking at it, trying again, letting go."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.dead_letters import DeadLetter, DeadLetters, LetterState
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.guard.risk import Risk


class ListInput(Input):
    """Which ones."""

    state: Literal["open", "retried", "discarded", "all"] = Field("open", description="Only those in this state.")
    limit: int = Field(20, ge=1, le=200, description="How many at the most.")


class LetterInput(Input):
    """Which one."""

    letter: str = Field(description="The id of the dead letter, as dl-…", max_length=200)


class DiscardInput(LetterInput):
    """Which one, and why."""

    reason: str = Field(description="Why it need not be done any more.", min_length=3, max_length=2000)


class LetterView(Output):
    """A dead letter, as people read it."""

    id: str
    kind: str
    error: str
    attempts: int
    state: str
    reference: str
    created_at: datetime
    closed_by: str
    note: str


class LetterList(Output):
    """Several of them, newest first."""

    letters: list[LetterView]


def view(letter: DeadLetter) -> LetterView:
    return LetterView(
        id=letter.id,
        kind=letter.kind,
        error=letter.error,
        attempts=letter.attempts,
        state=letter.state,
        reference=letter.trace_id,
        created_at=letter.created_at,
        closed_by=letter.closed_by or "",
        note=letter.note,
    )


@operation(
    "dead_letters.list",
    title="List dead letters",
    permission="dead-letters:read",
    examples=("dead letters", "what failed?"),
)
async def list_letters(wanted: ListInput, context: Context) -> LetterList:
    """Work that could not be done, with the reason and how often it was tried."""
    state = None if wanted.state == "all" else LetterState(wanted.state)
    return LetterList(letters=[view(each) for each in await context.get(DeadLetters).find(state, wanted.limit)])


@operation("dead_letters.retry", title="Retry a dead letter", permission="dead-letters:retry", risk=Risk.WRITE)
async def retry(wanted: LetterInput, context: Context) -> LetterView:
    """Take the work up again. What was approved stays approved; what has happened is not repeated."""
    return view(await context.get(DeadLetters).retry(wanted.letter, context.identity.id))


@operation("dead_letters.discard", title="Discard a dead letter", permission="dead-letters:discard", risk=Risk.WRITE)
async def discard(wanted: DiscardInput, context: Context) -> LetterView:
    """Let it go: the work will not be done. The letter stays on record."""
    return view(await context.get(DeadLetters).discard(wanted.letter, context.identity.id, wanted.reason))
