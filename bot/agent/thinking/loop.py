"""The loop: a model speaks, what it asks for is done through the door, and it speaks again, until it has an answer."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.agent.events import Choices, Event
from bot.agent.invoking import Invoking
from bot.agent.model import Ending, LanguageModel, Message, Prompt, ToolCall, Words
from bot.agent.thinking.acting import Acting, Ledgers
from bot.agent.thinking.claims import Support
from bot.agent.thinking.conversation import opening, own_words
from bot.agent.thinking.fencing import Fence, tamed
from bot.agent.thinking.hypotheses import Hypotheses
from bot.agent.thinking.limits import Reached, ThinkingLimits, out_of_time, so_far
from bot.agent.thinking.pausing import paused, taken_up
from bot.agent.thinking.prompts import GOES_ON, NO_MORE_CALLS, SYSTEM, WAITING
from bot.agent.thinking.results import Results
from bot.agent.thinking.saying import Saying
from bot.agent.thinking.speaking import Ended, Payer, Speaking
from bot.agent.thinking.spending import Ledger, warning
from bot.agent.thinking.thought import Ask, How, Tell, Thought
from bot.agent.thinking.tools import Toolbox, tools
from bot.guard.redaction import Redactor
from bot.ports import Clock

STOPPED: Final = Reached("cancelled", "I was stopped")
DECLINED: Final = Reached("refused", "the model declined to answer this")
TOO_LONG: Final = Reached("tokens", "the answer was longer than one message may be, and is cut here")
NOTHING_SAID: Final = Reached("unavailable", "the model ended without an answer")


def _nonce() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class _Kit:
    """What all thoughts share."""

    models: Sequence[LanguageModel]
    invoking: Invoking
    toolbox: Toolbox
    limits: ThinkingLimits
    ledger: Ledger
    redactor: Redactor
    clock: Clock
    nonce: Callable[[], str]


class Thinker:
    """Answers by thinking; any number of thoughts at one time."""

    def __init__(
        self,
        models: Sequence[LanguageModel],
        invoking: Invoking,
        toolbox: Toolbox,
        *,
        limits: ThinkingLimits,
        ledger: Ledger,
        redactor: Redactor,
        clock: Clock,
        nonce: Callable[[], str] = _nonce,
    ) -> None:
        """`models` in the order in which they are tried."""
        self._kit = _Kit(tuple(models), invoking, toolbox, limits, ledger, redactor, clock, nonce)

    async def think(self, ask: Ask, tell: Tell) -> Thought:
        """Whoever cancels it gets no thought; `ask.stop` ends it with what is known by then.

        Either way, what was sent to a model is booked. Raises Conflict where a thought cannot be taken up again.
        """
        turn = _Turn(self._kit, ask, tell)
        working = asyncio.create_task(turn.work(), name=f"thought {ask.request.key}")
        stopping = asyncio.create_task(ask.stop.wait()) if ask.stop else None
        try:
            watched = {working, stopping} if stopping else {working}
            await asyncio.wait(watched, timeout=self._kit.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            early = STOPPED if ask.stop and ask.stop.is_set() else out_of_time(self._kit.limits)
            await _cancelled(working)
            return await turn.ended(early)
        finally:
            for task in filter(None, (working, stopping)):
                await _cancelled(task)


async def _cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


class _Turn:
    """One thought."""

    def __init__(self, kit: _Kit, ask: Ask, tell: Tell) -> None:
        self._kit = kit
        self._ask = ask
        self._tell = tell
        self._ways_on: Choices | None = None
        redact = kit.redactor.text
        if ask.resume:
            kept, self._ledgers = taken_up(ask.resume.state, kit.limits)
            self._key, self._words = kept.key, kept.words
            self._messages = list(kept.messages)
        else:
            self._key, self._words = ask.request.key, "\n".join(own_words(ask))
            self._ledgers = Ledgers(
                Fence(kit.nonce()), Results(kit.limits.result_characters), Support(), Hypotheses(), set()
            )
            self._messages = opening(ask, self._ledgers.fence, kit.limits, redact, kit.clock())
            self._ledgers.support.read(self._words)
        self._speaking = Speaking(kit.models, kit.limits, Payer(ask.request, kit.ledger))
        self._saying = Saying(tell, self._ledgers.support, self._ledgers.addresses, redact)

    async def work(self) -> Thought:
        await self._take_up()
        offered = await self._kit.toolbox.of(self._ask.identity, self._ask.request.origin)
        acting = Acting(
            self._ask.request,
            self._kit.invoking,
            offered,
            self._ledgers,
            self._kit.limits,
            self._beside,
            key=self._key,
            why=self._kit.redactor.text(self._ask.text),
        )
        specs = tools(offered)
        try:
            while True:
                last = self._last_words()
                prompt = Prompt(SYSTEM, self._with(last), specs, self._kit.limits.answer_tokens)
                said = await self._speaking.message(prompt, self._saying)
                calls = [part for part in said.message.parts if isinstance(part, ToolCall)]
                if not calls or last or said.ending in {Ending.REFUSED, Ending.LENGTH}:
                    return await self._answered(said.message, said.ending, calls)
                await self._saying.aside()
                self._messages.append(said.message)
                self._messages.append(Message("user", await acting.run(calls)))
        except Ended as end:
            return await self._waits() if self._ledgers.waiting else await self.ended(end.why)

    async def _take_up(self) -> None:
        """What became of the approvals, as data."""
        if not self._ask.resume:
            return
        parts = [Words(GOES_ON)]
        for each in self._ask.resume.decided:
            told = self._ledgers.fence.around(f"approval {each.approval}", each.how)
            if each.outcome:
                text, _ = await self._ledgers.told(each.outcome, each.outcome.operation)
                told = f"{told}\n{text}"
            parts.append(Words(told))
        self._messages.append(Message("user", tuple(parts)))

    async def _beside(self, event: Event) -> None:
        """What operations show of themselves. Of many, one offers how to go on: the last that was looked at."""
        if isinstance(event, Choices):
            self._ways_on = event
        else:
            await self._tell(event)

    def _last_words(self) -> str:
        """What makes the next message the last one: tools are still listed, so that the prompt stays cached."""
        if self._ledgers.waiting:
            return WAITING.format(approvals=", ".join(self._ledgers.waiting))
        out_of_calls = self._ledgers.calls >= self._kit.limits.calls
        return NO_MORE_CALLS if out_of_calls or self._speaking.steps + 1 >= self._kit.limits.steps else ""

    def _with(self, last: str) -> list[Message]:
        newest = self._messages[-1]
        return [*self._messages[:-1], Message("user", (*newest.parts, Words(last)))] if last else list(self._messages)

    async def _answered(self, message: Message, ending: Ending, calls: Sequence[ToolCall]) -> Thought:
        """A message after which nothing more is done."""
        await self._saying.end(cut=ending is Ending.LENGTH)
        if self._ledgers.waiting:
            return await self._waits(message)
        if ending is Ending.REFUSED:
            return await self.ended(DECLINED)
        if ending is Ending.LENGTH:
            return await self.ended(TOO_LONG)
        if calls:
            return await self.ended(self._out_of_steps())
        if not self._saying.text:
            return await self.ended(NOTHING_SAID)
        return await self._thought("answered")

    def _out_of_steps(self) -> Reached:
        limits, steps, calls = self._kit.limits, self._speaking.steps, self._ledgers.calls
        done = f"{calls} calls" if calls >= limits.calls else f"{steps} steps"
        return Reached("steps", f"I stopped after {done}, which is the most for one question")

    async def ended(self, why: Reached) -> Thought:
        """An early end, with what is known by then. Nothing is said where nothing was done, and others may answer."""
        await self._saying.end(cut=True)
        known = [tamed(each.said, self._ledgers.addresses) for each in self._ledgers.results]
        silent = why.how == "unavailable" and not (known or self._ledgers.calls or self._saying.text)
        if not silent:
            words = f"{why.words[0].upper()}{why.words[1:]}"
            await self._saying.note(f"{words}." if self._saying.text and not known else so_far(words, known))
        return await self._thought(why.how)

    async def _waits(self, message: Message | None = None) -> Thought:
        if not self._saying.text:
            await self._saying.note(f"Waiting for approval: {', '.join(self._ledgers.waiting)}.")
        parts = tuple(part for part in message.parts if not isinstance(part, ToolCall)) if message else ()
        messages = [*self._messages, Message("assistant", parts or (Words(self._saying.text),))]
        state = paused(self._key, self._words, messages, self._ledgers)
        return replace(await self._thought("waiting"), suspended=state)

    async def _thought(self, how: How) -> Thought:
        """Told to the end: who answered, what it costs by now, and the hypotheses."""
        speaking, limits = self._speaking, self._kit.limits
        if self._saying.text and speaking.away and speaking.model:
            await self._saying.note(f"_Answered by {speaking.model}, since {' and '.join(speaking.away)} is away._")
        if self._saying.text and speaking.room and limits.warn_share <= speaking.room.share < 1:
            await self._saying.note(f"_{warning(speaking.room)}_")
        if table := self._ledgers.hypotheses.table():
            await self._tell(table)
        if self._ways_on:
            await self._tell(self._ways_on)
        return Thought(
            self._saying.text,
            how,
            speaking.used,
            speaking.steps,
            self._ledgers.waiting,
            None,
            tuple(self._saying.unsupported),
            self._ledgers.hypotheses.all,
            speaking.model,
        )
