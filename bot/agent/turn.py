"""One turn of a conversation: a request goes in, events come out, and whatever is done is done through the door."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

import structlog

from bot.agent.events import Choice, Choices, Event, FormWanted, Result, Task, Telling, Text, Trouble
from bot.agent.meaning import Known, Meaning, understand
from bot.agent.preferences import ENVIRONMENT, PreferenceStore, of_person
from bot.agent.request import Attachment, Request
from bot.catalogue import Catalogue
from bot.door.invoke import Door
from bot.door.outcomes import Done, WaitingForApproval
from bot.door.registry import AnyOperation, Registry
from bot.errors import CopilotError, NotFound, Unavailable
from bot.guard.people import People
from bot.ports import Clock, Json

log = structlog.get_logger()

MOST_QUESTION: Final = 8_000
SHOWN_QUESTION: Final = 200
FILES: Final = "files.look"
MOST_LINES: Final = 20_000
MOST_LINE: Final = 2_000
_COLOURS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
Tell = Callable[[Event], Awaitable[None]]


class Turns:
    """Answers requests, by rules."""

    def __init__(
        self,
        door: Door,
        registry: Registry,
        catalogue: Catalogue,
        people: People,
        preferences: PreferenceStore,
        metrics: Mapping[str, Sequence[str]],
        clock: Clock,
    ) -> None:
        """`metrics` are the words that people have for each metric."""
        self._door = door
        self._registry = registry
        self._catalogue = catalogue
        self._people = people
        self._preferences = preferences
        self._metrics = metrics
        self._clock = clock

    async def run(self, request: Request) -> AsyncGenerator[Event]:
        """The events as they come; closing it stops the work (a change that has begun goes on, as a run)."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        async def work() -> None:
            try:
                await self._work(request, events.put)
            finally:
                await events.put(None)

        working = asyncio.create_task(work(), name=f"turn {request.key}")
        try:
            while (event := await events.get()) is not None:
                yield event
            await working
        finally:
            if not working.done():
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working

    def understands(self, text: str) -> bool:
        """Whether a sentence that was not said to us plainly asks for something all the same."""
        try:
            return understand(text, self._known()).kind != "unsure"
        except CopilotError:  # a time of day that is none, in a sentence that may be about anything
            return False

    async def _work(self, request: Request, tell: Tell) -> None:
        try:
            # Before anything costs: may they use the bot here at all?
            who = await self._people.identify(request.actor)
            if request.operation:
                found = self._registry.get(request.operation)
                await self._invoke(request, found, request.values, tell)
            elif request.attachments and FILES in {each.name for each in self._registry}:
                await self._look_at_all(request, tell)
            else:
                await self._answer(request, tell, who.timezone)
        except CopilotError as error:
            await tell(Trouble(error.message, error.mend, request.origin.trace_id))

    def _known(self, timezone: str = "UTC") -> Known:
        return Known(self._registry, self._catalogue, self._metrics, self._clock(), timezone)

    async def _answer(self, request: Request, tell: Tell, timezone: str = "UTC") -> None:
        text = request.text.strip()
        if not text:
            text = "help"
        if len(text) > MOST_QUESTION:
            await tell(
                Trouble(
                    f"that is {len(text):,} characters long, and I read at most {MOST_QUESTION:,} at once",
                    "Ask a shorter question, and upload the rest as a file.",
                )
            )
            return
        await self._follow(request, understand(text, self._known(timezone)), tell)

    async def _follow(self, request: Request, meaning: Meaning, tell: Tell) -> None:
        match meaning:
            case Meaning("run", found, values) if found:
                await self._invoke(request, found, await self._usual(request, found, values), tell)
            case Meaning("form", found, values) if found:
                usual = await self._usual(request, found, values)
                await tell(FormWanted(found.name, found.title, usual, meaning.why))
            case _:
                await tell(Text("I am not sure what you mean. I would rather ask than guess."))
                await tell(Choices(tuple(self._suggestions(meaning.near)), "Did you mean one of these?"))

    async def _usual(self, request: Request, found: AnyOperation, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Where no environment is named, the one that this person usually means."""
        if "environment" not in found.input.model_fields or "environment" in values:
            return values
        kept = (await self._preferences.all(of_person(request.actor.id))).get(ENVIRONMENT)
        return {**values, "environment": kept} if kept else values

    def _suggestions(self, near: tuple[AnyOperation, ...]) -> list[Choice]:
        choices = [Choice(each.title, say=(each.examples or (each.name,))[0]) for each in near]
        return [*choices, Choice("What can you do?", say="help")]

    async def _invoke(
        self, request: Request, found: AnyOperation, values: Mapping[str, Json], tell: Tell, *, key: str = ""
    ) -> None:
        task = Task(found.name, found.title, "running")
        await tell(task)

        async def progress(text: str) -> None:
            await tell(Task(task.id, task.title, "running", text))

        outcome = await self._door.invoke(
            request.actor,
            found.name,
            dict(values),
            origin=request.origin,
            why=request.why,
            idempotency_key=key or request.key,
            progress=progress,
            resumed=request.again,
        )
        well = isinstance(outcome, (Done, WaitingForApproval))
        await tell(Task(task.id, task.title, "done" if well else "failed"))
        await tell(Result(outcome, found.title, values))
        if isinstance(outcome, Done) and issubclass(found.output, Telling):
            await self._tell_more(found, outcome, tell)

    async def _tell_more(self, found: AnyOperation, outcome: Done, tell: Tell) -> None:
        """What an output shows of itself. The numbers are told by then: what fails here takes nothing away."""
        known = {each.name for each in self._registry}
        try:
            output = found.output.model_validate(outcome.output)
            assert isinstance(output, Telling)
            async for event in output.tell(self._clock()):
                await tell(_within(event, known) if isinstance(event, Choices) else event)
        except Exception:
            log.exception("output_not_told", operation=found.name)
            await tell(Text("_There is more to this than I could show; Raw has it._"))

    async def _look_at_all(self, request: Request, tell: Tell) -> None:
        """Each file for itself; and the words beside them, where they plainly ask for something else."""
        for attachment in request.attachments:
            try:
                await self._look(request, attachment, tell)
            except CopilotError as error:
                await tell(Trouble(error.message, error.mend, request.origin.trace_id))
        meaning = understand(request.text, self._known())
        if request.text and meaning.operation and meaning.operation.name != FILES:
            await self._answer(request, tell)

    async def _look(self, request: Request, attachment: Attachment, tell: Tell) -> None:
        """A file: its content is looked at, and whatever it says is no instruction."""
        if attachment.missing:
            raise Unavailable(f"the file {attachment.name[:80]!r} could not be fetched", mend="Upload it again.")
        found = self._registry.get(FILES)
        try:
            text = attachment.content.decode("utf-8", errors="ignore" if attachment.cut else "strict")
        except UnicodeDecodeError:
            raise NotFound(
                f"{attachment.name[:80]!r} ({attachment.kind or 'unknown kind'}, {attachment.size:,} bytes) is no text "
                "that I can read",
                mend="I read text: logs, JSON, CSV, Markdown, code, in UTF-8.",
            ) from None
        whole = _COLOURS.sub("", text).splitlines()
        lines: list[Json] = [_UNSEEN.sub("", line)[:MOST_LINE] for line in whole[:MOST_LINES]]
        cut = attachment.cut or len(whole) > MOST_LINES or any(len(line) > MOST_LINE for line in whole)
        values: dict[str, Json] = {"name": attachment.name[:200], "lines": lines, "cut": cut}
        await self._invoke(request, found, values, tell, key=f"{request.key}:{attachment.id}")


def _within(choices: Choices, known: Collection[str]) -> Choices:
    """Only ways that this installation has."""
    return Choices(tuple(each for each in choices.choices if each.operation in {"", *known}), choices.question)
