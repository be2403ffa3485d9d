"""A server of ours with the webhook in it, and what its intake was given."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from bot.watch.outside import Report
from handlers.http import HttpServer, Part, http_app
from handlers.webhooks import Hook, webhooks
from integrations.alertmanager.adapter import Alertmanager
from tests.conftest import MovedClock
from tests.observatory.fakes import CATALOGUE, VOCABULARY

RECORDINGS: Final = Path(__file__).with_name("recordings")
TOKEN: Final = "s3cret-of-the-webhook"


def recorded(name: str, **changes: Any) -> dict[str, Any]:
    """What Alertmanager 0.25 once posted, with other fields in it."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded | changes


@dataclass
class Desk:
    """Takes reports, and what it was told to raise."""

    clock: MovedClock
    reports: list[Report] = field(default_factory=list)
    error: Exception | None = None
    base: str = ""

    def adapter(self) -> Alertmanager:
        return Alertmanager(VOCABULARY, CATALOGUE, self.take, self.clock)

    async def take(self, report: Report) -> None:
        if self.error:
            raise self.error
        self.reports.append(report)

    async def post(self, body: bytes | Mapping[str, Any], **headers: str) -> httpx.Response:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", **headers}
        raw = {name.encode(): value.encode("latin-1") for name, value in given.items()}
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(f"{self.base}/webhooks/alertmanager", content=sent, headers=raw)


async def _ready() -> Mapping[str, Part]:
    return {}


@asynccontextmanager
async def serving(desk: Desk, token: str | None = TOKEN) -> AsyncIterator[Desk]:
    secret = None if token is None else SecretStr(token)
    hook = Hook("alertmanager", secret, "LLM_COPILOT_ALERTMANAGER_TOKEN", desk.adapter().take)
    app = http_app(
        None,
        None,
        health=dict,
        ready=_ready,
        metrics=CollectorRegistry(),
        clock=desk.clock,
        more=(webhooks([hook]),),
    )
    server = HttpServer(app, host="127.0.0.1", port=0)
    desk.base = f"http://127.0.0.1:{await server.start()}"
    try:
        yield desk
    finally:
        await server.stop()
