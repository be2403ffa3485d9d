"""A conversation in Slack: a request comes in, a live answer goes out, and both are kept."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from bot.agent.answers import Answer, AnswerState, AnswerStore
from bot.agent.events import Event, Plan, Task, Text, Trouble
from bot.agent.request import Request
from bot.agent.turn import Turns
from bot.door.registry import Registry
from bot.errors import CopilotError, Refusal, Retryable
from bot.guard.people import Identity, People
from bot.ports import Clock
from handlers.buttons import OnAnswer, button
from handlers.live import LiveAnswer, Place
from handlers.outbox import Outbox
from handlers.present import render
from handlers.present.message import Block, Rendered, Scene
from handlers.refused import SlackRefused

KEPT: Final = timedelta(days=30)
SHOWN_QUESTION: Final = 8_000
log = structlog.get_logger()


class Session(Protocol):
    """A thread that the bot is in."""

    @property
    def context(self) -> dict[str, Any]: ...


class Sessions(Protocol):
    """The threads that the bot is in."""

    async def open(
        self, workspace: str, channel: str, thread: str, *, by: str, now: datetime, expires_at: datetime
    ) -> Any: ...

    async def find(self, workspace: str, channel: str, thread: str) -> Any: ...

    async def remember(self, session: Any, context: dict[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What a conversation works with."""

    turns: Turns
    answers: AnswerStore
    sessions: Sessions
    people: People
    registry: Registry
    outbox: Outbox
    clock: Clock
    replica: str


class Conversation:
    """Answers requests where they were asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopped: set[str] = set()

    # ------------------------------------------------------------ answering

    async def answer(self, request: Request, place: Place) -> Answer | None:
        """Give the answer; the same request, come again after a crash, goes on with the same message."""
        viewer = await self._welcome(request, place)
        if viewer is None:
            return None
        blank = self._blank(request, place)
        answer = await self._desk.answers.open(blank)
        if answer.state in {AnswerState.DONE, AnswerState.STOPPED}:
            return answer
        if answer.id != blank.id:  # it was begun before: here, where it failed, or by a process that is gone
            request = replace(request, again=True)
        first = place.surface == "thread" and not await self.follows(
            answer.workspace, place.channel, place.thread or ""
        )
        live = self._live(answer, place, viewer, first=first)
        work = asyncio.create_task(self._follow(request, live, answer), name=f"answer {answer.id}")
        self._running[answer.id] = work
        if answer.state is AnswerState.STOPPING:  # pressed before the process died
            self._stop_soon(answer.id)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            if not work.cancelled():  # the bot is going, not the answer: it is taken up again
                work.cancel()
                await live.leave()
                raise
            await live.stop()
        finally:
            self._running.pop(answer.id, None)
        stopped = answer.id in self._stopped
        self._stopped.discard(answer.id)
        ended = replace(
            answer,
            events=tuple(live.events),
            ts=live.ts,
            channel=place.channel,
            state=AnswerState.STOPPED if stopped else AnswerState.DONE,
            finished_at=self._desk.clock(),
        )
        await self._desk.answers.finish(ended)
        return ended

    async def events(self, request: Request) -> list[Event]:
        """The answer as a whole, for surfaces on which nothing can grow."""
        return [event async for event in self._desk.turns.run(request)]

    async def whole(self, request: Request, place: Place) -> tuple[Rendered, Answer]:
        """The answer at once, and kept: what a slash command shows to its caller alone."""
        try:
            viewer = await self._desk.people.identify(request.actor)
        except Refusal as error:
            return self._sorry(error, place), self._blank(request, place)
        answer = await self._desk.answers.open(replace(self._blank(request, place), private=True))
        events = tuple(answer.events) or tuple(await self.events(request))
        ended = replace(answer, events=events, state=AnswerState.DONE, finished_at=self._desk.clock())
        await self._desk.answers.finish(ended)
        return render(events, self.scene(place, viewer, answer=answer.id), done=True), ended

    async def shown(self, request: Request, place: Place, draw: Callable[[Scene], Rendered]) -> Rendered:
        """What takes no turn, drawn for somebody who may be here."""
        try:
            viewer = await self._desk.people.identify(request.actor)
        except Refusal as error:
            return self._sorry(error, place)
        return draw(self.scene(place, viewer))

    async def concerns(self, request: Request) -> bool:
        return await self._desk.turns.concerns(request)

    # ------------------------------------------------------------ stopping

    def stop(self, answer_id: str) -> bool:
        """Stop it if it is given here."""
        work = self._running.get(answer_id)
        if work is None:
            return False
        self._stopped.add(answer_id)
        work.cancel()
        return True

    async def heed_stops(self) -> None:
        """Stops that were pressed, and came in at another replica."""
        if self._running:
            for answer_id in await self._desk.answers.stopping(self._desk.replica):
                self.stop(answer_id)

    # ------------------------------------------------------------ threads

    async def join(self, place: Place, by: str, workspace: str) -> None:
        """From now on, a reply in this thread needs no mention."""
        if place.thread:
            now = self._desk.clock()
            session = await self._desk.sessions.open(
                workspace, place.channel, place.thread, by=by, now=now, expires_at=now + KEPT
            )
            if not session.context.get("following", True):  # told to stop listening, and called back
                await self._desk.sessions.remember(session, {**session.context, "following": True})

    async def follows(self, workspace: str, channel: str, thread: str) -> bool:
        session = await self._desk.sessions.find(workspace, channel, thread)
        return session is not None and bool(session.context.get("following", True))

    async def leave(self, workspace: str, channel: str, thread: str) -> bool:
        session = await self._desk.sessions.find(workspace, channel, thread)
        if session is None:
            return False
        await self._desk.sessions.remember(session, {**session.context, "following": False})
        return True

    # ------------------------------------------------------------ within

    def scene(
        self, place: Place, viewer: Identity | None, *, answer: str = "", stop: bool = False, following: bool = False
    ) -> Scene:
        return Scene(
            viewer=viewer,
            answer=answer,
            surface=place.surface,
            now=self._desk.clock(),
            registry=self._desk.registry,
            timezone=viewer.timezone if viewer else "UTC",
            stop=stop,
            following=following,
        )

    def _blank(self, request: Request, place: Place) -> Answer:
        return Answer(
            id=f"ans-{uuid.uuid4().hex[:16]}",
            key=request.key,
            workspace=request.origin.workspace or "",
            channel=place.channel,
            thread=place.thread,
            person=request.actor.id,
            private=place.surface in {"dm", "assistant", "command"},
            replica=self._desk.replica,
            created_at=self._desk.clock(),
            question=(request.text or request.operation or "")[:SHOWN_QUESTION],
        )

    async def _welcome(self, request: Request, place: Place) -> Identity | None:
        """Who asks; somebody who may not is told so, and nobody else sees it."""
        try:
            return await self._desk.people.identify(request.actor)
        except Refusal as error:
            if isinstance(error.__cause__, Retryable):
                raise error.__cause__ from error  # Slack's hiccup, no verdict: the delivery is handled again
            rendered = self._sorry(error, place)
            if place.surface == "dm":
                await self._desk.outbox.post(place.channel, rendered, thread=place.thread, key=f"no:{request.key}")
            else:
                # Not in the thread: where nobody has replied yet, Slack shows nothing there.
                await self._desk.outbox.whisper(place.channel, request.actor.id, rendered)
            return None

    def _sorry(self, error: Refusal, place: Place) -> Rendered:
        return render([Trouble(f"Sorry: {error.message}", error.mend)], self.scene(place, None), done=True)

    def _live(self, answer: Answer, place: Place, viewer: Identity, *, first: bool) -> LiveAnswer:
        def rendering(events: Sequence[Event], *, done: bool) -> Rendered:
            return render(
                events,
                self.scene(place, viewer, answer=answer.id, stop=not done, following=first and done),
                done=done,
            )

        async def posted(ts: str) -> None:
            await self._desk.answers.posted(answer.id, place.channel, ts)

        def rest(events: Sequence[Event]) -> Sequence[Block]:
            return rendering([each for each in events if not isinstance(each, Text | Plan | Task)], done=True).blocks

        stop = {"type": "actions", "elements": [button("Stop", OnAnswer(answer.id, "stop"))]}
        return LiveAnswer(
            self._desk.outbox,
            place,
            rendering,
            answer_id=answer.id,
            on_posted=posted,
            on_stopped=lambda: self._stop_soon(answer.id),
            rest=rest,
            while_running=[stop],
        )

    async def _elsewhere(self, request: Request, refused: SlackRefused) -> None:
        """No answer can be given where it was asked; whoever asked hears that in private."""
        log.warning("answer_refused", channel=request.origin.channel, code=refused.code)
        direct = await self._desk.outbox.direct(request.actor.id)
        place = Place(direct, surface="dm")
        told = Trouble(f"I cannot answer where you asked, so nothing was done. {refused.message}", refused.mend)
        if direct != request.origin.channel:
            await self._desk.outbox.post(
                direct, render([told], self.scene(place, None), done=True), key=f"else:{request.key}"
            )

    def _stop_soon(self, answer_id: str) -> None:
        """Slack's own Stop was pressed; whoever tells it is in the middle of sending."""
        asyncio.get_running_loop().call_soon(self.stop, answer_id)

    async def _follow(self, request: Request, live: LiveAnswer, answer: Answer) -> None:
        try:
            await (live.resume(answer.ts, ()) if request.again else live.begin())
        except SlackRefused as refused:
            await self._elsewhere(request, refused)
            return
        try:
            async with contextlib.aclosing(self._desk.turns.run(request)) as events:
                async for event in events:
                    await live.feed(event)
        except CopilotError as error:
            log.warning("turn_failed", error=str(error))
            await live.feed(Trouble(error.message, error.mend, request.origin.trace_id))
        except Exception as error:
            log.exception("turn_broken")
            await live.feed(
                Trouble(
                    f"something unexpected went wrong ({type(error).__name__})",
                    "Nothing was changed that I know of. The reference finds it in the log.",
                    request.origin.trace_id or request.key,
                )
            )
        await live.finish()
