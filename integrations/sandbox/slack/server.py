"""A whole Slack workspace on a port of this machine, put together.

async with SlackSandbox("manifest.yml") as sandbox:
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    …                        # Socket Mode with sandbox.app_token; or give `request_url` for HTTP mode
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from bot.errors import ConfigurationError
from integrations.sandbox.slack.callbacks import Callbacks
from integrations.sandbox.slack.deliveries import ACK_TIMEOUT, RETRY_DELAYS, Deliveries, Kind
from integrations.sandbox.slack.events import Events
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.gate import Gate
from integrations.sandbox.slack.inspector import Inspector
from integrations.sandbox.slack.interactions import Interactions
from integrations.sandbox.slack.limits import Limits
from integrations.sandbox.slack.live import Live
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.page import MOST_UPLOADED, Page
from integrations.sandbox.slack.response_urls import ResponseUrls
from integrations.sandbox.slack.sockets import REFRESH_SECONDS, Sockets
from integrations.sandbox.slack.state import Change, Wire, Workspace
from integrations.sandbox.slack.web import Tokens, WebApi

HOUSEKEEPING = 2.0


class SlackSandbox:
    """The server. What it knows is in `workspace`; what it does wrong on purpose in `faults`."""

    def __init__(
        self,
        manifest: Path | str | Mapping[str, Any] | Manifest,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        anywhere: bool = False,
        state_file: Path | None = None,
        seed: int | None = None,
        limits: bool = True,
        clock: Callable[[], float] = time.time,
        request_url: str | None = None,
        ack_timeout: float = ACK_TIMEOUT,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        refresh_every: float | None = REFRESH_SECONDS,
        signing_secret: str | None = None,
        bot_token: str | None = None,
        app_token: str | None = None,
    ) -> None:
        """`anywhere`: bind to other addresses than loopback too, although nobody needs a password here."""
        if not anywhere and not _is_loopback(host):
            raise ConfigurationError(
                f"The sandbox would listen on {host!r}, and it asks nobody for a password.",
                mend="Use 127.0.0.1, or allow it on purpose.",
            )
        self.manifest = _read(manifest)
        self.host, self.port = host, port
        self.bot_token = bot_token or f"xoxb-local-{secrets.token_hex(16)}"
        self.app_token = app_token or f"xapp-local-{secrets.token_hex(16)}"
        self.signing_secret = signing_secret or secrets.token_hex(16)
        self.workspace = Workspace.fresh(clock=clock)
        self._name_the_bot()
        self.faults = Faults(seed)
        self.inspector = Inspector(clock)
        self.limits = Limits(enabled=limits)
        self.deliveries = Deliveries(self.faults, self.inspector, ack_timeout=ack_timeout, retry_delays=retry_delays)
        self.response_urls = ResponseUrls(self.workspace, self.inspector)
        self.interactions = Interactions(self.workspace, self.manifest, self.deliveries, self.response_urls)
        self.events = Events(self.workspace, self.manifest.bot_events, self.deliveries.send)
        self.live = Live(self.workspace)
        self.sockets = Sockets(
            self.deliveries, self.faults, self.inspector, app_id=self.workspace.app_id, refresh_every=refresh_every
        )
        self.callbacks = (
            Callbacks(self.deliveries, request_url=request_url, signing_secret=self.signing_secret, clock=clock)
            if request_url
            else None
        )
        self.deliveries.transport = self.callbacks or self.sockets
        self.page = Page(
            self.workspace,
            self.manifest,
            self.interactions,
            self.live,
            self.inspector,
            self.faults,
            connected=lambda: self.connected,
        )
        self.on_sent: list[Callable[[str, Wire], None]] = []  # told of each payload that the app sends
        self.response_urls.on_sent.append(self._sent)
        (self.callbacks or self.sockets).on_change.append(self._connection_changed)
        self.workspace.listeners.extend([self.events.tell, self.live.tell, self._touched])
        self._state_file = state_file
        self._dirty = False
        self._runner: web.AppRunner | None = None
        self._housekeeping: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- addresses

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The `base_url` of a Slack client."""
        return f"{self.url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self.url}/"

    @property
    def connected(self) -> bool:
        """Whether an app is there."""
        return self.deliveries.transport is not None and self.deliveries.transport.ready

    def socket_url(self) -> str:
        """What `apps.connections.open` gives out."""
        return f"{self.url.replace('http', 'ws', 1)}/link?ticket={self.sockets.ticket()}"

    # ---------------------------------------------------------------- life

    async def start(self) -> None:
        if self._state_file is not None and self._state_file.exists():
            self.workspace.restore(json.loads(self._state_file.read_text(encoding="utf-8")))
            self._name_the_bot()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.workspace.base_url = self.response_urls.base_url = self.url
        if self.callbacks is not None:
            await self.callbacks.start()
        self._housekeeping = asyncio.create_task(self._keep_house())

    async def close(self) -> None:
        self.deliveries.close()
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
            self._save()
        if self.callbacks is not None:
            await self.callbacks.close()
        await self.sockets.close()
        await self.live.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with self:
            yield self

    def _application(self) -> web.Application:
        gate = Gate(own_hosts=LOOPBACK_NAMES if _is_loopback(self.host) else None)
        tokens = Tokens(self.bot_token, self.app_token, self.signing_secret)
        api = WebApi(
            self.workspace,
            self.manifest,
            self.limits,
            tokens,
            self.faults,
            self.inspector,
            open_url=self.socket_url,
        )
        api.on_sent.append(self._sent)
        application = web.Application(middlewares=[gate.passed], client_max_size=MOST_UPLOADED)
        application.add_routes(self.page.routes())
        application.add_routes(api.routes())
        application.router.add_get("/link", self.sockets.link)
        application.router.add_post("/actions/{team}/{token}", self.response_urls.answer)
        return application

    def _name_the_bot(self) -> None:
        """As the manifest calls it; its handle is what people type after the @."""
        name = self.manifest.bot_name
        bot = self.workspace.people[self.workspace.bot_user_id]
        self.workspace.bot_name = bot.real_name = name
        bot.name = re.sub(r"[^\w.-]+", "-", name).strip("-").lower() or "app"

    # ---------------------------------------------------------------- deliveries

    def deliver(self, payload: Wire, kind: Kind = "events_api") -> asyncio.Future[float]:
        """Any payload, to the app as it is: seconds until it was acknowledged (infinite: never)."""
        sent = self.deliveries.send(payload, kind)
        took: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def arrived(_: object) -> None:
            if not took.done():
                answer = sent.result()
                took.set_result(answer.took if answer.acknowledged else float("inf"))

        sent.add_done_callback(arrived)
        return took

    def emit(self, event: Wire) -> None:
        """An event that nothing here causes (user_change, team_join, …), if the manifest asks for it."""
        if event["type"] in self.manifest.bot_events:
            self.deliveries.send(self.events.wrapped(event))

    # ---------------------------------------------------------------- what others do when something happens

    def _sent(self, what: str, payload: Wire) -> None:
        for listener in self.on_sent:
            listener(what, payload)

    def _connection_changed(self) -> None:
        self.live.tell_all({"type": "app", "connected": self.connected})

    def _touched(self, _: Change) -> None:
        self._dirty = True

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING)
            self.workspace.expire_streams()
            self._save()

    def _save(self) -> None:
        if self._state_file is None or not self._dirty:
            return
        self._dirty = False
        beside = self._state_file.with_name(f"{self._state_file.name}.new")
        beside.write_text(json.dumps(self.workspace.snapshot()), encoding="utf-8")
        beside.replace(self._state_file)  # whole or not at all


LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(manifest: Path | str | Mapping[str, Any] | Manifest) -> Manifest:
    if isinstance(manifest, Manifest):
        return manifest
    return Manifest.of(manifest) if isinstance(manifest, Mapping) else Manifest.read(Path(manifest))
