"""The Home tab: gathered through the door as the person who opens it, and drawn anew when something changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.door.invoke import Door
from bot.door.outcomes import Done, Origin
from bot.door.registry import Registry
from bot.errors import Refusal
from bot.guard.people import Actor, People
from bot.guard.risk import Risk
from bot.guard.roles import RoleBook
from bot.ports import Json
from handlers.buttons import Act, Form, Open, Run, Say
from handlers.conversation import Conversation
from handlers.live import Place
from handlers.outbox import Outbox
from handlers.present.blocks import section
from handlers.present.escaping import escape
from handlers.present.home import SECTIONS, HomeData, home
from handlers.present.message import View

MOST: Final = 20


class Home:
    """Draws it; a section of a plug-in is called like the operation whose output it shows."""

    def __init__(
        self,
        *,
        door: Door,
        conversation: Conversation,
        outbox: Outbox,
        people: People,
        roles: RoleBook,
        registry: Registry,
    ) -> None:
        self._door = door
        self._conversation = conversation
        self._outbox = outbox
        self._people = people
        self._roles = roles
        self._registry = registry

    def changes_by(self, act: Act) -> bool:
        """Whether it is to be drawn anew: to draw costs questions, and what only opens or asks changes nothing."""
        if isinstance(act, Run):
            return any(each.name == act.operation and each.risk is not Risk.READ for each in self._registry)
        return not isinstance(act, (Form, Open, Say))

    async def draw(self, person: str, workspace: str) -> None:
        await self._outbox.view_publish(person, await self._view(person, workspace))

    async def _view(self, person: str, workspace: str) -> View:
        try:
            viewer = await self._people.identify(Actor(person))
        except Refusal as error:
            return {"type": "home", "blocks": [section(escape(f"Sorry: {error.message}. {error.mend}"))]}
        known = {each.name for each in self._registry}
        names = [name for name in SECTIONS if name in known]
        runs = await self._ask(person, workspace, "runs.list", limit=MOST)  # alone: it would see the others run
        waiting, status, *others = await asyncio.gather(
            self._ask(person, workspace, "approvals.list", limit=MOST),
            self._ask(person, workspace, "status.self"),
            *(self._ask(person, workspace, name) for name in names),
        )
        requests = await self._requests(person, workspace, waiting)
        data = HomeData(
            approvals=_rows(waiting, "approvals"),
            requests=requests or (),
            runs=_rows(runs, "runs"),
            status=status,
            roles=tuple(self._roles.roles[name].title for name in sorted(viewer.roles)),
            allowed=frozenset(
                each.name for each in self._registry if self._roles.may(viewer.roles, each.permission, None, None)
            ),
            more={name: output for name, output in zip(names, others, strict=True) if output is not None},
        )
        view = home(data, self._conversation.scene(Place("", surface="home"), viewer))
        if any(each is None for each in (waiting, requests, runs, status)):
            view["blocks"].insert(0, section("⚠️ Some of this cannot be shown right now. Open Home again in a moment."))
        return view

    async def _requests(
        self, person: str, workspace: str, waiting: Mapping[str, Json] | None
    ) -> Sequence[Mapping[str, Json]] | None:
        """Their own among all that waits. Asked for only if there is more: what a Home asks, its viewer may not ask."""
        every = _rows(waiting, "approvals")
        if waiting is not None and len(every) < MOST // 2:
            return [each for each in every if each["requester"] == person]
        mine = await self._ask(person, workspace, "approvals.list", limit=MOST, mine=True)
        return None if mine is None else _rows(mine, "approvals")

    async def _ask(self, person: str, workspace: str, operation: str, **values: Json) -> dict[str, Json] | None:
        outcome = await self._door.invoke(Actor(person), operation, values, origin=Origin("home", workspace=workspace))
        return outcome.output if isinstance(outcome, Done) and isinstance(outcome.output, dict) else None


def _rows(output: Mapping[str, Any] | None, name: str) -> Sequence[Mapping[str, Json]]:
    return list(output[name]) if output else []
