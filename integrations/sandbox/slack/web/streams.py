"""Streaming: chat.startStream, appendStream, stopStream."""

from __future__ import annotations

from integrations.sandbox.slack import rules, shapes
from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method


@method("chat.startStream", "chat:write", required=("channel", "thread_ts"))
def start_stream(call: Call) -> Wire:
    channel = call.channel()
    mode = call.arguments.text("task_display_mode", "timeline")
    if mode not in {"timeline", "plan"}:
        what = f"[ERROR] must be a valid enum value; found `{mode}` [json-pointer:/task_display_mode]"
        raise SlackError("invalid_arguments", mode, messages=[what])
    user, team = call.arguments.maybe("recipient_user_id"), call.arguments.maybe("recipient_team_id")
    if user is not None and user not in call.workspace.people:
        raise SlackError("user_not_found", user)
    if team is not None and team not in {one.team_id for one in call.workspace.people.values()}:
        raise SlackError("team_not_found", team)
    message = call.workspace.start_stream(
        call.bot,
        channel.id,
        call.arguments.text("thread_ts"),
        text=call.arguments.text("markdown_text"),
        chunks=call.arguments.objects("chunks"),
        recipient_user=user,
        recipient_team=team,
        task_display_mode=mode,
    )
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", "chat:write", required=("channel", "ts"))
def append_stream(call: Call) -> Wire:
    channel = call.channel()
    message = call.workspace.append_stream(
        call.bot,
        channel.id,
        call.arguments.text("ts"),
        call.arguments.text("markdown_text"),
        call.arguments.objects("chunks"),
    )
    return {"channel": channel.id, "ts": message.ts}


@method("chat.stopStream", "chat:write", required=("channel", "ts"))
def stop_stream(call: Call) -> Wire:
    channel = call.channel()
    metadata = call.arguments.json("metadata", "invalid_metadata_format")
    if metadata:
        rules.check_metadata(metadata)
    message = call.workspace.stop_stream(
        call.bot,
        channel.id,
        call.arguments.text("ts"),
        call.arguments.text("markdown_text"),
        call.arguments.objects("chunks"),
        blocks=call.arguments.blocks() or (),
        metadata=metadata,
    )
    shown = shapes.message(call.workspace, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}
