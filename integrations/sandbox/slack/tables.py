"""The tables of a workspace, its clock and ids, who may see what, and how others hear of changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from integrations.sandbox.slack.records import (
    AssistantThread,
    Change,
    ChangeKind,
    Channel,
    File,
    Group,
    Message,
    Person,
    SlackError,
    Trigger,
    View,
)

TEAM = "T0LOCAL"
BOT_USER = "U0COPILOT"
BOT = "B0COPILOT"
APP = "A0COPILOT"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Tables:
    """What there is. The moves are in `moves/`; `state.Workspace` is all of it."""

    def __init__(self, *, clock: Callable[[], float] = time.time, base_url: str = "http://localhost") -> None:
        self.team_id = TEAM
        self.team_name = "Local workspace"
        self.team_domain = "local"
        self.bot_user_id = BOT_USER
        self.bot_id = BOT
        self.app_id = APP
        self.bot_name = "CoPilot"
        self.clock = clock
        self.base_url = base_url  # where files and permalinks are reached; the server sets it
        self.people: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}  # channel → ts → message, oldest first; no ephemeral ones
        self.ephemeral: dict[str, Message] = {}  # ts → message
        self.replies: dict[tuple[str, str], list[str]] = {}  # (channel, parent's ts) → ts of replies
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}  # person → open modals, the topmost last
        self.homes: dict[str, str] = {}  # person → view
        self.assistant: dict[tuple[str, str], AssistantThread] = {}  # (channel, ts)
        self.last_read: dict[str, dict[str, str]] = {}  # person → channel → ts
        self.triggers: dict[str, Trigger] = {}
        self.listeners: list[Callable[[Change], None]] = []
        self._last_ts = 0
        self._last_id = 0

    # ---------------------------------------------------------------- changes, clock, ids

    def changed(self, kind: ChangeKind, **data: object) -> None:
        """Tell everybody who listens, in the order in which they came."""
        change = Change(kind, data)
        for listener in tuple(self.listeners):
            listener(change)

    def next_ts(self) -> str:
        """Slack's name for a moment: rising, and never twice in a workspace."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, letter: str) -> str:
        """C for channels, D direct messages, G groups of them, F files, V views, b blocks and elements."""
        self._last_id += 1
        number, digits = self._last_id, ""
        while number:
            number, rest = divmod(number, 36)
            digits = _ALPHABET[rest] + digits
        return f"{letter}0{digits:0>7}"

    # ---------------------------------------------------------------- who and where

    def person(self, person: str) -> Person:
        """By id or handle."""
        found = self.people.get(person) or next((p for p in self.people.values() if p.name == person), None)
        if found is None or found.deleted:
            raise SlackError("user_not_found", f"there is nobody called {person!r}")
        return found

    def channel(self, channel: str) -> Channel:
        """By id, or by name, with # or not."""
        found = self.channels.get(channel) or self.channel_named(channel)
        if found is None:
            raise SlackError("channel_not_found", f"there is no channel {channel!r}")
        return found

    def channel_named(self, name: str) -> Channel | None:
        bare = name.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == bare and not c.is_dm), None)

    def is_app(self, by: str) -> bool:
        return by == self.bot_user_id

    def can_see(self, by: str, channel: str) -> bool:
        """Members see; the others only public channels, and guests and strangers not even those."""
        found, person = self.channels.get(channel), self.people.get(by)
        if found is None or person is None:
            return False
        return by in found.members or (found.kind == "channel" and not (person.is_restricted or person.is_stranger))

    def seen(self, by: str, channel: str) -> Channel:
        """The channel, if `by` may know of it."""
        found = self.channel(channel)
        if not self.can_see(by, found.id):
            raise SlackError("channel_not_found", f"{by} does not see {channel!r}")
        return found

    def joined(self, by: str, channel: str) -> Channel:
        """The channel, if `by` may know of it and is in it."""
        found = self.seen(by, channel)
        if by not in found.members:
            raise SlackError("not_in_channel", f"{by} is not in {found.name or found.id}")
        return found

    def writable(self, by: str, channel: str) -> Channel:
        found = self.joined(by, channel)
        if found.archived:
            raise SlackError("is_archived", f"{found.name} is archived")
        return found

    def channels_of(self, by: str) -> list[Channel]:
        return [c for c in self.channels.values() if by in c.members]

    def sees_message(self, by: str, message: Message) -> bool:
        if message.ephemeral_to is not None:
            return by == message.ephemeral_to
        return self.can_see(by, message.channel)

    # ---------------------------------------------------------------- messages

    def find(self, channel: str, ts: str) -> Message | None:
        """An ordinary message that is still there."""
        found = self.messages.get(channel, {}).get(ts)
        return None if found is None or found.deleted else found

    def message(self, channel: str, ts: str) -> Message:
        """The same, or Slack's no; an ephemeral one is found too."""
        found = self.find(channel, ts)
        if found is None:
            found = self.ephemeral.get(ts)
        if found is None or found.channel != channel:
            raise SlackError("message_not_found", f"no message {ts!r} in {channel!r}")
        return found

    def replies_to(self, channel: str, ts: str) -> list[Message]:
        return [m for ts in self.replies.get((channel, ts), ()) if (m := self.find(channel, ts)) is not None]

    def top_level(self, channel: str) -> Iterable[Message]:
        """What the channel itself shows, oldest first: no replies, but those also sent to the channel."""
        for message in self.messages.get(channel, {}).values():
            if message.thread_ts is not None and not message.reply_broadcast:
                continue
            if message.deleted and not self.replies_to(channel, message.ts):
                continue
            yield message
