"""One side of the intake's benchmark: an app in a process of its own, bare Bolt or ours.

`python -m tests.benchmarks.envelopes bare|ours API_URL BOT_TOKEN APP_TOKEN [FOLDER [DATABASE_URL]]`
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

from bot.app import App
from bot.guard.redaction import Redactor
from bot.logs import configure
from handlers.face import slack_client
from tests.conftest import settings_for


async def bare(api_url: str, bot_token: str, app_token: str) -> None:
    """Acknowledges, and does nothing else."""
    app = AsyncApp(client=slack_client(SecretStr(bot_token), api_url))

    @app.event("member_joined_channel")
    async def joined() -> None:
        """Nothing."""

    await AsyncSocketModeHandler(app, app_token).connect_async()  # type: ignore[no-untyped-call]


async def ours(api_url: str, bot_token: str, app_token: str, folder: str, url: str = "") -> None:
    """The whole bot: on disk before the acknowledgement, claimed, through Bolt to a listener, closed."""
    settings = settings_for(
        url or None,
        Path(folder),
        slack_bot_token=bot_token,
        slack_app_token=app_token,
        slack_api_url=api_url,
        http_host="127.0.0.1",
        http_port=0,
    )
    app = App(settings, slack=True)
    await app.database.upgrade()
    await app.start(whole=True)


async def main(side: str, *arguments: str) -> None:
    configure(Redactor(), level="critical", form="console")
    await (bare(*arguments) if side == "bare" else ours(*arguments))
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
