"""Where approvals are shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, update

from bot.agent.cards import Card
from storage.database import Database
from storage.models import ApprovalRow, CardRow
from storage.repositories.rows import table, upsert

CARDS, APPROVALS = table(CardRow), table(ApprovalRow)


class CardRepository:
    """The card store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, card: Card) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                upsert(self._database, CardRow)
                .values(
                    approval_id=card.approval,
                    channel=card.channel,
                    thread=card.thread,
                    ts=card.ts,
                    version=card.version,
                    announced=card.announced,
                )
                .on_conflict_do_nothing(index_elements=["approval_id", "channel"])
            )

    async def of(self, approval_id: str) -> Sequence[Card]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(CARDS).where(CARDS.c.approval_id == approval_id).order_by(CARDS.c.channel)
            )
            return [_card(row) for row in found.mappings()]

    async def shown(self, card: Card) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                update(CARDS)
                .where(*_is(card), CARDS.c.version <= card.version)
                .values(ts=card.ts, version=card.version)
            )

    async def announce(self, card: Card) -> bool:
        async with self._database.single() as connection:
            changed = await connection.execute(
                update(CARDS).where(*_is(card), CARDS.c.announced.is_(False)).values(announced=True)
            )
        return bool(changed.rowcount)

    async def stale(self, limit: int = 100) -> Sequence[Card]:
        over = or_(APPROVALS.c.state.in_(("rejected", "expired")), APPROVALS.c.outcome_sealed.is_not(None))
        untold = and_(over, CARDS.c.announced.is_(False))
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(CARDS)
                .join(APPROVALS, APPROVALS.c.id == CARDS.c.approval_id)
                .where(or_(CARDS.c.version < APPROVALS.c.version, CARDS.c.ts.is_(None), untold))
                # The newest first: old ones whose channel is gone must not stand in their way.
                .order_by(APPROVALS.c.created_at.desc(), CARDS.c.channel)
                .limit(limit)
            )
            return [_card(row) for row in found.mappings()]


def _is(card: Card) -> tuple[ColumnElement[bool], ...]:
    return CARDS.c.approval_id == card.approval, CARDS.c.channel == card.channel


def _card(row: RowMapping) -> Card:
    return Card(row["approval_id"], row["channel"], row["thread"], row["ts"], row["version"], row["announced"])
