"""Approvals: which wait, how one stands, and deciding on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from bot.door.approved import ApprovedRuns
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import CopilotError
from bot.guard.approvals import MAX_REASON, Approval, ApprovalState, Verdict, tick
from bot.guard.desk import ApprovalDesk
from bot.guard.people import ActorKind
from bot.guard.risk import Risk


class ShowInput(Input):
    """Which one."""

    approval: str = Field(description="The id of the approval, as apr-…", max_length=100)


class ListInput(Input):
    """Which ones."""

    state: Literal["pending", "approved", "rejected", "expired", "withdrawn", "superseded", "all"] = Field(
        "pending", description="Only approvals in this state."
    )
    mine: bool = Field(False, description="Only those that you asked for.")
    limit: int = Field(20, ge=1, le=200, description="How many at the most.")


class DecideInput(ShowInput):
    """A verdict."""

    verdict: Literal["approve", "reject"] = Field(description="Your word.")
    reason: str = Field("", description="Why; a rejection needs one.", max_length=MAX_REASON)


class WithdrawInput(ShowInput):
    """Taking a request back."""

    reason: str = Field("", description="Why, for those who have looked at it.", max_length=MAX_REASON)


class DecisionView(Output):
    """One person's word."""

    person: str
    role: str
    verdict: str
    reason: str
    at: datetime


class ApprovalView(Output):
    """An approval, as people read it."""

    id: str
    operation: str
    parameters: dict[str, Any]
    risk: str
    state: str
    why: str
    preview: str
    requester: str
    who_may: str
    approved: int
    quorum: int
    created_at: datetime
    expires_at: datetime
    decisions: list[DecisionView]
    ended_because: str
    outcome: dict[str, Any] | None
    you_may_decide: bool = False


class ApprovalList(Output):
    """Several of them, newest first."""

    approvals: list[ApprovalView]


def view(approval: Approval, *, you_may_decide: bool = False) -> ApprovalView:
    return ApprovalView(
        id=approval.id,
        operation=approval.operation,
        parameters=dict(approval.parameters),
        risk=approval.risk,
        state=approval.state,
        why=approval.why,
        preview=approval.preview,
        requester=approval.requester,
        who_may=approval.approvers,
        approved=approval.agreed,
        quorum=approval.quorum,
        created_at=approval.created_at,
        expires_at=approval.expires_at,
        decisions=[
            DecisionView(person=each.person, role=each.role, verdict=each.verdict, reason=each.reason, at=each.at)
            for each in approval.decisions
        ],
        ended_because=approval.ended_because,
        outcome=dict(approval.outcome) if approval.outcome else None,
        you_may_decide=you_may_decide,
    )


async def _may_decide(approval: Approval, context: Context) -> bool:
    me = context.identity
    if approval.state is not ApprovalState.PENDING or me.kind is not ActorKind.PERSON:
        return False
    if approval.requester == me.id and not approval.self_approval:
        return False
    if any(decision.person == me.id for decision in approval.decisions):
        return False
    try:
        await context.get(ApprovalDesk).standing_of(approval, me.id)
    except CopilotError:
        return False
    return True


@operation(
    "approvals.list",
    title="List approvals",
    permission="approvals:read",
    examples=("approvals", "what is waiting for me?", "show pending approvals"),
)
async def list_approvals(wanted: ListInput, context: Context) -> ApprovalList:
    """Approvals that wait for people, or those of another state, newest first."""
    found = await context.get(ApprovalDesk).store.find(
        states=() if wanted.state == "all" else (ApprovalState(wanted.state),),
        requester=context.identity.id if wanted.mine else None,
        limit=wanted.limit,
    )
    now = [tick(each, context.now) for each in found]
    shown = [each for each in now if wanted.state in {"all", each.state}]
    return ApprovalList(approvals=[view(each, you_may_decide=await _may_decide(each, context)) for each in shown])


@operation("approvals.show", title="Show an approval", permission="approvals:read")
async def show(wanted: ShowInput, context: Context) -> ApprovalView:
    """One approval: what it is for, who has decided, and how the operation went."""
    approval = tick(await context.get(ApprovalDesk).get(wanted.approval), context.now)
    return view(approval, you_may_decide=await _may_decide(approval, context))


@operation(
    "approvals.decide",
    title="Approve or reject",
    permission="approvals:decide",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("approve", "reject"),
    undo="A decision is final; `runs.cancel` stops what it started.",
)
async def decide(wanted: DecideInput, context: Context) -> ApprovalView:
    """Give your word on an approval. When enough people have agreed, the operation runs."""
    desk = context.get(ApprovalDesk)
    after = await desk.decide(wanted.approval, context.identity, Verdict(wanted.verdict), wanted.reason)
    if after.state is ApprovalState.APPROVED:
        await context.progress(f"{after.agreed} of {after.quorum} agreed; {after.operation} starts")
        await context.get(ApprovedRuns).start(after.id)
    return view(after)


@operation(
    "approvals.withdraw",
    title="Withdraw a request",
    permission="approvals:withdraw",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
)
async def withdraw(wanted: WithdrawInput, context: Context) -> ApprovalView:
    """Take back an operation that you asked for, before it is decided."""
    return view(await context.get(ApprovalDesk).withdraw(wanted.approval, context.identity.id, wanted.reason))
