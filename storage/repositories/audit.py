"""The rows of the audit trail and the head of its chain, and whom its pseudonyms stand for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Tampered
from bot.guard.audit import Query
from bot.guard.chain import Head, Row, Subject
from storage.database import Database
from storage.models import AuditHeadRow, AuditRow, SubjectRow
from storage.repositories.rows import table, upsert

ROWS = table(AuditRow)
HEAD = table(AuditHeadRow)
SUBJECTS = table(SubjectRow)
ONLY = 1
# Made once: they run for every batch, and building them costs more than running them.
ADD = insert(ROWS)
MOVE = (
    update(HEAD)
    .where(HEAD.c.id == ONLY, HEAD.c.seq == bindparam("was_seq"), HEAD.c.head_seal == bindparam("was_sealed"))
    .values({name: bindparam(name) for name in Head.__slots__})
)


class AuditRepository:
    """The audit store.

    It remembers the head that it wrote last and moves it by compare-and-swap: one statement where this
    replica wrote last, one more look where another did.
    """

    def __init__(self, database: Database, genesis: Callable[[], Head]) -> None:
        self._database = database
        self._genesis = genesis
        self._seen: Head | None = None

    async def append(self, build: Callable[[Head], tuple[Head, Sequence[Row]]]) -> None:
        before, self._seen = self._seen or await self._first(), None
        async with self._database.writing() as connection:
            head, rows = build(before)
            if not await self._move(connection, before, head):
                # Another replica wrote last. Read under the lock, the head stays until we have moved it.
                current = await connection.execute(select(HEAD).where(HEAD.c.id == ONLY).with_for_update())
                found = current.mappings().first()
                if found is None:
                    raise Tampered("the head of the audit chain is gone", mend="Run `llm-copilot audit verify`.")
                before = _head(found)
                head, rows = build(before)
                await self._move(connection, before, head)
            await connection.execute(ADD, [_fields(row) for row in rows])
        self._seen = head

    async def head(self) -> Head | None:
        async with self._database.reading() as connection:
            found = (await connection.execute(select(HEAD).where(HEAD.c.id == ONLY))).mappings().first()
        return _head(found) if found else None

    async def rows(self, after: int | None = None, *, batch: int = 1_000) -> AsyncIterator[Row]:
        while True:
            behind = [] if after is None else [ROWS.c.seq > after]
            async with self._database.reading() as connection:
                found = await connection.execute(select(ROWS).where(*behind).order_by(ROWS.c.seq).limit(batch))
                rows = [_row(row) for row in found.mappings()]
            for row in rows:
                yield row
            if len(rows) < batch:
                return
            after = rows[-1].seq

    async def search(self, query: Query) -> Sequence[Row]:
        where = []
        for column, value in (
            (ROWS.c.subject, query.subject),
            (ROWS.c.operation, query.operation),
            (ROWS.c.trace_id, query.trace_id),
        ):
            if value is not None:
                where.append(column == value)
        if query.decision is not None:
            where.append(ROWS.c.decision.startswith(query.decision, autoescape=True))
        if query.since is not None:
            where.append(ROWS.c.at >= query.since)
        if query.until is not None:
            where.append(ROWS.c.at < query.until)
        async with self._database.reading() as connection:
            found = await connection.execute(select(ROWS).where(*where).order_by(ROWS.c.seq.desc()).limit(query.limit))
            return [_row(row) for row in found.mappings()]

    async def subject(self, fresh: Subject) -> str:
        values = {name: getattr(fresh, name) for name in fresh.__slots__}
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, SubjectRow).values(values).on_conflict_do_nothing(index_elements=["person"])
            )
            found = await connection.execute(select(SUBJECTS.c.subject).where(SUBJECTS.c.person == fresh.person))
            return str(found.scalar_one())

    async def subjects(self) -> AsyncIterator[Subject]:
        async with self._database.reading() as connection:
            found = (await connection.execute(select(SUBJECTS))).mappings().all()
        for row in found:
            yield Subject(**row)

    async def known(self, person: str) -> str | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(SUBJECTS.c.subject).where(SUBJECTS.c.person == person))
            return found.scalar_one_or_none()

    async def people(self, subjects: Sequence[str]) -> Mapping[str, str]:
        async with self._database.reading() as connection:
            found = await connection.execute(select(SUBJECTS).where(SUBJECTS.c.subject.in_(subjects)))
            return {row.subject: row.person for row in found}

    async def erase(self, subject: str) -> int:
        async with self._database.writing() as connection:
            await connection.execute(delete(SUBJECTS).where(SUBJECTS.c.subject == subject))
            erased = await connection.execute(update(ROWS).where(ROWS.c.subject == subject).values(details=None))
            return erased.rowcount

    async def cut(self, head: Head, through: int) -> int:
        async with self._database.writing() as connection:
            moved = await connection.execute(
                update(HEAD).where(HEAD.c.id == ONLY, HEAD.c.seal == head.seal).values(_fields(head))
            )
            if not moved.rowcount:
                return 0
            dropped = await connection.execute(delete(ROWS).where(ROWS.c.seq <= through))
        self._seen = None
        return dropped.rowcount

    # ------------------------------------------------------------ within

    async def _first(self) -> Head:
        """The head as it stands; made for the very first row."""
        if found := await self.head():
            return found
        async with self._database.reading() as connection:
            if (await connection.execute(select(func.count()).select_from(ROWS))).scalar_one():
                raise Tampered("the audit chain has rows but no head", mend="Run `llm-copilot audit verify`.")
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, AuditHeadRow)
                .values(id=ONLY, **_fields(self._genesis()))
                .on_conflict_do_nothing(index_elements=["id"])
            )
        found = await self.head()
        assert found is not None
        return found

    @staticmethod
    async def _move(connection: AsyncConnection, before: Head, after: Head) -> bool:
        moved = await connection.execute(
            MOVE, {"was_seq": before.seq, "was_sealed": before.head_seal, **_fields(after)}
        )
        return bool(moved.rowcount)


def _fields(kept: Head | Row) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in kept.__slots__}


def _head(row: RowMapping) -> Head:
    return Head(**{name: row[name] for name in Head.__slots__})


def _row(row: RowMapping) -> Row:
    return Row(**{name: row[name] for name in Row.__slots__})
