"""The bot's own HTTP: Slack's deliveries where there is no socket, liveness, readiness and metrics."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from pydantic import SecretStr
from slack_sdk.signature import Clock as Seconds
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bot.errors import ConfigurationError
from bot.ports import Clock, Json

MOST_BODY: Final = 1_000_000
PATIENCE_SECONDS: Final = 3.0
GRACE_SECONDS: Final = 5
BACKLOG: Final = 2_048
JSON_TYPE: Final = "application/json"

Kind = Literal["events_api", "interactive", "slash_commands"]
"""As Socket Mode calls its envelopes."""
Payload = dict[str, Any]
Receive = Callable[[Kind, Payload, int], Awaitable[Mapping[str, Any] | None]]
"""Keeps a delivery and gives the answer to it, if there is one. `int` counts Slack's retries. If it raises, nothing was
kept, and Slack is told to deliver again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """Whether a part of the bot is ready, and a word about it."""

    ok: bool
    detail: str = ""


Ready = Callable[[], Awaitable[Mapping[str, Part]]]
Health = Callable[[], Mapping[str, Json]]


def http_app(
    receive: Receive | None,
    signing_secret: SecretStr | None,
    *,
    health: Health,
    ready: Ready,
    metrics: CollectorRegistry,
    clock: Clock,
    patience: float = PATIENCE_SECONDS,
    more: Iterable[APIRouter] = (),
) -> FastAPI:
    """In Socket Mode without `receive` and `signing_secret`: then there is no /slack/events."""
    app = FastAPI(title="CoPilot", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(_Measured, metrics=metrics)
    if receive is not None:
        if signing_secret is None:
            raise ConfigurationError(
                "slack_signing_secret is not set, and HTTP mode takes nothing that is not signed",
                mend="Set LLM_COPILOT_SLACK_SIGNING_SECRET; Slack shows it under Basic Information.",
            )
        app.add_api_route("/slack/events", _Deliveries(receive, signing_secret, clock).take, methods=["POST"])

    @app.get("/health")
    async def liveness() -> Response:
        return JSONResponse({"alive": True, **health()})

    @app.get("/ready")
    async def readiness() -> Response:
        parts = await _parts(ready, patience)
        fine = all(part.ok for part in parts.values())
        shown = {name: asdict(part) for name, part in parts.items()}
        return JSONResponse({"ready": fine, "parts": shown}, 200 if fine else 503)

    @app.get("/metrics")
    async def figures(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        # Thousands of series take a while to write down, and the loop has people waiting.
        return Response(await run_in_threadpool(encode, metrics), headers={"content-type": content_type})

    for router in more:
        app.include_router(router)
    return app


async def _parts(ready: Ready, patience: float) -> Mapping[str, Part]:
    """A part that hangs or fails is not ready; it does not keep the answer."""
    try:
        async with asyncio.timeout(patience):
            return await ready()
    except TimeoutError:
        return {"bot": Part(ok=False, detail=f"no answer within {patience:g} seconds")}
    except Exception as error:
        log.exception("readiness_failed")
        return {"bot": Part(ok=False, detail=type(error).__name__)}


# ---------------------------------------------------------------- Slack's deliveries


class _Deliveries:
    """What Slack posts: events, interactions, slash commands and menus that load.

    Anything but 200 makes Slack deliver again: so it is 401 for what is not Slack's, 503 for what could not be kept,
    and 200 for the rest, even if it cannot be read: it would not get better by coming again.
    """

    def __init__(self, receive: Receive, signing_secret: SecretStr, clock: Clock) -> None:
        self._receive = receive
        self._verifier = SignatureVerifier(signing_secret.get_secret_value(), _Told(clock))

    async def take(self, request: Request) -> Response:
        body = await body_of(request)
        if body is None:
            return Response(status_code=413)
        if not self._signed(body, request.headers):
            log.warning("slack_signature_wrong", client=request.client.host if request.client else "")
            return JSONResponse({"error": "the signature is wrong, or too old"}, 401)
        try:
            kind, payload = _parsed(body, request.headers.get("content-type", ""))
        except ValueError as error:
            log.warning("slack_delivery_unreadable", error=str(error), size=len(body))
            return Response()
        if payload.get("type") == "url_verification":
            return JSONResponse({"challenge": str(payload.get("challenge", ""))})
        if payload.get("ssl_check"):
            return Response()
        try:
            answer = await self._receive(kind, payload, _retry(request.headers))
        except Exception as error:
            log.exception("slack_delivery_not_kept", kind=kind, error=str(error))
            return Response(status_code=503)
        return Response() if answer is None else JSONResponse(dict(answer))

    def _signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
        # The verifier raises on a stamp or a body that is no text, a stamp beyond all time, a signature beyond ASCII.
        with suppress(ValueError, OverflowError, TypeError):
            return self._verifier.is_valid(body, timestamp, signature)
        return False


class _Told(Seconds):
    """The verifier's clock is the bot's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


async def body_of(request: Request) -> bytes | None:
    """The raw bytes, which are what is signed; None if there are more than anybody has to send us."""
    body = bytearray()
    with suppress(ClientDisconnect):
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BODY:
                return None
    return bytes(body)


def _parsed(body: bytes, content_type: str) -> tuple[Kind, Payload]:
    """The payload as Socket Mode would give it; ValueError if it is none."""
    if content_type.partition(";")[0].strip().lower() == JSON_TYPE:
        return "events_api", _mapping(body.decode())
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    # By the names of the fields, not by what stands in them: somebody may well say `/copilot payload`.
    if "payload" in form:
        return "interactive", _mapping(form["payload"])
    if "command" in form or "ssl_check" in form:
        return "slash_commands", form
    raise ValueError(f"no delivery of Slack's has the content type {content_type[:80]!r} and no command")


def _mapping(text: str) -> Payload:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError(f"a JSON {type(found).__name__} where an object belongs")  # noqa: TRY004  unreadable, all the same
    return found


def _retry(headers: Mapping[str, str]) -> int:
    number = headers.get("x-slack-retry-num", "")
    return int(number) if number.isascii() and number.isdigit() else 0


# ---------------------------------------------------------------- metrics of ourselves

Scope = dict[str, Any]
Message = dict[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class _Measured:
    """Counts requests and takes their time, by route: what people type as a path must not become a series."""

    def __init__(self, app: Asgi, metrics: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter("http_requests", "HTTP requests.", ["route", "status"], registry=metrics)
        self._seconds = Histogram("http_request_duration_seconds", "HTTP requests.", ["route"], registry=metrics)

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._requests.labels(route, status).inc()
            self._seconds.labels(route).observe(perf_counter() - began)


# ---------------------------------------------------------------- serving


class HttpServer:
    """Serves an app inside our own event loop, and leaves the signals to whoever runs that."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._server = _Quiet(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """The port that it listens on; 0 lets the system choose one."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise ConfigurationError(
                f"http_host = {self._host}, http_port = {self._port} cannot be listened on ({error.strerror})",
                mend="Stop what uses it, or set LLM_COPILOT_HTTP_PORT to another port.",
            ) from error
        port: int = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait({up, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            up.cancel()
            listening.close()
            await self._serving
        return port

    async def stop(self) -> None:
        """What was begun is answered first."""
        if self._serving is not None:
            self._server.should_exit = True
            self._server.leaving.set()
            await self._serving
            self._serving = None


class _Quiet(uvicorn.Server):
    """Without signal handlers, with a word when it listens, and gone at once when it shall go."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up, self.leaving = asyncio.Event(), asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which also writes the date into every answer
            with suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Uvicorn's own begins with a pause, for those who are connected."""
        for each in (*self.servers, *(sockets or ())):
            each.close()
        for _turn in range(3):  # whoever was accepted a moment ago is known, and can be let go, only after these
            await asyncio.sleep(0)
        if self.server_state.connections:
            await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
