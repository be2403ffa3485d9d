"""What other systems post to us: one route for each, behind a token of its own.

They deliver again after 5xx, and not after 4xx: so it is 401 without the token, 413 and 422 for what would not get
better by coming again, and 503 for what was read and could not be kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from bot.errors import InvalidInput
from bot.ports import Json
from handlers.http import body_of

SCHEME: Final = "bearer"
Take = Callable[[bytes], Awaitable[Mapping[str, Json]]]
"""Reads and keeps a body, and says what became of it; InvalidInput where it cannot be read."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hook:
    """Who posts, and to whom it goes. Without a token there is no such route; `setting` is what would make it."""

    name: str
    token: SecretStr | None
    setting: str
    take: Take


def webhooks(hooks: Iterable[Hook]) -> APIRouter:
    router = APIRouter(prefix="/webhooks")
    for hook in hooks:
        router.add_api_route(f"/{hook.name}", _Door(hook).come, methods=["POST"])
    return router


class _Door:
    """Lets in who has the token."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook

    async def come(self, request: Request) -> Response:
        hook = self._hook
        if hook.token is None:
            log.warning("webhook_not_set_up", webhook=hook.name, mend=f"Set {hook.setting} to let it in.")
            return JSONResponse({"detail": "Not Found"}, 404)
        if not _holds(request.headers.get("authorization", ""), hook.token):
            log.warning("webhook_token_wrong", webhook=hook.name, client=request.client.host if request.client else "")
            headers = {"WWW-Authenticate": "Bearer"}
            return JSONResponse({"error": f"send Authorization: Bearer with {hook.setting}"}, 401, headers)
        body = await body_of(request)
        if body is None:
            log.warning("webhook_too_large", webhook=hook.name)
            return JSONResponse({"error": "the body is too large; send fewer at once"}, 413)
        try:
            said = await hook.take(body)
        except InvalidInput as error:
            log.warning("webhook_unreadable", webhook=hook.name, error=error.message, size=len(body))
            return JSONResponse({"error": error.message, "mend": error.mend}, 422)
        except Exception:
            log.exception("webhook_not_kept", webhook=hook.name)
            return JSONResponse({"error": "it could not be kept; send it again"}, 503)
        return JSONResponse(dict(said))


def _holds(header: str, token: SecretStr) -> bool:
    """Compared in the same time, however much of it is right."""
    scheme, _, given = header.partition(" ")
    wanted = token.get_secret_value().encode()
    same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), wanted)
    return same and scheme.casefold() == SCHEME and bool(wanted)
