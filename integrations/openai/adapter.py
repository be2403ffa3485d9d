"""The port LanguageModel over streamed Chat Completions, which OpenAI, vLLM and many others speak.

The SDK's own retries are off, as Claude's are (`integrations.anthropic.adapter`).
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from bot.agent.model import Piece, Prompt, Spoken
from bot.resilience import Shield
from integrations.models.access import Access
from integrations.models.allowed import require_allowed
from integrations.models.failing import translated
from integrations.models.speaking import heard, spoken
from integrations.openai.asking import asked
from integrations.openai.reading import Reading

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_TIMEOUT: Final = 5.0
CHARACTERS_PER_TOKEN: Final = 3.5


class OpenAI:
    """Implements `bot.agent.model.LanguageModel`."""

    def __init__(self, access: Access, shield: Shield | None = None) -> None:
        self._access = access
        self._shield = shield or access.shield()
        self._client: AsyncOpenAI | None = None
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
        """An estimate on the safe side: there is no request that counts."""
        return math.ceil(len(json.dumps(asked(prompt), ensure_ascii=False)) / CHARACTERS_PER_TOKEN)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _told(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """One try."""
        client, sdk, wire = await self._ready()
        fields: dict[str, Any] = asked(prompt)
        reading = Reading(self._access)
        with translated(self._access, sdk, wire):
            stream: Any = await client.chat.completions.create(
                model=self._access.model,
                max_completion_tokens=min(prompt.max_tokens, self._access.max_tokens),
                stream=True,
                stream_options={"include_usage": True},
                **fields,
            )
            async with stream:
                async for chunk in heard(stream, self._access.timeout, self._access.who):
                    if text := reading.take(chunk):
                        yield Spoken(text)
            yield reading.finished()

    async def _ready(self) -> tuple[AsyncOpenAI, Any, Any]:
        require_allowed(self._access.url)
        if self._modules is None:
            self._modules = await asyncio.to_thread(_imported)
        sdk, wire = self._modules
        if self._client is None:
            access = self._access
            timeout = wire.Timeout(access.timeout, connect=min(CONNECT_TIMEOUT, access.timeout))
            self._client = sdk.AsyncOpenAI(
                api_key=access.key.get_secret_value(),
                base_url=access.url,
                max_retries=0,
                http_client=sdk.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False),
                timeout=timeout,
            )
        return self._client, sdk, wire


def _imported() -> tuple[Any, Any]:
    return import_module("openai"), import_module("httpx2")
