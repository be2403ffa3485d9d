"""`llm-copilot sandbox model`: the scripted model alone, for whoever wants to try a bot without a key."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from rich.console import Console

from integrations.sandbox.anthropic.script import DEMO
from integrations.sandbox.anthropic.server import ScriptedModel


def run_alone(console: Console, script: Path | None, *, port: int) -> None:
    """Until Ctrl-C."""
    model = ScriptedModel(script or DEMO, port=port)

    async def serve() -> None:
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        async with model:
            console.print(
                f"A model that plays {script or 'the script of the demo'}, in two protocols:\n\n"
                f"  export LLM_COPILOT_ANTHROPIC_URL={model.url}\n"
                "  export LLM_COPILOT_ANTHROPIC_API_KEY=any\n\n"
                f"  export LLM_COPILOT_OPENAI_URL={model.openai_url}\n"
                "  export LLM_COPILOT_OPENAI_API_KEY=any\n\n"
                "Ctrl-C stops it.",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            await stop.wait()

    asyncio.run(serve())
