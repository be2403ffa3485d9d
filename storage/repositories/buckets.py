"""Token buckets that several replicas share: one statement takes from all of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, select, text

from bot.guard.limits import GRAIN, Rate, arrive
from storage.database import Database
from storage.models import BucketRow
from storage.repositories.rows import table

BUCKETS = table(BucketRow)
# `bot.guard.limits.arrive` in SQL. The keys come sorted, so that two replicas never wait for each other.
# An empty bucket stops the rest; only if it runs empty this very moment are tokens of the others lost.
TAKE = text("""
    WITH asked AS (
        SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:intervals AS float8[]), CAST(:tolerances AS float8[]))
            AS asked (key, interval, tolerance)
    )
    INSERT INTO buckets AS kept (key, arrival, interval, tolerance)
    SELECT key, :now + interval, interval, tolerance FROM asked
    WHERE NOT EXISTS (
        SELECT FROM asked JOIN buckets AS empty USING (key)
        WHERE greatest(empty.arrival, :now) + asked.interval - :now > asked.tolerance + :grain
    )
    ORDER BY key
    ON CONFLICT (key) DO UPDATE
    SET arrival = greatest(kept.arrival, :now) + excluded.interval,
        interval = excluded.interval, tolerance = excluded.tolerance
    WHERE greatest(kept.arrival, :now) + excluded.interval - :now <= excluded.tolerance + :grain
    RETURNING key
""").bindparams(bindparam("now", type_=BUCKETS.c.arrival.type), bindparam("grain", GRAIN, type_=BUCKETS.c.arrival.type))


class BucketRepository:
    """The buckets of all replicas, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, rates: Mapping[str, Rate], now: float) -> Mapping[str, float]:
        keys = sorted(rates)
        asked = {
            "now": now,
            "keys": keys,
            "intervals": [rates[key].interval for key in keys],
            "tolerances": [rates[key].tolerance for key in keys],
        }
        async with self._database.reading() as connection:  # one statement: a transaction of its own
            taken = set((await connection.execute(TAKE, asked)).scalars())
            empty = rates.keys() - taken
            if not empty:
                return {}
            found = await connection.execute(select(BUCKETS).where(BUCKETS.c.key.in_(empty)))
            waits = {row.key: arrive(row.arrival, now, rates[row.key])[1] for row in found}
            return {key: wait for key, wait in waits.items() if wait > 0}
