"""A browser before the page; a screenshot of it is kept when its test fails."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
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


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    from tests.sandbox.desk import CHROMIUM, FLAGS, async_playwright  # noqa: PLC0415  a machine may have no browser

    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
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
