from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.errors import ConfigurationError
from bot.guard.roles import Grant, ListedPerson, Role, RoleBook

PERMISSIONS = ("deploy:run", "deploy:show", "approve:write", "approve:destructive", "help:read")
SERVICES = ("checkout", "search")
BOOK = RoleBook(
    roles={
        "dev": Role(
            title="Developer",
            grants=(Grant(permissions=("deploy:*",), environments=("staging",), services=("checkout",)),),
        ),
        "sre": Role(title="SRE", grants=(Grant(permissions=("deploy:run", "approve:*")),)),
        "idle": Role(title="Idle"),
        "admin": Role(title="Admin", grants=(Grant(permissions=("*",)),)),
    }
)


@pytest.mark.parametrize(
    ("environment", "service", "may"),
    [
        ("staging", "checkout", True),
        ("production", "checkout", False),
        ("staging", "search", False),
        (None, "checkout", True),
        ("staging", None, True),
        (None, None, True),
        ("*", "checkout", False),
        ("staging", "*", False),
        ("*", "*", False),
        ("", "checkout", False),
        ("STAGING", "checkout", False),
    ],
)
def test_a_grant_holds_only_where_it_says(environment: str | None, service: str | None, *, may: bool) -> None:
    assert (BOOK.may(["dev"], "deploy:run", environment, service) == "dev") is may
    assert BOOK.may(["admin"], "deploy:run", environment, service) == "admin", "`all` covers what is left open too"


@pytest.mark.parametrize("roles", [[], ["nobody"], ["idle"], ["dev"]])
def test_what_nobody_grants_is_refused(roles: list[str]) -> None:
    assert BOOK.may(roles, "approve:write", None, None) is None
    assert BOOK.may(roles, "", None, None) is None


def test_the_first_role_by_name_that_grants_it_is_named() -> None:
    assert BOOK.may(["sre", "dev", "admin"], "deploy:run", "staging", "checkout") == "admin"
    assert BOOK.may({"sre", "dev"}, "deploy:run", "production", None) == "sre"
    assert BOOK.who_may("deploy:run", "production", "checkout") == ["Admin", "SRE"]
    assert BOOK.who_may("help:read", None, None) == ["Admin"]


@pytest.mark.parametrize("permission", ["deploy", "deploy:", "Deploy:run", "xdeploy:run", "approve:read:x\n"])
def test_patterns_cover_whole_permissions(permission: str) -> None:
    assert BOOK.may(["dev"], permission, "staging", "checkout") in ({"deploy:": "dev"}.get(permission), None)


def test_a_good_book_passes() -> None:
    BOOK.check(PERMISSIONS, SERVICES, "roles.yaml")


def test_a_bad_book_is_refused_with_every_fault_and_what_was_meant() -> None:
    bad = RoleBook(
        roles={
            "sre": Role(title="SRE", grants=(Grant(permissions=("deploy:rnu", "zzz"), services=("chekout", "search")),))
        },
        everyone=("member",),
        people={"ada": ListedPerson(name="Ada", roles=("sr",))},
        groups={"S1": ("sre", "srre")},
        services={"hook": ("x",)},
        jobs={"upkeep": ("y",)},
    )
    with pytest.raises(ConfigurationError) as error:
        bad.check(PERMISSIONS, SERVICES, "roles.yaml")
    said = error.value.message
    assert said.startswith("roles.yaml: ")
    for part in (
        "everyone: there is no role 'member'",
        "people.ada: there is no role 'sr' (did you mean 'sre'?)",
        "groups.S1: there is no role 'srre' (did you mean 'sre'?)",
        "services.hook: there is no role 'x'",
        "jobs.upkeep: there is no role 'y'",
        "roles.sre.grants: 'deploy:rnu' matches no permission (did you mean 'deploy:run'?)",
        "roles.sre.grants: 'zzz' matches no permission;",
        "roles.sre.grants: there is no service 'chekout' (did you mean 'checkout'?)",
    ):
        assert part in said
    assert error.value.mend


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"roles": {"a": {"title": "A", "grants": [{"permissions": []}]}}},
        {"roles": {"a": {"title": "A", "grants": [{"permissions": ["x"], "environment": ["staging"]}]}}},
        {"roles": {"a": {"grants": []}}},
        {"roles": {}, "everybody": []},
        {"roles": {}, "people": {"x": {"name": "X", "standing": "boss"}}},
    ],
)
def test_a_book_with_a_slip_is_no_book(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RoleBook.model_validate(data)
