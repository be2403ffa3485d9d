"""Cards of approvals: posted where it was asked and where approvers look, redrawn at every move, replaced if lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from bot.agent.cards import Card, CardStore
from bot.agent.events import Result
from bot.door.outcomes import Done
from bot.door.registry import Registry
from bot.door.runner import OUTCOME
from bot.errors import CopilotError
from bot.guard.approvals import Approval, ApprovalState
from bot.guard.desk import ApprovalDesk
from bot.ports import Clock
from handlers.outbox import Outbox
from handlers.present import render
from handlers.present.approval import card as draw
from handlers.present.blocks import section
from handlers.present.cutting import cut
from handlers.present.escaping import escape, mention, sentence
from handlers.present.message import Rendered, Scene
from handlers.refused import SlackRefused

GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
SETTLING: Final = timedelta(seconds=3)
"""So long whoever moved an approval has for telling it; what is younger is not taken for forgotten."""
log = structlog.get_logger()


class Cards:
    """A view of the record: whatever happens to a message, the next look mends it."""

    def __init__(
        self,
        store: CardStore,
        desk: ApprovalDesk,
        outbox: Outbox,
        registry: Registry,
        clock: Clock,
        *,
        everywhere: str | None,
    ) -> None:
        """`everywhere` is the channel in which approvals are shown that no channel has seen."""
        self._store = store
        self._desk = desk
        self._outbox = outbox
        self._registry = registry
        self._clock = clock
        self._everywhere = everywhere
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        desk.listeners.append(self.moved)

    async def moved(self, approval: Approval) -> None:
        """Where it is shown is on record before anything is sent; Slack itself is not waited for."""
        if approval.state is ApprovalState.PENDING and approval.version == 1:
            for place in self._places(approval):
                await self._store.add(place)
        task = asyncio.create_task(self.redraw(approval.id), name=f"card {approval.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reconcile(self) -> None:
        """Post what a crash kept from being posted, redraw what somebody else's move left old."""
        for approval_id in dict.fromkeys(card.approval for card in await self._store.stale()):
            await self.redraw(approval_id, again=True)

    async def redraw(self, approval_id: str, *, again: bool = False) -> None:
        """`again` looks in the channel first whether another replica has posted the card meanwhile."""
        lock = self._locks.setdefault(approval_id, asyncio.Lock())
        async with lock:
            for card in await self._store.of(approval_id):
                try:
                    await self._redraw(card, again=again)
                except SlackRefused as refused:  # it will say no again: until the next move, that is that
                    log.warning("card_refused", approval=approval_id, channel=card.channel, code=refused.code)
                    await self._store.shown(replace(card, ts=card.ts or "", version=await self._version(approval_id)))
                    await self._store.announce(card)
                except CopilotError as error:  # the next round of the upkeep tries again
                    log.warning("card_not_drawn", approval=approval_id, channel=card.channel, error=str(error))

    async def close(self, grace: float) -> None:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)

    def _places(self, approval: Approval) -> list[Card]:
        route = approval.route
        places = [Card(approval.id, route.channel, route.thread)] if route.workspace and route.channel else []
        hidden = not places or (route.channel or "").startswith("D")
        if hidden and self._everywhere:
            places.append(Card(approval.id, self._everywhere))
        return places

    async def _redraw(self, card: Card, *, again: bool) -> None:
        approval = await self._desk.get(card.approval)
        young = again and self._clock() - (approval.decided_at or approval.created_at) < SETTLING
        if young and card.ts is None:
            return
        rendered = draw(approval, self._registry, self._clock())
        ts = card.ts or None
        if ts is not None and card.version < approval.version:
            try:
                await self._outbox.update(card.channel, ts, rendered)
            except SlackRefused as refused:
                if refused.code not in GONE:
                    raise
                ts = None
        if ts is None:
            key = f"card:{card.approval}:{approval.version}" if card.ts else f"card:{card.approval}"
            ts = await self._outbox.post(card.channel, rendered, thread=card.thread, key=key, again=again)
        await self._store.shown(replace(card, ts=ts, version=approval.version))
        if not young:
            await self._announce(approval, replace(card, ts=ts), again=again)

    async def _announce(self, approval: Approval, card: Card, *, again: bool) -> None:
        """Whoever waits for it is told how it ended, once, in the thread."""
        if card.announced or not over(approval):
            return
        direct = card.channel.startswith("D")  # there, nobody looks for it in a thread
        thread = card.thread or (None if direct else card.ts)
        await self._outbox.post(
            card.channel, self._ending(approval), thread=thread, key=f"end:{approval.id}:{card.channel}", again=again
        )
        await self._store.announce(card)

    async def _version(self, approval_id: str) -> int:
        return (await self._desk.get(approval_id)).version

    def _ending(self, approval: Approval) -> Rendered:
        found: Any = next((each for each in self._registry if each.name == approval.operation), None)
        title = found.title if found else approval.operation
        scene = Scene(viewer=None, answer="", surface="thread", now=self._clock(), registry=self._registry)
        who = mention(approval.requester)
        if approval.outcome is None:
            words = {ApprovalState.REJECTED: "was rejected", ApprovalState.EXPIRED: "has expired"}[approval.state]
            reason = approval.decisions[-1].reason if approval.state is ApprovalState.REJECTED else ""
            why = f"\n{cut(sentence(reason), 1_000, fences=True)}" if reason.strip() else ""
            text = f"{who} Your request “{escape(title)}” {words}.{why}"
            return Rendered(text, (section(text),))
        outcome = OUTCOME.validate_python(dict(approval.outcome))
        head = "Your request has run:" if isinstance(outcome, Done) else "Your request was approved, and did not work:"
        told = render([Result(outcome, title)], scene, done=True)
        return replace(told, text=f"{title}: {told.text}", blocks=(section(f"{who} {head}"), *told.blocks))


def over(approval: Approval) -> bool:
    """Whether people wait for nothing more: it has run, or it never will."""
    if approval.state is ApprovalState.APPROVED:
        return approval.outcome is not None
    return approval.state in {ApprovalState.REJECTED, ApprovalState.EXPIRED}
