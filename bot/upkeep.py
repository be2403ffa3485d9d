"""What must happen by itself: heartbeats, expiry, taking over from the dead, retention."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.door.approved import ApprovedRuns
from bot.door.outcomes import Failed
from bot.door.runner import OUTCOME, Runner
from bot.door.runs import Run, RunState, RunStore
from bot.errors import CopilotError
from bot.guard.audit import AuditTrail
from bot.guard.chain import Entry
from bot.guard.desk import ApprovalDesk
from bot.ports import Clock

JOB = "upkeep"
log = structlog.get_logger()


class Replicas(Protocol):
    """The processes of the bot, as the database knows them."""

    async def beat(self, replica: str, host: str, now: datetime) -> None: ...

    async def live(self) -> Sequence[str]: ...

    async def bury(self, before: datetime) -> Sequence[str]: ...

    async def leave(self, replica: str) -> None: ...


class Expiring(Protocol):
    """Something that is kept for a while."""

    async def __call__(self, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Times:
    """How often, and how long."""

    heartbeat: float
    stale: timedelta
    audit: timedelta


class Upkeep:
    """One in each process. A terminal only keeps its heartbeat; `llm-copilot run` does the rest too."""

    def __init__(
        self,
        *,
        replicas: Replicas,
        runs: RunStore,
        runner: Runner,
        desk: ApprovalDesk,
        approved: ApprovedRuns,
        audit: AuditTrail,
        expiring: Sequence[Expiring],
        times: Times,
        clock: Clock,
    ) -> None:
        self._replicas = replicas
        self._runs = runs
        self._runner = runner
        self._desk = desk
        self._approved = approved
        self._audit = audit
        self._expiring = expiring
        self._times = times
        self._clock = clock
        self._host = socket.gethostname()
        self._beating: asyncio.Task[None] | None = None
        self._scheduler: AsyncIOScheduler | None = None
        self.rounds: list[Callable[[Collection[str]], Awaitable[None]]] = []
        """What others want done in each round; they are told which replicas are alive."""

    async def start(self, *, whole: bool) -> None:
        await self.beat()
        self._beating = asyncio.create_task(self._beat_on(), name="heartbeat")
        if whole:
            self._scheduler = AsyncIOScheduler(timezone="UTC")
            every = {"max_instances": 1, "coalesce": True, "misfire_grace_time": 60}
            tick = max(1.0, self._times.heartbeat)
            for job, seconds in ((self.round, tick), (self.retention, 24 * 3600)):
                self._scheduler.add_job(
                    self._scheduled(job), "interval", seconds=seconds, next_run_time=self._clock(), **every
                )
            self._scheduler.start()

    def rest(self) -> None:
        """Start nothing more; the heart goes on while runs come to their end."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler:
            scheduler.shutdown(wait=False)

    async def close(self) -> None:
        self.rest()
        beating, self._beating = self._beating, None
        if beating:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
            try:
                await self._replicas.leave(self._runner.replica)
            except CopilotError as error:  # the others will see it go stale
                log.warning("replica_not_signed_off", error=str(error))

    async def beat(self) -> None:
        """Say that this process lives, and hear who wants one of its runs stopped."""
        await self._replicas.beat(self._runner.replica, self._host, self._clock())
        self._runner.alone = set(await self._replicas.live()) <= {self._runner.replica}
        for run_id in await self._runs.cancels(self._runner.replica):
            self._runner.stop(run_id)

    async def round(self) -> None:
        """Whatever is due; any replica may do it, any number of times."""
        await self._desk.sweep()
        dead = await self._replicas.bury(self._clock() - self._times.stale)
        if dead:
            log.warning("replicas_lost", replicas=list(dead))
        await self.close_orphans()
        live = await self._replicas.live()
        await self._approved.adopt(live)
        for each in self.rounds:
            await each(live)

    async def close_orphans(self) -> int:
        """Changes whose process died in the middle: it is not known how far they got, and that is said."""
        closed = 0
        for run in (*await self._runs.orphans(), *await self._lost()):
            current = await self._runs.get(run.id)  # another replica closes them, too
            if run.approval_id is not None or current is None or current.state is not RunState.RUNNING:
                continue
            closed += 1
            outcome = Failed(
                message=f"run {run.id} of {run.operation} was interrupted; it is not known whether it took effect",
                mend="Look at what it was to change, and ask again if that has not happened.",
                retryable=False,
                operation=run.operation,
                trace_id=run.trace_id,
                run_id=run.id,
                error="Interrupted",
            )
            kept = OUTCOME.dump_python(outcome, mode="json")
            await self._runs.finish(replace(run, state=RunState.INTERRUPTED, outcome=kept, finished_at=self._clock()))
            await self._audit.record(self._interrupted(run))
        return closed

    async def _lost(self) -> Sequence[Run]:
        """Runs of this very process whose end could not be recorded when it came."""
        before = {run.id for run in self._runner.own()}
        kept = await self._runs.find(states=(RunState.RUNNING,), replicas=(self._runner.replica,), limit=1_000)
        known = before | {run.id for run in self._runner.own()}
        return [run for run in kept if run.id not in known]

    async def retention(self) -> None:
        """Drop what has been kept long enough."""
        now = self._clock()
        for expire in self._expiring:
            await expire(now)
        await self._audit.purge(self._times.audit, JOB)

    def _interrupted(self, run: Run) -> Entry:
        return Entry(
            at=self._clock(),
            event="end",
            actor=JOB,
            actor_kind="job",
            operation=run.operation,
            decision="interrupted",
            outcome="failed",
            channel=run.channel or "",
            trace_id=run.trace_id,
            run_id=run.id,
        )

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self._times.heartbeat)
            await self._logged(self.beat)()

    def _scheduled(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The scheduler stops what is under way when it is shut down, and would call that a failure."""

        async def run() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._logged(job)()

        return run

    @staticmethod
    def _logged(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                await job()
            except Exception:
                log.exception("upkeep_failed", job=getattr(job, "__name__", str(job)))

        return run
