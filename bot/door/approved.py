"""What happens once the quorum is reached: the operation runs exactly once, whoever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from bot.dead_letters import DeadLetter, DeadLetters
from bot.door.invoke import Door
from bot.door.outcomes import Failed, Outcome
from bot.door.runner import OUTCOME
from bot.errors import TimedOut
from bot.guard.approvals import ApprovalState
from bot.guard.desk import ApprovalDesk
from bot.ports import Durable, DurableRun, Json

KIND: Final = "approval"
PAUSES: Final = (1.0, 5.0)
"""Seconds between the tries of a run that failed in a way that may pass."""


class ApprovedRuns:
    """Starts the run of an approval, durably; `recover` starts those whose starter was killed."""

    def __init__(self, door: Door, desk: ApprovalDesk, durable: Durable, dead_letters: DeadLetters) -> None:
        self._launching = asyncio.Lock()
        self._launched = False
        self._door = door
        self._desk = desk
        self._durable = durable
        self._dead_letters = dead_letters
        durable.register(KIND, self._run)
        dead_letters.handle(KIND, self._retry)

    async def launch(self) -> None:
        """The durable engine takes a second to start, so it does when it is first needed."""
        async with self._launching:
            if not self._launched:
                await self._durable.launch()
                self._launched = True

    async def close(self) -> None:
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
            return OUTCOME.validate_python(await self._durable.result(f"{KIND}:{approval_id}", timeout))
        except TimedOut:
            return None

    async def recover(self) -> int:
        """Start what was approved and has no outcome; what runs already is left alone."""
        waiting = await self._desk.store.find(states=(ApprovalState.APPROVED,), unfinished=True, limit=500)
        for approval in waiting:
            await self.start(approval.id)
        return len(waiting)

    async def _retry(self, letter: DeadLetter) -> None:
        assert isinstance(letter.payload, dict)
        await self.launch()
        await self._durable.start(
            KIND, f"{KIND}:{letter.payload['approval']}:{letter.id}", {**letter.payload, "again": True}
        )

    async def _run(self, run: DurableRun, payload: Json) -> Json:
        assert isinstance(payload, dict)
        approval_id, again = str(payload["approval"]), bool(payload["again"])
        outcome = await run.step("run 1", self._once, approval_id, again)
        for attempt, pause in enumerate(PAUSES, start=2):
            if not _may_pass(outcome):
                break
            await run.sleep(pause)
            outcome = await run.step(f"run {attempt}", self._once, approval_id, False)  # noqa: FBT003
        await run.step("record", self._record, run.id, approval_id, outcome)
        return outcome

    async def _once(self, approval_id: Json, again: Json) -> Json:
        outcome = await self._door.run_approved(str(approval_id), again=bool(again))
        dumped: Json = OUTCOME.dump_python(outcome, mode="json")
        return dumped

    async def _record(self, run_id: Json, approval_id: Json, outcome: Json) -> Json:
        assert isinstance(outcome, dict)
        approval = await self._desk.finish(str(approval_id), outcome)
        ended = OUTCOME.validate_python(outcome)
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


def _may_pass(outcome: Json) -> bool:
    ended = OUTCOME.validate_python(outcome)
    return isinstance(ended, Failed) and ended.retryable
