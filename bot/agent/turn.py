"""One turn of a conversation: a request goes in, events come out, and whatever is done is done through the door."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.agent.absent import absent
from bot.agent.choosing import Chosen, chosen
from bot.agent.deliberating import Asked, Deliberating
from bot.agent.earlier import earlier
from bot.agent.events import Choice, Choices, Event, FormWanted, Text, Trouble
from bot.agent.invoking import Invoking
from bot.agent.known import Known
from bot.agent.meaning import Meaning, meant, understand
from bot.agent.preferences import ENVIRONMENT, PreferenceStore, of_person
from bot.agent.questions import answered, given_up, pack, unpack
from bot.agent.request import Attachment, Request
from bot.agent.smalltalk import reply
from bot.agent.suspended import PATIENCE, Suspended, SuspendedStore
from bot.agent.threads import Key, Message, Thread, Threads, where_of
from bot.agent.topics import Topics
from bot.agent.transcript import Transcript
from bot.catalogue import Catalogue
from bot.door.outcomes import Outcome
from bot.door.registry import AnyOperation, Registry
from bot.errors import CopilotError, InvalidInput, NotFound, Unavailable
from bot.guard.people import Identity, People
from bot.language import brain
from bot.language.clarifying import Lack, lacking
from bot.language.lexicon import Lexicon
from bot.language.understanding import Entity, Understanding
from bot.memory.memory import Memory
from bot.ports import Clock, Json

log = structlog.get_logger()

HELP: Final = Choice("Help", say="help")
PLAIN: Final = 0.8
"""Confidence from which a sentence that was not said to us is taken as meant for us."""
SURE: Final = 0.95
"""Confidence above which the rules decide alone, whether there is a model or not."""
MUSING: Final = re.compile(
    r"\b(?:probably|maybe|perhaps|i (?:guess|think|bet|suppose)|hm+|lol|no luck"
    r"|(?:i|we)(?:'ve| have)?(?: just| already)? (?!need)\w+ed)\b",
    re.IGNORECASE,
)
"""What people tell each other, and want nothing of us by."""
LEARNING: Final = 5.0
MOST_QUESTION: Final = 8_000
SHOWN_QUESTION: Final = 200
FILES: Final = "files.look"
MOST_LINES: Final = 20_000
MOST_LINE: Final = 2_000
_COLOURS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
Tell = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Language:
    """What sentences are understood by."""

    registry: Registry
    catalogue: Catalogue
    lexicon: Lexicon


@dataclass(frozen=True, slots=True)
class _Turn:
    """One turn under way."""

    request: Request
    who: Identity
    thread: Thread
    tell: Tell


class Turns:
    """Answers requests: by rules where they are sure, or where there is no model; else by a model with tools."""

    def __init__(
        self,
        *,
        invoking: Invoking,
        language: Language,
        people: People,
        preferences: PreferenceStore,
        threads: Threads,
        topics: Topics,
        suspended: SuspendedStore,
        memory: Memory,
        deliberating: Deliberating | None,
        clock: Clock,
    ) -> None:
        """Without `deliberating`, the rules answer everything."""
        self._invoking = invoking
        self._language = language
        self._registry = language.registry
        self._memory = memory
        self._deliberating = deliberating
        self._people = people
        self._preferences = preferences
        self._threads = threads
        self._topics = topics
        self._suspended = suspended
        self._clock = clock
        self._learning: set[asyncio.Task[None]] = set()

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

    async def close(self) -> None:
        """What is learned after a turn is written down."""
        if self._learning:
            await asyncio.wait(set(self._learning), timeout=LEARNING)

    async def concerns(self, request: Request) -> bool:
        """Whether a sentence that was not said to us plainly asks for something all the same, or answers us."""
        key = Key.of(request.origin, request.actor.id)
        waiting = await self._suspended.question(key, request.actor.id, self._clock())
        said = await self._threads.so_far(request)
        try:
            known = await self._known(request, "UTC", said, addressed=False)
            meaning = understand(request.text, known)
            if waiting and (kept := unpack(waiting)) and meaning.understood:
                alone = self._read(known)
                answer = answered(kept, request.text, alone(request.text), alone, self._lacks)
                return given_up(request.text) or answer is not None
        except CopilotError:  # a time of day that is none, in a sentence that may be about anything
            return False
        if MUSING.search(request.text) and not request.text.rstrip().endswith("?"):
            return False
        return meaning.kind in {"run", "form", "ask", "absent"} and meaning.score >= PLAIN

    # ------------------------------------------------------------ within

    async def _work(self, request: Request, tell: Tell) -> None:
        said, thread = Transcript(), None

        async def heard(event: Event) -> None:
            said.hear(event)
            await tell(event)

        said.standing = "stopped"
        try:
            # Before anything costs: may they use the bot here at all?
            who = await self._people.identify(request.actor)
            goes_on = request.again or request.resume
            thread = await (self._threads.open(request) if goes_on else self._threads.asked(request, _wording(request)))
            said.standing = "done"
            await self._answer(_Turn(request, who, thread, heard))
        except CopilotError as error:
            await heard(Trouble(error.message, error.mend, request.origin.trace_id))
        except asyncio.CancelledError:
            said.standing = "stopped"
            raise
        except BaseException:
            said.standing = "failed"
            raise
        finally:
            if thread:
                await self._threads.answered(thread, said.text, said.standing)

    async def _answer(self, turn: _Turn) -> None:
        request = turn.request
        if request.resume:
            if self._deliberating:
                await self._deliberating.go_on(Asked(request, turn.who, turn.thread, ""), turn.tell)
        elif request.operation:
            await self._run(turn, self._registry.get(request.operation), request.values)
        elif request.attachments and FILES in {each.name for each in self._registry}:
            await self._look_at_all(turn)
        else:
            await self._say(turn)

    async def _known(
        self, request: Request, timezone: str, said: Sequence[Message], *, addressed: bool = True
    ) -> Known:
        """What people say to each other under an alert goes on with no question that nobody asked."""
        lexicon, topic = self._language.lexicon, await self._topics.of(request.origin)
        history = earlier(said, lexicon, timezone, topic.asked if addressed else "")
        return Known(
            self._registry, self._language.catalogue, lexicon, self._clock(), timezone, history, topic, addressed
        )

    async def _say(self, turn: _Turn) -> None:
        text = turn.request.text.strip() or "help"
        if len(text) > MOST_QUESTION:
            raise InvalidInput(
                f"that is {len(text):,} characters long, and I read at most {MOST_QUESTION:,} at once",
                mend="Ask a shorter question, and upload the rest as a file.",
            )
        exact = text.partition(" ")[0].lower() in {each.name for each in self._registry}
        said = () if exact else await self._threads.earlier(turn.thread, turn.request)  # it stands for itself
        known = await self._known(turn.request, turn.who.timezone, said)
        meaning = understand(text, known)
        key, person = Key.of(turn.request.origin, turn.request.actor.id), turn.request.actor.id
        waiting = await self._suspended.question(key, person, self._clock()) if meaning.understood else None
        if waiting and (kept := unpack(waiting)) and meaning.understood:
            whole = answered(kept, text, meaning.understood, self._read(known), self._lacks)
            if whole or given_up(text):
                if not await self._suspended.settle(key, person):  # said twice, or on two replicas at once
                    await turn.tell(Text("That was answered a moment ago, and it goes on from there."))
                    return
                if whole is None:
                    await turn.tell(Text("All right, I leave it."))
                    return
                meaning = meant(whole, known)
            else:
                meaning = _by_itself(text, meaning, known)
                if meaning.kind in {"run", "form", "absent"}:  # a wish of its own: what was asked is left behind
                    await self._suspended.settle(key, person)
        else:
            meaning = _by_itself(text, meaning, known)
        if self._deliberating and not _alone(meaning):
            facts = [known.topic.fact] if known.topic.fact else []
            if await self._think(self._deliberating, turn, text, meaning, facts):
                return
        for number, each in enumerate((meaning, *meaning.then)):
            await self._follow(turn, each, part=f"+{number}" if number else "")

    def _lacks(self, operation: str, holds: tuple[Entity, ...]) -> Lack:
        return lacking(operation, holds, (), self._language.lexicon, set())

    def _read(self, known: Known) -> Callable[[str], Understanding]:
        return lambda words: brain.understand(words, known.lexicon, now=known.now, timezone=known.timezone)

    async def _think(
        self, deliberating: Deliberating, turn: _Turn, text: str, meaning: Meaning, facts: Sequence[str]
    ) -> bool:
        """Whether a model has answered; where none does, the rules do what they can."""
        usual = (await self._preferences.all(of_person(turn.who.id))).get(ENVIRONMENT)
        facts = [f"whoever asks is in the time zone {turn.who.timezone}", *facts]
        if usual:
            facts.append(f"the environment that they usually mean is {usual}")
        if meaning.operation:
            facts.append(f"the rules take it for {meaning.operation.name}, with confidence {meaning.score:.2f}")
        thought = await deliberating.think(Asked(turn.request, turn.who, turn.thread, text, facts), turn.tell)
        if thought.ending != "unavailable" or thought.text:
            return True
        await turn.tell(Text("_The model is away, so I answer by rules alone._\n\n"))
        return False

    async def _follow(self, turn: _Turn, meaning: Meaning, *, part: str = "") -> None:
        """`part` tells the wishes of one message apart: each is done once, and not as the other."""
        request, tell = turn.request, turn.tell
        match meaning:
            case Meaning("run", found) if found:
                await self._run_all(turn, found, meaning, part)
            case Meaning("form", found) if found:
                await self._want(turn, found, meaning)
            case Meaning("ask") if meaning.understood:
                await self._ask(turn, meaning.understood)
            case Meaning("absent", why=name):
                await self._absent(name, tell)
            case Meaning("not-yet", found, values) if found:
                await tell(Text("You were not asking for it, so I have done nothing."))
                choice = Choice(found.title, operation=found.name, values=values, form=True)
                await tell(Choices((choice, HELP), "If you do want it:"))
            case Meaning("talk"):
                negated = meaning.understood is not None and meaning.understood.mood == "negated"
                await tell(Text(reply(request.text, negated=negated)))
            case _:
                await tell(Text("I am not sure what you mean. I would rather ask than guess."))
                await tell(Choices(tuple(self._suggestions(meaning.near)), "Did you mean one of these?"))

    async def _run_all(self, turn: _Turn, found: AnyOperation, meaning: Meaning, part: str) -> None:
        for number, each in enumerate((meaning.values, *meaning.beside)):
            key = f"{turn.request.key}{part}:{number}" if number or part else ""
            if which := await self._chosen(turn, found, each):
                await self._run(turn, found, await self._usual(turn.request, found, which.values), key=key)
        await self._rest(turn, meaning)

    async def _rest(self, turn: _Turn, meaning: Meaning) -> None:
        """What was asked and is not done."""
        if meaning.left:
            await turn.tell(Text(f"_I could not narrow this down by {_listed(meaning.left)}._"))
        if meaning.over:
            await turn.tell(Text(f"_That is a lot at once, so I left out {_listed(meaning.over)}: ask me again._"))

    async def _want(self, turn: _Turn, found: AnyOperation, meaning: Meaning) -> None:
        """The form, and what it cannot say."""
        if meaning.note:
            await turn.tell(Text(meaning.note))
        if which := await self._chosen(turn, found, meaning.values):
            usual = await self._usual(turn.request, found, which.values)
            why = "; ".join(filter(None, (which.why, meaning.why)))
            await turn.tell(FormWanted(found.name, found.title, usual, why))
        await self._rest(turn, meaning)

    async def _chosen(self, turn: _Turn, found: AnyOperation, values: Mapping[str, Json]) -> Chosen | None:
        """With what is named in words settled; None where that is a question, which is then asked."""
        which = await chosen(found, values, lambda name, given: self._invoking.ask(turn.request, name, given))
        for event in which.said:
            await turn.tell(event)
        return None if which.said else which

    async def _run(self, turn: _Turn, found: AnyOperation, values: Mapping[str, Json], *, key: str = "") -> None:
        outcome = await self._invoking.invoke(turn.request, found, values, turn.tell, key=key)
        self._learn(turn, found, values, outcome)

    def _learn(self, turn: _Turn, found: AnyOperation, values: Mapping[str, Json], outcome: Outcome) -> None:
        """After the answer, and never in its way. Looking at the memory, or emptying it, is nothing to remember."""
        if found.name.partition(".")[0] in {"memory", "history"}:
            return

        async def remember() -> None:
            try:
                where = where_of(turn.request, turn.thread)
                await self._memory.did(turn.request.text or found.title, found.name, values, outcome.kind, where)
            except CopilotError as error:
                log.warning("not_remembered", operation=found.name, error=str(error))

        task = asyncio.create_task(remember(), name=f"learning {turn.request.key}")
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)

    async def _ask(self, turn: _Turn, understood: Understanding) -> None:
        """The question is kept, and whatever answers it in this thread goes on from here."""
        now, person = self._clock(), turn.request.actor.id
        key = Key.of(turn.request.origin, person)
        payload: dict[str, Json] = {"understood": pack(understood)}
        await self._suspended.put(
            Suspended("question", key, person, payload, created_at=now, expires_at=now + PATIENCE)
        )
        options = tuple(Choice(each, say=each) for each in understood.options)
        await turn.tell(Choices(options, understood.question) if options else Text(understood.question))

    async def _absent(self, name: str, tell: Tell) -> None:
        """What is understood and nothing here does is said so, with what comes near it."""
        names = {each.name: each for each in self._registry}
        known = absent(name, names)
        await tell(
            Text(
                f"{known.what} is not something I can do here yet: it needs {known.needs}, and none is connected. "
                "Nothing was started."
            )
        )
        await tell(Choices(tuple(self._suggestions(tuple(names[each] for each in known.instead))), "What I can do:"))

    async def _usual(self, request: Request, found: AnyOperation, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Where no environment is named, the one that this person usually means."""
        if "environment" not in found.input.model_fields or "environment" in values:
            return values
        kept = (await self._preferences.all(of_person(request.actor.id))).get(ENVIRONMENT)
        return {**values, "environment": kept} if kept else values

    def _suggestions(self, near: tuple[AnyOperation, ...]) -> list[Choice]:
        choices = [Choice(each.title, say=(each.examples or (each.name,))[0]) for each in near]
        return [*choices, HELP]

    async def _look_at_all(self, turn: _Turn) -> None:
        """Each file for itself; and the words beside them, where they plainly ask for something else."""
        for attachment in turn.request.attachments:
            try:
                await self._look(turn, attachment)
            except CopilotError as error:
                await turn.tell(Trouble(error.message, error.mend, turn.request.origin.trace_id))
        said = await self._threads.earlier(turn.thread, turn.request)
        meaning = understand(turn.request.text, await self._known(turn.request, turn.who.timezone, said))
        if turn.request.text and meaning.operation and meaning.operation.name != FILES:
            await self._say(turn)

    async def _look(self, turn: _Turn, attachment: Attachment) -> None:
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
        await self._invoking.invoke(turn.request, found, values, turn.tell, key=f"{turn.request.key}:{attachment.id}")


def _by_itself(text: str, meaning: Meaning, known: Known) -> Meaning:
    """What was taken for an answer and answers nothing is a sentence like any other."""
    if meaning.understood is None or meaning.understood.operation != "answer.clarify":
        return meaning
    return understand(text, replace(known, history=()))


def _alone(meaning: Meaning) -> bool:
    """Whether the rules need no model: they are sure, and it is one thing that is wanted."""
    return meaning.score > SURE and meaning.kind != "unsure" and not meaning.then


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _wording(request: Request) -> str:
    """What was asked, in words: a button is remembered as what it would be called when typed."""
    if request.operation is None:
        return request.text
    values = " ".join(shlex.quote(f"{name}={value}") for name, value in request.values.items() if value is not None)
    return f"{request.operation} {values}".strip()
