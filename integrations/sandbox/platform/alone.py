"""`llm-copilot sandbox platform`: the simulated platform alone, for whoever wants to try a dashboard or a bot on it."""

from __future__ import annotations

import asyncio
import signal

from rich.console import Console

from integrations.sandbox.platform.server import Platform, utc_now
from integrations.sandbox.platform.world import World


def run_alone(console: Console, *, port: int, seed: int) -> None:
    """Until Ctrl-C."""
    platform = Platform(World(seed, born=utc_now()), port=port)

    async def serve() -> None:
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        async with platform:
            console.print(
                f"A simulated LLM platform. What is where, and buttons to break it:  {platform.url}/\n\n"
                f"  export LLM_COPILOT_PROMETHEUS_URL={platform.prometheus_url}\n"
                f"  export LLM_COPILOT_LOKI_URL={platform.loki_url}\n"
                f"  export LLM_COPILOT_TEMPO_URL={platform.tempo_url}\n"
                f"  export LLM_COPILOT_DEPLOYS_URL={platform.deploys_url}\n\n"
                "Ctrl-C stops it.",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            await stop.wait()

    asyncio.run(serve())
