"""Where pictures are asked for: one at a time in a process beside ours, a short queue before it, the last few kept."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from threading import Lock
from typing import Final

from bot.errors import Unavailable
from bot.telemetry.charts.easel import Easel
from bot.telemetry.charts.looks import ThemeName
from bot.telemetry.charts.shapes import Chart

WAITING: Final = 64
"""Pictures that are drawn or wait for it."""
KEPT: Final = 32
FRESH: Final = 60.0
"""Seconds; a chart holds its own data, so that an older picture would be right too, but nobody asks again."""


class Desk:
    """Draws what is asked, the same only once."""

    def __init__(
        self,
        drawing: Callable[[Chart, ThemeName], bytes],
        *,
        waiting: int = WAITING,
        kept: int = KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._drawing, self._waiting, self._kept, self._clock = drawing, waiting, kept, clock
        self._lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._open: dict[bytes, Future[bytes]] = {}
        self._done: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    async def picture(self, chart: Chart, theme: ThemeName = "light") -> bytes:
        key = blake2b(f"{theme} {chart.model_dump_json()}".encode(errors="replace"), digest_size=16).digest()
        if (held := self._held(key)) is not None:
            return held
        return await asyncio.shield(asyncio.wrap_future(self._asked(key, chart, theme)))

    def close(self) -> None:
        """What is drawn is finished; what waits is not begun."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _held(self, key: bytes) -> bytes | None:
        with self._lock:
            made, picture = self._done.get(key, (0.0, b""))
            if not picture or self._clock() - made >= FRESH:
                return None
            self._done.move_to_end(key)
            return picture

    def _asked(self, key: bytes, chart: Chart, theme: ThemeName) -> Future[bytes]:
        with self._lock:
            if (asked := self._open.get(key)) is not None:
                return asked
            if len(self._open) >= self._waiting:
                raise Unavailable(
                    f"{len(self._open)} pictures wait to be drawn already.",
                    mend="The numbers are there without it; ask again in a few seconds for the picture.",
                    retry_after=5.0,
                )
            self._pool = self._pool or ThreadPoolExecutor(1, thread_name_prefix="charts")
            asked = self._open[key] = self._pool.submit(self._drawing, chart, theme)
        asked.add_done_callback(lambda done: self._finished(key, done))
        return asked

    def _finished(self, key: bytes, done: Future[bytes]) -> None:
        with self._lock:
            self._open.pop(key, None)
            if done.cancelled() or done.exception():
                return
            self._done[key] = self._clock(), done.result()
            while len(self._done) > self._kept:
                self._done.popitem(last=False)


_DESK: Final = Desk(Easel().draw)


async def picture(chart: Chart, theme: ThemeName = "light") -> bytes:
    """A PNG, drawn off the event loop; `Unavailable` where too many wait."""
    return await _DESK.picture(chart, theme)
