"""A platform of its own, and the bot that watches it; no Slack."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.agent.events import Choices, Event, Facts, Picture, Result, Table
from bot.agent.request import Request
from bot.app import App
from bot.door.outcomes import Done, Origin, Outcome
from bot.guard.people import Actor
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from tests.conftest import START, MovedClock, settings_for

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Heard:
    """The events of one turn."""

    events: tuple[Event, ...]

    @property
    def outcome(self) -> Outcome:
        return next(event.outcome for event in self.events if isinstance(event, Result))

    @property
    def operation(self) -> str:
        return self.outcome.operation

    @property
    def output(self) -> dict[str, Any]:
        assert isinstance(self.outcome, Done), self.outcome
        assert isinstance(self.outcome.output, dict)
        return self.outcome.output

    @property
    def summary(self) -> str:
        return str(self.output["summary"])

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def pictures(self) -> list[Picture]:
        return self.all(Picture)

    @property
    def query(self) -> str:
        return str(self.all(Facts)[0].query)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        tables: list[Table] = self.all(Table)
        return tables[0].rows

    @property
    def buttons(self) -> list[str]:
        found: list[Choices] = self.all(Choices)
        return [choice.label for each in found for choice in each.choices]


@dataclass
class Watcher:
    """Somebody who asks the bot."""

    app: App
    platform: Platform
    clock: MovedClock
    _person: str = field(default="sre")

    async def asks(self, text: str) -> Heard:
        return await self._turn(Request(Actor(self._person), Origin("test"), f"asked-{next(_NUMBERS)}", text=text))

    async def runs(self, operation: str, **values: Any) -> Heard:
        return await self._turn(
            Request(Actor(self._person), Origin("test"), f"run-{next(_NUMBERS)}", operation=operation, values=values)
        )

    async def _turn(self, request: Request) -> Heard:
        return Heard(tuple([event async for event in self.app.turns.run(request)]))


Watching = Callable[..., Coroutine[Any, Any, Watcher]]


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def platform(clock: MovedClock) -> AsyncIterator[Platform]:
    """Its last day was quiet, and its time is the test's."""
    async with Platform(World(born=START), clock=clock) as running:
        yield running


@pytest.fixture
async def watching(platform: Platform, database_url: str, tmp_path: Path, clock: MovedClock) -> AsyncIterator[Watching]:
    """`await watching(setting=value)`: the bot, with every source connected unless a setting says otherwise."""
    async with AsyncExitStack() as stack:

        async def make(**changes: object) -> Watcher:
            sources = {
                "prometheus_url": platform.prometheus_url,
                "loki_url": platform.loki_url,
                "tempo_url": platform.tempo_url,
                "deploys_url": platform.deploys_url,
            }
            app = App(settings_for(database_url, tmp_path, **{**sources, **changes}), clock=clock)
            await app.start()
            stack.push_async_callback(app.close)
            return Watcher(app, platform, clock)

        yield make


@pytest.fixture
async def watcher(watching: Watching) -> Watcher:
    return await watching()
