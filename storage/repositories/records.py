"""Dataclasses as rows: a field that has a column is there, and the others are sealed together as one record."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Generic, TypeVar, cast

import structlog
from pydantic import TypeAdapter
from sqlalchemy import RowMapping
from sqlalchemy.orm import DeclarativeBase

from bot.errors import Tampered
from bot.guard.canonical import writable
from bot.keyring import Keyring
from bot.ports import Json
from storage.repositories.rows import seal, table, unseal

T = TypeVar("T")
LARGEST = sys.float_info.max
log = structlog.get_logger()


class Records(Generic[T]):
    """Packs and reads the rows of one kind; its table has a column `record_sealed`."""

    def __init__(self, kind: type[T], row: type[DeclarativeBase], keys: Keyring, *elsewhere: str) -> None:
        """`elsewhere` names the fields that have a table of their own."""
        columns = table(row).columns
        fields: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]
        self._columns = [name for name in fields if name in columns]
        self._apart = {*self._columns, *elsewhere}
        self._adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
        self._purpose = f"{table(row).name}.record"
        self._keys = keys

    def values(self, item: T) -> dict[str, Any]:
        rest = self._adapter.dump_python(item, mode="json", exclude=self._apart)
        return {
            **{name: getattr(item, name) for name in self._columns},
            "record_sealed": seal(self._keys, _spelled(rest), self._purpose),
        }

    def read(self, row: RowMapping, **more: object) -> T:
        rest = unseal(self._keys, row["record_sealed"], self._purpose)
        return self._adapter.validate_python({**rest, **{name: row[name] for name in self._columns}, **more})

    def readable(self, rows: Iterable[RowMapping], **more: Mapping[str, object]) -> list[T]:
        """Leaves out what does not decrypt, loudly: one damaged row must not hide the others. `more` is by id."""
        found = []
        for row in rows:
            try:
                found.append(self.read(row, **{name: each.get(row["id"], ()) for name, each in more.items()}))
            except Tampered as error:
                log.error("row_damaged", kept=self._purpose, row=row["id"], error=str(error))  # noqa: TRY400  the text says it
        return found


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """It takes 10 ms, and several repositories read the same."""
    return TypeAdapter(kind)


def _spelled(value: Json) -> Json:
    """As JSON spells it: what is no number is left out and comes back as its field's default; infinity is huge."""
    match value:
        case dict():
            return {key: _spelled(each) for key, each in value.items() if each is not None and each == each}  # noqa: PLR0124  NaN is not
        case list():
            return [_spelled(each) for each in value]
        case float():
            return max(-LARGEST, min(LARGEST, value))
        case str():
            return writable(value)
        case _:
            return value
