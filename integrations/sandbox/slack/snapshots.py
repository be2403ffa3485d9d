"""A workspace as JSON, and back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from integrations.sandbox.slack.records import (
    AssistantThread,
    Channel,
    File,
    Group,
    Message,
    Person,
    View,
    Wire,
)
from integrations.sandbox.slack.tables import Tables

VERSION = 1


def written(tables: Tables) -> Wire:
    """Without listeners, triggers, modals and ephemeral messages: no restart of a client keeps those."""
    return {
        "version": VERSION,
        "team": {"id": tables.team_id, "name": tables.team_name, "domain": tables.team_domain},
        "last_ts": tables._last_ts,  # noqa: SLF001  its own handwriting
        "last_id": tables._last_id,  # noqa: SLF001
        "people": [asdict(person) for person in tables.people.values()],
        "groups": [asdict(group) for group in tables.groups.values()],
        "channels": [asdict(channel) for channel in tables.channels.values()],
        "messages": [asdict(message) for held in tables.messages.values() for message in held.values()],
        "files": [
            {**asdict(file), "content": base64.b64encode(file.content).decode()} for file in tables.files.values()
        ],
        "homes": [asdict(tables.views[view]) for view in tables.homes.values()],
        "assistant": [asdict(thread) for thread in tables.assistant.values()],
        "last_read": {person: dict(read) for person, read in tables.last_read.items()},
    }


def restored(tables: Tables, snapshot: Mapping[str, Any]) -> None:
    if snapshot.get("version") != VERSION:
        raise ValueError(f"a snapshot of version {snapshot.get('version')!r}; this program reads {VERSION}")
    tables.team_id, tables.team_name, tables.team_domain = (snapshot["team"][key] for key in ("id", "name", "domain"))
    tables._last_ts, tables._last_id = snapshot["last_ts"], snapshot["last_id"]  # noqa: SLF001
    tables.people = {row["id"]: Person(**row) for row in snapshot["people"]}
    tables.groups = {row["id"]: Group(**row) for row in snapshot["groups"]}
    tables.channels = {row["id"]: Channel(**row) for row in snapshot["channels"]}
    tables.files = {
        row["id"]: File(**{**row, "content": base64.b64decode(row["content"])}) for row in snapshot["files"]
    }
    tables.messages, tables.replies = {}, {}
    for row in snapshot["messages"]:
        message = Message(**row)
        tables.messages.setdefault(message.channel, {})[message.ts] = message
        if message.thread_ts is not None:
            tables.replies.setdefault((message.channel, message.thread_ts), []).append(message.ts)
    tables.views = {row["id"]: View(**row) for row in snapshot["homes"]}
    tables.homes = {view.person: view.id for view in tables.views.values()}
    tables.assistant = {(row["channel"], row["ts"]): AssistantThread(**row) for row in snapshot["assistant"]}
    tables.last_read = {person: dict(read) for person, read in snapshot["last_read"].items()}
    tables.stacks, tables.triggers, tables.ephemeral = {}, {}, {}
