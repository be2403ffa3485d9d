"""Sessions and their messages; the text is sealed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, RowMapping, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.agent.threads import Message, Session
from bot.errors import Conflict
from bot.keyring import Keyring
from storage.database import Database
from storage.models import MessageRow, SessionRow
from storage.repositories.rows import table, upsert

SESSIONS = table(SessionRow)
MESSAGES = table(MessageRow)
CONTENT = "messages.content"


class ConversationRepository:
    """What was said, by thread."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def open(
        self, workspace: str, channel: str, thread: str, *, by: str, now: datetime, expires_at: datetime
    ) -> Session:
        """The session of a thread; two that open it at once get the same one."""
        async with self._database.single() as connection:
            return await self._open(connection, (workspace, channel, thread), by, now, expires_at)

    async def ask(
        self, workspace: str, channel: str, thread: str, message: Message, *, expires_at: datetime
    ) -> tuple[Session, int]:
        """Open it and say something in it; where in it that is."""
        async with self._database.writing() as connection:
            session = await self._open(
                connection,
                (workspace, channel, thread),
                message.author,
                message.created_at,
                expires_at,
                message.token_count,
            )
            said = await connection.execute(self._message(session.id, message).returning(MESSAGES.c.id))
            return session, said.scalar_one()

    async def _open(
        self,
        connection: AsyncConnection,
        where: tuple[str, str, str],
        by: str,
        now: datetime,
        expires_at: datetime,
        tokens: int = 0,
    ) -> Session:
        place = dict(zip(("workspace", "channel", "thread"), where, strict=True))
        opened = await connection.execute(
            upsert(self._database, SessionRow)
            .values(
                id=uuid.uuid4().hex,
                opened_by=by,
                token_count=tokens,
                created_at=now,
                last_activity=now,
                expires_at=expires_at,
                **place,
            )
            .on_conflict_do_update(
                index_elements=list(place),
                set_={
                    "last_activity": now,
                    "expires_at": expires_at,
                    "token_count": SESSIONS.c.token_count + tokens,
                },
            )
            .returning(*SESSIONS.c)
        )
        row = opened.mappings().one()
        return Session(**{name: row[name] for name in Session.__slots__})

    async def find(self, workspace: str, channel: str, thread: str) -> Session | None:
        """The session of a thread, if the bot was ever spoken to in it."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(SESSIONS).where(
                    SESSIONS.c.workspace == workspace, SESSIONS.c.channel == channel, SESSIONS.c.thread == thread
                )
            )
            row = found.mappings().first()
        return Session(**{name: row[name] for name in Session.__slots__}) if row else None

    async def say(self, session_id: str, message: Message) -> None:
        """Append a turn; rows are only added, so concurrent speakers lose nothing."""
        async with self._database.writing() as connection:
            await connection.execute(self._message(session_id, message))
            await connection.execute(
                update(SESSIONS)
                .where(SESSIONS.c.id == session_id)
                .values(token_count=SESSIONS.c.token_count + message.token_count, last_activity=message.created_at)
            )

    async def remember(self, session: Session, context: dict[str, Any]) -> Session:
        """Replace the context, unless somebody else did meanwhile."""
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(SESSIONS)
                .where(SESSIONS.c.id == session.id, SESSIONS.c.version == session.version)
                .values(context=context, version=session.version + 1)
            )
        if not changed.rowcount:
            raise Conflict(f"session {session.id} was changed meanwhile", mend="Read it again.")
        return Session(
            **{
                **{name: getattr(session, name) for name in Session.__slots__},
                "context": context,
                "version": session.version + 1,
            }
        )

    async def page(self, session_id: str, before: int | None, limit: int) -> tuple[Sequence[Message], int | None]:
        """The newest ones before a place, oldest first, and the place before which to go on."""
        async with self._database.reading() as connection:
            earlier = MESSAGES.c.id < before if before is not None else true()
            found = await connection.execute(
                select(MESSAGES)
                .where(MESSAGES.c.session_id == session_id, earlier)
                .order_by(MESSAGES.c.id.desc())
                .limit(limit)
            )
            rows = found.mappings().all()
        return self._opened(rows), rows[-1]["id"] if len(rows) == limit else None

    async def messages_of(self, author: str, limit: int = 100_000) -> Sequence[Message]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(MESSAGES).where(MESSAGES.c.author == author).order_by(MESSAGES.c.id.desc()).limit(limit)
            )
            rows = found.mappings().all()
        return self._opened(rows)

    async def forget(self, author: str) -> int:
        """Delete what somebody said."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(MESSAGES).where(MESSAGES.c.author == author))).rowcount

    async def expire(self, now: datetime) -> int:
        async with self._database.writing() as connection:
            return (await connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= now))).rowcount

    def _message(self, session_id: str, message: Message) -> Insert:
        values = {name: getattr(message, name) for name in Message.__slots__ if name != "content"}
        sealed = self._keys.encrypt(message.content, CONTENT)
        return insert(MESSAGES).values(session_id=session_id, content_sealed=sealed, **values)

    def _opened(self, newest_first: Sequence[RowMapping]) -> Sequence[Message]:
        return [
            Message(
                content=self._keys.decrypt(row["content_sealed"], CONTENT),
                **{name: row[name] for name in Message.__slots__ if name != "content"},
            )
            for row in reversed(newest_first)
        ]
