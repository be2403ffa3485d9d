"""What the app says about a conversation in the assistant pane: assistant.threads.*."""

from __future__ import annotations

from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method

_LOADING = 10


@method("assistant.threads.setStatus", "assistant:write|chat:write", required=("channel_id", "thread_ts"))
def set_status(call: Call) -> Wire:
    if "status" not in call.arguments.values:
        raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: status"])
    loading = call.arguments.words("loading_messages")
    if len(loading) > _LOADING:
        what = f"[ERROR] no more than {_LOADING} items allowed [json-pointer:/loading_messages]"
        raise SlackError("invalid_arguments", messages=[what])
    status = call.arguments.text("status")
    call.workspace.set_status(
        call.bot, call.channel("channel_id").id, call.arguments.text("thread_ts"), status, loading
    )
    return {}


@method("assistant.threads.setTitle", "assistant:write", required=("channel_id", "thread_ts", "title"))
def set_title(call: Call) -> Wire:
    channel, ts = call.channel("channel_id"), call.arguments.text("thread_ts")
    call.workspace.set_title(call.bot, channel.id, ts, call.arguments.text("title"))
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write", required=("channel_id", "prompts"))
def set_suggested_prompts(call: Call) -> Wire:
    prompts = call.arguments.objects("prompts")
    for place, prompt in enumerate(prompts):
        for name in ("title", "message"):
            if not isinstance(prompt.get(name), str) or not prompt[name]:
                what = f"[ERROR] missing required field: {name} [json-pointer:/prompts/{place}]"
                raise SlackError("invalid_arguments", messages=[what])
    call.workspace.set_prompts(
        call.bot,
        call.channel("channel_id").id,
        call.arguments.maybe("thread_ts"),
        prompts,
        call.arguments.text("title"),
    )
    return {}
