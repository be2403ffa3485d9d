"""Alerts, what people think of them, and silences; what comes from outside, and what people wrote, is sealed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.keyring import Keyring
from bot.watch.alerts import Alert, AlertState, Judgement, Lesson, Silence
from storage.database import Database
from storage.models import AlertRow, JudgementRow, SilenceRow
from storage.repositories.records import Records
from storage.repositories.rows import purge, table, upsert

ALERTS, JUDGEMENTS, SILENCES = table(AlertRow), table(JudgementRow), table(SilenceRow)
GROUP_LOCKS = 0x616C7274  # the first half of an advisory lock's name; the group is the second


class AlertRepository:
    """The alert store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._records = Records(Alert, AlertRow, keys, "judgements")
        self._silences = Records(Silence, SilenceRow, keys)

    async def get(self, alert_id: str) -> Alert | None:
        found = await self._read(ALERTS.c.id == alert_id, strict=True)
        return found[0] if found else None

    async def find(
        self,
        *,
        states: Sequence[AlertState] = (),
        channel: str = "",
        group: str = "",
        since: datetime | None = None,
        limit: int = 200,
    ) -> Sequence[Alert]:
        where: list[ColumnElement[bool]] = []
        if states:
            where.append(ALERTS.c.state.in_(states))
        if channel:
            where.append(ALERTS.c.channel == channel)
        if group:
            where.append(ALERTS.c.group == group)
        if since is not None:
            where.append(ALERTS.c.changed_at >= since)
        return await self._read(*where, limit=limit)

    async def swap(self, before: Alert | None, after: Alert) -> bool:
        async with self._database.writing() as connection:
            return await self.exchange(connection, before, after)

    async def settle(self, connection: AsyncConnection, saw: Sequence[Alert], settled: Sequence[Alert]) -> bool:
        """Write what a look made of the alerts that it saw, if they are still what its group has.

        Several watches may have one group: without this, two that find the same cause at once would open two alerts.
        """
        if not settled:
            return True
        groups = sorted({each.group for each in settled})
        if not self._database.sqlite:  # which has one writer at a time
            for group in groups:
                await connection.execute(select(func.pg_advisory_xact_lock(GROUP_LOCKS, func.hashtext(group))))
        firing = (ALERTS.c.group.in_(groups), ALERTS.c.state == AlertState.FIRING)
        there = {tuple(row) for row in await connection.execute(select(ALERTS.c.id, ALERTS.c.version).where(*firing))}
        if there != {
            (each.id, each.version) for each in saw if each.group in groups and each.state is AlertState.FIRING
        }:
            return False
        before = {each.id: each for each in saw}
        for each in settled:
            if not await self.exchange(connection, before.get(each.id), each):
                return False
        return True

    async def exchange(self, connection: AsyncConnection, before: Alert | None, after: Alert) -> bool:
        """A swap within a transaction of somebody else's."""
        values: dict[str, Any] = {**self._records.values(after), "shown": after.shown}
        if before is None:
            written = upsert(self._database, AlertRow).values(values).on_conflict_do_nothing(index_elements=["id"])
        else:
            unchanged = (ALERTS.c.id == before.id, ALERTS.c.version == before.version)
            written = update(ALERTS).where(*unchanged).values(values)
        if not (await connection.execute(written)).rowcount:
            return False
        judged = before.judgements if before else ()
        if after.judgements != judged:
            await connection.execute(delete(JUDGEMENTS).where(JUDGEMENTS.c.alert_id == after.id))
            rows = [
                {**asdict(each), "alert_id": after.id, "lessons": [asdict(one) for one in each.lessons]}
                for each in after.judgements
            ]
            if rows:
                await connection.execute(insert(JUDGEMENTS), rows)
        return True

    async def silence(self, silence: Silence) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                upsert(self._database, SilenceRow)
                .values(self._silences.values(silence))
                .on_conflict_do_nothing(index_elements=["id"])
            )

    async def unsilence(self, silence_id: str, at: datetime) -> Silence | None:
        async with self._database.writing() as connection:
            await connection.execute(
                update(SILENCES).where(SILENCES.c.id == silence_id, SILENCES.c.ended_at.is_(None)).values(ended_at=at)
            )
            row = (await connection.execute(select(SILENCES).where(SILENCES.c.id == silence_id))).mappings().first()
        return self._silences.read(row) if row else None

    async def silences(self, at: datetime) -> Sequence[Silence]:
        alive = (SILENCES.c.until > at, SILENCES.c.ended_at.is_(None))
        async with self._database.reading() as connection:
            found = await connection.execute(select(SILENCES).where(*alive).order_by(SILENCES.c.created_at.desc()))
            return self._silences.readable(found.mappings())

    async def purge(self, before: datetime) -> int:
        """Drop alerts that were over, and silences that had ended, by then."""
        return await purge(self._database, ALERTS.c.resolved_at, before) + await purge(
            self._database, SILENCES.c.until, before
        )

    # ------------------------------------------------------------ within

    async def _read(self, *where: ColumnElement[bool], limit: int = 1, strict: bool = False) -> list[Alert]:
        newest = select(ALERTS).where(*where).order_by(ALERTS.c.opened_at.desc(), ALERTS.c.id).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(newest)).mappings().all()
            judged = JUDGEMENTS.c.alert_id.in_([row["id"] for row in rows])
            given = select(JUDGEMENTS).where(judged).order_by(JUDGEMENTS.c.at, JUDGEMENTS.c.person)
            judgements: dict[str, list[Judgement]] = defaultdict(list)
            for row in (await connection.execute(given)).mappings() if rows else ():
                lessons = tuple(Lesson(**one) for one in row["lessons"] or ())
                judgements[row["alert_id"]].append(Judgement(row["person"], row["verdict"], row["at"], lessons))
        if strict:
            return [self._records.read(row, judgements=judgements[row["id"]]) for row in rows]
        return self._records.readable(rows, judgements=judgements)
