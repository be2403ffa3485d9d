"""Runs: kept from before a change starts until after it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import RowMapping, func, select, update

from bot.door.runs import Run, RunState
from bot.keyring import Keyring
from storage.database import Database
from storage.models import ReplicaRow, RunRow
from storage.repositories.rows import seal, table, unseal, upsert

RUNS = table(RunRow)
REPLICAS = table(ReplicaRow)
OUTCOME = "runs.outcome"


class RunRepository:
    """The run store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def claim(self, run: Run) -> tuple[Run, bool]:
        values = {name: getattr(run, name) for name in Run.__slots__ if name != "outcome"}
        async with self._database.writing() as connection:
            added = await connection.execute(
                upsert(self._database, RunRow).values(values).on_conflict_do_nothing(index_elements=["key"])
            )
            if added.rowcount:
                return run, True
            found = await connection.execute(select(RUNS).where(RUNS.c.key == run.key))
            return self._run(found.mappings().one()), False

    async def retake(self, run: Run, replica: str) -> Run | None:
        after = replace(
            run,
            replica=replica,
            attempt=run.attempt + 1,
            state=RunState.RUNNING,
            outcome=None,
            cancel_requested=False,
            finished_at=None,
        )
        async with self._database.writing() as connection:
            taken = await connection.execute(
                update(RUNS)
                .where(RUNS.c.id == run.id, RUNS.c.attempt == run.attempt, RUNS.c.state == run.state)
                .values(
                    replica=replica,
                    attempt=after.attempt,
                    state=after.state,
                    outcome_sealed=None,
                    cancel_requested=False,
                    finished_at=None,
                )
            )
        return after if taken.rowcount else None

    async def finish(self, run: Run) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                update(RUNS)
                .where(RUNS.c.id == run.id, RUNS.c.attempt == run.attempt)
                .values(
                    state=run.state,
                    finished_at=run.finished_at,
                    outcome_sealed=None if run.outcome is None else seal(self._keys, run.outcome, OUTCOME),
                )
            )

    async def get(self, run_id: str) -> Run | None:
        async with self._database.reading() as connection:
            found = (await connection.execute(select(RUNS).where(RUNS.c.id == run_id))).mappings().first()
        return self._run(found) if found else None

    async def find(
        self,
        *,
        actor: str | None = None,
        states: Sequence[RunState] = (),
        replicas: Sequence[str] | None = None,
        limit: int = 100,
    ) -> Sequence[Run]:
        where = []
        if actor is not None:
            where.append(RUNS.c.actor == actor)
        if states:
            where.append(RUNS.c.state.in_(states))
        if replicas is not None:
            where.append(RUNS.c.replica.in_(replicas))
        async with self._database.reading() as connection:
            found = await connection.execute(select(RUNS).where(*where).order_by(RUNS.c.started_at.desc()).limit(limit))
            return [self._run(row) for row in found.mappings()]

    async def orphans(self) -> Sequence[Run]:
        """Runs that no living replica has: their process died in the middle."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(RUNS).where(RUNS.c.state == RunState.RUNNING, RUNS.c.replica.not_in(select(REPLICAS.c.id)))
            )
            return [self._run(row) for row in found.mappings()]

    async def count_elsewhere(self, actor: str, replica: str) -> int:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(func.count())
                .select_from(RUNS)
                .where(RUNS.c.state == RunState.RUNNING, RUNS.c.actor == actor, RUNS.c.replica != replica)
            )
            return found.scalar_one()

    async def request_cancel(self, run_id: str) -> bool:
        async with self._database.writing() as connection:
            asked = await connection.execute(
                update(RUNS).where(RUNS.c.id == run_id, RUNS.c.state == RunState.RUNNING).values(cancel_requested=True)
            )
        return bool(asked.rowcount)

    async def cancels(self, replica: str) -> Sequence[str]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(RUNS.c.id).where(
                    RUNS.c.replica == replica, RUNS.c.state == RunState.RUNNING, RUNS.c.cancel_requested
                )
            )
            return list(found.scalars())

    def _run(self, row: RowMapping) -> Run:
        values = {name: row[name] for name in Run.__slots__ if name != "outcome"}
        token = row["outcome_sealed"]
        outcome = None if token is None else unseal(self._keys, token, OUTCOME)
        return Run(**{**values, "state": RunState(row["state"])}, outcome=outcome)
