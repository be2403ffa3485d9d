"""Masks secrets in whatever leaves the bot or is kept, and personal data in logs and audit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bot.ports import Json

MASK: Final = "[secret]"
MIN_SECRET: Final = 6

# A token is a secret, but for the unit that language models are measured in: time_to_first_token, usd_per_token.
# No pattern may look far ahead from many places: a log of a megabyte goes through all of them.
_SECRETS: Final = re.compile(
    r"""(?xi)
    (?P<private>-----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----[\s\S]*?(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY-----|\Z))
  | \b(?:xox[abeoprs]-|xapp-)[A-Za-z0-9-]{8,}
  | (?P<hook>\bhooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]{8,}
  | \bsk-[A-Za-z0-9_-]{16,} | \b[rs]k_(?:live|test)_[A-Za-z0-9]{16,} | \b(?:hf|gsk|r8|npm)_[A-Za-z0-9]{20,}
  | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bglpat-[A-Za-z0-9_-]{16,}
  | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
  | \bAIza[0-9A-Za-z_-]{30,} | \bya29\.[0-9A-Za-z_-]{20,}
  | (?<![A-Za-z0-9_-])ey[A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
  | (?P<bearer>\b(?:bearer|basic)\s{1,8})(?=[A-Za-z._~+/-]*(?:[0-9=]|(?-i:[a-z][A-Z])))[A-Za-z0-9._~+/=-]{8,}
  | (?P<url>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,256}:)[^\s/@]{1,256}(?=@)
  | (?P<field>(?:password|passwd|passphrase|pwd|secret|(?<!to[_.-]first[_.-])(?<![_.-]per[_.-])token
        |(?:api|access|account|private|secret)[_-]?key)
      \b(?:\\?["'])?\s{0,3}[:=]\s{0,3})
    (?P<quote>\\?["'])?(?(quote)(?:(?!(?P=quote))(?:\\.|[^\n])){1,4096}|[^\s"',;&}\]]{4,})
    """
)
_PERSONAL: Final = (
    (re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b"), "[e-mail]"),
    (re.compile(r"\b(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{5})\b"), "[card]"),
    (re.compile(r"(?<![\w.])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}\b"), "[phone]"),
)
_SECRET_NAME: Final = re.compile(
    r"(?i)(?:password|passwd|passphrase|pwd|secret|(?<!to[_.-]first[_.-])(?<![_.-]per[_.-])token|(?:api|access|account|private|secret)[_-]?key|authorization)$"
)


def _mask(match: re.Match[str]) -> str:
    kept = match["bearer"] or match["url"] or match["hook"] or (match["field"] or "") + (match["quote"] or "")
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
                    if item and not isinstance(item, bool) and _SECRET_NAME.search(key)
                    else self.value(item, personal=personal)
                    for key, item in value.items()
                }
            case _:
                return value
