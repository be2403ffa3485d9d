"""Which models the settings give, and what their tokens cost."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest
from pydantic import SecretStr, ValidationError

import integrations.models
from bot.agent.model import Usage
from bot.config import Settings
from bot.errors import ConfigurationError, Terminal
from integrations.models import claude_access, models, openai_access
from integrations.models.allowed import is_loopback
from integrations.models.names import own_name, wire_name
from integrations.models.prices import FREE, price_of

KEY = SecretStr("sk-planted")


def test_without_keys_there_is_no_model() -> None:
    assert models(Settings()) == ()


def test_claude_is_asked_first_and_what_speaks_like_openai_next() -> None:
    found = models(Settings(openai_api_key=KEY, anthropic_api_key=KEY, openai_model="qwen"))
    assert [model.name for model in found] == ["claude-sonnet-5-5", "qwen"]
    assert [model.name for model in models(Settings(openai_api_key=KEY))] == ["gpt-6.1-terra"]


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> ModuleSpec | None:
        return None if name == "openai" else importlib.util.find_spec(name)

    monkeypatch.setattr(integrations.models, "find_spec", without)
    with pytest.raises(ConfigurationError, match=r"pip install 'llm-copilot\[openai\]'"):
        models(Settings(openai_api_key=KEY))


def test_the_settings_reach_the_models() -> None:
    settings = Settings(
        anthropic_api_key=KEY,
        openai_api_key=KEY,
        anthropic_url="https://gateway.example.com/claude",
        openai_url="http://vllm:8000/v1",
        anthropic_input_price=7,
        openai_output_price=3,
        model_max_tokens=999,
        model_timeout_seconds=12,
    )
    claude, other = claude_access(settings), openai_access(settings)
    assert (claude.url, claude.max_tokens, claude.timeout) == ("https://gateway.example.com/claude", 999, 12)
    assert (claude.price.input, claude.price.output) == (7, 10)
    assert (other.url, other.price.input, other.price.output) == ("http://vllm:8000/v1", 1, 3)
    assert (claude.who, other.who) == ("Claude at gateway.example.com", "The OpenAI-compatible API at vllm:8000")
    assert "planted" not in repr((claude, other))


@pytest.mark.parametrize("url", ["http://example.com", "ftp://example.com", "https://me:it@example.com", "example.com"])
def test_the_key_of_claude_is_never_sent_in_clear(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(anthropic_url=url)
    assert Settings(anthropic_url="http://127.0.0.1:8902").anthropic_url == "http://127.0.0.1:8902"


@pytest.mark.parametrize(
    ("model", "input_", "output", "read"),
    [
        ("claude-sonnet-5-5", 2, 10, 0.05),
        ("claude-sonnet-5-5-20260928", 2, 10, 0.05),
        ("claude-sonnet-5", 2, 10, 0.1),
        ("claude-sonnet-4-6", 3, 15, 0.1),
        ("claude-opus-5-5", 4, 20, 0.05),
        ("claude-opus-4-8", 5, 25, 0.1),
        ("claude-newest-9", 10, 50, 0.1),
        ("gpt-6.1-terra", 1, 5, 0.05),
        ("qwen3", 0, 0, 0.1),
    ],
)
def test_prices_go_by_family(model: str, input_: float, output: float, read: float) -> None:
    price = price_of(model)
    assert (price.input, price.output, price.cache_read) == (input_, output, read)


def test_a_million_of_everything_costs_what_the_list_says() -> None:
    usage = Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000)
    assert price_of("claude-opus-5-5").of(usage).usd == pytest.approx(4 + 20 + 0.2 + 5)
    assert FREE.of(usage).usd == 0


@pytest.mark.parametrize(("read", "usd"), [(100_000, 0.01 + 0.0005), (100_001, 5 * (0.0100001 + 0.0005))])
def test_a_long_prompt_costs_more_where_the_list_says_so(read: int, usd: float) -> None:
    assert price_of("claude-haiku-5-5").of(Usage(read, 1_000)).usd == pytest.approx(usd)


@pytest.mark.parametrize("name", ["metrics.query", "dead_letters.list", "status", "a.b.c"])
def test_names_go_there_and_back(name: str) -> None:
    assert own_name(wire_name(name)) == name
    assert "." not in wire_name(name)


@pytest.mark.parametrize("name", ["a__b", "a_.b", "a b", "", "ä.b", "x" * 65])
def test_a_name_that_would_come_back_as_another_is_refused(name: str) -> None:
    with pytest.raises(Terminal, match="No model can be offered"):
        wire_name(name)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://localhost/v1", True),
        ("https://api.anthropic.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, ours: bool) -> None:  # noqa: FBT001
    assert is_loopback(url) is ours
