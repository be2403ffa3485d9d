"""Key rotation: every sealed column rewritten with the active key, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update

from bot.keyring import Keyring
from storage.database import Database
from storage.models import Base

SUFFIX = "_sealed"
BATCH = 500


async def rotate(database: Database, keys: Keyring) -> Mapping[str, int]:
    """Safe to interrupt and to repeat; a row that changes meanwhile is taken up by the next batch."""
    counts = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if not column.name.endswith(SUFFIX):
                continue
            purpose, count = f"{table.name}.{column.name.removesuffix(SUFFIX)}", 0
            (identity,) = table.primary_key.columns
            current = f"v1.{keys.active}."
            while True:
                async with database.writing() as connection:
                    found = await connection.execute(
                        select(identity, column)
                        .where(column.is_not(None), ~column.startswith(current, autoescape=True))
                        .limit(BATCH)
                    )
                    rows = found.all()
                    for key, token in rows:
                        fresh = keys.encrypt(keys.decrypt(token, purpose), purpose)
                        changed = await connection.execute(
                            update(table).where(identity == key, column == token).values({column.name: fresh})
                        )
                        count += changed.rowcount
                if not rows:
                    break
            counts[purpose] = count
    return counts
