"""A bot in Slack in a process of its own, to be killed at any moment."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any, Final

from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.door.registry import Registry
from bot.guard.redaction import Redactor
from bot.guard.risk import Risk
from bot.logs import configure
from bot.operations.maintenance import DrillBook
from tests.conftest import settings_for
from tests.slack.stage import Work, long_work


class Note(Input):
    """A number, to tell them apart."""

    number: int


class Noted(Output):
    """What was noted."""

    noted: str


@operation("stress.note", title="Note", permission="help:read", risk=Risk.WRITE, about_gate=True, repeat=Repeat.SAFE)
async def note(wanted: Note, context: Context) -> Noted:
    """Now and then long enough to be killed before or after its effect."""
    pause = random.choice((0, 0, 0, 0.05))
    await asyncio.sleep(pause)
    await context.get(DrillBook).write(
        context.idempotency_key, label=str(wanted.number), environment="none", person="sre", at=context.now
    )
    await asyncio.sleep(pause)
    return Noted(noted=f"note-{wanted.number}")


HURRIED: Final[dict[str, Any]] = {
    "heartbeat_seconds": 0.5,
    "replica_stale_seconds": 5,
    "person_per_minute": 1_000_000,
    "channel_per_minute": 1_000_000,
    "workspace_per_minute": 1_000_000,
    "rate_burst": 100_000,
    "database_pool_size": 10,
}
WORKS: Final = {
    "endless": (long_work(Work()), {"heartbeat_seconds": 1, "replica_stale_seconds": 3}),
    "notes": (note, HURRIED),
}
"""What it can do besides what ships, and how it is set for that."""


async def main(
    work: str, url: str, folder: str, api_url: str, bot_token: str, app_token: str, settings_as_json: str = "{}"
) -> None:
    configure(Redactor(), level="critical", form="console")
    offered, more = WORKS[work]
    settings = settings_for(
        url,
        Path(folder),
        slack_bot_token=bot_token,
        slack_app_token=app_token,
        slack_api_url=api_url,
        slack_rate_factor=10_000,
        http_host="127.0.0.1",
        http_port=0,
        **{**more, **json.loads(settings_as_json)},
    )
    registry = Registry.discover()
    registry.add(offered)
    await App(settings, registry=registry, slack=True).start(whole=True)
    print("up", flush=True)
    await asyncio.Event().wait()
