"""Runs an operation: tracked, timed, behind its breaker, redacted, and audited at both ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import structlog
from pydantic import TypeAdapter

from bot.door.call import Call, Place
from bot.door.context import Context, Progress, Resources
from bot.door.operation import Repeat
from bot.door.outcomes import Done, Failed, Outcome, Refused
from bot.door.runs import Run, RunState, RunStore
from bot.errors import Conflict, CopilotError, InvalidInput, NotFound, Refusal, Retryable
from bot.guard.audit import AuditTrail
from bot.guard.canonical import plain, writable
from bot.guard.chain import Entry
from bot.guard.redaction import Redactor
from bot.guard.rules import MAX_SECONDS
from bot.ports import Clock, Json
from bot.resilience import Breakers

PROMOTED_AFTER: Final = 1.0
INTERRUPTED: Final = "Interrupted"
STOPPED_WITHIN: Final = 5.0
"""Seconds that an operation has to clean up after it was cancelled; then nobody waits for it any more."""
OUTCOME: Final[TypeAdapter[Outcome]] = TypeAdapter(Outcome)
log = structlog.get_logger()


ChargeTo = Callable[[Call, float, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A run that is ours to carry out, and the work of it that is under way here already."""

    run: Run
    work: asyncio.Task[Json] | None = None


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
        self._closing = False

    @property
    def running(self) -> int:
        return len(self._runs)

    def own(self) -> list[Run]:
        return list(self._runs.values())

    async def elsewhere(self, actor: str) -> int:
        """How many runs somebody has under way on other replicas (`alone`: there are none)."""
        return 0 if self.alone else await self._store.count_elsewhere(actor, self.replica)

    @contextlib.contextmanager
    def place(self, actor: str) -> Iterator[Place]:
        """A place for one more operation here; a run that is kept gives it back when it ends."""

        def leave() -> None:
            self._of[actor] -= 1
            if not self._of[actor]:
                del self._of[actor]

        place = Place(self._of[actor], leave)
        self._of[actor] += 1
        try:
            yield place
        finally:
            if not place.kept:
                leave()

    async def run(self, call: Call, progress: Progress | None, place: Place) -> Outcome:
        """Run it; comes back at the timeout at the latest.

        A read is stopped then. A change goes on, tracked, and its end is recorded when it comes: to stop it
        half-way is a decision for people (`runs.cancel`).
        """
        if self._closing:
            return call.failed(
                "the bot is shutting down", "Try again in a moment.", error="Unavailable", retryable=True
            )
        run = Run(
            id=call.run_id,
            key=call.key,
            operation=call.name,
            actor=call.wish.identity.id,
            trace_id=call.wish.origin.trace_id,
            started_at=self._clock(),
            replica=self.replica,
            parameters_hash=call.wish.hash,
            channel=call.wish.origin.channel,
            approval_id=call.approval_id,
        )
        # A task of its own from the very first row on: whoever asked may go away at any moment.
        keeper = asyncio.create_task(self._keep(call, run, progress), name=f"run {run.id}")
        place.kept = True
        self._keepers.add(keeper)

        def ended(keeper: asyncio.Task[Outcome]) -> None:
            place.leave()
            self._keepers.discard(keeper)
            if not keeper.cancelled() and (error := keeper.exception()):
                log.error("run_not_kept", run=run.id, operation=call.name, error=str(error))

        keeper.add_done_callback(ended)
        try:
            # An approved run is waited for by the durable engine, which has all the time there is.
            patience = call.timeout if call.changes and call.approval_id is None else None
            await asyncio.wait({keeper}, timeout=patience)
        except asyncio.CancelledError:
            if not call.changes and not self.stop(run.id) and run.id not in self._works:
                keeper.cancel()
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
        """Cancel a run of this replica; asked twice, it is not disturbed again while it cleans up."""
        work = self._works.get(run_id)
        if work is None or work.done():
            return False
        if not work.cancelling():
            work.cancel()
        return True

    async def close(self, grace: float) -> None:
        """Let what runs end; what does not end in time is stopped, and recorded as interrupted."""
        self._closing = True
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=grace)
        for run_id in list(self._works):
            self.stop(run_id)
        if self._keepers:
            # What does not stop either stays on record as running, and the next replica finds it orphaned.
            await asyncio.wait(self._keepers, timeout=STOPPED_WITHIN)

    # ------------------------------------------------------------ within

    def _here(self, run_id: str) -> bool:
        return any(run.id == run_id for run in self._runs.values())

    async def _claim(self, call: Call, run: Run) -> _Claimed | Outcome:
        """The run under its key: fresh, taken up again after a crash, or what it came to already."""
        kept, fresh = await self._store.claim(run)
        if fresh:
            return _Claimed(kept)
        if kept.parameters_hash != run.parameters_hash:
            return call.refused(
                "conflict",
                f"this idempotency key was used for {kept.operation} with other parameters, as run {kept.id}",
                "Use a new key for a new request.",
            )
        earlier = OUTCOME.validate_python(kept.outcome) if kept.outcome else None
        if not (_unfinished(earlier, call) and (call.approval_id or call.resumed)):
            if isinstance(earlier, Done):
                return replace(earlier, repeated=True)
            return earlier or call.refused(
                "conflict",
                f"this very request runs already, as run {kept.id}",
                "`runs.list` shows how it stands.",
            )
        if earlier is None and call.wish.operation.repeat is Repeat.NEVER and not self._here(kept.id):
            lost = replace(call, run_id=kept.id).failed(
                f"run {kept.id} of {call.name} was interrupted; it is not known whether it took effect",
                "Look at what it was to change, and ask again if that has not happened.",
                error=INTERRUPTED,
            )
            return await self._record_end(call, replace(kept, state=RunState.INTERRUPTED), lost, 0, 0)
        # A run that was taken away from this replica and has come back may still be at work here: it is joined,
        # even if that ends before we have it back on record.
        work = self._works.get(kept.id) if earlier is None else None
        if taken := await self._store.retake(kept, self.replica):
            return _Claimed(taken, work)
        return call.refused("conflict", f"run {kept.id} was taken up elsewhere", "`runs.list` shows how it stands.")

    async def _keep(self, call: Call, run: Run, progress: Progress | None) -> Outcome:
        """Stay with a run until its end is on record, whatever becomes of whoever asked."""
        self._runs[call.run_id] = run
        try:
            claim = await self._claim(call, run) if call.changes else _Claimed(run)
            if not isinstance(claim, _Claimed):
                return claim
            self._runs[call.run_id] = claimed = claim.run
            started = replace(call, run_id=claimed.id)
            try:
                await self._audit.record(self._entry(started, "start", call.details), lazy=not call.changes)
            except Exception as error:
                if call.changes:
                    return await self._not_started(started, claimed, error)
                raise
            return await self._carry_out(started, claim, progress)
        finally:
            del self._runs[call.run_id]

    async def _not_started(self, call: Call, run: Run, error: Exception) -> Outcome:
        """What cannot be audited does not run; its row must not look as if it did."""
        log.warning("run_not_started", run=run.id, error=str(error))
        outcome = call.failed(
            f"the start of {call.name} could not be recorded, so nothing was started ({self._text(str(error))})",
            "Try again when the database answers.",
            error=type(error).__name__,
            retryable=isinstance(error, Retryable),
        )
        with contextlib.suppress(CopilotError):
            kept = OUTCOME.dump_python(outcome, mode="json")
            await self._store.finish(
                replace(run, state=RunState.FAILED, outcome=kept, finished_at=self._clock()),
            )
        return outcome

    async def _carry_out(self, call: Call, claim: _Claimed, progress: Progress | None) -> Outcome:
        run, spent = claim.run, 0.0

        async def charge(usd: float, tokens: int) -> None:
            nonlocal spent
            spent += usd
            await self._charge(call, usd, tokens)

        async def tell(text: str) -> None:
            if progress:
                try:
                    await progress(self._text(text))
                except Exception:  # a message that cannot be shown must not stop what it is about
                    log.exception("progress_not_shown", run=run.id)

        context = Context(
            identity=call.wish.identity,
            origin=call.wish.origin,
            run_id=run.id,
            idempotency_key=call.key,
            now=self._clock(),
            resources=self._resources,
            progress=tell,
            charge=charge,
        )
        began = perf_counter()
        work = claim.work or self._works.get(run.id)
        work = work or asyncio.create_task(self._work(call, context), name=f"operation {run.id}")
        self._works[run.id] = work
        try:
            outcome, state = await self._end_of(call, run, work)
            duration = (perf_counter() - began) * 1_000
            if isinstance(outcome, Done):
                outcome = replace(outcome, duration_ms=round(duration, 2))
            return await self._record_end(call, replace(run, state=state), outcome, duration, spent)
        finally:
            if self._works.get(run.id) is work:
                del self._works[run.id]

    async def _work(self, call: Call, context: Context) -> Json:
        async def function() -> Json:
            output = await call.wish.operation.function(call.wish.input, context)
            return plain(self._redactor.value(output.model_dump(mode="json")))

        if call.wish.operation.dependency is None:
            return await function()
        return await self._breakers.get(call.wish.operation.dependency).call(function)

    async def _end_of(self, call: Call, run: Run, work: asyncio.Task[Json]) -> tuple[Outcome, RunState]:
        limit = MAX_SECONDS if call.changes else call.timeout
        waited = min(limit, PROMOTED_AFTER)
        await asyncio.wait({work}, timeout=waited)
        if not work.done() and waited < limit:
            if not call.changes:
                try:
                    await self._store.claim(run)
                except CopilotError:  # it cannot be listed, and may well end all the same
                    log.exception("run_not_listed", run=run.id)
            await asyncio.wait({work}, timeout=limit - waited)
        if not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=STOPPED_WITHIN)
            if not work.done():
                log.error("operation_ignores_cancellation", operation=call.name, run=run.id)
            elif not work.cancelled():
                work.exception()
            return call.failed(
                f"{call.name} was stopped after {limit:g} s",
                "Look at how far it got before you ask again." if call.changes else "Ask for less at a time.",
                error="TimedOut",
                retryable=not call.changes,
            ), RunState.INTERRUPTED if call.changes else RunState.FAILED
        if work.cancelled() and self._closing:
            return call.failed(
                f"{call.name} was stopped half-way, because the bot shut down",
                "Look at how far it got before you ask again." if call.changes else "Ask again in a moment.",
                error=INTERRUPTED,
                retryable=not call.changes,
            ), RunState.INTERRUPTED
        if work.cancelled():
            return call.failed(
                f"{call.name} was cancelled",
                "It may have taken effect in part." if call.changes else "",
                error="Cancelled",
            ), RunState.INTERRUPTED if call.changes else RunState.CANCELLED
        if error := work.exception():
            outcome = self._failure(call, error)
            return outcome, RunState.REFUSED if isinstance(outcome, Refused) else RunState.FAILED
        return Done(work.result(), call.name, call.wish.origin.trace_id, run.id), RunState.DONE

    def _failure(self, call: Call, error: BaseException) -> Outcome:
        text = self._text
        match error:
            case Refusal():
                return call.refused("permission", text(error.message), text(error.mend))
            case InvalidInput() | NotFound():
                return call.refused("invalid", text(error.message), text(error.mend))
            case Conflict():
                return call.refused("conflict", text(error.message), text(error.mend))
            case CopilotError():
                return call.failed(
                    text(error.message),
                    text(error.mend),
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
                f"the end of run {run.id} could not be recorded ({self._text(str(error))}), so its result is withheld",
                "It may have taken effect." if call.changes else "Try again when the database answers.",
                error=type(error).__name__,
                retryable=not call.changes,
            )
        return outcome

    def _text(self, text: str) -> str:
        """Masked, and writable."""
        return writable(self._redactor.text(text))

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


def _unfinished(earlier: Outcome | None, call: Call) -> bool:
    """Whether there is something left to do for a run that was begun before."""
    if earlier is None:
        return True
    lost = call.resumed and call.wish.operation.repeat is Repeat.SAFE
    return isinstance(earlier, Failed) and (earlier.retryable or call.again or (lost and earlier.error == INTERRUPTED))
