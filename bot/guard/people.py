"""Who acts: people, service identities and scheduled jobs, and whether they may act at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.errors import Refusal
from bot.guard.roles import RoleBook, Standing
from bot.ports import Clock

CACHED = timedelta(seconds=30)
CACHE_SIZE = 10_000


class ActorKind(StrEnum):
    """What kind of being acts."""

    PERSON = "person"
    SERVICE = "service"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Actor:
    """A claim of who acts, as a face brings it."""

    id: str
    kind: ActorKind = ActorKind.PERSON


@dataclass(frozen=True, slots=True)
class Person:
    """What a directory knows of somebody."""

    id: str
    name: str
    standing: Standing = Standing.ACTIVE
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may act, with the roles that hold right now."""

    id: str
    kind: ActorKind
    name: str
    roles: frozenset[str]
    timezone: str = "UTC"

    def __str__(self) -> str:
        return self.name if self.name == self.id else f"{self.name} ({self.id})"


class Directory(Protocol):
    """Looks people up: the table of people, later Slack."""

    async def person(self, person_id: str) -> Person | None: ...


_WHY_NOT = {
    Standing.DISABLED: ("is disabled", "An administrator can enable the account again."),
    Standing.GUEST: ("is a guest of this workspace", "Ask a full member of the workspace to do it."),
    Standing.EXTERNAL: ("belongs to another organisation", "Ask somebody of this organisation to do it."),
}


class People:
    """Joins the directory with the role book; what it cannot look up does not act."""

    def __init__(
        self,
        directory: Directory,
        roles: RoleBook,
        clock: Clock,
        *,
        afresh: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`afresh` makes the directory forget what it remembers of a person: for decisions, which are judged by now."""
        self._directory = directory
        self._roles = roles
        self._clock = clock
        self._afresh = afresh
        self._cache: dict[str, tuple[datetime, Identity]] = {}

    async def identify(self, actor: Actor, *, fresh: bool = False) -> Identity:
        """`fresh` passes by the cache: a decision is judged by the rights of this very moment."""
        match actor.kind:
            case ActorKind.SERVICE:
                roles = self._roles.services.get(actor.id)
            case ActorKind.JOB:
                roles = self._roles.jobs.get(actor.id)
            case ActorKind.PERSON:
                return await self._person(actor.id, fresh=fresh)
        if roles is None:
            raise Refusal(f"the {actor.kind} {actor.id[:80]!r} is not known", mend="Add it to the roles file.")
        return Identity(actor.id, actor.kind, actor.id, frozenset(roles))

    def forget(self, person_id: str) -> None:
        self._cache.pop(person_id, None)

    def forget_all(self) -> None:
        self._cache.clear()

    async def _person(self, person_id: str, *, fresh: bool) -> Identity:
        now = self._clock()
        if not fresh and (cached := self._cache.get(person_id)) and cached[0] > now:
            return cached[1]
        self.forget(person_id)
        if fresh:
            self._afresh(person_id)
        try:
            found = await self._directory.person(person_id)
        except Exception as error:
            raise Refusal(
                f"{person_id[:80]!r} cannot be looked up right now: {error}", mend="Try again in a moment."
            ) from error
        person = self._with_file(person_id, found)
        if person is None:
            raise Refusal(
                f"nobody is known as {person_id[:80]!r}",
                mend="Check the spelling, or ask an administrator to add them.",
            )
        if person.standing is not Standing.ACTIVE:
            why, mend = _WHY_NOT[person.standing]
            raise Refusal(f"{person.name or repr(person.id)} {why}, and may not act here", mend=mend)
        book = self._roles
        roles = {
            *book.everyone,
            *person.roles,
            *(role for group in person.groups for role in book.groups.get(group, ())),
        }
        identity = Identity(person.id, ActorKind.PERSON, person.name, frozenset(roles), person.timezone)
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[person_id] = (now + CACHED, identity)
        return identity

    def _with_file(self, person_id: str, found: Person | None) -> Person | None:
        listed = self._roles.people.get(person_id)
        if listed is None:
            return found
        person = found or Person(person_id, listed.name or person_id)
        # Whichever of the two says that somebody may not act is right.
        standing = listed.standing if person.standing is Standing.ACTIVE else person.standing
        return replace(person, standing=standing, roles=person.roles | frozenset(listed.roles))
