"""Dead letters; what was to be done is sealed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, select, update

from bot.dead_letters import DeadLetter, LetterState
from bot.keyring import Keyring
from storage.database import Database
from storage.models import DeadLetterRow
from storage.repositories.rows import seal, table, unseal, upsert

LETTERS = table(DeadLetterRow)
PAYLOAD = "dead_letters.payload"


class DeadLetterRepository:
    """The dead letter store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def add(self, letter: DeadLetter) -> None:
        values = {name: getattr(letter, name) for name in DeadLetter.__slots__ if name != "payload"}
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, DeadLetterRow)
                .values(payload_sealed=seal(self._keys, letter.payload, PAYLOAD), **values)
                .on_conflict_do_nothing(index_elements=["id"])
            )

    async def get(self, letter_id: str) -> DeadLetter | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(LETTERS).where(LETTERS.c.id == letter_id))).mappings().first()
        return self._letter(row) if row else None

    async def find(self, state: LetterState | None, limit: int) -> Sequence[DeadLetter]:
        where = [] if state is None else [LETTERS.c.state == state]
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(LETTERS).where(*where).order_by(LETTERS.c.created_at.desc()).limit(limit)
            )
            return [self._letter(row) for row in found.mappings()]

    async def swap(self, before: DeadLetter, after: DeadLetter) -> bool:
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(LETTERS)
                .where(LETTERS.c.id == before.id, LETTERS.c.version == before.version)
                .values(
                    state=after.state,
                    version=after.version,
                    closed_at=after.closed_at,
                    closed_by=after.closed_by,
                    note=after.note,
                )
            )
        return bool(changed.rowcount)

    def _letter(self, row: RowMapping) -> DeadLetter:
        values = {name: row[name] for name in DeadLetter.__slots__ if name != "payload"}
        values["state"] = LetterState(row["state"])
        return DeadLetter(payload=unseal(self._keys, row["payload_sealed"], PAYLOAD), **values)
