"""A pytest plugin: a strict Slack workspace for each test, and people in it.

Works for any app that speaks Slack's protocols, in any language. In `conftest.py`:

    pytest_plugins = ["integrations.sandbox.slack.testing"]

    @pytest.fixture
    async def app(workspace):
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        handler = AsyncSocketModeHandler(AsyncApp(client=client), workspace.app_token)
        await handler.connect_async()
        await workspace.app_connected()
        yield handler
        await handler.close_async()

and in a test:

    async def test_an_approval_by_another_person(workspace, app):
        sre, manager = workspace.person("sre"), workspace.person("manager")
        thread = await sre.says("#ops", "@copilot restart checkout")
        card = await thread.last(containing="Approve")
        await manager.clicks(card, "Approve")
        await thread.last(containing="restarted")

`manifest.yml` is looked for where pytest was started; a fixture of your own called `slack_manifest` (a path, or the
manifest as a dict) replaces it. `@pytest.mark.slack(ack_timeout=0.2, request_url=…)` passes options to `SlackSandbox`.

What a person can do: `says`, `dm`, `opens_assistant`, `asks_assistant`, `edits`, `deletes`, `reacts`, `pins`,
`uploads`, `joins`, `leaves`, `runs` (a slash command), `uses_shortcut`, `clicks`, `chooses`, `fills`, `submits`,
`closes`; and see: `modal`, `home`, `sees_home`, `sees`, `sees_ephemeral`, `options`, `rereads`. What does not happen
within `workspace.patience` seconds raises `NotSeen`, which shows what is there instead and what went wrong between app
and Slack; what Slack refuses raises `Refused`. Nothing here sleeps or polls.

`workspace.sent` holds every payload of the app, `workspace.posted` its messages, `workspace.inspector` the traffic,
`workspace.faults` what goes wrong on purpose, `workspace.state` people, channels and messages,
`workspace.sandbox` the server (`deliver`, `emit`, `sockets.refresh()`, `sockets.drop()`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox.slack.acting import Person
from integrations.sandbox.slack.forms import NotPossible
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.playground import Playground
from integrations.sandbox.slack.reading import view_words, words
from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.watching import Modal, NotSeen, Refused, Sent, Thread

try:
    import pytest_asyncio
except ImportError as error:  # pragma: no cover  said once, where it helps
    raise pytest.UsageError("integrations.sandbox.slack.testing needs pytest-asyncio") from error

__all__ = [
    "Modal",
    "NotPossible",
    "NotSeen",
    "Person",
    "Playground",
    "Refused",
    "Sent",
    "Thread",
    "view_words",
    "words",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slack(**options): options of the SlackSandbox behind `workspace`")


@pytest.fixture
def slack_manifest(pytestconfig: pytest.Config) -> Path | Mapping[str, Any] | Manifest:
    """The manifest of the app under test; override it."""
    return pytestconfig.rootpath / "manifest.yml"


@pytest_asyncio.fixture
async def workspace(
    slack_manifest: Path | Mapping[str, Any] | Manifest, request: pytest.FixtureRequest
) -> AsyncIterator[Playground]:
    """A workspace of this test's own, on a free port of loopback."""
    marker = request.node.get_closest_marker("slack")
    async with Playground.over(SlackSandbox(slack_manifest, **(marker.kwargs if marker else {}))) as playground:
        yield playground
