"""When watches look: every replica ticks for every watch, and one durable run is made of the ticks of all.

After a downtime only the newest tick runs: a look sees everything since the last one. A tick in the hands of a replica
that dies is adopted with its other runs; if a later look was quicker, it finds nothing left to see.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.errors import CopilotError
from bot.ports import Clock, Durable, DurableRun, Json
from bot.watch.rounds import Rounds
from bot.watch.watches import Watch, WatchState, WatchStore

KIND: Final = "watch"
REFRESH: Final = 5.0
"""Seconds until a watch is heard of that was made or changed on another replica."""
KEPT: Final = timedelta(days=1)
"""Of the record of runs: there are thousands a day, and what they found is kept elsewhere."""
MOST: Final = 10_000
log = structlog.get_logger()


class Beat(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The grid of a watch. Without a random jitter: replicas that tick for different moments would all look."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        following = self._watch.due(now) + timedelta(seconds=self._watch.every)
        return following if following > now else following + timedelta(seconds=self._watch.every)


class Clockwork:
    """Turns the passing of time into looks; `refresh` at once after a watch was made or changed here."""

    def __init__(
        self,
        watches: WatchStore,
        durable: Durable,
        launch: Callable[[], Awaitable[None]],
        rounds: Rounds,
        clock: Clock,
    ) -> None:
        self._watches = watches
        self._durable = durable
        self._launch = launch
        self._rounds = rounds
        self._clock = clock
        self._scheduler: AsyncIOScheduler | None = None
        self._jobs: dict[str, tuple[float, Job]] = {}
        durable.register(KIND, self._run)

    def start(self) -> None:
        # Never too late: of ticks that were missed, the newest is made up for.
        every = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=every)
        self._scheduler.add_job(self.refresh, "interval", seconds=REFRESH, next_run_time=self._clock())
        self._scheduler.start()

    def rest(self) -> None:
        """Start nothing more; what runs comes to its end, here or elsewhere."""
        scheduler, self._scheduler = self._scheduler, None
        self._jobs.clear()
        if scheduler:
            scheduler.shutdown(wait=False)

    async def refresh(self) -> None:
        """One job for each watch that is awake; a new one ticks at once."""
        with contextlib.suppress(asyncio.CancelledError):
            await self._refreshed()

    async def _refreshed(self) -> None:
        try:
            kept = await self._watches.find(states=(WatchState.ACTIVE, WatchState.PAUSED), limit=MOST)
        except CopilotError as error:
            log.warning("watches_not_read", error=str(error))
            return
        if self._scheduler is None:
            return
        now = self._clock()
        awake = {each.id: each for each in kept if each.awake(now)}
        for watch_id, (every, job) in list(self._jobs.items()):
            if watch_id not in awake or awake[watch_id].every != every:
                job.remove()
                del self._jobs[watch_id]
        for watch in awake.values():
            if watch.id not in self._jobs:
                job = self._scheduler.add_job(self.tick, Beat(watch), (watch,), next_run_time=now)
                self._jobs[watch.id] = watch.every, job

    async def tick(self, watch: Watch) -> None:
        """Have somebody look, once over all replicas: the run's id says which watch and which moment."""
        with contextlib.suppress(asyncio.CancelledError):  # a scheduler that is shut down would call that a failure
            await self._ticked(watch)

    async def _ticked(self, watch: Watch) -> None:
        try:
            await self._launch()
            at = watch.due(self._clock())
            payload: Json = {"watch": watch.id, "at": at.isoformat()}
            await self._durable.start(KIND, f"{KIND}:{watch.id}:{int(at.timestamp())}", payload)
        except CopilotError as error:
            log.warning("tick_not_started", watch=watch.id, error=str(error))

    async def forget(self, now: datetime) -> int:
        """Drop the record of what ran long ago."""
        await self._launch()
        return await self._durable.forget(KIND, now - KEPT)

    async def _run(self, run: DurableRun, payload: Json) -> Json:
        assert isinstance(payload, dict)
        return await run.step("look", self._look, payload["watch"], payload["at"])

    async def _look(self, watch_id: Json, at: Json) -> Json:
        try:
            looked = await self._rounds.look(str(watch_id), datetime.fromisoformat(str(at)))
        except CopilotError as error:  # the next one sees what this one was to see
            log.warning("look_failed", watch=str(watch_id), error=str(error))
            raise
        return {"alerts": [each.id for each in looked.alerts], "skipped": looked.skipped, "trouble": looked.trouble}
