"""The assistant pane: its threads, and what the app says about them (status, title, suggested prompts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.sandbox.slack.moves.conversations import ConversationMoves
from integrations.sandbox.slack.records import AssistantThread, Message, SlackError, Wire

PROMPT_LIMIT = 4


class AssistantMoves(ConversationMoves):
    """What can be done in the assistant pane."""

    def start_assistant_thread(self, person: str, *, context_channel: str | None = None) -> AssistantThread:
        """A person opens the pane anew, while looking at `context_channel`."""
        dm = self.dm_with_bot(person)
        root = Message(
            channel=dm.id,
            ts=self.next_ts(),
            user=self.bot_user_id,
            text="New Assistant Thread",
            subtype="assistant_app_thread",
            bot_id=self.bot_id,
            app_id=self.app_id,
            extra={"assistant_app_thread": {"title": "New Assistant Thread", "title_blocks": [], "artifacts": []}},
        )
        thread = AssistantThread(dm.id, root.ts, person, context=self._context(context_channel))
        self.assistant[dm.id, root.ts] = thread
        self._keep(root)
        self.changed("assistant_thread_started", channel=dm.id, ts=root.ts, user=person, context=thread.context)
        return thread

    def change_assistant_context(self, channel: str, ts: str, *, context_channel: str | None) -> AssistantThread:
        """The person looks at another channel, the pane still open."""
        thread = self._thread(channel, ts)
        thread.context = self._context(context_channel)
        self.changed(
            "assistant_thread_context_changed", channel=channel, ts=ts, user=thread.person, context=thread.context
        )
        return thread

    def set_status(self, by: str, channel: str, ts: str, status: str, loading_messages: Sequence[str] = ()) -> None:
        """In the pane, and in threads of channels that the app is in; an empty one clears it."""
        found = self.joined(by, channel)
        thread = self.assistant.get((found.id, ts))
        if thread is None:
            parent = self.find(found.id, ts)
            if parent is None:
                raise SlackError("thread_not_found", f"no message {ts!r} in {found.id}")
            thread = AssistantThread(found.id, parent.root, parent.user, in_pane=False)
            self.assistant[found.id, parent.root] = thread
        thread.status, thread.loading_messages = status, list(loading_messages)
        self.changed(
            "assistant_status",
            channel=thread.channel,
            ts=thread.ts,
            user=thread.person,
            status=status,
            loading_messages=thread.loading_messages,
        )

    def set_title(self, by: str, channel: str, ts: str, title: str) -> None:
        thread = self._thread(self.joined(by, channel).id, ts)
        thread.title = title
        root = self.find(channel, ts)
        if root is not None and "assistant_app_thread" in root.extra:
            root.extra["assistant_app_thread"]["title"] = title
            root.text = title
        self.changed("assistant_title", channel=channel, ts=ts, user=thread.person, title=title)

    def set_prompts(
        self, by: str, channel: str, ts: str | None, prompts: Sequence[Mapping[str, str]], title: str = ""
    ) -> None:
        found = self.joined(by, channel)
        if len(prompts) > PROMPT_LIMIT:
            raise SlackError(
                "invalid_arguments",
                messages=[f"[ERROR] no more than {PROMPT_LIMIT} items allowed [json-pointer:/prompts]"],
            )
        held: list[Wire] = [dict(prompt) for prompt in prompts]
        if ts is not None:
            thread = self._thread(found.id, ts)
            thread.prompts, thread.prompts_title = held, title
        self.changed(
            "assistant_prompts",
            channel=found.id,
            ts=ts,
            user=next((m for m in found.members if m != by), by),
            title=title,
            prompts=held,
        )

    def _thread(self, channel: str, ts: str) -> AssistantThread:
        found = self.assistant.get((channel, ts))
        if found is None or not found.in_pane:
            raise SlackError("thread_not_found", f"no assistant thread {ts!r} in {channel!r}")
        return found

    def _context(self, channel: str | None) -> Wire:
        return {"channel_id": channel, "team_id": self.team_id} if channel else {}
