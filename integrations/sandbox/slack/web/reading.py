"""What was said: conversations.history and conversations.replies."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.records import Message, SlackError, Wire
from integrations.sandbox.slack.web.method import Call, history, method, micros, page_by_ts

_TS = re.compile(r"\d{1,10}(\.\d{1,6})?")


@method("conversations.history", by=history(), required=("channel",))
def history_(call: Call) -> Wire:
    channel = call.channel()
    newest_first = list(reversed(_between(call, call.workspace.history(call.bot, channel.id))))
    part, cursor = page_by_ts(call, newest_first, otherwise=100, most=999)
    answer: Wire = {
        "messages": _shown(call, part),
        "has_more": bool(cursor),
        "pin_count": len(channel.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


@method("conversations.replies", by=history(), required=("channel", "ts"))
def replies(call: Call) -> Wire:
    channel = call.channel()
    found = call.workspace.thread(call.bot, channel.id, call.arguments.text("ts"))
    parent, later = found[0], _between(call, found[1:])
    # The parent comes with every page of its thread.
    part, cursor = page_by_ts(call, later, otherwise=1_000, most=1_000)
    answer: Wire = {"messages": _shown(call, [parent, *part]), "has_more": bool(cursor)}
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


def _shown(call: Call, messages: Iterable[Message]) -> list[Wire]:
    metadata = call.arguments.flag("include_all_metadata")
    return [shapes.message(call.workspace, one, metadata=metadata, by=call.bot) for one in messages]


def _between(call: Call, messages: list[Message]) -> list[Message]:
    inclusive = call.arguments.flag("inclusive")
    oldest, latest = _moment(call, "oldest"), _moment(call, "latest")

    if oldest is None and latest is None:
        return messages

    def fits(message: Message) -> bool:
        ts = micros(message.ts)
        if inclusive:
            return (oldest is None or ts >= oldest) and (latest is None or ts <= latest)
        return (oldest is None or ts > oldest) and (latest is None or ts < latest)

    return [message for message in messages if fits(message)]


def _moment(call: Call, name: str) -> int | None:
    if name not in call.arguments or call.arguments.text(name) in {"0", "now"}:
        return None
    told = call.arguments.text(name)
    if not _TS.fullmatch(told):
        raise SlackError(f"invalid_ts_{name}", told)
    return micros(told)
