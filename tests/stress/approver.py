"""A replica that votes on everything that waits, and runs what is approved, until it is killed or all is done."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.door.outcomes import Origin
from bot.door.registry import Registry
from bot.guard.approvals import ApprovalState
from bot.guard.people import Actor
from bot.guard.risk import Risk
from bot.logs import configure
from bot.operations.maintenance import DrillBook
from tests.conftest import settings_for


class Pull(Input):
    """A number, to tell them apart."""

    number: int


class Pulled(Output):
    """Whether this run was the one that took effect."""

    written: bool


@operation("stress.pull", title="Pull", permission="maintenance:drill", risk=Risk.DESTRUCTIVE, repeat=Repeat.SAFE)
async def pull(wanted: Pull, context: Context) -> Pulled:
    """Long enough before and after its effect to be killed on either side of it."""
    await asyncio.sleep(random.uniform(0, 0.4))
    written = await context.get(DrillBook).write(
        context.idempotency_key, label=str(wanted.number), environment="none", person="sre", at=context.now
    )
    await asyncio.sleep(random.uniform(0, 0.4))
    return Pulled(written=written)


def registry() -> Registry:
    found = Registry.discover()
    found.add(pull)
    return found


APPROVERS = ("devops", "manager", "admin", "security-engineer", "sre")


async def main(url: str, folder: Path, policies: Path, seed: int) -> None:
    dice = random.Random(seed)
    settings = settings_for(
        url,
        folder,
        policies_file=policies,
        heartbeat_seconds=0.5,
        replica_stale_seconds=2,
        rate_burst=100_000,
        log_level="error",
        database_timeout_seconds=30,
    )
    app = App(settings, registry=registry())
    configure(app.redactor, level="error", form="json")
    await app.start(whole=True)
    print("ready", flush=True)
    await vote_on_all(app, dice)
    await app.close()


async def vote_on_all(app: App, dice: random.Random) -> None:
    """Until nothing waits and everything that was approved has run."""

    async def vote(approval_id: str, person: str) -> None:
        verdict = "reject" if dice.random() < 0.15 else "approve"
        values = {"approval": approval_id, "verdict": verdict, "reason": "the dice"}
        await app.door.invoke(Actor(person), "approvals.decide", values, origin=Origin("stress"))

    while True:
        waiting = [each.id for each in await app.desk.store.find(states=(ApprovalState.PENDING,), limit=1_000)]
        if not waiting and not await app.desk.store.find(unfinished=True, limit=1):
            return
        dice.shuffle(waiting)
        for approval_id in waiting[:20]:
            await asyncio.gather(*(vote(approval_id, person) for person in dice.sample(APPROVERS, 3)))
        if not waiting:
            await asyncio.sleep(0.2)
