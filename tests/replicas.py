"""Processes of the bot that are killed at any moment, forked from one that has imported it: to import takes seconds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Self

PATIENCE = 60
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.killable", "tests.stress.approver", "tests.stress.watcher"])
Main = Callable[..., Coroutine[Any, Any, None]]


def _run(main: Main, arguments: tuple[object, ...], said: Connection) -> None:
    """The other side: what it prints is what it says."""
    sys.stdout = open(said.fileno(), "w", buffering=1, closefd=False)  # noqa: SIM115  until the process ends
    asyncio.run(main(*arguments))


class Replica:
    """A process that runs `main(*arguments)`, and says words on the way, a line each."""

    def __init__(self, main: Main, *arguments: object) -> None:
        self._heard, self._said = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_run, args=(main, arguments, self._said), daemon=True)
        self._words: list[str] = []
        self._news = asyncio.Condition()

    async def start(self) -> Self:
        await asyncio.to_thread(self._process.start)
        self._said.close()
        self._listening = asyncio.create_task(self._listen())
        return self

    @property
    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.exitcode

    async def says(self, word: str, *, again: bool = False) -> None:
        """Waits until it has said so, or says so again."""
        before = self._words.count(word) if again else 0
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: self._words.count(word) > before or self._listening.done())
        assert self._words.count(word) > before, f"it has ended: {self.ended}"

    async def ends(self, within: float | None = None) -> int | None:
        """Its exit code, or None if it goes on."""
        await asyncio.to_thread(self._process.join, within)
        return self.ended

    async def kill(self) -> None:
        """-9; it may have ended already."""
        if self.ended is None:
            self._process.kill()
            await self.ends()
        await self._listening

    async def _listen(self) -> None:
        lines = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), self._heard
        )
        try:
            async for line in lines:
                self._words.append(line.decode().strip())
                async with self._news:
                    self._news.notify_all()
        finally:
            transport.close()
