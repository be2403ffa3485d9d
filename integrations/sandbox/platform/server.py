"""The simulated platform on a port of this machine, put together.

async with Platform(World()) as platform:
    …                        # platform.prometheus_url, .loki_url, .tempo_url, .deploys_url, .world
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Final, Self

from aiohttp import web

from bot.errors import ConfigurationError
from integrations.sandbox.platform import page
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.present import Present
from integrations.sandbox.slack.gate import Gate

MOUNTS: Final = ("prometheus", "loki", "tempo", "deploys")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_LINE: Final = 64 * 1024
"""A query stands in the address, and one over many services is longer than the 8 KB that aiohttp takes by itself."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Platform:
    """The server. What it tells is in `world`; `clock` says how far the world has come."""

    def __init__(
        self,
        world: World | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Without a world, one that begins now: its last day was quiet."""
        if host not in LOOPBACK:
            raise ConfigurationError(
                f"The platform would listen on {host!r}, and it asks nobody for a password.", mend="Use 127.0.0.1."
            )
        self.world = world or World(born=clock())
        self.host, self.port, self.clock = host, port, clock
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def prometheus_url(self) -> str:
        return f"{self.url}/prometheus"

    @property
    def loki_url(self) -> str:
        return f"{self.url}/loki"

    @property
    def tempo_url(self) -> str:
        return f"{self.url}/tempo"

    @property
    def deploys_url(self) -> str:
        return f"{self.url}/deploys"

    def application(self) -> web.Application:
        application = web.Application(middlewares=[Gate(own_hosts=LOOPBACK).passed])
        application.add_routes(page.routes(self.world, self.clock))
        for mount in MOUNTS:  # imported here: each brings an engine that only who serves it needs
            served = import_module(f"integrations.sandbox.platform.{mount}.server")
            known = Present(self.world, self.clock) if mount == "prometheus" else self.world
            application.add_subapp(f"/{mount}", served.app(known, self.clock))
        return application

    async def start(self) -> None:
        self._runner = web.AppRunner(
            self.application(),
            access_log=None,
            shutdown_timeout=1,
            handle_signals=False,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
