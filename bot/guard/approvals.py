"""An approval and its moves: pure rules, no clock, no database.

    pending ──► approved     the quorum agreed
            ──► rejected     one of those who may approve said no
            ──► expired      nobody decided in time
            ──► withdrawn    the requester took it back
            ──► superseded   the requester asked again with other parameters

Every end is final. Whoever comes late is told what happened, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.errors import Conflict, Refusal, Tampered
from bot.guard.canonical import parameters_hash
from bot.guard.risk import Risk
from bot.ports import Json

MAX_REASON = 2_000


class ApprovalState(StrEnum):
    """Where an approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Verdict(StrEnum):
    """What an approver says."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word, and the role by which they had a say."""

    person: str
    role: str
    verdict: Verdict
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """Where the request came from, and so where it is shown."""

    surface: str
    channel: str | None = None
    thread: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A wish that waits for people: this operation with exactly these parameters."""

    id: str
    operation: str
    parameters: Mapping[str, Json]
    parameters_hash: str
    risk: Risk
    environment: str | None
    service: str | None
    why: str
    preview: str
    requester: str
    requester_kind: str
    route: Route
    approvers: str
    quorum: int
    self_approval: bool
    created_at: datetime
    expires_at: datetime
    escalate_at: datetime
    escalate_to: str
    state: ApprovalState = ApprovalState.PENDING
    version: int = 1
    escalated_at: datetime | None = None
    decided_at: datetime | None = None
    ended_because: str = ""
    decisions: Sequence[Decision] = ()
    idempotency_key: str | None = None
    trace_id: str = ""
    outcome: Mapping[str, Json] | None = field(default=None)

    @property
    def agreed(self) -> int:
        return sum(decision.verdict is Verdict.APPROVE for decision in self.decisions)

    def verify(self) -> None:
        """The parameters are still those that people agreed to."""
        if parameters_hash(self.operation, dict(self.parameters)) != self.parameters_hash:
            raise Tampered(
                f"the parameters of approval {self.id} are not those that were approved",
                mend="Ask for a new approval.",
            )


class ApprovalStore(Protocol):
    """Keeps approvals; every move is one compare-and-swap on `version`."""

    async def add(self, approval: Approval, supersedes: str | None = None) -> Approval:
        """Keep it; the same idempotency key gives back the one that is kept already."""
        ...

    async def get(self, approval_id: str) -> Approval | None: ...

    async def swap(self, before: Approval, after: Approval) -> bool:
        """Replace `before` by `after`, decisions included; False if somebody moved it meanwhile."""
        ...

    async def find(
        self,
        *,
        states: Sequence[ApprovalState] = (),
        requester: str | None = None,
        unfinished: bool = False,
        due: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Approval]: ...

    async def twin(self, approval: Approval) -> Approval | None:
        """The same wish of the same person that is pending already; the store keeps one at the most."""
        ...


_ENDED = {
    ApprovalState.APPROVED: "was approved already",
    ApprovalState.REJECTED: "was rejected already",
    ApprovalState.EXPIRED: "has expired",
    ApprovalState.WITHDRAWN: "was withdrawn by its requester",
    ApprovalState.SUPERSEDED: "was replaced by a newer request",
}


def require_pending(approval: Approval, now: datetime) -> None:
    """Tells a late comer what happened."""
    state = approval.state
    if state is ApprovalState.PENDING and now >= approval.expires_at:
        state = ApprovalState.EXPIRED
    if state is ApprovalState.PENDING:
        return
    verdict = {ApprovalState.APPROVED: Verdict.APPROVE, ApprovalState.REJECTED: Verdict.REJECT}.get(state)
    by = ", ".join(decision.person for decision in approval.decisions if decision.verdict is verdict)
    raise Conflict(
        f"approval {approval.id} {_ENDED[state]}" + (f" (by {by})" if by else "") + "; nothing was changed",
        mend="Ask for the operation again if it is still wanted."
        if state is not ApprovalState.APPROVED
        else "See `approvals.show` for how it went.",
    )


def decide(approval: Approval, decision: Decision) -> Approval:
    """The approval after this decision; refuses the requester, a second word and a late one."""
    require_pending(approval, decision.at)
    if any(earlier.person == decision.person for earlier in approval.decisions):
        raise Conflict(
            f"{decision.person!r} has decided on approval {approval.id} already; nothing was changed",
            mend=f"It has {approval.agreed} of {approval.quorum} approvals.",
        )
    if decision.person == approval.requester and decision.verdict is Verdict.APPROVE and not approval.self_approval:
        raise Refusal(
            f"{decision.person!r} asked for {approval.operation}, and cannot approve their own request",
            mend="Somebody else must approve it; `approvals.withdraw` takes it back.",
        )
    after = replace(approval, decisions=(*approval.decisions, decision), version=approval.version + 1)
    if decision.verdict is Verdict.REJECT:
        return replace(after, state=ApprovalState.REJECTED, decided_at=decision.at, ended_because=decision.reason)
    if after.agreed >= approval.quorum:
        return replace(after, state=ApprovalState.APPROVED, decided_at=decision.at)
    return after


def withdraw(approval: Approval, person: str, reason: str, now: datetime) -> Approval:
    if person != approval.requester:
        raise Refusal(
            f"approval {approval.id} was asked for by {approval.requester!r}; only they can withdraw it",
            mend="You can reject it, if you may decide on it.",
        )
    require_pending(approval, now)
    return _end(approval, ApprovalState.WITHDRAWN, reason, now)


def supersede(approval: Approval, by: str, now: datetime) -> Approval:
    require_pending(approval, now)
    return _end(approval, ApprovalState.SUPERSEDED, f"replaced by {by}", now)


def tick(approval: Approval, now: datetime) -> Approval:
    """What time alone does: expiry, and escalation before it. The same object if nothing is due."""
    if approval.state is not ApprovalState.PENDING:
        return approval
    if now >= approval.expires_at:
        return _end(approval, ApprovalState.EXPIRED, "nobody decided in time", now)
    if approval.escalated_at is None and now >= approval.escalate_at:
        return replace(approval, escalated_at=now, version=approval.version + 1)
    return approval


def _end(approval: Approval, state: ApprovalState, why: str, now: datetime) -> Approval:
    return replace(approval, state=state, ended_because=why, decided_at=now, version=approval.version + 1)
