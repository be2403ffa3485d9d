"""`llm-copilot sandbox slack`: the workspace alone, for whoever wants to try a bot of their own on it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from rich.console import Console

from integrations.sandbox.slack.server import SlackSandbox


def run_alone(
    console: Console, manifest: Path, *, port: int, state: Path | None, request_url: str | None, limits: bool
) -> None:
    """Until Ctrl-C."""
    sandbox = SlackSandbox(manifest, port=port, state_file=state, request_url=request_url, limits=limits)

    async def serve() -> None:
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        async with sandbox:
            console.print(
                f"A local Slack. The page:  {sandbox.page_url}\n\n"
                f"  base_url         {sandbox.api_url}\n"
                f"  bot token        {sandbox.bot_token}\n"
                f"  app-level token  {sandbox.app_token}\n"
                f"  signing secret   {sandbox.signing_secret}\n\n"
                "For this bot:\n"
                f"  export LLM_COPILOT_SLACK_API_URL={sandbox.api_url} "
                f"LLM_COPILOT_SLACK_BOT_TOKEN={sandbox.bot_token} LLM_COPILOT_SLACK_APP_TOKEN={sandbox.app_token}\n"
                "  llm-copilot run\n\nCtrl-C stops it.",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            await stop.wait()

    asyncio.run(serve())
