"""Where alerts are shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, and_, func, or_, select, update

from bot.watch.alerts import AlertCard, AlertState
from storage.database import Database
from storage.models import AlertCardRow, AlertRow
from storage.repositories.rows import table, upsert

CARDS, ALERTS = table(AlertCardRow), table(AlertRow)


class AlertCardRepository:
    """The store of alerts' cards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, card: AlertCard) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                upsert(self._database, AlertCardRow)
                .values(alert_id=card.alert, channel=card.channel, ts=card.ts, version=card.version, shows=card.shows)
                .on_conflict_do_nothing(index_elements=["alert_id", "channel"])
            )

    async def of(self, alert_id: str) -> Sequence[AlertCard]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(CARDS).where(CARDS.c.alert_id == alert_id).order_by(CARDS.c.channel)
            )
            return [_card(row) for row in found.mappings()]

    async def at(self, channel: str, ts: str) -> AlertCard | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(CARDS).where(CARDS.c.channel == channel, CARDS.c.ts == ts))
            row = found.mappings().first()
            return _card(row) if row else None

    async def shown(self, before: AlertCard, after: AlertCard) -> bool:
        mine = (CARDS.c.alert_id == before.alert, CARDS.c.channel == before.channel)
        same = (CARDS.c.ts == before.ts, CARDS.c.version == before.version, CARDS.c.shows == before.shows)
        change = update(CARDS).where(*mine, *same).values(ts=after.ts, version=after.version, shows=after.shows)
        async with self._database.single() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def stale(self, limit: int = 100) -> Sequence[AlertCard]:
        """Also of alerts that have no card yet: whoever was to add it may have died. What is over is not posted."""
        channel = func.coalesce(CARDS.c.channel, ALERTS.c.channel)
        behind = and_(CARDS.c.ts.is_not(None), CARDS.c.version < ALERTS.c.version)
        unposted = and_(CARDS.c.ts.is_(None), ALERTS.c.shown, ALERTS.c.state == AlertState.FIRING, channel != "")
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(
                    ALERTS.c.id.label("alert_id"),
                    channel.label("channel"),
                    CARDS.c.ts,
                    func.coalesce(CARDS.c.version, 0).label("version"),
                    func.coalesce(CARDS.c.shows, "").label("shows"),
                )
                .select_from(ALERTS.outerjoin(CARDS, CARDS.c.alert_id == ALERTS.c.id))
                .where(or_(behind, unposted))
                # The newest first: old ones whose channel is gone must not stand in their way.
                .order_by(ALERTS.c.opened_at.desc(), ALERTS.c.id, channel)
                .limit(limit)
            )
            return [_card(row) for row in found.mappings()]


def _card(row: RowMapping) -> AlertCard:
    return AlertCard(row["alert_id"], row["channel"], row["ts"], row["version"], row["shows"])
