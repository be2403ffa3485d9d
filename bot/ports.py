"""What the brain asks of the world. `integrations/` and `storage/` implement these Protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from typing_extensions import TypeAliasType

Json = TypeAliasType("Json", "bool | int | float | str | list[Json] | dict[str, Json] | None")


class Clock(Protocol):
    """Where time comes from: always an aware datetime in UTC."""

    def __call__(self) -> datetime: ...


# ---------------------------------------------------------------- durable execution


class DurableState(StrEnum):
    """How a durable run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DurableStatus:
    """A durable run as the engine records it."""

    id: str
    kind: str
    state: DurableState
    executor: str
    created_at: datetime
    error: str | None = None


class DurableRun(Protocol):
    """What a durable function may do, so that it can be replayed after a crash.

    Everything outside pure code goes through `step`: it is recorded by its name, and after a
    crash only the step that was interrupted runs again (at least once: pass it an idempotency key).
    """

    id: str

    async def step(self, name: str, function: Callable[..., Awaitable[Json]], *args: Json) -> Json: ...

    async def wait(self, topic: str, timeout: float) -> Json:
        """The next signal on `topic`, or None when `timeout` seconds passed without one."""
        ...

    async def sleep(self, seconds: float) -> None: ...


DurableFunction = Callable[[DurableRun, Json], Awaitable[Json]]


class Durable(Protocol):
    """Functions that survive the process that runs them."""

    def register(self, kind: str, function: DurableFunction) -> None:
        """Teach the engine a kind of run; before `launch`."""
        ...

    async def launch(self) -> None: ...

    async def close(self) -> None: ...

    async def start(self, kind: str, run_id: str, payload: Json) -> None:
        """Start a run; starting the same `run_id` again changes nothing."""
        ...

    async def result(self, run_id: str, timeout: float) -> Json:
        """What the run returned; raises its error, or TimedOut while it still runs."""
        ...

    async def signal(self, run_id: str, topic: str, value: Json) -> None: ...

    async def cancel(self, run_id: str, *, topics: Collection[str] = ()) -> None:
        """Stop a run; `topics` are the gates it may be waiting at, which are woken."""
        ...

    async def resume(self, run_id: str) -> None: ...

    async def fork(self, run_id: str, new_id: str, from_step: int) -> None:
        """A new run that takes over what the old one recorded before step `from_step`."""
        ...

    async def status(self, run_id: str) -> DurableStatus | None: ...

    async def list(
        self, *, kind: str | None = None, states: Collection[DurableState] = (), limit: int = 100
    ) -> Sequence[DurableStatus]: ...

    async def adopt(self, live: Collection[str]) -> Sequence[str]:
        """Resume the unfinished runs of executors that are not in `live`; returns their ids."""
        ...

    async def forget(self, kind: str, before: datetime) -> int:
        """Drop the record of runs that have ended and were started before; returns how many."""
        ...
