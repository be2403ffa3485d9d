"""Runs an operation: tracked, timed, behind its breaker, redacted, and audited at both ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import structlog
from pydantic import TypeAdapter

from bot.door.checks import Wish
from bot.door.context import Context, Progress, Resources
from bot.door.operation import Repeat
from bot.door.outcomes import Done, Failed, Outcome, Refused, RefusedBecause
from bot.door.runs import Run, RunState, RunStore
from bot.errors import Conflict, CopilotError, InvalidInput, NotFound, Refusal, Retryable
from bot.guard.audit import AuditTrail, Entry
from bot.guard.redaction import Redactor
from bot.guard.risk import Risk
from bot.guard.rules import MAX_SECONDS
from bot.ports import Clock, Json
from bot.resilience import Breakers

PROMOTED_AFTER: Final = 1.0
OUTCOME: Final[TypeAdapter[Outcome]] = TypeAdapter(Outcome)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """A wish that has passed every check, and what is written down about it."""

    wish: Wish
    run_id: str
    key: str
    timeout: float
    decision: str
    details: Mapping[str, Json]
    approval_id: str | None = None
    again: bool = False

    @property
    def changes(self) -> bool:
        return self.wish.operation.risk is not Risk.READ

    @property
    def name(self) -> str:
        return self.wish.operation.name

    def failed(
        self,
        message: str,
        mend: str = "",
        *,
        error: str,
        retryable: bool = False,
        retry_after: float | None = None,
        still_running: bool = False,
    ) -> Failed:
        trace_id = self.wish.origin.trace_id
        return Failed(message, mend, retryable, self.name, trace_id, self.run_id, error, retry_after, still_running)

    def refused(self, because: RefusedBecause, message: str, mend: str) -> Refused:
        return Refused(because, message, mend, self.name, self.wish.origin.trace_id)


ChargeTo = Callable[[Call, float, int], Awaitable[None]]


class Runner:
    """The runs of this replica."""

    def __init__(
        self,
        *,
        store: RunStore,
        audit: AuditTrail,
        redactor: Redactor,
        breakers: Breakers,
        resources: Resources,
        charge: ChargeTo,
        clock: Clock,
        replica: str,
    ) -> None:
        self.replica = replica
        self.alone = False
        self._store = store
        self._audit = audit
        self._redactor = redactor
        self._breakers = breakers
        self._resources = resources
        self._charge = charge
        self._clock = clock
        self._works: dict[str, asyncio.Task[Json]] = {}
        self._runs: dict[str, Run] = {}
        self._keepers: set[asyncio.Task[Outcome]] = set()
        self._of: Counter[str] = Counter()

    @property
    def running(self) -> int:
        return len(self._runs)

    def own(self) -> list[Run]:
        return list(self._runs.values())

    async def count(self, actor: str) -> int:
        """How many runs somebody has under way, here and on other replicas (`alone`: there are none)."""
        elsewhere = 0 if self.alone else await self._store.count_elsewhere(actor, self.replica)
        return self._of[actor] + elsewhere

    async def run(self, call: Call, progress: Progress | None = None) -> Outcome:
        """Run it; comes back at the timeout at the latest.

        A read is stopped then. A change goes on, tracked, and its end is recorded when it comes: to stop it
        half-way is a decision for people (`runs.cancel`).
        """
        run = Run(
            id=call.run_id,
            key=call.key,
            operation=call.name,
            actor=call.wish.identity.id,
            trace_id=call.wish.origin.trace_id,
            started_at=self._clock(),
            replica=self.replica,
            channel=call.wish.origin.channel,
            approval_id=call.approval_id,
        )
        if call.changes:
            claimed = await self._claim(call, run)
            if not isinstance(claimed, Run):
                return claimed
            call, run = replace(call, run_id=claimed.id), claimed
        await self._audit.record(self._entry(call, "start", call.details), lazy=not call.changes)
        keeper = asyncio.create_task(self._keep(call, run, progress), name=f"run {run.id}")
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)
        try:
            # An approved run is waited for by the durable engine, which has all the time there is.
            patience = call.timeout if call.changes and call.approval_id is None else None
            await asyncio.wait({keeper}, timeout=patience)
        except asyncio.CancelledError:
            if not call.changes:
                self.stop(run.id)
            raise
        if keeper.done():
            return keeper.result()
        return call.failed(
            f"{call.name} has not ended after {call.timeout:g} s; it goes on as run {run.id}",
            f"`runs.list` shows how it stands, `runs.cancel --run {run.id}` stops it.",
            error="TimedOut",
            still_running=True,
        )

    def stop(self, run_id: str) -> bool:
        """Cancel a run of this replica."""
        if work := self._works.get(run_id):
            work.cancel()
            return True
        return False

    async def close(self, grace: float) -> None:
        """Let what runs end; what does not end in time is stopped, and recorded as interrupted."""
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=grace)
        for work in list(self._works.values()):
            work.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers)

    # ------------------------------------------------------------ within

    async def _claim(self, call: Call, run: Run) -> Run | Outcome:
        """The run under its key: fresh, taken up again after a crash, or what it came to already."""
        kept, fresh = await self._store.claim(run)
        if fresh:
            return kept
        earlier = OUTCOME.validate_python(kept.outcome) if kept.outcome else None
        unfinished = earlier is None or (isinstance(earlier, Failed) and (earlier.retryable or call.again))
        if not (unfinished and call.approval_id):
            if isinstance(earlier, Done):
                return replace(earlier, repeated=True)
            return earlier or call.refused(
                "conflict",
                f"this very request runs already, as run {kept.id}",
                "`runs.list` shows how it stands.",
            )
        if earlier is None and call.wish.operation.repeat is Repeat.NEVER:
            lost = replace(call, run_id=kept.id).failed(
                f"run {kept.id} of {call.name} was interrupted; it is not known whether it took effect",
                "Look at what it was to change, and ask again if that has not happened.",
                error="Interrupted",
            )
            return await self._record_end(call, replace(kept, state=RunState.INTERRUPTED), lost, 0, 0)
        return await self._store.retake(kept, self.replica) or call.refused(
            "conflict", f"run {kept.id} was taken up elsewhere", "`runs.list` shows how it stands."
        )

    async def _keep(self, call: Call, run: Run, progress: Progress | None) -> Outcome:
        """Stay with a run until its end is on record, whatever becomes of whoever asked."""
        spent = 0.0

        async def charge(usd: float, tokens: int) -> None:
            nonlocal spent
            spent += usd
            await self._charge(call, usd, tokens)

        context = Context(
            identity=call.wish.identity,
            origin=call.wish.origin,
            run_id=run.id,
            idempotency_key=call.key,
            now=self._clock(),
            resources=self._resources,
            charge=charge,
        )
        if progress:
            context = replace(context, progress=progress)
        began = perf_counter()
        work = asyncio.create_task(self._work(call, context), name=f"operation {run.id}")
        self._works[run.id], self._runs[run.id] = work, run
        self._of[run.actor] += 1
        try:
            outcome, state = await self._end_of(call, run, work)
        finally:
            del self._works[run.id], self._runs[run.id]
            self._of[run.actor] -= 1
            if not self._of[run.actor]:
                del self._of[run.actor]
        duration = (perf_counter() - began) * 1_000
        if isinstance(outcome, Done):
            outcome = replace(outcome, duration_ms=round(duration, 2))
        return await self._record_end(call, replace(run, state=state), outcome, duration, spent)

    async def _work(self, call: Call, context: Context) -> Json:
        async def function() -> Json:
            output = await call.wish.operation.function(call.wish.input, context)
            return self._redactor.value(output.model_dump(mode="json"))

        if call.wish.operation.dependency is None:
            return await function()
        return await self._breakers.get(call.wish.operation.dependency).call(function)

    async def _end_of(self, call: Call, run: Run, work: asyncio.Task[Json]) -> tuple[Outcome, RunState]:
        limit = MAX_SECONDS if call.changes else call.timeout
        waited = min(limit, PROMOTED_AFTER)
        await asyncio.wait({work}, timeout=waited)
        if not work.done() and waited < limit:
            if not call.changes:
                await self._store.claim(run)
            await asyncio.wait({work}, timeout=limit - waited)
        if not work.done():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await work
            return call.failed(
                f"{call.name} was stopped after {limit:g} s",
                "Look at how far it got before you ask again." if call.changes else "Ask for less at a time.",
                error="TimedOut",
                retryable=not call.changes,
            ), RunState.INTERRUPTED if call.changes else RunState.FAILED
        if work.cancelled():
            return call.failed(
                f"{call.name} was cancelled",
                "It may have taken effect in part." if call.changes else "",
                error="Cancelled",
            ), RunState.INTERRUPTED if call.changes else RunState.CANCELLED
        if error := work.exception():
            return self._failure(call, error), RunState.FAILED
        return Done(work.result(), call.name, call.wish.origin.trace_id, run.id), RunState.DONE

    def _failure(self, call: Call, error: BaseException) -> Outcome:
        match error:
            case Refusal():
                return call.refused("permission", self._redactor.text(error.message), error.mend)
            case InvalidInput() | NotFound():
                return call.refused("invalid", self._redactor.text(error.message), error.mend)
            case Conflict():
                return call.refused("conflict", self._redactor.text(error.message), error.mend)
            case CopilotError():
                return call.failed(
                    self._redactor.text(error.message),
                    error.mend,
                    error=type(error).__name__,
                    retryable=isinstance(error, Retryable),
                    retry_after=error.retry_after if isinstance(error, Retryable) else None,
                )
            case _:
                log.error("operation_failed", exc_info=error, operation=call.name, run=call.run_id)
                return call.failed(
                    f"{call.name} ended in an unexpected error ({type(error).__name__})",
                    f"The log has it under the reference {call.wish.origin.trace_id}.",
                    error=type(error).__name__,
                )

    async def _record_end(self, call: Call, run: Run, outcome: Outcome, duration: float, spent: float) -> Outcome:
        """The row of the run, then the audit: a result that is not on record is not handed out."""
        message = getattr(outcome, "message", "")
        details: dict[str, Json] = {"message": self._redactor.text(message, personal=True)} if message else {}
        entry = self._entry(call, "end", details)
        entry = replace(entry, outcome=outcome.kind, duration_ms=duration, cost_usd=spent)
        try:
            if call.changes or duration >= PROMOTED_AFTER * 1_000:
                kept = OUTCOME.dump_python(outcome, mode="json")
                await self._store.finish(replace(run, outcome=kept, finished_at=self._clock()))
            await self._audit.record(entry)
        except Exception as error:  # whatever kept it from being recorded, the answer is the same
            log.exception("run_not_recorded", run=run.id)
            return call.failed(
                f"the end of run {run.id} could not be recorded ({error}), so its result is withheld",
                "It may have taken effect." if call.changes else "Try again when the database answers.",
                error=type(error).__name__,
                retryable=not call.changes,
            )
        return outcome

    def _entry(self, call: Call, event: str, details: Mapping[str, Json]) -> Entry:
        wish = call.wish
        return Entry(
            at=self._clock(),
            event=event,
            actor=wish.identity.id,
            actor_kind=wish.identity.kind,
            operation=call.name,
            decision=call.decision,
            role=wish.role,
            surface=wish.origin.surface,
            channel=wish.origin.channel or "",
            environment=wish.environment or "",
            service=wish.service or "",
            parameters_hash=wish.hash,
            trace_id=wish.origin.trace_id,
            run_id=call.run_id,
            details=details,
        )
