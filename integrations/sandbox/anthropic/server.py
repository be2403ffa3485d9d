"""A scripted model on a port of this machine, as strict as the real ones.

async with ScriptedModel(script) as model:
    …                        # model.url for Anthropic, model.openai_url for Chat Completions, model.requests

`script` is YAML, a file with it, or a `Script` (`integrations.sandbox.anthropic.script` says what goes in).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from bot.errors import ConfigurationError
from integrations.sandbox.anthropic import completions, events
from integrations.sandbox.anthropic.binding import signature
from integrations.sandbox.anthropic.caching import PromptCache
from integrations.sandbox.anthropic.checking import MODELS, VERSIONS, Asked, Refused, checked, prompt_tokens
from integrations.sandbox.anthropic.events import Event
from integrations.sandbox.anthropic.heard import Heard, heard, text_of
from integrations.sandbox.anthropic.playing import Player, Reply
from integrations.sandbox.anthropic.script import Do, Script, Trouble, load
from integrations.sandbox.slack.gate import Gate

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_BYTES: Final = 32 * 1024 * 1024
TROUBLES: Final[Mapping[str, tuple[int, str, str]]] = {
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "rate_limit": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "api_error": (500, "api_error", "Internal server error"),
    "invalid_request": (400, "invalid_request_error", "The request is not valid."),
    "authentication": (401, "authentication_error", "invalid x-api-key"),
    "permission": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "not_found": (404, "not_found_error", "The requested resource could not be found."),
    "timeout": (504, "timeout_error", "The request timed out."),
}


@dataclass(frozen=True, slots=True)
class Request:
    """One that came in, answered or refused."""

    path: str
    headers: Mapping[str, str]
    body: Any


class ScriptedModel:
    """The server. `key`: the only one that is let in; `wire_piece`: bytes that are sent at once, however they fall."""

    def __init__(
        self,
        script: Script | Path | str = "",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str = "",
        window: int = 1_000_000,
        wire_piece: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if host not in LOOPBACK:
            raise ConfigurationError(
                f"The scripted model would listen on {host!r}, and anybody could speak to it.", mend="Use 127.0.0.1."
            )
        self.player = Player(script if isinstance(script, Script) else load(script))
        self.host, self.port = host, port
        self.requests: list[Request] = []
        self.broken_off = 0
        """Streams that the other side closed before their end."""
        self._key, self._window, self._wire_piece = key, window, wire_piece
        self._cache = PromptCache(clock)
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """For Anthropic's SDK."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def openai_url(self) -> str:
        """For OpenAI's."""
        return f"{self.url}/v1"

    @property
    def bodies(self) -> list[Any]:
        """Of the requests for an answer."""
        return [request.body for request in self.requests if request.path.endswith(("messages", "completions"))]

    async def until(self, condition: Callable[[], bool], within: float = 10.0) -> None:
        """Until a request or the end of a stream made it so."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def start(self) -> None:
        application = web.Application(
            middlewares=[self._answered, Gate(own_hosts=LOOPBACK).passed], client_max_size=MOST_BYTES
        )
        application.router.add_post("/v1/messages", self._messages)
        application.router.add_post("/v1/messages/count_tokens", self._count)
        application.router.add_get("/v1/models", self._models)
        application.router.add_post("/v1/chat/completions", self._completions)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ------------------------------------------------------------ requests

    @property
    def _answered(self) -> Any:
        @web.middleware
        async def answered(request: web.Request, handler: Any) -> web.StreamResponse:
            try:
                response: web.StreamResponse = await handler(request)
            except Refused as refused:
                return self._refusal(request, refused.status, refused.kind, refused.message)
            except web.HTTPRequestEntityTooLarge:
                return self._refusal(request, 413, "request_too_large", "Request exceeds the maximum size")
            except web.HTTPException as error:
                return self._refusal(request, error.status, "not_found_error", "Not found")
            return response

        return answered

    def _refusal(self, request: web.Request, status: int, kind: str, words: str) -> web.Response:
        id_ = f"req_{len(self.requests):024d}"
        if request.path.endswith("completions"):
            error = {"message": words, "type": kind, "param": None, "code": None}
            return web.json_response({"error": error}, status=status, headers={"x-request-id": id_})
        body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": id_}
        return web.json_response(body, status=status, headers={"request-id": id_})

    async def _asked(self, request: web.Request) -> Any:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = None
        self.requests.append(Request(request.path, dict(request.headers), body))
        self._changed.set()
        self._let_in(request)
        if not request.path.endswith("completions"):
            version = request.headers.get("anthropic-version", "")
            if not version:
                raise Refused("anthropic-version: header is required")
            if version not in VERSIONS:
                raise Refused(f"anthropic-version: {version!r} is not a valid version")
        return body

    def _let_in(self, request: web.Request) -> None:
        """The SDKs send `Authorization: Bearer`; Anthropic's of before October 2026, and many by hand, `x-api-key`."""
        key = request.headers.get("x-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not key or (self._key and key != self._key):
            why = "invalid API key" if key else "API key is required, as `Authorization: Bearer` or `x-api-key`"
            raise Refused(why, "authentication_error", HTTPStatus.UNAUTHORIZED)

    def _fits(self, size: int) -> None:
        if size > self._window:
            raise Refused(f"prompt is too long: {size} tokens > {self._window} maximum")

    async def _models(self, request: web.Request) -> web.Response:
        await self._asked(request)
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in MODELS
        ]
        return web.json_response({"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})

    async def _count(self, request: web.Request) -> web.Response:
        body = await self._asked(request)
        checked(body, count=True)
        return web.json_response({"input_tokens": prompt_tokens(body)})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await self._asked(request)
        asked = checked(body)
        assert isinstance(asked, Asked), "only count_tokens is asked for less"
        self._fits(prompt_tokens(body))
        number = len(self.requests)
        reply = self.player.reply(_understood(body))
        if trouble := await self._held_up(request, reply):
            return trouble
        read, signed = self._cache.read(body), signature(body)
        if not asked.stream:
            return web.json_response(events.message(reply, number, asked.model, read, signed))
        told = events.events(reply, number, asked.model, read, signed)
        named = (
            (f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n", event) for event in told
        )
        return await self._streamed(request, reply.do, named)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        asked = completions.checked(await self._asked(request))
        self._fits(prompt_tokens(asked.model_dump(mode="json")))
        number = len(self.requests)
        reply = self.player.reply(completions.understood(asked))
        if trouble := await self._held_up(request, reply):
            return trouble
        if not asked.stream:
            return web.json_response(completions.completion(asked, reply, number, 0))
        told = completions.chunks(asked, reply, number, 0)
        named = ((f"data: {_json(chunk)}\n\n", chunk) for chunk in told)
        return await self._streamed(request, reply.do, [*named, ("data: [DONE]\n\n", {})])

    # ------------------------------------------------------------ replies

    async def _held_up(self, request: web.Request, reply: Reply) -> web.Response | None:
        """What comes in the place of an answer."""
        if reply.do.hang and not reply.say:
            await self._closing.wait()
        trouble = reply.do.error
        if trouble is None or reply.say:
            return None
        status, kind, words = TROUBLES[trouble.kind]
        response = self._refusal(request, status, kind, trouble.message or words)
        if trouble.retry_after is not None:
            response.headers["retry-after"] = f"{trouble.retry_after:g}"
        return response

    async def _streamed(self, request: web.Request, do: Do, told: Iterable[tuple[str, Event]]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        try:
            async for text in self._disturbed(do, told):
                await self._write(response, text.encode())
            if do.abruptly and request.transport is not None:
                request.transport.abort()
            else:
                await response.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            self.broken_off += 1
            raise
        finally:
            self._changed.set()
        return response

    async def _disturbed(self, do: Do, told: Iterable[tuple[str, Event]]) -> AsyncIterator[str]:
        """The stream, with what the script does to it."""
        said, disturbed = 0, bool(do.garbage or do.error or do.hang)
        for text, event in told:
            if do.slow:
                await asyncio.sleep(do.slow / 1e3)
            new = events.spoken(event)
            if disturbed and said and not new:  # all is said
                if do.garbage:
                    yield f"{do.garbage}\n\n"
                if do.error:
                    yield _error_event(do.error)
                    return
                if do.hang:
                    await self._closing.wait()
                disturbed = False
            said += new
            if do.cut is not None and said > do.cut:
                return
            yield text

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        size = self._wire_piece or len(data)
        for at in range(0, len(data), size):
            await response.write(data[at : at + size])


def _json(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False)


def _error_event(trouble: Trouble) -> str:
    _, kind, words = TROUBLES[trouble.kind]
    error = {"type": "error", "error": {"type": kind, "message": trouble.message or words}}
    return f"event: error\ndata: {json.dumps(error)}\n\n"


def _understood(body: Mapping[str, Any]) -> Heard:
    turns = [
        (
            message["role"],
            [{"type": "text", "text": message["content"]}]
            if isinstance(message["content"], str)
            else message["content"],
        )
        for message in body["messages"]
    ]
    return heard(text_of(body.get("system") or ""), turns, [tool["name"] for tool in body.get("tools") or ()])
