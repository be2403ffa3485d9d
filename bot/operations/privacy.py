"""What the bot holds about a person: handing it over, and forgetting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.guard.approvals import ApprovalState
from bot.guard.audit import AuditTrail, Query
from bot.guard.desk import ApprovalDesk
from bot.guard.people import People
from bot.guard.risk import Risk


class PersonalData(Protocol):
    """Everything about somebody, wherever it is kept, but for the audit trail."""

    async def export(self, person: str) -> Mapping[str, Any]: ...

    async def erase(self, person: str, pseudonym: str) -> Mapping[str, int]:
        """Delete what is theirs, and put the pseudonym where a row must stay."""
        ...


class PersonInput(Input):
    """Whom it is about."""

    names_people = frozenset({"person"})
    person: str = Field(description="The id of the person.", min_length=1, max_length=200)


class Exported(Output):
    """All of it."""

    person: str
    data: dict[str, Any]
    audit: list[dict[str, Any]]


class Erased(Output):
    """What was forgotten; not whom it was about, for that would be kept."""

    pseudonym: str
    rows: dict[str, int]


@operation("privacy.export", title="Export personal data", permission="privacy:export", timeout=300)
async def export(wanted: PersonInput, context: Context) -> Exported:
    """Everything that the bot holds about a person: profile, messages, preferences, requests, audit rows."""
    rows = await context.get(AuditTrail).search(Query(limit=100_000), wanted.person)
    return Exported(person=wanted.person, data=dict(await context.get(PersonalData).export(wanted.person)), audit=rows)


async def _preview(wanted: PersonInput, context: Context) -> str:
    data = await context.get(PersonalData).export(wanted.person)
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in data.items() if rows)
    return f"Forgets {wanted.person!r} for good: {counts or 'nothing is held but audit rows'}. It cannot be undone."


@operation(
    "privacy.erase",
    title="Erase a person",
    permission="privacy:erase",
    risk=Risk.DESTRUCTIVE,
    timeout=300,
    repeat=Repeat.SAFE,
    preview=_preview,
)
async def erase(wanted: PersonInput, context: Context) -> Erased:
    """Forget a person: messages and preferences go, records that must stay keep a pseudonym that leads nowhere."""
    desk, trail = context.get(ApprovalDesk), context.get(AuditTrail)
    for approval in await desk.store.find(states=(ApprovalState.PENDING,), requester=wanted.person):
        await desk.withdraw(approval.id, wanted.person, "the requester was erased")
    pseudonym = await trail.pseudonym(wanted.person)
    rows = dict(await context.get(PersonalData).erase(wanted.person, f"erased-{pseudonym}"))
    rows["audit"] = await trail.erase(wanted.person, context.identity.id)
    context.get(People).forget(wanted.person)
    return Erased(pseudonym=f"erased-{pseudonym}", rows=rows)
