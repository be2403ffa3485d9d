"""What waits for a word, one row for each question or gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, select, update

from bot.agent.suspended import Suspended
from bot.agent.threads import Key
from bot.guard.canonical import plain
from bot.keyring import Keyring
from storage.database import Database
from storage.models import SuspendedRow
from storage.repositories.rows import seal, table, unseal, upsert

WAITING = table(SuspendedRow)
PAYLOAD = "suspended.payload"


class SuspendedRepository:
    """The store of what waits."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def put(self, waiting: Suspended) -> None:
        values = {
            "kind": waiting.kind,
            "workspace": waiting.where.workspace,
            "channel": waiting.where.channel,
            "thread": waiting.where.thread,
            "person": waiting.person,
            "payload_sealed": seal(self._keys, plain(dict(waiting.payload)), PAYLOAD),
            "created_at": waiting.created_at,
            "expires_at": waiting.expires_at,
        }
        id_ = f"approval:{waiting.about}" if waiting.kind == "approval" else _question(waiting.where, waiting.person)
        async with self._database.single() as connection:
            await connection.execute(
                upsert(self._database, SuspendedRow)
                .values(id=id_, **values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )

    async def question(self, where: Key, person: str, now: datetime) -> Suspended | None:
        return await self._one(WAITING.c.id == _question(where, person), WAITING.c.expires_at > now)

    async def settle(self, where: Key, person: str) -> bool:
        async with self._database.single() as connection:
            gone = await connection.execute(delete(WAITING).where(WAITING.c.id == _question(where, person)))
        return bool(gone.rowcount)

    async def at_gates(self, limit: int = 100) -> Sequence[Suspended]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(WAITING).where(WAITING.c.kind == "approval").order_by(WAITING.c.created_at).limit(limit)
            )
            return [self._read(row) for row in found.mappings()]

    async def gate(self, approval: str) -> Suspended | None:
        return await self._one(WAITING.c.id == f"approval:{approval}")

    async def claim(self, approval: str, replica: str, live: Collection[str]) -> Suspended | None:
        free = WAITING.c.replica.is_(None) | WAITING.c.replica.not_in([replica, *live])
        async with self._database.single() as connection:
            taken = await connection.execute(
                update(WAITING)
                .where(WAITING.c.id == f"approval:{approval}", free)
                .values(replica=replica)
                .returning(*WAITING.c)
            )
            row = taken.mappings().first()
        return self._read(row) if row else None

    async def done(self, approval: str) -> None:
        async with self._database.single() as connection:
            await connection.execute(delete(WAITING).where(WAITING.c.id == f"approval:{approval}"))

    async def purge(self, now: datetime) -> int:
        async with self._database.writing() as connection:
            return (await connection.execute(delete(WAITING).where(WAITING.c.expires_at <= now))).rowcount

    async def _one(self, *where: ColumnElement[bool]) -> Suspended | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(WAITING).where(*where))).mappings().first()
        return self._read(row) if row else None

    def _read(self, row: RowMapping) -> Suspended:
        payload: Any = unseal(self._keys, row["payload_sealed"], PAYLOAD)
        return Suspended(
            row["kind"],
            Key(row["workspace"], row["channel"], row["thread"]),
            row["person"],
            payload,
            about=row["id"].partition(":")[2] if row["kind"] == "approval" else "",
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )


def _question(where: Key, person: str) -> str:
    return f"question:{where.workspace}:{where.channel}:{where.thread}:{person}"
