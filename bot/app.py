"""The bot, put together: the floors of the house (`bot.floors`), and how it starts, keeps house, and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final

from bot.config import Settings
from bot.door.registry import Registry
from bot.errors import CopilotError
from bot.floors.faces import WithFaces
from bot.floors.ground import VERSION, Plan
from bot.guard.approvals import ApprovalState
from bot.memory.semantic import embedder
from bot.observatory.observatory import DOWN
from bot.operations.status import SelfPortrait, StatusOutput
from bot.ports import Clock, Durable
from bot.upkeep import Times, Upkeep

GRACE_SECONDS: Final = 10.0
DELIVERIES_KEPT: Final = timedelta(days=7)
ANSWERS_KEPT: Final = timedelta(days=30)


def utc_now() -> datetime:
    return datetime.now(UTC)


class App(WithFaces):
    """The whole house. From the bottom: ground, door, agent, watch, faces."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        registry: Registry | None = None,
        replica: str | None = None,
        durable: Durable | None = None,
        slack: bool = False,
    ) -> None:
        """With `slack`, and a bot token in the settings, it joins the workspace; that needs a running loop."""
        super().__init__(Plan(settings, clock, registry, replica, durable, slack))
        self.resources.put(SelfPortrait, self)
        self.upkeep = self._upkeep()
        if self.slack:
            self.upkeep.rounds += (self.slack.round, self.station.round)
        self.port = 0
        self._learning_to_read: asyncio.Task[None] | None = None
        self._started_at = clock()

    async def start(self, *, whole: bool = False) -> None:
        """`whole` is a bot that stays; without it, a terminal's short visit."""
        if self.database.sqlite:
            await self.database.prepare()
        else:
            await self.database.require_current()
        if self.slack:
            await self.slack.introduce()
        await self.upkeep.start(whole=whole)
        if whole:
            await self.station.start(self.slack.workspace if self.slack else "")
            self._learning_to_read = asyncio.create_task(self._learn_to_read(), name="embedder")
            self.port = await self.http.start()
        if self.slack:
            await self.slack.connect()

    async def _learn_to_read(self) -> None:
        """It takes most of a second, and until then words alone do."""
        if self.settings.semantic:
            self.memory.embedder = await asyncio.to_thread(embedder, self.settings.data_dir / "semantic")

    async def close(self) -> None:
        """Let what runs end, write down what is waiting, and go; a part that fails does not keep the others."""
        async with AsyncExitStack() as last_first:
            last_first.callback(self.tracing.close)
            last_first.push_async_callback(self.database.close)
            last_first.push_async_callback(self.observatory.close)
            if self._learning_to_read:
                last_first.push_async_callback(asyncio.wait, {self._learning_to_read})
            for model in self.models:
                last_first.push_async_callback(model.close)
            last_first.push_async_callback(self.upkeep.close)
            last_first.push_async_callback(self.audit.close)
            last_first.push_async_callback(self.approved.close)
            last_first.push_async_callback(self.runner.close, GRACE_SECONDS)
            last_first.push_async_callback(self.turns.close)
            if self.slack:
                last_first.push_async_callback(self.slack.close)
            last_first.push_async_callback(self.http.stop)
            last_first.callback(self.upkeep.rest)
            last_first.callback(self.station.clockwork.rest)

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: Settings, *, whole: bool = False) -> AsyncIterator[App]:
        app = cls(settings, slack=whole)
        try:
            await app.start(whole=whole)
            yield app
        finally:
            await app.close()

    @property
    def where(self) -> str:
        """Where people meet it, in a sentence."""
        if self.slack is None:
            slack = "It is in no Slack: set LLM_COPILOT_SLACK_BOT_TOKEN, or try `llm-copilot demo`."
        else:
            slack = f"It is in Slack ({self.settings.slack_mode} mode)."
        return f"{slack} Health and metrics are on port {self.port}."

    async def status(self) -> StatusOutput:
        """The bot as it sees itself; a part that does not answer is trouble, not an error."""
        trouble = []
        began = perf_counter()
        revision, replicas, pending, letters = "unknown", 0, 0, 0
        try:
            revision = await self.database.current() or "none"
            took = (perf_counter() - began) * 1_000
            replicas = len(await self.replicas.live())
            pending = len(await self.desk.store.find(states=(ApprovalState.PENDING,), limit=1_000))
            letters = len(await self.dead_letters.find(limit=1_000))
        except CopilotError as error:
            took = (perf_counter() - began) * 1_000
            trouble.append(str(error))
        breakers = {name: str(each.state) for name, each in self.breakers.snapshot().items()}
        trouble += [
            f"{name} is left alone for a while ({state})" for name, state in breakers.items() if state == "open"
        ]
        sources = await self.observatory.standing()
        trouble += [f"{name}: {said}" for name, said in sources.items() if said.startswith(DOWN)]
        if letters:
            trouble.append(f"{letters} dead letters wait for a decision")
        return StatusOutput(
            version=VERSION,
            healthy=not trouble,
            trouble=trouble,
            replica=self.replica,
            started_at=self._started_at,
            database=self.database.kind,
            database_ms=round(took, 2),
            schema_revision=revision,
            replicas=replicas,
            running=self.runner.running,
            pending_approvals=pending,
            dead_letters=letters,
            breakers=breakers,
            sources=dict(sources),
        )

    def _upkeep(self) -> Upkeep:
        async def old_deliveries(now: datetime) -> int:
            return await self.deliveries.purge(now - DELIVERIES_KEPT)

        async def old_answers(now: datetime) -> int:
            return await self.answers.purge(now - ANSWERS_KEPT)

        return Upkeep(
            replicas=self.replicas,
            runs=self.runs,
            runner=self.runner,
            desk=self.desk,
            approved=self.approved,
            audit=self.audit,
            expiring=(
                *(old_deliveries, old_answers, self.conversations.expire, self.memory.expire, self.suspended.purge),
                self.station.expire,
            ),
            times=Times(
                self.settings.heartbeat_seconds,
                timedelta(seconds=self.settings.replica_stale_seconds),
                timedelta(days=self.settings.audit_retention_days),
            ),
            clock=self.clock,
        )
