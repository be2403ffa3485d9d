"""Who writes next, where only one can: in the order they came, but for what somebody outside waits for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock that is handed on in order; the urgent go before the others."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def take(self, *, urgent: bool = False) -> AsyncIterator[None]:
        if self._taken:
            mine = asyncio.get_running_loop().create_future()
            (self._urgent if urgent else self._others).append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():  # it was handed to us just now
                    self._hand_on()
                raise
        self._taken = True
        try:
            yield
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        """To the next who still waits; it stays taken meanwhile, so that nobody slips in between."""
        for waiting in (self._urgent, self._others):
            while waiting:
                next_one = waiting.popleft()
                if not next_one.done():
                    next_one.set_result(None)
                    return
        self._taken = False
