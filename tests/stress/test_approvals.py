from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import cast

import pytest

from bot.app import App
from bot.door.approved import ApprovedRuns
from bot.door.outcomes import Done, Origin, WaitingForApproval
from bot.door.runner import OUTCOME
from bot.door.runs import RunState
from bot.guard.approvals import ApprovalState
from bot.guard.people import Actor
from bot.operations.maintenance import DrillBook
from bot.ports import Durable, DurableFunction, Json
from tests.conftest import settings_for
from tests.replicas import Replica
from tests.stress import approver
from tests.stress.approver import registry, vote_on_all

REQUESTS = 120
PROCESSES = 4
KILLS = 8
SECONDS = 600
QUORUM_OF_TWO = "approvals: {destructive: {quorum: 2}}\n"


async def ask(app: App, count: int) -> list[str]:
    """So many changes, asked for by the SRE."""
    ids = []
    for number in range(count):
        asked = await app.door.invoke(Actor("sre"), "stress.pull", {"number": number}, origin=Origin("stress"))
        assert isinstance(asked, WaitingForApproval), asked
        ids.append(asked.approval_id)
    return ids


async def require_exactly_once(app: App, ids: list[str]) -> dict[str, int]:
    """Every approved operation took effect once, every other never; and the trail is whole."""
    approvals = [await app.desk.get(approval_id) for approval_id in ids]
    states = {state: [each for each in approvals if each.state is state] for state in ApprovalState}
    assert not states[ApprovalState.PENDING]
    approved = states[ApprovalState.APPROVED]
    assert approved
    assert states[ApprovalState.REJECTED]
    for each in approvals:
        people = [decision.person for decision in each.decisions]
        assert len(set(people)) == len(people)
        assert "sre" not in {decision.person for decision in each.decisions if decision.verdict == "approve"}
    assert all(each.agreed == 2 for each in approved)
    drills = [row["key"] for row in await app.resources.get(DrillBook).all()]
    assert sorted(drills) == sorted(f"approval:{each.id}" for each in approved)
    for each in approved:
        outcome = OUTCOME.validate_python(each.outcome)
        assert isinstance(outcome, Done), outcome
    runs = [run for run in await app.runs.find(limit=100_000) if run.approval_id]
    assert sorted(str(run.approval_id) for run in runs) == sorted(each.id for each in approved)
    assert all(run.state is RunState.DONE for run in runs)
    found = await app.audit.verify()
    assert not found.faults, found.faults[:5]
    return {
        "approved": len(approved),
        "rejected": len(states[ApprovalState.REJECTED]),
        "taken up again": sum(run.attempt > 1 for run in runs),
        "audit rows": found.rows,
    }


class Replicas:
    """Processes that vote, and that are killed and replaced."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments
        self._dice = random.Random(7)
        self._started = 0
        self.killed = 0
        self.running: list[Replica] = []

    async def start(self) -> None:
        self._started += 1
        self.running.append(await Replica(approver.main, *self._arguments, self._started).start())

    async def kill_one(self) -> None:
        """At no moment of its choosing, and a new one in its place."""
        victim = self._dice.choice(self.running)
        await victim.says("ready")
        if await victim.ends(within=self._dice.uniform(0.1, 1.5)) is None:
            await victim.kill()
            self.running.remove(victim)
            self.killed += 1
            await self.start()

    async def end(self) -> None:
        for each in self.running:
            await each.kill()


async def test_racing_approvers_in_processes_that_are_killed_run_each_approved_operation_once(
    database_url: str, tmp_path: Path
) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text(QUORUM_OF_TWO)
    app = App(settings_for(database_url, tmp_path, policies_file=policies, rate_burst=100_000), registry=registry())
    await app.start()
    replicas = Replicas(database_url, tmp_path, policies)
    try:
        ids = await ask(app, REQUESTS)
        async with asyncio.timeout(SECONDS):
            for _ in range(PROCESSES):
                await replicas.start()
            while replicas.killed < KILLS and await _open(app):
                await replicas.kill_one()
            for each in replicas.running:
                assert await each.ends() == 0
        figures = await require_exactly_once(app, ids)
        print(f"\n{app.database.kind}: {figures}, {replicas.killed} processes killed")
        assert replicas.killed >= 3
    finally:
        await replicas.end()
        await app.close()


async def _open(app: App) -> bool:
    waiting = await app.desk.store.find(states=(ApprovalState.PENDING,), limit=1)
    return bool(waiting) or bool(await app.desk.store.find(unfinished=True, limit=1))


class Elsewhere:
    """The durable engine as threads see it that do not own it: there is one in a process, on its own loop."""

    def __init__(self, home: ApprovedRuns, loop: asyncio.AbstractEventLoop) -> None:
        self._home = home
        self._loop = loop

    def register(self, kind: str, function: DurableFunction) -> None:
        """The home has registered it."""

    async def launch(self) -> None:
        """The home is launched."""

    async def close(self) -> None:
        """The home closes it."""

    async def start(self, _kind: str, run_id: str, _payload: Json) -> None:
        starting = self._home.start(run_id.partition(":")[2])
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(starting, self._loop))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_racing_approvers_in_threads_run_each_approved_operation_once(database_url: str, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text(QUORUM_OF_TWO)
    settings = settings_for(
        database_url, tmp_path, policies_file=policies, rate_burst=100_000, database_timeout_seconds=30
    )
    home = App(settings, registry=registry())
    await home.start()
    loop = asyncio.get_running_loop()

    def votes(seed: int) -> None:
        async def run() -> None:
            durable = cast("Durable", Elsewhere(home.approved, loop))
            app = App(settings, registry=registry(), durable=durable)
            await app.start()
            try:
                await vote_on_all(app, random.Random(seed))
            finally:
                await app.close()

        asyncio.run(run())

    try:
        ids = await ask(home, REQUESTS)
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(asyncio.to_thread(votes, seed) for seed in range(PROCESSES)))
        print(f"\nthreads: {await require_exactly_once(home, ids)}")
    finally:
        await home.close()
