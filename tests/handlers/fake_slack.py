"""A small strict Slack on loopback, whose calls fail on demand, and a clock that moves when all is quiet."""

from __future__ import annotations

import asyncio
import heapq
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Literal

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from slack_sdk.web.async_client import AsyncWebClient

from bot.resilience import RetryPolicy
from handlers.outbox import Outbox
from handlers.pace import Rate, Rates

Wire = dict[str, Any]
Fault = Literal["ok", "limited", "500", "500 after", "cut", "cut after", "expire", "vanish", "internal after"]
BOT = "B0COPILOT"
METHOD_WORDS = re.compile(r"[.]|(?<=[a-z])(?=[A-Z])")
FAST = Rate(per_minute=60_000, burst=1_000)
UNBOUND = Rates(tier1=FAST, tier2=FAST, tier3=FAST, tier4=FAST, status=FAST, posting=FAST, channel=FAST)


class Clock:
    """Moves to the next sleeper as soon as nothing else happens."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.in_flight = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._asleep = asyncio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), waked))
        self._asleep.set()
        await waked

    async def run(self) -> None:
        while True:
            quiet = 0
            while quiet < 25:
                await asyncio.sleep(0)
                quiet = 0 if self.in_flight else quiet + 1
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                self._asleep.clear()
                await self._asleep.wait()
                continue
            at, _, waked = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            waked.set_result(None)


async def until(holds: Callable[[], bool]) -> None:
    """Waits, without moving the clock by itself."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0)


class Client(AsyncWebClient):
    """The real one, which says when it is on the wire."""

    def __init__(self, clock: Clock, **settings: Any) -> None:
        super().__init__(**settings)
        self.clock = clock

    async def _request(self, **call: Any) -> Any:
        self.clock.in_flight += 1
        try:
            return await super()._request(**call)
        finally:
            self.clock.in_flight -= 1

    async def _upload_file(self, **call: Any) -> Any:
        self.clock.in_flight += 1
        try:
            return await super()._upload_file(**call)
        finally:
            self.clock.in_flight -= 1


class No(Exception):
    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages


class FakeSlack:
    """`faults` come one with each call; `fault_of` decides by the call. `calls` are method, time and arguments."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.messages: list[Wire] = []
        self.ephemeral: list[Wire] = []
        self.calls: list[tuple[str, float, Wire]] = []
        self.faults: list[Fault] = []
        self.fault_of: Callable[[str, Wire], Fault | None] = lambda method, given: None
        self.answers: dict[str, str] = {}
        self.hold: dict[str, asyncio.Event] = {}
        self.retry_after = 7
        self.files: dict[str, Wire] = {}
        self.views: list[Wire] = []
        self.url = ""
        self._numbers = count(1)

    # ---- what tests look at

    def visible(self, channel: str | None = None) -> list[Wire]:
        return [each for each in self.messages if not each["gone"] and channel in (None, each["channel"])]

    def called(self, method: str) -> list[Wire]:
        return [given for name, _, given in self.calls if name == method]

    def times(self, method: str) -> list[float]:
        return [at for name, at, _ in self.calls if name == method]

    # ---- the wire

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_post("/respond/{token}", self._call)
        return app

    async def _call(self, request: web.Request) -> web.StreamResponse:  # noqa: C901  one fault after the other
        method = request.match_info.get("method", "response_url")
        given = await self._given(request)
        self.calls.append((method, self.clock(), given))
        if method in self.hold:
            self.clock.in_flight -= 1  # time goes on while somebody is slow
            await self.hold[method].wait()
            self.clock.in_flight += 1
        fault = self.fault_of(method, given) or (self.faults.pop(0) if self.faults else "ok")
        if fault == "limited":
            headers = {"Retry-After": str(self.retry_after)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if fault == "500":
            return web.Response(status=503, text="<html>down</html>", content_type="text/html")
        if fault == "cut":
            return self._cut(request)
        if fault in ("expire", "vanish"):
            for message in self.messages:
                message["streaming"] = False
                message["gone"] = message["gone"] or fault == "vanish"
        try:
            answer = self._done(method, given)
        except No as no:
            more = {"response_metadata": {"messages": list(no.messages)}} if no.messages else {}
            return web.json_response({"ok": False, "error": no.code, **more})
        if fault == "500 after":
            return web.Response(status=500)
        if fault == "internal after":
            return web.json_response({"ok": False, "error": "internal_error"})
        if fault == "cut after":
            return self._cut(request)
        if method == "response_url":
            return web.Response(text="ok")
        return web.json_response({"ok": True, **answer})

    def _done(self, method: str, given: Wire) -> Wire:
        if code := self.answers.get(method):
            raise No(code)
        done: Wire = getattr(self, "_" + METHOD_WORDS.sub("_", method).lower())(given)
        return done

    @staticmethod
    async def _given(request: web.Request) -> Wire:
        if request.content_type == "application/json":
            given: Wire = await request.json()
            return given
        form = {**request.query, **(await request.post())}
        return {
            name: json.loads(value) if isinstance(value, str) and name in ("files", "view") else value
            for name, value in form.items()
        }

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["file"]]["content"] = await request.read()
        return web.Response(text="OK")

    # ---- methods

    def _next_ts(self) -> str:
        return f"{int(self.clock())}.{next(self._numbers):06d}"

    def _new(self, given: Wire, **more: Any) -> Wire:
        if not str(given["channel"]).startswith(("C", "D")):
            raise No("channel_not_found")
        message = {
            "channel": given["channel"],
            "ts": self._next_ts(),
            "thread_ts": given.get("thread_ts"),
            "bot_id": BOT,
            "text": given.get("text", ""),
            "blocks": given.get("blocks", []),
            "metadata": given.get("metadata"),
            "chunks": [],
            "files": [],
            "streaming": False,
            "gone": False,
            **more,
        }
        self.messages.append(message)
        return message

    def _mine(self, given: Wire) -> Wire:
        for message in self.messages:
            if (message["channel"], message["ts"]) == (given["channel"], given["ts"]) and not message["gone"]:
                return message
        raise No("message_not_found")

    @staticmethod
    def _check(given: Wire) -> None:
        if not given.get("text"):
            raise No("no_text")
        if len(given["text"]) > 40_000:
            raise No("msg_too_long")
        for block in given.get("blocks") or []:
            if block.get("type") not in {"section", "actions", "context"}:
                raise No("invalid_blocks", "[ERROR] unsupported type")

    def _chat_post_message(self, given: Wire) -> Wire:
        self._check(given)
        assert given["unfurl_links"] is False
        assert given["unfurl_media"] is False
        return {"ts": self._new(given)["ts"], "channel": given["channel"]}

    def _chat_post_ephemeral(self, given: Wire) -> Wire:
        self._check(given)
        self.ephemeral.append(given)
        return {"message_ts": self._next_ts()}

    def _response_url(self, given: Wire) -> Wire:
        self._check(given)
        self.ephemeral.append(given)
        return {}

    def _chat_update(self, given: Wire) -> Wire:
        self._check(given)
        message = self._mine(given)
        if message["streaming"]:
            raise No("streaming_state_conflict")
        message.update(text=given["text"], blocks=given["blocks"], chunks=[])
        return {"ts": message["ts"]}

    def _chat_start_stream(self, given: Wire) -> Wire:
        assert given["thread_ts"]
        if given["channel"].startswith("C") and not (given.get("recipient_user_id") and given.get("recipient_team_id")):
            raise No("missing_recipient_user_id")
        message = self._new(given, streaming=True)
        self._say(message, given)
        return {"ts": message["ts"]}

    def _streamed(self, given: Wire) -> Wire:
        message = self._mine(given)
        if not message["streaming"]:
            raise No("message_not_in_streaming_state")
        return message

    def _chat_append_stream(self, given: Wire) -> Wire:
        assert given["chunks"]
        self._say(self._streamed(given), given)
        return {"ts": given["ts"]}

    def _chat_stop_stream(self, given: Wire) -> Wire:
        message = self._streamed(given)
        self._say(message, given)
        message["blocks"] = [*message["blocks"], *given.get("blocks", [])]
        message.update(streaming=False, metadata=given.get("metadata"))
        return {"ts": given["ts"]}

    @staticmethod
    def _say(message: Wire, given: Wire) -> None:
        assert sum(len(chunk.get("text", "")) for chunk in given.get("chunks", [])) <= 12_000
        for chunk in given.get("chunks", []):
            match chunk["type"]:
                case "markdown_text":
                    assert chunk["text"]
                    message["text"] += chunk["text"]
                case "blocks":
                    message["blocks"] = [*message["blocks"], *chunk["blocks"]]
                case "task_update":
                    assert all(len(str(value)) <= 256 for value in chunk.values())
                    known = [each for each in message["chunks"] if each.get("id") == chunk["id"]]
                    if known:
                        details = known[0].get("details", "") + chunk.get("details", "")
                        known[0].update(chunk, details=details)
                    else:
                        message["chunks"].append(dict(chunk))
                case _:
                    message["chunks"].append(dict(chunk))

    def _history(self, given: Wire, thread: str | None) -> Wire:
        since = float(given.get("oldest", 0))
        found = [
            dict(each)
            for each in self.visible(given["channel"])
            if each["thread_ts"] == thread and float(each["ts"]) >= since
        ]
        return {"messages": found, "has_more": False}

    def _conversations_replies(self, given: Wire) -> Wire:
        return self._history(given, given["ts"])

    def _conversations_history(self, given: Wire) -> Wire:
        return self._history(given, None)

    def _files_get_upload_urlexternal(self, given: Wire) -> Wire:
        name = f"F{next(self._numbers)}"
        self.files[name] = {"name": given["filename"], "size": int(given["length"]), "alt": given.get("alt_txt")}
        return {"file_id": name, "upload_url": f"{self.url}/upload/{name}"}

    def _files_complete_upload_external(self, given: Wire) -> Wire:
        files = [{**self.files[each["id"]], "title": each["title"]} for each in given["files"]]
        assert all("content" in file for file in files)
        kept = [{name: value for name, value in file.items() if name != "content"} for file in files]
        self._new({"channel": given["channel_id"], "thread_ts": given.get("thread_ts")}, files=kept)
        return {"files": [{"id": each["id"]} for each in given["files"]]}

    def _conversations_open(self, given: Wire) -> Wire:
        return {"channel": {"id": f"D{given['users']}"}}

    def _views_open(self, given: Wire) -> Wire:
        self.views.append(given["view"])
        return {"view": {**given["view"], "id": f"V{len(self.views)}", "hash": "h1"}}

    _views_update = _views_publish = _views_open

    def _assistant_threads_set_status(self, given: Wire) -> Wire:
        return {}

    _assistant_threads_set_title = _assistant_threads_set_suggested_prompts = _assistant_threads_set_status


class Stage:
    """The fake, the clock and an outbox before it."""

    def __init__(self, slack: FakeSlack, clock: Clock, outbox: Outbox, registry: CollectorRegistry) -> None:
        self.slack = slack
        self.clock = clock
        self.outbox = outbox
        self.registry = registry

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def staged(*, rates: Rates = UNBOUND, faults: Iterable[Fault] = (), room: int = 100) -> AsyncIterator[Stage]:
    clock = Clock()
    slack = FakeSlack(clock)
    registry = CollectorRegistry()
    async with TestServer(slack.app()) as server, aiohttp.ClientSession() as session:
        slack.url = str(server.make_url("")).rstrip("/")
        client = Client(clock, token="xoxb-test", base_url=f"{slack.url}/api/", session=session)
        outbox = Outbox(
            client,
            registry,
            rates=rates,
            policy=RetryPolicy(attempts=4, initial=0.3, maximum=5, multiplier=3, jitter=0),
            room=room,
            clock=clock,
            sleep=clock.sleep,
            wall=clock,
        )
        slack.faults = list(faults)
        moving = asyncio.create_task(clock.run())
        try:
            yield Stage(slack, clock, outbox, registry)
        finally:
            await outbox.close(1)
            moving.cancel()
            await asyncio.wait({moving})
