"""The assistant pane: what to try, by who asks and what they look at; the title; a word when the bot comes in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from slack_bolt.middleware.assistant.async_assistant import AsyncAssistant
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.door.registry import Registry
from bot.errors import CopilotError, Refusal
from bot.guard.people import Actor, Identity, People
from bot.guard.roles import RoleBook
from handlers.outbox import Outbox
from handlers.present.escaping import escape
from handlers.present.message import Rendered

log = structlog.get_logger()
MOST_PROMPTS: Final = 4
MOST_TITLE: Final = 60
LEADING: Final = ("status", "what is waiting for me?", "what is running?")
HELLO: Final = (
    "Hello. Mention me with a question or a wish, in your own words; `help` shows what I can do. "
    "What changes something, I do only when people have agreed."
)


class Pane(AsyncAssistant):
    """Bolt's, which asks four listeners of its own about everything: here only about what may be in the pane."""

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse | None:
        event = req.body.get("event") or {}
        if event.get("channel_type") == "im" or str(event.get("type", "")).startswith("assistant_thread_"):
            return await super().async_process(req=req, resp=resp, next=next)
        return await next()


class Assistant:
    """What is said before anybody has asked."""

    def __init__(self, outbox: Outbox, registry: Registry, people: People, roles: RoleBook) -> None:
        self._outbox = outbox
        self._registry = registry
        self._people = people
        self._roles = roles

    async def greet(self, channel: str, thread: str, person: str) -> None:
        try:
            viewer = await self._people.identify(Actor(person))
        except Refusal as error:
            await self._outbox.post(
                channel,
                _said(escape(f"Sorry: {error.message}. {error.mend}")),
                thread=thread,
                key=f"greet:{channel}:{thread}",
            )
            return
        await self._outbox.post(
            channel, _said("What can I do for you?"), thread=thread, key=f"greet:{channel}:{thread}"
        )
        await self._suggest(channel, thread, viewer)

    async def suggest(self, channel: str, thread: str, person: str) -> None:
        try:
            viewer = await self._people.identify(Actor(person))
        except Refusal:
            return
        await self._suggest(channel, thread, viewer)

    async def begins(self, channel: str, thread: str, words: str) -> None:
        """A question in the pane: the thread is called by it, and somebody is at work."""
        try:
            await self._outbox.status(channel, thread, "is looking …")
            if words:
                title = words if len(words) <= MOST_TITLE else f"{words[: MOST_TITLE - 1]}…"
                await self._outbox.title(channel, thread, title)
        except CopilotError as error:  # the answer does not depend on it
            log.warning("pane_not_dressed", channel=channel, why=str(error))

    async def introduce(self, channel: str, event: str) -> None:
        await self._outbox.post(channel, _said(HELLO), key=f"hello:{event}")

    async def _suggest(self, channel: str, thread: str, viewer: Identity) -> None:
        titles = {example: each.title for each in self._registry for example in each.examples}
        prompts = [{"title": titles[prompt], "message": prompt} for prompt in self.prompts(viewer)]
        await self._outbox.prompts(channel, thread, prompts, title="To try")

    def prompts(self, viewer: Identity) -> list[str]:
        """What this person may do, the most telling first."""
        allowed = [
            each
            for each in self._registry
            if each.examples and not each.about_gate and self._roles.may(viewer.roles, each.permission, None, None)
        ]
        first = [example for example in LEADING if any(example in each.examples for each in allowed)]
        changes = [each.examples[0] for each in allowed if each.risk.value != "read"]
        rest = [each.examples[0] for each in allowed]
        return list(dict.fromkeys([*first[:2], *changes[:1], *first[2:], *rest]))[:MOST_PROMPTS]


def _said(text: str) -> Rendered:
    return Rendered(text, ({"type": "section", "text": {"type": "mrkdwn", "text": text}},))
