"""One thing on its way to Slack: its turn, its tries, and whether a try whose answer was lost had worked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.errors import Exhausted, Interrupted, RateLimited
from bot.resilience import Monotonic, RetryPolicy, Sleep, retry, retryable, with_timeout
from handlers.lanes import Job, Turnstile
from handlers.pace import Pace
from handlers.refused import SlackRefused, surely_not_done, understood

PATIENCE: Final = 300.0
"""So long do the pauses that Slack asks for hold one thing up before it is given up."""

log = structlog.get_logger()


class Counted:
    """What is measured."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "copilot_slack_sent", "Calls to Slack by how they ended", ["method", "result"], registry=registry
        )
        self.limited = Counter("copilot_slack_rate_limited", "Answers 429 of Slack", ["method"], registry=registry)
        self.waiting = Gauge("copilot_slack_waiting", "What waits to be sent to Slack", registry=registry)
        self.waited = Histogram(
            "copilot_slack_wait_seconds",
            "From being asked to send until it went",
            registry=registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
        )


@dataclass(frozen=True, slots=True)
class Courier:
    """Takes a job through the turnstile to Slack, as often as it takes."""

    pace: Pace
    turnstile: Turnstile
    counted: Counted
    policy: RetryPolicy
    timeout: float
    clock: Monotonic
    sleep: Sleep
    rnd: Callable[[], float]

    async def deliver(self, job: Job) -> Any:
        """What `job.send` gives in the end, or what Slack's refusal means."""
        what = f"{job.method} to {job.channel}" if job.channel else job.method
        result = "failed"
        try:
            answer = await retry(
                lambda: self.attempt(job),
                self.policy,
                what=what,
                clock=self.clock,
                sleep=self.sleep,
                rnd=self.rnd,
                on_retry=_tell(what),
            )
            result = "sent"
        except Exhausted as gone:
            result = type(gone.cause).__name__
            raise gone.cause from gone
        except SlackRefused as no:
            result = no.code
            raise
        finally:
            self.counted.sent.labels(job.method, result).inc()
        return answer

    async def attempt(self, job: Job) -> Any:
        """One try, for whoever tries again himself."""
        if job.unclear and job.look_for:
            found = await job.look_for()
            if found is not None:
                return found
        job.unclear = False
        try:
            return await self._pass(job)
        except Exception as raw:
            error = understood(raw, job.method)
            job.unclear, job.going = not surely_not_done(raw), False
            if retryable(error) and job.outdated:
                return False
            if retryable(error) and job.unclear and job.once:
                doubt = f"It is not known whether Slack did {job.method} ({error})."
                raise Interrupted(doubt, mend="Look there before it is done again.") from raw
            if error is raw:
                raise
            raise error from raw

    async def _pass(self, job: Job) -> Any:
        """One try, after its turn; a 429 is no try, it only says when the turn is."""
        held_up = 0.0
        while True:
            await self.turnstile.through(job)
            job.going = True
            if not held_up:
                self.counted.waited.observe(max(self.clock() - job.joined, 0.0))
            try:
                return await with_timeout(job.send(), self.timeout, job.method)
            except Exception as raw:
                error = understood(raw, job.method)
                if not isinstance(error, RateLimited):
                    raise
                job.going = False
                held_up += self._limited(job, error)
                if held_up > PATIENCE:
                    raise Exhausted(error.message, cause=error, attempts=1) from raw

    def _limited(self, job: Job, error: RateLimited) -> float:
        seconds = error.retry_after or 0.0
        of = self.pace.pause(job.method, job.channel, self.clock(), seconds)
        self.counted.limited.labels(job.method).inc()
        log.warning("slack_limits", method=job.method, channel=job.channel, seconds=seconds, of=of)
        return max(seconds, 0.001)


def _tell(what: str) -> Callable[[int, float, BaseException], None]:
    def tell(attempt: int, wait: float, error: BaseException) -> None:
        log.warning("slack_tried", what=what, attempt=attempt, wait=round(wait, 2), why=str(error))

    return tell
