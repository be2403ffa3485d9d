"""A workspace: all its tables, every move on them, and how it is written down and taken up again.

    workspace = Workspace.fresh()                # the seed of people.yaml; Workspace() is empty
    workspace.listeners.append(told)             # told(Change), synchronously after each move
    workspace.post("U0SRE", "C0OPS", "hello")

Every move checks what Slack checks and raises `SlackError`; `by` is a person's id or the bot's user id. What exists is
in `records.py`, lookups in `tables.py`, moves in `moves/`, and Slack's JSON for each record in `shapes.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from integrations.sandbox.slack.moves.assistant import AssistantMoves
from integrations.sandbox.slack.moves.files import FileMoves
from integrations.sandbox.slack.moves.streams import StreamMoves
from integrations.sandbox.slack.moves.views import ViewMoves
from integrations.sandbox.slack.records import (
    CHANGE_KINDS,
    AssistantThread,
    Change,
    ChangeKind,
    Channel,
    File,
    Group,
    Message,
    Person,
    SlackError,
    View,
    Wire,
)
from integrations.sandbox.slack.snapshots import restored, written
from integrations.sandbox.slack.tables import APP, BOT, BOT_USER, TEAM

__all__ = [
    "APP",
    "BOT",
    "BOT_USER",
    "CHANGE_KINDS",
    "TEAM",
    "AssistantThread",
    "Change",
    "ChangeKind",
    "Channel",
    "File",
    "Group",
    "Message",
    "Person",
    "SlackError",
    "View",
    "Wire",
    "Workspace",
]


class Workspace(AssistantMoves, StreamMoves, FileMoves, ViewMoves):
    """The pure in-memory state and every move on it."""

    @classmethod
    def fresh(cls, *, clock: Callable[[], float] = time.time, base_url: str = "http://localhost") -> Self:
        """As on the first morning: personas, groups and channels, and nothing said yet."""
        from integrations.sandbox.slack.people import settle  # noqa: PLC0415  the seed knows the workspace

        found = cls(clock=clock, base_url=base_url)
        settle(found)
        return found

    def snapshot(self) -> Wire:
        """Everything as JSON, except who listens, and tickets and modals that no restart survives."""
        return written(self)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Become what was written; listeners stay and are told nothing."""
        restored(self, snapshot)
