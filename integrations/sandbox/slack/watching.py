"""Seeing what happens in a workspace: waiting for messages, threads and modals, and telling what is there instead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from integrations.sandbox.slack import forms
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.inspector import Inspector
from integrations.sandbox.slack.reading import field, plain, view_words, words
from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.state import AssistantThread, Change, Message, View, Wire, Workspace

PATIENCE = 30.0
SHOWN = 12  # messages in an error

Found = TypeVar("Found")


class NotSeen(AssertionError):
    """It did not happen in time; the message shows what is there."""


class Refused(AssertionError):
    """Slack, or the app, said no to what a person did."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One payload of the app: a Web API method (or response_url, view_submission, slash_command) and its arguments."""

    what: str
    payload: Wire


class Watch:
    """What is seen of a workspace, and waiting for it."""

    def __init__(self, sandbox: SlackSandbox) -> None:
        self.sandbox = sandbox
        self.state: Workspace = sandbox.workspace
        self.faults: Faults = sandbox.faults
        self.inspector: Inspector = sandbox.inspector
        self.sent: list[Sent] = []
        self.changes: list[Change] = []
        self.patience = PATIENCE
        self._waiting: set[asyncio.Future[None]] = set()
        sandbox.on_sent.append(lambda what, payload: self.sent.append(Sent(what, payload)))
        self.state.listeners.append(self._changed)
        (sandbox.callbacks or sandbox.sockets).on_change.append(self._wake)

    @property
    def posted(self) -> list[Message]:
        """What the app has posted and what is still there, in every channel, oldest first."""
        every = [*self.state.ephemeral.values(), *(m for held in self.state.messages.values() for m in held.values())]
        return sorted((m for m in every if m.bot_id and not m.deleted), key=lambda m: m.ts)

    # ---------------------------------------------------------------- waiting

    async def until(
        self,
        find: Callable[[], Found | None],
        wanted: str,
        timeout: float | None = None,
        shown: Callable[[], str] = lambda: "",
    ) -> Found:
        """What `find` gives, as soon as it gives something; it is asked again after each change."""
        patience = self.patience if timeout is None else timeout
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while (found := find()) is None:
                    change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.add(change)
                    try:
                        await change
                    finally:
                        self._waiting.discard(change)
                return found
        if (late := find()) is not None:
            return late
        raise NotSeen(f"{wanted}: not within {patience:g} seconds.\n{shown()}{self._trouble()}")

    def _changed(self, change: Change) -> None:
        self.changes.append(change)
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def _trouble(self) -> str:
        """The last things that went wrong between app and Slack, which mostly say why."""
        lines = [] if self.sandbox.connected else ["No app is connected."]
        wrong = [entry for entry in self.inspector.entries() if entry["status"] not in {"ok", "waiting"}][-3:]
        lines += [f"{e['direction']} {e['what']}: {e['status']} {e['response'] or ''}" for e in wrong]
        unacknowledged = [entry for entry in self.inspector.entries() if entry["status"] == "waiting"][-3:]
        lines += [f"{e['direction']} {e['what']}: not acknowledged" for e in unacknowledged]
        return "\n".join(lines)

    def transcript(self, held: Sequence[Message]) -> str:
        """As a person would read it."""
        if not held:
            return "There is nothing there.\n"
        lines = []
        for message in held[-SHOWN:]:
            author = self.state.people[message.user].name if message.user in self.state.people else message.user
            marks = "".join(
                mark
                for mark, on in ((" (only for you)", message.ephemeral_to), (" (still streaming)", message.streaming))
                if on
            )
            lines.append(f"  {author}{marks}: {words(message)}".replace("\n", "\n      "))
        return "What is there:\n" + "\n".join(lines) + "\n"


class Thread:
    """A message and the conversation under it; in a direct message also what comes after it."""

    def __init__(self, workspace: Watch, person: str, said: Message) -> None:
        self._workspace = workspace
        self._person = person
        self.said = said
        self.channel = said.channel
        self.ts = said.root

    @property
    def messages(self) -> list[Message]:
        """What the person sees of it now, oldest first."""
        state = self._workspace.state
        is_dm = state.channel(self.channel).is_dm
        every = [*state.messages.get(self.channel, {}).values(), *state.ephemeral.values()]
        return sorted(
            (
                message
                for message in every
                if message.channel == self.channel
                and not message.deleted
                and message.ephemeral_to in {None, self._person}
                and (message.root == self.ts or (is_dm and message.thread_ts is None and message.ts > self.ts))
            ),
            key=lambda message: message.ts,
        )

    async def last(
        self,
        *,
        from_bot: bool = True,
        containing: str | None = None,
        after: Message | None = None,
        finished: bool = True,
        timeout: float | None = None,
    ) -> Message:
        """The newest message that fits, waited for. `finished`: not while it is still streamed."""

        def find() -> Message | None:
            fitting = [
                message
                for message in self.messages
                if (message.bot_id is not None) == from_bot
                and (from_bot or message.ts != self.ts)
                and message.subtype != "assistant_app_thread"
                and (containing is None or containing in words(message))
                and (after is None or message.ts > after.ts)
                and not (finished and message.streaming)
            ]
            return fitting[-1] if fitting else None

        who = "the app" if from_bot else "a person"
        wanted = f"A message from {who}" + (f" with {containing!r}" if containing else "")
        return await self._workspace.until(find, wanted, timeout, lambda: self._workspace.transcript(self.messages))

    @property
    def assistant(self) -> AssistantThread | None:
        """Title, status and suggested prompts, if this is in the assistant pane."""
        return self._workspace.state.assistant.get((self.channel, self.ts))

    async def prompts(self, timeout: float | None = None) -> list[Wire]:
        """The prompts that the app suggests, waited for."""
        return await self._workspace.until(
            lambda: (self.assistant.prompts if self.assistant else None) or None, "Suggested prompts", timeout
        )


class Modal:
    """An open modal; always what it is now."""

    def __init__(self, workspace: Watch, view_id: str) -> None:
        self._workspace = workspace
        self.id = view_id

    @property
    def view(self) -> View:
        return self._workspace.state.view(self.id)

    @property
    def open(self) -> bool:
        return self.id in self._workspace.state.views

    @property
    def title(self) -> str:
        return plain(self.view.payload.get("title"))

    @property
    def text(self) -> str:
        return view_words(self.view)

    @property
    def blocks(self) -> list[Wire]:
        return list(self.view.payload["blocks"])

    @property
    def labels(self) -> list[str]:
        return [plain(block.get("label")) for block in self.blocks if block["type"] == "input"]

    def value(self, what: str) -> Any:
        """What a field holds now."""
        one = field(self.blocks, what)
        values = forms.initial(self.blocks)
        held = self.view.values.get(one.block_id, {}).get(one.action_id) or values[one.block_id][one.action_id]
        return held[one.holds or ""]

    async def until(self, containing: str, timeout: float | None = None) -> Modal:
        """This modal, when it shows that (an app may open it empty and fill it later)."""
        await self._workspace.until(
            lambda: True if self.open and containing in self.text else None,
            f"{containing!r} in the modal",
            timeout,
            lambda: self.text if self.open else "The modal is closed.\n",
        )
        return self
