"""A browser before the page; a screenshot of it is kept when its test fails."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integrations.sandbox.slack.testing import Playground

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.sandbox.desk import Desk

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where one listens that runs to the end; each test has a context of its own in it."""
    from tests.sandbox.desk import CHROMIUM, FLAGS  # noqa: PLC0415  a machine may have no browser

    folder = tmp_path_factory.mktemp("chromium")
    where, log = folder / "DevToolsActivePort", folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder}"], stdout=said, stderr=said
        )
        try:
            until = time.monotonic() + 60
            while not where.exists() or not where.read_text().count("\n"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.02)
            port, path = where.read_text().splitlines()
            yield f"ws://127.0.0.1:{port}{path}"
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    from tests.sandbox.desk import async_playwright  # noqa: PLC0415  same

    async with async_playwright() as playwright:
        found = await playwright.chromium.connect_over_cdp(chromium)
        yield found
        await found.close()


@pytest.fixture
async def desk(
    browser: Browser, workspace: Playground, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Desk]:
    """A fresh window; `@pytest.mark.parametrize("desk", [{…}], indirect=True)` sets the context's options."""
    from tests.sandbox.desk import Desk  # noqa: PLC0415  same

    options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **getattr(request, "param", {})}
    context = await browser.new_context(**options)
    desk = Desk(await context.new_page(), workspace)
    yield desk
    if request.node.stash.get(FAILED, False):
        folder = os.environ.get("SCREENSHOTS") or str(tmp_path)
        await desk.page.screenshot(path=f"{folder}/{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())}.png")
    await context.close()
    assert desk.complaints == []
