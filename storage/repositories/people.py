"""People the bot has met, and the roles that were given to them while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from bot.guard.people import Person
from bot.guard.roles import Standing
from storage.database import Database
from storage.models import PersonRow, RoleBindingRow
from storage.repositories.rows import table, upsert

PEOPLE = table(PersonRow)
BINDINGS = table(RoleBindingRow)


class PeopleRepository:
    """The directory that the bot keeps itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def person(self, person_id: str) -> Person | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(PEOPLE).where(PEOPLE.c.id == person_id))).mappings().first()
            if row is None:
                return None
            roles = await connection.execute(select(BINDINGS.c.role).where(BINDINGS.c.person_id == person_id))
            return Person(
                row["id"],
                row["name"],
                Standing(row["standing"]),
                frozenset(row["groups"]),
                frozenset(roles.scalars()),
                row["timezone"],
            )

    async def save(self, person: Person, now: datetime, team_id: str | None = None) -> None:
        values = {
            "name": person.name,
            "standing": person.standing,
            "timezone": person.timezone,
            "groups": sorted(person.groups),
            "team_id": team_id,
            "updated_at": now,
        }
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, PersonRow)
                .values(id=person.id, **values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )

    async def bind(self, person_id: str, role: str, by: str, now: datetime) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, RoleBindingRow)
                .values(person_id=person_id, role=role, given_by=by, given_at=now)
                .on_conflict_do_nothing(index_elements=["person_id", "role"])
            )

    async def unbind(self, person_id: str, role: str) -> bool:
        async with self._database.writing() as connection:
            gone = await connection.execute(
                delete(BINDINGS).where(BINDINGS.c.person_id == person_id, BINDINGS.c.role == role)
            )
        return bool(gone.rowcount)

    async def ids(self) -> Sequence[str]:
        async with self._database.reading() as connection:
            return list((await connection.execute(select(PEOPLE.c.id).order_by(PEOPLE.c.id))).scalars())
