"""`llm-copilot demo`, as far as there is no Slack yet: a tour of the gate in a terminal, on real parts."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.rule import Rule

from bot.app import App
from bot.config import Settings
from bot.door.outcomes import Done, Origin, Outcome, WaitingForApproval
from bot.errors import ConfigurationError
from bot.guard.people import Actor
from bot.guard.redaction import Redactor
from bot.logs import configure
from bot.terminal import render

MARK = ".llm-copilot-demo"


def tour(folder: Path, *, pause: float) -> None:
    """Walk through it in a folder of its own, and leave the folder for the visitor to go on."""
    _clear(folder)
    settings = Settings.model_validate({"data_dir": folder})
    configure(Redactor(), level="critical", form="console")
    asyncio.run(_Tour(Console(highlight=False), folder, pause).walk(settings))


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


class _Tour:
    def __init__(self, console: Console, folder: Path, pause: float) -> None:
        self._console = console
        self._folder = folder
        self._pause = pause

    async def walk(self, settings: Settings) -> None:
        say = self._console.print
        say(
            "\n[bold]A tour of the gate.[/bold] Everything the bot can do goes through one door: it checks who asks, "
            "what for,\nand whether people have agreed, and writes it all down. No account, no key, no network.\n"
            f"[dim]It begins anew each time, in {self._folder}.[/dim]\n"
        )
        async with App.running(settings) as app:
            await self._step(app, 1, "Anybody may ask how the bot is.", "qa-engineer", "status.self")
            await self._step(
                app,
                2,
                "A QA engineer may not run a drill in production, and is told who may.",
                "qa-engineer",
                "maintenance.drill",
                label="first try",
                environment="production",
            )
            asked = await self._step(
                app,
                3,
                "An SRE may; but it counts as destructive, so somebody else has to agree.",
                "sre",
                "maintenance.drill",
                label="failover rehearsal",
                environment="production",
            )
            assert isinstance(asked, WaitingForApproval)
            word = {"approval": asked.approval_id, "verdict": "approve"}
            await self._step(app, 4, "Not oneself, of course.", "sre", "approvals.decide", **word)
            await self._step(
                app, 5, "The manager agrees, and at that moment it runs.", "manager", "approvals.decide", **word
            )
            ran = await app.approved.result(asked.approval_id, 30)
            if isinstance(ran, Done):
                say(render(ran), "")
            await self._step(app, 6, "Whoever comes late changes nothing.", "devops", "approvals.decide", **word)
            await self._step(
                app, 7, "The trail of it all, for those who may read it …", "security-engineer", "audit.search", limit=6
            )
            await self._step(app, 8, "… and nobody can bend it unnoticed.", "security-engineer", "audit.verify")
        self._farewell()

    async def _step(self, app: App, number: int, what: str, person: str, operation: str, **values: Any) -> Outcome:
        say = self._console.print
        say(Rule(f"[bold]{number}[/bold]  {what}", align="left", style="dim"))
        typed = " ".join(
            f"--{name} {value!r}" if " " in str(value) else f"--{name} {value}" for name, value in values.items()
        )
        command = " ".join(word for word in ("$ llm-copilot run-op", operation, typed, "--as", person) if word)
        say(command, style="cyan", markup=False, soft_wrap=True)
        outcome = await app.door.invoke(Actor(person), operation, values, origin=Origin("terminal"))
        say(render(outcome))
        say()
        time.sleep(self._pause)  # noqa: ASYNC251  nothing else runs, and people read
        return outcome

    def _farewell(self) -> None:
        self._console.print(
            Rule("Your turn", align="left", style="dim"),
            f"  export LLM_COPILOT_DATA_DIR={self._folder.resolve()} PATH=$PWD/.venv/bin:$PATH\n"
            "  llm-copilot ask what can you do\n"
            "  llm-copilot run-op maintenance.drill --label mine --environment staging --as sre\n"
            "  llm-copilot policy explain maintenance.drill --environment production --as ml-engineer\n"
            "  llm-copilot ask what is waiting for me --as manager\n\n"
            "People here: admin, sre, devops, ml-engineer, qa-engineer, security-engineer, manager; guest and partner"
            " may not act.\n",
            sep="\n",
            markup=False,
            soft_wrap=True,
        )
