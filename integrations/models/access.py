"""Which model is asked, where, as whom, and how much it may take."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.resilience import Breaker, RetryPolicy, Shield
from integrations.models.prices import Price


@dataclass(frozen=True, slots=True)
class Access:
    """A model as the settings describe it; `settings` is what the names of its settings begin with."""

    system: str
    settings: str
    url: str
    key: SecretStr
    model: str
    price: Price
    max_tokens: int = 16_000
    timeout: float = 60.0
    """Longest silence, in seconds."""

    @property
    def who(self) -> str:
        """For errors: what it is, and on which host."""
        parts = urlsplit(self.url)
        return f"{self.system} at {parts.hostname}{f':{parts.port}' if parts.port else ''}"

    def shield(self) -> Shield:
        """Three tries, as somebody waits: beyond them lies the next model."""
        policy = RetryPolicy(attempts=3, initial=0.5, maximum=4, jitter=0.25, deadline=3 * self.timeout)
        return Shield(Breaker(self.system), policy, self.timeout)
