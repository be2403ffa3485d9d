"""How everything leaves for Slack: no faster than it may, in order, once, and with an answer for whoever waits.

    Outbox.post, update, …      what is sent, awaited until it really was
    └── Lanes                     in order within a lane; no lane waits for another
        └── Courier                 as often as it takes, and not once more
            └── Turnstile             when it may go, by `Pace`: rates, and the pauses that Slack asks for

New messages share a lane by thread. What changes a message has a lane of that message: it keeps its place on the page,
so a card is not stale because its channel is noisy.
"""

from __future__ import annotations

import asyncio
import copy
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.agent.events import Picture
from bot.errors import CopilotError, Unavailable
from bot.resilience import Monotonic, RetryPolicy, Sleep
from handlers.courier import Counted, Courier
from handlers.lanes import Job, Lane, Lanes, Send, Turnstile
from handlers.lookup import Lookup, holds
from handlers.pace import Pace, Rates
from handlers.present.escaping import escape
from handlers.present.message import Attached, Block, Rendered, View
from handlers.refused import SlackRefused, by_status, code_in, understood

EVENT_TYPE: Final = "copilot"
URGENT: Final = -60.0
"""A trigger lives three seconds: whatever waits for the same method lets it go first."""
PASSING: Final = 5.0
"""Progress lets everything go first that came within so many seconds; it is out of date soon anyway."""
SKEW: Final = 300.0
"""Our clock and Slack's may differ by so many seconds when a message of ours is looked for."""
LOOK_BACK: Final = 86_400.0
"""So far back is looked after a crash, when nobody says since when."""
UNREADABLE: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})

log = structlog.get_logger()


@dataclass(slots=True)
class _Room:
    """Places for what waits to be posted in one channel."""

    places: asyncio.Semaphore
    guests: int = 0


class Outbox:
    """Sends as the bot. Every method returns when Slack has it, or raises SlackRefused, RateLimited, Unavailable,
    TimedOut, or Interrupted where it cannot be known whether Slack has it.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        registry: CollectorRegistry,
        *,
        rates: Rates | None = None,
        policy: RetryPolicy | None = None,
        timeout: float = 15.0,
        room: int = 100,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        wall: Callable[[], float] = time.time,
        rnd: Callable[[], float] = random.random,
    ) -> None:
        """`room` new messages may wait in a channel; whoever wants to send more waits before it."""
        self._client = copy.copy(client)
        self._client.retry_handlers = []  # those of the SDK repeat a post without asking whether it is there
        self._most_waiting = room
        self._rooms: dict[str, _Room] = {}
        self._clock = clock
        self._wall = wall
        self._pace = Pace(rates)
        self._turnstile = Turnstile(self._pace, clock, sleep)
        self._courier = Courier(
            pace=self._pace,
            turnstile=self._turnstile,
            counted=Counted(registry),
            policy=policy or RetryPolicy(attempts=4, initial=0.3, maximum=5, multiplier=3, jitter=0.3),
            timeout=timeout,
            clock=clock,
            sleep=sleep,
            rnd=rnd,
        )
        self._lookup = Lookup(self._client, self._courier)
        self._lanes = Lanes(self._courier.deliver)
        self._courier.counted.waiting.set_function(lambda: len(self._lanes))
        self._directs: dict[str, str] = {}
        self._closed = False

    # ------------------------------------------------------------ messages

    async def post(
        self,
        channel: str,
        rendered: Rendered,
        thread: str | None = None,
        *,
        key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        again: bool = False,
        since: float | None = None,
    ) -> str:
        """A new message; its ts. The same `key` is the same message: it is looked for where it may be there already,
        after a lost connection, or from the start with `again` (after a crash), back to the unix time `since`.
        """
        key = key or uuid.uuid4().hex
        oldest = self._oldest(again, since)

        async def look_for() -> str | None:
            found = await self._lookup.find(channel, thread, lambda message: holds(message, key), oldest)
            return str(found["ts"]) if found else None

        async def send() -> str:
            answer = await self._readable(
                self._client.chat_postMessage,
                rendered,
                channel=channel,
                thread_ts=thread,
                metadata=_metadata(key, metadata),
                mrkdwn=True,
                unfurl_links=False,
                unfurl_media=False,
            )
            return str(answer["ts"])

        async with self._room(channel):
            job = Job("chat.postMessage", channel, send, look_for=look_for, unclear=again)
            ts: str = await self._queue((channel, thread or ""), job)
        await self.attach(channel, thread or ts, rendered, key=key, again=again)
        return ts

    async def update(
        self, channel: str, ts: str, rendered: Rendered, *, passing: bool = False, whole: bool = False
    ) -> bool:
        """Whether it was sent, and not a newer one that came while it waited. Of those that wait the newest is sent,
        so the last one always is. `passing` is progress, which lets others go first; `whole` is refused rather than
        shown as its words alone. Pictures are not looked at.
        """

        async def send() -> bool:
            update = self._client.chat_update
            if whole:
                await update(channel=channel, ts=ts, text=rendered.text, blocks=list(rendered.blocks))
            else:
                await self._readable(update, rendered, channel=channel, ts=ts)
            return True

        job = Job("chat.update", channel, send, latest=True, yields=PASSING if passing else 0.0)
        sent: bool = await self._queue((channel, ts), job)
        return sent

    async def whisper(self, channel: str, user: str, rendered: Rendered, thread: str | None = None) -> None:
        """For one person only, who sees it until a reload; rather twice than never."""

        async def send() -> None:
            await self._readable(
                self._client.chat_postEphemeral, rendered, channel=channel, user=user, thread_ts=thread
            )

        await self._queue((channel, thread or "", user), Job("chat.postEphemeral", channel, send))

    async def respond(self, response_url: str, rendered: Rendered) -> None:
        """Through the address that came with a command or a press, for one person; Slack takes five in half an hour."""
        hook = AsyncWebhookClient(response_url, session=self._client.session, retry_handlers=[])

        async def say(*, blocks: list[Block], text: str, **_: object) -> None:
            answer = await hook.send_dict(
                {
                    "text": text,
                    "blocks": blocks,
                    "replace_original": False,
                    "response_type": "ephemeral",
                    "unfurl_links": False,
                    "unfurl_media": False,
                }
            )
            code = code_in(answer.body)
            if answer.status_code != HTTPStatus.OK or code not in ("", "ok"):
                raise by_status(answer.status_code, code, "response_url", answer.headers, ())

        await self._queue((response_url,), Job("response_url", None, lambda: self._readable(say, rendered)))

    async def direct(self, user: str) -> str:
        """The conversation with one person alone; Slack opens it once."""
        if user not in self._directs:
            job = self._stamped(Job("conversations.open", None, lambda: self._client.conversations_open(users=[user])))
            answer = await self._courier.deliver(job)
            self._directs[user] = str(answer["channel"]["id"])
        return self._directs[user]

    # ------------------------------------------------------------ files

    async def upload(
        self,
        channel: str,
        thread: str | None,
        name: str,
        content: bytes,
        title: str,
        alt: str,
        *,
        again: bool = False,
    ) -> None:
        """A file in the thread; `again` as with `post`, by its name and size."""
        oldest = self._oldest(again, None)

        async def send() -> None:
            await self._client.files_upload_v2(
                channel=channel, thread_ts=thread, filename=name, content=content, title=title, alt_txt=alt or None
            )

        def same(message: Mapping[str, Any]) -> bool:
            files = message.get("files") or ()
            return any(file.get("name") == name and file.get("size") == len(content) for file in files)

        job = Job("files.completeUploadExternal", channel, send, unclear=again)
        job.look_for = lambda: self._lookup.find(channel, thread, same, oldest)
        async with self._room(channel):
            await self._queue((channel, thread or ""), job)

    async def keep(self, name: str, picture: Picture) -> str:
        """A picture that no conversation has yet; its id. Blocks can show it as soon as Slack has looked at it."""

        async def send() -> str:
            answer = await self._client.files_upload_v2(
                filename=name, content=picture.png, title=picture.title, alt_txt=picture.alt or None
            )
            return str(answer["file"]["id"])

        file: str = await self._courier.deliver(self._stamped(Job("files.completeUploadExternal", None, send)))
        return file

    async def attach(self, channel: str, thread: str, rendered: Rendered, *, key: str, again: bool = False) -> None:
        """Pictures and files of a message, below it. One that cannot be sent says so there."""
        pictures = [(f"{key}-{n}.png", each.png, each) for n, each in enumerate(rendered.pictures, 1)]
        files = [(each.name, each.content, each) for each in rendered.files]
        named: list[tuple[str, bytes, Picture | Attached]] = [*pictures, *files]
        for name, content, each in named:
            try:
                await self.upload(channel, thread, name, content, each.title, each.alt, again=again)
            except CopilotError as error:
                log.exception("file_not_sent", channel=channel, file=name, why=str(error))
                await self._instead(channel, thread, each, f"{key}-without-{name}")

    async def _instead(self, channel: str, thread: str, missing: Picture | Attached, key: str) -> None:
        words = escape(f"“{missing.title}” could not be sent here. {missing.alt}".strip())
        try:
            await self.post(channel, Rendered(words, ()), thread, key=key)
        except CopilotError as error:
            log.exception("nor_a_word_instead", channel=channel, why=str(error))

    # ------------------------------------------------------------ streams

    async def start_stream(
        self,
        channel: str,
        thread: str,
        chunks: Sequence[Block],
        *,
        key: str,
        user: str | None = None,
        team: str | None = None,
    ) -> str:
        """A message that is said bit by bit; its ts. One of the chunks is a task with the id `key`."""
        oldest = self._oldest(again=False, since=None)

        async def send() -> str:
            answer = await self._client.chat_startStream(
                channel=channel,
                thread_ts=thread,
                recipient_user_id=user,
                recipient_team_id=team,
                chunks=chunks,
                task_display_mode="plan",
            )
            return str(answer["ts"])

        async def look_for() -> str | None:
            found = await self._lookup.find(channel, thread, lambda message: holds(message, key), oldest)
            return str(found["ts"]) if found else None

        job = Job("chat.startStream", channel, send, look_for=look_for)
        ts: str = await self._queue((channel, thread), job)
        return ts

    async def append_stream(self, channel: str, ts: str, chunks: Sequence[Block]) -> None:
        """Interrupted where it is not known whether it was said: saying it again could double it."""
        send = lambda: self._client.chat_appendStream(channel=channel, ts=ts, chunks=chunks)  # noqa: E731
        await self._queue((channel, ts), Job("chat.appendStream", channel, send, once=True))

    async def stop_stream(
        self, channel: str, ts: str, chunks: Sequence[Block] = (), blocks: Sequence[Block] = (), key: str = ""
    ) -> None:
        """The last words, and the blocks below them. A stream that is over is a SlackRefused."""
        payload = _metadata(key) if key else None

        async def send() -> None:
            await self._client.chat_stopStream(
                channel=channel, ts=ts, chunks=chunks or None, blocks=blocks or None, metadata=payload
            )

        await self._queue((channel, ts), Job("chat.stopStream", channel, send))

    def delay(self, method: str, channel: str) -> float:
        """Seconds that a send would wait for its turn now, as far as can be seen."""
        return self._pace.delay(method, channel, self._clock())

    # ------------------------------------------------------------ views

    async def view_open(self, trigger: str, view: View) -> Mapping[str, Any]:
        """The view as Slack has it, with its id and hash."""
        return await self._view("views.open", lambda: self._client.views_open(trigger_id=trigger, view=view))

    async def view_update(self, view_id: str, view: View, hash: str | None = None) -> Mapping[str, Any]:  # noqa: A002  Slack's name
        return await self._view(
            "views.update", lambda: self._client.views_update(view_id=view_id, view=view, hash=hash)
        )

    async def view_publish(self, user: str, view: View) -> bool:
        """The Home of a person; the newest wins, as with `update`."""

        async def send() -> bool:
            await self._client.views_publish(user_id=user, view=view)
            return True

        sent: bool = await self._queue(("home", user), Job("views.publish", None, send, latest=True))
        return sent

    async def _view(self, method: str, call: Send) -> Mapping[str, Any]:
        async def send() -> Mapping[str, Any]:
            answer = await call()
            view: Mapping[str, Any] = answer["view"]
            return view

        # In no lane: nothing comes before somebody who looks at the screen.
        found: Mapping[str, Any] = await self._courier.deliver(self._stamped(Job(method, None, send, yields=URGENT)))
        return found

    # ------------------------------------------------------------ the assistant pane

    async def status(self, channel: str, thread: str, text: str) -> None:
        """What the bot is doing; nothing takes it away. The newest wins."""
        call = self._client.assistant_threads_setStatus
        send = lambda: call(channel_id=channel, thread_ts=thread, status=text)  # noqa: E731
        await self._queue((channel, thread, "status"), Job("assistant.threads.setStatus", None, send, latest=True))

    async def prompts(
        self, channel: str, thread: str, prompts: Sequence[Mapping[str, str]], title: str | None = None
    ) -> None:
        """Suggestions, each a title and the message that it sends."""
        call = self._client.assistant_threads_setSuggestedPrompts
        given = [dict(prompt) for prompt in prompts]
        send = lambda: call(channel_id=channel, thread_ts=thread, prompts=given, title=title)  # noqa: E731
        await self._queue((channel, thread, "prompts"), Job("assistant.threads.setSuggestedPrompts", None, send))

    async def title(self, channel: str, thread: str, title: str) -> None:
        call = self._client.assistant_threads_setTitle
        send = lambda: call(channel_id=channel, thread_ts=thread, title=title)  # noqa: E731
        await self._queue((channel, thread, "title"), Job("assistant.threads.setTitle", None, send))

    # ------------------------------------------------------------ sending

    async def close(self, grace: float = 10.0) -> None:
        """Take nothing new, and send what waits; what takes longer than `grace` is told that it was not sent."""
        self._closed = True
        await self._lanes.close(grace)
        await self._turnstile.close()

    async def _queue(self, lane: Lane, job: Job) -> Any:
        done = self._stamped(job).done
        taken = self._lanes.put(lane, job)
        if taken is not job:
            self._turnstile.hurry(taken, job.yields)
        return await done

    def _stamped(self, job: Job) -> Job:
        if self._closed:
            raise Unavailable("The bot is stopping and sends nothing more.", mend="Try again when it is back.")
        job.joined = self._clock()
        return job

    @asynccontextmanager
    async def _room(self, channel: str) -> AsyncIterator[None]:
        room = self._rooms.setdefault(channel, _Room(asyncio.Semaphore(self._most_waiting)))
        room.guests += 1
        try:
            async with room.places:
                yield
        finally:
            room.guests -= 1
            if not room.guests:
                del self._rooms[channel]

    def _oldest(self, again: bool, since: float | None) -> float:  # noqa: FBT001  as it was given
        """From when on a message is ours that is looked for."""
        if since is None:
            since = self._wall() - (LOOK_BACK if again else 0)
        return since - SKEW

    async def _readable(self, call: Callable[..., Any], rendered: Rendered, **more: Any) -> Any:
        """With its blocks; where Slack takes them not, the words alone, so that the person gets the answer."""
        text = rendered.text if rendered.text.strip() else "The answer has no words."
        try:
            return await call(text=text, blocks=list(rendered.blocks), **more)
        except (SlackApiError, SlackRefused) as error:
            refused = error if isinstance(error, SlackRefused) else understood(error, "chat")
            if not rendered.blocks or not isinstance(refused, SlackRefused) or refused.code not in UNREADABLE:
                raise
            kinds = [block.get("type") for block in rendered.blocks]
            log.exception("blocks_refused", code=refused.code, said=refused.details, blocks=kinds, text=text[:80])
            return await call(text=text, blocks=[], **more)


def _metadata(key: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {**(more or {}), "key": key}}
