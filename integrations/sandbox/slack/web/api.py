"""The way in for every call: token, scopes, limits, arguments, and Slack's form of answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from aiohttp import web

from integrations.sandbox.slack.limits import Limits
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.state import Workspace
from integrations.sandbox.slack.web import (  # noqa: F401  each enters its methods
    assistant,
    auth,
    canvases,
    chat,
    conversations,
    files,
    items,
    reading,
    streams,
    users,
    views,
)
from integrations.sandbox.slack.web.arguments import Arguments, read
from integrations.sandbox.slack.web.method import METHODS, Call, Method, Sockets, Upload, missing
from integrations.sandbox.slack.web.tokens import Tokens

_CHANNEL_NAMES = ("channel", "channel_id")


class Failure(Protocol):
    """How a call fails on purpose."""

    @property
    def status(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def retry_after(self) -> int: ...
    @property
    def after_effect(self) -> bool: ...


class Faults(Protocol):
    """What goes wrong on purpose."""

    def latency(self) -> float: ...
    def failure(self, method: str) -> Failure | None: ...


class Exchange(Protocol):
    """One row of the inspector, completed when the answer is known."""

    status: str
    took_ms: float | None
    response: Any


class Inspector(Protocol):
    """Who writes down what was said."""

    def record(self, direction: Literal["app→slack"], kind: str, what: str, request: Any) -> Exchange: ...


class WebApi:
    """`handle` is mounted at `/api/{method}`, `upload` and `download` by `routes()`."""

    def __init__(
        self,
        workspace: Workspace,
        manifest: Manifest,
        limits: Limits,
        tokens: Tokens,
        faults: Faults | None = None,
        inspector: Inspector | None = None,
        *,
        open_url: Sockets | None = None,
    ) -> None:
        self.workspace = workspace
        self.manifest = manifest
        self.limits = limits
        self.tokens = tokens
        self.faults = faults
        self.inspector = inspector
        self.open_url = open_url  # where a Socket Mode client connects; the server sets it
        self.on_sent: list[Callable[[str, Wire], None]] = []  # told (method, arguments) of each call that came in
        self._uploads: dict[str, Upload] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self.handle),
            web.post("/upload/v1/{upload}", self.upload),
            web.get("/files/{file}/{name}", self.download),
        ]

    async def handle(self, request: web.Request) -> web.Response:
        """One call."""
        name, began = request.match_info["method"], time.perf_counter()
        try:
            arguments = await read(request)
        except SlackError as error:
            return self._answer(error.answer())
        told = {key: _unfolded(value) for key, value in arguments.values.items() if key != "token"}
        exchange = self.inspector.record("app→slack", "web_api", name, told) if self.inspector else None
        response = await self._failing(request, name, arguments, told)
        if exchange is not None:
            answer: Any = json.loads(response.text or "null") if response.content_type == "application/json" else None
            known = isinstance(answer, Mapping)
            exchange.status = ("ok" if answer["ok"] else str(answer["error"])) if known else f"HTTP {response.status}"
            exchange.took_ms = round((time.perf_counter() - began) * 1000, 2)
            exchange.response = answer
        return response

    async def _failing(self, request: web.Request, name: str, arguments: Arguments, told: Wire) -> web.Response:
        if self.faults is None:
            return await self._called(request, name, arguments, told)
        if late := self.faults.latency():
            await asyncio.sleep(late)
        failure = self.faults.failure(name)
        if failure is None:
            return await self._called(request, name, arguments, told)
        if failure.after_effect:
            await self._called(request, name, arguments, told)
        if failure.error:
            return self._answer({"ok": False, "error": failure.error})
        if failure.status == 429:  # noqa: PLR2004  the one that Slack explains
            return self._limited(failure.retry_after)
        return web.Response(status=failure.status, text="upstream connect error", content_type="text/plain")

    async def _called(self, request: web.Request, name: str, arguments: Arguments, told: Wire) -> web.Response:
        for listener in self.on_sent:
            listener(name, told)
        accepted: list[str] = []
        try:
            method = METHODS.get(name)
            if method is None:
                return self._answer({"ok": False, "error": "unknown_method", "req_method": name})
            kind = self._caller(request, arguments, method)
            if (wait := self.limits.wait(name, self._place(arguments))) is not None:
                return self._limited(wait)
            call = Call(name, arguments, self.workspace, self.manifest, self.tokens, kind, self.open_url, self._uploads)
            if kind == "bot":
                accepted = list(method.scopes(call))
                for scope in accepted:
                    if not self.manifest.scopes & set(scope.split("|")):
                        raise missing(scope, self.manifest.scopes)
            arguments.require(method.required)
            answer = method.run(call)
            if inspect.isawaitable(answer):
                answer = await answer
            return self._answer({"ok": True, **answer}, accepted)
        except SlackError as error:
            return self._answer(error.answer(), accepted)

    def _place(self, arguments: Arguments) -> str:
        """The channel that a call is about, under one name however it was called."""
        told = next((arguments.text(one) for one in _CHANNEL_NAMES if one in arguments), "")
        found = self.workspace.channels.get(told) or self.workspace.channel_named(told)
        return found.id if found else told

    def _caller(self, request: web.Request, arguments: Arguments, method: Method) -> Literal["bot", "app"]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = arguments.text("token")
        if not token.strip() and method.name == "api.test":
            return "bot"
        if not token.strip():
            raise SlackError("not_authed", "no token")
        kinds: dict[str, Literal["bot", "app"]] = {self.tokens.bot: "bot", self.tokens.app: "app"}
        kind = kinds.get(token.strip())
        if kind is None:
            raise SlackError("invalid_auth", "a token that this workspace did not give out")
        if method.caller not in {"any", kind}:
            raise SlackError("not_allowed_token_type", f"{method.name} takes no {kind} token")
        return kind

    def _answer(self, answer: Wire, accepted: list[str] | None = None) -> web.Response:
        headers = {
            "x-oauth-scopes": ",".join(sorted(self.manifest.scopes)),
            "x-accepted-oauth-scopes": ",".join(one.replace("|", ",") for one in accepted or ()),
            "x-slack-req-id": secrets.token_hex(16),
            "cache-control": "private, no-cache, no-store, must-revalidate",
        }
        return web.json_response(answer, headers=headers)

    def _limited(self, wait: int) -> web.Response:
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(max(1, wait))}
        )

    # ---------------------------------------------------------------- bytes

    async def upload(self, request: web.Request) -> web.Response:
        """The bytes of a file, to the address that files.getUploadURLExternal gave."""
        return await files.take(request, self._uploads)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file's bytes, for the bot's token or for a person of the page."""
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        by = request.headers.get("X-Person") or request.query.get("person")
        if token.strip() == self.tokens.bot:
            if "files:read" not in self.manifest.scopes:
                return web.Response(status=403, text="missing_scope: files:read")
            by = self.workspace.bot_user_id
        return files.give(request, self.workspace, by)


def _unfolded(value: Any) -> Any:
    """JSON inside a form, so that people can read it."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
