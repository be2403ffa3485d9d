"""What the repositories share: the upsert of both databases, sealed JSON, and dropping what is old."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Insert, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from bot.guard.canonical import canonical
from bot.keyring import Keyring
from bot.ports import Json
from storage.database import Database

PURGED_AT_ONCE = 1_000


def table(model: type[DeclarativeBase]) -> Table:
    """The Core table of a model: repositories speak Core, which is plain and fast."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


def upsert(database: Database, model: type[DeclarativeBase]) -> Any:
    """An INSERT that knows ON CONFLICT; both dialects spell it alike, SQLAlchemy types them apart."""
    insert: type[Insert] = sqlite.Insert if database.sqlite else postgresql.Insert
    return insert(table(model))


def seal(keys: Keyring, value: Json, column: str) -> str:
    return keys.encrypt(canonical(value), column)


def unseal(keys: Keyring, text: str, column: str) -> Any:
    return json.loads(keys.decrypt(text, column))


async def purge(database: Database, at: Column[Any], before: datetime) -> int:
    """Drop what is older, a batch at a time: one long DELETE would keep whoever wants to write waiting."""
    (key,) = at.table.primary_key
    old = select(key).where(at < before).limit(PURGED_AT_ONCE)
    gone, dropped = 0, PURGED_AT_ONCE
    while dropped == PURGED_AT_ONCE:
        async with database.single() as connection:
            dropped = (await connection.execute(delete(at.table).where(key.in_(old)))).rowcount
        gone += dropped
    return gone
