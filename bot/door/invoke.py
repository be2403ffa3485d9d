"""`invoke`: the one way in. Checked, gated, run and recorded; there is no second way."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.door.call import Call
from bot.door.checks import UNKNOWN, Checks, Stop, Wish
from bot.door.context import Context, Progress, Resources
from bot.door.intake import MOST_CHARACTERS, shown
from bot.door.operation import Input
from bot.door.outcomes import Done, Failed, Origin, Outcome, Refused, WaitingForApproval
from bot.door.runner import OUTCOME, Runner
from bot.errors import Conflict, CopilotError, InvalidInput, NotFound, Refusal, Retryable, TimedOut
from bot.guard.approvals import Approval, ApprovalState, Route
from bot.guard.audit import AuditTrail
from bot.guard.canonical import digest
from bot.guard.chain import Entry
from bot.guard.desk import ApprovalDesk
from bot.guard.people import Actor, ActorKind
from bot.guard.redaction import Redactor
from bot.guard.risk import Gate
from bot.ports import Clock, Json
from bot.tracing import Tracing

NOBODY: Final = "nobody the audit trail knows"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Manner:
    """How it is asked for, beside the input."""

    why: str
    idempotency_key: str | None
    supersedes: str | None
    break_glass: str | None
    progress: Progress | None
    resumed: bool

    def said(self) -> dict[str, str | None]:
        return {
            "why": self.why,
            "idempotency_key": self.idempotency_key,
            "supersedes": self.supersedes,
            "break_glass": self.break_glass,
        }


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
        tracing: Tracing,
        resources: Resources,
        clock: Clock,
    ) -> None:
        self._checks = checks
        self._desk = desk
        self._audit = audit
        self._runner = runner
        self._redactor = redactor
        self._tracing = tracing
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
        resumed: bool = False,
    ) -> Outcome:
        """Run an operation for somebody, or say why not. It raises nothing but a cancellation.

        The same `idempotency_key` of the same actor runs a change once, however often it is invoked.
        `resumed` says that the process which began this very request is gone: what may be repeated is taken up again.
        `break_glass` is the reason of an administrator who does not wait for the gate.
        """
        origin = origin if origin.trace_id else replace(origin, trace_id=uuid.uuid4().hex)
        bound = structlog.contextvars.bound_contextvars(trace_id=origin.trace_id)
        with bound, self._tracing.span("invoke", trace_id=origin.trace_id, surface=origin.surface):
            try:
                return await self._invoke(
                    actor,
                    operation,
                    raw,
                    origin,
                    _Manner(why, idempotency_key, supersedes, break_glass, progress, resumed),
                )
            except Stop as stop:
                return await self._refused(await self._checks.counted(stop, origin), operation, origin)
            except Exception as error:  # noqa: BLE001  the one door answers, whatever broke behind it
                return self._broken(operation, origin, error)

    async def _invoke(
        self, actor: Actor, operation: str, raw: Mapping[str, object] | Input, origin: Origin, manner: _Manner
    ) -> Outcome:
        checks, runner, glass = self._checks, self._runner, manner.break_glass
        wish = await checks.valid_and_allowed(actor, operation, raw, origin, self._redactor, said=manner.said())
        gate = await checks.within_policy(wish, break_glass=glass)
        await checks.within_rate(wish)
        elsewhere = await runner.elsewhere(wish.identity.id)
        # From here to the end of the check nothing is awaited: of many that come at once, none slips through.
        with runner.place(wish.identity.id) as place:
            checks.within_concurrency(wish, place.others + elsewhere)
            key = _key(actor, manner.idempotency_key)
            if gate and glass is None:
                return await self._ask(wish, gate, manner, key)
            details = await self._parameters(wish, manner.why)
            if glass is not None:
                details["break_glass"] = self._redactor.text(glass.strip(), personal=True)
                log.warning("glass_broken", operation=operation, person=actor.id, reason=glass)
            call = self._call(wish, key or uuid.uuid4().hex, "allowed" if glass is None else "break-glass", details)
            return await runner.run(replace(call, resumed=manner.resumed), manner.progress, place)

    async def run_approved(self, approval_id: str, *, again: bool = False) -> Outcome:
        """Run what an approval allows; the durable engine calls this, as often as it takes.

        An approval speaks for the people who gave it, not for the world of now: the requester must still be
        allowed, the policies must still agree, and the parameters must be those that were approved.
        `again` is somebody's wish to repeat a run that failed for good.
        """
        try:
            approval = await self._desk.get(approval_id)
        except CopilotError as error:
            return self._broken("", Origin(trace_id=uuid.uuid4().hex), error)
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
        wish = await self._checks.valid_and_allowed(
            actor, approval.operation, parameters, origin, self._redactor, fresh=True
        )
        if wish.hash != approval.parameters_hash:
            raise Conflict(
                f"{approval.operation} reads the parameters of approval {approval.id} in another way than when they "
                "were approved",
                mend="Ask for a new approval.",
            )
        gate = await self._checks.within_policy(wish, agreed=True)
        if gate and gate.quorum > approval.agreed:
            raise Stop(
                "approval",
                f"{approval.operation} asks for {gate.quorum} approvals by now, and {approval.id} has "
                f"{approval.agreed}",
                "Ask for a new approval.",
                wish=wish,
            )
        details = {**await self._parameters(wish, approval.why), "approval": approval.id}
        call = self._call(wish, f"approval:{approval.id}", "approved", details)
        with self._runner.place(actor.id) as place:
            return await self._runner.run(replace(call, approval_id=approval.id, again=again), None, place)

    async def _ask(self, wish: Wish, gate: Gate, manner: _Manner, key: str | None) -> Outcome:
        """Put the wish on record, for people to decide."""
        operation, origin, now = wish.operation, wish.origin, self._clock()
        approval_id = f"apr-{uuid.uuid4().hex[:12]}"
        preview = await self._preview(wish, Context(wish.identity, origin, approval_id, "", now, self._resources))
        approvers = self._checks.approvers(wish)
        asked = Approval(
            id=approval_id,
            operation=operation.name,
            parameters=wish.parameters,
            parameters_hash=wish.hash,
            risk=operation.risk,
            environment=wish.environment,
            service=wish.service,
            why=self._redactor.text(manner.why.strip()),
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
            idempotency_key=key,
            trace_id=origin.trace_id,
        )
        try:
            approval = await self._desk.open(asked, manner.supersedes)
        except (Conflict, NotFound, Refusal) as error:
            raise Stop("approval", error.message, error.mend, wish=wish) from None
        if earlier := self._earlier(wish, approval):
            return earlier
        details = {**await self._parameters(wish, manner.why), "approval": approval.id}
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

    async def _preview(self, wish: Wish, context: Context) -> str:
        """Runs the operation's own code, and so within its time."""
        if wish.operation.preview is None:
            return ""
        timeout = self._timeout(wish)
        try:
            async with asyncio.timeout(timeout):
                return await wish.operation.preview(wish.input, context)
        except TimeoutError:
            raise TimedOut(f"the preview of {wish.operation.name} took longer than {timeout:g} s") from None
        except (InvalidInput, NotFound) as error:
            raise Stop("invalid", error.message, error.mend, wish=wish) from None

    def _earlier(self, wish: Wish, approval: Approval) -> Outcome | None:
        """What the same request came to before; None while it waits."""
        if approval.outcome:
            outcome = OUTCOME.validate_python(dict(approval.outcome))
            return replace(outcome, repeated=True) if isinstance(outcome, Done) else outcome
        if approval.state not in {ApprovalState.PENDING, ApprovalState.APPROVED}:
            raise Stop(
                "approval",
                f"this very request was made before, and its approval {approval.id} is {approval.state}",
                "Use a new idempotency key to ask again.",
                wish=wish,
            )
        return None

    async def _refused(self, stop: Stop, operation: str, origin: Origin) -> Outcome:
        name, text = self._name(operation), self._redactor.text
        if not stop.silent:
            details: dict[str, Json] = {"message": text(stop.message, personal=True)}
            if stop.claimed:
                details["claimed"] = shown(text(stop.claimed))
            entry = self._entry("refused", f"refused:{stop.because}", name, origin, details, stop.wish)
            if stop.identity and not stop.wish:
                entry = replace(entry, actor=stop.identity.id, actor_kind=stop.identity.kind)
            try:
                if stop.wish:
                    entry = replace(entry, details=details | await self._parameters(stop.wish, ""))
                await self._audit.record(entry)
            except Exception as error:  # noqa: BLE001  the answer stays no; that it went unrecorded is told
                return self._broken(operation, origin, error)
        return Refused(
            because=stop.because,
            message=text(stop.message),
            mend=text(stop.mend),
            operation=name,
            trace_id=origin.trace_id,
            problems=stop.problems,
            retry_after=stop.retry_after,
        )

    def _broken(self, operation: str, origin: Origin, error: Exception) -> Failed:
        """The door could not do its own work (the database, mostly): nothing was started."""
        mend = f"The log has it under the reference {origin.trace_id}."
        if isinstance(error, CopilotError):
            log.warning("door_unavailable", error=str(error), operation=operation[:80])
            message, mend = self._redactor.text(error.message), self._redactor.text(error.mend) or mend
        else:
            log.error("door_failed", exc_info=error, operation=operation[:80])
            message = f"an unexpected error ({type(error).__name__})"
        return Failed(
            message=message,
            mend=mend,
            retryable=isinstance(error, Retryable),
            operation=self._name(operation),
            trace_id=origin.trace_id,
            run_id="",
            error=type(error).__name__,
            retry_after=error.retry_after if isinstance(error, Retryable) else None,
        )

    def _name(self, operation: str) -> str:
        """What was asked for may be anything, a secret too."""
        return shown(self._redactor.text(operation[:MOST_CHARACTERS])).strip("'")

    def _call(self, wish: Wish, key: str, decision: str, details: Mapping[str, Json]) -> Call:
        return Call(
            wish=wish,
            run_id=f"run-{uuid.uuid4().hex[:12]}",
            key=key,
            timeout=self._timeout(wish),
            decision=decision,
            details=details,
        )

    def _timeout(self, wish: Wish) -> float:
        return wish.operation.timeout or self._checks.rules.default_timeout

    async def _parameters(self, wish: Wish, why: str) -> dict[str, Json]:
        """What the audit keeps of them: masked, free of personal data, people by their pseudonyms."""
        named = {
            name: await self._audit.known(str(person)) or NOBODY
            for name in wish.operation.input.names_people
            if (person := wish.parameters.get(name))
        }
        parameters = self._redactor.value({**wish.parameters, **named}, personal=True)
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


def _key(actor: Actor, key: str | None) -> str | None:
    """A hash: rows that outlive a person must not name them, and no two actors share a key."""
    return digest("idempotency", actor.kind, actor.id, key) if key else None
