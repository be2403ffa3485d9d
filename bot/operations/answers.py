"""Answers that were given: looking behind one, stopping one, and saying what one thinks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

import structlog
from pydantic import Field

from bot.agent.answers import Answer, AnswerStore, Feedback, pack
from bot.agent.events import Result
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.door.outcomes import Done
from bot.errors import Conflict, NotFound, Refusal
from bot.guard.risk import Risk
from bot.memory.memory import Correction, Memory
from bot.memory.patterns import Outcome, Pattern
from bot.memory.store import Where
from bot.ports import Json

Reason = Literal["wrong", "not-asked", "slow", "unclear", "other"]
TEACHES_NOTHING: Final = frozenset({"answers", "help", "history", "memory", "preferences"})
"""Groups about the bot itself: whether they helped says nothing of a situation."""
ANSWER: Final = "answer"
"""The feature of a lesson that says what it was learned from."""
LOOKED: Final = 1_000
MOST_LESSONS: Final = 5
MOST_FEATURE: Final = 200
log = structlog.get_logger()


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
    """Say whether an answer helped, and what would have been right. Your newest word counts, and I learn from it."""
    found, store, me = await _visible(wanted, context), context.get(AnswerStore), context.identity.id
    kept = next((each for each in await store.feedback(found.id) if each.person == me), None)
    said_more = bool(wanted.reason or wanted.correction.strip())
    if wanted.verdict == "none":
        await store.unrate(found.id, me)
    elif said_more or kept is None or kept.verdict != wanted.verdict:  # the same again takes no correction away
        await store.rate(
            Feedback(found.id, me, wanted.verdict, context.now, wanted.reason or "", wanted.correction.strip())
        )
    await _learn(found, me, context)
    return Rated(answer=found.id, verdict=wanted.verdict)


async def _learn(found: Answer, me: str, context: Context) -> None:
    """Anew from what is thought of this answer by now: a word that was taken back takes its lesson along."""
    memory = context.get(Memory)
    where = Where(found.workspace, found.channel, found.thread or "", me, found.private)
    for lesson in await memory.learned(where, LOOKED):
        if _source(lesson.meta) == found.id:
            await memory.unlearn(lesson.id, where)
    for each in await context.get(AnswerStore).feedback(found.id):
        theirs = replace(where, person=each.person)
        for pattern in _patterns(found, Outcome.HELPED if each.verdict == "up" else Outcome.DID_NOT_HELP):
            await memory.learn(pattern, theirs)
        if each.correction:
            right = f"Asked “{found.question}”: {each.correction}"
            if await memory.correct(Correction(found.question, right, found.id), theirs):
                log.warning("much_is_corrected", workspace=found.workspace, channel=found.channel)


def _source(meta: Mapping[str, Json]) -> Json:
    """The answer that a pattern or a correction was learned from."""
    features = meta.get("features")
    return features.get(ANSWER) if isinstance(features, dict) else meta.get("context")


def _patterns(found: Answer, outcome: Outcome) -> Iterator[Pattern]:
    """What was done in this answer, and how it was taken."""
    done = [
        each
        for each in found.events
        if isinstance(each, Result)
        and isinstance(each.outcome, Done)
        and each.outcome.operation.partition(".")[0] not in TEACHES_NOTHING
    ]
    for each in done[:MOST_LESSONS]:
        name = each.outcome.operation
        values = {key: value for key, value in each.values.items() if _tells(value)}
        asked = each.title if found.question == name else found.question  # a button is no words
        yield Pattern(asked, name, outcome, {**values, ANSWER: found.id})


def _tells(value: Json) -> bool:
    return isinstance(value, str | int | float) and 0 < len(str(value)) <= MOST_FEATURE
