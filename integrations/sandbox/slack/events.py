"""Changes of the workspace as the events that the app's manifest asks for, in Slack's shapes."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.state import Change, Channel, Message, Wire, Workspace

_MESSAGES = {"channel": "message.channels", "private": "message.groups", "im": "message.im", "mpim": "message.mpim"}
_TYPES = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}
_LETTERS = {"channel": "C", "private": "G", "im": "D", "mpim": "G"}


class Events:
    """Listens to the workspace and hands on what the app subscribes to."""

    def __init__(self, workspace: Workspace, subscribed: Collection[str], send: Callable[[Wire], object]) -> None:
        self._workspace = workspace
        self._subscribed = frozenset(subscribed)
        self._send = send
        self._numbers = itertools.count(1)
        self._session = secrets.token_hex(3).upper()  # so that a restored workspace does not repeat an event id

    def tell(self, change: Change) -> None:
        for name, event in self._events(change):
            if name in self._subscribed:
                self._send(self.wrapped(event))

    def wrapped(self, event: Wire) -> Wire:
        """The event as it comes to the app."""
        workspace = self._workspace
        channel = event.get("channel")
        channel_id = channel if isinstance(channel, str) else event.get("channel_id")
        shared = self._is_shared(workspace.channels.get(channel_id or ""))
        return {
            "token": "sandbox",
            "team_id": workspace.team_id,
            "context_team_id": workspace.team_id,
            "context_enterprise_id": None,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{self._session}{next(self._numbers):06X}",
            "event_time": int(float(event.get("event_ts") or workspace.clock())),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team_id,
                    "user_id": workspace.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{secrets.token_urlsafe(24)}",
        }

    # ---------------------------------------------------------------- which events a change is

    def _events(self, change: Change) -> Iterator[tuple[str, Wire]]:  # noqa: C901  one case for each kind
        data = change.data
        channel = self._workspace.channels.get(data.get("channel") or "")
        # The app hears only of conversations that it is in; that it left one, it is told itself.
        heard = channel is None or self._hears(channel) or data.get("user") == self._workspace.bot_user_id
        match change.kind:
            case "message" | "message_changed" | "message_deleted" if channel is not None and heard:
                yield from self._message_events(change, channel)
            case "reaction_added" | "reaction_removed" if heard:
                yield change.kind, self._reaction(change)
            case "pin_added" | "pin_removed" if channel is not None and heard:
                yield change.kind, self._pin(change, channel)
            case "file_created" | "file_changed" | "file_deleted":
                name = {"file_changed": "file_change"}.get(change.kind, change.kind)
                yield name, self._at({"type": name, **self._file(data)})
            case "file_shared" if heard:
                yield (
                    "file_shared",
                    self._at({"type": "file_shared", **self._file(data), "channel_id": data["channel"]}),
                )
            case "member_joined_channel" | "member_left_channel" if channel is not None and heard:
                yield change.kind, self._membership(change, channel)
            case "channel_created" if channel is not None and channel.kind == "channel":
                yield "channel_created", self._at({"type": "channel_created", "channel": self._named(channel)})
            case "channel_rename" | "channel_archive" | "channel_unarchive" if channel is not None:
                if channel.kind == "channel" or heard:
                    yield self._arranged(change, channel)
            case "app_home_opened":
                yield "app_home_opened", self._home_opened(data)
            case "assistant_thread_started" | "assistant_thread_context_changed":
                yield change.kind, self._assistant(change)
            case _:
                return

    def _hears(self, channel: Channel) -> bool:
        return self._workspace.bot_user_id in channel.members

    def _is_shared(self, channel: Channel | None) -> bool:
        people = self._workspace.people
        return channel is not None and any(people[member].is_stranger for member in channel.members if member in people)

    # ---------------------------------------------------------------- messages

    def _message_events(self, change: Change, channel: Channel) -> Iterator[tuple[str, Wire]]:
        name, kind = _MESSAGES[channel.kind], _TYPES[channel.kind]
        data = change.data
        if change.kind == "message_deleted":
            deleted = self._shape(Message(**data["previous"]))
            yield (
                name,
                self._at(
                    {
                        "type": "message",
                        "subtype": "message_deleted",
                        "previous_message": deleted,
                        "channel": channel.id,
                        "hidden": True,
                        "deleted_ts": data["ts"],
                        "channel_type": kind,
                    },
                    with_ts=True,
                ),
            )
            return
        message = self._workspace.messages[channel.id].get(data["ts"])
        if message is None:
            return
        if change.kind == "message":
            event = self._posted(message, channel)
            yield name, event | {"channel_type": kind}
            if not channel.is_dm and self._mentions_app(message.text) and message.bot_id is None:
                yield "app_mention", self._mention(event)
            return
        if data.get("by_stream") and message.streaming:
            return  # Slack tells of a stream when it ends
        previous = Message(**data["previous"])
        yield (
            name,
            self._at(
                {
                    "type": "message",
                    "subtype": "message_changed",
                    "message": self._shape(message),
                    "previous_message": self._shape(previous),
                    "channel": channel.id,
                    "hidden": True,
                    "channel_type": kind,
                },
                with_ts=True,
            ),
        )
        new = self._mentions_app(message.text) and not self._mentions_app(previous.text)
        if new and not channel.is_dm and message.bot_id is None:
            edited = {"edited": message.edited} if message.edited else {}
            yield "app_mention", self._mention(self._posted(message, channel) | edited)

    def _posted(self, message: Message, channel: Channel) -> Wire:
        event = self._shape(message) | {"channel": channel.id, "event_ts": message.ts}
        for only_read in ("reply_count", "reply_users", "reply_users_count", "latest_reply", "reactions", "edited"):
            event.pop(only_read, None)
        if message.thread_ts is None:
            event.pop("thread_ts", None)
        person = self._workspace.people.get(message.user)
        if person is not None and person.is_stranger:
            event |= {"user_team": person.team_id, "source_team": person.team_id}
            event["user_profile"] = {
                "real_name": person.real_name,
                "display_name": person.name,
                "name": person.name,
                "team": person.team_id,
                "is_restricted": False,
                "is_ultra_restricted": False,
            }
        return event

    def _mention(self, event: Wire) -> Wire:
        return {k: v for k, v in event.items() if k not in {"channel_type", "subtype"}} | {"type": "app_mention"}

    def _mentions_app(self, text: str) -> bool:
        return re.search(rf"<@{self._workspace.bot_user_id}(\|[^>]*)?>", text) is not None

    def _shape(self, message: Message) -> Wire:
        return shapes.message(self._workspace, message)

    # ---------------------------------------------------------------- everything else

    def _reaction(self, change: Change) -> Wire:
        data = change.data
        return self._at(
            {
                "type": change.kind,
                "user": data["user"],
                "reaction": data["reaction"],
                "item_user": data["item_user"],
                "item": {"type": "message", "channel": data["channel"], "ts": data["ts"]},
            }
        )

    def _pin(self, change: Change, channel: Channel) -> Wire:
        data = change.data
        message = self._workspace.find(channel.id, data["ts"])
        now = int(self._workspace.clock())
        item: Wire = {"type": "message", "channel": channel.id, "created": now, "created_by": data["user"]}
        if message is not None:
            item["message"] = self._shape(replace(message))
        return self._at(
            {
                "type": change.kind,
                "user": data["user"],
                "channel_id": channel.id,
                "item": item,
                "item_user": message.user if message else data["user"],
                "pin_count": len(channel.pins),
                "has_pins": bool(channel.pins),
            }
        )

    def _file(self, data: Wire) -> Wire:
        return {"file_id": data["file"], "user_id": data["user"], "file": {"id": data["file"]}}

    def _membership(self, change: Change, channel: Channel) -> Wire:
        data = change.data
        person = self._workspace.people.get(data["user"])
        event: Wire = {
            "type": change.kind,
            "user": data["user"],
            "channel": channel.id,
            "channel_type": _LETTERS[channel.kind],
            "team": person.team_id if person else self._workspace.team_id,
        }
        if data.get("inviter"):
            event["inviter"] = data["inviter"]
        return self._at(event)

    def _arranged(self, change: Change, channel: Channel) -> tuple[str, Wire]:
        name: str = change.kind if channel.kind == "channel" else change.kind.replace("channel", "group")
        if change.kind == "channel_rename":
            return name, self._at({"type": name, "channel": self._named(channel)})
        return name, self._at({"type": name, "channel": channel.id, "user": change.data["user"], "is_moved": 0})

    def _named(self, channel: Channel) -> Wire:
        return {
            "id": channel.id,
            "is_channel": channel.kind == "channel",
            "is_mpim": channel.kind == "mpim",
            "name": channel.name,
            "name_normalized": channel.name,
            "created": channel.created,
            "creator": channel.creator,
            "is_shared": self._is_shared(channel),
            "is_org_shared": False,
            "context_team_id": self._workspace.team_id,
        }

    def _home_opened(self, data: Wire) -> Wire:
        event: Wire = {
            "type": "app_home_opened",
            "user": data["user"],
            "channel": data["channel"],
            "tab": data.get("tab", "home"),
        }
        published = self._workspace.views.get(self._workspace.homes.get(data["user"], ""))
        if published is not None and event["tab"] == "home":
            event["view"] = shapes.view(self._workspace, published)
        return self._at(event)

    def _assistant(self, change: Change) -> Wire:
        data = change.data
        return self._at(
            {
                "type": change.kind,
                "assistant_thread": {
                    "user_id": data["user"],
                    "context": data.get("context") or {},
                    "channel_id": data["channel"],
                    "thread_ts": data["ts"],
                },
            }
        )

    def _at(self, event: Wire, *, with_ts: bool = False) -> Wire:
        now = self._workspace.next_ts()
        return event | ({"ts": now} if with_ts else {}) | {"event_ts": now}
