"""What happens when somebody presses a button: each act, through the door."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog

from bot.agent.answers import Answer, AnswerStore
from bot.agent.events import Choice, Choices, Result, Text, Trouble
from bot.agent.request import Request
from bot.door.invoke import Door
from bot.door.outcomes import Done, Origin, Outcome
from bot.door.registry import Registry
from bot.errors import CopilotError, NotFound
from bot.guard.desk import ApprovalDesk
from bot.guard.people import Actor, People
from bot.observatory.told import Step
from bot.operations.silences import SilencePreview
from bot.ports import Json
from handlers.buttons import Act, Form, OnAnswer, OnApproval, OnThread, Open, Run, Say
from handlers.conversation import Conversation
from handlers.form_asks import ask_view, feedback_view
from handlers.form_views import loading, told
from handlers.forms import Forms, FormScene
from handlers.live import Place
from handlers.outbox import Outbox
from handlers.present import render
from handlers.present import view as behind
from handlers.present.approval import details as approval_details
from handlers.present.approval import reject_view
from handlers.refused import SlackRefused

NOBODY_SEES: Final = "command"
PREFERENCES: Final = "preferences.set"
WHISPERED: Final = frozenset({"alerts.acknowledge", "alerts.unacknowledge", "alerts.judge"})
"""What the pressed message and its thread show by themselves; what else is to be said concerns only who pressed."""
PREVIEWS: Final = {"alerts.silence": "alerts.silence_preview"}
"""The reads that say what these would do."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Press:
    """Who pressed, where, and by what we may answer."""

    person: str
    workspace: str
    key: str
    channel: str | None = None
    thread: str | None = None
    message: str | None = None
    trigger: str = ""
    view: str = ""
    surface: Literal["channel", "thread", "dm", "assistant", "command", "home", "modal"] = "channel"
    again: bool = False
    reply: str = ""
    """Where what only this person sees is answered, so that nobody else does."""

    def origin(self) -> Origin:
        return Origin(self.surface, self.channel, self.thread or self.message, self.workspace)


class Presses:
    """Buttons and the windows they open."""

    def __init__(
        self,
        *,
        door: Door,
        conversation: Conversation,
        forms: Forms,
        outbox: Outbox,
        answers: AnswerStore,
        desk: ApprovalDesk,
        people: People,
        registry: Registry,
    ) -> None:
        self._door = door
        self._conversation = conversation
        self._forms = forms
        self._outbox = outbox
        self._answers = answers
        self._desk = desk
        self._people = people
        self._registry = registry

    async def act(self, act: Act, press: Press) -> None:
        try:
            match act:
                case Run(operation, values) if operation in WHISPERED:
                    result = await self._result(press, operation, values)
                    await self.tell(press, result, *_again(result.outcome, operation))
                case Run(operation, values):
                    await self._go(press, operation=operation, values=dict(values))
                case Say(text):
                    await self._go(press, text=text)
                case Form(operation, values):
                    await self.open_form(press, operation, dict(values))
                case OnAnswer():
                    await self._on_answer(act, press)
                case OnApproval():
                    await self._on_approval(act, press)
                case OnThread():
                    await self._leave(press)
                case Open():
                    await self._open(act, press)
        except CopilotError as error:
            await self.tell(press, Trouble(error.message, error.mend))

    # ------------------------------------------------------------ answers

    async def _go(
        self, press: Press, *, text: str = "", operation: str | None = None, values: dict[str, Json] | None = None
    ) -> None:
        private = bool(press.reply)
        place = Place(press.channel or "", surface="command") if private else await self.place(press)
        origin = Origin(place.surface, place.channel, place.thread, press.workspace)
        request = Request(
            Actor(press.person),
            origin,
            press.key,
            text=text,
            operation=operation,
            values=values or {},
            again=press.again,
        )
        if not private:
            await self._conversation.answer(request, place)
            return
        rendered, _ = await self._conversation.whole(request, place)
        await self._outbox.respond(press.reply, rendered)

    async def _on_answer(self, act: OnAnswer, press: Press) -> None:
        match act.verb:
            case "stop":
                done = await self.do(press, "answers.stop", answer=act.answer)
                if done:
                    self._conversation.stop(act.answer)
            case "up" | "down":
                await self.rate(press, act.answer, act.verb)
            case "again":
                answer = await self._answer(press, act.answer)
                await self._go(press, text=answer.question)
            case "details" | "query" | "raw" | "more":
                await self._window(act, act.verb, press)

    async def rate(self, press: Press, answer: str, verdict: str) -> None:
        """What was pressed counts, even if the window that asks for more can no longer be opened."""
        if not await self.do(press, "answers.rate", answer=answer, verdict=verdict):
            return
        if verdict == "down" and press.trigger:
            with contextlib.suppress(SlackRefused):
                await self._outbox.view_open(press.trigger, feedback_view(answer, press.channel or ""))
                return
        await self.tell(press, Text("Thank you, noted."))

    async def _window(self, act: OnAnswer, verb: Literal["details", "query", "raw", "more"], press: Press) -> None:
        """Details, query or raw: in a window, opened at once and filled when it is there."""
        titles = {"details": "Details", "more": "Details", "query": "Query", "raw": "Raw"}
        view_id = press.view or await self._loading(press, titles[act.verb])
        try:
            answer = await self._answer(press, act.answer)
            viewer = await self._people.identify(Actor(press.person))
            place = Place(press.channel or answer.channel, answer.thread, surface="modal")
            scene = self._conversation.scene(place, viewer, answer=answer.id)
            # What is pressed in a window comes without a channel; who may look on depends on it.
            view = behind(verb, answer.events, scene, act.page) | {"private_metadata": place.channel}
        except CopilotError as error:
            view = told(titles[act.verb], error.message, error.mend)
        await self._outbox.view_update(view_id, view)

    async def _answer(self, press: Press, answer_id: str) -> Answer:
        """Through the door, which says who may see it."""
        outcome = await self._invoke(press, "answers.show", answer=answer_id)
        if not isinstance(outcome, Done):
            raise NotFound(getattr(outcome, "message", "not there"), mend=getattr(outcome, "mend", ""))
        found = await self._answers.get(answer_id)
        assert found is not None
        return found

    # ------------------------------------------------------------ approvals

    async def _on_approval(self, act: OnApproval, press: Press) -> None:
        match act.verb:
            case "approve":
                await self.do(press, "approvals.decide", approval=act.approval, verdict="approve")
            case "withdraw":
                await self.do(press, "approvals.withdraw", approval=act.approval)
            case "reject":
                if await self.do(press, "approvals.show", approval=act.approval):
                    await self._outbox.view_open(press.trigger, reject_view(await self._desk.get(act.approval)))
            case "details":
                view_id = await self._loading(press, "Approval")
                outcome = await self._invoke(press, "approvals.show", approval=act.approval)
                if isinstance(outcome, Done):
                    view = approval_details(await self._desk.get(act.approval))
                else:
                    view = told("Approval", getattr(outcome, "message", ""), getattr(outcome, "mend", ""))
                await self._outbox.view_update(view_id, view)

    # ------------------------------------------------------------ windows

    async def open_form(self, press: Press, operation: str, values: dict[str, Json]) -> None:
        """A loading view at once: what the form needs may take longer than a trigger lives."""
        found = self._registry.get(operation)
        view_id = await self._loading(press, found.title)
        try:
            viewer = await self._people.identify(Actor(press.person))
            if operation == PREFERENCES and not values:
                values = await self._preferences(press)
            view = self._forms.form(
                operation,
                values,
                FormScene(
                    timezone=viewer.timezone,
                    channel=press.channel or "",
                    thread=press.thread or press.message or "",
                    key=press.key,
                    viewer=viewer,
                    would=await self._would(press, operation, values),
                ),
            )
        except CopilotError as error:
            view = told(found.title, error.message, error.mend)
        await self._outbox.view_update(view_id, view)

    async def unfold(self, view: Mapping[str, Any], press: Press) -> None:
        """The fields that a form left out at first; nothing where it was closed meanwhile."""
        try:
            viewer = await self._people.identify(Actor(press.person))
            whole = self._forms.unfolded(view, viewer)
        except CopilotError as error:
            await self.tell(press, Trouble(error.message, error.mend))
            return
        with contextlib.suppress(SlackRefused):
            await self._outbox.view_update(press.view, whole)

    async def _loading(self, press: Press, title: str) -> str:
        return str((await self._outbox.view_open(press.trigger, loading(title)))["id"])

    async def ask(self, press: Press) -> None:
        await self.act(Open("ask"), press)

    async def like(self, press: Press, verdict: str) -> None:
        """A reaction on a message: feedback, if the message is an answer."""
        answer = await self._answers.at(press.channel or "", press.message or "")
        if answer:
            await self.do(press, "answers.rate", answer=answer.id, verdict=verdict)

    async def unlike(self, press: Press, verdict: str) -> None:
        """A reaction that was taken away; a newer word of another kind stays."""
        answer = await self._answers.at(press.channel or "", press.message or "")
        kept = await self._answers.feedback(answer.id) if answer else []
        if answer and any((each.person, each.verdict) == (press.person, verdict) for each in kept):
            await self.do(press, "answers.rate", answer=answer.id, verdict="none")

    async def note(self, press: Press, operation: str) -> None:
        """A message that was pinned goes on the timeline."""
        await self.do(press, operation, channel=press.channel, message=press.message)

    async def _would(self, press: Press, operation: str, values: dict[str, Json]) -> str:
        """What it would do as it is filled in; nothing where it cannot say so yet."""
        if operation not in PREVIEWS or not values:
            return ""
        outcome = await self._invoke(press, PREVIEWS[operation], **values)
        if not isinstance(outcome, Done):
            return ""
        said = SilencePreview.model_validate(outcome.output)
        return "\n".join((said.summary, *said.findings))

    async def _preferences(self, press: Press) -> dict[str, Json]:
        outcome = await self._invoke(press, "preferences.show")
        output = outcome.output if isinstance(outcome, Done) else {}
        return {name: value for name, value in output.items() if value != ""} if isinstance(output, dict) else {}

    async def _open(self, act: Open, press: Press) -> None:
        match act.what:
            case "ask":
                await self._outbox.view_open(press.trigger, ask_view(act.about, press.channel or ""))
            case "help":
                await self._go(press, text=f"help {act.about}".strip())
            case "preferences":
                await self.open_form(press, PREFERENCES, {})
            case "home":
                pass  # the listener draws the Home anew after every press on it

    async def _leave(self, press: Press) -> None:
        thread = press.thread or press.message
        if press.channel and thread and await self._conversation.leave(press.workspace, press.channel, thread):
            await self.tell(press, Text("I stop listening in this thread. Mention me, and I am back."))

    # ------------------------------------------------------------ saying

    async def tell(self, press: Press, *events: Text | Trouble | Result | Choices) -> None:
        """To the one who pressed, and nobody else: there, or in private where the bot may not speak."""
        place = Place(press.channel or "", press.thread or press.message, surface=press.surface)
        rendered = render(events, self._conversation.scene(place, None), done=True)
        thread, direct = press.thread, (press.channel or "").startswith("D")
        if press.channel and not direct:
            try:
                await self._outbox.whisper(press.channel, press.person, rendered, thread=thread)
            except SlackRefused as refused:
                log.info("not_told_there", channel=press.channel, code=refused.code)
            else:
                return
        channel = press.channel if direct and press.channel else await self._outbox.direct(press.person)
        await self._outbox.post(channel, rendered, thread=thread if direct else None, key=f"tell:{press.key}")

    async def place(self, press: Press) -> Place:
        """Where an answer to a press goes: the thread of the message, or a direct message."""
        if press.channel:
            surface: Any = "dm" if press.channel.startswith("D") else "thread"
            return Place(
                press.channel,
                press.thread or press.message,
                recipient_user=press.person,
                recipient_team=press.workspace,
                surface=surface,
                can_stream=bool(press.thread or press.message),
            )
        return Place(await self._outbox.direct(press.person), None, surface="dm")

    async def do(self, press: Press, operation: str, **values: Json) -> bool:
        """Run it; what goes well is seen where it shows, what does not is told to the person."""
        result = await self._result(press, operation, values)
        if isinstance(result.outcome, Done):
            return True
        await self.tell(press, result)
        return False

    async def _result(self, press: Press, operation: str, values: Mapping[str, Json]) -> Result:
        return Result(await self._invoke(press, operation, **values), self._registry.get(operation).title)

    async def _invoke(self, press: Press, operation: str, **values: Json) -> Outcome:
        return await self._door.invoke(
            Actor(press.person),
            operation,
            values,
            origin=press.origin(),
            idempotency_key=f"{press.key}:{operation}",
            resumed=press.again,
        )


def _again(outcome: Outcome, operation: str) -> list[Choices]:
    """What else may be said with the same operation: above all, that it is taken back."""
    output = outcome.output if isinstance(outcome, Done) else None
    steps = output.get("steps") if isinstance(output, dict) else None
    found = [Step.model_validate(each) for each in steps] if isinstance(steps, list) else []
    ways = tuple(
        Choice(each.label, operation=each.operation, values=each.values)
        for each in found
        if each.operation == operation
    )
    return [Choices(ways)] if ways else []
