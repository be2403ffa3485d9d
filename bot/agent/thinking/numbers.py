"""The numbers of a text: how large, in which unit, and how exactly they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["", "time", "bytes", "share"]

_TIME: Final[Mapping[float, str]] = {
    1e-9: "ns nanosecond nanoseconds",
    1e-6: "µs μs us microsecond microseconds",
    1e-3: "ms msec millis millisecond milliseconds",
    1.0: "s sec secs second seconds",
    60.0: "m min mins minute minutes",
    3_600.0: "h hr hrs hour hours",
    86_400.0: "d day days",
    604_800.0: "w week weeks",
}
_BYTES: Final[Mapping[float, str]] = {
    1.0: "B byte bytes",
    2.0**10: "kB KB KiB",
    2.0**20: "MB MiB",
    2.0**30: "GB GiB",
    2.0**40: "TB TiB",
}
_SHARE: Final[Mapping[float, str]] = {0.01: "% percent pp percentage", 0.001: "‰"}
_TIMES: Final[Mapping[float, str]] = {
    1.0: "x × -fold",
    1e3: "k K thousand",
    1e6: "M mn million millions",
    1e9: "G bn billion billions",
    1e12: "T trillion",
}
EXACT: Final = 3
"""So many digits of a large number are meant as they stand; zeros behind them may be rounded."""
_DECIMAL: Final = 1_000.0 / 1_024.0


def _units() -> Iterator[tuple[str, tuple[Kind, float]]]:
    tables: tuple[tuple[Kind, Mapping[float, str]], ...] = (
        ("time", _TIME),
        ("bytes", _BYTES),
        ("share", _SHARE),
        ("", _TIMES),
    )
    for kind, sizes in tables:
        for size, names in sizes.items():
            for name in names.split():
                yield name, (kind, size)


_LARGEST: Final = 300
"""Powers of ten that a float has."""
UNITS: Final[Mapping[str, tuple[Kind, float]]] = dict(_units())
_NAMES: Final = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_GROUPS: Final = "[,'’\u00a0\u2009\u202f]"
NUMBER: Final = re.compile(
    rf"""(?x)
    (?P<about>(?:[~≈≥≤<>]|(?i:\b(?:about|around|roughly|approximately|approx\.?|circa|nearly|almost|over|under
        |above|below|than|rund|etwa|ca\.|knapp|gut|über|unter|environ|presque)))\s?)?
    (?P<sign>[-+−]?[$€£]?)
    (?P<digits>(?<![\w])\d{{1,3}}(?:{_GROUPS}\d{{3}})+(?:\.\d+)?(?!\d) | (?<![\w])\d+(?:[.,]\d+)?)
    (?P<power>[eE][-+]?\d{{1,3}})?
    (?:[\s\u00a0\u202f-]?(?P<unit>{_NAMES})(?![A-Za-z0-9_]))?
    """
)


@dataclass(frozen=True, slots=True)
class Number:
    """One reading of what is written; `value` in seconds, bytes, a share of one, or plainly, `within` plus or minus."""

    kind: Kind
    value: float
    within: float
    written: float
    written_within: float
    """As the digits say it, whatever the unit."""


@dataclass(frozen=True, slots=True)
class Found:
    """A number in its place, with all the ways to read it: 1,234 is a thousand here, and a bit over one there."""

    text: str
    start: int
    end: int
    readings: tuple[Number, ...]


def numbers(text: str) -> Iterator[Found]:
    for match in NUMBER.finditer(text):
        start = match.start("sign") if match["sign"] else match.start("digits")
        end = match.end("unit") if match["unit"] else match.end("power") if match["power"] else match.end("digits")
        yield Found(text[start:end], start, end, tuple(_readings(match)))


def _readings(match: re.Match[str]) -> Iterator[Number]:
    kind, size = UNITS[match["unit"]] if match["unit"] else ("", 1.0)
    power = 10.0 ** min(int(match["power"][1:]), _LARGEST) if match["power"] else 1.0
    for digits in _spellings(match["digits"]):
        written = float(digits) * power
        if not math.isfinite(written * size):  # no quantity: a piece of an id, or nonsense
            continue
        within = _half(digits, about=bool(match["about"])) * power
        if within > written / 10 and match["about"] and "." not in digits:
            within = max(0.5, written / 10)
        yield Number(kind, written * size, within * size, written, within)
        if kind == "bytes" and size > 1:
            decimal = size * _DECIMAL ** (round(size).bit_length() // 10)
            yield Number(kind, written * decimal, within * decimal, written, within)


def _spellings(digits: str) -> Iterator[str]:
    """With a point for the decimals, and nothing between the thousands."""
    plain = re.sub(_GROUPS, "", digits)
    if "," in digits and digits.count(",") == 1 and "." not in digits:
        whole, _, rest = digits.partition(",")
        yield f"{whole}.{rest}"
        if len(rest) != 3:  # noqa: PLR2004  thousands come in threes
            return
    yield plain
    whole, point, rest = digits.partition(".")
    if point and len(rest) == 3 and whole != "0" and "," not in whole:  # noqa: PLR2004
        yield whole + rest


def _half(digits: str, *, about: bool) -> float:
    """Half of the last digit that was meant: "about 400" means the hundreds, 1,230 is 1,234 in three digits."""
    _, point, decimals = digits.partition(".")
    if point:
        return 0.5 * 10.0 ** -len(decimals)
    zeros = len(digits) - len(digits.rstrip("0")) if digits.strip("0") else 0
    if not about:
        zeros = min(zeros, max(0, len(digits) - EXACT))
    return 0.5 * 10.0 ** min(zeros, _LARGEST)
