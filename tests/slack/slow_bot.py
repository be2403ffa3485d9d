"""A bot whose work never ends, to be killed in the middle: `python -m tests.slack.slow_bot URL FOLDER API BOT APP`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.app import App
from bot.door.registry import Registry
from tests.conftest import settings_for
from tests.slack.stage import Work, long_work


async def main(url: str, folder: str, api_url: str, bot_token: str, app_token: str) -> None:
    settings = settings_for(
        url,
        Path(folder),
        slack_bot_token=bot_token,
        slack_app_token=app_token,
        slack_api_url=api_url,
        slack_rate_factor=10_000,
        http_host="127.0.0.1",
        http_port=0,
        heartbeat_seconds=1,
        replica_stale_seconds=3,
    )
    registry = Registry.discover()
    registry.add(long_work(Work()))
    app = App(settings, registry=registry, slack=True)
    await app.start(whole=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
