"""A thinker over a real app, and one turn of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.agent.events import Event, Text
from bot.agent.invoking import Invoking
from bot.agent.model import Usage
from bot.agent.request import Request
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.loop import Thinker
from bot.agent.thinking.spending import Room
from bot.agent.thinking.thought import Ask, Thought
from bot.agent.thinking.tools import Toolbox
from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, operation
from bot.door.outcomes import Origin
from bot.guard.people import Actor
from tests.agent.thinking.scripted import Scripted


@dataclass
class Till:
    """A ledger in memory."""

    spent: float = 0.0
    limit: float | None = None
    booked: list[Usage] = field(default_factory=list)
    error: Exception | None = None

    async def book(
        self,
        person: str,
        channel: str | None,
        workspace: str | None,
        operation: str,
        usd: float,
        tokens: int,
        trace_id: str,
    ) -> None:
        self.spent += usd
        self.booked.append(Usage(input=tokens, usd=usd))

    async def room(self, person: str, channel: str | None, workspace: str | None) -> Room | None:
        if self.error:
            raise self.error
        return None if self.limit is None else Room(self.spent, self.limit, "this channel")


@dataclass
class Stage:
    """One conversation."""

    app: App
    models: Sequence[Scripted]
    limits: ThinkingLimits = field(default_factory=ThinkingLimits)
    till: Till = field(default_factory=Till)
    events: list[Event] = field(default_factory=list)
    channel: str = "C1"

    def thinker(self) -> Thinker:
        app = self.app
        return Thinker(
            self.models,
            Invoking(app.door, app.registry, app.clock),
            Toolbox(app.registry, app.files.roles, app.policies, app.clock),
            limits=self.limits,
            ledger=self.till,
            redactor=app.redactor,
            clock=app.clock,
            nonce=lambda: "5eed5eed5eed5eed",
        )

    async def ask(self, text: str, person: str = "sre", *, key: str = "request-1", **more: Any) -> Ask:
        actor = Actor(person)
        origin = Origin("test", channel=self.channel, workspace="T1", trace_id="trace-1")
        identity = await self.app.people.identify(actor)
        return Ask(Request(actor, origin, key, text), identity, text, **more)

    async def think(self, text: str, person: str = "sre", *, key: str = "request-1", **more: Any) -> Thought:
        async with asyncio.timeout(20):
            return await self.thinker().think(await self.ask(text, person, key=key, **more), self.tell)

    async def tell(self, event: Event) -> None:
        self.events.append(event)

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def told(self) -> str:
        return "".join(event.markdown for event in self.all(Text))


class Anything(Input):
    """Words, if any."""

    words: str = ""


class Found(Output):
    """Whatever a test wants."""

    data: Any = None


def giving(name: str, data: Any, **more: Any) -> Operation[Any, Any]:
    """A read that everybody may do, and that gives this; a function of the words gives what it returns."""

    async def function(wanted: Anything, context: Context) -> Found:
        """Look something up."""
        return Found(data=await data(wanted.words) if callable(data) else data)

    return operation(name, **{"title": name, "permission": "help:read", "timeout": 20, **more})(function)
