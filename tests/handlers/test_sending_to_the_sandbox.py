"""The outbox and a live answer before the strict workspace, with our own rendering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from bot.agent.events import Event, Facts, Plan, Table, Task, Text
from bot.door.registry import Registry
from bot.resilience import RetryPolicy
from handlers.live import LiveAnswer, Place
from handlers.outbox import Outbox
from handlers.pace import Rates
from handlers.present import render
from handlers.present.message import Block, Rendered, Scene
from integrations.sandbox.slack.limits import Limits
from integrations.sandbox.slack.server import SlackSandbox
from tests.handlers.fake_slack import Client, Clock

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
STEPS: tuple[Event, ...] = (
    Plan("Why is checkout slow"),
    Task("log", "Read the log"),
    Text("It is "),
    Task("log", "Read the log", "done", "3 lines"),
    Text("the **disk** of `db-1`.\n\n"),
    Table("Disks", ("name", "used"), (("sda", "99 %"), ("sdb", "<!channel>"))),
    Facts((("Source", "node exporter"),)),
)


class Workspace:
    def __init__(self, sandbox: SlackSandbox, outbox: Outbox, clock: Clock, registry: CollectorRegistry) -> None:
        self.sandbox = sandbox
        self.outbox = outbox
        self.clock = clock
        self.registry = registry
        named = {channel.name: channel.id for channel in sandbox.workspace.channels.values()}
        self.ops, self.deploys, self.ml = named["ops"], named["deploys"], named["ml"]

    def asked(self) -> str:
        return self.sandbox.workspace.post("U0SRE", self.ops, "why is checkout slow?").ts

    def answers(self, thread: str) -> list[Any]:
        bot = self.sandbox.workspace.bot_user_id
        return [
            each
            for each in self.sandbox.workspace.messages[self.ops].values()
            if each.thread_ts == thread and each.user == bot and not each.deleted
        ]

    def live(self, thread: str, *, streams: bool) -> LiveAnswer:
        team = self.sandbox.workspace.team_id
        place = Place(self.ops, thread, "U0SRE", team, "thread", can_stream=streams)
        scene = Scene(None, "ans-1", "thread", datetime(2026, 3, 18, tzinfo=UTC), Registry())

        def whole(events: Sequence[Event], /, *, done: bool) -> Rendered:
            return render(events, scene, done=done)

        def rest(events: Sequence[Event]) -> Sequence[Block]:
            return whole(events, done=True).blocks

        return LiveAnswer(
            self.outbox, place, whole, answer_id="ans-1", rest=rest, clock=self.clock, sleep=self.clock.sleep
        )


@asynccontextmanager
async def a_workspace(*, seed: int = 1) -> AsyncIterator[Workspace]:
    clock, registry = Clock(), CollectorRegistry()
    sandbox = SlackSandbox(MANIFEST, seed=seed, clock=clock)
    sandbox.limits = Limits(clock=clock)
    async with sandbox, aiohttp.ClientSession() as session:
        client = Client(clock, token=sandbox.bot_token, base_url=sandbox.api_url, session=session)
        policy = RetryPolicy(attempts=6, initial=0.3, maximum=5, multiplier=3, jitter=0)
        outbox = Outbox(client, registry, rates=Rates(), policy=policy, clock=clock, sleep=clock.sleep, wall=clock)
        moving = asyncio.create_task(clock.run())
        try:
            yield Workspace(sandbox, outbox, clock, registry)
        finally:
            await outbox.close(1)
            moving.cancel()
            await asyncio.wait({moving})


async def told(answer: LiveAnswer, clock: Clock) -> str | None:
    await answer.begin()
    for event in STEPS:
        await answer.feed(event)
        await clock.sleep(0.7)
    return await answer.finish()


async def test_a_streamed_answer_ends_with_its_blocks_below_the_words() -> None:
    async with a_workspace() as workspace:
        thread = workspace.asked()
        ts = await told(workspace.live(thread, streams=True), workspace.clock)
        (message,) = workspace.answers(thread)
        assert message.ts == ts
        assert message.text == "It is the **disk** of `db-1`.\n\n"
        assert not message.streaming
        assert "sda" in str(message.blocks)
        assert {each.get("id"): each.get("status") for each in message.chunks if each["type"] == "task_update"} == {
            "ans-1": "complete",
            "log": "complete",
        }


async def test_an_answer_without_a_stream_ends_the_same_way() -> None:
    async with a_workspace() as workspace:
        thread = workspace.asked()
        ts = await told(workspace.live(thread, streams=False), workspace.clock)
        (message,) = workspace.answers(thread)
        assert message.ts == ts
        assert "sda" in str(message.blocks)


async def test_a_stream_that_grew_older_than_slack_allows_goes_on_on_the_same_message() -> None:
    async with a_workspace() as workspace:
        thread = workspace.asked()
        answer = workspace.live(thread, streams=True)
        await answer.begin()
        await answer.feed(Text("First, "))
        await workspace.clock.sleep(400)
        await answer.feed(Text("and then the rest."))
        ts = await answer.finish()
        (message,) = workspace.answers(thread)
        assert message.ts == ts
        assert "First, and then the rest." in str(message.blocks)
        assert message.chunks == []


async def test_a_stream_whose_start_was_not_answered_is_found_in_the_thread() -> None:
    async with a_workspace() as workspace:
        thread = workspace.asked()
        workspace.sandbox.faults.fail("chat.startStream", after_effect=True)
        ts = await told(workspace.live(thread, streams=True), workspace.clock)
        assert [each.ts for each in workspace.answers(thread)] == [ts]


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("seed", range(6))
async def test_on_a_bad_day_there_is_still_one_whole_answer(seed: int, streams: bool) -> None:  # noqa: FBT001
    async with a_workspace(seed=seed) as workspace:
        thread = workspace.asked()
        workspace.sandbox.faults.set(error_rate=0.25, rate_limit=0.15)
        ts = await told(workspace.live(thread, streams=streams), workspace.clock)
        (message,) = workspace.answers(thread)
        assert message.ts == ts
        assert not message.streaming
        shown = f"{message.text} {message.blocks}"
        assert "disk" in shown
        assert "sda" in shown


async def test_at_our_rates_slack_never_says_too_fast() -> None:
    async with a_workspace() as workspace:
        channels = [workspace.ops, workspace.deploys, workspace.ml]
        posts = [workspace.outbox.post(channels[n % 3], Rendered(f"{n}", ())) for n in range(90)]
        shown = await asyncio.gather(*posts)
        changes = [workspace.outbox.update(channels[n % 3], ts, Rendered("x", ())) for n, ts in enumerate(shown)]
        await asyncio.gather(*changes)
        limited = [
            sample.value
            for family in workspace.registry.collect()
            for sample in family.samples
            if sample.name == "copilot_slack_rate_limited_total"
        ]
        assert limited == []
