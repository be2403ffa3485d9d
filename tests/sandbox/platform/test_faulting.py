"""Faults from a terminal: what is refused names what there is, and what was ended is listed with its end."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from bot.errors import InvalidInput
from integrations.sandbox.platform import faulting
from integrations.sandbox.platform.breaking import BREAKAGES
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def test_a_kind_that_there_is_not_is_quoted_and_those_that_there_are_named() -> None:
    with pytest.raises(InvalidInput, match="'bogus' is no fault that there is") as refused:
        faulting.fault(Console(file=io.StringIO()), "http://127.0.0.1:9", "bogus", "")
    assert all(each.kind in refused.value.mend for each in BREAKAGES)
    with pytest.raises(InvalidInput, match="not said where latency is to be") as refused:
        faulting.fault(Console(file=io.StringIO()), "http://127.0.0.1:9", "latency", "")
    assert "payments" in refused.value.mend


async def test_what_was_ended_is_listed_with_its_end() -> None:
    async with Platform(World(born=NOW - timedelta(days=1)), clock=lambda: NOW) as platform:
        url = platform.deploys_url.removesuffix("/deploys")
        going, over = (
            platform.world.inject("latency", service, "production", NOW - timedelta(hours=1), minutes=minutes)
            for service, minutes in (("payments", 90), ("cart", 20))
        )
        out = io.StringIO()
        await asyncio.to_thread(faulting.fault, Console(file=out, width=200), url, "", "")
        lines = out.getvalue().splitlines()
        assert (
            lines[0]
            == f"{going.id}  latency at payments in production, since 2026-03-04T14:00:00Z until 2026-03-04T15:30:00Z"
        )
        assert (
            lines[1]
            == f"{over.id}  latency at cart in production, since 2026-03-04T14:00:00Z until 2026-03-04T14:20:00Z"
        )
