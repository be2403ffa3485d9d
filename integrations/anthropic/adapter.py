"""The port LanguageModel over Anthropic's Messages API.

The SDK's own retries are off. It reads `retry-after` well, and so do we; but it waits for however long that asks
while a person waits, it does not try again when a stream breaks before its first word, and our breaker would count
one failure where there were three.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.agent.model import Piece, Prompt, Spoken
from bot.resilience import Shield
from integrations.anthropic.asking import asked
from integrations.anthropic.reading import Reading
from integrations.models.access import Access
from integrations.models.allowed import require_allowed
from integrations.models.failing import translated
from integrations.models.speaking import heard, spoken, tried

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

CONNECT_TIMEOUT = 5.0


class Claude:
    """Implements `bot.agent.model.LanguageModel`. Never sends a temperature: the API takes none."""

    def __init__(self, access: Access, shield: Shield | None = None) -> None:
        self._access = access
        self._shield = shield or access.shield()
        self._client: AsyncAnthropic | None = None
        self._modules: tuple[Any, Any] | None = None

    @property
    def name(self) -> str:
        return self._access.model

    @property
    def price(self) -> tuple[float, float]:
        return self._access.price.input, self._access.price.output

    def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        return spoken(self._shield, lambda: self._told(prompt), self._access.who)

    async def count(self, prompt: Prompt) -> int:
        fields = asked(prompt, self._access.model).fields
        async with self._shield.breaker.guard():
            return await tried(self._shield, lambda: self._counted(fields), self._access.who)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _counted(self, fields: Any) -> int:
        client, sdk, wire = await self._ready()
        with translated(self._access, sdk, wire):
            return int((await client.messages.count_tokens(model=self._access.model, **fields)).input_tokens)

    async def _told(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """One try."""
        client, sdk, wire = await self._ready()
        question = asked(prompt, self._access.model)
        fields: dict[str, Any] = dict(question.fields)
        if prompt.schema is not None:
            schema = sdk.transform_schema(dict(prompt.schema))
            fields["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        reading = Reading(self._access, question.digest)
        with translated(self._access, sdk, wire):
            stream: Any = await client.messages.create(
                model=self._access.model,
                max_tokens=min(prompt.max_tokens, self._access.max_tokens),
                stream=True,
                **fields,
            )
            async with stream:
                async for event in heard(stream, self._access.timeout, self._access.who):
                    if text := reading.take(event):
                        yield Spoken(text)
            yield reading.finished()

    async def _ready(self) -> tuple[AsyncAnthropic, Any, Any]:
        """The client, its SDK, and the HTTP library under that; the first time in a thread, as importing takes long."""
        require_allowed(self._access.url)
        if self._modules is None:
            self._modules = await asyncio.to_thread(_imported)
        sdk, wire = self._modules
        if self._client is None:
            access = self._access
            timeout = wire.Timeout(access.timeout, connect=min(CONNECT_TIMEOUT, access.timeout))
            self._client = sdk.AsyncAnthropic(
                api_key=access.key.get_secret_value(),
                base_url=access.url,
                max_retries=0,
                # It would follow redirects, and take the key along.
                http_client=sdk.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False),
                timeout=timeout,
            )
        return self._client, sdk, wire


def _imported() -> tuple[Any, Any]:
    return import_module("anthropic"), import_module("httpx2")
