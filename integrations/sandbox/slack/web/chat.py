"""Messages: chat.postMessage, postEphemeral, update, delete, getPermalink."""

from __future__ import annotations

from integrations.sandbox.slack import rules, shapes
from integrations.sandbox.slack.blocks import MARKDOWN_LIMIT
from integrations.sandbox.slack.records import Channel, SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method

_DISGUISES = ("username", "icon_emoji", "icon_url")


@method("chat.postMessage", "chat:write", required=("channel",))
def post_message(call: Call) -> Wire:
    channel = _destination(call)
    text, blocks = _said(call)
    _no_disguise(call)
    anywhere = call.bot not in channel.members and "chat:write.public" in call.manifest.scopes
    message = call.workspace.post(
        call.bot,
        channel.id,
        text or "",
        blocks=blocks or (),
        thread_ts=call.arguments.maybe("thread_ts"),
        reply_broadcast=call.arguments.flag("reply_broadcast"),
        metadata=_metadata(call),
        username=call.arguments.maybe("username"),
        client_msg_id=call.arguments.maybe("client_msg_id"),
        anywhere=anywhere,
    )
    shown = shapes.message(call.workspace, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


@method("chat.postEphemeral", "chat:write", required=("channel", "user"))
def post_ephemeral(call: Call) -> Wire:
    channel = _destination(call)
    text, blocks = _said(call)
    _no_disguise(call)
    user = call.arguments.text("user")
    if user not in call.workspace.people:
        raise SlackError("user_not_found", user)
    message = call.workspace.post(
        call.bot,
        channel.id,
        text or "",
        blocks=blocks or (),
        thread_ts=call.arguments.maybe("thread_ts"),
        ephemeral_to=user,
        username=call.arguments.maybe("username"),
    )
    return {"message_ts": message.ts}


@method("chat.update", "chat:write", required=("channel", "ts"))
def update(call: Call) -> Wire:
    channel = call.channel()
    text, blocks = _said(call)
    files = call.arguments.words("file_ids") if "file_ids" in call.arguments else None
    message = call.workspace.update(
        call.bot,
        channel.id,
        call.arguments.text("ts"),
        text,
        blocks=blocks,
        metadata=_metadata(call),
        files=files,
    )
    shown = shapes.message(call.workspace, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


@method("chat.delete", "chat:write", required=("channel", "ts"))
def delete(call: Call) -> Wire:
    channel, ts = call.channel(), call.arguments.text("ts")
    call.workspace.delete(call.bot, channel.id, ts)
    return {"channel": channel.id, "ts": ts}


@method("chat.getPermalink", required=("channel", "message_ts"))
def get_permalink(call: Call) -> Wire:
    channel = call.channel()
    message = call.workspace.find(channel.id, call.arguments.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found", call.arguments.text("message_ts"))
    return {"channel": channel.id, "permalink": shapes.permalink(call.workspace, message)}


def _destination(call: Call) -> Channel:
    """A channel by id or #name; a person's id means their direct messages."""
    workspace, wanted = call.workspace, call.arguments.text("channel")
    if wanted in workspace.people:
        if wanted == call.bot:
            raise SlackError("cannot_dm_bot", wanted)
        if workspace.people[wanted].is_stranger:
            raise SlackError("channel_not_found", f"{wanted} belongs to another workspace")
        return workspace.dm_with_bot(wanted)
    return workspace.seen(call.bot, wanted)


def _said(call: Call) -> tuple[str | None, list[Wire] | None]:
    """Text and blocks; markdown_text comes alone."""
    arguments = call.arguments
    text = arguments.text("text") if "text" in arguments.values else None
    blocks = arguments.blocks()
    if arguments.objects("attachments"):
        raise SlackError("invalid_attachments", "this workspace knows no attachments; say it in blocks")
    if "markdown_text" not in arguments:
        return text, blocks
    if text or blocks:
        raise SlackError("markdown_text_conflict", "markdown_text comes without text and blocks")
    markdown = arguments.text("markdown_text")
    rules.check_text(markdown, MARKDOWN_LIMIT)
    return markdown[: rules.UPDATE_TEXT_LIMIT], [{"type": "markdown", "text": markdown}]


def _metadata(call: Call) -> Wire | None:
    if "metadata" not in call.arguments:
        return None
    metadata: Wire = call.arguments.json("metadata", "invalid_metadata_format")
    if metadata:
        rules.check_metadata(metadata)
    return metadata


def _no_disguise(call: Call) -> None:
    if any(name in call.arguments for name in _DISGUISES):
        call.need("chat:write.customize")
