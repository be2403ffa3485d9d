"""What Slack delivers, told apart: which of it matters, and what makes it the same delivery when it comes again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from handlers.words import own

Payload = dict[str, Any]
MESSAGES: Final = frozenset({"message", "app_mention"})
SPOKEN: Final = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote; the others are edits, joins, bots and housekeeping."""


def kind_of(payload: Payload) -> str:
    """`event:message`, `command`, `block_actions` and so on."""
    if payload.get("type") == "event_callback":
        return f"event:{payload.get('event', {}).get('type', '')}"
    return "command" if "command" in payload else str(payload.get("type", ""))


def identity(payload: Payload) -> str | None:
    """The same for each delivery of the same thing; None for what there is nothing to do about.

    A mention comes as `app_mention` and as `message`, with two event ids: the message itself is what counts.
    """
    key = _key(payload)
    return None if key is None or "\x00" in key else key


def _key(payload: Payload) -> str | None:
    kind = kind_of(payload)
    if kind.startswith("event:"):
        event = payload.get("event") or {}
        if kind.removeprefix("event:") in MESSAGES:
            if not _spoken(event, payload):
                return None
            return f"message:{payload.get('team_id', '')}:{event.get('channel')}:{event.get('ts')}"
        return f"event:{payload.get('event_id')}"
    if kind == "block_actions":
        pressed = payload.get("actions") or [{}]
        return f"action:{_person(payload)}:{pressed[0].get('action_ts')}:{pressed[0].get('action_id')}"
    if kind in {"view_submission", "view_closed"}:
        view = payload.get("view") or {}
        return f"{kind}:{view.get('id')}:{view.get('hash')}"
    return f"{kind}:{payload.get('trigger_id') or payload.get('action_ts')}"


def conversation(payload: Payload) -> str:
    """What is handled in the order it came: a thread, the reactions on a message; a press is by itself."""
    event = payload.get("event")
    if isinstance(event, Mapping):
        item = event.get("item") or {}
        channel = event.get("channel") or item.get("channel") or event.get("user")
        return f"{channel}:{event.get('thread_ts') or event.get('ts') or item.get('ts') or event.get('event_ts')}"
    return f"person:{_person(payload)}:{payload.get('trigger_id') or ''}"


def mentions(text: str, bot: str) -> bool:
    """Whether it speaks to us; a quote that does is no word of this person's."""
    said = own(text)
    return f"<@{bot}>" in said or f"<@{bot}|" in said


def bot_of(payload: Payload) -> str:
    """Our own user id, as every event says it."""
    authorizations = payload.get("authorizations") or [{}]
    return str(authorizations[0].get("user_id") or "")


def _person(payload: Payload) -> str:
    user = payload.get("user")
    return str(user.get("id") if isinstance(user, Mapping) else payload.get("user_id") or user or "")


def _spoken(event: Mapping[str, Any], payload: Payload) -> bool:
    """A person said it, and it may be meant for us: a mention, a reply in a thread, or a word in private."""
    me = bot_of(payload)
    if event.get("subtype") not in SPOKEN or event.get("bot_id") or not event.get("user") or event["user"] == me:
        return False
    if event.get("hidden") or event.get("edited") or not event.get("ts"):
        return False  # Slack tells of a mention that an edit brought in; an edit asks for nothing
    text = str(event.get("text") or "")
    return event.get("channel_type") == "im" or "thread_ts" in event or mentions(text, me)
