"""Everything that the app has sent, before two judges that know nothing of us, and before Slack's own word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slack_sdk.models.messages.chunk import BlocksChunk, Chunk

from integrations.sandbox.slack.playground import Playground
from integrations.sandbox.slack.watching import Sent
from tests.handlers.judges import judge

SAYS = frozenset({"chat.postMessage", "chat.postEphemeral", "chat.update", "response_url", "slash_command"})
STREAMS = frozenset({"chat.startStream", "chat.appendStream", "chat.stopStream"})
SHOWS = frozenset({"views.open", "views.update", "views.publish"})
OUR_FAULT = frozenset(
    {"missing_scope", "unknown_method", "not_authed", "invalid_auth", "invalid_arguments", "invalid_blocks"}
    | {"invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text", "too_many_attachments"}
    | {"not_allowed_token_type", "invalid_arg_name", "invalid_array_arg", "view_too_large", "invalid_chunks"}
)
"""What Slack answers to an app that is wrong, whatever the workspace does."""


def judge_all(workspace: Playground) -> None:
    """Raises AssertionError at the first payload that either judge, or Slack, would not take."""
    for sent in workspace.sent:
        try:
            _judge(sent)
        except AssertionError as error:
            raise AssertionError(f"{sent.what}: {error}") from error
    wrong = [
        f"{entry['what']}: {entry['status']} {entry['response']}"
        for entry in workspace.inspector.entries()
        if entry["direction"] == "app→slack" and entry["status"] in OUR_FAULT
    ]
    assert not wrong, wrong


def _judge(sent: Sent) -> None:
    payload = sent.payload
    if sent.what in SAYS:
        judge("message", payload)
    elif sent.what in SHOWS:
        judge("view", payload["view"])
    elif sent.what in STREAMS:
        _chunks(payload.get("chunks") or ())
        judge("blocks", payload.get("blocks") or [])
    elif sent.what == "view_submission":
        if "view" in payload:
            judge("view", payload["view"])
        assert all(str(error).strip() for error in payload.get("errors", {}).values())
    else:
        assert not {"blocks", "view", "chunks"} & payload.keys(), "nobody has judged this"


def _chunks(chunks: Iterable[Mapping[str, Any]]) -> None:
    for chunk in chunks:
        known = Chunk.parse(dict(chunk))
        assert known is not None, f"slack_sdk does not know the chunk {chunk.get('type')!r}"
        if isinstance(known, BlocksChunk):
            judge("blocks", chunk["blocks"])
        else:
            lost = {name for name, value in chunk.items() if value} - known.to_dict().keys()
            assert not lost, f"slack_sdk leaves out {lost} of {chunk}"
