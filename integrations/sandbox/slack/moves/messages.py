"""Messages: posting, changing, deleting, reactions and pins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integrations.sandbox.slack import rules
from integrations.sandbox.slack.records import Message, SlackError, Wire, copied
from integrations.sandbox.slack.tables import Tables

STREAM_SECONDS = 300
_EMOJI = re.compile(r"[a-z0-9_+'\-]+(::skin-tone-[2-6])?")


class MessageMoves(Tables):
    """What can be done with a message."""

    def post(
        self,
        by: str,
        channel: str,
        text: str,
        *,
        blocks: Sequence[Mapping[str, Any]] = (),
        thread_ts: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        files: Sequence[str] = (),
        ephemeral_to: str | None = None,
        reply_broadcast: bool = False,
        subtype: str | None = None,
        username: str | None = None,
        client_msg_id: str | None = None,
        anywhere: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> Message:
        """`anywhere`: without being in the channel (chat:write.public, response_url); the caller saw that it may."""
        found = self.channel(channel) if anywhere else self.joined(by, channel)
        if found.archived:
            raise SlackError("is_archived", f"{found.name} is archived")
        if not text.strip() and not blocks and not files:
            raise SlackError("no_text", "neither text, nor blocks, nor files")
        rules.check_text(text)
        rules.check_blocks(blocks)
        if ephemeral_to is not None and ephemeral_to not in found.members:
            raise SlackError("user_not_in_channel", f"{ephemeral_to} is not in {found.name or found.id}")
        is_app, root = self.is_app(by), self._root_of(found.id, thread_ts)
        message = Message(
            channel=found.id,
            ts=self.next_ts(),
            user=by,
            text=text,
            blocks=self._with_ids(blocks),
            thread_ts=root,
            bot_id=self.bot_id if is_app else None,
            app_id=self.app_id if is_app else None,
            subtype=subtype or ("file_share" if files else None),
            metadata=copied(dict(metadata)) if metadata else None,
            files=list(files),
            ephemeral_to=ephemeral_to,
            reply_broadcast=reply_broadcast and root is not None,
            username=username,
            client_msg_id=client_msg_id,
            extra=dict(extra or {}),
        )
        self._keep(message)
        return message

    def update(
        self,
        by: str,
        channel: str,
        ts: str,
        text: str | None = None,
        *,
        blocks: Sequence[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, Any] | None = None,
        files: Sequence[str] | None = None,
        ephemeral_too: bool = False,
    ) -> Message:
        """What is None stays. Ephemeral messages change only through a response_url (`ephemeral_too`)."""
        found = self.seen(by, channel)
        message = self._own(by, found.id, ts, "cant_update_message", ephemeral_too=ephemeral_too)
        if found.archived:
            raise SlackError("is_archived", f"{found.name} is archived")
        if self.is_streaming(message):
            raise SlackError("streaming_state_conflict", f"{ts} is being streamed; stop it first")
        if text is None and blocks is None and files is None and metadata is None:
            raise SlackError("no_text", "neither text nor blocks")
        new_text = message.text if text is None else text
        new_blocks = message.blocks if blocks is None else list(blocks)
        if not new_text.strip() and not new_blocks and not (message.files if files is None else files):
            raise SlackError("no_text", "neither text nor blocks")
        rules.check_text(
            new_text, rules.UPDATE_TEXT_LIMIT if self.is_app(by) and text is not None else rules.TEXT_LIMIT
        )
        rules.check_blocks(new_blocks)
        previous = message.as_json()
        message.text = new_text
        message.blocks = self._with_ids(new_blocks)
        if blocks is not None:
            message.chunks = []  # what was streamed is blocks, too, and these come instead
        if metadata is not None:
            message.metadata = copied(dict(metadata)) or None
        if files is not None:
            message.files = list(files)
        if message.ephemeral_to is not None:
            self.changed(
                "ephemeral_changed", channel=found.id, ts=ts, to=message.ephemeral_to, thread_ts=message.thread_ts
            )
        else:
            if not self.is_app(by) or blocks is None:  # Slack does not call it edited when blocks were exchanged
                message.edited = {"user": by, "ts": self.next_ts()}
            self._told_of_change(message, previous)
        return message

    def delete(self, by: str, channel: str, ts: str, *, ephemeral_too: bool = False) -> None:
        """A parent with replies leaves a tombstone; everything else is gone."""
        found = self.seen(by, channel)
        message = self._own(by, found.id, ts, "cant_delete_message", ephemeral_too=ephemeral_too)
        if message.ephemeral_to is not None:
            del self.ephemeral[ts]
            self.changed(
                "ephemeral_deleted", channel=found.id, ts=ts, to=message.ephemeral_to, thread_ts=message.thread_ts
            )
            return
        if self.is_streaming(message):
            raise SlackError("cant_delete_message", f"{ts} is being streamed; stop it first")
        previous = message.as_json()
        message.deleted = True
        if ts in found.pins:
            found.pins.remove(ts)
        if not self.replies_to(found.id, ts):
            del self.messages[found.id][ts]
            self.replies.pop((found.id, ts), None)
        if message.thread_ts is not None:
            self._forget_reply(found.id, message.thread_ts, ts)
        self.changed(
            "message_deleted",
            channel=found.id,
            ts=ts,
            user=message.user,
            thread_ts=message.thread_ts,
            previous=previous,
        )

    # ---------------------------------------------------------------- reactions and pins

    def react(self, by: str, channel: str, ts: str, name: str, add: bool = True) -> None:  # noqa: FBT001, FBT002
        found = self.seen(by, channel)
        name = name.strip(":")
        if not _EMOJI.fullmatch(name):
            raise SlackError("invalid_name", f"{name!r} is no emoji's name")
        message = self.find(found.id, ts)
        if message is None:
            raise SlackError("message_not_found", f"no message {ts!r} in {found.id}")
        if by not in found.members:
            raise SlackError("not_in_channel", f"{by} is not in {found.name}")
        if found.archived:
            raise SlackError("is_archived", f"{found.name} is archived")
        who = message.reactions.get(name, [])
        if add and by in who:
            raise SlackError("already_reacted", f"{by} did say :{name}:")
        if not add and by not in who:
            raise SlackError("no_reaction", f"{by} did not say :{name}:")
        if add:
            message.reactions.setdefault(name, []).append(by)
        else:
            who.remove(by)
            if not who:
                del message.reactions[name]
        self.changed(
            "reaction_added" if add else "reaction_removed",
            channel=found.id,
            ts=ts,
            user=by,
            reaction=name,
            item_user=message.user,
        )

    def pin(self, by: str, channel: str, ts: str) -> None:
        found = self.writable(by, channel)
        if self.find(found.id, ts) is None:
            raise SlackError("message_not_found", f"no message {ts!r} in {found.id}")
        if ts in found.pins:
            raise SlackError("already_pinned", ts)
        found.pins.insert(0, ts)
        self.changed("pin_added", channel=found.id, ts=ts, user=by)

    def unpin(self, by: str, channel: str, ts: str) -> None:
        found = self.writable(by, channel)
        if ts not in found.pins:
            raise SlackError("no_pin", f"{ts!r} is not pinned in {found.id}")
        found.pins.remove(ts)
        self.changed("pin_removed", channel=found.id, ts=ts, user=by)

    # ---------------------------------------------------------------- reading

    def history(self, by: str, channel: str) -> list[Message]:
        """What the channel shows to `by`, oldest first; `by` has to be in it, unless a person looks at a public one."""
        found = self.seen(by, channel)
        if by not in found.members and self.is_app(by):
            raise SlackError("not_in_channel", f"{by} is not in {found.name}")
        return list(self.top_level(found.id))

    def thread(self, by: str, channel: str, ts: str) -> list[Message]:
        """The parent first; of a reply's ts, only that reply, as Slack has it."""
        found = self.seen(by, channel)
        if by not in found.members and self.is_app(by):
            raise SlackError("not_in_channel", f"{by} is not in {found.name}")
        parent = self.messages.get(found.id, {}).get(ts)
        if parent is None:
            raise SlackError("thread_not_found", f"no message {ts!r} in {found.id}")
        return [parent, *self.replies_to(found.id, ts)]

    # ---------------------------------------------------------------- streams come to an end by themselves

    def is_streaming(self, message: Message) -> bool:
        """Whether more can be said to it; five minutes after its start nothing can, and nobody is told."""
        if message.streaming and self.clock() - message.stream_started >= STREAM_SECONDS:
            previous = message.as_json()
            message.streaming = False
            self._told_of_change(message, previous, by_stream=True)
        return message.streaming

    # ---------------------------------------------------------------- keeping

    def _keep(self, message: Message) -> None:
        if message.ephemeral_to is not None:
            self.ephemeral[message.ts] = message
            self.changed(
                "ephemeral",
                channel=message.channel,
                ts=message.ts,
                user=message.user,
                to=message.ephemeral_to,
                thread_ts=message.thread_ts,
            )
            return
        self.messages.setdefault(message.channel, {})[message.ts] = message
        if message.thread_ts is not None:
            self.replies.setdefault((message.channel, message.thread_ts), []).append(message.ts)
            self._answered(message)
        self.changed(
            "message",
            channel=message.channel,
            ts=message.ts,
            user=message.user,
            thread_ts=message.thread_ts,
            subtype=message.subtype,
        )

    def _answered(self, message: Message) -> None:
        """A word of the app ends what its status said."""
        thread = self.assistant.get((message.channel, message.root))
        if thread is not None and thread.status and self.is_app(message.user):
            thread.status, thread.loading_messages = "", []
            self.changed(
                "assistant_status",
                channel=thread.channel,
                ts=thread.ts,
                user=thread.person,
                status="",
                loading_messages=[],
            )

    def _told_of_change(self, message: Message, previous: Wire, *, by_stream: bool = False) -> None:
        self.changed(
            "message_changed",
            channel=message.channel,
            ts=message.ts,
            user=message.user,
            thread_ts=message.thread_ts,
            previous=previous,
            by_stream=by_stream,
        )

    def _own(self, by: str, channel: str, ts: str, otherwise: str, *, ephemeral_too: bool) -> Message:
        message = self.find(channel, ts)
        if message is None and ephemeral_too:
            message = self.ephemeral.get(ts)
        if message is None or message.channel != channel:
            raise SlackError("message_not_found", f"no message {ts!r} in {channel!r}")
        if message.user != by or (message.subtype or "").startswith(("channel_", "group_")):
            raise SlackError(otherwise, f"{ts} is not a message of {by}")
        return message

    def _root_of(self, channel: str, thread_ts: str | None) -> str | None:
        """A reply to what is not there (any more) becomes a message of the channel: Slack says nothing about it."""
        if not thread_ts:
            return None
        parent = self.messages.get(channel, {}).get(thread_ts)
        if parent is None:
            return None
        if (parent.subtype or "").startswith(("channel_", "group_")):
            raise SlackError("cannot_reply_to_message", f"a {parent.subtype} message has no thread")
        return parent.root

    def _forget_reply(self, channel: str, parent: str, ts: str) -> None:
        left = [reply for reply in self.replies.get((channel, parent), ()) if reply != ts]
        self.replies[channel, parent] = left
        root = self.messages[channel].get(parent)
        if not left:
            del self.replies[channel, parent]
            if root is not None and root.deleted:
                del self.messages[channel][parent]

    def _with_ids(self, blocks: Iterable[Mapping[str, Any]]) -> list[Wire]:
        """Copies with a block_id and action_ids everywhere, as Slack fills them in."""
        return rules.with_ids(blocks, lambda: self.next_id("b"))
