"""One attempt to mend a query that does not parse; whoever asked is shown both, and nothing unparsed is ever sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bot.errors import InvalidInput

_CURLED: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "\u00a0": " "})
_FENCE: Final = re.compile(r"^\s*`{1,3}(?:promql|logql|traceql)?\s*|\s*`{1,3}\s*$")
_TWO_SELECTORS: Final = re.compile(r"\}\s*\{")
_DOUBLE: Final = re.compile(r"([{,]\s*[\w.]+\s*)==(?=\s*[\"'`])")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}


def settled(text: str, check: Callable[[str], object]) -> tuple[str, str]:
    """The query to send, and what it was before it was mended, if it was. InvalidInput of the first try otherwise."""
    try:
        check(text)
    except InvalidInput as error:
        mended = repaired(text)
        if mended == text.strip():
            raise
        try:
            check(mended)
        except InvalidInput:
            raise error from None
        return mended, text.strip()
    return text.strip(), ""


def repaired(text: str) -> str:
    """Straight quotes, one selector instead of two, `=` for `==`, and brackets and quotes that are closed."""
    plain = _FENCE.sub("", text.translate(_CURLED)).strip()
    plain = _DOUBLE.sub(r"\1=", _TWO_SELECTORS.sub(", ", plain))
    return plain + _unclosed(plain)


def _unclosed(text: str) -> str:
    open_: list[str] = []
    quote = ""
    escaped = False
    for character in text:
        if quote:
            if escaped:
                escaped = False
            elif character == "\\" and quote != "`":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'`":
            quote = character
        elif character in _PAIRS:
            open_.append(_PAIRS[character])
        elif open_ and character == open_[-1]:
            open_.pop()
    return quote + "".join(reversed(open_))
