"""Regular expressions as Prometheus has them, over the whole of a label's value, and never for long.

Prometheus matches in linear time, Python goes back and tries again: what could take it for ever is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from integrations.sandbox.platform.prometheus.failures import execution

MOST_TRIES: Final = 50_000_000

_CLASSES: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9a-fA-F",
}
_CLASS: Final = re.compile(r"\[:(\w+):\]")
_OPAQUE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_REPEATED_GROUP: Final = re.compile(r"\)(?:[*+]|\{\d+,?\d*\})")
_REPEAT: Final = re.compile(r"[*+]|\{\d+,?\d*\}")


class UnreadablePattern(ValueError):
    """Not a regular expression, or none that is understood here."""


class Pattern:
    """One expression, anchored at both ends."""

    def __init__(self, text: str) -> None:
        python = _CLASS.sub(lambda found: _CLASSES.get(found[1], found[0]), text).replace(r"\z", r"\Z")
        bare = _OPAQUE.sub("x", python)
        if _REPEATED_GROUP.search(bare):
            raise UnreadablePattern("repeated groups are not supported here")
        self._repeats = len(_REPEAT.findall(bare))
        try:
            self._compiled = re.compile(python, re.ASCII)
        except (re.error, RecursionError, OverflowError, ValueError) as error:
            raise UnreadablePattern(str(error)) from error

    def _matched(self, value: str) -> re.Match[str] | None:
        if self._repeats > 1 and len(value) ** self._repeats > MOST_TRIES:
            raise execution(f"a regular expression with {self._repeats} repeats takes too long for {value[:100]!r}")
        return self._compiled.fullmatch(value)

    def matches(self, value: str) -> bool:
        return self._matched(value) is not None

    def groups(self, value: str) -> dict[str, str] | None:
        """What each group matched, by number and by name; None where the whole does not match."""
        found = self._matched(value)
        if found is None:
            return None
        numbered = {str(number): found[number] or "" for number in range(self._compiled.groups + 1)}
        return numbered | {name: text or "" for name, text in found.groupdict().items()}


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    return Pattern(text)
