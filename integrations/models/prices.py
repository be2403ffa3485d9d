"""What tokens cost, by family of models; list prices of November 2026 in USD per million."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.agent.model import Usage

MILLION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """Of tokens read and written; the cache as a share of `input`."""

    input: float
    output: float
    cache_read: float = 0.1
    cache_write: float = 1.25
    long_from: float = float("inf")
    """Tokens of a prompt above which the whole call costs more."""
    long_input: float = 1.0
    long_output: float = 1.0

    def of(self, usage: Usage) -> Usage:
        """`usage` with its money."""
        read = usage.input + self.cache_read * usage.cache_read + self.cache_write * usage.cache_write
        is_long = usage.input + usage.cache_read + usage.cache_write > self.long_from
        factors = (self.long_input, self.long_output) if is_long else (1.0, 1.0)
        usd = (read * self.input * factors[0] + usage.output * self.output * factors[1]) / MILLION
        return replace(usage, usd=usd)


def _gpt(input_: float, output: float, cache_read: float = 0.1) -> Price:
    return Price(input_, output, cache_read, long_from=272_000, long_input=2, long_output=1.5)


FREE: Final = Price(0, 0)
PRICES: Final = {
    "claude-fable-5-2": Price(8, 40),
    "claude-mythos-5-2": Price(8, 40),
    "claude-fable-5-1": Price(10, 50, 0.025),
    "claude-mythos-5-1": Price(10, 50, 0.025),
    "claude-opus-5-5": Price(4, 20, 0.05),
    "claude-opus": Price(5, 25),
    "claude-sonnet-5-5": Price(2, 10, 0.05),
    "claude-sonnet-5": Price(2, 10),
    "claude-sonnet": Price(3, 15),
    "claude-haiku-5-5": Price(0.1, 0.5, long_from=100_000, long_input=5, long_output=5),
    "claude-haiku": Price(1, 5),
    "claude": Price(10, 50),  # one that we do not know counts as the dearest: budgets rather stop too early
    "gpt-6.1-terra": _gpt(1, 5, 0.05),
    "gpt-6.1-sol": _gpt(2, 10, 0.05),
    "gpt-6-sol": _gpt(2, 10),
    "gpt-6-luna": _gpt(0.1, 0.5),
    "gpt-5.6-sol": _gpt(4, 20),
    "gpt-5.6-terra": _gpt(2, 12),
    "gpt-5.6-luna": _gpt(0.2, 1.2),
}


def price_of(model: str, *, input_price: float | None = None, output_price: float | None = None) -> Price:
    """By the longest family name that `model` begins with; a given price replaces the known one."""
    family = max((name for name in PRICES if model.startswith(name)), key=len, default="")
    price = PRICES.get(family, FREE)
    if input_price is not None:
        price = replace(price, input=input_price)
    if output_price is not None:
        price = replace(price, output=output_price)
    return price
