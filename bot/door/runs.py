"""Runs: every change on record before it starts, so that nothing that acts is ever untracked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.ports import Json


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # the operation itself said no
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process died, or it was stopped half-way: it may have taken effect


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one operation."""

    id: str
    key: str
    operation: str
    actor: str
    trace_id: str
    started_at: datetime
    replica: str
    parameters_hash: str
    channel: str | None = None
    approval_id: str | None = None
    state: RunState = RunState.RUNNING
    attempt: int = 1
    outcome: Json = None
    cancel_requested: bool = False
    finished_at: datetime | None = None


class RunStore(Protocol):
    """Keeps the runs of changes from their start, and those of reads that last."""

    async def claim(self, run: Run) -> tuple[Run, bool]:
        """Keep it, unless its key is taken: then the one that has the key, and False."""
        ...

    async def retake(self, run: Run, replica: str) -> Run | None:
        """The next attempt of an unfinished or failed run; None if somebody else took it."""
        ...

    async def finish(self, run: Run) -> None: ...

    async def get(self, run_id: str) -> Run | None: ...

    async def find(
        self,
        *,
        actor: str | None = None,
        states: Sequence[RunState] = (),
        replicas: Sequence[str] | None = None,
        limit: int = 100,
    ) -> Sequence[Run]: ...

    async def orphans(self) -> Sequence[Run]:
        """Runs whose replica is no longer among the living."""
        ...

    async def count_elsewhere(self, actor: str, replica: str) -> int:
        """How many runs of this actor other replicas have under way."""
        ...

    async def request_cancel(self, run_id: str) -> bool: ...

    async def cancels(self, replica: str) -> Sequence[str]:
        """Runs of this replica that somebody elsewhere wants stopped."""
        ...
