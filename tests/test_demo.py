"""`llm-copilot demo`, as a newcomer starts it: a whole Slack, reached, answered and stopped."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from integrations.sandbox.demo import FIRST

ROOT = Path(__file__).parent.parent
SECONDS = 60


@asynccontextmanager
async def started(folder: Path, *more: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The process, and the address that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.cli", "demo", "--no-browser", "--folder", str(folder), *more),
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(SECONDS):
            while not (found := re.search(r"http://127\.0\.0\.1:\d+/", said)):
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        yield process, found[0]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_opens_a_page_with_the_bot_in_it_and_ctrl_c_stops_all_of_it(tmp_path: Path) -> None:
    async with started(tmp_path / "demo", "--port", "0") as (process, url), aiohttp.ClientSession() as browser:
        async with browser.get(url) as page:
            assert page.status == 200
            assert "text/html" in page.headers["content-type"]
        async with browser.get(f"{url}page/state", headers={"X-Person": "U0SRE"}) as state:
            known = await state.json()
        assert known["connected"] is True
        steps = known["welcome"]["steps"]
        assert all(step["text"] for step in steps)
        assert 1 < len(steps) <= 6
        (platform,) = [step["link"] for step in steps if "link" in step]
        async with browser.get(platform) as page:
            assert "Break something" in await page.text()
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0
        assert "Stopped" in out.decode()
        assert err == b""
        with pytest.raises(aiohttp.ClientError):
            await browser.get(url)


async def answered(browser: aiohttp.ClientSession, url: str, text: str, *wanted: str) -> None:
    """Until all of this is in the thread below the question."""
    said = {"channel": "C0OPS", "text": text}
    async with browser.post(f"{url}page/say", json=said, headers={"X-Person": "U0SRE"}) as answer:
        ts = (await answer.json())["message"]["ts"]
    thread, found = {"channel": "C0OPS", "ts": ts}, ""
    async with asyncio.timeout(SECONDS):
        while not all(words in found for words in wanted):
            await asyncio.sleep(0.1)
            async with browser.get(f"{url}page/thread", params=thread, headers={"X-Person": "U0SRE"}) as held:
                found = await held.text()


async def test_what_it_tells_a_newcomer_to_write_is_answered(tmp_path: Path) -> None:
    async with started(tmp_path / "demo", "--port", "0") as (_, url), aiohttp.ClientSession() as browser:
        await answered(browser, url, "@copilot status", "I am well")
        await answered(browser, url, FIRST, "p95", "checkout", ".png")
