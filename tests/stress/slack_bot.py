"""A bot in Slack that can be killed at any moment: `python -m tests.stress.slack_bot URL FOLDER API_URL BOT APP`."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.door.registry import Registry
from bot.guard.redaction import Redactor
from bot.guard.risk import Risk
from bot.logs import configure
from bot.operations.maintenance import DrillBook
from tests.conftest import settings_for


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


def registry() -> Registry:
    found = Registry.discover()
    found.add(note)
    return found


async def main(url: str, folder: str, api_url: str, bot_token: str, app_token: str) -> None:
    configure(Redactor(), level="critical", form="console")
    settings = settings_for(
        url,
        Path(folder),
        slack_bot_token=bot_token,
        slack_app_token=app_token,
        slack_api_url=api_url,
        slack_rate_factor=10_000,
        http_host="127.0.0.1",
        http_port=0,
        heartbeat_seconds=0.5,
        replica_stale_seconds=5,
        person_per_minute=1_000_000,
        channel_per_minute=1_000_000,
        workspace_per_minute=1_000_000,
        rate_burst=100_000,
        database_pool_size=10,
    )
    app = App(settings, registry=registry(), slack=True)
    await app.start(whole=True)
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
