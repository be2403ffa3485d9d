"""Masks secrets in whatever leaves the bot or is kept, and personal data in logs and audit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bot.ports import Json

MASK: Final = "[secret]"
MIN_SECRET: Final = 6

_SECRETS: Final = re.compile(
    r"""(?xi)
    (?P<private>-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[\s\S]*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z))
  | \b(?:xox[abeoprs]-|xapp-)[A-Za-z0-9-]{8,}
  | \bsk-[A-Za-z0-9_-]{16,}
  | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bglpat-[A-Za-z0-9_-]{16,}
  | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
  | \bAIza[0-9A-Za-z_-]{30,}
  | \bey[A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
  | (?P<bearer>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}
  | (?P<url>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,256}:)[^\s/@]{1,256}(?=@)
  | (?P<field>["']?\b[a-z0-9_.-]{0,64}(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)
      \b["']?\s{0,3}[:=]\s{0,3})(?P<quote>["']?)[^\s"',;&}\]]{4,}
    """
)
_PERSONAL: Final = (
    (re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b"), "[e-mail]"),
    (re.compile(r"\b(?:\d[ -]?){13,19}\b"), "[card]"),
    (re.compile(r"(?<![\w.])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}\b"), "[phone]"),
)
_SECRET_NAME: Final = re.compile(
    r"(?i)(?:^|[_.-])(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization)$"
)


def _mask(match: re.Match[str]) -> str:
    kept = match["bearer"] or match["url"] or (match["field"] and match["field"] + match["quote"]) or ""
    return f"{kept}{MASK}"


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [
        digit if position % 2 == 0 else sum(divmod(2 * digit, 10)) for position, digit in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0


def _card(match: re.Match[str]) -> str:
    return "[card]" if _passes_luhn(match[0]) else match[0]


class Redactor:
    """Knows the shapes of secrets, and the very secrets of this installation."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= MIN_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str, *, personal: bool = False) -> str:
        if self._known:
            text = self._known.sub(MASK, text)
        text = _SECRETS.sub(_mask, text)
        if personal:
            for pattern, name in _PERSONAL:
                text = pattern.sub(_card if name == "[card]" else name, text)
        return text

    def value(self, value: Json, *, personal: bool = False) -> Json:
        """The same through lists and objects; what stands under a secret's name is masked whole."""
        match value:
            case str():
                return self.text(value, personal=personal)
            case list():
                return [self.value(item, personal=personal) for item in value]
            case dict():
                return {
                    self.text(key, personal=personal): MASK
                    if isinstance(item, str) and item and _SECRET_NAME.search(key)
                    else self.value(item, personal=personal)
                    for key, item in value.items()
                }
            case _:
                return value
