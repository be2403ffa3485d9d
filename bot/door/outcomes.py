"""What comes out of the door: done, waiting for approval, refused or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.ports import Json

RefusedBecause = Literal[
    "invalid",
    "unknown-operation",
    "identity",
    "permission",
    "policy",
    "rate-limit",
    "concurrency",
    "approval",
    "conflict",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input."""

    field: str
    value: str
    why: str
    mend: str = ""

    def __str__(self) -> str:
        shown = f" = {self.value}" if self.value else ""
        return f"{self.field}{shown}: {self.why}. {self.mend}".rstrip()


@dataclass(frozen=True, slots=True)
class Done:
    """It ran, and this is what it gave."""

    output: Json
    operation: str
    trace_id: str
    run_id: str
    duration_ms: float = 0.0
    repeated: bool = False
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class WaitingForApproval:
    """People have to agree first; it runs by itself when they have."""

    approval_id: str
    operation: str
    quorum: int
    why: str
    who_may: tuple[str, ...]
    expires_at: datetime
    preview: str
    trace_id: str
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not run, and nothing changed; `mend` says what would help."""

    because: RefusedBecause
    message: str
    mend: str
    operation: str
    trace_id: str
    problems: tuple[Problem, ...] = ()
    retry_after: float | None = None
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Failed:
    """It started and did not end well. `reference` finds it in the log and the audit trail."""

    message: str
    mend: str
    retryable: bool
    operation: str
    trace_id: str
    run_id: str
    error: str = ""
    retry_after: float | None = None
    still_running: bool = False
    kind: Literal["failed"] = "failed"

    @property
    def reference(self) -> str:
        return self.trace_id


Outcome = Done | WaitingForApproval | Refused | Failed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    surface: str = "terminal"
    channel: str | None = None
    thread: str | None = None
    workspace: str | None = None
    trace_id: str = field(default="")
