"""Answers and feedback; question, events and corrections are sealed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, delete, literal_column, select, update

from bot.agent.answers import Answer, AnswerState, Feedback, record, unpack
from bot.errors import NotFound
from bot.keyring import Keyring
from storage.database import Database
from storage.models import AnswerRow, FeedbackRow
from storage.repositories.rows import purge, seal, table, unseal, upsert

ANSWERS, FEEDBACK = table(AnswerRow), table(FeedbackRow)
RECORD, CORRECTION = "answers.record", "feedback.correction"
UNFINISHED = (AnswerState.RUNNING, AnswerState.STOPPING)
# The literal, not a parameter: only so does a plan know that the partial index fits.
STOPPING: ColumnElement[bool] = ANSWERS.c.state == literal_column("'stopping'")


class AnswerRepository:
    """The answer store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def open(self, answer: Answer) -> Answer:
        values = {name: getattr(answer, name) for name in Answer.__slots__ if name not in {"question", "events"}}
        sealed = seal(self._keys, record(answer), RECORD)
        async with self._database.single() as connection:
            kept = await connection.execute(
                upsert(self._database, AnswerRow)
                .values(record_sealed=sealed, **values)
                .on_conflict_do_update(index_elements=["key"], set_={"replica": answer.replica})
                .returning(*ANSWERS.c)
            )
            row = kept.mappings().one()
        return answer if row["record_sealed"] == sealed else self._answer(row)

    async def posted(self, answer_id: str, channel: str, ts: str) -> None:
        async with self._database.single() as connection:
            await connection.execute(update(ANSWERS).where(ANSWERS.c.id == answer_id).values(channel=channel, ts=ts))

    async def finish(self, answer: Answer) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                update(ANSWERS)
                .where(ANSWERS.c.id == answer.id)
                .values(
                    state=answer.state,
                    channel=answer.channel,
                    ts=answer.ts,
                    finished_at=answer.finished_at,
                    record_sealed=seal(self._keys, record(answer), RECORD),
                )
            )

    async def get(self, answer_id: str) -> Answer | None:
        return await self._one(ANSWERS.c.id == answer_id)

    async def at(self, channel: str, ts: str) -> Answer | None:
        return await self._one(ANSWERS.c.channel == channel, ANSWERS.c.ts == ts)

    async def in_thread(self, channel: str, thread: str, limit: int) -> Sequence[Answer]:
        there = select(ANSWERS).where(ANSWERS.c.channel == channel, ANSWERS.c.thread == thread)
        async with self._database.reading() as connection:
            rows = (await connection.execute(there.order_by(ANSWERS.c.created_at.desc()).limit(limit))).mappings().all()
        return [self._answer(row) for row in rows]

    async def stop(self, answer_id: str) -> bool:
        async with self._database.single() as connection:
            changed = await connection.execute(
                update(ANSWERS)
                .where(ANSWERS.c.id == answer_id, ANSWERS.c.state.in_(UNFINISHED))
                .values(state=AnswerState.STOPPING)
            )
        return bool(changed.rowcount)

    async def stopping(self, replica: str) -> Sequence[str]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(ANSWERS.c.id).where(STOPPING, ANSWERS.c.replica == replica).order_by(ANSWERS.c.created_at)
            )
            return list(found.scalars())

    async def rate(self, feedback: Feedback) -> None:
        values = {
            "verdict": feedback.verdict,
            "reason": feedback.reason,
            "correction_sealed": seal(self._keys, feedback.correction, CORRECTION) if feedback.correction else None,
            "at": feedback.at,
        }
        async with self._database.writing() as connection:
            kept = (
                select(ANSWERS.c.id).where(ANSWERS.c.id == feedback.answer).with_for_update(read=True, key_share=True)
            )
            if (await connection.execute(kept)).first() is None:
                raise NotFound(
                    f"the answer {feedback.answer!r} is not kept any more", mend="Ask again, and rate that answer."
                )
            await connection.execute(
                upsert(self._database, FeedbackRow)
                .values(id=uuid.uuid4().hex, answer_id=feedback.answer, person=feedback.person, **values)
                .on_conflict_do_update(
                    index_elements=["answer_id", "person"], set_=values, where=FEEDBACK.c.at <= feedback.at
                )
            )

    async def unrate(self, answer_id: str, person: str) -> None:
        async with self._database.single() as connection:
            await connection.execute(
                delete(FEEDBACK).where(FEEDBACK.c.answer_id == answer_id, FEEDBACK.c.person == person)
            )

    async def feedback(self, answer_id: str) -> Sequence[Feedback]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(FEEDBACK).where(FEEDBACK.c.answer_id == answer_id).order_by(FEEDBACK.c.at, FEEDBACK.c.person)
            )
            return [
                Feedback(
                    row["answer_id"],
                    row["person"],
                    row["verdict"],
                    row["at"],
                    row["reason"],
                    unseal(self._keys, row["correction_sealed"], CORRECTION) if row["correction_sealed"] else "",
                )
                for row in found.mappings()
            ]

    async def purge(self, before: datetime) -> int:
        return await purge(self._database, ANSWERS.c.created_at, before)

    async def _one(self, *where: ColumnElement[bool]) -> Answer | None:
        newest = select(ANSWERS).where(*where).order_by(ANSWERS.c.created_at.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(newest)).mappings().first()
        return self._answer(row) if row else None

    def _answer(self, row: RowMapping) -> Answer:
        kept = unseal(self._keys, row["record_sealed"], RECORD)
        values = {name: row[name] for name in Answer.__slots__ if name not in {"question", "events", "state"}}
        return Answer(
            question=kept["question"], events=unpack(kept["events"]), state=AnswerState(row["state"]), **values
        )
