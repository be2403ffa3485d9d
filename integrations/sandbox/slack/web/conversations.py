"""Conversations as places: making, listing, joining, naming, archiving. What was said in them is in `reading.py`."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.records import Channel, SlackError, Wire
from integrations.sandbox.slack.web.method import Call, managing, method, page, reading

_TYPES = {"public_channel": "channel", "private_channel": "private", "im": "im", "mpim": "mpim"}
_READ = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}


def _types(call: Call) -> list[str]:
    return call.arguments.words("types") or ["public_channel"]


def listing(call: Call) -> Sequence[str]:
    return [_READ[one] for one in _types(call) if one in _READ]


def _creating(call: Call) -> Sequence[str]:
    return ["groups:write" if call.arguments.flag("is_private") else "channels:manage"]


def _opening(call: Call) -> Sequence[str]:
    if "channel" in call.arguments:
        return ["im:write|mpim:write"]
    return ["im:write" if len(call.arguments.words("users")) <= 1 else "mpim:write"]


def _shown(call: Call, channel: Channel) -> Wire:
    return {"channel": shapes.channel(call.workspace, channel, call.bot)}


def listed(call: Call, channels: Sequence[Channel]) -> Wire:
    """Of the types asked for, in pages."""
    for one in _types(call):
        if one not in _TYPES:
            raise SlackError("invalid_types", one)
    kinds = {_TYPES[one] for one in _types(call)}
    unwanted = call.arguments.flag("exclude_archived")
    found = [
        shapes.channel(call.workspace, channel, call.bot)
        for channel in channels
        if channel.kind in kinds and not (unwanted and channel.archived)
    ]
    part, more = page(call, found, otherwise=100)
    return {"channels": part, "response_metadata": more}


@method("conversations.list", by=listing)
def list_(call: Call) -> Wire:
    seen = [one for one in call.workspace.channels.values() if call.workspace.can_see(call.bot, one.id)]
    answer = listed(call, seen)
    for shown in answer["channels"]:
        shown["num_members"] = len(call.workspace.channels[shown["id"]].members)
    return answer


@method("conversations.info", by=reading(), required=("channel",))
def info(call: Call) -> Wire:
    channel = call.channel()
    answer = _shown(call, channel)
    if call.arguments.flag("include_num_members"):
        answer["channel"]["num_members"] = len(channel.members)
    if call.bot in channel.members:
        answer["channel"]["last_read"] = call.workspace.last_read.get(call.bot, {}).get(channel.id, "0000000000.000000")
    return answer


@method("conversations.members", by=reading(), required=("channel",))
def members(call: Call) -> Wire:
    channel = call.channel()
    part, more = page(call, [{"id": one} for one in channel.members], otherwise=100)
    return {"members": [one["id"] for one in part], "response_metadata": more}


@method("conversations.create", by=_creating, required=("name",))
def create(call: Call) -> Wire:
    private = call.arguments.flag("is_private")
    return _shown(call, call.workspace.create_channel(call.bot, call.arguments.text("name"), private=private))


@method("conversations.open", by=_opening, required=("users|channel",))
def open_(call: Call) -> Wire:
    if "channel" in call.arguments:
        channel = call.channel()
        if not channel.is_dm:
            raise SlackError("method_not_supported_for_channel_type", channel.id)
    else:
        users = call.arguments.words("users")
        for user in users:
            if user not in call.workspace.people:
                raise SlackError("user_not_found", user)
        if users == [call.bot]:
            raise SlackError("cannot_dm_bot", call.bot)
        channel = call.workspace.open_dm(users, by=call.bot)
    if call.arguments.flag("return_im"):
        return _shown(call, channel)
    return {"channel": {"id": channel.id}}


@method("conversations.join", "channels:join", required=("channel",))
def join(call: Call) -> Wire:
    channel = call.channel()
    was_in = call.bot in channel.members
    answer = _shown(call, call.workspace.join(call.bot, channel.id))
    return {**answer, "warning": "already_in_channel"} if was_in else answer


@method("conversations.invite", by=managing(finer="write.invites"), required=("channel", "users"))
def invite(call: Call) -> Wire:
    channel, users = call.channel(), call.arguments.words("users")
    return _shown(call, call.workspace.invite(call.bot, channel.id, users))


@method("conversations.kick", by=managing(), required=("channel", "user"))
def kick(call: Call) -> Wire:
    call.workspace.kick(call.bot, call.channel().id, call.arguments.text("user"))
    return {"errors": {}}


@method("conversations.leave", by=managing(), required=("channel",))
def leave(call: Call) -> Wire:
    return {} if call.workspace.leave(call.bot, call.channel().id) else {"not_in_channel": True}


@method("conversations.rename", by=managing(), required=("channel", "name"))
def rename(call: Call) -> Wire:
    return _shown(call, call.workspace.rename(call.bot, call.channel().id, call.arguments.text("name")))


@method("conversations.setTopic", by=managing(finer="write.topic"), required=("channel",))
def set_topic(call: Call) -> Wire:
    return _shown(call, call.workspace.set_topic(call.bot, call.channel().id, call.arguments.text("topic")))


@method("conversations.setPurpose", by=managing(finer="write.topic"), required=("channel",))
def set_purpose(call: Call) -> Wire:
    return _shown(call, call.workspace.set_purpose(call.bot, call.channel().id, call.arguments.text("purpose")))


@method("conversations.archive", by=managing(), required=("channel",))
def archive(call: Call) -> Wire:
    call.workspace.archive(call.bot, call.channel().id)
    return {}


@method("conversations.unarchive", by=managing(), required=("channel",))
def unarchive(call: Call) -> Wire:
    call.workspace.unarchive(call.bot, call.channel().id)
    return {}


@method("conversations.mark", by=managing(), required=("channel", "ts"))
def mark(call: Call) -> Wire:
    channel = call.workspace.joined(call.bot, call.channel().id)
    call.workspace.mark_read(call.bot, channel.id, call.arguments.text("ts"))
    return {}
