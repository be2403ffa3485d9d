"""Answers of real servers, replayed on loopback: status, headers and body as they were recorded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from tests.integrations.hostile import serving

HERE: Final = Path(__file__).parent
OWN: Final = frozenset({"content-length", "transfer-encoding", "date"})


def recording(name: str) -> dict[str, Any]:
    """By system and name, such as `loki/labels`."""
    loaded: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return loaded


def answered(name: str) -> web.Response:
    told = recording(name)
    body = told["body"]
    if told["body_kind"] == "json":
        body = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    headers = {key: value for key, value in told["headers"].items() if key.lower() not in OWN}
    return web.Response(status=told["status"], body=(body or "").encode(), headers=headers)


@asynccontextmanager
async def replaying(*names: str) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """An address that gives these answers one after the other, the last for ever, and what it was asked."""
    asked: list[web.Request] = []
    left = list(names)

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.post()
        asked.append(request)
        return answered(left.pop(0) if len(left) > 1 else left[0])

    async with serving(answer) as url:
        yield url, asked
