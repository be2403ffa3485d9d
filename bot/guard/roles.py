"""Roles, what they grant and who holds them: the file `roles.yaml`, and the one question asked of it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import ConfigurationError

All = Literal["all"]


class Standing(StrEnum):
    """Only the active may act."""

    ACTIVE = "active"
    DISABLED = "disabled"
    GUEST = "guest"
    EXTERNAL = "external"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grant(_Strict):
    """These permissions, in these environments, on these services."""

    permissions: tuple[str, ...] = Field(min_length=1, description="Names, or patterns such as `approvals:*`.")
    environments: All | tuple[str, ...] = Field("all", description="Names of environments, or `all`.")
    services: All | tuple[str, ...] = Field("all", description="Names of services, or `all`.")

    def covers(self, permission: str, environment: str | None, service: str | None) -> bool:
        """An operation that names no environment (or service) is covered whatever the grant's environments."""
        return (
            any(fnmatchcase(permission, pattern) for pattern in self.permissions)
            and (self.environments == "all" or environment is None or environment in self.environments)
            and (self.services == "all" or service is None or service in self.services)
        )


class Role(_Strict):
    """A named bundle of grants."""

    title: str = Field(description="How people call the role.")
    grants: tuple[Grant, ...] = ()


class ListedPerson(_Strict):
    """A person who is known by file."""

    name: str = Field(description="How to call them.")
    roles: tuple[str, ...] = ()
    standing: Standing = Standing.ACTIVE


class RoleBook(_Strict):
    """The whole file. Roles add up; there is no hierarchy and no denial: what nobody grants is refused."""

    roles: dict[str, Role]
    everyone: tuple[str, ...] = Field((), description="Roles that every active member holds.")
    people: dict[str, ListedPerson] = Field({}, description="People by their id (in Slack: U…).")
    groups: dict[str, tuple[str, ...]] = Field({}, description="Slack user groups (S…) and the roles they give.")
    services: dict[str, tuple[str, ...]] = Field({}, description="Service identities, such as a webhook's.")
    jobs: dict[str, tuple[str, ...]] = Field({}, description="Scheduled jobs.")

    def may(self, roles: Iterable[str], permission: str, environment: str | None, service: str | None) -> str | None:
        """The first of `roles`, by name, that grants it; None is no."""
        for name in sorted(roles):
            role = self.roles.get(name)
            if role and any(grant.covers(permission, environment, service) for grant in role.grants):
                return name
        return None

    def who_may(self, permission: str, environment: str | None, service: str | None) -> list[str]:
        """The titles of the roles that would do, for a refusal that helps."""
        return [
            role.title
            for name, role in sorted(self.roles.items())
            if self.may([name], permission, environment, service)
        ]

    def check(self, permissions: Collection[str], services: Collection[str], where: str) -> None:
        """Every role that is given exists, every grant grants something, every service is in the catalogue."""
        given = {
            "everyone": self.everyone,
            **{f"people.{key}": person.roles for key, person in self.people.items()},
            **{f"groups.{key}": roles for key, roles in self.groups.items()},
            **{f"services.{key}": roles for key, roles in self.services.items()},
            **{f"jobs.{key}": roles for key, roles in self.jobs.items()},
        }
        wrong = [
            f"{path}: there is no role {role!r}{_near(role, self.roles)}"
            for path, roles in given.items()
            for role in roles
            if role not in self.roles
        ] + [
            f"roles.{name}.grants: {pattern!r} matches no permission{_near(pattern, permissions)}"
            for name, role in self.roles.items()
            for grant in role.grants
            for pattern in grant.permissions
            if not any(fnmatchcase(permission, pattern) for permission in permissions)
        ]
        wrong += [
            f"roles.{name}.grants: there is no service {service!r}{_near(service, services)}"
            for name, role in self.roles.items()
            for grant in role.grants
            if grant.services != "all"
            for service in grant.services
            if service not in services
        ]
        if wrong:
            raise ConfigurationError(f"{where}: " + "; ".join(wrong), mend="Mend the file and start again.")


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
