"""The desk where approvals are asked for and given: the pure moves, made durable one swap at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.errors import Conflict, InvalidInput, NotFound, Refusal
from bot.guard import approvals
from bot.guard.approvals import MAX_REASON, Approval, ApprovalState, ApprovalStore, Decision, Verdict
from bot.guard.people import Actor, ActorKind, Identity, People
from bot.guard.roles import RoleBook
from bot.ports import Clock, Json

TRIES = 50
log = structlog.get_logger()
Listener = Callable[[Approval], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DeskRules:
    """How long an approval waits, and who is asked next."""

    expiry: timedelta
    escalation: timedelta
    escalate_to: str


class ApprovalDesk:
    """All that happens to approvals. `listeners` hear of every move: cards are redrawn from there."""

    def __init__(
        self,
        store: ApprovalStore,
        people: People,
        roles: RoleBook,
        rules: DeskRules,
        clock: Clock,
    ) -> None:
        self.store = store
        self.rules = rules
        self.listeners: list[Listener] = []
        self._people = people
        self._roles = roles
        self._clock = clock

    async def open(self, approval: Approval, supersedes: str | None = None) -> Approval:
        """Keep a new request. The same wish of the same person, still pending, is the same request."""
        if supersedes:
            old = await self.get(supersedes)
            if old.requester != approval.requester or old.operation != approval.operation:
                raise Refusal(
                    f"approval {supersedes} is for {old.operation} by {old.requester!r}; only a newer request for the "
                    "same operation by the same person replaces it",
                    mend="Leave `supersedes` away.",
                )
        else:
            twin = await self.store.twin(approval)
            if twin and approvals.tick(twin, self._clock()).state is ApprovalState.PENDING:
                return twin
            if twin:  # its time is over, and nobody has said so yet
                await self.store.swap(twin, approvals.tick(twin, self._clock()))
        kept = await self.store.add(approval, supersedes)
        if kept.parameters_hash != approval.parameters_hash:
            raise Conflict(
                f"the idempotency key of this request was used for {kept.operation} with other parameters "
                f"(approval {kept.id})",
                mend="Use a new key for a new request.",
            )
        if supersedes:
            await self._tell(await self.get(supersedes))
        await self._tell(kept)
        return kept

    async def get(self, approval_id: str) -> Approval:
        found = await self.store.get(approval_id)
        if found is None:
            raise NotFound(f"there is no approval {approval_id[:80]!r}", mend="`approvals.list` shows those that wait.")
        return found

    async def decide(self, approval_id: str, person: Identity, verdict: Verdict, reason: str) -> Approval:
        """One person's word. Rights are looked up anew, so that somebody who lost them has no say."""
        reason = reason.strip()
        if verdict is Verdict.REJECT and not reason:
            raise InvalidInput("a rejection needs a reason", mend="Say why, so that the requester can mend it.")
        if len(reason) > MAX_REASON:
            raise InvalidInput(f"the reason is {len(reason)} characters long", mend=f"Use at most {MAX_REASON}.")
        if person.kind is not ActorKind.PERSON:
            raise Refusal(
                f"the {person.kind} {person.id!r} cannot approve; people do", mend="Ask one of the approvers."
            )

        async def move(approval: Approval) -> Approval:
            approvals.require_pending(approval, self._clock())
            role = await self.standing_of(approval, person.id)
            return approvals.decide(approval, Decision(person.id, role, verdict, reason, self._clock()))

        return await self._move(approval_id, move)

    async def standing_of(self, approval: Approval, person_id: str) -> str:
        """The role by which this person may decide, right now; raises if there is none."""
        fresh = await self._people.identify(Actor(person_id), fresh=True)
        permission = f"approve:{approval.risk}"
        role = self._roles.may(fresh.roles, permission, approval.environment, approval.service)
        if role is None:
            able = self._roles.who_may(permission, approval.environment, approval.service)
            raise Refusal(
                f"{fresh.id!r} may not approve {approval.operation}: the permission {permission!r} is missing",
                mend=f"These may: {', '.join(able) or 'nobody'}.",
            )
        return role

    async def withdraw(self, approval_id: str, person: str, reason: str) -> Approval:
        async def move(approval: Approval) -> Approval:
            return approvals.withdraw(approval, person, reason.strip(), self._clock())

        return await self._move(approval_id, move)

    async def finish(self, approval_id: str, outcome: dict[str, Json]) -> Approval:
        """Write down how the approved operation went."""

        async def move(approval: Approval) -> Approval:
            return replace(approval, outcome=outcome, version=approval.version + 1)

        return await self._move(approval_id, move)

    async def sweep(self) -> Sequence[Approval]:
        """Expire and escalate what is due; any replica may, any number of times."""
        now = self._clock()
        moved = []
        for approval in await self.store.find(states=(ApprovalState.PENDING,), due=now, limit=500):
            after = approvals.tick(approval, now)
            if after is not approval and await self.store.swap(approval, after):
                moved.append(after)
                await self._tell(after)
        return moved

    async def _move(self, approval_id: str, move: Callable[[Approval], Awaitable[Approval]]) -> Approval:
        for _ in range(TRIES):
            before = await self.get(approval_id)
            after = await move(before)
            if await self.store.swap(before, after):
                await self._tell(after)
                return after
        raise Conflict(f"approval {approval_id} is changed by too many people at once", mend="Try again.")

    async def _tell(self, approval: Approval) -> None:
        for listener in self.listeners:
            try:
                await listener(approval)
            except Exception:  # a view that cannot be redrawn must not undo what people decided
                log.exception("approval_listener_failed", approval=approval.id)
