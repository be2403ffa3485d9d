"""`invoke`: the one way in. Checked, gated, run and recorded; there is no second way."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.door.checks import UNKNOWN, Checks, Stop, Wish
from bot.door.context import Context, Progress, Resources
from bot.door.intake import shown
from bot.door.operation import Input
from bot.door.outcomes import Failed, Origin, Outcome, Refused, WaitingForApproval
from bot.door.runner import Call, Runner
from bot.errors import Conflict, CopilotError, NotFound, Refusal
from bot.guard.approvals import Approval, ApprovalState, Route
from bot.guard.audit import AuditTrail, Entry
from bot.guard.desk import ApprovalDesk
from bot.guard.people import Actor, ActorKind
from bot.guard.redaction import Redactor
from bot.guard.risk import Gate
from bot.ports import Clock, Json

log = structlog.get_logger()


class Door:
    """Everything that the bot does, it does through here."""

    def __init__(
        self,
        *,
        checks: Checks,
        desk: ApprovalDesk,
        audit: AuditTrail,
        runner: Runner,
        redactor: Redactor,
        resources: Resources,
        clock: Clock,
    ) -> None:
        self._checks = checks
        self._desk = desk
        self._audit = audit
        self._runner = runner
        self._redactor = redactor
        self._resources = resources
        self._clock = clock

    async def invoke(
        self,
        actor: Actor,
        operation: str,
        raw: Mapping[str, object] | Input,
        *,
        origin: Origin,
        why: str = "",
        idempotency_key: str | None = None,
        supersedes: str | None = None,
        break_glass: str | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Run an operation for somebody, or say why not. It raises nothing but a cancellation.

        The same `idempotency_key` of the same actor runs a change once, however often it is invoked.
        `break_glass` is the reason of an administrator who does not wait for the gate.
        """
        origin = origin if origin.trace_id else replace(origin, trace_id=uuid.uuid4().hex)
        with structlog.contextvars.bound_contextvars(trace_id=origin.trace_id):
            try:
                wish = await self._checks.valid_and_allowed(actor, operation, raw, origin)
                gate = await self._checks.within_policy(wish, break_glass=break_glass is not None)
                await self._checks.within_limits(wish, await self._runner.count(wish.identity.id))
                if gate and break_glass is None:
                    return await self._ask(wish, gate, why, idempotency_key, supersedes)
                decision, details = "allowed", self._parameters(wish, why)
                if gate or break_glass is not None:
                    decision, details = (
                        "break-glass",
                        {**details, "break_glass": self._redactor.text(break_glass or "")},
                    )
                    log.warning("glass_broken", operation=operation, person=actor.id, reason=break_glass)
                key = f"{actor.id}:{idempotency_key or uuid.uuid4().hex}"
                return await self._runner.run(self._call(wish, key, decision, details), progress)
            except Stop as stop:
                return await self._refused(stop, operation, origin)
            except Exception as error:  # noqa: BLE001  the one door answers, whatever broke behind it
                return self._broken(operation, origin, error)

    async def run_approved(self, approval_id: str, *, again: bool = False) -> Outcome:
        """Run what an approval allows; the durable engine calls this, as often as it takes.

        An approval speaks for the people who gave it, not for the world of now: the requester must still be
        allowed, the policies must still agree, and the parameters must be those that were approved.
        `again` is somebody's wish to repeat a run that failed for good.
        """
        approval = await self._desk.get(approval_id)
        route = approval.route
        trace_id = approval.trace_id or uuid.uuid4().hex
        origin = Origin(route.surface, route.channel, route.thread, route.workspace, trace_id)
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            try:
                return await self._run_approved(approval, origin, again=again)
            except Stop as stop:
                return await self._refused(stop, approval.operation, origin)
            except Exception as error:  # noqa: BLE001  as above
                return self._broken(approval.operation, origin, error)

    async def _run_approved(self, approval: Approval, origin: Origin, *, again: bool) -> Outcome:
        if approval.state is not ApprovalState.APPROVED:
            raise Conflict(f"approval {approval.id} is {approval.state}, not approved")
        approval.verify()
        actor = Actor(approval.requester, ActorKind(approval.requester_kind))
        parameters = dict(approval.parameters)
        wish = await self._checks.valid_and_allowed(actor, approval.operation, parameters, origin, fresh=True)
        if wish.hash != approval.parameters_hash:
            raise Conflict(
                f"{approval.operation} reads the parameters of approval {approval.id} in another way than when they "
                "were approved",
                mend="Ask for a new approval.",
            )
        await self._checks.within_policy(wish)
        details: dict[str, Json] = {**self._parameters(wish, approval.why), "approval": approval.id}
        call = self._call(wish, f"approval:{approval.id}", "approved", details)
        return await self._runner.run(replace(call, approval_id=approval.id, again=again))

    async def _ask(
        self, wish: Wish, gate: Gate, why: str, idempotency_key: str | None, supersedes: str | None
    ) -> WaitingForApproval:
        """Put the wish on record, for people to decide."""
        operation, origin, now = wish.operation, wish.origin, self._clock()
        approval_id = f"apr-{uuid.uuid4().hex[:12]}"
        context = Context(wish.identity, origin, approval_id, f"approval:{approval_id}", now, self._resources)
        preview = await operation.preview(wish.input, context) if operation.preview else ""
        approvers = self._checks.approvers(wish)
        asked = Approval(
            id=approval_id,
            operation=operation.name,
            parameters=wish.parameters,
            parameters_hash=wish.hash,
            risk=operation.risk,
            environment=wish.environment,
            service=wish.service,
            why=self._redactor.text(why.strip()),
            preview=self._redactor.text(preview),
            requester=wish.identity.id,
            requester_kind=wish.identity.kind,
            route=Route(origin.surface, origin.channel, origin.thread, origin.workspace),
            approvers=", ".join(approvers),
            quorum=gate.quorum,
            self_approval=gate.self_approval,
            created_at=now,
            expires_at=now + self._desk.rules.expiry,
            escalate_at=now + self._desk.rules.escalation,
            escalate_to=self._desk.rules.escalate_to,
            idempotency_key=f"{wish.identity.id}:{idempotency_key}" if idempotency_key else None,
            trace_id=origin.trace_id,
        )
        try:
            approval = await self._desk.open(asked, supersedes)
        except (Conflict, NotFound, Refusal) as error:
            raise Stop("approval", error.message, error.mend, wish=wish) from None
        details: dict[str, Json] = {**self._parameters(wish, why), "approval": approval.id}
        await self._audit.record(
            self._entry("requested", "approval-wanted", wish.operation.name, origin, details, wish)
        )
        return WaitingForApproval(
            approval_id=approval.id,
            operation=operation.name,
            quorum=approval.quorum,
            why=gate.why,
            who_may=approvers,
            expires_at=approval.expires_at,
            preview=approval.preview,
            trace_id=origin.trace_id,
        )

    async def _refused(self, stop: Stop, operation: str, origin: Origin) -> Outcome:
        name = shown(operation).strip("'")
        if not stop.silent:
            details: dict[str, Json] = {"message": self._redactor.text(stop.message, personal=True)}
            if stop.claimed:
                details["claimed"] = shown(stop.claimed)
            if stop.wish:
                details |= self._parameters(stop.wish, "")
            entry = self._entry("refused", f"refused:{stop.because}", name, origin, details, stop.wish)
            if stop.identity and not stop.wish:
                entry = replace(entry, actor=stop.identity.id, actor_kind=stop.identity.kind)
            try:
                await self._audit.record(entry)
            except Exception as error:  # noqa: BLE001  the answer stays no; that it went unrecorded is told
                return self._broken(operation, origin, error)
        return Refused(
            because=stop.because,
            message=self._redactor.text(stop.message),
            mend=stop.mend,
            operation=name,
            trace_id=origin.trace_id,
            problems=tuple(replace(problem, value=self._redactor.text(problem.value)) for problem in stop.problems),
            retry_after=stop.retry_after,
        )

    def _broken(self, operation: str, origin: Origin, error: Exception) -> Failed:
        """The door could not do its own work (the database, mostly): nothing was started."""
        mend = f"The log has it under the reference {origin.trace_id}."
        if isinstance(error, CopilotError):
            message, mend = self._redactor.text(error.message), error.mend or mend
        else:
            log.error("door_failed", exc_info=error, operation=operation[:80])
            message = f"an unexpected error ({type(error).__name__})"
        return Failed(
            message=message,
            mend=mend,
            retryable=False,
            operation=shown(operation).strip("'"),
            trace_id=origin.trace_id,
            run_id="",
            error=type(error).__name__,
        )

    def _call(self, wish: Wish, key: str, decision: str, details: Mapping[str, Json]) -> Call:
        return Call(
            wish=wish,
            run_id=f"run-{uuid.uuid4().hex[:12]}",
            key=key,
            timeout=wish.operation.timeout or self._checks.rules.default_timeout,
            decision=decision,
            details=details,
        )

    def _parameters(self, wish: Wish, why: str) -> dict[str, Json]:
        """What the audit keeps of them: masked, and free of personal data."""
        parameters = self._redactor.value(wish.parameters, personal=True)
        return {"parameters": parameters, **({"why": self._redactor.text(why, personal=True)} if why else {})}

    def _entry(
        self,
        event: str,
        decision: str,
        operation: str,
        origin: Origin,
        details: Mapping[str, Json],
        wish: Wish | None,
    ) -> Entry:
        return Entry(
            at=self._clock(),
            event=event,
            actor=wish.identity.id if wish else UNKNOWN,
            actor_kind=wish.identity.kind if wish else UNKNOWN,
            operation=operation,
            decision=decision,
            role=wish.role if wish else "",
            surface=origin.surface,
            channel=origin.channel or "",
            environment=(wish.environment if wish else "") or "",
            service=(wish.service if wish else "") or "",
            parameters_hash=wish.hash if wish else "",
            trace_id=origin.trace_id,
            details=details,
        )
