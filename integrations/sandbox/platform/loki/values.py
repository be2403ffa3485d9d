"""Numbers as labels hold them, and as Loki writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_BYTES: Final = re.compile(r"(\d+\.?\d*)\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI]nf|[nN]a[nN])")


class NotANumber(Exception):
    """A label that does not hold what was wanted of it."""


def number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise NotANumber(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    return float(text)


def duration(text: str) -> float:
    """Seconds."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise NotANumber(f'time: invalid duration "{text}"')
    return sum(float(many) * _SECONDS[unit] for many, unit in _PART.findall(text)) * (-1 if text[0] == "-" else 1)


def integer_bytes(text: str) -> float:
    found = _BYTES.fullmatch(text)
    if found is None:
        raise NotANumber(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    return int(float(found[1]) * (1024 if found[3] else 1000) ** " kmgtp".index(found[2].lower() or " "))


def written(value: float) -> str:
    """The shortest text that reads as the same number, without an exponent."""
    if value != value:  # noqa: PLR0124  NaN
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    if "e" in text:
        text = f"{Decimal(text):f}"
    return text.removesuffix(".0")


def instant(milliseconds: int) -> float | int:
    """Seconds as Loki's JSON has them."""
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000
