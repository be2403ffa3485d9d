"""Watches, and how far each has come; a look is kept together with what it made of the alerts."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.keyring import Keyring
from bot.watch.alerts import Alert
from bot.watch.watches import Progress, Watch, WatchState
from storage.database import Database
from storage.models import WatchProgressRow, WatchRow
from storage.repositories.alerts import AlertRepository
from storage.repositories.records import Records
from storage.repositories.rows import table, upsert

STATE = "watch_progress.state"
WATCHES, PROGRESS = table(WatchRow), table(WatchProgressRow)


class WatchRepository:
    """The watch store, and the commit of a look."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys
        self._records = Records(Watch, WatchRow, keys)
        self._alerts = AlertRepository(database, keys)

    async def add(self, watch: Watch) -> Watch:
        async with self._database.writing() as connection:
            added = await connection.execute(
                upsert(self._database, WatchRow)
                .values(self._records.values(watch))
                .on_conflict_do_nothing(index_elements=["id"])
            )
            if added.rowcount:
                return watch
            found = await connection.execute(select(WATCHES).where(WATCHES.c.id == watch.id))
            return self._records.read(found.mappings().one())

    async def get(self, watch_id: str) -> Watch | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(WATCHES).where(WATCHES.c.id == watch_id))).mappings().first()
        return self._records.read(row) if row else None

    async def find(
        self, *, states: Sequence[WatchState] = (), channel: str = "", created_by: str = "", limit: int = 500
    ) -> Sequence[Watch]:
        wanted = select(WATCHES).order_by(WATCHES.c.created_at.desc(), WATCHES.c.id).limit(limit)
        if states:
            wanted = wanted.where(WATCHES.c.state.in_(states))
        if channel:
            wanted = wanted.where(WATCHES.c.channel == channel)
        if created_by:
            wanted = wanted.where(WATCHES.c.created_by == created_by)
        async with self._database.reading() as connection:
            return self._records.readable((await connection.execute(wanted)).mappings())

    async def swap(self, before: Watch, after: Watch) -> bool:
        async with self._database.single() as connection:
            return await self._swap(connection, before, after)

    async def judged(self, before: Alert, after: Alert, taught: Sequence[tuple[Watch, Watch]]) -> bool:
        """Watches first and in one order, as looks take them: nobody waits for each other."""
        async with self._database.writing() as connection:
            for was, now in sorted(taught, key=lambda each: each[0].id):
                if not await self._swap(connection, was, now):
                    break
            else:
                if await self._alerts.exchange(connection, before, after):
                    return True
            await connection.rollback()
        return False

    async def progress(self, watch_id: str) -> Progress | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(PROGRESS).where(PROGRESS.c.watch == watch_id))
            row = found.mappings().first()
        return self._progress(row) if row else None

    async def reached(self, watches: Sequence[str]) -> Mapping[str, Progress]:
        plain = select(*(each for each in PROGRESS.c if each.name != "state_sealed"))
        async with self._database.reading() as connection:
            found = await connection.execute(plain.where(PROGRESS.c.watch.in_(watches)))
            return {row["watch"]: Progress(**row) for row in found.mappings()}

    async def commit(
        self, before: Progress | None, after: Progress, saw: Sequence[Alert], settled: Sequence[Alert]
    ) -> bool:
        """All of it; nothing and False where the watch sleeps or somebody was quicker, there or in its group."""
        async with self._database.writing() as connection:
            done = (
                await self._awake(connection, after)
                and await self._advance(connection, before, after)
                and await self._alerts.settle(connection, saw, settled)
            )
            if not done:
                await connection.rollback()
        return done

    async def purge(self, before: datetime) -> int:
        """Drop deleted watches at which nothing has been looked since."""
        looked = exists().where(PROGRESS.c.watch == WATCHES.c.id, PROGRESS.c.looked_at >= before)
        old = (WATCHES.c.state == WatchState.DELETED, WATCHES.c.created_at < before, ~looked)
        async with self._database.single() as connection:
            return (await connection.execute(delete(WATCHES).where(*old))).rowcount

    async def _swap(self, connection: AsyncConnection, before: Watch, after: Watch) -> bool:
        unchanged = (WATCHES.c.id == before.id, WATCHES.c.version == before.version)
        changed = await connection.execute(update(WATCHES).where(*unchanged).values(self._records.values(after)))
        return bool(changed.rowcount)

    async def _awake(self, connection: AsyncConnection, after: Progress) -> bool:
        """Locked until the look is kept: who stops a watch ends its alerts then, and must not miss a new one."""
        woke = and_(WATCHES.c.state == WatchState.PAUSED, WATCHES.c.paused_until <= after.looked_at)
        awake = (WATCHES.c.id == after.watch, or_(WATCHES.c.state == WatchState.ACTIVE, woke))
        found = await connection.execute(select(WATCHES.c.id).where(*awake).with_for_update(read=True))
        return found.first() is not None

    def _progress(self, row: RowMapping) -> Progress:
        rest = {name: value for name, value in row.items() if name != "state_sealed"}
        return Progress(**rest, state=base64.b64decode(self._keys.decrypt(row["state_sealed"], STATE)))

    async def _advance(self, connection: AsyncConnection, before: Progress | None, after: Progress) -> bool:
        values: dict[str, Any] = {name: getattr(after, name) for name in Progress.__slots__ if name != "state"}
        values["state_sealed"] = self._keys.encrypt(base64.b64encode(after.state).decode(), STATE)
        if before is None:
            first = upsert(self._database, WatchProgressRow).values(values)
            return bool((await connection.execute(first.on_conflict_do_nothing(index_elements=["watch"]))).rowcount)
        unchanged = (
            PROGRESS.c.watch == before.watch,
            PROGRESS.c.until == before.until,
            PROGRESS.c.looked_at.is_not_distinct_from(before.looked_at),  # a look that failed goes no further
        )
        return bool((await connection.execute(update(PROGRESS).where(*unchanged).values(values))).rowcount)
