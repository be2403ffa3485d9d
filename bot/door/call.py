"""What is about to run, with all that is written down about it, and the place that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.door.checks import Wish
from bot.door.outcomes import Failed, Refused, RefusedBecause
from bot.guard.risk import Risk
from bot.ports import Json


@dataclass(frozen=True, slots=True)
class Call:
    """A wish that has passed every check, and what is written down about it."""

    wish: Wish
    run_id: str
    key: str
    timeout: float
    decision: str
    details: Mapping[str, Json]
    approval_id: str | None = None
    again: bool = False
    resumed: bool = False

    @property
    def changes(self) -> bool:
        return self.wish.operation.risk is not Risk.READ

    @property
    def name(self) -> str:
        return self.wish.operation.name

    def failed(
        self,
        message: str,
        mend: str = "",
        *,
        error: str,
        retryable: bool = False,
        retry_after: float | None = None,
        still_running: bool = False,
    ) -> Failed:
        trace_id = self.wish.origin.trace_id
        return Failed(message, mend, retryable, self.name, trace_id, self.run_id, error, retry_after, still_running)

    def refused(self, because: RefusedBecause, message: str, mend: str) -> Refused:
        return Refused(because, message, mend, self.name, self.wish.origin.trace_id)


@dataclass(slots=True)
class Place:
    """One of the operations that somebody may have under way, from its check to its end."""

    others: int
    leave: Callable[[], None]
    kept: bool = field(default=False)
