"""What was read a moment ago is not asked for again, and what was read before an outage is better than nothing.

One request serves all who ask for the same meanwhile. Errors are not kept, and what is not whole is kept briefly.
`bot.telemetry.cached` says which questions are the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from bot.errors import Exhausted, Retryable
from bot.telemetry.signals import LogLine, Read, Samples, Trace, Window

T = TypeVar("T")
Clock = Callable[[], datetime]
Key = tuple[Hashable, ...]
Call = Callable[[], Awaitable[Read[T]]]
Fresh = float | Callable[[T], float]
"""Seconds for which an answer is as good as new; of some, only the answer tells."""

ENTRIES: Final = 1_000
MOST_BYTES: Final = 128_000_000
FRESH: Final = 300.0
"""Seconds for what will not change."""
MOVING: Final = 15.0
"""Seconds for what still may, and for what is not whole."""
OLD: Final = timedelta(hours=1)
"""How much earlier a window may have ended whose answer stands in for a newer one's."""


@dataclass(frozen=True, slots=True)
class _Kept:
    read: Read[Any]
    until: datetime
    stem: Key
    window: Window | None
    weight: int


@dataclass(slots=True)
class _Flight:
    """A request under way, and how many wait for it."""

    task: asyncio.Task[Any]
    waiting: int = 0


class Cache:
    """Shared by the sources of one process. Belongs to one event loop."""

    def __init__(self, clock: Clock, *, entries: int = ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self.clock = clock
        self.weight = 0
        self._entries = entries
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._latest: dict[Key, Key] = {}  # by stem: the key whose window ends last
        self._flights: dict[Key, _Flight] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, stem: Key, call: Call[T], fresh: Fresh[T], window: Window | None = None) -> Read[T]:
        """The answer to `stem` over `window` that is kept, else what `call` gives, else an older one, marked so."""
        key = (stem, window)
        kept = self._kept.get(key)
        if kept and self.clock() < kept.until:
            self._kept.move_to_end(key)
            return replace(kept.read, cached=True)
        try:
            return await self._once(key, lambda: self._asked(stem, call, fresh, window))
        except Exception as error:
            old = self._older(stem, window) if _down(error) else None
            if old is None:
                raise
            return _stale(old, error)

    async def _once(self, key: Key, call: Callable[[], Coroutine[Any, Any, Read[T]]]) -> Read[T]:
        """One request for all who ask meanwhile; it ends early only when nobody waits any more."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(call()))
        flight.waiting += 1
        try:
            read: Read[T] = await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.task.done() or not flight.waiting:
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]
        return read

    async def _asked(self, stem: Key, call: Call[T], fresh: Fresh[T], window: Window | None) -> Read[T]:
        read = await call()
        lasts = fresh(read.value) if callable(fresh) else fresh
        if read.cut or read.warnings or read.stale:
            lasts = min(lasts, MOVING)
        self._keep(_Kept(read, self.clock() + timedelta(seconds=lasts), stem, window, _weight(read.value)))
        return read

    def _keep(self, kept: _Kept) -> None:
        key = (kept.stem, kept.window)
        self._drop(key)
        if kept.weight > self._most_bytes // 4:
            return
        self._kept[key] = kept
        self.weight += kept.weight
        latest = self._kept.get(self._latest.get(kept.stem, key), kept)
        if not (kept.window and latest.window) or kept.window.end >= latest.window.end:
            self._latest[kept.stem] = key
        while len(self._kept) > self._entries or self.weight > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if kept := self._kept.pop(key, None):
            self.weight -= kept.weight
            if self._latest.get(kept.stem) == key:
                del self._latest[kept.stem]

    def _older(self, stem: Key, window: Window | None) -> Read[Any] | None:
        """The last answer to the same, or over a window that ended at most an hour earlier."""
        if kept := self._kept.get((stem, window)):
            return kept.read
        near = self._kept.get(self._latest.get(stem, ()))
        if near and near.window and window and timedelta(0) <= window.end - near.window.end <= OLD:
            return near.read
        return None


def _down(error: BaseException) -> bool:
    return isinstance(error.cause if isinstance(error, Exhausted) else error, Retryable)


def _stale(read: Read[T], error: Exception) -> Read[T]:
    told = f"{read.source} does not answer now ({error}); this is from {read.at:%Y-%m-%d %H:%M:%S} UTC."
    return replace(read, cached=True, stale=True, warnings=(*read.warnings, told))


def _weight(value: object) -> int:
    """About how many bytes a value takes; what matters is that large ones weigh much."""
    match value:
        case Samples():
            return sum(1_000 + each.times.nbytes + each.values.nbytes for each in value.series)
        case Trace():
            return 2_000 * len(value.spans)
        case tuple():
            return sum(500 + len(each.text) if isinstance(each, LogLine) else 500 for each in value)
        case Mapping():
            return 500 * len(value)
    return 500
