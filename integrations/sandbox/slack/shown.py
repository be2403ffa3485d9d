"""What the page shows, as JSON, for one person."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.state import Channel, File, Message, View, Wire, Workspace


def file(held: File) -> Wire:
    return held.as_json() | {"url": f"/files/{held.id}/{quote(held.name, safe='')}"}


def message(workspace: Workspace, held: Message) -> Wire:
    """The record itself, and what the page would have to look up."""
    replies = workspace.replies_to(held.channel, held.ts) if held.thread_ts is None else []
    thread = {
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
        "latest_reply": replies[-1].ts if replies else None,
    }
    author = workspace.people.get(held.user)
    channel = workspace.channels.get(held.channel)
    return held.as_json() | {
        "files": [file(workspace.files[one]) for one in held.files if one in workspace.files],
        "reactions": [{"name": name, "users": users} for name, users in held.reactions.items()],
        "user_name": held.username or (author.real_name if author else held.user),
        "is_bot": held.bot_id is not None,
        "pinned": channel is not None and held.ts in channel.pins,
        "thread": thread,
        **thread,
    }


def channel(workspace: Workspace, held: Channel, person: str) -> Wire:
    found = held.as_json()
    if person in held.members:
        found["unread"] = workspace.unread(person, held.id)
        found["mention"] = workspace.mentions(person, held.id)
        found["last_read"] = workspace.last_read.get(person, {}).get(held.id)
    return found


def view(workspace: Workspace, held: View) -> Wire:
    return shapes.view(workspace, held) | {"state": {"values": held.values}}


def state(workspace: Workspace, manifest: Any, person: str, *, connected: bool) -> Wire:
    """All that the page needs to draw itself."""
    me = workspace.person(person)
    mine = workspace.channels_of(person)
    joinable = [
        held
        for held in workspace.channels.values()
        if held.kind == "channel" and person not in held.members and workspace.can_see(person, held.id)
    ]
    open_modals = [view(workspace, held) for held in workspace.modals_of(person)]
    return {
        "team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain},
        "me": me.as_json(),
        "people": [one.as_json() for one in workspace.people.values()],
        "groups": [one.as_json() for one in workspace.groups.values()],
        "bot": {"user_id": workspace.bot_user_id, "name": workspace.bot_name, "app_id": workspace.app_id},
        "channels": [channel(workspace, held, person) for held in mine if not held.is_dm],
        "joinable": [channel(workspace, held, person) for held in joinable if not held.archived],
        "dms": [channel(workspace, held, person) for held in mine if held.is_dm],
        "commands": [*([] if me.is_stranger else manifest.commands), INVITE],
        "shortcuts": [] if me.is_stranger else manifest.shortcuts,
        "assistant": {"enabled": manifest.assistant is not None, "description": manifest.assistant or ""},
        "home": {"enabled": manifest.home and not me.is_stranger},
        "connected": connected,
        "emoji": EMOJI,
        "views": open_modals,
    }


INVITE = {"command": "/invite", "description": "Bring somebody into this channel", "usage_hint": "@name"}
EMOJI = [
    "thumbsup",
    "thumbsdown",
    "+1",
    "-1",
    "white_check_mark",
    "x",
    "eyes",
    "tada",
    "rocket",
    "fire",
    "warning",
    "rotating_light",
    "bug",
    "wrench",
    "hammer",
    "pushpin",
    "memo",
    "bulb",
    "raised_hands",
    "clap",
    "pray",
    "wave",
    "ok_hand",
    "heart",
    "smile",
    "laughing",
    "sweat_smile",
    "thinking_face",
    "cry",
    "hourglass_flowing_sand",
    "hourglass",
    "bell",
    "no_bell",
    "mag",
    "lock",
    "unlock",
    "key",
    "chart_with_upwards_trend",
    "chart_with_downwards_trend",
    "large_green_circle",
    "large_yellow_circle",
    "red_circle",
    "large_blue_circle",
    "white_circle",
    "arrow_up",
    "arrow_down",
    "arrow_right",
    "arrows_counterclockwise",
    "heavy_plus_sign",
    "heavy_minus_sign",
    "question",
    "exclamation",
    "information_source",
    "construction",
    "package",
    "ship",
    "robot_face",
    "brain",
    "zap",
    "snail",
    "coffee",
    "calendar",
    "clock1",
    "speech_balloon",
    "star",
    "sparkles",
    "100",
    "checkered_flag",
    "stop_sign",
    "no_entry",
    "link",
    "paperclip",
    "file_folder",
    "gear",
    "shield",
    "ambulance",
]
