"""Deliveries from outside, written in batches: one statement and one commit for all that came at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from bot.agent.inbox import Delivery
from bot.errors import NotFound, Tampered
from bot.keyring import Keyring
from storage.database import Database
from storage.models import DeliveryRow, ReplicaRow
from storage.repositories.rows import purge, table, unseal
from storage.types import Utc, instant

DELIVERIES, REPLICAS = table(DeliveryRow), table(ReplicaRow)
PAYLOAD = "deliveries.payload"
# The literal, not a parameter: only so does a plan know that the partial index fits.
OPEN: ColumnElement[bool] = DELIVERIES.c.state == literal_column("'open'")
_COLUMNS = "id, kind, payload_sealed, replica, state, attempts, received_at, position"
# As plain SQL: a VALUES list would be compiled, and prepared, anew for every size of batch.
# SQLite's `->>` came with 3.38 only, json_extract does the same.
_ADD = {
    "sqlite": text(
        f"INSERT INTO deliveries ({_COLUMNS}) SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "  # noqa: S608  no values in it
        "json_extract(value, '$[2]'), :replica, 'open', json_extract(value, '$[3]'), json_extract(value, '$[4]'), "
        "json_extract(value, '$[5]') FROM json_each(:rows) WHERE true ON CONFLICT (id) DO NOTHING RETURNING id"
    ),
    "postgresql": text(
        f"INSERT INTO deliveries ({_COLUMNS}) SELECT value ->> 0, value ->> 1, value ->> 2, :replica, 'open', "  # noqa: S608  as above
        "(value ->> 3)::int, (value ->> 4)::timestamptz, (value ->> 5)::int "
        "FROM jsonb_array_elements(CAST(:rows AS jsonb)) ON CONFLICT (id) DO NOTHING RETURNING id"
    ),
}
_GIVEN = {
    "sqlite": "id IN (SELECT value FROM json_each(:ids))",
    # An array, for PostgreSQL would rather read the whole table than join a set whose size it cannot tell.
    "postgresql": "id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:ids AS jsonb))))",
}
_DONE = {
    kind: text(
        "UPDATE deliveries SET state = 'done', payload_sealed = NULL, finished_at = :now "  # noqa: S608  as above
        f"WHERE state = 'open' AND {given}"
    ).bindparams(bindparam("now", type_=Utc()))
    for kind, given in _GIVEN.items()
}
_compact = json.JSONEncoder(separators=(",", ":")).encode
log = structlog.get_logger()


class DeliveryRepository:
    """The inbox."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def add(self, deliveries: Sequence[Delivery], replica: str) -> frozenset[str]:
        unique: dict[str, list[Any]] = {}
        for position, each in enumerate(deliveries):
            if each.id not in unique:
                unique[each.id] = self._row(each, position)
        if not unique:
            return frozenset()
        # In the order of their ids: two replicas that add the same ones would wait for each other for ever.
        rows = _compact([unique[key] for key in sorted(unique)])
        async with self._database.single(urgent=True) as connection:
            added = await connection.execute(_ADD[self._database.kind], {"rows": rows, "replica": replica})
            return frozenset(added.scalars())

    async def done(self, ids: Sequence[str], now: datetime) -> None:
        if not ids:
            return
        async with self._database.single(urgent=True) as connection:
            await connection.execute(_DONE[self._database.kind], {"ids": _compact(list(ids)), "now": now})

    async def again(self, delivery_id: str) -> int:
        async with self._database.single(urgent=True) as connection:
            counted = await connection.execute(
                update(DELIVERIES)
                .where(DELIVERIES.c.id == delivery_id)
                .values(attempts=DELIVERIES.c.attempts + 1)
                .returning(DELIVERIES.c.attempts)
            )
            attempts = counted.scalar()
        if attempts is None:
            raise NotFound(f"there is no delivery {delivery_id!r}", mend="It was handled, and dropped since.")
        return int(attempts)

    async def reopen(self, delivery: Delivery, replica: str) -> None:
        sealed = self._keys.encrypt(_compact(delivery.payload), PAYLOAD)
        again = {"payload_sealed": sealed, "replica": replica, "state": "open", "attempts": 1, "finished_at": None}
        async with self._database.single() as connection:
            changed = await connection.execute(update(DELIVERIES).where(DELIVERIES.c.id == delivery.id).values(**again))
        if not changed.rowcount:  # it was kept long enough
            await self.add([delivery], replica)

    async def adopt(self, replica: str, live: Collection[str], limit: int = 100) -> Sequence[Delivery]:
        # Who came to life after the caller asked who lives is in the table: its rows are not up for adoption.
        lost = select(DELIVERIES.c.id, DELIVERIES.c.replica).where(
            OPEN, DELIVERIES.c.replica.not_in({*live, replica}), DELIVERIES.c.replica.not_in(select(REPLICAS.c.id))
        )
        oldest = lost.order_by(DELIVERIES.c.received_at, DELIVERIES.c.position, DELIVERIES.c.id).limit(limit)
        async with self._database.reading() as connection:
            found = [(row.id, row.replica) for row in await connection.execute(oldest)]
        if not found:
            return []
        # Compare-and-swap, row by row: of two that want the same ones, the second finds them claimed.
        unclaimed = select(DELIVERIES.c.id).where(OPEN, tuple_(DELIVERIES.c.id, DELIVERIES.c.replica).in_(found))
        async with self._database.writing(urgent=True) as connection:
            claimed = await connection.execute(
                update(DELIVERIES)
                .where(OPEN, DELIVERIES.c.id.in_(unclaimed.with_for_update(skip_locked=True)))
                .values(replica=replica)
                .returning(*DELIVERIES.c)
            )
            rows = sorted(claimed.mappings(), key=lambda row: (row["received_at"], row["position"], row["id"]))
            # Within the transaction: where a key is missing, they stay for a replica that has it.
            return [delivery for row in rows if (delivery := self._delivery(row))]

    async def waiting(self) -> int:
        async with self._database.reading() as connection:
            return int(
                (await connection.execute(select(func.count()).select_from(DELIVERIES).where(OPEN))).scalar_one()
            )

    async def purge(self, before: datetime) -> int:
        return await purge(self._database, DELIVERIES.c.finished_at, before)

    def _row(self, each: Delivery, position: int) -> list[Any]:
        sealed = self._keys.encrypt(_compact(each.payload), PAYLOAD)
        at = instant(each.received_at)
        if self._database.sqlite:  # text without a zone, as SQLAlchemy writes it
            at = at.replace(tzinfo=None)
        return [each.id, each.kind, sealed, each.attempts, at.isoformat(sep=" ", timespec="microseconds"), position]

    def _delivery(self, row: RowMapping) -> Delivery | None:
        """None for one that does not decrypt, loudly: it must not keep the others."""
        try:
            payload = unseal(self._keys, row["payload_sealed"], PAYLOAD)
        except Tampered as error:
            log.error("delivery_damaged", delivery=row["id"], error=str(error))  # noqa: TRY400  the text says it
            return None
        return Delivery(row["id"], row["kind"], payload, row["received_at"], row["attempts"], again=True)
