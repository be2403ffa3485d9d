"""How the bot itself is doing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, operation


class NoInput(Input):
    """Takes nothing."""


class StatusOutput(Output):
    """The bot, in numbers."""

    version: str
    healthy: bool
    trouble: list[str]
    replica: str
    started_at: datetime
    database: str
    database_ms: float
    schema_revision: str
    replicas: int
    running: int
    pending_approvals: int
    dead_letters: int
    breakers: dict[str, str]
    sources: Mapping[str, str] = Field(default_factory=dict)


class SelfPortrait(Protocol):
    """Looks at the bot from inside; the app can."""

    async def status(self) -> StatusOutput: ...


@operation("status.self", title="Status of the bot", permission="status:read", examples=("status", "are you alright?"))
async def status(_: NoInput, context: Context) -> StatusOutput:
    """Whether the bot is well: version, database, replicas, what runs, what waits, what broke."""
    found = await context.get(SelfPortrait).status()
    return found.model_copy(update={"running": max(0, found.running - 1)})  # not this very question
