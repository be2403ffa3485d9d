"""Who somebody is, by Slack's own word: standing, name, time zone and user groups; the bot's table adds its roles."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import TimedOut, Unavailable
from bot.guard.people import Directory, Person
from bot.guard.roles import Standing
from bot.ports import Clock

KEPT: Final = timedelta(seconds=60)
KEPT_AT_MOST: Final = 10_000
PATIENCE_SECONDS: Final = 5.0
PAUSES: Final = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)

_SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_NOBODY: Final = frozenset({"user_not_found", "user_not_visible"})
_NO_GROUPS: Final = frozenset({"plan_upgrade_required", "paid_teams_only"})  # a free workspace has none

T = TypeVar("T")
Record = Mapping[str, Any]


class SlackDirectory:
    """People of a workspace. Whoever has no Slack id is looked up in `fallback` alone.

    What Slack says is kept for a minute, or until an event tells that it changed. When Slack does not answer, nobody
    is known: what was true a while ago grants nothing.
    """

    def __init__(self, client: AsyncWebClient, fallback: Directory, clock: Clock, workspace: str = "") -> None:
        """`workspace` is learned when the bot signs in; before that nobody can be looked up."""
        self._client = client
        self._fallback = fallback
        self.workspace = workspace
        self._users = _Kept(self._user, clock)
        self._groups = _Kept(self._all_groups, clock)

    async def person(self, person_id: str) -> Person | None:
        if not _SLACK_ID.fullmatch(person_id):
            return await self._fallback.person(person_id)
        if not self.workspace:
            raise Unavailable("the bot has not signed in to Slack yet")
        user, groups, own = await asyncio.gather(
            self._users.get(person_id), self._groups.get(self.workspace), self._fallback.person(person_id)
        )
        if user is None:
            return None
        person = replace(user, groups=groups.get(person_id, frozenset()))
        if own is None:
            return person
        # Whichever of the two says that somebody may not act is right; groups are Slack's alone.
        standing = own.standing if person.standing is Standing.ACTIVE else person.standing
        return replace(person, standing=standing, roles=own.roles)

    def forget(self, person_id: str) -> None:
        """Slack told that this person changed."""
        self._users.forget(person_id)

    def afresh(self, person_id: str) -> None:
        """What is asked next about this person, Slack is asked."""
        self.forget(person_id)
        self.forget_groups()

    def forget_groups(self) -> None:
        """Slack told that a user group changed."""
        self._groups.forget(self.workspace)

    async def _user(self, person_id: str) -> Person | None:
        try:
            answer = await _asked("users.info", lambda: self._client.users_info(user=person_id))
        except SlackApiError as error:
            if _code(error) in _NOBODY:
                return None
            raise _refused("users.info", error) from error
        user: Record = answer["user"]
        profile: Record = user.get("profile") or {}
        names = (user.get("real_name"), profile.get("real_name"), profile.get("display_name"), user.get("name"))
        name = next((each for each in names if each), person_id)
        return Person(person_id, name, _standing(user, self.workspace), timezone=_timezone(user.get("tz")))

    async def _all_groups(self, _: str) -> Mapping[str, frozenset[str]]:
        """Each person with the ids of their groups; a group that another organisation shares with us gives nothing."""
        try:
            answer = await _asked("usergroups.list", lambda: self._client.usergroups_list(include_users=True))
        except SlackApiError as error:
            if _code(error) in _NO_GROUPS:
                return {}
            raise _refused("usergroups.list", error) from error
        found: dict[str, set[str]] = {}
        for group in answer["usergroups"]:
            if group.get("date_delete") or group.get("is_external"):
                continue
            for person_id in group.get("users", ()):
                found.setdefault(person_id, set()).add(group["id"])
        return {person_id: frozenset(groups) for person_id, groups in found.items()}


def _standing(user: Record, workspace: str) -> Standing:
    """Only whom Slack clearly calls a full member of this workspace may act; bots and apps never."""
    if user.get("deleted") or user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Standing.DISABLED
    # In an organisation of several workspaces, a member of ours may have another as their home.
    member_of = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", ())}
    if user.get("is_stranger") or workspace not in member_of:
        return Standing.EXTERNAL
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.ACTIVE


def _timezone(name: str | None) -> str:
    try:
        return ZoneInfo(name or "UTC").key
    except (KeyError, OSError, ValueError):  # Slack knows zones that this machine does not
        return "UTC"


async def _asked(method: str, call: Callable[[], Awaitable[Any]]) -> Record:
    """More than once if need be: a hiccup of Slack should not refuse anybody."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for pause in PAUSES:
                try:
                    return _data(await call())
                except SlackApiError as error:  # a line that is cut the client tries again itself
                    if not _passing(error):
                        raise
                    await asyncio.sleep(pause)
            return _data(await call())
    except TimeoutError as error:
        raise TimedOut(f"Slack did not answer {method} within {PATIENCE_SECONDS:g} seconds") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"Slack cannot be reached for {method} ({type(error).__name__})") from error


def _data(answer: Any) -> Record:
    data: Record = answer.data
    return data


def _passing(error: SlackApiError) -> bool:
    answer: Any = error.response  # aiohttp's own, where the body is no JSON
    status = int(getattr(answer, "status_code", 0) or getattr(answer, "status", 0))
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _code(error: SlackApiError) -> str:
    """Slack's own word for what is wrong; none where not even the answer was Slack's."""
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def _refused(method: str, error: SlackApiError) -> Unavailable:
    code = _code(error)
    return Unavailable(f"Slack answers {method} with {code!r}" if code else f"what answers {method} is not Slack")


class _Kept(Generic[T]):
    """What was fetched, for a minute; whoever asks while it is being fetched waits for the same answer."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._values: dict[str, tuple[datetime, T]] = {}
        self._flights: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str) -> T:
        now = self._clock()
        if (kept := self._values.get(key)) and kept[0] > now:
            return kept[1]
        if (flight := self._flights.get(key)) is None:
            flight = self._flights[key] = asyncio.create_task(self._fly(key, now + KEPT))
        # One who stops waiting does not take the answer from the others.
        return await asyncio.shield(flight)

    def forget(self, key: str) -> None:
        """What is on its way may have left before the change: those who wait get it, and it is not kept."""
        self._values.pop(key, None)
        self._flights.pop(key, None)

    async def _fly(self, key: str, until: datetime) -> T:
        me = asyncio.current_task()
        try:
            value = await self._fetch(key)
            if self._flights.get(key) is me:
                if len(self._values) >= KEPT_AT_MOST:
                    self._values.clear()
                self._values[key] = (until, value)
            return value
        finally:
            if self._flights.get(key) is me:
                del self._flights[key]
