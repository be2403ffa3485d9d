"""Numbers as Go writes them: what Prometheus puts into answers and labels."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

_SMALL: Final = 1e-6
_LARGE: Final = 1e21


def go_float(value: float) -> str:
    """The shortest digits that say it, never with an exponent: strconv's format 'f'."""
    text = repr(value)
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0") if math.isfinite(value) else _special(value)


def sample_value(value: float) -> str:
    """The same, but with an exponent where the API has one: the very small and the very large."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "e" not in text and "n" not in text:
        return text
    if value and math.isfinite(value) and not _SMALL <= abs(value) < _LARGE:
        return text
    return go_float(value)


def alert_value(value: float) -> str:
    """Always with an exponent: strconv's format 'e'."""
    if not math.isfinite(value):
        return _special(value)
    digits, _, exponent = format(Decimal(repr(value)).normalize(), "e").partition("e")
    power = int(exponent or 0)
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02}"


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
