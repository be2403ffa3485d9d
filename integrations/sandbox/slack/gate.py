"""What every request passes: no page from elsewhere reaches in, and ours loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Middleware of the whole server."""

    def __init__(self, *, own_hosts: frozenset[str] | None) -> None:
        """`own_hosts`: the names that this server goes by; None where they are not known."""
        self._own_hosts = own_hosts

    @property
    def passed(self) -> Any:
        @web.middleware
        async def passed(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._is_ours(request):
                return web.json_response({"ok": False, "error": "not_allowed_from_here"}, status=403)
            response = await handler(request)
            if not response.prepared:
                response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                response.headers.setdefault("X-Content-Type-Options", "nosniff")
                response.headers.setdefault("Referrer-Policy", "same-origin")
                response.headers.setdefault("Cache-Control", "no-cache")
            return response

        return passed

    def _is_ours(self, request: web.Request) -> bool:
        """No page from elsewhere reaches in: neither by another name for this address, nor across origins."""
        host = urlsplit(f"//{request.host}").hostname or ""
        if self._own_hosts is not None and host not in self._own_hosts:
            return False
        origin = request.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == request.host
