"""Envelopes through our whole intake, beside a bare Bolt app that only acknowledges; in turns, on the same machine.

Each side is a process of its own, on a local workspace of its own. The event is one that nobody has to answer, so what
is compared is the way to a listener and back: ours writes it down before it acknowledges, and closes it behind that.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from integrations.sandbox.slack.server import SlackSandbox
from tests import databases

ROUNDS, ENVELOPES = 8, 1_000
RATE, STEADY = 200.0, 2_000
BOUND_MS = 300.0
IN_FLIGHT = (1, 32)
SPEAKERS = frozenset({"U0SRE", "U0DEVOPS", "U0ML", "U0QA", "U0SECURITY", "U0MANAGER", "U0ADMIN"})
AIM = 0.5


@dataclass
class Side:
    """An app, the workspace that it is in, and what was measured."""

    name: str
    sandbox: SlackSandbox
    acks: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


@asynccontextmanager
async def running(name: str, side: str, *more: str) -> AsyncIterator[Side]:
    async with SlackSandbox("manifest.yml", limits=False) as sandbox:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.benchmarks.envelopes", side, sandbox.api_url, sandbox.bot_token, sandbox.app_token, *more),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"up\n"
            yield Side(name, sandbox)
        finally:
            process.terminate()
            await process.communicate()


async def burst(side: Side, in_flight: int, number: Any) -> None:
    left = iter(range(ENVELOPES))

    async def worker() -> None:
        for _ in left:
            n = next(number)
            event = {"type": "member_joined_channel", "user": "U0SRE", "channel": "C0OPS", "event_ts": f"{n}.0"}
            took = await side.sandbox.deliver(side.sandbox.events.wrapped(event))
            side.acks.append(took * 1_000)

    began = perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    side.rates.append(ENVELOPES / (perf_counter() - began))


async def steady(side: Side) -> None:
    """So many events a second; beside every second one, a message that takes a whole answer."""
    workspace = side.sandbox.workspace
    took: list[asyncio.Future[float]] = []
    speakers = [each.id for each in workspace.people.values() if each.id in SPEAKERS]
    began = perf_counter()
    for n in range(STEADY):
        if n % 20 == 0:
            workspace.post(speakers[n // 20 % len(speakers)], "C0OPS", f"<@{workspace.bot_user_id}> status")
        event = {"type": "member_joined_channel", "user": "U0SRE", "channel": "C0OPS", "event_ts": f"9{n}.0"}
        took.append(side.sandbox.deliver(side.sandbox.events.wrapped(event)))
        await asyncio.sleep(max(0.0, began + n / RATE - perf_counter()))
    offered = STEADY / (perf_counter() - began)
    cuts = statistics.quantiles([1_000 * each for each in await asyncio.gather(*took)], n=100)
    print(
        f"  {side.name:<22} ack p50 {cuts[49]:7.2f} ms   p95 {cuts[94]:7.2f} ms   p99 {cuts[98]:7.2f} ms"
        f"   ({offered:.0f} events/s offered, limit {BOUND_MS:g} ms)"
    )


async def main() -> None:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sides = [
            await stack.enter_async_context(running("bare Bolt, only acks", "bare")),
            await stack.enter_async_context(running("ours on SQLite", "ours", folder)),
        ]
        if not await databases.reachable():
            name = await databases.create()
            stack.push_async_callback(databases.drop, name)
            other = stack.enter_context(tempfile.TemporaryDirectory())
            third = running("ours on PostgreSQL", "ours", other, databases.url_of(name))
            sides.append(await stack.enter_async_context(third))
        numbers = iter(range(10**9))
        for in_flight in IN_FLIGHT:
            for side in sides:
                side.acks.clear()
                side.rates.clear()
            for round_ in range(ROUNDS + 1):
                for side in sides:
                    await burst(side, in_flight, numbers)
                    if not round_:  # the first one warms up
                        side.acks.clear()
                        side.rates.clear()
            print(f"Socket Mode, {in_flight} in flight, {ROUNDS} rounds of {ENVELOPES} envelopes in turns")
            bare = statistics.median(sides[0].rates)
            for side in sides:
                cuts = statistics.quantiles(side.acks, n=100)
                rate = statistics.median(side.rates)
                print(
                    f"  {side.name:<22} ack p50 {cuts[49]:7.2f} ms   p95 {cuts[94]:7.2f} ms   {rate:7.0f} envelopes/s"
                    f"   (rounds {min(side.rates):.0f}…{max(side.rates):.0f})   {rate / bare:.2f} × bare"
                )
            print(f"  aim ≥ {AIM:g} × bare\n")
        print(f"{RATE:g} events a second, with {RATE / 20:g} questions a second to answer beside them")
        for side in sides:
            await steady(side)
