"""Numbers as people say them: 0.412 s is 412 ms, a share of 0.0031 is 0.31 %."""

from __future__ import annotations

import math
from typing import Final

_DURATIONS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_LARGE: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES: Final = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_PLAIN: Final = 10_000
_ALMOST: Final = 99.0
_DIME: Final = 0.1
_SECONDS: Final = 180
_NEARLY: Final = 0.9995
"""Of a unit: 999.7 ms is 1 s."""
_READABLE: Final = (1e-9, 1e15)
"""What is smaller or larger is hundreds of digits long without an exponent."""
_NINES: Final = 99.999999
"""More of them are not told from 100."""


def digits(value: float, places: int = 3) -> str:
    """As many as tell something, without an exponent where that can be read, in groups of three."""
    if value == 0:
        return "0"
    if not _READABLE[0] <= abs(value) < _READABLE[1]:
        return f"{value:.{places}g}"
    left = math.floor(math.log10(abs(value))) + 1
    shown = f"{round(value, places - left):,.{max(0, places - left)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def shown(value: float | None, unit: str = "") -> str:
    """The value with its unit; what is not there is a dash."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value < 0:
        return f"−{shown(-value, unit)}"
    match unit:
        case "s":
            return duration(value)
        case "share":
            return f"{_percent(value * 100)} %"
        case "bytes":
            return _scaled(value, _BYTES, "B")
        case "$" | "$/h":
            plain = format(value, ",.2f") if _DIME <= value < _READABLE[1] else digits(value)
            return f"${plain}{unit[1:]}"
        case "/s":
            return f"{_number(value)}/s"
        case _:
            return f"{_number(value)} {unit}".strip()


def duration(seconds: float) -> str:
    """Three minutes and less are said in seconds."""
    sizes = _DURATIONS if seconds > _SECONDS else _DURATIONS[3:]
    size, unit = next(((size, unit) for size, unit in sizes if seconds >= size * _NEARLY), sizes[-1])
    return f"{digits(seconds / size)} {unit}" if seconds else "0 s"


def _percent(value: float) -> str:
    """Between 99 and 100 what is missing counts: 99.95, not 100."""
    if not _ALMOST < value < 100:  # noqa: PLR2004  per cent
        return digits(value, 3 if value >= 1 else 2)
    value = min(value, _NINES)
    return f"{value:.{1 - math.floor(math.log10(100 - value))}f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    return digits(value) if value < _PLAIN else _scaled(value, _LARGE, "")


def _scaled(value: float, sizes: tuple[tuple[float, str], ...], small: str) -> str:
    size, unit = next(((size, unit) for size, unit in sizes if value >= size * _NEARLY), (1.0, small))
    return f"{digits(value / size)} {unit}".strip()
