"""How a model is listened to: tried again until it speaks, never after; given up when it falls silent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, TypeVar

from bot.agent.model import Piece
from bot.errors import Exhausted, Retryable
from bot.resilience import Shield, retry, with_timeout

T = TypeVar("T")
Telling = Callable[[], AsyncGenerator[Piece, None]]

PATIENCE: Final = 10.0
"""Seconds that we wait for a model that asks us to; the next model is there sooner."""


class _Later(Exception):
    """Carries one of ours past the retries."""

    def __init__(self, error: Retryable) -> None:
        super().__init__(error)
        self.error = error


async def spoken(shield: Shield, tell: Telling, who: str) -> AsyncIterator[Piece]:
    """The pieces of one answer. What was spoken cannot be taken back, so retries end with the first piece."""
    async with shield.breaker.guard():
        pieces, first = await tried(shield, lambda: _begun(tell), who)
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece


async def _begun(tell: Telling) -> tuple[AsyncGenerator[Piece, None], Piece]:
    pieces = tell()
    try:
        return pieces, await anext(pieces)
    except BaseException:
        await pieces.aclose()
        raise


async def tried(shield: Shield, call: Callable[[], Awaitable[T]], who: str) -> T:
    """What `call` gives within the retries of `shield`; its last error as it is. Its breaker is the caller's."""

    async def one_try() -> T:
        try:
            return await call()
        except Retryable as error:
            if (error.retry_after or 0) > PATIENCE:
                raise _Later(error) from error
            raise

    try:
        return await retry(
            one_try,
            shield.policy,
            what=who,
            clock=shield.clock,
            sleep=shield.sleep,
            rnd=shield.rnd,
            on_retry=shield.on_retry,
        )
    except _Later as later:
        raise later.error from later
    except Exhausted as error:
        if isinstance(error.cause, Retryable):
            raise error.cause from error
        raise


async def heard(events: AsyncIterator[T], silence: float, who: str) -> AsyncIterator[T]:
    """`events`, TimedOut as soon as none came for `silence` seconds."""
    while True:
        try:
            event = await with_timeout(anext(events), silence, who)
        except StopAsyncIteration:
            return
        yield event
