"""What happens once the quorum is reached: the operation runs exactly once, whoever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

import structlog

from bot.dead_letters import DeadLetter, DeadLetters
from bot.door.invoke import Door
from bot.door.outcomes import Failed, Outcome
from bot.door.runner import OUTCOME
from bot.errors import Retryable, TimedOut, Unavailable
from bot.guard.approvals import ApprovalState
from bot.guard.desk import ApprovalDesk
from bot.ports import Durable, DurableRun, DurableState, Json

KIND: Final = "approval"
PAUSES: Final = (1.0, 5.0)
"""Seconds at least between the tries of a run that failed in a way that may pass."""
LONGEST_PAUSE: Final = 300.0
RESTARTS: Final = 3
"""How often a durable run that broke down before it could write down its outcome is started anew."""
log = structlog.get_logger()


class ApprovedRuns:
    """Starts the run of an approval, durably; `recover` starts those whose starter was killed."""

    def __init__(self, door: Door, desk: ApprovalDesk, durable: Durable, dead_letters: DeadLetters) -> None:
        self._launching = asyncio.Lock()
        self._launched = self._closed = False
        self._door = door
        self._desk = desk
        self._durable = durable
        self._dead_letters = dead_letters
        durable.register(KIND, self._run)
        dead_letters.handle(KIND, self._retry)

    async def launch(self) -> None:
        """The durable engine takes a second to start, so it does when it is first needed."""
        async with self._launching:
            if self._closed:
                raise Unavailable("the bot is shutting down", mend="Try again in a moment.")
            if not self._launched:
                await self._durable.launch()
                self._launched = True

    async def close(self) -> None:
        self._closed = True  # a round of the upkeep that is under way must not launch it again
        async with self._launching:
            if self._launched:
                await self._durable.close()
                self._launched = False

    async def adopt(self, live: Collection[str]) -> int:
        """Go on with what dead replicas left, and start what they could not start any more."""
        await self.launch()
        adopted = await self._durable.adopt(live)
        return len(adopted) + await self.recover()

    async def start(self, approval_id: str) -> None:
        """The id of the durable run is the approval's: started twice, it is one run."""
        await self.launch()
        await self._durable.start(KIND, f"{KIND}:{approval_id}", {"approval": approval_id, "again": False})

    async def result(self, approval_id: str, timeout: float) -> Outcome | None:
        """How it went; None if it has not ended after `timeout` seconds."""
        await self.launch()
        try:
            await self._durable.result(f"{KIND}:{approval_id}", timeout)
        except TimedOut:
            return None
        return await self._outcome(approval_id)

    async def recover(self) -> int:
        """Start what was approved and has no outcome; what runs already is left alone."""
        waiting = await self._desk.store.find(states=(ApprovalState.APPROVED,), unfinished=True, limit=500)
        for approval in waiting:
            await self._restart(approval.id)
        return len(waiting)

    async def _restart(self, approval_id: str) -> None:
        """The first of its durable runs that is not over; each replica counts to the same one."""
        await self.launch()
        run_id = f"{KIND}:{approval_id}"
        for name in (run_id, *(f"{run_id}:restart-{number}" for number in range(1, RESTARTS + 1))):
            status = await self._durable.status(name)
            if status is None:
                await self._durable.start(KIND, name, {"approval": approval_id, "again": False})
                return
            if status.state in {DurableState.QUEUED, DurableState.RUNNING}:
                return
        log.error("approval_without_outcome", approval=approval_id, tried=1 + RESTARTS)

    async def _retry(self, letter: DeadLetter) -> None:
        assert isinstance(letter.payload, dict)
        await self.launch()
        await self._durable.start(
            KIND, f"{KIND}:{letter.payload['approval']}:{letter.id}", {**letter.payload, "again": True}
        )

    async def _run(self, run: DurableRun, payload: Json) -> Json:
        """Outcomes are kept with the approval, sealed; the engine's own tables see none of them."""
        assert isinstance(payload, dict)
        approval_id, again = str(payload["approval"]), bool(payload["again"])
        wait = await run.step("run 1", self._once, approval_id, again)
        for attempt, pause in enumerate(PAUSES, start=2):
            if not isinstance(wait, float):
                break
            await run.sleep(max(pause, min(wait, LONGEST_PAUSE)))
            wait = await run.step(f"run {attempt}", self._once, approval_id, False)
        await run.step("bury", self._bury, run.id, approval_id)
        return None

    async def _once(self, approval_id: Json, again: Json) -> Json:
        """None if it has ended; otherwise the seconds after which it may be tried again."""
        outcome = await self._door.run_approved(str(approval_id), again=bool(again))
        try:
            await self._desk.finish(str(approval_id), OUTCOME.dump_python(outcome, mode="json"))
        except Retryable as error:
            log.warning("outcome_not_recorded", approval=str(approval_id), error=str(error))
            return 0.0
        return float(outcome.retry_after or 0) if isinstance(outcome, Failed) and outcome.retryable else None

    async def _bury(self, run_id: Json, approval_id: Json) -> Json:
        """What failed for good wants somebody's decision."""
        approval = await self._desk.get(str(approval_id))
        ended = await self._outcome(approval.id)
        if ended is None:
            raise Unavailable(f"the outcome of approval {approval.id} could not be recorded")
        if isinstance(ended, Failed):
            await self._dead_letters.put(
                KIND,
                {"approval": approval.id},
                f"{approval.operation}: {ended.message}",
                attempts=1 + len(PAUSES) if ended.retryable else 1,
                trace_id=ended.trace_id,
                letter_id=f"dl-{run_id}",
            )
        return None

    async def _outcome(self, approval_id: str) -> Outcome | None:
        kept = (await self._desk.get(approval_id)).outcome
        return OUTCOME.validate_python(dict(kept)) if kept else None
