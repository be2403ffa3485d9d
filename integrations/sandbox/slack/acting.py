"""A person of the workspace as a test drives them: every method is what a hand does in Slack, or an eye sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.sandbox.slack import forms
from integrations.sandbox.slack.reading import button, field, filled, plain, view_words, words
from integrations.sandbox.slack.state import Message, SlackError, View, Wire
from integrations.sandbox.slack.watching import Modal, Refused, Thread, Watch


class Person:
    """Somebody who does what the test says; each method is what a hand does in Slack."""

    def __init__(self, workspace: Watch, person: str) -> None:
        self._workspace = workspace
        self._state = workspace.state
        self._sandbox = workspace.sandbox
        self.id = person

    # ---------------------------------------------------------------- talking

    async def says(
        self, where: str | Thread, text: str, *, files: Sequence[str] = (), broadcast: bool = False
    ) -> Thread:
        """In a channel ("#ops"), or as a reply in a thread; names are typed as "@sre" and "#ops"."""
        channel, thread_ts = (where.channel, where.ts) if isinstance(where, Thread) else (self._channel(where), None)
        message = self._sandbox.page.say(self.id, channel, text, thread_ts=thread_ts, files=files, broadcast=broadcast)
        return Thread(self._workspace, self.id, message)

    async def dm(self, text: str, *, thread: Thread | None = None) -> Thread:
        """To the app."""
        return await self.says(thread or self._state.dm_with_bot(self.id).id, text)

    async def opens_assistant(self, *, context: str | None = None) -> Thread:
        """The assistant pane, while looking at the channel `context`."""
        about = self._channel(context) if context else None
        thread = self._state.start_assistant_thread(self.id, context_channel=about)
        return Thread(self._workspace, self.id, self._state.message(thread.channel, thread.ts))

    async def asks_assistant(self, text: str, *, context: str | None = None, thread: Thread | None = None) -> Thread:
        return await self.says(thread or await self.opens_assistant(context=context), text)

    async def edits(self, message: Message | Thread, text: str) -> None:
        said = message.said if isinstance(message, Thread) else message
        sent, blocks = self._sandbox.page.typed(text)
        self._state.update(self.id, said.channel, said.ts, sent, blocks=blocks)

    async def deletes(self, message: Message | Thread) -> None:
        said = message.said if isinstance(message, Thread) else message
        self._state.delete(self.id, said.channel, said.ts)

    async def reacts(self, message: Message | Thread, name: str, *, remove: bool = False) -> None:
        said = message.said if isinstance(message, Thread) else message
        self._state.react(self.id, said.channel, said.ts, name, add=not remove)

    async def pins(self, message: Message | Thread) -> None:
        said = message.said if isinstance(message, Thread) else message
        self._state.pin(self.id, said.channel, said.ts)

    async def uploads(self, where: str | Thread, name: str, content: bytes, *, text: str = "") -> Thread:
        file = self._state.add_file(self.id, name, content)
        return await self.says(where, text, files=[file.id])

    async def joins(self, channel: str) -> None:
        self._state.join(self.id, self._channel(channel))

    async def leaves(self, channel: str) -> None:
        self._state.leave(self.id, self._channel(channel))

    async def runs(self, command: str, text: str = "", *, channel: str = "#general") -> None:
        """A slash command."""
        if error := await self._sandbox.interactions.command(self.id, command, text, self._channel(channel)):
            raise Refused(error)

    async def uses_shortcut(self, name: str, *, message: Message | Thread | None = None) -> None:
        """By its name or callback_id; with a message, from that message's menu."""
        said = message.said if isinstance(message, Thread) else message
        kind = "message" if said else "global"
        known = [one for one in self._sandbox.manifest.shortcuts if one["type"] == kind]
        found = next((one for one in known if name in {one["callback_id"], one["name"]}), None)
        if found is None:
            there = ", ".join(repr(one["name"]) for one in known) or "none"
            raise Refused(f"There is no {kind} shortcut {name!r}; there is {there}.")
        error = await self._sandbox.interactions.shortcut(
            self.id,
            found["callback_id"],
            channel=said.channel if said else None,
            message_ts=said.ts if said else None,
        )
        if error:
            raise Refused(error)

    # ---------------------------------------------------------------- clicking and filling

    async def clicks(self, where: Message | View | Modal, what: str) -> None:
        """A button (by its words or action_id), an entry of an overflow menu, or a face of feedback."""
        container, blocks = self._place(where)
        one, given = button(blocks, what)
        await self._act(container, one, given)

    async def chooses(self, where: Message | View | Modal, what: str, value: Any) -> None:
        """In a menu, a picker or boxes outside of a form's inputs: the app hears at once."""
        container, blocks = self._place(where)
        one = field(blocks, what)
        if "external" in str(one.element["type"]):
            value = await self._offered(container, one, value)
        await self._act(container, one, filled(one, value))

    async def fills(self, where: View | Modal, values: dict[str, Any]) -> None:
        """Inputs by label, block_id or action_id; options by what they show or by value."""
        for what, value in values.items():
            container, blocks = self._place(where)
            one = field(blocks, what)
            if "external" in str(one.element["type"]):
                value = await self._offered(container, one, value)  # noqa: PLW2901  what the app calls it
            entry = filled(one, value)
            self._state.enter(container["view_id"], {one.block_id: {one.action_id: entry}})
            if one.block.get("dispatch_action") or one.block["type"] != "input":
                await self._act(container, one, entry)

    async def options(self, where: Message | View | Modal, what: str, typed: str = "") -> list[Wire]:
        """What the app offers in a menu that it fills itself."""
        container, blocks = self._place(where)
        one = field(blocks, what)
        found = await self._sandbox.interactions.options(self.id, container, one.block_id, one.action_id, typed)
        groups = found.get("option_groups", [])
        return [*found.get("options", []), *(option for group in groups for option in group["options"])]

    async def submits(self, where: View | Modal) -> dict[str, str]:
        """Errors by the label of their field; none when the app (and Slack's own check) took it."""
        view = where.view if isinstance(where, Modal) else self._state.view(where.id)
        labels = {block["block_id"]: plain(block.get("label")) for block in view.payload["blocks"]}
        found = await self._sandbox.interactions.submit(self.id, view.id, {})
        if "error" in found:
            raise Refused(f"{found['error']} ({found.get('why', '')}) {found.get('messages') or ''}".strip())
        return {labels.get(block) or block: error for block, error in found.get("errors", {}).items()}

    async def closes(self, where: View | Modal, *, clear: bool = False) -> None:
        await self._sandbox.interactions.close(self.id, where.id, clear=clear)

    # ---------------------------------------------------------------- seeing

    async def modal(
        self, *, titled: str | None = None, containing: str | None = None, timeout: float | None = None
    ) -> Modal:
        """The modal on top, waited for."""

        def find() -> Modal | None:
            stack = self._state.modals_of(self.id)
            if not stack:
                return None
            top = Modal(self._workspace, stack[-1].id)
            fits = titled in {None, top.title} and (containing is None or containing in top.text)
            return top if fits else None

        wanted = "A modal" + (f" titled {titled!r}" if titled else "") + (f" with {containing!r}" if containing else "")
        return await self._workspace.until(find, wanted, timeout, self._modals)

    async def home(self, *, containing: str | None = None, timeout: float | None = None) -> View:
        """Opens the Home tab and waits for what the app publishes then."""
        self._state.dm_with_bot(self.id)
        seen = len(self._workspace.changes)
        self._state.open_home(self.id)
        return await self.sees_home(containing=containing, timeout=timeout, since=seen)

    async def sees_home(self, *, containing: str | None = None, timeout: float | None = None, since: int = 0) -> View:
        """The Home tab as it is, without opening it anew."""

        def find() -> View | None:
            published = any(
                change.kind == "home_published" and change.data["user"] == self.id
                for change in self._workspace.changes[since:]
            )
            view = self._state.views.get(self._state.homes.get(self.id, ""))
            if not published or view is None or (containing is not None and containing not in view_words(view)):
                return None
            return view

        def shown() -> str:
            view = self._state.views.get(self._state.homes.get(self.id, ""))
            return f"{view_words(view)}\n" if view else "No Home was ever published.\n"

        return await self._workspace.until(find, f"A Home tab for {self.id} with {containing!r}", timeout, shown)

    async def sees(
        self,
        channel: str,
        *,
        containing: str = "",
        from_bot: bool = True,
        after: Message | None = None,
        timeout: float | None = None,
    ) -> Message:
        """The newest such message in the channel itself."""
        where = self._channel(channel)

        def find() -> Message | None:
            fitting = [
                message
                for message in self._state.history(self.id, where)
                if containing in words(message)
                and (message.bot_id is not None) == from_bot
                and (after is None or message.ts > after.ts)
                and not message.streaming
            ]
            return fitting[-1] if fitting else None

        def shown() -> str:
            return self._workspace.transcript(self._state.history(self.id, where))

        return await self._workspace.until(find, f"A message in {channel} with {containing!r}", timeout, shown)

    async def sees_ephemeral(
        self, channel: str, *, containing: str = "", after: Message | None = None, timeout: float | None = None
    ) -> Message:
        """The newest message that only this person sees."""
        where = self._channel(channel)

        def private() -> list[Message]:
            held = self._state.ephemeral.values()
            return [
                m for m in held if m.channel == where and m.ephemeral_to == self.id and (not after or m.ts > after.ts)
            ]

        def find() -> Message | None:
            fitting = [message for message in private() if containing in words(message)]
            return fitting[-1] if fitting else None

        wanted = f"A message in {channel} only for {self.id} with {containing!r}"
        return await self._workspace.until(find, wanted, timeout, lambda: self._workspace.transcript(private()))

    def rereads(self, message: Message) -> Message:
        """The message as it is now."""
        return self._state.message(message.channel, message.ts)

    # ---------------------------------------------------------------- how

    def _channel(self, named: str) -> str:
        return self._state.channel(named).id

    def _modals(self) -> str:
        stack = self._state.modals_of(self.id)
        return f"On top:\n{view_words(stack[-1])}\n" if stack else "No modal is open.\n"

    def _place(self, where: Message | View | Modal) -> tuple[Wire, list[Wire]]:
        if isinstance(where, Message):
            message = self._state.message(where.channel, where.ts)
            container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
            return container, message.blocks
        view = where.view if isinstance(where, Modal) else self._state.view(where.id)
        return {"type": "view", "view_id": view.id}, list(view.payload["blocks"])

    async def _act(self, container: Wire, one: forms.Placed, given: Wire) -> None:
        try:
            error = await self._sandbox.interactions.action(self.id, container, one.block_id, one.action_id, given)
        except SlackError as refusal:
            raise Refused(str(refusal)) from refusal
        if error:
            raise Refused(f"{one.action_id}: {error}")

    async def _offered(self, container: Wire, one: forms.Placed, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = await self._sandbox.interactions.options(self.id, container, one.block_id, one.action_id, value)
        groups = found.get("option_groups", [])
        options = [*found.get("options", []), *(option for group in groups for option in group["options"])]
        for option in options:
            if value in {option["value"], plain(option["text"])}:
                return option
        raise Refused(f"The app offers no {value!r}, but {[plain(option['text']) for option in options]}.")
