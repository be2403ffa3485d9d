"""`invoke` of a no-op read, everything on, beside a bare INSERT + COMMIT on the same database.

The two take turns in short rounds, so that whatever else the machine does falls on both. The bare insert
goes through the same engine and pool: it is the least that a call which leaves one durable row can cost.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa

from bot.app import App
from bot.config import Settings
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.outcomes import Done, Origin
from bot.door.registry import Registry
from bot.guard.people import Actor
from tests import databases

KEYS = "bench:" + "A" * 43 + "="
ROUNDS, CALLS = 12, 60
IN_FLIGHT = 16
AIM = 3.0
Call = Callable[[], Awaitable[None]]


class Nothing(Input):
    """Takes nothing."""


class Empty(Output):
    """Gives nothing."""


@operation("bench.noop", title="No-op", permission="help:read")
async def noop(_: Nothing, __: Context) -> Empty:
    """Does nothing."""
    return Empty()


@asynccontextmanager
async def installed(url: str | None, folder: Path) -> AsyncIterator[App]:
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "database_url": url,
            "encryption_keys": KEYS,
            # On, and never reached: a refused call would be a quick one.
            "person_per_minute": 1_000_000,
            "channel_per_minute": 1_000_000,
            "workspace_per_minute": 1_000_000,
            "rate_burst": 100_000,
        }
    )
    registry = Registry.discover()
    registry.add(noop)
    app = App(settings, registry=registry)
    await app.database.upgrade()
    await app.start()
    try:
        yield app
    finally:
        await app.close()


async def timed(call: Call, calls: int, in_flight: int) -> tuple[list[float], float]:
    """The milliseconds of each call, and calls a second."""
    took: list[float] = []
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            began = perf_counter()
            await call()
            took.append((perf_counter() - began) * 1_000)

    began = perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return took, calls / (perf_counter() - began)


async def compare(app: App, in_flight: int) -> None:
    table = sa.Table(
        "bench_bare", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text)
    )
    async with app.database.writing() as connection:
        await connection.run_sync(lambda sync: table.create(sync, checkfirst=True))
    people = [f"{name}" for name in ("sre", "devops", "manager", "admin", "qa-engineer", "ml-engineer")]
    turn = iter(range(10**9))

    async def bare() -> None:
        async with app.database.writing() as connection:
            await connection.execute(table.insert(), {"x": "x" * 200})

    async def ours() -> None:
        actor = Actor(people[next(turn) % len(people)])
        origin = Origin("bench", channel="C1", workspace="T1")
        outcome = await app.door.invoke(actor, "bench.noop", {}, origin=origin)
        assert isinstance(outcome, Done), outcome

    times: dict[str, list[float]] = {"bare": [], "ours": []}
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    for round_ in range(ROUNDS + 1):
        for name, call in (("bare", bare), ("ours", ours)):
            took, rate = await timed(call, CALLS * in_flight // 2 if in_flight > 1 else CALLS, in_flight)
            if round_:  # the first one warms up
                times[name] += took
                rates[name].append(rate)

    def line(name: str, label: str) -> tuple[float, float]:
        cuts = statistics.quantiles(times[name], n=100)
        rate = statistics.median(rates[name])
        print(
            f"  {label:<22} p50 {cuts[49]:7.2f} ms   p95 {cuts[94]:7.2f} ms   {rate:7.0f} calls/s"
            f"   (rounds {min(rates[name]):.0f}…{max(rates[name]):.0f})"
        )
        return cuts[49], rate

    print(f"{app.database.kind}, {in_flight} in flight, {ROUNDS} rounds in turns")
    bare_p50, bare_rate = line("bare", "bare INSERT + COMMIT")
    ours_p50, ours_rate = line("ours", "invoke of a no-op")
    print(f"  ratio: p50 {ours_p50 / bare_p50:.2f} ×, rate 1/{bare_rate / ours_rate:.2f} (aim ≤ {AIM:g} ×)\n")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with installed(None, Path(folder)) as app:
            for in_flight in (1, IN_FLIGHT):
                await compare(app, in_flight)
    if why := await databases.reachable():
        print(f"PostgreSQL left out: {why}")
        return
    async with databases.temporary() as url:
        with tempfile.TemporaryDirectory() as folder:
            async with installed(url, Path(folder)) as app:
                for in_flight in (1, IN_FLIGHT):
                    await compare(app, in_flight)
