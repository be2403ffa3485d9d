"""Streaming messages: begun, appended to, stopped; and dead after five minutes without anybody being told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.slack import rules
from integrations.sandbox.slack.moves.messages import MessageMoves
from integrations.sandbox.slack.records import Message, SlackError, Wire, copied


class StreamMoves(MessageMoves):
    """What can be done with a message while it is being said."""

    def start_stream(
        self,
        by: str,
        channel: str,
        thread_ts: str | None,
        *,
        text: str = "",
        chunks: Sequence[Mapping[str, Any]] = (),
        recipient_user: str | None = None,
        recipient_team: str | None = None,
        task_display_mode: str = "timeline",
        username: str | None = None,
    ) -> Message:
        found = self.writable(by, channel)
        if not thread_ts:
            raise SlackError("invalid_arguments", messages=["[ERROR] missing required field: thread_ts"])
        if not found.is_dm:
            if not recipient_user:
                raise SlackError("missing_recipient_user_id", f"{found.name} is no direct message")
            if not recipient_team:
                raise SlackError("missing_recipient_team_id", f"{found.name} is no direct message")
            if recipient_user not in found.members:
                raise SlackError("user_not_in_channel", f"{recipient_user} is not in {found.name}")
        root = self._root_of(found.id, thread_ts)
        if root is None:
            raise SlackError("thread_not_found", f"no message {thread_ts!r} in {found.id} to reply to")
        rules.check_chunks(text, chunks)
        message = Message(
            channel=found.id,
            ts=self.next_ts(),
            user=by,
            text="",
            thread_ts=root,
            bot_id=self.bot_id if self.is_app(by) else None,
            app_id=self.app_id if self.is_app(by) else None,
            streaming=True,
            stream_started=self.clock(),
            task_display_mode=task_display_mode,
            username=username,
        )
        self._say(message, text, chunks)
        self._keep(message)
        return message

    def append_stream(
        self, by: str, channel: str, ts: str, text: str = "", chunks: Sequence[Mapping[str, Any]] = ()
    ) -> Message:
        message = self._live(by, channel, ts)
        if not text and not chunks:
            raise SlackError("no_text", "neither markdown_text nor chunks")
        rules.check_chunks(text, chunks)
        previous = message.as_json()
        self._say(message, text, chunks)
        self._told_of_change(message, previous, by_stream=True)
        return message

    def stop_stream(
        self,
        by: str,
        channel: str,
        ts: str,
        text: str = "",
        chunks: Sequence[Mapping[str, Any]] = (),
        *,
        blocks: Sequence[Mapping[str, Any]] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> Message:
        """`blocks` come below what was streamed."""
        message = self._live(by, channel, ts)
        rules.check_chunks(text, chunks)
        rules.check_blocks([*message.blocks, *blocks])
        previous = message.as_json()
        self._say(message, text, chunks)
        message.blocks = self._with_ids([*message.blocks, *blocks])
        message.streaming = False
        if metadata is not None:
            message.metadata = copied(dict(metadata))
        self._told_of_change(message, previous, by_stream=True)
        return message

    def expire_streams(self) -> None:
        """Those that are over are shown as such; whoever runs the workspace asks now and then."""
        for held in self.messages.values():
            for message in held.values():
                self.is_streaming(message)

    def _live(self, by: str, channel: str, ts: str) -> Message:
        found = self.joined(by, channel)
        message = self.find(found.id, ts)
        if message is None:
            raise SlackError("message_not_found", f"no message {ts!r} in {found.id}")
        if message.user != by:
            raise SlackError("message_not_owned_by_app", f"{ts} is not a message of {by}")
        if not self.is_streaming(message):
            raise SlackError("message_not_in_streaming_state", f"{ts} is not being streamed any more")
        return message

    def _say(self, message: Message, text: str, chunks: Sequence[Mapping[str, Any]]) -> None:
        given: list[Mapping[str, Any]] = [{"type": "markdown_text", "text": text}] if text else []
        for chunk in [*given, *chunks]:
            match chunk["type"]:
                case "markdown_text":
                    self._say_text(message, chunk["text"])
                case "task_update":
                    self._say_task(message, chunk)
                case "plan_update":
                    plans = [held for held in message.chunks if held["type"] == "plan_update"]
                    if plans:
                        plans[0]["title"] = chunk["title"]
                    else:
                        message.chunks.append(dict(chunk))
                case _:
                    message.blocks = self._with_ids([*message.blocks, *chunk["blocks"]])

    def _say_text(self, message: Message, text: str) -> None:
        message.text += text
        if message.chunks and message.chunks[-1]["type"] == "markdown_text":
            message.chunks[-1]["text"] += text
        else:
            message.chunks.append({"type": "markdown_text", "text": text})

    def _say_task(self, message: Message, chunk: Mapping[str, Any]) -> None:
        """Title and status are replaced; details, output and sources grow."""
        task: Wire = next(
            (held for held in message.chunks if held["type"] == "task_update" and held["id"] == chunk["id"]), {}
        )
        if not task:
            task.update(type="task_update", id=chunk["id"], title="", status="pending")
            message.chunks.append(task)
        task.update({name: chunk[name] for name in ("title", "status") if chunk.get(name)})
        for name in ("details", "output"):
            if chunk.get(name):
                task[name] = task.get(name, "") + chunk[name]
        if chunk.get("sources"):
            task["sources"] = [*task.get("sources", []), *copied(chunk["sources"])]
