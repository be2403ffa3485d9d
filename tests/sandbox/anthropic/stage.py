"""What tests of models share: a conversation, a shield that waits for nobody, and answers read to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import SecretStr

from bot.agent.model import Finished, LanguageModel, Message, Piece, Prompt, Spoken, Tool, ToolCall, ToolResult, Words
from bot.resilience import Breaker, RetryPolicy, Shield
from integrations.models.access import Access
from integrations.models.prices import price_of
from integrations.sandbox.anthropic.server import ScriptedModel

KEY = "sk-planted-and-secret"
TOOLS = (
    Tool("metrics.query", "A metric over time.", {"type": "object", "properties": {"service": {"type": "string"}}}),
    Tool("logs.search", "Lines of logs.", {"type": "object", "properties": {}}),
)
LONG = "You are a colleague. " * 400
"""Long enough to be cached."""


def access_to(server: ScriptedModel, system: str = "anthropic", **changes: object) -> Access:
    name, url, model = {
        "anthropic": ("Claude", server.url, "claude-sonnet-5-5"),
        "openai": ("The OpenAI-compatible API", server.openai_url, "gpt-6.1-terra"),
    }[system]
    access = Access(name, system, url, SecretStr(KEY), model, price_of(model))
    return replace(access, **changes)  # type: ignore[arg-type]


class Waits:
    """A sleep that takes no time, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


def shield(waits: Waits, attempts: int = 3, timeout: float = 30.0) -> Shield:
    policy = RetryPolicy(attempts=attempts, initial=0.5, jitter=0, deadline=3 * timeout)
    return Shield(Breaker("model"), policy, timeout, sleep=waits)


def prompt(*said: str, system: str = LONG, tools: Sequence[Tool] = TOOLS) -> Prompt:
    roles = ("user", "assistant")
    messages = [Message(roles[at % 2], (Words(text),)) for at, text in enumerate(said)]  # type: ignore[arg-type]
    return Prompt(system, messages, tools)


def answered(asked: Prompt, finished: Finished, *contents: str, failed: bool = False) -> Prompt:
    """The same conversation, with what the model said and the results of its calls."""
    results = tuple(ToolResult(call.id, text, failed) for call, text in zip(calls(finished), contents, strict=True))
    return replace(asked, messages=[*asked.messages, finished.message, Message("user", results)])


def calls(finished: Finished) -> list[ToolCall]:
    return [part for part in finished.message.parts if isinstance(part, ToolCall)]


def text_of(finished: Finished) -> str:
    return "".join(part.text for part in finished.message.parts if isinstance(part, Words))


async def heard(model: LanguageModel, asked: Prompt) -> tuple[str, Finished]:
    """What was spoken, and the last piece."""
    pieces: list[Piece] = [piece async for piece in model.stream(asked)]
    assert isinstance(pieces[-1], Finished)
    return "".join(piece.text for piece in pieces if isinstance(piece, Spoken)), pieces[-1]
