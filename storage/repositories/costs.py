"""The ledger: what was spent, by whom, where and on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select

from bot.operations.spending import Spent
from storage.database import Database
from storage.models import CostRow
from storage.repositories.rows import table

COSTS = table(CostRow)
SCOPES = {"person": COSTS.c.person, "channel": COSTS.c.channel, "workspace": COSTS.c.workspace}


class CostRepository:
    """The ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def book(
        self,
        *,
        at: datetime,
        person: str,
        channel: str | None,
        workspace: str | None,
        operation: str,
        usd: float,
        tokens: int,
        trace_id: str,
    ) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                insert(COSTS).values(
                    at=at,
                    person=person,
                    channel=channel,
                    workspace=workspace,
                    operation=operation,
                    usd=usd,
                    tokens=tokens,
                    trace_id=trace_id,
                )
            )

    async def spent(self, scopes: Sequence[str], since: datetime) -> Mapping[str, float]:
        """By scope, as `person:U1`."""
        totals = {}
        async with self._database.reading() as connection:
            for scope in scopes:
                kind, _, name = scope.partition(":")
                found = await connection.execute(
                    select(func.coalesce(func.sum(COSTS.c.usd), 0.0)).where(SCOPES[kind] == name, COSTS.c.at >= since)
                )
                totals[scope] = float(found.scalar_one())
        return totals

    async def by_operation(self, scope: str, since: datetime) -> Mapping[str, Spent]:
        """The dearest first."""
        kind, _, name = scope.partition(":")
        usd, tokens = func.sum(COSTS.c.usd), func.sum(COSTS.c.tokens)
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(COSTS.c.operation, usd, tokens)
                .where(SCOPES[kind] == name, COSTS.c.at >= since)
                .group_by(COSTS.c.operation)
                .order_by(usd.desc())
                .limit(20)
            )
            return {row[0]: Spent(usd=float(row[1]), tokens=int(row[2])) for row in found}
