"""What hangs on messages and channels: reactions.*, pins.*, bookmarks.*."""

from __future__ import annotations

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.records import Message, SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method


def _message(call: Call) -> Message:
    if "channel" not in call.arguments or "timestamp" not in call.arguments:
        raise SlackError("no_item_specified", "channel and timestamp say which message")
    channel = call.channel()
    found = call.workspace.find(channel.id, call.arguments.text("timestamp"))
    if found is None:
        raise SlackError("message_not_found", call.arguments.text("timestamp"))
    return found


# ---------------------------------------------------------------- reactions


@method("reactions.add", "reactions:write", required=("name",))
def add_reaction(call: Call) -> Wire:
    message = _message(call)
    call.workspace.react(call.bot, message.channel, message.ts, call.arguments.text("name"))
    return {}


@method("reactions.remove", "reactions:write", required=("name",))
def remove_reaction(call: Call) -> Wire:
    message = _message(call)
    call.workspace.react(call.bot, message.channel, message.ts, call.arguments.text("name"), add=False)
    return {}


@method("reactions.get", "reactions:read")
def reactions(call: Call) -> Wire:
    message = _message(call)
    shown = shapes.message(call.workspace, message)
    shown["permalink"] = shapes.permalink(call.workspace, message)
    return {"type": "message", "channel": message.channel, "message": shown}


# ---------------------------------------------------------------- pins


@method("pins.add", "pins:write", required=("channel",))
def add_pin(call: Call) -> Wire:
    message = _message(call)
    call.workspace.pin(call.bot, message.channel, message.ts)
    return {}


@method("pins.remove", "pins:write", required=("channel",))
def remove_pin(call: Call) -> Wire:
    if "timestamp" not in call.arguments:
        raise SlackError("no_item_specified", "timestamp says which message")
    call.workspace.unpin(call.bot, call.channel().id, call.arguments.text("timestamp"))
    return {}


@method("pins.list", "pins:read", required=("channel",))
def pins(call: Call) -> Wire:
    channel = call.workspace.joined(call.bot, call.channel().id)
    found = [message for ts in channel.pins if (message := call.workspace.find(channel.id, ts)) is not None]
    return {
        "items": [
            {
                "type": "message",
                "channel": channel.id,
                "created": int(float(one.ts)),
                "created_by": one.user,
                "message": {
                    **shapes.message(call.workspace, one),
                    "permalink": shapes.permalink(call.workspace, one),
                },
            }
            for one in found
        ]
    }


# ---------------------------------------------------------------- bookmarks


@method("bookmarks.add", "bookmarks:write", required=("channel_id", "title", "type"))
def add_bookmark(call: Call) -> Wire:
    channel = call.channel("channel_id")
    if call.arguments.text("type") != "link":
        raise SlackError("invalid_bookmark_type", call.arguments.text("type"))
    link = call.arguments.text("link")
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link", link)
    title, emoji = call.arguments.text("title"), call.arguments.text("emoji")
    return {"bookmark": call.workspace.add_bookmark(call.bot, channel.id, title, link, emoji)}


@method("bookmarks.edit", "bookmarks:write", required=("channel_id", "bookmark_id"))
def edit_bookmark(call: Call) -> Wire:
    channel = call.channel("channel_id")
    fields = {name: call.arguments.text(name) for name in ("title", "link", "emoji") if name in call.arguments}
    held = call.workspace.edit_bookmark(call.bot, channel.id, call.arguments.text("bookmark_id"), **fields)
    return {"bookmark": held}


@method("bookmarks.list", "bookmarks:read", required=("channel_id",))
def bookmarks(call: Call) -> Wire:
    channel = call.workspace.joined(call.bot, call.channel("channel_id").id)
    return {"bookmarks": list(channel.bookmarks)}


@method("bookmarks.remove", "bookmarks:write", required=("channel_id", "bookmark_id"))
def remove_bookmark(call: Call) -> Wire:
    channel = call.channel("channel_id")
    call.workspace.remove_bookmark(call.bot, channel.id, call.arguments.text("bookmark_id"))
    return {}
