"""Text from outside made fit to be shown, and values that stay short however large they are."""

from __future__ import annotations

import math
import unicodedata
from typing import Final

from bot.telemetry.units import shown

_HUGE: Final = 1e15
_SMALLEST: Final = 1e-9
_LONGEST: Final = 200
_ELLIPSIS: Final = "…"
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(words: str, longest: int = _LONGEST) -> str:
    """One line, without what cannot be seen: controls, direction marks, surrogates."""
    seen = (" " if unicodedata.category(sign) in _UNSEEN else sign for sign in words[: longest * 4])
    return cut(" ".join("".join(seen).split()), longest)


def cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: max(0, longest - 1)].rstrip() + _ELLIPSIS


def said(value: float | None, unit: str = "") -> str:
    """As `shown`, and with an exponent where figures would fill the line."""
    unit = clean(unit, 12)
    if value is None or not math.isfinite(value) or value == 0 or _SMALLEST <= abs(value) < _HUGE:
        return shown(value, unit)
    return f"{value:.2e} {unit}".strip()


def counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
