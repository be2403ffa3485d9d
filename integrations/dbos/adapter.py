"""Durable execution by DBOS, which is imported (0.7 s) only when it is launched."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bot import errors
from bot.ports import DurableFunction, DurableState, DurableStatus, Json

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from integrations.dbos.client import Wire

STATES = {
    "ENQUEUED": DurableState.QUEUED,
    "DELAYED": DurableState.QUEUED,
    "PENDING": DurableState.RUNNING,
    "SUCCESS": DurableState.DONE,
    "ERROR": DurableState.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": DurableState.FAILED,
    "CANCELLED": DurableState.CANCELLED,
}
LOOK = 0.25  # seconds at most between two looks at a run that another process executes


class DbosDurable:
    """The port `Durable`. DBOS is one in a process, so only one of these is live at a time.

    `executor` must be this process's own: two live ones of the same name would run a step twice at once.
    """

    _live: ClassVar[DbosDurable | None] = None

    def __init__(self, database: str, data_dir: Path, executor: str) -> None:
        self._database, self._data_dir, self._executor = database, data_dir, executor
        self._functions: dict[str, DurableFunction] = {}
        self._launched: Wire | None = None

    @property
    def _wire(self) -> Wire:
        if self._launched is None:
            raise errors.Unavailable(f"Durable execution {self._executor!r} is not launched, or is closing.")
        return self._launched

    def register(self, kind: str, function: DurableFunction) -> None:
        self._functions[kind] = function

    async def launch(self) -> None:
        if (other := DbosDurable._live) is not None:
            name = other._executor  # noqa: SLF001 - it is one of us
            raise errors.ConfigurationError(f"{name!r} is live in this process.", mend="Close it first.")
        DbosDurable._live = self
        try:
            client = await asyncio.to_thread(importlib.import_module, "integrations.dbos.client")
            wire = functools.partial(client.Wire, self._database, self._data_dir, self._executor)
            self._launched = await asyncio.to_thread(wire)
            self._wire.launch(self._functions)
        except BaseException:
            self._launched = DbosDurable._live = None
            raise

    async def close(self) -> None:
        wire, self._launched = self._launched, None
        if wire is not None:
            try:
                await wire.close()
            finally:
                DbosDurable._live = None

    async def start(self, kind: str, run_id: str, payload: Json) -> None:
        await self._wire.start(kind, run_id, payload)

    async def result(self, run_id: str, timeout: float) -> Json:
        loop, pause = asyncio.get_running_loop(), 0.01
        end = loop.time() + timeout
        while STATES[(row := await self._row(run_id)).status] in {DurableState.QUEUED, DurableState.RUNNING}:
            if (left := end - loop.time()) <= 0:
                raise errors.TimedOut(f"Run {run_id!r} is still {STATES[row.status]} after {timeout:g} s.")
            task = self._wire.tasks.get(run_id)  # of a run in this process, the end is seen at once
            if task is not None and not task.done():
                await asyncio.wait({task}, timeout=min(left, LOOK))
            else:
                await asyncio.sleep(min(left, pause := min(pause * 1.5, LOOK)))
        if row.status == "CANCELLED":
            raise errors.Terminal(f"Run {run_id!r} was cancelled.", mend="Resume it, or start another one.")
        if row.status != "SUCCESS":
            raise self._error(row)
        output: Json = row.output
        return output

    async def signal(self, run_id: str, topic: str, value: Json) -> None:
        await self._wire.ask(self._wire.dbos.send, run_id, value, topic)

    async def cancel(self, run_id: str, *, topics: Collection[str] = ()) -> None:
        await self._wire.ask(self._wire.cancel, run_id, topics)

    async def resume(self, run_id: str) -> None:
        await self._row(run_id)
        await self._wire.ask(self._wire.resume, run_id)

    async def fork(self, run_id: str, new_id: str, from_step: int) -> None:
        """Steps, waits and sleeps are counted alike, from 1, in the order in which they were called."""
        await self._wire.ask(self._wire.fork, run_id, new_id, from_step)

    async def status(self, run_id: str) -> DurableStatus | None:
        row = await self._wire.ask(self._wire.dbos.get_workflow_status, run_id)
        return None if row is None else self._status(row)

    async def list(
        self, *, kind: str | None = None, states: Collection[DurableState] = (), limit: int = 100
    ) -> Sequence[DurableStatus]:
        """The newest first."""
        wanted = [name for name, state in STATES.items() if state in states]
        rows = functools.partial(self._wire.dbos.list_workflows, limit=limit, sort_desc=True, load_input=False)
        return [self._status(row) for row in await self._wire.ask(rows, name=kind, status=wanted or None)]

    async def adopt(self, live: Collection[str]) -> Sequence[str]:
        return await self._wire.ask(self._wire.adopt, live)

    async def forget(self, kind: str, before: datetime) -> int:
        return await self._wire.ask(self._wire.forget, kind, before)

    async def _row(self, run_id: str) -> WorkflowStatus:
        row = await self._wire.ask(self._wire.dbos.get_workflow_status, run_id)
        if row is None:
            raise errors.NotFound(f"There is no durable run {run_id!r}.")
        return row

    def _error(self, row: WorkflowStatus) -> errors.CopilotError:
        if row.error is not None:
            return self._wire.revive(row.error)
        message, tries = f"Run {row.workflow_id!r} ended every process that took it.", row.recovery_attempts or 0
        return errors.Exhausted(message, cause=errors.Interrupted("The last one ended."), attempts=tries)

    def _status(self, row: WorkflowStatus) -> DurableStatus:
        state, created = STATES[row.status], datetime.fromtimestamp((row.created_at or 0) / 1000, UTC)
        error = str(self._error(row)) if state is DurableState.FAILED else None
        return DurableStatus(row.workflow_id, row.name, state, row.executor_id or "", created, error)
