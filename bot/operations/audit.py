"""The audit trail: searching, exporting and verifying it."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.guard.audit import AuditTrail, Query


class SearchInput(Input):
    """All that is given must hold."""

    names_people = frozenset({"person"})
    person: str | None = Field(None, description="Who acted.", max_length=200)
    operation: str | None = Field(None, description="The name of the operation.", max_length=200)
    decision: str | None = Field(
        None, description="How the decision begins: allowed, approved, refused, break-glass …", max_length=100
    )
    trace: str | None = Field(None, description="The reference that an answer or an error showed.", max_length=100)
    since: AwareDatetime | None = Field(None, description="From this time on, with its zone (2026-01-31T08:00Z).")
    until: AwareDatetime | None = Field(None, description="Before this time, with its zone.")
    limit: int = Field(20, ge=1, le=500, description="How many at the most.")


class AuditRows(Output):
    """Rows of the trail, newest first."""

    rows: list[dict[str, Any]]


@operation(
    "audit.search",
    title="Search the audit trail",
    permission="audit:read",
    examples=("audit", "show the audit trail", "who did what?"),
)
async def search(wanted: SearchInput, context: Context) -> AuditRows:
    """Who did what, when, from where, by which right, and how it ended; newest first."""
    query = Query(
        operation=wanted.operation,
        decision=wanted.decision,
        trace_id=wanted.trace,
        since=wanted.since,
        until=wanted.until,
        limit=wanted.limit,
    )
    return AuditRows(rows=await context.get(AuditTrail).search(query, wanted.person))


class ExportInput(Input):
    """One page of the export."""

    after: int = Field(0, ge=0, description="The number of the last row that you have.")
    limit: int = Field(1000, ge=1, le=5000, description="How many rows at the most.")


@operation("audit.export", title="Export the audit trail", permission="audit:read", timeout=300)
async def export(wanted: ExportInput, context: Context) -> AuditRows:
    """Rows with their seals, oldest first, a page at a time."""
    return AuditRows(rows=await context.get(AuditTrail).page(wanted.after, wanted.limit))


class VerifyInput(Input):
    """Optionally what the chain must still contain."""

    expect: str | None = Field(None, description="SEQ:SEAL, as an earlier verification printed it.", max_length=200)


class Verified(Output):
    """What was found."""

    intact: bool
    rows: int
    first: int
    last: int
    head: str
    faults: list[str]


@operation("audit.verify", title="Verify the audit trail", permission="audit:read", timeout=600)
async def verify(wanted: VerifyInput, context: Context) -> Verified:
    """Walk the whole chain: any row that was changed, removed or moved is found."""
    found = await context.get(AuditTrail).verify(wanted.expect)
    return Verified(
        intact=not found.faults,
        rows=found.rows,
        first=found.first_seq,
        last=found.last_seq,
        head=found.head,
        faults=[f"row {fault.seq}: {fault.what}" for fault in found.faults[:100]],
    )
