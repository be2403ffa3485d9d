"""A harmless operation that behaves like a dangerous one, to try the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.guard.risk import Risk


class DrillBook(Protocol):
    """Where drills are written down."""

    async def write(self, key: str, *, label: str, environment: str, person: str, at: datetime) -> bool:
        """True if the row is new; the same key is written once."""
        ...

    async def all(self) -> Sequence[Mapping[str, Any]]: ...


class DrillInput(Input):
    """What to call it, and where it pretends to act."""

    label: str = Field("drill", description="What to write down.", min_length=1, max_length=200)
    environment: Literal["production", "staging", "development"] = Field(
        "development", description="The environment it pretends to act in."
    )


class DrillOutput(Output):
    """What was written."""

    label: str
    environment: str
    written: bool
    drills: int


async def _preview(wanted: DrillInput, _: Context) -> str:
    return f"Writes one row, {wanted.label!r}, into the drill book of {wanted.environment}. Nothing else changes."


@operation(
    "maintenance.drill",
    title="Practice drill",
    permission="maintenance:drill",
    risk=Risk.DESTRUCTIVE,
    timeout=30,
    repeat=Repeat.SAFE,
    preview=_preview,
    examples=("run a drill", "practice drill in staging", "rehearse a drill"),
)
async def drill(wanted: DrillInput, context: Context) -> DrillOutput:
    """Practise the gate: counts as destructive, asks for approval, and then only writes a row into a book."""
    book = context.get(DrillBook)
    await context.progress("writing the row")
    written = await book.write(
        context.idempotency_key,
        label=wanted.label,
        environment=wanted.environment,
        person=context.identity.id,
        at=context.now,
    )
    return DrillOutput(
        label=wanted.label, environment=wanted.environment, written=written, drills=len(await book.all())
    )
