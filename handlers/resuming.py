"""Investigations that came to a gate go on when people have decided: in the thread in which they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Literal

import structlog

from bot.agent.request import Request
from bot.agent.suspended import Suspended, SuspendedStore
from bot.agent.threads import ALONE
from bot.door.outcomes import Origin
from bot.errors import CopilotError
from bot.guard.approvals import Approval
from bot.guard.desk import ApprovalDesk
from bot.guard.people import Actor
from handlers.cards import over
from handlers.conversation import Conversation
from handlers.live import Place
from handlers.outbox import Outbox

log = structlog.get_logger()


class Resuming:
    """Looks when an approval moves, and in each round of the upkeep: a killed process is no reason to forget."""

    def __init__(
        self, store: SuspendedStore, desk: ApprovalDesk, conversation: Conversation, outbox: Outbox, replica: str
    ) -> None:
        self._store = store
        self._outbox = outbox
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
                self._soon(self._go_on(waiting), f"resume {waiting.about}")

    def _soon(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, waiting: Suspended) -> None:
        """Where this thought began: the same wish elsewhere shares its approval, and not its thread."""
        where, approval = waiting.where, waiting.about
        try:
            if approval in self._claimed:
                self._claimed.remove(approval)
            elif await self._store.claim(approval, self._replica, self._live) is None:
                return
            if where.workspace:  # at a terminal, nobody waits any more
                private = where.thread.partition(":")[0] in ALONE
                direct = await self._outbox.direct(waiting.person) if private else ""
                await self._conversation.answer(*_again(waiting, direct))
            await self._store.done(approval)
        except CopilotError as error:  # the next round tries again, here or, should we die, at another replica
            self._claimed.add(approval)
            log.warning("not_resumed", approval=approval, error=str(error))


def _again(waiting: Suspended, direct: str) -> tuple[Request, Place]:
    """Where it began; what one person alone saw there, in their direct messages."""
    where = waiting.where
    channel, thread = (direct, None) if direct else (where.channel, where.thread or None)
    surface: Literal["dm", "thread"] = "dm" if channel.startswith("D") else "thread"
    origin = Origin(surface, channel, thread, where.workspace)
    request = Request(Actor(waiting.person), origin, f"resume:{waiting.about}", resume=waiting.about)
    return request, Place(channel, thread, recipient_user=waiting.person, surface=surface)
