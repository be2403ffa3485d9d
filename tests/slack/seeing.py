"""What a test looks at: the answers in a thread, and the moment when nothing more is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from bot.app import App
from integrations.sandbox.slack.state import Message
from integrations.sandbox.slack.testing import Playground, Thread
from storage.repositories import CardRepository
from tests.door.stage import until

on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
"""For what the database has a part in."""


def answers(thread: Thread) -> list[Message]:
    """What the bot has said in it, for everybody."""
    return [
        message
        for message in thread.messages
        if message.bot_id and message.ephemeral_to is None and message.subtype != "assistant_app_thread"
    ]


Settled = Callable[[], Awaitable[None]]
"""Waits until everything that was said to the app is handled, and everything it wants to say is said."""


def settling(workspace: Playground, apps: Sequence[App]) -> Settled:
    async def over() -> bool:
        if workspace.sandbox.deliveries.pending:
            return False
        for app in apps:
            if app.slack and (await app.deliveries.waiting() or await CardRepository(app.database).stale()):
                return False
        return True

    async def settled() -> None:
        await until(over)

    return settled
