"""People as Slack knows them: a real client on a loopback server that answers users.info and usergroups.list."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Refusal, TimedOut, Unavailable
from bot.guard.people import Actor, People, Person
from bot.guard.roles import ListedPerson, Role, RoleBook, Standing
from handlers import people
from handlers.people import SlackDirectory
from tests.conftest import MovedClock

OURS = "T0LOCAL"
ZONE = "America/Los_Angeles"


class Table:
    """The bot's own table of people."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.error: Exception | None = None

    async def person(self, person_id: str) -> Person | None:
        if self.error:
            raise self.error
        return self.people.get(person_id)


@dataclass
class Slack:
    """The other side: what it would answer, and what it was asked."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 200
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        form = {**request.query, **await request.post()}
        self.asked[method] += 1
        self.waiting.set()
        await self.gate.wait()
        if self.status != 200:
            return web.Response(status=self.status, text="<html>bad gateway</html>")
        if error := self.errors.get(method):
            return web.json_response({"ok": False, "error": error})
        if method == "usergroups.list":
            assert form["include_users"] in {"1", "true"}
            return web.json_response({"ok": True, "usergroups": self.groups})
        found = self.users.get(str(form["user"]))
        return web.json_response({"ok": True, "user": found} if found else {"ok": False, "error": "user_not_found"})

    async def is_asked(self) -> None:
        await asyncio.wait_for(self.waiting.wait(), 30)

    def add(self, person_id: str, **more: Any) -> None:
        self.users[person_id] = {
            "id": person_id,
            "team_id": OURS,
            "name": "sre",
            "real_name": "SRE on call",
            "tz": "America/Los_Angeles",
            "deleted": False,
            "is_bot": False,
            **more,
        }

    def group(self, group_id: str, *users: str, **more: Any) -> None:
        self.groups.append({"id": group_id, "handle": group_id.lower(), "users": [*users], "date_delete": 0, **more})


@pytest.fixture
def slack() -> Slack:
    made = Slack()
    made.gate.set()
    made.add("U0SRE")
    made.group("S0SRE", "U0SRE")
    return made


@pytest.fixture
async def client(slack: Slack) -> AsyncIterator[AsyncWebClient]:
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session:
        host, port = runner.addresses[0][:2]
        yield AsyncWebClient("xoxb-local", base_url=f"http://{host}:{port}/api/", session=session)
    slack.gate.set()
    await runner.cleanup()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def directory(client: AsyncWebClient, table: Table, clock: MovedClock) -> SlackDirectory:
    return SlackDirectory(client, table, clock, OURS)


# ---------------------------------------------------------------- who somebody is


async def test_a_member_comes_with_name_zone_and_groups(directory: SlackDirectory) -> None:
    assert await directory.person("U0SRE") == Person(
        "U0SRE", "SRE on call", Standing.ACTIVE, frozenset({"S0SRE"}), frozenset(), "America/Los_Angeles"
    )


@pytest.mark.parametrize(
    ("record", "standing"),
    [
        ({}, Standing.ACTIVE),
        ({"deleted": True}, Standing.DISABLED),
        ({"deleted": True, "is_stranger": True}, Standing.DISABLED),
        ({"is_restricted": True}, Standing.GUEST),
        ({"is_ultra_restricted": True}, Standing.GUEST),
        ({"is_stranger": True}, Standing.EXTERNAL),
        ({"is_stranger": True, "is_restricted": True}, Standing.EXTERNAL),
        ({"team_id": "T0PARTNER"}, Standing.EXTERNAL),
        ({"team_id": None}, Standing.EXTERNAL),
        ({"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0OTHER", OURS]}}, Standing.ACTIVE),
        ({"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0OTHER"]}}, Standing.EXTERNAL),
        ({"team_id": "T0OTHER", "enterprise_user": {}}, Standing.EXTERNAL),
        ({"team_id": "T0OTHER", "enterprise_user": {"teams": [OURS]}, "is_restricted": True}, Standing.GUEST),
        ({"is_bot": True}, Standing.DISABLED),
        ({"is_workflow_bot": True}, Standing.DISABLED),
        ({"is_admin": True, "is_owner": True}, Standing.ACTIVE),
    ],
)
async def test_only_a_full_member_of_this_workspace_is_active(
    directory: SlackDirectory, slack: Slack, record: dict[str, Any], standing: Standing
) -> None:
    slack.add("U0SRE", **record)
    person = await directory.person("U0SRE")
    assert person
    assert person.standing is standing


async def test_before_the_bot_has_signed_in_nobody_can_be_looked_up(
    client: AsyncWebClient, slack: Slack, table: Table, clock: MovedClock
) -> None:
    slack.add("U0SRE", team_id="")
    table.people["admin"] = Person("admin", "Administrator")
    directory = SlackDirectory(client, table, clock)
    with pytest.raises(Unavailable, match="not signed in"):
        await directory.person("U0SRE")
    assert await directory.person("admin")
    slack.add("U0SRE")
    directory.workspace = OURS
    person = await directory.person("U0SRE")
    assert person
    assert person.standing is Standing.ACTIVE


async def test_slackbot_does_not_act(directory: SlackDirectory, slack: Slack) -> None:
    slack.add("USLACKBOT")
    person = await directory.person("USLACKBOT")
    assert person
    assert person.standing is not Standing.ACTIVE


@pytest.mark.parametrize(
    ("record", "name", "zone"),
    [
        ({"real_name": "", "profile": {"real_name": "Release engineer"}}, "Release engineer", "America/Los_Angeles"),
        ({"real_name": None, "profile": {"display_name": "rel"}}, "rel", "America/Los_Angeles"),
        ({"real_name": None, "name": "rel", "tz": None}, "rel", "UTC"),
        ({"real_name": None, "name": None, "tz": ""}, "U0SRE", "UTC"),
        ({"tz": "Mars/Olympus"}, "SRE on call", "UTC"),
        ({"tz": "../../etc/passwd"}, "SRE on call", "UTC"),
    ],
)
async def test_what_slack_leaves_open_has_a_plain_answer(
    directory: SlackDirectory, slack: Slack, record: dict[str, Any], name: str, zone: str
) -> None:
    slack.add("U0SRE", **record)
    person = await directory.person("U0SRE")
    assert person
    assert (person.name, person.timezone) == (name, zone)


async def test_groups_that_are_off_or_shared_by_others_give_nothing(directory: SlackDirectory, slack: Slack) -> None:
    slack.group("S0OLD", "U0SRE", date_delete=1_700_000_000)
    slack.group("S0SHARED", "U0SRE", is_external=True)
    slack.group("S0ADMINS", "U0ADMIN")
    slack.group("S0OPS", "U0ADMIN", "U0SRE")
    slack.groups.append({"id": "S0EMPTY", "date_delete": 0})
    person = await directory.person("U0SRE")
    assert person
    assert person.groups == {"S0SRE", "S0OPS"}


async def test_a_workspace_without_user_groups_has_people_all_the_same(directory: SlackDirectory, slack: Slack) -> None:
    slack.errors["usergroups.list"] = "plan_upgrade_required"
    person = await directory.person("U0SRE")
    assert person
    assert (person.standing, person.groups) == (Standing.ACTIVE, frozenset())


@pytest.mark.parametrize("error", ["user_not_found", "user_not_visible"])
async def test_nobody_is_nobody(directory: SlackDirectory, slack: Slack, error: str) -> None:
    slack.errors["users.info"] = error
    assert await directory.person("U0SRE") is None


# ---------------------------------------------------------------- what the bot's own table adds


async def test_roles_come_from_the_table_and_groups_from_slack(directory: SlackDirectory, table: Table) -> None:
    table.people["U0SRE"] = Person("U0SRE", "old name", groups=frozenset({"S0LEFT"}), roles=frozenset({"sre"}))
    person = await directory.person("U0SRE")
    assert person
    assert person == Person(
        "U0SRE", "SRE on call", groups=frozenset({"S0SRE"}), roles=frozenset({"sre"}), timezone=ZONE
    )


async def test_whoever_says_no_is_right(directory: SlackDirectory, slack: Slack, table: Table) -> None:
    table.people["U0SRE"] = Person("U0SRE", "SRE", Standing.DISABLED)
    person = await directory.person("U0SRE")
    assert person
    assert person.standing is Standing.DISABLED
    slack.add("U0GUEST", is_restricted=True)
    table.people["U0GUEST"] = Person("U0GUEST", "Guest", Standing.ACTIVE, roles=frozenset({"admin"}))
    person = await directory.person("U0GUEST")
    assert person
    assert person.standing is Standing.GUEST


async def test_a_role_that_was_taken_away_is_gone_at_once(directory: SlackDirectory, table: Table) -> None:
    table.people["U0SRE"] = Person("U0SRE", "SRE", roles=frozenset({"admin"}))
    assert (await directory.person("U0SRE") or Person("", "")).roles == {"admin"}
    table.people["U0SRE"] = Person("U0SRE", "SRE")
    assert (await directory.person("U0SRE") or Person("", "")).roles == frozenset()


@pytest.mark.parametrize("name", ["admin", "ml-engineer", "", "u0sre", "B0COPILOT", "S0SRE", "U", "U0SRE\n", "U0 SRE"])
async def test_who_has_no_slack_id_is_looked_up_at_home(
    directory: SlackDirectory, slack: Slack, table: Table, name: str
) -> None:
    assert await directory.person(name) is None
    table.people[name] = Person(name, "somebody")
    assert await directory.person(name) == Person(name, "somebody")
    assert not slack.asked


# ---------------------------------------------------------------- when Slack does not answer


@pytest.mark.parametrize("method", ["users.info", "usergroups.list"])
@pytest.mark.parametrize("error", ["missing_scope", "invalid_auth", "internal_error", "ratelimited"])
async def test_an_error_of_slack_is_no_answer(directory: SlackDirectory, slack: Slack, method: str, error: str) -> None:
    slack.errors[method] = error
    with pytest.raises(Unavailable, match=f"{method}.*{error}"):
        await directory.person("U0SRE")
    slack.errors.clear()
    assert await directory.person("U0SRE")


async def test_a_gateway_in_front_of_slack_is_not_slack(directory: SlackDirectory, slack: Slack) -> None:
    slack.status = 502
    with pytest.raises(Unavailable, match="is not Slack"):
        await directory.person("U0SRE")


async def test_a_slack_that_hangs_is_not_waited_for(
    directory: SlackDirectory, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "PATIENCE_SECONDS", 0.05)
    slack.gate.clear()
    with pytest.raises(TimedOut, match="did not answer"):
        await directory.person("U0SRE")


async def test_a_slack_that_is_not_there_is_said_so(table: Table, clock: MovedClock) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient("xoxb-local", base_url="http://127.0.0.1:9/api/", session=session)
        with pytest.raises(Unavailable, match="cannot be reached"):
            await SlackDirectory(client, table, clock, OURS).person("U0SRE")


async def test_a_table_that_does_not_answer_is_an_error_too(directory: SlackDirectory, table: Table) -> None:
    table.error = Unavailable("the database is away")
    with pytest.raises(Unavailable):
        await directory.person("U0SRE")


async def test_the_guard_refuses_while_slack_is_away_and_what_it_knew_a_minute_ago_does_not_count(
    directory: SlackDirectory, slack: Slack, clock: MovedClock
) -> None:
    book = RoleBook(roles={"sre": Role(title="SRE")}, groups={"S0SRE": ("sre",)})
    guard = People(directory, book, clock)
    assert (await guard.identify(Actor("U0SRE"))).roles == {"sre"}
    slack.errors["users.info"] = "internal_error"
    clock.move(seconds=61)
    with pytest.raises(Refusal, match="cannot be looked up right now"):
        await guard.identify(Actor("U0SRE"))


async def test_the_roles_file_cannot_let_a_bot_or_a_guest_in(
    directory: SlackDirectory, slack: Slack, clock: MovedClock
) -> None:
    slack.add("U0BOT", is_bot=True)
    slack.add("U0GUEST", is_restricted=True)
    listed = {name: ListedPerson(name=name, roles=("sre",)) for name in ("U0BOT", "U0GUEST")}
    guard = People(directory, RoleBook(roles={"sre": Role(title="SRE")}, people=listed), clock)
    for name in listed:
        with pytest.raises(Refusal, match="may not act here"):
            await guard.identify(Actor(name))


# ---------------------------------------------------------------- asked once, and kept for a minute


async def test_slack_is_asked_once_a_minute(directory: SlackDirectory, slack: Slack, clock: MovedClock) -> None:
    for _ in range(3):
        await directory.person("U0SRE")
    clock.move(seconds=59)
    await directory.person("U0SRE")
    assert slack.asked == {"users.info": 1, "usergroups.list": 1}
    clock.move(seconds=1)
    await directory.person("U0SRE")
    assert slack.asked == {"users.info": 2, "usergroups.list": 2}


async def test_many_at_once_ask_slack_once(directory: SlackDirectory, slack: Slack) -> None:
    slack.add("U0ML", real_name="ML engineer")
    slack.gate.clear()
    asking = [asyncio.create_task(directory.person(each)) for each in ["U0SRE", "U0ML"] * 50]
    await slack.is_asked()
    slack.gate.set()
    names = Counter(person.name for person in await asyncio.gather(*asking) if person)
    assert names == {"SRE on call": 50, "ML engineer": 50}
    assert slack.asked == {"users.info": 2, "usergroups.list": 1}


async def test_one_who_stops_waiting_does_not_take_the_answer_from_the_others(
    directory: SlackDirectory, slack: Slack
) -> None:
    slack.gate.clear()
    first = asyncio.create_task(directory.person("U0SRE"))
    await slack.is_asked()
    second = asyncio.create_task(directory.person("U0SRE"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slack.gate.set()
    assert await second
    assert slack.asked["users.info"] == 1


async def test_an_error_is_not_kept(directory: SlackDirectory, slack: Slack) -> None:
    slack.errors["users.info"] = "internal_error"
    with pytest.raises(Unavailable):
        await directory.person("U0SRE")
    slack.errors.clear()
    assert await directory.person("U0SRE")


async def test_a_change_counts_from_the_moment_that_slack_tells_of_it(directory: SlackDirectory, slack: Slack) -> None:
    assert await directory.person("U0SRE")
    slack.add("U0SRE", deleted=True)
    slack.groups.clear()
    directory.forget("U0SRE")
    directory.forget("U0NOBODY")
    person = await directory.person("U0SRE")
    assert person
    assert (person.standing, person.groups) == (Standing.DISABLED, frozenset({"S0SRE"}))
    directory.forget_groups()
    person = await directory.person("U0SRE")
    assert person
    assert person.groups == frozenset()


async def test_what_left_slack_before_a_change_is_not_kept(directory: SlackDirectory, slack: Slack) -> None:
    slack.gate.clear()
    before = asyncio.create_task(directory.person("U0SRE"))
    await slack.is_asked()
    directory.forget("U0SRE")
    slack.gate.set()
    assert await before
    slack.add("U0SRE", deleted=True)
    after = await directory.person("U0SRE")
    assert after
    assert after.standing is Standing.DISABLED
    assert slack.asked["users.info"] == 2
