"""What the repositories share: the upsert of both databases, and sealed JSON."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from bot.guard.canonical import canonical
from bot.keyring import Keyring
from bot.ports import Json
from storage.database import Database


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
