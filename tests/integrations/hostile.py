"""A server on loopback that misbehaves in every way that adapters must survive."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

LOGIN: Final = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Who are you?</body></html>"
FINE: Final = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
MEGABYTE: Final = b"[" + b" " * (1_000_000 - 1)
Way = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Hostile:
    """How it misbehaves now, and what it saw. `way` may be changed while it runs."""

    url: str = ""
    way: str = "fine"
    body: str = FINE
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    sent: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)

    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def crowd(self, count: int) -> None:
        """Returns when so many have asked."""
        while len(self.asked) < count:
            self._more.clear()
            await self._more.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.asked.append(request)
        self._more.set()
        if self.way.isdigit():
            return web.Response(status=int(self.way), text=self.body, headers=self.headers)
        way: Way = getattr(self, f"_{self.way}")
        return await way(request)

    async def _fine(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=self.body, content_type="application/json")

    async def _hang(self, request: web.Request) -> web.StreamResponse:
        await self.release.wait()
        return await self._fine(request)

    async def _login_page(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=LOGIN, content_type="text/html")

    async def _redirect(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://elsewhere.example/login?next=here"})

    async def _empty(self, _: web.Request) -> web.StreamResponse:
        return web.Response(content_type="application/json")

    async def _half(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=self.body[: len(self.body) // 2], content_type="application/json")

    async def _control(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1b[31mred\x07\x00 \xff", content_type="application/octet-stream")

    async def _deep(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=b"[" * 200_000, content_type="application/json")

    async def _crowded(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=b"[" + b"[]," * 4_500_000 + b"[]]", content_type="application/json")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        """10 GB of JSON that never closes its list."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(MEGABYTE)
            self.sent += len(MEGABYTE)
        return response

    async def _bomb(self, request: web.Request) -> web.StreamResponse:
        """10 GB of spaces in 10 MB of gzip."""
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        head = squeeze.compress(b"[") + squeeze.flush(zlib.Z_FULL_FLUSH)
        piece = squeeze.compress(b" " * 10_000_000) + squeeze.flush(zlib.Z_FULL_FLUSH)
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
        await response.prepare(request)
        await response.write(head)
        for _ in range(1_000):
            await response.write(piece)
        return response

    async def _squeezed(self, _: web.Request) -> web.StreamResponse:
        packed = gzip.compress(self.body.encode())
        return web.Response(body=packed, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})

    async def _squeezed_by_half(self, _: web.Request) -> web.StreamResponse:
        packed = gzip.compress(self.body.encode())
        return web.Response(body=packed[:-12], headers={"Content-Encoding": "gzip"})

    async def _squeezed_and_more(self, _: web.Request) -> web.StreamResponse:
        packed = gzip.compress(self.body.encode())
        return web.Response(body=packed + b"and more", headers={"Content-Encoding": "gzip"})

    async def _not_squeezed(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=self.body.encode(), headers={"Content-Encoding": "gzip"})

    async def _strange_encoding(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x0b\x02", headers={"Content-Encoding": "br"})

    async def _hang_up(self, request: web.Request) -> web.StreamResponse:
        """Promises more than it sends, and goes."""
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"status":')
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _slam(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _repeats_secrets(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=400, text=f"bad header: {request.headers.get('Authorization')}")

    async def _get_only(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            return web.Response(status=405, text="405: Method Not Allowed")
        return await self._fine(request)


@asynccontextmanager
async def serving(answer: Way) -> AsyncIterator[str]:
    """The address at which `answer` is asked about everything."""
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    server = Hostile()
    async with serving(server.answer) as server.url:
        try:
            yield server
        finally:
            server.release.set()
