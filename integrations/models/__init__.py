"""The language models that the settings give us, the preferred one first; without keys, none."""

from __future__ import annotations

from importlib.util import find_spec

from bot.agent.model import LanguageModel
from bot.config import Settings
from bot.errors import ConfigurationError
from integrations.models.access import Access
from integrations.models.prices import price_of


def models(settings: Settings) -> tuple[LanguageModel, ...]:
    """Claude, then what speaks like OpenAI. Their SDKs are imported with the first question: they take seconds."""
    found: list[LanguageModel] = []
    if settings.anthropic_api_key:
        from integrations.anthropic.adapter import Claude  # noqa: PLC0415  only who has a key needs it

        found.append(Claude(claude_access(settings)))
    if settings.openai_api_key:
        if find_spec("openai") is None:
            raise ConfigurationError(
                "The setting openai_api_key is given, and the package openai is not installed.",
                mend="Run `pip install 'llm-copilot[openai]'`, or take the key out.",
            )
        from integrations.openai.adapter import OpenAI  # noqa: PLC0415

        found.append(OpenAI(openai_access(settings)))
    return tuple(found)


def claude_access(settings: Settings) -> Access:
    key = settings.anthropic_api_key
    assert key is not None, "asked for only with a key"
    price = price_of(
        settings.anthropic_model,
        input_price=settings.anthropic_input_price,
        output_price=settings.anthropic_output_price,
    )
    return Access(
        "Claude",
        "anthropic",
        settings.anthropic_url,
        key,
        settings.anthropic_model,
        price,
        settings.model_max_tokens,
        settings.model_timeout_seconds,
    )


def openai_access(settings: Settings) -> Access:
    key = settings.openai_api_key
    assert key is not None, "asked for only with a key"
    price = price_of(
        settings.openai_model, input_price=settings.openai_input_price, output_price=settings.openai_output_price
    )
    return Access(
        "The OpenAI-compatible API",
        "openai",
        settings.openai_url,
        key,
        settings.openai_model,
        price,
        settings.model_max_tokens,
        settings.model_timeout_seconds,
    )
