"""The list of operations, and what would happen if one were run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bot.door.checks import Checks
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.registry import Registry
from bot.guard.people import Actor


class ListInput(Input):
    """Optionally a part of the names."""

    contains: str = Field("", description="Only operations whose name contains this.", max_length=200)


class Listed(Output):
    """One line of the list."""

    name: str
    title: str
    risk: str
    permission: str
    may_be_undone: bool


class ListOutput(Output):
    """The operations."""

    operations: list[Listed]


@operation(
    "operations.list",
    title="List operations",
    permission="help:read",
    examples=("list operations", "which commands are there?"),
)
async def list_operations(wanted: ListInput, context: Context) -> ListOutput:
    """Every operation of this installation, with its risk and the permission it needs."""
    return ListOutput(
        operations=[
            Listed(
                name=each.name,
                title=each.title,
                risk=each.risk,
                permission=each.permission,
                may_be_undone=bool(each.undo),
            )
            for each in context.get(Registry)
            if wanted.contains.lower() in each.name
        ]
    )


class ExplainInput(Input):
    """What, by whom, and with which parameters."""

    names_people = frozenset({"person"})
    operation: str = Field(description="The name of the operation.", max_length=200)
    person: str = Field("", description="Who would run it; you, if left out.", max_length=200)
    parameters: dict[str, Any] = Field({}, description="Its input, as far as it matters (environment, service).")


class PolicyWord(Output):
    """What one policy says."""

    policy: str
    allowed: bool
    reason: str
    mend: str


class ExplainOutput(Output):
    """The verdict, and every reason for it."""

    operation: str
    person: str
    verdict: str
    role: str
    missing_permission: str
    who_may: list[str]
    quorum: int
    approvers: list[str]
    policies: list[PolicyWord]


@operation(
    "policies.explain",
    title="Explain what would happen",
    permission="policies:explain",
    examples=("why may I not run maintenance.drill?",),
)
async def explain(wanted: ExplainInput, context: Context) -> ExplainOutput:
    """What would happen if somebody ran an operation, and why: permission, policies, gate. Nothing is run."""
    actor = Actor(wanted.person) if wanted.person else Actor(context.identity.id, context.identity.kind)
    found = await context.get(Checks).explain(actor, wanted.operation, wanted.parameters, context.origin)
    return ExplainOutput(
        operation=found.operation,
        person=found.person,
        verdict=found.verdict,
        role=found.role or "",
        missing_permission=found.missing or "",
        who_may=list(found.who_may),
        quorum=found.gate.quorum if found.gate else 0,
        approvers=list(found.approvers),
        policies=[
            PolicyWord(policy=each.policy_name, allowed=each.allowed, reason=each.reason, mend=each.mend)
            for each in found.policies
        ],
    )
