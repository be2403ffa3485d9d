"""What an operation is called where dots are not allowed: `metrics.query` is `metrics__query` on the wire."""

from __future__ import annotations

import re
from typing import Final

from bot.errors import Terminal

ALLOWED: Final = re.compile(r"[a-zA-Z0-9_-]+")
LONGEST: Final = 64
"""OpenAI's limit; Anthropic's is 128."""


def wire_name(name: str) -> str:
    """Raises Terminal where the way back would be lost."""
    wire = name.replace(".", "__")
    if own_name(wire) != name or not ALLOWED.fullmatch(wire) or len(wire) > LONGEST:
        raise Terminal(
            f"No model can be offered an operation named {name!r}.",
            mend=f"Use letters, digits, dots and single underscores, {LONGEST} characters with each dot as two.",
        )
    return wire


def own_name(wire: str) -> str:
    return wire.replace("__", ".")
