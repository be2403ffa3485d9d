"""A running workspace with people who can be told what to do; for tests, and for scripts without pytest.

    async with Playground.over(SlackSandbox("manifest.yml")) as workspace:
        sre = workspace.person("sre")
        thread = await sre.says("#ops", "@copilot status")
        print(await thread.last(from_bot=True))

Whatever waits, waits for changes of the workspace; when the time is over, the error shows what is there instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Self

from integrations.sandbox.slack.acting import Person
from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.watching import Watch


class Playground(Watch):
    """The workspace as a test sees it."""

    @classmethod
    @contextlib.asynccontextmanager
    async def over(cls, sandbox: SlackSandbox) -> AsyncIterator[Self]:
        """Starts the sandbox, and closes it in the end."""
        async with sandbox:
            yield cls(sandbox)

    url = property(lambda self: str(self.sandbox.url))
    api_url = property(lambda self: str(self.sandbox.api_url))
    page_url = property(lambda self: str(self.sandbox.page_url))
    bot_token = property(lambda self: str(self.sandbox.bot_token))
    app_token = property(lambda self: str(self.sandbox.app_token))
    signing_secret = property(lambda self: str(self.sandbox.signing_secret))

    def person(self, name: str) -> Person:
        """By handle or id."""
        return Person(self, self.state.person(name).id)

    async def app_connected(self, timeout: float | None = None) -> None:
        await self.until(lambda: self.sandbox.connected or None, "an app that connects", timeout)
