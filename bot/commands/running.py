"""Commands that run something until Ctrl-C: the bot, its demo, and stand-ins of outside systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.visiting import console, with_app

if TYPE_CHECKING:
    from bot.app import App

sandbox = typer.Typer(help="Stand-ins of outside systems, to try things on.", no_args_is_help=True)

Manifest = Annotated[Path, typer.Option(help="The manifest of the Slack app.")]


def run() -> None:
    """Run the bot until Ctrl-C: in Slack if slack_bot_token is set; heartbeats, expiry, taking over, retention."""
    import asyncio
    import signal

    async def work(app: App) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        out = console(error=True)
        out.print(
            f"llm-copilot runs as {app.replica} on {app.settings.masked_database}. Ctrl-C stops it.", markup=False
        )
        out.print(app.where, markup=False)
        await stop.wait()
        out.print("Stopping: what runs is let to its end …", markup=False)

    with_app(work, whole=True)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data; made anew each time.")] = Path(".demo"),
    port: Annotated[int | None, typer.Option(help="The page's port; 8900 or a free one if not given.")] = None,
    manifest: Manifest = Path("manifest.yml"),
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
    model: Annotated[bool, typer.Option(help="With a scripted language model beside the rules.")] = False,
) -> None:
    """A whole Slack in your browser with the bot in it: no account, no key. Ctrl-C stops it."""
    from integrations.sandbox.demo import demo as run_demo

    run_demo(console(), folder, manifest, port=port, browser=browser, model=model)


@sandbox.command("slack")
def sandbox_slack(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8900,
    manifest: Manifest = Path("manifest.yml"),
    state: Annotated[Path | None, typer.Option(help="A file that keeps the workspace between starts.")] = None,
    request_url: Annotated[
        str | None, typer.Option(help="Where your app takes Slack's posts, for HTTP mode; Socket Mode if not given.")
    ] = None,
    limits: Annotated[bool, typer.Option(help="Slack's rate limits.")] = True,
) -> None:
    """A strict local Slack alone, to try any bot on: prints the address of its API, and the tokens."""
    from integrations.sandbox.slack.alone import run_alone

    run_alone(console(), manifest, port=port, state=state, request_url=request_url, limits=limits)


@sandbox.command("platform")
def sandbox_platform(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8901,
    seed: Annotated[int, typer.Option(help="Another number is another world.")] = 7,
) -> None:
    """A simulated LLM platform alone: Prometheus, Loki, Tempo and a deploy API, with faults to inject."""
    from integrations.sandbox.platform.alone import run_alone

    run_alone(console(), port=port, seed=seed)


@sandbox.command("fault")
def sandbox_fault(
    kind: Annotated[str, typer.Argument(help="What; without it, what there is and what goes on.")] = "",
    service: Annotated[str, typer.Argument(help="Where.")] = "",
    environment: Annotated[str, typer.Option(help="In which environment.")] = "production",
    minutes: Annotated[float, typer.Option(help="For how long; until it is ended, if not given.")] = 0,
    size: Annotated[float, typer.Option(help="How much; what is usual for it, if not given.")] = 0,
    end: Annotated[str, typer.Option(help="End the fault of this id instead.")] = "",
    url: Annotated[str, typer.Option(help="The platform; the demo's if not given.")] = "http://127.0.0.1:8910",
) -> None:
    """Break something on a simulated platform that runs, such as the demo's: `sandbox fault latency payments`."""
    from integrations.sandbox.platform import faulting

    if end:
        faulting.end(console(), url, end)
    else:
        faulting.fault(console(), url, kind, service, environment=environment, minutes=minutes, size=size)


@sandbox.command("model")
def sandbox_model(
    script: Annotated[Path | None, typer.Option(help="What it says, in YAML; the demo's if not given.")] = None,
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8902,
) -> None:
    """A scripted language model alone, behind the APIs of Anthropic and OpenAI: no key, no cost."""
    from integrations.sandbox.anthropic.alone import run_alone

    run_alone(console(), script, port=port)
