"""Runs under way: looking at them, and stopping one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.door.runner import Runner
from bot.door.runs import Run, RunState, RunStore
from bot.errors import Conflict, NotFound, Refusal
from bot.guard.risk import Risk
from bot.guard.roles import RoleBook


class ListInput(Input):
    """Which ones."""

    state: Literal["running", "done", "refused", "failed", "cancelled", "interrupted", "all"] = Field(
        "running", description="Only runs in this state."
    )
    everybody: bool = Field(False, description="Everybody's, not only yours; needs the permission runs:all.")
    limit: int = Field(20, ge=1, le=200, description="How many at the most.")


class CancelInput(Input):
    """Which one."""

    run: str = Field(description="The id of the run, as run-…", max_length=100)


class RunView(Output):
    """A run, as people read it."""

    id: str
    operation: str
    actor: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    reference: str


class RunList(Output):
    """Several of them, newest first."""

    runs: list[RunView]


def view(run: Run) -> RunView:
    return RunView(
        id=run.id,
        operation=run.operation,
        actor=run.actor,
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        reference=run.trace_id,
    )


def _sees_all(context: Context) -> bool:
    return context.get(RoleBook).may(context.identity.roles, "runs:all", None, None) is not None


@operation("runs.list", title="List runs", permission="runs:own", examples=("what is running?", "my runs"))
async def list_runs(wanted: ListInput, context: Context) -> RunList:
    """Operations under way, or those that have ended: changes, and reads that took more than a second."""
    if wanted.everybody and not _sees_all(context):
        raise Refusal("the permission 'runs:all' is missing", mend="Leave `everybody` away to see your own.")
    actor = None if wanted.everybody else context.identity.id
    states = () if wanted.state == "all" else (RunState(wanted.state),)
    kept = await context.get(RunStore).find(actor=actor, states=states, limit=wanted.limit)
    live = [run for run in context.get(Runner).own() if actor in {None, run.actor}]
    fresh = live if not states or RunState.RUNNING in states else []
    runs = {run.id: run for run in (*kept, *fresh) if run.id != context.run_id}  # not this very listing
    newest = sorted(runs.values(), key=lambda run: run.started_at, reverse=True)
    return RunList(runs=[view(run) for run in newest[: wanted.limit]])


@operation(
    "runs.cancel", title="Cancel a run", permission="runs:own", risk=Risk.WRITE, about_gate=True, repeat=Repeat.SAFE
)
async def cancel(wanted: CancelInput, context: Context) -> RunView:
    """Stop a run that you started. A change that is stopped half-way may have taken effect in part."""
    runner, store = context.get(Runner), context.get(RunStore)
    own = next((run for run in runner.own() if run.id == wanted.run), None)
    run = own or await store.get(wanted.run)
    if run is None:
        raise NotFound(f"there is no run {wanted.run!r}", mend="`runs.list` shows those under way.")
    if run.actor != context.identity.id and not _sees_all(context):
        raise Refusal(f"run {run.id} was started by somebody else", mend="They, or an administrator, can stop it.")
    if not runner.stop(run.id) and not await store.request_cancel(run.id):
        raise Conflict(f"run {run.id} has ended already: {run.state}")
    return view(run)
