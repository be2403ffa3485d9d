"""Token buckets that several replicas share: one statement takes from all of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from bot.guard.limits import Rate, arrive
from storage.database import Database
from storage.models import BucketRow
from storage.repositories.rows import table, upsert

BUCKETS = table(BucketRow)


class BucketRepository:
    """The buckets of all replicas, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, rates: Mapping[str, Rate], now: float) -> Mapping[str, float]:
        fresh = upsert(self._database, BucketRow)
        after = func.greatest(BUCKETS.c.arrival, now) + fresh.excluded.interval
        statement = (
            fresh.values(
                [  # in one order everywhere, so that two replicas never wait for each other
                    {"key": key, "arrival": now + rate.interval, "interval": rate.interval, "tolerance": rate.tolerance}
                    for key, rate in sorted(rates.items())
                ]
            )
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "arrival": after,
                    "interval": fresh.excluded.interval,
                    "tolerance": fresh.excluded.tolerance,
                },
                where=after - now <= fresh.excluded.tolerance,
            )
            .returning(BUCKETS.c.key)
        )
        async with self._database.reading() as connection:
            # Its own transaction, and not worth waiting for the disk: a crash may give a few tokens back.
            quick = await connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = set((await quick.execute(statement)).scalars())
            empty = rates.keys() - taken
            if not empty:
                return {}
            found = await quick.execute(select(BUCKETS).where(BUCKETS.c.key.in_(empty)))
            return {row.key: arrive(row.arrival, now, rates[row.key])[1] for row in found}
