"""Large results made small enough to think about: numbers as statistics, rows as the first few, lines as patterns.

Whatever is left out is said, with the way to see it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.ports import Json
from bot.telemetry.pattern_mining import Group, mine
from bot.telemetry.statistics import describe_rows

NUMBERS: Final = 24
"""So many in a row are still read one by one."""
LEVELS: Final = ((200, 6_000), (50, 2_000), (20, 1_000), (8, 500), (3, 200), (1, 80))
"""Rows that are shown, and the longest text: as much as there is room for."""
MOST_NOTES: Final = 10
PATTERNS: Final = 12
FEWEST_LINES: Final = 12
LONGEST_TEMPLATE: Final = 300
_DIGITS: Final = 6


def compact(value: Json, room: int, result: str) -> str:
    """As JSON of at most `room` characters; `result` is the id by which the rest can be had."""
    text, notes = "", ""
    mined: dict[str, tuple[Group, ...]] = {}
    for rows, longest in LEVELS:
        shrinking = _Shrinking(rows, longest, mined)
        text = written(shrinking.shrunk(value, ""))
        notes = shrinking.told(result)
        if len(text) + len(notes) <= room:
            return f"{text}{notes}"
    kept = max(0, room - len(notes) - 100)
    return f"{text[:kept]}…\n(cut here: {len(text) - kept:,} characters of the shortened result are left out){notes}"


def written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Shrinking:
    """One try, and what it left out."""

    def __init__(self, rows: int, longest: int, mined: dict[str, tuple[Group, ...]]) -> None:
        """`mined` are the patterns of lines by their path: they are the same in every try, and take the longest."""
        self._rows = rows
        self._longest = longest
        self._mined = mined
        self._left_out: list[tuple[str, str]] = []

    def shrunk(self, value: Json, path: str) -> Json:
        match value:
            case str() if len(value) > self._longest:
                return self._text(value, path)
            case list() if len(value) > NUMBERS and (numbers := _numbers(value)):
                self._left_out.append((path, f"{len(value):,} numbers, told by their statistics"))
                return _statistics(numbers)
            case list() if len(value) > NUMBERS and (points := _points(value)):
                self._left_out.append((path, f"{len(value):,} points, told by their statistics"))
                return {"from": points[0][0], "to": points[-1][0], **_statistics([point[1] for point in points])}
            case list() if len(value) > self._rows:
                return self._many(value, path)
            case list():
                return [self.shrunk(each, f"{path}.{at}".lstrip(".")) for at, each in enumerate(value)]
            case dict():
                names = list(value)
                if len(names) > 4 * self._rows + 20:
                    kept = 4 * self._rows + 20
                    self._left_out.append((path, f"{len(names) - kept:,} of {len(names):,} fields"))
                    names = names[:kept]
                return {name: self.shrunk(value[name], f"{path}.{name}".lstrip(".")) for name in names}
            case _:
                return value

    def _text(self, text: str, path: str) -> Json:
        lines = text.splitlines()
        if len(lines) >= FEWEST_LINES:
            return self._patterns(lines, path)
        self._left_out.append((path, f"{len(text) - self._longest:,} of {len(text):,} characters"))
        return f"{text[: self._longest]}…"

    def _many(self, value: Sequence[Json], path: str) -> Json:
        lines = [each for each in value if isinstance(each, str)]
        if len(lines) == len(value) and len(value) >= FEWEST_LINES:
            return self._patterns(lines, path)
        self._left_out.append(
            (path, f"{len(value) - self._rows:,} of {len(value):,} rows, after the first {self._rows}")
        )
        return [self.shrunk(each, f"{path}.{at}".lstrip(".")) for at, each in enumerate(value[: self._rows])]

    def _patterns(self, lines: Sequence[str], path: str) -> Json:
        if path not in self._mined:
            self._mined[path] = mine(lines).groups
        groups, most = self._mined[path], max(1, min(PATTERNS, self._rows))
        rest = sum(group.count for group in groups[most:])
        more = f"; {len(groups) - most:,} rarer patterns with {rest:,} lines are not among them" if rest else ""
        self._left_out.append((path, f"{len(lines):,} lines, told by their patterns{more}"))
        return {
            "lines": len(lines),
            "patterns": [
                {"count": group.count, "pattern": group.template[:LONGEST_TEMPLATE]} for group in groups[:most]
            ],
            "first": lines[0][: self._longest],
            "last": lines[-1][: self._longest],
        }

    def told(self, result: str) -> str:
        """What is left out, each with the path by which `results.page` shows it."""
        if not self._left_out:
            return ""
        shown = [f"- {path or 'all of it'}: {what}" for path, what in self._left_out[:MOST_NOTES]]
        if len(self._left_out) > MOST_NOTES:
            shown.append(f"- and so in {len(self._left_out) - MOST_NOTES:,} more places")
        example = written({"result": result, "path": self._left_out[0][0], "from": 0, "many": 50})
        return "\n".join(["\nLeft out:", *shown, f"results.page {example} shows them one by one."])


def _numbers(value: Sequence[Json]) -> list[float | None]:
    """The numbers of a list of nothing else; None is one that is not there."""
    found = [each for each in value if each is None or (isinstance(each, (int, float)) and not isinstance(each, bool))]
    return found if len(found) == len(value) and any(each is not None for each in found) else []


def _points(value: Sequence[Json]) -> list[tuple[Json, float | None]]:
    """Pairs of a moment and a number."""
    found = [(each[0], each[1]) for each in value if isinstance(each, list) and len(each) == 2]  # noqa: PLR2004
    numbers = _numbers([number for _, number in found])
    if len(found) != len(value) or not numbers:
        return []
    return [(moment, number) for (moment, _), number in zip(found, numbers, strict=True)]


def _statistics(numbers: Sequence[float | None]) -> dict[str, Json]:
    values = np.array([math.nan if each is None else float(each) for each in numbers])
    told = describe_rows(np.arange(len(values), dtype=float), values[np.newaxis]).row(0)
    known: dict[str, float | None] = {
        "min": told.minimum,
        "max": told.maximum,
        "mean": told.mean,
        "median": told.median,
        "p95": told.p95,
        "p99": told.p99,
        "first": told.first,
        "last": told.last,
    }
    missing: dict[str, Json] = {"missing": told.missing} if told.missing else {}
    rounded: dict[str, Json] = {
        name: None if value is None else float(f"{value:.{_DIGITS}g}") for name, value in known.items()
    }
    return {"numbers": len(numbers), **missing, **rounded}
