from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import ConfigurationError, Unavailable
from handlers.face import slack_client
from handlers.sockets import Sockets
from integrations.sandbox.slack.server import SlackSandbox

EVENT = {"type": "member_joined_channel", "user": "U0SRE", "channel": "C0OPS"}


class Kept:
    """What came, and whether it can be kept."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.broken = False
        self.refused = asyncio.Event()

    async def __call__(self, _: str, payload: dict[str, Any], __: int) -> None:
        if self.broken:
            self.refused.set()
            raise Unavailable("the disk is full")
        self.payloads.append(payload)


@pytest.fixture
async def sandbox() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox("manifest.yml", limits=False, ack_timeout=0.3, retry_delays=(0.1,) * 20) as running:
        yield running


async def opened(sandbox: SlackSandbox, kept: Kept, token: str = "") -> tuple[Sockets, Any]:
    client = slack_client(SecretStr(sandbox.bot_token), sandbox.api_url)
    return Sockets(client, token or sandbox.app_token, kept, ping=0.1), client.session


async def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(sandbox: SlackSandbox) -> None:
    kept = Kept()
    sockets, session = await opened(sandbox, kept)
    await sockets.start()
    kept.broken = True
    arriving = sandbox.deliver(sandbox.events.wrapped(EVENT))
    await asyncio.wait_for(kept.refused.wait(), 30)
    assert not arriving.done()
    kept.broken = False
    assert await asyncio.wait_for(arriving, 30) < 10
    assert len(kept.payloads) == 1
    await sockets.close()
    await session.close()


@pytest.mark.parametrize("dead", ["current_session_monitor", "message_receiver", "message_processor"])
async def test_a_client_whose_own_watch_has_died_is_replaced(sandbox: SlackSandbox, dead: str) -> None:
    kept = Kept()
    sockets, session = await opened(sandbox, kept)
    await sockets.start()
    getattr(sockets._client, dead).cancel()
    sandbox.sockets.drop()
    assert await asyncio.wait_for(sandbox.deliver(sandbox.events.wrapped(EVENT)), 30) < 20
    assert len(kept.payloads) == 1
    await sockets.close()
    await session.close()


async def test_a_wrong_token_is_said_at_once(sandbox: SlackSandbox) -> None:
    sockets, session = await opened(sandbox, Kept(), "xapp-wrong")
    with pytest.raises(ConfigurationError, match="does not open a socket") as error:
        await asyncio.wait_for(sockets.start(), 30)
    assert "SLACK_APP_TOKEN" in error.value.mend
    await sockets.close()
    await session.close()
