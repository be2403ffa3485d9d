"""Answers that were given: looking behind one, stopping one, and saying what one thinks of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from bot.agent.answers import Answer, AnswerStore, Feedback, pack
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import Conflict, NotFound, Refusal
from bot.guard.risk import Risk

Reason = Literal["wrong", "not-asked", "slow", "unclear", "other"]


class AnswerInput(Input):
    """Which one."""

    answer: str = Field(description="The id of the answer, as ans-…", max_length=100)


class RateInput(AnswerInput):
    """What you think of it."""

    verdict: Literal["up", "down", "none"] = Field(description="Your word; none takes it back.")
    reason: Reason | None = Field(None, description="What was wrong with it.")
    correction: str = Field("", description="What would have been right.", max_length=3_000)


class AnswerView(Output):
    """An answer, with all that is behind it."""

    id: str
    question: str
    state: str
    created_at: datetime
    events: list[dict[str, Any]]


class Rated(Output):
    """Thanks."""

    answer: str
    verdict: str


class Stopped(Output):
    """What was stopped."""

    answer: str


async def _visible(wanted: AnswerInput, context: Context) -> Answer:
    found = await context.get(AnswerStore).get(wanted.answer)
    # That there is one at all is nobody's business who may not see it.
    if found is None or not found.visible_to(context.identity.id, context.origin.channel):
        raise NotFound(
            f"there is no answer {wanted.answer!r} here", mend="Answers are kept for 30 days; ask the question again."
        )
    return found


@operation("answers.show", title="What is behind an answer", permission="answers:read")
async def show(wanted: AnswerInput, context: Context) -> AnswerView:
    """One answer with everything it is made of: outcomes, queries, tables."""
    found = await _visible(wanted, context)
    return AnswerView(
        id=found.id,
        question=found.question,
        state=found.state,
        created_at=found.created_at,
        events=pack(found.events),
    )


@operation(
    "answers.stop",
    title="Stop an answer",
    permission="answers:read",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
)
async def stop(wanted: AnswerInput, context: Context) -> Stopped:
    """Stop an answer that you asked for. A change that has begun goes on; `runs.cancel` stops it."""
    found = await _visible(wanted, context)
    if found.person != context.identity.id:
        raise Refusal("somebody else asked this", mend="Only they can stop it.")
    if not await context.get(AnswerStore).stop(found.id):
        raise Conflict("this answer has ended already")
    return Stopped(answer=found.id)


@operation(
    "answers.rate",
    title="Rate an answer",
    permission="answers:read",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    undo="The verdict `none` takes it back.",
)
async def rate(wanted: RateInput, context: Context) -> Rated:
    """Say whether an answer helped, and what would have been right. Your newest word counts."""
    found, store, me = await _visible(wanted, context), context.get(AnswerStore), context.identity.id
    kept = next((each for each in await store.feedback(found.id) if each.person == me), None)
    said_more = bool(wanted.reason or wanted.correction.strip())
    if wanted.verdict == "none":
        await store.unrate(found.id, me)
    elif said_more or kept is None or kept.verdict != wanted.verdict:  # the same again takes no correction away
        await store.rate(
            Feedback(found.id, me, wanted.verdict, context.now, wanted.reason or "", wanted.correction.strip())
        )
    return Rated(answer=found.id, verdict=wanted.verdict)
