"""How far one thought may go, and what is said where it ends early."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from bot.agent.model import LanguageModel, Priced, Usage
from bot.agent.thinking.thought import How
from bot.telemetry.units import duration

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ThinkingLimits:
    """For one turn; what a day may cost is the ledger's to say."""

    steps: int = 12
    """Calls of a model."""
    calls: int = 40
    """Calls of tools."""
    tokens: int = 400_000
    seconds: float = 120.0
    usd: float = 1.0
    answer_tokens: int = 4_000
    """The longest single message of a model."""
    result_characters: int = 12_000
    """So much of one result is put before a model; it turns pages for the rest."""
    parallel: int = 8
    """Reads that run at one time."""
    history_messages: int = 200
    history_characters: int = 40_000
    """A bound only: to choose and to compress what is said of a thread is the memory's part."""
    context_characters: int = 24_000
    warn_share: float = 0.8
    """Of a day's budget, from where on the answer says how much is used."""
    input_price: float = 5.0
    output_price: float = 25.0
    """US dollars for a million tokens, where a call was cut off before it could say what it cost."""

    @classmethod
    def for_models(cls, models: Iterable[LanguageModel], *, answer_tokens: int) -> Self:
        """With the prices of the dearest of them: a guess rather ends a budget early than late."""
        limits = cls(answer_tokens=answer_tokens)
        prices = [model.price for model in models if isinstance(model, Priced)]
        if not prices:
            return limits
        read, written = map(max, zip(*prices, strict=True))
        return replace(limits, input_price=read, output_price=written)

    def guessed(self, read: int, spoken: int) -> Usage:
        """What a call took that never said so."""
        return Usage(read, spoken, usd=(read * self.input_price + spoken * self.output_price) / MILLION)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that was reached: how the thought ends, and the words for it."""

    how: How
    words: str


def reached(limits: ThinkingLimits, steps: int, used: Usage, next_tokens: int) -> Reached | None:
    """What forbids one more call of a model, if anything does."""
    if steps >= limits.steps:
        return Reached("steps", f"I stopped after {steps} steps, which is the most for one question")
    if used.usd >= limits.usd:
        return Reached("money", f"I stopped at ${used.usd:.2f}, and ${limits.usd:.2f} is the most for one question")
    if used.tokens + next_tokens > limits.tokens:
        total = used.tokens + next_tokens
        return Reached("tokens", f"going on would take {total:,} tokens, and {limits.tokens:,} are the most")
    return None


def out_of_time(limits: ThinkingLimits) -> Reached:
    return Reached("time", f"I stopped after {duration(limits.seconds)}, which is the most for one question")


def so_far(words: str, known: Sequence[str], *, mend: str = "Ask for a part of it, and I go on from there.") -> str:
    """An early end in words: what was reached, and what is known by then."""
    if not known:
        return f"{words}. Nothing is known yet. {mend}"
    lines = "\n".join(f"- {line}" for line in known)
    return f"{words}. What is known so far:\n{lines}\n\n{mend}"
