"""An answer while it is being given: streamed where the surface has it, else a message that is changed as it grows.

What was said already is never taken on trust: a stream that breaks is overwritten by everything said so far, on the
same message, so that nothing is lost and nothing is there twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import structlog

from bot.agent.events import Event, Plan, Task, Text
from bot.errors import CopilotError, Interrupted, Retryable
from bot.resilience import Monotonic, Sleep
from handlers.outbox import Outbox
from handlers.present.message import Block, Rendered, Surface
from handlers.refused import SlackRefused
from handlers.spoken import Spoken, looking

log = structlog.get_logger()

AT_ONCE: Final = 256
"""So many characters are sent without waiting for more."""
BREATH: Final = 0.4
"""Seconds to wait for more words before those that are there are sent."""
EDIT_EVERY: Final = 1.0
"""Seconds between two changes of a message that is not streamed."""
NO_WAIT: Final = 0.25
"""If starting a stream has to wait longer than that for its turn, a placeholder is quicker."""
OFFER_AFTER: Final = 2.0
"""Seconds after which a stream shows what is for as long as it runs: Stop."""
STOPPED: Final = "_Stopped._"
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
ENDS: Final = 3
"""So often a stream is ended that Slack says still runs."""
ROUNDS: Final = 4
"""So often an answer is said again that somebody takes away."""
MOST_SAID: Final = 12_000
"""Beyond so many characters a stream is not trusted to hold the whole answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer goes. A stream wants a thread, and in a channel the person that it is for."""

    channel: str
    thread: str | None = None
    recipient_user: str | None = None
    recipient_team: str | None = None
    surface: Surface = "thread"
    can_stream: bool = False


class Render(Protocol):
    """Events to the whole message, while more is to come or when it is `done`."""

    def __call__(self, events: Sequence[Event], /, *, done: bool) -> Rendered: ...


SAID: Final = (Text, Plan, Task)
"""What a stream says by itself."""
OnPosted = Callable[[str], Awaitable[None]]
Mode = Literal["unposted", "stream", "edit", "over"]


class LiveAnswer:
    """One answer, one message. `begin`, then `feed` as it comes, then one of `finish`, `stop` and `fail`.

    `rest` gives the blocks that belong below a stream, which says the words, the plan and the tasks itself; without
    it, or where nothing comes below, a stream is replaced by the rendering of the whole when it ends. `while_running`
    is shown in a stream as long as it runs (Stop), and makes it be replaced. `on_posted` is told the ts of the message
    before more is sent; `on_stopped`, that somebody pressed Slack's own Stop.
    """

    def __init__(
        self,
        outbox: Outbox,
        place: Place,
        render: Render,
        *,
        answer_id: str,
        on_posted: OnPosted | None = None,
        on_stopped: Callable[[], None] | None = None,
        rest: Callable[[Sequence[Event]], Sequence[Block]] | None = None,
        while_running: Sequence[Block] = (),
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.answer_id = answer_id
        self._outbox = outbox
        self._place = place
        self._render = render
        self._on_posted = on_posted
        self._on_stopped = on_stopped
        self._rest = rest
        self._while_running = tuple(while_running)
        self._clock = clock
        self._sleep = sleep
        self._events: list[Event] = []
        self._spoken = Spoken(answer_id)
        self._mode: Mode = "unposted"
        self._ts: str | None = None
        self._news = asyncio.Event()
        self._enough = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._offer: asyncio.Task[None] | None = None
        self._offered: Literal["", "due", "shown"] = ""
        self._sending = False
        self._ending = False
        self._doubtful = False  # whether a message of ours may be there that we do not know of
        self._lost = 0  # messages that we had and that can be changed no more
        self._resumed = False
        self._shown: Rendered | None = None
        self._edited_at = float("-inf")

    @property
    def ts(self) -> str | None:
        """The message, as soon as there is one."""
        return self._ts

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._events)

    # ------------------------------------------------------------ from outside

    async def begin(self) -> None:
        """Something to see at once. SlackRefused where no answer can be given here; when Slack is only not to be
        reached the answer goes on, and is posted when it is finished.
        """
        try:
            if not (self._streams() and await self._begin_stream()):
                await self._post(self._render((), done=False))
        except (Retryable, Interrupted) as error:
            log.warning("answer_begins_unseen", answer=self.answer_id, why=str(error))
        self._pump = asyncio.create_task(self._keep_up())
        if self._while_running and self._mode == "stream":
            self._offer = asyncio.create_task(self._offer_later())

    async def resume(self, ts: str | None, events: Sequence[Event]) -> None:
        """Go on after a crash with what was kept: the message, if there was one, and what had been said."""
        self._events = list(events)
        self._doubtful = self._resumed = True
        if ts:
            self._ts, self._mode = ts, "edit"
            self._news.set()
        else:
            try:
                await self._post(self._render(tuple(events), done=False))
            except (Retryable, Interrupted) as error:
                log.warning("answer_goes_on_unseen", answer=self.answer_id, why=str(error))
        self._pump = asyncio.create_task(self._keep_up())

    async def feed(self, event: Event) -> None:
        """Takes no longer than it takes to note it down; what comes after the end is not said."""
        if self._ending:
            return
        self._events.append(event)
        self._spoken.hear(event)
        self._news.set()
        if not isinstance(event, Text) or self._spoken.unsaid >= AT_ONCE:
            self._enough.set()

    async def finish(self) -> str | None:
        """The whole answer, with what belongs below it; the ts of its message."""
        return await self._end([])

    async def stop(self) -> str | None:
        """What was there until now, and that it was stopped."""
        halted = [Task(task.id, task.title, "failed", "stopped") for task in self._spoken.running()]
        before = "\n\n" if self._spoken.words else ""
        return await self._end([*halted, Text(f"{before}{STOPPED}")])

    async def leave(self) -> None:
        """Say no more, as at the end of the process; another one resumes it."""
        self._ending = True
        for task in (self._pump, self._offer):
            if task:
                task.cancel()
        await self._pumped()

    # ------------------------------------------------------------ beginning

    def _streams(self) -> bool:
        place = self._place
        known = place.surface in ("dm", "assistant") or (place.recipient_user and place.recipient_team)
        soon = self._outbox.delay("chat.startStream", place.channel) <= NO_WAIT
        return bool(place.can_stream and place.thread and known and soon)

    async def _begin_stream(self) -> bool:
        """Whether there is a stream now; if that cannot be known, what is posted instead looks for it first."""
        place = self._place
        assert place.thread is not None, "`_streams` has seen to it"
        opening = [looking(self.answer_id)]
        try:
            ts = await self._outbox.start_stream(
                place.channel,
                place.thread,
                opening,
                key=self.answer_id,
                user=place.recipient_user,
                team=place.recipient_team,
            )
        except CopilotError as error:
            log.warning("no_stream", answer=self.answer_id, why=str(error))
            self._doubtful = not isinstance(error, SlackRefused)
            return False
        self._mode = "stream"
        await self._posted(ts)
        return True

    async def _post(self, rendered: Rendered) -> None:
        bare = Rendered(rendered.text, rendered.blocks)  # pictures come once, at the end
        key = f"{self.answer_id}-{self._lost}" if self._lost else self.answer_id
        again, self._doubtful = self._doubtful, True
        ts = await self._outbox.post(self._place.channel, bare, self._place.thread, key=key, again=again)
        self._mode, self._shown = "edit", None if again else bare
        self._edited_at = self._clock()
        await self._posted(ts)

    async def _posted(self, ts: str) -> None:
        self._ts = ts
        if self._on_posted:
            await self._on_posted(ts)

    # ------------------------------------------------------------ while it grows

    async def _keep_up(self) -> None:
        """Sends what there is, one thing at a time: when Slack is slow, each one is more."""
        while not self._ending:
            await self._news.wait()
            await self._breathe()
            self._news.clear()
            self._enough.clear()
            self._sending = True
            try:
                await self._show()
            except CopilotError as error:
                log.warning("progress_not_shown", answer=self.answer_id, why=str(error))
            except Exception:
                log.exception("progress_cannot_be_shown", answer=self.answer_id)
            finally:
                self._sending = False

    async def _offer_later(self) -> None:
        """Stop is for what lasts; a short answer would only flicker."""
        await self._sleep(OFFER_AFTER)
        self._offered = "due"
        self._news.set()

    async def _breathe(self) -> None:
        if self._mode != "stream":
            await self._sleep(max(self._edited_at + EDIT_EVERY - self._clock(), 0.0))
            return
        waits = [asyncio.ensure_future(self._sleep(BREATH)), asyncio.ensure_future(self._enough.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _show(self) -> None:
        if self._mode == "stream":
            await self._append()
        elif self._mode == "edit":
            await self._edit()

    async def _append(self) -> None:
        assert self._ts is not None, "a stream has a message"
        chunks = self._spoken.take()
        if self._spoken:
            self._news.set()
        if self._offered == "due":
            self._offered = "shown"
            chunks = [*chunks, {"type": "blocks", "blocks": list(self._while_running)}]
        if not chunks:
            return
        try:
            await self._outbox.append_stream(self._place.channel, self._ts, chunks)
        except CopilotError as error:
            log.warning("stream_broke", answer=self.answer_id, why=str(error))
            stopped = isinstance(error, SlackRefused) and error.code == "stopped_by_user"
            await self._hush()
            self._mode = "edit"
            if stopped and self._on_stopped:
                self._on_stopped()
            elif not self._ending:
                await self._edit()

    async def _edit(self) -> None:
        rendered = self._render(tuple(self._events), done=False)
        if rendered == self._shown:
            return
        self._edited_at = self._clock()
        if await self._overwrite(rendered, passing=True):
            self._shown = rendered
            return
        if not self._ending:
            self._lose()
            await self._post(rendered)

    async def _overwrite(self, rendered: Rendered, *, passing: bool = False) -> bool:
        """Put this in the place of all that the message says; False where the message is gone. Progress that the end
        has overtaken is not sent any more.
        """
        ts, ends = self._ts, 0
        assert ts is not None, "only what is there is overwritten"
        while not (passing and self._ending):
            try:
                await self._outbox.update(self._place.channel, ts, rendered, passing=passing)
            except SlackRefused as error:
                if error.code in GONE:
                    return False
                ends += 1
                if error.code != "streaming_state_conflict" or ends > ENDS:
                    raise
                await self._hush()
            else:
                break
        return True

    async def _hush(self) -> None:
        """The stream ends as it is, if it has not ended yet."""
        assert self._ts is not None, "a stream has a message"
        try:
            await self._outbox.stop_stream(self._place.channel, self._ts, key=self.answer_id)
        except CopilotError as error:
            log.info("stream_not_stopped", answer=self.answer_id, why=str(error))

    # ------------------------------------------------------------ the end

    async def _end(self, last: Sequence[Event]) -> str | None:
        """Once: whoever comes second finds it said. If it fails it can be tried again."""
        if self._mode == "over" or self._ending:
            return self._ts
        self._ending = True
        if self._offer:
            self._offer.cancel()
        before = len(self._events)
        self._events += last
        for event in last:
            self._spoken.hear(event)
        try:
            await self._say_it_all()
        except BaseException:
            del self._events[before:]
            self._ending = False
            if self._mode == "stream":
                self._mode = "edit"  # what it heard of the end is not to be said twice
            raise
        return self._ts

    async def _say_it_all(self) -> None:
        await self._still()
        whole = self._render(tuple(self._events), done=True)
        if not (self._mode == "stream" and await self._end_stream()):
            await self._replace(whole)
        self._mode = "over"
        await self._pumped()
        if self._ts and (whole.pictures or whole.files):
            thread = self._place.thread or self._ts
            await self._outbox.attach(self._place.channel, thread, whole, key=self.answer_id, again=self._resumed)

    async def _still(self) -> None:
        """Nothing is on its way that could come after the end. A change that waits is overtaken by the last one."""
        if self._pump is None:
            return
        if not self._sending:
            self._pump.cancel()
        if not self._sending or self._mode != "edit":
            await self._pumped()

    async def _end_stream(self) -> bool:
        """Whether the stream said it all."""
        assert self._ts is not None, "a stream has a message"
        below = self._below()
        if below is None:
            await self._hush()
            self._mode = "edit"
            return False
        try:
            await self._outbox.stop_stream(
                self._place.channel, self._ts, self._spoken.take(last=True), below, key=self.answer_id
            )
        except CopilotError as error:
            log.warning("stream_broke_at_the_end", answer=self.answer_id, why=str(error))
            self._mode = "edit"
            return False
        return True

    def _below(self) -> Sequence[Block] | None:
        """What comes below the words; None where the stream does not show what the rendering of the whole does."""
        rest = [event for event in self._events if not isinstance(event, SAID)]
        words_below = bool(rest) and any(
            isinstance(event, Text) for event in self._events[self._events.index(rest[0]) :]
        )
        too_much = len(self._spoken.words) > MOST_SAID or not self._spoken.fits_one_call()
        if self._rest is None or self._offered == "shown" or not rest or words_below or too_much:
            return None
        return self._rest(rest)

    async def _replace(self, whole: Rendered) -> None:
        """By the message that there is, or by a new one, which may be gone again when it is changed."""
        for _ in range(ROUNDS):
            if self._mode == "edit":
                gone = self._ts
                if await self._overwrite(whole):
                    return
                await self._pumped()
                if self._mode == "edit" and self._ts == gone:
                    self._lose()
            await self._pumped()  # it may have been posting anew at this moment
            if self._mode == "unposted":
                found = self._doubtful
                await self._post(whole)
                if not found:
                    return
        log.warning("answer_taken_away", answer=self.answer_id, channel=self._place.channel)

    async def _pumped(self) -> None:
        if self._pump:
            await asyncio.wait({self._pump})

    def _lose(self) -> None:
        self._mode, self._ts, self._doubtful = "unposted", None, True
        self._lost += 1
