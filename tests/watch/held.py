"""A step of what is reckoned in a thread, held there while a test gives up what it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread, main_thread
from typing import Any

import pytest

from bot.watch.finding import Finding


class Held:
    """Finds nothing, once it may go on."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.times = Event(), Event(), 0

    def __call__(self, *_: object) -> tuple[Finding, ...]:
        assert current_thread() is not main_thread()
        self.times += 1
        self.begun.set()
        assert self.go_on.wait(30)
        return ()

    async def given_up(self, work: Coroutine[Any, Any, object]) -> int:
        """How often it is called by what is given up within its first call."""
        loop, threads = asyncio.get_running_loop(), ThreadPoolExecutor()
        loop.set_default_executor(threads)
        working = asyncio.create_task(work)
        await asyncio.to_thread(self.begun.wait, 30)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        self.go_on.set()
        loop.set_default_executor(ThreadPoolExecutor())  # whatever comes after may want one
        threads.shutdown()
        return self.times
