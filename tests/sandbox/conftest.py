"""An app that uses most of what the page can draw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from integrations.sandbox.slack.testing import Playground
from tests.sandbox.showcase_app import showcase
from tests.sandbox.stage import on_a_socket


@pytest.fixture
async def shown(workspace: Playground) -> AsyncIterator[Any]:
    """An app that shows all that the page can draw."""
    async with on_a_socket(showcase(workspace), workspace) as handler:
        yield handler
