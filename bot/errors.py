"""Every error that the bot raises on purpose.

    CopilotError
    ├── ConfigurationError        a setting or a file is wrong; the program does not start
    ├── InvalidInput              what was asked cannot be understood as written
    ├── Refusal                   understood, and not allowed (now, here, for this person)
    ├── NotFound                  names something that does not exist
    ├── Conflict                  somebody else was first, or it changed meanwhile
    ├── Retryable                 may work if tried again
    │   ├── RateLimited             … after `retry_after` seconds
    │   ├── CircuitOpen             … after `retry_after` seconds; the dependency is resting
    │   ├── TimedOut                … no answer in time
    │   └── Unavailable             … the system behind could not be reached, or answered 5xx
    └── Terminal                  will fail the same way however often it is tried
        ├── Tampered                a record or a ciphertext is not what was written
        ├── Exhausted               every try failed; holds the last cause and the count
        └── Interrupted             it is not known whether the side effect happened

`message` says what is wrong and quotes the value; `mend` says what to do about it.
"""

from __future__ import annotations


class CopilotError(Exception):
    """The root; anything else that escapes is a bug."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()


class ConfigurationError(CopilotError):
    """A setting or a file is wrong; the program does not start."""


class InvalidInput(CopilotError):
    """What was asked cannot be understood as written."""


class Refusal(CopilotError):
    """Understood, and not allowed."""


class NotFound(CopilotError):
    """Names something that does not exist."""


class Conflict(CopilotError):
    """Somebody else was first, or it changed meanwhile."""


class Retryable(CopilotError):
    """May work if tried again, after `retry_after` seconds where that is known."""

    def __init__(self, message: str, *, mend: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, mend=mend)
        self.retry_after = retry_after


class RateLimited(Retryable):
    """The other side, or our own limiter, asks to wait."""


class CircuitOpen(Retryable):
    """The dependency failed too often and is left alone for a while."""


class TimedOut(Retryable):
    """No answer in time."""


class Unavailable(Retryable):
    """The system behind could not be reached, or answered 5xx."""


class Terminal(CopilotError):
    """Will fail the same way however often it is tried."""


class Tampered(Terminal):
    """A record or a ciphertext is not what was written."""


class Exhausted(Terminal):
    """Every try failed."""

    def __init__(self, message: str, *, cause: BaseException, attempts: int, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.cause = cause
        self.attempts = attempts


class Interrupted(Terminal):
    """It is not known whether the side effect happened."""
