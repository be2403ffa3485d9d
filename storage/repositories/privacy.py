"""Everything about one person, over all tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.agent.inbox import LETTERS as DELIVERY_LETTERS
from bot.agent.threads import ALONE
from bot.guard.approvals import Verdict
from bot.keyring import Keyring
from storage.database import Database
from storage.models import (
    AlertRow,
    AnswerRow,
    ApprovalRow,
    BucketRow,
    CostRow,
    DeadLetterRow,
    DecisionRow,
    DeliveryRow,
    DrillRow,
    FeedbackRow,
    JudgementRow,
    PersonRow,
    PreferenceRow,
    RoleBindingRow,
    RunRow,
    SessionRow,
    SilenceRow,
    SuspendedRow,
    WatchRow,
)
from storage.repositories.answers import CORRECTION, RECORD
from storage.repositories.conversations import ConversationRepository
from storage.repositories.memory import MemoryRepository
from storage.repositories.rows import seal, table, unseal

DECISIONS, APPROVALS = table(DecisionRow), table(ApprovalRow)
RUNS, BUCKETS = table(RunRow), table(BucketRow)
ALERTS, JUDGEMENTS, SILENCES, WATCHES = table(AlertRow), table(JudgementRow), table(SilenceRow), table(WatchRow)
ANSWERS, FEEDBACK, DELIVERIES = table(AnswerRow), table(FeedbackRow), table(DeliveryRow)
NAMED: Mapping[str, Column[Any]] = {
    "approvals": APPROVALS.c.requester,
    "decisions": DECISIONS.c.person,
    "runs": RUNS.c.actor,
    "costs": table(CostRow).c.person,
    "drills": table(DrillRow).c.person,
    "feedback": FEEDBACK.c.person,
    "sessions": table(SessionRow).c.opened_by,
    "role_bindings": table(RoleBindingRow).c.given_by,
    "dead_letters": table(DeadLetterRow).c.closed_by,
    "watches": WATCHES.c.created_by,
    "alerts": ALERTS.c.acknowledged_by,
    "judgements": JUDGEMENTS.c.person,
    "silences": SILENCES.c.created_by,
}
"""Rows that must stay, and the column in which they name somebody."""


class PrivacyRepository:
    """Hands over, and forgets."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys
        self._conversations = ConversationRepository(database, keys)
        self._memory = MemoryRepository(database, keys)

    async def export(self, person: str) -> Mapping[str, Any]:
        said = await self._conversations.messages_of(person)
        data: dict[str, Any] = {
            "messages": [
                {"at": each.created_at.isoformat(), "role": each.role, "content": each.content} for each in said
            ]
        }
        data["memory"] = [
            {
                "at": each.created_at.isoformat(),
                "kind": each.kind,
                "tier": each.tier,
                "where": each.scope,
                "text": each.text,
                "details": dict(each.meta),
            }
            for each in await self._memory.of(person)
        ]
        own = [
            ("profile", table(PersonRow).c.id, person),
            ("roles", table(RoleBindingRow).c.person_id, person),
            ("preferences", table(PreferenceRow).c.scope, f"person:{person}"),
            ("answers", ANSWERS.c.person, person),
            *((name, column, person) for name, column in NAMED.items()),
        ]
        async with self._database.reading() as connection:
            for name, column, value in own:
                found = await connection.execute(select(column.table).where(column == value))
                data[name] = [self._readable(name, dict(row)) for row in found.mappings()]
        return data

    async def erase(self, person: str, pseudonym: str) -> Mapping[str, int]:
        counts = {
            "messages": await self._conversations.forget(person),
            "memory": await self._memory.forget(person),
        }
        async with self._database.writing() as connection:
            # What they wrote themselves goes; what others decided on it stays.
            empty = seal(self._keys, "", "approvals.why")
            await connection.execute(
                update(APPROVALS)
                .where(APPROVALS.c.requester == person)
                .values(why_sealed=empty, ended_because="", idempotency_key=None)
            )
            rejected = select(DECISIONS.c.approval_id).where(
                DECISIONS.c.person == person, DECISIONS.c.verdict == Verdict.REJECT
            )
            await connection.execute(update(APPROVALS).where(APPROVALS.c.id.in_(rejected)).values(ended_because=""))
            await connection.execute(
                update(RUNS)
                .where(RUNS.c.actor == person, RUNS.c.key.startswith(f"{person}:", autoescape=True))
                .values(key=literal(f"{pseudonym}:") + RUNS.c.id)
            )
            await connection.execute(delete(BUCKETS).where(BUCKETS.c.key == f"person:{person}"))
            # What they pressed is known by their id, for a week; it will not be delivered again.
            await connection.execute(
                delete(DELIVERIES).where(
                    DELIVERIES.c.finished_at.is_not(None), DELIVERIES.c.id.contains(f":{person}:", autoescape=True)
                )
            )
            await connection.execute(update(DECISIONS).where(DECISIONS.c.person == person).values(reason=""))
            sessions = table(SessionRow)
            theirs = sessions.c.thread.in_(
                [f"{surface}:{person}" for surface in ALONE]
            )  # conversations with them alone
            await connection.execute(delete(sessions).where(theirs))
            waiting = table(SuspendedRow)
            gone = await connection.execute(delete(waiting).where(waiting.c.person == person))
            counts["suspended"] = gone.rowcount
            counts["answers"] = (await connection.execute(delete(ANSWERS).where(ANSWERS.c.person == person))).rowcount
            await connection.execute(
                update(FEEDBACK).where(FEEDBACK.c.person == person).values(reason="", correction_sealed=None)
            )
            reason = seal(self._keys, {}, "silences.record")
            await connection.execute(
                update(SILENCES).where(SILENCES.c.created_by == person).values(record_sealed=reason)
            )
            await self._outdate(connection, person)
            for name, column in NAMED.items():
                changed = await connection.execute(
                    update(column.table).where(column == person).values({column.name: pseudonym})
                )
                counts[name] = changed.rowcount
            counts["deliveries not handled"] = await self._erase_letters(connection, person)
            preferences = table(PreferenceRow)
            gone = await connection.execute(delete(preferences).where(preferences.c.scope == f"person:{person}"))
            counts["preferences"] = gone.rowcount
            people = table(PersonRow)
            counts["profile"] = (await connection.execute(delete(people).where(people.c.id == person))).rowcount
        return counts

    @staticmethod
    async def _outdate(connection: AsyncConnection, person: str) -> None:
        """Whoever read a watch or an alert before must not write the name back, and cards are drawn without it."""
        judged = select(JUDGEMENTS.c.alert_id).where(JUDGEMENTS.c.person == person)
        for kept, theirs in (
            (WATCHES, WATCHES.c.created_by == person),
            (ALERTS, (ALERTS.c.acknowledged_by == person) | ALERTS.c.id.in_(judged)),
        ):
            await connection.execute(update(kept).where(theirs).values(version=kept.c.version + 1))

    async def _erase_letters(self, connection: AsyncConnection, person: str) -> int:
        """What somebody sent and nobody could handle holds their words, and names them in its very id."""
        letters = table(DeadLetterRow)
        found = await connection.execute(
            select(letters.c.id, letters.c.payload_sealed).where(letters.c.kind == DELIVERY_LETTERS)
        )
        opened = {row.id: unseal(self._keys, row.payload_sealed, "dead_letters.payload") for row in found}
        theirs = [letter for letter, payload in opened.items() if person in json.dumps(payload)]
        if theirs:
            await connection.execute(delete(letters).where(letters.c.id.in_(theirs)))
        return len(theirs)

    def _readable(self, name: str, row: dict[str, Any]) -> dict[str, Any]:
        """As JSON takes it. What they wrote is opened; other sealed columns are of no use to anybody."""
        shown = {
            column: value.isoformat() if hasattr(value, "isoformat") else value
            for column, value in row.items()
            if not column.endswith("_sealed")
        }
        match name:
            case "answers":
                shown["question"] = unseal(self._keys, row["record_sealed"], RECORD)["question"]
            case "feedback":
                sealed = row["correction_sealed"]
                shown["correction"] = unseal(self._keys, sealed, CORRECTION) if sealed else ""
            case "approvals":
                shown["why"] = unseal(self._keys, row["why_sealed"], "approvals.why")
            case "watches" | "silences":
                shown |= unseal(self._keys, row["record_sealed"], f"{name}.record")
        return shown
