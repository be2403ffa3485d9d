"""Investigations that came to a gate go on when people have decided: in the thread in which they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Literal

import structlog

from bot.agent.request import Request
from bot.agent.suspended import SuspendedStore
from bot.door.outcomes import Origin
from bot.errors import CopilotError
from bot.guard.approvals import Approval
from bot.guard.desk import ApprovalDesk
from bot.guard.people import Actor
from handlers.cards import over
from handlers.conversation import Conversation
from handlers.live import Place

log = structlog.get_logger()


class Resuming:
    """Looks when an approval moves, and in each round of the upkeep: a killed process is no reason to forget."""

    def __init__(self, store: SuspendedStore, desk: ApprovalDesk, conversation: Conversation, replica: str) -> None:
        self._store = store
        self._desk = desk
        self._conversation = conversation
        self._replica = replica
        self._live: Collection[str] = ()
        self._tasks: set[asyncio.Task[None]] = set()
        self._claimed: set[str] = set()
        """Ours, and not gone on with yet: Slack was away."""
        desk.listeners.append(self.moved)

    async def moved(self, approval: Approval) -> None:
        if over(approval):
            self._soon(self._look(), f"resume after {approval.id}")

    async def round(self, live: Collection[str]) -> None:
        self._live = live
        await self._look()

    async def close(self, grace: float) -> None:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)

    async def _look(self) -> None:
        """Whatever waits for approvals that have all come to their end goes on."""
        for waiting in await self._store.at_gates():
            ids = waiting.payload["waiting"]
            assert isinstance(ids, list)
            approvals = [await self._desk.get(str(each)) for each in ids]
            if all(map(over, approvals)):
                self._soon(self._go_on(approvals[0]), f"resume {approvals[0].id}")

    def _soon(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, approval: Approval) -> None:
        route = approval.route
        if not (route.workspace and route.channel):  # asked for at a terminal, where nobody waits any more
            return
        try:
            if approval.id in self._claimed:
                self._claimed.remove(approval.id)
            elif await self._store.claim(approval.id, self._replica, self._live) is None:
                return
            surface: Literal["dm", "thread"] = "dm" if route.channel.startswith("D") else "thread"
            request = Request(
                Actor(approval.requester),
                Origin(surface, route.channel, route.thread, route.workspace),
                f"resume:{approval.id}",
                resume=approval.id,
            )
            place = Place(route.channel, route.thread, recipient_user=approval.requester, surface=surface)
            await self._conversation.answer(request, place)
            await self._store.done(approval.id)
        except CopilotError as error:  # the next round tries again, here or, should we die, at another replica
            self._claimed.add(approval.id)
            log.warning("not_resumed", approval=approval.id, error=str(error))
