"""One message of a model: within the budget, booked however it ends, and by the next model where one is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.agent.model import Finished, LanguageModel, Message, Prompt, Spoken, ToolCall, ToolResult, Usage, Words
from bot.agent.request import Request
from bot.agent.thinking.compacting import written
from bot.agent.thinking.limits import Reached, ThinkingLimits, reached
from bot.agent.thinking.saying import Saying
from bot.agent.thinking.spending import OPERATION, Ledger, Room, used_up
from bot.errors import CopilotError, Retryable, TimedOut, Unavailable
from bot.memory.tokens import tokens

log = structlog.get_logger()
CUT_TRIES = 2
"""So often one model is asked for a message whose stream is cut."""


class Ended(Exception):
    """No further message can be had."""

    def __init__(self, why: Reached) -> None:
        super().__init__(why.words)
        self.why = why


class _Cut(Exception):
    """The stream ended before its message did."""


@dataclass(frozen=True, slots=True)
class Payer:
    """On whose account it goes."""

    request: Request
    ledger: Ledger

    async def room(self) -> Room | None:
        origin = self.request.origin
        return await self.ledger.room(self.request.actor.id, origin.channel, origin.workspace)

    async def book(self, usage: Usage) -> None:
        origin = self.request.origin
        try:
            await self.ledger.book(
                self.request.actor.id,
                origin.channel,
                origin.workspace,
                OPERATION,
                usage.usd,
                usage.tokens,
                origin.trace_id,
            )
        except Exception:  # the answer is paid for already; that it is not on record is told to whoever runs the bot
            log.exception("model_call_not_booked", usd=usage.usd, tokens=usage.tokens)


class Speaking:
    """The messages of one thought, and what they took."""

    def __init__(self, models: Sequence[LanguageModel], limits: ThinkingLimits, payer: Payer) -> None:
        self.used = Usage()
        self.steps = 0
        self.room: Room | None = None
        self._models = models
        self._limits = limits
        self._payer = payer
        self._at = 0
        self._bookings: set[asyncio.Task[None]] = set()

    @property
    def model(self) -> str:
        return self._models[self._at].name if self._at < len(self._models) else ""

    @property
    def away(self) -> tuple[str, ...]:
        return tuple(each.name for each in self._models[: self._at])

    async def message(self, prompt: Prompt, saying: Saying) -> Finished:
        """Raises Ended where a limit, a budget or the last model says so."""
        size = size_of(prompt)
        await self._allow(size)
        self.steps += 1
        while self._at < len(self._models):
            for _ in range(CUT_TRIES):
                await self._afford()
                try:
                    return await self._once(self._models[self._at], prompt, saying, size)
                except _Cut:
                    log.warning("model_cut", model=self.model)
                    await saying.broken()
                except CopilotError as error:
                    log.warning("model_away", model=self.model, error=str(error))
                    await saying.broken()
                    break
                except Exception:
                    log.exception("model_failed", model=self.model)
                    await saying.broken()
                    break
            self._at += 1
        names = " and ".join(self.away)
        raise Ended(Reached("unavailable", f"{names or 'no language model'} cannot be reached right now"))

    async def _allow(self, size: int) -> None:
        if why := reached(self._limits, self.steps, self.used, size):
            raise Ended(why)

    async def _afford(self) -> None:
        """Before anything costs. A ledger that cannot be read allows nothing."""
        try:
            self.room = await self._payer.room()
        except CopilotError as error:
            raise Ended(Reached("unavailable", f"the budget cannot be read ({error.message})")) from None
        if self.room and self.room.share >= 1:
            raise Ended(Reached("money", used_up(self.room)))

    async def _once(self, model: LanguageModel, prompt: Prompt, saying: Saying, size: int) -> Finished:
        stream = model.stream(prompt)
        spoken: list[str] = []
        begun = False
        try:
            async for piece in stream:
                begun = True
                match piece:
                    case Spoken(text):
                        spoken.append(text)
                        await saying.hear(text)
                    case Finished():
                        await self._book(piece.usage)
                        return piece
        except CopilotError as error:
            if begun or isinstance(error, TimedOut):
                await self._book(self._limits.guessed(size, tokens("".join(spoken))))
            if begun and isinstance(error, Retryable):
                raise _Cut from error
            raise
        except BaseException:  # cancelled, or broken: what was sent is paid for all the same
            await self._book(self._limits.guessed(size, tokens("".join(spoken))))
            raise
        finally:
            if aclose := getattr(stream, "aclose", None):
                await aclose()
        await self._book(self._limits.guessed(size, tokens("".join(spoken))))
        raise _Cut from Unavailable("the stream was cut")

    async def _book(self, usage: Usage) -> None:
        """To its end, also where whoever asked goes away meanwhile."""
        self.used += usage
        booking = asyncio.create_task(self._payer.book(usage), name="book a model call")
        self._bookings.add(booking)
        booking.add_done_callback(self._bookings.discard)
        await asyncio.shield(booking)


def size_of(prompt: Prompt) -> int:
    """Tokens of a prompt, roughly."""
    tools = "".join(f"{tool.name}{tool.description}{written(dict(tool.schema))}" for tool in prompt.tools)
    return tokens(prompt.system) + tokens(tools) + sum(map(_size, prompt.messages))


def _size(message: Message) -> int:
    total = 0
    for part in message.parts:
        match part:
            case Words(text) | ToolResult(_, text):
                total += tokens(text)
            case ToolCall(_, name, arguments):
                total += tokens(f"{name}{written(dict(arguments))}")
            case _:
                total += tokens(written(dict(part.data)))
    return total
