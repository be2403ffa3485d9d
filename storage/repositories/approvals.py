"""Approvals and decisions; what people wrote and what is to be done is sealed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, RowMapping, and_, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Conflict, Tampered
from bot.guard.approvals import Approval, ApprovalState, Decision, Route, Verdict, supersede
from bot.guard.risk import Risk
from bot.keyring import Keyring
from storage.database import Database
from storage.models import ApprovalRow, DecisionRow
from storage.repositories.rows import seal, table, unseal, upsert

log = structlog.get_logger()
APPROVALS = table(ApprovalRow)
DECISIONS = table(DecisionRow)
SEALED = ("parameters", "why", "preview", "outcome")


class ApprovalRepository:
    """The approval store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def add(self, approval: Approval, supersedes: str | None = None) -> Approval:
        async with self._database.writing() as connection:
            if kept := await self._read(connection, *_same(approval)):
                return kept[0]
            if supersedes:
                (old,) = await self._read(connection, APPROVALS.c.id == supersedes)
                if not await self._swap(connection, old, supersede(old, approval.id, approval.created_at)):
                    raise Conflict(
                        f"approval {supersedes} was decided meanwhile",
                        mend="Nothing was changed; see `approvals.show`.",
                    )
            added = await connection.execute(
                upsert(self._database, ApprovalRow).values(self._values(approval)).on_conflict_do_nothing()
            )
            if not added.rowcount:  # somebody kept the same one this very moment
                return (await self._read(connection, or_(*_same(approval), _twin(approval))))[0]
        return approval

    async def get(self, approval_id: str) -> Approval | None:
        async with self._database.reading() as connection:
            found = await self._read(connection, APPROVALS.c.id == approval_id)
        return found[0] if found else None

    async def swap(self, before: Approval, after: Approval) -> bool:
        async with self._database.writing() as connection:
            return await self._swap(connection, before, after)

    async def find(
        self,
        *,
        states: Sequence[ApprovalState] = (),
        requester: str | None = None,
        unfinished: bool = False,
        due: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Approval]:
        where: list[ColumnElement[bool]] = []
        if states:
            where.append(APPROVALS.c.state.in_(states))
        if requester is not None:
            where.append(APPROVALS.c.requester == requester)
        if unfinished:
            where += [APPROVALS.c.state == ApprovalState.APPROVED, APPROVALS.c.outcome_sealed.is_(None)]
        if due is not None:
            escalates = and_(APPROVALS.c.escalated_at.is_(None), APPROVALS.c.escalate_at <= due)
            where.append(or_(APPROVALS.c.expires_at <= due, escalates))
        async with self._database.reading() as connection:
            return await self._read(connection, *where, limit=limit, lenient=True)

    async def twin(self, approval: Approval) -> Approval | None:
        async with self._database.reading() as connection:
            found = await self._read(connection, _twin(approval))
        return found[0] if found else None

    # ------------------------------------------------------------ within

    async def _swap(self, connection: AsyncConnection, before: Approval, after: Approval) -> bool:
        changed = await connection.execute(
            update(APPROVALS)
            .where(
                APPROVALS.c.id == before.id, APPROVALS.c.version == before.version, APPROVALS.c.state == before.state
            )
            .values(
                state=after.state,
                version=after.version,
                escalated_at=after.escalated_at,
                decided_at=after.decided_at,
                ended_because=after.ended_because,
                outcome_sealed=self._sealed("outcome", after.outcome),
            )
        )
        if not changed.rowcount:
            return False
        for decision in after.decisions[len(before.decisions) :]:
            await connection.execute(
                insert(DECISIONS).values(
                    approval_id=after.id,
                    person=decision.person,
                    role=decision.role,
                    verdict=decision.verdict,
                    reason=decision.reason,
                    at=decision.at,
                )
            )
        return True

    async def _read(
        self, connection: AsyncConnection, *where: Any, limit: int = 1, lenient: bool = False
    ) -> list[Approval]:
        """`lenient` leaves out what does not decrypt, loudly: one damaged row must not hide the others."""
        found = await connection.execute(
            select(APPROVALS).where(*where).order_by(APPROVALS.c.created_at.desc()).limit(limit)
        )
        rows = found.mappings().all()
        decisions: dict[str, list[Decision]] = defaultdict(list)
        if rows:
            given = await connection.execute(
                select(DECISIONS)
                .where(DECISIONS.c.approval_id.in_([row["id"] for row in rows]))
                .order_by(DECISIONS.c.at)
            )
            for row in given.mappings():
                decisions[row["approval_id"]].append(
                    Decision(row["person"], row["role"], Verdict(row["verdict"]), row["reason"], row["at"])
                )
        approvals = []
        for row in rows:
            try:
                approvals.append(replace(self._approval(row), decisions=tuple(decisions[row["id"]])))
            except Tampered as error:
                if not lenient:
                    raise
                log.error("approval_damaged", approval=row["id"], error=str(error))  # noqa: TRY400  the text says it
        return approvals

    def _sealed(self, column: str, value: Any) -> str | None:
        return None if value is None else seal(self._keys, value, f"approvals.{column}")

    def _values(self, approval: Approval) -> dict[str, Any]:
        values = {name: getattr(approval, name) for name in approval.__slots__ if name in APPROVALS.columns}
        values["route"] = {name: getattr(approval.route, name) for name in approval.route.__slots__}
        for column in SEALED:
            value = getattr(approval, column)
            values[f"{column}_sealed"] = self._sealed(column, dict(value) if isinstance(value, Mapping) else value)
        return values

    def _approval(self, row: RowMapping) -> Approval:
        values = {name: row[name] for name in Approval.__slots__ if name in row}
        for column in SEALED:
            token = row[f"{column}_sealed"]
            values[column] = None if token is None else unseal(self._keys, token, f"approvals.{column}")
        values |= {"route": Route(**row["route"]), "risk": Risk(row["risk"]), "state": ApprovalState(row["state"])}
        return Approval(**values)


def _same(approval: Approval) -> list[ColumnElement[bool]]:
    """What was asked for with the same idempotency key."""
    return [APPROVALS.c.idempotency_key == approval.idempotency_key] if approval.idempotency_key else [false()]


def _twin(approval: Approval) -> ColumnElement[bool]:
    """The same wish of the same person, while it waits; there is one at the most."""
    return and_(
        APPROVALS.c.requester == approval.requester,
        APPROVALS.c.parameters_hash == approval.parameters_hash,
        APPROVALS.c.state == ApprovalState.PENDING,
    )
