"""`llm-copilot demo`: a whole Slack and the bot in it, on this machine, in one command."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import webbrowser
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console

from bot import defaults
from bot.app import App
from bot.catalogue import load_model
from bot.config import Settings
from bot.errors import ConfigurationError, CopilotError
from bot.guard.redaction import Redactor
from bot.guard.roles import RoleBook
from bot.logs import configure
from bot.observatory import explaining, measuring
from bot.observatory.question import Question
from bot.telemetry.charts.desk import picture
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope
from integrations.sandbox.anthropic.script import DEMO as SCRIPT
from integrations.sandbox.anthropic.server import ScriptedModel
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.slack.server import SlackSandbox

MARK: Final = ".llm-copilot-demo"
PORT: Final = 8900
PLATFORM_PORT: Final = 8910
GROUPS: Final = {
    "S0SRE": "sre",
    "S0DEVOPS": "devops",
    "S0ML": "ml-engineer",
    "S0QA": "qa-engineer",
    "S0SECURITY": "security-engineer",
    "S0MANAGERS": "manager",
    "S0ADMINS": "admin",
}
"""User groups of the local workspace, and the roles that they give."""
OPS: Final = "C0OPS"
FIRST: Final = "@copilot p95 of checkout in prod over the last hour"
WHY: Final = "@copilot why is checkout slow?"
INVESTIGATE: Final = "@copilot investigate checkout for me"
DRILL: Final = "@copilot rehearse a drill in production"
STEPS: Final[tuple[dict[str, Any], ...]] = (
    {
        "text": "Ask for a number; send what stands below, then open the reply. Anybody may ask.",
        "person": "U0SRE",
        "channel": OPS,
        "say": FIRST,
    },
    {
        "text": "Break something: at “Bad deploy”, press “Break it”. CoPilot watches, too: within three minutes or so "
        "an alert comes to #ops by itself. Press its buttons, open its thread."
    },
    {"text": "Ask why. It looks at metrics, logs, traces and deploys at once.", "channel": OPS, "say": WHY},
    {
        "text": "Wish for something that wants care. Send it, open its reply, press “Fill in the form”, send that.",
        "person": "U0SRE",
        "channel": OPS,
        "say": DRILL,
    },
    {
        "text": "A card asks for approval in that thread, and nobody approves their own wish. "
        "Become the manager, open the thread, and press “Approve”.",
        "person": "U0MANAGER",
        "channel": OPS,
    },
)
BREAKS: Final = 1
"""The step whose place is the platform's page."""
PAUSE: Final = 2.0
"""Seconds that belong to the page alone, before anything is warmed."""


def demo(console: Console, folder: Path, manifest: Path, *, port: int | None, browser: bool, model: bool) -> None:
    """Runs until Ctrl-C, and begins anew each time. With `model`, a scripted one answers what the rules leave open."""
    _clear(folder)
    configure(Redactor(), level="error", form="console")
    asyncio.run(_run(console, folder, manifest, port=port, browser=browser, model=model))


async def _run(console: Console, folder: Path, manifest: Path, *, port: int | None, browser: bool, model: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    console.print("Starting a local Slack, a platform to watch, and the bot …", style="dim")
    sandbox = SlackSandbox(manifest, port=_free(PORT) if port is None else port)
    platform = Platform(port=0 if port == 0 else _free(PLATFORM_PORT))
    scripted = ScriptedModel(SCRIPT) if model else None
    async with sandbox, platform, scripted or contextlib.nullcontext():
        breaking = f"{platform.url}/#break"
        sandbox.page.welcome = _welcome(breaking) | {"roles": _who_may_what(sandbox)}
        async with App.running(_settings(sandbox, platform, folder, scripted), whole=True) as app, _beside(_warm(app)):
            _greet(console, sandbox.page_url, breaking, folder, model=model)
            if browser:
                with contextlib.suppress(webbrowser.Error):
                    await asyncio.to_thread(webbrowser.open, sandbox.page_url)
            await stop.wait()
            console.print("\nStopping …", style="dim")
    console.print("Stopped. `make demo` begins anew.", style="dim")


def _welcome(breaking: str) -> dict[str, Any]:
    """What the page leads a newcomer through."""
    steps = [dict(step) for step in STEPS]
    steps[BREAKS] |= {"link": breaking}
    return {"title": "Five minutes with CoPilot", "steps": steps}


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """While the rest goes on."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _warm(app: App) -> None:
    """What is made only once, fonts and the days that the world computes whole, is not left to the first question.

    The frontend has all other services below it, and asking for it takes no answer of theirs in advance.
    """
    await asyncio.sleep(PAUSE)
    now = app.clock()
    asked = Question("latency", Scope("frontend", "production"), Window(now - timedelta(hours=1), now), now)
    with contextlib.suppress(CopilotError):  # whoever asks will be told
        for answered in (measuring.answered, explaining.explained):
            told = await answered(app.observatory, asked)
            if told.chart:
                await picture(told.chart)


def _settings(sandbox: SlackSandbox, platform: Platform, folder: Path, scripted: ScriptedModel | None) -> Settings:
    """What a real workspace needs too: two tokens, and where telemetry is. The rest is for a laptop."""
    model = {"anthropic_url": scripted.url, "anthropic_api_key": "scripted"} if scripted else {}
    return Settings.model_validate(
        {
            **model,
            "data_dir": folder,
            "roles_file": _roles(folder),
            "slack_bot_token": sandbox.bot_token,
            "slack_app_token": sandbox.app_token,
            "slack_api_url": sandbox.api_url,
            "slack_approvals_channel": OPS,
            "watch_channel": OPS,
            "prometheus_url": platform.prometheus_url,
            "loki_url": platform.loki_url,
            "tempo_url": platform.tempo_url,
            "deploys_url": platform.deploys_url,
            "http_host": "127.0.0.1",
            "http_port": 0,
            "heartbeat_seconds": 2,
        }
    )


def _roles(folder: Path) -> Path:
    """The shipped roles, bound to the user groups of the local workspace."""
    book = load_model(defaults.path("roles.yaml"), RoleBook).model_dump(mode="json", exclude_defaults=True)
    book["groups"] = {group: [role] for group, role in GROUPS.items()}
    path = folder / "roles.yaml"
    path.write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
    return path


def _who_may_what(sandbox: SlackSandbox) -> dict[str, str]:
    """A line on each person, for whoever chooses which one to be."""
    book = load_model(defaults.path("roles.yaml"), RoleBook)
    told: dict[str, str] = {}
    for group, role in GROUPS.items():
        asks = book.may([role], "maintenance:drill", "production", None)
        approves = book.may([role], "approve:destructive", "production", None)
        may = [word for word, holds in (("asks for changes", asks), ("approves", approves)) if holds]
        line = f"{' and '.join(may)} in production" if may else "asks questions"
        told |= dict.fromkeys(sandbox.workspace.groups[group].users, line)
    return told | {"U0GUEST": "a guest, may not act", "U0PARTNER": "of another company, may not act"}


def _greet(console: Console, url: str, breaking: str, folder: Path, *, model: bool) -> None:
    investigate = f"  5  A scripted model is in, too:  [green]{INVESTIGATE}[/green]\n" if model else ""
    console.print(
        f"\n[bold]CoPilot is in a Slack of its own:[/bold]  [bold cyan]{url}[/bold cyan]\n\n"
        f"  1  In #ops, write        [green]{FIRST}[/green]\n"
        "     and open the reply below it\n"
        f"  2  Break something       [cyan]{breaking}[/cyan]\n"
        "     A bad deploy of checkout takes three minutes to show. An alert comes to #ops by itself; or ask\n"
        f"                           [green]{WHY}[/green]\n"
        f"  3  Wish for more         [green]{DRILL}[/green]\n"
        "     press [bold]Fill in the form[/bold], send it, and see it ask for approval\n"
        "  4  Become the [bold]Engineering manager[/bold] (top left) and press [bold]Approve[/bold] in the thread\n"
        f"{investigate}\n"
        f"[dim]No account, no key; nothing leaves this machine. Data is in {folder}. Ctrl-C stops everything.[/dim]",
        highlight=False,
        soft_wrap=True,
    )


def _free(port: int) -> int:
    """The usual port, or any that is free."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _clear(folder: Path) -> None:
    """Begin anew, but never delete a folder that is not the demo's."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigurationError(
                f"the folder {str(folder)!r} holds something that is not a demo's",
                mend="Choose another with --folder.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
