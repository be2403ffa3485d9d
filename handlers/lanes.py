"""Who waits for whom: in order within a lane, lanes side by side, and all of them through one turnstile."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Unavailable
from bot.resilience import Monotonic, Sleep
from handlers.pace import Pace, Ticket

Lane = tuple[str, ...]
Send = Callable[[], Awaitable[Any]]


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Job:
    """One thing to send. `latest` ones are replaced by a newer one as long as they wait; `yields` as in `Pace.join`.

    `look_for` finds out whether a try worked whose end is `unclear`; `once` gives up where nothing can find that out.
    """

    method: str
    channel: str | None
    send: Send
    latest: bool = False
    yields: float = 0.0
    once: bool = False
    look_for: Send | None = None
    unclear: bool = False
    going: bool = False
    outdated: bool = False
    joined: float = 0.0
    done: asyncio.Future[Any] = field(default_factory=_future)

    def settle(self, result: object = None, error: BaseException | None = None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)


class Turnstile:
    """Lets the line of `Pace` through, each as soon as it may."""

    def __init__(self, pace: Pace, clock: Monotonic, sleep: Sleep) -> None:
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._jobs: dict[Job, Ticket] = {}
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf

    async def through(self, job: Job) -> None:
        """Returns when it is this one's turn, which is then counted."""
        now = self._clock()
        ticket = self._pace.join(job.method, job.channel, now, yields=job.yields)
        free = self._pace.release_one(ticket, now) if now < self._alarm_at else now
        if now == free < self._alarm_at:
            return
        self._jobs[job] = ticket
        turn = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        if now < self._alarm_at:
            self._set_alarm(free)
        else:
            self._look()
        try:
            await turn
        finally:
            waited = self._jobs.pop(job)
            if self._waiting.pop(waited, None):
                self._pace.leave(waited)

    def hurry(self, job: Job, yields: float) -> None:
        """It became more urgent while it waits."""
        job.yields = min(job.yields, yields)
        ticket = self._jobs.get(job)
        if ticket is None or ticket not in self._waiting:
            return
        self._pace.leave(ticket)
        sooner = self._pace.join(job.method, job.channel, job.joined, yields=job.yields)
        self._jobs[job] = sooner
        self._waiting[sooner] = self._waiting.pop(ticket)
        self._look()

    def _look(self) -> None:
        now = self._clock()
        going, again = self._pace.release(now)
        for ticket in going:
            turn = self._waiting.pop(ticket)
            if not turn.done():
                turn.set_result(None)
        self._set_alarm(again)

    def _set_alarm(self, at: float) -> None:
        if at >= self._alarm_at:
            return
        if self._alarm:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = asyncio.create_task(self._ring(at - self._clock()))

    async def _ring(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._alarm, self._alarm_at = None, math.inf
        self._look()

    async def close(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            await asyncio.wait({self._alarm})


class Lanes:
    """A worker for each lane that has something to do; it ends with its last job."""

    def __init__(self, deliver: Callable[[Job], Awaitable[Any]]) -> None:
        self._deliver = deliver
        self._lanes: dict[Lane, deque[Job]] = {}
        self._workers: dict[Lane, asyncio.Task[None]] = {}

    def put(self, lane: Lane, job: Job) -> Job:
        """The job that will be done: where a waiting one is replaced, that one, with what is to be sent now."""
        jobs = self._lanes.setdefault(lane, deque())
        last = jobs[-1] if jobs else None
        if last and last.latest and job.latest and last.method == job.method:
            if not last.going:
                last.settle(result=False)
                last.send, last.done = job.send, job.done
                return last
            last.outdated = True
        jobs.append(job)
        if lane not in self._workers:
            self._workers[lane] = asyncio.create_task(self._work(lane, jobs))
        return job

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    async def close(self, grace: float) -> None:
        """All that waits is sent if that takes no longer than `grace` seconds; the rest is told that it was not."""
        if self._workers:
            await asyncio.wait(set(self._workers.values()), timeout=grace)
        late = set(self._workers.values())
        for worker in late:
            worker.cancel()
        if late:
            await asyncio.wait(late)

    async def _work(self, lane: Lane, jobs: deque[Job]) -> None:
        try:
            while jobs:
                await self._do(jobs[0])
                jobs.popleft()
        finally:
            for job in jobs:
                job.settle(
                    error=Unavailable("The bot is stopping; this was not sent.", mend="It goes on when it is back.")
                )
            del self._lanes[lane], self._workers[lane]

    async def _do(self, job: Job) -> None:
        if job.done.cancelled():
            return
        try:
            result = await self._deliver(job)
        except Exception as error:  # noqa: BLE001  whoever waits for it gets it
            job.settle(error=error)
        else:
            job.settle(result=result)
