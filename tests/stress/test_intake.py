"""Nothing that Slack delivers is lost, and nothing is handled twice, whoever dies in between.

`STRESS_EVENTS=5000 pytest tests/stress/test_intake.py -s` is the long run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.keyring import Keyring
from integrations.sandbox.slack.server import SlackSandbox
from storage.database import Database
from storage.repositories import DeliveryRepository, DrillRepository
from tests import killable
from tests.conftest import KEYS
from tests.replicas import Replica

EVENTS = int(os.environ.get("STRESS_EVENTS", "600"))
KILLS = 10
RATE = 200.0
BOTS = 2
SECONDS = 1_200
SPEAKERS = ("U0SRE", "U0DEVOPS", "U0ML", "U0QA", "U0SECURITY", "U0MANAGER", "U0ADMIN")


class Bots:
    """Processes of the bot, killed and replaced."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.running: list[Replica] = []
        self.killed = 0

    async def start(self) -> None:
        self.running.append(await Replica(killable.main, "notes", *self._arguments).start())

    async def up(self) -> None:
        for each in self.running:
            await each.says("up")

    async def kill_one(self, dice: random.Random) -> None:
        victim = dice.choice(self.running)
        await victim.kill()
        self.running.remove(victim)
        self.killed += 1
        await self.start()

    async def end(self) -> None:
        for each in self.running:
            await each.kill()


def say(sandbox: SlackSandbox, number: int) -> str:
    """Half of them in channels, where a mention is delivered twice over; half in private."""
    speaker = SPEAKERS[number % len(SPEAKERS)]
    workspace = sandbox.workspace
    if number % 2:
        channel, text = "C0OPS", f"<@U0COPILOT> stress.note number={number}"
    else:
        channel, text = workspace.open_dm([speaker, workspace.bot_user_id]).id, f"stress.note number={number}"
    return str(workspace.post(speaker, channel, text).ts)


async def until(condition: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await condition():
            return True
        await asyncio.sleep(0.25)
    return False


@pytest.mark.parametrize("bots", [BOTS])
async def test_every_message_is_handled_exactly_once_whoever_is_killed(
    database_url: str, tmp_path: Path, bots: int
) -> None:
    dice = random.Random(11)
    database = Database(database_url)
    drills, inbox = DrillRepository(database), DeliveryRepository(database, Keyring.parse(KEYS))
    sandbox = SlackSandbox("manifest.yml", limits=False, ack_timeout=3, retry_delays=(1.0,) * 50, seed=3)
    async with sandbox:
        sandbox.faults.set(duplicates=0.3, reorder=0.2, drop_sockets=0.001)
        running = Bots(database_url, str(tmp_path), sandbox.api_url, sandbox.bot_token, sandbox.app_token)
        try:
            for _ in range(bots if database.kind == "postgresql" else 1):
                await running.start()
            await running.up()
            kill_at = sorted(dice.sample(range(EVENTS // 20, EVENTS), KILLS))
            began = time.monotonic()
            for number in range(EVENTS):
                say(sandbox, number)
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                if kill_at and number >= kill_at[0]:
                    kill_at.pop(0)
                    await running.up()
                    await running.kill_one(dice)
            offered = time.monotonic() - began

            async def all_there() -> bool:
                assert [each.ended for each in running.running if each.ended is not None] == []
                return sandbox.deliveries.pending == 0 and await inbox.waiting() == 0

            assert await until(all_there, SECONDS), (sandbox.deliveries.pending, await inbox.waiting())
            took = time.monotonic() - began
        finally:
            await running.end()
    rows = await drills.all()
    await database.close()
    answers = Counter(_answers(sandbox))
    effects = Counter(int(row["label"]) for row in rows)
    print(
        f"\n{database.kind}: {EVENTS} messages offered in {offered:.0f} s, all handled after {took:.0f} s; "
        f"{running.killed} processes killed; {sum(answers.values())} answers"
    )
    assert running.killed == KILLS
    others = Counter(text for text in _others(sandbox))
    assert not others, others.most_common(5)
    assert set(effects) == set(range(EVENTS))
    assert {number: count for number, count in effects.items() if count > 1} == {}
    assert set(answers) == set(range(EVENTS))
    assert {number: count for number, count in answers.items() if count > 1} == {}


def _said(sandbox: SlackSandbox) -> list[str]:
    held = [message for each in sandbox.workspace.messages.values() for message in each.values()]
    return [json.dumps([each.text, each.blocks, each.chunks]) for each in held if each.bot_id and not each.deleted]


def _answers(sandbox: SlackSandbox) -> list[int]:
    """The number of the question that each message of the bot answers."""
    return [int(found[1]) for text in _said(sandbox) if (found := re.search(r"note-(\d+)", text))]


def _others(sandbox: SlackSandbox) -> list[str]:
    """What else the bot has said."""
    return [re.sub(r"\d+|[0-9a-f]{8,}", "#", text)[:400] for text in _said(sandbox) if "note-" not in text]
